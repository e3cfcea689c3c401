"""Random queries of several models give what plain Python gives over the same items."""

from __future__ import annotations

from itertools import product
from random import Random
from typing import Any

import pytest

import adorm
from adorm import attr
from adorm.models import model_info

pytestmark = pytest.mark.anyio

table = adorm.SingleTable("mixed")

TEXTS = ["a", "a!", "a b", 'a"', "ab", "b", "c", "\ud7ff", "\ue000", "\U0010ffff"]
"""They hold characters below the delimiter, and neighbours of the surrogates."""


@adorm.model(table=table)
class Head:
    owner: str
    size: int = 0
    key = adorm.key("P#{owner}", "A")


@adorm.model(table=table)
class One:
    owner: str
    x: str
    size: int = 0
    key = adorm.key("P#{owner}", "A#{x}")


@adorm.model(table=table)
class Two:
    who: str
    first: str
    second: str
    size: int = 0
    key = adorm.key("P#{who}", "A#{first}#{second}")


@adorm.model(table=table)
class Three:
    owner: str
    x: str
    number: int
    size: int = 0
    key = adorm.key("P#{owner}", "A#{x}#N#{number:02d}")


@adorm.model(table=table)
class Numbered:
    owner: str
    number: int
    size: int = 0
    key = adorm.key("P#{owner}", "B#{number:03d}")


@adorm.model(table=table)
class Stranger:
    owner: str
    x: str
    size: int = 0
    key = adorm.key("P#{owner}", "A{x}")


MODELS: list[Any] = [Head, One, Two, Three, Numbered]
OWNER = {model: "who" if model is Two else "owner" for model in MODELS}
X = {One: "x", Two: "first", Three: "x"}
"""The part that stands after `A#` in the sort key."""


def all_items() -> list[Any]:
    items: list[Any] = []
    for owner in ("p", "q"):
        items.append(Head(owner=owner, size=1))
        items += [Numbered(owner=owner, number=n, size=n % 3) for n in range(4)]
        items += [One(owner=owner, x=x, size=len(x)) for x in TEXTS]
        items += [Two(who=owner, first=x, second=y) for x, y in product(TEXTS, ["", "s", "!"]) if y]
        items += [Three(owner=owner, x=x, number=n, size=n) for x, n in product(TEXTS, (1, 2))]
        items += [Stranger(owner=owner, x=x) for x in TEXTS]
    return items


def sort_text(item: Any) -> str:
    return str(adorm.to_attribute_map(item)["SK"]["S"])


COMPARATORS = ["==", ">", ">=", "<", "<=", "between", "begins_with"]


def holds(comparator: str, value: str, low: str, high: str) -> bool:
    """Whether a value meets a condition."""
    if comparator == "between":
        return low <= value <= high
    if comparator == "begins_with":
        return value.startswith(low)
    compared: dict[str, bool] = {
        "==": value == low, ">": value > low, ">=": value >= low, "<": value < low,
        "<=": value <= low,
    }  # fmt: skip
    return compared[comparator]


def condition(path: Any, comparator: str, low: str, high: str) -> Any:
    if comparator == "between":
        return attr(path).between(low, high)
    if comparator == "begins_with":
        return attr(path).begins_with(low)
    compared: dict[str, Any] = {
        "==": path == low, ">": path > low, ">=": path >= low, "<": path < low, "<=": path <= low
    }  # fmt: skip
    return compared[comparator]


async def walked(query: Any) -> list[Any]:
    """The items of all pages."""
    page = await query.page()
    items = list[Any](page.items)
    while page.cursor is not None:
        page = await query.page(page.cursor)
        items += page.items
    return items


@pytest.mark.parametrize("seed", range(4))
async def test_random_collections_equal_brute_force(seed: int) -> None:
    random = Random(seed)  # repeatable, and nothing secret
    items = all_items()
    ran = refused = 0
    async with adorm.connect("memory") as db:
        await db.create_table(table)
        await db.batch_write(puts=items)
        untyped: Any = db
        for _ in range(150):
            models = random.sample(MODELS, random.randint(1, 4))
            giver, owner = random.choice(models), random.choice("pq")
            query = untyped.query(*models).where(getattr(giver, OWNER[giver]) == owner)
            wanted = [each for each in items if type(each) in models]
            wanted = [each for each in wanted if getattr(each, OWNER[type(each)]) == owner]
            with_x = [model for model in models if model in X]
            if with_x and random.random() < 0.6:
                asked, comparator = random.choice(with_x), random.choice(COMPARATORS)
                low, high = sorted(random.choices(TEXTS, k=2))
                query = query.where(condition(getattr(asked, X[asked]), comparator, low, high))
                if set(models) - set(X):
                    with pytest.raises(adorm.UsageError, match="does not begin so"):
                        query.request()
                    refused += 1
                    continue
                wanted = [
                    each
                    for each in wanted
                    if holds(comparator, getattr(each, X[type(each)]), low, high)
                ]
            if random.random() < 0.4:
                filtered: Any = random.choice(models)
                query = query.filter(filtered.size >= 1)
                wanted = [each for each in wanted if type(each) is not filtered or each.size >= 1]
            wanted.sort(key=sort_text)
            if random.random() < 0.5:
                query = query.descending()
                wanted.reverse()
            if random.random() < 0.2:
                assert await walked(query.limit(random.choice([1, 3, 20]))) == wanted
            limit = random.choice([None, None, 1, 5])
            count = len(wanted)
            if limit is not None:
                query, wanted = query.limit(limit), wanted[:limit]
            got = [each async for each in query]
            assert got == wanted, query.explain()
            assert await query.count() == min(count, limit or count)
            buckets = await query
            assert list(map(len, buckets)) == [
                sum(type(each) is model for each in wanted) for model in models
            ]
            ran += 1
    assert ran > 80
    assert refused > 0
    assert model_info(Head).single_table is table
