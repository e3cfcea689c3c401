"""Backups, point-in-time recovery, and the tables that are restored from them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.memory.table_setup import (
    ARN,
    START,
    UNITS,
    Tables,
    defined,
    index,
    key,
    provisioned,
)

NAMED = {"TableName": "orders"}
DAY_S = 86_400


def table(*, delay_s: float = 0.0, **changes: Any) -> Tables:
    """`orders` with one item, ACTIVE."""
    tables = Tables(delay_s=delay_s)
    tables.create(**changes)
    tables.wait(delay_s)
    tables.put(pk={"S": "first"})
    return tables


def names(tables: Tables, table_name: str) -> list[str]:
    items = tables.call("Scan", TableName=table_name)["Items"]
    return sorted(item["pk"]["S"] for item in items)


# --------------------------------------------------------------------- backups


def back_up(tables: Tables, name: str = "nightly") -> str:
    details = tables.call("CreateBackup", **NAMED, BackupName=name)["BackupDetails"]
    return str(details["BackupArn"])


def test_a_backup_is_described_as_its_table_was() -> None:
    tables = table(
        **provisioned(
            AttributeDefinitions=defined(pk="S", status="S"),
            GlobalSecondaryIndexes=[index(ProvisionedThroughput=UNITS)],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )
    )
    tables.wait(5)
    details = tables.call("CreateBackup", **NAMED, BackupName="nightly")["BackupDetails"]
    arn = details["BackupArn"]
    assert re.fullmatch(rf"{ARN}/backup/0{int((START + 5) * 1000)}-[0-9a-f]{{8}}", arn)
    assert details == {
        "BackupArn": arn,
        "BackupName": "nightly",
        "BackupSizeBytes": 7,
        "BackupStatus": "CREATING",
        "BackupType": "USER",
        "BackupCreationDateTime": START + 5,
    }
    tables.put(pk={"S": "second"})
    described = tables.call("DescribeBackup", BackupArn=arn)["BackupDescription"]
    assert described == {
        "BackupDetails": {**details, "BackupStatus": "AVAILABLE"},
        "SourceTableDetails": {
            "TableName": "orders",
            "TableId": tables.describe()["TableId"],
            "TableArn": ARN,
            "TableSizeBytes": 7,
            "KeySchema": key("pk"),
            "TableCreationDateTime": START,
            "ProvisionedThroughput": UNITS,
            "ItemCount": 1,
            "BillingMode": "PROVISIONED",
        },
        "SourceTableFeatureDetails": {
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": "by_status",
                    "KeySchema": key("status"),
                    "Projection": {"ProjectionType": "ALL"},
                    "ProvisionedThroughput": UNITS,
                }
            ],
            "StreamDescription": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        },
    }


def test_a_table_is_restored_from_a_backup_beside_its_source() -> None:
    tables = table(
        AttributeDefinitions=defined(pk="S", status="S"),
        GlobalSecondaryIndexes=[index()],
        Tags=[{"Key": "team", "Value": "a"}],
        DeletionProtectionEnabled=True,
    )
    tables.put(pk={"S": "second"}, status={"S": "new"})
    arn = back_up(tables)
    tables.put(pk={"S": "third"})
    tables.wait(5)
    target = {"TargetTableName": "copies"}
    answer = tables.call("RestoreTableFromBackup", BackupArn=arn, **target)["TableDescription"]
    summary = {
        "SourceBackupArn": arn,
        "SourceTableArn": ARN,
        "RestoreDateTime": START + 5,
        "RestoreInProgress": True,
    }
    assert (answer["TableStatus"], answer["RestoreSummary"]) == ("CREATING", summary)
    assert names(tables, "copies") == ["first", "second"]
    described = tables.describe("copies")
    assert described["TableStatus"] == "ACTIVE"
    assert described["DeletionProtectionEnabled"] is False
    assert described["GlobalSecondaryIndexes"][0]["ItemCount"] == 1
    tagged = tables.call("ListTagsOfResource", ResourceArn=described["TableArn"])
    assert tagged == {"Tags": []}
    assert tables.refusal("RestoreTableFromBackup", BackupArn=arn, **target) == (
        "TableAlreadyExistsException",
        "Table already exists: copies",
    )


def test_a_restore_can_change_the_billing_mode_and_leave_indexes_out() -> None:
    tables = table(
        AttributeDefinitions=defined(pk="S", status="S"), GlobalSecondaryIndexes=[index()]
    )
    arn = back_up(tables)
    tables.call(
        "RestoreTableFromBackup",
        BackupArn=arn,
        TargetTableName="copies",
        BillingModeOverride="PROVISIONED",
        ProvisionedThroughputOverride=UNITS,
        GlobalSecondaryIndexOverride=[],
    )
    described = tables.describe("copies")
    assert "GlobalSecondaryIndexes" not in described
    assert described["AttributeDefinitions"] == defined(pk="S")
    assert described["ProvisionedThroughput"]["ReadCapacityUnits"] == 5


ON_DEMAND = {"MaxReadRequestUnits": 10}
BY_REQUESTS: dict[str, Any] = {
    "AttributeDefinitions": defined(pk="S", status="S"),
    "GlobalSecondaryIndexes": [index()],
}
BY_UNITS: dict[str, Any] = provisioned(
    AttributeDefinitions=defined(pk="S", status="S"),
    GlobalSecondaryIndexes=[index(ProvisionedThroughput=UNITS)],
)


@pytest.mark.parametrize(
    ("source", "overrides", "detail"),
    [
        (
            BY_REQUESTS,
            {"ProvisionedThroughputOverride": UNITS},
            "Cannot override ProvisionedThroughput unless BillingMode is PROVISIONED",
        ),
        (
            BY_UNITS,
            {"BillingModeOverride": "PAY_PER_REQUEST", "ProvisionedThroughputOverride": UNITS},
            "Cannot override ProvisionedThroughput if BillingMode is overridden to PAY_PER_REQUEST",
        ),
        (
            BY_UNITS,
            {
                "BillingModeOverride": "PAY_PER_REQUEST",
                "GlobalSecondaryIndexOverride": [index(ProvisionedThroughput=UNITS)],
            },
            (
                "Cannot override ProvisionedThroughput if BillingMode is overridden to"
                " PAY_PER_REQUEST for index by_status"
            ),
        ),
        (
            BY_UNITS,
            {"OnDemandThroughputOverride": ON_DEMAND},
            (
                "Cannot override MaxReadRequestUnits for OnDemandThroughput unless"
                " BillingModeOverride is PAY_PER_REQUEST"
            ),
        ),
        (
            BY_REQUESTS,
            {"BillingModeOverride": "PROVISIONED"},
            "Must override ProvisionedThroughput if BillingMode is overridden to PROVISIONED",
        ),
        (
            BY_REQUESTS,
            {"BillingModeOverride": "PROVISIONED", "ProvisionedThroughputOverride": UNITS},
            "Must specify provisioned throughput for index by_status",
        ),
        (
            BY_REQUESTS,
            {"GlobalSecondaryIndexOverride": [index("unknown", "pk")]},
            (
                "Index unknown does not match a secondary index that existed in the source table"
                " and cannot be created during the restore operation"
            ),
        ),
    ],
)
def test_overrides_that_do_not_fit_are_refused(
    source: dict[str, Any], overrides: dict[str, Any], detail: str
) -> None:
    tables = table(**source)
    request = {"BackupArn": back_up(tables), "TargetTableName": "copies", **overrides}
    assert tables.refusal("RestoreTableFromBackup", **request) == (
        "ValidationException",
        f"Invalid Request: {detail}",
    )


def test_a_restore_to_requests_takes_limits_and_a_key() -> None:
    tables = table(**BY_UNITS)
    tables.call(
        "RestoreTableFromBackup",
        BackupArn=back_up(tables),
        TargetTableName="copies",
        BillingModeOverride="PAY_PER_REQUEST",
        OnDemandThroughputOverride=ON_DEMAND,
        GlobalSecondaryIndexOverride=[index("renamed")],
        SSESpecificationOverride={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": "1-2-3"},
    )
    described = tables.describe("copies")
    assert described["OnDemandThroughput"] == ON_DEMAND
    assert [each["IndexName"] for each in described["GlobalSecondaryIndexes"]] == ["renamed"]
    assert described["SSEDescription"]["KMSMasterKeyArn"] == (
        "arn:aws:kms:us-east-1:123456789012:key/1-2-3"
    )
    tables.call("CreateBackup", TableName="copies", BackupName="copied")
    (summary,) = tables.call("ListBackups", TableName="copies")["BackupSummaries"]
    arn = summary["BackupArn"]
    backup = tables.call("DescribeBackup", BackupArn=arn)["BackupDescription"]
    assert backup["SourceTableDetails"]["OnDemandThroughput"] == ON_DEMAND
    assert backup["SourceTableFeatureDetails"]["SSEDescription"]["SSEType"] == "KMS"


def test_a_backup_outlives_its_table_until_it_is_deleted() -> None:
    tables = table()
    arn = back_up(tables)
    tables.call("DeleteTable", **NAMED)
    tables.call("RestoreTableFromBackup", BackupArn=arn, TargetTableName="orders")
    assert names(tables, "orders") == ["first"]
    deleted = tables.call("DeleteBackup", BackupArn=arn)["BackupDescription"]
    assert deleted["BackupDetails"]["BackupStatus"] == "DELETED"
    for operation in ("DescribeBackup", "DeleteBackup"):
        assert tables.refusal(operation, BackupArn=arn) == (
            "BackupNotFoundException",
            f"Backup not found: {arn}",
        )


def test_backups_are_listed_as_they_were_made_in_pages() -> None:
    tables = table()
    made: list[str] = []
    for n in range(3):
        tables.wait(1)
        made.append(back_up(tables, f"backup-{n}"))

    def listed(**request: Any) -> list[str]:
        summaries = tables.call("ListBackups", **request)["BackupSummaries"]
        return [each["BackupArn"] for each in summaries]

    assert listed() == listed(**NAMED) == made
    assert listed(TableName="others") == []
    page = tables.call("ListBackups", Limit=2)
    assert page["LastEvaluatedBackupArn"] == made[1]
    assert listed(ExclusiveStartBackupArn=made[1]) == made[2:]
    assert listed(TimeRangeLowerBound=START + 2) == made[1:]
    assert listed(TimeRangeUpperBound=START + 2) == made[:1]
    assert listed(BackupType="SYSTEM") == []


def test_a_backup_takes_time_and_is_used_by_one_restore_at_a_time() -> None:
    tables = table(delay_s=10)
    arn = back_up(tables)
    restore = {"BackupArn": arn, "TargetTableName": "copies"}
    assert tables.refusal("RestoreTableFromBackup", **restore)[0] == "BackupInUseException"
    tables.wait(10)
    tables.call("RestoreTableFromBackup", **restore)
    assert tables.refusal("RestoreTableFromBackup", **restore)[0] == "BackupInUseException"
    assert tables.refusal("DeleteBackup", BackupArn=arn)[0] == "BackupInUseException"
    assert tables.describe("copies")["RestoreSummary"]["RestoreInProgress"] is True
    tables.wait(10)
    assert "RestoreSummary" not in tables.describe("copies")
    tables.call("DeleteBackup", BackupArn=arn)


def test_an_unknown_backup_is_not_found() -> None:
    tables = table()
    assert tables.refusal("DescribeBackup", BackupArn=ARN + "/index/by_status") == (
        "ValidationException",
        "Invalid Backup ARN",
    )
    elsewhere = f"{ARN.replace('123456789012', '210987654321')}/backup/01700000000000-0123abcd"
    assert tables.refusal("DescribeBackup", BackupArn=elsewhere)[0] == "AccessDeniedException"
    assert tables.refusal("CreateBackup", TableName="others", BackupName="nightly") == (
        "TableNotFoundException",
        "Table not found: others",
    )


# ----------------------------------------------------- point-in-time recovery


def set_recovery(tables: Tables, *, enabled: bool, **settings: Any) -> dict[str, Any]:
    specification = {"PointInTimeRecoveryEnabled": enabled, **settings}
    answer = tables.call(
        "UpdateContinuousBackups", **NAMED, PointInTimeRecoverySpecification=specification
    )
    described: dict[str, Any] = answer["ContinuousBackupsDescription"]
    assert described["ContinuousBackupsStatus"] == "ENABLED"
    recovery: dict[str, Any] = described["PointInTimeRecoveryDescription"]
    return recovery


def restore(tables: Tables, **request: Any) -> None:
    tables.call(
        "RestoreTableToPointInTime",
        **{"SourceTableName": "orders", "TargetTableName": "copies", **request},
    )


def test_recovery_reaches_back_to_when_it_was_turned_on() -> None:
    tables = table()
    off = {"PointInTimeRecoveryStatus": "DISABLED"}
    described = tables.call("DescribeContinuousBackups", **NAMED)["ContinuousBackupsDescription"]
    assert described["PointInTimeRecoveryDescription"] == off
    assert set_recovery(tables, enabled=True) == {
        "PointInTimeRecoveryStatus": "ENABLED",
        "RecoveryPeriodInDays": 35,
        "EarliestRestorableDateTime": START,
        "LatestRestorableDateTime": START,
    }
    tables.wait(10 * DAY_S)
    recovery = set_recovery(tables, enabled=True, RecoveryPeriodInDays=7)
    assert recovery["RecoveryPeriodInDays"] == 7
    assert recovery["EarliestRestorableDateTime"] == START + 3 * DAY_S
    assert set_recovery(tables, enabled=False) == off


def test_a_table_is_restored_to_any_moment_since_then() -> None:
    tables = table()
    set_recovery(tables, enabled=True)
    tables.wait(10)
    tables.put(pk={"S": "second"})
    tables.wait(10)
    tables.call("DeleteItem", **NAMED, Key={"pk": {"S": "first"}})
    tables.put(pk={"S": "third"})
    tables.wait(10)
    for seconds, left in ((5, ["first"]), (15, ["first", "second"]), (25, ["second", "third"])):
        target = f"copies-{seconds}"
        restore(tables, TargetTableName=target, RestoreDateTime=START + seconds)
        assert names(tables, target) == left
    restore(tables, UseLatestRestorableTime=True)
    assert names(tables, "copies") == ["second", "third"]


def test_writes_that_are_out_of_reach_are_forgotten() -> None:
    tables = table()
    set_recovery(tables, enabled=True, RecoveryPeriodInDays=1)
    for n in range(3):
        tables.wait(DAY_S)
        tables.put(pk={"S": f"day-{n}"})
    restore(tables, RestoreDateTime=tables.now - DAY_S)
    assert names(tables, "copies") == ["day-0", "day-1", "first"]
    assert (
        tables.refusal(
            "RestoreTableToPointInTime",
            SourceTableName="orders",
            TargetTableName="others",
            RestoreDateTime=tables.now - DAY_S - 1,
        )[0]
        == "InvalidRestoreTimeException"
    )


def test_a_restore_names_one_moment_that_recovery_can_reach() -> None:
    tables = table()
    moments = {"RestoreDateTime": START, "UseLatestRestorableTime": True}
    assert tables.refusal(
        "RestoreTableToPointInTime",
        SourceTableName="orders",
        TargetTableName="copies",
        UseLatestRestorableTime=True,
    ) == (
        "PointInTimeRecoveryUnavailableException",
        "Point in time recovery is not enabled for table 'orders'",
    )
    set_recovery(tables, enabled=True)
    for given in (moments, {}):
        code, text = tables.refusal(
            "RestoreTableToPointInTime",
            SourceTableName="orders",
            TargetTableName="copies",
            **given,
        )
        assert code == "ValidationException"
        assert "UseLatestRestorableTime" in text
    assert tables.refusal(
        "RestoreTableToPointInTime",
        SourceTableName="orders",
        TargetTableName="copies",
        RestoreDateTime=START - 60,
    ) == (
        "InvalidRestoreTimeException",
        (
            "RestoreDateTime '2023-11-14T22:12:20Z' must be within EarliestRestorableDateTime"
            " '2023-11-14T22:13:20Z' and LatestRestorableDateTime '2023-11-14T22:13:20Z'"
        ),
    )


def test_a_table_with_recovery_leaves_a_backup_for_35_days() -> None:
    tables = table()
    set_recovery(tables, enabled=True)
    tables.call("DeleteTable", **NAMED)
    assert tables.call("ListBackups")["BackupSummaries"] == []
    (summary,) = tables.call("ListBackups", BackupType="ALL")["BackupSummaries"]
    assert summary["BackupName"] == "orders$DeletedTableBackup"
    assert summary["BackupType"] == "SYSTEM"
    assert summary["BackupExpiryDateTime"] == START + 35 * DAY_S
    arn = summary["BackupArn"]
    assert tables.refusal("DeleteBackup", BackupArn=arn)[0] == "ValidationException"
    tables.call("RestoreTableFromBackup", BackupArn=arn, TargetTableName="orders")
    assert names(tables, "orders") == ["first"]
    tables.wait(35 * DAY_S)
    assert tables.refusal("DescribeBackup", BackupArn=arn)[0] == "BackupNotFoundException"


@pytest.mark.parametrize("member", ["SourceTableArn", "SourceTableName"])
def test_the_source_is_named_or_given_by_its_arn(member: str) -> None:
    tables = table()
    set_recovery(tables, enabled=True)
    source = {"SourceTableArn": ARN, "SourceTableName": "orders"}
    tables.call(
        "RestoreTableToPointInTime",
        TargetTableName="copies",
        UseLatestRestorableTime=True,
        **{member: source[member]},
    )
    assert names(tables, "copies") == ["first"]
    both = tables.refusal(
        "RestoreTableToPointInTime",
        TargetTableName="others",
        UseLatestRestorableTime=True,
        **source,
    )
    assert both == (
        "ValidationException",
        "Must provide exactly one of: sourceTableArn, sourceTableName",
    )
