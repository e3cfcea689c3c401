"""What became of a batch of records, and of each record."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import attrs

from adorm.aws_lambda.batches.result import BatchResponse, HandlerOutcome, HandlerResult
from adorm.errors import StreamFailed
from adorm.streams.record import StreamRecord


@attrs.define(eq=False, repr=False)
class RecordOutcome(HandlerOutcome):
    """What became of one record. `value` is what its handler returned; `error` is None if it was
    handled, or not begun."""

    sequence_number: str = ""
    """The id by which Lambda knows the record."""
    record: StreamRecord | None = None
    """None if it could not be read."""
    model: type[Any] | None = None
    """The model whose handler took it; None if it was the fallback."""

    @property
    def item(self) -> object:
        """The same for all records of one item; hashable."""
        record = self.record
        if record is None:
            return None
        attributes = frozenset((name, *value.items()) for name, value in record.keys.items())
        return record.table_name, attributes


AfterFailure: TypeAlias = Literal["continue", "stop_shard"]
"""Whether the records of other items go on after a failure, or nothing begins that follows the
failed record in the shard."""


@attrs.frozen(eq=False)
class StreamResult(HandlerResult[RecordOutcome]):
    """What became of each record of a batch: `outcomes`, in the order of the event."""

    failure = StreamFailed
    parts = "records"

    after_failure: AfterFailure

    @property
    def to_repeat(self) -> list[str]:
        """The sequence numbers of the records to deliver again, in the order of the shard.

        Those that failed, were cancelled or not begun; with `after_failure="stop_shard"` also
        everything that follows the first of these.
        """
        numbers = {int(each.sequence_number): each.sequence_number for each in self.outcomes}
        unfinished = {int(each.sequence_number) for each in self.outcomes if not each.finished}
        if unfinished and self.after_failure == "stop_shard":
            first = min(unfinished)
            unfinished = {number for number in numbers if number >= first}
        return [numbers[number] for number in sorted(unfinished)]  # as Lambda wrote them

    @property
    def response(self) -> BatchResponse:
        """The answer to Lambda.

        Lambda begins again at the smallest sequence number in it, whatever else is in it.
        https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
        """
        return super().response
