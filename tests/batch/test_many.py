"""`update_many` and `create_many`: many single writes side by side."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Self

import pytest

import adorm
from adorm.testing import Faults, Recorder
from tests.support.shop import Counter, Order

pytestmark = pytest.mark.anyio


class Shop:
    """Orders in memory, behind faults and a recorder."""

    def __init__(self) -> None:
        self.faults, self.recorder = Faults(), Recorder()
        self.db = adorm.connect(
            "memory",
            wrap=lambda engine: self.recorder(self.faults(engine)),
            retry=adorm.RetryPolicy(max_attempts=2, base_delay_s=0),
        )
        self.orders = self.db.table(Order)

    async def __aenter__(self) -> Self:
        await self.db.create_table(Order)
        self.recorder.clear()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.db.close()

    async def stock(self, count: int) -> list[adorm.Key[Order]]:
        await self.orders.batch_write(puts=[order(number) for number in range(count)])
        self.recorder.clear()
        return [self.orders.key("c1", f"o{number}") for number in range(count)]


def order(number: int, **fields: Any) -> Order:
    return Order(customer_id="c1", order_id=f"o{number}", **fields)


# ---- update_many


async def test_every_item_is_updated_by_one_request() -> None:
    async with Shop() as shop:
        keys = await shop.stock(30)
        done = (
            await shop.orders.update_many(keys)
            .set(Order.status, "paid")
            .add(Order.total, 5)
            .concurrency(4)
        )
        assert shop.recorder.operations == ["UpdateItem"] * 30
        assert shop.recorder.max_in_flight <= 4
        assert (done.updated, done.unprocessed, done.errors) == (keys, [], [])
        assert [(outcome.label, outcome.value, outcome.finished) for outcome in done.outcomes][
            :1
        ] == [("Order c1/o0", keys[0], True)]
        stored = await shop.orders.batch_get(keys)
        assert {(each.status, each.total, each.version) for each in stored.items} == {
            ("paid", Decimal(5), 2)
        }


async def test_updates_of_their_own_are_taken_too_and_give_what_they_return() -> None:
    async with Shop() as shop:
        await shop.stock(2)
        done = await shop.orders.update_many(
            [
                shop.orders.update("c1", "o0").set(Order.status, "a").returning("new"),
                shop.orders.update("c1", "o1").add(Order.total, 1),
            ]
        )
        assert [each and each.status for each in done.results] == ["a", None]


async def test_conditions_hold_for_each_and_failures_are_told_by_item() -> None:
    async with Shop() as shop:
        keys = await shop.stock(10)
        await shop.orders.update_many(keys[::2]).set(Order.status, "paid")
        update = (
            shop.orders.update_many([*keys, ("c1", "none")])
            .set(Order.note, "x")
            .when(Order.status == "open")
        )
        done = await update.collect_errors()
        assert done.updated == keys[1::2]
        assert done.unprocessed == [*keys[::2], shop.orders.key("c1", "none")]
        assert [type(error) for error in done.errors] == [adorm.ConditionalCheckFailed] * 5 + [
            adorm.ItemNotFound
        ]
        failed = done.outcomes[0].error
        assert isinstance(failed, adorm.ConditionalCheckFailed)
        assert failed.item.status == "paid"


async def test_when_one_fails_those_in_flight_finish_and_no_other_begins() -> None:
    async with Shop() as shop:
        keys = await shop.stock(10)
        with pytest.raises(adorm.BatchFailed) as caught:
            await (
                shop.orders.update_many([*keys[:3], ("c1", "none"), *keys[3:]])
                .set(Order.status, "x")
                .concurrency(1)
            )
        assert caught.value.result.updated == keys[:3]
        assert len(caught.value.result.unprocessed) == 8
        assert [type(error) for error in caught.value.exceptions] == [adorm.ItemNotFound]
        assert len(shop.recorder.sent) == 4


async def test_an_update_that_would_differ_when_repeated_is_not_repeated() -> None:
    async with Shop() as shop:
        keys = await shop.stock(1)
        shop.faults.on("UpdateItem").drop(applied=True)
        done = await shop.orders.update_many(keys).add(Order.total, 5).collect_errors()
        assert len(shop.recorder.sent) == 1
        assert [getattr(error, "maybe_applied", None) for error in done.errors] == [True]
        assert (await shop.orders.get(keys[0])).total == 5


async def test_upsert_creates_what_is_missing() -> None:
    async with Shop() as shop:
        await (
            shop.orders.update_many([("c1", "o1"), ("c1", "o2")]).set(Order.status, "new").upsert()
        )
        assert len(await shop.orders.query("c1")) == 2


async def test_what_cant_be_updated_is_named_by_its_place_and_nothing_is_sent() -> None:
    async with Shop() as shop:
        keys = await shop.stock(3)
        many = shop.orders.update_many
        with pytest.raises(
            adorm.UsageError, match=r"^update 2 of 2: a key of Order is customer_id and order_id"
        ):
            many([keys[0], "c1"])
        with pytest.raises(
            adorm.UsageError, match=r"^update 1 of 3: Order c1/o0: an update without clauses"
        ):
            await many(keys)
        with pytest.raises(
            adorm.UsageError, match=r"^update 3 of 3: Order c1/o0 is number 1 as well"
        ):
            await many([keys[0], keys[1], keys[0]]).set(Order.status, "x")
        other: Any = shop.db.table(Counter).update("n").add(Counter.value, 1)
        with pytest.raises(
            adorm.UsageError,
            match=r"^update 1 of 1: an update of table counters was given to table orders",
        ):
            many([other])
        assert (await many([]).set(Order.status, "x")).updated == []
        assert shop.recorder.sent == ()


def test_requests_and_plans_can_be_looked_at() -> None:
    orders = Shop().orders
    update = orders.update_many([("c1", "o1"), ("c1", "o2")]).set(Order.status, "x")
    assert update.request()["Key"] == {"customer_id": {"S": "c1"}, "order_id": {"S": "o1"}}
    assert update.explain().reason == "one of 2 updates, 2 at a time"
    create = orders.create_many([order(number) for number in range(150)])
    assert create.request()["Item"]["order_id"] == {"S": "o0"}
    assert create.explain().reason == "one of 150 items, 8 at a time"
    transaction = orders.create_many([order(number) for number in range(150)], transact=True)
    assert len(transaction.request()["TransactItems"]) == 100
    assert transaction.explain().operation == "TransactWriteItems"
    assert orders.create_many([]).request() == orders.update_many([]).request() == {}


# ---- create_many


async def test_items_are_inserted_one_by_one_and_those_taken_are_told() -> None:
    async with Shop() as shop:
        await shop.orders.create(order(3, status="first"))
        items = [order(number) for number in range(6)]
        done = await shop.orders.create_many(items).collect_errors()
        assert done.items == [*items[:3], *items[4:]]
        assert done.unprocessed == [items[3]]
        error = done.errors[0]
        assert isinstance(error, adorm.ItemExists)
        assert error.item.status == "first"
        assert [each.version for each in items] == [1, 1, 1, 0, 1, 1]
        assert done.outcomes[3].label == "Order c1/o3"


async def test_a_taken_key_ends_it_by_default() -> None:
    async with Shop() as shop:
        await shop.orders.create(order(2))
        with pytest.raises(adorm.BatchFailed) as caught:
            await shop.orders.create_many([order(number) for number in range(10)]).concurrency(1)
        assert [each.order_id for each in caught.value.result.items] == ["o0", "o1"]
        assert len(caught.value.result.unprocessed) == 8


async def test_a_lost_answer_makes_no_item_exist_that_is_its_own() -> None:
    async with Shop() as shop:
        shop.faults.on("PutItem", call=1).drop(applied=True)
        done = await shop.orders.create_many([order(1)])
        assert (done.items[0].version, len(shop.recorder.sent)) == (1, 2)


async def test_with_transact_a_hundred_are_created_together_or_not_at_all() -> None:
    async with Shop() as shop:
        await shop.orders.create(order(120))
        shop.recorder.clear()
        items = [order(number) for number in range(250)]
        done = await shop.orders.create_many(items, transact=True).collect_errors()
        assert shop.recorder.operations == ["TransactWriteItems"] * 3
        assert sorted(len(each.request["TransactItems"]) for each in shop.recorder.sent) == [
            50,
            100,
            100,
        ]
        assert done.items == [*items[:100], *items[200:]]
        assert done.unprocessed == items[100:200]
        assert {each.version for each in items[100:200]} == {0}
        assert [outcome.label for outcome in done.outcomes] == [
            "transaction 1 of 3",
            "transaction 2 of 3",
            "transaction 3 of 3",
        ]
        failed = done.errors[0]
        assert isinstance(failed, adorm.TransactionCanceled)
        assert [type(reason.error) for reason in failed.reasons if reason.error] == [
            adorm.ItemExists
        ]


async def test_what_cant_be_created_is_named_by_its_place_and_nothing_is_sent() -> None:
    async with Shop() as shop:
        with pytest.raises(
            adorm.UsageError, match=r"^item 2 of 2: Order.order_id is part of a key"
        ):
            await shop.orders.create_many([order(1), Order(customer_id="c1", order_id="")])
        with pytest.raises(
            adorm.UsageError, match=r"^item 2 of 2: Order c1/o1 is number 1 as well"
        ):
            await shop.orders.create_many([order(1), order(1)])
        assert (await shop.orders.create_many([])).items == []
        assert shop.recorder.sent == ()
