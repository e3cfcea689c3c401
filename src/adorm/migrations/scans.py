"""The scan of a migration: items as they are stored, or some of their attributes."""

from __future__ import annotations

from typing import Any

import attrs

from adorm.dynamodb.values import AttributeMap
from adorm.items.binding import Binding
from adorm.query.read_request import ReadRequest
from adorm.tables.repair import ItemScan


@attrs.define(eq=False, repr=False)
class MigrationScan(ItemScan):
    """A scan that gives items as they are stored."""

    _projected: tuple[str, ...] = attrs.field(default=(), alias="projected")
    """The attributes to read; all where there are none."""

    def _read_request(self, *, counting: bool = False) -> ReadRequest[AttributeMap]:
        read = super()._read_request(counting=counting)
        if not self._projected or counting:
            return read
        names = {f"#projected{n}": name for n, name in enumerate(self._projected)}
        known: dict[str, Any] = read.parameters.get("ExpressionAttributeNames", {})
        parameters = {
            **read.parameters,
            "ProjectionExpression": ", ".join(names),
            "ExpressionAttributeNames": {**known, **names},
        }
        return attrs.evolve(read, parameters=parameters)


def migration_scan(binding: Binding, projected: tuple[str, ...] = ()) -> MigrationScan:
    """The scan of a table."""
    return MigrationScan(binding, projected=projected)
