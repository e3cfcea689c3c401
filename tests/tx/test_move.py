"""`table.move(old, new)`: one transaction, with the error of the side that failed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

import adorm
from tests.support.keyed_models import Order, Repo, changed, order, raw_items, stale_items
from tests.support.recorded import RecordedDatabase

pytestmark = pytest.mark.anyio


class Bench(RecordedDatabase):
    """A database and its tables."""

    def __init__(self) -> None:
        super().__init__()
        self.orders = self.db.table(Order)
        self.repos = self.db.table(Repo)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    async with bench.db:
        await bench.db.create_table(Order)
        yield bench
        assert not await stale_items(bench.db, Order, Repo)


async def test_a_copy_takes_the_place_of_the_old_item(bench: Bench) -> None:
    old = await bench.orders.create(order())
    bench.recorder.clear()
    new = await bench.orders.move(old, changed(old, order_id="o2", total=Decimal(7)))
    assert bench.recorder.operations == ["TransactWriteItems"]
    assert (new.order_id, new.total, new.version) == ("o2", Decimal(7), 2)
    assert await bench.orders.scan() == [new]


async def test_the_times_of_an_item_go_with_it(bench: Bench) -> None:
    old = await bench.repos.create(Repo(owner="ada", name="x"))
    bench.clock.advance(60)
    new = await bench.repos.move(old, changed(old, name="y"))
    assert new.created_at == old.created_at
    assert new.updated_at == bench.clock.now()
    assert await bench.repos.get("ada", "y") == new
    again = await bench.repos.move(Repo.key("ada", "y"), Repo(owner="ada", name="z"))
    assert again.created_at == bench.clock.now()


async def test_the_old_item_has_to_be_there(bench: Bench) -> None:
    with pytest.raises(adorm.ItemNotFound, match=r"Order ada/o1.*nothing to move"):
        await bench.orders.move(Order.key("ada", "o1"), order(order_id="o2"))
    assert await raw_items(bench.db) == []


async def test_the_old_item_has_to_have_the_version_that_was_read(bench: Bench) -> None:
    old = await bench.orders.create(order())
    moved = changed(old, order_id="o2")
    await bench.orders.update("ada", "o1").set(Order.note, "x")
    with pytest.raises(adorm.VersionConflict) as caught:
        await bench.orders.move(old, moved)
    assert (caught.value.expected, caught.value.actual) == (1, 2)
    assert moved.version == 1
    await bench.orders.move(Order.key("ada", "o1"), moved)  # a key has no version
    with pytest.raises(adorm.VersionConflict):
        await bench.orders.move(old, order(order_id="o3"))
    assert len(await raw_items(bench.db)) == 1


async def test_the_new_key_has_to_be_free(bench: Bench) -> None:
    old = await bench.orders.create(order())
    taken = await bench.orders.create(order(order_id="o2"))
    with pytest.raises(adorm.ItemExists) as caught:
        await bench.orders.move(old, changed(old, order_id="o2"))
    assert caught.value.item == taken
    assert len(await raw_items(bench.db)) == 2


async def test_a_lost_answer_is_answered_by_the_token(bench: Bench) -> None:
    old = await bench.orders.create(order())
    bench.faults.on("TransactWriteItems", call=1).drop(applied=True)
    bench.recorder.clear()
    new = await bench.orders.move(old, changed(old, order_id="o2"))
    assert len({each.request["ClientRequestToken"] for each in bench.recorder.sent}) == 1
    assert len(bench.recorder.sent) == 2
    assert await bench.orders.scan() == [new]


async def test_a_conflict_is_sent_again_with_the_same_token(bench: Bench) -> None:
    old = await bench.orders.create(order())
    bench.faults.on("TransactWriteItems", call=1).refuse(
        "TransactionCanceledException", reasons=["TransactionConflict", "None"]
    )
    await bench.orders.move(old, changed(old, order_id="o2"))
    assert [each.order_id for each in await bench.orders.scan()] == ["o2"]


async def test_an_item_under_the_same_key_is_saved_not_moved(bench: Bench) -> None:
    old = await bench.orders.create(order())
    with pytest.raises(adorm.UsageError, match=r"save\(\)"):
        await bench.orders.move(old, changed(old, note="x"))
    with pytest.raises(adorm.UsageError, match="Repo"):
        foreign: Any = Repo.key("ada", "x")
        bench.orders.move(foreign, old)


async def test_a_move_says_what_it_will_send(bench: Bench) -> None:
    move = bench.orders.move(Order.key("ada", "o1"), order(order_id="o2"))
    delete, put = move.request()["TransactItems"]
    assert delete["Delete"]["Key"]["SK"] == {"S": "ORDER#o1"}
    assert put["Put"]["Item"]["SK"] == {"S": "ORDER#o2"}
    assert move.explain().operation == "TransactWriteItems"
