"""Iterators, pages, trimming, and the refusals of the operations of streams."""

from __future__ import annotations

from typing import Any

import pytest

from adorm.memory.errors import EngineError
from adorm.memory.streams.iterators import ShardIterator
from adorm.memory.streams.lifecycle import close_stream, open_stream
from tests.memory.stream_setup import Streamed, key, new_table, streamed

DAY = 24 * 60 * 60


def code(raised: pytest.ExceptionInfo[EngineError]) -> str:
    return raised.value.code


def numbered(orders: Streamed, count: int, *, start: int = 0) -> None:
    for n in range(start, start + count):
        orders.put({**key(), "n": {"N": str(n)}})


def contents(records: list[dict[str, Any]]) -> list[int]:
    return [int(each["dynamodb"]["NewImage"]["n"]["N"]) for each in records]


def test_each_type_of_iterator_begins_at_its_position() -> None:
    orders = streamed()
    numbered(orders, 4)
    numbers = [each["dynamodb"]["SequenceNumber"] for each in orders.records()]
    latest = orders.iterator("LATEST")
    at = orders.iterator("AT_SEQUENCE_NUMBER", SequenceNumber=numbers[2])
    after = orders.iterator("AFTER_SEQUENCE_NUMBER", SequenceNumber=numbers[2])
    after_last = orders.iterator("AFTER_SEQUENCE_NUMBER", SequenceNumber=numbers[3])
    assert contents(orders.read(orders.iterator("TRIM_HORIZON"))) == [0, 1, 2, 3]
    assert contents(orders.read(at)) == [2, 3]
    assert contents(orders.read(after)) == [3]
    assert orders.read(latest) == []
    assert orders.read(after_last) == []
    numbered(orders, 2, start=4)
    assert contents(orders.read(latest)) == [4, 5]
    assert contents(orders.read(after_last)) == [4, 5]


def test_a_shard_is_read_whole_from_its_starting_sequence_number() -> None:
    orders = streamed()
    start = orders.shards()[0]["SequenceNumberRange"]["StartingSequenceNumber"]
    at = orders.iterator("AT_SEQUENCE_NUMBER", SequenceNumber=start)
    after = orders.iterator("AFTER_SEQUENCE_NUMBER", SequenceNumber=start)
    numbered(orders, 2)
    assert contents(orders.read(at)) == contents(orders.read(after)) == [0, 1]


def test_a_timestamp_begins_at_the_first_record_that_is_not_older() -> None:
    orders = streamed()
    numbered(orders, 1)
    orders.wait(10)
    numbered(orders, 1, start=1)
    orders.wait(10)
    now = orders.clock[0]
    for seconds, expected in [(-DAY * 2, [0, 1]), (-15, [1]), (-10, [1]), (-9, []), (0, [])]:
        iterator = orders.iterator("AT_TIMESTAMP", Timestamp=now + seconds)
        assert contents(orders.read(iterator)) == expected
    with pytest.raises(EngineError, match="future"):
        orders.iterator("AT_TIMESTAMP", Timestamp=now + 1)
    with pytest.raises(EngineError, match="null"):
        orders.iterator("AT_TIMESTAMP")


def test_pages_follow_one_another_without_gap_or_repetition() -> None:
    orders = streamed()
    numbered(orders, 7)
    iterator = orders.iterator()
    seen: list[int] = []
    sizes: list[int] = []
    for _ in range(4):
        answer = orders.call("GetRecords", ShardIterator=iterator, Limit=3)
        iterator = answer["NextShardIterator"]
        seen += contents(answer["Records"])
        sizes.append(len(answer["Records"]))
    assert seen == list(range(7))
    assert sizes == [3, 3, 1, 0]
    numbered(orders, 1, start=7)
    assert contents(orders.read(iterator)) == [7]


def test_one_call_returns_at_most_1000_records() -> None:
    orders = streamed("NEW_IMAGE")
    numbered(orders, 1001)
    assert len(orders.records()) == 1000


def test_one_call_returns_at_most_1_mb_but_one_record_at_least() -> None:
    orders = streamed()
    large = "x" * 400_000
    for n in range(4):
        orders.put({**key(), "n": {"N": str(n)}, "data": {"S": large}})
    iterator = orders.iterator()
    pages: list[list[int]] = []
    for _ in range(4):
        answer = orders.call("GetRecords", ShardIterator=iterator)
        iterator = answer["NextShardIterator"]
        pages.append(contents(answer["Records"]))
    assert pages == [[0], [1], [2], [3]], "400 KB and 800 KB are more than 1 MB, twice 800 KB too"


def test_records_are_gone_after_24_hours() -> None:
    orders = streamed()
    numbered(orders, 2)
    numbers = [each["dynamodb"]["SequenceNumber"] for each in orders.records()]
    orders.wait(DAY - 600)
    numbered(orders, 1, start=2)
    oldest = orders.iterator("TRIM_HORIZON")
    orders.wait(600)
    assert contents(orders.records()) == [2]
    with pytest.raises(EngineError) as raised:
        orders.read(oldest)
    assert code(raised) == "TrimmedDataAccessException"
    assert raised.value.message == "The data you are trying to access has been trimmed"
    for kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
        with pytest.raises(EngineError) as raised:
            orders.iterator(kind, SequenceNumber=numbers[1])
        assert code(raised) == "TrimmedDataAccessException"
    orders.wait(DAY)
    assert orders.records() == []


def test_a_stream_that_nobody_reads_does_not_grow_forever() -> None:
    orders = streamed()
    for n in range(300):
        orders.wait(1800)
        numbered(orders, 1, start=n)
    assert len(orders.stream.shards[0].records) <= 2 * 24 + 4


def test_an_iterator_lives_for_15_minutes() -> None:
    orders = streamed()
    iterator = orders.iterator()
    orders.wait(15 * 60)
    assert orders.read(iterator) == []
    orders.wait(0.001)
    with pytest.raises(EngineError, match="Shard iterator has expired") as raised:
        orders.read(iterator)
    assert code(raised) == "ExpiredIteratorException"


def test_an_iterator_is_bound_to_its_stream_and_can_not_be_made_up() -> None:
    orders = streamed()
    iterator = orders.iterator()
    arn, _, rest = iterator.partition("|1|")
    assert arn == orders.arn
    for text in (
        "x",
        "sdfsdfsgagaddafgagasgasgasdfasdfasdfasdfasdgasdasdgasdg",
        rest,
        f"{arn}|1|",
        f"{arn}|1|{rest[:-4]}",
        f"{arn}|1|{rest[4:]}",
        f"{arn}|2|{rest}",
        f"{arn[:-1]}9|1|{rest}",
        f"{arn}|1|ä\ud800",
        f"\ud800|1|{rest}",
        f"{arn}|1|{rest[:8]}!!!!{rest[8:]}",
        f"{arn}|1|AAAAAAAAAAAAAAAAAAAA",
    ):
        with pytest.raises(EngineError, match="Invalid ShardIterator") as raised:
            orders.call("GetRecords", ShardIterator=text)
        assert code(raised) == "ValidationException"
    assert ShardIterator.read(iterator).text() == iterator


def test_a_limit_has_an_upper_limit() -> None:
    orders = streamed()
    iterator = orders.iterator()
    for operation, most, request in (
        ("ListStreams", 100, {}),
        ("DescribeStream", 100, {"StreamArn": orders.arn}),
        ("GetRecords", 1000, {"ShardIterator": iterator}),
    ):
        orders.call(operation, Limit=most, **request)
        with pytest.raises(EngineError) as raised:
            orders.call(operation, Limit=most + 1, **request)
        assert raised.value.message == (
            f"1 validation error detected: Value '{most + 1}' at 'limit' failed to satisfy"
            f" constraint: Member must have value less than or equal to {most}"
        )


def test_unknown_streams_and_shards_are_refused() -> None:
    orders = streamed()
    shard_id = orders.shards()[0]["ShardId"]
    unknown = orders.arn[:-1] + ("0" if orders.arn[-1] != "0" else "1")
    with pytest.raises(EngineError, match=f"Stream: {unknown} not found"):
        orders.call("DescribeStream", StreamArn=unknown)
    request = {"StreamArn": unknown, "ShardId": shard_id, "ShardIteratorType": "LATEST"}
    with pytest.raises(EngineError) as raised:
        orders.call("GetShardIterator", **request)
    assert code(raised) == "ResourceNotFoundException"
    for arn in ("sdfadfsdfnlfkajakfgjalksfgklasjklasdjfklasdfasdfgasf", orders.table.arn):
        with pytest.raises(EngineError) as raised:
            orders.call("DescribeStream", StreamArn=arn)
        assert code(raised) == "ValidationException"
    request = {
        "StreamArn": orders.arn,
        "ShardId": shard_id[:-1] + "-",
        "ShardIteratorType": "LATEST",
    }
    with pytest.raises(EngineError) as raised:
        orders.call("GetShardIterator", **request)
    assert code(raised) == "ResourceNotFoundException"
    assert raised.value.message == "Requested resource not found: Shard does not exist"


def test_a_sequence_number_is_given_where_it_belongs_and_is_of_the_shard() -> None:
    orders = streamed()
    start = orders.shards()[0]["SequenceNumberRange"]["StartingSequenceNumber"]
    cases: list[tuple[str, dict[str, Any]]] = [
        ("AT_SEQUENCE_NUMBER", {}),
        ("AFTER_SEQUENCE_NUMBER", {}),
        ("TRIM_HORIZON", {"SequenceNumber": start}),
        ("LATEST", {"SequenceNumber": start}),
        ("AT_SEQUENCE_NUMBER", {"SequenceNumber": "+" + "1" * 21}),
        ("AT_SEQUENCE_NUMBER", {"SequenceNumber": "x" * 21}),
        ("AT_SEQUENCE_NUMBER", {"SequenceNumber": "²" * 21}),
        ("AT_SEQUENCE_NUMBER", {"SequenceNumber": "9" * 40}),
    ]
    for kind, request in cases:
        with pytest.raises(EngineError) as raised:
            orders.iterator(kind, **request)
        assert code(raised) == "ValidationException"


def test_streams_are_listed_in_pages_and_by_table() -> None:
    orders = streamed()
    arns = [orders.arn]
    for name in ("alpha", "beta", "gamma"):
        table = new_table(orders.database, name, "KEYS_ONLY")
        open_stream(orders.database, table)
        arns.append(table.definition.extras["LatestStreamArn"])
    (alpha,) = orders.call("ListStreams", TableName="alpha")["Streams"]
    assert alpha == {
        "StreamArn": arns[1],
        "TableName": "alpha",
        "StreamLabel": orders.database.tables["alpha"].definition.extras["LatestStreamLabel"],
    }
    assert orders.call("ListStreams", TableName="delta") == {"Streams": []}
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        answer = orders.call("ListStreams", Limit=1, **after)
        seen += [each["StreamArn"] for each in answer["Streams"]]
        if "LastEvaluatedStreamArn" not in answer:
            break
        after = {"ExclusiveStartStreamArn": answer["LastEvaluatedStreamArn"]}
    assert sorted(seen) == seen == sorted(arns)
    with pytest.raises(EngineError) as raised:
        orders.call(
            "ListStreams", ExclusiveStartStreamArn="kossaapaaasdafsdaasdasdasdasdasasdasfadf"
        )
    assert code(raised) == "ValidationException"


def test_a_stream_that_is_off_can_be_read_for_24_hours() -> None:
    orders = streamed()
    arn = orders.arn
    numbered(orders, 2)
    live = orders.iterator("LATEST")
    close_stream(orders.database, orders.table)
    assert orders.table.stream is None
    assert orders.table.definition.stream_view_type is None
    numbered(orders, 1, start=2)
    description = orders.call("DescribeStream", StreamArn=arn)["StreamDescription"]
    assert description["StreamStatus"] == "DISABLED"
    assert "EndingSequenceNumber" in description["Shards"][0]["SequenceNumberRange"]
    assert orders.call("GetRecords", ShardIterator=live) == {"Records": []}
    answer = orders.call("GetRecords", ShardIterator=orders.iterator())
    assert contents(answer["Records"]) == [0, 1]
    assert "NextShardIterator" not in answer
    answer = orders.call("GetRecords", ShardIterator=orders.iterator(), Limit=1)
    answer = orders.call("GetRecords", ShardIterator=answer["NextShardIterator"], Limit=1)
    assert contents(answer["Records"]) == [1]
    assert "NextShardIterator" not in answer
    del orders.database.tables["orders"]
    orders.wait(DAY - 1)
    assert orders.call("ListStreams", TableName="orders")["Streams"][0]["StreamArn"] == arn
    orders.wait(1)
    with pytest.raises(EngineError) as raised:
        orders.call("DescribeStream", StreamArn=arn)
    assert code(raised) == "ResourceNotFoundException"
    assert orders.call("ListStreams") == {"Streams": []}
    assert orders.database.streams == {}


def test_a_closed_shard_without_records_ends_wherever_it_is_begun() -> None:
    orders = streamed()
    start = orders.shards()[0]["SequenceNumberRange"]["StartingSequenceNumber"]
    close_stream(orders.database, orders.table)
    assert orders.shards()[0]["SequenceNumberRange"] == {
        "StartingSequenceNumber": start,
        "EndingSequenceNumber": start,
    }
    for iterator in (
        orders.iterator("TRIM_HORIZON"),
        orders.iterator("LATEST"),
        orders.iterator("AT_SEQUENCE_NUMBER", SequenceNumber=start),
    ):
        assert orders.call("GetRecords", ShardIterator=iterator) == {"Records": []}


def test_a_stream_that_is_turned_on_again_is_a_new_one() -> None:
    orders = streamed()
    first = orders.arn
    close_stream(orders.database, orders.table)
    orders.table.definition.stream_view_type = "KEYS_ONLY"
    open_stream(orders.database, orders.table)
    assert orders.arn != first
    assert orders.table.stream is not None
    assert len(orders.call("ListStreams")["Streams"]) == 2
    with pytest.raises(ValueError, match="stream_view_type"):
        open_stream(orders.database, new_table(orders.database, "other", None))


def test_a_stream_takes_the_tables_delay_to_be_enabled_and_disabled() -> None:
    orders = streamed(table_delay_s=5)

    def status() -> str:
        answer = orders.call("DescribeStream", StreamArn=orders.arn)
        return str(answer["StreamDescription"]["StreamStatus"])

    states = [status()]
    orders.wait(5)
    states.append(status())
    close_stream(orders.database, orders.table)
    states.append(status())
    orders.wait(5)
    states.append(status())
    assert states == ["ENABLING", "ENABLED", "DISABLING", "DISABLED"]
