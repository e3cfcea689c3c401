"""A transport whose answers are read as the wire reads its own: from JSON's bytes, by the request's
own parser where it has one."""

from __future__ import annotations

import base64
from typing import Any

import orjson

from adorm.transport.base import (
    Answer,
    AnswerReader,
    LastCheck,
    Request,
    Transport,
    WrappedTransport,
)


class AsJson(WrappedTransport):
    """See the module. `parsed` counts the answers that a request's parser has read, `plain` those
    that it left or was not asked for."""

    def __init__(self, inner: Transport) -> None:
        super().__init__(inner)
        self.parsed = 0
        self.plain = 0

    async def send(
        self,
        operation: str,
        request: Request,
        read: AnswerReader | None = None,
        last_check: LastCheck | None = None,
        /,
    ) -> Answer:
        body = orjson.dumps(
            await self.inner.send(operation, request, None, last_check), default=_text
        )
        answer = None if read is None else read(body)
        if answer is None:
            self.plain += 1
            plain: Answer = orjson.loads(body)
            return plain
        self.parsed += 1
        return answer


def _text(value: Any) -> str:
    return base64.b64encode(bytes(value)).decode()
