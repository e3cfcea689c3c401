"""The table of several models: with its own indexes and those that its models declare."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

import adorm
from adorm.tables.single_tables import single_table_request, time_to_live_attribute

pytestmark = pytest.mark.anyio

payments = adorm.SingleTable(
    "payments",
    indexes=[
        adorm.GlobalIndex("GSI1", partition="GSI1PK", sort="GSI1SK", projection=["email"]),
        adorm.GlobalIndex("inverted", partition="SK", sort="PK"),
        adorm.GlobalIndex("unused", partition="GSI9PK", sort="GSI9SK"),
        adorm.LocalIndex("late", sort="LSI1SK", projection="KEYS_ONLY"),
    ],
)


@adorm.model(
    table=payments,
    indexes=[adorm.GlobalIndex("due", partition="due", projection=["email", "account"])],
)
class Subscription:
    account: str
    email: str
    due: int
    key = adorm.key("ACC#{account}", "SUB#{email}")
    by_email = adorm.key("EMAIL#{email}", "SUB", index="GSI1")


@adorm.model(table=payments)
class Receipt:
    account: str
    day: str
    kind: str = adorm.discriminator("receipt", name="_type")
    expires_at: datetime | None = adorm.ttl(name="TTL")
    key = adorm.key("ACC#{account}", "REC#{day}")
    by_day = adorm.key("DAY#{day}", "REC", index="GSI1")


def described(answer: adorm.TableDescription) -> dict[str, Any]:
    return {
        name: ([str(each) for each in index.key], index.projection)
        for name, index in answer.indexes.items()
    }


INDEXES = {
    "GSI1": (["GSI1PK (HASH, S)", "GSI1SK (RANGE, S)"], ("_type", "email")),
    "inverted": (["SK (HASH, S)", "PK (RANGE, S)"], "ALL"),
    "unused": (["GSI9PK (HASH, S)", "GSI9SK (RANGE, S)"], "ALL"),
    "due": (["due (HASH, N)"], ("_type", "account", "email")),
    "late": (["PK (HASH, S)", "LSI1SK (RANGE, S)"], "KEYS_ONLY"),
}


@pytest.mark.parametrize("model", [payments, Subscription, Receipt])
async def test_the_table_is_the_same_by_whatever_it_is_named(model: Any) -> None:
    async with adorm.connect("memory") as db:
        made = await db.create_table(model)
        assert [str(each) for each in made.key] == ["PK (HASH, S)", "SK (RANGE, S)"]
        assert described(made) == INDEXES
        ttl = await db.call("DescribeTimeToLive", {"TableName": "payments"})
        assert ttl["TimeToLiveDescription"]["AttributeName"] == "TTL"
        assert described(await db.ensure_table(payments)) == INDEXES
        assert (await db.describe_table(payments)).name == "payments"
        await db.delete_table(payments)


async def test_the_table_may_have_another_name_and_billing() -> None:
    async with adorm.connect("memory") as db:
        billing = adorm.Provisioned(read_units=3, write_units=2)
        made = await db.create_table(payments, name="others", billing=billing, time_to_live=False)
        assert made.name == "others"
        assert made.billing == billing


async def test_a_table_that_lacks_an_index_is_refused() -> None:
    async with adorm.connect("memory") as db:
        request = single_table_request(payments, "payments", "on_demand", None)
        request["GlobalSecondaryIndexes"] = [
            each for each in request["GlobalSecondaryIndexes"] if each["IndexName"] != "due"
        ]
        request["AttributeDefinitions"] = [
            each for each in request["AttributeDefinitions"] if each["AttributeName"] != "due"
        ]
        await db.call("CreateTable", request)
        with pytest.raises(adorm.UsageError, match=r"differs from SingleTable\('payments'\).* due"):
            await db.ensure_table(Receipt)


def test_an_attribute_that_no_model_has_is_text_or_as_given() -> None:
    request = single_table_request(payments, "payments", "on_demand", {"GSI9SK": "N"})
    types = {
        each["AttributeName"]: each["AttributeType"] for each in request["AttributeDefinitions"]
    }
    assert (types["GSI9PK"], types["GSI9SK"]) == ("S", "N")
    with pytest.raises(adorm.UsageError, match="'nothing' is in no key of"):
        single_table_request(payments, "payments", "on_demand", {"nothing": "N"})


def test_two_indexes_of_one_name_have_to_agree() -> None:
    table = adorm.SingleTable("shop")

    @adorm.model(table=table, indexes=[adorm.GlobalIndex("due", partition="day")])
    class One:
        day: str
        key = adorm.key("ONE#{day}", "ONE")

    @adorm.model(table=table, indexes=[adorm.GlobalIndex("due", partition="at")])
    class Two:
        at: str
        key = adorm.key("TWO#{at}", "TWO")

    assert table.models == (One, Two)
    with pytest.raises(adorm.UsageError, match=r"One and Two of .* have an index 'due' each"):
        single_table_request(table, "shop", "on_demand", None)


def test_an_attribute_of_a_key_has_one_type() -> None:
    table = adorm.SingleTable("shop", sort=None)

    @adorm.model(table=table)
    class One:
        number: int
        key = adorm.key("{number}")

    @adorm.model(table=table)
    class Two:
        name: str
        key = adorm.key("{name}")

    assert table.models == (One, Two)
    with pytest.raises(adorm.UsageError, match=r"One stores it as N and Two as S"):
        single_table_request(table, "shop", "on_demand", None)


def test_items_expire_by_one_attribute() -> None:
    table = adorm.SingleTable("shop")

    @adorm.model(table=table)
    class One:
        name: str
        until: datetime | None = adorm.ttl()
        key = adorm.key("ONE#{name}", "ONE")

    @adorm.model(table=table)
    class Two:
        name: str
        ends_at: datetime | None = adorm.ttl()
        key = adorm.key("TWO#{name}", "TWO")

    assert table.models == (One, Two)
    with pytest.raises(adorm.UsageError, match=r"One .* by the attribute 'until', those of Two by"):
        time_to_live_attribute(table)


def test_more_indexes_than_dynamodb_takes_are_refused() -> None:
    table = adorm.SingleTable(
        "shop", indexes=[adorm.GlobalIndex(f"GSI{n}", partition=f"G{n}") for n in range(21)]
    )

    @adorm.model(table=table)
    class One:
        name: str
        key = adorm.key("ONE#{name}", "ONE")

    assert table.models == (One,)
    with pytest.raises(adorm.UsageError, match="have 21 global indexes; DynamoDB takes 20"):
        single_table_request(table, "shop", "on_demand", None)


async def test_a_table_without_models_is_refused() -> None:
    async with adorm.connect("memory") as db:
        with pytest.raises(adorm.UsageError, match="has no models, and they tell the types"):
            await db.create_table(adorm.SingleTable("empty"))
