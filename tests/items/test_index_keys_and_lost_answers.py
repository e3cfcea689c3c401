"""Lost answers leave the keys of indexes right, whatever was written."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from decimal import Decimal
from random import Random
from typing import Any

import pytest

import adorm
from adorm.testing import Attempt
from tests.support.keyed_models import (
    Order,
    Status,
    changed,
    order,
    stale_items,
)
from tests.support.recorded import RecordedDatabase

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("seed", range(6))
async def test_lost_answers_leave_the_keys_right(seed: int) -> None:
    chance, bench = Random(seed), RecordedDatabase()
    async with bench.db:
        await bench.db.create_table(Order)
        orders = bench.db.table(Order)
        await orders.batch_write(puts=[order(order_id=str(number)) for number in range(3)])

        async def lose_some(attempt: Attempt) -> dict[str, Any]:
            fate = chance.random()
            if fate < 0.2:
                raise adorm.ConnectionFailed("lost before", maybe_applied=True)
            answer = await attempt.send()
            if fate < 0.4:
                raise adorm.ConnectionFailed("lost after", maybe_applied=True)
            return answer

        bench.faults.on("PutItem", "UpdateItem", "TransactWriteItems").run(lose_some)

        async def write(number: int) -> None:
            order_id, value = str(chance.randrange(3)), Decimal(chance.randrange(10))
            update = orders.update("ada", order_id)
            read = await orders.get_or_none("ada", order_id)
            with suppress(adorm.AdormError):
                if read is None or number % 7 == 0:
                    await orders.get_or_create(order(order_id=order_id, total=value))
                elif number % 7 == 1:
                    await update.set(Order.total, value).reading()
                elif number % 7 == 2:
                    read.total, read.place = value, str(value)
                    await orders.save(read)
                elif number % 7 == 3:
                    read.status = Status.SENT
                    await orders.save(read, only=[Order.status])
                elif number % 7 == 4:
                    async with bench.db.transaction() as tx:
                        tx.update(Order.key("ada", order_id)).set(Order.place, str(value))
                elif number % 7 == 5:
                    await orders.move(read, changed(read, order_id=str(chance.randrange(3))))
                else:
                    await orders.update_or_create(
                        order(order_id=order_id, place=str(value)), only=[Order.place]
                    )

        async with asyncio.TaskGroup() as group:
            for number in range(120):
                group.create_task(write(number))
        assert not await stale_items(bench.db, Order)
