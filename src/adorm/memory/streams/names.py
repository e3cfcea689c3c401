"""Internal: how streams, shards and records are named."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import blake2b


def stream_label(milliseconds: int) -> str:
    """The label of a stream that was made at a time: `2020-07-16T21:40:16.972`."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03d}"


def shard_id(stream_arn: str, milliseconds: int) -> str:
    """The id of a shard that was opened at a time: `shardId-00000001414562045508-2bac9cd2`."""
    suffix = digest(stream_arn, str(milliseconds), size=4)
    return f"shardId-{milliseconds:020d}-{suffix:08x}"


def event_id(stream_arn: str, number: int) -> str:
    """`eventID` of a record: 32 hexadecimal digits that no other record has."""
    return f"{digest(stream_arn, str(number), size=16):032x}"


def digest(*parts: str, size: int = 8) -> int:
    """A whole number of `size` bytes, the same for the same texts."""
    text = "|".join(parts).encode()
    return int.from_bytes(blake2b(text, digest_size=size).digest(), "big")
