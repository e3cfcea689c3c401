"""`to_dms`: models as a document of DMS 0.1, the schema format of TableTheory (once DynamORM).

https://github.com/theory-cloud/TableTheory/blob/main/docs/development/planning/theorydb-spec-dms-v0.1.md
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from adorm.errors import UsageError
from adorm.exchange.stored_attributes import StoredAttribute, stored_attributes
from adorm.exchange.table_parts import IndexParts, KeyParts, table_parts
from adorm.models import ModelInfo
from adorm.schema.fields import Role
from adorm.schema.names import camel_case
from adorm.schema.types import split_optional, unwrap
from adorm.tables.descriptions import KeyAttribute

DMS_VERSION = "0.1"
FORMAT_NAME = "a DMS document"
ROLES = {
    Role.PARTITION_KEY: "pk",
    Role.SORT_KEY: "sk",
    Role.VERSION: "version",
    Role.TTL: "ttl",
    Role.CREATED_AT: "created_at",
    Role.UPDATED_AT: "updated_at",
}
"""Roles that both know, by adorm's."""
CONVENTION_FREE = frozenset({"PK", "SK"})
"""Attribute names that fit every naming convention."""
SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
SETS = frozenset({"SS", "NS", "BS"})


def to_dms(*models: type[Any], namespace: str | None = None) -> dict[str, Any]:
    """Models as a DMS document of version 0.1, ready for `json.dumps`.

    A key that is made of parts is written as the attributes that it is stored in.

    Args:
        namespace: the document's, which groups its models; none by default.

    Raises:
        UsageError: no model is given, two have one name, a model has no table, or it has what the
            format can't say: an attribute of several types, an index of several attributes on a
            side.
    """
    if not models:
        raise UsageError("to_dms() takes at least one model: a DMS document without any is refused")
    written = [_model(model) for model in models]
    names = [model["name"] for model in written]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"two models are named {twice[0]}, and a DMS document tells them by name")
    document: dict[str, Any] = {"dms_version": DMS_VERSION}
    if namespace is not None:
        document["namespace"] = namespace
    return {**document, "models": written}


def _model(model: type[Any]) -> dict[str, Any]:
    parts = table_parts(model, FORMAT_NAME)
    attributes = list(stored_attributes(parts.info, FORMAT_NAME))
    written: dict[str, Any] = {"name": parts.info.name, "table": {"name": parts.name}}
    convention = _convention(attributes)
    if convention is not None:
        written["naming"] = {"convention": convention}
    written["keys"] = _keys(parts.key)
    written["attributes"] = [_attribute(parts.info, attribute) for attribute in attributes]
    if parts.indexes:
        written["indexes"] = [_index(index) for index in parts.indexes]
    return written


def _convention(attributes: Sequence[StoredAttribute]) -> str | None:
    """The convention that gives every name; None where none does."""
    named = [each for each in attributes if each.name not in CONVENTION_FREE]
    if all(not each.is_computed and camel_case(each.field.name) == each.name for each in named):
        return "camelCase"
    if all(SNAKE_CASE.fullmatch(each.name) for each in named):
        return "snake_case"
    return None


def _key_attribute(attribute: KeyAttribute) -> dict[str, str]:
    return {"attribute": attribute.name, "type": attribute.type}


def _keys(key: KeyParts) -> dict[str, Any]:
    keys = {"partition": _key_attribute(key.partition)}
    return keys if key.sort is None else {**keys, "sort": _key_attribute(key.sort)}


def _index(index: IndexParts) -> dict[str, Any]:
    projection: dict[str, Any] = {"type": index.projection}
    if not isinstance(index.projection, str):
        projection = {"type": "INCLUDE", "fields": list(index.projection)}
    kind = "GSI" if index.is_global else "LSI"
    return {"name": index.name, "type": kind, **_keys(index.key), "projection": projection}


def _attribute(info: ModelInfo, attribute: StoredAttribute) -> dict[str, Any]:
    field = attribute.field
    written: dict[str, Any] = {"attribute": attribute.name, "type": attribute.tag}
    value_format = _format(attribute)
    if value_format is not None:
        written["format"] = value_format
    role = ROLES.get(field.role)
    if attribute.name in info.key_names:
        role = "pk" if attribute.name == info.key_order[0] else "sk"
    if role is not None:
        written["roles"] = [role]
    if role in ("pk", "sk"):
        written["required"] = True
    elif role in ("created_at", "updated_at"):
        if split_optional(field.type)[1]:
            written["optional"] = True
    elif role != "version":
        written["optional" if attribute.may_be_absent else "required"] = True
    if _omits_empty(attribute):
        written["omit_empty"] = True
    if field.marker.as_json:
        written["json"] = True
    return written


def _omits_empty(attribute: StoredAttribute) -> bool:
    if attribute.tag in SETS:
        return attribute.may_be_absent
    return attribute.plan.omit_empty or attribute.field.role is Role.TTL


def _format(attribute: StoredAttribute) -> str | None:
    if attribute.field.role is Role.TTL:
        return "unix_seconds"
    if attribute.field.marker.as_json:
        return None
    classes = attribute.plan.coder.classes
    if attribute.tag in SETS:
        element = getattr(attribute.plan.coder, "element", None)
        classes = () if element is None else element.classes
    if attribute.tag in ("N", "NS"):
        whole = classes and all(issubclass(cls, int) for cls in classes)
        return "int" if whole else None
    bare = unwrap(split_optional(attribute.field.type)[0])
    is_moment = isinstance(bare, type) and issubclass(bare, datetime)
    return "rfc3339nano" if attribute.tag == "S" and is_moment else None
