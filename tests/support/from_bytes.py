"""A transport whose answers are bytes that a request may parse itself, as the wire's are."""

from __future__ import annotations

import orjson

from adorm.transport.base import Answer, ReadRequest, Request, Transport


class FromBytes:
    """Around another transport."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.parsed = 0
        """Answers that were."""

    async def send(self, operation: str, request: Request, /) -> Answer:
        answer = await self._inner.send(operation, request)
        parsed = request.parse(orjson.dumps(answer)) if isinstance(request, ReadRequest) else None
        self.parsed += parsed is not None
        return answer if parsed is None else parsed

    async def open(self) -> None:
        await self._inner.open()

    async def close(self) -> None:
        await self._inner.close()
