"""Parallel scans on every engine."""

from __future__ import annotations

from decimal import Decimal

import pytest

import adorm
from tests.support.shop import Order

pytestmark = pytest.mark.anyio


async def filled(db: adorm.Database, count: int = 60) -> list[Order]:
    await db.create_table(Order)
    orders = [
        Order(customer_id=f"c{number:03}", order_id="o", total=Decimal(number))
        for number in range(count)
    ]
    for order in orders:
        await db.table(Order).put(order)
    return orders


def ids(orders: list[Order]) -> list[str]:
    return sorted(order.customer_id for order in orders)


async def test_segments_give_every_item_once(db: adorm.Database) -> None:
    items = await filled(db)
    scan = db.table(Order).scan().page_size(4)
    assert ids(await scan.segments(5)) == ids(items)
    assert ids(await scan.segments("auto")) == ids(items)
    assert ids(await scan.segments(3).where(Order.total > 20)) == ids(items[21:])
    assert await scan.segments(5).sum(Order.total) == sum(item.total for item in items)
    assert await scan.segments(5).count() == 60
    assert sorted(await scan.segments(4).select(Order.customer_id)) == sorted(
        (item.customer_id,) for item in items
    )
    assert ids(await scan.index("by-status").segments(4)) == ids(items)
    assert sorted(total for (total,) in await scan.segments(2).select(Order.total)) == [
        item.total for item in items
    ]


async def test_a_checkpoint_goes_on_just_after_the_last_item(db: adorm.Database) -> None:
    items = await filled(db)
    scan = db.table(Order).scan().page_size(4)
    for segments in (1, 4):
        given: list[Order] = []
        checkpoint: str | None = None
        while len(given) < 60:
            part = scan.segments(segments) if checkpoint is None else scan.resume(checkpoint)
            async with part.stream() as rows:
                async for row in rows:
                    given.append(row)
                    if len(given) % 7 == 0:
                        break
                checkpoint = rows.checkpoint()
        assert ids(given) == ids(items)


async def test_a_scan_without_segments_has_checkpoints_too(db: adorm.Database) -> None:
    items = await filled(db)
    scan = db.table(Order).scan().page_size(7).where(Order.total >= 10)
    async with scan.stream() as rows:
        first = [await anext(rows) for _ in range(10)]
        checkpoint = rows.checkpoint()
    assert "TotalSegments" not in scan.resume(checkpoint).request()
    assert ids([*first, *await scan.resume(checkpoint)]) == ids(items[10:])


async def test_a_failure_of_a_scan_without_segments_leaves_bare(db: adorm.Database) -> None:
    with pytest.raises(adorm.ResourceNotFound):
        await db.table(Order).scan()
    with pytest.raises(adorm.ResourceNotFound):
        async with db.table(Order).scan().stream() as rows:
            await anext(rows)
    with pytest.raises(adorm.ScanFailed):
        await db.table(Order).scan().segments(2)


async def test_work_and_progress(db: adorm.Database) -> None:
    items = await filled(db)
    told: list[adorm.Progress] = []
    seen: list[Order] = []

    async def note(item: Order) -> None:
        seen.append(item)

    assert (
        await db.table(Order).scan().segments(3).on_progress(told.append).for_each(note, limit=4)
        == 60
    )
    assert ids(seen) == ids(items)
    assert told[-1].done == 60
