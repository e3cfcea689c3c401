"""Queries, scans, pages and cursors, on every engine."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

import adorm
from adorm import attr, not_none
from tests.support.engines import Engine
from tests.support.shop import Address, Event, Line, Order

pytestmark = pytest.mark.anyio


async def filled(db: adorm.Database, count: int = 30) -> list[Order]:
    """Orders o00 ... of customer c1, two of c2."""
    await db.create_table(Order)
    orders = db.table(Order)
    items = [
        Order(
            customer_id="c1",
            order_id=f"o{number:02}",
            status="open" if number % 3 else "paid",
            total=Decimal(number),
            lines=[Line(sku=f"s{number}")],
            shipped_to="Rome" if number % 2 else None,
        )
        for number in range(count)
    ]
    items += [
        Order(customer_id="c2", order_id="x", note="hello"),
        Order(customer_id="c2", order_id="y", address=Address(city="Rome", zip="1")),
    ]
    for item in items:
        await orders.put(item)
    return items


async def test_a_partition_in_both_orders_with_a_limit_over_pages(db: adorm.Database) -> None:
    items = await filled(db)
    orders = db.table(Order)
    assert await orders.query("c1") == items[:30]
    assert await orders.query("c1").descending() == items[:30][::-1]
    assert await orders.query("c1").page_size(4).limit(10) == items[:10]
    assert await orders.query("c1").limit(0) == []
    assert await orders.query("nobody") == []


async def test_key_conditions_of_every_kind(db: adorm.Database) -> None:
    items = await filled(db)
    orders = db.table(Order)
    assert await orders.query("c1").where(Order.order_id == "o07") == items[7:8]
    assert await orders.query("c1").where(Order.order_id > "o27") == items[28:30]
    assert await orders.query("c1").where(Order.order_id >= "o27") == items[27:30]
    assert await orders.query("c1").where(Order.order_id < "o02") == items[:2]
    assert await orders.query("c1").where(Order.order_id <= "o02") == items[:3]
    assert await orders.query("c1").where(attr(Order.order_id).between("o03", "o05")) == items[3:6]
    assert await orders.query("c1").where(attr(Order.order_id).begins_with("o1")) == items[10:20]
    assert (
        await orders.query("c1").where(Order.order_id >= "o03", Order.order_id <= "o05")
        == items[3:6]
    )
    assert (
        await orders.query().where(Order.customer_id == "c1", Order.order_id == "o07") == items[7:8]
    )


async def test_half_open_ranges_on_times_take_the_neighbour(db: adorm.Database) -> None:
    await db.create_table(Event)
    events = db.table(Event)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for minute in range(5):
        await events.put(Event(stream_id=1, happened_at=start + timedelta(minutes=minute)))
    found = await events.query(1).where(
        Event.happened_at > start, Event.happened_at < start + timedelta(minutes=4)
    )
    assert [event.happened_at.minute for event in found] == [1, 2, 3]


async def test_filters_leave_out_and_limit_counts_what_is_left(db: adorm.Database) -> None:
    items = await filled(db)
    orders = db.table(Order)
    paid = [item for item in items[:30] if item.status == "paid"]
    assert await orders.query("c1").filter(Order.status == "paid") == paid
    assert await orders.query("c1").filter(Order.status == "paid").limit(3) == paid[:3]
    assert await orders.query("c1").filter(Order.status == "paid").page_size(5).limit(3) == paid[:3]
    assert await orders.query("c1").where(Order.status == "paid", Order.total >= 9).filter(
        Order.total < 20
    ) == [item for item in paid if 9 <= item.total < 20]
    assert await orders.query("c2").filter(not_none(Order.address).city == "Rome") == items[31:]
    assert await orders.query("c1").filter(Order.lines[0].sku == "s4") == items[4:5]


async def test_the_planner_takes_the_index_that_serves(db: adorm.Database) -> None:
    items = await filled(db)
    orders = db.table(Order)
    query = orders.query().where(Order.status == "paid")
    assert query.explain().index == "by-status"
    assert await query == sorted(
        (item for item in items if item.status == "paid"), key=lambda item: item.created_at
    )
    by_total = orders.query("c1").where(Order.total > 25)
    assert by_total.explain().index == "by-total"
    assert await by_total == items[26:30]


async def test_an_index_that_does_not_hold_the_item_is_selected_from_or_hydrated(
    db: adorm.Database,
) -> None:
    items = await filled(db)
    orders = db.table(Order)
    with pytest.raises(adorm.UsageError, match="does not hold"):
        await orders.query("hello").index("by-note")
    assert await orders.query("hello").index("by-note").hydrate() == [items[30]]
    rows = (
        await orders.query("Rome")
        .index("by-city")
        .where(Order.total > 20)
        .select(Order.order_id, Order.status)
    )
    assert rows == [
        (item.order_id, item.status)
        for item in items[:30]
        if item.shipped_to == "Rome" and item.total > 20
    ]
    assert await orders.query("Rome").index("by-city").hydrate().descending().limit(3) == [
        items[29],
        items[27],
        items[25],
    ]


async def test_selected_values_are_typed_tuples(db: adorm.Database) -> None:
    items = await filled(db, 3)
    orders = db.table(Order)
    rows = await orders.query("c1").select(
        Order.order_id, Order.total, Order.lines[0].sku, Order.note, Order.address
    )
    assert rows == [(item.order_id, item.total, item.lines[0].sku, "", None) for item in items[:3]]
    assert await orders.query("c2").select(not_none(Order.address).city) == [(None,), ("Rome",)]


async def test_count_first_one_and_exists(db: adorm.Database) -> None:
    items = await filled(db)
    orders = db.table(Order)
    assert await orders.query("c1").count() == 30
    assert await orders.query("c1").page_size(7).filter(Order.status == "paid").count() == 10
    assert await orders.query("c1").limit(4).count() == 4
    assert await orders.query("c1").first() == items[0]
    assert await orders.query("c1").descending().first() == items[29]
    assert await orders.query("nobody").first() is None
    assert await orders.query("c1").where(Order.order_id == "o03").one() == items[3]
    with pytest.raises(adorm.ItemNotFound):
        await orders.query("nobody").one()
    with pytest.raises(adorm.UsageError, match="more than one"):
        await orders.query("c1").one()
    assert await orders.query("c1").filter(Order.total == 29).exists() is True
    assert await orders.query("c1").filter(Order.total == 99).exists() is False


async def test_aggregates_are_exact(db: adorm.Database) -> None:
    items = await filled(db)
    query = db.table(Order).query("c1").page_size(7)
    assert await query.sum(Order.total) == sum(item.total for item in items[:30])
    assert await query.avg(Order.total) == Decimal("14.5")
    assert await query.min(Order.total) == 0
    assert await query.max(Order.order_id) == "o29"
    assert await query.count_by(Order.status) == {"paid": 10, "open": 20}
    assert await query.count_by(Order.shipped_to) == {"Rome": 15}
    nothing = db.table(Order).query("nobody")
    assert (
        await nothing.sum(Order.total),
        await nothing.avg(Order.total),
        await nothing.max(Order.total),
    ) == (Decimal(0), None, None)


async def test_pages_and_cursors_walk_through_everything_once(db: adorm.Database) -> None:
    items = await filled(db)
    orders = db.table(Order)
    for query, expected in (
        (orders.query("c1").limit(7), items[:30]),
        (orders.query("c1").limit(10), items[:30]),
        (orders.query("c1").descending().limit(7), items[:30][::-1]),
        (
            orders.query("c1").filter(Order.status == "paid").limit(4),
            [item for item in items[:30] if item.status == "paid"],
        ),
        (
            orders.query("c1").filter(Order.status == "paid").page_size(3).limit(4),
            [item for item in items[:30] if item.status == "paid"],
        ),
        (
            orders.query().where(Order.status == "paid").limit(4),
            [item for item in items if item.status == "paid"],
        ),
    ):
        seen: list[Order] = []
        cursor = None
        pages = 0
        while True:
            page = await query.page(cursor)
            seen += page.items
            assert page.count == len(page.items) <= 10
            assert page.scanned_count >= page.count
            pages += 1
            cursor = page.cursor
            if cursor is None:
                break
        assert seen == expected
        assert pages <= len(expected) // 4 + 2


async def test_a_full_last_page_has_no_cursor(db: adorm.Database) -> None:
    await filled(db, 20)
    page = await db.table(Order).query("c1").limit(20).page()
    assert (page.count, page.cursor) == (20, None)


async def test_cursors_of_other_queries_truncated_forged_and_foreign_ones_are_refused(
    db: adorm.Database, engine: Engine
) -> None:
    await filled(db, 6)
    orders = db.table(Order)
    cursor = (await orders.query("c1").limit(2).page()).cursor
    assert cursor is not None
    assert cursor.replace("-", "").replace("_", "").isalnum()
    for other in (
        orders.query("c2"),
        orders.query("c1").descending(),
        orders.query("c1").where(Order.order_id > "o01"),
        orders.query("c1").where(Order.total > 0),
        orders.scan(),
    ):
        with pytest.raises(adorm.UsageError, match="another query"):
            await other.limit(2).page(cursor)
    for damaged in (
        cursor[:-1],
        cursor[:10],
        cursor + "A",
        "",
        "%%%",
        "é",
        cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB"),
    ):
        with pytest.raises(adorm.UsageError):
            await orders.query("c1").limit(2).page(damaged)
    async with (
        engine.connect(cursor_secret="0123456789abcdef") as signed,
        engine.connect(cursor_secret="fedcba9876543210") as otherwise,
    ):
        if engine.is_shared:
            assert [
                item.order_id
                for item in (await signed.table(Order).query("c1").limit(2).page()).items
            ] == ["o00", "o01"]
        else:
            await filled(signed, 6)
        theirs = (await signed.table(Order).query("c1").limit(2).page()).cursor
        page = await signed.table(Order).query("c1").limit(2).page(theirs)
        assert [item.order_id for item in page.items] == ["o02", "o03"]
        for database, wrong in ((signed, cursor), (otherwise, theirs), (db, theirs)):
            with pytest.raises(adorm.UsageError):
                await database.table(Order).query("c1").limit(2).page(wrong)


async def test_iterating_reads_on_demand_and_streaming_ends_with_its_block(
    db: adorm.Database,
) -> None:
    items = await filled(db)
    query = db.table(Order).query("c1").page_size(4)
    assert [item async for item in query] == items[:30]
    async for item in query:
        assert item == items[0]
        break
    before = asyncio.all_tasks()
    async with query.stream() as rows:
        seen: list[Order] = []
        async for item in rows:
            seen.append(item)
            if len(seen) == 5:
                break
    assert asyncio.all_tasks() == before
    assert seen == items[:5]
    async with query.stream() as rows:
        assert [item async for item in rows] == items[:30]


async def test_a_scan_reads_everything_with_the_same_clauses(db: adorm.Database) -> None:
    items = await filled(db)
    orders = db.table(Order)

    def by_key(item: Order) -> tuple[str, str]:
        return item.customer_id, item.order_id

    assert sorted(await orders.scan().page_size(5), key=by_key) == sorted(items, key=by_key)
    assert sorted(await orders.scan().where(Order.order_id >= "o28"), key=by_key) == items[28:]
    assert await orders.scan().count() == 32
    assert await orders.scan().limit(3).count() == 3
    assert len(await orders.scan().limit(5)) == 5
    assert sorted(await orders.scan().select(Order.order_id)) == sorted(
        (item.order_id,) for item in items
    )
    assert await orders.scan().sum(Order.total) == sum(item.total for item in items)
    assert await orders.scan().index("by-city").count() == 15


async def test_expired_items_can_be_hidden(db: adorm.Database) -> None:
    await db.create_table(Order)
    orders = db.table(Order)
    now = datetime.now(UTC)
    past, future = now - timedelta(days=1), now + timedelta(days=1)
    for name, expires_at in (("gone", past), ("soon", future), ("never", None)):
        await orders.put(Order(customer_id="c1", order_id=name, expires_at=expires_at))
    assert [item.order_id for item in await orders.query("c1").hide_expired()] == ["never", "soon"]
    assert len(await orders.query("c1")) == 3


async def test_a_query_that_nothing_serves_names_what_could(db: adorm.Database) -> None:
    await db.create_table(Order)
    orders = db.table(Order)
    with pytest.raises(
        adorm.UsageError,
        match=r"no key of Order serves this query.*the table: customer_id is not "
        r"given.*by-status.*scan\(\)",
    ):
        await orders.query().where(Order.total > 5)
    with pytest.raises(adorm.UsageError, match="no key of Order serves"):
        await orders.query("c1").where(attr(Order.order_id).contains("x"))
    with pytest.raises(adorm.UsageError, match="global"):
        await orders.query().where(Order.status == "open").consistent()
    with pytest.raises(adorm.UsageError, match="has no index 'nope'"):
        orders.query("c1").index("nope")
    with pytest.raises(adorm.UsageError, match="== True"):
        orders.query("c1").where(Order.status)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the mistake under test
