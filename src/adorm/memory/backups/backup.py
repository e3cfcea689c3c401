"""Internal: backups of tables.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Backup.Tutorial.html
"""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import attrs

from adorm.memory.errors import EngineError, invalid
from adorm.memory.storage.definitions import TableDefinition
from adorm.memory.storage.keys import Position
from adorm.memory.storage.ordered_items import StoredItem
from adorm.memory.storage.table import Table
from adorm.memory.tables.description import (
    on_demand_throughput,
    projection,
    rounded,
    sse_description,
)

if TYPE_CHECKING:
    from adorm.memory.database import Database

SYSTEM_BACKUP_S = 35 * 86_400
"""Seconds for which a system backup is kept. Deleting a table with point-in-time recovery makes
one."""

_ARN = re.compile(r"arn:aws:dynamodb:[a-z0-9-]+:(\d{12}):table/[^/]+/backup/\d{14}-[0-9a-f]{8}")


@attrs.define(kw_only=True)
class Backup:
    """A copy of a table. It shares the table's items, which are never changed in place."""

    arn: str
    name: str
    backup_type: str
    """USER or SYSTEM."""
    created_at: float
    available_at: float
    expires_at: float | None
    """Seconds since 1970; None for a backup that is kept until it is deleted."""
    in_use_until: float = 0.0
    """When the last restore from this backup is done, in seconds since 1970."""
    table_arn: str
    definition: TableDefinition
    items: dict[Position, StoredItem]
    size: int

    def details(self, now: float) -> dict[str, Any]:
        """The backup as a `BackupDetails` structure of the API."""
        details: dict[str, Any] = {
            "BackupArn": self.arn,
            "BackupName": self.name,
            "BackupSizeBytes": self.size,
            "BackupStatus": "AVAILABLE" if now >= self.available_at else "CREATING",
            "BackupType": self.backup_type,
            "BackupCreationDateTime": rounded(self.created_at),
        }
        if self.expires_at is not None:
            details["BackupExpiryDateTime"] = rounded(self.expires_at)
        return details

    def summary(self, now: float) -> dict[str, Any]:
        """The backup as a `BackupSummary` structure of the API."""
        return {
            "TableName": self.definition.name,
            "TableId": self.definition.table_id,
            "TableArn": self.table_arn,
            **self.details(now),
        }

    def description(self, now: float) -> dict[str, Any]:
        """The backup as a `BackupDescription` structure of the API."""
        return {
            "BackupDetails": self.details(now),
            "SourceTableDetails": self._source(),
            "SourceTableFeatureDetails": self._features(),
        }

    def _source(self) -> dict[str, Any]:
        definition, capacity = self.definition, self.definition.capacity
        source: dict[str, Any] = {
            "TableName": definition.name,
            "TableId": definition.table_id,
            "TableArn": self.table_arn,
            "TableSizeBytes": self.size,
            "KeySchema": [dict(element) for element in definition.key_schema],
            "TableCreationDateTime": rounded(definition.created_at),
            "ProvisionedThroughput": {
                "ReadCapacityUnits": capacity.read_units,
                "WriteCapacityUnits": capacity.write_units,
            },
            "ItemCount": len(self.items),
            "BillingMode": definition.billing_mode,
        }
        if on_demand_throughput(capacity):
            source["OnDemandThroughput"] = on_demand_throughput(capacity)
        return source

    def _features(self) -> dict[str, Any]:
        definition = self.definition
        features: dict[str, Any] = {}
        for index in definition.indexes.values():
            member = "GlobalSecondaryIndexes" if index.is_global else "LocalSecondaryIndexes"
            described: dict[str, Any] = {
                "IndexName": index.name,
                "KeySchema": [dict(element) for element in index.key_schema],
                "Projection": projection(index),
            }
            if index.is_global:
                described["ProvisionedThroughput"] = {
                    "ReadCapacityUnits": index.capacity.read_units,
                    "WriteCapacityUnits": index.capacity.write_units,
                }
            features.setdefault(member, []).append(described)
        if definition.stream_view_type is not None:
            features["StreamDescription"] = {
                "StreamEnabled": True,
                "StreamViewType": definition.stream_view_type,
            }
        if definition.ttl_attribute is not None:
            features["TimeToLiveDescription"] = {
                "TimeToLiveStatus": "ENABLED",
                "AttributeName": definition.ttl_attribute,
            }
        if definition.kms_key_arn is not None:
            features["SSEDescription"] = sse_description(definition.kms_key_arn, "ENABLED")
        return features


def make_backup(
    database: Database, table: Table, name: str, *, backup_type: str = "USER"
) -> Backup:
    """Make a backup of a table as it is now."""
    now = database.now()
    forget_backups(database)
    backup = Backup(
        arn=f"{table.arn}/backup/{int(now * 1000):014d}-{uuid4().hex[:8]}",
        name=name,
        backup_type=backup_type,
        created_at=now,
        available_at=now + database.options.delay_s,
        expires_at=now + SYSTEM_BACKUP_S if backup_type == "SYSTEM" else None,
        table_arn=table.arn,
        definition=copy.deepcopy(table.definition),
        items=dict(table.items.between()),
        size=table.items.size,
    )
    database.backups[backup.arn] = backup
    return backup


def find_backup(database: Database, arn: str) -> Backup:
    """Find a backup by its ARN.

    Raises:
        EngineError: no such backup exists, it belongs to another account, or the ARN is not valid.
    """
    found = _ARN.fullmatch(arn)
    if found is None:
        raise invalid("Invalid Backup ARN")
    if found[1] != database.account:
        raise EngineError("AccessDeniedException", "Access is denied")
    forget_backups(database)
    backup: Backup | None = database.backups.get(arn)
    if backup is None:
        raise EngineError("BackupNotFoundException", f"Backup not found: {arn}")
    return backup


def forget_backups(database: Database) -> None:
    """Remove the backups that have expired."""
    now = database.now()
    gone = [
        arn
        for arn, backup in database.backups.items()
        if backup.expires_at is not None and backup.expires_at <= now
    ]
    for arn in gone:
        del database.backups[arn]
