"""The partitions of a query that reads several: pieces of time, one after the other, and shards."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

from adorm.dynamodb.values import AttributeMap
from adorm.query.access import Access, Partition, TimeRange
from adorm.query.cursors import encode_cursor

ReadT = TypeVar("ReadT")
"""The request of one partition."""


class PartitionRead(Generic[ReadT]):
    """One partition of a query; its request is made when it is reached."""

    def __init__(self, text: str, make: Callable[[], ReadT]) -> None:
        self.text = text
        """The partition key."""
        self._make = make
        self._read: ReadT | None = None

    @property
    def read(self) -> ReadT:
        """Its request."""
        if self._read is None:
            self._read = self._make()
        return self._read


class PartitionReads(Generic[ReadT]):
    """The partitions of a query.

    Args:
        access: says which, and in which order of their sort keys.
        make: makes the request of one of them.
    """

    def __init__(
        self,
        access: Access,
        make: Callable[[Partition], ReadT],
        *,
        descending: bool,
    ) -> None:
        target = access.target
        self.attribute_name = target.partition[0].attribute_name
        """The name of the partition key."""
        self.sort_name = target.sort[0].attribute_name if target.sort else None
        """The name of the sort key, by which shards are merged."""
        self.descending = descending
        groups = access.partitions[::-1] if descending else access.partitions
        self.slots = [
            [PartitionRead(each.text, partial(make, each)) for each in slot]
            for slot in zip(*groups, strict=True)
        ]
        """For each shard its partitions, in the order in which they are read. Without shards there
        is one."""
        self.range = None if access.time_range is None else range_content(access.time_range)
        """The range of time that says which partitions are read, as a cursor holds it."""

    @property
    def texts(self) -> tuple[str, ...]:
        """The partition keys in the order in which they are read."""
        return tuple(each.text for slots in zip(*self.slots, strict=True) for each in slots)

    def digest(self, first: bytes) -> bytes:
        """The digest of the query, made of that of its first partition."""
        texts = "\0".join(self.texts).encode("utf-8", "surrogatepass")
        return hashlib.sha256(first + texts).digest()[: len(first)]

    def cursor(self, positions: object, digest: bytes, secret: bytes | None) -> str:
        """The cursor that goes on at these positions, in the same range."""
        return encode_cursor({"range": self.range, "at": positions}, digest, secret)


def partition_number(
    partitions: Sequence[PartitionRead[Any]], attribute_name: str, position: AttributeMap
) -> int | None:
    """Which of the partitions a position is in; None where it is in none of them."""
    text = position.get(attribute_name, {}).get("S")
    for number, partition in enumerate(partitions):
        if partition.text == text:
            return number
    return None


def range_content(time_range: TimeRange) -> list[Any]:
    """A range as a cursor holds it: `["created_at", [">", {"S": ...}], ["<=", {"S": ...}]]`."""
    return [time_range.field.name, list(time_range.lower), list(time_range.upper)]
