"""`batch_get`: what is sent, what comes back, and what a failure leaves."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import anyio
import pytest

import adorm
from adorm.codec.compiled.pages import WORTHWHILE_BYTES
from adorm.testing import FakeClock
from adorm.transport.base import Answer, Request
from tests.batch.stubbed import ids, stubbed, value_of
from tests.support.as_json import AsJson
from tests.support.scripted import ScriptedTransport, lost, refusal, throttled
from tests.support.shop import Counter, Event, Order

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True, params=[WORTHWHILE_BYTES, 0], ids=["as JSON", "from bytes"])
def _read(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adorm.codec.compiled.pages.WORTHWHILE_BYTES", request.param)


def orders_by(transport: Any) -> adorm.Table[Order]:
    return adorm.connect(
        "memory", wrap=lambda _: AsJson(transport), retry=adorm.RetryPolicy(max_attempts=1)
    ).table(Order)


def item(number: int, **attributes: Any) -> dict[str, Any]:
    """An order as DynamoDB sends it."""
    return {
        "customer_id": {"S": "c1"},
        "order_id": {"S": f"o{number}"},
        "created_at": {"S": "2026-01-01T00:00:00.000000Z"},
        "updated_at": {"S": "2026-01-01T00:00:00.000000Z"},
        **attributes,
    }


def keys_of(request: Request) -> list[str]:
    return [key["order_id"]["S"] for key in request["RequestItems"]["orders"]["Keys"]]


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


# ---- failures


def failing(*chunks: int) -> Any:
    """Matches the requests of these chunks of a hundred numbers."""
    firsts = {ids((chunk - 1) * 100) for chunk in chunks}

    def matches(request: Request) -> bool:
        return bool(
            firsts & {key["number_id"]["S"] for key in request["RequestItems"]["numbers"]["Keys"]}
        )

    return matches


async def test_a_chunk_that_fails_stops_the_others_and_keeps_what_was_read() -> None:
    async with stubbed(500) as it:
        it.faults.on("BatchGetItem", matching=failing(3)).refuse("AccessDeniedException")
        with pytest.raises(adorm.BatchFailed) as caught:
            await it.numbers.batch_get([ids(number) for number in range(500)]).concurrency(1)
        failure = caught.value
        assert [type(error) for error in failure.exceptions] == [adorm.AccessDenied]
        assert len(it.recorder.sent) == 3
        assert [each.number_id for each in failure.result.items] == [
            ids(number) for number in range(200)
        ]
        assert [each.values[0] for each in failure.result.unprocessed] == [
            ids(number) for number in range(200, 500)
        ]
        assert [outcome.finished for outcome in failure.outcomes] == [
            True,
            True,
            False,
            False,
            False,
        ]
        assert failure.outcomes[2].error is failure.exceptions[0]
        assert "chunk 3 of 5" in str(failure)


async def test_siblings_in_flight_of_a_failed_chunk_are_cancelled() -> None:
    async with stubbed(300) as it:
        hold = it.faults.on("BatchGetItem", matching=failing(1, 3)).hold()

        async def refuse_then(attempt: Any) -> Answer:
            await hold.reached(2)
            raise refusal("AccessDeniedException", operation="BatchGetItem")

        it.faults.on("BatchGetItem", matching=failing(2)).run(refuse_then)
        with pytest.raises(adorm.BatchFailed):
            await it.numbers.batch_get([ids(number) for number in range(300)])
        assert sorted(each.state for each in it.recorder.sent) == [
            "cancelled",
            "cancelled",
            "failed",
        ]


async def test_with_collected_errors_the_rest_is_in_the_items_and_nothing_is_raised() -> None:
    async with stubbed(500) as it:
        it.faults.on("BatchGetItem", matching=failing(2, 4)).refuse("AccessDeniedException")
        got = await it.numbers.batch_get([ids(number) for number in range(500)]).collect_errors()
        assert [each.number_id for each in got.items] == [
            ids(number) for number in range(500) if number // 100 not in (1, 3)
        ]
        assert [type(error) for error in got.errors] == [adorm.AccessDenied, adorm.AccessDenied]
        assert [outcome.error is None for outcome in got.outcomes] == [
            True,
            False,
            True,
            False,
            True,
        ]
        assert len(got.unprocessed) == 200
        assert got.missing == []


async def test_what_a_chunk_read_before_it_failed_is_kept() -> None:
    async with stubbed(100) as it:
        it.faults.on("BatchGetItem", call=2).refuse("AccessDeniedException")
        it.faults.on("BatchGetItem", call=1).unprocessed(count=40)
        with pytest.raises(adorm.BatchFailed) as caught:
            await it.numbers.batch_get([ids(number) for number in range(100)])
        assert len(caught.value.result.items) == 60
        assert len(caught.value.outcomes[0].value or []) == 60
        assert len(caught.value.result.unprocessed) == 40


async def test_a_group_of_failures_can_be_taken_apart() -> None:
    async with stubbed(200, retry=adorm.RetryPolicy(max_attempts=1)) as it:
        it.faults.on("BatchGetItem").throttle()
        throttles: list[BaseException] = []
        try:
            await it.numbers.batch_get([ids(1)])
        except* adorm.Throttled as group:
            throttles.extend(group.exceptions)
            assert isinstance(group, adorm.BatchFailed)
            assert len(group.result.unprocessed) == 1
        assert len(throttles) == 1


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_the_hook_decides_chunk_by_chunk(asynchronous: bool) -> None:
    async with stubbed(500) as it:
        it.faults.on("BatchGetItem", matching=failing(2, 4)).refuse("AccessDeniedException")
        asked: list[str] = []

        def hook(outcome: adorm.Outcome[Any]) -> Any:
            assert isinstance(outcome.error, adorm.AccessDenied)
            asked.append(outcome.label)
            return "continue" if outcome.label.startswith("chunk 2 ") else "stop"

        async def later(outcome: adorm.Outcome[Any]) -> Any:
            return hook(outcome)

        keys = [ids(number) for number in range(500)]
        with pytest.raises(adorm.BatchFailed) as caught:
            await (
                it.numbers.batch_get(keys)
                .concurrency(1)
                .on_chunk_error(later if asynchronous else hook)
            )
        assert asked == ["chunk 2 of 5", "chunk 4 of 5"]
        assert len(it.recorder.sent) == 4
        assert len(caught.value.exceptions) == 2
        assert len(caught.value.result.items) == 200
        got = await it.numbers.batch_get(keys[:300]).on_chunk_error(hook)
        assert len(got.items) == 200
        assert len(got.errors) == 1


@pytest.mark.parametrize("where", ["report", "hook"])
async def test_what_the_callers_own_function_raises_leaves_bare(where: str) -> None:
    async with stubbed(500) as it:

        def broken(_: object) -> Any:
            raise ZeroDivisionError("mine")

        get = it.numbers.batch_get([ids(number) for number in range(500)]).concurrency(1)
        if where == "report":
            get = get.on_progress(broken)
        else:
            it.faults.on("BatchGetItem", call=1).refuse("AccessDeniedException")
            get = get.on_chunk_error(broken)
        with pytest.raises(ZeroDivisionError, match="mine"):
            await get
        assert len(it.recorder.sent) == 1


async def test_a_hook_that_answers_nonsense_is_told_so() -> None:
    async with stubbed(5) as it:
        it.faults.on("BatchGetItem").refuse("AccessDeniedException")
        with pytest.raises(adorm.UsageError, match='returns "stop" or "continue", not None'):
            await it.numbers.batch_get([ids(1)]).on_chunk_error(lambda _: None)  # type: ignore[arg-type, return-value]  # pyright: ignore[reportArgumentType]  # the mistake


async def test_an_item_that_does_not_fit_is_an_error_and_the_others_are_kept() -> None:
    answer: Answer = {"Responses": {"orders": [item(1, total={"S": "x"}), item(2)]}}
    orders = orders_by(ScriptedTransport([answer, {**answer}]))
    keys = [("c1", "o1"), ("c1", "o2"), ("c1", "o3")]
    with pytest.raises(adorm.BatchFailed) as caught:
        await orders.batch_get(keys)
    error = caught.value.exceptions[0]
    assert isinstance(error, adorm.ItemDecodeError)
    assert error.path == "$.total"
    assert [each.order_id for each in caught.value.result.items] == ["o2"]
    answer = {"Responses": {"orders": [item(1, total={"S": "x"}), item(2)]}}
    got = await orders_by(ScriptedTransport([answer])).batch_get(keys).collect_errors()
    assert [each.order_id for each in got.items] == ["o2"]
    assert [type(each) for each in got.errors] == [adorm.ItemDecodeError]
    assert got.unprocessed == []
    assert got.missing == [orders.key("c1", "o3")]


async def test_items_before_and_after_those_that_do_not_fit_are_read() -> None:
    wrong = {"total": {"S": "x"}}
    answer: Answer = {
        "Responses": {"orders": [item(1), item(2, **wrong), item(3), item(4, **wrong), item(5)]}
    }
    keys = [("c1", f"o{number}") for number in (5, 4, 3, 2, 1, 6, 5)]
    got = await orders_by(ScriptedTransport([answer])).batch_get(keys).collect_errors()
    assert [each and each.order_id for each in got.aligned] == [
        "o5",
        None,
        "o3",
        None,
        "o1",
        None,
        "o5",
    ]
    assert [each.order_id for each in got.items] == ["o5", "o3", "o1", "o5"]
    assert got.items[0] is got.items[3]
    assert [key.values for key in got.missing] == [("c1", "o6")]
    assert [each.order_id for each in got.outcomes[0].value or ()] == ["o1", "o3", "o5"]
    assert [
        error.key["order_id"] for error in got.errors if isinstance(error, adorm.ItemDecodeError)
    ] == [{"S": "o2"}, {"S": "o4"}]


async def test_answers_of_one_model_are_parsed_from_their_bytes_once_that_is_worthwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers: list[Answer] = [
        {"Responses": {"orders": [item(1)]}, "UnprocessedKeys": {}} for _ in range(3)
    ]
    transport = AsJson(ScriptedTransport(answers))
    db = adorm.connect("memory", wrap=lambda _: transport)
    orders = db.table(Order)
    keys = [orders.key("c1", "o1")]
    monkeypatch.setattr("adorm.codec.compiled.pages.WORTHWHILE_BYTES", WORTHWHILE_BYTES)
    plain = await orders.batch_get(keys)
    assert transport.parsed == 0
    monkeypatch.setattr("adorm.codec.compiled.pages.WORTHWHILE_BYTES", 0)
    assert (await orders.batch_get(keys)).items == plain.items
    assert transport.parsed == 1
    assert (await orders.batch_get(keys).select(Order.order_id)).items == [("o1",)]
    assert (await db.batch_get(keys, db.table(Counter).key("n"))).items == []
    assert transport.parsed == 1


async def test_hooks_registered_while_a_batch_is_read_hold_for_its_items() -> None:
    @adorm.model(table="notes")
    class Note:
        note_id: str = adorm.partition_key()
        text: str = ""

    async def answered_late() -> Answer:
        db.converter.register_structure_hook(str, lambda value, _: value["S"].upper())
        db.converter.register_unstructure_hook(str, lambda text: {"S": text})
        return {"Responses": {"notes": [{"note_id": {"S": "n1"}, "text": {"S": "a"}}]}}

    db = adorm.connect("memory", wrap=lambda _: AsJson(ScriptedTransport([answered_late])))
    got = await db.table(Note).batch_get(["n1"])
    assert got.items == [Note(note_id="N1", text="A")]


@adorm.model(table="readings")
class Reading:
    sensor: bytes = adorm.partition_key()
    at: Decimal = adorm.sort_key()
    label: str = ""


async def test_items_with_keys_of_bytes_and_numbers_are_found_however_they_are_written() -> None:
    written = [("AA==", "1.00"), ("AQ==", "2E0"), ("AA==", "3")]
    answer: Answer = {
        "Responses": {
            "readings": [{"sensor": {"B": sensor}, "at": {"N": at}} for sensor, at in written]
        }
    }
    readings = adorm.connect("memory", wrap=lambda _: AsJson(ScriptedTransport([answer]))).table(
        Reading
    )
    got = await readings.batch_get(
        [
            (b"\x00", Decimal(3)),
            (b"\x01", Decimal("2.0")),
            (b"\x00", Decimal(1)),
            (b"\x00", Decimal(4)),
        ]
    )
    assert [each and (each.sensor, each.at) for each in got.aligned] == [
        (b"\x00", Decimal(3)),
        (b"\x01", Decimal(2)),
        (b"\x00", Decimal(1)),
        None,
    ]


async def test_two_models_may_want_one_item_and_each_gets_its_own() -> None:
    @adorm.model(table="orders")
    class Slip:
        customer_id: str = adorm.partition_key()
        order_id: str = adorm.sort_key()
        note: str

    transport = ScriptedTransport([{"Responses": {"orders": [item(1, note={"S": "a"}), item(2)]}}])
    db = adorm.connect("memory", wrap=lambda _: AsJson(transport))
    orders, slips = db.table(Order), db.table(Slip)
    told: list[int] = []
    keys: list[adorm.Key[Any]] = [
        orders.key("c1", "o1"),
        slips.key("c1", "o1"),
        slips.key("c1", "o2"),
        slips.key("c1", "o3"),
        slips.key("c1", "o1"),
    ]
    got = (
        await db.batch_get(keys)
        .collect_errors()
        .on_progress(lambda progress: told.append(progress.done))
    )
    assert len(transport.sent[0][1]["RequestItems"]["orders"]["Keys"]) == 3
    assert got.of(Slip) == [Slip(customer_id="c1", order_id="o1", note="a")] * 2
    assert [type(each).__name__ for each in got.aligned] == [
        "Order",
        "Slip",
        "NoneType",
        "NoneType",
        "Slip",
    ]
    assert got.missing == [slips.key("c1", "o3")]
    assert [type(error) for error in got.errors] == [adorm.ItemDecodeError]
    assert told == [5]


async def test_with_collected_errors_a_chunk_goes_on_after_an_item_that_does_not_fit() -> None:
    left = {"Keys": [{"customer_id": {"S": "c1"}, "order_id": {"S": "o2"}}]}
    answers: list[Answer] = [
        {"Responses": {"orders": [item(1, total={"S": "x"})]}, "UnprocessedKeys": {"orders": left}},
        {"Responses": {"orders": [item(2)]}},
    ]
    got = (
        await orders_by(ScriptedTransport(list(answers)))
        .batch_get([("c1", "o1"), ("c1", "o2")])
        .collect_errors()
    )
    assert ([each.order_id for each in got.items], got.unprocessed) == (["o2"], [])
    answers[0] = {
        "Responses": {"orders": [item(1, total={"S": "x"})]},
        "UnprocessedKeys": {"orders": left},
    }
    transport = ScriptedTransport(answers)
    with pytest.raises(adorm.BatchFailed):
        await orders_by(transport).batch_get([("c1", "o1"), ("c1", "o2")])
    assert len(transport.sent) == 1


async def test_a_deadline_is_one_error_with_all_outcomes_and_what_was_read() -> None:
    async with stubbed(300) as it:
        it.faults.on("BatchGetItem", call=2).hold()
        with pytest.raises(adorm.DeadlineExceeded) as caught:
            async with adorm.deadline(0.05):
                await it.numbers.batch_get([ids(number) for number in range(300)]).concurrency(1)
        assert [outcome.finished for outcome in caught.value.outcomes] == [True, False, False]
        assert len(caught.value.result.items) == 100
        assert len(caught.value.result.unprocessed) == 200


async def test_a_wait_for_unprocessed_keys_ends_by_the_deadline() -> None:
    async with stubbed(
        10, retry=adorm.RetryPolicy(base_delay_s=30, max_delay_s=30, jitter=0)
    ) as it:
        it.faults.on("BatchGetItem").unprocessed(count=4)
        with pytest.raises(
            adorm.DeadlineExceeded, match="unprocessed would outlive the deadline"
        ) as caught:
            async with adorm.deadline(5):
                await it.numbers.batch_get([ids(number) for number in range(10)])
        assert len(caught.value.result.items) == 6
        assert it.clock.sleeps == []


# ---- bad input


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        (
            [("c1", "o1")] * 56 + ["c1"] + [("c1", "o1")] * 943,
            r"^key 57 of 1,000: a key of Order is customer_id and order_id; 1 value was given",
        ),
        (
            [("c1", "o1"), ("c1", "")],
            r"^key 2 of 2: Order.order_id is part of a key, and DynamoDB takes no empty key",
        ),
        ([("c1", None)], r"^key 1 of 1: Order.order_id is part of a key, so it can't be None"),
        ([("c1", "o1", "x")], r"^key 1 of 1: .*3 values were given"),
        ("c1", r"^keys is a list or another iterable, not 'c1'"),
        (5, r"^keys is a list or another iterable, not 5"),
    ],
)
async def test_a_key_of_the_wrong_shape_is_named_by_its_place_and_nothing_is_sent(
    keys: Iterable[Any], problem: str
) -> None:
    transport = ScriptedTransport()
    with pytest.raises(adorm.UsageError, match=problem):
        await orders_by(transport).batch_get(keys)
    assert transport.sent == []


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
