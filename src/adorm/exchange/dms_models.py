"""`models_from_dms`: the source text of the models of a DMS document."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from adorm.exchange.dms import ROLES
from adorm.exchange.dms_documents import entries, part, read_document
from adorm.exchange.names import NO_FIELD_NAMES, Names, class_name, field_name
from adorm.exchange.source import ClassSource, FieldSource, IndexSource, module_source
from adorm.schema.names import camel_case

_TYPES = {
    "S": "str",
    "N": "Decimal",
    "B": "bytes",
    "BOOL": "bool",
    "NULL": "None",
    "L": "list[Any]",
    "M": "dict[str, Any]",
    "SS": "set[str]",
    "NS": "set[Decimal]",
    "BS": "set[bytes]",
}
_EMPTY = {"S": '""', "B": 'b""'}
_MAY_BE_EMPTY = {"S", "B", "L", "M", "SS", "NS", "BS"}
_EMPTY_MADE_BY = {"L": "list", "M": "dict"}

_KNOWN_OF_DOCUMENT = {"dms_version", "namespace", "models"}
_KNOWN_OF_MODEL = {"name", "table", "naming", "keys", "attributes", "indexes"}
_FLAGS = {"required", "optional", "omit_empty", "json", "binary"}
_KNOWN_OF_ATTRIBUTE = {"attribute", "type", "roles", "format", *_FLAGS}
_KNOWN_OF_INDEX = {"name", "type", "partition", "sort", "projection"}
_FORMATS = {"rfc3339nano", "unix_seconds", "int"}

_MARKERS = {name: role.value for role, name in ROLES.items()}
"""The functions of adorm by DMS's roles."""


def models_from_dms(document: str | Mapping[str, Any], /) -> str:
    """The source text of the models of a DMS document, to be reviewed and kept.

    It is formatted, and clean under `mypy --strict`. What adorm has no word for stands in comments.

    - N is a Decimal, or an int where `format` is "int"; S is a datetime where it is "rfc3339nano".
      Such a time is read with `truncate=True`, as Go writes nine digits.
    - An attribute that is neither required nor optional is read as optional.

    Args:
        document: JSON, YAML (needs PyYAML), or what a parser made of either.

    Raises:
        UsageError: it is YAML, and PyYAML is not installed.
        ModelError: it is no DMS document of version 0.1, or one that TableTheory refuses.
    """
    content = read_document(document)
    names = Names()
    classes = [_class(model, names) for model in entries(content, "models", "")]
    namespace = content.get("namespace")
    of = f" of the namespace {namespace}" if namespace else ""
    head = [f"Made by adorm of a DMS document{of}.", *_unknown(content, _KNOWN_OF_DOCUMENT)]
    return module_source(classes, head=head)


def _unknown(content: Mapping[str, Any], known: set[str]) -> list[str]:
    """A comment with the keys that have no meaning here; none where there are no such keys."""
    rest = {name: value for name, value in content.items() if name not in known}
    return [f"DMS: {json.dumps(rest, ensure_ascii=True)}"] if rest else []


def _class(model: Mapping[str, Any], names: Names) -> ClassSource:
    attributes = entries(model, "attributes", "")
    convention = part(model, "naming").get("convention")
    field_names = Names(NO_FIELD_NAMES)
    in_camel_case = convention == "camelCase"
    name_of = {
        each["attribute"]: field_names.take(*_names(each["attribute"], in_camel_case))
        for each in attributes
    }
    keys = part(model, "keys")
    roles = {part(keys, "partition")["attribute"]: "pk"}
    if keys.get("sort") is not None:
        roles[part(keys, "sort")["attribute"]] = "sk"
    taken: set[str] = set(roles.values())
    fields: list[FieldSource] = []
    for attribute in attributes:
        role = roles.get(attribute["attribute"]) or _role(attribute, taken)
        taken.add(role or "")
        fields.append(_field(attribute, name_of[attribute["attribute"]], role))
    indexes = entries(model, "indexes", "")
    comments = [
        *_unknown(model, _KNOWN_OF_MODEL),
        *(
            f"Index {index['name']}: {line}"
            for index in indexes
            for line in _unknown(index, _KNOWN_OF_INDEX)
        ),
    ]
    name = names.take(class_name(model["name"]))
    if name != model["name"]:
        comments.append(f"DMS: the model is named {json.dumps(model['name'])}.")
    return ClassSource(
        name=name,
        fields=fields,
        table=part(model, "table")["name"],
        indexes=[_index(index, name_of) for index in indexes],
        naming="camelCase" if in_camel_case else None,
        comments=comments,
    )


def _names(attribute_name: str, in_camel_case: bool) -> list[str]:
    """Names for the field, the best one first: one that gives its attribute name, if there is."""
    names = [field_name(attribute_name)]
    gives_itself = attribute_name.isidentifier() and camel_case(attribute_name) == attribute_name
    if in_camel_case and camel_case(names[0]) != attribute_name and gives_itself:
        names.insert(0, attribute_name)
    return names


def _role(attribute: Mapping[str, Any], taken: set[str]) -> str | None:
    """What the attribute is for, if adorm knows it, its type fits, and no other field has it."""
    needed = {"version": "N", "ttl": "N", "created_at": "S", "updated_at": "S"}
    for role in attribute.get("roles") or ():
        if needed.get(role) == attribute["type"] and role not in taken:
            return str(role)
    return None


def _index(index: Mapping[str, Any], name_of: Mapping[str, str]) -> IndexSource:
    partition = part(index, "partition")["attribute"]
    sort = part(index, "sort").get("attribute")
    projection = part(index, "projection")
    kind = projection.get("type") or "ALL"
    return IndexSource(
        name=index["name"],
        partition=[] if index["type"] == "LSI" else [name_of[partition]],
        sort=[] if sort is None else [name_of[sort]],
        projection=[name_of[each] for each in projection.get("fields") or ()]
        if kind == "INCLUDE"
        else kind,
    )


def _field(attribute: Mapping[str, Any], name: str, role: str | None) -> FieldSource:
    tag, written = attribute["type"], attribute["attribute"]
    annotation = _annotation(attribute)
    comments = _field_comments(attribute, role)
    arguments: list[tuple[str, str]] = []
    default: str | None = None
    is_optional = not attribute.get("required") and role in (None, "ttl")
    if annotation == "datetime" and role not in ("pk", "sk", "ttl"):
        arguments.append(("truncate", "True"))
    if role == "version":
        annotation = "int"
    elif role == "ttl":
        annotation = "datetime | None"
    elif role in ("created_at", "updated_at"):
        annotation = "datetime | None" if attribute.get("optional") else "datetime"
        arguments = [("truncate", "True")]
    elif attribute.get("json"):
        arguments.append(("as_json", "True"))
        default = "None" if is_optional else None
    elif is_optional:
        default, more = _empty(tag, annotation, omits=bool(attribute.get("omit_empty")))
        arguments += more
        if default == "None" and annotation not in ("Any", "None"):
            annotation = f"{annotation} | None"
    marker = {None: "attribute", "pk": "partition_key", "sk": "sort_key"}.get(role)
    return FieldSource(
        name=name,
        attribute_name=written,
        annotation=annotation,
        marker=_MARKERS[role] if marker is None and role is not None else marker or "attribute",
        default=default,
        arguments=arguments,
        comments=comments,
    )


def _annotation(attribute: Mapping[str, Any]) -> str:
    tag, value_format = attribute["type"], attribute.get("format")
    if attribute.get("encryption") is not None:
        return "dict[str, Any]"
    if attribute.get("json"):
        return "Any"
    if tag == "N" and value_format in ("int", "unix_seconds"):
        return "int"
    if tag == "NS" and value_format == "int":
        return "set[int]"
    if tag == "S" and value_format == "rfc3339nano":
        return "datetime"
    return _TYPES[tag]


def _empty(
    tag: str, annotation: str, *, omits: bool
) -> tuple[str | None, Sequence[tuple[str, str]]]:
    """The default of an attribute that may be absent, and the arguments of its marker."""
    if annotation.startswith("set["):
        return None, [("factory", "set")]
    if omits and annotation in ("str", "bytes"):
        return _EMPTY[tag], [("omit_empty", "True")]
    if omits and annotation in ("list[Any]", "dict[str, Any]") and tag in _EMPTY_MADE_BY:
        return None, [("factory", _EMPTY_MADE_BY[tag]), ("omit_empty", "True")]
    return "None", []


def _field_comments(attribute: Mapping[str, Any], role: str | None) -> list[str]:
    comments: list[str] = []
    if attribute.get("encryption") is not None:
        comments.append(
            "TableTheory encrypts it: adorm reads and writes the envelope (v, edk, nonce, ct)."
        )
    rest: dict[str, Any] = {}
    roles = [each for each in attribute.get("roles") or () if each != role]
    if roles:
        rest["roles"] = roles
    value_format = attribute.get("format")
    if value_format is not None and value_format not in _FORMATS:
        rest["format"] = value_format
    omits = role == "ttl" or (attribute["type"] in _MAY_BE_EMPTY and not attribute.get("required"))
    if attribute.get("omit_empty") and not omits:
        rest["omit_empty"] = True
    known = _KNOWN_OF_ATTRIBUTE
    rest |= {key: value for key, value in attribute.items() if key not in known}
    return [*comments, *_unknown(rest, set())]
