"""What becomes of a transaction when DynamoDB says no, or nothing, or the caller is cancelled."""

from __future__ import annotations

import asyncio
from copy import copy
from typing import Any, Literal

import anyio
import pytest

import adorm
from adorm.testing import FakeClock
from tests.support.accounts import Account, Entry, canceled, scripted, world
from tests.support.aftermath import leaves_nothing_behind
from tests.support.fake_table import FakeTable
from tests.support.loopback import Drop, LoopbackServer, ServiceFault
from tests.support.scripted import internal, lost, throttled

pytestmark = pytest.mark.anyio


async def transfer(db: adorm.Database, *accounts: Account, token: str | None = None) -> None:
    async with db.transaction(token=token) as tx:
        for account in accounts:
            tx.create(account)
        tx.update(Account, "a").add(Account.balance, -5).when(Account.balance >= 5)
        tx.update(Account, "b").add(Account.balance, 5)


@pytest.mark.parametrize(
    "failure",
    [
        canceled([None, "TransactionConflict"]),
        canceled(["ThrottlingError", "ProvisionedThroughputExceeded"]),
        canceled(["TransactionConflict", "ThrottlingError"]),
        throttled(),
        internal(),
        lost(),
    ],
    ids=str,
)
async def test_what_passes_is_sent_again_just_as_it_was(failure: Any) -> None:
    clock = FakeClock()
    db, transport = scripted(failure, failure, {}, clock=clock)
    await transfer(db)
    assert len(transport.sent) == 3
    assert transport.sent[0] == transport.sent[1] == transport.sent[2]
    assert transport.sent[0][1]["ClientRequestToken"]
    assert clock.sleeps == [0.025, 0.05]


async def test_each_transaction_has_a_token_of_its_own() -> None:
    db, transport = scripted()
    await transfer(db)
    await transfer(db)
    await transfer(db, token="mine")
    tokens = [request["ClientRequestToken"] for _, request in transport.sent]
    assert len(set(tokens)) == 3
    assert tokens[2] == "mine"


async def test_a_condition_is_not_retried_even_beside_a_conflict() -> None:
    for codes in (
        ["ConditionalCheckFailed", None],
        ["ConditionalCheckFailed", "TransactionConflict"],
        ["ValidationError", None],
    ):
        db, transport = scripted(canceled(codes))
        with pytest.raises(adorm.TransactionCanceled):
            await transfer(db)
        assert len(transport.sent) == 1


async def test_reasons_that_are_no_conditions_are_typed_too() -> None:
    db, _ = scripted(
        canceled(["TransactionConflict", "ThrottlingError"]),
        retry=adorm.RetryPolicy(max_attempts=1),
    )
    with pytest.raises(adorm.TransactionCanceled) as caught:
        await transfer(db)
    first, second = caught.value.reasons
    assert isinstance(first.error, adorm.TransactionConflict)
    assert isinstance(second.error, adorm.Throttled)
    assert (first.error.subject, first.error.request_id, first.error.operation) == (
        "Account a",
        "r1",
        "TransactWriteItems",
    )
    assert str(caught.value) == (
        "TransactWriteItems on update Account a, update Account b: TransactionCanceledException: "
        "Transaction cancelled, please refer cancellation reasons for specific reasons "
        "(request id: r1) [2 of 2 operations failed]\n"
        "  update Account a: TransactionConflict: another write was at the item at the same time: "
        "try again later\n"
        "  update Account b: Throttled: the table or the item's partition is out of capacity: "
        "try again later"
    )


async def test_a_reason_that_adorm_does_not_know_is_told_in_dynamodb_s_words() -> None:
    db, _ = scripted(canceled(["ItemCollectionSizeLimitExceeded", "NewFault"]))
    with pytest.raises(adorm.TransactionCanceled) as caught:
        await transfer(db)
    code = "ItemCollectionSizeLimitExceeded"
    assert f"update Account a: {code}: because of {code}" in str(caught.value)
    assert "update Account b: NewFault: because of NewFault" in str(caught.value)
    assert {type(reason.error) for reason in caught.value.reasons} == {adorm.ServiceError}


async def test_a_long_list_of_reasons_is_cut_in_the_message_only() -> None:
    db, _ = scripted(canceled(["ConditionalCheckFailed"] * 15))
    tx = db.transaction()
    for number in range(15):
        tx.create(Entry(account="a", number=number))
    with pytest.raises(adorm.TransactionCanceled) as caught:
        await tx.commit()
    lines = str(caught.value).splitlines()
    first_five = ", ".join(f"create Entry a/{number}" for number in range(5))
    assert f"on {first_five} and 10 more:" in lines[0]
    assert (len(lines), lines[-1]) == (12, "  and 5 more in .reasons")
    assert len(caught.value.reasons) == len(caught.value.exceptions) == 15


async def test_a_conflict_that_does_not_end_is_raised_with_the_notes_of_its_attempts() -> None:
    async with world(Account) as there:
        there.faults.on("TransactWriteItems").refuse(
            "TransactionCanceledException", reasons=["TransactionConflict", "None"]
        )
        with pytest.raises(adorm.TransactionCanceled) as caught:
            await transfer(there.db)
        assert caught.value.attempts == 5
        assert len(set(there.tokens)) == 1
        assert len(there.tokens) == 5
        assert there.clock.sleeps == [0.025, 0.05, 0.1, 0.2]
        assert len(caught.value.__notes__) == 4
        assert not caught.value.maybe_applied


async def test_a_transaction_may_have_a_retry_policy_of_its_own() -> None:
    db, transport = scripted(*[canceled(["TransactionConflict"])] * 7)
    async with db.transaction(retry=adorm.RetryPolicy(max_attempts=8)) as tx:
        tx.update(Account, "a").set(Account.balance, 1)
    assert len(transport.sent) == 8


async def test_an_answer_that_never_comes_leaves_the_fate_open_and_the_instance_as_it_was() -> None:
    async with world(Account) as there:
        there.faults.on("TransactWriteItems").drop(applied=False)
        account = Account(name="c")
        with pytest.raises(adorm.ConnectionFailed) as caught:
            await transfer(there.db, account)
        assert caught.value.maybe_applied
        assert "TransactWriteItems on create Account c, update Account a, update Account b" in str(
            caught.value
        )
        assert account.version == 0


async def test_a_lost_answer_does_not_apply_it_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over real sockets, to a table that keeps tokens."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
    table = FakeTable()
    await table.open()
    async with (
        LoopbackServer(table) as server,
        adorm.connect(endpoint_url=server.url, region="eu-central-1", random=lambda: 0.0) as db,
    ):
        await db.create_table(Account)
        for name in "ab":
            await db.table(Account).create(Account(name=name, balance=10))
        table.writes.clear()
        server.script(
            "TransactWriteItems",
            Drop("request", applied=True),
            ServiceFault("InternalServerError", status=500, applied=True),
        )
        account = Account(name="c")
        await transfer(db, account)
        assert table.writes == ["TransactWriteItems"]
        assert account.version == 1
        assert (await db.table(Account).get("a")).balance == 5
        assert (await db.table(Account).get("b")).balance == 15
        bodies = [
            request.body for request in server.requests if request.operation == "TransactWriteItems"
        ]
        assert len(bodies) == 3
        assert bodies[0] == bodies[1] == bodies[2]
    await table.close()


@pytest.mark.parametrize("when", ["before", "during", "after"])
@pytest.mark.parametrize("native", [True, False])
async def test_cancellation_at_the_request_leaves_no_task_and_no_instance_changed(
    when: Literal["before", "during", "after"], native: bool
) -> None:
    async with world(Account) as there, leaves_nothing_behind(there.recorder, there.db):
        for name in "ab":
            await there.db.table(Account).create(Account(name=name, balance=10))
        there.recorder.clear()
        accounts = [Account(name="c"), Account(name="d", balance=3)]
        before = [copy(account) for account in accounts]
        if native:
            there.faults.on("TransactWriteItems", call=1).cancel(when=when)
            with pytest.raises(asyncio.CancelledError):
                await asyncio.create_task(transfer(there.db, *accounts))
        else:
            with anyio.CancelScope() as scope:
                there.faults.on("TransactWriteItems", call=1).cancel(scope, when=when)
                await transfer(there.db, *accounts)
            assert scope.cancelled_caught
        assert accounts == before
        assert len(there.recorder.of("TransactWriteItems")) == 1
        applied = await there.db.table(Account).get_or_none("c") is not None
        assert applied == (when == "after")
        assert ((await there.db.table(Account).get("a")).balance == 5) == applied


async def test_a_deadline_ends_the_retries_and_says_what_was_going_on() -> None:
    async with world(Account) as there:
        there.faults.on("TransactWriteItems").refuse(
            "TransactionCanceledException", reasons=["TransactionConflict", "None"]
        )
        account = Account(name="c")
        with pytest.raises(
            adorm.DeadlineExceeded, match=r"on create Account c, .* would outlive the deadline"
        ) as caught:
            async with adorm.deadline(0.1):
                await transfer(there.db, account)
        assert not caught.value.maybe_applied
        assert len(there.tokens) == 3
        assert account.version == 0
