"""Models of one table, and databases whose tables take their time, for the tests of specs."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import adorm
from adorm.memory import Engine
from adorm.testing import FakeClock, Faults, Recorder


@adorm.model(
    table="orders",
    indexes=[
        adorm.GlobalIndex("by-status", partition="status", sort="created_at"),
        adorm.GlobalIndex("by-total", partition="total", projection=["note", "status"]),
        adorm.LocalIndex("by-age", sort="created_at", projection="KEYS_ONLY"),
    ],
)
class Order:
    customer_id: str = adorm.partition_key()
    order_id: str = adorm.sort_key()
    status: str
    total: int = 0
    note: str = ""
    created_at: datetime = adorm.created_at()
    expires_at: datetime | None = adorm.ttl(name="exp")


@adorm.model(table="orders")
class Bare:
    """The same table without any index but the local one, which can't be added."""

    customer_id: str = adorm.partition_key()
    order_id: str = adorm.sort_key()


@adorm.model(
    table="orders", indexes=[adorm.LocalIndex("by-age", sort="created_at", projection="KEYS_ONLY")]
)
class Aged:
    """The first version of `Order`: no global index, no time to live."""

    customer_id: str = adorm.partition_key()
    order_id: str = adorm.sort_key()
    created_at: datetime = adorm.created_at()


@adorm.model(
    table="orders",
    indexes=[
        adorm.GlobalIndex("by-old", partition="old"),
        adorm.GlobalIndex("by-total", partition="total", projection="KEYS_ONLY"),
        adorm.LocalIndex("by-age", sort="created_at", projection="KEYS_ONLY"),
    ],
)
class OldOrder:
    """A version of `Order` with an index that is left, and one that holds less."""

    customer_id: str = adorm.partition_key()
    order_id: str = adorm.sort_key()
    old: str = ""
    total: int = 0
    created_at: datetime = adorm.created_at()


SIX = [f"by-{letter}" for letter in "abcdef"]


@adorm.model(
    table="wide",
    indexes=[adorm.GlobalIndex(name, partition=name.replace("-", "_")) for name in SIX],
)
class Wide:
    id: str = adorm.partition_key()
    by_a: str
    by_b: str
    by_c: str
    by_d: str
    by_e: str
    by_f: str


@adorm.model(table="wide")
class Narrow:
    id: str = adorm.partition_key()


UNITS = adorm.Provisioned(read_units=5, write_units=4)

FULL = adorm.TableSpec(
    Order,
    billing=UNITS,
    index_billing={"by-total": adorm.Provisioned(read_units=2, write_units=1)},
    stream="both",
    point_in_time_recovery=7,
    deletion_protection=True,
    encryption="aws-managed",
    table_class="infrequent_access",
    tags={"team": "shop", "stage": "test"},
    warm_read_units_per_s=13_000,
    warm_write_units_per_s=5_000,
)
"""A spec that says something of nearly every option."""
DANGERS = ["ttl by exp"]


class Bench:
    """A database in memory whose clock stands still, and everything that is sent to it."""

    def __init__(self, delay_s: float | None = None) -> None:
        self.clock = FakeClock()
        self.faults = Faults()
        self.recorder = Recorder()
        self.engine = Engine(now=lambda: self.clock.now().timestamp(), table_delay_s=delay_s)

    @asynccontextmanager
    async def connect(self) -> AsyncGenerator[adorm.Database]:
        """A connection; several of them see the same tables."""
        async with adorm.connect(
            self.engine,
            clock=self.clock,
            random=lambda: 1.0,
            wrap=lambda engine: self.faults(self.recorder(engine)),
        ) as db:
            yield db

    @property
    def changes(self) -> list[dict[str, Any]]:
        """The requests of UpdateTable that the engine accepted, in order."""
        return [
            each.request for each in self.recorder.of("UpdateTable") if each.state == "answered"
        ]

    @property
    def deletes(self) -> list[str]:
        """What was deleted: indexes, tags, tables and backups."""
        found: list[str] = []
        for each in self.recorder.sent:
            if each.operation.startswith("Delete"):
                found.append(each.operation)
            if each.operation == "UntagResource":
                found += [f"tag {key}" for key in each.request["TagKeys"]]
            for update in each.request.get("GlobalSecondaryIndexUpdates", ()):
                if "Delete" in update:
                    found.append(f"index {update['Delete']['IndexName']}")
        return found


def texts(steps: Any) -> list[str]:
    """The texts of steps, each with its kind before it."""
    return [f"{step.kind}: {step.text}" for step in steps]
