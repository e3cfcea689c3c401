"""What a table lacks of its `TableSpec`: the table is read, and compared with the spec."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from adorm.tables.descriptions import TableDescription, read_description
from adorm.tables.details import (
    Recovery,
    TimeToLive,
    read_recovery,
    read_tags,
    read_time_to_live,
)
from adorm.tables.index_diff import Indexes
from adorm.tables.setting_diff import Settings
from adorm.tables.steps import Step, in_order
from adorm.tables.wanted import WantedTable


@attrs.frozen
class TableState:
    """A table, as far as a spec has to be compared with it."""

    table: TableDescription
    time_to_live: TimeToLive | None
    recovery: Recovery | None
    tags: Mapping[str, str] | None


async def read_state(wanted: WantedTable, found: TableDescription) -> TableState:
    """Read what the spec says something about, and nothing else: each needs a permission.

    Args:
        found: the table as it was just described.
    """
    spec, connection, name = wanted.spec, wanted.connection, wanted.table_name
    compares_ttl = wanted.ttl is not None or spec.time_to_live is False
    return TableState(
        found,
        await read_time_to_live(connection, name) if compares_ttl else None,
        None if spec.recovery is None else await read_recovery(connection, name),
        None if spec.tags is None else await read_tags(connection, found),
    )


def find_steps(wanted: WantedTable, state: TableState) -> tuple[Step, ...]:
    """The differences, in the order in which a plan shows them."""
    found = state.table
    settings = Settings(wanted, found, state.time_to_live, state.recovery, state.tags)
    indexes = Indexes(wanted, read_description(wanted.request), found)
    return in_order((*settings.steps(), *indexes.steps()))
