"""The CreateTable request for a model.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
"""

from __future__ import annotations

from typing import Any, get_args

from adorm.dynamodb.table_names import check_table_name
from adorm.errors import UsageError
from adorm.models import ModelInfo
from adorm.schema.fields import Field
from adorm.schema.indexes import Index, key_tag
from adorm.schema.names import unknown_field
from adorm.schema.types import type_name
from adorm.tables.options import Billing, KeyType, KeyTypes, check_billing


def create_table_request(
    info: ModelInfo,
    table_name: str,
    billing: Billing = "on_demand",
    key_types: KeyTypes | None = None,
) -> dict[str, Any]:
    """The parameters of CreateTable, as boto3 takes them: exactly what `create_table` sends.

    `AttributeDefinitions` holds each key attribute of the table and of its indexes once, and no
    other. A global index may have several partition and sort fields; its `KeySchema` lists them in
    order, first all of HASH, then all of RANGE:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.DesignPattern.MultiAttributeKeys.html

    Args:
        key_types: S, N or B by field name, for keys of a class that only a hook of yours can store.

    Raises:
        UsageError: DynamoDB does not take the name, a key's type is not known, or an argument is
            wrong.
    """
    check_billing(billing)
    request: dict[str, Any] = {
        "TableName": check_table_name(table_name),
        "AttributeDefinitions": _attribute_definitions(info, key_types or {}),
        "KeySchema": _key_schema((info.partition,), () if info.sort is None else (info.sort,)),
    }
    provisioned = (
        {} if billing == "on_demand" else {"ProvisionedThroughput": billing.as_parameters()}
    )
    global_indexes = [
        {**_index(index), **provisioned} for index in info.indexes.values() if index.is_global
    ]
    local_indexes = [_index(index) for index in info.indexes.values() if not index.is_global]
    if global_indexes:
        request["GlobalSecondaryIndexes"] = global_indexes
    if local_indexes:
        request["LocalSecondaryIndexes"] = local_indexes
    request["BillingMode"] = "PROVISIONED" if provisioned else "PAY_PER_REQUEST"
    return request | provisioned


def _attribute_definitions(info: ModelInfo, key_types: KeyTypes) -> list[dict[str, str]]:
    fields = {
        field.name: field
        for field in (
            *info.key_fields,
            *(key for index in info.indexes.values() for key in index.key_fields),
        )
    }
    for name, tag in key_types.items():
        if name not in fields:
            known = info.structure.by_name
            no_key = f"{info.name}.{name} is no key; the keys are {', '.join(fields)}"
            raise UsageError(
                f"key_types: {no_key if name in known else unknown_field(info.name, name, known)}"
            )
        if tag not in get_args(KeyType):
            raise UsageError(f"key_types: {info.name}.{name} is 'S', 'N' or 'B', not {tag!r}")
    return [
        {
            "AttributeName": field.attribute_name,
            "AttributeType": key_types.get(field.name) or _type_of(info, field),
        }
        for field in fields.values()
    ]


def _type_of(info: ModelInfo, field: Field) -> str:
    tag = key_tag(info.name, field, optional=True)
    if tag is None:
        raise UsageError(
            f"{info.name}.{field.name} is a key, and a hook of yours stores "
            f"{type_name(field.type)}: give the type, key_types={{{field.name!r}: 'S'}} for text, "
            "'N' for a number, 'B' for bytes"
        )
    return tag


def _key_schema(partition: tuple[Field, ...], sort: tuple[Field, ...]) -> list[dict[str, str]]:
    return [
        *({"AttributeName": field.attribute_name, "KeyType": "HASH"} for field in partition),
        *({"AttributeName": field.attribute_name, "KeyType": "RANGE"} for field in sort),
    ]


def _index(index: Index) -> dict[str, Any]:
    return {
        "IndexName": index.name,
        "KeySchema": _key_schema(index.partition, index.sort),
        "Projection": _projection(index),
    }


def _projection(index: Index) -> dict[str, Any]:
    if isinstance(index.projection, str):
        return {"ProjectionType": index.projection}
    keys = {field.attribute_name for field in (*index.key_fields, *index.table_keys)}
    names = dict.fromkeys(field.attribute_name for field in index.projection)
    # DynamoDB refuses keys in this list, and an empty list.
    included = [name for name in names if name not in keys]
    return (
        {"ProjectionType": "INCLUDE", "NonKeyAttributes": included}
        if included
        else {"ProjectionType": "KEYS_ONLY"}
    )
