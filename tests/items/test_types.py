"""Types: of which model of a single table an item is, by its type attribute or its key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

import adorm
from adorm.database import Database
from tests.support.as_json import AsJson
from tests.support.scripted import ScriptedTransport

pytestmark = pytest.mark.anyio

shop = adorm.SingleTable(
    "shop", indexes=[adorm.GlobalIndex("GSI1", partition="GSI1PK", projection="KEYS_ONLY")]
)


@adorm.model(table=shop)
class Customer:
    name: str
    points: int = 0
    key = adorm.key("CUSTOMER#{name}", "CUSTOMER#{name}")


@adorm.model(table=shop, entity=("order", "Order"))
class Order:
    name: str
    order_id: str
    total: int = 0
    version: int = adorm.version()
    key = adorm.key("CUSTOMER#{name}", "ORDER#{order_id}")
    all_orders = adorm.key("ORDERS", index="GSI1")


@adorm.model(table=shop)
class User:
    name: str
    plan: str = "free"
    key = adorm.key("ACCOUNT#{name}", "ACCOUNT#{name}")


@adorm.model(table=shop)
class Organization:
    name: str
    seats: int = 1
    key = adorm.key("ACCOUNT#{name}", "ACCOUNT#{name}")


@adorm.model(table=shop)
class Ticket:
    name: str
    number: int
    own_type: str = adorm.discriminator("ticket", name="_type")
    key = adorm.key("CUSTOMER#{name}", "TICKET#{number:04d}")


@pytest.fixture
async def db() -> AsyncIterator[Database]:
    async with adorm.connect("memory") as db:
        await db.create_table(Order)
        yield db


async def put(db: Database, partition: str, sort: str, **attributes: dict[str, Any]) -> None:
    item = {"PK": {"S": partition}, "SK": {"S": sort}, **attributes}
    await db.call("PutItem", {"TableName": "shop", "Item": item})


async def stored(db: Database, partition: str, sort: str) -> Any:
    key = {"PK": {"S": partition}, "SK": {"S": sort}}
    return (await db.call("GetItem", {"TableName": "shop", "Key": key})).get("Item")


async def fill(db: Database) -> None:
    """Three orders, of which one has the older type and one has none, among strangers."""
    await db.table(Order).put(Order(name="ada", order_id="o1"))
    older = {"name": {"S": "ada"}, "order_id": {"S": "o2"}, "_type": {"S": "Order"}}
    await put(db, "CUSTOMER#ada", "ORDER#o2", **older)
    await put(db, "CUSTOMER#ada", "ORDER#o3")
    await put(db, "CUSTOMER#ada", "ORDER#o4", _type={"S": "Draft"})
    await put(db, "CUSTOMER#ada", "ORDER#o5", _type={"NULL": True})
    await put(db, "CUSTOMER#ada", "STRANGER")
    await put(db, "UNRELATED", "ORDER#o6")
    await db.table(Customer).put(Customer(name="ada"))


async def test_reads_find_items_of_all_entities_and_items_without_a_type(db: Database) -> None:
    await fill(db)
    orders = db.table(Order)
    ids = ["o1", "o2", "o3"]
    in_partition = orders.query().where(adorm.path("PK") == "CUSTOMER#ada")
    assert [each.order_id for each in await in_partition] == ids
    assert [each.order_id async for each in in_partition] == ids
    assert sorted(each.order_id for each in await orders.scan()) == ids
    assert sorted(each.order_id for each in await orders.scan().segments(3)) == ids
    assert sorted(await orders.scan().select(Order.order_id)) == [("o1",), ("o2",), ("o3",)]
    assert await orders.scan().count() == 3


async def test_a_limit_counts_only_items_of_the_model(db: Database) -> None:
    await fill(db)
    customers = db.table(Customer)
    await put(db, "CUSTOMER#ada", "CUSTOMER#")
    await put(db, "CUSTOMER#ada", "ANOTHER")
    everything = customers.query().where(adorm.path("PK") == "CUSTOMER#ada")
    assert [each.name for each in await everything.limit(1)] == ["ada"]
    assert await everything.first() == Customer(name="ada")
    assert await everything.one() == Customer(name="ada")
    assert [each.name for each in await customers.scan().limit(1)] == ["ada"]


async def test_pages_that_are_read_from_their_bytes_leave_strangers_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("adorm.codec.compiled.pages.WORTHWHILE_BYTES", 0)
    items: list[dict[str, Any]] = [
        {
            "PK": {"S": "CUSTOMER#ada"}, "SK": {"S": f"ORDER#{number}"}, "name": {"S": "ada"},
            "order_id": {"S": f"{number}"}, "total": {"N": "1"}, "version": {"N": "1"},
        }
        for number in range(4)
    ]  # fmt: skip
    items[0]["_type"] = {"S": "order"}
    items[1]["_type"] = {"S": "Order"}
    items[3]["SK"] = {"S": "STRANGER"}
    transport = ScriptedTransport([{"Items": items, "Count": 4, "ScannedCount": 4}])
    as_json = AsJson(transport)
    async with adorm.Database(lambda: as_json) as bare:
        found = await bare.table(Order).query("ada")
    assert [each.order_id for each in found] == ["0", "1", "2"]
    assert as_json.parsed == 1


async def test_get_says_what_is_under_the_key(db: Database) -> None:
    await put(db, "ACCOUNT#aws", "ACCOUNT#aws", _type={"S": "Organization"})
    users = db.table(User)
    with pytest.raises(adorm.ItemNotFound, match='_type is "Organization", that of User is "User"'):
        await users.get("aws")
    assert await users.get_or_none("aws") is None
    assert not await users.exists("aws")
    assert await db.table(Organization).exists("aws")
    assert (await users.batch_get([User.key("aws")])).missing == [User.key("aws")]
    assert await db.transact_get(User.key("aws"), Organization.key("aws")) == (
        None, Organization(name="aws"),
    )  # fmt: skip


async def test_an_item_without_a_type_is_the_model_that_was_asked_for(db: Database) -> None:
    await put(db, "ACCOUNT#aws", "ACCOUNT#aws")
    assert await db.table(User).get("aws") == User(name="aws")
    assert await db.table(Organization).get("aws") == Organization(name="aws")


async def test_writes_that_may_meet_another_model_are_conditioned(db: Database) -> None:
    await db.table(Organization).create(Organization(name="aws", seats=7))
    users = db.table(User)
    writes: list[Any] = [
        users.put(User(name="aws")),
        users.save(User(name="aws")),
        users.delete("aws"),
        users.update("aws").set(User.plan, "paid"),
    ]
    for write in writes:
        with pytest.raises(adorm.ConditionalCheckFailed, match="another kind") as failed:
            await write
        assert failed.value.item == Organization(name="aws", seats=7)
    with pytest.raises(adorm.ItemExists) as exists:
        await users.create(User(name="aws"))
    assert exists.value.item == Organization(name="aws", seats=7)


async def test_writes_that_can_meet_no_other_model_have_no_condition(db: Database) -> None:
    customers = db.table(Customer)
    assert "ConditionExpression" not in customers.put(Customer(name="ada")).request()
    assert "ConditionExpression" not in customers.save(Customer(name="ada")).request()
    assert "ConditionExpression" not in customers.delete("ada").request()
    request = customers.update("ada").set(Customer.points, 1).request()
    assert request["ConditionExpression"] == "attribute_exists(#n1)"
    assert "ConditionExpression" in db.table(User).put(User(name="ada")).request()


async def test_a_save_writes_the_type(db: Database) -> None:
    await put(db, "CUSTOMER#ada", "ORDER#o2", name={"S": "ada"}, _type={"S": "Order"})
    await db.table(Order).save(await db.table(Order).get("ada", "o2"))
    assert (await stored(db, "CUSTOMER#ada", "ORDER#o2"))["_type"] == {"S": "order"}
    await db.table(Customer).save(Customer(name="ada"))
    assert (await stored(db, "CUSTOMER#ada", "CUSTOMER#ada"))["_type"] == {"S": "Customer"}


async def test_a_model_may_have_a_field_for_the_type(db: Database) -> None:
    tickets = db.table(Ticket)
    await tickets.create(Ticket(name="ada", number=7))
    assert (await stored(db, "CUSTOMER#ada", "TICKET#0007"))["_type"] == {"S": "ticket"}
    assert await tickets.get("ada", 7) == Ticket(name="ada", number=7)
    assert await tickets.scan() == [Ticket(name="ada", number=7)]


async def test_an_index_without_the_type_is_read_by_keys(db: Database) -> None:
    await fill(db)
    await put(db, "CUSTOMER#bob", "STRANGER", GSI1PK={"S": "ORDERS"}, _type={"S": "Draft"})
    index = db.table(Order).scan().index("GSI1")
    assert await index.count() == 1
    assert [each.order_id for each in await index.hydrate()] == ["o1"]


# ---- any image


@pytest.mark.parametrize(
    ("image", "made"),
    [
        ({"_type": {"S": "order"}}, Order(name="ada", order_id="o1")),
        ({"_type": {"S": "Order"}}, Order(name="ada", order_id="o1")),
        ({}, Order(name="ada", order_id="o1")),
    ],
)
def test_an_image_becomes_what_it_is(image: dict[str, Any], made: Any) -> None:
    keys = {"PK": {"S": "CUSTOMER#ada"}, "SK": {"S": "ORDER#o1"}}
    assert adorm.from_attribute_map(shop, {**keys, **image}) == made


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (
            {"PK": {"S": "x"}, "SK": {"S": "y"}, "_type": {"S": "Draft"}},
            r"the type 'Draft', which is none of its models: their entities are .*Customer",
        ),
        ({"PK": {"S": "x"}, "SK": {"S": "y"}}, r"its key PK=\{'S': 'x'\}.*none of its models"),
        (
            {"PK": {"S": "ACCOUNT#a"}, "SK": {"S": "ACCOUNT#a"}},
            "can be one of User and Organization: give the class",
        ),
    ],
)
def test_an_image_that_is_nothing_known_is_an_error(image: dict[str, Any], message: str) -> None:
    with pytest.raises(adorm.UsageError, match=message):
        adorm.from_attribute_map(shop, image)


# ---- told apart by keys


def test_models_whose_keys_can_be_equal_need_a_type() -> None:
    untyped = adorm.SingleTable("untyped", type_attribute=None)

    @adorm.model(table=untyped)
    class Receipt:
        account: str
        day: str
        key = adorm.key("ACC#{account}", "REC#{day}")

    @adorm.model(table=untyped)
    class Subscription:
        account: str
        sku: str
        key = adorm.key("ACC#{account}", "SUB#{sku}#SKU")

    with pytest.raises(adorm.ModelError, match=r"Copy and Receipt .* can have one key, ACC#"):

        @adorm.model(table=untyped)
        class Copy:
            account: str
            key = adorm.key("ACC#{account}", "REC#latest")

    assert untyped.models[:2] == (Receipt, Subscription)


@pytest.mark.parametrize(
    ("one", "other", "may_be_equal"),
    [
        ("A#{a}", "A#{b}", True),
        ("A#{a}", "B#{b}", False),
        ("A#{a}", "A#{b}#C", True),
        ("{a}#A", "{b}#B", False),
        ("META", "META", True),
        ("META", "ME", False),
        ("META", "ME{a}", True),
        ("META", "META{a}", False),
        ("META", "M{a}TA", True),
        ("META", "ME{a}ETA", False),
        ("{a}", "A#{b}", True),
    ],
)
def test_which_keys_can_be_equal(one: str, other: str, may_be_equal: bool) -> None:
    untyped = adorm.SingleTable("untyped", sort=None, type_attribute=None)

    @adorm.model(table=untyped)
    class One:
        a: str = ""
        b: str = ""
        key = adorm.key(one)

    def make() -> None:
        @adorm.model(table=untyped)
        class Other:
            a: str = ""
            b: str = ""
            key = adorm.key(other)

    if may_be_equal:
        with pytest.raises(adorm.ModelError, match="can have one key"):
            make()
    else:
        make()
    assert untyped.models


async def test_items_are_told_apart_by_their_keys() -> None:
    untyped = adorm.SingleTable("untyped", type_attribute=None)

    @adorm.model(table=untyped)
    class Receipt:
        account: str
        day: str
        key = adorm.key("ACC#{account}", "REC#{day}")

    @adorm.model(table=untyped)
    class Subscription:
        account: str
        sku: str
        key = adorm.key("ACC#{account}", "SUB#{sku}")

    receipt = Receipt(account="a", day="1")
    subscription = Subscription(account="a", sku="gold")
    async with adorm.connect("memory") as db:
        await db.create_table(Receipt)
        await db.table(Receipt).put(receipt)
        await db.table(Subscription).put(subscription)
        assert await db.table(Receipt).scan() == [receipt]
        assert await db.table(Subscription).scan() == [subscription]
        everything = db.table(Receipt).query().where(adorm.path("PK") == "ACC#a")
        assert await everything == [receipt]
    assert adorm.from_attribute_map(untyped, adorm.to_attribute_map(receipt)) == receipt


def test_two_models_of_a_table_have_different_entities() -> None:
    table = adorm.SingleTable("twice")

    @adorm.model(table=table)
    class One:
        name: str
        key = adorm.key("ONE#{name}", "ONE")

    with pytest.raises(adorm.ModelError, match="the same entity 'One'"):

        @adorm.model(table=table, entity=("two", "One"))
        class Two:
            name: str
            key = adorm.key("TWO#{name}", "TWO")

    assert table.models[0] is One


def test_a_field_for_the_type_has_one_value() -> None:
    with pytest.raises(adorm.ModelError, match="a field has one value: leave the field out"):

        @adorm.model(table=adorm.SingleTable("fields"), entity=("two", "old"))
        class Two:
            name: str
            kind: str = adorm.discriminator("two", name="_type")
            key = adorm.key("TWO#{name}", "TWO")
