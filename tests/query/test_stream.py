"""Iteration over queries and scans, page after page."""

from __future__ import annotations

import anyio
import pytest

import adorm
from tests.support.shop import Counter

pytestmark = pytest.mark.anyio


async def test_tasks_that_share_an_iteration_get_each_item_once() -> None:
    async with adorm.connect("memory") as db:
        await db.create_table(Counter)
        counters = db.table(Counter)
        await counters.batch_write(puts=[Counter(name=f"c{number}") for number in range(20)])
        shared = counters.scan().page_size(3).__aiter__()
        given: list[str] = []

        async def work() -> None:
            async for counter in shared:
                given.append(counter.name)
                await anyio.lowlevel.checkpoint()

        async with anyio.create_task_group() as workers:
            for _ in range(4):
                workers.start_soon(work)
    assert sorted(given) == sorted(f"c{number}" for number in range(20))


async def test_a_task_that_stops_waiting_for_a_page_leaves_it_to_the_others() -> None:
    async with adorm.connect("memory") as db:
        await db.create_table(Counter)
        counters = db.table(Counter)
        await counters.batch_write(puts=[Counter(name=f"c{number}") for number in range(6)])
        shared = counters.scan().page_size(2).__aiter__()
        with anyio.CancelScope() as scope:
            scope.cancel()
            await anext(shared)
        assert len([counter async for counter in shared]) == 6
