"""Internal: a shard: the records of a range of partitions, in the order of the writes.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html#Streams.Processing
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import islice, pairwise

from adorm.memory.limits import STREAM_RETENTION_S
from adorm.memory.storage.keys import TOKENS
from adorm.memory.streams.records import Record

TRIM_EVERY_S = 60 * 60
"""Seconds that a shard waits, after its oldest record expired, before a write drops old records.

One trim then drops many records. Each read trims first, so readers never see expired records."""


def split_tokens(tokens: range, into: int) -> list[range]:
    """Split a range of tokens into ranges of about the same length."""
    bounds = [tokens.start + len(tokens) * part // into for part in range(into + 1)]
    return [range(first, end) for first, end in pairwise(bounds)]


class Shard:
    """A shard of a stream. It accepts records while it is open.

    Args:
        shard_id: such as `shardId-00000001414562045508-2bac9cd2`; ids of later shards are greater.
        first_number: a number of this shard only; its records have greater numbers.
        parent_id: the shard that this one continues, whose records come before.
        tokens: the range of tokens of the partitions whose records it holds.
    """

    __slots__ = (
        "closed_at",
        "first_number",
        "last_number",
        "last_trimmed",
        "parent_id",
        "records",
        "shard_id",
        "tokens",
    )

    def __init__(
        self,
        shard_id: str,
        first_number: int,
        *,
        parent_id: str | None = None,
        tokens: range = range(TOKENS),
    ) -> None:
        self.shard_id = shard_id
        self.parent_id = parent_id
        self.tokens = tokens
        self.records: list[Record] = []
        self.first_number = first_number
        self.last_number = first_number
        """The number of the latest record, also if that record was trimmed."""
        self.last_trimmed = first_number - 1
        """The number of the latest record that was trimmed."""
        self.closed_at: float | None = None
        """Seconds since 1970; None while it is open."""

    def append(self, record: Record) -> None:
        """Add a record, whose number is the greatest so far."""
        records = self.records
        if records and records[0].made_at <= record.made_at - STREAM_RETENTION_S - TRIM_EVERY_S:
            self.trim(record.made_at)
        records.append(record)
        self.last_number = record.number

    def trim(self, now: float) -> None:
        """Drop the records that are at least 24 hours old."""
        horizon = now - STREAM_RETENTION_S
        count = 0
        for record in self.records:
            if record.made_at > horizon:
                break
            count += 1
        if count:
            self.last_trimmed = self.records[count - 1].number
            del self.records[:count]

    def is_gone(self, now: float) -> bool:
        """Whether the shard was closed at least 24 hours ago, so that its records are trimmed."""
        return self.closed_at is not None and self.closed_at <= now - STREAM_RETENTION_S

    def oldest_number(self, next_number: int) -> int:
        """The number of the oldest record; the stream's `next_number` if there is none."""
        return self.records[0].number if self.records else next_number

    def number_at_time(self, seconds: float, next_number: int) -> int:
        """The number of the first record at or after a time; the stream's `next_number` if none."""
        for record in self.records:
            if record.made_at >= seconds:
                return record.number
        return next_number

    def read(self, position: int, limit: int) -> list[Record]:
        """Return at most `limit` records, beginning with the number `position`."""
        first = bisect_left(self.records, position, key=lambda record: record.number)
        return list(islice(self.records, first, first + limit))

    def is_exhausted(self, position: int) -> bool:
        """Whether the shard will never have a record from the number `position` on."""
        if self.closed_at is None:
            return False
        return not self.records or self.records[-1].number < position
