"""Internal: a shard: the records of a range of partitions, in the order in which they were made.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html#Streams.Processing
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import islice, pairwise

from adorm.memory.limits import STREAM_RETENTION_S
from adorm.memory.storage.keys import TOKENS
from adorm.memory.streams.records import Record

TRIM_EVERY_S = 60 * 60
"""A shard that is written and never read drops old records when the oldest is due for this long.

One trimming then drops many records. A reader never sees the difference, since reading trims first.
"""


def split_tokens(tokens: range, into: int) -> list[range]:
    """Ranges of about the same length that make up one."""
    bounds = [tokens.start + len(tokens) * part // into for part in range(into + 1)]
    return [range(first, end) for first, end in pairwise(bounds)]


class Shard:
    """A shard of a stream; open while it takes records.

    Args:
        shard_id: `shardId-00000001414562045508-2bac9cd2`; ids of later shards are greater.
        first_number: a number that is this shard's own; its records have greater ones.
        parent_id: the shard that this one continues; its records come before this one's.
        tokens: the partitions whose records it takes, as a range of the tokens of their keys.
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
        """Of its latest record, also when that was trimmed."""
        self.last_trimmed = first_number - 1
        """Of the latest record that was trimmed."""
        self.closed_at: float | None = None
        """Seconds since 1970; None while it is open."""

    def append(self, record: Record) -> None:
        """Take a record, whose number is the greatest so far."""
        records = self.records
        if records and records[0].made_at <= record.made_at - STREAM_RETENTION_S - TRIM_EVERY_S:
            self.trim(record.made_at)
        records.append(record)
        self.last_number = record.number

    def trim(self, now: float) -> None:
        """Drop the records that are 24 hours old."""
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
        """Whether it was closed 24 hours ago: then its records are trimmed, and it is gone."""
        return self.closed_at is not None and self.closed_at <= now - STREAM_RETENTION_S

    def oldest_number(self, next_number: int) -> int:
        """Of the oldest record that is left; `next_number` of the stream where none is."""
        return self.records[0].number if self.records else next_number

    def number_at_time(self, seconds: float, next_number: int) -> int:
        """Of the first record made at a time or later; `next_number` of the stream if none was."""
        for record in self.records:
            if record.made_at >= seconds:
                return record.number
        return next_number

    def read(self, position: int, limit: int) -> list[Record]:
        """At most `limit` records, from the number `position` on."""
        first = bisect_left(self.records, position, key=lambda record: record.number)
        return list(islice(self.records, first, first + limit))

    def is_exhausted(self, position: int) -> bool:
        """Whether there will never be a record from the number `position` on."""
        if self.closed_at is None:
            return False
        return not self.records or self.records[-1].number < position
