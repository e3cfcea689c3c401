"""Ranges of parts against brute force: every template, with values that are hard to order as texts.

`python -m tests.query.test_part_ranges 1000` asks as many random queries of each template.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

import anyio
import pytest

import adorm
from adorm import attr
from adorm.errors import BadValue
from adorm.expressions.conditions import Condition
from adorm.models import model_info

pytestmark = pytest.mark.anyio

ITEMS = 60
QUERIES = 40
"""Of each template; with `python -m` any number."""


class Colour(StrEnum):
    BLUE = "b"
    LIGHT_BLUE = "b lue"
    DARK_BLUE = 'b"dark'
    RED = "r"


TEMPLATES = {
    "A#{a}": "a",
    "A#{a}#{b}": "ab",
    "A#{a}##{b}": "ab",
    "A#{a}#a#{b}": "ab",
    "{a}#{b}": "ab",
    "{a} {b}": "ab",
    "A#{a}\U0010ffff{b}": "ab",
    "\U0010ffff{a}": "a",
    "\U0010ffff{a}\U0010ffff{b}": "ab",
    "\ud7ff{a}\ud7ff{b}": "ab",
    "A#{a}#END": "a",
    "{c}#{a}": "ca",
    "{c}!{a}": "ca",
    "N#{n:02d}#{b}": "nb",
    "N#{n:~02d}": "n",
    "{n:02d}{n:~03d}#{a}": "na",
    "{d}": "d",
    "D#{d}#{b}": "db",
    "{d}{n:02d}": "dn",
    "T#{t}#": "t",
    "{t}#{n:~02d}#{a}": "tna",
    "M#{t:%Y-%m}#{t}": "t",
    "{t:%Y-%m-%d}|{a}": "ta",
    "{u}#{a}": "ua",
    "W{w}": "w",
    "{w:%H:%M}#{b}#{n:02d}": "wbn",
}
"""With the fields of their parts, in order."""

PIECES = [
    " ", "!", '"', "#", "$", "a", "b", "p1", "END", "\ud7ff", "\ue000", "\U0010fffe", "\U0010ffff"
]  # fmt: skip
FIRST_DAY = date(2025, 12, 28)
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": lambda left, right: left == right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
}


def model_of(template: str) -> Any:
    class Thing:
        p: str
        number: int
        a: str
        b: str
        c: Colour
        n: int
        d: date
        t: datetime
        u: UUID
        w: time
        key = adorm.key("P#{p}", template)

    return adorm.model(table="things")(Thing)


def value_of(name: str, random: Random) -> Any:
    """A value of the field of this name."""
    if name in "ab":
        return "".join(random.choice(PIECES) for _ in range(random.randint(1, 3)))
    if name == "c":
        return random.choice(list(Colour))
    if name == "n":
        return random.choice([0, 1, 9, 10, 50, 98, 99])
    day = FIRST_DAY + timedelta(days=random.randint(0, 6))
    at = random.choice([time(), time(0, 0, 0, 1), time(8, 30), time(23, 59, 59, 999_999)])
    if name == "d":
        return day
    if name == "t":
        return datetime.combine(day, at, UTC)
    return at if name == "w" else UUID(int=random.choice([0, 1, 2, 2**64, 2**128 - 1]))


def is_equal(name: str, value: object, item: object) -> bool:
    return bool(getattr(item, name) == value)


def things(model: Any, random: Random) -> dict[str, Any]:
    """Items by the text of their sort key."""
    found: dict[str, Any] = {}
    for number in range(4 * ITEMS):
        values = {name: value_of(name, random) for name in "abcndtuw"}
        thing = model(p="1", number=number, **values)
        try:
            stored = adorm.to_attribute_map(thing)
        except BadValue:
            continue  # a part holds the text that ends it
        found[next(iter(stored["SK"].values()))] = thing
        if len(found) == ITEMS:
            break
    return found


def asked(
    model: Any, fields: str, known: list[Any], random: Random
) -> tuple[list[Condition], Callable[[Any], bool]]:
    """Conditions on the first parts of a key, and the same as a function of an item."""
    conditions: list[Any] = []
    tests: list[Callable[[Any], bool]] = []
    like = random.choice(known)
    for name in fields[: random.randint(0, len(fields) - 1)]:
        value = getattr(like, name) if random.random() < 0.9 else value_of(name, random)
        conditions.append(getattr(model, name) == value)
        tests.append(partial(is_equal, name, value))
    name = fields[len(tests)]
    path, field = getattr(model, name), attr(getattr(model, name))
    values = sorted(
        getattr(random.choice(known), name) if random.random() < 0.5 else value_of(name, random)
        for _ in range(2)
    )
    kind = random.choice([*OPERATORS, *OPERATORS, "between", "both", "both", "begins", "none"])
    if kind in OPERATORS:
        conditions.append(OPERATORS[kind](path, values[0]))
        tests.append(lambda item: OPERATORS[kind](getattr(item, name), values[0]))
    elif kind == "between":
        conditions.append(field.between(*values))
        tests.append(lambda item: values[0] <= getattr(item, name) <= values[1])
    elif kind == "both":
        lower, upper = random.choice([">", ">="]), random.choice(["<", "<="])
        conditions += [OPERATORS[lower](path, values[0]), OPERATORS[upper](path, values[1])]
        tests.append(lambda item: OPERATORS[lower](getattr(item, name), values[0]))
        tests.append(lambda item: OPERATORS[upper](getattr(item, name), values[1]))
    elif kind == "begins" and name in "abc":
        prefix = str(values[0])[: random.randint(1, 3)]
        conditions.append(field.begins_with(prefix))
        tests.append(lambda item: str(getattr(item, name)).startswith(prefix))
    return conditions, lambda item: all(test(item) for test in tests)


async def check(template: str, queries: int, seed: int = 0) -> int:
    """Ask random queries of items of a template; the number of those that read something."""
    random = Random(f"{template}{seed}")
    model = model_of(template)
    assert model_info(model).key is not None
    found = 0
    async with adorm.connect("memory") as db:
        await db.create_table(model)
        table = db.table(model)
        by_text = things(model, random)
        await table.batch_write(puts=by_text.values())
        ordered = [by_text[text] for text in sorted(by_text)]
        if template == "{d}":
            ordered.sort(key=lambda item: item.d)
        for _ in range(queries):
            conditions, holds = asked(model, TEMPLATES[template], ordered, random)
            wanted = [item.number for item in ordered if holds(item)]
            query = table.query("1").where(*conditions).select(model.number)
            if random.random() < 0.3:
                query, wanted = query.descending(), wanted[::-1]
            if random.random() < 0.2:
                query, wanted = query.limit(3), wanted[:3]
            try:
                read = [number for (number,) in await query]
            except BadValue:
                read = []  # no item can meet the conditions
            assert read == wanted, (template, list(map(str, query.request().items())))
            found += bool(read)
    return found


@pytest.mark.parametrize("template", TEMPLATES)
async def test_a_query_reads_what_meets_its_conditions(template: str) -> None:
    assert await check(template, QUERIES) > QUERIES / 10


async def main(queries: int, seed: int) -> None:
    asked_for = 0
    for template in TEMPLATES:
        found = await check(template, queries, seed)
        asked_for += queries
        print(f"{template!r}: {queries} queries, {found} of them found something")
    print(f"{asked_for} queries of {len(TEMPLATES)} templates")


if __name__ == "__main__":
    anyio.run(main, int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
