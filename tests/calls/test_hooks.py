"""Hooks around calls and attempts: what they see, and that they disturb nothing."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from contextvars import ContextVar, Token
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint
from attrs.exceptions import FrozenInstanceError

import adorm
import adorm.testing
from adorm.calls.calls import Calls
from adorm.calls.capacity import Units, collect_capacity
from adorm.calls.details import (
    AttemptDetails,
    CallDetails,
    ErrorDetails,
    RequestDetails,
    ServerDetails,
)
from adorm.calls.hooks import CallHooks, Connections
from adorm.clock import use_clock
from adorm.deadlines import deadline
from adorm.errors import ConditionalCheckFailed, DeadlineExceeded
from adorm.retry import RetryPolicy
from adorm.testing.clock import FakeClock
from adorm.transport.base import Answer, PoolFigures
from tests.support.loopback import LoopbackServer
from tests.support.scripted import Outcome, ScriptedTransport, refusal, throttled

pytestmark = pytest.mark.anyio

PUT = {"TableName": "orders", "Item": {"pk": {"S": "secret"}}}
Details = CallDetails | AttemptDetails


def recording(seen: list[Details]) -> CallHooks:
    return CallHooks(
        before_call=seen.append,
        after_call=seen.append,
        before_attempt=seen.append,
        after_attempt=seen.append,
    )


def calls_with(hooks: list[CallHooks], *outcomes: Outcome) -> tuple[Calls, FakeClock]:
    clock = FakeClock()
    return Calls(
        ScriptedTransport(outcomes), retry=RetryPolicy(jitter=0.0), clock=clock, hooks=hooks
    ), clock


async def test_hooks_see_the_call_and_each_attempt_in_order_with_waits_and_durations() -> None:
    seen: list[Details] = []

    async def slow() -> Answer:
        clock.advance(0.2)
        raise throttled()

    calls, clock = calls_with([recording(seen)], slow, {"n": 1})
    assert await calls.call("PutItem", PUT, subject="Order c1") == {"n": 1}
    before_call, before_first, after_first, before_second, after_second, after_call = seen
    number, request = before_call.call_id, RequestDetails(tables=("orders",))
    assert before_call == CallDetails(
        call_id=number, operation="PutItem", table="orders", request=request
    )
    assert before_first == AttemptDetails(
        call_id=number, operation="PutItem", table="orders", request=request, attempt=1, delay_s=0.0
    )
    assert isinstance(after_first, AttemptDetails)
    assert after_first.duration_s == pytest.approx(0.2)
    assert after_first.error == ErrorDetails(
        type="Throttled",
        code=throttled().code,
        status=400,
        request_id="r1",
        throttled=True,
        retryable=True,
    )
    assert before_second == AttemptDetails(
        call_id=number,
        operation="PutItem",
        table="orders",
        request=request,
        attempt=2,
        delay_s=0.05,
    )
    assert after_second == before_second
    assert isinstance(after_call, CallDetails)
    assert (after_call.attempts, after_call.error) == (2, None)
    assert after_call.duration_s == pytest.approx(0.25)
    assert {details.call_id for details in seen} == {number}
    assert "secret" not in repr(seen)
    assert "c1" not in repr(seen)


async def test_hooks_see_what_a_call_consumed_where_they_ask_for_it() -> None:
    for asks in (False, True):
        seen: list[Details] = []
        reported = {"ConsumedCapacity": {"TableName": "orders", "CapacityUnits": 2.0}}
        transport = ScriptedTransport([throttled(), reported if asks else {}])
        hooks = [
            CallHooks(
                before_call=seen.append,
                after_call=seen.append,
                after_attempt=seen.append,
                capacity=asks,
            )
        ]
        calls = Calls(transport, clock=FakeClock(), hooks=hooks)
        await calls.call("PutItem", PUT)
        assert transport.sent[0][1].get("ReturnConsumedCapacity") == ("INDEXES" if asks else None)
        expected = Units(write=2.0) if asks else None
        assert [details.capacity for details in seen] == [None, None, expected, expected]


async def test_hooks_see_the_kind_of_the_error_that_the_call_raises() -> None:
    seen: list[Details] = []
    calls, _ = calls_with([recording(seen)], refusal("ConditionalCheckFailedException"))
    with pytest.raises(ConditionalCheckFailed):
        await calls.call("PutItem", PUT)
    kind = ErrorDetails(
        type="ConditionalCheckFailed",
        code="ConditionalCheckFailedException",
        status=400,
        request_id="r1",
    )
    assert [details.error for details in seen] == [None, None, kind, kind]


async def test_async_hooks_are_awaited_and_all_hooks_run_in_the_order_given() -> None:
    order: list[str] = []

    def first(_details: CallDetails) -> None:
        order.append("first")

    async def second(_details: CallDetails) -> None:
        await checkpoint()
        order.append("second")

    calls, _ = calls_with(
        [CallHooks(before_call=first), CallHooks(before_call=second, after_call=second)]
    )
    await calls.call("PutItem", PUT)
    assert order == ["first", "second", "second"]


async def test_a_failing_hook_is_logged_and_the_call_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seen: list[Details] = []

    def broken(_details: Details) -> None:
        raise LookupError("in a hook")

    async def broken_later(_details: Details) -> None:
        await checkpoint()
        raise LookupError("in an async hook")

    hooks = [
        CallHooks(
            before_call=broken,
            after_call=broken_later,
            before_attempt=broken_later,
            after_attempt=broken,
        ),
        recording(seen),
    ]
    calls, _ = calls_with(hooks, {"n": 1}, refusal("ConditionalCheckFailedException"))
    with caplog.at_level(logging.ERROR, logger="adorm"):
        assert await calls.call("PutItem", PUT) == {"n": 1}
        assert len(seen) == 4
        with pytest.raises(ConditionalCheckFailed):
            await calls.call("PutItem", PUT)
    assert len(caplog.records) == 8
    assert all(
        record.exc_info is not None and record.exc_info[0] is LookupError
        for record in caplog.records
    )
    assert "secret" not in caplog.text


async def test_a_cancelled_hook_cancels_the_call() -> None:
    started = anyio.Event()

    async def waits(_details: CallDetails) -> None:
        started.set()
        await anyio.sleep_forever()

    transport = ScriptedTransport()
    calls = Calls(transport, hooks=[CallHooks(before_call=waits)])
    async with anyio.create_task_group() as group:
        group.start_soon(calls.call, "PutItem", PUT)
        await started.wait()
        group.cancel_scope.cancel()
    assert transport.sent == []


async def test_what_a_hook_awaits_and_somebody_else_cancelled_cancels_no_call(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def awaits_a_cancelled_one(_details: Details) -> None:
        gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        gone.cancel()
        await gone

    fails = awaits_a_cancelled_one
    calls, _ = calls_with(
        [CallHooks(before_call=fails, after_call=fails, before_attempt=fails, after_attempt=fails)],
        {"n": 1},
    )
    assert await calls.call("PutItem", PUT) == {"n": 1}
    assert caplog.text.count("a hook of adorm failed around PutItem, the call goes on") == 4


async def test_after_a_cancellation_hooks_still_run_async_ones_too() -> None:
    tasks = asyncio.all_tasks()
    seen: list[str] = []
    sent = anyio.Event()

    async def hang() -> Answer:
        sent.set()
        await anyio.sleep_forever()
        return {}

    async def finished(details: Details) -> None:
        await checkpoint()
        if details.error is not None and details.error.cancelled:
            seen.append(details.error.type)

    calls, _ = calls_with([CallHooks(after_call=finished, after_attempt=finished)], hang)
    async with anyio.create_task_group() as group:
        group.start_soon(calls.call, "PutItem", PUT)
        await sent.wait()
        group.cancel_scope.cancel()
    assert seen == ["CancelledError", "CancelledError"]
    assert asyncio.all_tasks() == tasks


async def test_a_hook_that_does_not_end_after_a_cancellation_is_stopped_and_logged(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adorm.calls.hooks.HOOK_AFTER_CANCELLATION_S", 0.01)

    async def endless(_details: CallDetails) -> None:
        await anyio.sleep_forever()

    async def hang() -> Answer:
        scope.cancel()
        await anyio.sleep_forever()
        return {}

    calls, _ = calls_with([CallHooks(after_call=endless)], hang)
    with anyio.CancelScope() as scope:
        await calls.call("PutItem", PUT)
    assert scope.cancelled_caught
    assert "was stopped" in caplog.text


async def test_an_attempt_that_the_deadline_forbids_is_shown_to_no_hook() -> None:
    seen: list[Details] = []
    calls, clock = calls_with([recording(seen)])
    with use_clock(clock):
        async with deadline(0):
            with pytest.raises(DeadlineExceeded) as caught:
                await calls.call("PutItem", PUT)
    assert [type(details) for details in seen] == [CallDetails, CallDetails]
    assert seen[-1].error == ErrorDetails(type="DeadlineExceeded")
    assert caught.value.attempts == 0


async def test_a_hook_that_takes_the_time_left_leaves_none_for_the_attempt() -> None:
    def slow(_details: AttemptDetails) -> None:
        clock.advance(5)

    transport = ScriptedTransport()
    clock = FakeClock()
    calls = Calls(transport, clock=clock, hooks=[CallHooks(before_attempt=slow)])
    with use_clock(clock):
        async with deadline(2):
            with pytest.raises(DeadlineExceeded) as caught:
                await calls.call("PutItem", PUT)
    assert (transport.sent, caught.value.attempts) == ([], 0)


async def test_hooks_after_run_in_the_reverse_order_so_that_they_nest() -> None:
    current: ContextVar[str] = ContextVar("current", default="nobody")
    tokens: dict[str, Token[str]] = {}
    order: list[str] = []

    def hooks(name: str) -> CallHooks:
        def before(_details: Details) -> None:
            order.append(f"before {name}")
            tokens[name] = current.set(name)

        def after(_details: Details) -> None:
            order.append(f"after {name}")
            assert current.get() == name
            current.reset(tokens.pop(name))

        return CallHooks(before_call=before, after_call=after)

    calls, _ = calls_with([hooks("first"), hooks("second")])
    await calls.call("PutItem", PUT)
    assert order == ["before first", "before second", "after second", "after first"]
    assert current.get() == "nobody"


async def test_who_was_called_before_is_called_after_though_the_next_hook_is_cancelled() -> None:
    seen: list[Details] = []

    async def waits(_details: CallDetails) -> None:
        scope.cancel()
        await anyio.sleep_forever()

    transport = ScriptedTransport()
    calls = Calls(transport, hooks=[recording(seen), CallHooks(before_call=waits)])
    with anyio.CancelScope() as scope:
        await calls.call("PutItem", PUT)
    before, after = seen
    assert before.call_id == after.call_id
    assert after.error == ErrorDetails(type="CancelledError", cancelled=True)
    assert transport.sent == []


async def test_calls_side_by_side_have_numbers_of_their_own() -> None:
    seen: list[Details] = []
    calls, _ = calls_with([recording(seen)])
    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(calls.call, "PutItem", PUT)
    numbers = Counter(details.call_id for details in seen)
    assert sorted(numbers.values()) == [4] * 5


async def test_what_a_failing_hook_logs_does_not_hold_the_error_that_was_on_its_way(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(_details: Details) -> None:
        try:
            raise LookupError("of the hook's own")
        except LookupError as error:
            raise RuntimeError("in a hook") from error

    calls, _ = calls_with(
        [CallHooks(after_call=broken, after_attempt=broken)],
        refusal("ConditionalCheckFailedException"),
    )
    try:
        raise ValueError("what the caller was handling")
    except ValueError:
        with pytest.raises(ConditionalCheckFailed) as caught:
            await calls.call("PutItem", PUT, subject="Order c1")
    assert "Order c1" in str(caught.value)
    assert "of the hook's own" in caplog.text
    assert "ConditionalCheckFailed" not in caplog.text
    assert "what the caller was handling" not in caplog.text


async def test_details_are_frozen() -> None:
    seen: list[Details] = []
    calls, _ = calls_with([recording(seen)])
    await calls.call("PutItem", PUT)
    for details in seen:
        with pytest.raises(FrozenInstanceError):
            details.operation = "GetItem"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]  # a mistake on purpose


async def test_hooks_are_told_of_a_pool_when_a_database_opens(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKID",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_REGION": "eu-central-1",
    }.items():
        monkeypatch.setenv(name, value)
    told: list[Connections] = []

    def broken(_connections: Connections) -> None:
        raise LookupError("in a hook")

    async with LoopbackServer() as server:
        hooks = [CallHooks(on_open=broken), CallHooks(on_open=told.append)]
        async with adorm.connect(
            endpoint_url=server.url, hooks=hooks, wrap=adorm.testing.Recorder(), max_connections=3
        ) as db:
            assert told == []
            await db.call("ListTables", {})
            (connections,) = told
            assert connections.server == ServerDetails(
                address="127.0.0.1", port=server.port, region="eu-central-1"
            )
            assert connections.figures() == PoolFigures(0, 1, 0, 3)
        assert connections.figures() is None
    assert "when the database opened" in caplog.text


async def test_an_engine_without_a_pool_tells_of_none() -> None:
    told: list[Connections] = []
    async with adorm.connect("memory", hooks=[CallHooks(on_open=told.append)]) as db:
        await db.call("ListTables", {})
    assert told == []


ODD: tuple[Any, ...] = (
    None,
    1,
    "x",
    [],
    {},
    [None],
    ["x"],
    {"a": 1},
    {"a": None},
    {"t": {}},
    {"t": {"Keys": 1}},
    [{"CapacityUnits": "x", "GlobalSecondaryIndexes": {"i": 1}}],
)


@pytest.mark.parametrize(
    "part", ["ConsumedCapacity", "Count", "TableNames", "UnprocessedKeys", "UnprocessedItems"]
)
async def test_a_call_that_was_answered_is_answered_to_who_watches_whatever_is_in_the_answer(
    part: str,
) -> None:
    seen: list[Details] = []
    for odd in ODD:
        calls, _ = calls_with(
            [recording(seen), adorm.OpenTelemetry(), adorm.LogCalls()], {part: odd}
        )
        async with collect_capacity():
            assert await calls.call("PutItem", PUT) == {part: odd}
    assert all(details.error is None for details in seen)


@pytest.mark.parametrize(
    "part", ["TableName", "RequestItems", "TransactItems", "Statements", "AttributesToGet", "Limit"]
)
async def test_what_a_request_holds_is_for_dynamodb_to_judge_not_for_who_watches(part: str) -> None:
    for odd in ODD:
        calls, _ = calls_with([recording([]), adorm.OpenTelemetry(), adorm.LogCalls()], {"n": 1})
        assert await calls.call("TransactWriteItems", {part: odd}) == {"n": 1}


async def test_a_table_name_that_is_none_is_not_told() -> None:
    seen: list[Details] = []
    calls, _ = calls_with([recording(seen)])
    await calls.call("PutItem", {"TableName": {"S": "secret"}})
    assert {details.table for details in seen} == {None}
