"""What both checkers have to accept of migrations and raw tables, and the types they infer."""

from __future__ import annotations

from typing import Any, assert_type

import adorm
from typing_tests.models import Event, Order

db = adorm.connect("memory")
orders = db.table(Order)
events = db.table(Event)


def fix(order: Order) -> Order | None:
    return order


def as_event(order: Order) -> Event | None:
    raise NotImplementedError


async def migrations() -> None:
    in_place = orders.migrate(fix).where(Order.status != "void").segments("auto")
    assert_type(in_place, adorm.Migration[Order, Order])
    assert_type(await in_place, adorm.MigrationReport)
    moving = orders.migrate_to(events, as_event).units_per_s(read=5, write=2.5).checkpoint("m")
    assert_type(moving, adorm.Migration[Order, Event])
    assert_type(await moving.dry_run(5), adorm.DryRun[Order, Event])
    assert_type(await moving.verify(mend=True), adorm.Verification)
    assert_type(await moving.sync("c1", "o1"), None)
    assert_type(await moving.finish(), int)
    assert_type(moving.stream_handler()({}, None), dict[str, Any])
    assert_type(await db.auto_migrate(Order, to=Event), adorm.MigrationReport)


async def raw_tables() -> None:
    legacy = await db.raw_table("legacy")
    assert_type(legacy, adorm.RawTable)
    assert_type(await legacy.get("a", 1), dict[str, Any])
    assert_type(await legacy.scan(), list[dict[str, Any]])
    await legacy.put({"pk": "a"}).when(adorm.path("n") == 1)
    steps = adorm.chain(adorm.rename("a", "b"), adorm.drop("c"), adorm.add("d", 1))
    assert_type(legacy.migrate(steps), adorm.Migration[dict[str, Any], dict[str, Any]])
    assert_type(legacy.migrate_to(legacy), adorm.Migration[dict[str, Any], dict[str, Any]])
