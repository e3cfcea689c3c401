"""Powertools' `AsyncBatchProcessor` inside an async handler.

Its own `async_process_partial_response` is a plain function that runs an event loop, which can't be
done where one runs already. This one is awaited in the handler's loop, where the database lives.

https://docs.aws.amazon.com/powertools/python/latest/utilities/batch/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, Self, cast

from adorm.aws_lambda.batches.handler import DEFAULT_CONCURRENCY, check_options
from adorm.concurrency.pool import run_all
from adorm.errors import UsageError
from adorm.outcomes import Outcome

RecordHandler = Callable[..., Any]
"""`async def record_handler(record)`, or with a parameter `lambda_context`."""


class BatchProcessor(Protocol):
    """What adorm uses of Powertools' `AsyncBatchProcessor`, or of your own processor like it."""

    def __call__(
        self, records: list[dict[str, Any]], handler: RecordHandler, lambda_context: Any = None
    ) -> Self: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: Any, error: Any, trace: Any, /) -> None: ...  # noqa: PYI036

    async def _async_process_record(self, record: dict[str, Any]) -> Any: ...

    def response(self) -> Any: ...


async def async_process_partial_response(
    event: Mapping[str, Any],
    record_handler: RecordHandler,
    processor: BatchProcessor,
    context: Any = None,
    *,
    concurrency: int = DEFAULT_CONCURRENCY,
) -> Any:
    """Handle an event's records by an `AsyncBatchProcessor`, and give its batch response.

    ::

        @adorm.lambda_handler(models=[Order])
        async def handler(event, context, db):
            async def work(record: SQSRecord) -> None:
                await db.table(Order).create(Order(**record.json_body))

            return await async_process_partial_response(event, work, processor, context)

    Args:
        event: of SQS, Kinesis, DynamoDB Streams or Kafka, as it came or as a data class of
            Powertools'.
        record_handler: an async function of a record, and of `lambda_context` where it has such a
            parameter.
        processor: an `AsyncBatchProcessor`.
        context: Lambda's.
        concurrency: records at a time.

    Raises:
        UsageError: it is no such event, or the processor is not asynchronous.
        BatchProcessingError: Powertools': every record failed, unless the processor is told not to
            raise it.
    """
    check_options(concurrency)
    records = _records(event)
    # The method that Powertools asks custom processors to write.
    process = getattr(processor, "_async_process_record", None)
    if not callable(process):
        raise UsageError(
            "the processor is an AsyncBatchProcessor of Powertools', not "
            f"{type(processor).__name__}"
        )
    outcomes = [
        Outcome[None](f"record {place} of {len(records)}") for place in range(1, len(records) + 1)
    ]

    def job(record: dict[str, Any]) -> Any:
        async def handle(_outcome: Outcome[None]) -> None:
            await cast("Any", process)(record)

        return handle

    with processor(records, record_handler, lambda_context=context):
        jobs = [(outcome, job(record)) for outcome, record in zip(outcomes, records, strict=True)]
        await run_all(jobs, limit=concurrency, on_failure="stop")
        for outcome in outcomes:
            if isinstance(outcome.error, NotImplementedError):
                raise UsageError(
                    f"{type(processor).__name__} handles no records asynchronously: take an "
                    "AsyncBatchProcessor"
                ) from outcome.error
            # The processor itself keeps what the handler of a record raises.
            if outcome.error is not None:
                raise outcome.error
    return processor.response()


def _records(event: object) -> list[dict[str, Any]]:
    """The records of an event; those of Kafka are in lists by topic and partition."""
    found: object = None
    if isinstance(event, Mapping):
        content = cast("Mapping[str, Any]", event)
        found = content.get("Records")
        if found is None and isinstance(topics := content.get("records"), Mapping):
            lists = cast("Mapping[str, Sequence[object]]", topics).values()
            found = [record for records in lists for record in records]
    if not isinstance(found, Sequence) or isinstance(found, str | bytes):
        raise UsageError(
            'no event of a batch: a dict with "Records" is expected, or Kafka\'s "records"'
        )
    return list(cast("Sequence[dict[str, Any]]", found))
