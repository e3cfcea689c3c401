"""Internal: PutItem, UpdateItem and DeleteItem.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adorm.memory.database import Database
from adorm.memory.errors import EngineError, invalid, invalid_in_envelope
from adorm.memory.expressions.request import read_expressions
from adorm.memory.expressions.updates import Update
from adorm.memory.items.consumed_capacity import Consumed, add_report, write_units
from adorm.memory.items.item_collections import collection_metrics
from adorm.memory.items.item_write import (
    EvaluatedWrite,
    ItemWrite,
    delete_write,
    put_write,
    returns_item_on_failure,
    stored_put,
    update_write,
)
from adorm.memory.limits import MAX_ITEM_BYTES
from adorm.memory.values.canonical import Item, canonical_item


def put_item(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Store an item; it replaces the item with the same key."""
    item = canonical_item(request["Item"])
    expressions = read_expressions("PutItem", request)
    _check_return_values(request)
    stored = stored_put(item)
    table = database.data_table(request["TableName"])
    write = put_write(
        table, item, stored, expressions.condition, returns_item=returns_item_on_failure(request)
    )
    answer, evaluated = _carry_out(database, write, request)
    if request.get("ReturnValues") == "ALL_OLD" and evaluated.old is not None:
        answer["Attributes"] = evaluated.old
    return answer


def delete_item(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Remove the item with this key. A missing item is no error."""
    key = canonical_item(request["Key"])
    expressions = read_expressions("DeleteItem", request)
    table = database.data_table(request["TableName"])
    write = delete_write(
        table, key, expressions.condition, returns_item=returns_item_on_failure(request)
    )
    answer, evaluated = _carry_out(database, write, request)
    if request.get("ReturnValues") == "ALL_OLD" and evaluated.old is not None:
        answer["Attributes"] = evaluated.old
    return answer


def update_item(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Change the item with this key, or create it."""
    key = canonical_item(request["Key"])
    expressions = read_expressions("UpdateItem", request)
    table = database.data_table(request["TableName"])
    write = update_write(
        table,
        key,
        expressions.update,
        expressions.condition,
        returns_item=returns_item_on_failure(request),
    )
    if "UpdateExpression" in request and expressions.update is not None:
        _check_update_size(expressions.update)
    answer, evaluated = _carry_out(database, write, request)
    attributes = _updated_values(request.get("ReturnValues", "NONE"), evaluated, expressions.update)
    if attributes:
        answer["Attributes"] = attributes
    return answer


def _check_update_size(update: Update) -> None:
    """Refuse an update whose expression and values are larger than any item may be.

    The service does so before it checks the condition, whatever item the update would leave.

    Raises:
        EngineError: the expression and its values are too large.
    """
    if update.exceeds(MAX_ITEM_BYTES):
        raise invalid("Item size to update has exceeded the maximum allowed size")


def _check_return_values(request: Mapping[str, Any]) -> None:
    if request.get("ReturnValues", "NONE") not in ("NONE", "ALL_OLD"):
        raise invalid_in_envelope("ReturnValues can only be ALL_OLD or NONE")


def _carry_out(
    database: Database, write: ItemWrite, request: Mapping[str, Any]
) -> tuple[dict[str, Any], EvaluatedWrite]:
    """Apply a single write, and begin its answer with the members that all writes report."""
    table = write.table
    database.check_throughput(table, write=True)
    database.check_not_held(table, write.position)
    try:
        evaluated = write.evaluate()
    except EngineError as error:
        if error.code == "ConditionalCheckFailedException":
            _charge_failure(database, write)
        raise
    change = write.apply(database, evaluated)
    answer: dict[str, Any] = {}
    if database.options.throttle_above is not None or "ReturnConsumedCapacity" in request:
        consumed = Consumed(table)
        consumed.add_change(change)
        database.charge(table, consumed.total, write=True)
        add_report(answer, request, consumed)
    if request.get("ReturnItemCollectionMetrics") == "SIZE":
        metrics = collection_metrics(write)
        if metrics is not None:
            answer["ItemCollectionMetrics"] = metrics
    return answer, evaluated


def _charge_failure(database: Database, write: ItemWrite) -> None:
    """Charge a write whose condition failed as if it had written the present item.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html
    """
    stored = write.table.find(write.position)
    database.charge(write.table, write_units(0 if stored is None else stored.size), write=True)


def _updated_values(wanted: str, evaluated: EvaluatedWrite, update: Update | None) -> Item | None:
    if wanted == "ALL_OLD":
        return evaluated.old
    if wanted == "ALL_NEW":
        return evaluated.new
    if wanted == "NONE" or update is None:
        return None
    item = evaluated.old if wanted == "UPDATED_OLD" else evaluated.new
    return None if item is None else update.touched(item)
