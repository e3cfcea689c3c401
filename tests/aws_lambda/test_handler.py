"""Lambda's entry point: what it keeps, when it ends what it runs, and what it refuses."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import inspect
import time
from typing import Any

import pytest

import adorm
from adorm.lambda_runtime import LambdaHandler
from adorm.testing import stream_event, stream_record
from tests.aws_lambda.handlers import Made
from tests.support.fake_lambda import FakeContext, ServerInThread


@adorm.model(table="orders")
class Order:
    order_id: str = adorm.partition_key()


async def echo(event: Any, context: object, db: adorm.Database) -> Any:
    return event


def test_a_handler_answers_synchronously(made: Made) -> None:
    handler = made(echo)
    assert handler({"a": 1}, FakeContext(2000)) == {"a": 1}
    assert handler(event=5, context=None) == 5


def test_without_a_context_there_is_no_deadline(made: Made) -> None:
    async def left(event: Any, context: object, db: adorm.Database) -> float:
        return db.remaining_s()

    handler = made(left)
    assert handler(None, None) == float("inf")
    assert handler(None, object()) == float("inf")


def test_the_deadline_is_the_time_left_less_the_reserve(made: Made) -> None:
    async def left(event: Any, context: object, db: adorm.Database) -> float:
        return db.remaining_s()

    assert 0.5 < made(left, reserve_ms=1000)(None, FakeContext(2000)) < 1.0
    assert 1.3 < made(left)(None, FakeContext(2000)) < 1.5


def test_loop_and_database_are_kept_also_when_an_invocation_fails_or_runs_into_its_deadline(
    made: Made,
) -> None:
    seen: list[tuple[object, object]] = []

    async def work(event: Any, context: object, db: adorm.Database) -> None:
        seen.append((asyncio.get_running_loop(), db))
        if event == "fail":
            raise LookupError("no stock")
        if event == "hang":
            await asyncio.Event().wait()

    handler = made(work, reserve_ms=100)
    handler("well", FakeContext(2000))
    with pytest.raises(LookupError, match="no stock"):
        handler("fail", FakeContext(2000))
    with pytest.raises(adorm.DeadlineExceeded):
        handler("hang", FakeContext(400))
    handler("well", FakeContext(2000))
    assert len(seen) == 4
    assert len(set(seen)) == 1


def test_work_that_is_not_adorms_is_cancelled_in_time_to_answer(made: Made) -> None:
    cleaned: list[str] = []

    async def part(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append(name)

    async def work(event: Any, context: object, db: adorm.Database) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(part("a"))
            tasks.create_task(part("b"))

    context = FakeContext(700)
    with pytest.raises(
        adorm.DeadlineExceeded,
        match="work had not ended 400 ms before Lambda's limit, and it was cancelled",
    ) as caught:
        made(work, reserve_ms=400)(None, context)
    assert time.monotonic() < context.ends_s
    assert sorted(cleaned) == ["a", "b"]
    assert isinstance(caught.value, TimeoutError)
    assert isinstance(caught.value.__cause__, asyncio.CancelledError)


def test_too_little_time_is_refused_before_anything_begins(made: Made) -> None:
    begun: list[object] = []

    async def work(event: Any, context: object, db: adorm.Database) -> None:
        begun.append(event)

    with pytest.raises(
        adorm.DeadlineExceeded,
        match=r"work was not begun: \d+ ms are left of Lambda's time, and 500 ms",
    ):
        made(work)(None, FakeContext(400))
    assert begun == []


def test_a_handler_may_answer_what_it_has_when_a_call_meets_the_deadline(made: Made) -> None:
    async def partly(event: Any, context: object, db: adorm.Database) -> dict[str, bool]:
        try:
            await db.back_off(
                1,
                operation="Scan",
                subject="orders",
                retry=adorm.RetryPolicy(base_delay_s=2, jitter=0),
            )
        except adorm.DeadlineExceeded:
            return {"complete": False}
        return {"complete": True}

    assert made(partly, reserve_ms=200)(None, FakeContext(400)) == {"complete": False}


def test_an_answer_given_after_the_cancellation_is_an_answer(made: Made) -> None:
    async def late(event: Any, context: object, db: adorm.Database) -> str:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return "partial"

    assert made(late, reserve_ms=200)(None, FakeContext(450)) == "partial"


def test_what_a_cancelled_handler_raises_says_so(made: Made) -> None:
    async def broken(event: Any, context: object, db: adorm.Database) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise LookupError("in cleanup")

    with pytest.raises(LookupError) as caught:
        made(broken, reserve_ms=200)(None, FakeContext(450))
    assert caught.value.__notes__ == ["raised after the deadline, where the handler was cancelled"]


def test_a_handler_that_ignores_its_cancellation_is_given_up_in_time(
    made: Made, caplog: pytest.LogCaptureFixture
) -> None:
    turns: list[str] = []
    loops: list[object] = []

    async def stubborn(event: Any, context: object, db: adorm.Database) -> object:
        loops.append((asyncio.get_running_loop(), db))
        while event == "stubborn":
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0.005)
            turns.append("on")
        return db.closed

    handler = made(stubborn, reserve_ms=400)
    context = FakeContext(650)
    with pytest.raises(
        adorm.DeadlineExceeded, match="as it ignored its cancellation, it was given up"
    ):
        handler("stubborn", context)
    assert time.monotonic() < context.ends_s
    assert "it is given up with its event loop and connections" in caplog.text
    count = len(turns)
    assert handler("well", FakeContext(2000)) is False
    assert len(turns) == count
    assert len(set(loops)) == 2


def test_a_cancellation_that_is_not_the_deadlines_is_an_error_and_no_end_of_the_process(
    made: Made,
) -> None:
    async def own(event: Any, context: object, db: adorm.Database) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)

    with pytest.raises(adorm.AdormError, match="somebody cancelled the handler"):
        made(own)(None, FakeContext(2000))


def test_who_stops_the_loop_stops_nothing(made: Made) -> None:
    async def stopping(event: Any, context: object, db: adorm.Database) -> int:
        asyncio.get_running_loop().stop()
        for _ in range(event):
            await asyncio.sleep(0)
        return 5

    handler = made(stopping)
    for turns in (0, 1, 5, 0, 5):
        assert handler(turns, FakeContext(5000)) == 5


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_the_end_of_the_process_goes_through(error: type[BaseException], made: Made) -> None:
    async def ending(event: Any, context: object, db: adorm.Database) -> int:
        if event == "end":
            raise error
        return 5

    handler = made(ending)
    with pytest.raises(error):
        handler("end", FakeContext(2000))
    assert handler("well", FakeContext(2000)) == 5


def test_context_variables_reach_the_handler_and_none_stay(made: Made) -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="none")

    async def look(event: str, context: object, db: adorm.Database) -> str:
        found = variable.get()
        variable.set("left by the handler")
        return found

    handler = made(look)

    @functools.wraps(handler)
    def traced(event: str, context: object) -> Any:
        token = variable.set("trace")
        try:
            return handler(event, context)
        finally:
            variable.reset(token)

    assert traced("", FakeContext(2000)) == "trace"
    assert handler("", FakeContext(2000)) == "none"


def test_it_looks_like_the_function_and_takes_what_lambda_gives(made: Made) -> None:
    handler = made(echo)
    assert (handler.__name__, handler.__module__, handler.__qualname__) == (
        "echo",
        __name__,
        "echo",
    )
    assert inspect.unwrap(handler) is echo
    assert list(inspect.signature(handler).parameters) == ["event", "context"]
    assert not inspect.iscoroutinefunction(handler)


def test_it_is_a_plain_function_with_the_attributes_of_a_handler(made: Made) -> None:
    handler = made(echo)
    assert inspect.isfunction(handler)
    assert isinstance(handler, LambdaHandler)
    assert handler.__wrapped__ is echo
    assert handler(2, None) == 2
    handler.close()


def test_who_wraps_the_entry_point_has_its_attributes_too(made: Made) -> None:
    handler = made(echo)

    @functools.wraps(handler)
    def traced(event: Any, context: object) -> Any:
        return handler(event, context)

    assert isinstance(traced, LambdaHandler)
    assert list(inspect.signature(traced).parameters) == ["event", "context"]
    traced.close()


@pytest.mark.anyio
async def test_inside_a_loop_it_says_what_a_test_calls() -> None:
    handler = adorm.lambda_handler(echo)
    with pytest.raises(adorm.UsageError, match="__wrapped__"):
        handler({}, None)
    async with adorm.connect("memory") as db:
        assert await handler.__wrapped__(5, None, db) == 5


def test_two_threads_are_refused(made: Made) -> None:
    refused: list[str] = []

    async def work(event: Any, context: object, db: adorm.Database) -> None:
        def again() -> None:
            try:
                handler(None, None)
            except adorm.UsageError as error:
                refused.append(str(error))

        await asyncio.to_thread(again)

    handler = made(work)
    handler(None, None)
    assert refused == [
        "work runs one invocation at a time, as Lambda does; another thread is in it"
    ]


class Callable2:
    async def __call__(self, event: Any, context: object, db: adorm.Database) -> Any:
        return event


def test_any_async_callable_will_do(made: Made) -> None:
    assert made(Callable2())(5, None) == 5
    assert made(Callable2()).__name__ == "Callable2"
    assert made(functools.partial(echo))(5, None) == 5

    @adorm.stream_handler
    async def changes(record: adorm.StreamRecord, db: adorm.Database) -> None: ...

    handler = made(changes)
    assert handler(stream_event(stream_record(old=Order(order_id="o1"))), FakeContext(2000)) == {
        "batchItemFailures": []
    }
    assert handler.__name__ == "changes"


def sync(event: Any, context: object, db: adorm.Database) -> None: ...


async def of_two(event: Any, context: object) -> None: ...


async def generator(event: Any, context: object, db: adorm.Database) -> Any:
    yield event


@pytest.mark.parametrize("function", [5, "handler", of_two, generator, Callable2])
def test_what_can_be_no_handler_is_refused_at_once(function: Any) -> None:
    with pytest.raises(adorm.UsageError):
        adorm.lambda_handler(function)


def test_a_plain_function_is_refused_when_it_gives_nothing_to_await(made: Made) -> None:
    with pytest.raises(adorm.UsageError, match="sync is no async function"):
        made(sync)(None, None)


@pytest.mark.parametrize(
    "options",
    [
        {"reserve_ms": -1},
        {"reserve_ms": True},
        {"reserve_ms": 0.5},
        {"models": ["Order"]},
        {"models": "Order"},
        {"connect": {"regoin": "eu-central-1"}},
        {"connect": {"region": 5}},
        {"connect": "memory"},
    ],
)
def test_bad_options_are_refused_at_once(options: dict[str, Any]) -> None:
    with pytest.raises(adorm.UsageError):
        adorm.lambda_handler(**options)(echo)


def test_a_database_comes_from_a_function_too_async_or_not(made: Made) -> None:
    calls: list[str] = []

    def plain() -> adorm.Database:
        calls.append("plain")
        return adorm.connect("memory")

    async def waited() -> adorm.Database:
        calls.append("async")
        return adorm.connect("memory")

    async def nothing(event: Any, context: object, db: adorm.Database) -> bool:
        return db.closed

    for connect in (plain, waited):
        handler = made(nothing, connect=connect)
        assert handler(None, None) is False
        assert handler(None, None) is False
    assert calls == ["plain", "async"]
    with pytest.raises(adorm.UsageError, match=r"connect= of nothing gave int, not a database"):
        made(nothing, connect=lambda: 5)(None, None)


def test_a_database_that_the_handler_closed_is_made_again(made: Made) -> None:
    async def closing(event: Any, context: object, db: adorm.Database) -> int:
        await db.close()
        return id(db)

    with ServerInThread() as server:
        handler = made(closing, connect=server.connect)
        assert len({handler(None, None), handler(None, None)} | {0}) >= 2


def test_after_close_the_next_invocation_makes_everything_again(made: Made) -> None:
    handler = made(echo)
    assert handler(1, None) == 1
    handler.close()
    handler.close()
    assert handler(2, None) == 2


def test_a_smaller_reserve_than_a_turn_of_the_loop_cancels_all_the_same(made: Made) -> None:
    async def hang(event: Any, context: object, db: adorm.Database) -> None:
        await asyncio.Event().wait()

    with pytest.raises(adorm.DeadlineExceeded, match="it was cancelled"):
        made(hang, reserve_ms=0)(None, FakeContext(100))
