"""A Lambda's life: 200 invocations with random limits, freezes, failures, deadlines and lost
connections.

Each answers or fails before its limit, and nothing piles up: no task, no socket, no memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import time
import tracemalloc
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest

import adorm
from adorm.lambda_runtime import LambdaHandler
from adorm.testing import FakeClock
from tests.support.fake_lambda import FakeContext, ServerInThread
from tests.support.loopback import Drop, ServiceFault, Silence, Step

INVOCATIONS = 200
WARM_AFTER = 60
RESERVE_MS = 200
MOST_GROWTH_BYTES = 30_000

WHAT = (
    "well",
    "well",
    "well",
    "many",
    "fail",
    "hang",
    "silent",
    "swallow",
    "lost",
    "lost applied",
    "throttled",
    "leave",
    "leave",
    "short",
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@adorm.model(table="orders")
class Order:
    order_id: str = adorm.partition_key()
    total: int = 0


async def forever() -> None:
    await asyncio.Event().wait()


async def numbers() -> AsyncGenerator[int]:
    for number in range(10):
        await asyncio.sleep(0)
        yield number


async def work(event: dict[str, Any], context: object, db: adorm.Database) -> str:
    orders, what = db.table(Order), event["what"]
    await orders.put(Order(order_id=event["id"]))
    match what:
        case "fail":
            raise LookupError("no stock")
        case "many":
            async with asyncio.TaskGroup() as tasks:
                for number in range(20):
                    tasks.create_task(put(orders, f"{event['id']}-{number}"))
        case "hang":
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(forever())
                tasks.create_task(forever())
        case "swallow":
            with contextlib.suppress(asyncio.CancelledError):
                await forever()
            await forever()
        case "stubborn":
            while True:
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.sleep(0.01)
        case "leave":
            kept = [asyncio.create_task(forever(), name=f"task {number}") for number in range(3)]
            async for number in numbers():
                if number == 2:
                    break
            return f"done, {len(kept)} left"
        case _:
            pass
    return "done"


async def put(orders: adorm.Table[Order], order_id: str) -> None:
    await orders.put(Order(order_id=order_id))


STEPS: dict[str, Step] = {
    "silent": Silence(),
    "lost": Drop("headers"),
    "lost applied": Drop("request"),
    "throttled": ServiceFault("ThrottlingException"),
}
ENDLESS = {"hang", "silent", "swallow", "stubborn"}
ENDS_BY: dict[str, tuple[type[Exception], ...]] = {
    "fail": (LookupError,),
    "hang": (adorm.DeadlineExceeded,),
    "silent": (adorm.DeadlineExceeded,),
    "swallow": (adorm.DeadlineExceeded,),
    "stubborn": (adorm.DeadlineExceeded,),
    "short": (adorm.DeadlineExceeded,),
}


applied: Counter[str] = Counter()
"""How often each order was written."""


def table(operation: str, body: dict[str, Any]) -> dict[str, Any]:
    applied[body["Item"]["order_id"]["S"]] += 1
    return {}


@pytest.fixture
def server() -> Iterator[ServerInThread]:
    with ServerInThread(table) as server:
        logging.disable(logging.ERROR)  # pytest keeps what is logged
        tracemalloc.start()
        yield server
        tracemalloc.stop()
        logging.disable(logging.NOTSET)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_life_of_two_hundred_invocations_leaves_nothing_behind(
    seed: int, server: ServerInThread
) -> None:
    random, clock = Random(seed), FakeClock()
    handler = adorm.lambda_handler(
        models=[Order],
        reserve_ms=RESERVE_MS,
        connect=lambda: server.connect(clock=clock, max_connections=8),
    )(work)
    seen: Counter[str] = Counter()
    before = (0, 0)
    for number in range(INVOCATIONS):
        what = "stubborn" if number % 50 == 25 else random.choice(WHAT)
        if what in STEPS:
            server.call(partial(server.server.script, "PutItem", STEPS[what]))
        limit_ms = (
            random.randrange(RESERVE_MS)
            if what == "short"
            else (250 if what in ENDLESS else 3000) + random.randrange(150)
        )
        context = FakeContext(limit_ms)
        ended = invoke(handler, {"what": what, "id": f"o{number}"}, context)
        assert time.monotonic() < context.ends_s or what == "short", (
            f"{what}: the limit of {limit_ms} ms was passed"
        )
        assert isinstance(ended, ENDS_BY.get(what, str)), f"{what}: {ended!r}"
        seen[what] += 1
        if what in ("well", "fail", "leave", "lost", "throttled"):
            assert applied[f"o{number}"] == 1, f"{what}: a write was lost or doubled"
        loop = cast("Any", handler).invocations._loop
        assert loop is None or not loop.tasks()
        match random.randrange(6):
            case 0:
                server.close_idle()
            case 1:
                clock.advance(random.randrange(5, 10_000))
            case _:
                pass
        forget(server, clock)
        if number == WARM_AFTER:
            before = held(handler, server, clock)
    sockets_now, bytes_now = held(handler, server, clock)
    assert sum(seen.values()) == INVOCATIONS
    assert len(seen) == len(set(WHAT)) + 1
    assert sockets_now == before[0], "sockets are left open"
    assert bytes_now - before[1] < MOST_GROWTH_BYTES
    handler.close()
    server.wait(server.server.all_closed())


def invoke(
    handler: LambdaHandler[Any, Any, str], event: dict[str, Any], context: FakeContext
) -> str | Exception:
    try:
        return handler(event, context)
    except Exception as error:  # noqa: BLE001  # what Lambda would report
        return error.with_traceback(None)


def forget(server: ServerInThread, clock: FakeClock) -> None:
    """What the test's own things keep of each invocation."""
    server.call(server.server.requests.clear)
    applied.clear()
    clock.sleeps.clear()


def held(
    handler: LambdaHandler[Any, Any, str], server: ServerInThread, clock: FakeClock
) -> tuple[int, int]:
    """Open files, and bytes in Python objects, with one connection open."""
    server.close_idle()
    assert handler({"what": "well", "id": "o"}, None) == "done"
    forget(server, clock)
    gc.collect()
    return sum(1 for _ in Path("/proc/self/fd").iterdir()), tracemalloc.get_traced_memory()[0]
