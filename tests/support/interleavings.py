"""A database in this process whose requests take turns at random, and that may die at a request."""

from __future__ import annotations

from random import Random
from typing import Any

import anyio
from anyio.lowlevel import checkpoint

from adorm.database import Database
from adorm.memory.engine import Engine
from adorm.testing import FakeClock
from adorm.transport.base import Answer, Request, Transport, WrappedTransport
from adorm.transport.memory import MemoryTransport


class Turns(WrappedTransport):
    """Lets other tasks run before and after each request, a random number of times.

    With `die_at` the cancel scope given is cancelled at that request: before it is sent, or after
    it was applied and before its answer came.
    """

    def __init__(self, inner: Transport, random: Random, most: int) -> None:
        super().__init__(inner)
        self._random = random
        self._most = most
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.die_at: int | None = None
        self.is_applied = False
        self.scope: anyio.CancelScope | None = None

    async def send(self, operation: str, request: Request, /, *rest: Any) -> Answer:
        self.sent.append((operation, dict(request)))
        dies = self.die_at is not None and len(self.sent) == self.die_at
        if dies and not self.is_applied:
            await self._die()
        await self._turn()
        answer = await self.inner.send(operation, request, *rest)
        if dies:
            await self._die()
        await self._turn()
        return answer

    async def _die(self) -> None:
        if self.scope is not None:
            self.scope.cancel()
            await checkpoint()

    async def _turn(self) -> None:
        for _ in range(self._random.randint(0, self._most) if self._most else 0):
            await checkpoint()


class SharedEngine:
    """One DynamoDB in this process for several databases, each with turns of its own."""

    def __init__(self, seed: int, *, most_turns: int = 6) -> None:
        self.random = Random(seed)  # not for secrets
        self.clock = FakeClock()
        self._most_turns = most_turns
        self._engine = Engine()

    def connect(self, *, most_turns: int | None = None) -> tuple[Database, Turns]:
        """A database, and what its requests go through."""
        most = self._most_turns if most_turns is None else most_turns
        turns = Turns(MemoryTransport(self._engine), self.random, most)
        return Database(lambda: turns, {"clock": self.clock}), turns
