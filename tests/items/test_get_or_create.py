"""`get_or_create` and `update_or_create`: the item that is there, or a new one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

import adorm
from adorm.items.binding import MAX_TURNS
from adorm.testing import Attempt
from tests.support.keyed_models import Order, Repo, Status, order, raw_items, stale_items
from tests.support.recorded import RecordedDatabase

pytestmark = pytest.mark.anyio


@pytest.fixture
async def bench() -> AsyncIterator[RecordedDatabase]:
    bench = RecordedDatabase()
    async with bench.db:
        await bench.db.create_table(Order)
        bench.sent()
        yield bench
        assert not await stale_items(bench.db, Order, Repo)


# ---- get_or_create


async def test_an_item_is_created_once_and_then_found(bench: RecordedDatabase) -> None:
    orders = bench.db.table(Order)
    item, created = await orders.get_or_create(order())
    assert created
    assert item.version == 1
    assert bench.sent() == ["GetItem", "PutItem"]
    again, created = await orders.get_or_create(order(note="another"))
    assert not created
    assert again == item
    assert bench.sent() == ["GetItem"]


async def test_the_read_is_eventually_consistent(bench: RecordedDatabase) -> None:
    operation = bench.db.table(Order).get_or_create(order())
    assert "ConsistentRead" not in operation.request()
    assert operation.explain().operation == "GetItem"


async def test_of_many_callers_one_creates_the_item(bench: RecordedDatabase) -> None:
    orders = bench.db.table(Order)
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(orders.get_or_create(order(note=str(number))).run())
            for number in range(8)
        ]
    found = [task.result() for task in tasks]
    assert [created for _, created in found].count(True) == 1
    assert {item.note for item, _ in found} == {(await orders.get("ada", "o1")).note}


async def test_what_can_not_be_stored_is_refused_also_where_an_item_is_there(
    bench: RecordedDatabase,
) -> None:
    await bench.db.table(Order).create(order())
    bench.sent()
    wrong: Any = order(place="a#b", total="no number")
    with pytest.raises(adorm.UsageError, match="total"):
        await bench.db.table(Order).get_or_create(wrong)
    assert bench.sent() == []


async def test_a_creation_whose_answer_is_lost_is_told_by_its_time(
    bench: RecordedDatabase,
) -> None:
    bench.faults.on("PutItem", call=1).drop(applied=True)
    repo, created = await bench.db.table(Repo).get_or_create(Repo(owner="ada", name="x"))
    assert created
    assert await bench.db.table(Repo).get("ada", "x") == repo
    bench.faults.on("PutItem", call=1).drop(applied=True)
    with pytest.raises(adorm.ItemExists) as caught:  # an order has no time: as create()
        await bench.db.table(Order).get_or_create(order())
    assert caught.value.maybe_applied
    await bench.db.table(Order).delete("ada", "o1")


# ---- update_or_create


async def test_some_fields_are_updated_or_the_whole_item_is_created(
    bench: RecordedDatabase,
) -> None:
    orders = bench.db.table(Order)
    item, created = await orders.update_or_create(order(note="a"), only=[Order.note])
    assert created
    assert bench.sent() == ["UpdateItem", "PutItem"]
    await orders.update("ada", "o1").set(Order.place, "there")
    bench.sent()
    item, created = await orders.update_or_create(order(note="b", tags=["x"]), only=[Order.note])
    assert not created
    assert (item.note, item.place, item.tags, item.version) == ("b", "there", [], 3)
    assert bench.sent() == ["UpdateItem"]
    assert orders.update_or_create(order(), only=[Order.note]).explain().update is not None


async def test_its_update_obeys_the_rules_of_index_keys(bench: RecordedDatabase) -> None:
    orders = bench.db.table(Order)
    paid = order(status=Status.PAID, total=Decimal(9))
    with pytest.raises(adorm.UsageError, match=r"add Order\.total to only"):
        await orders.update_or_create(paid, only=[Order.status])
    assert bench.sent() == []
    await orders.create(order())
    item, created = await orders.update_or_create(paid, only=[Order.status, Order.total])
    assert not created
    assert (item.status, item.total) == (Status.PAID, Decimal(9))
    with pytest.raises(adorm.UsageError, match="key"):
        await orders.update_or_create(paid, only=[Order.order_id])
    with pytest.raises(adorm.UsageError, match="name fields"):
        orders.update_or_create(paid, only=[])


async def test_an_item_that_is_created_meanwhile_is_updated(bench: RecordedDatabase) -> None:
    hold = bench.faults.on("PutItem", call=1).hold()
    orders = bench.db.table(Order)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(
            orders.update_or_create(order(note="mine"), only=[Order.note]).run()
        )
        await hold.reached()
        await orders.create(order(place="there"))
        hold.release()
    item, created = task.result()
    assert not created
    assert (item.note, item.place) == ("mine", "there")
    assert len(bench.clock.sleeps) == 1


async def test_after_30_times_the_error_is_raised(bench: RecordedDatabase) -> None:
    sent: list[Any] = []

    async def create_first(attempt: Attempt) -> dict[str, Any]:
        sent.append(attempt.request)
        request = dict(attempt.request)
        request.pop("ConditionExpression")
        request.pop("ExpressionAttributeNames")
        await attempt.send(request)
        return await attempt.send()

    async def delete_first(attempt: Attempt) -> dict[str, Any]:
        key = {name: attempt.request[name] for name in ("TableName", "Key")}
        await bench.db.call("DeleteItem", key)
        return await attempt.send()

    bench.faults.on("PutItem").run(create_first)
    bench.faults.on("UpdateItem").run(delete_first)
    with pytest.raises(adorm.ItemExists):
        await bench.db.table(Order).update_or_create(order(), only=[Order.note])
    assert len(sent) == MAX_TURNS == 30
    assert len(await raw_items(bench.db)) == 1
