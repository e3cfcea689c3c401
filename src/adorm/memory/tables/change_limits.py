"""Internal: how often some settings of a table can be changed.

An engine whose tables are active at once keeps none of these limits: nobody waits an hour there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adorm.memory.errors import EngineError, invalid
from adorm.memory.limits import (
    CLASS_CHANGES_WINDOW_S,
    MAX_CLASS_CHANGES,
    MAX_ON_DEMAND_SWITCHES,
    ON_DEMAND_SWITCHES_WINDOW_S,
    TTL_CHANGE_S,
)
from adorm.memory.tables.states import BILLING, TABLE_CLASS, TIME_TO_LIVE

if TYPE_CHECKING:
    from adorm.memory.database import Database
    from adorm.memory.storage.table import Table

_LIMITS = {
    TIME_TO_LIVE: (1, TTL_CHANGE_S),
    BILLING: (MAX_ON_DEMAND_SWITCHES, ON_DEMAND_SWITCHES_WINDOW_S),
    TABLE_CLASS: (MAX_CLASS_CHANGES, CLASS_CHANGES_WINDOW_S),
}
"""By kind of change: how many, and in how many seconds."""


def check_change_rate(database: Database, table: Table, kind: str) -> None:
    """Refuse a change of a setting that was changed too often; else count it.

    Args:
        database: the database of the table.
        table: the table that is changed.
        kind: `TIME_TO_LIVE`, `BILLING` for a change to on demand, or `TABLE_CLASS`.

    Raises:
        EngineError: it was changed too often.
    """
    if database.options.is_active_at_once:
        return
    most, window_s = _LIMITS[kind]
    now = database.now()
    recent = [at for at in table.changed_at.get(kind, ()) if at > now - window_s]
    if len(recent) >= most:
        raise _refusal(kind)
    table.changed_at[kind] = [*recent, now]


def _refusal(kind: str) -> EngineError:
    if kind == TIME_TO_LIVE:
        return invalid("Time to live has been modified multiple times within a fixed interval")
    what = (
        f"Update to PayPerRequest mode are limited to {MAX_ON_DEMAND_SWITCHES} times in 1 day(s)"
        if kind == BILLING
        else f"Table class updates are limited to {MAX_CLASS_CHANGES} times in 30 day(s)"
    )
    return EngineError("LimitExceededException", f"Subscriber limit exceeded: {what}")
