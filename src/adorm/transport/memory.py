"""Internal: a strict DynamoDB inside the process, as a transport."""

from __future__ import annotations

from typing import Any

from anyio.lowlevel import checkpoint

from adorm.errors import UsageError
from adorm.memory.engine import Engine
from adorm.memory.errors import EngineError
from adorm.transport.base import Answer, Request, Transport
from adorm.transport.errors import service_error

REFUSED = 400
"""The HTTP status with which the service refuses a request."""


class MemoryTransport(Transport):
    """Carries operations to an engine in this process.

    Values and errors are as on the wire. An answer shares nothing with the stored items.

    Args:
        engine: several transports may share one; closing a transport leaves it as it is.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine: Engine | None = engine

    async def open(self) -> None:
        """Do nothing but give way to other tasks once."""
        await checkpoint()

    async def send(self, operation: str, request: Request, /, *_: object) -> Answer:
        """See `Transport.send`.

        Raises:
            ServiceError: as DynamoDB would.
            UsageError: the transport is closed.
        """
        # As with a network, other tasks run meanwhile, and a cancelled caller sends nothing.
        await checkpoint()
        if self._engine is None:
            raise UsageError("the memory database is closed")
        try:
            return self._engine.call(operation, request)
        except EngineError as error:
            body: dict[str, Any] = {
                "__type": error.code,
                "message": error.text(self._engine.wording),
                **error.fields,
            }
            raise service_error(body, operation=operation, status=REFUSED) from error

    async def close(self) -> None:
        """Let go of the engine."""
        self._engine = None
