"""Internal: TransactWriteItems.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from adorm.memory.database import Database
from adorm.memory.errors import EmptyKeyValue, EngineError
from adorm.memory.expressions.request import RequestExpressions, read_expressions
from adorm.memory.items.consumed_capacity import add_report
from adorm.memory.items.item_collections import collections_metrics
from adorm.memory.items.item_write import (
    ItemWrite,
    check_write,
    delete_write,
    put_write,
    returns_item_on_failure,
    stored_put,
    update_write,
)
from adorm.memory.items.transactions import (
    carry_out,
    check_distinct_items,
    check_total_bytes,
    consumed_by_writes,
    find_completed,
    keep_completed,
    read_token,
    replay_units,
    written_sizes,
)
from adorm.memory.storage.ordered_items import StoredItem
from adorm.memory.storage.table import Table
from adorm.memory.values.canonical import Item, canonical_item
from adorm.memory.values.sizes import item_bytes

ACTIONS = ("ConditionCheck", "Put", "Delete", "Update")


class Action(NamedTuple):
    """One action of the transaction, read but not yet checked against its table."""

    name: str
    request: Mapping[str, Any]
    content: Item
    """The item of a Put, or the key of another action."""
    stored: StoredItem | None
    """The stored form of the item of a Put."""
    expressions: RequestExpressions


def transact_write_items(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Apply up to 100 writes and condition checks: all or none."""
    actions = [_read(each) for each in request["TransactItems"]]
    token = read_token(request, lambda: [_fixed_content(each) for each in actions])
    completed = find_completed(database, token)
    answer: dict[str, Any] = {}
    if completed is not None:
        add_report(answer, request, replay_units(database, completed), "ReadCapacityUnits")
        return answer
    tables = [database.data_table(action.request["TableName"]) for action in actions]
    check_distinct_items(
        (table, table.schema.position(action.content))
        for table, action in zip(tables, actions, strict=True)
        if table.schema.fits(action.content)
    )
    writes = [_write(table, action) for table, action in zip(tables, actions, strict=True)]
    check_total_bytes(item_bytes(action.content) for action in actions)
    done = carry_out(database, writes)
    keep_completed(database, token, written_sizes(done))
    consumed = consumed_by_writes(done)
    for used in consumed:
        database.charge(used.table, used.total, write=True)
    add_report(answer, request, consumed, "WriteCapacityUnits")
    if request.get("ReturnItemCollectionMetrics") == "SIZE":
        _add_metrics(answer, [write for write, _ in done])
    return answer


def _read(part: Mapping[str, Any]) -> Action:
    name = next(name for name in ACTIONS if name in part)
    request = part[name]
    content = canonical_item(request["Item" if name == "Put" else "Key"])
    expressions = read_expressions(name, request)
    stored = stored_put(content) if name == "Put" else None
    return Action(name, request, content, stored, expressions)


def _fixed_content(action: Action) -> list[Any]:
    """The content of an action that a repeated request with the same token must not change."""
    others = {name: each for name, each in action.request.items() if name not in ("Item", "Key")}
    if "ExpressionAttributeValues" in others:
        values: Mapping[str, Any] = others["ExpressionAttributeValues"]
        others["ExpressionAttributeValues"] = canonical_item(values)
    return [action.name, action.content, others]


def _write(table: Table, action: Action) -> ItemWrite | EngineError:
    """The write of one action, or the error that becomes its cancellation reason."""
    condition, returns_item = action.expressions.condition, returns_item_on_failure(action.request)
    key = action.content
    try:
        if action.stored is not None:
            return put_write(
                table, action.content, action.stored, condition, returns_item=returns_item
            )
        if action.name == "Update":
            update = action.expressions.update
            return update_write(table, key, update, condition, returns_item=returns_item)
        write = delete_write if action.name == "Delete" else check_write
        return write(table, key, condition, returns_item=returns_item)
    except EmptyKeyValue:
        raise
    except EngineError as error:
        return error


def _add_metrics(answer: dict[str, Any], writes: Sequence[ItemWrite]) -> None:
    by_table: dict[str, list[ItemWrite]] = {}
    for write in writes:
        by_table.setdefault(write.table.name, []).append(write)
    metrics = {name: collections_metrics(of_table) for name, of_table in by_table.items()}
    metrics = {name: metrics for name, metrics in metrics.items() if metrics}
    if metrics:
        answer["ItemCollectionMetrics"] = metrics
