"""Hedged reads, on a loop whose time is its own."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

import anyio
import pytest

import adorm
from adorm.calls.calls import Calls
from adorm.calls.hedge import Hedge, HedgeFigures, HedgingTransport, Latencies
from adorm.calls.pace import AdaptiveRateLimit, RateLimiter
from adorm.concurrency.race import first_of
from adorm.deadlines import current_limit, deadline
from adorm.errors import ConnectionFailed, DeadlineExceeded, ServiceError, UsageError
from adorm.retry import RetryPolicy
from adorm.transport.base import Answer, Request, Transport, WrappedTransport
from tests.support.environment import LOOPS
from tests.support.loopback import LoopbackServer, Silence
from tests.support.scripted import internal, lost, throttled
from tests.support.tasks import tasks_alive
from tests.support.virtual_time import VIRTUAL, LoopClock, p
from tests.support.wired import opened

pytestmark = pytest.mark.anyio

GET = {"TableName": "orders", "Key": {"pk": {"S": "c1"}}}
FAST_S = 0.010
DELAY_S = 0.011
Step = tuple[float, Answer | Exception]
NEVER: Step = (1e6, {})
NO_RETRY = RetryPolicy(max_attempts=1)


@pytest.fixture
def anyio_backend() -> object:
    return VIRTUAL


class Slow(Transport):
    """A transport that takes its time: each request the next step, seconds and an answer or an
    error, then always `FAST_S`."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.sent: list[tuple[str, Request]] = []
        self.running = self.cancelled = 0
        self.latency_s: Callable[[], float] = lambda: FAST_S

    async def send(self, operation: str, request: Request, /, *_: object) -> Answer:
        self.sent.append((operation, request))
        seconds, outcome = (
            self.steps.pop(0) if self.steps else (self.latency_s(), dict[str, object]())
        )
        self.running += 1
        try:
            await anyio.sleep(seconds)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.running -= 1
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


async def warm(*steps: Step) -> tuple[HedgingTransport, Slow]:
    """A transport that has seen enough reads to hedge after `DELAY_S`, and then meets the steps."""
    slow = Slow()
    hedging = HedgingTransport(slow, Hedge(min_delay_s=DELAY_S))
    for _ in range(150):
        await hedging.send("GetItem", GET)
    assert hedging.figures.hedged == 0
    slow.sent.clear()
    slow.steps = list(steps)
    return hedging, slow


async def took(work: Awaitable[object]) -> float:
    started_s = anyio.current_time()
    await work
    return anyio.current_time() - started_s


# ---------------------------------------------------------------- who wins


async def test_a_slow_read_is_sent_again_and_the_first_answer_is_taken() -> None:
    hedging, slow = await warm((5.0, {"n": 1}), (0.002, {"n": 2}))
    started_s = anyio.current_time()
    assert await hedging.send("GetItem", GET) == {"n": 2}
    assert anyio.current_time() - started_s == pytest.approx(DELAY_S + 0.002)
    assert slow.sent == [("GetItem", GET)] * 2
    assert (slow.running, slow.cancelled) == (0, 1)
    assert hedging.figures == HedgeFigures(reads=151, hedged=1, won=1)
    assert tasks_alive() == set()


async def test_the_first_request_may_still_win() -> None:
    hedging, slow = await warm((DELAY_S + 0.005, {"n": 1}), (5.0, {"n": 2}))
    assert await hedging.send("GetItem", GET) == {"n": 1}
    assert (slow.running, slow.cancelled) == (0, 1)
    assert hedging.figures == HedgeFigures(reads=151, hedged=1, won=0)
    assert tasks_alive() == set()


async def test_a_read_as_fast_as_others_is_sent_once() -> None:
    hedging, slow = await warm((FAST_S, {"n": 1}))
    assert await hedging.send("GetItem", GET) == {"n": 1}
    assert len(slow.sent) == 1


async def test_a_write_is_never_sent_twice() -> None:
    hedging, slow = await warm()
    for operation in ("PutItem", "UpdateItem", "TransactWriteItems", "Scan", "DescribeTable"):
        slow.steps.append((5.0, {}))
        await hedging.send(operation, {"TableName": "orders"})
    assert len(slow.sent) == 5
    with pytest.raises(UsageError, match="writes are never hedged"):
        Hedge(operations={"PutItem"})


async def test_the_first_read_of_a_table_is_not_compared_with_those_of_another() -> None:
    hedging, slow = await warm((5.0, {}), (5.0, {}), (5.0, {}))
    await hedging.send("GetItem", {**GET, "TableName": "customers"})
    await hedging.send("Query", GET)
    await hedging.send("BatchGetItem", {"RequestItems": {"orders": {}}})
    assert len(slow.sent) == 3


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"TableName": []},
        {"TableName": "t", "IndexName": {}},
        {"RequestItems": 5},
        {"RequestItems": {1: {}, "x": {}}},
    ],
)
async def test_a_broken_request_is_left_to_dynamodb_to_refuse(request_: Request) -> None:
    hedging, slow = await warm()
    await hedging.send("GetItem", request_)
    assert slow.sent == [("GetItem", request_)]


# ---------------------------------------------------------------- failures


async def test_a_failure_before_the_second_request_is_due_is_just_that() -> None:
    error = internal()
    hedging, slow = await warm((0.001, error))
    with pytest.raises(ServiceError) as caught:
        await hedging.send("GetItem", GET)
    assert caught.value is error
    await anyio.sleep(1)
    assert len(slow.sent) == 1


async def test_if_the_first_fails_the_second_is_waited_for() -> None:
    hedging, slow = await warm((0.02, lost()), (0.5, {"n": 2}))
    assert await hedging.send("GetItem", GET) == {"n": 2}
    assert (slow.running, slow.cancelled) == (0, 0)


async def test_if_the_second_fails_the_first_is_waited_for() -> None:
    hedging, slow = await warm((0.5, {"n": 1}), (0.02, throttled()))
    assert await hedging.send("GetItem", GET) == {"n": 1}
    assert (slow.running, slow.cancelled) == (0, 0)


@pytest.mark.parametrize(("first_s", "second_s"), [(0.02, 0.5), (0.5, 0.02)])
async def test_if_both_fail_the_first_one_s_error_is_raised(
    first_s: float, second_s: float
) -> None:
    error = lost()
    hedging, slow = await warm((first_s, error), (second_s, throttled()))
    with pytest.raises(ConnectionFailed) as caught:
        await hedging.send("GetItem", GET)
    assert caught.value is error
    assert slow.running == 0
    assert tasks_alive() == set()


# ---------------------------------------------------------------- cancellation and deadlines


@pytest.mark.parametrize("after_s", [0.005, DELAY_S, DELAY_S + 0.001, 0.03, 0.06])
@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize(
    "steps", [(NEVER, NEVER), ((0.02, lost()), NEVER), (NEVER, (0.02, lost()))]
)
async def test_a_cancelled_caller_leaves_no_request_and_no_task(
    after_s: float, native: bool, steps: tuple[Step, Step]
) -> None:
    hedging, slow = await warm(*steps)
    if native:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(after_s):
                await hedging.send("GetItem", GET)
    else:
        with anyio.move_on_after(after_s) as scope:
            await hedging.send("GetItem", GET)
        assert scope.cancelled_caught
    assert slow.running == 0
    assert tasks_alive() == set()
    sent = len(slow.sent)
    await anyio.sleep(5)
    assert len(slow.sent) == sent


@pytest.mark.parametrize("turns", range(8))
@pytest.mark.parametrize("native", [False, True])
async def test_a_cancellation_at_any_turn_around_the_answer_is_obeyed_or_comes_too_late(
    turns: int, native: bool
) -> None:
    hedging, slow = await warm((1.0, {"n": 1}), (0.02, {"n": 2}))
    loop = asyncio.get_running_loop()
    scope = anyio.CancelScope()
    got: list[Answer] = []

    async def read() -> None:
        with scope:
            got.append(await hedging.send("GetItem", GET))

    def stop(left: int) -> None:
        if left:
            loop.call_soon(stop, left - 1)
        elif native:
            reader.cancel()
        else:
            scope.cancel()

    reader = asyncio.ensure_future(read())
    loop.call_later(DELAY_S + 0.02 - 1e-9, stop, turns)
    await asyncio.wait([reader])
    assert reader.cancelled() or got == [{"n": 2}] or scope.cancelled_caught
    assert slow.running == 0
    assert tasks_alive() == set()


async def test_the_deadline_ends_both() -> None:
    hedging, slow = await warm((1.0, {}), (1.0, {}))
    calls = Calls(hedging, retry=NO_RETRY, clock=LoopClock())
    async with deadline(0.1):
        with pytest.raises(DeadlineExceeded) as caught:
            await calls.call("GetItem", GET)
    assert caught.value.attempts == 1
    assert caught.value.maybe_applied is False
    assert (slow.running, slow.cancelled) == (0, 2)
    assert tasks_alive() == set()


# ---------------------------------------------------------------- how many, and when


async def test_second_requests_stay_within_their_share_when_all_turns_slow() -> None:
    hedging, slow = await warm()
    slow.latency_s = lambda: 0.9
    reads = 1000
    async with anyio.create_task_group() as tasks:
        for _ in range(reads):
            tasks.start_soon(hedging.send, "GetItem", GET)
    assert 0 < hedging.figures.hedged <= 0.05 * hedging.figures.reads
    assert len(slow.sent) == reads + hedging.figures.hedged


async def test_the_delay_follows_a_dynamodb_that_became_slower_for_all() -> None:
    hedging, slow = await warm()
    dice = random.Random(7)
    slow.latency_s = lambda: dice.uniform(0.1, 0.11)
    for _ in range(600):
        await hedging.send("GetItem", GET)
    before = hedging.figures.hedged
    for _ in range(300):
        await hedging.send("GetItem", GET)
    assert hedging.figures.hedged - before <= 0.05 * 300
    assert hedging.figures.won == 0


def test_the_delay_is_the_quantile_of_recent_latencies_within_its_bounds() -> None:
    latencies = Latencies(Hedge(min_samples=100))
    for number in range(99):
        latencies.add(0.01 + number / 1000)
        assert latencies.delay_s == float("inf")
    latencies.add(0.109)
    assert latencies.delay_s == pytest.approx(0.105)
    for _ in range(300):
        latencies.add(0.0001)
    assert latencies.delay_s == 0.005
    for _ in range(300):
        latencies.add(30)
    assert latencies.delay_s == 1.0


async def test_the_slowest_percent_of_reads_become_fast_for_five_percent_more_requests() -> None:
    """One read in twenty takes twenty times as long."""
    dice = random.Random(7)

    def latency_s() -> float:
        return dice.uniform(0.004, 0.010) if dice.random() >= 0.05 else dice.uniform(0.1, 0.2)

    async def measure(hedge: bool) -> tuple[list[float], Slow, HedgeFigures]:
        slow = Slow()
        slow.latency_s = latency_s
        hedging = HedgingTransport(slow, Hedge())
        send = hedging.send if hedge else slow.send
        latencies = [await took(send("GetItem", GET)) for _ in range(20_000)]
        return latencies, slow, hedging.figures

    plain, _, _ = await measure(False)
    hedged, slow, figures = await measure(True)
    assert p(0.99, plain) > 0.1
    assert p(0.99, hedged) < 0.05
    assert p(0.5, hedged) == pytest.approx(p(0.5, plain), rel=0.05)
    assert len(slow.sent) <= 1.05 * 20_000
    assert figures.won > 0.5 * figures.hedged


async def test_a_rate_limit_has_the_last_word_on_a_second_request() -> None:
    limiter = RateLimiter(AdaptiveRateLimit(max_per_s=1), LoopClock())
    slow = Slow()
    hedging = HedgingTransport(
        slow, Hedge(min_samples=1, min_delay_s=DELAY_S), afford=limiter.take_at_hand
    )
    for _ in range(40):
        await hedging.send("GetItem", GET)
    assert limiter.take_at_hand("GetItem", GET)
    slow.steps.append((0.5, {}))
    await hedging.send("GetItem", GET)
    assert hedging.figures.hedged == 0
    await anyio.sleep(1)
    slow.steps.append((0.5, {}))
    await hedging.send("GetItem", GET)
    assert hedging.figures.hedged == 1


# ---------------------------------------------------------------- over real connections


@pytest.mark.parametrize("anyio_backend", LOOPS)
async def test_the_second_request_goes_by_a_connection_of_its_own_and_the_loser_s_is_closed() -> (
    None
):
    async with LoopbackServer() as server, opened(server, max_connections=2) as wire:
        hedging = HedgingTransport(wire, Hedge(min_samples=1, max_delay_s=0.005))
        server.script("GetItem", {"n": 0}, Silence(), {"n": 2}, {"n": 3}, {"n": 4})
        for _ in range(20):
            hedging._budget.give_back(0.05)
        assert await hedging.send("GetItem", GET) == {"n": 0}
        assert await hedging.send("GetItem", GET) == {"n": 2}
        assert [request.connection for request in server.requests] == [1, 1, 2]
        assert hedging.figures == HedgeFigures(reads=2, hedged=1, won=1)
        answers = await asyncio.gather(wire.send("GetItem", GET), wire.send("GetItem", GET))
        assert list(answers) == [{"n": 3}, {"n": 4}]
        assert "2 of 2 in all, 0 waiting" in repr(wire._pool)
        assert tasks_alive() == set()


async def test_hooks_see_where_a_hedged_read_goes() -> None:
    seen: list[adorm.CallDetails] = []
    async with LoopbackServer() as server, opened(server) as wire:
        calls = Calls(
            HedgingTransport(wire, Hedge()), hooks=[adorm.CallHooks(after_call=seen.append)]
        )
        await calls.call("GetItem", GET)
        (details,) = seen
        assert (details.server.address, details.server.region) == ("127.0.0.1", "eu-central-1")


@pytest.mark.parametrize("anyio_backend", LOOPS)
async def test_closing_the_transport_ends_both_requests() -> None:
    async with LoopbackServer() as server, opened(server) as wire:
        hedging = HedgingTransport(wire, Hedge(min_samples=1, max_delay_s=0.005))
        server.script("GetItem", {"n": 0}, Silence(), Silence())
        for _ in range(20):
            hedging._budget.give_back(0.05)
        await hedging.send("GetItem", GET)
        read = asyncio.ensure_future(hedging.send("GetItem", GET))
        await server.received(3)
        await hedging.close()
        with pytest.raises(ConnectionFailed, match="the database was closed"):
            await read
        assert tasks_alive() == set()


def test_a_loop_that_ends_during_both_requests_leaves_nothing() -> None:
    ends: list[str] = []
    reads: list[asyncio.Task[tuple[None, bool]]] = []
    begun = asyncio.Event()

    async def second() -> None:
        begun.set()
        await request("second")

    async def request(name: str) -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            ends.append(name)

    async def main() -> None:
        reads.append(
            asyncio.ensure_future(
                first_of(lambda: request("first"), second, after_s=0.0, may_begin=lambda: True)
            )
        )
        await begun.wait()

    asyncio.run(main())
    assert sorted(ends) == ["first", "second"]


async def test_what_the_second_request_sees_of_the_context_is_what_the_caller_set() -> None:
    hedging, slow = await warm(NEVER, (0.001, {}))
    seen: list[object] = []
    send = slow.send

    async def looking(operation: str, request: Request, /, *_: object) -> Answer:
        seen.append(current_limit())
        return await send(operation, request)

    slow.send = looking  # type: ignore[method-assign]  # a spy
    async with deadline(60) as limit:
        await hedging.send("GetItem", GET)
    assert seen == [limit, limit]


# ---------------------------------------------------------------- as users see it


@adorm.model(table="orders")
class Order:
    order_id: str = adorm.partition_key()


async def test_a_database_hedges_and_tells_so() -> None:
    slow_down = False
    sent = 0

    class Delays(WrappedTransport):
        """Stands before the engine and holds one read up."""

        async def send(self, operation: str, request: Request, /, *_: object) -> Answer:
            nonlocal slow_down, sent
            sent += 1
            seconds, slow_down = (30.0 if slow_down else 0.001), False
            await anyio.sleep(seconds)
            return await self.inner.send(operation, request)

    async with adorm.connect("memory", hedge=adorm.Hedge(min_samples=20), wrap=Delays) as db:
        assert db.hedge_figures == adorm.HedgeFigures()
        await db.create_table(Order, wait=False)
        orders = db.table(Order)
        await orders.put(Order(order_id="o1"))
        for _ in range(40):
            await orders.get("o1")
        slow_down, sent = True, 0
        async with adorm.deadline(5):
            assert await orders.get("o1") == Order(order_id="o1")
        assert sent == 2
        assert db.hedge_figures == adorm.HedgeFigures(reads=41, hedged=1, won=1)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Hedge(quantile=1), "quantile=1"),
        (lambda: Hedge(max_extra=0), "max_extra=0"),
        (lambda: Hedge(min_samples=257), "min_samples=257"),
        (lambda: Hedge(min_delay_s=-1), "min_delay_s=-1"),
        (lambda: Hedge(min_delay_s=2), "below min_delay_s"),
        (lambda: Hedge(operations=frozenset()), "operations="),
        (
            # a mistake on purpose
            lambda: adorm.connect("memory", hedge=True),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            "connect(hedge=...) takes an adorm.Hedge, not bool",
        ),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(make: Callable[[], object], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        make()
    assert says in str(caught.value)
