"""Reads answers with status 200: the checksum is compared, then the JSON is parsed.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
"""

from __future__ import annotations

import zlib

import orjson

from adorm.errors import ConnectionFailed
from adorm.support.printable_text import shown
from adorm.transport.base import Answer, AnswerReader
from adorm.transport.wire.answer_parser import Response

MAX_CRC_DIGITS = 10
"""Of a 32-bit number in decimal."""


def read_answer(response: Response, read: AnswerReader | None) -> Answer | None:
    """The content of an answer; None if its status is not 200 and the checksum is right.

    Args:
        read: asked before the JSON is parsed; see `Transport.send`.

    Raises:
        ConnectionFailed: the checksum is wrong, or the body is no JSON object.
    """
    status, headers, body = response
    checksum = headers.get(b"x-amz-crc32")
    if checksum is not None and not (
        checksum.isdigit() and len(checksum) <= MAX_CRC_DIGITS and zlib.crc32(body) == int(checksum)
    ):
        raise ConnectionFailed(
            "the answer was damaged on its way: its CRC32 is not the one that its header names",
            maybe_applied=True,
        )
    if status != 200:
        return None
    if read is not None and (answer := read(body)) is not None:
        return answer
    try:
        parsed: Answer = orjson.loads(body)
    except ValueError as error:
        problem = f"the answer is not JSON ({error})"
        if encoding := headers.get(b"content-encoding"):
            encoding_name = shown(encoding.decode("latin-1"))
            problem += f": it is encoded as {encoding_name!r}, which adorm did not ask for"
        raise ConnectionFailed(problem, maybe_applied=True) from error
    if parsed.__class__ is not dict:
        raise ConnectionFailed(
            f"the answer is a JSON {type(parsed).__name__}, not an object", maybe_applied=True
        )
    return parsed
