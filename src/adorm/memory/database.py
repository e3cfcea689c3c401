"""Internal: the tables of one account in one region."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from adorm.memory.errors import EngineError, invalid, not_found
from adorm.memory.storage.keys import Position
from adorm.memory.storage.table import Table

if TYPE_CHECKING:
    from collections.abc import Generator

    from adorm.memory.options import EngineOptions


class Database:
    """The tables of one account in one region, with their backups, streams and transaction tokens.

    Args:
        options: the options of the engine.
        account: twelve digits.
        region: for example `eu-central-1`.
    """

    def __init__(self, options: EngineOptions, account: str, region: str) -> None:
        self.options = options
        self.account = account
        self.region = region
        self.tables: dict[str, Table] = {}
        self.tokens: dict[str, Any] = {}
        """The results of transactions with a `ClientRequestToken`, by token."""
        self.backups: dict[str, Any] = {}
        """The backups by ARN."""
        self.streams: dict[str, Any] = {}
        """The streams by ARN. The stream of a deleted table stays for a day."""
        self._moment: float | None = None
        """The time of the current call, in seconds since 1970; None between calls."""
        self._busy: dict[tuple[str, Position], int] = {}
        self._units_left: dict[str, _UnitsLeft] = {}

    def begin_call(self) -> None:
        """Stop the clock, so that the whole call sees one moment."""
        self._moment = self.options.now()

    def end_call(self) -> None:
        """Let the clock run again."""
        self._moment = None

    def now(self) -> float:
        """The engine's time in seconds since 1970. It stays the same throughout a call."""
        return self.options.now() if self._moment is None else self._moment

    def is_empty(self) -> bool:
        """Whether the database holds nothing, so that it need not be kept."""
        return not (self.tables or self.backups or self.streams or self.tokens)

    def arn(self, table_name: str) -> str:
        """The ARN of a table of this database."""
        return f"arn:aws:dynamodb:{self.region}:{self.account}:table/{table_name}"

    # ------------------------------------------------------------------ tables

    def name_of(self, name_or_arn: str) -> str:
        """The name of a table, from its name or its ARN.

        Raises:
            EngineError: the ARN belongs to another account or region.
        """
        if not name_or_arn.startswith("arn:"):
            return name_or_arn
        name = name_or_arn.rpartition(":table/")[2]
        if name_or_arn != self.arn(name):
            raise not_found(f"Requested resource not found: Table: {name_or_arn} not found")
        return name

    def apply_due_changes(self) -> None:
        """Apply every change of state that is due, in all tables."""
        now = self.now()
        for table in list(self.tables.values()):
            table.apply_due_changes(now)

    def find_table(self, name_or_arn: str) -> Table | None:
        """Find a table in any state, after its due changes of state; None if it does not exist."""
        table = self.tables.get(name_or_arn)
        if table is None:
            if not name_or_arn.startswith("arn:"):
                return None
            table = self.tables.get(self.name_of(name_or_arn))
            if table is None:
                return None
        table.apply_due_changes(self.now())
        return self.tables.get(table.name)

    def known_table(self, name_or_arn: str) -> Table:
        """Find a table in any state, after its due changes of state.

        Raises:
            EngineError: the table does not exist.
        """
        table = self.find_table(name_or_arn)
        if table is None:
            name = self.name_of(name_or_arn)
            raise not_found(f"Requested resource not found: Table: {name} not found")
        return table

    def data_table(self, name_or_arn: str) -> Table:
        """Find a table whose items can be read and written.

        Raises:
            EngineError: the table does not exist, is being created, or is being deleted.
        """
        table = self.find_table(name_or_arn)
        if table is None or table.status in ("CREATING", "DELETING"):
            raise not_found()
        return table

    def forget_table(self, name: str) -> None:
        """Remove a table, and the units that were counted for it."""
        del self.tables[name]
        self._units_left.pop(name, None)

    # -------------------------------------------------------------- conflicts

    @contextmanager
    def hold(self, table_name: str, position: Position) -> Generator[None]:
        """Hold an item for a transaction inside the block, as if one were in progress."""
        item = (table_name, position)
        self._busy[item] = self._busy.get(item, 0) + 1
        try:
            yield
        finally:
            self._busy[item] -= 1
            if not self._busy[item]:
                del self._busy[item]

    def is_held(self, table: Table, position: Position) -> bool:
        """Whether a transaction holds an item; see `hold`."""
        return bool(self._busy) and (table.name, position) in self._busy

    def check_not_held(self, table: Table, position: Position) -> None:
        """Refuse a request for an item that a transaction holds.

        Raises:
            EngineError: `TransactionConflictException`.
        """
        if self.is_held(table, position):
            raise EngineError("TransactionConflictException", "Transaction is ongoing for the item")

    # ------------------------------------------------------------- throttling

    def check_throughput(self, table: Table, *, write: bool) -> None:
        """Refuse a request to a table that has no units left; see `EngineOptions.throttle_above`.

        A table saves unused units up to those of one second. A request passes while any unit is
        left, also if it then uses more.

        Raises:
            EngineError: `ProvisionedThroughputExceededException`.
        """
        limit = self.options.throttle_above
        if limit is None:
            return
        left = self._units_left.setdefault(table.name, _UnitsLeft(limit, self.now))
        if not left.has_any(write=write):
            raise throttled()

    def charge(self, table: Table, units: float, *, write: bool) -> None:
        """Subtract the units that a request used from those of the table."""
        left = self._units_left.get(table.name)
        if left is not None:
            left.use(units, write=write)


Handler = Callable[[Database, Mapping[str, Any]], dict[str, Any]]
"""A function that carries out one operation: it takes a database and a checked request, and returns
the answer."""


def throttled() -> EngineError:
    """The refusal of a request to a table that has no units left."""
    return EngineError(
        "ProvisionedThroughputExceededException",
        "The level of configured provisioned throughput for the table was exceeded. Consider"
        " increasing your provisioning level with the UpdateTable API.",
    )


class _UnitsLeft:
    """The read and write units left to a table. They refill with time, up to one second's units."""

    def __init__(self, limit: tuple[float, float], now: Callable[[], float]) -> None:
        self._limit = limit
        self._left = list(limit)
        self._now = now
        self._at = now()

    def _grow(self) -> None:
        now = self._now()
        passed_s, self._at = max(0.0, now - self._at), now
        for side, limit in enumerate(self._limit):
            self._left[side] = min(limit, self._left[side] + passed_s * limit)

    def has_any(self, *, write: bool) -> bool:
        self._grow()
        return self._left[write] > 0

    def use(self, units: float, *, write: bool) -> None:
        self._left[write] -= units


def unsupported(what: str) -> EngineError:
    """The refusal of a part of DynamoDB that the engine does not have."""
    return invalid(f"The engine does not support {what}")
