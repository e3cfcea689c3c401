"""What Lambda gives a function: a context that counts down, and a server that lives on while the
function's loop stands still."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

import adorm
from adorm.transport.credentials.credentials import Credentials
from tests.support.loopback import Handler, LoopbackServer
from tests.support.wired import KEY

T = TypeVar("T")

WAIT_LIMIT_S = 10.0


class FakeContext:
    """Lambda's context object, as far as adorm asks it: the limit is so many milliseconds from
    now."""

    def __init__(self, limit_ms: float) -> None:
        self.ends_s = time.monotonic() + limit_ms / 1000
        self.aws_request_id = "8f1c8e9e-3c4c-4b8e-9d6d-1f2a3b4c5d6e"
        self.function_name = "orders"

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self.ends_s - time.monotonic()) * 1000))


class ServerInThread:
    """A `LoopbackServer` with a loop and a thread of its own: it goes on between invocations, as
    DynamoDB does.

    `call(function)` runs a function there and gives its result.
    """

    def __init__(self, handler: Handler | None = None) -> None:
        self.server = LoopbackServer(handler)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="loopback", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.wait(self.server.start())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.wait(self.server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WAIT_LIMIT_S)
        self._loop.close()

    def call(self, function: Callable[[], T]) -> T:
        async def run() -> T:
            return function()

        return self.wait(run())

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine there, `server.server.accepted(1)`, and wait for it here."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WAIT_LIMIT_S)

    def close_idle(self) -> None:
        """Close the connections that wait for a request, and wait until they are closed on this
        side."""

        async def close() -> None:
            self.server.close_idle()
            await self.server.all_closed()

        self.wait(close())

    def connect(self, **options: Any) -> adorm.Database:
        """A database on this server; `credentials` stands for what the environment would give."""
        settings: dict[str, Any] = {
            "region": "eu-central-1",
            "endpoint_url": self.server.url,
            "credentials": KEY,
        }
        return adorm.connect(**(settings | options))


class CountedCredentials:
    """A source that gives new credentials at each load."""

    def __init__(self) -> None:
        self.loads = 0

    async def load(self) -> Credentials:
        self.loads += 1
        return Credentials(f"AK{self.loads}", "secret", "token")
