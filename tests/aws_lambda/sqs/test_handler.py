"""Handlers of SQS batches: what comes again, in which order, and what is told."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

import anyio
import pytest

import adorm
from adorm.testing import sqs_event, sqs_message
from tests.support.fake_lambda import FakeContext

pytestmark = pytest.mark.anyio


def ids(response: dict[str, list[dict[str, str]]]) -> list[str]:
    assert response.keys() == {"batchItemFailures"}
    return [entry["itemIdentifier"] for entry in response["batchItemFailures"]]


def message(message_id: str, body: object = "x", **options: Any) -> dict[str, Any]:
    return sqs_message(body, message_id=message_id, **options)


async def test_each_message_is_handled_and_those_that_fail_come_again() -> None:
    seen: list[object] = []
    db = adorm.connect("memory")

    @adorm.sqs_handler
    async def work(message: adorm.SqsMessage, database: adorm.Database) -> None:
        assert database is db
        if message.body == "bad":
            raise LookupError("no such order")
        seen.append(message.json())

    event = sqs_event(message("m1", {"a": 1}), message("m2", "bad"), message("m3", {"a": 3}))
    assert ids(await work(event, None, db)) == ["m2"]
    assert seen == [{"a": 1}, {"a": 3}]
    result = await work.process(event, db)
    assert [outcome.finished for outcome in result.outcomes] == [True, False, True]
    assert [str(outcome.error) for outcome in result.failures] == ["no such order"]
    assert repr(result.outcomes[1]) == "<adorm.MessageOutcome message m2: LookupError>"


async def test_messages_run_side_by_side_up_to_the_limit() -> None:
    running, most = 0, 0

    @adorm.sqs_handler(concurrency=3)
    async def work(message: adorm.SqsMessage) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await anyio.lowlevel.checkpoint()
        running -= 1

    assert ids(await work(sqs_event(*(message(f"m{number}") for number in range(10))), None)) == []
    assert most == 3


async def test_a_group_of_a_fifo_queue_is_handled_in_order_and_stops_at_its_failure() -> None:
    seen: list[str] = []

    @adorm.sqs_handler
    async def work(message: adorm.SqsMessage) -> None:
        await anyio.lowlevel.checkpoint()
        seen.append(message.message_id)
        if message.message_id == "a2":
            raise LookupError

    def of(group: str, message_id: str) -> dict[str, Any]:
        return message(message_id, group_id=group, queue_name="orders.fifo")

    event = sqs_event(of("a", "a1"), of("b", "b1"), of("a", "a2"), of("a", "a3"), of("b", "b2"))
    result = await work.process(event)
    assert result.to_repeat == ["a2", "a3"]
    assert [outcome.message.message_id for outcome in result.failures] == ["a2"]
    assert [each for each in seen if each.startswith("a")] == ["a1", "a2"]
    assert [each for each in seen if each.startswith("b")] == ["b1", "b2"]


async def test_a_group_of_a_standard_queue_is_no_order() -> None:
    @adorm.sqs_handler
    async def work(message: adorm.SqsMessage) -> None:
        if message.message_id == "m1":
            raise LookupError

    event = sqs_event(message("m1", group_id="tenant"), message("m2", group_id="tenant"))
    assert ids(await work(event, None)) == ["m1"]


async def test_near_the_deadline_what_runs_is_cancelled_and_comes_again() -> None:
    told: list[object] = []

    @adorm.sqs_handler(stop_before_s=0.05, concurrency=2, on_failure=told.append)
    async def work(message: adorm.SqsMessage) -> None:
        if message.body == "hang":
            await anyio.sleep_forever()

    event = sqs_event(message("m1"), message("m2", "hang"), message("m3", "hang"), message("m4"))
    async with adorm.deadline(0.2):
        result = await work.process(event)
    assert result.out_of_time
    assert result.to_repeat == ["m2", "m3", "m4"]
    assert told == []


async def test_without_partial_batches_a_failure_raises_with_all_outcomes() -> None:
    @adorm.sqs_handler(partial_batches=False)
    async def work(message: adorm.SqsMessage) -> None:
        if message.body == "bad":
            raise LookupError("no such order")

    with pytest.raises(adorm.SqsFailed, match="1 of 2 messages are not handled") as caught:
        await work(sqs_event(message("m1"), message("m2", "bad")), None)
    assert [outcome.finished for outcome in caught.value.outcomes] == [True, False]
    assert await work(sqs_event(message("m1")), None) == {"batchItemFailures": []}


async def test_failures_are_told_without_values_and_a_hook_disturbs_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def hook(outcome: adorm.MessageOutcome) -> None:
        raise ValueError("secret")

    @adorm.sqs_handler(on_failure=hook)
    async def work(message: adorm.SqsMessage) -> None:
        raise LookupError("secret")

    with caplog.at_level(logging.ERROR, "adorm"):
        assert ids(await work(sqs_event(message("m1", "secret")), None)) == ["m1"]
    assert "a message of a queue failed: message m1: LookupError" in caplog.text
    assert "on_failure of a handler of messages failed itself: ValueError" in caplog.text
    assert "secret" not in caplog.text


async def test_a_message_tells_what_lambda_tells() -> None:
    seen: list[adorm.SqsMessage] = []

    @adorm.sqs_handler
    async def work(message: adorm.SqsMessage) -> None:
        seen.append(message)

    await work(
        sqs_event(message("m1", group_id="g", queue_name="orders.fifo", receive_count=3)), None
    )
    (found,) = seen
    assert (found.message_id, found.group_id, found.receive_count, found.queue_name) == (
        "m1",
        "g",
        3,
        "orders.fifo",
    )
    assert found.is_fifo
    assert found.sent_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert found.raw["eventSource"] == "aws:sqs"
    assert "'x'" not in repr(found)
    with pytest.raises(adorm.UsageError, match="the body of message m1 is no JSON") as caught:
        found.json()
    assert caught.value.__cause__ is None


NO_EVENTS: list[tuple[Any, str]] = [
    ({"records": []}, "no event of a queue"),
    ("event", "no event of a queue"),
    ({"Records": [{"eventSource": "aws:s3", "s3": {}}]}, "record 1 of 1 of aws:s3 is no message"),
    ({"Records": [sqs_message("x"), {"body": "x"}]}, "record 2 of 2 is no message of a queue"),
    ({"Records": [5]}, "record 1 of 1 is no message"),
]


@pytest.mark.parametrize(("event", "words"), NO_EVENTS)
async def test_what_is_no_event_of_a_queue_is_refused_before_anything_is_handled(
    event: Any, words: str
) -> None:
    begun: list[object] = []

    @adorm.sqs_handler
    async def work(message: adorm.SqsMessage) -> None:
        begun.append(message)

    with pytest.raises(adorm.UsageError, match=words):
        await work(event, None)
    assert begun == []


async def test_nothing_to_handle_is_no_error() -> None:
    @adorm.sqs_handler
    async def work(message: adorm.SqsMessage) -> None: ...

    assert await work({"Records": []}, None) == {"batchItemFailures": []}


async def test_a_handler_that_needs_a_database_is_given_one() -> None:
    @adorm.sqs_handler
    async def work(message: adorm.SqsMessage, db: adorm.Database) -> None: ...

    with pytest.raises(adorm.UsageError, match="the handler takes db"):
        await work(sqs_event(message("m1")), None)


@pytest.mark.parametrize(
    "options", [{"concurrency": 0}, {"concurrency": True}, {"stop_before_s": -1}, {"on_failure": 5}]
)
async def test_bad_options_are_refused_at_once(options: dict[str, Any]) -> None:
    async def work(message: adorm.SqsMessage) -> None: ...

    with pytest.raises(adorm.UsageError):
        adorm.sqs_handler(**options)(work)


async def test_what_can_be_no_handler_is_refused_at_once() -> None:
    def plain(message: adorm.SqsMessage) -> None: ...

    refused: Any = plain
    with pytest.raises(adorm.UsageError, match="a handler of messages is an async function"):
        adorm.sqs_handler(refused)


def test_it_is_a_handler_for_lambda() -> None:
    @adorm.sqs_handler
    async def work(message: adorm.SqsMessage, db: adorm.Database) -> None:
        if message.body == "bad":
            raise LookupError(db)

    handler = adorm.lambda_handler(
        connect={"region": "eu-central-1", "endpoint_url": "http://127.0.0.1:1"}
    )(work)
    try:
        assert ids(handler(sqs_event(message("m1"), message("m2", "bad")), FakeContext(5000))) == [
            "m2"
        ]
        assert handler.__name__ == "work"
    finally:
        handler.close()
