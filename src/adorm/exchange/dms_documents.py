"""DMS documents as they are read: their checks, and which of them say the same."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, cast

from adorm.dynamodb.values import KEY_TAGS, TAGS
from adorm.errors import ModelError, UsageError
from adorm.exchange.dms import DMS_VERSION


def same_dms(a: Mapping[str, Any], b: Mapping[str, Any], /, *, table_names: bool = True) -> bool:
    """Whether two DMS documents describe the same models.

    The order of models, attributes, roles and indexes does not count, nor do `format`, namespaces
    and keys that DMS 0.1 does not know. A model without a naming convention has "camelCase".

    Args:
        table_names: False does not compare the names of tables, which differ by stage.

    Raises:
        ModelError: one of them is no DMS document of version 0.1.
    """
    return _compared(read_document(a), table_names) == _compared(read_document(b), table_names)


def read_document(document: str | Mapping[str, Any]) -> Mapping[str, Any]:
    """A document, checked as TableTheory checks it.

    Raises:
        UsageError: it is YAML, and PyYAML is not installed.
        ModelError: it is no DMS document of version 0.1; the message names model and attribute.
    """
    # unchecked callers
    if not isinstance(document, (str, Mapping)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UsageError(f"a DMS document is its text or a dict, not {type(document).__name__}")
    parsed: Any = _parsed(document) if isinstance(document, str) else document
    if not isinstance(parsed, Mapping):
        raise ModelError("a DMS document is a map with dms_version and models")
    content = cast("Mapping[str, Any]", parsed)
    _check_json(content, "dms")
    version = content.get("dms_version")
    if version != DMS_VERSION:
        raise ModelError(f"dms_version is {version!r}; adorm reads {DMS_VERSION!r}")
    models = entries(content, "models", "the document")
    if not models:
        raise ModelError("the DMS document has no models")
    names: set[str] = set()
    for model in models:
        name = _text(model, "name", "a DMS model")
        if name in names:
            raise ModelError(f"DMS model {name} is there twice")
        names.add(name)
        _check_model(f"DMS model {name}", model)
    return content


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        try:
            yaml: Any = import_module("yaml")
        except ImportError:
            raise UsageError(
                f"the DMS document is no JSON ({error}); for YAML install PyYAML, or give what "
                "your own parser makes of it"
            ) from error
        try:
            return yaml.safe_load(text)
        except yaml.YAMLError as wrong:
            raise ModelError(f"the DMS document is neither JSON nor YAML: {wrong}") from wrong


def _check_json(value: object, path: str) -> None:
    if isinstance(value, Mapping):
        for key, part in cast("Mapping[object, object]", value).items():
            if not isinstance(key, str):
                raise ModelError(f"{path}: the key {key!r} of a DMS document is no text")
            _check_json(part, f"{path}.{key}")
    elif isinstance(value, list):
        for number, part in enumerate(cast("list[object]", value)):
            _check_json(part, f"{path}[{number}]")
    elif isinstance(value, float) and not math.isfinite(value):
        raise ModelError(f"{path}: {value} is no number of JSON")
    elif value is not None and not isinstance(value, (str, bool, int, float)):
        raise ModelError(f"{path}: a {type(value).__name__} is nothing that JSON has")


def entries(content: Mapping[str, Any], name: str, where: str) -> Sequence[Mapping[str, Any]]:
    """A list of maps; an empty one where it is not there."""
    found: object = content.get(name)
    if found is None:
        return ()
    if not isinstance(found, list) or not all(
        isinstance(each, Mapping) for each in cast("list[object]", found)
    ):
        raise ModelError(f"{where}: {name} is a list of maps")
    return cast("list[Mapping[str, Any]]", found)


def part(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A map inside a map; an empty one where there is none."""
    found: object = content.get(name)
    return cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else {}


def _text(content: Mapping[str, Any], name: str, where: str) -> str:
    found = content.get(name)
    if not isinstance(found, str) or not found.strip():
        raise ModelError(f"{where} has no {name}")
    return found


def _check_model(where: str, model: Mapping[str, Any]) -> None:
    _text(part(model, "table"), "name", f"{where}: table")
    types: dict[str, str] = {}
    for attribute in entries(model, "attributes", where):
        name = _text(attribute, "attribute", f"{where}: an attribute")
        if name in types:
            raise ModelError(f"{where}: attribute {name} is there twice")
        types[name] = _check_attribute(f"{where}: attribute {name}", attribute)
    if not types:
        raise ModelError(f"{where} has no attributes")
    keys = part(model, "keys")
    if "partition" not in keys:
        raise ModelError(f"{where} has no keys.partition")
    _check_keys(f"{where}: keys", keys, types)
    names: set[str] = set()
    for index in entries(model, "indexes", where):
        name = _text(index, "name", f"{where}: an index")
        if name in names:
            raise ModelError(f"{where}: index {name} is there twice")
        names.add(name)
        _check_index(f"{where}: index {name}", index, keys, types)


def _check_attribute(where: str, attribute: Mapping[str, Any]) -> str:
    tag = _text(attribute, "type", where)
    if tag not in TAGS:
        raise ModelError(f"{where}: type {tag!r} is none of DynamoDB's")
    if attribute.get("required") and attribute.get("optional"):
        raise ModelError(f"{where} can't be both required and optional")
    if attribute.get("json") and attribute.get("binary"):
        raise ModelError(f"{where} can't be both json and binary")
    for flag, needed in (("json", "S"), ("binary", "B")):
        if attribute.get(flag) and tag != needed:
            raise ModelError(f"{where}: {flag} goes with type {needed}, not with {tag}")
    return tag


def _check_keys(where: str, keys: Mapping[str, Any], types: Mapping[str, str]) -> None:
    for side in ("partition", "sort"):
        if keys.get(side) is None:
            continue
        name = _text(part(keys, side), "attribute", f"{where}.{side}")
        tag = _text(part(keys, side), "type", f"{where}.{side}")
        if name not in types:
            raise ModelError(f"{where}.{side} is {name}, which is none of the attributes")
        if tag not in KEY_TAGS or tag != types[name]:
            raise ModelError(
                f"{where}.{side}: {name} has type {tag}, as an attribute {types[name]}; a key is "
                "S, N or B, and both are the same"
            )


def _check_index(
    where: str, index: Mapping[str, Any], keys: Mapping[str, Any], types: Mapping[str, str]
) -> None:
    kind = index.get("type")
    if kind not in ("GSI", "LSI"):
        raise ModelError(f"{where}: type is 'GSI' or 'LSI', not {kind!r}")
    if index.get("partition") is None:
        raise ModelError(f"{where} has no partition")
    _check_keys(where, index, types)
    if kind == "LSI" and (
        index.get("sort") is None
        or part(index, "partition").get("attribute") != part(keys, "partition").get("attribute")
    ):
        raise ModelError(f"{where}: an LSI has the partition key of its table, and a sort key")
    projection = part(index, "projection")
    if projection.get("type", "ALL") not in ("ALL", "KEYS_ONLY", "INCLUDE"):
        raise ModelError(f"{where}: projection.type is ALL, KEYS_ONLY or INCLUDE")
    for name in projection.get("fields") or ():
        if name not in types:
            raise ModelError(f"{where}: projection has {name!r}, which is none of the attributes")


def _compared(document: Mapping[str, Any], table_names: bool) -> dict[str, Any]:
    return {
        model["name"]: {
            "table": part(model, "table").get("name") if table_names else None,
            "naming": part(model, "naming").get("convention") or "camelCase",
            "keys": _compared_keys(part(model, "keys")),
            "attributes": {
                each["attribute"]: _compared_attribute(each)
                for each in entries(model, "attributes", "")
            },
            "indexes": {
                each["name"]: (each["type"], _compared_keys(each), _compared_projection(each))
                for each in entries(model, "indexes", "")
            },
        }
        for model in entries(document, "models", "")
    }


def _compared_keys(keys: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    sides = [part(keys, side) for side in ("partition", "sort") if keys.get(side) is not None]
    return [(side["attribute"], side["type"]) for side in sides]


def _compared_projection(index: Mapping[str, Any]) -> tuple[Any, list[str]]:
    projection = part(index, "projection")
    return projection.get("type") or "ALL", sorted(projection.get("fields") or ())


def _compared_attribute(attribute: Mapping[str, Any]) -> tuple[Any, ...]:
    flags = ("required", "optional", "omit_empty", "json", "binary")
    return (
        attribute["type"],
        sorted(attribute.get("roles") or ()),
        attribute.get("encryption") is not None,
        *(bool(attribute.get(flag)) for flag in flags),
    )
