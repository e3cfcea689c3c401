"""The choke point against a scripted transport and a clock that stands still: requests and waits
are counted exactly."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Literal

import anyio
import pytest
from anyio.lowlevel import checkpoint
from hypothesis import given, settings, strategies as st

from adorm.calls.calls import Calls
from adorm.clock import use_clock
from adorm.deadlines import deadline
from adorm.errors import (
    AccessDenied,
    AdormError,
    ConditionalCheckFailed,
    ConnectionFailed,
    DeadlineExceeded,
    ServiceError,
    Throttled,
    TransactionCanceled,
    UsageError,
    ValidationFailed,
)
from adorm.retry import QUOTA_TOKENS, RetryPolicy
from adorm.testing.clock import FakeClock
from adorm.transport.base import Answer
from adorm.transport.errors import service_error
from tests.support.environment import LOOPS
from tests.support.scripted import (
    Outcome,
    ScriptedTransport,
    internal,
    lost,
    refusal,
    throttled,
    unreachable,
)

pytestmark = pytest.mark.anyio

STEADY = RetryPolicy(jitter=0.0)
"""Waits of exactly 0.05, 0.1, 0.2 and 0.4 s."""
PUT = {"TableName": "orders", "Item": {"pk": {"S": "c1"}}}
GET = {"TableName": "orders", "Key": {"pk": {"S": "c1"}}}
ADD = {"TableName": "orders", "Key": {"pk": {"S": "c1"}}, "UpdateExpression": "ADD #0 :0"}


@pytest.fixture(params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> object:
    return request.param


class Bench:
    """Calls over a script, with what they did."""

    def __init__(
        self,
        *outcomes: Outcome,
        retry: RetryPolicy = STEADY,
        random: Callable[[], float] = lambda: 0.5,
    ) -> None:
        self.clock = FakeClock()
        self.transport = ScriptedTransport(outcomes)
        self.calls = Calls(self.transport, retry=retry, clock=self.clock, random=random)

    async def put(self, **options: Any) -> Answer:
        return await self.calls.call("PutItem", PUT, subject="Order c1/o1", **options)

    async def get(self, **options: Any) -> Answer:
        return await self.calls.call("GetItem", GET, subject="Order c1/o1", **options)

    async def add(self, **options: Any) -> Answer:
        return await self.calls.call(
            "UpdateItem", ADD, subject="Order c1/o1", repeat="never", **options
        )

    @property
    def requests(self) -> int:
        return len(self.transport.sent)

    def unused(self) -> bool:
        """The bench is as usable as before: another call goes through."""
        return self.calls.quota.tokens == QUOTA_TOKENS


def maybe_bounded(bounded: bool) -> AbstractAsyncContextManager[object]:
    """A far deadline or none at all: calls take different paths."""
    return deadline(60) if bounded else nullcontext()


async def never() -> Answer:
    await anyio.sleep_forever()
    raise AssertionError("nothing ends this wait but a cancellation")


# ---------------------------------------------------------------- answers and errors


async def test_an_answer_is_returned_as_the_transport_gave_it_after_one_request() -> None:
    answer = {"Item": {"pk": {"S": "c1"}}}
    bench = Bench(answer)
    assert await bench.get() is answer
    assert bench.transport.sent == [("GetItem", GET)]
    assert bench.clock.sleeps == []


@pytest.mark.parametrize(
    ("make", "waits"),
    [
        (throttled, [0.05]),
        (lambda: refusal("ThrottlingException"), [0.05]),
        (lambda: refusal("TransactionConflictException"), [0.05]),
        (lambda: refusal("TransactionInProgressException"), [0.05]),
        (lambda: refusal("ServiceUnavailable", 503), [0.05]),
        (lambda: refusal("NeverHeardOf", 502), [0.05]),
        (lambda: refusal("ThrottlingException", retry_after_s=1.5), [1.5]),
        (internal, [0.05]),
        (lost, [0.05]),
        (unreachable, [0.05]),
        (lambda: refusal("RequestTimeTooSkewed"), []),
        (lambda: refusal("InvalidSignatureException"), []),
    ],
)
async def test_what_passes_is_sent_again_as_it_was(
    make: Callable[[], Exception], waits: list[float]
) -> None:
    bench = Bench(make(), {"n": 1})
    assert await bench.put() == {"n": 1}
    assert bench.clock.sleeps == waits
    first, second = bench.transport.sent
    assert first[1] is second[1] is PUT


@pytest.mark.parametrize(
    "code",
    [
        "ConditionalCheckFailedException",
        "ValidationException",
        "ResourceNotFoundException",
        "AccessDeniedException",
        "NeverHeardOf",
    ],
)
async def test_what_does_not_pass_is_raised_at_once_with_its_subject(code: str) -> None:
    bench = Bench(refusal(code))
    with pytest.raises(ServiceError) as caught:
        await bench.put()
    error = caught.value
    assert (bench.requests, bench.clock.sleeps) == (1, [])
    assert (error.code, error.subject, error.attempts, error.maybe_applied) == (
        code,
        "Order c1/o1",
        1,
        False,
    )
    assert str(error).startswith(f"PutItem on Order c1/o1: {code}: so it is (request id: r1)")
    assert not hasattr(error, "__notes__")
    assert bench.unused()


async def test_attempts_end_with_the_policy_and_the_error_tells_their_history() -> None:
    bench = Bench(
        throttled(), unreachable(), throttled(), refusal("ThrottlingException"), throttled()
    )
    with pytest.raises(Throttled) as caught:
        await bench.put()
    assert bench.requests == 5
    assert bench.clock.sleeps == [0.05, 0.1, 0.2, 0.4]
    assert (caught.value.attempts, caught.value.maybe_applied) == (5, False)
    assert caught.value.__notes__ == [
        "attempt 1: ProvisionedThroughputExceededException, then 0.050 s of waiting",
        "attempt 2: connection refused, then 0.100 s of waiting",
        "attempt 3: ProvisionedThroughputExceededException, then 0.200 s of waiting",
        "attempt 4: ThrottlingException, then 0.400 s of waiting",
    ]


async def test_a_call_may_have_a_policy_of_its_own() -> None:
    bench = Bench(throttled(), throttled(), throttled())
    with pytest.raises(Throttled):
        await bench.put(retry=RetryPolicy(max_attempts=2, base_delay_s=0.3, jitter=0.0))
    assert (bench.requests, bench.clock.sleeps) == (2, [0.3])
    with pytest.raises(Throttled):
        await bench.put(retry=RetryPolicy(max_attempts=1))
    assert (bench.requests, bench.clock.sleeps) == (3, [0.3])


async def test_full_jitter_draws_each_wait() -> None:
    units = iter([0.0, 1.0, 0.25])
    bench = Bench(
        throttled(), throttled(), throttled(), retry=RetryPolicy(), random=lambda: next(units)
    )
    await bench.put()
    assert bench.clock.sleeps == [0.0, 0.1, 0.05]


async def test_a_clock_that_was_corrected_once_is_not_corrected_again() -> None:
    skewed = "RequestTimeTooSkewed"
    bench = Bench(refusal(skewed), throttled(), refusal(skewed))
    with pytest.raises(AccessDenied):
        await bench.put()
    assert (bench.requests, bench.clock.sleeps) == (3, [0.1])


@pytest.mark.parametrize("code", ["ExpiredTokenException", "ExpiredToken"])
async def test_after_an_expired_token_the_call_is_made_once_more_at_once(code: str) -> None:
    bench = Bench(refusal(code), {"Attributes": {}})
    assert await bench.put() == {"Attributes": {}}
    assert (bench.requests, bench.clock.sleeps) == (2, [])
    bench = Bench(refusal(code), refusal(code))
    with pytest.raises(AccessDenied):
        await bench.put()
    assert (bench.requests, bench.clock.sleeps) == (2, [])


async def test_an_error_that_is_not_of_the_wire_passes_untouched() -> None:
    closed = UsageError("this database is closed")
    bench = Bench(closed, RuntimeError("a bug"))
    with pytest.raises(UsageError) as caught:
        await bench.put()
    assert caught.value is closed
    with pytest.raises(RuntimeError, match="a bug"):
        await bench.put()
    assert (bench.requests, bench.clock.sleeps) == (2, [])


@pytest.mark.parametrize(
    ("subject", "named"),
    [
        (None, "orders"),
        ("Order c1", "Order c1"),
        (lambda: "made late", "made late"),
        (("c1", "o1"), "('c1', 'o1')"),
    ],
)
async def test_the_subject_is_a_text_a_maker_of_one_an_object_or_else_the_table(
    subject: object, named: str
) -> None:
    bench = Bench(refusal("ValidationException"))
    with pytest.raises(ValidationFailed) as caught:
        await bench.calls.call("PutItem", PUT, subject=subject)
    assert caught.value.subject == named


async def test_a_call_that_succeeds_never_asks_for_its_subject() -> None:
    def subject() -> str:
        raise AssertionError("asked for")

    bench = Bench({}, throttled(), {})
    await bench.calls.call("PutItem", PUT, subject=subject)
    await bench.calls.call("PutItem", PUT, subject=subject)
    assert bench.requests == 3


async def test_a_connection_that_failed_names_operation_subject_and_attempts() -> None:
    bench = Bench(*[unreachable() for _ in range(5)])
    with pytest.raises(ConnectionFailed) as caught:
        await bench.put()
    assert str(caught.value) == "PutItem on Order c1/o1: connection refused (attempts: 5)"
    assert caught.value.maybe_applied is False


# ---------------------------------------------------------------- what may have been applied


@pytest.mark.parametrize(
    "make", [lost, internal, lambda: refusal("TransactionInProgressException")]
)
async def test_a_write_that_must_not_be_applied_twice_is_not_sent_again_after_an_ambiguous_failure(
    make: Callable[[], Exception],
) -> None:
    bench = Bench(throttled(), unreachable(), make())
    with pytest.raises((ServiceError, ConnectionFailed)) as caught:
        await bench.add()
    assert bench.requests == 3
    assert isinstance(caught.value, ServiceError | ConnectionFailed)
    assert caught.value.maybe_applied is True
    assert "it may have been applied: read the item before writing again" in str(caught.value)
    assert caught.value.__notes__[-1] == (
        "attempt 3: not sent again: it may have been applied, "
        "and applying it twice would differ from once"
    )


async def test_a_repeated_write_that_is_refused_says_that_it_may_have_been_applied() -> None:
    bench = Bench(lost(), refusal("ConditionalCheckFailedException"))
    with pytest.raises(ConditionalCheckFailed) as caught:
        await bench.put()
    assert (caught.value.maybe_applied, caught.value.attempts) == (True, 2)


async def test_the_parts_of_a_cancelled_transaction_say_it_too() -> None:
    refused = service_error(
        {
            "__type": "TransactionCanceledException",
            "message": "cancelled",
            "CancellationReasons": [{"Code": "None"}, {"Code": "ConditionalCheckFailed"}],
        },
        operation="TransactWriteItems",
        status=400,
    )
    bench = Bench(lost(), refused)
    with pytest.raises(TransactionCanceled) as caught:
        await bench.calls.call("TransactWriteItems", {"ClientRequestToken": "t"})
    assert caught.value.maybe_applied is True
    (part,) = caught.value.exceptions
    assert isinstance(part, ConditionalCheckFailed)
    assert part.maybe_applied is True


async def test_exhausted_attempts_after_an_ambiguous_one_say_so_even_when_the_last_was_not() -> (
    None
):
    bench = Bench(internal(), throttled(), unreachable(), throttled(), unreachable())
    with pytest.raises(ConnectionFailed) as caught:
        await bench.put()
    assert (caught.value.maybe_applied, caught.value.attempts) == (True, 5)


async def test_a_safe_write_whose_last_attempt_is_lost_says_so() -> None:
    bench = Bench(internal())
    with pytest.raises(ServiceError) as caught:
        await bench.put(retry=RetryPolicy(max_attempts=1))
    assert caught.value.maybe_applied is True


@pytest.mark.parametrize("told", [None, "safe", "never", "read"])
@pytest.mark.parametrize(
    "operation", ["GetItem", "Query", "Scan", "BatchGetItem", "TransactGetItems", "DescribeTable"]
)
async def test_a_read_is_always_repeated_and_never_maybe_applied(operation: str, told: Any) -> None:
    bench = Bench(lost(), internal(), lost(), internal(), lost())
    with pytest.raises(ConnectionFailed) as caught:
        await bench.calls.call(operation, GET, repeat=told)
    assert (bench.requests, caught.value.maybe_applied) == (5, False)


# ---------------------------------------------------------------- the quota


async def test_retries_draw_on_one_quota_and_an_empty_one_stops_them() -> None:
    bench = Bench(throttled(), throttled())
    bench.calls.quota.tokens = 9
    with pytest.raises(Throttled) as caught:
        await bench.put()
    assert (bench.requests, bench.clock.sleeps, bench.calls.quota.tokens) == (2, [0.05], 4)
    assert caught.value.__notes__[-1] == (
        "attempt 2: not sent again: the retry quota of this database is used up "
        "(4 of 500 tokens left, a retry takes 5); "
        "it fills as calls succeed"
    )


async def test_a_failed_connection_draws_ten() -> None:
    bench = Bench(unreachable())
    bench.calls.quota.tokens = 9
    with pytest.raises(ConnectionFailed):
        await bench.put()
    assert (bench.requests, bench.calls.quota.tokens) == (1, 9)


async def test_a_retry_that_succeeds_gives_its_tokens_back_and_a_first_success_gives_one() -> None:
    bench = Bench(unreachable(), throttled(), {}, {})
    bench.calls.quota.tokens = 400
    await bench.put()
    assert bench.calls.quota.tokens == 400 - 10 - 5 + 5
    await bench.put()
    assert bench.calls.quota.tokens == 391
    with use_clock(bench.clock):
        async with deadline(5):
            await bench.put()
    assert bench.calls.quota.tokens == 392


async def test_failures_without_end_stop_being_retried_for_the_whole_database() -> None:
    bench = Bench(*[throttled() for _ in range(400)])
    for _ in range(200):
        with pytest.raises(Throttled):
            await bench.put()
    assert bench.requests == 200 + QUOTA_TOKENS // 5


# ---------------------------------------------------------------- deadlines


async def test_a_deadline_that_is_over_sends_nothing() -> None:
    bench = Bench()
    with use_clock(bench.clock):
        async with deadline(2):
            bench.clock.advance(2)
            with pytest.raises(DeadlineExceeded) as caught:
                await bench.put()
    error = caught.value
    assert bench.requests == 0
    assert (
        error.operation,
        error.subject,
        error.attempts,
        error.maybe_applied,
        error.__cause__,
    ) == (
        "PutItem",
        "Order c1/o1",
        0,
        False,
        None,
    )
    assert (
        str(error) == "PutItem on Order c1/o1: the deadline of 2 s passed before anything was sent"
    )
    assert isinstance(error, TimeoutError)


async def test_a_wait_that_would_outlive_the_deadline_is_not_begun() -> None:
    bench = Bench(throttled(), throttled(), throttled())
    with use_clock(bench.clock):
        async with deadline(0.3):
            with pytest.raises(DeadlineExceeded) as caught:
                await bench.put()
    error = caught.value
    assert (bench.requests, bench.clock.sleeps) == (3, [0.05, 0.1])
    assert (error.attempts, error.maybe_applied) == (3, False)
    assert isinstance(error.__cause__, Throttled)
    assert str(error) == (
        "PutItem on Order c1/o1: attempt 3 failed, and the wait of 0.200 s before the next "
        "would outlive the deadline, "
        "0.150 s away (last error: ProvisionedThroughputExceededException)"
    )
    assert len(error.__notes__) == 2


async def test_a_deadline_that_was_set_around_an_ambiguous_failure_says_so() -> None:
    bench = Bench(internal(), throttled())
    with use_clock(bench.clock):
        async with deadline(0.1):
            with pytest.raises(DeadlineExceeded, match="it may have been applied") as caught:
                await bench.put()
            assert caught.value.maybe_applied is True
            bench.transport.outcomes[:] = [internal(), internal()]
            with pytest.raises(DeadlineExceeded) as caught:
                await bench.get()
            assert caught.value.maybe_applied is False


async def test_a_sleep_that_overruns_the_deadline_is_followed_by_no_attempt() -> None:
    bench = Bench(throttled())

    async def oversleep(delay_s: float, /) -> None:
        bench.clock.advance(delay_s + 5)

    bench.clock.sleep = oversleep  # type: ignore[method-assign]
    with use_clock(bench.clock):
        async with deadline(1):
            with pytest.raises(DeadlineExceeded) as caught:
                await bench.put()
    assert bench.requests == 1
    assert isinstance(caught.value.__cause__, Throttled)
    assert (
        "the deadline of 1 s passed before attempt 2 "
        "(last error: ProvisionedThroughputExceededException)" in str(caught.value)
    )


@pytest.mark.parametrize(("kind", "maybe_applied"), [("get", False), ("put", True), ("add", True)])
async def test_a_request_is_cut_off_where_the_deadline_ends(
    kind: Literal["get", "put", "add"], maybe_applied: bool
) -> None:
    tasks = asyncio.all_tasks()
    bench = Bench(throttled(), never)
    async with deadline(0.02):
        with pytest.raises(DeadlineExceeded) as caught:
            await getattr(bench, kind)(retry=RetryPolicy(base_delay_s=0))
    error = caught.value
    assert (bench.requests, error.attempts, error.maybe_applied) == (2, 2, maybe_applied)
    assert isinstance(error.__cause__, Throttled)
    assert "on Order c1/o1: the deadline passed during attempt 2 (last error: Provisioned" in str(
        error
    )
    assert asyncio.all_tasks() == tasks
    assert await bench.get() == {}


async def test_a_nearer_outer_deadline_cuts_off_too() -> None:
    bench = Bench(never)
    async with deadline(0.02), deadline(60):
        with pytest.raises(DeadlineExceeded):
            await bench.put()


async def test_the_code_between_calls_is_not_interrupted_but_the_next_call_is_refused() -> None:
    bench = Bench()
    with use_clock(bench.clock):
        async with deadline(1):
            await bench.put()
            bench.clock.advance(3)
            await checkpoint()
            with pytest.raises(DeadlineExceeded):
                await bench.put()
        assert await bench.put() == {}
    assert bench.requests == 2


async def test_within_the_deadline_and_with_an_infinite_one_errors_pass_unchanged() -> None:
    bench = Bench(throttled(), refusal("ValidationException"), {"n": 1})
    async with deadline(60):
        with pytest.raises(ValidationFailed) as caught:
            await bench.put()
        assert caught.value.attempts == 2
    async with deadline(math.inf):
        assert await bench.put() == {"n": 1}


# ---------------------------------------------------------------- foreign scopes and cancellation


@pytest.mark.parametrize("bounded", [False, True])
async def test_a_cancel_scope_that_ends_in_mid_request_cancels_and_passes_through(
    bounded: bool,
) -> None:
    bench = Bench(never)
    with anyio.move_on_after(0.01) as scope:
        async with maybe_bounded(bounded):
            await bench.put()
        raise AssertionError("not reached")
    assert scope.cancelled_caught
    assert await bench.put() == {}


@pytest.mark.parametrize("bounded", [False, True])
async def test_asyncio_timeout_in_mid_request_cancels_and_passes_through(bounded: bool) -> None:
    bench = Bench(never)
    with pytest.raises(TimeoutError) as caught:
        async with asyncio.timeout(0.01), maybe_bounded(bounded):
            await bench.put()
    assert not isinstance(caught.value, AdormError)
    assert await bench.put() == {}


async def test_a_wait_that_would_outlive_a_cancel_scope_is_not_begun() -> None:
    bench = Bench(throttled())
    with anyio.move_on_after(20) as scope:
        with pytest.raises(DeadlineExceeded) as caught:
            await bench.put(retry=RetryPolicy(base_delay_s=30, max_delay_s=30, jitter=0))
        assert isinstance(caught.value.__cause__, Throttled)
    assert not scope.cancel_called
    assert (bench.requests, bench.clock.sleeps, bench.calls.quota.tokens) == (1, [], QUOTA_TOKENS)


@pytest.mark.parametrize("bounded", [False, True])
async def test_a_cancelled_scope_sends_nothing_and_passes_through(bounded: bool) -> None:
    bench = Bench()
    with anyio.CancelScope() as scope:
        async with maybe_bounded(bounded):
            scope.cancel()
            await bench.put()
    assert scope.cancelled_caught
    assert bench.requests == 0


async def test_a_scope_cancelled_while_an_attempt_failed_sends_no_more_and_passes_through() -> None:
    async def cancel_and_fail() -> Answer:
        scope.cancel()
        raise throttled()

    bench = Bench(cancel_and_fail)
    with anyio.CancelScope() as scope:
        await bench.put()
    assert scope.cancelled_caught
    assert (bench.requests, bench.clock.sleeps, bench.calls.quota.tokens) == (1, [], QUOTA_TOKENS)


async def test_cancelling_a_wait_gives_the_quota_back_and_sends_no_more() -> None:
    bench = Bench(lost(), {"n": 1})
    waiting = anyio.Event()

    async def sleep(delay_s: float, /) -> None:
        waiting.set()
        await anyio.sleep_forever()

    bench.clock.sleep = sleep  # type: ignore[method-assign]
    async with anyio.create_task_group() as group:
        group.start_soon(bench.put)
        await waiting.wait()
        assert bench.calls.quota.tokens == QUOTA_TOKENS - 10
        group.cancel_scope.cancel()
    assert (bench.requests, bench.calls.quota.tokens) == (1, QUOTA_TOKENS)
    assert await bench.put() == {"n": 1}


@pytest.mark.parametrize("bounded", [False, True])
@pytest.mark.parametrize("steps", range(8))
async def test_cancelling_the_task_at_any_await_leaves_no_task_and_a_usable_database(
    steps: int, bounded: bool
) -> None:
    async def slow_failure() -> Answer:
        await checkpoint()
        raise throttled()

    async def slow_answer() -> Answer:
        await checkpoint()
        return {"n": 1}

    tasks = asyncio.all_tasks()
    bench = Bench(slow_failure, slow_failure, slow_answer)

    async def bounded_put() -> Answer:
        async with maybe_bounded(bounded):
            return await bench.put()

    task = asyncio.get_running_loop().create_task(bounded_put())
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    try:
        assert await task == {"n": 1}
        cancelled = False
    except asyncio.CancelledError:
        cancelled = True
    assert cancelled or steps >= 5
    sent = bench.requests
    await checkpoint()
    assert bench.requests == sent
    assert asyncio.all_tasks() == tasks
    bench.transport.outcomes.clear()
    assert await bench.put() == {}


# ---------------------------------------------------------------- the rule, for any script

FAILURES: dict[str, Callable[[], Exception]] = {
    "throttled": throttled,
    "internal": internal,
    "lost": lost,
    "unreachable": unreachable,
    "skewed": lambda: refusal("RequestTimeTooSkewed"),
    "conflict": lambda: refusal("TransactionConflictException"),
    "condition": lambda: refusal("ConditionalCheckFailedException"),
    "invalid": lambda: refusal("ValidationException"),
    "hinted": lambda: refusal("ThrottlingException", retry_after_s=9.0),
}
AMBIGUOUS = {"internal", "lost"}


def asyncio_run(main: Callable[[], Awaitable[None]]) -> None:
    anyio.run(main, backend="asyncio")


@settings(max_examples=150, deadline=None)
@given(
    script=st.lists(st.sampled_from([*FAILURES, "answer"]), max_size=12),
    operation=st.sampled_from(["GetItem", "PutItem", "UpdateItem"]),
    policy=st.builds(
        RetryPolicy,
        max_attempts=st.integers(1, 8),
        base_delay_s=st.floats(0, 5),
        max_delay_s=st.floats(0, 5),
        jitter=st.floats(0, 1),
    ),
    unit=st.floats(0, 1),
    budget_s=st.one_of(st.none(), st.floats(0.001, 20)),
    tokens=st.integers(0, 60),
)
def test_any_sequence_of_outcomes_keeps_the_promises(
    script: list[str],
    operation: str,
    policy: RetryPolicy,
    unit: float,
    budget_s: float | None,
    tokens: int,
) -> None:
    async def main() -> None:
        bench = Bench(
            *[FAILURES[name]() if name in FAILURES else {"n": 1} for name in script],
            retry=policy,
            random=lambda: unit,
        )
        bench.calls.quota.tokens = tokens
        error: AdormError | None = None
        with use_clock(bench.clock):
            async with deadline(math.inf if budget_s is None else budget_s):
                try:
                    await bench.calls.call(operation, PUT, subject="x")
                except (ServiceError, ConnectionFailed, DeadlineExceeded) as caught:
                    error = caught
        met = [*script, "answer"][: bench.requests]
        assert 1 <= bench.requests <= policy.max_attempts
        assert all(0 <= delay_s <= policy.max_delay_s for delay_s in bench.clock.sleeps)
        assert len(bench.clock.sleeps) + met[:-1].count("skewed") == bench.requests - 1
        assert met.count("skewed") <= 2
        assert not {"condition", "invalid", "answer"} & set(met[:-1])
        assert 0 <= bench.calls.quota.tokens <= QUOTA_TOKENS
        assert budget_s is None or sum(bench.clock.sleeps) < budget_s
        ambiguous = [name for name in met if name in AMBIGUOUS]
        if operation == "UpdateItem":
            assert not AMBIGUOUS & set(met[:-1])
        if error is not None:
            assert getattr(error, "maybe_applied") is (bool(ambiguous) and operation != "GetItem")  # noqa: B009  # of all three
            assert getattr(error, "attempts") == bench.requests  # noqa: B009

    asyncio_run(main)


# ---- credentials and clock


def expired() -> ServiceError:
    return refusal("ExpiredTokenException")


def skewed() -> ServiceError:
    return refusal("InvalidSignatureException", 403)


@pytest.mark.parametrize("outcomes", [[expired(), skewed()], [skewed(), expired()]])
async def test_a_token_that_expired_and_a_clock_that_is_wrong_are_both_mended_in_one_call(
    outcomes: list[Outcome],
) -> None:
    it = Bench(*outcomes, {"Item": {}})
    assert await it.calls.call("GetItem", GET) == {"Item": {}}
    assert len(it.transport.sent) == 3
    assert it.clock.sleeps == []


@pytest.mark.parametrize("again", [expired, skewed])
async def test_each_of_them_is_mended_once(again: Callable[[], ServiceError]) -> None:
    it = Bench(expired(), skewed(), again())
    with pytest.raises(AccessDenied):
        await it.calls.call("GetItem", GET)
    assert len(it.transport.sent) == 3
