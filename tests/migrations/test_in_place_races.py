"""Migrations in place beside writers: none of their writes is lost, whatever the order."""

from __future__ import annotations

import os
from functools import partial
from random import Random
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

import adorm
from adorm.database import Database
from tests.support.interleavings import SharedEngine

pytestmark = pytest.mark.anyio

SEEDS = int(os.environ.get("ADORM_MIGRATION_SEEDS", "4"))
"""How many orders the slow test tries; 200 of them take three minutes."""
ITEMS = 30
WRITERS = 4
WRITES = 60
TABLE = "people"


def keyed(number: int) -> dict[str, Any]:
    return {"pk": {"S": f"p{number}"}}


class World:
    """Old code writes `name`; the migration makes `full_name` of it."""

    def __init__(self, seed: int) -> None:
        self.engine = SharedEngine(seed)
        self.random: Random = self.engine.random
        self.db, _ = self.engine.connect()
        self.increments = dict.fromkeys(range(ITEMS), 0)
        self.names = {number: f"first {number}" for number in range(ITEMS)}
        self.deleted: set[int] = set()

    async def fill(self) -> None:
        await self.db.call(
            "CreateTable",
            {
                "TableName": TABLE,
                "BillingMode": "PAY_PER_REQUEST",
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            },
        )
        for number in range(ITEMS):
            item = {**keyed(number), "n": {"N": "0"}, "name": {"S": self.names[number]}}
            await self.db.call("PutItem", {"TableName": TABLE, "Item": item})

    async def write(self, db: Database) -> None:
        """Old code: it adds, renames and deletes."""
        for turn in range(WRITES):
            number = self.random.randrange(ITEMS)
            request: dict[str, Any] = {
                "TableName": TABLE,
                "Key": keyed(number),
                "ConditionExpression": "attribute_exists(pk)",
            }
            choice = self.random.random()
            try:
                if choice < 0.6:
                    values = {":one": {"N": "1"}}
                    request |= {
                        "UpdateExpression": "ADD n :one",
                        "ExpressionAttributeValues": values,
                    }
                    await db.call("UpdateItem", request)
                    self.increments[number] += 1
                elif choice < 0.97:
                    name = f"{number} by turn {turn} {self.random.random()}"
                    request |= {
                        "UpdateExpression": "SET #n = :name",
                        "ExpressionAttributeNames": {"#n": "name"},
                        "ExpressionAttributeValues": {":name": {"S": name}},
                        "ReturnValues": "ALL_NEW",
                    }
                    await db.call("UpdateItem", request)
                else:
                    del request["ConditionExpression"]
                    await db.call("DeleteItem", request)
                    self.deleted.add(number)
            except adorm.ConditionalCheckFailed:
                pass

    async def write_beside(self, migrate: Any) -> None:
        """Four writers, and a migration that is begun anew three times in mid-run."""
        async with anyio.create_task_group() as group:
            for _ in range(WRITERS):
                db, _ = self.engine.connect()
                group.start_soon(self.write, db)
            for _ in range(3):
                with anyio.CancelScope() as scope:
                    group.start_soon(partial(self.cancel_later, scope))
                    await migrate()
        await migrate()

    async def cancel_later(self, scope: anyio.CancelScope) -> None:
        for _ in range(self.random.randint(20, 600)):
            await checkpoint()
        scope.cancel()

    async def wrong(self) -> dict[str, int]:
        """How many increments are lost, items risen, and items not migrated."""
        answer = await self.db.call("Scan", {"TableName": TABLE})
        found = {int(item["pk"]["S"][1:]): item for item in answer["Items"]}
        lost = sum(
            self.increments[number] - int(item.get("n", {"N": "0"})["N"])
            for number, item in found.items()
            if number not in self.deleted
        )
        gone = sum(number not in found for number in range(ITEMS)) - len(self.deleted)
        return {
            "lost": lost + gone,
            "risen": len(self.deleted & found.keys()),
            "left": sum("name" in item or "full_name" not in item for item in found.values()),
        }


def full_name(item: dict[str, Any]) -> dict[str, Any]:
    if "name" in item:
        item["full_name"] = item.pop("name")
    return item


async def run_ours(seed: int) -> dict[str, int]:
    world = World(seed)
    await world.fill()
    table = world.db.raw_table(TABLE)

    async def migrate() -> None:
        await table.migrate(full_name).segments(2)

    await world.write_beside(migrate)
    return await world.wrong()


async def run_server_side(seed: int) -> dict[str, int]:
    world = World(seed)
    await world.fill()
    steps = adorm.chain(adorm.rename("name", "full_name"), adorm.drop("tmp"), adorm.add("kind", 1))
    table = world.db.raw_table(TABLE)

    async def migrate() -> None:
        await table.migrate(steps)

    await world.write_beside(migrate)
    return await world.wrong()


async def run_plain_puts(seed: int) -> dict[str, int]:
    """What one would write without adorm."""
    world = World(seed)
    await world.fill()
    table = await world.db.raw_table(TABLE)

    async def migrate() -> None:
        for item in await table.scan():
            await table.put(full_name(item))

    await world.write_beside(migrate)
    return await world.wrong()


NOTHING = {"lost": 0, "risen": 0, "left": 0}


@pytest.mark.parametrize("seed", range(3))
async def test_no_write_is_lost_and_no_item_rises(seed: int) -> None:
    assert await run_ours(seed) == NOTHING


@pytest.mark.parametrize("seed", range(2))
async def test_nor_by_steps_that_dynamodb_does_itself(seed: int) -> None:
    assert await run_server_side(seed) == NOTHING


async def test_plain_puts_are_caught() -> None:
    wrong = [await run_plain_puts(seed) for seed in range(2)]
    assert sum(each["lost"] for each in wrong) > 0
    assert sum(each["risen"] for each in wrong) > 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3, 3 + SEEDS))
async def test_no_write_is_lost_in_more_orders(seed: int) -> None:
    assert await run_ours(seed) == NOTHING
    assert await run_server_side(seed) == NOTHING
