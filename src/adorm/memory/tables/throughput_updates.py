"""Internal: changes the throughput of tables and indexes, and the billing mode.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/switching.capacitymode.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from adorm.memory.errors import EngineError, invalid
from adorm.memory.limits import FREE_DECREASES, SECONDS_BETWEEN_DECREASES
from adorm.memory.storage.definitions import Capacity
from adorm.memory.storage.table import ACTIVE, Table
from adorm.memory.tables.building import warm_up
from adorm.memory.tables.description import (
    billing_summaries,
    decreases_today,
    on_demand_throughput,
    provisioned_throughput,
    rounded,
    warm_throughput,
)
from adorm.memory.tables.states import (
    BILLING,
    THROUGHPUT,
    UPDATING,
    WARM_THROUGHPUT,
    begin,
    begin_index,
)

if TYPE_CHECKING:
    from adorm.memory.database import Database


def check_units_change(
    capacity: Capacity, throughput: Mapping[str, int], now: float, index_name: str | None = None
) -> None:
    """Refuse units that are the current ones, or a fifth decrease in one day.

    Args:
        capacity: the current throughput.
        throughput: the new units.
        now: seconds since 1970.
        index_name: the name of the index; None for the table.

    Raises:
        EngineError: the units are the current ones, or would be the fifth decrease of the day.
    """
    read, write = throughput["ReadCapacityUnits"], throughput["WriteCapacityUnits"]
    if (read, write) == (capacity.read_units, capacity.write_units):
        subject = "the table" if index_name is None else f"the index {index_name}"
        place = "the table" if index_name is None else f"index {index_name}"
        raise invalid(
            f"The provisioned throughput for {subject} will not change. The requested value equals"
            f" the current value. Current ReadCapacityUnits provisioned for {place}:"
            f" {capacity.read_units}. Requested ReadCapacityUnits: {read}. Current"
            f" WriteCapacityUnits provisioned for {place}: {capacity.write_units}. Requested"
            f" WriteCapacityUnits: {write}. Refer to the Amazon DynamoDB Developer Guide for"
            " current limits and how to request higher limits."
        )
    shrinks = read < capacity.read_units or write < capacity.write_units
    if not shrinks or capacity.decreased_at is None:
        return
    next_at = capacity.decreased_at + SECONDS_BETWEEN_DECREASES
    done_today = decreases_today(capacity, now)
    if done_today >= FREE_DECREASES and now < next_at:
        raise EngineError(
            "LimitExceededException",
            "Subscriber limit exceeded: Provisioned throughput decreases are limited within a given"
            f" UTC day. After the first {FREE_DECREASES} decreases, each subsequent decrease in the"
            f" same UTC day can be performed at most once every {SECONDS_BETWEEN_DECREASES}"
            f" seconds. Number of decreases today: {done_today}. Last decrease at"
            f" {_in_words(capacity.decreased_at)}. Next decrease can be made at"
            f" {_in_words(next_at)}",
        )


def _in_words(moment: float) -> str:
    at = datetime.fromtimestamp(moment, UTC)
    hour = at.hour % 12 or 12
    return (
        f"{at:%A}, {at:%B} {at.day}, {at.year} at {hour}:{at:%M:%S %p} Coordinated Universal Time"
    )


class UnitsChange:
    """A change of provisioned units. It takes effect at once and gets its date when it is done.

    Args:
        capacity: the throughput that is changed.
        throughput: the new units.
        now: seconds since 1970.
    """

    def __init__(self, capacity: Capacity, throughput: Mapping[str, int], now: float) -> None:
        read, write = throughput["ReadCapacityUnits"], throughput["WriteCapacityUnits"]
        self._capacity = capacity
        self._grows = read > capacity.read_units or write > capacity.write_units
        self._shrinks = read < capacity.read_units or write < capacity.write_units
        self.described_as = provisioned_throughput(capacity, now)
        """The description of the throughput until the change is done: the previous units with the
        moment of this change."""
        decreases = decreases_today(capacity, now) + self._shrinks
        capacity.read_units, capacity.write_units = read, write
        self.finish(now)
        capacity.decreases = decreases
        if self._grows:
            self.described_as["LastIncreaseDateTime"] = rounded(now)
        if self._shrinks:
            self.described_as["LastDecreaseDateTime"] = rounded(now)

    def finish(self, now: float) -> None:
        """Set the moment at which the change was done."""
        if self._grows:
            self._capacity.increased_at = now
        if self._shrinks:
            self._capacity.decreased_at = now


def change_table_units(database: Database, table: Table, throughput: Mapping[str, int]) -> None:
    """Change the units of a table that stays PROVISIONED."""
    capacity = table.definition.capacity
    described = {"WarmThroughput": warm_throughput(capacity, ACTIVE)}
    change = UnitsChange(capacity, throughput, database.now())
    warm_up(capacity, "PROVISIONED")
    described["ProvisionedThroughput"] = change.described_as
    begin(database, table, THROUGHPUT, described, done=change.finish)


def change_index_units(
    database: Database, table: Table, index_name: str, throughput: Mapping[str, int]
) -> None:
    """Change the units of a global index."""
    index = table.indexes[index_name]
    capacity = index.definition.capacity
    change = UnitsChange(capacity, throughput, database.now())
    warm_up(capacity, "PROVISIONED")
    begin_index(
        database,
        table,
        index,
        UPDATING,
        {"ProvisionedThroughput": change.described_as},
        done=change.finish,
    )


def switch_to_on_demand(database: Database, table: Table) -> None:
    """Bill a table and its indexes by requests from now on."""
    definition, now = table.definition, database.now()
    definition.billing_mode = "PAY_PER_REQUEST"
    definition.on_demand_since = None
    described = billing_summaries(definition)
    definition.on_demand_since = now
    capacity = definition.capacity
    described["WarmThroughput"] = warm_throughput(capacity, ACTIVE)
    _release(capacity)
    described["ProvisionedThroughput"] = {
        **provisioned_throughput(capacity, now),
        "LastDecreaseDateTime": rounded(now),
    }
    capacity.decreased_at = None
    for index in list(table.indexes.values()):
        if index.definition.is_global:
            _switch_index_to_on_demand(database, table, index.name)

    def end(at: float) -> None:
        definition.on_demand_since = at

    begin(database, table, BILLING, described, done=end)


def _switch_index_to_on_demand(database: Database, table: Table, index_name: str) -> None:
    now = database.now()
    index = table.indexes[index_name]
    capacity = index.definition.capacity
    decreases = decreases_today(capacity, now)
    _release(capacity)
    described: dict[str, Any] = {
        "ReadCapacityUnits": 0,
        "WriteCapacityUnits": 0,
        "NumberOfDecreasesToday": decreases,
    }
    capacity.decreased_at = now
    capacity.decreases = decreases + 1
    begin_index(database, table, index, UPDATING, {"ProvisionedThroughput": described})


def _release(capacity: Capacity) -> None:
    capacity.read_units = capacity.write_units = 0
    warm_up(capacity, "PAY_PER_REQUEST")


def switch_to_provisioned(database: Database, table: Table, throughput: Mapping[str, int]) -> None:
    """Bill a table by provisioned units from now on, and remove its on-demand limits.

    The request has separate updates for the indexes.
    """
    definition = table.definition
    definition.billing_mode = "PROVISIONED"
    for capacity in (
        definition.capacity,
        *(each.capacity for each in definition.indexes.values()),
    ):
        capacity.max_read_units = capacity.max_write_units = None
    change = UnitsChange(definition.capacity, throughput, database.now())
    warm_up(definition.capacity, "PROVISIONED")
    begin(database, table, BILLING, done=change.finish)


def change_on_demand_limits(capacity: Capacity, limits: Mapping[str, int]) -> dict[str, int]:
    """Set the limits of on-demand throughput; -1 removes one, and a missing member stays.

    Returns:
        The limits for the answer of UpdateTable, with -1 for a removed one.
    """
    shown = {**on_demand_throughput(capacity), **limits}
    kept = {member: units for member, units in shown.items() if units != -1}
    capacity.max_read_units = kept.get("MaxReadRequestUnits")
    capacity.max_write_units = kept.get("MaxWriteRequestUnits")
    return shown


def change_warm_units(capacity: Capacity, warm: Mapping[str, int]) -> None:
    """Raise warm throughput; a missing member stays."""
    capacity.warm_read_units = warm.get("ReadUnitsPerSecond", capacity.warm_read_units)
    capacity.warm_write_units = warm.get("WriteUnitsPerSecond", capacity.warm_write_units)


def change_table_warm_units(database: Database, table: Table, warm: Mapping[str, int]) -> None:
    """Raise a table's warm throughput; its status stays ACTIVE meanwhile."""
    capacity = table.definition.capacity
    described = {"WarmThroughput": warm_throughput(capacity, UPDATING)}
    change_warm_units(capacity, warm)
    begin(database, table, WARM_THROUGHPUT, described)
