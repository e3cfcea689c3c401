"""What `explain()` tells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from adorm.calls.units import Units
from adorm.dynamodb.limits import MAX_ITEM_BYTES, PAGE_BYTES, READ_UNIT_BYTES, WRITE_UNIT_BYTES
from adorm.dynamodb.operations import READS

if TYPE_CHECKING:
    from adorm.calls.prices import PriceTable


@attrs.frozen(kw_only=True)
class Cost:
    """About what a request consumes. Real figures come with the answer."""

    least_units: float
    """Read or write capacity units that it takes at least."""
    most_units_per_page: float
    """What one request can take at most."""
    note: str

    def __str__(self) -> str:
        return f"{self.least_units:g} to {self.most_units_per_page:g} units a request; {self.note}"


@attrs.frozen(kw_only=True)
class Plan:
    """How an operation will be carried out. Names are spelled out, values stay placeholders."""

    operation: str
    """DynamoDB's name of it: "Query"."""
    table: str
    index: str | None = None
    key_condition: str | None = None
    condition: str | None = None
    filter: str | None = None
    update: str | None = None
    projection: str | None = None
    reason: str = ""
    """Why this table or index, and what speaks against the others."""
    cost: Cost

    def price(self, prices: PriceTable | None = None, /) -> tuple[float, float]:
        """About what one request costs on demand: at least, and at most; in the currency of the
        prices, by default of `PriceTable()`."""
        least, most = (
            Units(read=units) if self.operation in READS else Units(write=units)
            for units in (self.cost.least_units, self.cost.most_units_per_page)
        )
        return least.price(prices), most.price(prices)

    def __str__(self) -> str:
        lines = [f"{self.operation} {self.table}{f' by index {self.index}' if self.index else ''}"]
        for label, text in (
            ("key condition", self.key_condition),
            ("condition", self.condition),
            ("filter", self.filter),
            ("update", self.update),
            ("projection", self.projection),
            ("reason", self.reason),
            ("cost", str(self.cost)),
        ):
            if text:
                lines.append(f"  {label}: {text}")
        return "\n".join(lines)


_NAME = re.compile(r"#n\d+")


def spelled(expression: str | None, request: Mapping[str, Any]) -> str | None:
    """An expression with its names in the place of their placeholders."""
    if expression is None:
        return None
    names: Mapping[str, str] = request.get("ExpressionAttributeNames", {})
    return _NAME.sub(lambda token: names.get(token[0], token[0]), expression)


def plan_of(operation: str, request: Mapping[str, Any], cost: Cost, *, reason: str = "") -> Plan:
    """The plan of a finished request."""
    return Plan(
        operation=operation,
        table=str(request["TableName"]),
        index=request.get("IndexName"),
        key_condition=spelled(request.get("KeyConditionExpression"), request),
        condition=spelled(request.get("ConditionExpression"), request),
        filter=spelled(request.get("FilterExpression"), request),
        update=spelled(request.get("UpdateExpression"), request),
        projection=spelled(request.get("ProjectionExpression"), request),
        reason=reason,
        cost=cost,
    )


def read_cost(*, consistent: bool) -> Cost:
    """Of GetItem: half a unit for each 4 KB, a whole one where the read is consistent."""
    factor = 1.0 if consistent else 0.5
    return Cost(
        least_units=factor,
        most_units_per_page=factor * MAX_ITEM_BYTES / READ_UNIT_BYTES,
        note=f"{factor:g} read units for each 4 KB of the item",
    )


def page_cost(*, consistent: bool) -> Cost:
    """Of Query and Scan: by the bytes read, before the filter; a page has 1 MB at most."""
    factor = 1.0 if consistent else 0.5
    return Cost(
        least_units=factor,
        most_units_per_page=factor * PAGE_BYTES / READ_UNIT_BYTES,
        note=f"{factor:g} read units for each 4 KB read, filtered items included",
    )


def write_cost(*, transactional: bool = False) -> Cost:
    """Of a write: one unit for each 1 KB of the larger of the old and the new item, double in a
    transaction; indexes come on top."""
    factor = 2.0 if transactional else 1.0
    return Cost(
        least_units=factor,
        most_units_per_page=factor * MAX_ITEM_BYTES / WRITE_UNIT_BYTES,
        note=f"{factor:g} write units for each 1 KB of the item, and again for each index that changes",
    )
