"""Internal: the stream of a table: its shards, its records and its lifetime.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson

from adorm.memory.errors import not_found
from adorm.memory.limits import STREAM_RETENTION_S
from adorm.memory.storage.keys import TOKENS
from adorm.memory.streams.names import digest, event_id, shard_id
from adorm.memory.streams.records import (
    NEW_IMAGE_VIEWS,
    OLD_IMAGE_VIEWS,
    TIME_TO_LIVE_IDENTITY,
    Record,
)
from adorm.memory.streams.shards import Shard, split_tokens

if TYPE_CHECKING:
    from adorm.memory.storage.table import Table
    from adorm.memory.values.canonical import Item

TAIL = 10**20
"""A sequence number is the number of a record followed by twenty digits that all records of the
stream share. So sequence numbers grow as whole numbers, not as texts, like the service's."""


class Stream:
    """The changes of a table while its stream was on.

    Args:
        table: the table.
        view_type: the images in the records: KEYS_ONLY, NEW_IMAGE, OLD_IMAGE or NEW_AND_OLD_IMAGES.
        arn: the ARN of the stream.
        label: the last part of the ARN.
        created_at: seconds since 1970.
        delay_s: seconds for which the stream stays ENABLING, and DISABLING.
        shards: the number of shards to begin with; each gets an equal share of the partitions.
    """

    def __init__(
        self,
        table: Table,
        view_type: str,
        arn: str,
        label: str,
        created_at: float,
        *,
        delay_s: float = 0.0,
        shards: int = 1,
    ) -> None:
        self.arn = arn
        self.label = label
        self.table_name = table.name
        self.table_schema = table.schema
        self.key_schema = table.definition.key_schema
        self.view_type = view_type
        self.created_at = created_at
        self.closed_at: float | None = None
        """When the stream was turned off, in seconds since 1970; None while it is on."""
        self.next_number = 1
        """The number of the next record of any shard. Each shard has a number of its own too."""
        self.shards: list[Shard] = []
        """The shards in the order of their opening, which is the order of their ids."""
        self._delay_s = delay_s
        self._keeps_new_image = self.view_type in NEW_IMAGE_VIEWS
        self._keeps_old_image = self.view_type in OLD_IMAGE_VIEWS
        self._tail = digest(arn, "sequence")
        self._last_shard_ms = 0
        self._open: list[Shard] = []
        for tokens in split_tokens(range(TOKENS), shards):
            self._open_shard(created_at, tokens, parent_id=None)

    # ----------------------------------------------------------------- records

    def prepare_record(
        self, old_item: Item | None, new_item: Item | None, *, now: float, expired: bool
    ) -> Callable[[], None] | None:
        """Make the record of a change of an item. A write without a change makes none.

        Args:
            old_item: the item before the write; None if it did not exist.
            new_item: the item after the write; None if it was removed.
            now: seconds since 1970.
            expired: whether time to live removed the item.

        Returns:
            A function that adds the record and can't fail; None if there is no record.
        """
        if new_item is not None:
            if old_item is None:
                event_name = "INSERT"
            elif old_item != new_item:
                event_name = "MODIFY"
            else:
                return None
            item = new_item
        elif old_item is not None:
            event_name, item = "REMOVE", old_item
        else:
            return None
        keys = self.table_schema.key_of(item)
        shard = self._shard_of(keys)
        content = (
            now,
            event_name,
            orjson.dumps(keys),
            orjson.dumps(new_item) if self._keeps_new_image and new_item is not None else None,
            orjson.dumps(old_item) if self._keeps_old_image and old_item is not None else None,
            expired,
        )

        def note() -> None:
            shard.append(Record(self.next_number, *content))
            self.next_number += 1

        return note

    def event(self, record: Record, region: str) -> dict[str, Any]:
        """A record as GetRecords returns it.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html
        """
        event: dict[str, Any] = {
            "eventID": event_id(self.arn, record.number),
            "eventName": record.event_name,
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": region,
            "dynamodb": record.content(self.view_type, self.sequence_number(record.number)),
        }
        if record.expired:
            event["userIdentity"] = dict(TIME_TO_LIVE_IDENTITY)
        return event

    def sequence_number(self, number: int) -> str:
        """The `SequenceNumber` for a number: 21 digits or more."""
        return f"{number}{self._tail:020d}"

    def number_from(self, sequence_number: int, *, after: bool = False) -> int:
        """The smallest number whose sequence number is at, or after, the given one."""
        number, tail = divmod(sequence_number, TAIL)
        if tail > self._tail or (after and tail == self._tail):
            return number + 1
        return number

    # ------------------------------------------------------------------ shards

    def split(self, now: float, shard_id: str | None = None, *, into: int = 2) -> list[Shard]:
        """Close open shards and open new ones that continue them. The service does so by itself.

        Args:
            now: seconds since 1970.
            shard_id: the shard to close; None for all open ones.
            into: the number of new shards for each closed one; 1 replaces it by one shard.

        Returns:
            The new shards.

        Raises:
            ValueError: the stream is off, or has no such open shard.
        """
        parents = [each for each in self._open if shard_id in (None, each.shard_id)]
        if not parents:
            which = "" if shard_id is None else f" {shard_id}"
            raise ValueError(f"the stream has no open shard{which}")
        self.live_shards(now)
        children: list[Shard] = []
        for parent in parents:
            parent.closed_at = now
            self._open.remove(parent)
            children += [
                self._open_shard(now, tokens, parent.shard_id)
                for tokens in split_tokens(parent.tokens, into)
            ]
        return children

    def shard(self, shard_id: str, now: float) -> Shard:
        """Find a shard, and trim its old records.

        Raises:
            EngineError: the shard does not exist, or was deleted.
        """
        for each in self.live_shards(now):
            if each.shard_id == shard_id:
                each.trim(now)
                return each
        raise not_found("Requested resource not found: Shard does not exist")

    def live_shards(self, now: float) -> list[Shard]:
        """The shards that can be read. It removes those that were closed at least 24 hours ago."""
        self.shards = [each for each in self.shards if not each.is_gone(now)]
        return self.shards

    def _shard_of(self, keys: Item) -> Shard:
        if len(self._open) == 1:
            return self._open[0]
        token = self.table_schema.position(keys)[0]
        return next(each for each in self._open if token in each.tokens)

    def _open_shard(self, now: float, tokens: range, parent_id: str | None) -> Shard:
        self._last_shard_ms = max(int(now * 1000), self._last_shard_ms + 1)
        shard = Shard(
            shard_id(self.arn, self._last_shard_ms),
            self.next_number,
            parent_id=parent_id,
            tokens=tokens,
        )
        self.next_number += 1
        self.shards.append(shard)
        self._open.append(shard)
        return shard

    # ------------------------------------------------------------------ states

    def close(self, now: float) -> None:
        """Turn the stream off. Its shards are closed and can be read for 24 hours."""
        self.closed_at = now
        for shard in self._open:
            shard.closed_at = now
        self._open = []

    def is_gone(self, now: float) -> bool:
        """Whether the stream was turned off at least 24 hours ago."""
        return self.closed_at is not None and self.closed_at <= now - STREAM_RETENTION_S

    def status(self, now: float) -> str:
        """The `StreamStatus`."""
        if self.closed_at is None:
            return "ENABLED" if now >= self.created_at + self._delay_s else "ENABLING"
        return "DISABLED" if now >= self.closed_at + self._delay_s else "DISABLING"
