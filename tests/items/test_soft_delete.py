"""Soft deletion: a deleted item is marked, left out by reads, met by no write, and comes back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, TypeAlias

import pytest

import adorm
from adorm import attr
from adorm.testing import Attempt, FakeClock, Faults
from tests.support.deleted_models import Account, Customer, Member, Note, Order, User, order

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
KEY = ("ada", "o1")


@pytest.fixture
async def db() -> AsyncIterator[adorm.Database]:
    clock = FakeClock(NOON)
    async with adorm.connect("memory", clock=clock) as db:
        await db.create_table(Order)
        await db.create_table(Note)
        yield db


async def stored(db: adorm.Database, table: str = "shop") -> dict[str, Any]:
    """The only item, as DynamoDB has it."""
    (item,) = (await db.call("Scan", {"TableName": table}))["Items"]
    return dict(item)


@pytest.fixture
async def deleted(db: adorm.Database) -> Order:
    """An order that was deleted, as it was read before."""
    item = await db.table(Order).create(order())
    await db.table(Order).delete(item)
    return item


# ---- delete


async def test_a_deletion_marks_the_item_and_takes_its_keys_of_indexes_away(
    db: adorm.Database,
) -> None:
    await db.table(Order).create(order())
    await db.table(Order).delete(*KEY)
    item = await stored(db)
    assert item["deleted_at"] == item["updated_at"] == {"S": "2026-01-02T12:00:00.000000Z"}
    assert item["version"] == {"N": "2"}
    assert item["expires_at"] == {"N": str(int((NOON + timedelta(days=30)).timestamp()))}
    assert item["status"] == {"S": "open"}
    assert item["total"] == {"N": "5"}
    assert "GSI1PK" not in item
    assert "GSI1SK" not in item


async def test_fields_that_are_keys_of_indexes_stay(db: adorm.Database) -> None:
    await db.table(Note).create(Note(note_id="n1", topic="birds", text="a wren"))
    await db.table(Note).delete("n1")
    assert await stored(db, "notes") == {
        "note_id": {"S": "n1"},
        "topic": {"S": "birds"},
        "text": {"S": "a wren"},
        "gone": {"S": "2026-01-02T12:00:00.000000Z"},
    }


async def test_deleting_what_is_not_there_is_no_error_and_makes_no_item(
    db: adorm.Database,
) -> None:
    await db.table(Order).delete(*KEY)
    assert (await db.call("Scan", {"TableName": "shop"}))["Items"] == []


async def test_deleting_a_deleted_item_is_no_error_and_changes_nothing(
    db: adorm.Database, deleted: Order
) -> None:
    before = await stored(db)
    await db.table(Order).delete(*KEY)
    assert await stored(db) == before


async def test_a_deletion_with_a_condition_finds_no_absent_and_no_deleted_item(
    db: adorm.Database,
) -> None:
    orders = db.table(Order)
    with pytest.raises(adorm.ItemNotFound, match=r"no such item .* does nothing there"):
        await orders.delete(*KEY).when(Order.total == 5)
    await orders.create(order())
    with pytest.raises(adorm.ConditionalCheckFailed) as failed:
        await orders.delete(*KEY).when(Order.total == 6)
    assert failed.value.item.total == 5
    await orders.delete(*KEY).when(Order.total == 5)
    with pytest.raises(adorm.ItemNotFound, match="was deleted at 2026-01-02T12:00:00"):
        await orders.delete(*KEY).when(Order.total == 5)


async def test_the_deletion_of_an_instance_checks_its_version(
    db: adorm.Database, deleted: Order
) -> None:
    with pytest.raises(adorm.VersionConflict, match="was deleted at") as conflict:
        await db.table(Order).delete(deleted)
    assert (conflict.value.expected, conflict.value.actual) == (1, 2)
    assert conflict.value.item.deleted_at == NOON
    await db.table(Order).delete(deleted).unchecked()


async def test_a_deletion_gives_the_item_as_it_was(db: adorm.Database) -> None:
    orders = db.table(Order)
    await orders.create(order())
    old = await orders.delete(*KEY).returning("old")
    assert old is not None
    assert (old.deleted_at, old.version) == (None, 1)
    assert await orders.delete(*KEY).returning("old") is None


async def test_null_counts_as_not_deleted(db: adorm.Database) -> None:
    orders = db.table(Order)
    item = {**adorm.to_attribute_map(order()), "deleted_at": {"NULL": True}}
    await db.call("PutItem", {"TableName": "shop", "Item": item})
    assert (await orders.get(*KEY)).deleted_at is None
    assert len(await orders.scan()) == 1
    assert len((await orders.batch_get([Order.key(*KEY)])).items) == 1
    await orders.update(*KEY).set(Order.expires_at, NOON)
    await orders.delete(*KEY)
    assert await orders.get_or_none(*KEY) is None


@pytest.mark.parametrize("version", [None, 1])
async def test_a_lost_answer_of_a_deletion_is_no_error(version: int | None) -> None:
    faults = Faults()
    async with adorm.connect("memory", wrap=faults, clock=FakeClock(NOON)) as db:
        await db.create_table(Order)
        orders = db.table(Order)
        item = await orders.create(order())
        faults.on("UpdateItem", call=1).drop(applied=True)
        await (orders.delete(*KEY) if version is None else orders.delete(item))
        assert (await stored(db))["version"] == {"N": "2"}


# ---- reads

Read: TypeAlias = Callable[[adorm.Database], Awaitable[object]]


async def _batch(db: adorm.Database) -> list[object]:
    return list((await db.table(Order).batch_get([Order.key(*KEY)])).items)


async def _batch_select(db: adorm.Database) -> list[object]:
    return list((await db.table(Order).batch_get([Order.key(*KEY)]).select(Order.total)).items)


async def _load(db: adorm.Database) -> object:
    async with db.table(Order).loader() as loader:
        return await loader.load(*KEY)


async def _stream(db: adorm.Database) -> list[object]:
    async with db.table(Order).query("ada").stream() as rows:
        return [row async for row in rows]


READS: dict[str, Read] = {
    "get_or_none": lambda db: db.table(Order).get_or_none(*KEY),
    "get_or_none.select": lambda db: db.table(Order).get_or_none(*KEY).select(Order.total),
    "exists": lambda db: db.table(Order).exists(*KEY),
    "query": lambda db: db.table(Order).query("ada"),
    "query.select": lambda db: db.table(Order).query("ada").select(Order.total),
    "query.count": lambda db: db.table(Order).query("ada").count(),
    "query.first": lambda db: db.table(Order).query("ada").first(),
    "query.stream": _stream,
    "index": lambda db: db.table(Order).query().where(Order.status == "open"),
    "index of the table's key": lambda db: (
        db.table(Order).query().index("turned").where(adorm.path("SK") == "ORDER#o1")
    ),
    "scan": lambda db: db.table(Order).scan(),
    "scan.segments": lambda db: db.table(Order).scan().segments(2),
    "scan.count": lambda db: db.table(Order).scan().count(),
    "batch_get": _batch,
    "batch_get.select": _batch_select,
    "loader": _load,
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
async def test_reads_leave_deleted_items_out(db: adorm.Database, read: Read) -> None:
    await db.table(Order).create(order())
    assert await read(db), "it reads the item before"
    await db.table(Order).delete(*KEY)
    assert not await read(db)


async def test_get_says_that_the_item_was_deleted_and_when(
    db: adorm.Database, deleted: Order
) -> None:
    with pytest.raises(adorm.ItemNotFound, match=r"was deleted at 2026-01-02T12.*with_deleted"):
        await db.table(Order).get(*KEY)
    with pytest.raises(adorm.ItemNotFound, match="was deleted at"):
        await db.table(Order).get(*KEY).select(Order.total)


async def test_transact_get_leaves_deleted_items_out(db: adorm.Database, deleted: Order) -> None:
    key = Order.key(*KEY)
    assert await db.transact_get(key) == (None,)
    shown, customer = await db.transact_get(key, Customer.key("ada")).with_deleted()
    assert shown is not None
    assert shown.deleted_at == NOON
    assert customer is None


SHOWN: dict[str, Read] = {
    "get": lambda db: db.table(Order).get(*KEY).with_deleted(),
    "get_or_none": lambda db: db.table(Order).get_or_none(*KEY).with_deleted(),
    "get.select": lambda db: db.table(Order).get(*KEY).select(Order.total).with_deleted(),
    "exists": lambda db: db.table(Order).exists(*KEY).with_deleted(),
    "query": lambda db: db.table(Order).query("ada").with_deleted(),
    "query.count": lambda db: db.table(Order).query("ada").with_deleted().count(),
    "index of the table's key": lambda db: (
        db.table(Order).query().index("turned").where(adorm.path("SK") == "ORDER#o1").with_deleted()
    ),
    "scan": lambda db: db.table(Order).scan().with_deleted(),
    "scan.segments": lambda db: db.table(Order).scan().segments(2).with_deleted(),
}


@pytest.mark.parametrize("read", SHOWN.values(), ids=SHOWN)
async def test_with_deleted_reads_them(db: adorm.Database, deleted: Order, read: Read) -> None:
    assert await read(db)


async def test_batches_read_deleted_items_with_deleted(db: adorm.Database, deleted: Order) -> None:
    both: list[adorm.Key[Any]] = [Order.key(*KEY), Customer.key("ada")]
    await db.table(Customer).create(Customer(user_name="ada"))
    assert len((await db.batch_get(both)).items) == 1
    result = await db.batch_get(both).with_deleted()
    assert [item.deleted_at for item in result.of(Order)] == [NOON]
    assert len(result.of(Customer)) == 1
    missing = (await db.batch_get(both)).missing
    assert missing == [Order.key(*KEY)]


async def test_a_limit_counts_no_deleted_items(db: adorm.Database) -> None:
    orders = db.table(Order)
    for number in range(10):
        await orders.create(order(order_id=f"o{number}"))
        if number < 7:
            await orders.delete("ada", f"o{number}")
    assert [each.order_id for each in await orders.query("ada").limit(2)] == ["o7", "o8"]
    page = await orders.query("ada").limit(2).page()
    assert [each.order_id for each in page.items] == ["o7", "o8"]
    page = await orders.query("ada").limit(2).page(page.cursor)
    assert [each.order_id for each in page.items] == ["o9"]


async def test_with_deleted_needs_the_field(db: adorm.Database) -> None:
    customers = db.table(Customer)
    for operation in (
        lambda: customers.get("ada").with_deleted(),
        lambda: customers.scan().with_deleted(),
        lambda: customers.purge("ada"),
        lambda: customers.restore("ada"),
    ):
        with pytest.raises(adorm.UsageError, match="Customer has no deleted_at field"):
            operation()


# ---- indexes


@pytest.fixture
async def note(db: adorm.Database) -> Note:
    """A note that was deleted, beside one that is there."""
    await db.table(Note).create(Note(note_id="n1", topic="birds"))
    await db.table(Note).create(Note(note_id="n2", topic="birds"))
    return await db.table(Note).delete("n1").returning("old") or Note(note_id="")


async def test_an_index_on_fields_is_filtered(db: adorm.Database, note: Note) -> None:
    birds = db.table(Note).query().where(Note.topic == "birds")
    assert [each.note_id for each in await birds] == ["n2"]
    assert await birds.count() == 1
    assert len(await birds.with_deleted()) == 2


async def test_an_index_that_includes_some_fields_holds_the_time_of_the_deletion(
    db: adorm.Database, note: Note
) -> None:
    texts = db.table(Note).query().index("with-text").where(Note.topic == "birds")
    assert await texts.select(Note.note_id) == [("n2",)]
    assert await texts.count() == 1


async def test_an_index_that_does_not_tell_what_is_deleted_is_refused(
    db: adorm.Database, note: Note
) -> None:
    keys = db.table(Note).query().index("topics-only").where(Note.topic == "birds")
    for operation in (keys.select(Note.note_id), keys.count(), keys.hydrate().count()):
        with pytest.raises(adorm.UsageError, match="does not hold removed"):
            await operation
    assert [each.note_id for each in await keys.hydrate()] == ["n2"]
    assert len(await keys.hydrate().with_deleted()) == 2
    assert await keys.with_deleted().count() == 2


async def test_an_index_on_the_time_of_the_deletion_lists_what_is_deleted(
    db: adorm.Database, note: Note
) -> None:
    bin_ = db.table(Note).query().index("bin").where(Note.topic == "birds")
    with pytest.raises(adorm.UsageError, match="holds deleted items only"):
        await bin_
    assert [each.note_id for each in await bin_.with_deleted()] == ["n1"]


async def test_an_index_with_a_key_of_parts_holds_no_deleted_items(
    db: adorm.Database, deleted: Order
) -> None:
    orders = db.table(Order)
    with pytest.raises(adorm.UsageError, match="deleted items are not in it"):
        await orders.query().where(Order.status == "open").with_deleted()
    with pytest.raises(adorm.UsageError, match="a deleted Order has no key of index 'GSI1'"):
        await orders.scan().index("GSI1").with_deleted()


# ---- writes


async def test_create_finds_the_key_taken_and_its_item_says_that_it_is_deleted(
    db: adorm.Database, deleted: Order
) -> None:
    with pytest.raises(adorm.ItemExists, match=r"was deleted at.*restore.*purge") as exists:
        await db.table(Order).create(order())
    assert exists.value.item.deleted_at == NOON
    result = await db.table(Order).create_many([order()]).collect_errors()
    assert isinstance(result.errors[0], adorm.ItemExists)


async def test_put_replaces_no_deleted_item(db: adorm.Database, deleted: Order) -> None:
    before = await stored(db)
    with pytest.raises(adorm.ItemExists, match="was deleted at"):
        await db.table(Order).put(order()).unchecked()
    with pytest.raises(adorm.VersionConflict, match=r"was deleted at.*restore") as caught:
        await db.table(Order).put(deleted)
    assert "read it again" not in str(caught.value)  # a read finds no deleted item
    with pytest.raises(adorm.TransactionCanceled) as cancelled:
        async with db.transaction() as tx:
            tx.put(deleted)
    assert "restore() brings it back" in str(cancelled.value)
    assert "read it again" not in str(cancelled.value)
    assert await stored(db) == before


async def test_save_brings_no_deleted_item_back(db: adorm.Database, deleted: Order) -> None:
    orders, before = db.table(Order), await stored(db)
    with pytest.raises(adorm.VersionConflict, match="was deleted at"):
        await orders.save(deleted)
    with pytest.raises(adorm.ItemNotFound, match="was deleted at"):
        await orders.save(deleted).unchecked()
    with pytest.raises(adorm.ItemNotFound, match="was deleted at"):
        await orders.save(deleted, only=[Order.total]).unchecked()
    assert await stored(db) == before
    await db.table(Note).create(Note(note_id="n1"))
    await db.table(Note).delete("n1")
    with pytest.raises(adorm.ItemNotFound, match="was deleted at"):
        await db.table(Note).save(Note(note_id="n1"))


async def test_a_deleted_instance_is_not_saved(db: adorm.Database, deleted: Order) -> None:
    shown = await db.table(Order).get(*KEY).with_deleted()
    with pytest.raises(adorm.UsageError, match="changes no deleted item: restore"):
        await db.table(Order).save(shown)


@pytest.mark.parametrize("upserts", [False, True])
async def test_updates_find_no_deleted_item(
    db: adorm.Database, deleted: Order, upserts: bool
) -> None:
    before = await stored(db)
    update = db.table(Order).update(*KEY).set(Order.expires_at, NOON)
    if upserts:
        update = update.set(Order.status, "paid").set(Order.total, 1).upsert()
    with pytest.raises(adorm.ItemNotFound, match=r"was deleted at.*restore"):
        await update
    with pytest.raises(adorm.ItemNotFound, match="was deleted at"):
        await update.when(Order.version == 1)
    with pytest.raises(adorm.ItemNotFound, match="was deleted at"):
        await update.exactly_once()
    assert await stored(db) == before


async def test_an_update_that_reads_finds_no_deleted_item(
    db: adorm.Database, deleted: Order
) -> None:
    with pytest.raises(adorm.ItemNotFound, match="was deleted at"):
        await db.table(Order).update(*KEY).set(Order.status, "paid").reading()


async def test_only_delete_and_restore_change_the_mark(db: adorm.Database) -> None:
    orders, item = db.table(Order), await db.table(Order).create(order())
    for update in (
        orders.update(*KEY).set(Order.deleted_at, NOON),
        orders.update(*KEY).remove(Order.deleted_at),
        orders.update(*KEY).apply(attr(Order.deleted_at).set_if_absent(NOON)),
    ):
        with pytest.raises(adorm.UsageError, match=r"deleted_at is set by delete\(\)"):
            await update
    with pytest.raises(adorm.UsageError, match=r"deleted_at is set by delete\(\)"):
        await orders.save(item, only=[Order.deleted_at])


async def test_an_instance_that_is_stored_as_deleted_is_in_no_index_of_parts(
    db: adorm.Database,
) -> None:
    await db.table(Order).create(order(deleted_at=NOON))
    assert "GSI1PK" not in await stored(db)
    await db.table(Order).restore(*KEY)
    assert (await stored(db))["GSI1PK"] == {"S": "STATUS#open"}


# ---- transactions and batches


async def test_a_transaction_deletes_softly(db: adorm.Database) -> None:
    item = await db.table(Order).create(order())
    async with db.transaction() as tx:
        tx.delete(item)
        tx.create(Customer(user_name="ada"))
    assert (await db.table(Order).get(*KEY).with_deleted()).deleted_at == NOON


@pytest.mark.parametrize("was_there", [False, True])
async def test_a_transaction_that_deletes_what_is_not_there_is_cancelled(
    db: adorm.Database, was_there: bool
) -> None:
    if was_there:
        await db.table(Order).create(order())
        await db.table(Order).delete(*KEY)
    with pytest.raises(adorm.TransactionCanceled) as canceled:
        async with db.transaction() as tx:
            tx.delete(Order, *KEY)
            tx.create(Customer(user_name="ada"))
    assert isinstance(canceled.value.reasons[0].error, adorm.ItemNotFound)
    assert not await db.table(Customer).exists("ada")


async def test_the_writes_of_a_transaction_find_no_deleted_item(
    db: adorm.Database, deleted: Order
) -> None:
    key = Order.key(*KEY)
    cases: list[tuple[Callable[[adorm.Transaction], object], type[Exception]]] = [
        (lambda tx: tx.update(key).set(Order.expires_at, NOON), adorm.ItemNotFound),
        (lambda tx: tx.check(key), adorm.ItemNotFound),
        (lambda tx: tx.check(key).when(Order.total == 5), adorm.ItemNotFound),
        (lambda tx: tx.create(order()), adorm.ItemExists),
        (lambda tx: tx.put(order()).unchecked(), adorm.ItemExists),
    ]
    for add, error in cases:
        with pytest.raises(adorm.TransactionCanceled) as canceled:
            async with db.transaction() as tx:
                add(tx)
        assert isinstance(canceled.value.reasons[0].error, error)
        assert "was deleted at 2026-01-02T12" in str(canceled.value)


async def test_batches_refuse_to_delete(db: adorm.Database) -> None:
    orders, item = db.table(Order), await db.table(Order).create(order())
    for target in (Order.key(*KEY), item):
        with pytest.raises(adorm.UsageError, match="a batch can only remove items"):
            await orders.batch_write(deletes=[target])
        with pytest.raises(adorm.UsageError, match="a batch can only remove items"):
            async with orders.batch() as batch:
                await batch.delete(target)
    assert await orders.exists(*KEY)


# ---- purge and restore


async def test_purge_removes_a_deleted_item_and_one_that_is_not(db: adorm.Database) -> None:
    orders = db.table(Order)
    for is_deleted in (False, True):
        await orders.create(order())
        if is_deleted:
            await orders.delete(*KEY)
        await orders.purge(*KEY)
        assert (await db.call("Scan", {"TableName": "shop"}))["Items"] == []
    await orders.purge(*KEY)


async def test_purge_checks_the_version_of_an_instance_and_conditions(
    db: adorm.Database, deleted: Order
) -> None:
    orders = db.table(Order)
    with pytest.raises(adorm.VersionConflict):
        await orders.purge(deleted)
    with pytest.raises(adorm.ConditionalCheckFailed):
        await orders.purge(*KEY).when(Order.total == 6)
    async with db.transaction() as tx:
        tx.include(orders.purge(await orders.get(*KEY).with_deleted()))
    assert await orders.get_or_none(*KEY).with_deleted() is None


async def test_restore_brings_the_item_back_into_its_indexes(
    db: adorm.Database, deleted: Order
) -> None:
    orders = db.table(Order)
    restored = await orders.restore(*KEY)
    assert restored == await orders.get(*KEY)
    assert (restored.deleted_at, restored.expires_at, restored.version) == (None, None, 3)
    assert await orders.query().where(Order.status == "open") == [restored]
    item = await stored(db)
    assert (item["GSI1PK"], item["GSI1SK"]) == ({"S": "STATUS#open"}, {"S": "0000000005"})
    assert "deleted_at" not in item
    assert "expires_at" not in item


async def test_restore_takes_an_instance_and_checks_its_version(
    db: adorm.Database, deleted: Order
) -> None:
    orders = db.table(Order)
    with pytest.raises(adorm.VersionConflict):
        await orders.restore(deleted)
    restored = await orders.restore(await orders.get(*KEY).with_deleted())
    await orders.save(restored)


async def test_restoring_what_is_there_gives_it(db: adorm.Database) -> None:
    item = await db.table(Order).create(order())
    assert await db.table(Order).restore(*KEY) == item
    with pytest.raises(adorm.ItemNotFound, match="nor a deleted one"):
        await db.table(Order).restore("ada", "o2")
    await db.call("PutItem", {"TableName": "shop", "Item": FOREIGN})
    with pytest.raises(adorm.ItemNotFound, match="another kind"):
        await db.table(Order).restore("ada", "o3")


FOREIGN: dict[str, Any] = {
    "PK": {"S": "CUSTOMER#ada"},
    "SK": {"S": "ORDER#o3"},
    "_type": {"S": "Invoice"},
}


async def test_a_restoration_says_what_it_reads_first(db: adorm.Database) -> None:
    restore = db.table(Order).restore(*KEY)
    assert restore.request()["ConsistentRead"] is True
    assert restore.explain().operation == "GetItem"


async def test_a_lost_answer_of_a_restoration_is_no_error() -> None:
    faults = Faults()
    async with adorm.connect("memory", wrap=faults, clock=FakeClock(NOON)) as db:
        await db.create_table(Order)
        orders = db.table(Order)
        await orders.create(order())
        await orders.delete(*KEY)
        faults.on("UpdateItem", call=1).drop(applied=True)
        assert (await orders.restore(*KEY)).version == 3
        assert (await stored(db))["version"] == {"N": "3"}


@pytest.mark.parametrize("times", [1, 30])
async def test_a_restoration_begins_again_where_the_item_changes_meanwhile(times: int) -> None:
    faults, clock, count = Faults(), FakeClock(NOON), 0
    async with adorm.connect("memory", wrap=faults, clock=clock) as db:
        await db.create_table(Order)
        orders = db.table(Order)
        await orders.create(order())
        await orders.delete(*KEY)

        async def interfere(attempt: Attempt) -> Any:
            nonlocal count
            count += 1
            await attempt.send({**CHANGE, "ExpressionAttributeValues": {":n": {"N": f"{count}"}}})
            return await attempt.send()

        faults.on("UpdateItem", call=range(1, times + 1)).run(interfere)
        if times == 1:
            assert (await orders.restore(*KEY)).total == 1
        else:
            with pytest.raises(adorm.ConditionalCheckFailed) as failed:
                await orders.restore(*KEY)
            assert failed.value.__notes__ == ["others changed the item 30 times"]
            assert len(clock.sleeps) == 29


BASE: dict[str, Any] = {
    "TableName": "shop",
    "Key": {"PK": {"S": "CUSTOMER#ada"}, "SK": {"S": "ORDER#o1"}},
}
CHANGE: dict[str, Any] = {
    **BASE,
    "UpdateExpression": "SET #total = :n",
    "ExpressionAttributeNames": {"#total": "total"},
}


# ---- unique values, and subclasses of an abstract model


async def test_a_deletion_frees_unique_values_and_restore_claims_them_again(
    db: adorm.Database,
) -> None:
    members = db.table(Member)
    ada = await members.create(Member(user_name="ada", email="a@x.org"))
    await members.delete("ada")
    bob = await members.create(Member(user_name="bob", email="a@x.org"))
    with pytest.raises(adorm.UniqueConflict) as conflict:
        await members.restore("ada")
    assert conflict.value.owner == Member.key("bob")
    await members.purge(bob)
    assert await members.restore("ada") == ada
    with pytest.raises(adorm.UniqueConflict):
        await members.create(bob)
    assert await members.get_by(Member.email == "a@x.org") == ada


@pytest.mark.parametrize("is_instance", [False, True])
async def test_members_are_deleted_like_others(db: adorm.Database, is_instance: bool) -> None:
    members = db.table(Member)
    ada = Member(user_name="ada", email="a@x.org")
    await members.delete(ada if is_instance else Member.key("ada"))
    await members.create(ada)
    for _ in range(2):
        await members.delete(ada if is_instance else Member.key("ada"))
    assert await members.get_or_none("ada") is None
    with pytest.raises(adorm.ItemNotFound, match="was deleted at"):
        await members.get("ada")
    with pytest.raises(adorm.ItemNotFound, match="was deleted at"):
        await members.update("ada").set(Member.email, "b@x.org")
    with pytest.raises(adorm.ItemExists, match="was deleted at"):
        await members.create(ada)
    assert (await members.restore("ada")).email == "a@x.org"


async def test_items_are_deleted_and_restored_by_the_table_of_an_abstract_model(
    db: adorm.Database,
) -> None:
    accounts, users = db.table(Account), db.table(User)
    ada = await users.create(User(name="ada"))
    of_city = users.query().where(User.city == "Irvine")
    await accounts.delete(name="ada")
    assert await accounts.get_or_none(name="ada") is None
    assert "GSI1PK" not in await stored(db)
    assert await accounts.restore(name="ada") == ada
    assert await of_city == [ada]
    await accounts.delete(ada)
    await accounts.restore(ada)
    assert await of_city == [ada]
    await accounts.purge(ada)
    assert await accounts.get_or_none(name="ada").with_deleted() is None


def test_an_abstract_model_knows_that_its_items_may_be_deleted() -> None:
    @adorm.model(table=adorm.SingleTable("other"), abstract=True)
    class Base:
        name: str
        key = adorm.key("BASE#{name}", "BASE")

    with pytest.raises(adorm.ModelError, match=r"Base is abstract.*declare the field there"):

        @adorm.model
        class Derived(Base):
            gone: datetime | None = adorm.deleted_at()


@pytest.mark.parametrize("models", [(Order, Customer), (Customer, Order)])
async def test_reads_of_several_models_leave_deleted_items_out(
    db: adorm.Database, deleted: Order, models: tuple[type[Any], type[Any]]
) -> None:
    customer = await db.table(Customer).create(Customer(user_name="ada"))
    one, other = models
    query = db.query(one, other).where(Customer.user_name == "ada")
    scan = db.scan(one, other)
    for read in (query, scan, scan.segments(2), query.hydrate()):
        assert [*chain(*await read)] == [customer]
        assert await read.count() == 1
    for shown in (query.with_deleted(), scan.with_deleted(), scan.with_deleted().segments(2)):
        assert len([*chain(*await shown)]) == 2
        assert await shown.count() == 2


async def test_where_items_of_all_models_may_be_deleted_one_condition_tells(
    db: adorm.Database, deleted: Order
) -> None:
    scan = db.scan(Order, Member)
    member = await db.table(Member).create(Member(user_name="ada", email="a@x.org"))
    assert await scan == ([], [member])
    assert await scan.count() == 1
    assert list(scan.request()["ExpressionAttributeNames"].values()).count("deleted_at") == 1
    with pytest.raises(adorm.UsageError, match="Customer: none of them has a deleted_at field"):
        db.scan(Customer).with_deleted()


async def test_get_or_create_and_update_or_create_find_the_key_taken(
    db: adorm.Database, deleted: Order
) -> None:
    orders = db.table(Order)
    with pytest.raises(adorm.ItemExists, match="was deleted at"):
        await orders.get_or_create(order())
    with pytest.raises(adorm.ItemExists, match="was deleted at"):
        await orders.update_or_create(order(), only=[Order.expires_at])


async def test_a_repair_gives_no_keys_to_a_deleted_item() -> None:
    faults = Faults()
    async with adorm.connect("memory", wrap=faults, clock=FakeClock(NOON)) as db:
        await db.create_table(Order)
        orders = db.table(Order)
        await orders.create(order())
        await db.call("UpdateItem", {**BASE, "UpdateExpression": "SET GSI1SK = GSI1PK"})

        async def delete_before(attempt: Attempt) -> Any:
            await attempt.send(orders.delete(*KEY).request())
            return await attempt.send()

        faults.on("UpdateItem", call=1).run(delete_before)
        await orders.repair()
        assert "GSI1SK" not in await stored(db)
        result = await orders.repair()
        assert (result.checked, result.changed) == (0, 0)


async def test_a_move_leaves_no_deleted_item(db: adorm.Database) -> None:
    orders = db.table(Order)
    item = await orders.create(order())
    moved = await orders.move(item, order(order_id="o2"))
    assert await orders.scan().with_deleted() == [moved]
    await orders.delete(moved)
    with pytest.raises(adorm.ItemExists):
        await orders.move(await orders.create(order()), order(order_id="o2"))


# ---- the model


def test_the_field_has_the_type_of_an_optional_time() -> None:
    with pytest.raises(adorm.ModelError, match=r"deleted, so it is `datetime \| None`"):

        @adorm.model(table="wrong")
        class Wrong:
            key: str = adorm.partition_key()
            gone: str | None = adorm.deleted_at()


def test_items_that_are_kept_for_a_time_need_a_ttl() -> None:
    with pytest.raises(adorm.ModelError, match="has no ttl field"):

        @adorm.model(table="wrong")
        class Wrong:
            key: str = adorm.partition_key()
            gone: datetime | None = adorm.deleted_at(keep=timedelta(days=1))


@pytest.mark.parametrize("keep", [timedelta(0), timedelta(days=-1), 30])
def test_items_are_kept_for_a_time_above_0(keep: Any) -> None:
    with pytest.raises(adorm.ModelError, match="a time above 0"):
        adorm.deleted_at(keep=keep)


INDEXES = [adorm.GlobalIndex("GSI1", partition="GSI1PK", sort="GSI1SK")]


def test_no_key_of_an_index_is_made_of_the_time_of_the_deletion() -> None:
    with pytest.raises(adorm.ModelError, match="a deleted item has no keys of indexes"):

        @adorm.model(table=adorm.SingleTable("wrong", indexes=INDEXES))
        class Wrong:
            name: str
            gone: datetime | None = adorm.deleted_at()
            key = adorm.key("WRONG#{name}", "WRONG")
            by_time = adorm.key("GONE", "{gone}", index="GSI1")


async def test_an_item_that_is_written_as_deleted_holds_no_unique_value(
    db: adorm.Database,
) -> None:
    members = db.table(Member)
    await members.create(Member(user_name="ada", email="a@x.org", deleted_at=NOON))
    with pytest.raises(adorm.ItemNotFound):
        await members.get_by(Member.email == "a@x.org")
    bob = await members.create(Member(user_name="bob", email="a@x.org"))
    assert await members.get_by(Member.email == "a@x.org") == bob
    await members.put(Member(user_name="bob", email="a@x.org", deleted_at=NOON))
    with pytest.raises(adorm.ItemNotFound):
        await members.get_by(Member.email == "a@x.org")
    await members.restore("ada")
    found = await members.get_by(Member.email == "a@x.org")
    assert found.user_name == "ada"
    await members.move(found, Member(user_name="eve", email="a@x.org", deleted_at=NOON))
    await members.restore("bob")


async def test_a_repair_gives_no_guards_to_an_item_that_is_deleted_meanwhile() -> None:
    faults = Faults()
    async with adorm.connect("memory", wrap=faults, clock=FakeClock(NOON)) as db:
        await db.create_table(Member)
        members = db.table(Member)
        await members.create(Member(user_name="ada", email="a@x.org"))
        (guard,) = [
            item
            for item in (await db.call("Scan", {"TableName": "shop"}))["Items"]
            if "_owner" in item
        ]
        key = {"PK": guard["PK"], "SK": guard["SK"]}
        await db.call("DeleteItem", {"TableName": "shop", "Key": key})

        async def delete_before(attempt: Attempt) -> Any:
            await members.delete("ada")
            return await attempt.send()

        faults.on("TransactWriteItems", call=1).run(delete_before)
        await members.repair()
        assert "_owner" not in await stored(db)
        bob = await members.create(Member(user_name="bob", email="a@x.org"))
        assert await members.get_by(Member.email == "a@x.org") == bob
