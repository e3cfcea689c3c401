"""Idempotent functions: once for a key, one at a time, and never a key that stays taken."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypedDict
from uuid import UUID

import anyio
import pytest

import adorm
from adorm.deadlines import without_deadline
from adorm.idempotency.arguments import record_id
from adorm.idempotency.records import CLOCK_TOLERANCE_S
from adorm.testing import Attempt
from adorm.transport.base import unsent
from tests.support.accounts import Account, World, world
from tests.support.aftermath import leaves_nothing_behind

if TYPE_CHECKING:
    from types import SimpleNamespace as Context

pytestmark = pytest.mark.anyio

LEASE_S = 30.0
EXPIRY_S = 3600.0


@adorm.model
class Receipt:
    number: UUID
    paid: Decimal
    at: datetime


class Answer(TypedDict):
    status: int


def amount_and_rate(amount: int) -> object:
    return {"amount": amount, "rate": Decimal("0.10")}


def something(amount: int) -> object:
    return object()


class Work:
    """An idempotent function and what became of it."""

    def __init__(self, there: World, **options: Any) -> None:
        self.runs = 0
        self.gives: Callable[[], Awaitable[Any]] | Any = lambda: {"run": self.runs}
        settings: dict[str, Any] = {
            "key": "order_id",
            "lease_s": LEASE_S,
            "expires_after_s": EXPIRY_S,
            "name": "charge",
        } | options
        self.call = partial(adorm.idempotent(**settings)(self._charge), db=there.db)

    async def _charge(self, order_id: str, amount: int = 1, *, db: adorm.Database) -> Any:
        self.runs += 1
        given = self.gives()
        return await given if asyncio.iscoroutine(given) else given


@asynccontextmanager
async def bench(**options: Any) -> AsyncGenerator[World, None]:
    async with world(adorm.IdempotencyRecord, Account, **options) as there:
        yield there


async def record(there: World, key: str = "o1") -> adorm.IdempotencyRecord | None:
    return (
        await there.db.table(adorm.IdempotencyRecord)
        .get_or_none(record_id("charge", key))
        .consistent()
    )


async def test_a_repeat_gets_the_first_result_and_does_not_run() -> None:
    async with bench() as there:
        work = Work(there)
        assert await work.call("o1") == {"run": 1}
        assert there.recorder.operations == ["PutItem", "UpdateItem"]
        assert await work.call("o1") == {"run": 1}
        assert there.recorder.operations == ["PutItem", "UpdateItem", "PutItem"]
        assert await work.call("o2") == {"run": 2}
        kept = await record(there)
        assert kept is not None
        assert (kept.status, kept.lease_until_ms, kept.result) == ("done", None, '{"run":1}')
        assert kept.expires_at == int(there.clock.now().timestamp() + EXPIRY_S)


async def test_one_that_comes_meanwhile_gets_a_clear_error() -> None:
    async with bench() as there:
        work = Work(there)
        inside, go_on = anyio.Event(), anyio.Event()

        async def slow() -> str:
            inside.set()
            await go_on.wait()
            return "slow"

        work.gives = slow
        caught: list[adorm.IdempotencyInProgress] = []
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work.call, "o1")
            await inside.wait()
            there.clock.advance(10)
            try:
                await work.call("o1")
            except adorm.IdempotencyInProgress as error:
                caught.append(error)
            go_on.set()
        assert re.fullmatch(
            r"charge#[0-9a-f]{64}: another run is in progress; .* in 22\.0 s: try again then",
            str(caught[0]),
        )
        assert caught[0].retry_after_s == LEASE_S - 10 + CLOCK_TOLERANCE_S
        assert caught[0].lease_ends_at == there.clock.now() + timedelta(seconds=22)
        assert await work.call("o1") == "slow"
        assert work.runs == 1


async def test_under_a_deadline_without_end_one_that_comes_meanwhile_gets_the_same_error() -> None:
    async with bench() as there:
        work = Work(there, lease_s=None)
        caught: list[adorm.IdempotencyInProgress] = []

        async def meanwhile() -> None:
            try:
                await work.call("o1")
            except adorm.IdempotencyInProgress as error:
                caught.append(error)

        async with adorm.deadline(1e18):
            work.gives = meanwhile
            await work.call("o1")
        assert caught[0].lease_ends_at is not None


async def test_a_run_that_vanished_is_taken_over_when_its_lease_is_over_and_not_before() -> None:
    async with bench() as there:
        await vanish(there)
        work = Work(there)
        there.clock.advance(LEASE_S + CLOCK_TOLERANCE_S - 0.01)
        with pytest.raises(adorm.IdempotencyInProgress):
            await work.call("o1")
        there.clock.advance(0.01)
        assert await work.call("o1") == {"run": 1}
        assert await work.call("o1") == {"run": 1}


async def vanish(there: World, **options: Any) -> None:
    """A run whose process ends: it neither finishes nor frees its key."""
    work = Work(there, **options)
    begun = anyio.Event()

    async def hang() -> None:
        begun.set()
        await anyio.sleep_forever()

    work.gives = hang
    blocked = there.faults.on("DeleteItem").refuse("AccessDeniedException")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(work.call, "o1")
        await begun.wait()
        tasks.cancel_scope.cancel()
    assert blocked.fired
    there.faults.clear()


async def test_a_run_that_was_taken_over_changes_nothing_and_says_so() -> None:
    async with bench() as there:
        first, second = Work(there), Work(there)

        async def overslept() -> str:
            there.clock.advance(LEASE_S + CLOCK_TOLERANCE_S)
            with without_deadline():  # the second one is another process
                await second.call("o1")
            return "late"

        first.gives = overslept
        second.gives = lambda: "second"
        with pytest.raises(
            adorm.ResultNotStored, match=r"another run took the key: it may have run twice\. Lease"
        ) as caught:
            await first.call("o1")
        assert caught.value.result == "late"
        assert await first.call("o1") == "second"

        async def failing() -> str:
            there.clock.advance(LEASE_S + CLOCK_TOLERANCE_S)
            with without_deadline():
                await second.call("o2")
            raise LookupError("late")

        first.gives = failing
        with pytest.raises(LookupError):
            await first.call("o2")
        assert await first.call("o2") == "second"


async def test_a_run_whose_record_was_deleted_says_so() -> None:
    async with bench() as there:
        work = Work(there)

        async def deleted() -> str:
            await there.db.table(adorm.IdempotencyRecord).delete(record_id("charge", "o1"))
            return "done"

        work.gives = deleted
        with pytest.raises(
            adorm.ResultNotStored, match="its record is gone, deleted by somebody: a repeat runs it"
        ) as caught:
            await work.call("o1")
        assert caught.value.result == "done"


async def test_a_failure_frees_the_key_and_a_retry_runs_again() -> None:
    async with bench() as there:
        work = Work(there)

        async def fail() -> None:
            raise LookupError("mine")

        work.gives = fail
        with pytest.raises(LookupError, match="mine"):
            await work.call("o1")
        assert await record(there) is None
        work.gives = lambda: None
        assert await work.call("o1") is None
        assert await work.call("o1") is None
        assert work.runs == 2


async def test_a_failure_whose_key_can_t_be_freed_leaves_bare_with_a_note() -> None:
    async with bench() as there:
        work = Work(there)

        async def fail() -> None:
            raise LookupError("mine")

        work.gives = fail
        there.faults.on("DeleteItem").refuse("AccessDeniedException")
        with pytest.raises(LookupError, match="mine") as caught:
            await work.call("o1")
        assert (
            "may be in progress until its lease of 30 s is over: DeleteItem"
            in caught.value.__notes__[0]
        )


async def test_an_expired_result_is_forgotten_though_dynamodb_has_not_deleted_it() -> None:
    async with bench() as there:
        work = Work(there)
        await work.call("o1")
        there.clock.advance(EXPIRY_S - 1)
        assert await work.call("o1") == {"run": 1}
        there.clock.advance(1)
        assert await record(there) is not None
        assert await work.call("o1") == {"run": 2}
        assert await work.call("o1") == {"run": 2}


async def test_another_payload_under_the_same_key_is_refused() -> None:
    async with bench() as there:
        work = Work(there, payload=amount_and_rate)
        await work.call("o1", amount=5)
        assert await work.call("o1", amount=5) == {"run": 1}
        with pytest.raises(
            adorm.IdempotencyMismatch,
            match=r"charge#.*: this key was used before with another payload",
        ) as caught:
            await work.call("o1", amount=6)
        assert isinstance(caught.value, adorm.UsageError)
        kept = await record(there)
        assert kept is not None
        assert len(kept.payload_hash or "") == 64
        there.clock.advance(EXPIRY_S)
        assert await work.call("o1", amount=6) == {"run": 2}


async def test_a_run_that_vanished_is_not_taken_over_with_another_payload() -> None:
    async with bench() as there:
        await vanish(there, payload="amount")
        there.clock.advance(LEASE_S + CLOCK_TOLERANCE_S)
        work = Work(there, payload="amount")
        with pytest.raises(adorm.IdempotencyMismatch):
            await work.call("o1", amount=6)
        assert await work.call("o1") == {"run": 1}


@pytest.mark.parametrize("when", ["before", "during", "after"])
@pytest.mark.parametrize("call", [1, 2])
async def test_cancelled_at_any_request_the_key_is_free_or_the_result_kept(
    call: int, when: Literal["before", "during", "after"]
) -> None:
    async with bench() as there, leaves_nothing_behind(there.recorder, there.db):
        work = Work(there)
        with anyio.CancelScope() as scope:
            there.faults.on("PutItem", "UpdateItem", call=call).cancel(scope, when=when)
            await work.call("o1")
        kept = await record(there)
        if call == 1:
            assert scope.cancelled_caught
            assert kept is None or kept.status == "free"
        else:  # the function had run: its result is stored, whatever is cancelled
            assert kept is not None
            assert kept.status == "done"
        assert await work.call("o1") == {"run": 1}
        assert work.runs == 1


async def test_a_cancelled_function_frees_its_key_through_two_plain_cancellations() -> None:
    async with bench() as there, leaves_nothing_behind(there.recorder, there.db):
        held = there.faults.on("DeleteItem", call=1).hold()
        work = Work(there)
        inside = anyio.Event()

        async def hang() -> None:
            inside.set()
            await anyio.sleep_forever()

        work.gives = hang
        task = asyncio.ensure_future(work.call("o1"))
        await inside.wait()
        task.cancel()
        await held.reached()
        task.cancel()
        await anyio.lowlevel.checkpoint()
        held.release()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await record(there) is None


@pytest.mark.parametrize("call", [1, 2])
async def test_a_lost_answer_neither_runs_twice_nor_loses_the_result(call: int) -> None:
    async with bench() as there:
        there.faults.on("PutItem", "UpdateItem", call=call).drop(applied=True)
        work = Work(there)
        assert await work.call("o1") == {"run": 1}
        assert await work.call("o1") == {"run": 1}


async def test_a_key_that_was_taken_without_an_answer_is_freed() -> None:
    async with bench() as there:
        there.faults.on("PutItem", call=range(1, 6)).drop(applied=True)
        work = Work(there)
        with pytest.raises(adorm.ConnectionFailed):
            await work.call("o1")
        assert work.runs == 0
        kept = await record(there)
        assert kept is not None
        assert kept.status == "free"
        there.faults.clear()
        assert await work.call("o1") == {"run": 1}


@pytest.mark.parametrize("before", ["never used", "expired", "left by a run that is gone"])
async def test_a_cancelled_take_that_arrives_after_its_undo_does_not_hold_the_key(
    before: str,
) -> None:
    async with bench() as there:
        if before == "expired":
            await Work(there).call("o1")
            there.clock.advance(EXPIRY_S + 1)
        if before == "left by a run that is gone":
            gone = adorm.IdempotencyRecord(
                id=record_id("charge", "o1"), owner="gone", lease_until_ms=0
            )
            await there.db.table(adorm.IdempotencyRecord).put(gone)
        late: list[Attempt] = []
        work = Work(there)
        with anyio.CancelScope() as scope:

            async def keep_on_its_way(attempt: Attempt) -> Any:
                late.append(attempt)
                there.faults.clear()
                scope.cancel()
                await anyio.sleep_forever()

            there.faults.on("PutItem", call=1).run(keep_on_its_way)
            await work.call("o1")
        assert scope.cancelled_caught
        with pytest.raises(adorm.ConditionalCheckFailed):
            await late[0].send()
        assert await work.call("o1") == {"run": 1}


async def test_a_take_cancelled_before_it_was_sent_is_not_undone() -> None:
    async with bench() as there:

        async def cancel_unsent(_attempt: Attempt) -> Any:
            async def cancelled() -> Any:
                raise asyncio.CancelledError

            return await unsent(cancelled())

        there.faults.on("PutItem", call=1).run(cancel_unsent)
        with pytest.raises(asyncio.CancelledError):
            await Work(there).call("o1")
        assert there.recorder.operations == ["PutItem"]


async def test_giving_up_a_key_leaves_a_run_alone_that_took_it() -> None:
    async with bench() as there:
        work, other = Work(there), Work(there)
        with anyio.CancelScope() as scope:

            async def be_overtaken(_attempt: Attempt) -> Any:
                there.faults.clear()
                await other.call("o1")
                scope.cancel()
                await anyio.sleep_forever()

            there.faults.on("PutItem", call=1).run(be_overtaken)
            await work.call("o1")
        assert scope.cancelled_caught
        assert await work.call("o1") == {"run": 1}
        assert (work.runs, other.runs) == (0, 1)


async def test_a_result_that_can_t_be_sent_is_in_the_error_and_a_repeat_runs_after_the_lease() -> (
    None
):
    async with bench() as there:
        fault = there.faults.on("UpdateItem").drop(applied=False)
        work = Work(there)
        with pytest.raises(
            adorm.ResultNotStored,
            match="once its lease of 30 s is over, a repeat runs it: UpdateItem",
        ) as caught:
            await work.call("o1")
        assert caught.value.result == {"run": 1}
        assert isinstance(caught.value.__cause__, adorm.ConnectionFailed)
        assert fault.fired
        there.faults.clear()
        with pytest.raises(adorm.IdempotencyInProgress):
            await work.call("o1")
        there.clock.advance(LEASE_S + CLOCK_TOLERANCE_S)
        assert await work.call("o1") == {"run": 2}


async def test_storing_is_bounded() -> None:
    async with bench() as there:
        there.faults.on("UpdateItem").hold()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("adorm.idempotency.records.WRITE_TIMEOUT_S", 0.01)
            with pytest.raises(
                adorm.ResultNotStored, match=r"the result could not be stored within 0\.01 s"
            ) as caught:
                await Work(there).call("o1")
        assert caught.value.result == {"run": 1}


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ((1, 2), r"\$ is of type tuple"),
        ({"a": [1, {2}]}, r"\$\.a\[1\] is of type set"),
        ({1: "x"}, r"\$ has a key of type int"),
        (float("nan"), r"\$ is nan"),
        (
            Decimal(1),
            r"\$ is of type Decimal, which JSON does not have: return plain data, or name the type",
        ),
        (2**64, "it has no JSON"),
        ("\ud800", "it has no JSON"),
        ("x" * 500_000, "and DynamoDB takes items of at most 409600"),
    ],
)
async def test_a_result_that_would_not_read_back_is_refused_and_the_function_not_run_again(
    value: object, problem: str
) -> None:
    async with bench() as there:
        work = Work(there)
        work.gives = lambda: value
        with pytest.raises(
            adorm.ResultNotStored,
            match=rf"(?s)will not for a repeat, but its result can't be stored: .*{problem}",
        ) as caught:
            await work.call("o1")
        assert caught.value.result is value
        with pytest.raises(
            adorm.ResultNotStored,
            match="the function has run before, but its result could not be stored",
        ) as again:
            await work.call("o1")
        assert again.value.result is None
        assert work.runs == 1


async def test_results_of_types_that_adorm_stores_read_back_as_they_were() -> None:
    receipt = Receipt(
        number=UUID(int=7), paid=Decimal("12.50"), at=datetime(2026, 11, 21, tzinfo=UTC)
    )
    runs: list[str] = []

    @adorm.idempotent(key="number")
    async def by_annotation(number: int, db: adorm.Database) -> dict[str, Receipt | None]:
        runs.append("annotation")
        return {"a": receipt, "b": None}

    @adorm.idempotent(key="number", result=tuple[bytes, frozenset[int]])
    async def by_option(number: int, db: adorm.Database) -> object:
        runs.append("option")
        return b"\x00\xff", frozenset({1, 2})

    @adorm.idempotent(key=lambda event: event["id"])
    async def typed_dict(event: dict[str, str], context: Context, db: adorm.Database) -> Answer:
        runs.append("typed dict")
        return {"status": 200}

    async with bench() as there:
        for _ in range(2):
            assert await by_annotation(1, there.db) == {"a": receipt, "b": None}
            assert await by_option(1, there.db) == (b"\x00\xff", frozenset({1, 2}))
            assert await typed_dict({"id": "e1"}, None, there.db) == {"status": 200}  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # Lambda's context
        assert runs == ["annotation", "option", "typed dict"]


async def test_a_type_that_can_t_be_stored_is_refused_before_the_function_runs() -> None:
    runs: list[int] = []

    @adorm.idempotent(key="number")
    async def storeless(number: int, db: adorm.Database) -> Callable[[], None]:
        runs.append(number)
        return lambda: None

    @adorm.idempotent(key="number")
    async def hidden(number: int, db: adorm.Database) -> Context:
        runs.append(number)
        raise NotImplementedError

    async with bench() as there:
        with pytest.raises(
            adorm.UsageError, match="storeless can't be stored, so the function was not run"
        ):
            await storeless(1, there.db)
        with pytest.raises(
            adorm.UsageError,
            match=r"hidden can't be resolved .*: name the type by @adorm.idempotent\(result=...\)",
        ):
            await hidden(1, there.db)
        assert (runs, there.recorder.operations) == ([], [])


async def test_a_result_stored_by_code_of_another_time_is_an_error_that_says_so() -> None:
    async with bench() as there:
        work = Work(there)
        await work.call("o1")
        with pytest.raises(adorm.ItemDecodeError):
            await Work(there, result=Receipt).call("o1")


async def test_the_lease_is_what_the_deadline_leaves_and_bounds_what_is_done_by_adorm() -> None:
    async with bench() as there:
        for given_s, deadline_s, lease_s in (
            (None, 12.5, 12.5),
            (5.0, 12.5, 5.0),
            (20.0, 12.5, 12.5),
        ):
            seen: list[int | None] = []
            work = Work(there, lease_s=given_s)

            async def look(seen: list[int | None] = seen, lease_s: float = lease_s) -> None:
                kept = await record(there)
                seen.append(None if kept is None else kept.lease_until_ms)
                there.clock.advance(lease_s)
                await there.db.table(Account).get_or_none("a")

            work.gives = look
            before_s = there.clock.now().timestamp()
            with pytest.raises(
                adorm.DeadlineExceeded,
                match=f"the deadline of {lease_s:g} s passed before anything was sent",
            ):
                async with adorm.deadline(deadline_s):
                    await work.call("o1")
            assert seen == [pytest.approx((before_s + lease_s) * 1000, abs=1)]
            assert await record(there) is None
        none = Work(there, lease_s=None)
        with pytest.raises(adorm.DeadlineExceeded):
            async with adorm.deadline(0):
                await none.call("o3")
        assert none.runs == 0


async def test_without_a_deadline_a_lease_is_a_minute() -> None:
    async with bench() as there:
        work = Work(there, lease_s=None)
        seen: list[adorm.IdempotencyRecord | None] = []

        async def look() -> None:
            seen.append(await record(there))

        work.gives = look
        await work.call("o1")
        assert seen[0] is not None
        assert seen[0].lease_until_ms == there.clock.now().timestamp() * 1000 + 60_000


async def test_a_lease_that_is_over_before_the_function_begins_frees_the_key_and_says_so() -> None:
    async with bench() as there:
        there.faults.on("PutItem", call=1).delay(LEASE_S)
        work = Work(there)
        with pytest.raises(
            adorm.DeadlineExceeded,
            match="its lease of 30 s was over before the function began: lease for longer",
        ):
            await work.call("o1")
        assert work.runs == 0
        assert await record(there) is None


async def test_records_may_be_in_a_table_of_another_name_and_the_database_be_given() -> None:
    async with bench() as there:
        await there.db.ensure_table(adorm.IdempotencyRecord, name="elsewhere")
        for given in (there.db, lambda: there.db):
            runs: list[int] = []

            @adorm.idempotent(key="number", db=given, table="elsewhere", name=f"count {given}")
            async def count(number: int, runs: list[int] = runs) -> int:
                runs.append(number)
                return number

            assert [await count(3), await count(number=3)] == [3, 3]
            assert runs == [3]

        class Service:
            def __init__(self, db: adorm.Database) -> None:
                self.db = db

            @adorm.idempotent(key="number", db=lambda self: self.db, table="elsewhere")
            async def double(self, number: int) -> int:
                return number * 2

        assert [await Service(there.db).double(3), await Service(there.db).double(number=3)] == [
            6,
            6,
        ]
        assert await there.db.table(adorm.IdempotencyRecord).scan() == []
        with pytest.raises(adorm.ResourceNotFound):
            await Work(there, table="nowhere").call("o1")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a", "b", False),
        ("1", 1, False),
        (1, 1.0, True),
        (10, Decimal("1E+1"), True),
        (0.1, Decimal("0.1"), True),
        (Decimal("-0"), 0, True),
        (2**200, 2**200 + 1, False),
        (-5, 5, False),
        (("a", "b"), ("ab",), False),
        (("a", "b"), ("a", "b"), True),
        ("a", ("a",), True),
        (UUID(int=1), str(UUID(int=1)), True),
    ],
)
async def test_keys_are_the_same_when_they_are_equal(one: Any, other: Any, same: bool) -> None:
    assert (record_id("f", one) == record_id("f", other)) is same
    assert record_id("f", one) != record_id("g", one)


@pytest.mark.parametrize(
    "key",
    ["", None, (), (1, None), True, float("nan"), Decimal("inf"), [1], b"x", ((1,),), "\ud800"],
)
async def test_a_key_that_tells_nothing_is_refused_before_the_function_runs(key: Any) -> None:
    async with bench() as there:

        def give(order_id: str) -> Any:
            return key

        work = Work(there, key=give)
        with pytest.raises(adorm.UsageError, match="the key of charge"):
            await work.call("o1")
        assert (work.runs, there.recorder.operations) == (0, [])


async def test_mistakes_are_named() -> None:
    async def function(number: int, db: adorm.Database) -> None: ...

    def plain(number: int) -> None: ...

    mistakes: list[dict[str, Any]] = [
        {"lease_s": 0},
        {"lease_s": True},
        {"lease_s": "5"},
        {"lease_s": 1e12},
    ]
    mistakes += [{"expires_after_s": float("inf")}, {"expires_after_s": None}]
    for options in mistakes:
        with pytest.raises(adorm.UsageError, match="expected seconds, a finite number above 0"):
            adorm.idempotent(key="number", **options)
    with pytest.raises(adorm.UsageError, match="stands above an async def"):
        adorm.idempotent(key="number")(plain)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # on purpose
    with pytest.raises(
        adorm.UsageError, match=r"key= asks for id, and the arguments of .*function are number, db"
    ):
        adorm.idempotent(key="id")(function)
    with pytest.raises(adorm.UsageError, match="payload=5: expected the name of an argument"):
        adorm.idempotent(key="number", payload=5)(function)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # on purpose
    with pytest.raises(
        adorm.UsageError,
        match=r"no database is among the arguments of .*: say which by @adorm.idempotent\(db=...\)",
    ):
        await adorm.idempotent(key="number")(function)(1, None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # on purpose
    with pytest.raises(adorm.UsageError, match=r"db= of .* gave None: a Database"):
        await adorm.idempotent(key="number", db=lambda: None)(function)(1, None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # on purpose
    async with bench() as there:
        with pytest.raises(adorm.UsageError, match="gave what has no JSON"):
            await Work(there, payload=something).call("o1")
    wrapped = adorm.idempotent(key="number")(function)
    assert wrapped.__name__ == "function"
    assert inspect.iscoroutinefunction(wrapped)
