"""Keys that are made of parts: of the table and of its indexes, declared by texts or functions."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest

import adorm

pytestmark = pytest.mark.anyio

shop = adorm.SingleTable(
    "shop",
    indexes=[
        adorm.GlobalIndex("GSI1", partition="GSI1PK", sort="GSI1SK"),
        adorm.GlobalIndex("inverted", partition="SK", sort="PK"),
    ],
)


class Status(StrEnum):
    OPEN = "open"
    PAID = "paid"


@adorm.model(table=shop)
class Order:
    user_name: str
    order_id: str
    status: Status = Status.OPEN
    total: Decimal = Decimal(0)
    placed_at: datetime | None = None

    @adorm.key
    def key(self, user_name: str, order_id: str) -> adorm.KeyText:
        return f"CUSTOMER#{user_name}", f"ORDER#{order_id}"

    by_status = adorm.key("CUSTOMER#{user_name}", "{status}#{placed_at}", index="GSI1")


@adorm.model(table="projects")
class Project:
    pk: str = adorm.partition_key(template="ORG#{org_id}")
    sk: str = adorm.sort_key(template="PROJECT#{number:06d}")
    org_id: str
    number: int
    title: str = ""


PLACED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
STORED = {
    "user_name": {"S": "ada"},
    "order_id": {"S": "o1"},
    "status": {"S": "open"},
    "total": {"N": "5"},
    "placed_at": {"S": "2026-01-02T03:04:05.000000Z"},
    "PK": {"S": "CUSTOMER#ada"},
    "SK": {"S": "ORDER#o1"},
    "GSI1PK": {"S": "CUSTOMER#ada"},
    "GSI1SK": {"S": "open#2026-01-02T03:04:05.000000Z"},
    "_type": {"S": "Order"},
}


def order(**changes: Any) -> Order:
    values: dict[str, Any] = {
        "user_name": "ada",
        "order_id": "o1",
        "total": Decimal(5),
        "placed_at": PLACED,
    }
    return Order(**{**values, **changes})


def test_an_item_holds_its_fields_its_keys_and_its_type() -> None:
    assert adorm.to_attribute_map(order()) == STORED
    assert adorm.from_attribute_map(Order, STORED) == order()


def test_an_item_with_an_absent_part_has_no_key_of_the_index() -> None:
    stored = adorm.to_attribute_map(order(placed_at=None))
    assert "GSI1PK" not in stored
    assert "GSI1SK" not in stored


def test_plain_json_holds_the_fields_only() -> None:
    assert set(adorm.to_plain(order())) == {
        "user_name", "order_id", "status", "total", "placed_at"
    }  # fmt: skip


def test_an_index_takes_a_number_however_it_is_written() -> None:
    prices = adorm.SingleTable(
        "prices", indexes=[adorm.GlobalIndex("GSI1", partition="GSI1PK", sort="GSI1SK")]
    )

    @adorm.model(table=prices)
    class Price:
        name: str
        amount: Decimal
        key = adorm.key("PRICE#{name}", "PRICE")
        round_ones = adorm.key("ROUND", "{name}", index="GSI1", only={"amount": Decimal(1)})

    for text, is_in in (("1", True), ("1.00", True), ("1E+0", True), ("1.01", False)):
        stored = adorm.to_attribute_map(Price(name="a", amount=Decimal(text)))
        assert ("GSI1PK" in stored) is is_in


def test_a_part_without_an_attribute_is_read_from_the_key() -> None:
    stored = {name: value for name, value in STORED.items() if name not in {"user_name", "status"}}
    assert adorm.from_attribute_map(Order, stored) == order()


def test_a_key_that_is_not_the_text_of_the_fields_is_refused() -> None:
    with pytest.raises(adorm.ItemDecodeError, match=r"CUSTOMER#bob.*CUSTOMER#\{user_name\}"):
        adorm.from_attribute_map(Order, {**STORED, "PK": {"S": "CUSTOMER#bob"}})


@pytest.mark.parametrize(
    "key",
    [
        Order.key("ada", "o1"),
        Order.key(user_name="ada", order_id="o1"),
        Order.key("ada", order_id="o1"),
    ],
)
def test_parts_are_given_in_order_or_by_name(key: adorm.Key[Order]) -> None:
    assert key == Order.key("ada", "o1")
    assert key.parts == {"user_name": "ada", "order_id": "o1"}
    assert key.model is Order


async def test_items_are_written_and_read_by_their_parts() -> None:
    async with adorm.connect("memory") as db:
        await db.create_table(Order)
        orders = db.table(Order)
        await orders.create(order())
        assert await orders.get("ada", "o1") == order()
        assert await orders.get(user_name="ada", order_id="o1") == order()
        assert await orders.get(Order.key("ada", "o1")) == order()
        assert await orders.get_or_none("ada", "o2") is None
        assert await orders.exists("ada", "o1")
        found = await orders.batch_get([Order.key("ada", "o1"), Order.key("ada", "o2")])
        assert found.items == [order()]
        assert found.missing == [Order.key("ada", "o2")]
        async with db.transaction() as tx:
            tx.delete(Order.key("ada", "o1"))
            tx.create(order(order_id="o2"))
        assert await orders.scan() == [order(order_id="o2")]
        await orders.delete(orders.key(order(order_id="o2")))
        assert await orders.scan() == []


async def test_many_pages_are_read_from_their_bytes() -> None:
    async with adorm.connect("memory") as db:
        await db.create_table(Order)
        orders = db.table(Order)
        many = [order(order_id=f"o{number:04d}") for number in range(300)]
        await orders.batch_write(puts=many)
        for _ in range(3):
            read = await orders.scan().page_size(100)
            assert sorted(read, key=lambda each: each.order_id) == many


async def test_a_key_can_be_a_field_to_look_at() -> None:
    project = Project(org_id="acme", number=7)
    assert (project.pk, project.sk) == ("ORG#acme", "PROJECT#000007")
    with pytest.raises(adorm.UsageError, match="made of"):
        project.pk = "ORG#other"
    async with adorm.connect("memory") as db:
        await db.create_table(Project)
        projects = db.table(Project)
        await projects.create(project)
        assert await projects.get("acme", 7) == project
        by_name: Any = projects
        assert await by_name.get(org_id="acme", number=7) == project
        key = projects.parse_key("ORG#acme", "PROJECT#000007")
        assert key.parts == {"org_id": "acme", "number": 7}


def test_of_two_times_in_a_key_the_finer_is_read_from_its_texts() -> None:
    @adorm.model(table=adorm.SingleTable("visits"))
    class Visit:
        at: datetime
        number: int
        key = adorm.key("YEAR#{at:%Y}", "{at:%Y-%m}#{number}")

    visits = adorm.connect("memory").table(Visit)
    key = visits.parse_key("YEAR#2026", "2026-02#7")
    assert key.parts == {"at": datetime(2026, 2, 1, tzinfo=UTC), "number": 7}
    with pytest.raises(adorm.UsageError, match="not the text of its parts"):
        visits.parse_key("YEAR#2025", "2026-02#7")


@pytest.mark.parametrize(
    ("parts", "named", "message"),
    [
        (("ada",), {}, "user_name and order_id; 1 value was given"),
        (("ada", "o1", "x"), {}, "3 values were given"),
        (("ada",), {"number": 1}, "no part 'number'; it has user_name, order_id$"),
        (("ada",), {"order": "o1"}, "no part 'order'; did you mean 'order_id'"),
        (("ada",), {"user_name": "bob"}, "given twice"),
        ((), {"user_name": "ada"}, "lacks order_id"),
    ],
)
def test_wrong_parts_are_named(parts: Any, named: Any, message: str) -> None:
    make: Any = Order.key
    with pytest.raises(adorm.UsageError, match=message):
        make(*parts, **named)


async def test_an_ambiguous_or_empty_part_is_refused_before_the_wire() -> None:
    two = adorm.SingleTable("two")

    @adorm.model(table=two)
    class Pair:
        first: str
        second: str
        key = adorm.key("P#{first}#{second}", "PAIR")

    async with adorm.connect("memory") as db:
        pairs = db.table(Pair)
        with pytest.raises(adorm.BadValue, match="'x#y' contains '#', which ends it"):
            await pairs.get("x#y", "z")
        with pytest.raises(adorm.BadValue, match="first is empty"):
            await pairs.create(Pair(first="", second="z"))
        assert pairs.get("x", "y#z").request()["Key"]["PK"] == {"S": "P#x#y#z"}


def test_a_key_function_has_the_types_of_the_fields() -> None:
    with pytest.raises(adorm.ModelError, match=r"number is str in the function.*field is int"):

        @adorm.model(table=adorm.SingleTable("numbers"))
        class Numbered:
            number: int

            @adorm.key
            def key(self, number: str) -> adorm.KeyText:
                return f"N#{number}", "N"


def test_map_class_takes_no_table_of_several_models() -> None:
    with pytest.raises(adorm.ModelError, match="a table of several models"):
        adorm.map_class(Order, table=shop, partition_key="user_name")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the mistake under test


@adorm.model(table="bookings")
class Booking:
    booking_id: str

    @adorm.key
    def key(self, booking_id: str) -> adorm.KeyText:
        return f"BOOKING#{booking_id}"


@pytest.mark.parametrize(
    ("model", "instance"),
    [
        (Booking, Booking(booking_id="b")),
        (Order, Order(user_name="a", order_id="o")),
    ],
)
def test_the_key_of_a_class_takes_no_instance(model: Any, instance: Any) -> None:
    with pytest.raises(
        adorm.UsageError,
        match=rf"^{model.__name__}\.key takes the parts of a key, not an instance: .* table\.key\(",
    ):
        model.key(instance)


async def test_the_number_of_stored_values_is_told() -> None:
    async with adorm.connect("memory") as db:
        with pytest.raises(adorm.UsageError, match="has PK and SK; 1 value was given"):
            db.table(Order).parse_key("x")
        with pytest.raises(adorm.UsageError, match="has PK; 2 values were given"):
            db.table(Booking).parse_key("x", "y")


def test_a_model_of_a_single_table_without_a_key_is_told_how_to_declare_it() -> None:
    with pytest.raises(adorm.ModelError, match=r"Seat has no .*: declare its key by @adorm\.key$"):

        @adorm.model(table=shop)
        class Seat:
            seat_id: str
