"""`Plan` and `Cost`: the result of `explain()`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from adorm.calls.capacity import Units
from adorm.dynamodb.limits import MAX_ITEM_BYTES, PAGE_BYTES, READ_UNIT_BYTES, WRITE_UNIT_BYTES
from adorm.dynamodb.operations import READS

if TYPE_CHECKING:
    from adorm.calls.prices import PriceTable


MAX_SHOWN_PARTITIONS = 8
"""In the text of a plan; `Plan.partitions` has all."""


@attrs.frozen
class Cost:
    """An estimate of the capacity units that a request consumes. The answer tells the number."""

    least_units: float
    """Read or write capacity units that one request consumes at least."""
    most_units_per_page: float
    """Units that one request can consume at most."""
    note: str

    def __str__(self) -> str:
        return f"{self.least_units:g} to {self.most_units_per_page:g} units a request; {self.note}"


@attrs.frozen(kw_only=True)
class Plan:
    """How an operation will be carried out.

    Expressions have attribute names in the place of `#n0`, and keep `:v0` for values.
    """

    operation: str
    """DynamoDB's name: "Query"."""
    table: str
    index: str | None = None
    key_condition: str | None = None
    condition: str | None = None
    filter: str | None = None
    update: str | None = None
    projection: str | None = None
    partitions: tuple[str, ...] = ()
    """The partition keys in the order in which they are read, where several are: those of `shard`
    side by side. `key_condition` and `filter` are those of the first one."""
    reason: str = ""
    """Why it uses this table or index, and not the others."""
    cost: Cost

    def price(self, prices: PriceTable | None = None, /) -> tuple[float, float]:
        """About what one request costs with on-demand capacity: (at least, at most).

        Args:
            prices: default `PriceTable()`; the result is in its currency.
        """
        least, most = (
            Units(read=units) if self.operation in READS else Units(write=units)
            for units in (self.cost.least_units, self.cost.most_units_per_page)
        )
        return least.price(prices), most.price(prices)

    def __str__(self) -> str:
        lines = [f"{self.operation} {self.table}{f' by index {self.index}' if self.index else ''}"]
        for label, text in (
            ("key condition", self.key_condition),
            ("partitions", _listed(self.partitions)),
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


def _listed(partitions: Sequence[str]) -> str:
    """The partitions as one line, the middle of a long list left out."""
    if len(partitions) <= MAX_SHOWN_PARTITIONS:
        return ", ".join(partitions)
    first = ", ".join(partitions[: MAX_SHOWN_PARTITIONS - 1])
    return f"{first}, ... {partitions[-1]} ({len(partitions):,})"


_NAME = re.compile(r"#n\d+")


def with_names(expression: str | None, request: Mapping[str, Any]) -> str | None:
    """The expression with attribute names in the place of their placeholders."""
    if expression is None:
        return None
    names: Mapping[str, str] = request.get("ExpressionAttributeNames", {})
    return _NAME.sub(lambda token: names.get(token[0], token[0]), expression)


def plan_of(
    operation: str,
    request: Mapping[str, Any],
    cost: Cost,
    *,
    reason: str = "",
    partitions: tuple[str, ...] = (),
) -> Plan:
    """The plan of a request."""
    return Plan(
        operation=operation,
        table=str(request["TableName"]),
        index=request.get("IndexName"),
        key_condition=with_names(request.get("KeyConditionExpression"), request),
        condition=with_names(request.get("ConditionExpression"), request),
        filter=with_names(request.get("FilterExpression"), request),
        update=with_names(request.get("UpdateExpression"), request),
        projection=with_names(request.get("ProjectionExpression"), request),
        partitions=partitions,
        reason=reason,
        cost=cost,
    )


def read_cost(*, consistent: bool) -> Cost:
    """The cost of a GetItem: half a unit for each 4 KB, one unit where the read is consistent."""
    factor = 1.0 if consistent else 0.5
    note = f"{factor:g} read units for each 4 KB of the item"
    return Cost(factor, factor * MAX_ITEM_BYTES / READ_UNIT_BYTES, note)


def page_cost(*, consistent: bool) -> Cost:
    """The cost of a page of Query or Scan, at most 1 MB: by the bytes read, before the filter."""
    factor = 1.0 if consistent else 0.5
    note = f"{factor:g} read units for each 4 KB read, filtered items included"
    return Cost(factor, factor * PAGE_BYTES / READ_UNIT_BYTES, note)


def write_cost(*, transactional: bool = False) -> Cost:
    """The cost of a write: one unit for each 1 KB of the larger of the old and the new item.

    Twice that in a transaction. Each index that changes costs the same again.
    """
    factor = 2.0 if transactional else 1.0
    note = (
        f"{factor:g} write units for each 1 KB of the item, and again for each index that changes"
    )
    return Cost(factor, factor * MAX_ITEM_BYTES / WRITE_UNIT_BYTES, note)
