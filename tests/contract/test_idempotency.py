"""Idempotent functions on every engine."""

from __future__ import annotations

from decimal import Decimal

import anyio
import pytest

import adorm
from tests.support.shop import Line

pytestmark = pytest.mark.anyio


async def test_a_function_runs_once_for_a_key(db: adorm.Database) -> None:
    await db.ensure_table(adorm.IdempotencyRecord)
    runs: list[str] = []
    inside, go_on = anyio.Event(), anyio.Event()

    @adorm.idempotent(key="order_id", payload="amount")
    async def charge(order_id: str, amount: int, db: adorm.Database) -> list[Line]:
        runs.append(order_id)
        inside.set()
        await go_on.wait()
        return [Line(sku=order_id, quantity=amount, price=Decimal("1.50"))]

    refused: list[adorm.IdempotencyInProgress] = []
    first: list[list[Line]] = []

    async def begin() -> None:
        first.append(await charge("o1", 2, db))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(begin)
        await inside.wait()
        try:
            await charge("o1", 2, db)
        except adorm.IdempotencyInProgress as error:
            refused.append(error)
        go_on.set()
    assert 55 < refused[0].retry_after_s <= 62
    assert [await charge("o1", 2, db), runs] == [first[0], ["o1"]]
    with pytest.raises(adorm.IdempotencyMismatch):
        await charge("o1", 3, db)


async def test_a_failure_frees_its_key(db: adorm.Database) -> None:
    await db.ensure_table(adorm.IdempotencyRecord)
    problems: list[Exception] = [LookupError("mine")]

    @adorm.idempotent(key=lambda number: (number, "x"), lease_s=1.5)
    async def work(number: int, db: adorm.Database) -> int:
        if problems:
            raise problems.pop()
        return number

    with pytest.raises(LookupError, match="mine"):
        await work(1, db)
    assert [await work(1, db), await work(1, db)] == [1, 1]
