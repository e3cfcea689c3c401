"""What became of one record of a stream."""

from __future__ import annotations

from typing import Any

import attrs

from adorm.aws_lambda.batches.result import HandlerOutcome
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
