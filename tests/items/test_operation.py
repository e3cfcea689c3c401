"""What every operation can do."""

from __future__ import annotations

import asyncio
import inspect

import pytest

import adorm

pytestmark = pytest.mark.anyio


@adorm.model(table="orders")
class Order:
    order_id: str = adorm.partition_key()
    total: int = 0


async def test_operations_run_as_tasks_of_a_task_group(adorm_db: adorm.Database) -> None:
    await adorm_db.ensure_table(Order)
    orders = adorm_db.table(Order)
    async with asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(orders.put(Order(order_id=f"o{number}", total=number)).run())
    async with asyncio.TaskGroup() as group:
        got = group.create_task(orders.get("o1").run(), name="get")
        counted = group.create_task(orders.scan().count().run())
        page = group.create_task(orders.scan().page().run())
        batch = group.create_task(orders.batch_get(["o0", "o9"]).run())
        collected = group.create_task(orders.scan().collect_errors().run())
        updated = group.create_task(orders.update("o2").add(Order.total, 5).returning("new").run())
    assert (got.result().total, counted.result(), page.result().count) == (1, 3, 3)
    assert (len(batch.result().items), len(collected.result().items), updated.result().total) == (
        1,
        3,
        7,
    )


async def test_each_run_is_a_coroutine_of_its_own(adorm_db: adorm.Database) -> None:
    await adorm_db.ensure_table(Order)
    get = adorm_db.table(Order).get_or_none("o1")
    one, two = get.run(), get.run()
    assert inspect.iscoroutine(one)
    assert await one is None
    assert await two is None
    assert await get is None
