"""Ensuring a table: created where it is missing, compared where it is there."""

from __future__ import annotations

from typing import Any

import pytest

from adorm.errors import (
    AccessDenied,
    UsageError,
)
from adorm.models import model_info
from adorm.tables.descriptions import differences, read_description
from adorm.tables.options import Provisioned
from adorm.tables.requests import create_table_request
from tests.support.scripted import refusal
from tests.support.scripted_tables import (
    ORDER_REQUEST,
    Bare,
    ScriptedTables,
    accepted,
    described,
    in_use,
    missing,
    told,
)

pytestmark = pytest.mark.anyio


async def test_ensuring_a_missing_table_creates_it() -> None:
    bench = ScriptedTables(missing(), accepted(described(status="CREATING")), told(described()))
    assert (await bench.ensure(billing=Provisioned(read_units=1, write_units=1))).is_active
    assert bench.operations == ["DescribeTable", "CreateTable", "DescribeTable"]
    assert bench.transport.sent[1][1]["BillingMode"] == "PROVISIONED"


async def test_ensuring_a_table_that_is_being_created_waits_for_it() -> None:
    bench = ScriptedTables(told(described(status="CREATING")), told(described()))
    assert (await bench.ensure()).is_active
    assert bench.operations == ["DescribeTable", "DescribeTable"]


async def test_ensuring_a_table_that_is_being_deleted_waits_for_its_end_and_creates_it() -> None:
    bench = ScriptedTables(
        told(described(status="DELETING")),
        told(described(status="DELETING")),
        missing(),
        accepted(described()),
    )
    assert (await bench.ensure()).is_active
    assert bench.operations == [*["DescribeTable"] * 3, "CreateTable"]
    assert bench.sleeps == [0.25, 0.5]


async def test_ensuring_what_someone_else_creates_at_the_same_moment_takes_theirs() -> None:
    bench = ScriptedTables(
        missing(), in_use(), told(described(status="CREATING")), told(described())
    )
    assert (await bench.ensure()).is_active
    assert bench.operations == ["DescribeTable", "CreateTable", "DescribeTable", "DescribeTable"]


async def test_ensuring_passes_other_refusals_on() -> None:
    with pytest.raises(AccessDenied):
        await ScriptedTables(missing(), refusal("AccessDeniedException")).ensure()


async def test_ensuring_names_each_difference_and_changes_nothing() -> None:
    found = described(
        {
            **ORDER_REQUEST,
            "AttributeDefinitions": [
                {**each, "AttributeType": "S"} if each["AttributeName"] == "order_id" else each
                for each in ORDER_REQUEST["AttributeDefinitions"]
            ],
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": "by-status",
                    "KeySchema": [{"AttributeName": "status", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["total"]},
                },
            ],
            "LocalSecondaryIndexes": [],
        }
    )
    bench = ScriptedTables(told(found))
    with pytest.raises(UsageError, match="table orders differs from Order") as refused:
        await bench.ensure()
    said = str(refused.value)
    assert (
        "the table's key is customer_id (HASH, S), order_id (RANGE, S), "
        "the model's is customer_id (HASH, S), order_id (RANGE, N)" in said
    )
    assert (
        "the key of index by-status is status (HASH, S), "
        "the model's is status (HASH, S), created_at (RANGE, S)" in said
    )
    assert (
        "index by-status holds the keys and total, the model's holds the keys and n, total" in said
    )
    assert "the global index by-total is missing: its key would be total (HASH, N)" in said
    assert "the local index by-age is missing" in said
    assert bench.operations == ["DescribeTable"]


def test_an_index_of_the_wrong_kind_is_a_difference() -> None:
    moved = described()
    moved["GlobalSecondaryIndexes"].append(
        {**moved["LocalSecondaryIndexes"].pop(), "IndexStatus": "ACTIVE"}
    )
    assert differences(ORDER_REQUEST, read_description(moved)) == [
        "index by-age is global, the model's is local"
    ]


@pytest.mark.parametrize(
    ("present", "wanted", "fits"),
    [
        ("ALL", "ALL", True),
        ("ALL", "KEYS_ONLY", True),
        ("ALL", ["total"], True),
        (["total", "n"], ["total"], True),
        (["total"], "KEYS_ONLY", True),
        (["total"], ["total", "n"], False),
        (["total"], "ALL", False),
        ("KEYS_ONLY", ["total"], False),
        ("KEYS_ONLY", "ALL", False),
    ],
)
def test_an_index_may_hold_more_than_the_model_says_but_not_less(
    present: str | list[str], wanted: str | list[str], fits: bool
) -> None:
    def with_projection(projection: str | list[str]) -> dict[str, Any]:
        said = (
            {"ProjectionType": projection}
            if isinstance(projection, str)
            else {"ProjectionType": "INCLUDE", "NonKeyAttributes": projection}
        )
        first, *rest = ORDER_REQUEST["GlobalSecondaryIndexes"]
        return {**ORDER_REQUEST, "GlobalSecondaryIndexes": [{**first, "Projection": said}, *rest]}

    found = read_description(described(with_projection(present)))
    assert (differences(with_projection(wanted), found) == []) is fits


async def test_an_index_beyond_the_models_is_fine() -> None:
    bench = ScriptedTables(told(described()))
    request = create_table_request(model_info(Bare), "orders")
    assert differences(request, await bench.ensure(model_info(Bare))) == []
