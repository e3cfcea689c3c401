"""Batches and gather, on every engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from decimal import Decimal

import anyio
import pytest

import adorm
from adorm.testing import FakeClock, Faults, Recorder
from adorm.transport.base import Transport
from tests.support.aftermath import leaves_nothing_behind
from tests.support.engines import Engine
from tests.support.shop import Address, Bare, Counter, Event, Order

pytestmark = pytest.mark.anyio


def order(number: int, status: str = "open") -> Order:
    return Order(
        customer_id=f"c{number % 3}",
        order_id=f"o{number:04}",
        status=status,
        total=Decimal(number),
        tags={"a"} if number % 2 else set(),
        address=Address(city="Berlin", zip="1") if number % 5 == 0 else None,
        meta={"n": number},
    )


def key(number: int) -> tuple[str, str]:
    return f"c{number % 3}", f"o{number:04}"


def behind(recorder: Recorder, faults: Faults) -> Callable[[Transport], Transport]:
    return lambda engine: recorder(faults(engine))


@pytest.fixture
async def orders(db: adorm.Database) -> adorm.Table[Order]:
    await db.create_table(Order)
    return db.table(Order)


async def test_what_is_written_in_a_batch_is_read_in_a_batch(orders: adorm.Table[Order]) -> None:
    items = [order(number) for number in range(130)]
    done = await orders.batch_write(puts=items)
    assert (done.written, done.items, {each.version for each in items}) == (130, items, {1})
    keys = [key(number) for number in (*range(129, -1, -1), 5, 200)]
    got = await orders.batch_get(keys).consistent()
    assert got.items == [items[number] for number in (*range(129, -1, -1), 5)]
    assert got.aligned[-1] is None
    assert got.missing == [orders.key(*key(200))]
    assert (got.unprocessed, got.errors) == ([], [])


async def test_a_batch_replaces_and_deletes_whatever_is_there(orders: adorm.Table[Order]) -> None:
    first = await orders.create(order(1))
    await orders.update(*key(1)).set(Order.status, "changed").add(Order.total, 1)
    first.note = "mine"
    await orders.batch_write(
        puts=[first, order(2)], deletes=[key(3), order(4), orders.key("no", "thing")]
    )
    assert await orders.get(*key(1)) == first
    await orders.batch_write(deletes=[first, key(2)])
    assert await orders.query("c1") == []


@pytest.mark.filterwarnings(
    "ignore:Sending a large body:ResourceWarning"
)  # aiohttp's advice to botocore
async def test_answers_above_16_mb_come_in_parts(db: adorm.Database) -> None:
    await db.create_table(Event)
    events = db.table(Event)
    now = FakeClock().now()
    await events.batch_write(
        puts=[
            Event(stream_id=number, happened_at=now, body_text="x" * 390_000)
            for number in range(45)
        ]
    )
    got = await events.batch_get([(number, now) for number in range(45)])
    assert [(each.stream_id, len(each.body_text)) for each in got.items] == [
        (number, 390_000) for number in range(45)
    ]


async def test_a_selection_of_many_items(orders: adorm.Table[Order]) -> None:
    await orders.batch_write(puts=[order(number) for number in range(6)])
    got = await orders.batch_get([key(number) for number in (5, 0, 9)]).select(
        Order.total, adorm.not_none(Order.address).city, Order.status
    )
    assert got.aligned == [(Decimal(5), "Berlin", "open"), (Decimal(0), "Berlin", "open"), None]


async def test_number_and_time_keys_are_known_again(db: adorm.Database) -> None:
    await db.create_table(Event)
    events = db.table(Event)
    now = FakeClock().now()
    items = [
        Event(stream_id=number * 10**20, happened_at=now, body_text=str(number))
        for number in range(5)
    ]
    await events.batch_write(puts=items)
    got = await events.batch_get([(each.stream_id, each.happened_at) for each in reversed(items)])
    assert got.items == items[::-1]


async def test_several_tables_at_once(db: adorm.Database, orders: adorm.Table[Order]) -> None:
    await db.create_table(Counter)
    await db.create_table(Bare)
    counters, bare = db.table(Counter), db.table(Bare)
    await db.batch_write(puts=[order(1), Counter(name="n", value=3), Bare(name="b")])
    got = await db.batch_get(
        orders.key(*key(1)), counters.key("n"), bare.key("b"), counters.key("none")
    )
    assert [type(each) for each in got.items] == [Order, Counter, Bare]
    assert (got.of(Counter), got.missing) == ([Counter(name="n", value=3)], [counters.key("none")])
    await db.batch_write(deletes=[orders.key(*key(1)), Counter(name="n")])
    assert (await db.batch_get(orders.key(*key(1)), counters.key("n"))).items == []


async def test_a_block_writes_as_it_goes(orders: adorm.Table[Order]) -> None:
    async def fill(batch: adorm.Batch[Order], first: int) -> None:
        for number in range(first, 100, 5):
            await batch.put(order(number))

    async with orders.batch() as batch, anyio.create_task_group() as tasks:
        await batch.put(order(0, "first"))
        for first in range(5):
            tasks.start_soon(fill, batch, first)
    async with orders.batch() as batch:
        await batch.put(order(7, "last but one"))
        await batch.delete(*key(8))
        await batch.put(order(7, "last"))
    got = await orders.batch_get([key(number) for number in range(100)])
    assert len(got.items) == 99
    assert [each.values for each in got.missing] == [key(8)]
    assert (got.items[0].status, got.items[7].status) == ("open", "last")


async def test_a_body_that_raises_keeps_what_was_sent(orders: adorm.Table[Order]) -> None:
    with pytest.raises(ZeroDivisionError):
        async with orders.batch() as batch:
            for number in range(30):
                await batch.put(order(number))
            raise ZeroDivisionError
    assert len((await orders.batch_get([key(number) for number in range(30)])).items) == 25


async def test_puts_of_an_async_iterable(orders: adorm.Table[Order]) -> None:
    async def source() -> AsyncIterator[Order]:
        for number in range(60):
            yield order(number)

    assert (await orders.batch_write(puts=source(), deletes=[("c", "o")])).written == 61
    assert len((await orders.batch_get([key(number) for number in range(60)])).items) == 60


async def test_a_loader_reads_for_many(orders: adorm.Table[Order]) -> None:
    await orders.batch_write(puts=[order(number) for number in range(40)])
    found: dict[int, Order | None] = {}

    async def load(loader: adorm.Loader[Order], number: int) -> None:
        found[number] = await loader.load(*key(number))

    async with orders.loader() as loader, anyio.create_task_group() as tasks:
        for number in range(45):
            tasks.start_soon(load, loader, number)
    assert [each and each.order_id for _, each in sorted(found.items())] == [
        key(number)[1] if number < 40 else None for number in range(45)
    ]


async def test_many_updates_and_inserts(orders: adorm.Table[Order]) -> None:
    items = [order(number) for number in range(20)]
    created = await orders.create_many([*items[:10]])
    assert created.items == items[:10]
    again = await orders.create_many(items).collect_errors()
    assert again.items == items[10:]
    assert {type(error) for error in again.errors} == {adorm.ItemExists}
    done = (
        await orders.update_many([key(number) for number in range(25)])
        .set(Order.status, "paid")
        .when(Order.total >= 10)
        .collect_errors()
    )
    assert sorted(each.values[1] for each in done.updated) == [
        f"o{number:04}" for number in range(10, 20)
    ]
    assert sorted({type(error).__name__ for error in done.errors}) == [
        "ConditionalCheckFailed",
        "ItemNotFound",
    ]


async def test_inserts_as_transactions_are_whole(
    orders: adorm.Table[Order], engine: Engine
) -> None:
    size = 20 if engine.is_moto else 110
    await orders.create(order(3))
    items = [order(number) for number in range(size)]
    done = await orders.create_many(items, transact=True).collect_errors()
    error = done.errors[0]
    assert isinstance(error, adorm.TransactionCanceled)
    assert [number for number, reason in enumerate(error.reasons) if reason.error] == [3]
    assert [each.order_id for each in done.items] == [each.order_id for each in items[100:]]
    stored = await orders.batch_get([key(number) for number in range(size)])
    assert [each.order_id for each in stored.items] == [
        items[3].order_id,
        *(each.order_id for each in items[100:]),
    ]


async def test_gather_gives_each_its_type_and_one_group_of_errors(
    db: adorm.Database, orders: adorm.Table[Order]
) -> None:
    await orders.batch_write(puts=[order(number) for number in range(9)])
    one, many, count = await db.gather(
        orders.get(*key(1)), orders.query("c0"), orders.query("c2").count(), limit=2
    )
    assert (one.order_id, len(many), count) == ("o0001", 3, 3)
    with pytest.raises(adorm.GatherFailed) as caught:
        await db.gather(orders.get(*key(1)), orders.get("no", "thing"), orders.create(order(2)))
    # The first to fail stops the reads, so that either may be the only one.
    assert {type(error) for error in caught.value.exceptions} <= {
        adorm.ItemNotFound,
        adorm.ItemExists,
    }


async def test_unprocessed_parts_lost_answers_and_throttles_change_nothing_in_the_end(
    engine: Engine,
) -> None:
    faults, recorder = Faults(), Recorder()
    # More attempts than there are faults: which chunk meets them is up to the moment.
    retry = adorm.RetryPolicy(max_attempts=20, base_delay_s=0.001, max_delay_s=0.01)
    async with engine.connect(wrap=behind(recorder, faults), retry=retry) as db:
        await db.create_table(Order)
        orders = db.table(Order)
        faults.on("BatchWriteItem", "BatchGetItem").unprocessed(share=0.3)
        faults.on("BatchWriteItem", "BatchGetItem", call=range(2, 40, 5)).throttle()
        faults.on("BatchWriteItem", call=[3, 9]).drop(applied=True)
        faults.on("BatchWriteItem", call=[4, 8]).drop(applied=False)
        puts = [order(number % 150, str(number)) for number in range(200)]
        async with leaves_nothing_behind(recorder):
            done = await orders.batch_write(
                puts=puts, deletes=[key(number) for number in range(300, 310)]
            )
        assert (done.written, done.unprocessed) == (160, [])
        keys = [key(number * 7 % 150) for number in range(200)]
        async with leaves_nothing_behind(recorder):
            got = await orders.batch_get(keys)
        assert [(each.customer_id, each.order_id) for each in got.items] == keys
        assert [each.status for each in got.items] == [
            str(n + 150 if (n := number * 7 % 150) < 50 else n) for number in range(200)
        ]


@pytest.mark.parametrize("what", ["get", "write", "gather"])
async def test_cancelled_at_any_request_nothing_is_left_and_the_pool_is_usable(
    engine: Engine, what: str
) -> None:
    faults, recorder = Faults(), Recorder()
    async with engine.connect(
        wrap=behind(recorder, faults), **({"max_connections": 3} if engine.name == "wire" else {})
    ) as db:
        await db.create_table(Order)
        orders = db.table(Order)
        await orders.batch_write(puts=[order(number) for number in range(60)])
        for number in range(1, 4):
            recorder.clear()
            async with leaves_nothing_behind(recorder, db):
                with anyio.CancelScope() as scope:
                    faults.on(call=number).cancel(scope)
                    if what == "get":
                        await orders.batch_get([key(number) for number in range(350)]).concurrency(
                            2
                        )
                    elif what == "write":
                        await orders.batch_write(
                            puts=[order(number) for number in range(100)]
                        ).concurrency(2)
                    else:
                        await db.gather(
                            [orders.put(order(number)).unchecked() for number in range(8)], limit=2
                        )
            faults.clear()
            assert scope.cancelled_caught
        assert (await orders.get(*key(1))).order_id == "o0001"
