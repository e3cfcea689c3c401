"""The stub that tests and benches of fan-outs read: it must answer as a table would."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

import adorm
from adorm.testing import FakeClock
from tests.support.stub_table import Entry, Number, StubTable, value_of

pytestmark = pytest.mark.anyio


async def pages(stub: StubTable, **request: Any) -> list[dict[str, Any]]:
    """Every page of a scan, as answered."""
    answers: list[dict[str, Any]] = []
    start: dict[str, Any] = {}
    while True:
        answer = await stub.send("Scan", {"TableName": "numbers", **request, **start})
        answers.append(answer)
        if "LastEvaluatedKey" not in answer:
            return answers
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


@pytest.mark.parametrize("total", [1, 3, 8, 40])
async def test_the_segments_of_a_scan_are_the_whole_table_once(total: int) -> None:
    stub = StubTable(25, page_size=4)
    found: list[str] = []
    for segment in range(total):
        answers = await pages(stub, Segment=segment, TotalSegments=total)
        assert len(answers) == stub.pages_of(segment, total) == stub.pages[segment]
        found += [item["number_id"]["S"] for answer in answers for item in answer["Items"]]
    assert sorted(found) == [Number.id_of(number) for number in range(25)]


async def test_a_page_that_limit_made_full_names_a_last_key_and_nothing_follows() -> None:
    counts = [answer["Count"] for answer in await pages(StubTable(6, page_size=4), Limit=3)]
    assert counts == [3, 3, 0]
    assert [answer["Count"] for answer in await pages(StubTable(8, page_size=4))] == [4, 4]


async def test_a_filter_and_a_projection_count_what_they_leave_out() -> None:
    stub = StubTable(10, matches=lambda item: int(item["value"]["N"]) % 2 == 0)
    (answer,) = await pages(
        stub,
        FilterExpression="#a = :b",
        ProjectionExpression="#v",
        ExpressionAttributeNames={"#v": "value"},
    )
    assert answer["Items"] == [{"value": {"N": str(number * 7)}} for number in (0, 2, 4, 6, 8)]
    assert (answer["Count"], answer["ScannedCount"]) == (5, 10)
    (counted,) = await pages(stub, Select="COUNT")
    assert counted == {"Count": 10, "ScannedCount": 10}
    with pytest.raises(adorm.ValidationFailed, match="no filter"):
        await pages(StubTable(10), FilterExpression="#a = :b")


async def test_capacity_is_told_when_it_is_asked_for() -> None:
    stub = StubTable(10, read_units_per_item=2)
    (answer,) = await pages(stub, ReturnConsumedCapacity="INDEXES")
    assert answer["ConsumedCapacity"] == {
        "TableName": "numbers",
        "CapacityUnits": 20,
        "Table": {"CapacityUnits": 20},
    }
    (silent,) = await pages(stub)
    assert "ConsumedCapacity" not in silent
    assert stub.read_units == 40


@pytest.mark.parametrize(
    "wrong",
    [
        {"Segment": 3, "TotalSegments": 3},
        {"Segment": 0},
        {"Segment": 0, "TotalSegments": 1_000_001},
        {
            "Segment": 0,
            "TotalSegments": 2,
            "ExclusiveStartKey": {"number_id": {"S": Number.id_of(7)}},
        },
    ],
)
async def test_a_scan_that_dynamodb_refuses_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(adorm.ValidationFailed):
        await StubTable(10).send("Scan", {"TableName": "numbers", **wrong})


async def test_it_stands_in_for_an_engine_and_models_read_it() -> None:
    stub = StubTable(30, page_size=7)
    async with adorm.connect("memory", wrap=stub.instead_of) as db:
        numbers = db.table(Number)
        assert await numbers.get(Number.id_of(11)) == Number(number_id=Number.id_of(11), value=77)
        assert [number.value for number in await numbers.scan()] == [
            value_of(number) for number in range(30)
        ]
        await numbers.put(Number(number_id=Number.id_of(3), value=-1))
        assert (await numbers.scan())[3].value == -1
        assert await numbers.get_or_none("30") is None


async def test_partitions_can_be_queried_both_ways() -> None:
    stub = StubTable(25, page_size=4, per_partition=10)
    async with adorm.connect("memory", wrap=stub.instead_of) as db:
        entries = db.table(Entry)
        assert [entry.number for entry in await entries.query("p2")] == [20, 21, 22, 23, 24]
        assert [entry.number for entry in await entries.query("p1").descending()] == list(
            range(19, 9, -1)
        )
        assert await entries.query("p3") == []
        assert await entries.get("p0", 9) == Entry(partition="p0", number=9, value=63)
        assert await entries.get_or_none("p1", 9) is None


async def test_batches_are_read_and_written_and_refused_as_by_dynamodb() -> None:
    stub = StubTable(5)

    def change(name: str, value: int | None) -> dict[str, Any]:
        key: dict[str, Any] = {"number_id": {"S": name}}
        return (
            {"DeleteRequest": {"Key": key}}
            if value is None
            else {"PutRequest": {"Item": {**key, "value": {"N": str(value)}}}}
        )

    one, other = Number.id_of(1), Number.id_of(2)
    await stub.send(
        "BatchWriteItem",
        {"RequestItems": {"numbers": [change(one, None), change(other, 9), change("new", 8)]}},
    )
    keys = [{"number_id": {"S": name}} for name in (one, other, "new", Number.id_of(3), "none")]
    answer = await stub.send(
        "BatchGetItem",
        {"RequestItems": {"numbers": {"Keys": keys}}, "ReturnConsumedCapacity": "TOTAL"},
    )
    read = {item["number_id"]["S"]: item["value"]["N"] for item in answer["Responses"]["numbers"]}
    assert read == {other: "9", "new": "8", Number.id_of(3): "21"}
    assert answer["ConsumedCapacity"] == [{"TableName": "numbers", "CapacityUnits": 2.5}]
    assert set(stub.keys_read.values()) == {1}
    for wrong in (keys[:1] * 2, [], [{"number_id": {"S": str(number)}} for number in range(101)]):
        with pytest.raises(adorm.ValidationFailed):
            await stub.send("BatchGetItem", {"RequestItems": {"numbers": {"Keys": wrong}}})
    for entries in (
        [change(one, 1), change(one, None)],
        [change(str(number), 0) for number in range(26)],
    ):
        with pytest.raises(adorm.ValidationFailed):
            await stub.send("BatchWriteItem", {"RequestItems": {"numbers": entries}})
    assert stub.item({"number_id": {"S": one}}) is None


async def test_an_answer_takes_its_time_on_the_given_clock() -> None:
    clock = FakeClock()
    await pages(StubTable(10, page_size=5, latency_s=0.005, clock=clock))
    assert clock.sleeps == [0.005, 0.005]


async def test_a_large_table_takes_no_memory() -> None:
    stub = StubTable(50_000, page_size=500)
    start: dict[str, Any] = {}
    count = 0
    tracemalloc.start()
    try:
        while True:
            answer = await stub.send("Scan", {"TableName": "numbers", **start})
            count += answer["Count"]
            if "LastEvaluatedKey" not in answer:
                break
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 50_000
    assert peak < 2_000_000  # two pages and change
