"""read_modify_write: what is read, changed, saved, and made again."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

import adorm
from adorm.testing.attempts import When
from tests.support.accounts import Account, Entry, Frozen, World, world

pytestmark = pytest.mark.anyio


def increment(account: Account) -> None:
    account.balance += 1


async def stored(there: World) -> Account:
    return await there.db.table(Account).get("a")


async def given(there: World) -> adorm.Table[Account]:
    accounts = there.db.table(Account)
    await accounts.create(Account(name="a", balance=10))
    there.recorder.clear()
    return accounts


async def test_the_item_is_read_consistently_and_saved_under_its_version() -> None:
    async with world(Account) as there:
        accounts = await given(there)
        got = await accounts.read_modify_write("a", increment)
        assert got == Account(name="a", balance=11, version=2)
        assert there.recorder.operations == ["GetItem", "UpdateItem"]
        assert there.recorder.sent[0].request["ConsistentRead"] is True
        assert await stored(there) == got


async def test_a_change_that_someone_else_outran_is_made_anew_on_what_is_there() -> None:
    async with world(Account) as there:
        accounts = await given(there)
        seen: list[int] = []

        async def outrun(account: Account) -> None:
            seen.append(account.balance)
            if len(seen) <= 3:
                await accounts.update("a").add(Account.balance, 100)
            account.balance += 1

        got = await accounts.read_modify_write(accounts.key("a"), outrun)
        assert seen == [10, 110, 210, 310]
        assert got.balance == 311
        assert there.clock.sleeps == [0.025, 0.05, 0.1]


async def test_it_ends_after_the_attempts_that_it_is_given() -> None:
    async with world(Account) as there:
        accounts = await given(there)

        async def outrun(account: Account) -> None:
            await accounts.update("a").add(Account.balance, 100)
            account.balance += 1

        with pytest.raises(adorm.VersionConflict) as caught:
            await accounts.read_modify_write("a", outrun, max_attempts=3)
        (note,) = caught.value.__notes__
        assert note == (
            "others were faster 3 times; "
            "max_attempts of read_modify_write() says how often it tries"
        )
        assert (await stored(there)).balance == 310
        with pytest.raises(
            adorm.DeadlineExceeded,
            match=r"read_modify_write on Account a: the wait of .* before the change is made again",
        ):
            async with adorm.deadline(0.2):
                await accounts.read_modify_write("a", outrun)


async def test_a_transaction_in_the_way_is_waited_for() -> None:
    async with world(Account) as there:
        accounts = await given(there)
        there.faults.on("UpdateItem", call=range(1, 8)).refuse("TransactionConflictException")
        assert (await accounts.read_modify_write("a", increment)).balance == 11
        assert there.recorder.operations.count("GetItem") == 2


async def test_an_unknown_fate_is_not_answered_by_a_second_change() -> None:
    """The save's answer is lost, and before it is sent again someone else writes: whose work is
    stored nobody can tell."""
    async with world(Account) as there:
        accounts = await given(there)
        there.faults.on("UpdateItem", call=1).drop(applied=True)
        with pytest.raises(adorm.VersionConflict) as caught:
            await accounts.read_modify_write("a", increment)
        assert caught.value.maybe_applied
        assert "the change is not made again" in caught.value.__notes__[-1]
        assert (await stored(there)).balance == 11


async def test_the_version_is_adorm_s_own_business() -> None:
    async with world(Account) as there:
        accounts = await given(there)

        def meddle(account: Account) -> Account:
            account.version = 17
            return Account(name="a", balance=account.balance * 2)

        assert await accounts.read_modify_write("a", meddle) == Account(
            name="a", balance=20, version=2
        )


def strange(_account: Account) -> Any:
    return "x"  # not what the types allow


async def test_what_cannot_be_saved_is_refused_and_nothing_is_written() -> None:
    async with world(Account, Frozen, Entry) as there:
        accounts = await given(there)
        await there.db.table(Frozen).create(Frozen(name="f"))
        cases: list[tuple[Any, str]] = [
            (accounts.read_modify_write("a", strange), "an instance of Account is expected"),
            (
                accounts.read_modify_write("a", lambda _: Account(name="b")),
                "changed the key of Account a to Account b",
            ),
            (
                accounts.read_modify_write("a", increment, max_attempts=0),
                "max_attempts: expected a whole number, 1 or more",
            ),
            (
                # the mistake
                accounts.read_modify_write("a", increment, max_attempts=1.5),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
                "max_attempts: expected a whole number, 1 or more",
            ),
            (
                there.db.table(Frozen).read_modify_write("f", lambda _: None),
                "Frozen is frozen, so the function has to return",
            ),
            (
                there.db.table(Entry).read_modify_write(("a", 1), lambda _: None),
                "needs a version, and Entry has none",
            ),
        ]
        there.recorder.clear()
        for call, message in cases:
            with pytest.raises(adorm.UsageError, match=message):
                await call
        assert set(there.recorder.operations) == {"GetItem"}


async def test_cancellation_at_any_request_applies_the_change_once_or_never() -> None:
    moments: tuple[When, ...] = ("before", "during", "after")
    for call in (1, 2):
        for when in moments:
            async with world(Account) as there:
                accounts = await given(there)
                with anyio.CancelScope() as scope:
                    there.faults.on(call=call).cancel(scope, when=when)
                    await accounts.read_modify_write("a", increment)
                assert scope.cancelled_caught
                assert len(there.recorder.sent) == call
                applied = (call, when) == (2, "after")
                assert (await stored(there)).balance == 10 + applied


async def test_fifty_at_once_lose_nothing_even_in_lockstep() -> None:
    """Nobody's wait takes time here, so all meet in every round, and one gets through in each."""
    async with world(Account) as there:
        accounts = await given(there)
        results: list[int] = []

        async def one() -> None:
            results.append(
                (await accounts.read_modify_write("a", increment, max_attempts=50)).balance
            )

        async with anyio.create_task_group() as tasks:
            for _ in range(50):
                tasks.start_soon(one)
        assert sorted(results) == list(range(11, 61))
        assert await stored(there) == Account(name="a", balance=60, version=51)
