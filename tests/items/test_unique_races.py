"""Unique values under races: six writers on six items and six values, with answers that get lost,
conflicts, and items that vanish behind adorm's back."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from random import Random
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

import adorm
from adorm.testing.attempts import Attempt
from adorm.transport.base import Answer
from adorm.transport.errors import service_error
from tests.support.accounts import World, world
from tests.support.unique_models import Member, member_key, problems, stray_guards

pytestmark = pytest.mark.anyio

ROUNDS = 25
NAMES = [f"m{number}" for number in range(6)]
EMAILS = [f"v{number}@x.org" for number in range(6)]
SURE_RETRY = adorm.RetryPolicy(max_attempts=10)


def make_trouble(here: World, random: Random) -> None:
    """Let requests meet each other in any order, and lose answers of writes."""

    async def trouble(attempt: Attempt) -> Answer:
        for _ in range(random.randrange(5)):
            await checkpoint()
        chance = random.random()
        if attempt.operation == "TransactWriteItems" and chance < 0.1:
            count = len(attempt.request["TransactItems"])
            reasons = [{"Code": "TransactionConflict"}, *[{"Code": "None"}] * (count - 1)]
            raise service_error(
                {"__type": "TransactionCanceledException", "CancellationReasons": reasons},
                operation=attempt.operation,
                status=400,
            )
        if attempt.operation == "GetItem" or chance > 0.3:
            answer = await attempt.send()
            for _ in range(random.randrange(3)):
                await checkpoint()
            return answer
        if chance > 0.15:
            with suppress(adorm.AdormError):
                await attempt.send()
        raise adorm.ConnectionFailed("no answer came", maybe_applied=True)

    here.faults.on("GetItem", "PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems").run(
        trouble
    )


async def write(here: World, random: Random, *, vanish: bool) -> None:
    """One operation of one writer."""
    members = here.db.table(Member)
    name, email = random.choice(NAMES), random.choice([*EMAILS, None])
    if email is not None and random.random() < 0.5:
        email = email.upper()
    badge = random.choice([None, 1, 2, 3])
    new = Member(name=name, email=email, badge=badge)
    read = await members.get_or_none(name).consistent()
    changed = new
    if read is not None:
        changed = Member(name=name, email=email, badge=read.badge, age=read.age)
    kinds: list[Any] = [
        members.create(new),
        members.put(changed),
        members.save(changed),
        members.save(changed, only=[Member.email]),
        members.update(name).set(Member.email, email),
        members.update(name).set(Member.email, email).set(Member.badge, badge).upsert(),
        members.update(name).remove(Member.badge).add(Member.age, 1),
        members.delete(name),
        members.delete(changed if read is None else read),
        members.update_or_create(new, only=[Member.email]),
        members.get_or_create(new),
        members.move(Member.key(name), Member(name=random.choice(NAMES), email=email)),
    ]
    if vanish:
        gone = {"TableName": "shop", "Key": member_key(name)}
        kinds.append(here.db.call("DeleteItem", gone, repeat="safe"))
    operation = random.choice(kinds)
    with suppress(adorm.AdormError):
        await operation
    if vanish:
        kinds[-1].close()


async def swap(here: World, random: Random) -> None:
    """A transaction in which two items swap their emails."""
    one, other = random.sample(NAMES, 2)
    members = here.db.table(Member)
    first, second = await members.get_or_none(one), await members.get_or_none(other)
    if first is None or second is None or first.email == second.email:
        return
    with suppress(adorm.AdormError):
        async with here.db.transaction() as tx:
            for name, old, new in ((one, first, second), (other, second, first)):
                update = tx.update(Member.key(name)).given(Member.email == old.email)
                update.set(Member.email, new.email)


@pytest.mark.parametrize("vanish", [False, True], ids=["", "items vanish"])
@pytest.mark.parametrize("seed", range(6))
async def test_each_item_has_its_guard_and_no_value_is_held_twice(seed: int, vanish: bool) -> None:
    random = Random(seed)  # repeatable
    async with world(Member, random=random.random, retry=SURE_RETRY) as here:
        for _ in range(ROUNDS):
            make_trouble(here, random)
            with anyio.fail_after(30):
                async with anyio.create_task_group() as group:
                    for number in range(6):
                        if number == 5 and random.random() < 0.5:
                            group.start_soon(swap, here, random)
                        else:
                            group.start_soon(partial(write, here, random, vanish=vanish))
            here.faults.clear()
            assert await problems(here.db, Member, "shop") == []
            if not vanish:
                assert await stray_guards(here.db, Member, "shop") == []
        assert len(here.tokens) > ROUNDS
