"""Each fault on the memory engine: what adorm sees of it, and what the engine got."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Literal

import anyio
import pytest
from anyio.lowlevel import checkpoint

import adorm
from adorm.clock import current_clock
from adorm.errors import ConnectionFailed, ServiceError, Throttled, TransactionCanceled, UsageError
from adorm.testing import Attempt, FakeClock, Fault, Faults, Recorder
from adorm.transport.base import Answer, Transport
from tests.support.environment import LOOPS

pytestmark = pytest.mark.anyio

ONCE = adorm.RetryPolicy(max_attempts=1)
STEADY = adorm.RetryPolicy(jitter=0.0)


@adorm.model(table="notes")
class Note:
    note_id: str = adorm.partition_key()
    text: str = ""
    data: bytes = b""


@pytest.fixture(params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> object:
    return request.param


class Bench:
    """A memory database behind faults, with a recorder on either side of them."""

    def __init__(self, retry: adorm.RetryPolicy = ONCE) -> None:
        self.faults = Faults()
        self.tried = Recorder()
        self.reached = Recorder()
        self.clock = FakeClock()
        self.db = adorm.connect("memory", wrap=self._wrap, clock=self.clock, retry=retry)
        self.notes = self.db.table(Note)

    def _wrap(self, engine: Transport) -> Transport:
        return self.tried(self.faults(self.reached(engine)))


@asynccontextmanager
async def bench(retry: adorm.RetryPolicy = ONCE) -> AsyncGenerator[Bench, None]:
    made = Bench(retry)
    async with made.db:
        await made.db.create_table(Note)
        made.tried.clear()
        made.reached.clear()
        yield made


def keys(*names: str) -> dict[str, Any]:
    return {
        "RequestItems": {
            "notes": {"Keys": [{"note_id": {"S": name}} for name in names], "ConsistentRead": True}
        }
    }


def puts(*names: str, data: object = b"\x00\xff") -> dict[str, Any]:
    items = [{"note_id": {"S": name}, "data": {"B": data}} for name in names]
    return {"RequestItems": {"notes": [{"PutRequest": {"Item": item}} for item in items]}}


async def stored(b: Bench) -> dict[str, str | None]:
    """The ids of all notes in the table, and their data."""
    answer = await b.db.call("Scan", {"TableName": "notes", "ConsistentRead": True})
    return {item["note_id"]["S"]: item.get("data", {}).get("B") for item in answer["Items"]}


# ---- when


async def test_a_fault_happens_at_its_call_and_only_there() -> None:
    async with bench() as b:
        fault = b.faults.on("PutItem", call=2).throttle()
        await b.notes.put(Note(note_id="a"))
        with pytest.raises(Throttled):
            await b.notes.put(Note(note_id="b"))
        await b.notes.put(Note(note_id="c"))
        assert (fault.seen, fault.fired) == (3, 1)
        assert [n.note_id for n in (await b.notes.get("a"), await b.notes.get("c"))] == ["a", "c"]
        assert await b.notes.get_or_none("b") is None


async def test_calls_are_counted_from_where_the_fault_was_scripted() -> None:
    async with bench() as b:
        await b.notes.put(Note(note_id="a"))
        b.faults.on("PutItem", call=1).throttle()
        with pytest.raises(Throttled):
            await b.notes.put(Note(note_id="b"))


async def test_several_calls_and_any_operation() -> None:
    async with bench() as b:
        fault = b.faults.on(call=range(2, 4)).throttle()
        await b.notes.put(Note(note_id="a"))
        for _ in range(2):
            with pytest.raises(Throttled):
                await b.notes.get("a")
        await b.notes.get("a")
        assert fault.fired == 2


async def test_without_a_call_number_every_call_is_hit() -> None:
    async with bench() as b:
        b.faults.on("GetItem", "Query").throttle()
        await b.notes.put(Note(note_id="a"))
        for _ in range(3):
            with pytest.raises(Throttled):
                await b.notes.get("a")
        with pytest.raises(Throttled):
            await b.notes.query("a")


async def test_only_matching_requests_are_counted() -> None:
    async with bench() as b:
        b.faults.on(
            "PutItem", call=2, matching=lambda request: request["Item"]["note_id"]["S"] == "b"
        ).throttle()
        for name in ("a", "b", "a"):
            await b.notes.put(Note(note_id=name))
        with pytest.raises(Throttled):
            await b.notes.put(Note(note_id="b"))


async def test_a_retry_is_a_call_of_its_own_and_waits_on_the_connections_clock() -> None:
    async with bench(retry=STEADY) as b:
        b.faults.on("PutItem", call=(1, 2)).throttle()
        b.clock.sleeps.clear()
        await b.notes.put(Note(note_id="a"))
        assert b.tried.operations == ["PutItem"] * 3
        assert b.reached.operations == ["PutItem"]
        assert b.clock.sleeps == [0.05, 0.1]


async def test_faults_on_one_request_happen_in_the_order_of_the_script() -> None:
    async with bench() as b:
        b.clock.sleeps.clear()
        b.faults.on("GetItem").delay(3)
        b.faults.on("GetItem").throttle()
        never = b.faults.on("GetItem").delay(5)
        with pytest.raises(Throttled):
            await b.notes.get("a")
        assert b.clock.sleeps == [3]
        assert (never.seen, never.fired) == (1, 0)


async def test_two_connections_count_together() -> None:
    faults = Faults()
    faults.on("ListTables", call=2).throttle()
    async with (
        adorm.connect("memory", wrap=faults) as one,
        adorm.connect("memory", wrap=faults, retry=ONCE) as other,
    ):
        await one.call("ListTables", {})
        with pytest.raises(Throttled):
            await other.call("ListTables", {})


async def test_cleared_faults_happen_no_more() -> None:
    async with bench() as b:
        b.faults.on("PutItem").throttle()
        b.faults.clear()
        await b.notes.put(Note(note_id="a"))


# ---- what


async def test_a_throttle_may_carry_the_servers_hint() -> None:
    async with bench(retry=STEADY) as b:
        b.clock.sleeps.clear()
        b.faults.on("PutItem", call=1).throttle(retry_after_s=1.5)
        await b.notes.put(Note(note_id="a"))
        assert b.clock.sleeps == [1.5]


@pytest.mark.parametrize("applied", [False, True])
async def test_a_server_error_leaves_open_whether_it_was_applied(applied: bool) -> None:
    async with bench() as b:
        b.faults.on("PutItem", call=1).server_error(applied=applied)
        with pytest.raises(ServiceError) as caught:
            await b.notes.put(Note(note_id="a"))
        assert (caught.value.code, caught.value.status, caught.value.maybe_applied) == (
            "InternalServerError",
            500,
            True,
        )
        assert b.reached.operations == ["PutItem"] * applied
        assert (await b.notes.get_or_none("a") is not None) is applied


@pytest.mark.parametrize("applied", [False, True])
async def test_a_dropped_request_and_a_dropped_answer_look_the_same(applied: bool) -> None:
    async with bench() as b:
        b.faults.on("PutItem", call=1).drop(applied=applied)
        with pytest.raises(ConnectionFailed) as caught:
            await b.notes.put(Note(note_id="a"))
        assert caught.value.maybe_applied
        assert (await b.notes.get_or_none("a") is not None) is applied


async def test_an_error_of_the_engine_is_lost_with_its_answer() -> None:
    async with bench() as b:
        b.faults.on("GetItem", call=1).drop(applied=True)
        with pytest.raises(ConnectionFailed):
            await b.db.call("GetItem", {"TableName": "elsewhere", "Key": {"note_id": {"S": "a"}}})
        assert [each.state for each in b.reached.sent] == ["failed"]


async def test_an_unreachable_engine_has_certainly_applied_nothing() -> None:
    async with bench() as b:
        b.faults.on("PutItem").unreachable()
        with pytest.raises(ConnectionFailed) as caught:
            await b.notes.put(Note(note_id="a"))
        assert not caught.value.maybe_applied
        assert b.reached.sent == ()


async def test_any_code_can_be_answered() -> None:
    async with bench() as b:
        b.faults.on("TransactWriteItems").refuse(
            "TransactionCanceledException", reasons=["None", "TransactionConflict"]
        )
        with pytest.raises(TransactionCanceled) as caught:
            await b.db.call("TransactWriteItems", {"TransactItems": []})
        assert [reason.code for reason in caught.value.reasons] == [None, "TransactionConflict"]
        b.faults.on("GetItem").refuse("AccessDeniedException", message="not you")
        with pytest.raises(adorm.AccessDenied, match="not you"):
            await b.notes.get("a")


@pytest.mark.parametrize("applied", [False, True])
async def test_a_delay_waits_before_the_request_or_before_its_answer(applied: bool) -> None:
    async with bench() as b:
        b.clock.sleeps.clear()
        b.faults.on("PutItem").delay(math.pi, applied=applied)
        await b.notes.put(Note(note_id="a"))
        assert b.clock.sleeps == [math.pi]


async def test_an_error_of_the_engine_is_delayed_like_an_answer() -> None:
    async with bench() as b:
        b.clock.sleeps.clear()
        b.faults.on("GetItem").delay(1, applied=True)
        with pytest.raises(adorm.ResourceNotFound):
            await b.db.call("GetItem", {"TableName": "elsewhere", "Key": {"note_id": {"S": "a"}}})
        assert b.clock.sleeps == [1]


@pytest.mark.parametrize("applied", [False, True])
async def test_a_held_request_waits_for_its_release(applied: bool) -> None:
    async with bench() as b:
        hold = b.faults.on("PutItem").hold(applied=applied)
        with anyio.fail_after(5):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(b.db.call, "PutItem", b.notes.put(Note(note_id="a")).request())
                tasks.start_soon(b.db.call, "PutItem", b.notes.put(Note(note_id="b")).request())
                await hold.reached(2)
                assert hold.waiting == 2
                assert [each.state for each in b.reached.sent] == ["answered"] * 2 * applied
                hold.release()
            await b.notes.put(Note(note_id="c"))
        assert hold.waiting == 0
        assert len(await stored(b)) == 3


async def test_a_deadline_ends_a_held_request() -> None:
    async with bench() as b:
        hold = b.faults.on("GetItem").hold()
        with pytest.raises(adorm.DeadlineExceeded):
            async with adorm.deadline(0.01):
                await b.notes.get("a")
        assert (hold.fired, hold.waiting) == (1, 0)
        assert b.reached.sent == ()


async def test_a_fault_of_ones_own_may_change_request_and_answer() -> None:
    async def blank(attempt: Attempt) -> Answer:
        answer = await attempt.send({**attempt.request, "Key": {"note_id": {"S": "b"}}})
        return {"Item": {**answer["Item"], "text": {"S": attempt.operation}}}

    async with bench() as b:
        await b.notes.put(Note(note_id="b"))
        b.faults.on("GetItem").run(blank)
        assert await b.notes.get("a") == Note(note_id="b", text="GetItem")
        assert "blank" in repr(b.faults)


async def test_wrap_is_called_with_the_connections_clock_as_the_current_one() -> None:
    clock = FakeClock()
    seen: list[object] = []

    def wrap(engine: Transport) -> Transport:
        seen.append(current_clock())
        return engine

    async with adorm.connect("memory", wrap=wrap, clock=clock) as db:
        await db.call("ListTables", {})
    assert seen == [clock]


# ---- unprocessed


async def test_a_share_of_keys_is_left_unprocessed_and_really_not_read() -> None:
    async with bench() as b:
        await b.db.call("BatchWriteItem", puts(*"abcdefghij"))
        b.faults.on("BatchGetItem").unprocessed(share=0.3)
        answer = await b.db.call("BatchGetItem", keys(*"abcdefghij"))
        left = [key["note_id"]["S"] for key in answer["UnprocessedKeys"]["notes"]["Keys"]]
        read = [item["note_id"]["S"] for item in answer["Responses"]["notes"]]
        assert len(left) == 3
        assert sorted(left + read) == list("abcdefghij")
        assert answer["UnprocessedKeys"]["notes"]["ConsistentRead"] is True
        (sent,) = b.reached.of("BatchGetItem")
        assert sorted(
            key["note_id"]["S"] for key in sent.request["RequestItems"]["notes"]["Keys"]
        ) == sorted(read)


async def test_items_left_unprocessed_are_really_not_written_and_can_be_sent_again() -> None:
    async with bench() as b:
        b.faults.on("BatchWriteItem", call=1).unprocessed(count=2)
        answer = await b.db.call("BatchWriteItem", puts(*"abcde"))
        left = [
            entry["PutRequest"]["Item"]["note_id"]["S"]
            for entry in answer["UnprocessedItems"]["notes"]
        ]
        assert len(left) == 2
        assert set(await stored(b)) == set("abcde") - set(left)
        assert answer["UnprocessedItems"]["notes"][0]["PutRequest"]["Item"]["data"] == {"B": "AP8="}
        again = await b.db.call("BatchWriteItem", {"RequestItems": answer["UnprocessedItems"]})
        assert again["UnprocessedItems"] == {}
        assert await stored(b) == dict.fromkeys("abcde", "AP8=")


async def test_one_key_a_call_gets_through() -> None:
    async with bench() as b:
        await b.db.call("BatchWriteItem", puts(*"abc"))
        b.faults.on("BatchGetItem").unprocessed(all_but=1)
        request, read = keys(*"abc"), list[str]()
        for left in (2, 1, 0):
            answer = await b.db.call("BatchGetItem", request)
            read += [item["note_id"]["S"] for item in answer["Responses"]["notes"]]
            assert len(answer["UnprocessedKeys"].get("notes", {"Keys": []})["Keys"]) == left
            request = {"RequestItems": answer["UnprocessedKeys"]}
        assert sorted(read) == ["a", "b", "c"]


@pytest.mark.parametrize("how", [{"share": 1.0}, {"count": 7}, {"all_but": 0}])
async def test_all_can_be_left_and_then_nothing_is_sent(how: dict[str, Any]) -> None:
    async with bench() as b:
        b.faults.on("BatchGetItem", "BatchWriteItem").unprocessed(**how)
        assert await b.db.call("BatchGetItem", keys("a", "b")) == {
            "Responses": {},
            "UnprocessedKeys": keys("a", "b")["RequestItems"],
        }
        assert await b.db.call("BatchWriteItem", puts("a")) == {
            "UnprocessedItems": puts("a", data="AP8=")["RequestItems"]
        }
        assert b.reached.sent == ()


async def test_a_share_lets_the_last_key_through() -> None:
    async with bench() as b:
        b.faults.on().unprocessed(share=0.9)
        answer = await b.db.call("BatchGetItem", keys("a"))
        assert answer["UnprocessedKeys"] == {}
        await b.notes.put(Note(note_id="a"))


async def test_the_seed_decides_what_is_left() -> None:
    async def left(seed: int) -> list[str]:
        faults = Faults(seed=seed)
        async with adorm.connect("memory", wrap=faults) as db:
            await db.create_table(Note)
            faults.on("BatchGetItem").unprocessed(share=0.5)
            answer = await db.call("BatchGetItem", keys(*"abcdefghijklmnopqrst"))
            return [key["note_id"]["S"] for key in answer["UnprocessedKeys"]["notes"]["Keys"]]

    assert await left(7) == await left(7)
    assert await left(7) != await left(8)


async def test_unprocessed_entries_of_two_faults_add_up() -> None:
    async with bench() as b:
        b.faults.on("BatchGetItem").unprocessed(count=1)
        b.faults.on("BatchGetItem").unprocessed(count=2)
        answer = await b.db.call("BatchGetItem", keys(*"abcde"))
        assert len(answer["UnprocessedKeys"]["notes"]["Keys"]) == 3
        (sent,) = b.reached.of("BatchGetItem")
        assert len(sent.request["RequestItems"]["notes"]["Keys"]) == 2


# ---- cancel


@pytest.mark.parametrize("when", ["before", "during", "after"])
@pytest.mark.parametrize("by", ["the task itself", "a scope", "a task"])
async def test_the_caller_is_cancelled_where_the_script_says(
    when: Literal["before", "during", "after"], by: str
) -> None:
    async with bench() as b:
        went_on = False

        async def work() -> None:
            nonlocal went_on
            await b.notes.put(Note(note_id="a"))
            await b.notes.put(Note(note_id="b"))
            went_on = True

        if by == "a scope":
            with anyio.CancelScope() as scope:
                b.faults.on("PutItem", call=2).cancel(scope, when=when)
                await work()
            assert scope.cancelled_caught
        else:
            task = asyncio.ensure_future(work())
            b.faults.on("PutItem", call=2).cancel(
                None if by == "the task itself" else task, when=when
            )
            with pytest.raises(asyncio.CancelledError):
                await task
        assert not went_on
        assert [each.state for each in b.tried.sent] == ["answered", "cancelled"]
        reached = {
            "before": ["answered"],
            "during": ["answered", "cancelled"],
            "after": ["answered", "answered"],
        }
        assert [each.state for each in b.reached.sent] == reached[when]
        assert set(await stored(b)) == ({"a", "b"} if when == "after" else {"a"})
        b.faults.assert_all_used()


@pytest.mark.parametrize("when", ["before", "during", "after"])
async def test_a_scope_around_a_task_group_stops_the_worker_that_sends(
    when: Literal["before", "during", "after"],
) -> None:
    async with bench() as b:
        with anyio.CancelScope() as scope:
            b.faults.on("PutItem", call=1).cancel(scope, when=when)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(b.db.call, "PutItem", b.notes.put(Note(note_id="a")).request())
        assert scope.cancelled_caught
        assert [each.state for each in b.tried.sent] == ["cancelled"]


async def test_a_cancellation_has_time_to_reach_the_request_through_a_slow_cleanup() -> None:
    async with bench() as b:

        async def caller() -> None:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(b.db.call, "PutItem", b.notes.put(Note(note_id="a")).request())
                try:
                    await anyio.sleep_forever()
                finally:
                    with anyio.CancelScope(shield=True):
                        for _ in range(20):
                            await checkpoint()

        task = asyncio.ensure_future(caller())
        b.faults.on("PutItem").cancel(task, when="before")
        with pytest.raises(asyncio.CancelledError):
            await task
        assert [each.state for each in b.tried.sent] == ["cancelled"]
        assert b.reached.sent == ()


async def test_a_cancellation_that_does_not_reach_the_request_lets_it_go_on() -> None:
    async with bench() as b:
        with anyio.CancelScope() as scope:
            b.faults.on("PutItem", call=1).cancel(scope, when="before")
            with anyio.CancelScope(shield=True):
                await b.notes.put(Note(note_id="a"))
            await checkpoint()
        assert scope.cancelled_caught
        assert await b.notes.get("a") == Note(note_id="a")


async def test_a_cancelled_error_of_the_engine_is_still_followed_by_the_cancellation() -> None:
    async with bench() as b:
        with anyio.CancelScope() as scope:
            b.faults.on("GetItem").cancel(scope, when="after")
            await b.db.call("GetItem", {"TableName": "elsewhere", "Key": {"note_id": {"S": "a"}}})
        assert scope.cancelled_caught


# ---- checks and refusals


async def test_faults_that_never_happened_are_named() -> None:
    async with bench() as b:
        b.faults.on("GetItem").throttle()
        b.faults.on("PutItem", call=9).drop(applied=True)
        b.faults.on("Query", call=(1, 2)).delay(0)
        with pytest.raises(Throttled):
            await b.notes.get("a")
        await b.notes.query("a")
        with pytest.raises(AssertionError) as caught:
            b.faults.assert_all_used()
        told = str(caught.value)
        assert "2 of 3" in told
        assert "PutItem, call 9: drop the answer, fired 0 of 0" in told
        assert "Query, call 1, 2: delay by 0 s, fired 1 of 1" in told
        await b.notes.query("a")
        await b.notes.put(Note(note_id="a"))
        with pytest.raises(AssertionError, match="1 of 3"):
            b.faults.assert_all_used()


async def test_call_numbers_are_those_of_the_sending_even_where_requests_wait_in_between() -> None:
    async with bench() as b:
        hold = b.faults.on("ListTables").hold()
        b.faults.on("ListTables", call=(1, 2)).delay(0)
        nothing: dict[str, Any] = {}
        with anyio.fail_after(5):
            async with anyio.create_task_group() as tasks:
                for _ in range(3):
                    tasks.start_soon(b.db.call, "ListTables", nothing)
                await hold.reached(3)
                hold.release()
        b.faults.assert_all_used()


async def test_no_value_shows_in_what_is_printed() -> None:
    async with bench() as b:
        b.faults.on(
            "PutItem", call=1, matching=lambda request: "hunter2" in str(request)
        ).throttle()
        b.faults.on("GetItem").server_error()
        seen: list[Attempt] = []

        async def look(attempt: Attempt) -> Answer:
            seen.append(attempt)
            return await attempt.send()

        b.faults.on("DeleteItem").run(look)
        with pytest.raises(Throttled) as throttled:
            await b.notes.put(Note(note_id="hunter2", text="hunter2"))
        with pytest.raises(ServiceError):
            await b.notes.get("hunter2")
        await b.notes.delete("hunter2")
        shown = [
            b.faults,
            b.tried,
            b.reached,
            *b.tried.sent,
            b.db._calls.transport if b.db._calls else None,
            *seen,
        ]
        assert len(seen) == 1
        assert not [each for each in shown if "hunter2" in repr(each)]
        assert "injected by adorm.testing.Faults" in str(throttled.value)


@pytest.mark.parametrize("operation", ["put_item", "Put Item", "", "dynamodb:PutItem"])
def test_a_name_that_is_no_operation_is_refused(operation: str) -> None:
    with pytest.raises(UsageError, match="no operation"):
        Faults().on(operation)


@pytest.mark.parametrize("call", [0, -1, (), (1, 0)])
def test_a_call_number_below_one_is_refused(call: Any) -> None:
    with pytest.raises(UsageError, match="counted from 1"):
        Faults().on("PutItem", call=call)


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"share": 0.3, "count": 1},
        {"share": 1.1},
        {"share": -0.1},
        {"share": math.nan},
        {"count": -1},
        {"all_but": -1},
    ],
)
def test_how_much_is_left_unprocessed_must_be_said_once_and_well(how: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Faults().on("BatchGetItem").unprocessed(**how)


def test_only_batches_leave_something_unprocessed() -> None:
    with pytest.raises(UsageError, match="PutItem leaves nothing unprocessed"):
        Faults().on("BatchGetItem", "PutItem").unprocessed(count=1)


def test_a_fault_that_was_refused_is_not_scripted() -> None:
    faults = Faults()
    with pytest.raises(UsageError):
        faults.on("PutItem").unprocessed(count=1)
    faults.assert_all_used()


def test_a_fault_tells_what_it_is() -> None:
    fault = Faults().on("PutItem", "UpdateItem", call=2).server_error(applied=True)
    assert isinstance(fault, Fault)
    assert repr(fault) == "<Fault PutItem or UpdateItem, call 2: 500, applied, fired 0 of 0>"
