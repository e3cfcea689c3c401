"""What a handler leaves behind is told of, and ended before the process can be frozen with it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
from collections.abc import AsyncGenerator
from typing import Any

import pytest

import adorm
from tests.aws_lambda.handlers import Made
from tests.support.fake_lambda import FakeContext


async def forever(secret: str = "") -> None:
    await asyncio.Event().wait()


def test_a_task_left_running_is_named_and_cancelled(
    made: Made, caplog: pytest.LogCaptureFixture
) -> None:
    tasks: list[asyncio.Task[None]] = []

    async def leaving(event: Any, context: object, db: adorm.Database) -> str:
        tasks.append(asyncio.create_task(forever("card 4111"), name="send receipts"))
        await asyncio.sleep(0)
        return "done"

    assert made(leaving)(None, FakeContext(2000)) == "done"
    assert tasks[0].cancelled()
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "1 background task(s), cancelled now: send receipts (forever)" in record.getMessage()
    assert record.__dict__["adorm_background_tasks"] == ["send receipts"]
    assert "4111" not in caplog.text


def test_nothing_left_nothing_told(made: Made, caplog: pytest.LogCaptureFixture) -> None:
    async def neat(event: Any, context: object, db: adorm.Database) -> None:
        await asyncio.gather(asyncio.sleep(0), asyncio.sleep(0))

    made(neat)(None, FakeContext(2000))
    assert caplog.records == []


def test_many_tasks_are_counted_and_some_named(
    made: Made, caplog: pytest.LogCaptureFixture
) -> None:
    kept: list[object] = []

    async def leaving(event: Any, context: object, db: adorm.Database) -> None:
        kept.extend(
            asyncio.create_task(forever(), name=f"task {number:02}") for number in range(15)
        )

    made(leaving)(None, None)
    assert "15 background task(s)" in caplog.text
    assert "task 09 (forever) and 5 more" in caplog.text


def test_a_task_that_swallows_one_cancellation_is_cancelled_again(made: Made) -> None:
    tasks: list[asyncio.Task[None]] = []

    async def slow() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    async def leaving(event: Any, context: object, db: adorm.Database) -> None:
        tasks.append(asyncio.create_task(slow()))
        await asyncio.sleep(0)

    context = FakeContext(1000)
    made(leaving, reserve_ms=800)(None, context)
    assert tasks[0].cancelled()
    assert time.monotonic() < context.ends_s


def test_a_task_that_ignores_every_cancellation_costs_the_loop_but_not_the_answer(
    made: Made, caplog: pytest.LogCaptureFixture
) -> None:
    turns: list[str] = []
    loops: list[object] = []

    async def stubborn() -> None:
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0.005)
            turns.append("on")

    async def leaving(event: Any, context: object, db: adorm.Database) -> str:
        loops.append(asyncio.get_running_loop())
        if event == "leave":
            loops.append(asyncio.create_task(stubborn(), name="poller"))
        return "done"

    handler = made(leaving, reserve_ms=800)
    context = FakeContext(1000)
    assert handler("leave", context) == "done"
    assert time.monotonic() < context.ends_s
    assert "1 background task(s) of the handler ignore their cancellation: poller (" in caplog.text
    count = len(turns)
    assert handler("well", FakeContext(2000)) == "done"
    assert len(turns) == count
    assert loops[0] is not loops[2]


def test_a_task_that_fails_while_it_is_cancelled_is_told_of_without_its_words(
    made: Made, caplog: pytest.LogCaptureFixture
) -> None:
    kept: list[object] = []

    async def failing() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise LookupError("card 4111")

    async def leaving(event: Any, context: object, db: adorm.Database) -> None:
        kept.append(asyncio.create_task(failing(), name="pay"))
        await asyncio.sleep(0)

    made(leaving)(None, None)
    assert "background task pay (" in caplog.text
    assert "LookupError" in caplog.text
    assert "4111" not in caplog.text


async def counted(closed: list[str]) -> AsyncGenerator[int]:
    try:
        while True:
            yield 1
    finally:
        await asyncio.sleep(0)
        closed.append("closed")


def test_an_async_generator_that_is_dropped_is_finalised_before_the_answer(
    made: Made, caplog: pytest.LogCaptureFixture
) -> None:
    closed: list[str] = []

    async def dropping(event: Any, context: object, db: adorm.Database) -> None:
        async for _ in counted(closed):
            break

    made(dropping)(None, None)
    gc.collect()
    assert closed == ["closed"]
    assert caplog.records == []


def test_an_async_generator_that_is_held_is_closed_before_the_answer(made: Made) -> None:
    closed: list[str] = []
    held: list[AsyncGenerator[int]] = []

    async def holding(event: Any, context: object, db: adorm.Database) -> int:
        held.append(counted(closed))
        return await anext(held[0])

    assert made(holding)(None, None) == 1
    assert closed == ["closed"]


def test_an_async_generator_that_can_not_be_closed_does_no_harm(
    made: Made, caplog: pytest.LogCaptureFixture
) -> None:
    held: list[AsyncGenerator[int]] = []

    async def broken() -> AsyncGenerator[int]:
        try:
            yield 1
        finally:
            raise LookupError("card 4111")

    async def holding(event: Any, context: object, db: adorm.Database) -> int:
        held.append(broken())
        return await anext(held[-1])

    handler = made(holding)
    assert handler(None, None) == 1
    assert handler(None, None) == 1
    assert (
        "an async generator that the handler left failed when it was closed: LookupError"
        in caplog.text
    )
    assert "4111" not in caplog.text


def test_a_task_that_catches_even_its_closing_costs_the_loop_but_not_the_answer(made: Made) -> None:
    """Once no loop runs, its `asyncio.sleep` fails at once, so that it would spin for ever."""

    async def poll() -> None:
        while not over:
            try:
                await asyncio.sleep(3600)
            except:  # noqa: E722  # as pollers have it that are to survive everything
                polled.append(1)

    async def leaving(event: Any, context: object, db: adorm.Database) -> str:
        kept.append(asyncio.create_task(poll()))
        await asyncio.sleep(0)
        return "done"

    kept, polled, over = list[object](), list[int](), list[bool]()
    handler = made(leaving)
    try:
        assert handler(None, FakeContext(800)) == "done"
        assert 0 < len(polled) < 10
        assert handler(None, FakeContext(800)) == "done"
    finally:
        over.append(True)  # or Python, which closes it when the process ends, would spin in it


def test_a_task_that_ends_the_program_as_it_is_cancelled_leaves_a_new_loop_to_the_next_invocation(
    made: Made,
) -> None:
    async def exits() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise SystemExit(4) from None

    async def leaving(event: Any, context: object, db: adorm.Database) -> str:
        if event:
            kept.append(asyncio.create_task(exits()))
        await asyncio.sleep(0)
        return "done"

    kept: list[object] = []
    handler = made(leaving)
    with pytest.raises(SystemExit):
        handler(True, FakeContext(2000))
    assert handler(None, FakeContext(2000)) == "done"


def test_a_handler_that_cancels_itself_at_its_end_has_failed(made: Made) -> None:
    async def cancelling(event: Any, context: object, db: adorm.Database) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()

    with pytest.raises(adorm.AdormError, match="somebody cancelled"):
        made(cancelling)(None, FakeContext(2000))
