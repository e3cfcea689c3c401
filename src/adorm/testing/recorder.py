"""A recorder of every request that is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from copy import deepcopy
from typing import Any, Literal, cast

import anyio
import attrs

from adorm.errors import UsageError
from adorm.transport.base import Answer, Request, Transport, WrappedTransport

State = Literal["in flight", "answered", "failed", "cancelled"]


@attrs.define(eq=False)
class Sent:
    """One request, as it was when it was sent. Its repr shows no value of it."""

    number: int
    """From 1, in the order of sending; a retry has a number of its own."""
    operation: str
    request: dict[str, Any]
    """A copy: `{"TableName": "orders", "Key": {"pk": {"S": "c1"}}}`, B values as they were
    given."""
    state: State = "in flight"
    error: Exception | None = None
    """The error that the engine raised, if it did."""

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of the tables that it is about."""
        name: object = self.request.get("TableName")
        if name is not None:
            return (str(name),)
        return tuple(self.request.get("RequestItems") or ())

    def __repr__(self) -> str:
        about = f" on {', '.join(self.tables)}" if self.tables else ""
        failure = f" with {type(self.error).__name__}" if self.error is not None else ""
        return f"<Sent {self.number}: {self.operation}{about}, {self.state}{failure}>"


class Recorder:
    """Writes down every request.

    ::

        recorder = adorm.testing.Recorder()
        async with adorm.connect("memory", wrap=recorder) as db:
            ...
        assert recorder.operations == ["PutItem", "GetItem"]
        assert recorder.sent[0].request["ConditionExpression"] == "..."

    With `wrap=lambda engine: recorder(faults(engine))` it sees every attempt, with
    `faults(recorder(engine))` what got through to the engine. One object may be given to several
    connections. It keeps all it sees until `clear()`.
    """

    def __init__(self) -> None:
        self._sent: list[Sent] = []
        self._count = 0
        self._in_flight = 0
        self._max_in_flight = 0
        self._sent_one = anyio.Event()

    def __repr__(self) -> str:
        return f"<Recorder {len(self._sent)} sent, {self._in_flight} in flight>"

    def __call__(self, engine: Transport, /) -> Transport:
        """Stand before an engine: what `connect(wrap=...)` calls."""
        return _Recording(self, engine)

    @property
    def sent(self) -> tuple[Sent, ...]:
        """All requests, in the order of sending."""
        return tuple(self._sent)

    @property
    def operations(self) -> list[str]:
        """Their operations: `["PutItem", "GetItem"]`."""
        return [each.operation for each in self._sent]

    def of(self, *operations: str) -> list[Sent]:
        """The requests of these operations."""
        return [each for each in self._sent if each.operation in operations]

    @property
    def in_flight(self) -> int:
        """How many requests wait for their answer now."""
        return self._in_flight

    @property
    def max_in_flight(self) -> int:
        """The most requests that ever waited at the same time."""
        return self._max_in_flight

    async def reached(self, count: int) -> None:
        """Wait until `count` requests have been sent, counted from the beginning.

        Raises:
            UsageError: `count` is below 1.
        """
        if count < 1:
            raise UsageError(f"reached({count!r}): 1 request or more")
        while len(self._sent) < count:
            await self._sent_one.wait()

    def clear(self) -> None:
        """Forget what was sent, and count from 1 again. Requests in flight stay in flight."""
        self._sent.clear()
        self._count = 0
        self._max_in_flight = self._in_flight

    async def record(
        self, operation: str, request: Request, send: Callable[[], Awaitable[Answer]]
    ) -> Answer:
        """Write a request down, and send it by `send`."""
        self._count += 1
        sent = Sent(self._count, operation, _copy(request))
        self._sent.append(sent)
        self._in_flight += 1
        self._max_in_flight = max(self._max_in_flight, self._in_flight)
        sent_one, self._sent_one = self._sent_one, anyio.Event()
        sent_one.set()
        try:
            answer = await send()
        except Exception as error:
            sent.state, sent.error = "failed", error
            raise
        except BaseException:
            sent.state = "cancelled"
            raise
        else:
            sent.state = "answered"
            return answer
        finally:
            self._in_flight -= 1


class _Recording(WrappedTransport):
    """The transport that the connection sees."""

    def __init__(self, recorder: Recorder, engine: Transport) -> None:
        super().__init__(engine)
        self._recorder = recorder

    def __repr__(self) -> str:
        return f"<{self.inner!r} with {self._recorder!r}>"

    async def send(self, operation: str, request: Request, /, *rest: Any) -> Answer:
        return await self._recorder.record(
            operation, request, lambda: self.inner.send(operation, request, *rest)
        )


def _copy(value: object) -> Any:
    """A deep copy of dicts and lists; values that can't change are shared."""
    if isinstance(value, Mapping):
        return {name: _copy(part) for name, part in cast("Mapping[str, object]", value).items()}
    if isinstance(value, list):
        return [_copy(part) for part in cast("list[object]", value)]
    return value if isinstance(value, str | bytes | int | float | None) else deepcopy(value)
