"""Unique values in transactions of the caller's."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

import adorm
from tests.support.accounts import World, world
from tests.support.unique_models import (
    Member,
    User,
    all_items,
    guards,
    member_key,
    problems,
    stray_guards,
)

pytestmark = pytest.mark.anyio

EMAIL = "UNIQUE#Member#email#"


@pytest.fixture
async def here() -> AsyncIterator[World]:
    async with world(Member, User) as made:
        yield made
        for model, table in ((Member, "shop"), (User, "users")):
            assert await problems(made.db, model, table) == []


async def two(here: World) -> adorm.Table[Member]:
    members = here.db.table(Member)
    await members.create(Member(name="ada", email="a@x"))
    await members.create(Member(name="bob", email="b@x"))
    here.recorder.clear()
    return members


async def test_guards_go_along_with_the_writes(here: World) -> None:
    async with here.db.transaction() as tx:
        tx.create(Member(name="ada", email="a@x", badge=1))
        tx.create(User(id="ada", email="a@x"))
    assert here.recorder.operations == ["TransactWriteItems"]
    assert len(here.recorder.sent[0].request["TransactItems"]) == 5
    assert set(await guards(here.db)) == {f"{EMAIL}a@x", "UNIQUE#Member#badge#1"}


async def test_a_taken_value_is_the_reason_of_the_action_that_wants_it(here: World) -> None:
    await two(here)
    with pytest.raises(adorm.TransactionCanceled) as caught:
        async with here.db.transaction() as tx:
            tx.create(User(id="eve"))
            tx.create(Member(name="eve", email="A@x"))
    first, second = caught.value.reasons
    assert first.code is None
    assert isinstance(second.error, adorm.UniqueConflict)
    assert second.error.owner == Member.key("ada")
    assert "UniqueConflict: the value of email belongs to Member ada" in str(caught.value)
    with pytest.raises(BaseExceptionGroup) as group:
        async with here.db.transaction() as tx:
            tx.create(Member(name="eve", email="A@x"))
    assert group.value.subgroup(adorm.UniqueConflict) is not None


async def test_two_items_can_swap_their_values(here: World) -> None:
    members = await two(here)
    async with here.db.transaction() as tx:
        tx.update(Member.key("ada")).given(Member.email == "a@x").set(Member.email, "b@x")
        tx.update(Member.key("bob")).given(Member.email == "b@x").set(Member.email, "a@x")
    assert len(here.recorder.sent[0].request["TransactItems"]) == 4
    assert (await members.get("ada")).email == "b@x"
    assert await guards(here.db) == {f"{EMAIL}a@x": "MEMBER#bob", f"{EMAIL}b@x": "MEMBER#ada"}


async def test_a_value_moves_from_a_deleted_item_to_a_new_one(here: World) -> None:
    members = await two(here)
    async with here.db.transaction() as tx:
        tx.delete(Member.key("ada")).given(
            Member.email == "a@x",
            Member.badge == None,  # noqa: E711  # a path compares by ==
            Member.org_id == "o",
            Member.slug == None,  # noqa: E711
        )
        tx.create(Member(name="eve", email="a@x"))
    assert await guards(here.db) == {f"{EMAIL}a@x": "MEMBER#eve", f"{EMAIL}b@x": "MEMBER#bob"}
    bob = await members.get("bob")
    async with here.db.transaction() as tx:
        tx.delete(bob)
    assert set(await guards(here.db)) == {f"{EMAIL}a@x"}


async def test_what_is_not_given_is_asked_for(here: World) -> None:
    await two(here)
    with pytest.raises(adorm.UsageError, match=r"add \.given\(Member\.email == \.\.\.\)"):
        async with here.db.transaction() as tx:
            tx.update(Member.key("ada")).set(Member.email, "c@x")
    with pytest.raises(adorm.UsageError, match="given"):
        async with here.db.transaction() as tx:
            tx.delete(Member.key("ada"))
    async with here.db.transaction() as tx:
        tx.update(Member.key("ada")).set(Member.age, 5)
        tx.check(Member.key("bob")).when(Member.email == "b@x")
    assert here.recorder.operations == ["TransactWriteItems"]


async def test_a_save_keeps_its_value_or_is_given_the_old_one(here: World) -> None:
    members = await two(here)
    ada = await members.get("ada")
    ada.age = 5
    async with here.db.transaction() as tx:
        tx.save(ada)
    assert (await members.get("ada")).age == 5
    ada.email = "c@x"
    with pytest.raises(adorm.TransactionCanceled):
        async with here.db.transaction() as tx:
            tx.save(ada)
    async with here.db.transaction() as tx:
        tx.put(ada).given(Member.email == "a@x")
    assert set(await guards(here.db)) == {f"{EMAIL}b@x", f"{EMAIL}c@x"}
    assert tx.token


async def test_two_operations_can_not_want_one_value(here: World) -> None:
    with pytest.raises(adorm.UsageError, match=r"operations 1 .* and 2 .* same email"):
        async with here.db.transaction() as tx:
            tx.create(Member(name="ada", email="a@x"))
            tx.create(Member(name="bob", email="A@X"))
    assert await all_items(here.db, "shop") == []


async def test_a_left_over_guard_is_taken_over_under_a_new_token(here: World) -> None:
    await two(here)
    await here.db.call("DeleteItem", {"TableName": "shop", "Key": member_key("ada")})
    async with here.db.transaction() as tx:
        tx.create(Member(name="eve", email="a@x"))
    first, second = here.tokens
    assert first != second
    assert (await guards(here.db))[f"{EMAIL}a@x"] == "MEMBER#eve"
    await here.db.call("DeleteItem", {"TableName": "shop", "Key": member_key("bob")})
    with pytest.raises(adorm.TransactionCanceled) as caught:
        async with here.db.transaction(token="mine") as tx:
            tx.create(Member(name="eva", email="b@x"))
    assert "without a token of yours" in caught.value.__notes__[0]


async def test_guards_count_among_the_hundred_actions(here: World) -> None:
    with pytest.raises(adorm.UsageError, match="60 operations and 60 more for the guards"):
        async with here.db.transaction() as tx:
            for number in range(60):
                tx.create(Member(name=f"m{number}", badge=number))
    members = here.db.table(Member)
    many = [Member(name=f"m{n}", badge=n) for n in range(60)]
    await members.create_many(many, transact=True)
    assert len(await all_items(here.db, "shop")) == 120
    assert await stray_guards(here.db, Member, "shop") == []
