"""Migrations to a new table beside writers: whatever the order, the target ends as its source."""

from __future__ import annotations

import contextlib
import os
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

import adorm
from adorm.database import Database
from tests.support.interleavings import SharedEngine

pytestmark = pytest.mark.anyio

SEEDS = int(os.environ.get("ADORM_MIGRATION_SEEDS", "3"))
"""How many orders the slow test tries."""
ITEMS = 24
SLOW = 40
"""The migration's requests take longer than those of the writers and of the stream."""
WRITERS = 3
LEAST_WRITES, WRITES = 10, 150
"""A writer goes on until the migration is over."""


@adorm.model(table="old_orders")
class OldOrder:
    order_id: str = adorm.partition_key()
    total: int = 0
    city: str = ""


@adorm.model(table="new_orders")
class NewOrder:
    number: str = adorm.partition_key()
    cents: int
    place: str | None = None


def converted(old: OldOrder) -> NewOrder | None:
    if old.city == "nowhere":
        return None
    return NewOrder(number=old.order_id, cents=old.total * 100, place=old.city or None)


class World:
    """Writers of the source, its stream, which repeats records, and a worker that dies at times."""

    def __init__(self, seed: int) -> None:
        self.engine = SharedEngine(seed, most_turns=8)
        self.random = self.engine.random
        self.db, self.turns = self.engine.connect()
        self.records: list[dict[str, Any]] = []
        self.writers_left = WRITERS
        self.is_migrated = False

    async def fill(self) -> None:
        await self.db.create_table(OldOrder)
        await self.db.create_table(NewOrder)
        for number in range(ITEMS):
            await self.db.table(OldOrder).put(OldOrder(order_id=f"o{number}", total=number))

    def migration(self, db: Database) -> adorm.Migration[OldOrder, NewOrder]:
        return db.table(OldOrder).migrate_to(db.table(NewOrder), converted)

    async def write(self, db: Database) -> None:
        orders = db.table(OldOrder)
        turn = 0
        while turn < WRITES and not (self.is_migrated and turn > LEAST_WRITES):
            turn += 1
            for _ in range(self.random.randint(0, 120)):
                await checkpoint()
            order_id = f"o{self.random.randrange(ITEMS + 8)}"
            choice = self.random.random()
            if choice < 0.5:
                await orders.update(order_id).add(OldOrder.total, 1).upsert()
            elif choice < 0.7:
                city = self.random.choice(["Bonn", "Rome", "nowhere", ""])
                await orders.put(OldOrder(order_id=order_id, total=turn, city=city))
            else:
                await orders.delete(order_id)
            self.record(order_id)
        self.writers_left -= 1

    def record(self, order_id: str) -> None:
        change = {"Keys": {"order_id": {"S": order_id}}, "SequenceNumber": str(len(self.records))}
        self.records.append({"dynamodb": change})
        if self.random.random() < 0.2:
            self.records.append(self.random.choice(self.records))

    async def follow(self, db: Database, apply: Any) -> None:
        """The stream's worker: it takes up to four records, and at 5 % dies while it works."""
        done = 0
        while self.writers_left or done < len(self.records):
            for _ in range(self.random.randint(0, 6)):
                await checkpoint()
            batch = self.records[done : done + 4]
            with anyio.CancelScope() as scope:
                if self.random.random() < 0.05:
                    async with anyio.create_task_group() as group:
                        group.start_soon(partial(self.cancel_later, scope, 40))
                        await apply(db, batch)
                else:
                    await apply(db, batch)
            if not scope.cancelled_caught:
                done += len(batch)

    async def cancel_later(self, scope: anyio.CancelScope, most: int) -> None:
        for _ in range(self.random.randint(0, most)):
            await checkpoint()
        scope.cancel()

    async def run(self, migrate: Any, apply: Any) -> None:
        """All at once; the migration is killed three times."""
        async with anyio.create_task_group() as group:
            for _ in range(WRITERS):
                group.start_soon(self.write, self.engine.connect()[0])
            group.start_soon(self.follow, self.engine.connect()[0], apply)
            for _ in range(3):
                with anyio.CancelScope() as scope:
                    group.start_soon(partial(self.cancel_later, scope, 500))
                    await migrate(self.engine.connect(most_turns=SLOW)[0])
            await migrate(self.engine.connect(most_turns=SLOW)[0])
            self.is_migrated = True

    async def wrong(self) -> dict[str, int]:
        """How many items of the target are not as their source is."""
        wanted: dict[str, NewOrder] = {}
        for order in await self.db.table(OldOrder).scan():
            made = converted(order)
            if made is not None:
                wanted[made.number] = made
        found = {each.number: each for each in await self.db.table(NewOrder).scan()}
        return {
            "missing": len(wanted.keys() - found.keys()),
            "orphans": len(found.keys() - wanted.keys()),
            "stale": sum(
                number in wanted and each != wanted[number] for number, each in found.items()
            ),
        }


NOTHING = {"missing": 0, "orphans": 0, "stale": 0}


async def run_ours(seed: int, path: Path) -> tuple[dict[str, int], adorm.Verification]:
    world = World(seed)
    await world.fill()

    async def migrate(db: Database) -> None:
        await world.migration(db).segments(2).checkpoint(path)

    async def apply(db: Database, records: list[dict[str, Any]]) -> None:
        answer = await world.migration(db).stream_handler().handle({"Records": records})
        assert answer == {"batchItemFailures": []}

    await world.run(migrate, apply)
    first = await world.migration(world.db).verify(mend=True)
    check = await world.migration(world.db).verify()
    assert check.equal
    assert first.mended == first.missing + first.stale + first.orphans
    return await world.wrong(), first


async def run_plain(seed: int, *, if_absent: bool) -> dict[str, int]:
    """What one would write without adorm."""
    world = World(seed)
    await world.fill()

    async def migrate(db: Database) -> None:
        new = db.table(NewOrder)
        for order in await db.table(OldOrder).scan():
            made = converted(order)
            if made is None:
                continue
            if not if_absent:
                await new.put(made)
                continue
            with contextlib.suppress(adorm.ItemExists):
                await new.create(made)

    async def apply(db: Database, records: list[dict[str, Any]]) -> None:
        for record in records:
            order_id = record["dynamodb"]["Keys"]["order_id"]["S"]
            order = await db.table(OldOrder).get_or_none(order_id).consistent()
            made = None if order is None else converted(order)
            if made is None:
                await db.table(NewOrder).delete(order_id)
            else:
                await db.table(NewOrder).put(made)

    await world.run(migrate, apply)
    return await world.wrong()


@pytest.mark.parametrize("seed", range(3))
async def test_the_target_ends_as_its_source(seed: int, tmp_path: Path) -> None:
    wrong, _ = await run_ours(seed, tmp_path / "m.json")
    assert wrong == NOTHING


@pytest.mark.parametrize("if_absent", [False, True])
async def test_plain_copies_are_caught(*, if_absent: bool) -> None:
    wrong = [await run_plain(seed, if_absent=if_absent) for seed in range(4)]
    assert sum(sum(each.values()) for each in wrong) > 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3, 3 + SEEDS))
async def test_the_target_ends_as_its_source_in_more_orders(seed: int, tmp_path: Path) -> None:
    wrong, _ = await run_ours(seed, tmp_path / "m.json")
    assert wrong == NOTHING
