"""Models with discriminators that share a table: each works on the items of its own kind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

import adorm
from adorm import attr
from adorm.database import Database
from adorm.memory.engine import Engine
from adorm.testing import Recorder

pytestmark = pytest.mark.anyio


@adorm.model(table="shop", indexes=[adorm.GlobalIndex("by-kind", partition="kind", sort="key")])
class Invoice:
    customer: str = adorm.partition_key()
    key: str = adorm.sort_key()
    total: int = 0
    kind: str = adorm.discriminator("invoice")


@adorm.model(
    table="shop",
    indexes=[
        adorm.GlobalIndex("by-kind", partition="kind", sort="key"),
        adorm.GlobalIndex("names-only", partition="name", projection="KEYS_ONLY"),
        adorm.GlobalIndex("by-name-and-kind", partition="name", sort="kind"),
        adorm.GlobalIndex("by-rank-and-kind", partition="name", sort=["rank", "kind"]),
    ],
)
class Customer:
    customer: str = adorm.partition_key()
    key: str = adorm.sort_key()
    name: str
    rank: int = 1
    version: int = adorm.version()
    kind: str = adorm.discriminator("customer")


@adorm.model(table="shop")
class Visitor(Customer):
    kind: str = adorm.discriminator("visitor")


OWN = [f"i{number}" for number in range(5)]
ADA = {
    "customer": {"S": "c1"},
    "key": {"S": "ada"},
    "name": {"S": "Ada"},
    "rank": {"N": "1"},
    "version": {"N": "3"},
}


@pytest.fixture
async def db() -> AsyncIterator[Database]:
    async with adorm.connect("memory") as db:
        await db.create_table(Customer)
        for number, key in enumerate(OWN):
            await db.table(Invoice).put(Invoice(customer="c1", key=key, total=number))
        for number in range(7):
            await db.call(
                "PutItem",
                {
                    "TableName": "shop",
                    "Item": {**ADA, "key": {"S": f"a{number}"}, "kind": {"S": "customer"}},
                },
            )
        await db.call("PutItem", {"TableName": "shop", "Item": {**ADA, "kind": {"S": "customer"}}})
        await db.call(
            "PutItem",
            {"TableName": "shop", "Item": {**ADA, "key": {"S": "vera"}, "kind": {"S": "visitor"}}},
        )
        yield db


async def stored(db: Database, key: str) -> dict[str, Any] | None:
    answer = await db.call(
        "GetItem", {"TableName": "shop", "Key": {"customer": {"S": "c1"}, "key": {"S": key}}}
    )
    return answer.get("Item")


async def keys_of(read: Any) -> list[str]:
    return sorted(item.key for item in await read)


async def key_of(read: Any) -> str:
    return str((await read).key)


async def page_of(table: adorm.Table[Invoice]) -> list[str]:
    return [item.key for item in (await table.query("c1").limit(2).page()).items]


async def missing_of(read: Any) -> tuple[list[Any], list[Any]]:
    got = await read
    assert got.errors == [] == got.unprocessed
    return [getattr(item, "key", item) for item in got.items], [
        key.values[1] for key in got.missing
    ]


async def loaded_by(table: adorm.Table[Invoice]) -> tuple[str, object]:
    async with table.loader() as loader:
        own = await loader.load("c1", "i2")
        assert own is not None
        return own.key, await loader.load("c1", "ada")


READS: dict[str, tuple[Callable[[adorm.Table[Invoice]], Awaitable[Any]], Any]] = {
    "items of a query": (lambda table: keys_of(table.query("c1")), OWN),
    "items of a scan": (lambda table: keys_of(table.scan()), OWN),
    "items of segments": (lambda table: keys_of(table.scan().segments(3)), OWN),
    "count": (lambda table: table.query("c1").count(), 5),
    "count of a scan": (lambda table: table.scan().count(), 5),
    "exists": (lambda table: table.query("c1").where(Invoice.key < "i").exists(), False),
    "select": (
        lambda table: table.query("c1").select(Invoice.total),
        [(0,), (1,), (2,), (3,), (4,)],
    ),
    "min": (lambda table: table.query("c1").min(Invoice.total), 0),
    "max": (lambda table: table.scan().max(Invoice.total), 4),
    "sum": (lambda table: table.query("c1").sum(Invoice.total), 10),
    "avg": (lambda table: table.query("c1").avg(Invoice.total), 2),
    "count_by": (lambda table: table.scan().count_by(Invoice.key), dict.fromkeys(OWN, 1)),
    "first": (lambda table: key_of(table.query("c1").first()), "i0"),
    "first backwards": (lambda table: key_of(table.query("c1").descending().first()), "i4"),
    "a limit": (lambda table: keys_of(table.query("c1").limit(3)), OWN[:3]),
    "a page": (page_of, OWN[:2]),
    "a fold": (lambda table: table.scan().fold(0, lambda total, item: total + item.total), 10),
    "get_or_none": (lambda table: table.get_or_none("c1", "ada"), None),
    "exists by key": (lambda table: table.exists("c1", "ada"), False),
    "batch_get": (
        lambda table: missing_of(table.batch_get([("c1", "i1"), ("c1", "ada"), ("c1", "none")])),
        (["i1"], ["ada", "none"]),
    ),
    "batch_get of a part": (
        lambda table: missing_of(
            table.batch_get([("c1", "i1"), ("c1", "ada")]).select(Invoice.total)
        ),
        ([(1,)], ["ada"]),
    ),
    "a loader": (loaded_by, ("i2", None)),
    "an index on the kind": (
        lambda table: keys_of(
            table.query().index("by-kind").where(Invoice.kind == "invoice", Invoice.key > "i2")
        ),
        ["i3", "i4"],
    ),
}


@pytest.mark.parametrize("name", READS)
async def test_a_read_gives_the_items_of_its_own_kind_and_no_others(
    db: Database, name: str
) -> None:
    read, expected = READS[name]
    assert await read(db.table(Invoice)) == expected


async def test_pages_of_one_kind_go_on_to_the_end_of_the_partition(db: Database) -> None:
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = await db.table(Customer).query("c1").limit(3).page(cursor)
        found += [item.key for item in page.items]
        cursor = page.cursor
        if cursor is None:
            break
    assert found == ["a0", "a1", "a2", "a3", "a4", "a5", "a6", "ada"]


async def test_get_of_another_kind_is_item_not_found_and_says_so(db: Database) -> None:
    with pytest.raises(
        adorm.ItemNotFound,
        match=r"Invoice c1/ada: under this key is an item of another kind"
        r'.*is "customer".*"invoice"',
    ):
        await db.table(Invoice).get("c1", "ada")


async def test_a_transactional_read_of_another_kind_is_none(db: Database) -> None:
    invoices = db.table(Invoice)
    one, other = await db.transact_get(invoices.key("c1", "i1"), invoices.key("c1", "ada"))
    assert one is not None
    assert one.total == 1
    assert other is None


WRITES: dict[str, Callable[[Database, adorm.Table[Invoice]], Awaitable[Any]]] = {
    "update": lambda _db, table: table.update("c1", "ada").set(Invoice.total, 5),
    "update with a condition": lambda _db, table: (
        table.update("c1", "ada").set(Invoice.total, 5).when(attr(Invoice.total).not_exists())
    ),
    "upsert": lambda _db, table: table.update("c1", "ada").add(Invoice.total, 5).upsert(),
    "upsert of a removal": lambda _db, table: (
        table.update("c1", "ada").remove(Invoice.total).upsert()
    ),
    "save": lambda _db, table: table.save(Invoice(customer="c1", key="ada")),
    "save of a field": lambda _db, table: table.save(
        Invoice(customer="c1", key="ada"), only=[Invoice.total]
    ),
    "put": lambda _db, table: table.put(Invoice(customer="c1", key="ada")),
    "unchecked put": lambda _db, table: table.put(Invoice(customer="c1", key="ada")).unchecked(),
    "delete": lambda _db, table: table.delete("c1", "ada"),
    "delete of an instance": lambda _db, table: table.delete(Invoice(customer="c1", key="ada")),
    "create": lambda _db, table: table.create(Invoice(customer="c1", key="ada")),
}


@pytest.mark.parametrize("name", WRITES)
async def test_a_write_leaves_an_item_of_another_kind_as_it_is(db: Database, name: str) -> None:
    before = await stored(db, "ada")
    with pytest.raises(adorm.ConditionalCheckFailed) as caught:
        await WRITES[name](db, db.table(Invoice))
    assert await stored(db, "ada") == before
    assert caught.value.attribute_map == before
    assert caught.value.item is None
    if name != "create":
        assert 'kind is "customer", that of Invoice is "invoice"' in str(caught.value)


IN_TRANSACTIONS: dict[str, Callable[[adorm.Transaction], object]] = {
    "update": lambda tx: tx.update(Invoice, "c1", "ada").set(Invoice.total, 5),
    "upsert": lambda tx: tx.update(Invoice, "c1", "ada").set(Invoice.total, 5).upsert(),
    "save": lambda tx: tx.save(Invoice(customer="c1", key="ada")),
    "put": lambda tx: tx.put(Invoice(customer="c1", key="ada")),
    "delete": lambda tx: tx.delete(Invoice, "c1", "ada"),
    "check": lambda tx: tx.check(Invoice, "c1", "ada"),
    "check with a condition": lambda tx: tx.check(Invoice, "c1", "ada").when(
        attr(Invoice.total).not_exists()
    ),
}


@pytest.mark.parametrize("name", IN_TRANSACTIONS)
async def test_a_transaction_leaves_an_item_of_another_kind_as_it_is(
    db: Database, name: str
) -> None:
    before = await stored(db, "ada")
    with pytest.raises(adorm.TransactionCanceled) as caught:
        async with db.transaction() as tx:
            IN_TRANSACTIONS[name](tx)
    assert 'under this key is an item of another kind: kind is "customer"' in str(caught.value)
    assert await stored(db, "ada") == before


async def test_update_many_tells_which_keys_are_of_another_kind(db: Database) -> None:
    result = (
        await db.table(Invoice)
        .update_many([("c1", "i1"), ("c1", "ada")])
        .set(Invoice.total, 9)
        .collect_errors()
    )
    assert [key.values[1] for key in result.updated] == ["i1"]
    assert [key.values[1] for key in result.unprocessed] == ["ada"]


async def test_another_kind_s_version_is_no_version_conflict(db: Database) -> None:
    with pytest.raises(adorm.ConditionalCheckFailed) as caught:
        await db.table(Customer).save(Customer(customer="c1", key="i1", name="x", version=3))
    assert type(caught.value) is adorm.ConditionalCheckFailed


async def test_writes_of_ones_own_kind_go_through(db: Database) -> None:
    invoices = db.table(Invoice)
    await invoices.update("c1", "i1").set(Invoice.total, 7)
    await invoices.save(Invoice(customer="c1", key="i2", total=8))
    await invoices.put(Invoice(customer="c1", key="i3", total=9))
    await invoices.delete("c1", "i4")
    await invoices.delete("c1", "none")
    assert await invoices.query("c1").select(Invoice.total) == [(0,), (7,), (8,), (9,)]


async def test_an_item_without_a_kind_is_read_by_every_model(db: Database) -> None:
    """Written before the model had a discriminator; a save stores it."""
    await db.call(
        "PutItem",
        {
            "TableName": "shop",
            "Item": {"customer": {"S": "c1"}, "key": {"S": "old"}, "total": {"N": "1"}},
        },
    )
    invoices = db.table(Invoice)
    assert (await invoices.get("c1", "old")).total == 1
    assert await invoices.query("c1").count() == 6
    await invoices.update("c1", "old").add(Invoice.total, 1)
    await invoices.save(await invoices.get("c1", "old"))
    item = await stored(db, "old")
    assert item is not None
    assert item["kind"] == {"S": "invoice"}


async def test_an_upsert_stores_the_kind(db: Database) -> None:
    await db.table(Invoice).update("c1", "new").add(Invoice.total, 1).upsert()
    item = await stored(db, "new")
    assert item is not None
    assert item["kind"] == {"S": "invoice"}


@pytest.mark.parametrize(
    "clause", [attr(Invoice.kind).set("customer"), attr(Invoice.kind).remove()]
)
async def test_no_update_makes_an_item_one_of_another_kind(
    db: Database, clause: adorm.Clause[Any]
) -> None:
    with pytest.raises(
        adorm.UsageError,
        match=r'Invoice\.kind is the kind of an item, and is "invoice" in each Invoice',
    ):
        await db.table(Invoice).update("c1", "i1").apply(clause)


async def test_an_index_with_the_kind_in_its_key_is_asked_for_ones_own_kind(db: Database) -> None:
    customers = db.table(Customer)
    request = customers.query("Ada").index("by-name-and-kind").request()
    assert "FilterExpression" not in request
    assert await customers.query("Ada").index("by-name-and-kind").count() == 8
    assert {item.kind for item in await customers.query("Ada").index("by-name-and-kind")} == {
        "customer"
    }
    with pytest.raises(adorm.UsageError, match="ask for just that by =="):
        await customers.query("Ada").index("by-name-and-kind").where(Customer.kind > "a")


async def test_where_no_request_can_tell_kinds_apart_others_are_left_out_once_they_are_read(
    db: Database,
) -> None:
    customers = db.table(Customer)
    for query in (
        customers.query("Ada").index("names-only").hydrate(),
        customers.query("Ada").index("by-rank-and-kind").where(Customer.rank > 0),
    ):
        assert {item.kind for item in await query} == {"customer"}
        assert len(await query.limit(5)) == 5
        first = await query.first()
        assert first is not None
        assert first.kind == "customer"
        with pytest.raises(adorm.UsageError, match="can't count items of one kind"):
            await query.count()
        with pytest.raises(adorm.UsageError, match="a page of 5 items can't be read here"):
            await query.limit(5).page()
        assert len((await query.page()).items) == 8
    with pytest.raises(adorm.UsageError, match="does not hold kind"):
        await customers.query("Ada").index("names-only").select(Customer.key)


async def test_the_first_of_one_kind_costs_no_whole_page(db: Database) -> None:
    invoices = db.table(Invoice)
    assert invoices.query("c1").limit(1).request()["Limit"] == 1
    recorder = Recorder()
    async with adorm.connect("memory", wrap=recorder) as other:
        await other.create_table(Customer)
        for number in range(20):
            await other.table(Invoice).put(Invoice(customer="c1", key=f"i{number}"))
        await other.table(Customer).put(Customer(customer="c1", key="z", name="Zoe"))
        recorder.clear()
        assert await other.table(Customer).query("c1").first() is not None
        asked = [sent.request["Limit"] for sent in recorder.sent]
    assert asked == [1, 2, 4, 8, 16]


async def test_a_subclass_with_a_kind_of_its_own_is_another_kind(db: Database) -> None:
    assert [item.key for item in await db.table(Visitor).query("c1")] == ["vera"]


async def test_an_engine_shared_by_two_services_keeps_what_each_wrote() -> None:
    engine = Engine()
    async with adorm.connect(engine) as one, adorm.connect(engine) as other:
        await one.create_table(Customer)
        await one.table(Customer).create(Customer(customer="c", key="k", name="Ada"))
        with pytest.raises(adorm.ConditionalCheckFailed):
            await other.table(Invoice).put(Invoice(customer="c", key="k"))
        assert (await one.table(Customer).get("c", "k")).name == "Ada"
