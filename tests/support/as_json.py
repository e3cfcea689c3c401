"""A transport whose answers are read as the wire reads its own: from JSON's bytes, by the request's
own parser where it has one."""

from __future__ import annotations

import base64
from typing import Any

import orjson

from adorm.transport.base import Answer, ReadRequest, Request, Transport


class AsJson:
    """See the module. `parsed` counts the answers that a request's parser has read, `plain` those
    that it left or was not asked for."""

    def __init__(self, below: Transport) -> None:
        self.below = below
        self.parsed = 0
        self.plain = 0

    async def send(self, operation: str, request: Request, /) -> Answer:
        body = orjson.dumps(await self.below.send(operation, request), default=_text)
        answer = request.parse(body) if isinstance(request, ReadRequest) else None
        if answer is None:
            self.plain += 1
            plain: Answer = orjson.loads(body)
            return plain
        self.parsed += 1
        return answer

    async def open(self) -> None:
        await self.below.open()

    async def close(self) -> None:
        await self.below.close()


def _text(value: Any) -> str:
    return base64.b64encode(bytes(value)).decode()
