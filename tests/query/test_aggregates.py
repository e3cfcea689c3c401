"""Aggregates over what can't be computed with, and exact sums."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

import adorm

pytestmark = pytest.mark.anyio


@adorm.model(table="readings")
class Reading:
    meter: str = adorm.partition_key()
    number: int = adorm.sort_key()
    value: Decimal = Decimal(0)
    text: str = "x"
    parts: list[int] = adorm.attribute(factory=list)


# Out of the sight of the type checkers, which would refuse the first two.
WRONG: dict[str, Callable[[Any], Any]] = {
    "Reading.text holds a str, and sum() adds up numbers": lambda query: query.sum(Reading.text),
    "Reading.text holds a str, and avg() is of numbers": lambda query: query.avg(Reading.text),
    "Reading.parts holds a list, and count_by() takes no lists, maps or sets": (
        lambda query: query.count_by(Reading.parts)
    ),
}


@pytest.mark.parametrize("message", WRONG)
async def test_an_aggregate_of_what_it_can_not_be_computed_of_is_a_usage_error(
    message: str,
) -> None:
    async with adorm.connect("memory") as db:
        await db.create_table(Reading)
        readings = db.table(Reading)
        await readings.put(Reading(meter="m", number=1))
        with pytest.raises(adorm.UsageError) as caught:
            await WRONG[message](readings.query("m"))
        assert str(caught.value) == message


async def test_a_sum_is_exact_from_the_largest_number_to_the_smallest() -> None:
    async with adorm.connect("memory") as db:
        await db.create_table(Reading)
        readings = db.table(Reading)
        for number, value in enumerate(("1E+125", "1E-130", "-1E+125")):
            await readings.put(Reading(meter="m", number=number, value=Decimal(value)))
        assert await readings.query("m").sum(Reading.value) == Decimal("1E-130")
