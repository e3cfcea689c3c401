"""Internal: compresses and decompresses bodies in gzip and deflate, as the service does.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-compression.html
"""

from __future__ import annotations

import gzip
import re
import zlib

from adorm.memory.errors import EngineError

WINDOW_BITS = {b"gzip": 31, b"deflate": 15}
"""The encodings of requests, and the number with which `zlib` selects each."""

GZIP_MEMBER = b"\x1f\x8b"
"""The first bytes of a member of gzip data."""

COMPRESSED_BYTES = 4096
"""The smallest answer that is compressed if the client accepts it."""

LEVEL = 5


class TooLong(Exception):
    """The decompressed body would exceed the limit."""


def decoded(body: bytes | bytearray, encoding: bytes, limit: int) -> bytes | bytearray:
    """Return the body of a request without its `Content-Encoding`.

    The service accepts gzip of one member or several, ignores bytes after the last member, and
    accepts deflate. It has no limit for the decompressed length; this server has one to protect its
    memory.

    Raises:
        EngineError: `InternalServerError`, which is the service's answer to damaged data and to
            other encodings.
        TooLong: the decompressed body has more than `limit` bytes.
    """
    if encoding == b"identity":
        return body
    bits = WINDOW_BITS.get(encoding)
    if bits is None:
        raise EngineError("InternalServerError", "")
    found = bytearray()
    rest = bytes(body)
    while not found or rest.startswith(GZIP_MEMBER):
        member = zlib.decompressobj(bits)
        try:
            found += member.decompress(rest, limit - len(found) + 1)
        except zlib.error as error:
            raise EngineError("InternalServerError", "") from error
        if len(found) > limit:
            raise TooLong
        if not member.eof:
            raise EngineError("InternalServerError", "")
        rest = member.unused_data
        if not rest:
            break
    return found


def encoding_for(accepted: bytes) -> bytes | None:
    """The encoding that an `Accept-Encoding` asks for: gzip, deflate or None.

    The service ignores `identity`: a client that accepts gzip at all gets it. Of two encodings with
    the same quality the first counts. `*` stands for the encodings that are not named. An
    unreadable quality counts as 1. The service searches for the text `q=`: so `q =0` is no quality,
    and `nq=0` is one.
    """
    qualities: dict[bytes, float] = {}
    for entry in accepted.lower().split(b","):
        name, *parameters = (part.strip() for part in entry.split(b";"))
        qualities[name] = max(qualities.get(name, 0.0), _quality(parameters))
    others = qualities.pop(b"*", 0.0)
    for name in (b"gzip", b"deflate"):
        qualities.setdefault(name, others)
    best = max(
        (name for name in qualities if name in (b"gzip", b"deflate")), key=qualities.__getitem__
    )
    return best if qualities[best] > 0 else None


def _quality(parameters: list[bytes]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition(b"=")
        if name.endswith(b"q"):
            value = value.strip()
            if value.startswith(b"-"):
                return 0.0
            return min(1.0, float(value)) if re.fullmatch(rb"\d+\.?\d*", value) else 1.0
    return 1.0


def encoded(body: bytes, encoding: bytes) -> bytes:
    """Compress a body with gzip or deflate."""
    if encoding == b"gzip":
        return gzip.compress(body, LEVEL, mtime=0)
    return zlib.compress(body, LEVEL)
