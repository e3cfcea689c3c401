"""Internal: TransactWriteItems.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from adorm.memory.capacity import add_report
from adorm.memory.database import Database
from adorm.memory.errors import EmptyKeyValue, EngineError, invalid
from adorm.memory.expressions.request import RequestExpressions, read_expressions
from adorm.memory.sizes import item_bytes
from adorm.memory.store import StoredItem
from adorm.memory.table import Table
from adorm.memory.transactions import (
    carry_out,
    check_distinct_items,
    check_total_bytes,
    consumed_by_writes,
    recall,
    remember,
    replay_units,
    written_sizes,
)
from adorm.memory.values import Item, canonical_item
from adorm.memory.writes import (
    ItemWrite,
    check_write,
    collection_metrics,
    delete_write,
    put_write,
    stored_put,
    tells_item_on_failure,
    update_write,
)

KINDS = ("ConditionCheck", "Put", "Delete", "Update")


class Action(NamedTuple):
    """One part of the transaction, read but not yet held against its table."""

    kind: str
    asked: Mapping[str, Any]
    content: Item
    """The item of a Put, the key of every other part."""
    stored: StoredItem | None
    """The item of a Put, as it will be stored."""
    expressions: RequestExpressions


def transact_write_items(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Carry out up to 100 writes and checks of conditions, all or none."""
    asked = {"TransactItems": request["TransactItems"]}
    for each in request["TransactItems"]:
        _check_kinds(each)
    actions = [_read(each) for each in request["TransactItems"]]
    token = request.get("ClientRequestToken")
    remembered = recall(database, token, asked)
    answer: dict[str, Any] = {}
    if remembered is not None:
        add_report(answer, request, replay_units(remembered), "ReadCapacityUnits")
        return answer
    tables = [database.data_table(action.asked["TableName"]) for action in actions]
    check_distinct_items(
        (table, table.schema.position(action.content))
        for table, action in zip(tables, actions, strict=True)
        if table.schema.fits(action.content)
    )
    writes = [_write(table, action) for table, action in zip(tables, actions, strict=True)]
    check_total_bytes(item_bytes(action.content) for action in actions)
    done = carry_out(database, writes)
    remember(database, token, asked, written_sizes(done))
    consumed = consumed_by_writes(done)
    for used in consumed:
        database.charge(used.table, used.total, write=True)
    add_report(answer, request, consumed, "WriteCapacityUnits")
    if request.get("ReturnItemCollectionMetrics") == "SIZE":
        _add_metrics(answer, [write for write, _ in done])
    return answer


def _check_kinds(asked: Mapping[str, Any]) -> None:
    count = sum(kind in asked for kind in KINDS)
    if count == 0:
        raise invalid(
            "Invalid Request: TransactWriteRequest should contain Delete or Put or Update request"
        )
    if count > 1:
        raise invalid("TransactItems can only contain one of Check, Put, Update or Delete")


def _read(part: Mapping[str, Any]) -> Action:
    kind = next(kind for kind in KINDS if kind in part)
    asked = part[kind]
    content = canonical_item(asked["Item" if kind == "Put" else "Key"])
    expressions = read_expressions(kind, asked)
    stored = stored_put(content) if kind == "Put" else None
    return Action(kind, asked, content, stored, expressions)


def _write(table: Table, action: Action) -> ItemWrite | EngineError:
    """The write of one part, or the error that becomes its reason."""
    condition, tells_item = action.expressions.condition, tells_item_on_failure(action.asked)
    key = action.content
    try:
        if action.stored is not None:
            return put_write(table, action.content, action.stored, condition, tells_item=tells_item)
        if action.kind == "Update":
            update = action.expressions.update
            return update_write(table, key, update, condition, tells_item=tells_item)
        write = delete_write if action.kind == "Delete" else check_write
        return write(table, key, condition, tells_item=tells_item)
    except EmptyKeyValue:
        raise
    except EngineError as error:
        return error


def _add_metrics(answer: dict[str, Any], writes: Sequence[ItemWrite]) -> None:
    by_table: dict[str, list[Any]] = {}
    for write in writes:
        metrics = collection_metrics(write)
        if metrics is not None and metrics not in by_table.setdefault(write.table.name, []):
            by_table[write.table.name].append(metrics)
    if by_table:
        answer["ItemCollectionMetrics"] = by_table
