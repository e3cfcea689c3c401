"""Internal: the setting of point-in-time recovery."""

from __future__ import annotations

from adorm.memory.storage.change_log import ChangeLog
from adorm.memory.storage.table import Table

KEPT_AS = "PointInTimeRecovery"
"""Under this name `TableDefinition.extras` keeps the setting, `{"RecoveryPeriodInDays": 35}`."""


def turn_on(table: Table, now: float, days: int) -> None:
    """Begin to log a table's writes, which are kept for `days`."""
    table.definition.extras[KEPT_AS] = {"RecoveryPeriodInDays": days}
    table.log = ChangeLog(now, days)
