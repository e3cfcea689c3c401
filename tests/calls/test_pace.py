"""The adaptive rate limit, by a clock that stands still and by a loop whose time is its own."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Callable

import anyio
import attrs
import pytest
from hypothesis import given, settings, strategies as st

import adorm
from adorm.calls.calls import Calls
from adorm.calls.pace import AdaptiveRateLimit, RateLimiter, weights_of
from adorm.calls.table_rate import FORGET_S, TableRate
from adorm.deadlines import deadline
from adorm.errors import ConditionalCheckFailed, DeadlineExceeded, Throttled, UsageError
from adorm.retry import RetryPolicy
from adorm.testing.clock import FakeClock
from adorm.transport.base import Answer, Request, Transport
from adorm.transport.errors import service_error
from tests.support.scripted import Outcome, ScriptedTransport, internal, refusal, throttled
from tests.support.tasks import tasks_alive
from tests.support.virtual_time import VIRTUAL, LoopClock

pytestmark = pytest.mark.anyio

NO_RETRY = RetryPolicy(max_attempts=1)
PUT = {"TableName": "orders", "Item": {"pk": {"S": "c1"}}}
GET = {"TableName": "orders", "Key": {"pk": {"S": "c1"}}}


@pytest.fixture
def anyio_backend() -> object:
    return VIRTUAL


class Bench:
    """Calls under a rate limit, over a script, by a clock that stands still."""

    def __init__(
        self,
        *outcomes: Outcome,
        limit: AdaptiveRateLimit | None = None,
        retry: RetryPolicy = NO_RETRY,
    ) -> None:
        self.clock = FakeClock()
        self.transport = ScriptedTransport(outcomes)
        self.limiter = RateLimiter(limit or AdaptiveRateLimit(), self.clock)
        self.calls = Calls(
            self.transport, retry=retry, clock=self.clock, random=lambda: 0.5, limiter=self.limiter
        )

    async def put(self, table: str = "orders") -> Answer:
        return await self.calls.call("PutItem", {**PUT, "TableName": table})

    async def get(self) -> Answer:
        return await self.calls.call("GetItem", GET)

    async def puts(self, count: int, every_s: float) -> None:
        for _ in range(count):
            await self.put()
            self.clock.advance(every_s)

    async def throttle(self) -> None:
        self.transport.outcomes.append(throttled())
        with pytest.raises(Throttled):
            await self.put()


# ---------------------------------------------------------------- what the rate becomes


async def test_nothing_is_held_back_before_the_first_throttle() -> None:
    bench = Bench()
    for _ in range(1000):
        await bench.put()
    assert bench.clock.sleeps == []
    assert bench.limiter.rates == {}


async def test_a_throttle_brings_the_rate_to_seven_tenths_of_what_was_sent() -> None:
    bench = Bench()
    await bench.puts(200, 0.01)
    await bench.throttle()
    assert bench.limiter.rates == {"orders writes": pytest.approx(70.0, rel=0.05)}


async def test_calls_above_the_rate_wait_for_it() -> None:
    bench = Bench()
    await bench.puts(200, 0.01)
    await bench.throttle()
    before_s = bench.clock.monotonic()
    for _ in range(10):
        await bench.put()
    assert bench.clock.monotonic() - before_s == pytest.approx(10 / 70, rel=0.1)


async def test_the_rate_comes_back_to_where_it_was_and_beyond() -> None:
    """CUBIC: steep, flat around the rate at which the throttle came, steep again."""
    bench = Bench()
    await bench.puts(200, 0.01)
    await bench.throttle()
    rates: list[float] = []
    until_s = bench.clock.monotonic() + 9
    while bench.clock.monotonic() < until_s:
        await bench.put()
        rates += bench.limiter.rates.values()
    assert rates == sorted(rates)
    at_k = rates[int(len(rates) * 0.45)]
    assert at_k == pytest.approx(100, rel=0.05)
    assert rates[-1] > 130


async def test_an_idle_table_keeps_its_rate_and_forgets_it_after_a_minute() -> None:
    bench = Bench()
    await bench.puts(200, 0.01)
    await bench.throttle()
    rate = bench.limiter.rates["orders writes"]
    bench.clock.advance(FORGET_S / 2)
    await bench.put()
    assert bench.limiter.rates["orders writes"] == pytest.approx(
        rate
    )  # nothing was sent that would have tried a higher one
    bench.clock.advance(FORGET_S / 2)
    await bench.put()
    assert bench.limiter.rates == {}


async def test_throttles_of_what_was_sent_before_the_decrease_do_not_count_again() -> None:
    """Fifty requests in flight meet the same full table: that is one piece of news."""
    bench = Bench()
    await bench.puts(200, 0.01)
    release = anyio.Event()

    async def refuse() -> Answer:
        await release.wait()
        raise throttled()

    async def put() -> None:
        with pytest.raises(Throttled):
            await bench.put()

    bench.transport.outcomes += [refuse] * 50
    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(put)
        await anyio.wait_all_tasks_blocked()
        release.set()
    after_one = bench.limiter.rates["orders writes"]
    assert after_one > 70
    await bench.throttle()
    assert bench.limiter.rates["orders writes"] == pytest.approx(0.7 * after_one)


async def test_no_throttle_brings_the_rate_below_its_least() -> None:
    bench = Bench(limit=AdaptiveRateLimit(min_per_s=20))
    for _ in range(30):
        await bench.throttle()
    assert bench.limiter.rates == {"orders writes": 20.0}


async def test_a_ceiling_holds_from_the_start_and_forever() -> None:
    bench = Bench(limit=AdaptiveRateLimit(max_per_s=10))
    started_s = bench.clock.monotonic()
    for _ in range(1 + 200):
        await bench.put()
    assert bench.clock.monotonic() - started_s == pytest.approx(20.0)
    await bench.throttle()
    assert bench.limiter.rates == {"orders writes": pytest.approx(7, rel=0.1)}
    bench.clock.advance(FORGET_S)
    await bench.put()
    assert bench.limiter.rates == {"orders writes": 10.0}


async def test_a_throttled_table_slows_no_other_and_its_writes_not_its_reads() -> None:
    bench = Bench()
    for _ in range(20):
        await bench.throttle()
    bench.clock.sleeps.clear()
    for _ in range(50):
        await bench.put("customers")
        await bench.get()
        await bench.calls.call("Query", {"TableName": "orders", "IndexName": "by-status"})
        await bench.calls.call("DescribeTable", {"TableName": "orders"})
    assert bench.clock.sleeps == []


async def test_a_failed_condition_is_an_answer_and_a_fault_of_dynamodb_says_nothing() -> None:
    bench = Bench()
    await bench.puts(200, 0.01)
    await bench.throttle()
    rate = bench.limiter.rates["orders writes"]
    bench.transport.outcomes.append(internal())
    bench.clock.advance(3)
    with pytest.raises(adorm.ServiceError):
        await bench.put()
    assert bench.limiter.rates["orders writes"] == rate
    for _ in range(200):
        bench.transport.outcomes.append(refusal("ConditionalCheckFailedException"))
        with pytest.raises(ConditionalCheckFailed):
            await bench.put()
    assert bench.limiter.rates["orders writes"] > rate


# ---------------------------------------------------------------- what counts, and where


COUNTED: list[tuple[str, Request, list[tuple[str, int]]]] = [
    ("GetItem", {"TableName": "t"}, [("t reads", 1)]),
    ("Query", {"TableName": "t", "IndexName": "i"}, [("t/i reads", 1)]),
    ("UpdateItem", {"TableName": "t"}, [("t writes", 1)]),
    (
        "BatchGetItem",
        {"RequestItems": {"b": {"Keys": [{}, {}]}, "a": {"Keys": [{}]}}},
        [("a reads", 1), ("b reads", 2)],
    ),
    ("BatchWriteItem", {"RequestItems": {"t": [{}] * 25}}, [("t writes", 25)]),
    ("TransactGetItems", {"TransactItems": [{"Get": {"TableName": "t"}}]}, [("t reads", 1)]),
    (
        "TransactWriteItems",
        {
            "TransactItems": [
                {"Put": {"TableName": "t"}},
                {"ConditionCheck": {"TableName": "u"}},
                {"Delete": {"TableName": "t"}},
            ]
        },
        [("t writes", 2), ("u writes", 1)],
    ),
    ("ListTables", {}, []),
    ("CreateTable", {"TableName": "t"}, []),
    ("ExecuteStatement", {"Statement": "SELECT"}, []),
    ("BatchGetItem", {"RequestItems": 5}, []),
]


@pytest.mark.parametrize(("operation", "request_", "weights"), COUNTED)
def test_a_request_counts_where_its_items_are(
    operation: str, request_: Request, weights: list[tuple[str, int]]
) -> None:
    assert weights_of(operation, request_) == weights


@pytest.mark.parametrize(
    "broken", [5, "x", [5], [{}], [{"Put": 5}], {"t": 5}, {"t": {"Keys": 5}}, {"t": None}]
)
@pytest.mark.parametrize("name", ["RequestItems", "TransactItems"])
def test_a_broken_request_is_left_to_dynamodb_to_refuse(name: str, broken: object) -> None:
    weights = weights_of("BatchWriteItem", {name: broken})
    assert all(count >= 1 for _, count in weights)
    assert weights_of("GetItem", {"TableName": broken}) == [(f"{broken} reads", 1)]


async def test_a_transaction_tells_which_table_was_throttled() -> None:
    bench = Bench()
    reasons = [{"Code": "None"}, {"Code": "ThrottlingError", "Message": "slow"}]
    bench.transport.outcomes.append(
        service_error(
            {"__type": "TransactionCanceledException", "CancellationReasons": reasons},
            operation="TransactWriteItems",
            status=400,
        )
    )
    items = [{"Put": {"TableName": "calm"}}, {"Put": {"TableName": "busy"}}]
    with pytest.raises(adorm.TransactionCanceled):
        await bench.calls.call("TransactWriteItems", {"TransactItems": items})
    assert list(bench.limiter.rates) == ["busy writes"]


async def test_puts_that_a_batch_left_unprocessed_were_throttled() -> None:
    bench = Bench({"UnprocessedItems": {"busy": [{}]}})
    await bench.calls.call("BatchWriteItem", {"RequestItems": {"busy": [{}] * 5, "calm": [{}]}})
    assert list(bench.limiter.rates) == ["busy writes"]


async def test_a_batch_heavier_than_the_burst_goes_and_leaves_its_debt_to_the_next() -> None:
    bench = Bench(limit=AdaptiveRateLimit(max_per_s=10))
    batch: Request = {"RequestItems": {"orders": [{}] * 25}}
    await bench.calls.call("BatchWriteItem", batch)
    assert bench.clock.sleeps == []
    before_s = bench.clock.monotonic()
    await bench.put()
    assert bench.clock.monotonic() - before_s == pytest.approx(2.5)


# ---------------------------------------------------------------- waiting: deadlines and
# cancellation


async def test_a_wait_that_would_outlive_the_deadline_is_not_begun() -> None:
    bench = Bench(limit=AdaptiveRateLimit(max_per_s=1))
    await bench.put()
    async with deadline(0.5):
        with pytest.raises(
            DeadlineExceeded,
            match=r"the rate limit of orders writes \(1\.0 a second\) would outlive",
        ) as caught:
            await bench.put()
    assert (caught.value.attempts, caught.value.maybe_applied) == (0, False)
    assert len(bench.transport.sent) == 1
    assert bench.clock.sleeps == []
    async with deadline(1.5):
        await bench.put()
    assert bench.clock.sleeps == [pytest.approx(0.5), pytest.approx(0.5)]


async def test_a_cancel_scope_s_deadline_counts_too() -> None:
    bench = Bench(limit=AdaptiveRateLimit(max_per_s=1))
    await bench.put()
    with anyio.fail_after(0.5), pytest.raises(DeadlineExceeded):
        await bench.put()


async def test_before_a_retry_the_deadline_error_carries_what_came_before() -> None:
    bench = Bench(
        throttled(), limit=AdaptiveRateLimit(min_per_s=0.1), retry=RetryPolicy(base_delay_s=0.0)
    )
    async with deadline(0.01):
        with pytest.raises(DeadlineExceeded) as caught:
            await bench.put()
    assert caught.value.attempts == 1
    assert isinstance(caught.value.__cause__, Throttled)
    assert caught.value.maybe_applied is False


async def test_a_waiter_is_cut_off_at_its_deadline_when_those_before_it_take_longer() -> None:
    clock = LoopClock()
    limiter = RateLimiter(AdaptiveRateLimit(max_per_s=10), clock)
    calls = Calls(ScriptedTransport(), retry=NO_RETRY, clock=clock, limiter=limiter)
    permit = limiter.permit("PutItem", PUT)
    assert permit is not None
    await permit.take(lambda _rate, _wait_s: None)
    done: list[str] = []
    rate = limiter._rate("orders writes")

    async def bounded() -> None:
        async with deadline(0.35):
            with pytest.raises(
                DeadlineExceeded, match="while it waited for the rate limit"
            ) as caught:
                await calls.call("PutItem", PUT)
            assert caught.value.attempts == 0
        done.append("cut off")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(calls.call, "PutItem", PUT)
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(bounded)
        await anyio.wait_all_tasks_blocked()
        rate.throttled(rate.round)
        rate._set_rate(1.0)  # slower than when they came
    assert done == ["cut off"]
    assert rate.queued == 0


async def test_the_wait_is_told_to_the_attempt_s_hooks() -> None:
    clock = FakeClock()
    seen: list[float] = []
    hooks = adorm.CallHooks(before_attempt=lambda details: seen.append(details.delay_s))
    limiter = RateLimiter(AdaptiveRateLimit(max_per_s=4), clock)
    calls = Calls(ScriptedTransport(), clock=clock, limiter=limiter, hooks=[hooks])
    await calls.call("PutItem", PUT)
    await calls.call("PutItem", PUT)
    assert seen == [0.0, pytest.approx(0.25)]


async def test_a_call_cancelled_before_it_was_sent_gives_its_token_back() -> None:
    clock = FakeClock()

    async def forever(_details: object) -> None:
        await anyio.sleep_forever()

    limiter = RateLimiter(AdaptiveRateLimit(max_per_s=1), clock)
    calls = Calls(
        ScriptedTransport(),
        clock=clock,
        limiter=limiter,
        hooks=[adorm.CallHooks(before_attempt=forever)],
    )
    with anyio.move_on_after(1):
        await calls.call("PutItem", PUT)
    assert limiter.take_at_hand("PutItem", PUT)
    assert not limiter.take_at_hand("PutItem", PUT)


async def test_a_turn_of_two_tables_cancelled_at_the_second_gives_the_first_back() -> None:
    clock = LoopClock()
    limiter = RateLimiter(AdaptiveRateLimit(max_per_s=1), clock)
    assert limiter.take_at_hand("PutItem", {"TableName": "b"})
    both = limiter.permit(
        "TransactWriteItems",
        {"TransactItems": [{"Put": {"TableName": "a"}}, {"Put": {"TableName": "b"}}]},
    )
    assert both is not None
    with anyio.move_on_after(0.5) as scope:
        await both.take(lambda _rate, _wait_s: None)
    assert scope.cancelled_caught
    assert limiter.take_at_hand("PutItem", {"TableName": "a"})
    await anyio.sleep(0.5)
    assert limiter.take_at_hand("PutItem", {"TableName": "b"})


# ---------------------------------------------------------------- properties


@attrs.frozen
class Arrival:
    at_s: float
    weight: int
    patience_s: float


arrivals = st.lists(
    st.builds(
        Arrival,
        at_s=st.floats(0, 3),
        weight=st.sampled_from([1, 1, 1, 2, 25]),
        patience_s=st.one_of(st.just(math.inf), st.floats(0, 5)),
    ),
    min_size=1,
    max_size=40,
)


@given(
    arrivals=arrivals,
    per_s=st.sampled_from([3.0, 20.0, 100.0]),
    burst_s=st.sampled_from([0.05, 0.5]),
)
@settings(max_examples=60, deadline=None)
async def test_never_above_the_rate_all_served_in_order_and_cancelled_waiters_lose_nothing(
    arrivals: list[Arrival], per_s: float, burst_s: float
) -> None:
    rate = TableRate("t writes", max_per_s=per_s, min_per_s=0.5, burst_s=burst_s, clock=LoopClock())
    begun_s = anyio.current_time()
    queued: list[int] = []
    served: list[tuple[int, float]] = []
    left: set[int] = set()

    async def one(number: int, arrival: Arrival) -> None:
        await anyio.sleep(arrival.at_s)
        queued.append(number)
        with anyio.move_on_after(arrival.patience_s) as scope:
            await rate.take(arrival.weight, lambda _rate, _wait_s: None)
            served.append((number, anyio.current_time()))
        if scope.cancelled_caught:
            left.add(number)

    async with anyio.create_task_group() as tasks:
        for number, arrival in enumerate(arrivals):
            tasks.start_soon(one, number, arrival)

    order = [number for number, _ in served]
    assert order == [number for number in queued if number not in left]
    assert set(order) | left == set(range(len(arrivals)))
    assert rate.queued == 0
    most = max(1.0, per_s * burst_s)
    for start in range(len(served)):
        sent = 0
        for number, at_s in served[start:]:
            # The last may be heavier than the bucket: it needs what the bucket holds at most.
            assert (
                sent + min(arrivals[number].weight, most)
                <= per_s * (at_s - served[start][1]) + most + 1e-6
            )
            sent += arrivals[number].weight
    tokens, last_s = most, begun_s
    for number, at_s in served:
        tokens, last_s = min(most, tokens + (at_s - last_s) * per_s) - arrivals[number].weight, at_s
    assert rate._bucket.fill() == pytest.approx(
        min(most, tokens + (anyio.current_time() - last_s) * per_s), abs=1e-6
    )


@given(
    st.lists(
        st.tuples(st.floats(0.001, 5), st.sampled_from(["sent", "throttled", "answered"])),
        max_size=200,
    )
)
async def test_the_rate_stays_between_its_bounds_whatever_comes(
    events: list[tuple[float, str]],
) -> None:
    clock = FakeClock()
    rate = TableRate("t writes", max_per_s=500.0, min_per_s=2.0, burst_s=0.1, clock=clock)
    for after_s, event in events:
        clock.advance(after_s)
        before = rate.per_s
        if event == "sent":
            await rate.take(1, lambda _rate, _wait_s: None)
        elif event == "throttled":
            rate.throttled(rate.round)
            assert rate.per_s <= max(before * 0.7 + 1e-9, 2.0)
        else:
            rate.answered()
            assert rate.per_s >= before
        assert 2.0 <= rate.per_s <= 500.0


# ---------------------------------------------------------------- a table with a capacity


class FullTable(Transport):
    """Takes so many writes a second, answers after some milliseconds, and throttles what is
    above."""

    def __init__(self, capacity_per_s: float) -> None:
        self.capacity_per_s = capacity_per_s
        self.refused = self.taken = 0
        self._tokens = capacity_per_s
        self._filled_s = 0.0

    async def send(self, operation: str, request: Request, /, *_: object) -> Answer:
        await anyio.sleep(0.005)
        now_s = anyio.current_time()
        self._tokens = min(
            self.capacity_per_s, self._tokens + (now_s - self._filled_s) * self.capacity_per_s
        )
        self._filled_s = now_s
        if self._tokens < 1:
            self.refused += 1
            raise throttled()
        self._tokens -= 1
        self.taken += 1
        return {}

    async def open(self) -> None: ...

    async def close(self) -> None: ...


async def simulate(
    capacity_per_s: float, seconds: float, limit: AdaptiveRateLimit | None
) -> tuple[FullTable, int]:
    """Fifty tasks that put as fast as they can; gives the table, and how many calls failed for
    good."""
    table, clock = FullTable(capacity_per_s), LoopClock()
    calls = Calls(
        table,
        clock=clock,
        random=lambda: 0.5,
        limiter=None if limit is None else RateLimiter(limit, clock),
    )
    failed = 0

    async def put() -> None:
        nonlocal failed
        while True:
            try:
                await calls.call("PutItem", PUT)
            except Throttled:
                failed += 1
                await anyio.sleep(0.05)

    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(put)
        await anyio.sleep(seconds)
        tasks.cancel_scope.cancel()
    return table, failed


@pytest.mark.parametrize(("capacity_per_s", "seconds"), [(20.0, 60.0), (200.0, 40.0)])
async def test_fifty_tasks_on_a_full_table_get_nearly_all_of_it_with_few_throttles(
    capacity_per_s: float, seconds: float
) -> None:
    free, failed_free = await simulate(capacity_per_s, 5.0, None)
    assert free.refused > 3 * free.taken
    assert failed_free > 1000  # the retry quota is used up at once
    held, failed_held = await simulate(capacity_per_s, seconds, AdaptiveRateLimit())
    assert held.refused < 0.1 * held.taken
    assert failed_held < 50
    assert held.taken > 0.85 * capacity_per_s * seconds
    assert tasks_alive() == set()


async def test_the_rate_follows_a_table_that_is_given_more_capacity() -> None:
    limiter = RateLimiter(AdaptiveRateLimit(), LoopClock())
    table = FullTable(50.0)
    calls = Calls(table, clock=LoopClock(), random=lambda: 0.5, limiter=limiter)
    taken: list[int] = []

    async def put() -> None:
        while True:
            try:
                await calls.call("PutItem", PUT)
            except Throttled:
                await anyio.sleep(0.05)

    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(put)
        await anyio.sleep(20)
        table.capacity_per_s = 400.0
        await anyio.sleep(20)
        taken.append(table.taken)
        await anyio.sleep(10)
        taken.append(table.taken)
        tasks.cancel_scope.cancel()
    assert taken[1] - taken[0] > 0.8 * 10 * 400


async def test_concurrent_calls_all_get_their_turn() -> None:
    clock = LoopClock()
    limiter = RateLimiter(AdaptiveRateLimit(max_per_s=50, burst_s=0.02), clock)
    transport = ScriptedTransport()
    calls = Calls(transport, clock=clock, limiter=limiter)
    started_s = anyio.current_time()
    async with anyio.create_task_group() as tasks:
        for number in range(101):
            tasks.start_soon(calls.call, "PutItem", {**PUT, "number": number})
    assert [request["number"] for _, request in transport.sent] == list(range(101))
    assert anyio.current_time() - started_s == pytest.approx(2.0, rel=0.02)


# ---------------------------------------------------------------- as users see it


@adorm.model(table="orders")
class Order:
    order_id: str = adorm.partition_key()


async def test_a_database_tells_the_rates_in_force() -> None:
    clock = FakeClock()
    async with adorm.connect(
        "memory", rate_limit=adorm.AdaptiveRateLimit(max_per_s=100), clock=clock
    ) as db:
        assert db.rate_limits == {}
        await db.create_table(Order, wait=False)
        await db.table(Order).put(Order(order_id="o1"))
        assert db.rate_limits == {"orders writes": 100}


async def test_batches_and_transactions_keep_to_the_rate_item_by_item() -> None:
    clock = FakeClock()
    limit = adorm.AdaptiveRateLimit(max_per_s=100)
    async with adorm.connect("memory", rate_limit=limit, hedge=adorm.Hedge(), clock=clock) as db:
        await db.create_table(Order, wait=False)
        orders = db.table(Order)
        started_s = clock.monotonic()
        await orders.batch_write(puts=[Order(order_id=str(number)) for number in range(200)])
        async with db.transaction() as tx:
            for number in range(50):
                tx.delete(Order, str(number))
        assert clock.monotonic() - started_s == pytest.approx(2.0)  # the debt of the last is left
        assert len((await orders.batch_get([str(number) for number in range(100)])).items) == 50
        assert clock.monotonic() - started_s < 2.1  # reads have a rate of their own


def test_a_database_without_either_imports_neither() -> None:
    code = (
        "import sys, adorm; adorm.connect('memory', retry=adorm.RetryPolicy());"
        "unused = {'adorm.calls.pace', 'adorm.calls.table_rate', 'adorm.calls.hedge'}; "
        "print(*sorted(unused & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == []


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: AdaptiveRateLimit(max_per_s=0), "max_per_s=0"),
        (lambda: AdaptiveRateLimit(max_per_s=math.inf), "max_per_s=inf"),
        (lambda: AdaptiveRateLimit(min_per_s=True), "min_per_s=True"),
        (lambda: AdaptiveRateLimit(burst_s=math.nan), "burst_s=nan"),
        (lambda: AdaptiveRateLimit(max_per_s=1, min_per_s=2), "below min_per_s"),
        (
            # a mistake on purpose
            lambda: adorm.connect("memory", rate_limit=5),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            "connect(rate_limit=...) takes an adorm.AdaptiveRateLimit, not int",
        ),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(make: Callable[[], object], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        make()
    assert says in str(caught.value)
