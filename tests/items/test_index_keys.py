"""Keys of indexes that are made of parts: each way to write an item keeps them right, or is
refused."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

import adorm
from adorm import attr
from tests.support.keyed_models import (
    NOON,
    Message,
    Order,
    Repo,
    Status,
    Visit,
    order,
    raw_items,
    stale_items,
)

pytestmark = pytest.mark.anyio


def message() -> Message:
    return Message(user_name="ada", message_id="m1", sent_at=NOON)


@pytest.fixture
async def db() -> AsyncIterator[adorm.Database]:
    async with adorm.connect("memory") as db:
        await db.create_table(Order)
        yield db


async def stored(db: adorm.Database) -> dict[str, Any]:
    """The only item, as DynamoDB has it, after a look whether its keys are right."""
    assert not await stale_items(db, Order, Message, Repo)
    (item,) = await raw_items(db)
    return item


def gsi1(item: dict[str, Any]) -> tuple[str, str] | None:
    """The key of GSI1 in an item; None where it is not in the index."""
    sides = [item.get(name) for name in ("GSI1PK", "GSI1SK")]
    assert (sides[0] is None) is (sides[1] is None), "half a key"
    return None if sides[0] is None or sides[1] is None else (sides[0]["S"], sides[1]["S"])


# ---- some fields of an instance


async def test_save_of_some_fields_writes_the_keys_that_they_are_in(db: adorm.Database) -> None:
    orders = db.table(Order)
    item = await orders.create(order())
    item.status, item.place = Status.PAID, "there"
    request = orders.save(item, only=[Order.place]).request()
    assert "GSI1SK" not in request["ExpressionAttributeNames"].values()
    await orders.save(item, only=[Order.place])
    item.status = Status.OPEN
    assert gsi1((await raw_items(db))[0]) == ("PLACE#there", "open#5")
    item.status = Status.PAID
    await orders.save(item, only=[Order.status])
    assert gsi1(await stored(db)) == ("PLACE#there", "paid#5")


async def test_save_of_some_fields_checks_the_other_parts(db: adorm.Database) -> None:
    orders = db.table(Order)
    item = await orders.create(order())
    await orders.update("ada", "o1").set(Order.total, Decimal(6)).given(Order.status == Status.OPEN)
    item.version, item.status = 2, Status.PAID
    with pytest.raises(adorm.ConditionalCheckFailed) as caught:
        await orders.save(item, only=[Order.status])
    assert caught.value.item.total == 6
    assert gsi1(await stored(db)) == ("PLACE#here", "open#6")


async def test_save_of_some_fields_checks_that_an_absent_part_is_still_absent(
    db: adorm.Database,
) -> None:
    messages = db.table(Message)
    message = await messages.create(Message(user_name="ada", message_id="m1", unread=False))
    message.unread = True
    await messages.save(message, only=[Message.unread])
    assert gsi1(await stored(db)) is None
    await messages.update("ada", "m1").set(Message.sent_at, NOON).given(Message.unread == True)  # noqa: E712  # a condition
    message.unread = True
    with pytest.raises(adorm.ConditionalCheckFailed):
        await messages.save(message, only=[Message.unread])
    assert gsi1(await stored(db)) is not None


async def test_save_of_fields_in_no_key_writes_no_key(db: adorm.Database) -> None:
    orders = db.table(Order)
    item = await orders.create(order())
    names = orders.save(item, only=[Order.note]).request()["ExpressionAttributeNames"].values()
    assert set(names) == {"PK", "note", "version"}


# ---- updates


async def test_an_update_of_all_parts_of_an_attribute_writes_it_alone(db: adorm.Database) -> None:
    orders = db.table(Order)
    await orders.create(order())
    update = orders.update("ada", "o1").set(Order.place, "there")
    assert "GSI1SK" not in update.request()["ExpressionAttributeNames"].values()
    await update
    assert gsi1(await stored(db)) == ("PLACE#there", "open#5")
    await orders.update("ada", "o1").set(Order.status, Status.PAID).set(Order.total, Decimal(7))
    assert gsi1(await stored(db)) == ("PLACE#there", "paid#7")


async def test_an_update_that_knows_a_part_only_is_refused_and_says_what_lacks(
    db: adorm.Database,
) -> None:
    orders = db.table(Order)
    await orders.create(order())
    with pytest.raises(adorm.UsageError) as caught:
        await orders.update("ada", "o1").set(Order.status, Status.PAID)
    message = str(caught.value)
    for words in (
        "Order ada/o1", "Order.by_status", "GSI1SK", "Order.total", ".given(", ".reading()"
    ):  # fmt: skip
        assert words in message
    async with db.transaction() as tx:
        tx.update(Order, "ada", "o1").set(Order.note, "x")
    with pytest.raises(adorm.UsageError, match="total") as in_transaction:
        async with db.transaction() as tx:
            tx.update(Order, "ada", "o1").set(Order.status, Status.PAID)
    assert ".reading()" not in str(in_transaction.value)
    assert gsi1(await stored(db)) == ("PLACE#here", "open#5")


async def test_what_is_given_is_known_and_checked(db: adorm.Database) -> None:
    orders = db.table(Order)
    await orders.create(order())
    update = orders.update("ada", "o1").set(Order.status, Status.PAID)
    with pytest.raises(adorm.ConditionalCheckFailed) as caught:
        await update.given(Order.total == 6)
    assert caught.value.item.total == 5
    assert gsi1(await stored(db)) == ("PLACE#here", "open#5")
    await update.given(Order.total == 5, Order.note == None)  # noqa: E711  # a condition
    assert gsi1(await stored(db)) == ("PLACE#here", "paid#5")


async def test_the_error_names_what_is_not_as_given(db: adorm.Database) -> None:
    orders = db.table(Order)
    stored = await orders.create(order())
    update = orders.update("ada", "o1").set(Order.note, "x")
    writes: list[Any] = [update, orders.put(stored), orders.save(stored)]
    for write in writes:
        with pytest.raises(adorm.ConditionalCheckFailed) as caught:
            await write.given(Order.total == 5, Order.place == "nowhere", Order.note == stored.note)
        assert caught.value.__notes__ == [
            "Order.place is not as given(...) says; .item has what it is now"
        ]
        assert caught.value.item == stored


async def test_what_no_key_needs_is_given_as_a_condition(db: adorm.Database) -> None:
    orders = db.table(Order)
    await orders.create(order())
    with pytest.raises(adorm.ConditionalCheckFailed):
        await orders.update("ada", "o1").set(Order.note, "x").given(Order.place == "there")
    await orders.update("ada", "o1").set(Order.note, "x").given(Order.place == "here")
    assert (await stored(db))["note"] == {"S": "x"}


@pytest.mark.parametrize(
    "condition",
    [
        Order.total > 5,
        (Order.total == 5) | (Order.total == 6),
        adorm.not_(Order.total == 5),
        Order.total != 5,
        attr(Order.total).exists(),
        Order.note == Order.place,
        adorm.raw("#a = :b", names={"#a": "total"}, values={":b": 5}),
    ],
)
def test_only_equality_can_be_given(condition: Any) -> None:
    with pytest.raises(adorm.UsageError, match="given"):
        adorm.connect("memory").table(Order).update("ada", "o1").given(condition)


async def test_updates_in_transactions_and_of_many_items_take_what_is_given(
    db: adorm.Database,
) -> None:
    orders = db.table(Order)
    await orders.create(order())
    async with db.transaction() as tx:
        update = tx.update(Order, "ada", "o1").set(Order.status, Status.PAID)
        update.given(Order.total == 5)
    assert gsi1(await stored(db)) == ("PLACE#here", "paid#5")
    many = orders.update_many([("ada", "o1")]).set(Order.status, Status.SENT)
    with pytest.raises(adorm.UsageError, match=r"Order\.total"):
        await many
    await many.given(Order.total == 5)
    assert gsi1(await stored(db)) == ("PLACE#here", "sent#5")


REFUSED: dict[str, Callable[[adorm.Update[Order, None]], Any]] = {
    "add": lambda update: update.add(Order.total, 1),
    "arithmetic": lambda update: update.set(Order.total, Order.total + 1),
    "another path": lambda update: update.set(Order.place, Order.note),
    "set_if_absent": lambda update: update.apply(attr(Order.place).set_if_absent("x")),
    "a path into it": lambda update: update.apply(adorm.path("place.x").set("x")),
    "remove": lambda update: update.remove(Order.place),
    "the key attribute": lambda update: update.apply(adorm.path("GSI1SK").set("x")),
    "a part of the key": lambda update: update.set(Order.user_name, "eve"),
    "a part of the key, removed": lambda update: update.remove(Order.order_id),
    "the type": lambda update: update.apply(adorm.path("_type").set("Customer")),
}


@pytest.mark.parametrize("change", REFUSED.values(), ids=REFUSED.keys())
async def test_changes_that_do_not_tell_the_new_key_are_refused(
    db: adorm.Database, change: Callable[[Any], Any]
) -> None:
    await db.table(Order).create(order(note="n"))
    before = await stored(db)
    update = db.table(Order).update("ada", "o1").given(
        Order.status == Status.OPEN, Order.total == 5, Order.place == "here"
    )  # fmt: skip
    with pytest.raises(adorm.UsageError):
        await change(update)
    assert await stored(db) == before


@pytest.mark.parametrize("write", ["save", "put"])
async def test_a_write_under_a_changed_key_leads_to_move(db: adorm.Database, write: str) -> None:
    orders = db.table(Order)
    stored = await orders.create(order())
    stored.order_id = "o2"
    with pytest.raises(adorm.VersionConflict, match=r"the item is gone.*move\(old, new\)"):
        await getattr(orders, write)(stored)
    with pytest.raises(adorm.TransactionCanceled) as caught:
        async with db.transaction() as tx:
            getattr(tx, write)(stored)
    assert "move(old, new) takes the item there" in str(caught.value)


def test_a_part_of_the_table_key_is_changed_by_move() -> None:
    update = adorm.connect("memory").table(Order).update("ada", "o1").set(Order.user_name, "eve")
    with pytest.raises(adorm.UsageError, match=r"move\(old, new\)"):
        update.request()


async def test_whole_values_of_an_untyped_path_are_known(db: adorm.Database) -> None:
    orders = db.table(Order)
    await orders.create(order())
    await orders.update("ada", "o1").apply(adorm.path("place").set("there"))
    assert gsi1(await stored(db)) == ("PLACE#there", "open#5")


async def test_an_optional_part_is_written_with_the_whole_key_or_takes_it_away(
    db: adorm.Database,
) -> None:
    messages = db.table(Message)
    await messages.create(message())
    update = messages.update("ada", "m1")
    later = NOON + timedelta(days=1)
    with pytest.raises(adorm.UsageError, match=r"Message\.unread == \.\.\."):
        await update.set(Message.sent_at, later)
    await update.set(Message.sent_at, later).given(Message.unread == True)  # noqa: E712  # a condition
    assert gsi1(await stored(db)) == ("UNREAD#ada", "2026-01-03T12:00:00.000000Z")
    await update.set(Message.unread, False)  # whatever sent_at is: it leaves the index
    assert gsi1(await stored(db)) is None
    await update.set(Message.unread, True).given(Message.sent_at == later)
    assert gsi1(await stored(db)) is not None
    await update.remove(Message.sent_at)
    assert gsi1(await stored(db)) is None
    await update.set(Message.unread, False).set(Message.sent_at, NOON)
    assert gsi1(await stored(db)) is None


async def test_of_several_keys_of_an_index_the_first_that_applies_is_written(
    db: adorm.Database,
) -> None:
    repos = db.table(Repo)
    await repos.create(Repo(owner="ada", name="x"))
    assert (await stored(db))["GSI2SK"] == {"S": "#REPO#x"}
    await repos.update("ada", "x").set(Repo.source, "bob").set(Repo.source_name, "y")
    assert (await stored(db))["GSI2PK"] == {"S": "REPO#bob#y"}
    assert (await stored(db))["GSI2SK"] == {"S": "FORK#ada"}
    with pytest.raises(adorm.UsageError, match=r"Repo\.source_name == \.\.\."):
        await repos.update("ada", "x").set(Repo.source, "eve")
    await repos.update("ada", "x").remove(Repo.source)
    assert (await stored(db))["GSI2PK"] == {"S": "REPO#ada#x"}


async def test_a_key_made_of_updated_at_moves_with_every_update(db: adorm.Database) -> None:
    repos = db.table(Repo)
    await repos.create(Repo(owner="ada", name="x"))
    before = gsi1(await stored(db))
    await repos.update("ada", "x").add(Repo.stars, 1)
    after = gsi1(await stored(db))
    assert before is not None
    assert after is not None
    assert before < after
    async with db.transaction() as tx:
        tx.update(Repo, "ada", "x").add(Repo.stars, 1)
    assert gsi1(await stored(db)) != after


async def test_an_upsert_that_knows_all_parts_makes_a_whole_item(db: adorm.Database) -> None:
    orders = db.table(Order)
    upsert = orders.update("ada", "o1").set(Order.status, Status.PAID).upsert()
    with pytest.raises(adorm.UsageError, match=r"Order\.place"):
        await upsert
    assert await raw_items(db) == []
    known = upsert.set(Order.place, "there").set(Order.total, Decimal(3))
    for _ in range(2):
        await known
        item = await stored(db)
        assert gsi1(item) == ("PLACE#there", "paid#3")
        assert (item["user_name"], item["order_id"]) == ({"S": "ada"}, {"S": "o1"})
        assert item["_type"] == {"S": "Order"}
    async with db.transaction() as tx:
        tx.update(Order, "ada", "o2").set(Order.status, Status.PAID).set(Order.place, "x").set(
            Order.total, Decimal(1)
        ).upsert()
    assert (await db.table(Order).get("ada", "o2")).place == "x"


async def test_an_upsert_does_not_know_when_an_item_was_created(db: adorm.Database) -> None:
    with pytest.raises(adorm.UsageError, match=r"Visit\.created_at"):
        await db.table(Visit).update("v1").set(Visit.note, "x").upsert()
    await db.table(Repo).update("ada", "x").set(Repo.source, None).upsert()
    assert (await stored(db))["GSI2PK"] == {"S": "REPO#ada#x"}


async def test_what_a_format_loses_is_not_known_by_the_key() -> None:
    @adorm.model(
        table="people", indexes=[adorm.GlobalIndex("by_city", partition="GPK", sort="GSK")]
    )
    class Person:
        name: str
        city: str = "x"
        key = adorm.key("PERSON#{name:lower}")
        by_city = adorm.key("CITY#{city}", "{city}#{name}", index="by_city")

    async with adorm.connect("memory") as db:
        await db.create_table(Person)
        people = db.table(Person)
        await people.create(Person(name="Ada"))
        with pytest.raises(adorm.UsageError, match=r"Person\.name"):
            await people.update("ada").set(Person.city, "y")
        await people.update("ada").set(Person.city, "y").given(Person.name == "Ada")
        (item,) = await raw_items(db, "people")
        assert item["GSK"] == {"S": "y#Ada"}


async def test_a_value_that_a_key_can_not_hold_is_refused_before_the_wire(
    db: adorm.Database,
) -> None:
    await db.table(Repo).create(Repo(owner="ada", name="x"))
    with pytest.raises(adorm.UsageError, match="'#'"):
        await db.table(Repo).update("ada", "x").set(Repo.source, "a#b").set(Repo.source_name, "y")
    await stored(db)


async def test_many_updates_may_read(db: adorm.Database) -> None:
    orders = db.table(Order)
    await orders.create_many([order(order_id=str(number)) for number in range(5)])
    keys = [Order.key("ada", str(number)) for number in range(5)]
    await orders.update_many(keys).set(Order.status, Status.PAID).reading()
    await (
        orders.update_many([orders.update(key).set(Order.place, "x") for key in keys])
        .set(Order.total, Decimal(1))
        .reading()
    )
    assert not await stale_items(db, Order)
    assert {gsi1(item) for item in await raw_items(db)} == {("PLACE#x", "paid#1")}


async def test_a_key_of_a_local_index_has_the_partition_key_of_the_table() -> None:
    @adorm.model(table="lists", indexes=[adorm.LocalIndex("LSI1", sort="LSK")])
    class Entry:
        pk: str = adorm.partition_key()
        sk: str = adorm.sort_key()
        rank: int | None = None
        color: str = "red"
        by_rank = adorm.key(index="LSI1", sort="{color}#{rank:04d}")

    async with adorm.connect("memory") as db:
        await db.create_table(Entry)
        entries = db.table(Entry)
        await entries.create(Entry(pk="a", sk="b", rank=3))
        assert (await raw_items(db, "lists"))[0]["LSK"] == {"S": "red#0003"}
        await entries.update("a", "b").set(Entry.rank, 4).given(Entry.color == "red")
        assert (await raw_items(db, "lists"))[0]["LSK"] == {"S": "red#0004"}
        await entries.update("a", "b").set(Entry.rank, None)
        assert "LSK" not in (await raw_items(db, "lists"))[0]
        await entries.update("a", "c").set(Entry.rank, 1).set(Entry.color, "blue").upsert()
        assert (await entries.get("a", "c")).color == "blue"
        assert (await raw_items(db, "lists"))[1]["LSK"] == {"S": "blue#0001"}
