"""Locks: one holder at a time, tokens that grow, and no lock that stays taken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Literal

import anyio
import pytest

import adorm
from adorm.locks import Lock, LockRecord
from adorm.testing.attempts import Attempt
from adorm.transport.base import Answer, unsent
from tests.support.accounts import World, world
from tests.support.aftermath import leaves_nothing_behind
from tests.support.scripted import lost

pytestmark = pytest.mark.anyio

LEASE_S = 30.0


@asynccontextmanager
async def bench(**options: Any) -> AsyncGenerator[World, None]:
    async with world(LockRecord, **options) as there:
        yield there


def lock(there: World, **options: Any) -> Lock:
    settings: dict[str, Any] = {"lease_s": LEASE_S} | options
    return Lock(there.db, "report", **settings)


async def record(there: World) -> LockRecord:
    return await there.db.table(LockRecord).get("report")


async def test_a_lock_is_held_inside_the_block_and_free_after_it() -> None:
    async with bench() as there:
        async with lock(there) as lease:
            assert lease.is_held()
            assert lease.remaining_s() == LEASE_S
            assert (await record(there)).owner is not None
            with pytest.raises(adorm.LockHeld, match="lock 'report' is held by somebody else"):
                await lock(there, wait=False).acquire()
        assert not lease.is_held()
        assert (await record(there)).owner is None
        assert there.recorder.operations[:2] == ["GetItem", "UpdateItem"]


async def test_tokens_grow_with_every_acquisition_and_stay_with_a_renewal() -> None:
    async with bench() as there:
        tokens: list[int] = []
        for _ in range(3):
            async with lock(there) as lease:
                tokens.append(lease.token)
                await lease.renew()
                assert lease.token == tokens[-1]
        assert tokens == [1, 2, 3]
        lease = await lock(there).acquire()
        assert repr(lease) == "<lease of lock 'report', token 4, held>"


async def test_a_lease_ends_on_the_holder_s_clock_and_begins_anew_by_renewal() -> None:
    async with bench() as there, lock(there) as lease:
        there.clock.advance(20)
        assert lease.remaining_s() == 10
        await lease.renew()
        assert lease.remaining_s() == LEASE_S
        there.clock.advance(31)
        assert not lease.is_held()
        await lease.renew()  # nobody took it meanwhile
        assert lease.is_held()


async def test_who_waits_gets_the_lock_when_it_is_given_back() -> None:
    async with bench() as there:
        order: list[str] = []
        first = await lock(there).acquire()

        async def second() -> None:
            async with lock(there) as lease:
                order.append(f"second, token {lease.token}")

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(second)
            await there.recorder.reached(5)
            order.append("first gives it back")
            await first.release()
        assert order == ["first gives it back", "second, token 2"]
        assert all(delay_s <= 1.0 for delay_s in there.clock.sleeps)


async def test_a_holder_that_vanished_is_replaced_one_lease_after_it_was_first_seen() -> None:
    async with bench() as there:
        vanished = await lock(there).acquire()
        there.clock.advance(1000)  # how long ago is nothing that another machine could know
        began_s = there.clock.monotonic()
        async with lock(there, lease_s=5) as lease:
            assert LEASE_S <= there.clock.monotonic() - began_s < LEASE_S + 1.1
            assert lease.token == 2
            with pytest.raises(
                adorm.LeaseLost,
                match="can't be renewed: its lease of 30 s was over and somebody else took it",
            ):
                await vanished.renew()
            with pytest.raises(adorm.LeaseLost, match="can't be given back"):
                await vanished.release()
            await vanished.release()  # a second time does nothing
            assert lease.is_held()
            assert (await record(there)).owner is not None


async def test_a_holder_that_renews_is_not_replaced() -> None:
    async with bench() as there:
        holder = await lock(there, lease_s=2).acquire()
        waited: list[float] = []
        began_s = there.clock.monotonic()

        async def renew_ten_times() -> None:
            for _ in range(10):
                before_s = there.clock.monotonic()
                while there.clock.monotonic() - before_s < 1.0:
                    await anyio.lowlevel.checkpoint()
                await holder.renew()
            waited.append(there.clock.monotonic() - began_s)
            await holder.release()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(renew_ten_times)
            async with lock(there) as lease:
                assert waited
                assert waited[0] >= 10
                assert lease.token == 2


async def test_waiting_ends_by_the_deadline_and_leaves_the_holder_alone() -> None:
    async with bench() as there:
        holder = await lock(there).acquire()
        with pytest.raises(
            adorm.DeadlineExceeded,
            match=r"lock on 'report': the wait of .* for its holder would outlive the deadline",
        ):
            async with adorm.deadline(3):
                await lock(there).acquire()
        await holder.renew()
        with anyio.move_on_after(0):
            await lock(there).acquire()
        await holder.release()


@pytest.mark.parametrize("when", ["before", "during", "after"])
@pytest.mark.parametrize("call", [1, 2])
async def test_a_cancelled_acquisition_leaves_the_lock_free(
    call: int, when: Literal["before", "during", "after"]
) -> None:
    async with bench() as there, leaves_nothing_behind(there.recorder, there.db):
        with anyio.CancelScope() as scope:
            there.faults.on(call=call).cancel(scope, when=when)
            await lock(there).acquire()
        assert scope.cancelled_caught
        found = await there.db.table(LockRecord).get_or_none("report")
        assert found is None or found.owner is None
        async with lock(there, wait=False) as lease:
            # what was on its way may still come: undoing it raises the token, so that it finds
            # another lock than it had seen
            assert lease.token == call


async def test_a_cancelled_body_gives_the_lock_back_whatever_the_deadline_says() -> None:
    async with bench() as there, leaves_nothing_behind(there.recorder, there.db):
        with anyio.CancelScope() as scope:
            async with adorm.deadline(10), lock(there):
                there.clock.advance(20)
                scope.cancel()
                await anyio.sleep_forever()
        assert (await record(there)).owner is None


async def test_giving_back_is_bounded() -> None:
    async with bench() as there:
        held = there.faults.on("UpdateItem", call=2).hold()
        lease = await lock(there).acquire()
        errors: list[adorm.DeadlineExceeded] = []

        async def release() -> None:
            try:
                await lease.release()
            except adorm.DeadlineExceeded as error:
                errors.append(error)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("adorm.locks.RELEASE_TIMEOUT_S", 0.01)
            await release()
        assert held.fired == 1
        assert str(errors[0]) == (
            "lock 'report' is free when its lease is over: it could not be given back within 0.01 s"
        )


async def test_the_body_s_own_exception_leaves_bare_with_a_note() -> None:
    async with bench() as there:
        there.faults.on("UpdateItem", call=2).refuse("AccessDeniedException")
        with pytest.raises(LookupError, match="mine") as caught:
            async with lock(there):
                raise LookupError("mine")
        assert caught.value.__notes__[0].startswith(
            "beside this: UpdateItem on LockRecord report: AccessDeniedException"
        )
        there.faults.on("UpdateItem", call=2).refuse("AccessDeniedException")
        there.clock.advance(LEASE_S)
        with pytest.raises(adorm.AccessDenied):
            async with lock(there):
                pass


@pytest.mark.parametrize("call", [1, 2, 3])
async def test_a_lost_answer_neither_loses_the_lock_nor_takes_it_twice(call: int) -> None:
    """To the acquisition, to the renewal and to giving it back."""
    async with bench() as there:
        there.faults.on("UpdateItem", call=call).drop(applied=True)
        async with lock(there) as lease:
            assert lease.token == 1
            await lease.renew()
        assert await record(there) == LockRecord(
            name="report", lease_s=LEASE_S, token=1, renewals=1
        )


async def test_an_acquisition_without_an_answer_is_given_back_where_that_can_be() -> None:
    async with bench() as there:
        there.faults.on("UpdateItem", call=range(1, 6)).drop(applied=True)
        with pytest.raises(adorm.ConnectionFailed):
            await lock(there).acquire()
        assert (await record(there)).owner is None
        there.faults.clear()
        there.faults.on("UpdateItem").drop(applied=True)
        with pytest.raises(adorm.ConnectionFailed) as caught:
            await lock(there).acquire()
        assert (
            "lock 'report' may be held until its lease of 30 s is over"
            in caught.value.__notes__[-1]
        )


async def test_of_many_only_one_holds_it_at_a_time() -> None:
    async with bench() as there:
        inside = 0
        tokens: list[int] = []

        async def work() -> None:
            nonlocal inside
            async with lock(there) as lease:
                inside += 1
                assert inside == 1
                tokens.append(lease.token)
                await anyio.lowlevel.checkpoint()
                inside -= 1

        async with anyio.create_task_group() as tasks:
            for _ in range(10):
                tasks.start_soon(work)
        assert tokens == list(range(1, 11))


async def test_mistakes_are_named() -> None:
    async with bench() as there:
        for options in ({"lease_s": 0}, {"lease_s": True}, {"poll_s": float("inf")}):
            with pytest.raises(adorm.UsageError, match="expected seconds, a finite number above 0"):
                lock(there, **options)
        one = lock(there)
        assert repr(one) == "Lock('report')"
        async with one as lease:
            with pytest.raises(adorm.UsageError, match="a block is open on this object already"):
                async with one:
                    pass
            assert lease.is_held()
        with pytest.raises(adorm.UsageError, match="was given back: acquire it again"):
            await lease.renew()
        async with one:
            pass
        with pytest.raises(adorm.ResourceNotFound):
            await lock(there, table_name="elsewhere").acquire()


async def test_giving_back_goes_through_a_plain_cancellation_and_a_second_one() -> None:
    """`task.cancel()`, as `asyncio.timeout` makes it, goes through the shield of an anyio scope."""
    async with bench() as there, leaves_nothing_behind(there.recorder, there.db):
        held = there.faults.on("UpdateItem", call=2).hold()

        async def work() -> None:
            async with lock(there):
                inside.set()
                await anyio.sleep_forever()

        inside = anyio.Event()
        task = asyncio.ensure_future(work())
        await inside.wait()
        task.cancel()
        await held.reached()
        task.cancel()
        await anyio.lowlevel.checkpoint()
        held.release()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await record(there)).owner is None


async def test_a_renewal_after_one_without_an_answer_is_news_to_who_waits() -> None:
    """Else who waits would count the lease from the renewal that nobody knows of, and take the lock
    from a holder that is alive."""
    async with bench(retry=adorm.RetryPolicy(max_attempts=1)) as there:
        lease = await lock(there).acquire()
        there.faults.on("UpdateItem", call=1).drop(applied=True)
        with pytest.raises(adorm.ConnectionFailed):
            await lease.renew()
        seen = await record(there)
        there.clock.advance(LEASE_S - 1)
        await lease.renew()
        assert (await record(there)).renewals != seen.renewals
        await lease.release()


# ---- what arrives late, and answers that are lost


async def test_a_release_whose_answer_was_lost_is_no_lost_lease_where_a_waiter_took_the_lock() -> (
    None
):
    async with bench() as there:
        first = await lock(there).acquire()
        taken: list[int] = []

        async def lose_answer_to_a_waiter(attempt: Attempt) -> Answer:
            await attempt.send()
            async with lock(there) as lease:  # the waiter, before the release is tried again
                taken.append(lease.token)
            there.faults.clear()
            second = await lock(there).acquire()
            taken.append(second.token)
            raise lost()

        there.faults.on("UpdateItem", call=1).run(lose_answer_to_a_waiter)
        there.clock.advance(0.1)
        await first.release()
        assert taken == [2, 3]
        assert (await record(there)).owner is not None  # the waiter's


async def test_a_release_after_the_lease_is_a_lost_lease_though_an_answer_was_lost_too() -> None:
    async with bench() as there:
        first = await lock(there, lease_s=1).acquire()
        there.clock.advance(2)

        async def lose_request_to_a_waiter(_attempt: Attempt) -> Answer:
            there.faults.clear()
            await lock(there).acquire()
            raise lost()

        there.faults.on("UpdateItem", call=1).run(lose_request_to_a_waiter)
        with pytest.raises(adorm.LeaseLost):
            await first.release()


async def test_a_lock_that_somebody_takes_without_waiting_is_a_lost_lease() -> None:
    """By whatever way: the lease ran, no answer was lost, and somebody else is the owner."""
    async with bench() as there:
        lease = await lock(there).acquire()
        await there.db.table(LockRecord).update("report").set(LockRecord.owner, "an intruder")
        with pytest.raises(adorm.LeaseLost):
            await lease.release()


@pytest.mark.parametrize("before", ["never held", "given back", "left by a holder that is gone"])
async def test_a_cancelled_acquisition_that_arrives_after_its_undo_holds_nothing(
    before: str,
) -> None:
    async with bench() as there:
        if before != "never held":
            lease = await lock(there, lease_s=1).acquire()
            if before == "given back":
                await lease.release()
        late: list[Attempt] = []
        with anyio.CancelScope() as scope:

            async def keep_on_its_way(attempt: Attempt) -> Answer:
                late.append(attempt)
                there.faults.clear()
                scope.cancel()
                await anyio.sleep_forever()
                raise AssertionError

            there.faults.on("UpdateItem", call=1).run(keep_on_its_way)
            await lock(there).acquire()
        assert scope.cancelled_caught
        token = (await record(there)).token
        with pytest.raises(adorm.ConditionalCheckFailed):
            await late[0].send()
        assert await record(there) == LockRecord(name="report", lease_s=LEASE_S, token=token)
        async with lock(there, wait=False) as lease:
            assert lease.token == token + 1


async def test_an_acquisition_cancelled_before_it_was_sent_is_not_undone() -> None:
    async with bench() as there:

        async def cancel_unsent(_attempt: Attempt) -> Answer:
            async def cancelled() -> Answer:
                raise asyncio.CancelledError

            return await unsent(cancelled())

        there.faults.on("UpdateItem", call=1).run(cancel_unsent)
        with pytest.raises(asyncio.CancelledError):
            await lock(there).acquire()
        assert there.recorder.operations == ["GetItem", "UpdateItem"]


async def test_an_undo_whose_answer_was_lost_is_done_once() -> None:
    async with bench() as there:
        there.faults.on("UpdateItem", call=range(1, 6)).drop(applied=True)
        there.faults.on("UpdateItem", call=6).drop(applied=True)
        with pytest.raises(adorm.ConnectionFailed) as caught:
            await lock(there).acquire()
        assert not hasattr(caught.value, "__notes__") or not any(
            "may be held" in note for note in caught.value.__notes__
        )
        assert await record(there) == LockRecord(name="report", lease_s=LEASE_S, token=1)


async def test_an_undo_leaves_a_lock_alone_that_somebody_else_took() -> None:
    async with bench() as there:
        others: list[Any] = []
        with anyio.CancelScope() as scope:

            async def be_overtaken(_attempt: Attempt) -> Answer:
                there.faults.clear()
                others.append(await lock(there).acquire())
                scope.cancel()
                await anyio.sleep_forever()
                raise AssertionError

            there.faults.on("UpdateItem", call=1).run(be_overtaken)
            await lock(there).acquire()
        assert scope.cancelled_caught
        await others[0].renew()
        assert (await record(there)).token == 1
