"""Consumed capacity, as blocks collect it."""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from typing import Any

import anyio
import pytest

from adorm.calls.calls import Calls
from adorm.calls.capacity import Units, collect_capacity
from adorm.calls.prices import PriceTable
from adorm.database import Database
from adorm.deadlines import deadline
from adorm.errors import UsageError
from tests.support.scripted import ScriptedTransport, throttled

pytestmark = pytest.mark.anyio

TABLE = {"TableName": "orders"}


def consumed(units: float, **more: Any) -> dict[str, Any]:
    return {"ConsumedCapacity": {"TableName": "orders", "CapacityUnits": units, **more}}


async def test_a_block_counts_reads_and_writes_by_table_index_and_operation() -> None:
    query = consumed(
        3.0,
        Table={"CapacityUnits": 1.0},
        GlobalSecondaryIndexes={"by-status": {"CapacityUnits": 1.5}},
        LocalSecondaryIndexes={"by-date": {"CapacityUnits": 0.5}},
    )
    calls = Calls(ScriptedTransport([consumed(0.5), query, consumed(2.0)]))
    async with collect_capacity() as used:
        for operation in ("GetItem", "Query", "PutItem"):
            await calls.call(operation, TABLE, repeat="safe")
    assert (used.read_units, used.write_units) == (3.5, 2.0)
    assert used.by_table == {"orders": Units(3.5, 2.0)}
    assert used.by_index == {
        ("orders", "by-status"): Units(read=1.5),
        ("orders", "by-date"): Units(read=0.5),
    }
    assert used.by_operation == {
        "GetItem": Units(0.5),
        "Query": Units(3.0),
        "PutItem": Units(0.0, 2.0),
    }
    assert repr(used) == "Capacity(read_units=3.5, write_units=2)"


async def test_batches_report_a_list_and_transactions_tell_reading_from_writing() -> None:
    transaction = {
        "ConsumedCapacity": [
            {
                "TableName": "a",
                "CapacityUnits": 6.0,
                "ReadCapacityUnits": 2.0,
                "WriteCapacityUnits": 4.0,
            },
            {"TableName": "b", "CapacityUnits": 2.0, "WriteCapacityUnits": 2.0},
        ]
    }
    batch = {"ConsumedCapacity": [{"TableName": "a", "CapacityUnits": 10.0}]}
    calls = Calls(ScriptedTransport([transaction, batch]))
    async with collect_capacity() as used:
        await calls.call("TransactWriteItems", {})
        await calls.call("BatchGetItem", {})
    assert used.by_table == {"a": Units(12.0, 4.0), "b": Units(0.0, 2.0)}
    assert used.by_operation == {
        "TransactWriteItems": Units(2.0, 6.0),
        "BatchGetItem": Units(10.0, 0.0),
    }


async def test_nested_blocks_both_count_and_a_block_that_is_left_counts_no_more() -> None:
    calls = Calls(ScriptedTransport([consumed(1.0), consumed(2.0), consumed(4.0), consumed(8.0)]))
    async with collect_capacity() as outer:
        await calls.call("GetItem", TABLE)
        async with collect_capacity() as inner:
            await calls.call("GetItem", TABLE)
        await calls.call("GetItem", TABLE)
    await calls.call("GetItem", TABLE)
    assert (outer.read_units, inner.read_units) == (7.0, 2.0)


async def test_child_tasks_count_and_siblings_outside_do_not() -> None:
    calls = Calls(ScriptedTransport([consumed(1.0)] * 4))
    async with collect_capacity() as used, anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(calls.call, "GetItem", TABLE)
    await calls.call("GetItem", TABLE)
    assert used.read_units == 3.0


async def test_requests_ask_for_the_report_only_inside_a_block_and_where_it_exists() -> None:
    transport = ScriptedTransport()
    calls = Calls(transport)
    await calls.call("GetItem", TABLE)
    async with collect_capacity():
        await calls.call("GetItem", TABLE)
        await calls.call("Query", {**TABLE, "ReturnConsumedCapacity": "TOTAL"})
        await calls.call("Query", {**TABLE, "ReturnConsumedCapacity": "NONE"})
        await calls.call("DescribeTable", TABLE)
    assert [request.get("ReturnConsumedCapacity") for _, request in transport.sent] == [
        None,
        "INDEXES",
        "INDEXES",
        "NONE",
        None,
    ]
    assert TABLE == {"TableName": "orders"}


async def test_a_call_that_was_retried_or_bounded_counts_once() -> None:
    transport = ScriptedTransport([throttled(), consumed(2.0), consumed(0.5)])
    calls = Calls(transport, random=lambda: 0.0)
    async with collect_capacity() as used:
        await calls.call("PutItem", TABLE)
        async with deadline(60):
            await calls.call("GetItem", TABLE)
    assert (used.read_units, used.write_units) == (0.5, 2.0)
    assert transport.sent[0] == transport.sent[1]


async def test_leaving_a_block_in_another_context_disturbs_no_block_there() -> None:
    calls = Calls(ScriptedTransport([consumed(1.0)]))
    stray = collect_capacity()
    await asyncio.get_running_loop().create_task(stray.__aenter__(), context=copy_context())
    async with collect_capacity() as used:
        await stray.__aexit__(None, None, None)
        await calls.call("GetItem", TABLE)
    assert used.read_units == 1.0


async def test_the_price_is_an_estimate_from_a_table_that_can_be_replaced() -> None:
    calls = Calls(ScriptedTransport([consumed(400_000.0), consumed(2_000_000.0)]))
    async with collect_capacity() as used:
        await calls.call("Scan", TABLE)
        await calls.call("BatchWriteItem", TABLE)
    assert used.total == Units(400_000.0, 2_000_000.0)
    assert used.price() == pytest.approx(1.3)
    rare = PriceTable(
        table_class="STANDARD_INFREQUENT_ACCESS",
        per_million_read_units=0.155,
        per_million_write_units=0.78,
    )
    assert used.price(rare) == pytest.approx(1.622)
    assert used.by_table["orders"].price(rare) == used.price(rare)
    assert used.by_operation["Scan"].price(rare) == pytest.approx(0.062)


@pytest.mark.parametrize("price", [-0.1, float("nan"), float("inf"), True, "1"])
async def test_a_price_that_is_none_is_refused_by_name(price: Any) -> None:
    with pytest.raises(
        UsageError,
        match=r"PriceTable\(per_million_write_units=.*\): expected a finite number, 0 or more",
    ):
        PriceTable(per_million_write_units=price)


async def test_the_block_of_a_database_counts_its_calls_alone() -> None:
    mine, other = (
        ScriptedTransport([consumed(1.0), consumed(4.0)]),
        ScriptedTransport([consumed(2.0)]),
    )
    db, other_db = Database(lambda: mine), Database(lambda: other)
    async with db.capacity() as used, collect_capacity() as all_used:
        await db.call("GetItem", TABLE)
        await other_db.call("GetItem", TABLE)
        async with other_db.capacity() as others:
            await db.call("PutItem", TABLE)
    assert (used.total, others.total, all_used.total) == (Units(1.0, 4.0), Units(), Units(3.0, 4.0))


async def test_another_database_is_asked_for_nothing() -> None:
    transport = ScriptedTransport()
    db = Database(lambda: transport)
    async with Database(ScriptedTransport).capacity():
        await db.call("GetItem", TABLE)
    assert transport.sent == [("GetItem", TABLE)]


async def test_the_totals_can_not_be_changed_by_their_reader() -> None:
    async with collect_capacity() as used:
        pass
    with pytest.raises(TypeError):
        used.by_table["orders"] = Units()  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
    with pytest.raises(AttributeError):
        used.read_units = 1.0  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
