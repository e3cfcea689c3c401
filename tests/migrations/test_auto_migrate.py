"""`db.auto_migrate(...)`: tables and their items are brought to their models."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

import adorm
from adorm.errors import MigrationFailed, UsageError
from tests.migrations.test_new_table_races import NewOrder, OldOrder, converted
from tests.support.recorded import RecordedDatabase

pytestmark = pytest.mark.anyio


@adorm.model(
    table="old_orders", indexes=[adorm.GlobalIndex("by-city", partition="city", sort="total")]
)
class IndexedOrder:
    order_id: str = adorm.partition_key()
    total: int = 0
    city: str = ""


@adorm.model(table="old_orders")
class OtherKey:
    another: str = adorm.partition_key()


@pytest.fixture
async def bench() -> AsyncIterator[RecordedDatabase]:
    bench = RecordedDatabase()
    async with bench.db:
        yield bench


async def fill(bench: RecordedDatabase) -> None:
    await bench.db.auto_migrate(OldOrder)
    for number in range(5):
        await bench.db.table(OldOrder).put(OldOrder(order_id=f"o{number}", total=number))


async def test_the_table_is_created_then_changed_as_far_as_that_is_safe(
    bench: RecordedDatabase,
) -> None:
    await fill(bench)
    report = await bench.db.auto_migrate(OldOrder)
    assert (report.read, report.changed) == (0, 0)
    await bench.db.auto_migrate(IndexedOrder)
    assert (await bench.db.diff(IndexedOrder)).is_empty
    bench.sent()
    with pytest.raises(UsageError, match="auto_migrate does only what is safe"):
        await bench.db.auto_migrate(OtherKey)
    assert "UpdateTable" not in bench.sent()


async def test_items_are_migrated_in_place(bench: RecordedDatabase) -> None:
    await fill(bench)

    def name_city(order: OldOrder) -> OldOrder:
        order.city = order.city or "unknown"
        return order

    report = await bench.db.auto_migrate(OldOrder, transform=name_city)
    assert report.changed == 5
    assert {order.city for order in await bench.db.table(OldOrder).scan()} == {"unknown"}


async def test_items_are_copied_after_a_backup_and_compared(bench: RecordedDatabase) -> None:
    await fill(bench)
    bench.sent()
    report = await bench.db.auto_migrate(
        OldOrder, to=NewOrder, transform=converted, backup="orders-bak"
    )
    assert report.changed == 5
    sent = bench.sent()
    assert sent[0] == "CreateBackup"
    assert not any(operation.startswith("Delete") for operation in sent)
    assert await bench.db.table(NewOrder).scan().count() == 5
    assert await bench.db.table(OldOrder).scan().count() == 5


async def test_without_backups_the_backup_is_a_copy(bench: RecordedDatabase) -> None:
    await fill(bench)
    bench.faults.on("CreateBackup").refuse("UnknownOperationException")
    await bench.db.auto_migrate(OldOrder, to=NewOrder, transform=converted, backup="orders-bak")
    assert await bench.db.table(OldOrder, name="orders-bak").scan().count() == 5
    with pytest.raises(UsageError, match="copy in table orders-bak, which exists"):
        await bench.db.auto_migrate(OldOrder, to=NewOrder, transform=converted, backup="orders-bak")


async def test_a_transform_that_fails_leaves_the_source_as_it_was(bench: RecordedDatabase) -> None:
    await fill(bench)

    def strict(order: OldOrder) -> NewOrder | None:
        if order.total == 3:
            raise ValueError("three")
        return converted(order)

    before = await bench.db.table(OldOrder).scan()
    with pytest.raises(MigrationFailed, match="three"):
        await bench.db.auto_migrate(OldOrder, to=NewOrder, transform=strict)
    assert await bench.db.table(OldOrder).scan() == before


async def test_arguments_that_do_not_go_together(bench: RecordedDatabase) -> None:
    await fill(bench)
    with pytest.raises(UsageError, match="needs transform="):
        await bench.db.auto_migrate(OldOrder, to=NewOrder)
    with pytest.raises(UsageError, match="have the same table"):
        await bench.db.auto_migrate(OldOrder, to=IndexedOrder, transform=converted)
