"""Internal: BatchExecuteStatement: up to 25 statements, each with its own answer or error.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchExecuteStatement.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adorm.memory.database import Database
from adorm.memory.errors import EngineError, Wording, invalid
from adorm.memory.items.consumed_capacity import Consumed, add_report, read_units, write_units
from adorm.memory.items.item_write import ItemWrite
from adorm.memory.items.transactions import REASON_CODES
from adorm.memory.partiql.item_writes import BoundWrite
from adorm.memory.partiql.key_selects import check_key_types, selected_key
from adorm.memory.partiql.select import BoundSelect
from adorm.memory.partiql.statement_runs import StatementResult, bind, bound_item_write, run_write
from adorm.memory.storage.keys import Position
from adorm.memory.storage.table import Table
from adorm.memory.values.canonical import Item
from adorm.memory.values.sizes import item_bytes

OPERATION = "BatchExecuteStatement"


class BatchConsumed(Consumed):
    """The units that a batch used of one table. Failed writes count only in the total."""

    __slots__ = ("failed_units", "succeeded")

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.failed_units = 0.0
        self.succeeded = False

    @property
    def total(self) -> float:
        """The units of the table, of its indexes and of failed writes."""
        return super().total + self.failed_units


class Member:
    """One statement of a batch."""

    def __init__(self, database: Database, request: Mapping[str, Any]) -> None:
        self.request = request
        self._wording: Wording = database.options.wording
        self.error: EngineError | None = None
        self.names_table = False
        """Whether the answer names the table: it does so if the error came when the item was
        accessed."""
        self.bound: BoundSelect | BoundWrite | None = None
        self.table: Table | None = None
        self.key: Item | None = None
        """The key of the item that a SELECT reads."""
        self.write: ItemWrite | None = None
        try:
            self.bound = bind(database, request)
        except EngineError as error:
            self._keep(error)

    def _keep(self, error: EngineError) -> None:
        """Store an error for the statement's part of the answer.

        Raises:
            EngineError: the error concerns the batch as a whole, not one statement.
        """
        if error.code not in REASON_CODES:
            raise error
        self.error = error

    @property
    def table_name(self) -> str:
        """The table in the statement."""
        return "" if self.bound is None else self.bound.statement.table

    def find_item(self, database: Database) -> None:
        """Find the item of the statement, and store the error if this fails."""
        if self.bound is None:
            return
        try:
            self.table = database.data_table(self.table_name)
            if isinstance(self.bound, BoundSelect):
                self.key = selected_key(self.bound, self.table, OPERATION)
                check_key_types(self.table, self.key)
                self.names_table = True
                self.table.schema.check_key(self.key)
            else:
                self.bound.check_key(self.table)
                self.names_table = True
                _, self.write = bound_item_write(database, self.bound, self.request)
        except EngineError as error:
            self._keep(error)

    def target(self) -> tuple[str, Position] | None:
        """The table and position of the statement's item; None if they are unknown."""
        if self.table is None or self.error is not None:
            return None
        if self.write is not None:
            return self.table.name, self.write.position
        if self.key is not None:
            return self.table.name, self.table.schema.position(self.key)
        return None

    def run(self, database: Database) -> StatementResult | None:
        """Run the statement. On failure store the error and return None."""
        if self.error is not None or self.table is None:
            return None
        try:
            if isinstance(self.bound, BoundWrite) and self.write is not None:
                return run_write(database, self.bound, self.write)
            return self._read(database)
        except EngineError as error:
            self._keep(error)
            return None

    def _read(self, database: Database) -> StatementResult | None:
        if not isinstance(self.bound, BoundSelect) or self.table is None or self.key is None:
            return None
        database.check_throughput(self.table, write=False)
        stored = self.table.find(self.table.schema.position(self.key))
        consumed = Consumed(self.table)
        consistent = bool(self.request.get("ConsistentRead"))
        consumed.units = read_units(0 if stored is None else stored.size, consistent=consistent)
        database.charge(self.table, consumed.total, write=False)
        items = [] if stored is None else [self.bound.selected(stored.item())]
        return StatementResult(items, consumed)

    def failed_units(self) -> float:
        """The units of a write that failed."""
        if self.write is None or not isinstance(self.bound, BoundWrite):
            return 0.0
        stored = self.write.table.find(self.write.position)
        sizes = (0 if stored is None else stored.size, item_bytes(self.bound.item()))
        return float(write_units(max(sizes)))

    def answer(self, result: StatementResult | None) -> dict[str, Any]:
        """The statement's part of the answer."""
        if result is not None:
            answer: dict[str, Any] = {"TableName": self.table_name}
            if result.items:
                answer["Item"] = result.items[0]
            return answer
        if self.error is None:
            return {}
        code = REASON_CODES[self.error.code]
        shown = {"Code": code, "Message": self.error.text(self._wording), **self.error.fields}
        if self.names_table or code != "ValidationError":
            return {"Error": shown, "TableName": self.table_name}
        return {"Error": shown}


def batch_execute_statement(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Run up to 25 statements, each independent of the others."""
    members = [Member(database, each) for each in request["Statements"]]
    kinds = {type(member.bound) for member in members if member.bound is not None}
    if len(kinds) > 1:
        raise invalid("Read and write requests together in the same batch is not supported.")
    for member in members:
        member.find_item(database)
    _refuse_duplicates(members)
    used: dict[str, BatchConsumed] = {}
    responses: list[dict[str, Any]] = []
    for member in members:
        result = member.run(database)
        if member.table is not None:
            consumed = used.setdefault(member.table.name, BatchConsumed(member.table))
            _add(consumed, member, result)
        responses.append(member.answer(result))
    answer: dict[str, Any] = {"Responses": responses}
    reported = [consumed for consumed in used.values() if consumed.succeeded]
    if reported:
        add_report(answer, request, reported)
    return answer


def _refuse_duplicates(members: Sequence[Member]) -> None:
    seen: set[tuple[str, Position]] = set()
    for member in members:
        target = member.target()
        if target is None:
            continue
        if target in seen:
            raise invalid("Provided list of item keys contains duplicates")
        seen.add(target)


def _add(consumed: BatchConsumed, member: Member, result: StatementResult | None) -> None:
    if result is None:
        consumed.failed_units += member.failed_units()
        return
    consumed.succeeded = True
    consumed.units += result.consumed.units
    for by_name in (result.consumed.global_indexes, result.consumed.local_indexes):
        for name, units in by_name.items():
            consumed.add_index(name, units)
