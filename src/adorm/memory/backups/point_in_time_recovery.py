"""Internal: switches point-in-time recovery of a table on."""

from __future__ import annotations

from adorm.memory.storage.change_log import ChangeLog
from adorm.memory.storage.table import Table

KEPT_AS = "PointInTimeRecovery"
"""The key of this setting in `TableDefinition.extras`: `{"RecoveryPeriodInDays": 35}`."""


def turn_on(table: Table, now: float, days: int) -> None:
    """Begin to log the writes of a table. Each write is kept for `days` days."""
    table.definition.extras[KEPT_AS] = {"RecoveryPeriodInDays": days}
    table.log = ChangeLog(now, days)
