"""Replaying a stream gives the table, and adorm's stream handlers read what GetRecords returns."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

import adorm
from adorm.memory.values.canonical import Item
from tests.memory.stream_setup import Streamed, key, streamed

VALUES = st.one_of(
    st.sampled_from([{"N": "1"}, {"N": "1.0"}, {"S": ""}, {"S": "1"}, {"BOOL": True}]),
    st.sampled_from([{"NULL": True}, {"SS": ["a", "b"]}, {"SS": ["b", "a"]}, {"B": "AA=="}]),
    st.sampled_from([{"M": {}}, {"L": []}, {"L": [{"N": "1"}]}, {"M": {"x": {"S": "y"}}}]),
)
KEYS = st.builds(key, st.sampled_from("abc"), st.sampled_from("12"))
NOTHING: Item = {}
WRITES = st.lists(
    st.one_of(
        st.tuples(
            st.just("put"), KEYS, st.dictionaries(st.sampled_from("xyz"), VALUES, max_size=2)
        ),
        st.tuples(st.just("remove"), KEYS, st.just(NOTHING)),
        st.tuples(st.just("split"), KEYS, st.just(NOTHING)),
    ),
    max_size=40,
)


def all_records(orders: Streamed) -> list[dict[str, Any]]:
    """Every record of the stream: of a parent before those of its children."""
    records: list[dict[str, Any]] = []
    for shard in range(len(orders.shards())):
        iterator: str | None = orders.iterator(shard=shard)
        while iterator is not None:
            answer = orders.call("GetRecords", ShardIterator=iterator, Limit=5)
            records += answer["Records"]
            iterator = answer.get("NextShardIterator") if answer["Records"] else None
    return records


@settings(deadline=None)
@given(writes=WRITES, shards=st.integers(1, 3))
def test_replaying_a_stream_over_an_empty_table_gives_the_table(
    writes: list[tuple[str, Item, Item]], shards: int
) -> None:
    orders = streamed(shards=shards)
    for kind, item_key, attributes in writes:
        if kind == "put":
            orders.put({**item_key, **attributes})
        elif kind == "remove":
            orders.remove(item_key)
        else:
            open_shards = [each for each in orders.stream.shards if each.closed_at is None]
            into = 1 + len(orders.stream.shards) % 2
            orders.stream.split(orders.database.now(), open_shards[0].shard_id, into=into)
    replayed: dict[tuple[str, str], Item] = {}
    for record in all_records(orders):
        content = record["dynamodb"]
        where = content["Keys"]["pk"]["S"], content["Keys"]["sk"]["S"]
        assert content.get("OldImage") == replayed.get(where)
        assert content.get("OldImage") != content.get("NewImage")
        if record["eventName"] == "REMOVE":
            del replayed[where]
        else:
            assert (record["eventName"] == "INSERT") == (where not in replayed)
            replayed[where] = content["NewImage"]
    table = [stored.item() for _, stored in orders.table.items.between()]
    assert sorted(map(repr, map(canonical, replayed.values()))) == sorted(
        map(repr, map(canonical, table))
    )


def canonical(item: Item) -> list[tuple[str, Any]]:
    return sorted(item.items())


@adorm.model(table="orders")
class Order:
    pk: str = adorm.partition_key()
    sk: str = adorm.sort_key()
    tags: set[str] = adorm.attribute(factory=set)
    token: bytes = b""


@pytest.mark.anyio
async def test_adorms_stream_handlers_read_what_get_records_returns() -> None:
    orders = streamed()
    orders.put({**key(), "tags": {"SS": ["a", "b"]}, "token": {"B": b"\x00\xff"}})
    orders.put({**key(), "tags": {"SS": ["c"]}, "token": {"B": b"\x00\xff"}})
    orders.remove(key(), expired=True)
    records = orders.records()

    changes = [adorm.from_stream_record(each, Order) for each in records]
    assert [each.kind for each in changes] == ["INSERT", "MODIFY", "REMOVE"]
    assert [each.expired for each in changes] == [False, False, True]
    assert changes[0].new == Order(pk="a", sk="1", tags={"a", "b"}, token=b"\x00\xff")
    assert changes[1].old == changes[0].new
    assert changes[2].old == changes[1].new == Order(pk="a", sk="1", tags={"c"}, token=b"\x00\xff")
    for change in changes:
        assert change.key.values == ("a", "1")
        created_at = change.approximate_creation_time
        assert created_at is not None
        assert created_at.timestamp() == int(orders.clock[0])

    seen: list[str] = []
    handler = adorm.StreamHandler()

    @handler.insert(Order)
    async def inserted(new: Order) -> None:
        seen.append(f"insert {sorted(new.tags)}")

    @handler.modify(Order)
    async def modified(old: Order, new: Order) -> None:
        seen.append(f"modify {sorted(old.tags)} {sorted(new.tags)}")

    @handler.remove(Order)
    async def removed(old: Order, change: adorm.StreamChange[Order]) -> None:
        seen.append(f"remove {sorted(old.tags)} {change.expired}")

    result = await handler.process({"Records": records}, table_name="orders")
    assert result.failures == []
    assert seen == ["insert ['a', 'b']", "modify ['a', 'b'] ['c']", "remove ['c'] True"]
