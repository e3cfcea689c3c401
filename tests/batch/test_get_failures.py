"""`batch_get`: what a failed chunk, a deadline and the caller's own functions leave."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

import adorm
from adorm.transport.base import Answer, Request
from tests.batch.order_items import item, orders_by
from tests.batch.stubbed import ids, stubbed
from tests.support.scripted import ScriptedTransport, refusal

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("read_both_ways")]


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
