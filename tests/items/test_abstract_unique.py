"""The table of an abstract model: reads by unique values, and `get_or_create`."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

import adorm
from adorm.testing.attempts import Attempt
from adorm.transport.base import Answer
from tests.support.recorded import RecordedDatabase

pytestmark = pytest.mark.anyio

fleet = adorm.SingleTable("fleet")


@adorm.model(table=fleet, abstract=True, unique=["S#{sticker}"])
class Vehicle:
    plate: str
    sticker: str | None = None
    chip: int | None = adorm.attribute(default=None, unique=True)

    @adorm.key
    def key(self, plate: str) -> adorm.KeyText:
        return f"V#{plate}", f"V#{plate}"


@adorm.model
class Truck(Vehicle):
    load: int = 0


@adorm.model(unique=["CAR#{sticker}"])
class Car(Vehicle):
    seats: int = 4


@adorm.model(table=fleet)
class Driver:
    name: str
    sticker: str | None = None
    key = adorm.key("D#{name}", "D#{name}")


@pytest.fixture
async def db() -> AsyncIterator[adorm.Database]:
    async with adorm.connect("memory") as db:
        await db.create_table(fleet)
        await db.table(Truck).create(Truck(plate="t", sticker="s", chip=7, load=3))
        await db.table(Car).create(Car(plate="c", sticker="x", chip=8))
        yield db


async def test_an_item_is_found_by_the_guard_of_its_subclass(db: adorm.Database) -> None:
    vehicles = db.table(Vehicle)
    truck, car = await db.table(Truck).get("t"), await db.table(Car).get("c")
    assert await vehicles.get_by(Vehicle.sticker == "s") == truck
    assert await vehicles.get_by(Vehicle.sticker == "x") == car
    # a field that is unique has the entity in the key of its guard
    assert await vehicles.get_by(Vehicle.chip == 7) == truck
    assert await vehicles.get_by(Vehicle.chip == 8) == car
    for missing in (Vehicle.sticker == "none", Vehicle.chip == 9):
        with pytest.raises(adorm.ItemNotFound, match="Vehicle by"):
            await vehicles.get_by(missing)


async def test_the_plan_says_how_many_guards_there_may_be(db: adorm.Database) -> None:
    plan = db.table(Vehicle).get_by(Vehicle.sticker == "s").explain()
    assert "2 different guards" in plan.reason
    plan = db.table(Truck).get_by(Truck.sticker == "s").explain()
    assert "different guards" not in plan.reason


async def test_what_is_no_constraint_is_refused(db: adorm.Database) -> None:
    with pytest.raises(adorm.UsageError, match=r"its constraints are chip or S#\{sticker\} or CAR"):
        db.table(Vehicle).get_by(Vehicle.plate == "t")
    with pytest.raises(adorm.UsageError, match="None is no unique value"):
        db.table(Vehicle).get_by(Vehicle.sticker == None)  # noqa: E711  # a condition


async def test_get_or_create_gives_an_item_of_another_subclass(db: adorm.Database) -> None:
    vehicles = db.table(Vehicle)
    truck = await db.table(Truck).get("t")
    assert await vehicles.get_or_create(Car(plate="t")) == (truck, False)
    made, created = await vehicles.get_or_create(Car(plate="new"))
    assert (made, created) == (await vehicles.get("new"), True)


async def test_get_or_create_gives_what_another_has_created_meanwhile() -> None:
    bench = RecordedDatabase()
    async with bench.db as db:
        await db.create_table(fleet)
        late = Truck(plate="late")

        async def create_first(attempt: Attempt) -> Answer:
            answer = await attempt.send()
            await db.table(Truck).create(late)
            return answer

        bench.faults.on("GetItem", call=1).run(create_first)
        assert await db.table(Vehicle).get_or_create(Car(plate="late")) == (late, False)
