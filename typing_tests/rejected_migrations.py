"""What both checkers have to reject of migrations and raw tables: each marked line, and no other.

The marks are those of rejected.py.
"""

from __future__ import annotations

import adorm
from typing_tests.models import Event, Order

db = adorm.connect("memory")
orders = db.table(Order)
events = db.table(Event)


def fix(order: Order) -> Order:
    return order


def as_text(order: Order) -> str:
    return str(order)


def migrations() -> None:
    orders.migrate(as_text)  # E: migrate: the transform gives another class
    events.migrate(fix)  # E: migrate: the transform takes another class
    orders.migrate_to(events, fix)  # E: migrate_to: the transform gives the source's class
    orders.migrate(fix).segments("8")  # E: segments: text for a number
    orders.migrate(fix).units_per_s(5)  # E: units_per_s: by position
    orders.migrate(fix).failed(5)  # E: failed: a number for a path
    orders.migrate(fix).verify(mend="yes")  # E: verify: text for a bool
    adorm.rename("a")  # E: rename: one name
    adorm.chain("a")  # E: chain: no step
    db.raw_table(Order)  # E: raw_table: a model
    db.raw_table("legacy").put("a")  # E: raw_table: text for an item
