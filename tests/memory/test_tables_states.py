"""The descriptions and refusals of tables and indexes while a change is in progress."""

from __future__ import annotations

from typing import Any

import pytest

from tests.memory.table_setup import (
    ARN,
    START,
    UNITS,
    Tables,
    create_request,
    defined,
    index,
    provisioned,
)

DELAY_S = 10
IN_USE = "Attempt to change a resource which is still in use: "
STREAM_ON = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
NOT_FOUND = ("ResourceNotFoundException", "Requested resource not found")
ADD_INDEX: dict[str, Any] = {
    "AttributeDefinitions": defined(status="S"),
    "GlobalSecondaryIndexUpdates": [{"Create": index()}],
}
REMOVE_INDEX: dict[str, Any] = {
    "GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "by_status"}}]
}


def active(**changes: Any) -> Tables:
    """`orders`, ACTIVE, in an engine where changes take ten seconds."""
    tables = Tables(delay_s=DELAY_S)
    tables.create(**changes)
    tables.wait(DELAY_S)
    return tables


def indexed() -> Tables:
    return active(
        **provisioned(
            AttributeDefinitions=defined(pk="S", status="S"),
            GlobalSecondaryIndexes=[index(ProvisionedThroughput=UNITS)],
        )
    )


def status(tables: Tables) -> str:
    return str(tables.describe()["TableStatus"])


# --------------------------------------------------------------- being created


def test_a_table_is_creating_for_its_time() -> None:
    tables = Tables(delay_s=DELAY_S)
    tables.create(
        AttributeDefinitions=defined(pk="S", status="S"), GlobalSecondaryIndexes=[index()]
    )
    tables.wait(DELAY_S - 1)
    assert (status(tables), tables.index()["IndexStatus"]) == ("CREATING", "CREATING")
    assert tables.call("ListTables") == {"TableNames": ["orders"]}
    tables.wait(1)
    assert (status(tables), tables.index()["IndexStatus"]) == ("ACTIVE", "ACTIVE")


@pytest.mark.parametrize("operation", ["UpdateTable", "DeleteTable"])
def test_a_table_that_is_being_created_is_not_changed(operation: str) -> None:
    tables = Tables(delay_s=DELAY_S)
    tables.create()
    change = {"TableClass": "STANDARD"} if operation == "UpdateTable" else {}
    assert tables.refusal(operation, TableName="orders", **change) == (
        "ResourceInUseException",
        f"{IN_USE}Table is being created: orders",
    )


def test_the_settings_of_a_table_are_not_found_until_it_is_created() -> None:
    tables = Tables(delay_s=DELAY_S)
    tables.create(Tags=[{"Key": "team", "Value": "a"}])
    named = {"TableName": "orders"}
    assert tables.refusal("GetItem", **named, Key={"pk": {"S": "a"}}) == NOT_FOUND
    assert tables.refusal("CreateBackup", **named, BackupName="first")[0] == (
        "TableNotFoundException"
    )
    assert tables.refusal("ListTagsOfResource", ResourceArn=ARN)[0] == NOT_FOUND[0]
    assert tables.refusal("DescribeTimeToLive", **named) == (
        "ValidationException",
        (
            "Cannot describe time to live while table is in CREATING state: Current table state is"
            " CREATING"
        ),
    )
    tables.wait(DELAY_S)
    assert tables.call("ListTagsOfResource", ResourceArn=ARN) == {
        "Tags": [{"Key": "team", "Value": "a"}]
    }


# --------------------------------------------------------------- being deleted


def test_a_table_that_is_being_deleted_shows_little_and_then_is_gone() -> None:
    tables = active()
    tables.put(pk={"S": "a"})
    answer = tables.call("DeleteTable", TableName="orders")["TableDescription"]
    assert answer["TableStatus"] == "DELETING"
    assert "KeySchema" not in answer
    assert tables.refusal("GetItem", TableName="orders", Key={"pk": {"S": "a"}}) == NOT_FOUND
    assert tables.refusal("DeleteTable", TableName="orders") == (
        "ResourceInUseException",
        f"{IN_USE}Table is being deleted: orders",
    )
    assert tables.refusal("CreateTable", **create_request())[0] == "ResourceInUseException"
    tables.wait(DELAY_S)
    assert tables.call("ListTables") == {"TableNames": []}
    assert tables.refusal("DescribeTable", TableName="orders") == (
        "ResourceNotFoundException",
        "Requested resource not found: Table: orders not found",
    )


def test_a_new_table_of_the_same_name_is_another_one() -> None:
    tables = active()
    before = tables.describe()["TableId"]
    tables.put(pk={"S": "a"})
    tables.call("DeleteTable", TableName="orders")
    tables.wait(DELAY_S)
    tables.create()
    tables.wait(DELAY_S)
    described = tables.describe()
    assert described["TableId"] != before
    assert described["ItemCount"] == 0


# --------------------------------------------------------------- being updated


def test_a_table_is_updating_with_its_previous_units_and_can_be_used() -> None:
    tables = active(**provisioned())
    tables.update(ProvisionedThroughput={"ReadCapacityUnits": 9, "WriteCapacityUnits": 9})
    tables.wait(DELAY_S - 1)
    described = tables.describe()
    assert described["TableStatus"] == "UPDATING"
    assert described["ProvisionedThroughput"]["ReadCapacityUnits"] == 5
    tables.put(pk={"S": "a"})
    tables.wait(1)
    assert status(tables) == "ACTIVE"
    assert tables.describe()["ProvisionedThroughput"] == {
        "ReadCapacityUnits": 9,
        "WriteCapacityUnits": 9,
        "NumberOfDecreasesToday": 0,
        "LastIncreaseDateTime": START + 2 * DELAY_S,
    }


@pytest.mark.parametrize(
    ("first", "second", "detail"),
    [
        (
            {"ProvisionedThroughput": {"ReadCapacityUnits": 9, "WriteCapacityUnits": 9}},
            {"ProvisionedThroughput": {"ReadCapacityUnits": 8, "WriteCapacityUnits": 9}},
            "Table IOPS are currently being updated. Table: orders",
        ),
        (
            {"BillingMode": "PAY_PER_REQUEST"},
            {"StreamSpecification": STREAM_ON},
            "Can't enable or disable stream while table IOPS are being updated. Table: orders",
        ),
        (
            {"ProvisionedThroughput": {"ReadCapacityUnits": 9, "WriteCapacityUnits": 9}},
            REMOVE_INDEX,
            "Can't create or delete indexes while table IOPS are being updated. Table: orders",
        ),
        (
            REMOVE_INDEX,
            {"StreamSpecification": STREAM_ON},
            (
                "Can't change stream status when an index is being deleted. Table: orders Indexes:"
                " [by_status]"
            ),
        ),
        (
            {"TableClass": "STANDARD_INFREQUENT_ACCESS"},
            {"TableClass": "STANDARD"},
            (
                "Can't update table class when a table class update is in progress. Table: orders"
                " TableClassUpdateInProgress: STANDARD_INFREQUENT_ACCESS"
            ),
        ),
        (
            {"SSESpecification": {"Enabled": True}},
            {"SSESpecification": {"Enabled": False}},
            "Server-Side Encryption is still being updated",
        ),
    ],
)
def test_a_change_is_refused_while_another_one_that_it_would_disturb_is_in_progress(
    first: dict[str, Any], second: dict[str, Any], detail: str
) -> None:
    tables = indexed()
    tables.update(**first)
    assert tables.refused_update(**second) == ("ResourceInUseException", IN_USE + detail)
    tables.wait(DELAY_S)
    tables.update(**second)


def test_a_stream_that_is_being_turned_on_names_itself_in_the_refusal() -> None:
    tables = indexed()
    label = tables.update(StreamSpecification=STREAM_ON)["LatestStreamLabel"]
    detail = f"Table: orders Stream: {label} Operation: ENABLE"
    assert tables.refused_update(BillingMode="PAY_PER_REQUEST") == (
        "ResourceInUseException",
        f"{IN_USE}Can't change table IOPS when stream status is being updated. {detail}",
    )
    assert tables.refused_update(StreamSpecification={"StreamEnabled": False}) == (
        "ResourceInUseException",
        f"{IN_USE}A stream status change is currently in progress. {detail}",
    )


def test_encryption_changes_while_the_table_stays_active() -> None:
    tables = active()
    tables.update(SSESpecification={"Enabled": True})
    described = tables.describe()
    assert described["TableStatus"] == "ACTIVE"
    assert described["SSEDescription"] == {"Status": "UPDATING"}
    tables.wait(DELAY_S)
    assert tables.describe()["SSEDescription"]["Status"] == "ENABLED"


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        (
            {"StreamSpecification": STREAM_ON},
            "Cannot delete table while stream is being enabled/disabled.",
        ),
        (
            REMOVE_INDEX,
            "Cannot delete table while indexes are being created, updated, or deleted.",
        ),
        (
            {"ProvisionedThroughput": {"ReadCapacityUnits": 9, "WriteCapacityUnits": 9}},
            "Table: orders is in the process of being updated.",
        ),
    ],
)
def test_a_table_is_not_deleted_during_a_change(change: dict[str, Any], detail: str) -> None:
    tables = indexed()
    tables.update(**change)
    refusal = tables.refusal("DeleteTable", TableName="orders")
    assert refusal == ("ResourceInUseException", IN_USE + detail)
    tables.wait(DELAY_S)
    tables.call("DeleteTable", TableName="orders")


# --------------------------------------------------------------------- indexes


def test_a_new_index_is_allocated_then_filled_then_active() -> None:
    tables = active()
    tables.update(**ADD_INDEX)

    def seen() -> tuple[str, str, bool | None]:
        described = tables.index()
        return status(tables), described["IndexStatus"], described.get("Backfilling")

    assert seen() == ("UPDATING", "CREATING", False)
    tables.wait(DELAY_S / 2)
    assert seen() == ("ACTIVE", "CREATING", True)
    tables.wait(DELAY_S / 2)
    assert seen() == ("ACTIVE", "ACTIVE", None)


def test_a_new_index_follows_the_writes_that_are_made_meanwhile() -> None:
    tables = active()
    tables.put(pk={"S": "a"}, status={"S": "new"})
    tables.update(**ADD_INDEX)
    tables.put(pk={"S": "b"}, status={"S": "new"})
    tables.wait(DELAY_S)
    assert tables.index()["ItemCount"] == 2


def test_while_one_index_is_added_no_other_is() -> None:
    tables = active()
    tables.update(**ADD_INDEX)
    other = {
        **ADD_INDEX,
        "GlobalSecondaryIndexUpdates": [{"Create": index("another")}],
    }
    assert tables.refused_update(**other) == (
        "LimitExceededException",
        (
            "Subscriber limit exceeded: Only 1 online index can be created or deleted"
            " simultaneously per table"
        ),
    )
    tables.wait(DELAY_S)
    tables.update(**other)


def test_an_index_can_be_removed_once_it_is_being_filled() -> None:
    tables = active()
    tables.update(**ADD_INDEX)
    assert tables.refused_update(**REMOVE_INDEX) == (
        "ResourceInUseException",
        (
            f"{IN_USE}Index creation is in resource allocation phase. Retry deletion during"
            " backfilling phase or when the index is active. Table: orders Index: by_status"
        ),
    )
    tables.wait(DELAY_S / 2)
    tables.update(**REMOVE_INDEX)
    tables.wait(DELAY_S / 2)
    assert tables.index()["IndexStatus"] == "DELETING"
    tables.wait(DELAY_S / 2)
    assert "GlobalSecondaryIndexes" not in tables.describe()


def test_an_index_that_is_being_removed_is_left_alone() -> None:
    tables = indexed()
    tables.update(**REMOVE_INDEX)
    assert (status(tables), tables.index()["IndexStatus"]) == ("UPDATING", "DELETING")
    assert tables.refused_update(**REMOVE_INDEX) == (
        "ResourceInUseException",
        f"{IN_USE}Index is being deleted.  Table: orders Index: by_status",
    )


def test_an_index_is_updating_while_its_table_is_active() -> None:
    tables = indexed()
    units = {"ReadCapacityUnits": 9, "WriteCapacityUnits": 9}
    change = {"Update": {"IndexName": "by_status", "ProvisionedThroughput": units}}
    tables.update(GlobalSecondaryIndexUpdates=[change])
    described = tables.index()
    assert (status(tables), described["IndexStatus"]) == ("ACTIVE", "UPDATING")
    assert described["ProvisionedThroughput"]["ReadCapacityUnits"] == 5
    units["ReadCapacityUnits"] = 10
    assert tables.refused_update(GlobalSecondaryIndexUpdates=[change]) == (
        "ResourceInUseException",
        f"{IN_USE}Index is being updated.  Table: orders Index: by_status",
    )
    tables.wait(DELAY_S)
    assert tables.index()["ProvisionedThroughput"]["ReadCapacityUnits"] == 9


# ------------------------------------------------------------------------ time


def test_a_table_that_was_not_used_for_long_went_through_all_its_states() -> None:
    tables = active(**provisioned())
    tables.update(BillingMode="PAY_PER_REQUEST")
    tables.wait(1000 * DELAY_S)
    described = tables.describe()
    assert described["TableStatus"] == "ACTIVE"
    assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


def test_time_to_live_says_that_it_is_changing() -> None:
    tables = active()
    specification = {"Enabled": True, "AttributeName": "expires_at"}

    def seen() -> str:
        answer = tables.call("DescribeTimeToLive", TableName="orders")
        return str(answer["TimeToLiveDescription"]["TimeToLiveStatus"])

    tables.call("UpdateTimeToLive", TableName="orders", TimeToLiveSpecification=specification)
    assert (seen(), status(tables)) == ("ENABLING", "ACTIVE")
    tables.wait(DELAY_S)
    assert seen() == "ENABLED"
    tables.wait(3600)  # one change an hour
    specification["Enabled"] = False
    tables.call("UpdateTimeToLive", TableName="orders", TimeToLiveSpecification=specification)
    assert seen() == "DISABLING"
    tables.wait(DELAY_S)
    assert seen() == "DISABLED"
