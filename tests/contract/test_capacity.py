"""What calls consume, as the engines report it: in blocks, and in every result.

moto invents its figures: for batches, consistent reads, indexes and transactions they are held to
nothing.
"""

from __future__ import annotations

import pytest

import adorm
from tests.support.engines import Engine
from tests.support.shop import Counter, Order

pytestmark = pytest.mark.anyio


@pytest.fixture
async def orders(db: adorm.Database) -> adorm.Table[Order]:
    await db.create_table(Order)
    await db.create_table(Counter)
    return db.table(Order)


def some(count: int, customer: str = "c1") -> list[Order]:
    return [Order(customer_id=customer, order_id=f"o{number:03}") for number in range(count)]


async def test_a_block_tells_what_single_calls_consumed(
    engine: Engine, db: adorm.Database, orders: adorm.Table[Order]
) -> None:
    async with db.capacity() as used:
        await orders.create(some(1)[0])
        async with db.capacity() as reading:
            await orders.get("c1", "o000").consistent()
            assert len(await orders.query("c1")) == 1
        await db.table(Counter).update("a").add(Counter.value, 1).upsert()
        await orders.delete("c1", "o000")
    assert reading.by_operation.keys() == {"GetItem", "Query"}
    assert reading.by_operation["GetItem"].read == (0.5 if engine.is_moto else 1.0)
    assert reading.write_units == 0
    assert used.read_units == reading.read_units
    assert used.write_units >= (2 if engine.is_moto else 3)
    if (
        engine.is_exact
    ):  # the table, by-status and by-total: an order is written and deleted; and the counter
        assert used.write_units == 3 + 1 + 3
        assert used.by_index[orders.name, "by-status"].write == 2
        assert reading.by_operation["Query"].read == 0.5
    assert used.by_table.keys() == {orders.name, db.table(Counter).name}
    assert used.by_table[db.table(Counter).name].write == (0.5 if engine.is_moto else 1.0)
    assert used.price() == pytest.approx((used.read_units * 0.125 + used.write_units * 0.625) / 1e6)
    if not engine.is_moto:
        assert used.by_index[orders.name, "by-status"].write >= 1


async def test_a_failed_condition_s_consumption_is_not_told(
    db: adorm.Database, orders: adorm.Table[Order]
) -> None:
    await orders.create(some(1)[0])
    async with db.capacity() as used:
        with pytest.raises(adorm.ItemExists):
            await orders.create(some(1)[0])
    assert used.total == adorm.Units()


async def test_results_of_batches_tell(
    engine: Engine, db: adorm.Database, orders: adorm.Table[Order]
) -> None:
    written = await orders.batch_write(puts=some(30))
    assert written.capacity.write_units >= (1 if engine.is_moto else 30)
    if engine.is_exact:
        assert written.capacity.write_units == 30 * 3
    assert written.capacity.by_operation.keys() == {"BatchWriteItem"}
    async with orders.batch() as batch:
        await batch.delete("c1", "o029")
    assert batch.result.capacity.write_units >= 1
    got = await orders.batch_get([("c1", f"o{number:03}") for number in range(29)]).consistent()
    few = await orders.batch_get([("c1", "o000")]).select(Order.status).collect_errors()
    if not engine.is_ministack:  # its BatchGetItem tells no capacity
        assert got.capacity.by_table[orders.name] == got.capacity.total
        assert got.capacity.read_units == 29.0
        assert few.capacity.read_units == (1.0 if engine.is_moto else 0.5)
    created = await orders.create_many(some(2, "c2"))
    assert created.capacity.by_operation.keys() == {"PutItem"}
    together = await orders.create_many(some(2, "c3"), transact=True)
    if not engine.is_moto:
        assert together.capacity.by_operation.keys() == {"TransactWriteItems"}
        assert together.capacity.write_units >= 4
    updated = await orders.update_many([("c2", "o000"), ("c2", "o001")]).set(Order.status, "paid")
    assert updated.capacity.by_operation.keys() == {"UpdateItem"}
    gathered = await db.gather(
        orders.get("c1", "o000"), orders.get("c9", "o000"), collect_errors=True
    )
    assert len(gathered.errors) == 1
    assert gathered.capacity.by_operation == {"GetItem": adorm.Units(read=1.0)}


async def test_scans_streams_pages_and_transactions_tell(
    engine: Engine, db: adorm.Database, orders: adorm.Table[Order]
) -> None:
    await orders.batch_write(puts=some(20))
    async with orders.scan().segments(2).stream() as rows:
        assert len([row async for row in rows]) == 20
    assert rows.capacity.read_units > 0
    assert rows.capacity.by_operation.keys() == {"Scan"}
    result = await orders.scan().segments(2).collect_errors()
    assert result.capacity.read_units == rows.capacity.read_units
    async with orders.query("c1").page_size(10).stream() as found:
        assert len([row async for row in found]) == 20
    assert found.capacity.read_units > 0
    async with db.capacity() as used:
        page = await orders.query().where(Order.status == "open").index("by-status").limit(5).page()
    assert page.capacity == used.read_units > 0
    if not engine.is_moto:
        assert used.by_index[orders.name, "by-status"].read == page.capacity
    async with db.transaction() as tx:
        tx.create(some(1, "c4")[0])
        tx.update(Counter, "a").set(Counter.value, 1).upsert()
    if not engine.is_moto:
        assert tx.capacity.by_table.keys() == {orders.name, db.table(Counter).name}
        assert tx.capacity.write_units >= 4
    if engine.is_exact:  # twice what it is outside of a transaction
        assert tx.capacity.by_table[db.table(Counter).name].write == 2


async def test_a_page_of_an_index_counts_the_whole_items_too(
    engine: Engine, db: adorm.Database, orders: adorm.Table[Order]
) -> None:
    await orders.batch_write(
        puts=[Order(customer_id="c1", order_id=f"o{number}", note="x") for number in range(4)]
    )
    query = orders.query().where(Order.note == "x").index("by-note").hydrate()
    async with db.capacity() as used:
        page = await query.page()
    assert page.capacity == used.read_units
    if not engine.is_ministack:  # its BatchGetItem tells no capacity
        assert used.by_operation["BatchGetItem"].read == (4.0 if engine.is_moto else 2.0)
    async with db.capacity() as used, query.stream() as rows:
        assert len([row async for row in rows]) == 4
    assert rows.capacity.total == used.total
