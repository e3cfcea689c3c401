"""Internal: the checks of key schemas, attribute definitions and projections.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from adorm.memory.errors import EngineError, invalid, invalid_value
from adorm.memory.java_hash_order import SET_BUCKETS, in_hash_order
from adorm.memory.limits import MAX_INDEX_KEY_ATTRIBUTES

Elements = Sequence[Mapping[str, str]]
"""A key schema in the form of the API, `[{"AttributeName": "pk", "KeyType": "HASH"}, ...]`."""


def names_of(elements: Elements) -> list[str]:
    """The attributes of a key schema, in its order."""
    return [each["AttributeName"] for each in elements]


def read_definitions(definitions: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return `AttributeDefinitions` as a mapping from name to type.

    Raises:
        EngineError: a name is repeated.
    """
    types: dict[str, str] = {}
    for each in definitions:
        if each["AttributeName"] in types:
            raise invalid(f"Attribute Name is duplicated: {each['AttributeName']}")
        types[each["AttributeName"]] = each["AttributeType"]
    return types


def check_table_key(elements: Elements, types: Mapping[str, str]) -> None:
    """Refuse a table's key schema with undefined attributes or in another order than HASH, RANGE.

    Raises:
        EngineError: an attribute is not defined, or the order is not HASH, RANGE.
    """
    names = names_of(elements)
    if len(names) > len(types):
        raise _no_definition()
    if any(name not in types for name in names):
        raise _not_defined(names, types)
    check_two_elements(elements)


def check_index_key_defined(elements: Elements, types: Mapping[str, str]) -> None:
    """Refuse an index's key schema with undefined attributes.

    Raises:
        EngineError: an attribute is not defined.
    """
    names = names_of(elements)
    if all(name in types for name in names):
        return
    if len(set(names)) > len(types):
        raise _no_definition()
    raise _not_defined(names, types)


def _no_definition() -> EngineError:
    return invalid("Invalid KeySchema: Some index key attribute have no definition")


def _not_defined(names: Iterable[str], types: Iterable[str]) -> EngineError:
    return invalid_value(
        "Some index key attributes are not defined in AttributeDefinitions. Keys:"
        f" [{', '.join(in_hash_order(names))}], AttributeDefinitions:"
        f" [{', '.join(in_hash_order(types))}]"
    )


def check_all_used(
    types: Mapping[str, str], table_key: Elements, index_keys: Sequence[Elements]
) -> None:
    """Refuse attribute definitions that no key uses.

    Raises:
        EngineError: no key uses a defined attribute.
    """
    used = names_of(table_key)
    for elements in index_keys:
        used += names_of(elements)
    if len(set(used)) == len(types):
        return
    if not index_keys:
        raise invalid_value(
            "Number of attributes in KeySchema does not exactly match number of attributes defined"
            " in AttributeDefinitions"
        )
    raise invalid_value(
        "Some AttributeDefinitions are not used. AttributeDefinitions:"
        f" [{', '.join(in_hash_order(types))}], keys used:"
        f" [{', '.join(in_hash_order(used, SET_BUCKETS))}]"
    )


def check_two_elements(elements: Elements) -> None:
    """Refuse a key of a table or a local index that is not HASH alone or HASH and RANGE.

    Raises:
        EngineError: the schema is not HASH alone or HASH and RANGE.
    """
    if elements[0]["KeyType"] != "HASH":
        raise invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
    if len(elements) < 2:
        return
    if elements[0]["AttributeName"] == elements[1]["AttributeName"]:
        raise _same_names()
    if elements[1]["KeyType"] != "RANGE":
        raise invalid("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")


def _same_names() -> EngineError:
    return invalid(
        "Both the Hash Key and the Range Key element in the KeySchema have the same name"
    )


def check_global_key(elements: Elements) -> None:
    """Refuse a key of a global index that is not one to four HASH, then up to four RANGE.

    Raises:
        EngineError: the schema is not one to four HASH, then up to four RANGE.
    """
    key_types = [each["KeyType"] for each in elements]
    names = names_of(elements)
    if key_types[0] != "HASH":
        raise invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
    if key_types[1:2] == ["RANGE"] and names[0] == names[1]:
        raise _same_names()
    if len(set(names)) < len(names):
        raise invalid("The KeySchema contains multiple key attributes with the same name")
    if key_types != sorted(key_types):
        raise invalid_value(
            "All HASH key attributes must precede RANGE key attributes in the KeySchema"
        )
    for key_type in ("HASH", "RANGE"):
        if key_types.count(key_type) > MAX_INDEX_KEY_ATTRIBUTES:
            raise invalid_value(
                f"The KeySchema exceeds the maximum allowed number of {key_type} key attributes"
            )


def check_local_key(index_name: str, elements: Elements, table_key: Elements) -> None:
    """Refuse a key of a local index that does not begin with the table's partition key.

    Raises:
        EngineError: the schema does not begin with the table's partition key, or has no sort key.
    """
    check_two_elements(elements)
    if len(elements) < 2:
        raise invalid_value(f"Index KeySchema does not have a range key for index: {index_name}")
    if elements[0]["AttributeName"] != table_key[0]["AttributeName"]:
        raise invalid_value(
            "Index KeySchema does not have the same leading hash key as table KeySchema for index:"
            f" {index_name}. index hash key: {elements[0]['AttributeName']}, table hash key:"
            f" {table_key[0]['AttributeName']}"
        )


def check_projection(projection: Mapping[str, Any]) -> None:
    """Refuse a projection without a type, or whose type contradicts its `NonKeyAttributes`.

    Raises:
        EngineError: the type is missing, it contradicts `NonKeyAttributes`, or an attribute is
            repeated.
    """
    projection_type: str | None = projection.get("ProjectionType")
    attributes: list[str] | None = projection.get("NonKeyAttributes")
    if projection_type is None:
        raise invalid_value("Unknown ProjectionType: null")
    if projection_type != "INCLUDE":
        if attributes is not None:
            raise invalid_value(
                f"ProjectionType is {projection_type}, but NonKeyAttributes is specified"
            )
        return
    if attributes is None:
        raise invalid_value("ProjectionType is INCLUDE, but NonKeyAttributes is not specified")
    for position, name in enumerate(attributes):
        if name in attributes[:position]:
            raise invalid_value(f"Duplicate element in NonKeyAttributes: {name}")
