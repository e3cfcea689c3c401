"""Another writer writes between two attempts: its write is never taken for the caller's own.

Where it is not known which write is stored, the error says so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import adorm
from tests.faults.bench import LOST_ANSWER, LOST_REQUEST, WAITS, Lease, Ticket, World, bench
from tests.faults.writes import CASE, Trial, copy_of, trial
from tests.support.loopback import THROTTLED
from tests.support.shop import Counter, Order

pytestmark = pytest.mark.anyio

AT_ONCE = adorm.RetryPolicy(base_delay_s=0.0)
"""Waits of 0 s between attempts: the other writer writes at the same microsecond."""


def between(world: World, write: Callable[[adorm.Database], Awaitable[object]]) -> None:
    """Have another writer write during the next wait."""

    async def act() -> None:
        await write(world.direct)

    world.clock.during_wait = act


async def conflict_of(
    there: Trial, kind: type[adorm.ConditionalCheckFailed]
) -> adorm.ConditionalCheckFailed:
    """The failure of a write that met another's: its instance is as before, and its fate was
    open."""
    with pytest.raises(adorm.ConditionalCheckFailed) as caught:
        await there.act()
    error = caught.value
    assert type(error) is kind
    assert error.maybe_applied
    assert error.attempts == 2
    assert there.world.sleeps == WAITS[:1]
    assert there.item == there.unharmed
    return error


async def changed_by_other(db: adorm.Database) -> None:
    order = await db.table(Order).get("c1", "o1")
    order.note = "theirs"
    await db.table(Order).save(order)


async def deleted_by_other(db: adorm.Database) -> None:
    await db.table(Order).delete("c1", "o1")


async def created_by_other(db: adorm.Database) -> None:
    await db.table(Order).create(Order(customer_id="c1", order_id="o1", note="theirs"))


async def note_of(world: World) -> str | None:
    order = await world.direct.table(Order).get_or_none("c1", "o1")
    return None if order is None else order.note


async def test_a_create_whose_request_was_lost_meets_the_item_of_another() -> None:
    async with bench() as world:
        there = await trial(world, CASE["create"])
        world.script("PutItem", LOST_REQUEST)
        between(world, created_by_other)
        error = await conflict_of(there, adorm.ItemExists)
        assert error.item.note == "theirs"
        assert await note_of(world) == "theirs"


async def test_an_equal_item_of_another_is_told_by_its_time() -> None:
    async with bench() as world:
        there = await trial(world, CASE["create"])
        world.script("PutItem", LOST_REQUEST)
        between(world, lambda db: db.table(Order).create(copy_of(there.item)))
        error = await conflict_of(there, adorm.ItemExists)
        assert (error.item.version, there.item.version) == (1, 0)


async def test_an_own_item_that_another_changed_meanwhile_is_not_taken_for_ones_own() -> None:
    async with bench() as world:
        there = await trial(world, CASE["create"])
        world.script("PutItem", LOST_ANSWER)
        between(world, changed_by_other)
        error = await conflict_of(there, adorm.ItemExists)
        assert (error.item.version, error.item.note) == (2, "theirs")
        assert await note_of(world) == "theirs"


@pytest.mark.parametrize("name", ["put what was read", "save what was read", "save only"])
async def test_a_checked_write_whose_request_was_lost_leaves_what_another_wrote(name: str) -> None:
    async with bench() as world:
        there = await trial(world, CASE[name])
        world.script(there.case.operation, LOST_REQUEST)
        between(world, changed_by_other)
        error = await conflict_of(there, adorm.VersionConflict)
        assert isinstance(error, adorm.VersionConflict)
        assert (error.expected, error.actual) == (2, 3)
        assert await note_of(world) == "theirs"


@pytest.mark.parametrize("name", ["put what was read", "save what was read", "save only"])
async def test_a_checked_write_whose_answer_was_lost_does_not_undo_what_another_wrote_after_it(
    name: str,
) -> None:
    async with bench() as world:
        there = await trial(world, CASE[name])
        world.script(there.case.operation, LOST_ANSWER)
        between(world, changed_by_other)
        error = await conflict_of(there, adorm.VersionConflict)
        assert isinstance(error, adorm.VersionConflict)
        assert (error.expected, error.actual) == (2, 4)
        assert await note_of(world) == "theirs"


@pytest.mark.parametrize("step", [LOST_REQUEST, LOST_ANSWER], ids=["request lost", "answer lost"])
@pytest.mark.parametrize(
    "name", ["put what was read", "save what was read", "save only", "delete an instance"]
)
async def test_a_checked_write_does_not_bring_back_what_another_deleted(
    name: str, step: Any
) -> None:
    async with bench() as world:
        there = await trial(world, CASE[name])
        world.script(there.case.operation, step)
        between(world, deleted_by_other)
        error = await conflict_of(there, adorm.VersionConflict)
        assert isinstance(error, adorm.VersionConflict)
        assert (error.expected, error.actual) == (2, None)
        assert await note_of(world) is None


@pytest.mark.parametrize("step", [LOST_REQUEST, LOST_ANSWER], ids=["request lost", "answer lost"])
async def test_an_update_of_an_item_that_another_deleted_meanwhile_says_that_its_fate_is_open(
    step: Any,
) -> None:
    async with bench() as world:
        there = await trial(world, CASE["set"])
        world.script("UpdateItem", step)
        between(world, deleted_by_other)
        error = await conflict_of(there, adorm.ConditionalCheckFailed)
        assert error.item is None
        assert await note_of(world) is None


async def test_a_conditional_delete_after_anothers_does_not_claim_that_there_was_no_item() -> None:
    async with bench() as world:
        there = await trial(world, CASE["delete when"])
        world.script("DeleteItem", LOST_REQUEST)
        between(world, deleted_by_other)
        await conflict_of(there, adorm.ConditionalCheckFailed)


async def test_an_update_on_a_version_meets_anothers_update() -> None:
    async with bench() as world:
        there = await trial(world, CASE["set when the version is"])
        world.script("UpdateItem", LOST_REQUEST)
        between(world, changed_by_other)
        error = await conflict_of(there, adorm.VersionConflict)
        assert isinstance(error, adorm.VersionConflict)
        assert (error.expected, error.actual) == (2, 3)


@pytest.mark.parametrize("name", ["create", "put what was read", "put when", "save what was read"])
async def test_another_write_at_the_same_microsecond_is_told_by_what_it_wrote(name: str) -> None:
    """A clock may be coarse, and a test may freeze it."""
    async with bench(retry=AT_ONCE) as world:
        there = await trial(world, CASE[name])
        world.script(there.case.operation, LOST_REQUEST)
        theirs = copy_of(there.item, note="theirs")
        between(world, lambda db: there.case.act(db, theirs))
        with pytest.raises(adorm.ConditionalCheckFailed) as caught:
            await there.act()
        assert caught.value.maybe_applied
        assert there.item == there.unharmed
        assert await note_of(world) == "theirs"


@pytest.mark.parametrize("returning", ["none", "new"])
async def test_anothers_update_at_the_same_microsecond_is_told_by_what_it_wrote(
    returning: Any,
) -> None:
    async with bench(retry=AT_ONCE) as world:
        await trial(world, CASE["set"])
        world.script("UpdateItem", LOST_REQUEST)

        def taken_by(db: adorm.Database, name: str) -> adorm.Update[Order, None]:
            return (
                db.table(Order)
                .update("c1", "o1")
                .set(Order.status, "taken")
                .set(Order.note, name)
                .when(Order.status == "open")
            )

        between(world, lambda db: taken_by(db, "theirs"))
        with pytest.raises(adorm.ConditionalCheckFailed) as caught:
            await taken_by(world.db, "mine").returning(returning)
        assert caught.value.maybe_applied
        assert await note_of(world) == "theirs"


async def test_a_created_at_that_was_read_proves_nothing() -> None:
    """Two workers take the same lease with the same words: only one may believe that it has it."""
    async with bench() as world:
        leases = world.db.table(Lease)
        mine = await world.direct.table(Lease).create(Lease(name="a"))
        world.clock.advance(1)
        mine.state = "taken"
        theirs = copy_of(mine)
        world.script("PutItem", LOST_REQUEST)
        between(world, lambda db: db.table(Lease).put(theirs))
        with pytest.raises(adorm.VersionConflict) as caught:
            await leases.put(mine)
        assert (caught.value.maybe_applied, caught.value.expected, caught.value.actual) == (
            True,
            1,
            2,
        )
        assert (mine.version, theirs.version) == (1, 2)


async def test_a_generated_id_that_another_used_is_told_by_what_it_wrote() -> None:
    async with bench() as world:
        there = await trial(world, CASE["create with a generated id"])
        world.script("PutItem", LOST_REQUEST)
        between(world, lambda db: db.table(Ticket).create(copy_of(there.item, title="theirs")))
        await conflict_of(there, adorm.ItemExists)


async def test_anothers_additions_are_counted_beside_ones_own() -> None:
    async with bench() as world:
        there = await trial(world, CASE["add"])
        world.script("UpdateItem", THROTTLED)
        between(world, lambda db: db.table(Counter).update("a").add(Counter.value, 100))
        await there.act()
        assert (await world.direct.table(Counter).get("a")).value == 10 + 100 + 5


@pytest.mark.parametrize("step", [LOST_REQUEST, LOST_ANSWER], ids=["request lost", "answer lost"])
async def test_exactly_once_holds_beside_anothers_additions(step: Any) -> None:
    async with bench() as world:
        there = await trial(world, CASE["add exactly once"])
        world.script("TransactWriteItems", step)
        between(world, lambda db: db.table(Counter).update("a").add(Counter.value, 100))
        await there.act()
        assert (await world.direct.table(Counter).get("a")).value == 10 + 100 + 5
