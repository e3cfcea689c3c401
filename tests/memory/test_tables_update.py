"""UpdateTable: its refusals, and its changes if nothing takes time."""

from __future__ import annotations

from typing import Any

import pytest

from tests.memory.table_setup import (
    START,
    UNITS,
    Tables,
    create_request,
    defined,
    index,
    key,
    provisioned,
)

WRONG = "One or more parameter values were invalid: "
INDEXED = {"AttributeDefinitions": defined(pk="S", status="S"), "GlobalSecondaryIndexes": [index()]}
STREAM_ON = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}


def units(read: int, write: int) -> dict[str, int]:
    return {"ReadCapacityUnits": read, "WriteCapacityUnits": write}


def table(**changes: Any) -> Tables:
    tables = Tables()
    tables.create(**changes)
    return tables


def provisioned_with_index() -> Tables:
    return table(
        **provisioned(
            AttributeDefinitions=defined(pk="S", status="S"),
            GlobalSecondaryIndexes=[index(ProvisionedThroughput=UNITS)],
        )
    )


def refused(tables: Tables, **changes: Any) -> str:
    code, text = tables.refused_update(**changes)
    assert code == "ValidationException"
    return text


def adding(name: str = "by_status", attribute: str = "status", **changes: Any) -> dict[str, Any]:
    return {
        "AttributeDefinitions": defined(**{attribute: "S"}),
        "GlobalSecondaryIndexUpdates": [{"Create": index(name, attribute, **changes)}],
    }


def removing(name: str = "by_status") -> dict[str, Any]:
    return {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": name}}]}


def changing(throughput: dict[str, int], name: str = "by_status") -> dict[str, Any]:
    update = {"IndexName": name, "ProvisionedThroughput": throughput}
    return {"GlobalSecondaryIndexUpdates": [{"Update": update}]}


# --------------------------------------------------------------------- requests


def test_a_request_that_changes_nothing_is_refused() -> None:
    tables = table()
    text = refused(tables)
    assert text.startswith("At least one of ProvisionedThroughput, BillingMode, ")
    assert text.endswith("WarmThroughput or TableClass is required")
    assert refused(tables, AttributeDefinitions=defined(pk="S")) == text


def test_a_missing_table_is_not_found() -> None:
    assert Tables().refused_update(BillingMode="PAY_PER_REQUEST") == (
        "ResourceNotFoundException",
        "Requested resource not found: Table: orders not found",
    )


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"SSESpecification": {"Enabled": True}}, "Server-Side Encryption modification"),
        ({"TableClass": "STANDARD"}, "TableClass modification"),
        ({"DeletionProtectionEnabled": True}, "DeletionProtection modification"),
        ({"WarmThroughput": {"ReadUnitsPerSecond": 20_000}}, "WarmThroughput"),
        ({"ReplicaUpdates": [{"Create": {"RegionName": "eu-west-1"}}]}, "Replica modification"),
    ],
)
def test_most_changes_are_alone_in_their_request(changes: dict[str, Any], what: str) -> None:
    assert refused(table(), **changes, StreamSpecification=STREAM_ON) == (
        f"{WRONG}{what} must be the only operation in the request"
    )


def test_streams_units_and_indexes_are_changed_one_after_the_other() -> None:
    tables = provisioned_with_index()
    assert refused(tables, StreamSpecification=STREAM_ON, ProvisionedThroughput=units(9, 9)) == (
        f"{WRONG}You cannot modify stream status while updating table IOPS"
    )
    assert refused(tables, StreamSpecification=STREAM_ON, **removing()) == (
        f"{WRONG}You cannot create or delete index while changing stream status"
    )
    assert refused(tables, ProvisionedThroughput=units(9, 9), **removing()) == (
        f"{WRONG}You cannot create or delete index while updating table IOPS"
    )


# ------------------------------------------------------------------- throughput


def test_the_answer_shows_the_previous_units_and_the_next_one_the_new_units() -> None:
    tables = table(**provisioned())
    tables.wait(10)
    answer = tables.update(ProvisionedThroughput=units(9, 2))
    assert answer["TableStatus"] == "UPDATING"
    moments = {
        "LastIncreaseDateTime": START + 10,
        "LastDecreaseDateTime": START + 10,
    }
    assert answer["ProvisionedThroughput"] == {**UNITS, "NumberOfDecreasesToday": 0, **moments}
    described = tables.describe()
    assert described["TableStatus"] == "ACTIVE"
    assert described["ProvisionedThroughput"] == {
        **units(9, 2),
        "NumberOfDecreasesToday": 1,
        **moments,
    }


def test_the_units_that_a_table_has_are_no_change() -> None:
    tables = provisioned_with_index()
    assert refused(tables, ProvisionedThroughput=UNITS).startswith(
        "The provisioned throughput for the table will not change. The requested value equals the"
        " current value. Current ReadCapacityUnits provisioned for the table: 5. Requested"
        " ReadCapacityUnits: 5. "
    )
    assert refused(tables, **changing(UNITS)).startswith(
        "The provisioned throughput for the index by_status will not change."
    )


def test_after_four_decreases_in_a_day_there_is_one_an_hour() -> None:
    tables = table(**provisioned(ProvisionedThroughput=units(100, 100)))
    for n in range(4):
        tables.wait(60)
        tables.update(ProvisionedThroughput=units(90 - n, 100))
        assert tables.describe()["ProvisionedThroughput"]["NumberOfDecreasesToday"] == n + 1
    code, text = tables.refused_update(ProvisionedThroughput=units(10, 100))
    assert code == "LimitExceededException"
    assert "Number of decreases today: 4." in text
    assert text.endswith(
        "Last decrease at Tuesday, November 14, 2023 at 10:17:20 PM Coordinated Universal Time."
        " Next decrease can be made at Tuesday, November 14, 2023 at 11:17:20 PM Coordinated"
        " Universal Time"
    )
    tables.update(ProvisionedThroughput=units(87, 101))
    tables.wait(3600)
    tables.update(ProvisionedThroughput=units(10, 100))
    assert tables.describe()["ProvisionedThroughput"]["NumberOfDecreasesToday"] == 5
    tables.wait(3600)
    assert tables.describe()["ProvisionedThroughput"]["NumberOfDecreasesToday"] == 0


def test_a_table_changes_from_provisioned_to_on_demand_and_back() -> None:
    tables = provisioned_with_index()
    tables.wait(1)
    answer = tables.update(BillingMode="PAY_PER_REQUEST")
    assert answer["TableStatus"] == "UPDATING"
    assert answer["BillingModeSummary"] == {"BillingMode": "PAY_PER_REQUEST"}
    described = tables.describe()
    assert described["BillingModeSummary"] == {
        "BillingMode": "PAY_PER_REQUEST",
        "LastUpdateToPayPerRequestDateTime": START + 1,
    }
    assert described["ProvisionedThroughput"]["ReadCapacityUnits"] == 0
    assert tables.index()["ProvisionedThroughput"]["WriteCapacityUnits"] == 0
    assert refused(tables, ProvisionedThroughput=UNITS) == (
        f"{WRONG}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when"
        " BillingMode is PAY_PER_REQUEST"
    )
    back = {"BillingMode": "PROVISIONED", "ProvisionedThroughput": units(7, 8)}
    assert refused(tables, BillingMode="PROVISIONED") == (
        f"{WRONG}ProvisionedThroughput must be specified when BillingMode is PROVISIONED"
    )
    assert refused(tables, **back) == (
        f"{WRONG}ProvisionedThroughput must be specified for index: by_status"
    )
    tables.update(**back, **changing(units(1, 2)))
    described = tables.describe()
    assert described["BillingModeSummary"] == {
        "BillingMode": "PROVISIONED",
        "LastUpdateToPayPerRequestDateTime": START + 1,
    }
    assert described["ProvisionedThroughput"]["ReadCapacityUnits"] == 7
    assert tables.index()["ProvisionedThroughput"]["WriteCapacityUnits"] == 2


def test_the_same_billing_mode_again_is_no_error() -> None:
    tables = table()
    assert tables.update(BillingMode="PAY_PER_REQUEST")["TableStatus"] == "UPDATING"
    assert tables.describe()["TableStatus"] == "ACTIVE"


def test_limits_on_demand_are_set_and_removed_one_by_one() -> None:
    tables = table()
    tables.update(OnDemandThroughput={"MaxReadRequestUnits": 10, "MaxWriteRequestUnits": 20})
    tables.update(OnDemandThroughput={"MaxReadRequestUnits": -1})
    assert tables.describe()["OnDemandThroughput"] == {"MaxWriteRequestUnits": 20}
    assert refused(tables, OnDemandThroughput={"MaxReadRequestUnits": 0}).startswith(
        f"{WRONG}Requested MaxReadRequestUnits for OnDemandThroughput for table is outside"
    )
    tables.update(BillingMode="PROVISIONED", ProvisionedThroughput=UNITS)
    assert "OnDemandThroughput" not in tables.describe()


def test_warm_throughput_only_grows() -> None:
    tables = table()
    answer = tables.update(WarmThroughput={"ReadUnitsPerSecond": 20_000})
    assert (answer["TableStatus"], answer["WarmThroughput"]["Status"]) == ("ACTIVE", "UPDATING")
    assert tables.describe()["WarmThroughput"] == {
        "ReadUnitsPerSecond": 20_000,
        "WriteUnitsPerSecond": 4_000,
        "Status": "ACTIVE",
    }
    assert refused(tables, WarmThroughput={"ReadUnitsPerSecond": 19_999}) == (
        f"{WRONG}Requested ReadUnitsPerSecond for WarmThroughput for table is lower than current"
        " WarmThroughput, decreasing WarmThroughput is not supported"
    )


# ---------------------------------------------------------------------- indexes


def test_a_new_index_holds_the_items_that_its_key_can_take() -> None:
    tables = table()
    tables.put(pk={"S": "a"}, status={"S": "new"})
    tables.put(pk={"S": "b"}, status={"N": "1"})
    tables.put(pk={"S": "c"}, status={"S": ""})
    tables.put(pk={"S": "d"})
    answer = tables.update(**adding())
    assert answer["TableStatus"] == "UPDATING"
    assert answer["AttributeDefinitions"] == defined(pk="S", status="S")
    (described,) = answer["GlobalSecondaryIndexes"]
    assert (described["IndexStatus"], described["Backfilling"]) == ("CREATING", False)
    described = tables.index()
    assert described["IndexStatus"] == "ACTIVE"
    assert "Backfilling" not in described
    assert described["ItemCount"] == 1


def test_an_item_that_a_new_index_left_out_can_still_be_changed() -> None:
    tables = table()
    tables.put(pk={"S": "a"}, status={"S": "new"})
    tables.put(pk={"S": "b"}, status={"N": "1"})
    tables.update(**adding())
    tables.call(
        "UpdateItem",
        TableName="orders",
        Key={"pk": {"S": "b"}},
        UpdateExpression="SET note = :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )
    assert tables.index()["ItemCount"] == 1
    tables.put(pk={"S": "b"}, status={"S": "old"})
    assert tables.index()["ItemCount"] == 2
    tables.call("DeleteItem", TableName="orders", Key={"pk": {"S": "b"}})
    assert tables.index()["ItemCount"] == 1


def test_removing_an_index_removes_its_attribute_definitions() -> None:
    tables = table(**INDEXED)
    answer = tables.update(**removing())
    assert answer["GlobalSecondaryIndexes"][0]["IndexStatus"] == "DELETING"
    described = tables.describe()
    assert "GlobalSecondaryIndexes" not in described
    assert described["AttributeDefinitions"] == defined(pk="S")
    assert tables.refused_update(**removing()) == (
        "ResourceNotFoundException",
        "Requested resource not found: Index by_status for table orders",
    )


def test_the_name_of_an_index_can_be_used_once() -> None:
    assert refused(table(**INDEXED), **adding()) == (
        "Attempting to create an index which already exists"
    )


def test_a_new_index_says_what_its_attributes_are() -> None:
    tables = table()
    create = {"GlobalSecondaryIndexUpdates": [{"Create": index()}]}
    assert refused(tables, **create) == (
        f"{WRONG}AttributeDefinitions is not specified for index: by_status"
    )
    assert refused(tables, **create, AttributeDefinitions=defined(pk="S")) == (
        f"{WRONG}Some index key attributes are not defined in AttributeDefinitions. Keys:"
        " [status], AttributeDefinitions: [pk]"
    )


def test_a_new_index_can_not_give_an_attribute_another_type() -> None:
    text = refused(
        table(),
        AttributeDefinitions=defined(pk="N", status="S"),
        GlobalSecondaryIndexUpdates=[{"Create": index("by_both", "status", "pk")}],
    )
    assert text == (
        f"{WRONG}Attributes cannot be redefined. Please check that your attribute has the same"
        " type as previously defined. Existing schema: Schema:[SchemaElement: key{pk:S:HASH}] New"
        " schema: Schema:[SchemaElement: key{status:S:HASH}, SchemaElement: key{pk:N:RANGE}]"
    )


def test_a_new_index_has_units_as_its_table_has() -> None:
    assert refused(table(), **adding(ProvisionedThroughput=UNITS)) == (
        f"{WRONG}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index:"
        " by_status when BillingMode is PAY_PER_REQUEST"
    )
    assert refused(table(**provisioned()), **adding()) == (
        f"{WRONG}Both ReadCapacityUnits and WriteCapacityUnits must be specified for index:"
        " by_status"
    )


def test_one_index_is_added_or_removed_at_a_time() -> None:
    two = [{"Create": index(name)} for name in ("first", "second")]
    code, text = table().refused_update(
        AttributeDefinitions=defined(status="S"), GlobalSecondaryIndexUpdates=two
    )
    assert (code, text) == (
        "LimitExceededException",
        (
            "Subscriber limit exceeded: Only 1 online index can be created or deleted"
            " simultaneously per table"
        ),
    )


def test_an_index_action_stands_alone_and_names_each_index_once() -> None:
    tables = provisioned_with_index()
    assert refused(tables, GlobalSecondaryIndexUpdates=[], ProvisionedThroughput=units(9, 9)) == (
        f"{WRONG}List of GlobalSecondaryIndexUpdates is empty"
    )
    both = {
        "Delete": {"IndexName": "by_status"},
        "Update": {"IndexName": "by_status", "ProvisionedThroughput": units(1, 1)},
    }
    assert refused(tables, GlobalSecondaryIndexUpdates=[both]) == (
        f"{WRONG}Only one global secondary index action is allowed per"
        " GlobalSecondaryIndexUpdate object"
    )
    twice = [{member: each} for member, each in both.items()]
    assert refused(tables, GlobalSecondaryIndexUpdates=twice) == (
        f"{WRONG}Only one global secondary index update per index is allowed simultaneously."
        " Index: by_status"
    )


def test_a_twenty_first_index_is_too_many() -> None:
    many = [index(f"index{n}") for n in range(20)]
    tables = table(AttributeDefinitions=defined(pk="S", status="S"), GlobalSecondaryIndexes=many)
    assert tables.refused_update(**adding("more")) == (
        "LimitExceededException",
        (
            "Subscriber limit exceeded: Number of global secondary indexes exceeds per-table limit"
            " of 20"
        ),
    )


def test_the_units_of_an_index_are_its_own() -> None:
    tables = provisioned_with_index()
    tables.wait(1)
    answer = tables.update(**changing(units(6, 4)))
    assert answer["TableStatus"] == "ACTIVE"
    assert answer["GlobalSecondaryIndexes"][0]["IndexStatus"] == "UPDATING"
    assert tables.index()["ProvisionedThroughput"] == {
        **units(6, 4),
        "NumberOfDecreasesToday": 1,
        "LastIncreaseDateTime": START + 1,
        "LastDecreaseDateTime": START + 1,
    }
    assert tables.describe()["ProvisionedThroughput"] == {**UNITS, "NumberOfDecreasesToday": 0}


def test_the_limits_of_an_index_are_its_own() -> None:
    tables = table(**INDEXED)
    limits = {"MaxWriteRequestUnits": 7}
    update = {"IndexName": "by_status", "OnDemandThroughput": limits}
    tables.update(GlobalSecondaryIndexUpdates=[{"Update": update}])
    assert tables.index()["OnDemandThroughput"] == limits
    warm = {"ReadUnitsPerSecond": 20_000}
    update = {"IndexName": "by_status", "WarmThroughput": warm}
    tables.update(GlobalSecondaryIndexUpdates=[{"Update": update}])
    assert tables.index()["WarmThroughput"]["ReadUnitsPerSecond"] == 20_000
    assert "OnDemandThroughput" not in tables.describe()


def test_a_local_index_can_not_be_changed() -> None:
    tables = table(
        KeySchema=key("pk", "sk"),
        AttributeDefinitions=defined(pk="S", sk="S", status="S"),
        LocalSecondaryIndexes=[index("local", "pk", "status")],
    )
    assert refused(tables, **removing("local")) == (
        "Cannot delete an index that is not a GlobalSecondaryIndex: local"
    )


# --------------------------------------------------------------------- settings


def test_a_stream_is_turned_on_and_off() -> None:
    tables = table()
    off = {"StreamEnabled": False}
    assert refused(tables, StreamSpecification=off) == (
        "Table has no stream to disable: TableName: orders"
    )
    answer = tables.update(StreamSpecification=STREAM_ON)
    assert answer["StreamSpecification"] == STREAM_ON
    arn = tables.describe()["LatestStreamArn"]
    assert answer["LatestStreamArn"] == arn
    assert refused(tables, StreamSpecification=STREAM_ON) == (
        "Table already has an enabled stream: TableName: orders"
    )
    tables.update(StreamSpecification=off)
    described = tables.describe()
    assert "StreamSpecification" not in described
    assert described["LatestStreamArn"] == arn
    description = tables.call("DescribeStream", StreamArn=arn)["StreamDescription"]
    assert description["StreamStatus"] == "DISABLED"


def test_encryption_goes_to_a_key_and_back() -> None:
    tables = table()
    assert refused(tables, SSESpecification={"Enabled": False}) == (
        f"{WRONG}Table is already encrypted by default"
    )
    with_key = {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": "alias/mine"}
    answer = tables.update(SSESpecification=with_key)
    assert (answer["TableStatus"], answer["SSEDescription"]) == ("ACTIVE", {"Status": "UPDATING"})
    described = tables.describe()["SSEDescription"]
    assert described["SSEType"] == "KMS"
    by_arn = {**with_key, "KMSMasterKeyId": described["KMSMasterKeyArn"]}
    assert refused(tables, SSESpecification=by_arn).startswith(
        f"{WRONG}Table is already encrypted with given KMSMasterKeyId."
    )
    tables.update(SSESpecification={"Enabled": False})
    assert "SSEDescription" not in tables.describe()


def test_the_table_class_changes_and_says_when() -> None:
    tables = table()
    tables.wait(1)
    tables.update(TableClass="STANDARD_INFREQUENT_ACCESS")
    assert tables.describe()["TableClassSummary"] == {
        "TableClass": "STANDARD_INFREQUENT_ACCESS",
        "LastUpdateDateTime": START + 1,
    }


def test_deletion_protection_keeps_a_table() -> None:
    tables = table()
    assert tables.update(DeletionProtectionEnabled=True)["DeletionProtectionEnabled"] is True
    assert tables.refusal("DeleteTable", TableName="orders") == (
        "ValidationException",
        (
            "Resource cannot be deleted as it is currently protected against deletion. Disable"
            " deletion protection first."
        ),
    )
    tables.update(DeletionProtectionEnabled=False)
    tables.call("DeleteTable", TableName="orders")
    assert tables.call("ListTables") == {"TableNames": []}


def test_replicas_are_described_and_not_filled() -> None:
    tables = table()
    create = [{"Create": {"RegionName": "eu-west-1"}}]
    tables.update(ReplicaUpdates=create)
    described = tables.describe()
    assert described["Replicas"] == [{"ReplicaStatus": "ACTIVE", "RegionName": "eu-west-1"}]
    assert described["GlobalTableVersion"] == "2019.11.21"
    assert described["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert tables.refused_update(ReplicaUpdates=create) == (
        "ResourceInUseException",
        "Global table with name: 'orders' already exists with replicas in regions: 'eu-west-1'.",
    )
    assert refused(tables, ReplicaUpdates=[{"Delete": {"RegionName": "us-east-1"}}]).startswith(
        "Cannot add, delete, or update the local region through ReplicaUpdates."
    )
    change = {"Update": {"RegionName": "eu-west-1", "TableClassOverride": "STANDARD"}}
    tables.update(ReplicaUpdates=[change])
    assert tables.describe()["Replicas"][0]["TableClassOverride"] == "STANDARD"
    delete = [{"Delete": {"RegionName": "eu-west-1"}}]
    tables.update(ReplicaUpdates=delete)
    assert refused(tables, ReplicaUpdates=delete).endswith(
        "Please retry the request without these replicas: [eu-west-1]."
    )
    assert "Replicas" not in tables.describe()


@pytest.mark.parametrize(
    ("member", "given"),
    [
        ("VectorIndexUpdates", []),
        ("GlobalTableWitnessUpdates", [{"Create": {"RegionName": "eu-west-1"}}]),
        ("MultiRegionConsistency", "STRONG"),
    ],
)
def test_members_that_the_engine_does_not_support_are_refused(member: str, given: Any) -> None:
    assert refused(table(), **{member: given}) == f"The engine does not support {member}"


def test_a_refused_request_changes_nothing() -> None:
    tables = provisioned_with_index()
    before = tables.describe()
    update = {"IndexName": "nothing", "ProvisionedThroughput": units(1, 1)}
    tables.refused_update(
        ProvisionedThroughput=units(9, 9), GlobalSecondaryIndexUpdates=[{"Update": update}]
    )
    tables.refused_update(BillingMode="PAY_PER_REQUEST", **changing(units(1, 1)))
    assert tables.describe() == before
    assert tables.refusal("CreateTable", **create_request())[0] == "ResourceInUseException"
