"""`adorm.eventually`: reading until something shows, under a deadline, with jitter."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

import adorm
from adorm.clock import use_clock
from adorm.query.eventually import FIRST_WAIT_S, LONGEST_WAIT_S
from adorm.testing import FakeClock
from tests.support.scripted import ScriptedTransport

pytestmark = pytest.mark.anyio


@adorm.model(table="orders", indexes=[adorm.GlobalIndex("by-status", partition="status")])
class Order:
    order_id: str = adorm.partition_key()
    status: str = "open"


PAID = {
    "Items": [{"order_id": {"S": "o1"}, "status": {"S": "paid"}}],
    "Count": 1,
    "ScannedCount": 1,
}
NOTHING: dict[str, Any] = {"Items": [], "Count": 0, "ScannedCount": 0}


def late_index(
    reads: int, clock: FakeClock, unit: float = 0.5
) -> tuple[adorm.Database, ScriptedTransport]:
    """A database whose index shows the change at the read after so many."""
    transport = ScriptedTransport(deepcopy(answer) for answer in [NOTHING] * reads + [PAID] * 5)
    options: Any = {"clock": clock, "random": lambda: unit}
    return adorm.Database(lambda: transport, options), transport


async def test_it_reads_until_the_result_is_as_it_should_be() -> None:
    clock = FakeClock()
    db, transport = late_index(3, clock)
    found = await adorm.eventually(
        db.table(Order).query().where(Order.status == "paid"),
        until=lambda orders: any(order.order_id == "o1" for order in orders),
        within_s=5,
    )
    assert [order.order_id for order in found] == ["o1"]
    assert len(transport.sent) == 4
    assert clock.sleeps == [0.75 * FIRST_WAIT_S, 0.75 * 2 * FIRST_WAIT_S, 0.75 * 4 * FIRST_WAIT_S]


async def test_what_is_there_at_once_is_read_once() -> None:
    clock = FakeClock()
    db, transport = late_index(0, clock)
    assert len(await adorm.eventually(db.table(Order).query().where(Order.status == "paid"))) == 1
    assert (len(transport.sent), clock.sleeps) == (1, [])


async def test_waits_have_jitter_and_a_longest() -> None:
    waits: list[list[float]] = []
    for unit in (0.0, 1.0):
        clock = FakeClock()
        db, _ = late_index(8, clock, unit)
        await adorm.eventually(db.table(Order).query().where(Order.status == "paid"), within_s=60)
        waits.append(clock.sleeps)
    assert all(shorter == longer / 2 for shorter, longer in zip(*waits, strict=True))
    assert waits[1][-1] == LONGEST_WAIT_S


async def test_when_time_is_over_the_last_read_was_near_the_end_and_the_error_has_it() -> None:
    clock = FakeClock()
    db, transport = late_index(1000, clock)
    began_s = clock.monotonic()
    with pytest.raises(
        adorm.DeadlineExceeded, match=r"eventually, Query of Order: not as it should be within 3 s"
    ) as caught:
        await adorm.eventually(db.table(Order).query().where(Order.status == "paid"), within_s=3)
    assert caught.value.result == []
    assert caught.value.attempts == len(transport.sent)
    assert 2.95 < clock.monotonic() - began_s <= 3


async def test_a_deadline_around_shortens_it() -> None:
    clock = FakeClock()
    db, _ = late_index(1000, clock)
    with use_clock(clock):
        async with adorm.deadline(1):
            with pytest.raises(adorm.DeadlineExceeded, match="within 1 s"):
                await adorm.eventually(
                    db.table(Order).query().where(Order.status == "paid"), within_s=60
                )
    assert sum(clock.sleeps) <= 1


async def test_an_item_that_is_not_found_is_not_there_yet() -> None:
    clock = FakeClock()
    db, transport = late_index(2, clock)
    order = await adorm.eventually(db.table(Order).query().where(Order.status == "paid").one())
    assert order.order_id == "o1"
    assert len(transport.sent) == 3
    db, _ = late_index(1000, clock)
    with pytest.raises(adorm.DeadlineExceeded) as caught:
        await adorm.eventually(
            db.table(Order).query().where(Order.status == "paid").one(), within_s=1
        )
    assert isinstance(caught.value.__cause__, adorm.ItemNotFound)


async def test_conditions_may_be_async_and_what_they_raise_is_raised() -> None:
    async def never(found: object) -> bool:
        raise LookupError("no such condition")

    db, _ = late_index(0, FakeClock())
    with pytest.raises(LookupError, match="no such condition"):
        await adorm.eventually(db.table(Order).query().where(Order.status == "paid"), until=never)


async def test_gets_counts_pages_and_collecting_queries_are_reads_too(
    adorm_db: adorm.Database,
) -> None:
    await adorm_db.ensure_table(Order)
    orders = adorm_db.table(Order)
    await orders.put(Order(order_id="o1"))
    assert (await adorm.eventually(orders.get("o1"))).order_id == "o1"
    assert await adorm.eventually(orders.scan().count(), until=lambda count: count == 1) == 1
    assert (
        await adorm.eventually(orders.scan().page(), until=lambda page: page.count == 1)
    ).count == 1
    query = orders.query().where(Order.status == "open").collect_errors()
    assert len((await adorm.eventually(query, until=lambda result: bool(result.items))).items) == 1


async def test_what_writes_and_what_is_no_operation_is_refused(adorm_db: adorm.Database) -> None:
    orders = adorm_db.table(Order)
    writes = orders.delete("o1")
    with pytest.raises(adorm.UsageError, match="may write"):
        await adorm.eventually(writes)
    wrong: Any = None
    with pytest.raises(adorm.UsageError, match="takes an operation that reads"):
        await adorm.eventually(wrong)
    for within_s in (0, -1, True, float("inf"), float("nan"), "5"):
        wrong = within_s
        with pytest.raises(adorm.UsageError, match="within_s"):
            await adorm.eventually(orders.get("o1"), within_s=wrong)
    with pytest.raises(adorm.UsageError, match="until="):
        wrong = 5
        await adorm.eventually(orders.get("o1"), until=wrong)
