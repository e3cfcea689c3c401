"""Every read meets every fault, at its first request and at a later page.

It gives the right answer, or an error that does not say `maybe_applied`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from itertools import product
from typing import Any

import attrs
import pytest

import adorm
from tests.faults.bench import ATTEMPTS, FAULTS, WAITS, Fault, World, bench, faults_and_times
from tests.support.shop import Order

pytestmark = pytest.mark.anyio

ORDERS = 5


@attrs.frozen(eq=False)
class ReadCase:
    """A read of a partition of five orders."""

    name: str
    operation: str
    act: Callable[[adorm.Table[Order]], Awaitable[Any]]
    requests: int = 1
    subject: str = "orders"


async def _looped(rows: Any) -> list[Order]:
    return [row async for row in rows]


async def _streamed(query: adorm.Query[Order] | adorm.Scan[Order]) -> list[Order]:
    async with query.stream() as rows:
        return [row async for row in rows]


async def _paged(query: adorm.Query[Order]) -> list[list[Order]]:
    pages = [await query.page()]
    while pages[-1].cursor is not None:
        pages.append(await query.page(pages[-1].cursor))
    return [page.items for page in pages]


READS: Sequence[ReadCase] = (
    ReadCase("get", "GetItem", lambda orders: orders.get("c1", "o1"), subject="Order c1/o1"),
    ReadCase(
        "get consistently",
        "GetItem",
        lambda orders: orders.get("c1", "o1").consistent(),
        subject="Order c1/o1",
    ),
    ReadCase(
        "get or none",
        "GetItem",
        lambda orders: orders.get_or_none("c1", "nothing"),
        subject="Order c1/nothing",
    ),
    ReadCase("exists", "GetItem", lambda orders: orders.exists("c1", "o1"), subject="Order c1/o1"),
    ReadCase("query", "Query", lambda orders: orders.query("c1").page_size(2), 3),
    ReadCase(
        "query in a loop",
        "Query",
        lambda orders: _looped(orders.query("c1").page_size(2).descending()),
        3,
    ),
    ReadCase(
        "query in a stream", "Query", lambda orders: _streamed(orders.query("c1").page_size(2)), 3
    ),
    ReadCase("query page by page", "Query", lambda orders: _paged(orders.query("c1").limit(2)), 3),
    ReadCase(
        "query with a filter and a limit",
        "Query",
        lambda orders: orders.query("c1").page_size(2).filter(Order.total > 1).limit(3),
        3,
    ),
    ReadCase("first", "Query", lambda orders: orders.query("c1").first()),
    ReadCase("one", "Query", lambda orders: orders.query("c1").where(Order.order_id == "o3").one()),
    ReadCase("count", "Query", lambda orders: orders.query("c1").page_size(2).count(), 3),
    ReadCase("sum", "Query", lambda orders: orders.query("c1").page_size(2).sum(Order.total), 3),
    ReadCase(
        "select",
        "Query",
        lambda orders: orders.query("c1").page_size(2).select(Order.order_id, Order.total),
        3,
    ),
    ReadCase(
        "query of an index",
        "Query",
        lambda orders: orders.query().where(Order.status == "open").page_size(2),
        3,
    ),
    ReadCase(
        "hydrate",
        "Query",
        lambda orders: orders.query().where(Order.note == "n").page_size(2).hydrate(),
        3,
    ),
    ReadCase(
        "the keys' items",
        "BatchGetItem",
        lambda orders: orders.query().where(Order.note == "n").page_size(2).hydrate(),
        3,
    ),
    ReadCase("scan", "Scan", lambda orders: orders.scan().page_size(2), 3),
    ReadCase("scan in a stream", "Scan", lambda orders: _streamed(orders.scan().page_size(2)), 3),
)


async def fill(world: World) -> adorm.Table[Order]:
    stored = world.direct.table(Order)
    for number in range(ORDERS):
        await stored.put(
            Order(customer_id="c1", order_id=f"o{number}", total=Decimal(number), note="n")
        )
    world.restart()
    return world.db.table(Order)


@pytest.mark.parametrize("case", READS, ids=lambda case: case.name)
async def test_a_read_answers_right_or_tells_that_it_failed(case: ReadCase) -> None:
    async with bench() as world:
        orders = await fill(world)
        expected = await case.act(orders)
        undisturbed = world.requests
        assert world.server.operations.count(case.operation) == case.requests
        for (fault, times), at in product(faults_and_times(), sorted({1, case.requests})):
            if at == 1 < case.requests and times > 1:
                continue  # in series at the last page only
            world.restart()
            for number in range(times):
                world.server.script(case.operation, fault.step, call=at + number)
            try:
                await check_fault(
                    world, case, fault, expected, times=times, undisturbed=undisturbed
                )
            except BaseException as error:
                error.add_note(f"the fault: {fault.name}, {times} times, from request {at} on")
                raise
            assert not world.table.writes


async def check_fault(
    world: World, case: ReadCase, fault: Fault, expected: object, *, times: int, undisturbed: int
) -> None:
    orders = world.db.table(Order)
    if times < ATTEMPTS:
        assert await case.act(orders) == expected
        assert world.requests == undisturbed + times
        assert world.sleeps == WAITS[:times]
        return
    with pytest.raises(fault.error) as caught:
        await case.act(orders)
    error = caught.value
    assert isinstance(error, (adorm.ServiceError, adorm.ConnectionFailed))
    assert error.maybe_applied is False
    assert "applied" not in str(error)
    assert (error.operation, error.subject, error.attempts) == (
        case.operation,
        case.subject,
        ATTEMPTS,
    )
    assert str(error).startswith(f"{case.operation} on {case.subject}: ")
    assert f"attempts: {ATTEMPTS}" in str(error)
    assert world.sleeps == WAITS


async def test_a_page_that_failed_can_be_asked_for_again_where_the_reading_stopped() -> None:
    async with bench() as world:
        orders = await fill(world)
        for number in range(2, 2 + ATTEMPTS):
            world.server.script("Query", FAULTS[0].step, call=number)
        rows = aiter(orders.query("c1").page_size(2))
        got = [(await anext(rows)).order_id, (await anext(rows)).order_id]
        with pytest.raises(adorm.Throttled):
            await anext(rows)
        got.extend([row.order_id async for row in rows])
        assert got == ["o0", "o1", "o2", "o3", "o4"]


async def test_keys_left_unprocessed_are_asked_for_again_after_a_wait() -> None:
    async with bench() as world:
        orders = await fill(world)
        keys = [
            {"customer_id": {"S": "c1"}, "order_id": {"S": f"o{number}"}}
            for number in range(ORDERS)
        ]
        world.script(
            "BatchGetItem", {"Responses": {}, "UnprocessedKeys": {"orders": {"Keys": keys}}}
        )
        items = await orders.query().where(Order.note == "n").hydrate()
        assert {item.order_id for item in items} == {"o0", "o1", "o2", "o3", "o4"}
        assert world.server.operations == ["Query", "BatchGetItem", "BatchGetItem"]
        assert len(world.sleeps) == 1
