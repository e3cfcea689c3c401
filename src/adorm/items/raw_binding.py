"""`RawBinding`: a table without a model. Its items are dicts of plain values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from adorm.dynamodb.values import AttributeMap
from adorm.errors import UsageError
from adorm.items.binding import Binding, Connection
from adorm.models import ModelInfo, model, model_info
from adorm.schema.markers import partition_key, sort_key

PlainItem = dict[str, Any]
"""An item as plain values by attribute name: `{"pk": "a", "n": Decimal(5), "tags": {"x"}}`."""

KeyPart = tuple[str, type[Any]]
"""A key attribute: its name, and `str`, `int`, `Decimal` or `bytes`."""

_TYPES: Mapping[str, type[Any]] = {"S": str, "N": Decimal, "B": bytes}


class RawBinding(Binding):
    """A table whose items are read as dicts. Its `info` is that of a model with the key alone."""

    __slots__ = ()

    def decoder(self) -> Callable[[AttributeMap], Any]:
        codec = self.codec

        def decode(attribute_map: AttributeMap) -> PlainItem:
            return {name: codec.decode_value(Any, each) for name, each in attribute_map.items()}

        return decode

    def page_parser(self) -> None:
        return None

    def decode(self, attribute_map: AttributeMap) -> Any:
        return self.decoder()(attribute_map)

    def encode(self, item: Mapping[str, Any]) -> AttributeMap:
        """The attribute map of a dict of plain values. None is stored as NULL.

        Raises:
            UsageError: DynamoDB has no such value, or the item lacks a key attribute.
        """
        encode = self.codec.encode_value
        stored = {
            name: encode(Any, value, subject=f"{self.table_name}[{name!r}]")
            for name, value in item.items()
        }
        missing = [name for name in self.info.key_order if name not in stored]
        if missing:
            raise UsageError(
                f"an item of table {self.table_name} lacks its key attribute {', '.join(missing)}"
            )
        return stored


def raw_binding(
    connection: Connection, table_name: str, partition: KeyPart, sort: KeyPart | None
) -> RawBinding:
    """The binding of a table with this key."""
    return RawBinding(connection, _key_info(table_name, partition, sort), table_name, named=True)


def _key_info(table_name: str, partition: KeyPart, sort: KeyPart | None) -> ModelInfo:
    names: dict[str, Any] = {
        "__annotations__": {"partition": partition[1]},
        "__module__": __name__,
        "partition": partition_key(name=partition[0]),
    }
    if sort is not None:
        names["__annotations__"]["sort"] = sort[1]
        names["sort"] = sort_key(name=sort[0])
    return model_info(model(table=table_name)(type("RawItem", (), names)))


async def described_key(connection: Connection, table_name: str) -> tuple[KeyPart, KeyPart | None]:
    """The key of a table, by one DescribeTable.

    Raises:
        ServiceError: code `ResourceNotFoundException`: there is no such table.
    """
    answer = await connection.call("DescribeTable", {"TableName": table_name}, subject=table_name)
    table: Mapping[str, Any] = answer["Table"]
    tags = {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]}
    key = {each["KeyType"]: each["AttributeName"] for each in table["KeySchema"]}
    partition, sort = key["HASH"], key.get("RANGE")
    return (
        (partition, _TYPES[tags[partition]]),
        None if sort is None else (sort, _TYPES[tags[sort]]),
    )
