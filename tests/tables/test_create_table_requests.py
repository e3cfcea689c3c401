"""The CreateTable request for a model, exactly, and the names of tables."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from typing import Any

import pytest

from adorm.dynamodb.table_names import check_table_name
from adorm.errors import (
    UsageError,
)
from adorm.tables.descriptions import differences, read_description
from adorm.tables.lifecycle import delete_table, describe_table
from adorm.tables.options import Provisioned
from adorm.tables.requests import create_table_request
from tests.support.scripted_tables import (
    MATCH,
    ORDER,
    ORDER_REQUEST,
    PRICE,
    SESSION_REQUEST,
    ScriptedTables,
    described,
)

pytestmark = pytest.mark.anyio


def test_a_create_request_defines_each_key_attribute_once_and_no_other() -> None:
    assert ORDER_REQUEST == {
        "TableName": "orders",
        "AttributeDefinitions": [
            {"AttributeName": "customer_id", "AttributeType": "S"},
            {"AttributeName": "order_id", "AttributeType": "N"},
            {"AttributeName": "status", "AttributeType": "S"},
            {"AttributeName": "created_at", "AttributeType": "S"},
            {"AttributeName": "total", "AttributeType": "N"},
        ],
        "KeySchema": [
            {"AttributeName": "customer_id", "KeyType": "HASH"},
            {"AttributeName": "order_id", "KeyType": "RANGE"},
        ],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "by-status",
                "KeySchema": [
                    {"AttributeName": "status", "KeyType": "HASH"},
                    {"AttributeName": "created_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["total", "n"]},
            },
            {
                "IndexName": "by-total",
                "KeySchema": [{"AttributeName": "total", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            },
        ],
        "LocalSecondaryIndexes": [
            {
                "IndexName": "by-age",
                "KeySchema": [
                    {"AttributeName": "customer_id", "KeyType": "HASH"},
                    {"AttributeName": "created_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
        "BillingMode": "PAY_PER_REQUEST",
    }


def test_a_table_without_sort_key_and_indexes_asks_for_neither() -> None:
    assert SESSION_REQUEST == {
        "TableName": "sessions",
        "AttributeDefinitions": [{"AttributeName": "token", "AttributeType": "B"}],
        "KeySchema": [{"AttributeName": "token", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }


def test_several_attributes_a_side_are_listed_in_order_first_the_partition_then_the_sort() -> None:
    request = create_table_request(MATCH, "matches")
    by_round, by_player = request["GlobalSecondaryIndexes"]
    assert by_round["KeySchema"] == [
        {"AttributeName": "tournament", "KeyType": "HASH"},
        {"AttributeName": "region", "KeyType": "HASH"},
        {"AttributeName": "round", "KeyType": "RANGE"},
        {"AttributeName": "bracket", "KeyType": "RANGE"},
        {"AttributeName": "id", "KeyType": "RANGE"},
    ]
    assert {
        each["AttributeName"]: each["AttributeType"] for each in request["AttributeDefinitions"]
    } == {
        "id": "S",
        "tournament": "S",
        "region": "S",
        "round": "N",
        "bracket": "S",
        "player": "B",
    }
    assert by_player["Projection"] == {"ProjectionType": "KEYS_ONLY"}, (
        "nothing is left of [id, player] but keys"
    )


def test_a_description_lists_each_attribute_of_a_side_and_comparing_minds_their_order() -> None:
    request = create_table_request(MATCH, "matches")
    description = read_description(described(request))
    assert [str(part) for part in description.indexes["by-round"].key] == [
        "tournament (HASH, S)",
        "region (HASH, S)",
        "round (RANGE, N)",
        "bracket (RANGE, S)",
        "id (RANGE, S)",
    ]
    assert differences(request, description) == []
    swapped = described(request)
    swapped["GlobalSecondaryIndexes"][0]["KeySchema"] = [
        *reversed(request["GlobalSecondaryIndexes"][0]["KeySchema"][:2])
    ]
    assert len(differences(request, read_description(swapped))) == 1, (
        "the order of a key's attributes is part of it"
    )


def test_provisioned_capacity_goes_to_the_table_and_each_global_index() -> None:
    request = create_table_request(
        ORDER, "orders", billing=Provisioned(read_units=5, write_units=2)
    )
    units = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 2}
    assert request["BillingMode"] == "PROVISIONED"
    assert request["ProvisionedThroughput"] == units
    assert [index["ProvisionedThroughput"] for index in request["GlobalSecondaryIndexes"]] == [
        units,
        units,
    ]
    assert "ProvisionedThroughput" not in request["LocalSecondaryIndexes"][0], (
        "it shares the table's"
    )


def test_a_key_that_only_a_hook_can_store_asks_for_its_type_and_takes_it() -> None:
    with pytest.raises(
        UsageError,
        match=r"Price\.price is a key, and a hook of yours stores Money: .*\{'price': 'S'\}",
    ):
        create_table_request(PRICE, "prices")
    request = create_table_request(PRICE, "prices", key_types={"price": "N"})
    assert request["AttributeDefinitions"] == [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "price", "AttributeType": "N"},
    ]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"key_types": {"prize": "S"}}, "Price has no field 'prize'; did you mean 'price'?"),
        ({"key_types": {"price": "BOOL"}}, "Price.price is 'S', 'N' or 'B', not 'BOOL'"),
        ({"billing": "cheap"}, 'billing is "on_demand" or adorm.Provisioned'),
    ],
)
def test_wrong_options_are_refused_by_name(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        create_table_request(PRICE, "prices", **options)


def test_a_type_for_a_field_that_is_no_key_is_refused() -> None:
    with pytest.raises(
        UsageError,
        match=r"Order\.note is no key; the keys are customer_id, order_id, status, created_at, ",
    ):
        create_table_request(ORDER, "orders", key_types={"note": "S"})


@pytest.mark.parametrize("units", [0, -1, 1.5, True, "5"])
def test_capacity_units_are_positive_whole_numbers(units: Any) -> None:
    with pytest.raises(UsageError, match="read_units"):
        Provisioned(read_units=units, write_units=1)


@pytest.mark.parametrize("name", ["abc", "a.b-c_D9", "x" * 255])
def test_good_table_names_are_taken(name: str) -> None:
    assert check_table_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "ab", "x" * 256, "a b c", "orders\n", "größe", "a/b/c", "a:b:c", None, 5, b"orders"],
)
async def test_bad_table_names_are_refused_before_anything_is_sent(name: Any) -> None:
    with pytest.raises(UsageError, match="table's name"):
        create_table_request(ORDER, name)
    bench = ScriptedTables()
    works: list[Awaitable[object]] = [
        delete_table(bench.calls, name, 1.0, missing_ok=False, wait=False),
        describe_table(bench.calls, name),
    ]
    if name is not None:  # which stands for the name that the model gives
        works += [bench.create(name=name), bench.ensure(name=name)]
    for work in works:
        with pytest.raises(UsageError, match="table's name"):
            await work
    assert bench.operations == []
