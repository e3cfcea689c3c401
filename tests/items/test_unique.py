"""Unique values: what each write sends, and what becomes of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

import adorm
from adorm.testing.attempts import Attempt
from adorm.transport.base import Answer
from tests.support.accounts import World, world
from tests.support.unique_models import (
    Member,
    User,
    all_items,
    guards,
    member_key,
    problems,
    shop,
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


def sent(here: World) -> list[str]:
    return here.recorder.operations


def last(here: World) -> list[dict[str, Any]]:
    """The actions of the last transaction."""
    actions: list[dict[str, Any]] = here.recorder.sent[-1].request["TransactItems"]
    return actions


async def raw_delete(here: World, name: str) -> None:
    """Delete a member as another tool would, without its guards."""
    await here.db.call("DeleteItem", {"TableName": "shop", "Key": member_key(name)})
    here.recorder.clear()


# ---- create


async def test_create_puts_the_item_and_a_guard_for_each_value(here: World) -> None:
    members = here.db.table(Member)
    await members.create(Member(name="ada", email="Ada@x.org", badge=5, org_id="O", slug="Foo"))
    assert sent(here) == ["TransactWriteItems"]
    item, *others = last(here)
    assert item["Put"]["ConditionExpression"] == "attribute_not_exists(#n0)"
    assert [each["Put"]["Item"] for each in others] == [
        {
            "PK": {"S": text},
            "SK": {"S": text},
            "_type": {"S": "_unique"},
            "_owner": {"M": member_key("ada")},
        }
        for text in (f"{EMAIL}ada@x.org", "UNIQUE#Member#badge#5", "SLUG#O#foo")
    ]
    for each in (item, *others):
        assert each["Put"]["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD"


async def test_none_is_not_guarded_and_a_create_without_values_is_a_plain_put(here: World) -> None:
    members = here.db.table(Member)
    await members.create(Member(name="ada"))
    await members.create(Member(name="bob"))
    assert sent(here) == ["PutItem", "PutItem"]
    with pytest.raises(adorm.ItemExists):
        await members.create(Member(name="ada"))


async def test_a_taken_value_names_the_constraint_the_value_and_the_owner(here: World) -> None:
    members = here.db.table(Member)
    await members.create(Member(name="ada", email="a@x", slug="s"))
    with pytest.raises(adorm.UniqueConflict) as caught:
        await members.create(Member(name="bob", email="A@X"))
    error = caught.value
    assert isinstance(error, adorm.ConditionalCheckFailed)
    assert (error.constraint, error.value, error.owner) == ("email", "A@X", Member.key("ada"))
    assert "email: the value belongs to Member ada" in str(error)
    assert sent(here)[1:] == ["TransactWriteItems", "GetItem"]
    assert here.recorder.sent[-1].request["ConsistentRead"] is True
    with pytest.raises(adorm.UniqueConflict) as caught:
        await members.create(Member(name="bob", slug="S"))
    assert caught.value.constraint == "SLUG#{org_id}#{slug:lower}"
    assert caught.value.value == {"org_id": "o", "slug": "S"}
    await members.create(Member(name="bob", slug="S", org_id="other"))


async def test_a_taken_key_is_item_exists_before_a_taken_value(here: World) -> None:
    members = here.db.table(Member)
    ada = await members.create(Member(name="ada", email="a@x"))
    with pytest.raises(adorm.ItemExists) as caught:
        await members.create(Member(name="ada", email="a@x"))
    assert caught.value.item == ada


async def test_a_guard_of_a_vanished_item_is_taken_over_with_a_check_on_it(here: World) -> None:
    members = here.db.table(Member)
    await members.create(Member(name="ada", badge=5, email="a@x"))
    await raw_delete(here, "ada")
    await members.create(Member(name="bob", badge=5, email="a@x"))
    assert sent(here) == ["TransactWriteItems", "GetItem", "GetItem", "TransactWriteItems"]
    _, email, badge, check = last(here)
    for put in (email, badge):
        assert put["Put"]["ConditionExpression"] == "#o = :o0"
        assert put["Put"]["ExpressionAttributeValues"] == {":o0": {"M": member_key("ada")}}
    assert check["ConditionCheck"]["Key"] == member_key("ada")
    assert check["ConditionCheck"]["ConditionExpression"] == "attribute_not_exists(#k)"
    first, second = here.recorder.sent[0].request, here.recorder.sent[-1].request
    assert first["ClientRequestToken"] != second["ClientRequestToken"]
    assert set((await guards(here.db)).values()) == {"MEMBER#bob"}


async def test_the_check_of_an_exact_value_lets_the_owner_come_back_without_it(here: World) -> None:
    members = here.db.table(Member)
    await members.create(Member(name="ada", badge=5))
    await raw_delete(here, "ada")
    await members.create(Member(name="bob", badge=5))
    check = last(here)[-1]["ConditionCheck"]
    assert check["ConditionExpression"] == "attribute_not_exists(#k) OR #n1 <> :v0"
    assert check["ExpressionAttributeNames"] == {"#k": "PK", "#n1": "badge"}
    assert check["ExpressionAttributeValues"] == {":v0": {"N": "5"}}


# ---- save and put


@pytest.mark.parametrize("verb", ["save", "put"])
async def test_a_write_that_keeps_its_values_is_one_plain_request(here: World, verb: str) -> None:
    members = here.db.table(Member)
    ada = await members.create(Member(name="ada", email="a@x"))
    here.recorder.clear()
    ada.age = 40
    await getattr(members, verb)(ada)
    assert sent(here) == ["UpdateItem" if verb == "save" else "PutItem"]
    condition = here.recorder.sent[0].request["ConditionExpression"]
    assert condition.count("=") >= 1
    assert (await members.get("ada")).age == 40


@pytest.mark.parametrize("verb", ["save", "put"])
async def test_a_changed_value_is_told_by_the_failed_condition(here: World, verb: str) -> None:
    members = here.db.table(Member)
    ada = await members.create(Member(name="ada", email="a@x", badge=5))
    here.recorder.clear()
    ada.email = "new@x"
    await getattr(members, verb)(ada)
    plain = "UpdateItem" if verb == "save" else "PutItem"
    assert sent(here) == [plain, "TransactWriteItems"]
    _, put, delete = last(here)
    assert put["Put"]["Item"]["PK"] == {"S": f"{EMAIL}new@x"}
    assert delete["Delete"]["Key"]["PK"] == {"S": f"{EMAIL}a@x"}
    assert delete["Delete"]["ConditionExpression"] == "attribute_not_exists(#k) OR #o = :o0"
    assert set(await guards(here.db)) == {f"{EMAIL}new@x", "UNIQUE#Member#badge#5"}
    assert (await members.get("ada")).email == "new@x"


@pytest.mark.parametrize("verb", ["save", "put"])
async def test_without_an_item_it_is_a_create(here: World, verb: str) -> None:
    members = here.db.table(Member)
    await getattr(members, verb)(Member(name="ada", email="a@x"))
    assert sent(here)[1:] == ["TransactWriteItems"]
    assert len(last(here)) == 2
    with pytest.raises(adorm.UniqueConflict):
        await getattr(members, verb)(Member(name="bob", email="a@x"))
    assert await members.get_or_none("bob") is None


async def test_another_spelling_of_the_same_text_keeps_its_guard(here: World) -> None:
    members = here.db.table(Member)
    ada = await members.create(Member(name="ada", email="a@x"))
    here.recorder.clear()
    ada.email = "A@X"
    await members.save(ada)
    assert sent(here) == ["UpdateItem", "UpdateItem"]
    assert (await members.get("ada")).email == "A@X"


async def test_a_save_of_some_fields_conditions_on_these_only(here: World) -> None:
    members = here.db.table(Member)
    ada = await members.create(Member(name="ada", email="a@x", slug="s"))
    here.recorder.clear()
    ada.age, ada.email = 5, "ignored"
    await members.save(ada, only=[Member.age])
    assert "email" not in here.recorder.sent[0].request["ExpressionAttributeNames"].values()
    assert (await members.get("ada")).email == "a@x"
    here.recorder.clear()
    ada.slug = "t"
    await members.save(ada, only=[Member.slug])
    assert sent(here) == ["UpdateItem", "TransactWriteItems"]
    assert set(await guards(here.db)) == {f"{EMAIL}a@x", "SLUG#o#t"}
    ada.name = "nobody"
    with pytest.raises(adorm.ItemNotFound):
        await members.save(ada, only=[Member.slug])


async def test_a_failed_condition_of_the_callers_is_not_taken_for_a_changed_value(
    here: World,
) -> None:
    members = here.db.table(Member)
    ada = await members.create(Member(name="ada", email="a@x"))
    here.recorder.clear()
    with pytest.raises(adorm.ConditionalCheckFailed) as caught:
        await members.save(ada).when(Member.age == 7)
    assert sent(here) == ["UpdateItem"]
    assert caught.value.item == ada
    ada.email = "new@x"
    with pytest.raises(adorm.ConditionalCheckFailed):
        await members.save(ada).when(Member.age == 7)
    assert sent(here)[1:] == ["UpdateItem", "TransactWriteItems"]


async def test_a_version_conflict_is_told_at_once(here: World) -> None:
    users = here.db.table(User)
    ada = await users.create(User(id="ada", email="a@x"))
    await users.update("ada", 0).set(User.email, "b@x")
    here.recorder.clear()
    with pytest.raises(adorm.VersionConflict):
        await users.save(ada)
    assert sent(here) == ["UpdateItem"]
    ada = await users.get("ada", 0)
    ada.email = "c@x"
    await users.save(ada)
    assert ada.version == 3
    assert await guards(here.db, "users") == {"UNIQUE#User#email#c@x": "ada"}


# ---- update


async def test_an_update_reads_the_values_and_then_changes_item_and_guards(here: World) -> None:
    members = here.db.table(Member)
    await members.create(Member(name="ada", email="a@x", badge=5))
    here.recorder.clear()
    await members.update("ada").set(Member.email, "b@x").set(Member.age, 5)
    assert sent(here) == ["GetItem", "TransactWriteItems"]
    read = here.recorder.sent[0].request
    assert read["ConsistentRead"] is True
    assert set(read["ExpressionAttributeNames"].values()) == {"PK", "SK", "_type", "email"}
    assert len(last(here)) == 3
    await members.update("ada").remove(Member.email)
    assert set(await guards(here.db)) == {"UNIQUE#Member#badge#5"}
    here.recorder.clear()
    await members.update("ada").add(Member.age, 1)
    assert sent(here) == ["UpdateItem"]


async def test_a_given_value_spares_the_read(here: World) -> None:
    members = here.db.table(Member)
    await members.create(Member(name="ada", email="a@x"))
    here.recorder.clear()
    await members.update("ada").set(Member.email, "b@x").when(Member.email == "a@x")
    assert sent(here) == ["TransactWriteItems"]
    with pytest.raises(adorm.ConditionalCheckFailed) as caught:
        await members.update("ada").set(Member.email, "c@x").when(Member.email == "a@x")
    assert caught.value.item.email == "b@x"
    assert set(await guards(here.db)) == {f"{EMAIL}b@x"}


async def test_the_same_text_is_a_plain_update(here: World) -> None:
    members = here.db.table(Member)
    await members.create(Member(name="ada", email="a@x"))
    here.recorder.clear()
    await members.update("ada").set(Member.email, "A@X")
    assert sent(here) == ["GetItem", "UpdateItem"]
    assert (await members.get("ada")).email == "A@X"


async def test_an_update_of_a_missing_item_and_an_upsert(here: World) -> None:
    members = here.db.table(Member)
    with pytest.raises(adorm.ItemNotFound, match="Member ada"):
        await members.update("ada").set(Member.email, "a@x")
    await members.update("ada").set(Member.email, "a@x").upsert()
    assert set(await guards(here.db)) == {f"{EMAIL}a@x"}
    await members.create(Member(name="bob", email="b@x"))
    with pytest.raises(adorm.UniqueConflict) as caught:
        await members.update("bob").set(Member.email, "a@x")
    assert caught.value.owner == Member.key("ada")


async def test_what_does_not_tell_the_new_value_is_refused(here: World) -> None:
    members = here.db.table(Member)
    with pytest.raises(adorm.UsageError, match=r"Member\.badge is unique"):
        await members.update("ada").add(Member.badge, 1)
    with pytest.raises(adorm.UsageError, match="returns nothing"):
        await members.update("ada").set(Member.badge, 1).returning("new")
    with pytest.raises(adorm.UsageError, match="returns nothing"):
        await members.delete("ada").returning("old")
    await members.create(Member(name="ada"))
    assert await members.update("ada").add(Member.age, 1).returning("new")


# ---- delete


async def test_a_delete_by_key_reads_and_frees_the_values(here: World) -> None:
    members = here.db.table(Member)
    ada = await members.create(Member(name="ada", email="a@x", badge=5))
    here.recorder.clear()
    await members.delete("ada")
    assert sent(here) == ["GetItem", "TransactWriteItems"]
    assert await all_items(here.db, "shop") == []
    here.recorder.clear()
    await members.delete("ada")
    assert sent(here) == ["GetItem"]
    with pytest.raises(adorm.ItemNotFound):
        await members.delete("ada").when(Member.age == 0)
    await members.create(ada)
    here.recorder.clear()
    await members.delete(ada)
    assert sent(here) == ["TransactWriteItems"]
    await members.delete(ada)
    assert await all_items(here.db, "shop") == []


async def test_a_delete_of_a_changed_instance_frees_what_is_stored(here: World) -> None:
    members = here.db.table(Member)
    ada = await members.create(Member(name="ada", email="a@x"))
    await members.update("ada").set(Member.email, "b@x")
    await members.delete(ada)
    assert await all_items(here.db, "shop") == []


async def test_a_guard_of_somebody_else_is_left_out(here: World) -> None:
    members = here.db.table(Member)
    await members.create(Member(name="ada", email="a@x"))
    await raw_delete(here, "ada")
    await members.create(Member(name="bob", email="a@x"))
    # an older item of a time before the field was unique
    await here.db.call(
        "PutItem",
        {
            "TableName": "shop",
            "Item": {**member_key("eve"), "name": {"S": "eve"}, "email": {"S": "a@x"}},
        },
    )
    here.recorder.clear()
    await members.delete("eve")
    assert sent(here) == ["GetItem", "TransactWriteItems", "DeleteItem"]
    assert await guards(here.db) == {f"{EMAIL}a@x": "MEMBER#bob"}


# ---- reading


async def test_get_by_reads_the_guard_and_then_its_item(here: World) -> None:
    members = here.db.table(Member)
    ada = await members.create(Member(name="ada", email="a@x", org_id="O", slug="S"))
    here.recorder.clear()
    assert await members.get_by(Member.email == "A@x") == ada
    assert [each.request["ConsistentRead"] for each in here.recorder.sent] == [True, True]
    assert await members.get_by(Member.slug == "s", Member.org_id == "O") == ada
    with pytest.raises(adorm.ItemNotFound, match="Member by email"):
        await members.get_by(Member.email == "b@x")
    await raw_delete(here, "ada")
    with pytest.raises(adorm.ItemNotFound):
        await members.get_by(Member.email == "A@x")
    for wrong in (Member.slug == "s", Member.age == 5, Member.email != "a"):
        with pytest.raises(adorm.UsageError, match="one constraint"):
            members.get_by(wrong)
    with pytest.raises(adorm.UsageError):
        members.get_by()
    with pytest.raises(adorm.UsageError, match="None"):
        members.get_by(Member.email == None)  # noqa: E711  # a path compares by ==


async def test_model_reads_never_show_guards(here: World) -> None:
    members, users = here.db.table(Member), here.db.table(User)
    ada = await members.create(Member(name="ada", email="a@x"))
    user = await users.create(User(id="ada", email="a@x"))
    assert await members.scan() == [ada]
    assert await users.scan() == [user]
    assert await users.scan().count() == 1
    guard = "UNIQUE#User#email#a@x"
    with pytest.raises(adorm.AdormError):
        await users.get(guard, 0)
    assert await users.get_or_none(guard, 0) is None
    assert await users.query(guard) == []


async def test_the_key_of_a_guard_is_no_key_of_an_item(here: World) -> None:
    users = here.db.table(User)
    await users.create(User(id="ada", email="a@x"))
    guard = "UNIQUE#User#email#a@x"
    for write in (
        users.put(User(id=guard)),
        users.save(User(id=guard, email="z@x")),
        users.update(guard, 0).set(User.name, "x"),
        users.update(guard, 0).set(User.email, "x"),
        users.delete(guard, 0),
        users.create(User(id=guard)),
    ):
        with pytest.raises(adorm.ConditionalCheckFailed):
            await write
    assert await guards(here.db, "users") == {guard: "ada"}


# ---- declarations


def test_what_can_not_be_unique_is_refused_with_the_class() -> None:
    with pytest.raises(adorm.ModelError, match="must be text"):

        @adorm.model(table="t")
        class Numbered:
            id: int = adorm.partition_key()
            email: str = adorm.attribute(unique=True)

    with pytest.raises(adorm.ModelError, match="has no text"):

        @adorm.model(table="t")
        class Listed:
            id: str = adorm.partition_key()
            tags: list[str] = adorm.attribute(unique=True)

    with pytest.raises(adorm.ModelError, match="begins with a text of its own"):

        @adorm.model(table="t", unique=["{email}"])
        class Bare:
            id: str = adorm.partition_key()
            email: str

    with pytest.raises(adorm.ModelError, match=r"write unique=\['EMAIL#\{email\}'\]"):
        adorm.model(table="t", unique="EMAIL#{email}")

    with pytest.raises(adorm.ModelError, match="no field"):

        @adorm.model(table="t", unique=["EMAIL#{mail}"])
        class Unknown:
            id: str = adorm.partition_key()
            email: str


async def test_a_long_text_is_hashed_and_a_sort_key_of_bytes_is_a_zero_byte() -> None:
    @adorm.model(table="notes")
    class Note:
        id: str = adorm.partition_key()
        part: bytes = adorm.sort_key()
        title: str = adorm.attribute(unique=True)

    async with world(Note) as here:
        notes = here.db.table(Note)
        long = "x" * 3000
        await notes.create(Note(id="a", part=b"1", title=long))
        guard = here.recorder.sent[0].request["TransactItems"][1]["Put"]["Item"]
        assert guard["id"]["S"].startswith("UNIQUE##")
        assert guard["part"] == {"B": b"\0"}
        with pytest.raises(adorm.UniqueConflict):
            await notes.create(Note(id="b", part=b"1", title=long))
        assert (await notes.get_by(Note.title == long)).id == "a"
        await notes.delete("a", b"1")
        await notes.create(Note(id="b", part=b"1", title=long))


async def test_batches_are_refused_as_they_know_no_conditions(here: World) -> None:
    members = here.db.table(Member)
    with pytest.raises(adorm.UsageError, match="unique values"):
        await members.batch_write(puts=[Member(name="ada")])
    with pytest.raises(adorm.UsageError, match="unique values"):
        await members.batch_write(deletes=["ada"])
    async with members.batch() as batch:
        with pytest.raises(adorm.UsageError, match="unique values"):
            await batch.put(Member(name="ada"))


async def test_create_many_takes_one_transaction_each(here: World) -> None:
    members = here.db.table(Member)
    await members.create_many([Member(name=f"m{n}", badge=n) for n in range(3)])
    assert sent(here) == ["TransactWriteItems"] * 3
    with pytest.raises(adorm.BatchFailed) as caught:
        await members.create_many([Member(name="n", badge=1)])
    assert isinstance(caught.value.exceptions[0], adorm.UniqueConflict)
    assert await stray_guards(here.db, Member, "shop") == []


def test_the_first_request_and_the_plan_are_told_without_sending() -> None:
    members = adorm.connect("memory").table(Member)
    create = members.create(Member(name="ada", email="a@x"))
    assert len(create.request()["TransactItems"]) == 2
    assert create.explain().operation == "TransactWriteItems"
    assert members.save(Member(name="ada")).explain().operation == "UpdateItem"
    update = members.update("ada").set(Member.email, "x")
    assert "ProjectionExpression" in update.request()
    assert update.explain().operation == "TransactWriteItems"
    assert members.get_by(Member.email == "A").request()["Key"]["PK"] == {"S": f"{EMAIL}a"}
    assert members.get_by(Member.email == "A").explain().operation == "GetItem"


async def test_get_or_create_and_update_or_create_keep_the_guards(here: World) -> None:
    members = here.db.table(Member)
    ada = Member(name="ada", email="a@x")
    assert await members.get_or_create(ada) == (ada, True)
    assert await members.get_or_create(Member(name="ada", email="b@x")) == (ada, False)
    with pytest.raises(adorm.UniqueConflict):
        await members.get_or_create(Member(name="bob", email="a@x"))
    changed = Member(name="ada", email="b@x", age=5)
    item, created = await members.update_or_create(changed, only=[Member.email])
    assert (item.email, item.age, created) == ("b@x", 0, False)
    item, created = await members.update_or_create(changed, only=[Member.age])
    assert (item.age, created) == (5, False)
    bob = Member(name="bob", email="a@x")
    assert await members.update_or_create(bob, only=[Member.email]) == (bob, True)
    with pytest.raises(adorm.UniqueConflict):
        await members.update_or_create(Member(name="eve", email="a@x"), only=[Member.age])
    assert set(await guards(here.db)) == {f"{EMAIL}a@x", f"{EMAIL}b@x"}


@pytest.mark.parametrize("by", ["instance", "key"])
async def test_a_move_keeps_its_values_and_names_the_new_owner(here: World, by: str) -> None:
    members = here.db.table(Member)
    ada = await members.create(Member(name="ada", email="a@x", badge=5))
    here.recorder.clear()
    moved = Member(name="eve", email="a@x", badge=6)
    assert await members.move(ada if by == "instance" else Member.key("ada"), moved) == moved
    assert sent(here) == ["GetItem", "TransactWriteItems"][by == "instance" :]
    assert len(last(here)) == 5
    assert await guards(here.db) == {
        f"{EMAIL}a@x": "MEMBER#eve",
        "UNIQUE#Member#badge#6": "MEMBER#eve",
    }
    await members.create(Member(name="bob", email="b@x"))
    with pytest.raises(adorm.UniqueConflict):
        await members.move(moved, Member(name="eva", email="b@x"))
    with pytest.raises(adorm.ItemNotFound, match="nothing to move"):
        await members.move(Member.key("ada"), Member(name="eva"))


async def test_a_move_learns_what_others_have_changed(here: World) -> None:
    members = here.db.table(Member)
    ada = await members.create(Member(name="ada", email="a@x"))
    await members.update("ada").set(Member.email, "b@x")
    await members.move(ada, Member(name="eve", email="a@x"))
    assert await guards(here.db) == {f"{EMAIL}a@x": "MEMBER#eve"}


async def test_an_owner_that_comes_back_meanwhile_keeps_its_value(here: World) -> None:
    members = here.db.table(Member)
    ada = await members.create(Member(name="ada", email="a@x", badge=5))
    await raw_delete(here, "ada")

    async def comes_back(attempt: Attempt) -> Answer:
        answer = await attempt.send()
        await members.create(ada)
        return answer

    here.faults.on("GetItem", call=1).run(comes_back)
    with pytest.raises(adorm.UniqueConflict) as caught:
        await members.create(Member(name="bob", email="a@x"))
    assert caught.value.owner == Member.key("ada")
    assert (await guards(here.db))[f"{EMAIL}a@x"] == "MEMBER#ada"


async def test_a_lost_answer_of_a_transaction_is_answered_by_its_token(here: World) -> None:
    members = here.db.table(Member)
    here.faults.on("TransactWriteItems", call=1).drop(applied=True)
    await members.create(Member(name="ada", email="a@x"))
    here.faults.on("TransactWriteItems", call=1).drop(applied=True)
    await members.update("ada").set(Member.email, "b@x")
    here.faults.on("TransactWriteItems", call=1).refuse(
        "TransactionCanceledException", reasons=["None", "TransactionConflict", "None", "None"]
    )
    await members.delete("ada")
    tokens = here.tokens
    assert len(tokens) == 6
    assert tokens[0::2] == tokens[1::2]
    assert await all_items(here.db, "shop") == []


async def test_others_that_are_always_faster_end_it_after_thirty_turns(here: World) -> None:
    members = here.db.table(Member)
    await members.create(Member(name="ada", email="v0@x"))
    here.recorder.clear()
    count = 0

    async def change(attempt: Attempt) -> Answer:
        nonlocal count
        count += 1
        await here.db.call(
            "UpdateItem",
            {
                "TableName": "shop",
                "Key": member_key("ada"),
                "UpdateExpression": "SET email = :e",
                "ExpressionAttributeValues": {":e": {"S": f"v{count}@x"}},
            },
        )
        return await attempt.send()

    here.faults.on("TransactWriteItems").run(change)
    with pytest.raises(adorm.ConditionalCheckFailed) as caught:
        await members.update("ada").set(Member.email, "new@x")
    assert "other writers were faster 30 times" in str(caught.value.__notes__)
    assert len(here.tokens) == len(set(here.tokens)) == 30
    assert here.clock.sleeps[:3] == [0.025, 0.05, 0.1]
    here.faults.clear()
    async with adorm.deadline(1.0):
        await members.update("ada").set(Member.email, "new@x")


async def test_a_conflict_that_stays_is_a_transaction_conflict(here: World) -> None:
    members = here.db.table(Member)
    here.faults.on("TransactWriteItems").refuse(
        "TransactionCanceledException", reasons=["TransactionConflict", "None"]
    )
    with pytest.raises(adorm.TransactionConflict):
        await members.create(Member(name="ada", email="a@x"))
    assert len(set(here.tokens)) == 1


# ---- repair


async def older(here: World, name: str, email: str) -> None:
    """An item of a time before its field was unique."""
    item = {**member_key(name), "name": {"S": name}, "email": {"S": email}}
    await here.db.call("PutItem", {"TableName": "shop", "Item": item})


async def test_a_repair_puts_the_guards_that_lack(here: World) -> None:
    members = here.db.table(Member)
    await older(here, "ada", "a@x")
    await members.create(Member(name="bob", email="b@x"))
    await members.create(Member(name="eve", email="e@x"))
    await raw_delete(here, "eve")
    await older(here, "eva", "E@x")
    tried = await members.repair().dry_run()
    assert (tried.checked, tried.changed, tried.conflicts) == (3, 2, [])
    assert "TransactWriteItems" not in sent(here)
    done = await members.repair()
    assert (done.checked, done.changed) == (3, 2)
    assert await guards(here.db) == {
        f"{EMAIL}a@x": "MEMBER#ada",
        f"{EMAIL}b@x": "MEMBER#bob",
        f"{EMAIL}e@x": "MEMBER#eva",
    }
    again = await members.repair().segments(2)
    assert (again.checked, again.changed) == (3, 0)


async def test_a_repair_tells_the_values_that_two_items_have(here: World) -> None:
    members = here.db.table(Member)
    await members.create(Member(name="ada", email="a@x"))
    await older(here, "bob", "A@x")
    done = await members.repair()
    (conflict,) = done.conflicts
    assert (conflict.owner, conflict.subject) == (Member.key("ada"), "Member bob")
    assert conflict.value == "A@x"
    assert await guards(here.db) == {f"{EMAIL}a@x": "MEMBER#ada"}
    await members.delete("bob")


async def test_a_repair_looks_again_at_an_item_that_others_changed(here: World) -> None:
    members = here.db.table(Member)
    await older(here, "ada", "a@x")

    async def meanwhile(attempt: Attempt) -> Answer:
        await older(here, "ada", "b@x")
        return await attempt.send()

    here.faults.on("TransactWriteItems", call=1).run(meanwhile)
    await members.repair()
    assert set(await guards(here.db)) == {f"{EMAIL}b@x"}


async def test_guards_are_left_out_in_a_table_without_types_whose_keys_are_bare() -> None:
    bare = adorm.SingleTable("bare", type_attribute=None)

    @adorm.model(table=bare)
    class Note:
        area: str
        topic: str
        title: str = adorm.attribute(unique=True)
        key = adorm.key("{area}", "{topic}")

    async with world(Note) as here:
        notes = here.db.table(Note)
        note = await notes.create(Note(area="a", topic="b", title="t"))
        guard = "UNIQUE#Note#title#t"
        assert await notes.scan() == [note]
        assert await notes.query(guard) == []
        assert await notes.get_or_none(guard, guard) is None
        with pytest.raises(adorm.ConditionalCheckFailed, match="it guards a unique value"):
            await notes.put(Note(area=guard, topic=guard, title="x"))
        assert await notes.get_by(Note.title == "t") == note


async def test_collections_and_scans_of_a_table_leave_guards_out(here: World) -> None:
    ada = await here.db.table(Member).create(Member(name="ada", email="a@x"))
    assert await here.db.scan(shop) == [ada]
    assert await here.db.query(Member).where(Member.name == "ada") == ([ada],)


# ---- keys that are like those of guards


async def test_an_item_does_not_take_the_place_of_a_guard() -> None:
    tags = adorm.SingleTable("tags")

    @adorm.model(table=tags)
    class Label:
        """Its keys may be any texts, those of guards among them."""

        text: str
        code: str | None = adorm.attribute(unique=True, default=None)
        note: str = ""
        key = adorm.key("{text}", "{text}")

    async with world(Label) as made:
        labels = made.db.table(Label)
        await labels.create(Label(text="a", code="1"))
        stranger = Label(text="UNIQUE#Label#code#1")
        for write in (
            labels.create(stranger),
            labels.put(stranger),
            labels.save(stranger),
            labels.update(stranger.text).set(Label.note, "x").upsert(),
            labels.delete(stranger.text),
        ):
            with pytest.raises(adorm.ConditionalCheckFailed):
                await write
        guard, _ = sorted(await all_items(made.db, "tags"), key=lambda item: item["PK"]["S"])
        assert guard["_owner"] == {"M": {"PK": {"S": "a"}, "SK": {"S": "a"}}}
