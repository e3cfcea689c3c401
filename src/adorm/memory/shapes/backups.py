"""Internal: the members of operations on backups and point-in-time recovery.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateBackup.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_RestoreTableToPointInTime.html
"""

from __future__ import annotations

from collections.abc import Mapping

from adorm.memory.limits import MAX_RECOVERY_DAYS
from adorm.memory.shapes.indexes import (
    BILLING_MODE,
    GLOBAL_INDEXES,
    LOCAL_INDEXES,
    ON_DEMAND_THROUGHPUT,
    PROVISIONED_THROUGHPUT,
    SSE_SPECIFICATION,
    VECTOR_INDEXES,
)
from adorm.memory.shapes.model import (
    INDEX_NAME,
    Flag,
    Operation,
    Shape,
    Structure,
    TableName,
    Text,
    Timestamp,
    Whole,
)
from adorm.memory.shapes.wording import explain_members

_BACKUP_ARN = Text(shortest=37, longest=1024)
_TABLE_ARN = Text(shortest=1, longest=1024)
_NEW_TABLE_NAME = INDEX_NAME

_OVERRIDES: Mapping[str, Shape] = {
    "BillingModeOverride": BILLING_MODE,
    "GlobalSecondaryIndexOverride": GLOBAL_INDEXES,
    "LocalSecondaryIndexOverride": LOCAL_INDEXES,
    "ProvisionedThroughputOverride": PROVISIONED_THROUGHPUT,
    "OnDemandThroughputOverride": ON_DEMAND_THROUGHPUT,
    "SSESpecificationOverride": SSE_SPECIFICATION,
    "VectorIndexOverride": VECTOR_INDEXES,
}


def _operation(name: str, members: Mapping[str, Shape], *required: str) -> Operation:
    shape = Structure(f"{name}Input", members, required=required)
    return Operation(shape, explain=explain_members, explain_old=explain_members)


_ALL = (
    _operation(
        "CreateBackup",
        {"TableName": TableName(), "BackupName": INDEX_NAME},
        "TableName",
        "BackupName",
    ),
    _operation("DescribeBackup", {"BackupArn": _BACKUP_ARN}, "BackupArn"),
    _operation("DeleteBackup", {"BackupArn": _BACKUP_ARN}, "BackupArn"),
    _operation(
        "ListBackups",
        {
            "TableName": TableName(),
            "Limit": Whole(least=1, greatest=100),
            "TimeRangeLowerBound": Timestamp(),
            "TimeRangeUpperBound": Timestamp(),
            "ExclusiveStartBackupArn": _BACKUP_ARN,
            "BackupType": Text(("USER", "SYSTEM", "AWS_BACKUP", "ALL")),
        },
    ),
    _operation(
        "RestoreTableFromBackup",
        {"TargetTableName": _NEW_TABLE_NAME, "BackupArn": _BACKUP_ARN, **_OVERRIDES},
        "TargetTableName",
        "BackupArn",
    ),
    _operation(
        "RestoreTableToPointInTime",
        {
            "SourceTableArn": _TABLE_ARN,
            "SourceTableName": TableName(),
            "TargetTableName": _NEW_TABLE_NAME,
            "UseLatestRestorableTime": Flag(),
            "RestoreDateTime": Timestamp(),
            **_OVERRIDES,
        },
        "TargetTableName",
    ),
    _operation("DescribeContinuousBackups", {"TableName": TableName()}, "TableName"),
    _operation(
        "UpdateContinuousBackups",
        {
            "TableName": TableName(),
            "PointInTimeRecoverySpecification": Structure(
                "PointInTimeRecoverySpecification",
                {
                    "PointInTimeRecoveryEnabled": Flag(),
                    "RecoveryPeriodInDays": Whole(least=1, greatest=MAX_RECOVERY_DAYS),
                },
                required=("PointInTimeRecoveryEnabled",),
            ),
        },
        "TableName",
        "PointInTimeRecoverySpecification",
    ),
)

OPERATIONS: Mapping[str, Operation] = {
    operation.input.name.removesuffix("Input"): operation for operation in _ALL
}
