"""The whole life of an item, on every engine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

import adorm
from adorm import attr, not_none
from tests.support.shop import Address, Bare, Counter, Event, Line, Order, Receipt

pytestmark = pytest.mark.anyio


async def test_an_item_comes_back_equal(db: adorm.Database) -> None:
    await db.create_table(Order)
    orders = db.table(Order)
    order = Order(
        customer_id="c1",
        order_id="o1",
        total=Decimal("12.345678901234567890123456789012345678"),
        tags={"new", "ü"},
        address=Address(city="Berlin", zip="10115"),
        lines=[Line(sku="a"), Line(sku="b", quantity=2, price=Decimal("1.5"))],
        labels={"k": "v", "with.dot": "x"},
        meta={"deep": [1, {"x": None}]},
        expires_at=datetime(2030, 1, 1, tzinfo=UTC),
    )
    stored = await orders.create(order)
    assert stored is order
    assert order.version == 1
    assert await orders.get("c1", "o1") == order
    assert await orders.get(("c1", "o1")) == order
    assert await orders.get(orders.key("c1", "o1")).consistent() == order


async def test_an_absent_item_is_not_found_or_none(db: adorm.Database) -> None:
    await db.create_table(Order)
    orders = db.table(Order)
    with pytest.raises(
        adorm.ItemNotFound, match=f"Order c1/o1: no such item in table {orders.name}"
    ):
        await orders.get("c1", "o1")
    assert await orders.get_or_none("c1", "o1") is None
    assert await orders.exists("c1", "o1") is False
    await orders.put(Order(customer_id="c1", order_id="o1"))
    assert await orders.exists("c1", "o1") is True


async def test_create_refuses_a_key_that_is_taken_and_shows_what_is_there(
    db: adorm.Database,
) -> None:
    await db.create_table(Order)
    orders = db.table(Order)
    first = await orders.create(Order(customer_id="c1", order_id="o1", status="first"))
    second = Order(customer_id="c1", order_id="o1", status="second")
    with pytest.raises(adorm.ItemExists) as caught:
        await orders.create(second)
    assert caught.value.item == first
    assert caught.value.maybe_applied is False
    assert second.version == 0
    assert (await orders.get("c1", "o1")).status == "first"


async def test_put_replaces_and_checks_the_version_that_was_read(db: adorm.Database) -> None:
    await db.create_table(Order)
    orders = db.table(Order)
    await orders.put(Order(customer_id="c1", order_id="o1", status="a"))
    mine, theirs = await orders.get("c1", "o1"), await orders.get("c1", "o1")
    assert (mine.version, theirs.version) == (1, 1)
    theirs.status = "theirs"
    await orders.put(theirs)
    mine.status = "mine"
    with pytest.raises(adorm.VersionConflict) as caught:
        await orders.put(mine)
    assert (caught.value.expected, caught.value.actual) == (1, 2)
    assert caught.value.item == theirs
    assert mine.version == 1
    await orders.put(mine).unchecked()
    assert (await orders.get("c1", "o1")).status == "mine"


async def test_put_can_give_the_old_item(db: adorm.Database) -> None:
    await db.create_table(Counter)
    counters = db.table(Counter)
    assert await counters.put(Counter(name="a", value=1)).returning("old") is None
    assert await counters.put(Counter(name="a", value=2)).returning("old") == Counter(
        name="a", value=1
    )
    nothing: object = await counters.put(Counter(name="a", value=3)).returning("none")  # type: ignore[func-returns-value]  # that is the point
    assert nothing is None


async def test_save_is_optimistic_and_leaves_undeclared_attributes_alone(
    db: adorm.Database,
) -> None:
    await db.create_table(Order)
    orders = db.table(Order)
    order = await orders.create(Order(customer_id="c1", order_id="o1", note="x", tags={"a"}))
    await db.call(
        "UpdateItem",
        {
            "TableName": orders.name,
            "Key": {"customer_id": {"S": "c1"}, "order_id": {"S": "o1"}},
            "UpdateExpression": "SET of_tomorrow = :x",
            "ExpressionAttributeValues": {":x": {"S": "kept"}},
        },
    )
    order.note, order.tags, order.status = "", set(), "paid"
    before = order.updated_at
    assert await orders.save(order) is order
    assert order.version == 2
    assert order.updated_at > before
    answer = await db.call(
        "GetItem",
        {"TableName": orders.name, "Key": {"customer_id": {"S": "c1"}, "order_id": {"S": "o1"}}},
    )
    assert answer["Item"]["of_tomorrow"] == {"S": "kept"}
    assert answer["Item"]["version"] == {"N": "2"}
    assert "n" not in answer["Item"]
    assert "tags" not in answer["Item"]
    assert await orders.get("c1", "o1") == order


async def test_save_meets_a_writer_in_between(db: adorm.Database) -> None:
    await db.create_table(Order)
    orders = db.table(Order)
    await orders.create(Order(customer_id="c1", order_id="o1"))
    mine, theirs = await orders.get("c1", "o1"), await orders.get("c1", "o1")
    theirs.status = "theirs"
    await orders.save(theirs)
    mine.status = "mine"
    with pytest.raises(adorm.VersionConflict) as caught:
        await orders.save(mine)
    assert (caught.value.expected, caught.value.actual) == (1, 2)
    assert caught.value.item.status == "theirs"
    assert mine.version == 1
    assert mine.status == "mine"


async def test_save_of_a_vanished_item_is_a_conflict_with_nothing(db: adorm.Database) -> None:
    await db.create_table(Order)
    orders = db.table(Order)
    order = await orders.create(Order(customer_id="c1", order_id="o1"))
    await orders.delete("c1", "o1")
    with pytest.raises(adorm.VersionConflict) as caught:
        await orders.save(order)
    assert caught.value.actual is None
    assert await orders.get_or_none("c1", "o1") is None


async def test_save_creates_and_migrates_an_item_older_than_the_version_field(
    db: adorm.Database,
) -> None:
    await db.create_table(Order)
    orders = db.table(Order)
    fresh = await orders.save(Order(customer_id="c1", order_id="new"))
    assert fresh.version == 1
    await db.call(
        "PutItem",
        {
            "TableName": orders.name,
            "Item": {
                "customer_id": {"S": "c1"},
                "order_id": {"S": "old"},
                "status": {"S": "open"},
                "created_at": {"S": "2025-01-01T00:00:00.000000Z"},
            },
        },
    )
    old = await orders.get("c1", "old")
    assert old.version == 0
    await orders.save(old)
    assert old.version == 1
    assert await orders.get("c1", "old") == old


async def test_saved_created_at_stays_that_of_the_first_write(db: adorm.Database) -> None:
    await db.create_table(Order)
    orders = db.table(Order)
    order = await orders.create(Order(customer_id="c1", order_id="o1"))
    first = order.created_at
    order.created_at = first + timedelta(days=1)
    await orders.save(order)
    assert order.created_at == first
    assert (await orders.get("c1", "o1")).created_at == first


async def test_save_only_writes_the_named_fields_of_an_existing_item(db: adorm.Database) -> None:
    await db.create_table(Order)
    orders = db.table(Order)
    order = await orders.create(Order(customer_id="c1", order_id="o1", note="kept"))
    order.status, order.note = "paid", "not written"
    await orders.save(order, only=[Order.status])
    read = await orders.get("c1", "o1")
    assert (read.status, read.note, read.version) == ("paid", "kept", 2)
    with pytest.raises(adorm.ItemNotFound):
        await orders.save(Order(customer_id="c1", order_id="nowhere"), only=[Order.status])
    await orders.delete(read)
    with pytest.raises(adorm.VersionConflict) as caught:
        await orders.save(read, only=[Order.status])
    assert caught.value.actual is None


async def test_a_model_of_nothing_but_keys_can_be_saved(db: adorm.Database) -> None:
    await db.create_table(Bare)
    bare = db.table(Bare)
    await bare.save(Bare(name="x"))
    assert await bare.get("x") == Bare(name="x")
    await bare.save(Bare(name="x"))


async def test_a_frozen_item_is_returned_anew(db: adorm.Database) -> None:
    await db.create_table(Receipt)
    receipts = db.table(Receipt)
    receipt = Receipt(receipt_id="r1", amount=5)
    stored = await receipts.create(receipt)
    assert (receipt.version, stored.version) == (0, 1)
    assert (await receipts.save(stored)).version == 2


async def test_delete_by_key_by_instance_and_on_condition(db: adorm.Database) -> None:
    await db.create_table(Order)
    orders = db.table(Order)
    await orders.delete("c1", "nothing there")
    order = await orders.create(Order(customer_id="c1", order_id="o1", status="open"))
    with pytest.raises(adorm.ConditionalCheckFailed) as failed:
        await orders.delete("c1", "o1").when(Order.status == "draft")
    assert failed.value.item == order
    with pytest.raises(adorm.ItemNotFound):
        await orders.delete("c1", "o2").when(attr(Order.status).not_exists())
    await orders.update("c1", "o1").set(Order.status, "draft")
    with pytest.raises(adorm.VersionConflict):
        await orders.delete(order)
    assert (
        await orders.delete("c1", "o1").when(Order.status == "draft").returning("old") is not None
    )
    assert await orders.get_or_none("c1", "o1") is None


async def test_update_changes_parts_and_counts_the_version_up(db: adorm.Database) -> None:
    await db.create_table(Order)
    orders = db.table(Order)
    created = await orders.create(
        Order(
            customer_id="c1",
            order_id="o1",
            note="n",
            total=Decimal(10),
            lines=[Line(sku="a")],
            labels={"a": "1", "b": "2"},
            tags={"x", "y"},
        )
    )
    new = await (
        orders.update("c1", "o1")
        .set(Order.status, "paid")
        .set(Order.lines[0].quantity, 5)
        .set(Order.labels["c.d"], "3")
        .set(Order.paid, Order.total - 1)
        .add(Order.total, Decimal("0.5"))
        .remove(Order.note, Order.labels["a"])
        .apply(attr(Order.tags).delete({"y"}), attr(Order.shipped_to).set_if_absent("Rome"))
        .when(Order.version == 1)
        .returning("new")
    )
    assert new.status == "paid"
    assert new.lines == [Line(sku="a", quantity=5)]
    assert new.labels == {"b": "2", "c.d": "3"}
    assert (new.total, new.paid) == (Decimal("10.5"), Decimal(9))
    assert new.note == ""
    assert new.tags == {"x"}
    assert new.shipped_to == "Rome"
    assert new.version == 2
    assert new.updated_at > created.updated_at
    assert new.created_at == created.created_at


async def test_append_and_prepend_work_on_an_absent_list_too(db: adorm.Database) -> None:
    await db.create_table(Counter)
    counters = db.table(Counter)
    await db.call("PutItem", {"TableName": counters.name, "Item": {"name": {"S": "a"}}})
    await counters.update("a").append(Counter.history, [2])
    await counters.update("a").append(Counter.history, [3])
    assert (await counters.update("a").prepend(Counter.history, [1]).returning("new")).history == [
        1,
        2,
        3,
    ]


async def test_an_update_of_a_missing_item_needs_upsert(db: adorm.Database) -> None:
    await db.create_table(Order)
    orders = db.table(Order)
    with pytest.raises(adorm.ItemNotFound):
        await orders.update("c1", "o1").set(Order.status, "paid")
    with pytest.raises(adorm.ItemNotFound):
        await (
            orders.update("c1", "o1").set(Order.status, "paid").when(attr(Order.note).not_exists())
        )
    await orders.update("c1", "o1").set(Order.status, "paid").upsert()
    order = await orders.get("c1", "o1")
    assert (order.status, order.version) == ("paid", 1)
    assert order.created_at == order.updated_at


async def test_a_failed_condition_carries_the_item_as_it_stands(db: adorm.Database) -> None:
    await db.create_table(Order)
    orders = db.table(Order)
    order = await orders.create(Order(customer_id="c1", order_id="o1", status="open"))
    with pytest.raises(adorm.ConditionalCheckFailed) as caught:
        await orders.update("c1", "o1").set(Order.status, "paid").when(Order.status == "draft")
    assert caught.value.item == order
    with pytest.raises(adorm.VersionConflict) as conflict:
        await orders.update("c1", "o1").set(Order.status, "paid").when(Order.version == 7)
    assert (conflict.value.expected, conflict.value.actual) == (7, 1)


async def test_what_an_update_returns(db: adorm.Database) -> None:
    await db.create_table(Order)
    orders = db.table(Order)
    await orders.create(Order(customer_id="c1", order_id="o1", lines=[Line(sku="a")]))
    update = orders.update("c1", "o1").set(Order.note, "now")
    nothing: object = await update  # type: ignore[func-returns-value]  # that is the point
    assert nothing is None
    nothing = await update.returning("none")  # type: ignore[func-returns-value]  # that is the point
    assert nothing is None
    old = await update.returning("old")
    assert old is not None
    assert old.version == 3
    changed = await orders.update("c1", "o1").set(Order.status, "paid").returning("updated_new")
    assert changed["status"] == "paid"
    assert changed["version"] == 5
    assert isinstance(changed["updated_at"], datetime)
    before = await orders.update("c1", "o1").set(Order.note, "later").returning("updated_old")
    assert before["note"] == "now"
    part = await orders.update("c1", "o1").set(Order.lines[0].sku, "b").returning("updated_new")
    assert part["lines"][0]["sku"] == "b"


async def test_exactly_once_travels_as_a_transaction(db: adorm.Database) -> None:
    await db.create_table(Counter)
    counters = db.table(Counter)
    await counters.put(Counter(name="a", value=1))
    await counters.update("a").add(Counter.value, 5).exactly_once()
    assert (await counters.get("a")).value == 6
    with pytest.raises(adorm.ConditionalCheckFailed) as caught:
        await counters.update("a").add(Counter.value, 5).when(Counter.value == 1).exactly_once()
    assert caught.value.item == Counter(name="a", value=6)
    with pytest.raises(adorm.ItemNotFound):
        await counters.update("b").add(Counter.value, 5).exactly_once()


async def test_none_is_absence_and_conditions_know_it(db: adorm.Database) -> None:
    await db.create_table(Order)
    orders = db.table(Order)
    await orders.create(
        Order(customer_id="c1", order_id="o1", address=Address(city="Rome", zip="1"))
    )
    await orders.update("c1", "o1").set(Order.note, "x").when(attr(Order.address) != None)  # noqa: E711
    await (
        orders.update("c1", "o1")
        .set(Order.address, None)
        .when(not_none(Order.address).city == "Rome")
    )
    assert (await orders.get("c1", "o1")).address is None
    await orders.update("c1", "o1").set(Order.note, "").when(attr(Order.address) == None)  # noqa: E711
    await (
        orders.update("c1", "o1")
        .set(Order.tags, {"a"})
        .when(Order.tags == set[str](), Order.note == "")
    )
    with pytest.raises(adorm.ConditionalCheckFailed):
        await orders.update("c1", "o1").set(Order.tags, set[str]()).when(Order.tags == set[str]())


async def test_numbers_times_and_generated_ids_as_keys(db: adorm.Database) -> None:
    await db.create_table(Event)
    events = db.table(Event)
    at = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
    event = await events.create(Event(stream_id=7, happened_at=at, body_text="x"))
    assert await events.get(7, at) == event
    answer = await db.call(
        "GetItem",
        {
            "TableName": events.name,
            "Key": {"streamId": {"N": "7"}, "happenedAt": {"S": "2026-11-21T08:30:00.000000Z"}},
        },
    )
    assert answer["Item"]["bodyText"] == {"S": "x"}


async def test_a_value_of_two_readers_is_equal_on_the_wire(db: adorm.Database) -> None:
    """Builders are immutable: awaiting one twice sends twice."""
    await db.create_table(Counter)
    counters = db.table(Counter)
    await counters.put(Counter(name="a"))
    add = counters.update("a").add(Counter.value, 1)
    await add
    await add
    assert (await counters.get("a")).value == 2
    assert (
        await counters.update("a").add(Counter.seen, {1, 2}).add(Counter.value, 1).returning("new")
    ).seen == {1, 2}
