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
    """The tables of one account in one region, and what else belongs to them.

    Args:
        options: how the engine behaves.
        account: twelve digits.
        region: `eu-central-1`.
    """

    def __init__(self, options: EngineOptions, account: str, region: str) -> None:
        self.options = options
        self.account = account
        self.region = region
        self.tables: dict[str, Table] = {}
        self.tokens: dict[str, Any] = {}
        """What transactions with a `ClientRequestToken` did, by token."""
        self.backups: dict[str, Any] = {}
        """Backups by ARN."""
        self.streams: dict[str, Any] = {}
        """Streams by ARN, also of tables that are gone, for a day."""
        self._moment: float | None = None
        """The moment of the call that is under way; None between calls."""
        self._busy: dict[tuple[str, Position], int] = {}
        self._balances: dict[str, _Balance] = {}

    def begin_call(self) -> None:
        """Stop the clock: a call happens at one moment, however often it asks for the time."""
        self._moment = self.options.now()

    def end_call(self) -> None:
        """Let the clock go on."""
        self._moment = None

    def now(self) -> float:
        """Seconds since 1970, by the engine's clock; the same throughout a call."""
        return self.options.now() if self._moment is None else self._moment

    def is_empty(self) -> bool:
        """Whether nothing is kept here: then there is no need of this database."""
        return not (self.tables or self.backups or self.streams or self.tokens)

    def arn(self, table_name: str) -> str:
        """The ARN of a table of this database."""
        return f"arn:aws:dynamodb:{self.region}:{self.account}:table/{table_name}"

    # ------------------------------------------------------------------ tables

    def name_of(self, name_or_arn: str) -> str:
        """A table's name, given as such or as an ARN.

        Raises:
            EngineError: the ARN is of another account or region.
        """
        if not name_or_arn.startswith("arn:"):
            return name_or_arn
        name = name_or_arn.rpartition(":table/")[2]
        if name_or_arn != self.arn(name):
            raise not_found(f"Requested resource not found: Table: {name_or_arn} not found")
        return name

    def apply_due_changes(self) -> None:
        """Do the due changes of state of all tables."""
        now = self.now()
        for table in list(self.tables.values()):
            table.apply_due_changes(now)

    def find_table(self, name_or_arn: str) -> Table | None:
        """A table in any state, its due changes of state done; None if there is none."""
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
        """A table in any state, its due changes of state done.

        Raises:
            EngineError: the table does not exist.
        """
        table = self.find_table(name_or_arn)
        if table is None:
            name = self.name_of(name_or_arn)
            raise not_found(f"Requested resource not found: Table: {name} not found")
        return table

    def data_table(self, name_or_arn: str) -> Table:
        """A table whose items can be read and written.

        Raises:
            EngineError: the table does not exist, is being created, or is being deleted.
        """
        table = self.find_table(name_or_arn)
        if table is None or table.status in ("CREATING", "DELETING"):
            raise not_found()
        return table

    def forget_table(self, name: str) -> None:
        """Drop a table, with what was counted for it."""
        del self.tables[name]
        self._balances.pop(name, None)

    # -------------------------------------------------------------- conflicts

    @contextmanager
    def hold(self, table_name: str, position: Position) -> Generator[None]:
        """Inside the block an item counts as taken by a transaction that is under way."""
        item = (table_name, position)
        self._busy[item] = self._busy.get(item, 0) + 1
        try:
            yield
        finally:
            self._busy[item] -= 1
            if not self._busy[item]:
                del self._busy[item]

    def is_held(self, table: Table, position: Position) -> bool:
        """Whether an item is taken by a transaction that is under way; see `hold`."""
        return bool(self._busy) and (table.name, position) in self._busy

    def check_not_held(self, table: Table, position: Position) -> None:
        """Refuse to touch an item that a transaction has.

        Raises:
            EngineError: `TransactionConflictException`.
        """
        if self.is_held(table, position):
            raise EngineError("TransactionConflictException", "Transaction is ongoing for the item")

    # ------------------------------------------------------------- throttling

    def admit(self, table: Table, *, write: bool) -> None:
        """Refuse a request to a table that used more than `EngineOptions.throttle_above` allows.

        A table may use its units of one second at once; a request is let in while any are left.

        Raises:
            EngineError: `ProvisionedThroughputExceededException`.
        """
        limit = self.options.throttle_above
        if limit is None:
            return
        balance = self._balances.setdefault(table.name, _Balance(limit, self.now))
        if not balance.has_any(write=write):
            raise throttled()

    def charge(self, table: Table, units: float, *, write: bool) -> None:
        """Count units that a request used."""
        balance = self._balances.get(table.name)
        if balance is not None:
            balance.use(units, write=write)


Handler = Callable[[Database, Mapping[str, Any]], dict[str, Any]]
"""Carries out one operation: takes a database and a checked request, returns the answer."""


def throttled() -> EngineError:
    """The refusal of a table that is used more than its units allow."""
    return EngineError(
        "ProvisionedThroughputExceededException",
        "The level of configured provisioned throughput for the table was exceeded. Consider"
        " increasing your provisioning level with the UpdateTable API.",
    )


class _Balance:
    """The read and write units that are left to a table: they grow by the second, up to those of
    one second."""

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
    """What the engine answers for a part of DynamoDB that it does not have."""
    return invalid(f"The engine does not support {what}")
