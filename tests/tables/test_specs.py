"""What a `TableSpec` takes, and the CreateTable request that it makes."""

from __future__ import annotations

import re
from typing import Any

import pytest

import adorm
from adorm.errors import UsageError
from tests.tables.spec_setup import FULL, UNITS, Bare, Bench, Order

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"billing": "cheap"}, 'billing is "on_demand" or adorm.Provisioned'),
        ({"stream": "all"}, 'TableSpec(stream=\'all\'): expected one of "new", "old", "both"'),
        ({"table_class": "cold"}, "TableSpec(table_class='cold')"),
        ({"deletion_protection": 1}, "TableSpec(deletion_protection=1): expected True, False"),
        ({"time_to_live": "exp"}, "TableSpec(time_to_live='exp')"),
        ({"point_in_time_recovery": 36}, "TableSpec(point_in_time_recovery=36)"),
        ({"point_in_time_recovery": 0}, "a whole number from 1 to 35"),
        ({"encryption": ""}, "TableSpec(encryption=''): expected text that is not empty"),
        ({"warm_read_units_per_s": 0}, "TableSpec(warm_read_units_per_s=0)"),
        ({"max_write_units_per_s": 0}, "TableSpec(max_write_units_per_s=0)"),
        ({"max_read_units_per_s": 5, "billing": UNITS}, "only a table on demand has a maximum"),
        ({"index_billing": {"by-status": UNITS}}, "beside billing=Provisioned(...)"),
        ({"index_billing": {"by-status": 5}, "billing": UNITS}, "index 'by-status' is"),
        ({"tags": {"aws:team": "x"}}, "keys that begin with aws:"),
        ({"tags": {"t" * 129: "x"}}, "is too long"),
        ({"tags": {str(number): "x" for number in range(51)}}, "51 tags; a table has 50"),
        ({"name": "a b"}, "can't be a table's name"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said).replace(re.escape("(...)"), ".*")):
        adorm.TableSpec(Order, **options)


def test_what_contradicts_the_model_is_refused_when_the_spec_is_used() -> None:
    with pytest.raises(UsageError, match="Bare has no ttl field"):
        adorm.TableSpec(Bare, time_to_live=True).cloudformation()
    spec = adorm.TableSpec(Order, billing=UNITS, index_billing={"by-age": UNITS})
    with pytest.raises(UsageError, match="no global index 'by-age'; it has by-status, by-total"):
        spec.create_request()
    wrong: Any = "orders"
    with pytest.raises(UsageError, match="takes a model or a SingleTable, not 'orders'"):
        adorm.TableSpec(wrong)


def test_a_create_request_holds_what_the_spec_says() -> None:
    request = FULL.create_request()
    units = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 4}
    assert request["ProvisionedThroughput"] == units
    assert [each["ProvisionedThroughput"] for each in request["GlobalSecondaryIndexes"]] == [
        units,
        {"ReadCapacityUnits": 2, "WriteCapacityUnits": 1},
    ]
    expected = {
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        "DeletionProtectionEnabled": True,
        "SSESpecification": {"Enabled": True, "SSEType": "KMS"},
        "TableClass": "STANDARD_INFREQUENT_ACCESS",
        "Tags": [{"Key": "team", "Value": "shop"}, {"Key": "stage", "Value": "test"}],
        "WarmThroughput": {"ReadUnitsPerSecond": 13_000, "WriteUnitsPerSecond": 5_000},
    }
    assert request | expected == request
    assert adorm.TableSpec(Bare).create_request() == {
        "TableName": "orders",
        "AttributeDefinitions": [
            {"AttributeName": "customer_id", "AttributeType": "S"},
            {"AttributeName": "order_id", "AttributeType": "S"},
        ],
        "KeySchema": [
            {"AttributeName": "customer_id", "KeyType": "HASH"},
            {"AttributeName": "order_id", "KeyType": "RANGE"},
        ],
        "BillingMode": "PAY_PER_REQUEST",
    }


async def test_a_table_is_made_as_its_spec_says_and_found_so() -> None:
    bench = Bench(delay_s=2.0)
    async with bench.connect() as db:
        assert (await db.create_table(FULL)).billing == UNITS
        assert str(await db.diff(FULL)) == "orders: nothing to change"
        bench.recorder.clear()
        await db.ensure_table(FULL)
        assert not {"UpdateTable", "UpdateTimeToLive"} & set(bench.recorder.operations)


async def test_ensuring_alters_no_setting_and_names_the_difference() -> None:
    bench = Bench()
    async with bench.connect() as db:
        await db.create_table(Order)
        with pytest.raises(UsageError, match=r"billing provisioned 5/4; .*db\.diff\(spec\) plans"):
            await db.ensure_table(FULL)
        assert bench.changes == []


async def test_ensuring_switches_on_what_create_table_does_not_take() -> None:
    bench = Bench()
    spec = adorm.TableSpec(Order, point_in_time_recovery=True)
    async with bench.connect() as db:
        await db.create_table(Order, time_to_live=False)
        await db.ensure_table(spec)
        assert str(await db.diff(spec)) == "orders: nothing to change"
        off = adorm.TableSpec(Order, point_in_time_recovery=False)
        with pytest.raises(UsageError, match="point-in-time recovery off"):
            await db.ensure_table(off)


async def test_options_beside_a_spec_are_refused() -> None:
    async with Bench().connect() as db:
        with pytest.raises(UsageError, match="name, billing: a TableSpec has these options itself"):
            await db.create_table(FULL, name="other", billing="on_demand")


async def test_a_spec_of_a_single_table_is_of_the_whole_of_it() -> None:
    shop = adorm.SingleTable(
        "shop", indexes=[adorm.GlobalIndex("GSI1", partition="GSI1PK", sort="GSI1SK")]
    )

    @adorm.model(table=shop)
    class Customer:
        name: str
        key = adorm.key("CUSTOMER#{name}", "CUSTOMER#{name}")

    async with Bench().connect() as db:
        await db.create_table(Customer)
        for model in (shop, Customer):
            assert (await db.diff(adorm.TableSpec(model, billing="on_demand"))).is_empty
    assert "shop" in str(adorm.TableSpec(shop).terraform())
