"""What both checkers have to accept: every example of design.md, and the types that they infer."""

from __future__ import annotations

from asyncio import Task, TaskGroup
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Literal, TypeVar, assert_type
from uuid import UUID

from aiohttp import web
from fastapi import FastAPI
from starlette.requests import Request

import adorm
from adorm import Attr, Clause, Condition, attr, not_none
from adorm.integrations import (
    aiohttp as with_aiohttp,
    fastapi as with_fastapi,
    starlette as with_starlette,
)
from adorm.locks import Lease, Lock
from typing_tests.models import (
    Address,
    Circle,
    Colour,
    CustomerId,
    Event,
    Grade,
    Line,
    Mapped,
    Order,
    Part,
    Point,
    Span,
    Square,
    ThirdParty,
    UrgentEvent,
)

db = adorm.connect("memory")
assert_type(adorm.connect("moto"), adorm.Database)
orders = db.table(Order)
parts = db.table(Part)
line = Line(sku="x")


# ---- connections


async def connections(client: object, session: object) -> None:
    async with adorm.connect(region="eu-central-1") as database:
        assert_type(database, adorm.Database)
        assert_type(database.table(Order), adorm.Table[Order])
        assert_type(database.table(Order, name="orders-2"), adorm.Table[Order])
    adorm.connect()
    adorm.connect(endpoint_url="http://127.0.0.1:8000", region="eu-central-1")
    adorm.connect(session=session)
    adorm.connect(client=client)
    adorm.connect(
        profile="dev", table_prefix="dev-", cursor_secret="0123456789abcdef", max_connections=10
    )
    adorm.connect(table_names={"orders": "orders-dev"}, cursor_secret=b"0123456789abcdef")
    adorm.connect(table_names=lambda name: f"{name}-dev")
    adorm.connect(
        retry=adorm.RetryPolicy(max_attempts=5, base_delay_s=0.05, max_delay_s=2, jitter=1.0)
    )
    adorm.connect(
        rate_limit=adorm.AdaptiveRateLimit(max_per_s=100),
        hedge=adorm.Hedge(quantile=0.99, operations={"GetItem"}),
    )
    assert_type(db.rate_limits, Mapping[str, float])
    assert_type(db.hedge_figures, adorm.HedgeFigures)
    assert_type(db.hedge_figures.won, int)
    async with adorm.deadline(2.5):
        await orders.get("c1", "o1")
    await db.close()


# ---- models


def models() -> None:
    order = Order(
        customer_id="c1",
        order_id="o1",
        total=Decimal(5),
        tags={"a"},
        lines=[line],
        address=Address(city="Berlin", zip="1"),
    )
    assert_type(order, Order)
    assert_type(order.total, Decimal)
    assert_type(order.tags, set[str])
    assert_type(order.address, Address | None)
    assert_type(order.lines, list[Line])
    assert_type(order.created_at, datetime)
    assert_type(order.expires_at, datetime | None)
    assert_type(order.version, int)
    order.status = "paid"
    order.total += 5
    Order(customer_id="c1", order_id="o1", created_at=datetime.now(UTC), version=3)
    assert_type(UrgentEvent(event_id="e", reason="r").size, int)
    assert_type(Event(event_id="e").kind, str)
    assert_type(Mapped, type[ThirdParty])
    assert_type(Mapped(id="x").total, int)
    assert_type(db.table(Mapped), adorm.Table[ThirdParty])
    Part(
        number=1,
        owner=CustomerId("c"),
        age=3,
        made_on=date(2026, 1, 1),
        address=IPv4Address("10.0.0.1"),
        source=Path("x"),
    )
    assert_type(adorm.to_attribute_map(order), dict[str, Any])
    made = "2026-01-01T00:00:00.000000Z"
    stored = {"customer_id": {"S": "c1"}, "order_id": {"S": "o1"}, "created_at": {"S": made}}
    assert_type(adorm.from_attribute_map(Order, stored), Order)
    assert_type(
        adorm.from_plain(Order, {"customer_id": "c1", "order_id": "o1", "created_at": made}), Order
    )
    assert_type(adorm.item_size(adorm.to_attribute_map(order)), int)


# ---- paths and conditions


def paths() -> None:
    assert_type(Order.total, Decimal)
    assert_type(Order.lines[0].sku, str)
    assert_type(Order.labels["k"], str)
    assert_type(not_none(Order.address).city, str)
    assert_type(not_none(Order.expires_at), datetime)
    assert_type(attr(Order.note), Attr[str])
    assert_type(attr(Order.tags), Attr[set[str]])
    assert_type(attr(Order.address), Attr[Address])
    assert_type(attr(Part.nick), Attr[str])
    assert_type(attr(Order.lines[0].quantity), Attr[int])
    assert_type(adorm.path("dotted.name[0]"), Attr[Any])
    assert_type(attr(Order.note).size(), Attr[int])
    assert_type(attr(Order.note).size() > 3, Condition)
    assert_type(attr(Order.total) > 10, Condition)
    assert_type(attr(Order.total) == 5, Condition)


def conditions() -> None:
    found = orders.query("c1")
    found.where(Order.total > 10)
    found.where(Order.total > 10, Order.status == "open")
    found.where((Order.total > 10) & (Order.status == "open"))
    found.where((Order.total > 10) | ~attr(Order.note).exists())
    found.where((Order.total > 10) & attr(Order.note).exists())
    found.where(attr(Order.note).exists() & (Order.total > 10))
    found.where(attr(Order.note).exists() | (Order.total > 10) | (Order.version == 1))
    found.where(Order.lines[0].sku == "x")
    found.where(Order.labels["k"] == "v")
    found.where(not_none(Order.address).city == "Berlin")
    found.where(Order.created_at >= datetime(2026, 1, 1, tzinfo=UTC))
    found.where(not_none(Order.expires_at) < datetime(2026, 1, 1, tzinfo=UTC))
    found.where(Order.expires_at == None)
    found.where(attr(Order.note) == None)
    found.where(attr(Order.note) != None)
    found.where(Order.address == Address(city="Berlin", zip="1"))
    found.where(
        attr(Order.note).begins_with("x"), attr(Order.total).between(Decimal(1), Decimal(5))
    )
    found.where(attr(Order.status).is_in("open", "paid"), attr(Order.tags).contains("new"))
    found.where(
        attr(Order.note).contains("x"),
        attr(Order.lines).contains(line),
        attr(Order.note).type_is("S"),
    )
    found.where(attr(Order.note).not_exists(), attr(Order.lines).size() >= 2)
    found.where(
        adorm.path("legacy[0].name") == "x",
        adorm.path("legacy").contains(1),
        adorm.path("a").begins_with("b"),
    )
    found.where(adorm.raw("#a = :x", names={"#a": "age"}, values={":x": 5}))
    assert_type(adorm.not_(Order.total > 10), Condition)
    assert_type(adorm.and_(Order.total > 10, attr(Order.note).exists()), Condition)
    assert_type(adorm.or_(Order.total > 10, Order.status == "open"), Condition)
    assert_type(adorm.or_absent(Order.status == "open"), Condition)
    assert_type(~attr(Order.note).exists(), Condition)
    assert_type((Order.total > 10) & attr(Order.note).exists(), Condition)
    every = parts.scan()
    every.filter(
        Part.age > 1,
        Part.weight < 2,
        Part.price >= 1,
        Part.price <= Decimal("1.5"),
        Part.active == True,
    )
    every.filter(
        Part.grade == Grade.LOW,
        Part.colour == Colour.RED,
        Part.kind == "nut",
        Part.owner == CustomerId("c"),
    )
    every.filter(
        attr(Part.kind).begins_with("b"),
        attr(Part.owner).begins_with("c"),
        attr(Part.grade).begins_with("l"),
    )
    every.filter(
        attr(Part.blob).begins_with(b"x"),
        attr(Part.nick).begins_with("x"),
        attr(Part.nick) > "a",
        attr(Part.rank) > 3,
    )
    every.filter(
        attr(Part.sizes).contains(1),
        attr(Part.history).contains(1),
        attr(Part.kind).contains("o"),
        attr(Part.nick).contains("o"),
    )
    every.filter(
        Part.counts["a"] > 1,
        Part.matrix[0][1] == 3,
        Part.places["home"].city == "Berlin",
        Part.point.x > 0,
    )
    every.filter(
        not_none(not_none(Part.parent).parent).age > 1,
        not_none(Part.origin)["lot"] > 1,
        Part.span.start > 1,
    )
    every.filter(
        Part.shape == Circle(1.0),
        Part.extra == 1,
        Part.extra["anything"] > 2,
        Part.limits[1] == "x",
        Part.history[0] > 1,
    )
    every.filter(
        Part.made_on > date(2026, 1, 1),
        Part.made_in > timedelta(hours=1),
        Part.blob == b"x",
        attr(Part.active) == False,
    )
    every.filter(
        Part.address == IPv4Address("10.0.0.1"),
        Part.source == Path("x"),
        Part.part_id == UUID(int=1),
    )
    every.filter(
        Part.age > Part.number, Part.age == Part.counts["a"], attr(Part.age).between(Part.number, 5)
    )


# ---- one item


async def writes(order: Order) -> None:
    assert_type(await orders.create(order), Order)
    assert_type(await orders.put(order), Order)
    await orders.put(order).unchecked()
    assert_type(await orders.create(order).keep_timestamps(), Order)
    assert_type(await orders.create_many([order]).keep_timestamps(), adorm.CreateManyResult[Order])
    assert_type(
        await orders.batch_write(puts=[order]).keep_timestamps(), adorm.BatchWriteResult[Order]
    )
    assert_type(await orders.save(order), Order)
    await orders.save(order, only=[Order.status])
    await orders.create(order).when(attr(Order.note).not_exists())
    assert_type(await orders.put(order).returning("none"), None)
    assert_type(await orders.put(order).returning("old"), Order | None)
    assert_type(await orders.delete("c1", "o1").when(Order.status == "draft"), None)
    await orders.delete(order)
    await orders.delete(("c1", "o1"))
    await orders.delete(orders.key("c1", "o1"))
    assert_type(await orders.delete("c1", "o1").returning("old"), Order | None)
    assert_type(orders.create(order).request(), dict[str, Any])
    assert_type(orders.create(order).explain(), adorm.Plan)
    await orders.create(order).retry(adorm.RetryPolicy(max_attempts=1))


async def reads() -> None:
    assert_type(await orders.get("c1", "o1"), Order)
    assert_type(await orders.get(("c1", "o1")), Order)
    assert_type(await orders.get(orders.key("c1", "o1")), Order)
    assert_type(await orders.get("c1", "o1").consistent(), Order)
    assert_type(await orders.get_or_none("c1", "o1"), Order | None)
    assert_type(await orders.get_or_none(("c1", "o1")), Order | None)
    assert_type(await orders.get_or_none(orders.key("c1", "o1")), Order | None)
    assert_type(await orders.exists("c1", "o1"), bool)
    assert_type(await orders.exists(orders.key(("c1", "o1"))), bool)
    assert_type(orders.key("c1", "o1"), adorm.Key[Order])
    assert_type(orders.key("c1", "o1").model, type[Order])
    assert_type(orders.key("c1", "o1").values, tuple[Any, ...])
    assert_type(await db.table(Event).get("e1"), Event)
    assert_type(await parts.get(UUID(int=1), 5), Part)
    assert_type(await db.table(Mapped).get("x"), ThirdParty)
    one: Awaitable[Order] = orders.get("c1", "o1")
    assert_type(await one, Order)


async def updates() -> None:
    assert_type(
        await orders.update("c1", "o1")
        .set(Order.status, "paid")
        .add(Order.total, 5)
        .remove(Order.note)
        .append(Order.lines, [line])
        .when(Order.version == 3)
        .returning("new"),
        Order,
    )
    change = orders.update(("c1", "o1"))
    assert_type(change, adorm.Update[Order, None])
    assert_type(await change.set(Order.status, "paid"), None)
    assert_type(
        await orders.update(orders.key("c1", "o1")).set(Order.status, "paid").returning("none"),
        None,
    )
    assert_type(await change.remove(Order.note).returning("old"), Order | None)
    assert_type(await change.remove(Order.note).returning("updated_old"), dict[str, Any])
    assert_type(await change.remove(Order.note).returning("updated_new"), dict[str, Any])
    change.set(Order.status, "paid").upsert().exactly_once()
    change.set(Order.total, 5).set(Order.total, Decimal(5)).set(Order.total, Order.total + 1).set(
        Order.total, Order.total - 1
    )
    change.set(Order.version, Order.version + 1).set(Order.note, Order.status).set(
        Order.created_at, datetime.now(UTC)
    )
    change.set(Order.expires_at, None).set(Order.expires_at, datetime.now(UTC)).set(
        Order.address, None
    )
    change.set(Order.address, Address(city="Berlin", zip="1")).set(
        not_none(Order.address).city, "Bonn"
    )
    change.set(Order.lines[0].sku, "x").set(Order.lines[0], line).set(Order.lines, [line]).set(
        Order.labels["k"], "v"
    )
    change.set(Order.tags, {"a"}).set(Order.labels, {"k": "v"}).set(
        Order.meta, {"k": [1, {"a": None}]}
    )
    change.add(Order.tags, {"new"}).add(Order.version, 1).prepend(Order.lines, [line]).remove(
        Order.lines[0], Order.labels["k"], Order.address
    )
    change.apply(
        attr(Order.tags).delete({"new"}),
        attr(Order.note).set_if_absent("x"),
        attr(Order.lines).prepend([line]),
    )
    change.apply(
        attr(Order.note).set("x"),
        attr(Order.total).add(5),
        attr(Order.lines).append([line]),
        attr(Order.note).remove(),
    )
    change.apply(
        adorm.path("legacy").set(5),
        adorm.path("legacy.count").add(1),
        adorm.path("old").remove(),
        attr(Order.address).set(None),
    )
    assert_type(attr(Order.note).set("x"), Clause[str])
    assert_type(attr(Order.tags).delete({"new"}), Clause[set[str]])
    assert_type(attr(Order.lines).append([line]), Clause[list[Line]])
    assert_type(attr(Order.total).add(5), Clause[Decimal])
    some = parts.update(UUID(int=1), 5)
    some.set(Part.age, 5).set(Part.weight, 1.5).set(Part.weight, 1).set(Part.active, False).set(
        Part.owner, CustomerId("c")
    )
    some.set(Part.grade, Grade.HIGH).set(Part.colour, Colour.BLUE).set(Part.kind, "nut").set(
        Part.nick, None
    ).set(Part.rank, 3)
    some.set(Part.made_on, date(2026, 1, 1)).set(Part.made_in, timedelta(1)).set(
        Part.blob, b"x"
    ).set(Part.source, Path("y"))
    some.set(Part.address, IPv4Address("10.0.0.2")).set(Part.sizes, frozenset({1})).set(
        Part.history, (1, 2)
    ).set(Part.limits, (1, "a"))
    some.set(Part.matrix, [[1]]).set(Part.counts, {"a": 1}).set(
        Part.places, {"home": Address(city="Bonn", zip="2")}
    ).set(Part.tags_list, [])
    some.set(Part.point, Point(1, 2)).set(Part.shape, Square(2.0)).set(Part.span, Span(1, 2)).set(
        Part.extra, {"free": 1}
    )
    some.set(Part.origin, {"country": "de", "lot": 1}).set(not_none(Part.origin)["lot"], 2)
    some.add(Part.age, 1).add(Part.weight, 0.5).add(Part.price, 1).add(Part.price, Decimal(1)).add(
        Part.rank, 1
    ).add(Part.counts["a"], 1)
    some.add(Part.sizes, frozenset({1})).append(Part.tags_list, ["a"]).append(
        Part.matrix, [[1]]
    ).append(Part.matrix[0], [1])
    some.apply(
        attr(Part.sizes).add(frozenset({1})),
        attr(Part.sizes).delete(frozenset({1})),
        attr(Part.rank).add(1),
        attr(Part.weight).add(1),
    )
    some.apply(
        attr(Part.colour).set(Colour.BLUE),
        attr(Part.shape).set(Square(1.0)),
        attr(Part.kind).set("nut"),
    )


# ---- queries and scans


async def queries(cursor: str | None) -> None:
    latest = (
        await orders.query("c1")
        .where(Order.order_id > "2026")
        .filter(Order.total > 10)
        .descending()
        .limit(20)
    )
    assert_type(latest, list[Order])
    async for order in orders.query("c1"):
        assert_type(order, Order)
    async with orders.query("c1").stream() as rows:
        assert_type(rows, adorm.ItemStream[Order])
        async for order in rows:
            assert_type(order, Order)
    page = await orders.query("c1").limit(25).page(cursor)
    assert_type(page, adorm.Page[Order])
    assert_type(page.items, list[Order])
    assert_type(page.cursor, str | None)
    assert_type((page.count, page.scanned_count), tuple[int, int])
    assert_type(page.capacity, float | None)
    await orders.query("c1").page()
    pairs = await orders.query("c1").select(Order.order_id, Order.total)
    assert_type(pairs, list[tuple[str, Decimal]])
    assert_type(await orders.query("c1").select(Order.order_id), list[tuple[str]])
    assert_type(
        await orders.query("c1").select(
            Order.order_id,
            Order.tags,
            Order.version,
            Order.address,
            Order.lines[0].sku,
            Order.total,
        ),
        list[tuple[str, set[str], int, Address | None, str, Decimal]],
    )
    assert_type(
        await orders.query("c1").select(Order.order_id, Order.total, Order.note),
        list[tuple[str, Decimal, str]],
    )
    assert_type(
        (await orders.query("c1").select(Order.order_id, Order.version).page()).items,
        list[tuple[str, int]],
    )
    async for order_id, total in orders.query("c1").select(Order.order_id, Order.total):
        assert_type(order_id, str)
        assert_type(total, Decimal)
    open_ = await orders.query().where(Order.status == "open")
    assert_type(open_, list[Order])
    assert_type(await orders.query("c1").count(), int)
    assert_type(await orders.query("c1").first(), Order | None)
    assert_type(await orders.query("c1").select(Order.total).first(), tuple[Decimal] | None)
    assert_type(await orders.query("c1").one(), Order)
    assert_type(await orders.query("c1").exists(), bool)
    assert_type(
        await orders.query("c1").ascending().consistent().page_size(10).hide_expired(), list[Order]
    )
    assert_type(await orders.query("open").index("by-status").hydrate(), list[Order])
    assert_type(orders.query("c1").request(), dict[str, Any])
    assert_type(orders.query("c1").explain(), adorm.Plan)
    assert_type(orders.query("c1").explain().index, str | None)
    assert_type(orders.query("c1").explain().operation, str)
    rows_: AsyncIterator[Order] = orders.query("c1").__aiter__()
    assert_type(await anext(rows_), Order)


async def aggregates() -> None:
    assert_type(await orders.query("c1").sum(Order.total), Decimal)
    assert_type(await orders.query("c1").sum(Order.version), int)
    assert_type(await parts.scan().sum(Part.weight), float)
    assert_type(await parts.scan().sum(Part.rank), int)
    assert_type(await orders.query("c1").avg(Order.total), Decimal | None)
    assert_type(await orders.query("c1").avg(Order.version), Decimal | None)
    assert_type(await parts.scan().avg(Part.weight), float | None)
    assert_type(await orders.query("c1").min(Order.created_at), datetime | None)
    assert_type(await orders.query("c1").max(Order.note), str | None)
    assert_type(await parts.scan().max(Part.rank), int | None)
    assert_type(await orders.query("c1").count_by(Order.status), dict[str, int])


async def scans() -> None:
    assert_type(orders.scan(), adorm.Scan[Order])
    assert_type(await orders.scan().where(Order.total > 10).limit(5), list[Order])
    assert_type(
        await orders.scan().filter(Order.total > 10).consistent().page_size(100), list[Order]
    )
    assert_type(await orders.scan().select(Order.order_id, Order.total), list[tuple[str, Decimal]])
    assert_type(await orders.scan().count(), int)
    assert_type(await orders.scan().index("by-status").first(), Order | None)
    assert_type((await orders.scan().page()).items, list[Order])
    async with orders.scan().stream() as rows:
        async for order in rows:
            assert_type(order, Order)


# ---- batches and gather


async def batches(order: Order, keys: list[adorm.Key[Order]]) -> None:
    events = db.table(Event)
    got = (
        await orders.batch_get(keys)
        .concurrency(8)
        .consistent()
        .on_progress(print)
        .retry(adorm.RetryPolicy())
    )
    assert_type(got, adorm.BatchGetResult[Order])
    assert_type(got.items, list[Order])
    assert_type(got.aligned, list[Order | None])
    assert_type(got.missing, list[adorm.Key[Order]])
    assert_type(got.unprocessed, list[adorm.Key[Order]])
    assert_type(got.errors, list[Exception])
    assert_type(got.outcomes, list[adorm.Outcome[list[Order]]])
    assert_type(
        await orders.batch_get([("c1", "o1"), orders.key("c1", "o2")]).collect_errors(),
        adorm.BatchGetResult[Order],
    )
    assert_type(await events.batch_get(["e1", "e2"]), adorm.BatchGetResult[Event])
    selected = await orders.batch_get(keys).select(Order.status, Order.total).consistent()
    assert_type(selected.items, list[tuple[str, Decimal]])
    assert_type(selected.aligned, list[tuple[str, Decimal] | None])
    both = await db.batch_get(orders.key("c1", "o1"), events.key("e1"))
    assert_type(both.of(Order), list[Order])
    assert_type(both.of(Event), list[Event])
    await db.batch_get([orders.key("c1", "o1"), events.key("e1")])

    written = await orders.batch_write(
        puts=[order], deletes=[("c1", "o2"), order, orders.key("c1", "o3")]
    ).on_chunk_error(decide)
    assert_type(written, adorm.BatchWriteResult[Order])
    assert_type(written.written, int)
    assert_type(written.items, list[Order])
    assert_type(written.unprocessed, list[Order | adorm.Key[Order]])
    await events.batch_write(puts=arriving(), deletes=["e1"])
    await db.batch_write(puts=[order, Event(event_id="e")], deletes=[orders.key("c1", "o1")])

    async with orders.batch().concurrency(4).collect_errors() as batch:
        assert_type(batch, adorm.Batch[Order])
        await batch.put(order)
        await batch.delete("c1", "o1")
        await batch.delete(("c1", "o1"))
        await batch.delete(order)
        await batch.flush()
    assert_type(batch.result, adorm.BatchWriteResult[Order])

    async with orders.loader(consistent=True) as loader:
        assert_type(await loader.load("c1", "o1"), Order | None)
        assert_type(await loader.load(orders.key("c1", "o1")), Order | None)
        assert_type(
            await db.gather(loader.load("c1", "o1"), loader.load(("c1", "o2"))),
            tuple[Order | None, Order | None],
        )

    updated = (
        await orders.update_many(keys)
        .set(Order.status, "paid")
        .add(Order.total, 5)
        .when(Order.status == "open")
        .collect_errors()
    )
    assert_type(updated, adorm.UpdateManyResult[Order])
    assert_type(updated.updated, list[adorm.Key[Order]])
    await orders.update_many([orders.update("c1", "o1").add(Order.total, 5)])
    created = await orders.create_many([order], transact=True).concurrency(2)
    assert_type(created, adorm.CreateManyResult[Order])
    assert_type(created.items, list[Order])


async def decide(outcome: adorm.Outcome[Any]) -> Literal["stop", "continue"]:
    return "stop" if isinstance(outcome.error, adorm.AccessDenied) else "continue"


async def arriving() -> AsyncIterator[Event]:
    yield Event(event_id="e1")


async def gathers(order: Order) -> None:
    events = db.table(Event)
    get, query, count = orders.get("c1", "o1"), orders.query("c1"), orders.query("c1").count()
    assert_type(await db.gather(events.get("e"), orders.query("c")), tuple[Event, list[Order]])
    assert_type(await db.gather(get, limit=16), tuple[Order])
    assert_type(await db.gather(get, query, count), tuple[Order, list[Order], int])
    assert_type(
        await db.gather(get, events.get_or_none("e"), decide_later(), orders.create(order)),
        tuple[Order, Event | None, str, Order],
    )
    assert_type(
        await db.gather(get, query, count, get, query, count, get, query, count, get),
        tuple[Order, list[Order], int, Order, list[Order], int, Order, list[Order], int, Order],
    )
    assert_type(
        await db.gather([orders.get("c1", "o1"), orders.get("c1", "o2")], limit=2), list[Order]
    )
    assert_type(await db.gather(orders.get("c1", number) for number in "123"), list[Order])
    assert_type(await db.gather(*[orders.get("c1", "o1")]), tuple[Order, ...])
    done = await db.gather(get, query, collect_errors=True)
    assert_type(done, adorm.GatherResult)
    assert_type(done.results, list[Any])
    assert_type(done.outcomes, list[adorm.Outcome[Any]])
    assert_type(await db.gather([get, get], collect_errors=True), adorm.GatherResult)
    try:
        await db.gather(get)
    except* adorm.ItemNotFound as group:
        assert_type(group, ExceptionGroup[adorm.ItemNotFound])


async def decide_later() -> str:
    return "later"


# ---- errors


def errors(
    not_found: adorm.ItemNotFound,
    exists: adorm.ItemExists,
    conflict: adorm.VersionConflict,
    decode: adorm.ItemDecodeError,
    service: adorm.ServiceError,
    late: adorm.DeadlineExceeded,
    usage: adorm.UsageError,
) -> None:
    lookup: LookupError = not_found
    failed: adorm.ConditionalCheckFailed = exists
    timeout: TimeoutError = late
    value: ValueError = usage
    for error in (lookup, failed, timeout, value, conflict, decode, service):
        assert_type(str(error), str)
    assert_type(conflict.expected, int)
    assert_type(conflict.actual, int | None)
    assert_type(decode.path, str)
    assert_type(service.code, str)
    assert_type(service.message, str)
    assert_type(service.request_id, str | None)
    assert_type(service.operation, str)
    assert_type(service.retryable, bool)
    assert_type(service.maybe_applied, bool)


# ---- code of the user's own, and what it may call the parts


# ---- transactions


async def transactions(order: Order, part: Part) -> None:
    events = db.table(Event)
    async with db.transaction() as tx:
        assert_type(tx, adorm.Transaction)
        assert_type(tx.create(order), adorm.TransactionWrite[Order])
        assert_type(
            tx.create(order).when(attr(Order.note).not_exists()), adorm.TransactionWrite[Order]
        )
        assert_type(tx.save(part).stored, Part)
        tx.save(order, only=[Order.status])
        tx.put(order).unchecked()
        tx.create(order).keep_timestamps()
        assert_type(tx.update(Order, "c1", "o1"), adorm.TransactionUpdate[Order])
        tx.update(Order, "c1", "o1").add(Order.total, -5).set(Order.status, "paid").when(
            Order.total >= 5
        ).upsert()
        tx.update(Order, ("c1", "o1")).remove(Order.note)
        tx.update(Order, orders.key("c1", "o1")).append(Order.lines, [line])
        tx.delete(Order, "c1", "o1").when(Order.status == "draft")
        tx.delete(order)
        tx.check(Event, "e1").when(Event.size > 0)
        assert_type(
            tx.include(orders.update("c1", "o1").set(Order.status, "paid")),
            adorm.TransactionUpdate[Order],
        )
        assert_type(tx.include(orders.create(order)), adorm.TransactionWrite[Order])
        assert_type(tx.token, str)
    one = db.transaction(token="order-17", retry=adorm.RetryPolicy(max_attempts=10))
    assert_type(one.request(), dict[str, Any])
    await one.commit()
    assert_type(await db.transact_get(orders.key("c1", "o1")), tuple[Order | None])
    assert_type(
        await db.transact_get(orders.key("c1", "o1"), events.key("e1")),
        tuple[Order | None, Event | None],
    )
    found, event = await db.transact_get(orders.key("c1", "o1"), events.key("e1"))
    assert_type(found, Order | None)
    assert_type(event, Event | None)
    both = db.transact_get(orders.key("c1", "o1"), orders.key("c1", "o2")).retry(
        adorm.RetryPolicy()
    )
    assert_type(await both, tuple[Order | None, Order | None])
    assert_type(await db.transact_get_all([orders.key("c1", "o1")]), list[Order | None])
    assert_type(await orders.read_modify_write(("c1", "o1"), pay), Order)
    assert_type(
        await orders.read_modify_write(orders.key("c1", "o1"), pay_slowly, max_attempts=3), Order
    )
    assert_type(await events.read_modify_write("e1", lambda event: event), Event)


def pay(order: Order) -> None:
    order.status = "paid"


async def pay_slowly(order: Order) -> Order:
    order.status = "paid"
    return order


async def reasons() -> None:
    try:
        async with db.transaction() as tx:
            tx.delete(Order, "c1", "o1")
    except adorm.TransactionCanceled as error:
        for reason in error.reasons:
            assert_type(reason, adorm.CancellationReason)
            assert_type(reason.operation, str)
            assert_type(reason.code, str | None)
            assert_type(reason.error, Exception | None)
    try:
        await one_more()
    except* adorm.ItemExists as group:
        assert_type(group, ExceptionGroup[adorm.ItemExists])


async def one_more() -> None:
    async with Lock(db, "nightly", lease_s=30) as lease:
        assert_type(lease, Lease)
        assert_type(lease.token, int)
        assert_type(lease.is_held(), bool)
        await lease.renew()


async def parts_by_name(order: Order) -> None:
    read: adorm.Operation[Order] = orders.get("c1", "o1")
    get: adorm.Get[Order | None] = orders.get_or_none("c1", "o1")
    assert_type(await orders.get("c1", "o1").select(Order.total), tuple[Decimal])
    assert_type(
        await orders.get_or_none("c1", "o1").consistent().select(Order.order_id, Order.total),
        tuple[str, Decimal] | None,
    )
    result = await orders.query("c1").collect_errors()
    assert_type(result, adorm.QueryResult[Order])
    assert_type(result.errors, list[adorm.ItemDecodeError])
    assert_type(await orders.get("c1", "o1").run(), Order)
    async with TaskGroup() as group:
        assert_type(group.create_task(orders.query("c1").count().run()), Task[int])
    assert_type(
        await adorm.eventually(orders.query("c1"), until=lambda found: len(found) == 2, within_s=5),
        list[Order],
    )
    assert len(await adorm.eventually(orders.query("c1"))) > 0
    write: adorm.Write[Order, Order] = orders.create(order)
    removal: adorm.Write[Order, None] = orders.delete("c1", "o1")
    change: adorm.Update[Order, Order] = (
        orders.update("c1", "o1").set(Order.status, "x").returning("new")
    )
    query: adorm.Query[tuple[str, Decimal]] = orders.query("c1").select(Order.order_id, Order.total)
    many: adorm.Operation[list[Order]] = orders.query("c1")
    scan: adorm.Operation[list[Order]] = orders.scan()
    count: adorm.Operation[int] = orders.query("c1").count()
    page: adorm.Operation[adorm.Page[Order]] = orders.query("c1").page()
    block: AbstractAsyncContextManager[adorm.ItemStream[Order]] = orders.query("c1").stream()
    limit: AbstractAsyncContextManager[Any] = adorm.deadline(1)
    condition: Condition = attr(Order.note).exists()
    async with block as rows, limit:
        items: AsyncIterator[Order] = rows.__aiter__()
        assert_type(await anext(items), Order)
    for operation in (read, get, write, removal, change, query, many, scan, count, page):
        assert_type(operation.request(), dict[str, Any])
        assert_type(operation.explain(), adorm.Plan)
    assert_type(~condition, Condition)


async def newest(table: adorm.Table[Order], status: Literal["open", "paid"]) -> Order | None:
    return await table.query().where(Order.status == status).descending().first()


def only_open(query: adorm.Query[Order]) -> adorm.Query[Order]:
    return query.filter(Order.status == "open")


def large(limit: int) -> Condition:
    return adorm.not_(Order.total < limit)


AnyM = TypeVar("AnyM", bound=adorm.AnyModel)


async def everything(table: adorm.Table[AnyM]) -> list[AnyM]:
    return await table.scan().segments(8)


async def price(order: Order) -> Decimal:
    return order.total


async def parallel_scans(checkpoint: str) -> None:
    scan = orders.scan().where(Order.total > 10).segments(8)
    assert_type(await scan, list[Order])
    assert_type(
        await orders.scan()
        .segments("auto")
        .resume(checkpoint)
        .read_units_per_s(100)
        .on_progress(print),
        list[Order],
    )
    async with scan.stream() as rows:
        async for order in rows:
            assert_type(order, Order)
        assert_type(rows.checkpoint(), str)
        assert_type(rows.outcomes[0].value, int | None)
    assert_type(await scan.select(Order.order_id, Order.total), list[tuple[str, Decimal]])
    result = await scan.collect_errors()
    assert_type(result.items, list[Order])
    assert_type(result.outcomes[0].value, list[Order] | None)
    assert_type(result.errors[0], Exception)
    assert_type(await scan.for_each(price, limit=4), int)
    assert_type(await scan.map(price), list[Decimal])
    assert_type(await scan.fold(Decimal(0), lambda total, order: total + order.total), Decimal)
    assert_type(await everything(orders), list[Order])


@adorm.idempotent(key="order_id", payload=lambda order_id, amount: [order_id, amount], lease_s=5)
async def charge(order_id: str, amount: Decimal, *, db: adorm.Database) -> Order | None:
    return await db.table(Order).get_or_none("c1", order_id)


@adorm.idempotent(key=lambda event: (event["tenant"], 7), db=adorm.connect, result=Order)
async def handle(event: dict[str, Any], context: object) -> Order:
    return Order(customer_id="c1", order_id="o1")


async def idempotency(db: adorm.Database) -> None:
    assert_type(await charge("o1", Decimal(5), db=db), Order | None)
    assert_type(await handle({"tenant": "t"}, None), Order)
    try:
        await charge("o1", amount=Decimal(5), db=db)
    except adorm.IdempotencyInProgress as error:
        assert_type(error.retry_after_s, float)
    except adorm.ResultNotStored as error:
        assert_type(error.result, Any)


async def capacity_and_price(db: adorm.Database) -> None:
    prices = adorm.PriceTable(
        currency="EUR", per_million_read_units=0.14, per_million_write_units=1
    )
    async with db.capacity() as used:
        await orders.get("c1", "o1")
    assert_type(used, adorm.Capacity)
    assert_type((await orders.batch_get([("c1", "o1")])).capacity, adorm.Capacity)
    assert_type((await orders.batch_write(puts=[])).capacity, adorm.Capacity)
    assert_type((await orders.scan().collect_errors()).capacity, adorm.Capacity)
    async with orders.query("c1").stream() as rows, db.transaction() as tx:
        assert_type((rows.capacity, tx.capacity), tuple[adorm.Capacity, adorm.Capacity])
    assert_type(used.by_table["orders"], adorm.Units)
    assert_type(used.by_index["orders", "by-status"].price(prices), float)
    assert_type(used.price(), float)
    assert_type(orders.query("c1").explain().price(prices), tuple[float, float])
    adorm.CallHooks(after_call=lambda call: print(call.capacity), capacity=True)


# ---- accounts


async def accounts_and_credentials(source: adorm.CredentialsSource) -> None:
    account = adorm.Account(role_arn="arn:aws:iam::123456789012:role/orders", region="eu-central-1")
    async with adorm.accounts(
        {"prod": account}, credentials=source, table_prefix="dev-"
    ) as accounts:
        assert_type(accounts, adorm.Accounts)
        assert_type(accounts["prod"], adorm.Database)
        assert_type(accounts.database("prod", region="us-east-1"), adorm.Database)
        for name in accounts:
            assert_type(name, str)
    adorm.connect(
        credentials=adorm.AssumedRole(
            "arn:aws:iam::123456789012:role/orders", source=adorm.ContainerCredentials()
        )
    )
    adorm.connect(credentials=adorm.Credentials("AK", "secret"))
    assert_type(await source.load(), adorm.Credentials)


# ---- services


def as_text(order: Order) -> str:
    return order.order_id


async def fastapi_services(page: adorm.Page[Order]) -> None:
    app = FastAPI(
        lifespan=with_fastapi.lifespan(
            lambda: adorm.connect("memory"), models=[Order, Event], ensure_tables=True
        )
    )
    app.add_middleware(with_fastapi.AdormMiddleware, deadline_s=5)
    assert_type(with_fastapi.CursorPage.of(page), with_fastapi.CursorPage[Order])
    assert_type(with_fastapi.CursorPage.of(page, as_text), with_fastapi.CursorPage[str])
    assert_type(with_fastapi.CursorPage.of(page).items, list[Order])
    assert_type(with_fastapi.CursorPage.of(page).cursor, str | None)
    assert_type(await with_fastapi.table(Order)(db), adorm.Table[Order])
    assert_type(await with_fastapi.paging(default_limit=10)(), with_fastapi.Paging)


async def starlette_services(request: Request) -> None:
    assert_type(with_starlette.database(request), adorm.Database)


async def aiohttp_services(request: web.Request, page: adorm.Page[Order]) -> web.Response:
    app = web.Application(middlewares=[with_aiohttp.adorm_middleware(deadline_s=5)])
    app.cleanup_ctx.append(with_aiohttp.adorm_context(models=[Order]))
    assert_type(app[with_aiohttp.DATABASE], adorm.Database)
    assert_type(with_aiohttp.table(request, Order), adorm.Table[Order])
    assert_type(with_aiohttp.paging(request).cursor, str | None)
    assert_type(await with_aiohttp.json_body(request, Event), Event)
    return with_aiohttp.page_response(page, as_text)


# ---- telemetry


def watch_call(call: adorm.CallDetails) -> None:
    assert_type(call.call_id, int)
    assert_type(call.table, str | None)
    assert_type(call.request.tables, tuple[str, ...])
    assert_type(call.server.region, str | None)
    if call.error is not None:
        assert_type(call.error.code, str | None)
        assert_type(call.error.cancelled, bool)
    if call.answer is not None:
        assert_type(call.answer.request_id, str | None)


async def watch_attempt(attempt: adorm.AttemptDetails) -> None:
    assert_type(attempt.delay_s, float)


def strongly(operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**request, "ConsistentRead": True} if operation == "GetItem" else request


async def later(_operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
    return request


def header() -> str | None:
    return None


adorm.connect(
    hooks=[
        adorm.OpenTelemetry(),
        adorm.LogCalls(slow_call_s=0.5),
        adorm.CallHooks(before_call=watch_call, after_attempt=watch_attempt),
    ],
    middleware=[strongly, later],
    trace_header=header,
)


# ---- streams


@adorm.stream_handler
async def changes(record: adorm.StreamRecord, database: adorm.Database) -> None:
    assert_type(record.new_image, dict[str, Any] | None)


@adorm.stream_handler(
    concurrency=4,
    after_failure="stop_shard",
    stop_before_s=1,
    partial_batches=False,
    on_failure=print,
)
async def without_database(record: adorm.StreamRecord) -> str:
    return record.kind


@changes.insert(Order)
async def stream_insert(
    order: Order, change: adorm.StreamChange[Order], database: adorm.Database
) -> None:
    assert_type(change.key, adorm.Key[Order])
    assert_type(change.new, Order | None)
    assert_type(change.kind, Literal["INSERT", "MODIFY", "REMOVE"])
    assert_type(await database.table(Order).get(change.key), Order)


@changes.insert(Order, when=lambda item: "total" in item, table_name="orders-2")
async def stream_insert_alone(order: Order) -> None: ...


@changes.modify(Order)
async def stream_modify(old: Order, new: Order) -> None: ...


@changes.modify(Order, optional_images=True, table_name="orders-2")
async def stream_modify_perhaps(
    old: Order | None, new: Order | None, change: adorm.StreamChange[Order]
) -> int:
    return 5


@changes.modify(Event, when=lambda item: True, table_name="events")
async def stream_modify_with_more(
    old: Event | None, new: Event | None, change: object, database: object
) -> None: ...


@changes.remove(Order)
@changes.expire(Order)
async def stream_remove(old: Order, change: adorm.StreamChange[Order]) -> None: ...


async def streams(event: dict[str, Any], record: dict[str, Any]) -> None:
    assert_type(changes, adorm.StreamHandler)
    assert_type(without_database, adorm.StreamHandler)
    assert_type(adorm.StreamHandler(unhandled="ignore"), adorm.StreamHandler)
    assert_type(await changes(event, None, db), dict[str, list[dict[str, str]]])
    result = await changes.process(event, db)
    assert_type(result, adorm.StreamResult)
    assert_type(result.to_repeat, list[str])
    assert_type(result.outcomes[0].error, Exception | None)
    assert_type(result.outcomes[0].record, adorm.StreamRecord | None)
    change = adorm.from_stream_record(record, Order)
    assert_type(change, adorm.StreamChange[Order])
    assert_type(change.old, Order | None)
    assert_type(adorm.from_stream_record(record, Mapped, db=db).new, ThirdParty | None)
    await stream_modify(
        Order(customer_id="c1", order_id="o1"), Order(customer_id="c1", order_id="o1")
    )


# ---- lambda


@adorm.lambda_handler
async def bare(event: dict[str, str], context: object, db: adorm.Database) -> Order:
    return await db.table(Order).get(event["customer"], event["order"])


@adorm.lambda_handler(
    models=[Order, Line], reserve_ms=200, connect={"region": "eu-central-1"}, warm_up=False
)
async def with_options(event: Any, context: Any, db: adorm.Database) -> list[str]:
    return [str(db.remaining_s())]


async def a_database() -> adorm.Database:
    return adorm.connect("memory")


class Entry:
    async def __call__(self, event: Any, context: Any, db: adorm.Database | None = None) -> int:
        return 5


def lambda_entry_points() -> None:
    assert_type(bare({"customer": "c1", "order": "o1"}, None), Order)
    assert_type(with_options(None, None), list[str])
    assert_type(adorm.lambda_handler(connect=a_database)(Entry())({}, None), int)
    assert_type(
        adorm.lambda_handler(connect=lambda: adorm.connect("memory"))(Entry())({}, None), int
    )
    entry: Callable[[Any, Any], list[str]] = with_options
    report = adorm.cold_start_report()
    assert_type((report.first_call_s, report.total_s), tuple[float | None, float])
    assert_type(adorm.memory_stats().python_objects, int)
    print(entry)


async def lambda_in_tests(db: adorm.Database) -> None:
    assert_type(await bare.__wrapped__({"customer": "c1", "order": "o1"}, None, db), Order)


# ---- Lambda, queues and whole batches


@adorm.sqs_handler
async def messages(message: adorm.SqsMessage, db: adorm.Database) -> None:
    assert_type(message.sent_at, datetime | None)


@adorm.sqs_handler(concurrency=4)
async def messages_alone(message: adorm.SqsMessage) -> str:
    return message.body


assert_type(messages, adorm.SqsHandler)
take: Callable[[Any, Any], Any] = adorm.lambda_handler(models=[Order])(messages)
whole = adorm.StreamHandler()


@whole.batch(Order)
async def indexed(
    changes: Sequence[adorm.StreamChange[Order]], db: adorm.Database
) -> Iterable[adorm.StreamChange[Order]]:
    return [change for change in changes if change.new is None]


@whole.batch(Part)
async def indexed_alone(changes: Sequence[adorm.StreamChange[Part]]) -> None: ...


def outside(order: Order) -> None:
    assert_type(adorm.to_plain(order, db=db), dict[str, Any])
    assert_type(adorm.from_plain(Order, {}, converter=db.converter), Order)
    rows: list[tuple[str, Decimal]] = []
    adorm.to_plain(rows)


async def exchange(order: Order) -> None:
    assert_type(await adorm.models_from_table(db, "orders", sample=10, entity_attribute="t"), str)
    assert_type(adorm.to_dms(Order, Part, namespace="shop"), dict[str, Any])
    assert_type(adorm.to_workbench(Order, samples={Order: [order]}), dict[str, Any])
    assert_type(adorm.models_from_dms({}), str)
    assert_type(adorm.models_from_workbench("{}"), str)
    assert_type(adorm.same_dms({}, {}, table_names=False), bool)
    assert_type(adorm.json_schema(Order, form="dynamodb"), dict[str, Any])
