"""Internal: runs one statement, alone or in a batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from adorm.memory.database import Database
from adorm.memory.errors import invalid
from adorm.memory.items.consumed_capacity import Consumed
from adorm.memory.items.item_write import ItemWrite, returns_item_on_failure
from adorm.memory.partiql.item_writes import BoundWrite
from adorm.memory.partiql.next_tokens import (
    fingerprint_of,
    is_resumable,
    mismatch,
    read_token,
    token_of,
)
from adorm.memory.partiql.parameters import check_parameter_count, read_parameters
from adorm.memory.partiql.select import BoundSelect, ReadPlan
from adorm.memory.partiql.statements import (
    EXISTS_OUTSIDE,
    ExistsStatement,
    SelectStatement,
    read_statement,
)
from adorm.memory.storage.table import Table
from adorm.memory.values.canonical import Item


class StatementResult(NamedTuple):
    """The result of a statement."""

    items: list[Item]
    consumed: Consumed
    next_token: str | None = None


def bind(database: Database, request: Mapping[str, Any]) -> BoundSelect | BoundWrite:
    """Read a statement and its parameters from a request, outside a transaction.

    Raises:
        EngineError: the statement is not well formed, or has operands that DynamoDB does not
            accept.
    """
    parameters = read_parameters(request)
    statement, expected = read_statement(request["Statement"])
    if isinstance(statement, ExistsStatement):
        raise invalid(EXISTS_OUTSIDE)
    check_parameter_count(expected, parameters)
    if isinstance(statement, SelectStatement):
        return BoundSelect(database, statement, parameters)
    return BoundWrite(statement, parameters)


def run_select(
    database: Database, select: BoundSelect, request: Mapping[str, Any]
) -> StatementResult:
    """Read a page of a SELECT.

    Raises:
        EngineError: the table or the index does not exist or can't be read in this way, or the
            token belongs to another statement.
    """
    consistent = bool(request.get("ConsistentRead"))
    plan = ReadPlan(database, select, consistent=consistent)
    parameters = request.get("Parameters") or ()
    fingerprint = fingerprint_of(request["Statement"], parameters)
    start = None
    if "NextToken" in request:
        start = read_token(request["NextToken"], fingerprint, plan.source, len(plan.ranges))
        if not is_resumable(parameters):
            raise mismatch()
    table = plan.source.table
    database.check_throughput(table, write=False)
    page = plan.read(start, request.get("Limit"))
    database.charge(table, page.consumed.total, write=False)
    token = None if page.stop is None else token_of(page.stop, fingerprint)
    return StatementResult(page.items, page.consumed, token)


def bound_item_write(
    database: Database, bound: BoundWrite, request: Mapping[str, Any]
) -> tuple[Table, ItemWrite]:
    """Return the table of a statement and its write.

    Raises:
        EngineError: the table does not exist, or does not allow this key or item.
    """
    table = database.data_table(bound.statement.table)
    bound.check_key(table)
    return table, bound.write(table, returns_item=returns_item_on_failure(request))


def run_write(database: Database, bound: BoundWrite, write: ItemWrite) -> StatementResult:
    """Apply a write.

    Raises:
        EngineError: its condition does not hold, or the new item is not allowed.
    """
    table = write.table
    database.check_throughput(table, write=True)
    database.check_not_held(table, write.position)
    evaluated = write.evaluate()
    consumed = Consumed(table)
    consumed.add_change(write.apply(database, evaluated))
    database.charge(table, consumed.total, write=True)
    return StatementResult(bound.returned(evaluated), consumed)
