"""`table.repair()`: items get the keys of indexes and the type that their model writes now."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

import adorm
from adorm.testing import Attempt
from tests.support.keyed_models import (
    NOON,
    Message,
    Order,
    Repo,
    Status,
    order,
    raw_items,
    stale_items,
)
from tests.support.recorded import RecordedDatabase

pytestmark = pytest.mark.anyio


@pytest.fixture
async def bench() -> AsyncIterator[RecordedDatabase]:
    bench = RecordedDatabase()
    async with bench.db:
        await bench.db.create_table(Order)
        yield bench


async def older(bench: RecordedDatabase, item: object, **attributes: Any) -> None:
    """Store an item as older code did: with other attributes, or without those that are None."""
    stored = {**adorm.to_attribute_map(item), **attributes}
    stored = {name: value for name, value in stored.items() if value is not None}
    await bench.db.call("PutItem", {"TableName": "shop", "Item": stored})


async def test_items_with_other_keys_get_those_of_the_model(bench: RecordedDatabase) -> None:
    await bench.db.table(Order).create(order(order_id="right"))
    await older(bench, order(order_id="a"), GSI1PK={"S": "OLD"}, GSI1SK={"S": "OLD"})
    await older(bench, order(order_id="b"), GSI1PK=None, GSI1SK=None)
    await older(bench, order(order_id="c"), _type=None)
    read_message = Message(user_name="ada", message_id="m", unread=False, sent_at=NOON)
    await older(bench, read_message, GSI1PK={"S": "UNREAD#ada"}, GSI1SK={"S": "x"})
    trial = await bench.db.table(Order).repair().dry_run()
    assert (trial.checked, trial.changed) == (4, 3)
    assert len(await stale_items_with_type(bench)) == 3
    bench.sent()
    result = await bench.db.table(Order).repair().segments(4)
    assert (result.checked, result.changed, result.conflicts, result.errors) == (4, 3, [], [])
    assert bench.sent().count("UpdateItem") == 3
    assert (await bench.db.table(Message).repair()).changed == 1
    assert not await stale_items(bench.db, Order, Message)
    again = await bench.db.table(Order).repair()
    assert (again.checked, again.changed) == (4, 0)
    assert (await bench.db.table(Order).get("ada", "right")).version == 1


async def stale_items_with_type(bench: RecordedDatabase) -> list[dict[str, Any]]:
    """The orders whose keys or type are not what the model writes."""
    return [
        item
        for item in await raw_items(bench.db)
        if item["SK"]["S"].startswith("ORDER#")
        and item != adorm.to_attribute_map(adorm.from_attribute_map(Order, item))
    ]


async def test_an_item_that_others_change_meanwhile_is_looked_at_again(
    bench: RecordedDatabase,
) -> None:
    await older(bench, order(order_id="a"), GSI1PK=None, GSI1SK=None)
    await older(bench, order(order_id="b"), GSI1PK=None, GSI1SK=None)
    await older(bench, order(order_id="c"), GSI1PK=None, GSI1SK=None)

    met: set[str] = set()

    async def interfere(attempt: Attempt) -> dict[str, Any]:
        key = attempt.request["Key"]
        name = key["SK"]["S"]
        match "" if name in met else name:
            case "":
                pass
            case "ORDER#a":
                await older(bench, order(order_id="a", total=Decimal(9)), GSI1PK=None, GSI1SK=None)
            case "ORDER#b":
                await older(bench, order(order_id="b", status=Status.PAID))
            case _:
                await bench.db.call("DeleteItem", {"TableName": "shop", "Key": key})
        met.add(name)
        return await attempt.send()

    bench.faults.on("UpdateItem").run(interfere)
    result = await bench.db.table(Order).repair()
    assert (result.checked, result.changed) == (3, 3)
    assert not await stale_items(bench.db, Order)
    found = {each.order_id: each for each in await bench.db.table(Order).scan()}
    assert found.keys() == {"a", "b"}
    assert found["a"].total == 9


async def test_items_that_do_not_fit_are_left_as_they_are_and_reported(
    bench: RecordedDatabase,
) -> None:
    await older(bench, order(order_id="a"), total={"S": "no number"})
    await older(bench, order(order_id="b"), place={"S": ""}, GSI1PK=None, GSI1SK=None)
    await older(bench, order(order_id="c"), GSI1PK=None, GSI1SK=None)
    before = await raw_items(bench.db)
    result = await bench.db.table(Order).repair()
    assert (result.checked, result.changed) == (1, 1)
    assert {type(error) for error in result.errors} == {adorm.ItemDecodeError, adorm.BadValue}
    assert [item for item in await raw_items(bench.db) if item in before] == [
        item for item in before if item["SK"]["S"] != "ORDER#c"
    ]


async def test_a_repair_that_fails_goes_on_from_its_checkpoint(bench: RecordedDatabase) -> None:
    for number in range(20):
        await older(bench, order(order_id=f"{number}"), GSI1PK=None, GSI1SK=None)
    bench.faults.on("UpdateItem", call=5).refuse("AccessDeniedException")
    repair = bench.db.table(Order).repair().segments(2)
    with pytest.raises(adorm.ScanFailed) as caught:
        await repair
    checkpoint = caught.value.checkpoint
    assert checkpoint is not None
    result = await repair.resume(checkpoint)
    assert 0 < result.checked <= 20
    assert not await stale_items(bench.db, Order)


async def test_a_renamed_entity_is_written(bench: RecordedDatabase) -> None:
    other = adorm.SingleTable("things")

    @adorm.model(table=other, entity=("thing", "Thing"))
    class Thing:
        thing_id: str
        key = adorm.key("THING#{thing_id}", "THING")

    db = bench.db
    await db.create_table(Thing)
    stored = {**adorm.to_attribute_map(Thing(thing_id="a")), "_type": {"S": "Thing"}}
    await db.call("PutItem", {"TableName": "things", "Item": stored})
    result = await db.table(Thing).repair()
    assert (result.checked, result.changed) == (1, 1)
    assert (await raw_items(db, "things"))[0]["_type"] == {"S": "thing"}


async def test_a_lost_answer_does_no_harm(bench: RecordedDatabase) -> None:
    await older(bench, order(), GSI1PK=None, GSI1SK=None)
    bench.faults.on("UpdateItem", call=1).drop(applied=True)
    result = await bench.db.table(Order).repair()
    assert (result.checked, result.changed) == (1, 1)
    assert not await stale_items(bench.db, Order)


async def test_a_model_without_such_keys_has_nothing_to_repair() -> None:
    @adorm.model(table="plain")
    class Plain:
        pk: str = adorm.partition_key()

    async with adorm.connect("memory") as db:
        await db.create_table(Plain)
        with pytest.raises(adorm.UsageError, match="nothing to repair"):
            await db.table(Plain).repair()


async def test_a_repair_says_how_it_reads(bench: RecordedDatabase) -> None:
    seen: list[adorm.Progress] = []
    repair = bench.db.table(Repo).repair().read_units_per_s(1000).on_progress(seen.append)
    assert repair.explain().operation == "Scan"
    assert repair.request()["TableName"] == "shop"
    await repair
    assert seen
