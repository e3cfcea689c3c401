"""Internal: ExecuteTransaction: up to 100 statements, all or none.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ExecuteTransaction.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from adorm.memory.database import Database
from adorm.memory.errors import EmptyKeyValue, EngineError, Wording, invalid, not_found
from adorm.memory.items.consumed_capacity import (
    TRANSACTION_FACTOR,
    Consumed,
    add_report,
    read_units,
)
from adorm.memory.items.item_write import ItemWrite, condition_failed, returns_item_on_failure
from adorm.memory.items.transactions import (
    cancelled,
    carry_out,
    check_targets,
    check_total_bytes,
    consumed_by_writes,
    find_completed,
    keep_completed,
    read_token,
    reason_of,
    replay_units,
    same_item_twice,
    written_sizes,
)
from adorm.memory.partiql.item_writes import BoundWrite
from adorm.memory.partiql.key_reads import ImpossibleKeyValue
from adorm.memory.partiql.key_selects import selected_key
from adorm.memory.partiql.parameters import check_parameter_count, read_parameters
from adorm.memory.partiql.select import BoundSelect
from adorm.memory.partiql.statements import (
    DeleteStatement,
    ExistsStatement,
    InsertStatement,
    SelectStatement,
    read_statement,
)
from adorm.memory.storage.keys import SCHEMA_MISMATCH
from adorm.memory.storage.table import Table
from adorm.memory.values.canonical import Item, Value
from adorm.memory.values.sizes import item_bytes

OPERATION = "ExecuteTransaction"


class Read(NamedTuple):
    """A SELECT of a transaction; `table` is None if the table does not exist."""

    at: int
    table: Table | None
    bound: BoundSelect


class Write(NamedTuple):
    """A write or a check of a transaction; `table` is None if the table does not exist."""

    at: int
    table: Table | None
    bound: BoundWrite
    returns_item: bool


def execute_transaction(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Run up to 100 statements that all read or all write, each on another item."""
    statements: Sequence[Mapping[str, Any]] = request["TransactStatements"]
    parameters = [read_parameters(each) for each in statements]
    token = read_token(request, lambda: list(map(_fixed_content, statements, parameters)))
    completed = find_completed(database, token)
    if completed is not None and completed.sizes:
        answer: dict[str, Any] = {"Responses": []}
        add_report(answer, request, replay_units(database, completed), "ReadCapacityUnits")
        return answer
    parts = [
        _part(database, at, each, values)
        for at, (each, values) in enumerate(zip(statements, parameters, strict=True))
    ]
    reads = [each for each in parts if isinstance(each, Read)]
    writes = [each for each in parts if isinstance(each, Write)]
    if reads and writes:
        raise invalid(
            "ExecuteTransaction API does not support both read and write operations in the same"
            " request."
        )
    if reads:
        answer = _read(database, reads, request)
        keep_completed(database, token, [])
    else:
        answer, sizes = _write(database, writes, request)
        keep_completed(database, token, sizes)
    return answer


def _fixed_content(statement: Mapping[str, Any], parameters: list[Value]) -> list[Any]:
    """The content of a statement that a repeated request with the same token must not change."""
    mode = statement.get("ReturnValuesOnConditionCheckFailure", "NONE")
    return [statement["Statement"], parameters, mode]


def _fault(at: int, error: EngineError) -> EngineError:
    """The refusal of the transaction because one statement is invalid."""
    where = f"Validation failed in TransactStatements[{at}]: "
    return invalid(where + error.message, old=where + error.old)


def _part(
    database: Database, at: int, statement: Mapping[str, Any], parameters: list[Value]
) -> Read | Write:
    try:
        return _bound_part(database, at, statement, parameters)
    except EngineError as error:
        raise _fault(at, error) from None


def _bound_part(
    database: Database, at: int, request: Mapping[str, Any], parameters: list[Value]
) -> Read | Write:
    statement, expected = read_statement(request["Statement"])
    check_parameter_count(expected, parameters)
    table = database.find_table(statement.table)
    if table is not None and table.status in ("CREATING", "DELETING"):
        table = None
    if isinstance(statement, SelectStatement):
        _refuse_index(statement, table)
        return Read(at, table, BoundSelect(database, statement, parameters))
    if isinstance(statement, ExistsStatement):
        _refuse_index(statement.select, table)
    bound = BoundWrite(statement, parameters)
    if bound.returns is not None and table is not None:
        raise invalid("RETURNING clause is not supported in ExecuteTransaction.")
    return Write(at, table, bound, returns_item_on_failure(request))


def _refuse_index(select: SelectStatement, table: Table | None) -> None:
    if select.index is not None and table is not None:
        raise invalid("Reads on indices are not supported within transactions.")


def _refuse_faulty(faults: Sequence[EngineError | None], wording: Wording) -> None:
    """Cancel a transaction before it begins, if a statement can't be run.

    Raises:
        EngineError: a statement cannot be carried out.
    """
    reasons = [None if each is None else reason_of(each, wording) for each in faults]
    if any(reasons):
        raise cancelled(reasons)


# ---------------------------------------------------------------------- reading


def _read(database: Database, reads: Sequence[Read], request: Mapping[str, Any]) -> dict[str, Any]:
    found = [_target(each) for each in reads]
    wording = database.options.wording
    _refuse_faulty([each if isinstance(each, EngineError) else None for each in found], wording)
    targets = [each for each in found if not isinstance(each, EngineError)]
    positions = [table.schema.position(key) for table, key in targets]
    tables = [table for table, _ in targets]
    if len({(table.name, at) for table, at in zip(tables, positions, strict=True)}) < len(tables):
        raise same_item_twice()
    faults: list[EngineError | None] = []
    for table, position in zip(tables, positions, strict=True):
        try:
            database.check_not_held(table, position)
            database.check_throughput(table, write=False)
        except EngineError as error:
            faults.append(error)
        else:
            faults.append(None)
    _refuse_faulty(faults, wording)
    items = [table.find(position) for table, position in zip(tables, positions, strict=True)]
    check_total_bytes(stored.size for stored in items if stored is not None)
    by_table: dict[str, Consumed] = {}
    responses: list[dict[str, Any]] = []
    for each, table, stored in zip(reads, tables, items, strict=True):
        responses.append({} if stored is None else {"Item": each.bound.selected(stored.item())})
        size = 0 if stored is None else stored.size
        used = by_table.setdefault(table.name, Consumed(table))
        used.units += TRANSACTION_FACTOR * read_units(size, consistent=True)
    for used in by_table.values():
        database.charge(used.table, used.total, write=False)
    answer: dict[str, Any] = {"Responses": responses}
    add_report(answer, request, by_table.values(), "ReadCapacityUnits")
    return answer


def _target(read: Read) -> tuple[Table, Item] | EngineError:
    """The table and key that a SELECT reads, or the error that cancels the transaction."""
    if read.table is None:
        return not_found()
    try:
        key = selected_key(read.bound, read.table, OPERATION)
    except EngineError as error:
        raise _fault(read.at, error) from None
    try:
        read.table.schema.check_key(key)
    except EngineError as error:
        return error
    return read.table, key


# ---------------------------------------------------------------------- writing


def _write(
    database: Database, writes: Sequence[Write], request: Mapping[str, Any]
) -> tuple[dict[str, Any], list[tuple[str, int]]]:
    """Apply the writes.

    Returns:
        The answer, and for each item the table's name and the bytes.
    """
    found = [_item_write(each) for each in writes]
    wording = database.options.wording
    _refuse_faulty([each if isinstance(each, EngineError) else None for each in found], wording)
    item_writes = [each for each in found if isinstance(each, ItemWrite)]
    check_targets(item_writes)
    check_total_bytes(item_bytes(each.bound.item()) for each in writes)
    try:
        done = carry_out(database, item_writes)
    except EngineError as error:
        raise _with_missed_deletes(error, writes, item_writes, wording) from None
    consumed = consumed_by_writes(done)
    for used in consumed:
        database.charge(used.table, used.total, write=True)
    answer: dict[str, Any] = {"Responses": []}
    add_report(answer, request, consumed, "WriteCapacityUnits")
    return answer, written_sizes(done)


def _item_write(write: Write) -> ItemWrite | EngineError:
    """The write of a statement, or the error that cancels the transaction."""
    table, bound = write.table, write.bound
    if table is None:
        return not_found()
    if isinstance(bound.statement, ExistsStatement):
        try:
            bound.checked_key(table)
        except EngineError as error:
            raise _fault(write.at, error) from None
    elif not isinstance(bound.statement, InsertStatement):
        try:
            bound.key(table)
        except ImpossibleKeyValue as error:
            raise _fault(write.at, error) from None
        except EngineError:
            return invalid(SCHEMA_MISMATCH)
    try:
        return bound.write(table, returns_item=write.returns_item)
    except EmptyKeyValue:
        raise
    except EngineError as error:
        return error


def _with_missed_deletes(
    error: EngineError,
    writes: Sequence[Write],
    item_writes: Sequence[ItemWrite],
    wording: Wording,
) -> EngineError:
    """The cancellation with a reason also for each conditional DELETE that found no item.

    Such a DELETE does nothing if the transaction is applied.
    """
    reasons = error.fields.get("CancellationReasons")
    if reasons is None:
        return error
    with_missed: list[dict[str, Any] | None] = []
    for write, item_write, reason in zip(writes, item_writes, reasons, strict=True):
        missed = isinstance(write.bound.statement, DeleteStatement) and (
            write.bound.tests_more_than_key(item_write.table)
            and item_write.table.find(item_write.position) is None
        )
        if reason["Code"] == "None":
            with_missed.append(reason_of(condition_failed(None), wording) if missed else None)
        else:
            with_missed.append(reason)
    return cancelled(with_missed)
