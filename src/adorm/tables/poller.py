"""Waiting for a table by asking DynamoDB how it is, again and again."""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, cast

from adorm.clock import Clock
from adorm.deadlines import current_limit, remaining_s
from adorm.errors import ConnectionFailed, DeadlineExceeded, ResourceNotFound
from adorm.retry import Repeat, RetryPolicy
from adorm.tables.descriptions import TableDescription, read_description
from adorm.transport.answer_shapes import MISSHAPEN
from adorm.transport.base import Answer, Request

FIRST_POLL_S = 0.25
SLOWEST_POLL_S = 4.0


class Connection(Protocol):
    """What tables need of a database."""

    @property
    def clock(self) -> Clock: ...

    def call(
        self,
        operation: str,
        request: Request,
        *,
        subject: object = None,
        repeat: Repeat | None = None,
        retry: RetryPolicy | None = None,
    ) -> Coroutine[Any, Any, Answer]: ...


def poll_delay_s(poll: int, unit: float) -> float:
    """Seconds before the `poll`-th look at a table (1 is the first); `unit` is a random number from
    0 to 1.

    From 0.125 to 0.25 s, then twice as long each time, up to 2 to 4 s: tables take seconds, and
    half is jitter, so that the workers of a deployment don't ask in step.
    """
    longest_s: float = min(SLOWEST_POLL_S, FIRST_POLL_S * 2.0 ** min(poll - 1, 16))
    return longest_s * (0.5 + 0.5 * unit)


class TablePoller:
    """One table and what was last seen of it. It holds nothing open: it can be cancelled
    anywhere."""

    def __init__(
        self,
        connection: Connection,
        table_name: str,
        operation: str,
        goal: str,
        random: Callable[[], float],
    ) -> None:
        """`operation` and `goal` ("CreateTable", "active") are what is waited for, in errors."""
        self.connection = connection
        self.table_name = table_name
        self._operation = operation
        self._goal = goal
        self._last: TableDescription | None = None
        self._random = random
        self._polls = 0

    async def look(self) -> TableDescription | None:
        """The table now; None where there is none.

        Raises:
            DeadlineExceeded: no time is left for that.
        """
        try:
            answer = await self.connection.call("DescribeTable", {"TableName": self.table_name})
        except ResourceNotFound:
            self._last = None
        except DeadlineExceeded as error:
            raise self._too_late() from error
        else:
            self._last = described(answer, "Table", "DescribeTable", self.table_name)
        return self._last

    async def pause(self) -> None:
        """Wait until it is time to look again.

        Raises:
            DeadlineExceeded: that would be after the deadline.
        """
        self._polls += 1
        delay_s = poll_delay_s(self._polls, self._random())
        # -inf: the scope around is cancelled, and the sleep will raise that
        if delay_s >= remaining_s() > -math.inf:
            raise self._too_late()
        await self.connection.clock.sleep(delay_s)

    async def until_seen(self) -> TableDescription:
        """Wait until DescribeTable knows the table: for a moment after CreateTable it may not.

        Raises:
            DeadlineExceeded: it did not in time.
        """
        while (found := await self.look()) is None:
            await self.pause()
        return found

    async def until_active(self, found: TableDescription) -> TableDescription:
        """Wait until the table, which was `found` as it is, and all its indexes can be used.

        Raises:
            ResourceNotFound: someone deleted it meanwhile.
            DeadlineExceeded: it was not active in time.
        """
        self._last = found
        seen: TableDescription | None = None
        misses = 0
        while not found.is_active:
            await self.pause()
            now = await self.look()
            if now is not None:
                found = seen = now
                misses = 0
                continue
            misses += 1
            # what DescribeTable tells may be some moments old, so that one miss says nothing
            if seen is not None and (misses > 1 or seen.status == "DELETING"):
                raise ResourceNotFound(
                    "the table was deleted while it was waited for",
                    code="ResourceNotFoundException",
                    operation=self._operation,
                    subject=self.table_name,
                )
        return found

    async def until_gone(self, found: TableDescription) -> None:
        """Wait until the table, which was `found` as it is, is gone; a new one of the same name is
        not waited for.

        Raises:
            DeadlineExceeded: it was not gone in time.
        """
        self._last = found
        identity = found.raw.get("TableId")
        while True:
            now = await self.look()
            if now is None or (
                identity is not None and now.raw.get("TableId") not in (None, identity)
            ):
                return
            await self.pause()

    def _too_late(self) -> DeadlineExceeded:
        limit = current_limit()
        after = f" within {limit.seconds:g} s" if limit is not None else ""
        status = "no such table" if self._last is None else self._last.progress
        return DeadlineExceeded(
            f"{self._operation} on {self.table_name}: the table is not {self._goal}{after} (last status: {status}); "
            "DynamoDB goes on with it: describe_table tells how it is, timeout_s= or a longer adorm.deadline gives it more time",
            operation=self._operation,
            subject=self.table_name,
            attempts=self._polls,
            maybe_applied=True,
        )


def described(answer: Answer, name: str, operation: str, table_name: str) -> TableDescription:
    """The description in an answer, under `Table` or `TableDescription`.

    Raises:
        ConnectionFailed: there is none, or none that can be read.
    """
    raw = answer.get(name)
    if not isinstance(raw, dict):
        raise ConnectionFailed(
            f"the answer can't be read: it has no {name}",
            maybe_applied=operation != "DescribeTable",
            operation=operation,
            subject=table_name,
        )
    try:
        return read_description(cast("dict[str, Any]", raw))
    except MISSHAPEN as error:
        raise ConnectionFailed(
            f"the answer can't be read: its {name} is none ({type(error).__name__})",
            maybe_applied=operation != "DescribeTable",
            operation=operation,
            subject=table_name,
        ) from error
