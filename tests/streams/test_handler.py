"""Stream handlers: captured failures, the order of records, and the answer to Lambda."""

from __future__ import annotations

import logging
from typing import Any

import anyio
import pytest

import adorm
from adorm.testing import stream_event, stream_record
from tests.streams.models import Order, Seen, failed, order

pytestmark = pytest.mark.anyio


# ---- failures


async def test_a_failure_is_captured_and_later_records_of_its_item_wait_for_it() -> None:
    handled: list[tuple[str, str]] = []
    changes = adorm.StreamHandler(concurrency=2)

    @changes.insert(Order)
    async def created(order: Order) -> None:
        if order.order_id == "o1":
            raise RuntimeError("no")
        handled.append((order.order_id, order.status))

    @changes.modify(Order)
    async def changed(old: Order, new: Order) -> str:
        handled.append((new.order_id, new.status))
        return new.status

    batch = [
        stream_record(new=order("o1")),
        stream_record(new=order("o2")),
        stream_record(old=order("o1"), new=order("o1", "paid")),
        stream_record(old=order("o2"), new=order("o2", "paid")),
    ]
    numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
    result = await changes.process(stream_event(*batch))
    assert handled == [("o2", "open"), ("o2", "paid")]
    assert result.to_repeat == [numbers[0], numbers[2]]
    assert failed(result.response) == [numbers[0], numbers[2]]
    assert [outcome.finished for outcome in result.outcomes] == [False, True, False, True]
    assert [type(outcome.error) for outcome in result.outcomes] == [
        RuntimeError,
        type(None),
        type(None),
        type(None),
    ]
    assert result.failures == [result.outcomes[0]]
    assert result.outcomes[3].value == "paid"
    assert result.outcomes[0].model is Order
    assert result.outcomes[0].label == f"INSERT of Order, sequence number {numbers[0]}"


async def test_items_of_two_tables_with_one_key_do_not_wait_for_each_other() -> None:
    @adorm.stream_handler
    async def changes(record: adorm.StreamRecord) -> None:
        if record.table_name == "orders":
            raise RuntimeError("no")

    result = await changes.process(
        stream_event(
            stream_record(new=order("o1")), stream_record(new=order("o1"), table_name="copies")
        )
    )
    assert [outcome.finished for outcome in result.outcomes] == [False, True]


async def test_stopping_the_shard_begins_nothing_behind_a_failure_and_names_all_that_follows() -> (
    None
):
    handled: list[str] = []
    changes = adorm.StreamHandler(concurrency=2, after_failure="stop_shard")
    second_began, first_failed = anyio.Event(), anyio.Event()

    @changes.insert(Order)
    async def created(order: Order) -> None:
        if order.order_id == "o1":
            await second_began.wait()
            first_failed.set()
            raise RuntimeError("no")
        second_began.set()
        await first_failed.wait()
        handled.append(order.order_id)

    batch = [stream_record(new=order(f"o{number}")) for number in range(1, 5)]
    result = await changes.process(stream_event(*batch))
    assert handled == ["o2"]  # it was running: it finishes
    assert [outcome.finished for outcome in result.outcomes] == [False, True, False, False]
    assert result.to_repeat == [record["dynamodb"]["SequenceNumber"] for record in batch]


async def test_stopping_the_shard_still_handles_what_lies_before_the_failure() -> None:
    handled: list[str] = []
    changes = adorm.StreamHandler(concurrency=2, after_failure="stop_shard")
    failed_already = anyio.Event()

    @changes.insert(Order)
    async def created(order: Order) -> None:
        if order.order_id == "o2":
            failed_already.set()
            raise RuntimeError("no")
        await failed_already.wait()
        handled.append(order.status)

    @changes.modify(Order)
    async def changed(old: Order, new: Order) -> None:
        handled.append(new.status)

    before = [
        stream_record(new=order("o1")),
        stream_record(old=order("o1"), new=order("o1", "paid")),
    ]
    behind = [
        stream_record(new=order("o2")),
        stream_record(old=order("o1", "paid"), new=order("o1", "sent")),
    ]
    result = await changes.process(stream_event(*before, *behind))
    assert handled == ["open", "paid"]
    assert result.to_repeat == [record["dynamodb"]["SequenceNumber"] for record in behind]


async def test_records_of_one_item_never_overlap_and_items_run_side_by_side_up_to_the_limit() -> (
    None
):
    running: list[str] = []
    most = 0
    release = anyio.Event()
    changes = adorm.StreamHandler(concurrency=3)

    async def work(order: Order) -> None:
        nonlocal most
        assert order.order_id not in running
        running.append(order.order_id)
        most = max(most, len(running))
        if len(running) == 3:
            release.set()
        await release.wait()
        await anyio.lowlevel.checkpoint()
        running.remove(order.order_id)

    changes.insert(Order)(work)
    batch = stream_event(*(stream_record(new=order(f"o{number % 5}")) for number in range(20)))
    assert failed(await changes(batch, None)) == []
    assert most == 3


async def test_sequence_numbers_compare_as_numbers_whatever_their_order_in_the_event() -> None:
    seen: list[str] = []
    changes = adorm.StreamHandler(concurrency=1)

    @changes.insert(Order)
    async def created(order: Order) -> None:
        seen.append(order.status)
        if order.status == "third":
            raise RuntimeError("no")

    numbers = {"first": 99, "second": 100, "third": 1000, "fourth": 1001}
    batch = [
        stream_record(new=order("o1", status), sequence_number=number)
        for status, number in numbers.items()
    ]
    result = await changes.process(stream_event(*reversed(batch)))
    assert seen == ["first", "second", "third"]
    assert result.to_repeat == ["1000", "1001"]
    assert [outcome.sequence_number for outcome in result.outcomes] == ["1001", "1000", "100", "99"]


async def test_a_record_that_nobody_takes_fails_unless_it_may_be_ignored() -> None:
    [outcome] = (
        await adorm.StreamHandler().process(stream_event(stream_record(new=order("o1"))))
    ).failures
    assert "no handler takes INSERT of table orders" in str(outcome.error)
    result = await adorm.StreamHandler(unhandled="ignore").process(
        stream_event(stream_record(new=order("o1")))
    )
    assert result.outcomes[0].finished


async def test_an_item_that_does_not_fit_is_its_records_failure() -> None:
    seen = Seen()
    changes = seen.handler()

    @changes.insert(Order)
    async def created(order: Order) -> None: ...

    batch = stream_event(stream_record(new=order("o1")), stream_record(new=order("o2")))
    batch["Records"][0]["dynamodb"]["NewImage"]["total"] = {"S": "much"}
    result = await changes.process(batch)
    assert [outcome.finished for outcome in result.outcomes] == [False, True]
    error = result.outcomes[0].error
    assert isinstance(error, adorm.ItemDecodeError)
    assert error.path == "$.total"


async def test_a_predicate_that_raises_is_its_records_failure() -> None:
    changes = adorm.StreamHandler()

    @changes.insert(Order, when=lambda item: bool(item["nothing"]))
    async def created(order: Order) -> None: ...

    [outcome] = (await changes.process(stream_event(stream_record(new=order("o1"))))).failures
    assert isinstance(outcome.error, KeyError)


async def test_a_record_that_cannot_be_read_stops_all_behind_it_for_nobody_knows_its_item() -> None:
    seen = Seen()
    changes = seen.handler()
    batch = stream_event(*(stream_record(new=order(f"o{number}")) for number in range(4)))
    batch["Records"][1]["eventName"] = batch["Records"][3]["eventName"] = "?"
    result = await changes.process(batch)
    assert [outcome.finished for outcome in result.outcomes] == [True, False, False, False]
    assert [outcome.error is None for outcome in result.outcomes] == [True, False, True, True]
    assert isinstance(result.outcomes[1].error, adorm.UsageError)
    assert result.outcomes[1].record is None
    assert result.to_repeat == [
        record["dynamodb"]["SequenceNumber"] for record in batch["Records"][1:]
    ]
    assert len(seen) == 1


def test_a_decorator_without_its_model_is_refused_and_not_taken_for_a_handler() -> None:
    changes = adorm.StreamHandler()

    async def created(item: Order) -> None: ...

    decorators: list[Any] = [changes.insert, changes.modify, changes.remove, changes.expire]
    for decorator in decorators:
        with pytest.raises(adorm.UsageError, match="a model class is expected, not <function"):
            decorator(created)


async def test_a_record_that_cannot_be_named_fails_the_batch_before_anything_is_handled() -> None:
    seen = Seen()
    batch = stream_event(*(stream_record(new=order(f"o{number}")) for number in range(3)))
    del batch["Records"][2]["dynamodb"]["SequenceNumber"]
    with pytest.raises(adorm.UsageError, match="record 3 of 3 can't be named to Lambda"):
        await seen.handler()(batch, None)
    assert seen == []


FOREIGN: list[tuple[Any, str]] = [
    ({"Records": []}, "without records"),
    ({}, "no event of a stream"),
    ("x", "no event of a stream"),
    (None, "no event of a stream"),
    ({"Records": "abc"}, "no event of a stream"),
    (
        {"Records": [{"eventSource": "aws:sqs", "body": "secret"}]},
        "can't be named to Lambda.*: no record of a DynamoDB stream, but one of aws:sqs",
    ),
    ({"Records": [{}], "window": {"start": "x"}, "state": {}}, "tumbling window"),
    ({"Records": [], "isFinalInvokeForWindow": True}, "tumbling window"),
]


@pytest.mark.parametrize(("foreign", "words"), FOREIGN)
async def test_a_foreign_or_empty_event_is_refused(foreign: Any, words: str) -> None:
    with pytest.raises(adorm.UsageError, match=words) as caught:
        await adorm.StreamHandler()(foreign, None)
    assert "secret" not in f"{caught.value} {caught.value.__cause__}"


async def test_without_partial_batches_a_failure_raises_so_that_the_whole_batch_comes_again() -> (
    None
):
    changes = adorm.StreamHandler(partial_batches=False)

    @changes.insert(Order)
    async def created(order: Order) -> None:
        if order.order_id == "o1":
            raise KeyError("o1")

    with pytest.raises(adorm.StreamFailed, match="1 of 2 records are not handled") as caught:
        await changes(
            stream_event(stream_record(new=order("o1")), stream_record(new=order("o2"))), None
        )
    assert [outcome.finished for outcome in caught.value.outcomes] == [False, True]
    assert [type(error) for error in caught.value.exceptions] == [KeyError]
    assert failed(await changes(stream_event(stream_record(new=order("o2"))), None)) == []


# ---- hooks and logs


@pytest.mark.parametrize("is_async", [False, True])
async def test_a_hook_is_told_of_each_failure_and_may_fail_itself(
    is_async: bool, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[tuple[str, type[Any]]] = []

    def note(outcome: adorm.RecordOutcome) -> None:
        told.append((outcome.sequence_number, type(outcome.error)))
        raise ValueError("planted-secret")

    async def note_later(outcome: adorm.RecordOutcome) -> None:
        note(outcome)

    changes = adorm.StreamHandler(on_failure=note_later if is_async else note)

    @changes.insert(Order)
    async def created(order: Order) -> None:
        raise LookupError("planted-secret")

    record = stream_record(new=order("o1"))
    assert len(failed(await changes(stream_event(record), None))) == 1
    assert told == [(record["dynamodb"]["SequenceNumber"], LookupError)]
    assert "on_failure of a stream handler failed itself: ValueError" in caplog.text


async def test_failures_are_logged_with_number_and_model_and_without_values(
    caplog: pytest.LogCaptureFixture,
) -> None:
    changes = adorm.StreamHandler()

    @changes.insert(Order)
    async def created(order: Order) -> None:
        raise LookupError("planted-secret")

    batch = stream_event(
        stream_record(new=order("o1", "planted-secret")), stream_record(new=order("o2"))
    )
    batch["Records"][1]["dynamodb"]["NewImage"]["total"] = {"S": "planted-secret"}
    with caplog.at_level(logging.DEBUG, "adorm"):
        result = await changes.process(batch)
    first, second = caplog.records
    assert repr(result.outcomes[0]).endswith(": LookupError>")
    assert "planted-secret" not in repr(result)
    number = batch["Records"][0]["dynamodb"]["SequenceNumber"]
    assert (
        first.getMessage()
        == f"a record of a stream failed: INSERT of Order, sequence number {number}: LookupError"
    )
    assert second.getMessage().endswith("ItemDecodeError at $.total")
    assert (vars(first)["sequence_number"], vars(first)["model"], vars(first)["error_type"]) == (
        number,
        "Order",
        "LookupError",
    )
    assert "planted-secret" not in f"{caplog.text} {[vars(record) for record in caplog.records]}"
