"""A table with a stream, and a clock that the test moves, for the tests of streams."""

from __future__ import annotations

from typing import Any

import attrs

from adorm.memory.database import Database
from adorm.memory.operations.streams import STREAM_OPERATIONS
from adorm.memory.options import EngineOptions
from adorm.memory.storage.definitions import TableDefinition
from adorm.memory.storage.keys import Position
from adorm.memory.storage.table import Table
from adorm.memory.streams.lifecycle import open_stream
from adorm.memory.streams.stream import Stream
from adorm.memory.values.canonical import Item, canonical_item

ACCOUNT = "123456789012"
REGION = "eu-central-1"
START = 1_700_000_000.25


@attrs.define
class Streamed:
    """A table `orders`, with partition key `pk` and sort key `sk`, whose stream is on."""

    database: Database
    table: Table
    clock: list[float]

    @property
    def stream(self) -> Stream:
        assert isinstance(self.table.stream, Stream)
        return self.table.stream

    @property
    def arn(self) -> str:
        return str(self.table.definition.extras["LatestStreamArn"])

    def wait(self, seconds: float) -> None:
        self.clock[0] += seconds

    def put(self, item: dict[str, Any], *, expired: bool = False) -> None:
        stored = canonical_item(item)
        position = self.table.schema.position(stored)
        self._write(position, stored, expired)

    def _write(self, position: Position, item: Item | None, expired: bool) -> None:
        prepared = self.table.prepare(position, item, expired=expired, now=self.database.now())
        self.table.commit(prepared)

    def remove(self, key: dict[str, Any], *, expired: bool = False) -> None:
        position = self.table.schema.position(key)
        self._write(position, None, expired)

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        return STREAM_OPERATIONS[operation](self.database, request)

    def shards(self, **request: Any) -> list[dict[str, Any]]:
        answer = self.call("DescribeStream", StreamArn=self.arn, **request)
        shards: list[dict[str, Any]] = answer["StreamDescription"]["Shards"]
        return shards

    def iterator(self, kind: str = "TRIM_HORIZON", shard: int = 0, **request: Any) -> str:
        shard_id = self.shards()[shard]["ShardId"]
        answer = self.call(
            "GetShardIterator",
            StreamArn=self.arn,
            ShardId=shard_id,
            ShardIteratorType=kind,
            **request,
        )
        return str(answer["ShardIterator"])

    def read(self, iterator: str, **request: Any) -> list[dict[str, Any]]:
        answer = self.call("GetRecords", ShardIterator=iterator, **request)
        records: list[dict[str, Any]] = answer["Records"]
        return records

    def records(self, shard: int = 0) -> list[dict[str, Any]]:
        """What one call returns from the beginning of a shard."""
        return self.read(self.iterator(shard=shard))


def key(pk: str = "a", sk: str = "1") -> Item:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def streamed(
    view_type: str = "NEW_AND_OLD_IMAGES", *, shards: int = 1, table_delay_s: float = 0.0
) -> Streamed:
    clock = [START]
    options = EngineOptions(now=lambda: clock[0], table_delay_s=table_delay_s)
    database = Database(options, ACCOUNT, REGION)
    table = new_table(database, "orders", view_type)
    open_stream(database, table, shards=shards)
    return Streamed(database, table, clock)


def new_table(database: Database, name: str, view_type: str | None) -> Table:
    definition = TableDefinition(
        name=name,
        table_id="00000000-0000-0000-0000-000000000000",
        attribute_types={"pk": "S", "sk": "S"},
        key_schema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        created_at=database.now(),
        stream_view_type=view_type,
    )
    table = Table(definition, database.arn(name))
    database.tables[name] = table
    return table
