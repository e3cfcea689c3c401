"""Powertools for AWS Lambda around adorm's entry point, and inside it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("aws_lambda_powertools")

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.middleware_factory import lambda_handler_decorator  # pyright: ignore[reportUnknownVariableType]
from aws_lambda_powertools.utilities.batch import AsyncBatchProcessor, BatchProcessor, EventType
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError
from aws_lambda_powertools.utilities.data_classes import DynamoDBStreamEvent, SQSEvent, event_source
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.idempotency import BasePersistenceLayer, idempotent
from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import DataRecord
from aws_lambda_powertools.utilities.validation import SchemaValidationError, validator  # pyright: ignore[reportUnknownVariableType]

import adorm
from adorm.integrations.powertools import async_process_partial_response
from adorm.lambda_runtime import LambdaHandler
from adorm.testing import sqs_event, sqs_message, stream_event, stream_record
from tests.support.fake_lambda import FakeContext


@adorm.model(table="orders")
class Order:
    order_id: str = adorm.partition_key()
    total: int = 0


class Context(FakeContext):
    """With all that Powertools asks of a context."""

    function_version = "1"
    memory_limit_in_mb = 128
    invoked_function_arn = "arn:aws:lambda:eu-central-1:111122223333:function:orders"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"SERVICE_NAME": "orders", "METRICS_NAMESPACE": "shop"}
    for name, value in settings.items():
        monkeypatch.setenv(f"POWERTOOLS_{name}", value)


Made = Callable[[Any], Any]


async def connect() -> adorm.Database:
    db = adorm.connect("memory")
    await db.ensure_table(Order)
    return db


@pytest.fixture
def made() -> Iterator[Made]:
    """Makes entry points on a database in memory, and closes them."""
    handlers: list[Any] = []

    def make(function: Any) -> Any:
        handlers.append(adorm.lambda_handler(connect=connect)(function))
        return handlers[-1]

    yield make
    for handler in handlers:
        handler.close()


def test_event_source_takes_the_handler(made: Made) -> None:
    async def work(event: SQSEvent, context: object, db: adorm.Database) -> list[str]:
        for record in event.records:
            await db.table(Order).put(Order(order_id=record.body))
        return [order.order_id for order in await db.table(Order).scan()]

    handler: Any = event_source(data_class=SQSEvent)(made(work))
    assert handler(sqs_event(sqs_message("o1")), Context(5000)) == ["o1"]
    assert isinstance(handler, LambdaHandler)


def test_validator_takes_the_handler(made: Made) -> None:
    async def work(event: Any, context: object, db: adorm.Database) -> dict[str, Any]:
        order = await db.table(Order).create(Order(order_id=event["id"]))
        return adorm.to_plain(order)

    schema = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
    decorate: Any = validator  # pyright: ignore[reportUnknownVariableType]
    handler: Any = decorate(inbound_schema=schema)(made(work))
    assert handler({"id": "o1"}, Context(5000)) == {"order_id": "o1", "total": 0}
    with pytest.raises(SchemaValidationError):
        handler({"id": 5}, Context(5000))


class InMemory(BasePersistenceLayer):
    """Powertools' records of idempotency, in a dict."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.records: dict[str, DataRecord] = {}

    def _get_record(self, idempotency_key: str) -> DataRecord:
        return self.records[idempotency_key]

    def _put_record(self, data_record: DataRecord) -> None:
        from aws_lambda_powertools.utilities.idempotency.exceptions import (
            IdempotencyItemAlreadyExistsError,
        )

        if data_record.idempotency_key in self.records:
            raise IdempotencyItemAlreadyExistsError(
                old_data_record=self.records[data_record.idempotency_key]
            )
        self.records[data_record.idempotency_key] = data_record

    def _update_record(self, data_record: DataRecord) -> None:
        self.records[data_record.idempotency_key] = data_record

    def _delete_record(self, data_record: DataRecord) -> None:
        del self.records[data_record.idempotency_key]


def test_idempotent_takes_the_handler(made: Made) -> None:
    async def work(event: Any, context: object, db: adorm.Database) -> dict[str, Any]:
        order = await db.table(Order).update("o1").add(Order.total, 1).upsert().returning("new")
        return adorm.to_plain(order)

    handler: Any = idempotent(persistence_store=InMemory())(made(work))
    event = {"id": "o1"}
    assert handler(event, Context(5000)) == {"order_id": "o1", "total": 1}
    assert handler(event, Context(5000)) == {"order_id": "o1", "total": 1}


def test_a_middleware_of_ones_own_takes_the_handler(made: Made) -> None:
    def both(handler: Any, event: Any, context: Any) -> Any:
        return [handler(event, context), handler(event, context)]

    twice: Any = lambda_handler_decorator(both)  # pyright: ignore[reportUnknownVariableType]

    async def work(event: Any, context: object, db: adorm.Database) -> Any:
        return event

    handler: Any = twice(made(work))
    assert handler(5, Context(5000)) == [5, 5]


def test_logger_and_metrics_take_the_handler(
    made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    logger, metrics = Logger(), Metrics()

    async def work(event: Any, context: object, db: adorm.Database) -> Any:
        logger.info("at work")
        metrics.add_metric("orders", "Count", 1)
        return event

    handler: Any = logger.inject_lambda_context(metrics.log_metrics(made(work)))
    assert handler(5, Context(5000)) == 5
    assert '"function_request_id":"8f1c8e9e-3c4c-4b8e-9d6d-1f2a3b4c5d6e"' in capsys.readouterr().out


@pytest.mark.parametrize("as_data_class", [False, True])
def test_an_async_batch_processor_runs_inside_the_handler(
    made: Made, as_data_class: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMBDA_TASK_ROOT", "/var/task")
    processor = AsyncBatchProcessor(event_type=EventType.SQS)
    loops: set[object] = set()

    async def work(event: Any, context: object, db: adorm.Database) -> Any:
        async def create(record: SQSRecord, lambda_context: Any) -> None:
            loops.add(asyncio.get_running_loop())
            assert lambda_context is context
            await db.table(Order).create(Order(order_id=record.body))

        return await async_process_partial_response(event, create, processor, context)

    handler: Any = made(work)
    if as_data_class:
        handler = event_source(data_class=SQSEvent)(handler)
    event = sqs_event(sqs_message("o1"), sqs_message("o2"), sqs_message("o1", message_id="m3"))
    assert handler(event, Context(5000)) == {"batchItemFailures": [{"itemIdentifier": "m3"}]}
    event = sqs_event(sqs_message("o3"), sqs_message("o2", message_id="m5"))
    assert handler(event, Context(5000)) == {"batchItemFailures": [{"itemIdentifier": "m5"}]}
    assert len(loops) == 1


def test_it_takes_records_of_streams_and_says_when_all_have_failed(made: Made) -> None:
    async def work(event: Any, context: object, db: adorm.Database) -> Any:
        async def fail(record: Any) -> None:
            raise LookupError("no stock")

        quiet = AsyncBatchProcessor(
            event_type=EventType.DynamoDBStreams, raise_on_entire_batch_failure=False
        )
        loud = AsyncBatchProcessor(event_type=EventType.DynamoDBStreams)
        answer = await async_process_partial_response(event, fail, quiet)
        with pytest.raises(BatchProcessingError):
            await async_process_partial_response(event, fail, loud)
        return answer

    event = stream_event(stream_record(new=Order(order_id="o1"), sequence_number=7))
    assert made(work)(event, Context(5000)) == {"batchItemFailures": [{"itemIdentifier": "7"}]}


def test_a_processor_that_is_not_asynchronous_and_an_event_that_is_none_are_refused(
    made: Made,
) -> None:
    async def work(event: Any, context: object, db: adorm.Database) -> None:
        async def handle(record: Any) -> None: ...

        await async_process_partial_response(
            event, handle, BatchProcessor(event_type=EventType.SQS)
        )

    handler: Any = made(work)
    with pytest.raises(adorm.UsageError, match="take an AsyncBatchProcessor"):
        handler(sqs_event(sqs_message("x")), Context(5000))
    with pytest.raises(adorm.UsageError, match="no event of a batch"):
        handler({}, Context(5000))


def test_stream_and_queue_handlers_take_an_event_of_powertools(made: Made) -> None:
    seen: list[str] = []
    changes = adorm.StreamHandler()

    @changes.insert(Order)
    async def created(order: Order) -> None:
        seen.append(order.order_id)

    streamed: Any = event_source(data_class=DynamoDBStreamEvent)(made(changes))
    assert streamed(stream_event(stream_record(new=Order(order_id="o9"))), Context(5000)) == {
        "batchItemFailures": []
    }

    @adorm.sqs_handler
    async def work(message: adorm.SqsMessage) -> None:
        seen.append(message.body)

    handler: Any = event_source(data_class=SQSEvent)(made(work))
    assert handler(sqs_event(sqs_message("o1")), Context(5000)) == {"batchItemFailures": []}
    assert seen == ["o9", "o1"]
