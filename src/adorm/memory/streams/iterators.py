"""Internal: shard iterators: a position in a shard, as an opaque text.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetShardIterator.html
"""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from hashlib import blake2b

import attrs
import orjson

from adorm.memory.errors import EngineError, invalid
from adorm.memory.limits import ITERATOR_LIFE_S

DIGEST_BYTES = 8


@attrs.frozen
class ShardIterator:
    """A position in a shard."""

    stream_arn: str
    shard_id: str
    position: int
    """The number of the first record to read; see `Record.number`."""
    issued_at: float
    """Seconds since 1970."""

    def text(self) -> str:
        """The text in the API: the stream's ARN, a version, a digest and the rest in base64."""
        content = orjson.dumps([self.shard_id, self.position, self.issued_at])
        rest = urlsafe_b64encode(_digest(self.stream_arn, content) + content).decode()
        return f"{self.stream_arn}|1|{rest}"

    @classmethod
    def read(cls, text: str) -> ShardIterator:
        """Return the iterator for a text that `text` made.

        Raises:
            EngineError: the text does not come from the property `text`.
        """
        stream_arn, _, rest = text.partition("|1|")
        try:
            sealed = b64decode(rest, altchars=b"-_", validate=True)
            digest, content = sealed[:DIGEST_BYTES], sealed[DIGEST_BYTES:]
            genuine = digest == _digest(stream_arn, content)
        except ValueError as error:  # not base64, or half of a surrogate pair
            raise invalid("Invalid ShardIterator") from error
        if not genuine:
            raise invalid("Invalid ShardIterator")
        try:
            read = orjson.loads(content)
        except ValueError as error:  # the digest does not match
            raise invalid("Invalid ShardIterator") from error
        match read:
            case [str() as shard_id, int() as position, (float() | int()) as issued_at]:
                return cls(stream_arn, shard_id, position, issued_at)
            case _:
                raise invalid("Invalid ShardIterator")

    def check_age(self, now: float) -> None:
        """Refuse an iterator that was issued more than 15 minutes ago.

        Raises:
            EngineError: `ExpiredIteratorException`.
        """
        if now > self.issued_at + ITERATOR_LIFE_S:
            raise EngineError("ExpiredIteratorException", "Shard iterator has expired")


def trimmed() -> EngineError:
    """The refusal of a position before the oldest record of a shard."""
    return EngineError(
        "TrimmedDataAccessException", "The data you are trying to access has been trimmed"
    )


def _digest(stream_arn: str, content: bytes) -> bytes:
    return blake2b(stream_arn.encode() + b"|" + content, digest_size=DIGEST_BYTES).digest()
