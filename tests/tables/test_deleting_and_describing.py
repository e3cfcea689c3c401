"""Deleting a table, and what a description tells."""

from __future__ import annotations

from datetime import UTC, datetime

import attrs
import pytest

from adorm.errors import (
    DeadlineExceeded,
    ResourceNotFound,
    ServiceError,
)
from adorm.tables.options import Provisioned
from adorm.tables.requests import create_table_request
from tests.support.scripted import lost
from tests.support.scripted_tables import (
    ORDER,
    ScriptedTables,
    accepted,
    described,
    in_use,
    missing,
    told,
)

pytestmark = pytest.mark.anyio


async def test_deleting_waits_until_the_table_is_gone() -> None:
    deleting = described(status="DELETING", TableId="t1")
    bench = ScriptedTables(accepted(deleting), told(deleting), told(deleting), missing())
    await bench.delete()
    assert bench.operations == ["DeleteTable", *["DescribeTable"] * 3]
    assert bench.sleeps == [0.25, 0.5]


async def test_deleting_without_waiting_sends_one_request() -> None:
    bench = ScriptedTables(accepted(described(status="DELETING")))
    await bench.delete(wait=False)
    assert bench.operations == ["DeleteTable"]


async def test_a_new_table_of_the_same_name_is_not_waited_for() -> None:
    bench = ScriptedTables(
        accepted(described(status="DELETING", TableId="t1")),
        told(described(status="CREATING", TableId="t2")),
    )
    await bench.delete()
    assert bench.operations == ["DeleteTable", "DescribeTable"]


async def test_deleting_a_missing_table_is_an_error_unless_told_otherwise() -> None:
    with pytest.raises(ResourceNotFound, match="DeleteTable on orders"):
        await ScriptedTables(missing("DeleteTable")).delete()
    await ScriptedTables(missing("DeleteTable")).delete(missing_ok=True)


async def test_a_table_that_is_missing_after_a_lost_answer_was_deleted() -> None:
    bench = ScriptedTables(lost(), missing())
    await bench.delete()
    assert bench.operations == ["DeleteTable", "DeleteTable"]


async def test_a_table_that_cant_be_deleted_yet_says_when_it_can() -> None:
    with pytest.raises(ServiceError) as refused:
        await ScriptedTables(in_use()).delete()
    assert refused.value.code == "ResourceInUseException"
    assert "when it is ACTIVE" in "".join(refused.value.__notes__)


async def test_a_table_that_does_not_go_is_named() -> None:
    bench = ScriptedTables(
        accepted(described(status="DELETING")), *[told(described(status="DELETING"))] * 9
    )
    with pytest.raises(
        DeadlineExceeded,
        match=r"DeleteTable on orders: the table is not gone within 3 s \(last status: DELETING",
    ):
        await bench.delete(timeout_s=3)


async def test_a_description_tells_what_there_is() -> None:
    raw = described(
        create_table_request(ORDER, "orders", billing=Provisioned(read_units=5, write_units=2)),
        ItemCount=7,
        TableSizeBytes=700,
        TableArn="arn:aws:dynamodb:eu-central-1:1:table/orders",
        CreationDateTime=1767225600.25,
    )
    raw["GlobalSecondaryIndexes"][0] |= {
        "IndexStatus": "CREATING",
        "Backfilling": True,
        "ItemCount": 3,
        "IndexSizeBytes": 30,
    }
    del raw["BillingModeSummary"]  # a table that was always provisioned has none
    description = await ScriptedTables(told(raw)).calls.describe_table("orders")
    assert (
        description.name,
        description.status,
        description.item_count,
        description.size_bytes,
    ) == ("orders", "ACTIVE", 7, 700)
    assert description.arn == "arn:aws:dynamodb:eu-central-1:1:table/orders"
    assert description.created_at == datetime(2026, 1, 1, 0, 0, 0, 250000, tzinfo=UTC)
    assert description.billing == Provisioned(read_units=5, write_units=2)
    assert [str(part) for part in description.key] == [
        "customer_id (HASH, S)",
        "order_id (RANGE, N)",
    ]
    assert list(description.indexes) == ["by-status", "by-total", "by-age"]
    by_status, by_age = description.indexes["by-status"], description.indexes["by-age"]
    assert (by_status.is_global, by_status.status, by_status.backfilling) == (
        True,
        "CREATING",
        True,
    )
    assert (by_status.projection, by_status.item_count, by_status.size_bytes) == (
        ("n", "total"),
        3,
        30,
    )
    assert (by_age.is_global, by_age.status, by_age.projection) == (False, "ACTIVE", "KEYS_ONLY")
    assert not description.is_active
    assert description.progress == "ACTIVE, index by-status CREATING"
    assert description.raw == raw
    assert "AttributeDefinitions" not in repr(description)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        description.status = "DELETING"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]  # that is the test
