"""Internal: BatchGetItem.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from adorm.memory.database import Database, throttled
from adorm.memory.errors import EngineError, invalid
from adorm.memory.expressions.request import RequestExpressions, read_expressions
from adorm.memory.items.consumed_capacity import Consumed, add_report, read_units
from adorm.memory.limits import MAX_BATCH_GET_BYTES
from adorm.memory.values.canonical import Item, canonical_item


def batch_get_item(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Read up to 100 items of one or several tables by their keys."""
    parts: Mapping[str, Mapping[str, Any]] = request["RequestItems"]
    _check_mixture(parts)
    read = {name: _read_part(part) for name, part in parts.items()}
    tables = {name: database.data_table(name) for name in parts}
    answers: dict[str, list[Item]] = {}
    unprocessed: dict[str, Any] = {}
    consumed: list[Consumed] = []
    size = 0
    full = False
    fetched = 0
    for name, (keys, expressions) in read.items():
        table = tables[name]
        used = Consumed(table)
        consumed.append(used)
        found: list[Item] = []
        left: list[Item] = []
        consistent = bool(parts[name].get("ConsistentRead"))
        for key in keys:
            table.schema.check_key(key)
        for key in keys:
            stored = table.find(table.schema.position(key))
            if full or (stored is not None and size + stored.size > MAX_BATCH_GET_BYTES):
                full = True
                left.append(key)
                continue
            try:
                database.check_throughput(table, write=False)
            except EngineError:
                left.append(key)
                continue
            units = read_units(0 if stored is None else stored.size, consistent=consistent)
            used.units += units
            database.charge(table, units, write=False)
            fetched += 1
            if stored is not None:
                size += stored.size
                item = stored.item()
                projection = expressions.projection
                found.append(item if projection is None else projection.apply(item))
        answers[name] = found
        if left:
            unprocessed[name] = {**deepcopy(dict(parts[name])), "Keys": left}
    if not fetched and unprocessed:
        raise throttled()
    answer: dict[str, Any] = {"Responses": answers, "UnprocessedKeys": unprocessed}
    add_report(answer, request, consumed)
    return answer


def _check_mixture(parts: Mapping[str, Mapping[str, Any]]) -> None:
    if any("ProjectionExpression" in part for part in parts.values()) and any(
        "AttributesToGet" in part for part in parts.values()
    ):
        raise invalid(
            "Can not use both expression and non-expression parameters in the same request:"
            " Non-expression parameters: {AttributesToGet} Expression parameters:"
            " {ProjectionExpression}"
        )


def _read_part(part: Mapping[str, Any]) -> tuple[list[Item], RequestExpressions]:
    expressions = read_expressions("Keys", part)
    keys = [canonical_item(key) for key in part["Keys"]]
    distinct = {tuple(sorted((name, repr(value)) for name, value in key.items())) for key in keys}
    if len(distinct) != len(keys):
        raise invalid("Provided list of item keys contains duplicates")
    return keys, expressions
