"""Queries by the parts of a key: which key serves them, and which texts they read."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import pytest

import adorm
from adorm import attr
from adorm.errors import BadValue, UsageError
from adorm.query.query import Query

pytestmark = pytest.mark.anyio

shop = adorm.SingleTable(
    "shop",
    indexes=[
        adorm.GlobalIndex("GSI1", partition="GSI1PK", sort="GSI1SK"),
        adorm.GlobalIndex("GSI2", partition="GSI2PK", sort="GSI2SK"),
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
    placed_at: datetime = datetime(2026, 1, 5, tzinfo=UTC)
    note: str = ""

    @adorm.key
    def key(self, user_name: str, order_id: str) -> adorm.KeyText:
        return f"CUSTOMER#{user_name}", f"ORDER#{order_id}"

    by_status = adorm.key("CUSTOMER#{user_name}", "{status}#{placed_at}", index="GSI1")


@adorm.model(table=shop)
class Office:
    country: str
    state: str
    city: str
    zip: int
    name: str = ""

    key = adorm.key("COUNTRY#{country}", "{state}#{city}#{zip:05d}")
    by_name = adorm.key("OFFICES", "{name:lower}", index="GSI2")
    by_zip = adorm.key("ZIPS", "ZIP#{zip}", index="GSI1")


orders = adorm.connect("memory").table(Order)
offices = adorm.connect("memory").table(Office)
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


def spelled(query: Query[Any]) -> tuple[str | None, str | None, str | None]:
    """The index, the key condition, and the filter without that on the type."""
    plan = query.explain()
    request = query.request()

    def with_values(text: str | None) -> str | None:
        if text is None:
            return None
        for placeholder, value in sorted(
            request["ExpressionAttributeValues"].items(), key=lambda pair: -len(pair[0])
        ):
            text = text.replace(placeholder, str(next(iter(value.values()))))
        return text

    own = re.sub(r"( AND )?\(?_type (=|IN) .*", "", with_values(plan.filter) or "")
    return plan.index, with_values(plan.key_condition), own or None


def test_the_parts_of_the_partition_read_the_items_of_the_model() -> None:
    expected = (None, "PK = CUSTOMER#ada AND begins_with(SK, ORDER#)", None)
    assert spelled(orders.query("ada")) == expected
    assert spelled(orders.query().where(Order.user_name == "ada")) == expected


def test_all_parts_are_one_text() -> None:
    assert spelled(orders.query("ada").where(Order.order_id == "o1")) == (
        None,
        "PK = CUSTOMER#ada AND SK = ORDER#o1",
        None,
    )


def test_some_parts_are_a_prefix_that_ends_with_its_literal() -> None:
    assert spelled(offices.query("US").where(Office.state == "CA", Office.city == "Irvine")) == (
        None,
        "PK = COUNTRY#US AND begins_with(SK, CA#Irvine#)",
        None,
    )
    assert spelled(offices.query("US")) == (None, "PK = COUNTRY#US", None)


def test_the_longest_run_of_parts_wins() -> None:
    query = orders.query().where(
        Order.user_name == "ada", Order.status == Status.PAID, Order.placed_at >= MONDAY
    )
    assert spelled(query) == (
        "GSI1",
        "GSI1PK = CUSTOMER#ada AND GSI1SK BETWEEN paid#2026-01-05T00:00:00.000000Z AND paid$",
        None,
    )


def test_a_range_of_the_last_text_is_exact_with_its_ends() -> None:
    of_ada = orders.query("ada")
    assert spelled(of_ada.where(Order.order_id >= "2026"))[1:] == (
        "PK = CUSTOMER#ada AND SK BETWEEN ORDER#2026 AND ORDER$",
        None,
    )
    assert spelled(of_ada.where(Order.order_id <= "2026"))[1:] == (
        "PK = CUSTOMER#ada AND SK BETWEEN ORDER# AND ORDER#2026",
        None,
    )
    assert spelled(of_ada.where(Order.order_id > "2026"))[1:] == (
        "PK = CUSTOMER#ada AND SK BETWEEN ORDER#2026 AND ORDER$",
        "order_id > 2026",
    )


def test_a_range_of_a_text_that_goes_on_has_a_filter() -> None:
    assert spelled(offices.query("US").where(Office.state <= "CA"))[1:] == (
        "PK = COUNTRY#US AND SK <= CA$",
        "state <= CA",
    )


def test_a_number_of_fixed_width_takes_the_neighbour() -> None:
    in_irvine = offices.query("US").where(Office.state == "CA", Office.city == "Irvine")
    assert spelled(in_irvine.where(Office.zip > 9))[1:] == (
        "PK = COUNTRY#US AND SK BETWEEN CA#Irvine#00010 AND CA#Irvine$",
        None,
    )
    assert spelled(in_irvine.where(Office.zip > 9, Office.zip < 20))[1:] == (
        "PK = COUNTRY#US AND SK BETWEEN CA#Irvine#00010 AND CA#Irvine#00019",
        None,
    )
    with pytest.raises(BadValue, match=r"Office.zip < 0: no value of it is in this range"):
        in_irvine.where(Office.zip < 0).request()


def test_raw_texts_of_a_key_work_beside_parts() -> None:
    assert spelled(orders.query("ada").where(adorm.path("SK").begins_with("X")))[1] == (
        "PK = CUSTOMER#ada AND begins_with(SK, X)"
    )
    assert spelled(orders.query().where(adorm.path("PK") == "CUSTOMER#ada"))[1] == (
        "PK = CUSTOMER#ada AND begins_with(SK, ORDER#)"
    )


def test_lower_compares_without_case() -> None:
    assert spelled(offices.query().where(Office.name == "HQ")) == (
        "GSI2",
        "GSI2PK = OFFICES AND GSI2SK = hq",
        None,
    )


def test_a_range_of_a_lower_part_compares_what_is_stored() -> None:
    assert spelled(offices.query().index(Office.by_name).where(Office.name > "HQ")) == (
        "GSI2",
        "GSI2PK = OFFICES",
        "name > HQ",
    )


def test_the_error_does_not_ask_for_a_partition_key_that_was_given() -> None:
    with pytest.raises(UsageError) as caught:
        orders.query().where(Order.status == Status.PAID).request()
    assert "Give the partition key" in str(caught.value)
    with pytest.raises(UsageError) as caught:
        offices.query().index(Office.by_zip).where(Office.zip > 10_000).request()
    assert "Give the partition key" not in str(caught.value)
    assert "with a width, as in {zip:010d}, it has ranges" in str(caught.value)


async def test_queries_find_what_they_ask_for() -> None:
    async with adorm.connect("memory") as db:
        await db.create_table(Order)
        table = db.table(Order)
        for number in range(6):
            status = Status.PAID if number % 2 else Status.OPEN
            at = MONDAY + timedelta(days=number)
            await table.create(
                Order(user_name="ada", order_id=f"o{number}", status=status, placed_at=at)
            )

        async def ids(query: Query[Order]) -> list[str]:
            return [order.order_id for order in await query]

        of_ada = table.query("ada")
        assert await ids(of_ada) == ["o0", "o1", "o2", "o3", "o4", "o5"]
        assert await ids(of_ada.where(Order.order_id > "o3")) == ["o4", "o5"]
        paid = table.query().where(Order.user_name == "ada", Order.status == Status.PAID)
        assert await ids(paid.where(Order.placed_at > MONDAY + timedelta(days=1))) == ["o3", "o5"]
        assert await ids(of_ada.index(Order.by_status)) == ["o0", "o2", "o4", "o1", "o3", "o5"]
        assert await ids(of_ada.where(attr(Order.order_id).begins_with("o2"))) == ["o2"]


async def test_two_conditions_of_one_kind_on_a_part_both_hold() -> None:
    async with adorm.connect("memory") as db:
        await db.create_table(Office)
        for city in ("Irvine", "Irvine2"):
            await db.table(Office).create(
                Office(country="US", state="CA", city=city, zip=1, name=city)
            )
        query = db.table(Office).query("US").where(Office.state == "CA")
        path = attr(Office.city)
        for first, second, cities in (
            (path == "Irvine", path == "Irvine", ["Irvine"]),
            (path == "Irvine", path == "Irvine2", []),
            (path.begins_with("Ir"), path.begins_with("Irvine2"), ["Irvine2"]),
            (path >= "A", path > "Irvine", ["Irvine2"]),
        ):
            found = await query.where(first, second)
            assert [office.city for office in found] == cities
