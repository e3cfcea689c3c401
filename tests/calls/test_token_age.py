"""A transaction's token, and the ten minutes for which DynamoDB knows it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

import adorm
from adorm.calls.call import TOO_OLD
from adorm.calls.calls import Calls
from adorm.errors import ConnectionFailed, ServiceError, TransactionConflict
from adorm.retry import RetryPolicy
from adorm.testing.clock import FakeClock
from adorm.transport.base import Answer
from tests.support.accounts import Account, scripted
from tests.support.loopback import Drop, LoopbackServer
from tests.support.scripted import Outcome, ScriptedTransport, lost, refusal, throttled, unreachable
from tests.support.wired import opened

pytestmark = pytest.mark.anyio

TRANSACTION: dict[str, Any] = {"TransactItems": [], "ClientRequestToken": "t1"}
NINE_MINUTES_S = 540.0


class SuspendedClock(FakeClock):
    """The time of day goes on while the machine is suspended; the monotonic one stands."""

    def suspend(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)

    def set_back(self, seconds: float) -> None:
        self._now -= timedelta(seconds=seconds)


def calls(clock: FakeClock, *outcomes: Outcome, **retry: Any) -> tuple[Calls, ScriptedTransport]:
    transport = ScriptedTransport(outcomes)
    settings: dict[str, Any] = {"jitter": 0.0}
    return Calls(transport, clock=clock, retry=RetryPolicy(**(settings | retry))), transport


async def test_a_machine_suspended_between_two_attempts_does_not_send_the_token_again() -> None:
    clock = SuspendedClock()

    async def lose_and_suspend() -> Answer:
        clock.suspend(NINE_MINUTES_S)
        raise lost()

    it, transport = calls(clock, lose_and_suspend)
    with pytest.raises(ConnectionFailed) as caught:
        await it.call("TransactWriteItems", TRANSACTION)
    assert caught.value.maybe_applied
    assert caught.value.attempts == len(transport.sent) == 1
    assert any("its token is older than 9 minutes" in note for note in caught.value.__notes__)
    assert clock.sleeps == []


async def test_a_machine_suspended_during_the_wait_does_not_either() -> None:
    class Sleepy(SuspendedClock):
        async def sleep(self, delay_s: float, /) -> None:
            await super().sleep(delay_s)
            self.suspend(NINE_MINUTES_S)

    it, transport = calls(Sleepy(), lost())
    with pytest.raises(ConnectionFailed) as caught:
        await it.call("TransactWriteItems", TRANSACTION)
    assert caught.value.maybe_applied
    assert caught.value.attempts == len(transport.sent) == 1
    assert any("not sent again: its token is older" in note for note in caught.value.__notes__)


async def test_a_policy_that_waits_that_long_ends_the_call_before_the_wait() -> None:
    clock = FakeClock()
    it, transport = calls(clock, lost(), base_delay_s=600, max_delay_s=600)
    with pytest.raises(ConnectionFailed) as caught:
        await it.call("TransactWriteItems", TRANSACTION)
    assert caught.value.maybe_applied
    assert len(transport.sent) == 1
    assert clock.sleeps == []


async def test_a_clock_that_is_set_back_does_not_make_a_token_younger() -> None:
    clock = SuspendedClock()

    async def lose_late() -> Answer:
        clock.advance(NINE_MINUTES_S)
        clock.set_back(3600)
        raise lost()

    it, transport = calls(clock, lose_late)
    with pytest.raises(ConnectionFailed):
        await it.call("TransactWriteItems", TRANSACTION)
    assert len(transport.sent) == 1


async def test_within_nine_minutes_it_is_sent_again_as_it_is() -> None:
    clock = SuspendedClock()

    async def lose_and_suspend() -> Answer:
        clock.suspend(NINE_MINUTES_S - 1)
        raise lost()

    it, transport = calls(clock, lose_and_suspend)
    await it.call("TransactWriteItems", TRANSACTION)
    assert [request for _, request in transport.sent] == [TRANSACTION, TRANSACTION]
    assert all(request is TRANSACTION for _, request in transport.sent)


@pytest.mark.parametrize(
    "error", [throttled(), unreachable(), refusal("TransactionConflictException")]
)
async def test_what_surely_was_not_applied_is_repeated_however_late(error: Exception) -> None:
    clock = SuspendedClock()

    async def refuse_and_suspend() -> Answer:
        clock.suspend(3600)
        raise error

    it, transport = calls(clock, refuse_and_suspend)
    await it.call("TransactWriteItems", TRANSACTION)
    assert len(transport.sent) == 2


async def test_a_conflict_after_a_lost_answer_ends_at_nine_minutes_too() -> None:
    clock = SuspendedClock()

    async def conflict_late() -> Answer:
        clock.suspend(NINE_MINUTES_S)
        raise refusal("TransactionConflictException")

    it, transport = calls(clock, lost(), conflict_late)
    with pytest.raises(TransactionConflict) as caught:
        await it.call("TransactWriteItems", TRANSACTION)
    assert caught.value.maybe_applied
    assert len(transport.sent) == 2


async def test_requests_without_a_token_are_not_bounded_by_it() -> None:
    clock = SuspendedClock()

    async def lose_and_suspend() -> Answer:
        clock.suspend(3600)
        raise lost()

    it, transport = calls(clock, lose_and_suspend)
    await it.call("PutItem", {"TableName": "orders", "Item": {}})
    assert len(transport.sent) == 2


async def test_hooks_and_limits_do_not_hide_the_token_s_age() -> None:
    clock = SuspendedClock()

    async def lose_and_suspend() -> Answer:
        clock.suspend(NINE_MINUTES_S)
        raise lost()

    seen: list[object] = []
    hooks = [adorm.CallHooks(before_attempt=seen.append)]
    transport = ScriptedTransport([lose_and_suspend])
    it = Calls(transport, clock=clock, hooks=hooks)
    with pytest.raises(ConnectionFailed):
        async with adorm.deadline(7200):
            await it.call("TransactWriteItems", TRANSACTION)
    assert len(transport.sent) == len(seen) == 1


async def test_a_transaction_tells_that_it_may_have_been_applied() -> None:
    clock = SuspendedClock()

    async def lose_and_suspend() -> Answer:
        clock.suspend(NINE_MINUTES_S)
        raise lost()

    db, transport = scripted(lose_and_suspend, clock=clock)
    with pytest.raises(ConnectionFailed) as caught:
        async with db.transaction() as tx:
            tx.update(Account, "a").add(Account.balance, 5)
    assert caught.value.maybe_applied
    with pytest.raises(ConnectionFailed) as caught:
        transport.outcomes.append(lose_and_suspend)
        await db.table(Account).update("a").add(Account.balance, 5).exactly_once()
    assert caught.value.maybe_applied
    assert len(transport.sent) == 2


async def test_the_wire_looks_once_more_after_the_wait_for_a_connection() -> None:
    checks: list[str] = []

    def too_old() -> None:
        checks.append("checked")
        raise adorm.UsageError(TOO_OLD)

    async with LoopbackServer() as server, opened(server) as transport:
        with pytest.raises(adorm.UsageError, match="its token is older than 9 minutes"):
            await transport.send("TransactWriteItems", TRANSACTION, None, too_old)
        assert checks == ["checked"]
        assert server.requests == []
        await transport.send("TransactWriteItems", TRANSACTION, None, lambda: None)
    assert server.requests[0].body == TRANSACTION


async def test_on_the_wire_too_the_first_error_is_the_one_that_is_raised() -> None:
    clock = SuspendedClock()

    def applied(_operation: str, _body: dict[str, Any]) -> dict[str, Any]:
        clock.suspend(NINE_MINUTES_S)
        return {}

    async with LoopbackServer(applied) as server, opened(server, clock=clock) as transport:
        server.script("TransactWriteItems", Drop("request", applied=True))
        with pytest.raises((ConnectionFailed, ServiceError)) as caught:
            await Calls(transport, clock=clock).call("TransactWriteItems", TRANSACTION)
    assert caught.value.maybe_applied
    assert server.operations == ["TransactWriteItems"]
