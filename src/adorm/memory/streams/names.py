"""Internal: the names of streams, shards and records."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import blake2b


def stream_label(milliseconds: int) -> str:
    """The label of a stream, made of its creation time: `2020-07-16T21:40:16.972`."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03d}"


def shard_id(stream_arn: str, milliseconds: int) -> str:
    """The id of a shard, made of its opening time: `shardId-00000001414562045508-2bac9cd2`."""
    suffix = digest(stream_arn, str(milliseconds), size=4)
    return f"shardId-{milliseconds:020d}-{suffix:08x}"


def event_id(stream_arn: str, number: int) -> str:
    """The `eventID` of a record: 32 hexadecimal digits, different for each record."""
    return f"{digest(stream_arn, str(number), size=16):032x}"


def digest(*parts: str, size: int = 8) -> int:
    """A whole number of `size` bytes; the same texts give the same number."""
    text = "|".join(parts).encode()
    return int.from_bytes(blake2b(text, digest_size=size).digest(), "big")
