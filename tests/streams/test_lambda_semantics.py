"""Lambda, played: shards read in batches, retried from the smallest sequence number of an answer,
or by halves.

Whatever fails, however long it takes and in whatever way Lambda tries again, each record is handled
at least once, in the order of its item, and the answer names exactly what has to come again.
https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Literal

import anyio
import attrs
from hypothesis import HealthCheck, given, settings, strategies as st

import adorm
from adorm.clock import use_clock
from adorm.testing import stream_event, stream_record
from tests.streams.models import Order, failed
from tests.support.tasks import tasks_alive
from tests.support.virtual_time import LoopClock, run_virtually


@attrs.frozen
class Try:
    """What a record's handler does at one delivery."""

    ends: Literal["well", "raises", "is lost"]
    duration_s: float


@attrs.define
class Planned:
    """A record of the shard: of which item, and what its first deliveries meet. Later ones go
    well."""

    item: int
    step: int
    """How far its sequence number is from that of the record before."""
    tries: list[Try]


@attrs.frozen
class Mapping:
    """How Lambda is set up, and the handler."""

    batch_size: int
    bisect: bool
    refill: bool
    """Whether a retry is filled up with records that follow."""
    shuffled: bool
    kinesis: bool
    concurrency: int
    after_failure: Literal["continue", "stop_shard"]
    partial_batches: bool
    time_limits_s: list[float | None]
    """Of the first invocations; later ones have all the time they need."""


tries = st.builds(
    Try,
    st.sampled_from(["well", "raises", "raises", "is lost"]),
    st.sampled_from([0.0, 0.0, 0.3, 1.0, 500.0]),
)
planned = st.builds(
    Planned, st.integers(1, 4), st.sampled_from([1, 9, 91, 10**18]), st.lists(tries, max_size=3)
)
mappings = st.builds(
    Mapping,
    batch_size=st.integers(1, 12),
    bisect=st.booleans(),
    refill=st.booleans(),
    shuffled=st.booleans(),
    kinesis=st.booleans(),
    concurrency=st.integers(1, 4),
    after_failure=st.sampled_from(["continue", "stop_shard"]),
    partial_batches=st.sampled_from([True, True, True, False]),
    time_limits_s=st.lists(st.sampled_from([None, 0.2, 0.7, 1.2, 3.0]), max_size=4),
)


class Invocation:
    """What happened in one call of the handler."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self.numbers = numbers
        self.begun: list[int] = []
        self.running: set[int] = set()
        self.succeeded: set[int] = set()
        self.failed: list[int] = []
        """In the order of failing; what time cut off is not among them."""


class Shard:
    """One shard, what became of its records over all invocations, and the checks that hold at every
    moment."""

    def __init__(self, name: str, plans: Sequence[Planned], mapping: Mapping) -> None:
        self.name = name
        self.mapping = mapping
        self.plans: dict[int, Planned] = {}
        self.records: list[dict[str, Any]] = []
        number = 90
        for plan in plans:
            number += plan.step
            self.plans[number] = plan
            item = Order(customer_id=name, order_id=str(plan.item), version=len(self.records))
            self.records.append(stream_record(new=item, sequence_number=number))
        self.tries = {number: iter(plan.tries) for number, plan in self.plans.items()}
        self.succeeded: set[int] = set()
        self.invocations: list[Invocation] = []
        self.limits = iter(mapping.time_limits_s)
        self.broken: list[str] = []

    def before(self, number: int) -> list[int]:
        """The records of the same item before this one."""
        return [
            other
            for other, plan in self.plans.items()
            if other < number and plan.item == self.plans[number].item
        ]

    async def handle(self, number: int) -> None:
        now = self.invocations[-1]
        item = self.plans[number].item
        of_item = [other for other in now.begun if self.plans[other].item == item]
        rules = {
            "begun before its predecessor was handled": set(self.before(number)) <= self.succeeded,
            "two of one item at a time": item
            not in {self.plans[other].item for other in now.running},
            "begun behind a failure of its item": item
            not in {self.plans[other].item for other in now.failed},
            "out of order": all(other < number for other in of_item),
            "too many at a time": len(now.running) < self.mapping.concurrency,
            "begun behind a failure": self.mapping.after_failure == "continue"
            or not now.failed
            or number < min(now.failed),
        }
        # Raised here it would be one more failure of a handler.
        self.broken += [f"{number}: {rule}" for rule, holds in rules.items() if not holds]
        now.begun.append(number)
        now.running.add(number)
        try:
            attempt = next(self.tries[number], Try("well", 0.0))
            await asyncio.sleep(attempt.duration_s)
            if attempt.ends == "raises":
                now.failed.append(number)
                raise RuntimeError("as planned")
            if attempt.ends == "is lost":
                now.failed.append(number)
                lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                lost.cancel()
                await lost
            now.succeeded.add(number)
            self.succeeded.add(number)
        finally:
            now.running.discard(number)

    # ---- Lambda

    async def deliver(self, changes: adorm.StreamHandler) -> None:
        """Read the shard to its end."""
        size = self.mapping.batch_size
        position = 0
        while position < len(self.records):
            position += await self.settle(
                changes, position, min(position + size, len(self.records))
            )

    async def settle(self, changes: adorm.StreamHandler, start: int, end: int) -> int:
        """Deliver until the checkpoint lies behind `end`; how many records it has moved over."""
        begin = start
        while start < end:
            repeat_from = await self.invoke(changes, start, end)
            if repeat_from is None:  # the invocation failed
                if self.mapping.bisect and end - start > 1:
                    middle = (start + end) // 2
                    await self.settle(changes, start, middle)
                    await self.settle(changes, middle, end)
                    return end - begin
            else:
                start = repeat_from
                if self.mapping.refill and start < end:
                    end = max(end, min(start + self.mapping.batch_size, len(self.records)))
        return end - begin

    async def invoke(self, changes: adorm.StreamHandler, start: int, end: int) -> int | None:
        """Call the handler; the position from which Lambda goes on, None where the call failed."""
        sent = self.records[start:end]
        numbers = [int(record["dynamodb"]["SequenceNumber"]) for record in sent]
        event = stream_event(
            *(reversed(sent) if self.mapping.shuffled else sent), kinesis=self.mapping.kinesis
        )
        now = Invocation(numbers)
        self.invocations.append(now)
        assert len(self.invocations) < 500, "it does not come to an end"
        limit_s = next(self.limits, None)
        began_s = anyio.current_time()
        try:
            async with adorm.deadline(1e9 if limit_s is None else limit_s):
                response = await changes(event, None)
        except adorm.StreamFailed as error:
            assert not self.mapping.partial_batches
            result: adorm.StreamResult = error.result
            assert {
                int(outcome.sequence_number) for outcome in result.outcomes if outcome.finished
            } == now.succeeded
            return None
        finally:
            assert now.running == set()
            assert limit_s is None or anyio.current_time() - began_s <= limit_s, (
                "too late to answer"
            )
        repeated = [int(number) for number in failed(response)]
        self.check(now, repeated, had_time=limit_s is None)
        return start + (numbers.index(repeated[0]) if repeated else len(numbers))

    def check(self, now: Invocation, repeated: list[int], *, had_time: bool) -> None:
        """The answer is exactly right, and as little as can be is left."""
        unfinished = sorted(set(now.numbers) - now.succeeded)
        if self.mapping.after_failure == "continue":
            assert repeated == unfinished
            if had_time:
                assert set(repeated) == {
                    number
                    for number in now.numbers
                    if any(number == bad or bad in self.before(number) for bad in now.failed)
                }, "something was left though nothing stood in its way"
        else:
            assert repeated == [
                number for number in now.numbers if unfinished and number >= unfinished[0]
            ]
            if had_time and now.failed:
                assert unfinished[0] == min(now.failed), (
                    "something before the first failure was left"
                )
        if not now.failed and had_time:
            assert repeated == []


def play(shards: Sequence[Sequence[Planned]], mapping: Mapping) -> None:
    """Deliver the shards to one handler, side by side, until all is handled."""
    played = {
        f"shard{position}": Shard(f"shard{position}", plans, mapping)
        for position, plans in enumerate(shards)
    }
    changes = adorm.StreamHandler(
        concurrency=mapping.concurrency,
        after_failure=mapping.after_failure,
        partial_batches=mapping.partial_batches,
        stop_before_s=0.1,
    )

    @changes.insert(Order)
    async def created(order: Order, change: adorm.StreamChange[Order]) -> None:
        await played[order.customer_id].handle(int(change.sequence_number))

    async def main() -> None:
        with use_clock(LoopClock()):
            async with anyio.create_task_group() as tasks:
                for shard in played.values():
                    tasks.start_soon(shard.deliver, changes)
        assert tasks_alive() == set()

    run_virtually(main)
    for shard in played.values():
        assert shard.broken == []
        assert shard.succeeded == set(shard.plans), "a record was lost"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    shards=st.lists(st.lists(planned, min_size=1, max_size=12), min_size=1, max_size=2),
    mapping=mappings,
)
def test_every_record_is_handled_at_least_once_in_order_and_the_answer_is_exactly_right(
    shards: list[list[Planned]], mapping: Mapping
) -> None:
    play(shards, mapping)


def test_of_two_failures_the_earlier_one_stops_the_shard_though_it_came_later() -> None:
    slow, fails_later, waits, fails_first = (
        Planned(1, 1, [Try("well", 2.0)]),
        Planned(2, 1, [Try("raises", 1.0)]),
        Planned(1, 1, []),
        Planned(3, 1, [Try("raises", 0.0)]),
    )
    mapping = Mapping(10, False, False, False, False, 3, "stop_shard", True, [])
    play([[slow, fails_later, waits, fails_first]], mapping)
