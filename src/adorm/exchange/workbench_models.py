"""`models_from_workbench`: the source text of the models of a file of NoSQL Workbench."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from adorm.dynamodb.values import KEY_TAGS, TAGS
from adorm.errors import ModelError, UsageError
from adorm.exchange.inference import ModuleNames, Values
from adorm.exchange.json_trees import as_list, as_map, entry_name
from adorm.exchange.names import NO_FIELD_NAMES, Names, field_name
from adorm.exchange.python_text import text
from adorm.exchange.source import ClassSource, FieldSource, IndexSource, module_source
from adorm.exchange.workbench import REST

_ATTRIBUTE: dict[str, Any] = {"AttributeName": None, "AttributeType": None}
_KEY: dict[str, Any] = {"PartitionKey": _ATTRIBUTE, "SortKey": _ATTRIBUTE}
_KNOWN: dict[str, Any] = {
    "DataModel": {
        "TableName": None,
        "KeyAttributes": _KEY,
        "NonKeyAttributes": _ATTRIBUTE,
        "GlobalSecondaryIndexes": {
            "IndexName": None,
            "KeyAttributes": _KEY,
            "Projection": {"ProjectionType": None, "NonKeyAttributes": "keys are kept"},
        },
        "TableData": None,
    }
}
"""What models say themselves, or samples do; lists stand for their entries. A model's projection
leaves keys out, as DynamoDB refuses them there, and a file may have them."""


def models_from_workbench(document: str | Mapping[str, Any], /) -> str:
    """The source text of the models of a NoSQL Workbench file, to be reviewed and kept.

    It is formatted, and clean under `mypy --strict`. Each table becomes one model. Attributes
    beside the keys may be absent. Sample data makes types more exact (an int, a nested model) and
    is not kept. Whatever else the file says is kept as JSON in the source, for `to_workbench`.

    Args:
        document: the file's text, or what `json.loads` made of it.

    Raises:
        UsageError: the text is no JSON.
        ModelError: it is no data model, or one that contradicts itself; table and attribute are
            named.
    """
    content = _read(document)
    module = ModuleNames()
    tables: list[Mapping[str, Any]] = content["DataModel"]
    keys = frozenset(name for table in tables for name in _key_names(table))
    rest = _unknown(content, _KNOWN, keys)
    is_named = bool(rest)
    classes = [each for table in tables for each in _classes(table, module, is_named)]
    definitions: list[str] = []
    if is_named:
        written = json.dumps(rest, indent=2, ensure_ascii=True)
        definitions = [f'WORKBENCH = r"""\n{written}\n"""']
    title = content.get("ModelName") or "a data model"
    return module_source(
        classes,
        head=[f"Made by adorm of the NoSQL Workbench file {text(str(title))}.", *_facets(tables)],
        definitions=definitions,
    )


def _read(document: str | Mapping[str, Any]) -> Mapping[str, Any]:
    parsed: object = document
    if isinstance(document, str):
        try:
            parsed = json.loads(document)
        except ValueError as error:
            raise UsageError(
                f"a NoSQL Workbench file is JSON, and this text is none: {error}"
            ) from error
    content = as_map(parsed)
    if content is None:
        raise ModelError("a NoSQL Workbench file is an object with DataModel")
    tables = as_list(content.get("DataModel"))
    if not tables:
        raise ModelError("the NoSQL Workbench file has no tables: DataModel is a list of them")
    names = [_text(table, "TableName", "a table") for table in tables]
    for name in names:
        if names.count(name) > 1:
            raise ModelError(f"table {name} is there twice")
    return content


def _text(content: object, name: str, where: str) -> str:
    found: object = (as_map(content) or {}).get(name)
    if not isinstance(found, str) or not found:
        raise ModelError(f"{where} of the NoSQL Workbench file has no {name}")
    return found


def _key_names(table: Mapping[str, Any]) -> list[Any]:
    sides = as_map(table.get("KeyAttributes")) or {}
    return [(as_map(side) or {}).get("AttributeName") for side in sides.values()]


def _facets(tables: Sequence[Mapping[str, Any]]) -> list[str]:
    hints: list[str] = []
    for table in tables:
        names = [text(str(each.get("FacetName"))) for each in table.get("TableFacets") or ()]
        if names:
            hints.append(
                f"Facets of {table['TableName']}: {', '.join(names)}. If an attribute tells them "
                "apart, models_from_table(db, ..., entity_attribute=...) makes a model of each."
            )
    return hints


def _unknown(value: object, known: Any, keys: frozenset[Any]) -> Any:
    """The parts of a file that models do not say; None where there are none. An entry of a list
    keeps its name."""
    listed = as_list(value)
    if listed is not None and isinstance(known, str):
        return [each for each in listed if each in keys] or None
    if listed is not None and known is not None:
        parts = [_unknown(each, known, keys) for each in listed]
        return [each for each in parts if each is not None] or None
    content = as_map(value)
    if content is None or known is None:
        return None
    rest: dict[str, Any] = {}
    for name, part in content.items():
        kept = part if name not in known else _unknown(part, known[name], keys)
        if name not in known or kept is not None:
            rest[name] = kept
    own_name = entry_name(content)
    if rest and own_name is not None:
        own = next(key for key, part in content.items() if part == own_name and key in known)
        rest = {own: own_name, **rest}
    return rest or None


def _classes(
    table: Mapping[str, Any], module: ModuleNames, is_named: bool
) -> Sequence[ClassSource]:
    where = f"table {table['TableName']}"
    keys = _key(table.get("KeyAttributes"), where)
    tags = dict(keys)
    for attribute in table.get("NonKeyAttributes") or ():
        name, tag = _attribute(attribute, where)
        if tags.setdefault(name, tag) != tag:
            raise ModelError(f"{where}: {name} has two types, {tags[name]} and {tag}")
    indexes: dict[str, tuple[list[tuple[str, str]], Any]] = {}
    for index in table.get("GlobalSecondaryIndexes") or ():
        name = _text(index, "IndexName", f"an index of {where}")
        key = _key(index.get("KeyAttributes"), f"{where}: index {name}")
        indexes[name] = (key, index.get("Projection") or {"ProjectionType": "ALL"})
        for attribute, tag in key:
            if tags.setdefault(attribute, tag) != tag:
                raise ModelError(
                    f"{where}: index {name} has {attribute} as {tag}, and it is {tags[attribute]}"
                )
    names = Names(NO_FIELD_NAMES)
    name_of = {attribute: names.take(field_name(attribute)) for attribute in tags}
    class_name = module.take(table["TableName"])
    data = [dict(item) for item in table.get("TableData") or ()]
    in_keys = {attribute for key, _ in indexes.values() for attribute, _ in key}
    fields: list[FieldSource] = []
    for number, (attribute, tag) in enumerate(tags.items()):
        seen = [item[attribute] for item in data if attribute in item]
        is_key = number < len(keys)
        is_plain = is_key or attribute in in_keys
        fields.append(
            _field(attribute, tag, seen, name_of[attribute], class_name, module, is_plain)
            if not is_key
            else FieldSource(
                name=name_of[attribute],
                attribute_name=attribute,
                annotation=_annotation(tag, seen, class_name, attribute, module, is_plain)[0],
                marker="sort_key" if number else "partition_key",
            )
        )
    model = ClassSource(
        name=class_name,
        fields=fields,
        table=table["TableName"],
        indexes=[_index(name, *index, name_of, where) for name, index in indexes.items()],
        constants=[(REST, "WORKBENCH")] if is_named else [],
    )
    return [*module.take_nested(), model]


def _attribute(attribute: Any, where: str) -> tuple[str, str]:
    name = _text(attribute, "AttributeName", f"an attribute of {where}")
    tag = _text(attribute, "AttributeType", f"{where}: {name}")
    if tag not in TAGS:
        raise ModelError(f"{where}: {name} has type {tag!r}, which is none of DynamoDB's")
    return name, tag


def _key(key: object, where: str) -> list[tuple[str, str]]:
    content = as_map(key)
    if content is None or "PartitionKey" not in content:
        raise ModelError(f"{where} has no KeyAttributes with a PartitionKey")
    sides = [content[side] for side in ("PartitionKey", "SortKey") if content.get(side)]
    found = [_attribute(side, where) for side in sides]
    for name, tag in found:
        if tag not in KEY_TAGS:
            raise ModelError(f"{where}: the key {name} has type {tag}; a key is S, N or B")
    return found


def _index(
    name: str,
    key: Sequence[tuple[str, str]],
    projection: Any,
    name_of: Mapping[str, str],
    where: str,
) -> IndexSource:
    kind = _text(projection, "ProjectionType", f"{where}: the projection of index {name}")
    included = projection.get("NonKeyAttributes") or ()
    for attribute in included if kind == "INCLUDE" else ():
        if attribute not in name_of:
            raise ModelError(f"{where}: index {name} projects {attribute!r}, which no attribute is")
    return IndexSource(
        name=name,
        partition=[name_of[key[0][0]]],
        sort=[name_of[attribute] for attribute, _ in key[1:]],
        projection=[name_of[each] for each in included] if kind == "INCLUDE" else kind,
    )


def _annotation(
    tag: str,
    seen: Sequence[Any],
    owner: str,
    attribute: str,
    module: ModuleNames,
    is_plain: bool,
) -> tuple[str, Sequence[str]]:
    """The type of an attribute, and comments: by its samples, where these have its type."""
    found = {next(iter(value), "") for value in seen} - {"NULL"}
    if found <= {tag} and tag != "NULL":
        values = Values(seen, {tag})
        return values.annotation(owner, attribute, module, is_plain=is_plain), values.comments()
    others = ", ".join(sorted(found))
    annotation = Values((), {tag}).annotation(owner, attribute, module, is_plain=is_plain)
    return annotation, [f"Declared as {tag}; the samples have {others or 'NULL'}."]


def _field(
    attribute: str,
    tag: str,
    seen: Sequence[Any],
    name: str,
    owner: str,
    module: ModuleNames,
    is_plain: bool,
) -> FieldSource:
    annotation, comments = _annotation(tag, seen, owner, attribute, module, is_plain)
    return FieldSource(
        name=name,
        attribute_name=attribute,
        annotation="Any" if annotation == "Any" else f"{annotation} | None",
        default="None",
        comments=comments,
    )
