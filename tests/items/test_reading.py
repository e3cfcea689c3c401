"""`update(...).reading()`: parts of index keys are read, and written if they still stand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest

import adorm
from adorm.items.binding import MAX_TURNS
from adorm.testing import Attempt
from tests.support.keyed_models import (
    NOON,
    Message,
    Order,
    Status,
    order,
    raw_items,
    stale_items,
)
from tests.support.recorded import RecordedDatabase

pytestmark = pytest.mark.anyio


class Bench(RecordedDatabase):
    """A database and its tables."""

    def __init__(self) -> None:
        super().__init__()
        self.orders = self.db.table(Order)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    async with bench.db:
        await bench.db.create_table(Order)
        await bench.orders.create(order())
        bench.sent()
        yield bench


async def test_the_parts_are_read_and_checked(bench: Bench) -> None:
    update = bench.orders.update("ada", "o1").set(Order.status, Status.PAID).reading()
    await update
    assert bench.sent() == ["GetItem", "UpdateItem"]
    assert (await raw_items(bench.db))[0]["GSI1SK"] == {"S": "paid#5"}
    assert update.request()["ConsistentRead"] is True
    assert update.explain().operation == "GetItem"


async def test_an_update_that_knows_all_reads_nothing(bench: Bench) -> None:
    for update in (
        bench.orders.update("ada", "o1").set(Order.note, "x"),
        bench.orders.update("ada", "o1").set(Order.place, "there"),
        bench.orders.update("ada", "o1").set(Order.status, Status.PAID).given(Order.total == 5),
    ):
        await update.reading()
        assert bench.sent() == ["UpdateItem"]
        assert "UpdateExpression" in update.reading().request()
        assert update.reading().explain().operation == "UpdateItem"


async def test_clauses_may_follow(bench: Bench) -> None:
    update = bench.orders.update("ada", "o1").reading().set(Order.status, Status.PAID)
    changed = await update.set(Order.note, "x").returning("new")
    assert (changed.status, changed.total, changed.note) == (Status.PAID, Decimal(5), "x")
    assert not await stale_items(bench.db, Order)
    assert repr(update) == "<Update Order, not awaited>"


async def test_a_part_that_changed_meanwhile_is_taken_from_the_failed_condition(
    bench: Bench,
) -> None:
    hold = bench.faults.on("UpdateItem", call=1).hold()
    update = bench.orders.update("ada", "o1").set(Order.status, Status.PAID).reading()
    async with asyncio.TaskGroup() as group:
        group.create_task(update.run())
        await hold.reached()
        await (
            bench.db.table(Order)
            .update("ada", "o1")
            .set(Order.total, Decimal(6))
            .given(Order.status == Status.OPEN)
        )
        hold.release()
    assert bench.sent() == ["GetItem", "UpdateItem", "UpdateItem", "UpdateItem"]
    assert (await raw_items(bench.db))[0]["GSI1SK"] == {"S": "paid#6"}
    assert len(bench.clock.sleeps) == 1


async def test_a_condition_of_the_caller_that_fails_is_raised_at_once(bench: Bench) -> None:
    update = bench.orders.update("ada", "o1").set(Order.status, Status.PAID).reading()
    with pytest.raises(adorm.ConditionalCheckFailed) as caught:
        await update.when(Order.note == "x")
    assert caught.value.item == await bench.orders.get("ada", "o1")
    assert bench.sent()[:2] == ["GetItem", "UpdateItem"]
    with pytest.raises(adorm.VersionConflict):
        await update.when(Order.version == 7)


def meanwhile(bench: Bench, status: str, totals: Iterator[int], sent: list[Any]) -> None:
    """Before each update of the test, another writer changes total and the key made of it."""

    async def interfere(attempt: Attempt) -> dict[str, Any]:
        total = str(next(totals))
        sent.append(attempt.request)
        await attempt.send(
            {
                "TableName": "shop",
                "Key": attempt.request["Key"],
                "UpdateExpression": "SET GSI1SK = :key, #total = :total",
                "ExpressionAttributeNames": {"#total": "total"},
                "ExpressionAttributeValues": {
                    ":key": {"S": f"{status}#{total}"},
                    ":total": {"N": total},
                },
            }
        )
        return await attempt.send()

    bench.faults.on("UpdateItem").run(interfere)


async def test_after_30_changes_by_others_the_error_is_raised(bench: Bench) -> None:
    sent: list[Any] = []
    meanwhile(bench, "open", iter(range(100, 200)), sent)
    with pytest.raises(adorm.ConditionalCheckFailed) as caught:
        await bench.orders.update("ada", "o1").set(Order.status, Status.PAID).reading()
    assert len(sent) == MAX_TURNS == 30
    assert "30 times" in caught.value.__notes__[0]
    assert len(bench.clock.sleeps) == 29
    assert not await stale_items(bench.db, Order)


async def test_the_deadline_ends_it(bench: Bench) -> None:
    meanwhile(bench, "open", iter(range(100, 200)), [])
    with pytest.raises(adorm.DeadlineExceeded):
        async with adorm.deadline(1e-6):
            await bench.orders.update("ada", "o1").set(Order.status, Status.PAID).reading()
    assert not await stale_items(bench.db, Order)


async def test_an_absent_part_is_checked_too(bench: Bench) -> None:
    messages = bench.db.table(Message)
    await messages.create(Message(user_name="ada", message_id="m1", unread=False))
    hold = bench.faults.on("UpdateItem", call=1).hold()
    update = messages.update("ada", "m1").set(Message.unread, True).reading()
    async with asyncio.TaskGroup() as group:
        group.create_task(update.run())
        await hold.reached()
        await (
            messages.update("ada", "m1")
            .set(Message.sent_at, NOON)
            .given(
                Message.unread == False  # noqa: E712  # a condition
            )
        )
        hold.release()
    assert not await stale_items(bench.db, Order, Message)
    assert (await messages.get("ada", "m1")).unread


async def test_an_item_that_is_not_there_is_not_found(bench: Bench) -> None:
    update = bench.orders.update("ada", "o2").set(Order.status, Status.PAID).reading()
    with pytest.raises(adorm.ItemNotFound, match=r"Order ada/o2"):
        await update
    assert bench.sent() == ["GetItem"]
    hold = bench.faults.on("UpdateItem", call=1).hold()
    gone = bench.orders.update("ada", "o1").set(Order.status, Status.PAID).reading()
    with pytest.raises(adorm.ItemNotFound, match=r"Order ada/o1"):
        task = asyncio.ensure_future(gone.run())
        await hold.reached()
        await bench.orders.delete("ada", "o1")
        hold.release()
        await task


async def test_it_goes_with_exactly_once(bench: Bench) -> None:
    sent: list[Any] = []

    async def interfere(attempt: Attempt) -> dict[str, Any]:
        sent.append(attempt.request["ClientRequestToken"])
        if len(sent) == 1:
            await (
                bench.orders.update("ada", "o1")
                .set(Order.total, Decimal(6))
                .given(Order.status == Status.OPEN)
            )
        return await attempt.send()

    bench.faults.on("TransactWriteItems").run(interfere)
    await bench.orders.update("ada", "o1").set(Order.status, Status.PAID).exactly_once().reading()
    assert len(set(sent)) == len(sent) == 2
    assert (await raw_items(bench.db))[0]["GSI1SK"] == {"S": "paid#6"}


async def test_what_does_not_go_together_is_refused(bench: Bench) -> None:
    update = bench.orders.update("ada", "o1").set(Order.status, Status.PAID)
    with pytest.raises(adorm.UsageError, match="update_or_create"):
        update.reading().upsert()
    with pytest.raises(adorm.UsageError, match="update_or_create"):
        update.upsert().reading()
    async with bench.db.transaction() as tx:
        with pytest.raises(adorm.UsageError, match="transaction"):
            tx.include(update.reading())
    with pytest.raises(adorm.UsageError, match="does not tell"):
        await bench.orders.update("ada", "o1").add(Order.total, 1).reading()


async def test_a_lost_answer_leaves_the_keys_right(bench: Bench) -> None:
    bench.faults.on("UpdateItem", call=1).drop(applied=True)
    bench.faults.on("GetItem", call=1).drop(applied=False)
    await (
        bench.orders.update("ada", "o1")
        .set(Order.place, "there")
        .set(Order.total, Decimal(9))
        .reading()
        .retry(adorm.RetryPolicy())
    )
    assert not await stale_items(bench.db, Order)


async def test_writers_of_the_parts_of_one_key_leave_no_stale_key(bench: Bench) -> None:
    numbers = range(150)
    await bench.orders.batch_write(puts=[order(order_id=str(number)) for number in numbers])

    async def set_statuses() -> None:
        for number in numbers:
            status = list(Status)[number % 3]
            await bench.orders.update("ada", str(number)).set(Order.status, status).reading()

    async def set_totals() -> None:
        for number in numbers:
            total = Decimal(number)
            await bench.orders.update("ada", str(number)).set(Order.total, total).reading()

    async def save_some() -> None:
        for number in numbers:
            read = await bench.orders.get("ada", str(number))
            read.total, read.note = Decimal(number + 1000), "saved"
            with suppress(adorm.ConditionalCheckFailed):
                await bench.orders.save(read, only=[Order.total, Order.note])

    async with asyncio.TaskGroup() as group:
        for write in (set_statuses, set_totals, set_statuses, save_some):
            group.create_task(write())
    assert not await stale_items(bench.db, Order)
    assert len(await bench.orders.scan()) == 151
