"""`db.raw_table(...)`: tables without a model, their items as plain dicts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

import adorm
from adorm.errors import UsageError
from tests.support.recorded import RecordedDatabase

pytestmark = pytest.mark.anyio

ITEM = {
    "pk": "a",
    "sk": 1,
    "map": {"list": [1, None, b"x"]},
    "set": {"a", "b"},
    "none": None,
    "empty": "",
    "price": Decimal("1.5"),
}


@pytest.fixture
async def bench() -> AsyncIterator[RecordedDatabase]:
    bench = RecordedDatabase()
    async with bench.db:
        await bench.db.call(
            "CreateTable",
            {
                "TableName": "legacy",
                "BillingMode": "PAY_PER_REQUEST",
                "KeySchema": [
                    {"AttributeName": "pk", "KeyType": "HASH"},
                    {"AttributeName": "sk", "KeyType": "RANGE"},
                ],
                "AttributeDefinitions": [
                    {"AttributeName": "pk", "AttributeType": "S"},
                    {"AttributeName": "sk", "AttributeType": "N"},
                ],
            },
        )
        yield bench


async def test_items_come_back_as_they_were_put(bench: RecordedDatabase) -> None:
    legacy = await bench.db.raw_table("legacy")
    await legacy.put(ITEM)
    assert await legacy.get("a", 1).consistent() == ITEM
    assert await legacy.get_or_none("a", 2) is None
    assert await legacy.query("a") == [ITEM]
    assert await legacy.scan().segments(2) == [ITEM]
    assert (await legacy.batch_get([("a", 1), ("a", 2)])).items == [ITEM]
    await legacy.delete("a", 1)
    with pytest.raises(adorm.ItemNotFound):
        await legacy.get("a", 1)


async def test_paths_change_and_filter(bench: RecordedDatabase) -> None:
    legacy = await bench.db.raw_table("legacy")
    await legacy.create({"pk": "a", "sk": 1, "n": 1})
    n, colour = adorm.path("n"), adorm.path("colour")
    await legacy.update("a", 1).apply(n.add(2), colour.set("red")).when(n == 1)
    assert await legacy.get("a", 1) == {"pk": "a", "sk": 1, "n": 3, "colour": "red"}
    assert await legacy.scan().filter(colour == "blue").count() == 0
    with pytest.raises(adorm.ItemNotFound):
        await legacy.update("a", 9).apply(n.set(1))
    with pytest.raises(adorm.ItemExists) as taken:
        await legacy.create({"pk": "a", "sk": 1})
    assert taken.value.item == {"pk": "a", "sk": 1, "n": 3, "colour": "red"}
    with pytest.raises(adorm.ConditionalCheckFailed) as refused:
        await legacy.put({"pk": "a", "sk": 1}).when(n == 5)
    assert refused.value.item["n"] == 3
    await legacy.put({"pk": "a", "sk": 1}).when(n == 3)
    assert await legacy.get("a", 1) == {"pk": "a", "sk": 1}


async def test_a_scan_goes_on_at_a_checkpoint(bench: RecordedDatabase) -> None:
    legacy = await bench.db.raw_table("legacy")
    for number in range(8):
        await legacy.put({"pk": "a", "sk": number})
    async with legacy.scan().segments(2).stream() as rows:
        first = [await anext(rows) for _ in range(3)]
        checkpoint = rows.checkpoint()
    rest = await legacy.scan().resume(checkpoint)
    assert sorted(item["sk"] for item in first + rest) == list(range(8))


async def test_the_key_is_asked_for_once_or_given(bench: RecordedDatabase) -> None:
    bench.sent()
    legacy = bench.db.raw_table("legacy")
    with pytest.raises(UsageError, match="the key of table legacy is not known yet"):
        legacy.get("a", 1)
    await legacy
    await legacy
    assert bench.sent() == ["DescribeTable"]
    given = bench.db.raw_table("legacy", partition_key=("pk", str), sort_key=("sk", int))
    await given.put({"pk": "a", "sk": 1})
    assert bench.sent() == ["PutItem"]
    with pytest.raises(UsageError, match="sort_key= goes with partition_key="):
        bench.db.raw_table("legacy", sort_key=("sk", int))


async def test_an_item_without_its_key_is_refused_before_sending(bench: RecordedDatabase) -> None:
    legacy = await bench.db.raw_table("legacy")
    with pytest.raises(UsageError, match="lacks its key attribute sk"):
        await legacy.put({"pk": "a"})
