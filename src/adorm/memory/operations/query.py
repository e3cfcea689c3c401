"""Internal: Query.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from adorm.memory.database import Database
from adorm.memory.errors import EngineError, invalid
from adorm.memory.expressions.conditions import Condition
from adorm.memory.expressions.request import (
    RequestExpressions,
    read_expressions,
    refuse_mixture,
)
from adorm.memory.items.consumed_capacity import add_report
from adorm.memory.items.key_ranges import BoundKeyCondition
from adorm.memory.items.pages import Page, Source, check_scalar_keys, check_select
from adorm.memory.items.start_keys import read_start_key
from adorm.memory.shapes.query_wording import check_select_value
from adorm.memory.storage.keys import Position


def query(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Read a page of one partition of a table or an index, in the order of its sort key."""
    if "Select" in request:
        _check_select_value(request)
    expressions = _read_expressions(request)
    start_key = read_start_key(request, in_scan=False)
    check_select(request, enveloped=True)
    table = database.data_table(request["TableName"])
    if expressions.key_condition is None:
        raise invalid(
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the"
            " request."
        )
    source = Source(table, request.get("IndexName"), consistent=bool(request.get("ConsistentRead")))
    if start_key is not None:
        source.check_start_key(start_key, in_scan=False)
    bound = BoundKeyCondition(expressions.key_condition, source.schema)
    after = None
    if start_key is not None:
        whole_key = source.index is None and not source.schema.sort
        bound.check_start_key(start_key, whole_key=whole_key)
        after = source.position(start_key)
    _check_filter(source, expressions.filter, "QueryFilter" in request)
    select = request.get("Select")
    from_table = source.check_projection(select, expressions.projection, expressions.filter)
    database.check_throughput(table, write=False)
    page = Page(source, from_table=from_table)
    wanted = bound.range()
    descending = not request.get("ScanIndexForward", True)
    positions = source.items.positions(
        wanted.first, wanted.last, after=after, descending=descending
    )
    if wanted.unwanted is not None:
        positions = _without(positions, wanted.unwanted)
    page.read(source.items.contents(positions), request.get("Limit"))
    database.charge(table, page.consumed.total, write=False)
    answer = page.answer(expressions.filter, expressions.projection, counts_only=select == "COUNT")
    add_report(answer, request, page.consumed)
    return answer


def _read_expressions(request: Mapping[str, Any]) -> RequestExpressions:
    try:
        return read_expressions("Query", request)
    except EngineError as error:
        # A contradiction of `Select` is reported before a fault of the key condition.
        if error.message.startswith("Invalid KeyConditionExpression"):
            check_select(request, enveloped=True)
        raise


def _check_select_value(request: Mapping[str, Any]) -> None:
    """Refuse an unknown `Select`. A query does so before it reads any expression.

    Raises:
        EngineError: the `Select` is unknown, or the request mixes expressions with legacy
            parameters.
    """
    try:
        check_select_value(request["Select"])
    except EngineError:
        refuse_mixture("Query", request)
        raise


def _without(positions: Iterator[Position], unwanted: Position) -> Iterator[Position]:
    """Leave out the entries whose position begins with the excluded bound of `<` or `>`."""
    length = len(unwanted)
    return (position for position in positions if position[:length] != unwanted)


def _check_filter(source: Source, condition: Condition | None, legacy: bool) -> None:
    """Refuse a filter on a key attribute of the source, which belongs in the key condition.

    Raises:
        EngineError: the filter is on a key attribute.
    """
    if condition is None:
        return
    for name in source.schema.attributes:
        if name in condition.attributes:
            raise _key_in_filter(name, legacy)
    check_scalar_keys(source, condition)


def _key_in_filter(name: str, legacy: bool) -> EngineError:
    member = "QueryFilter" if legacy else "Filter Expression"
    return invalid(
        f"{member} can only contain non-primary key attributes: Primary key attribute: {name}"
    )
