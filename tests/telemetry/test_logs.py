"""`adorm.LogCalls`: which level, which words, which fields."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest

import adorm
from adorm.calls.calls import Calls
from adorm.errors import AdormError, UsageError
from adorm.retry import RetryPolicy
from adorm.telemetry.logs import LogCalls
from adorm.testing import FakeClock
from adorm.transport.base import Answer
from adorm.transport.errors import service_error
from tests.support.scripted import Outcome, ScriptedTransport, internal, refusal, throttled
from tests.support.wired import GET

pytestmark = pytest.mark.anyio

PLAIN = set(logging.makeLogRecord({}).__dict__) | {"message", "asctime"}
THROTTLED = "ProvisionedThroughputExceededException"


def fields(record: logging.LogRecord) -> dict[str, Any]:
    return {
        name: value
        for name, value in record.__dict__.items()
        if name not in PLAIN and name != "call_id"
    }


class Kept(logging.Handler):
    """Keeps every record; what `caplog` hands to a fixture is the list of another phase."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def records(caplog: pytest.LogCaptureFixture) -> Iterator[list[logging.LogRecord]]:
    caplog.set_level(logging.DEBUG, logger="adorm.calls")
    kept = Kept()
    logging.getLogger("adorm.calls").addHandler(kept)
    yield kept.records
    logging.getLogger("adorm.calls").removeHandler(kept)


def calls_with(
    *outcomes: Outcome, hooks: LogCalls | None = None, clock: FakeClock | None = None
) -> Calls:
    return Calls(
        ScriptedTransport(outcomes),
        retry=RetryPolicy(jitter=0.0),
        clock=clock or FakeClock(),
        hooks=[hooks or LogCalls()],
    )


async def test_a_call_that_is_answered_is_a_debug_line(records: list[logging.LogRecord]) -> None:
    await calls_with({"Count": 1, "ScannedCount": 4}).call(
        "Query", {"TableName": "orders", "IndexName": "by-status"}
    )
    (record,) = records
    assert (record.name, record.levelname) == ("adorm.calls", "DEBUG")
    assert record.getMessage() == "Query orders (by-status): answered in 0.000 s, attempts: 1"
    assert fields(record) == {
        "dynamodb_event": "call",
        "dynamodb_operation": "Query",
        "dynamodb_table": "orders",
        "dynamodb_index": "by-status",
        "attempts": 1,
        "duration_s": 0.0,
        "count": 1,
        "scanned_count": 4,
    }


async def test_attempts_that_fail_have_lines_and_the_call_one_of_the_whole(
    records: list[logging.LogRecord],
) -> None:
    await calls_with(throttled(), internal(), {}).call("GetItem", GET)
    assert [(record.levelname, record.getMessage()) for record in records] == [
        ("WARNING", f"GetItem orders: attempt 1 was throttled in 0.000 s: {THROTTLED}"),
        ("INFO", "GetItem orders: attempt 2 failed in 0.000 s: InternalServerError"),
        ("INFO", "GetItem orders: answered after retries in 0.150 s, attempts: 3"),
    ]
    assert len({getattr(record, "call_id", None) for record in records}) == 1
    first = fields(records[0])
    assert (first["dynamodb_event"], first["attempt"], first["delay_s"], first["error_code"]) == (
        "attempt",
        1,
        0.0,
        THROTTLED,
    )
    assert (first["http_status"], first["request_id"], first["error_type"]) == (
        400,
        "r1",
        "Throttled",
    )


def cancelled(*codes: str) -> Exception:
    body = {
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "message": "cancelled",
        "CancellationReasons": [{"Code": code} for code in codes],
    }
    return service_error(body, operation="TransactWriteItems", status=400, request_id="r1")


@pytest.mark.parametrize(
    ("outcome", "level", "words"),
    [
        (
            lambda: refusal("ConditionalCheckFailedException"),
            "INFO",
            "a condition did not hold (ConditionalCheckFailedException)",
        ),
        (
            lambda: cancelled("None", "ConditionalCheckFailed"),
            "INFO",
            "a condition did not hold (TransactionCanceledException)",
        ),
        (
            lambda: cancelled("ValidationError", "ConditionalCheckFailed"),
            "WARNING",
            "failed with TransactionCanceledException",
        ),
        (lambda: refusal("ValidationException"), "WARNING", "failed with ValidationException"),
        (lambda: refusal("AccessDeniedException"), "WARNING", "failed with AccessDeniedException"),
    ],
)
async def test_what_ended_a_call_decides_the_level(
    outcome: Callable[[], Exception], level: str, words: str, records: list[logging.LogRecord]
) -> None:
    with pytest.raises(AdormError):
        await calls_with(outcome()).call("TransactWriteItems", {"TransactItems": []})
    (record,) = records
    assert (record.levelname, record.getMessage()) == (
        level,
        f"TransactWriteItems: {words} in 0.000 s, attempts: 1",
    )
    assert record.exc_info is None


async def test_a_slow_call_is_a_warning_from_the_threshold_on(
    records: list[logging.LogRecord],
) -> None:
    clock = FakeClock()

    async def takes(seconds: float) -> Answer:
        clock.advance(seconds)
        return {}

    calls = calls_with(
        lambda: takes(0.4), lambda: takes(0.5), hooks=LogCalls(slow_call_s=0.5), clock=clock
    )
    await calls.call("GetItem", GET)
    await calls.call("GetItem", GET)
    assert [(record.levelname, record.getMessage()) for record in records] == [
        ("DEBUG", "GetItem orders: answered in 0.400 s, attempts: 1"),
        ("WARNING", "GetItem orders: slow, answered in 0.500 s, attempts: 1"),
    ]


async def test_a_cancelled_call_is_no_warning(records: list[logging.LogRecord]) -> None:
    async def hang() -> Answer:
        scope.cancel()
        await anyio.sleep_forever()
        return {}

    with anyio.CancelScope() as scope:
        await calls_with(hang).call("GetItem", GET)
    (record,) = records
    assert record.levelname == "INFO"
    assert fields(record)["cancelled"] is True


async def test_batches_tell_their_tables_size_and_what_is_left(
    records: list[logging.LogRecord],
) -> None:
    keys = {"Keys": [{"pk": {"S": "x"}}]}
    await calls_with({"UnprocessedKeys": {"b": keys}}).call(
        "BatchGetItem", {"RequestItems": {"a": keys, "b": keys}}
    )
    told = fields(records[0])
    assert (told["dynamodb_tables"], told["batch_size"], told["unprocessed"]) == (("a", "b"), 2, 1)
    assert "dynamodb_table" not in told
    assert records[0].getMessage().startswith("BatchGetItem a, b: ")


async def test_capacity_is_told_where_it_is_asked_for(records: list[logging.LogRecord]) -> None:
    reported = {"ConsumedCapacity": {"TableName": "orders", "CapacityUnits": 2.0}}
    await calls_with(reported, hooks=LogCalls(capacity=True)).call("GetItem", GET)
    told = fields(records[0])
    assert (told["read_units"], told["write_units"]) == (2.0, 0.0)


async def test_the_model_is_named(records: list[logging.LogRecord]) -> None:
    @adorm.model(table="notes")
    class Note:
        note_id: str = adorm.partition_key()

    async with adorm.connect("memory", hooks=[adorm.LogCalls()]) as db:
        await db.create_table(Note, wait=False)
        await db.table(Note).get_or_none("n1")
        await db.table(Note).query("n1")
    assert [fields(record).get("dynamodb_model") for record in records] == [None, "Note", "Note"]


async def test_a_level_that_is_off_writes_nothing_and_another_logger_can_be_given(
    caplog: pytest.LogCaptureFixture,
) -> None:
    mine = logging.getLogger("mine")
    caplog.set_level(logging.INFO, logger="mine")
    calls = calls_with({}, throttled(), {}, hooks=LogCalls(logger=mine))
    await calls.call("GetItem", GET)
    assert caplog.records == []
    await calls.call("GetItem", GET)
    assert {record.name for record in caplog.records} == {"mine"}


@pytest.mark.parametrize("seconds", [-1, float("nan"), True, "1"])
async def test_a_threshold_that_is_none_is_refused(seconds: Any) -> None:
    with pytest.raises(UsageError, match="slow_call_s"):
        LogCalls(slow_call_s=seconds)


async def test_it_shows_nothing_of_its_inside() -> None:
    assert repr(LogCalls()) == "adorm.LogCalls()"


async def test_a_record_factory_that_sets_a_field_itself_keeps_it_and_no_line_is_lost(
    records: list[logging.LogRecord],
) -> None:
    usual = logging.getLogRecordFactory()

    def factory(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = usual(*args, **kwargs)
        record.count = "mine"
        return record

    logging.setLogRecordFactory(factory)
    try:
        await calls_with(throttled(), {"Count": 1}).call("Query", {"TableName": "orders"})
    finally:
        logging.setLogRecordFactory(usual)
    attempt, call = records
    assert fields(call)["count"] == "mine"
    assert (
        fields(call)["dynamodb_count"],
        fields(call)["dynamodb_attempts"],
        fields(call)["dynamodb_table"],
    ) == (1, 2, "orders")
    assert fields(attempt)["error_code"] == THROTTLED
