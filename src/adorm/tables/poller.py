"""Waiting for a table: DescribeTable again and again until it is as it should be."""

from __future__ import annotations

import math
from typing import Any, cast

import attrs

from adorm.deadlines import current_limit, remaining_s
from adorm.errors import ConnectionFailed, DeadlineExceeded, ResourceNotFound
from adorm.items.binding import Connection
from adorm.tables.descriptions import TableDescription, read_description
from adorm.transport.answer_shapes import MISSHAPEN
from adorm.transport.base import Answer

FIRST_POLL_S = 0.25
SLOWEST_POLL_S = 4.0


def poll_delay_s(poll: int, unit: float) -> float:
    """Seconds before the `poll`-th DescribeTable, from 1; `unit` is random, from 0 to 1.

    0.125 to 0.25 s at first, then twice as long each time, up to 2 to 4 s: creating a table takes
    seconds. Half of it is jitter, so that the workers of a deployment do not ask at the same time.
    """
    longest_s: float = min(SLOWEST_POLL_S, FIRST_POLL_S * 2.0 ** min(poll - 1, 16))
    return longest_s * (0.5 + 0.5 * unit)


@attrs.define(eq=False, repr=False)
class TablePoller:
    """Watches one table by DescribeTable; may be cancelled at any await, needs no closing."""

    connection: Connection
    table_name: str
    _operation: str
    """The operation that is waited for, for error messages: "CreateTable"."""
    _goal: str
    """What it leads to, for error messages: "active"."""
    _last: TableDescription | None = attrs.field(default=None, init=False)
    _polls: int = attrs.field(default=0, init=False)

    async def look(self) -> TableDescription | None:
        """The table as it is now; None where there is none.

        Raises:
            DeadlineExceeded: the deadline passed.
        """
        try:
            answer = await self.connection.call("DescribeTable", {"TableName": self.table_name})
        except ResourceNotFound:
            self._last = None
        except DeadlineExceeded as error:
            raise self._too_late() from error
        else:
            self._last = description_in(answer, "Table", "DescribeTable", self.table_name)
        return self._last

    async def pause(self) -> None:
        """Sleep until the next look.

        Raises:
            DeadlineExceeded: that would be after the deadline.
        """
        self._polls += 1
        delay_s = poll_delay_s(self._polls, self.connection.random())
        # -inf: the scope around is cancelled already, and the sleep raises that.
        if delay_s >= remaining_s() > -math.inf:
            raise self._too_late()
        await self.connection.clock.sleep(delay_s)

    async def until_seen(self) -> TableDescription:
        """Wait until DescribeTable finds the table; just after CreateTable it may not.

        Raises:
            DeadlineExceeded: it did not find it in time.
        """
        while (found := await self.look()) is None:
            await self.pause()
        return found

    async def until_active(self, found: TableDescription) -> TableDescription:
        """Wait until the table and all its indexes can be used.

        Args:
            found: the table as it was last described.

        Raises:
            ResourceNotFound: somebody deleted it meanwhile.
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
            # DescribeTable is eventually consistent: a single miss proves nothing.
            if seen is not None and (misses > 1 or seen.status == "DELETING"):
                raise ResourceNotFound(
                    "the table was deleted while it was waited for",
                    code="ResourceNotFoundException",
                    operation=self._operation,
                    subject=self.table_name,
                )
        return found

    async def until_gone(self, found: TableDescription) -> None:
        """Wait until the table is gone. Where a new table of the same name was created meanwhile,
        the old one is gone.

        Args:
            found: the table as it was last described.

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
            f"{self._operation} on {self.table_name}: the table is not {self._goal}{after} "
            f"(last status: {status}); DynamoDB goes on with it: describe_table tells its status, "
            "timeout_s= or a longer adorm.deadline gives it more time",
            operation=self._operation,
            subject=self.table_name,
            attempts=self._polls,
            maybe_applied=True,
        )


def description_in(answer: Answer, name: str, operation: str, table_name: str) -> TableDescription:
    """The description in an answer, under this name: `Table` or `TableDescription`.

    Raises:
        ConnectionFailed: there is none, or none that can be read: the answer is not DynamoDB's.
    """
    raw = answer.get(name)
    problem, cause = f"it has no {name}", None
    if isinstance(raw, dict):
        try:
            return read_description(cast("dict[str, Any]", raw))
        except MISSHAPEN as error:
            problem, cause = f"its {name} can't be read ({type(error).__name__})", error
    raise ConnectionFailed(
        f"the answer can't be read: {problem}",
        maybe_applied=operation != "DescribeTable",
        operation=operation,
        subject=table_name,
    ) from cause
