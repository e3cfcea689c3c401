"""The keys of the items of a table, as the chart of a design draws them."""

from __future__ import annotations

from typing import TypeAlias

import adorm
from tests.support.keyed_models import raw_items

Chart: TypeAlias = set[tuple[str, ...]]
"""A row for each item: the texts of some attributes, `-` for one that the item has not."""


async def chart_of(db: adorm.Database, table: str, *attributes: str) -> Chart:
    """The chart of a table.

    No two of its items have the same texts.
    """
    items = await raw_items(db, table)
    rows = [
        tuple(item[name]["S"] if name in item else "-" for name in attributes) for item in items
    ]
    assert len(set(rows)) == len(rows)
    return set(rows)
