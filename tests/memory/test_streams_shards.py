"""Shards: several, split, rolled over, and their order."""

from __future__ import annotations

import re
from typing import Any

import pytest

from adorm.memory.errors import EngineError
from adorm.memory.storage.keys import TOKENS
from tests.memory.stream_setup import START, Streamed, key, streamed

DAY = 24 * 60 * 60


def keys_in(orders: Streamed, shard: int) -> list[str]:
    return [each["dynamodb"]["Keys"]["pk"]["S"] for each in orders.records(shard)]


def test_a_stream_is_described_as_the_service_does() -> None:
    orders = streamed("KEYS_ONLY")
    description: dict[str, Any] = orders.call("DescribeStream", StreamArn=orders.arn)
    description = description["StreamDescription"]
    (shard,) = description.pop("Shards")
    assert re.fullmatch(r"shardId-0000000\d{13}-[0-9a-f]{8}", shard["ShardId"])
    assert list(shard["SequenceNumberRange"]) == ["StartingSequenceNumber"]
    assert list(shard) == ["ShardId", "SequenceNumberRange"]
    assert description == {
        "StreamArn": f"{orders.table.arn}/stream/2023-11-14T22:13:20.250",
        "StreamLabel": "2023-11-14T22:13:20.250",
        "StreamStatus": "ENABLED",
        "StreamViewType": "KEYS_ONLY",
        "CreationRequestDateTime": START,
        "TableName": "orders",
        "KeySchema": orders.table.definition.key_schema,
    }
    assert description["KeySchema"] is not orders.table.definition.key_schema


def test_a_split_closes_a_shard_and_its_children_continue_it() -> None:
    orders = streamed()
    names = [str(n) for n in range(40)]
    for name in names:
        orders.put(key(name))
    children = orders.stream.split(orders.database.now())
    for name in names:
        orders.remove(key(name))
    parent, *others = orders.shards()
    assert "EndingSequenceNumber" in parent["SequenceNumberRange"]
    assert [each["ShardId"] for each in others] == [each.shard_id for each in children]
    for other in others:
        assert other["ParentShardId"] == parent["ShardId"]
        assert "EndingSequenceNumber" not in other["SequenceNumberRange"]
    assert keys_in(orders, 0) == names
    assert sorted(keys_in(orders, 1) + keys_in(orders, 2)) == sorted(names)
    assert keys_in(orders, 1)
    assert keys_in(orders, 2)
    last = orders.records(0)[-1]["dynamodb"]["SequenceNumber"]
    assert parent["SequenceNumberRange"]["EndingSequenceNumber"] == last
    for shard in (1, 2):
        first = orders.records(shard)[0]["dynamodb"]["SequenceNumber"]
        assert int(first) > int(last)
    answer = orders.call("GetRecords", ShardIterator=orders.iterator())
    assert "NextShardIterator" not in answer


def test_a_shard_rolls_over_into_one() -> None:
    orders = streamed()
    orders.put(key("a"))
    (child,) = orders.stream.split(orders.database.now(), into=1)
    orders.put(key("b"))
    assert child.tokens == range(TOKENS)
    assert [keys_in(orders, 0), keys_in(orders, 1)] == [["a"], ["b"]]


def test_several_shards_share_the_partitions_and_keep_an_item_to_one() -> None:
    orders = streamed(shards=4)
    for change in range(3):
        for n in range(60):
            orders.put({**key(str(n)), "change": {"N": str(change)}})
    assert len(orders.shards()) == 4
    seen = [keys_in(orders, shard) for shard in range(4)]
    assert sum(len(each) for each in seen) == 180
    for shard in range(4):
        assert seen[shard]
        changes: dict[str, list[str]] = {}
        for record in orders.records(shard):
            content = record["dynamodb"]
            name = content["Keys"]["pk"]["S"]
            changes.setdefault(name, []).append(content["NewImage"]["change"]["N"])
        assert all(each == ["0", "1", "2"] for each in changes.values())
    ranges = [each.tokens for each in orders.stream.shards]
    assert sum(len(each) for each in ranges) == TOKENS


def test_one_of_several_shards_can_be_split() -> None:
    orders = streamed(shards=2)
    first, second = orders.stream.shards
    orders.stream.split(orders.database.now(), first.shard_id, into=3)
    assert first.closed_at is not None
    assert second.closed_at is None
    assert len(orders.shards()) == 5
    with pytest.raises(ValueError, match="no open shard"):
        orders.stream.split(orders.database.now(), first.shard_id)


def test_shards_are_described_in_pages_in_the_order_of_their_ids() -> None:
    orders = streamed(shards=3)
    orders.stream.split(orders.database.now())
    everything = [each["ShardId"] for each in orders.shards()]
    assert len(everything) == 9
    assert everything == sorted(everything)
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        answer = orders.call("DescribeStream", StreamArn=orders.arn, Limit=4, **after)
        description = answer["StreamDescription"]
        seen += [each["ShardId"] for each in description["Shards"]]
        if "LastEvaluatedShardId" not in description:
            break
        after = {"ExclusiveStartShardId": description["LastEvaluatedShardId"]}
    assert seen == everything
    assert orders.shards(ExclusiveStartShardId=everything[-1]) == []
    assert orders.shards(ExclusiveStartShardId="z" * 50) == []


def test_the_filter_finds_the_children_of_a_shard() -> None:
    orders = streamed(shards=2)
    first, second = orders.stream.shards
    children = orders.stream.split(orders.database.now(), first.shard_id)
    expected = [each.shard_id for each in children]
    found = orders.shards(ShardFilter={"Type": "CHILD_SHARDS", "ShardId": first.shard_id})
    assert [each["ShardId"] for each in found] == expected
    none = orders.shards(ShardFilter={"Type": "CHILD_SHARDS", "ShardId": second.shard_id})
    assert none == []


@pytest.mark.parametrize("member", ["Type", "ShardId"])
def test_a_filter_of_shards_has_a_type_and_a_shard(member: str) -> None:
    orders = streamed()
    whole = {"Type": "CHILD_SHARDS", "ShardId": orders.shards()[0]["ShardId"]}
    for shard_filter in ({}, {name: each for name, each in whole.items() if name != member}):
        with pytest.raises(EngineError) as refusal:
            orders.shards(ShardFilter=shard_filter)
        assert refusal.value.code == "ValidationException"
    assert orders.shards(ShardFilter=whole) == []


def test_a_closed_shard_is_gone_after_24_hours() -> None:
    orders = streamed()
    orders.put(key())
    parent = orders.stream.shards[0].shard_id
    orders.wait(60)
    orders.stream.split(orders.database.now(), into=1)
    orders.wait(DAY - 1)
    assert [each.get("ParentShardId") for each in orders.shards()] == [None, parent]
    assert orders.records(0) == []
    orders.wait(1)
    assert [each.get("ParentShardId") for each in orders.shards()] == [parent]
    request = {"StreamArn": orders.arn, "ShardId": parent, "ShardIteratorType": "TRIM_HORIZON"}
    with pytest.raises(EngineError, match="Shard does not exist"):
        orders.call("GetShardIterator", **request)
