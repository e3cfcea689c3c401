"""What became of a batch of records, and what Lambda is told of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import attrs

from adorm.errors import AdormError, DeadlineExceeded, StreamFailed
from adorm.streams.ordered import RecordOutcome

AfterFailure = Literal["continue", "stop_shard"]
"""Whether the records of other items go on after a failure, or nothing that follows it in the shard
begins."""

BatchResponse = dict[str, list[dict[str, str]]]
"""`{"batchItemFailures": [{"itemIdentifier":
"49590338271490256608559692538361571095921575989136588898"}]}`"""


@attrs.frozen(eq=False)
class StreamResult:
    """What became of each record of a batch."""

    outcomes: Sequence[RecordOutcome]
    """One for each record, in the order of the event."""
    after_failure: AfterFailure
    out_of_time: bool
    """Whether records were cut off or not begun as the deadline was near."""

    @property
    def failures(self) -> list[RecordOutcome]:
        """Those that failed; what was not begun behind them is not among these."""
        return [outcome for outcome in self.outcomes if outcome.error is not None]

    @property
    def to_repeat(self) -> list[str]:
        """The sequence numbers of the records that have to come again, in the order of the shard.

        Those that failed, were cut off or not begun; with `after_failure="stop_shard"` everything
        that follows the first of these too.
        """
        unfinished = [
            int(outcome.sequence_number) for outcome in self.outcomes if not outcome.finished
        ]
        if not unfinished:
            return []
        repeated = set(unfinished)
        if self.after_failure == "stop_shard":
            first = min(unfinished)
            repeated = {
                number
                for outcome in self.outcomes
                if (number := int(outcome.sequence_number)) >= first
            }
        # as Lambda wrote them, should there be leading zeros
        texts = {int(outcome.sequence_number): outcome.sequence_number for outcome in self.outcomes}
        return [texts[number] for number in sorted(repeated)]

    @property
    def response(self) -> BatchResponse:
        """What Lambda is answered.

        Lambda begins again at the smallest sequence number in it, whatever else is in it.
        https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
        """
        return {"batchItemFailures": [{"itemIdentifier": number} for number in self.to_repeat]}

    def raise_failures(self) -> None:
        """Make an error of what failed, was cut off or not begun.

        Raises:
            StreamFailed: that happened; the group of the errors, with the outcomes.
        """
        unfinished = sum(not outcome.finished for outcome in self.outcomes)
        if not unfinished:
            return
        errors = [outcome.error for outcome in self.outcomes if outcome.error is not None]
        if not errors:  # nothing else leaves records behind
            errors = [DeadlineExceeded("too little time was left to begin")]
        raise StreamFailed(
            f"{unfinished} of {len(self.outcomes)} records are not handled",
            errors,
            outcomes=self.outcomes,
            result=self,
        )


def shown_error(error: Exception | None) -> str:
    """An error for the log: its type, and where in an item it was; its words may hold values."""
    path = getattr(error, "path", None) if isinstance(error, AdormError) else None
    return f"{type(error).__name__} at {path}" if isinstance(path, str) else type(error).__name__
