"""Internal: Scan, also with parallel segments.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Scan.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adorm.memory.database import Database
from adorm.memory.errors import invalid
from adorm.memory.expressions.request import read_expressions
from adorm.memory.items.consumed_capacity import add_report
from adorm.memory.items.pages import Page, Source, check_scalar_keys, check_select
from adorm.memory.items.start_keys import read_start_key
from adorm.memory.storage.keys import segment_range


def scan(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Read a page of a table or an index, in the order of its partitions."""
    expressions = read_expressions("Scan", request)
    start_key = read_start_key(request, in_scan=True)
    check_select(request, enveloped=False)
    _check_segments(request)
    table = database.data_table(request["TableName"])
    source = Source(table, request.get("IndexName"), consistent=bool(request.get("ConsistentRead")))
    select = request.get("Select")
    from_table = source.check_projection(select, expressions.projection, expressions.filter)
    check_scalar_keys(source, expressions.filter)
    first = last = after = None
    if "Segment" in request:
        first, last = segment_range(request["Segment"], request["TotalSegments"])
    if start_key is not None:
        source.check_start_key(start_key, in_scan=True)
        after = source.position(start_key)
        if first is not None and last is not None and not first <= after < last:
            raise invalid(
                "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use"
                " ExclusiveStartKey with correct Segment. TotalSegments:"
                f" {request['TotalSegments']} Segment: {request['Segment']}"
            )
    database.check_throughput(table, write=False)
    page = Page(source, from_table=from_table)
    positions = source.items.positions(first, last, after=after)
    page.read(source.items.contents(positions), request.get("Limit"))
    database.charge(table, page.consumed.total, write=False)
    answer = page.answer(expressions.filter, expressions.projection, counts_only=select == "COUNT")
    add_report(answer, request, page.consumed)
    return answer


def _check_segments(request: Mapping[str, Any]) -> None:
    segment, total = request.get("Segment"), request.get("TotalSegments")
    if segment is None and total is None:
        return
    if total is None:
        raise invalid(
            "The TotalSegments parameter is required but was not present in the request when"
            " Segment parameter is present"
        )
    if segment is None:
        raise invalid(
            "The Segment parameter is required but was not present in the request when parameter"
            " TotalSegments is present"
        )
    if segment >= total:
        raise invalid(
            "The Segment parameter is zero-based and must be less than parameter TotalSegments:"
            f" Segment: {segment} is not less than TotalSegments: {total}"
        )
