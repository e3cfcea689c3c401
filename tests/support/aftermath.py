"""What must be true after a block of adorm's was left, in whatever way.

    async with leaves_nothing_behind(recorder, db):
        with anyio.CancelScope() as scope: ...

No task that was started inside is alive at the end of the block, no request is in flight, none is
sent afterwards, and the database answers: every connection of its pool is free again.
"""

from __future__ import annotations

import asyncio
from types import TracebackType

import anyio
from anyio.lowlevel import checkpoint

from adorm.database import Database
from adorm.testing import Recorder
from adorm.transport.wire.transport import WireTransport

TURNS = 50
"""Turns of the loop in which something left behind has the time to show itself."""


class leaves_nothing_behind:  # noqa: N801  # reads as a function: `async with leaves_nothing_behind(recorder)`
    """Checks at the end of the block, also of one that raises or is cancelled; the body's exception
    goes on where all is well.

    `recorder` is the one that the database was wrapped with; `db`, where given, must be able to
    answer afterwards, so a fault that hits every call has to be gone by then.
    """

    def __init__(self, recorder: Recorder | None = None, db: Database | None = None) -> None:
        self._recorder = recorder
        self._db = db
        self._before: set[asyncio.Task[object]] = set()

    async def __aenter__(self) -> None:
        self._before = asyncio.all_tasks()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        recorder = self._recorder
        sent = () if recorder is None else recorder.sent
        self._check("at the end of the block", sent)
        with anyio.CancelScope(shield=True):
            for _ in range(TURNS):
                await checkpoint()
            self._check(f"{TURNS} turns of the loop later", sent)
            if self._db is not None:
                await check_usable(self._db)

    def _check(self, when: str, sent: tuple[object, ...]) -> None:
        tasks = asyncio.all_tasks() - self._before
        if tasks:
            raise AssertionError(f"{when} these tasks are alive: {tasks!r}")
        recorder = self._recorder
        if recorder is not None:
            if recorder.in_flight:
                flying = [each for each in recorder.sent if each.state == "in flight"]
                raise AssertionError(f"{when} these requests are in flight: {flying!r}")
            later = recorder.sent[len(sent) :]
            if later:
                raise AssertionError(
                    f"these requests were sent after the end of the block: {later!r}"
                )


async def check_usable(db: Database) -> None:
    """Check that no connection is taken or waited for, and that the database answers."""
    calls = db._calls
    engine = None if calls is None else calls.transport.engine
    if (
        isinstance(engine, WireTransport)
        and (pool := engine._pool) is not None
        and (pool._slots != len(pool._idle) or pool._waiters)
    ):
        raise AssertionError(f"connections were leaked: {pool!r}")
    with anyio.fail_after(10):
        await db.call("ListTables", {})
