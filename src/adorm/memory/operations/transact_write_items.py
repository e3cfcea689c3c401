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
    stored_put,
    tells_item_on_failure,
    update_write,
)
from adorm.memory.items.transactions import (
    carry_out,
    check_distinct_items,
    check_total_bytes,
    consumed_by_writes,
    read_token,
    recall,
    remember,
    replay_units,
    written_sizes,
)
from adorm.memory.storage.ordered_items import StoredItem
from adorm.memory.storage.table import Table
from adorm.memory.values.canonical import Item, canonical_item
from adorm.memory.values.sizes import item_bytes

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
    actions = [_read(each) for each in request["TransactItems"]]
    token = read_token(request, lambda: [_told(each) for each in actions])
    remembered = recall(database, token)
    answer: dict[str, Any] = {}
    if remembered is not None:
        add_report(answer, request, replay_units(database, remembered), "ReadCapacityUnits")
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
    remember(database, token, written_sizes(done))
    consumed = consumed_by_writes(done)
    for used in consumed:
        database.charge(used.table, used.total, write=True)
    add_report(answer, request, consumed, "WriteCapacityUnits")
    if request.get("ReturnItemCollectionMetrics") == "SIZE":
        _add_metrics(answer, [write for write, _ in done])
    return answer


def _read(part: Mapping[str, Any]) -> Action:
    kind = next(kind for kind in KINDS if kind in part)
    asked = part[kind]
    content = canonical_item(asked["Item" if kind == "Put" else "Key"])
    expressions = read_expressions(kind, asked)
    stored = stored_put(content) if kind == "Put" else None
    return Action(kind, asked, content, stored, expressions)


def _told(action: Action) -> list[Any]:
    """What of a part a repetition with the same token must not change."""
    others = {name: each for name, each in action.asked.items() if name not in ("Item", "Key")}
    if "ExpressionAttributeValues" in others:
        values: Mapping[str, Any] = others["ExpressionAttributeValues"]
        others["ExpressionAttributeValues"] = canonical_item(values)
    return [action.kind, action.content, others]


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
    by_table: dict[str, list[ItemWrite]] = {}
    for write in writes:
        by_table.setdefault(write.table.name, []).append(write)
    told = {name: collections_metrics(of_table) for name, of_table in by_table.items()}
    told = {name: metrics for name, metrics in told.items() if metrics}
    if told:
        answer["ItemCollectionMetrics"] = told
