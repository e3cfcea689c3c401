"""`batch_get`: what is sent, what comes back, and what is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import anyio
import pytest

import adorm
from adorm.testing import FakeClock
from tests.batch.order_items import item, orders_by
from tests.batch.stubbed import ids, stubbed, value_of
from tests.support.as_json import AsJson
from tests.support.scripted import ScriptedTransport, lost, throttled
from tests.support.shop import Counter, Event, Order

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("read_both_ways")]


# ---- what is sent


async def test_nothing_to_get_sends_nothing_and_is_no_error() -> None:
    async with stubbed() as it:
        got = await it.numbers.batch_get([])
        assert (got.items, got.aligned, got.missing, got.unprocessed, got.errors, got.outcomes) == (
            [],
            [],
            [],
            [],
            [],
            [],
        )
        assert it.recorder.sent == ()


async def test_unique_keys_are_sent_once_in_chunks_of_a_hundred() -> None:
    async with stubbed(1000) as it:
        got = await it.numbers.batch_get([ids(number % 250) for number in range(1000)])
        assert sorted(
            len(each.request["RequestItems"]["numbers"]["Keys"]) for each in it.recorder.sent
        ) == [50, 100, 100]
        assert set(it.stub.keys_read.values()) == {1}
        assert [each.number_id for each in got.items] == [
            ids(number % 250) for number in range(1000)
        ]
        assert [outcome.label for outcome in got.outcomes] == [
            "chunk 1 of 3",
            "chunk 2 of 3",
            "chunk 3 of 3",
        ]
        assert all(outcome.finished for outcome in got.outcomes)
        assert sum(len(outcome.value or []) for outcome in got.outcomes) == 250


async def test_keys_that_are_equal_in_dynamodb_are_one_whatever_way_they_are_written() -> None:
    transport = ScriptedTransport()
    events = adorm.connect("memory", wrap=lambda _: AsJson(transport)).table(Event)
    moment = FakeClock().now()
    got = await events.batch_get([(1, moment), events.key(1, moment), (True + 0, moment)])
    assert len(transport.sent) == 1
    assert len(transport.sent[0][1]["RequestItems"]["events"]["Keys"]) == 1
    assert got.aligned == [None, None, None]
    assert got.missing == [events.key(1, moment)]


async def test_options_go_to_every_chunk_and_the_request_can_be_looked_at() -> None:
    orders = orders_by(ScriptedTransport())
    get = orders.batch_get([("c1", "o1")]).consistent().select(Order.total)
    assert get.request() == {
        "RequestItems": {
            "orders": {
                "Keys": [{"customer_id": {"S": "c1"}, "order_id": {"S": "o1"}}],
                "ConsistentRead": True,
                "ProjectionExpression": "#n0, #n1, #n2",
                "ExpressionAttributeNames": {
                    "#n0": "customer_id",
                    "#n1": "order_id",
                    "#n2": "total",
                },
            }
        }
    }
    assert orders.batch_get([]).request() == {"RequestItems": {}}


def test_the_plan_tells_keys_chunks_and_concurrency() -> None:
    orders = orders_by(ScriptedTransport())
    plan = (
        orders.batch_get([("c1", f"o{number % 210}") for number in range(300)])
        .concurrency(2)
        .explain()
    )
    assert (plan.operation, plan.table) == ("BatchGetItem", "orders")
    assert plan.reason == "210 keys to read in 3 chunks, 2 of them at a time"


async def test_no_more_chunks_are_in_flight_than_asked_for() -> None:
    async with stubbed(2000) as it:
        hold = it.faults.on("BatchGetItem").hold()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(
                it.numbers.batch_get([ids(number) for number in range(2000)]).concurrency(3)._run
            )
            await hold.reached(3)
            hold.release()
        assert it.recorder.max_in_flight == 3
        assert len(it.recorder.sent) == 20


# ---- what comes back


async def test_items_come_in_the_order_of_the_keys_and_missing_ones_are_told() -> None:
    async with stubbed(10) as it:
        got = await it.numbers.batch_get([ids(7), "none", ids(2), ids(7), "none"])
        assert [each.value for each in got.items] == [value_of(7), value_of(2), value_of(7)]
        assert [each and each.number_id for each in got.aligned] == [
            ids(7),
            None,
            ids(2),
            ids(7),
            None,
        ]
        assert got.missing == [it.numbers.key("none")]
        assert got.items[0] is got.items[2]
        assert got.of(type(got.items[0])) == got.items


async def test_a_thousand_keys_and_duplicates_come_through_though_a_third_is_left_unprocessed() -> (
    None
):
    async with stubbed(700) as it:
        left = it.faults.on("BatchGetItem").unprocessed(share=0.3)
        keys = [ids(number * 37 % 700) for number in range(1000)]
        got = await it.numbers.batch_get(keys)
        assert [each.number_id for each in got.items] == keys
        assert set(it.stub.keys_read.values()) == {1}
        assert left.fired == len(it.recorder.sent) > 7


async def test_all_keys_are_read_even_where_one_a_call_succeeds() -> None:
    async with stubbed(1000) as it:
        it.faults.on("BatchGetItem").unprocessed(all_but=1)
        keys = [ids(number % 900) for number in range(1000)]
        got = await it.numbers.batch_get(keys)
        assert [each.number_id for each in got.items] == keys
        assert len(it.recorder.sent) == 900
        assert set(it.stub.keys_read.values()) == {1}


async def test_progress_counts_every_key_given() -> None:
    async with stubbed(250) as it:
        seen: list[adorm.Progress] = []
        await (
            it.numbers.batch_get([ids(number % 250) for number in range(300)])
            .concurrency(1)
            .on_progress(seen.append)
        )
        assert [(each.done, each.total) for each in seen] == [(150, 300), (250, 300), (300, 300)]
        heard: list[int] = []

        async def hear(progress: adorm.Progress) -> None:
            heard.append(progress.done)

        await it.numbers.batch_get([ids(1)]).on_progress(hear)
        assert heard == [1]


async def test_a_selection_comes_as_tuples_in_order() -> None:
    transport = ScriptedTransport(
        [{"Responses": {"orders": [item(2, total={"N": "2"}), item(1, status={"S": "paid"})]}}]
    )
    got = (
        await orders_by(transport)
        .batch_get([("c1", "o1"), ("c1", "o2")])
        .select(Order.status, Order.total)
    )
    assert got.items == [("paid", Decimal(0)), ("open", Decimal(2))]


async def test_items_of_several_tables_travel_together() -> None:
    transport = ScriptedTransport(
        [
            {
                "Responses": {"orders": [item(1)], "counters": [{"name": {"S": "n"}}]},
                "UnprocessedKeys": {},
            }
        ],
    )
    db = adorm.connect("memory", wrap=lambda _: AsJson(transport))
    orders, counters = db.table(Order), db.table(Counter)
    got = await db.batch_get(counters.key("n"), [orders.key("c1", "o1"), orders.key("c1", "o2")])
    assert [len(request["RequestItems"]) for _, request in transport.sent] == [2]
    assert got.of(Counter) == [Counter(name="n")]
    assert [each.order_id for each in got.of(Order)] == ["o1"]
    assert got.aligned[2] is None
    assert got.missing == [orders.key("c1", "o2")]


async def test_a_key_of_a_table_with_a_name_of_its_own_goes_there() -> None:
    transport = ScriptedTransport()
    db = adorm.connect("memory", wrap=lambda _: AsJson(transport))
    await db.batch_get(db.table(Counter, name="counters-2").key("n"), db.table(Counter).key("n"))
    assert set(transport.sent[0][1]["RequestItems"]) == {"counters-2", "counters"}


# ---- unprocessed keys


async def test_what_is_unprocessed_is_asked_for_again_after_a_wait_with_jitter() -> None:
    async with stubbed(10, retry=adorm.RetryPolicy(base_delay_s=0.1, jitter=0.0)) as it:
        it.faults.on("BatchGetItem", call=[1, 2]).unprocessed(share=1.0)
        it.faults.on("BatchGetItem", call=3).unprocessed(count=3)
        got = await it.numbers.batch_get([ids(number) for number in range(10)])
        assert len(got.items) == 10
        assert it.clock.sleeps == [0.1, 0.2, 0.1]
        sizes = [len(each.request["RequestItems"]["numbers"]["Keys"]) for each in it.recorder.sent]
        assert sizes == [10, 10, 10, 3]


async def test_its_own_retry_policy_says_how_long_it_waits() -> None:
    async with stubbed(10) as it:
        it.faults.on("BatchGetItem", call=1).unprocessed(count=1)
        await it.numbers.batch_get([ids(1)]).retry(adorm.RetryPolicy(base_delay_s=1.5, jitter=0.0))
        assert it.clock.sleeps == [1.5]


async def test_answers_that_process_nothing_end_at_last_as_throttled() -> None:
    async with stubbed(10) as it:
        it.faults.on("BatchGetItem").unprocessed(share=1.0)
        with pytest.raises(adorm.BatchFailed) as caught:
            await it.numbers.batch_get([ids(1), ids(2)])
        error = caught.value.exceptions[0]
        assert isinstance(error, adorm.Throttled)
        assert error.code == "UnprocessedKeys"
        assert len(it.recorder.sent) == 5
        assert caught.value.result.unprocessed == [it.numbers.key(ids(1)), it.numbers.key(ids(2))]


async def test_an_answer_that_makes_progress_begins_the_count_anew() -> None:
    async with stubbed(10) as it:
        it.faults.on(
            "BatchGetItem", call=[number for number in range(1, 14) if number % 5]
        ).unprocessed(share=1.0)
        it.faults.on("BatchGetItem", call=[5, 10]).unprocessed(all_but=1)
        assert len((await it.numbers.batch_get([ids(1), ids(2), ids(3)])).items) == 3


async def test_unprocessed_keys_written_otherwise_are_known_again() -> None:
    key = {"streamId": {"N": "1.0"}, "happenedAt": {"S": "2026-01-01T00:00:00.000000Z"}}
    transport = ScriptedTransport(
        [{"Responses": {}, "UnprocessedKeys": {"events": {"Keys": [key]}}}]
    )
    events = adorm.connect(
        "memory", wrap=lambda _: AsJson(transport), retry=adorm.RetryPolicy(base_delay_s=0)
    ).table(Event)
    await events.batch_get([(1, FakeClock().now())])
    assert len(transport.sent) == 2
    assert transport.sent[0][1] == transport.sent[1][1]


async def test_an_item_that_nobody_asked_for_is_left_alone() -> None:
    transport = ScriptedTransport([{"Responses": {"orders": [item(2), item(1)]}}])
    got = await orders_by(transport).batch_get([("c1", "o1")])
    assert [each.order_id for each in got.items] == ["o1"]


async def test_across_tables_only_keys_say_where_they_belong() -> None:
    db = adorm.connect("memory")
    with pytest.raises(
        adorm.UsageError, match=r"^key 2 of 2: in a batch across tables each key says its model"
    ):
        await db.batch_get([db.table(Counter).key("n"), ("c1", "o1")])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]  # the mistake


@pytest.mark.parametrize("chunks", [0, -1, True, 1.5, 1_000_000])
async def test_a_concurrency_that_is_no_positive_number_is_refused(chunks: Any) -> None:
    with pytest.raises(adorm.UsageError, match="concurrency, the most requests in flight"):
        orders_by(ScriptedTransport()).batch_get([]).concurrency(chunks)


async def test_a_closed_database_is_the_callers_mistake_and_no_group() -> None:
    db = adorm.connect("memory")
    await db.close()
    with pytest.raises(adorm.UsageError, match="closed"):
        await db.table(Counter).batch_get(["n"])


async def test_lost_connections_and_throttles_are_retried_as_everywhere() -> None:
    transport = ScriptedTransport([lost(), throttled(), {"Responses": {"orders": [item(1)]}}])
    orders = adorm.connect(
        "memory", wrap=lambda _: AsJson(transport), retry=adorm.RetryPolicy(base_delay_s=0)
    ).table(Order)
    assert len((await orders.batch_get([("c1", "o1")])).items) == 1
