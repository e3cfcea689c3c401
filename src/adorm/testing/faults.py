"""Faults on demand: throttles, lost answers, delays, cancellations, at the requests a test names.

Faults happen between adorm and the engine. So everything that adorm does about them (retries,
waits, deadlines, errors) is real, and a request that does not reach the engine is not applied.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from random import Random
from typing import TypeVar

import anyio
import attrs
from anyio.lowlevel import checkpoint

from adorm.clock import current_clock
from adorm.errors import ConnectionFailed, UsageError
from adorm.testing.attempts import (
    UNPROCESSED,
    Action,
    Attempt,
    Cancellable,
    FaultyTransport,
    When,
    cancel,
    how_many,
    lose,
    pause,
    send_in_part,
)
from adorm.transport.base import Answer, Request, Transport
from adorm.transport.errors import service_error

INJECTED = "injected by adorm.testing.Faults"
FaultT = TypeVar("FaultT", bound="Fault")


class Fault:
    """A scripted fault, and how often it has happened."""

    def __init__(self, occasion: Occasion, what: str, action: Action) -> None:
        self._occasion = occasion
        self._what = what
        self._action = action
        self._missing = set(occasion.calls or ())
        self.seen = 0
        """How many requests of its operations there were that `matching` accepted."""
        self.fired = 0
        """How often it happened."""

    def __repr__(self) -> str:
        return f"<Fault {self._occasion.name}: {self._what}, fired {self.fired} of {self.seen}>"

    @property
    def used(self) -> bool:
        """Whether it happened at every call number that it was scripted for, or at least once."""
        return self.fired > 0 and not self._missing

    def meet(self, operation: str, request: Request) -> int | None:
        """Count a request; gives its number where the fault happens to it."""
        if not self._occasion.covers(operation, request):
            return None
        self.seen += 1
        calls = self._occasion.calls
        return self.seen if calls is None or self.seen in calls else None

    async def happen(self, attempt: Attempt, call: int) -> Answer:
        """Make it happen to the attempt that `meet` counted as number `call`."""
        self.fired += 1
        self._missing.discard(call)
        return await self._action(attempt)


class Hold(Fault):
    """Requests that wait until they are let go."""

    def __init__(self, occasion: Occasion, what: str, *, applied: bool) -> None:
        super().__init__(
            occasion, what, lambda attempt: pause(attempt, self._wait, applied=applied)
        )
        self._released = anyio.Event()
        self._arrived = anyio.Event()
        self._arrivals = 0
        self.waiting = 0
        """How many requests are held now."""

    async def reached(self, count: int = 1) -> None:
        """Wait until `count` requests have come here, counted from the beginning."""
        while self._arrivals < count:
            await self._arrived.wait()

    def release(self) -> None:
        """Let all held requests go on; from now on none is held."""
        self._released.set()

    async def _wait(self) -> None:
        self._arrivals += 1
        self.waiting += 1
        arrived, self._arrived = self._arrived, anyio.Event()
        arrived.set()
        try:
            await self._released.wait()
        finally:
            self.waiting -= 1


@attrs.frozen
class Occasion:
    """When a fault happens, from `faults.on(...)`; its methods say which fault.

    Each call of a method scripts one fault, which counts requests by itself.
    """

    _faults: Faults
    operations: tuple[str, ...]
    """Empty for all."""
    calls: frozenset[int] | None
    """None for every call."""
    _matching: Callable[[Request], bool] | None = None

    @property
    def name(self) -> str:
        """`PutItem, call 2`."""
        which = " or ".join(self.operations) or "any operation"
        calls = ", ".join(map(str, sorted(self.calls or ())))
        return f"{which}, call {calls}" if calls else which

    def covers(self, operation: str, request: Request) -> bool:
        """Whether the operation is one of these, and the request matches."""
        return (not self.operations or operation in self.operations) and (
            self._matching is None or self._matching(request)
        )

    def throttle(self, *, retry_after_s: float | None = None) -> Fault:
        """Refuse it as DynamoDB does when capacity runs out: `Throttled`, not applied.

        `retry_after_s` is the server's hint, in seconds.
        """
        return self._refusal(
            "throttle", "ProvisionedThroughputExceededException", 400, retry_after_s=retry_after_s
        )

    def server_error(self, *, applied: bool = False) -> Fault:
        """Answer with a 500, `InternalServerError`: adorm can't know whether a write was applied.

        `applied` says whether it really is.
        """
        return self._refusal(
            f"500, {_applied_text(applied)}", "InternalServerError", 500, applied=applied
        )

    def refuse(
        self, code: str, *, status: int = 400, message: str = INJECTED, reasons: Sequence[str] = ()
    ) -> Fault:
        """Answer with an error of DynamoDB's by its code: `"ValidationException"`; not applied.

        `reasons` are the codes of a `TransactionCanceledException`, one for each operation:
        `["None", "TransactionConflict"]`.
        """
        return self._refusal(f"refuse with {code}", code, status, message=message, reasons=reasons)

    def unreachable(self) -> Fault:
        """Fail as when no connection can be made: `ConnectionFailed`, certainly not applied
        (`maybe_applied` False)."""

        async def action(_attempt: Attempt) -> Answer:
            await checkpoint()
            raise ConnectionFailed(f"no connection ({INJECTED})", maybe_applied=False)

        return self._add("unreachable", action)

    def drop(self, *, applied: bool) -> Fault:
        """Lose the request (`applied=False`) or the answer (`applied=True`).

        To adorm both are the same `ConnectionFailed` with `maybe_applied` True. With `applied=True`
        the engine's own errors are lost too.
        """

        async def action(attempt: Attempt) -> Answer:
            await lose(attempt, applied=applied)
            raise ConnectionFailed(
                f"the connection closed before the answer ({INJECTED})", maybe_applied=True
            )

        return self._add(f"drop the {'answer' if applied else 'request'}", action)

    def delay(self, delay_s: float, *, applied: bool = False) -> Fault:
        """Wait `delay_s` seconds, by the database's clock, before the request is sent.

        With `applied=True` wait before the answer instead.
        """
        return self._add(
            f"delay by {delay_s:g} s",
            lambda attempt: pause(attempt, lambda: attempt.clock.sleep(delay_s), applied=applied),
        )

    def hold(self, *, applied: bool = False) -> Hold:
        """Hold the request until `release()`, for tests of deadlines and cancellation.

        With `applied=True` hold the answer instead.
        """
        return self._faults.add(Hold(self, f"hold, {_applied_text(applied)}", applied=applied))

    def unprocessed(
        self, *, share: float | None = None, count: int | None = None, all_but: int | None = None
    ) -> Fault:
        """Leave a part of a BatchGetItem or BatchWriteItem unprocessed: neither read nor written.

        Of the keys or items of each request: `share` leaves that part of them, rounded down, so
        that the last one is processed (1.0 leaves all); `count` leaves so many, or all there are;
        `all_but` leaves all but so many. `Faults(seed=...)` chooses which ones. After `on()`
        without an operation only batches count.

        Raises:
            UsageError: not exactly one of the three, one out of its range, or an operation that
                leaves nothing unprocessed.
        """
        others = [operation for operation in self.operations if operation not in UNPROCESSED]
        if others:
            raise UsageError(
                f"{others[0]} leaves nothing unprocessed, only {' and '.join(UNPROCESSED)} do"
            )
        size, random = how_many(share, count, all_but), self._faults.random
        batches = attrs.evolve(self, operations=self.operations or tuple(UNPROCESSED))
        given = {"share": share, "count": count, "all_but": all_but}
        how = next(f"{name}={value}" for name, value in given.items() if value is not None)

        async def action(attempt: Attempt) -> Answer:
            await checkpoint()
            return await send_in_part(
                attempt.operation, attempt.request, attempt.send, size, random
            )

        return self._faults.add(Fault(batches, f"unprocessed {how}", action))

    def cancel(self, target: Cancellable | None = None, *, when: When = "during") -> Fault:
        """Cancel the caller: before the request is sent, while it waits for its answer, or after it
        was applied.

        `target` is what is cancelled: an `anyio.CancelScope` or an `asyncio.Task` around the call.
        Without one it is the task that sends the request, by `Task.cancel()`; in a parallel scan or
        batch that is a task of adorm's own, so name a target there.

        The request waits until the cancellation has reached it. Where it does not, because the
        request is shielded or the target is not around it, the request goes on after some turns of
        the loop.
        """
        return self._add(f"cancel {when}", lambda attempt: cancel(attempt, target, when))

    def run(self, action: Action, /) -> Fault:
        """A fault of your own: an async function that gets the `Attempt` and answers, raises, or
        returns `await attempt.send()`.

        It raises errors as a transport does: `adorm.ConnectionFailed`, or a `ServiceError` such as
        `refuse()` makes.
        """
        return self._add(getattr(action, "__name__", "run"), action)

    def _refusal(
        self,
        what: str,
        code: str,
        status: int,
        *,
        message: str = INJECTED,
        applied: bool = False,
        reasons: Sequence[str] = (),
        retry_after_s: float | None = None,
    ) -> Fault:
        async def action(attempt: Attempt) -> Answer:
            await lose(attempt, applied=applied)
            body: dict[str, object] = {
                "__type": f"com.amazonaws.dynamodb.v20120810#{code}",
                "message": message,
            }
            if reasons:
                body["CancellationReasons"] = [{"Code": reason} for reason in reasons]
            raise service_error(
                body, operation=attempt.operation, status=status, retry_after_s=retry_after_s
            )

        return self._add(what, action)

    def _add(self, what: str, action: Action) -> Fault:
        return self._faults.add(Fault(self, what, action))


class Faults:
    """Scripts what goes wrong, by operation and call number.

    ::

        faults = adorm.testing.Faults()
        db = adorm.connect("memory", wrap=faults)
        faults.on("PutItem", call=2).throttle()  # the second from here on, once
        faults.on("BatchGetItem").unprocessed(share=0.3)  # every one
        faults.on(call=5).cancel()  # the fifth request of all
        ...
        faults.assert_all_used()

    Every request counts, so a retry is a call of its own. Faults on the same request happen in the
    order in which they were scripted, each around the next: a delay and then a throttle, say; one
    that answers or raises keeps the later ones from it.

    One object may be given to several connections; they count together.
    """

    def __init__(self, *, seed: int = 0) -> None:
        """No faults yet. The same `seed` and the same order of requests give the same random
        choices."""
        self.random = Random(seed)  # noqa: S311  # repeatable, not secret
        self._scripted: list[Fault] = []

    def __repr__(self) -> str:
        return f"<Faults {self._scripted!r}>"

    def __call__(self, engine: Transport, /) -> Transport:
        """Stand before an engine: what `connect(wrap=...)` calls."""
        return FaultyTransport(engine, self.met, current_clock(), faults=self)

    def on(
        self,
        *operations: str,
        call: int | Collection[int] | None = None,
        matching: Callable[[Request], bool] | None = None,
    ) -> Occasion:
        """When it happens: on these operations (`"PutItem"`, none for all), at this call or these
        calls (none for every one).

        `call` is a number or several, `range(1, 4)`; 1 is the first from here on. Requests for
        which `matching` gives False are not counted and pass:
        `matching=lambda request: request.get("Segment") == 3`.

        Raises:
            UsageError: a name that can't be an operation's, or a call number below 1.
        """
        for operation in operations:
            if not operation.isalnum() or not operation[0].isupper():
                raise UsageError(
                    f"{operation!r} is no operation of DynamoDB's: "
                    'these are written "PutItem", "BatchGetItem"'
                )
        numbers = {call} if isinstance(call, int) else call
        calls = None if numbers is None else frozenset(numbers)
        if calls is not None and (not calls or min(calls) < 1):
            raise UsageError(
                f"call={call!r}: calls are counted from 1; leave it out for every call"
            )
        return Occasion(self, operations, calls, matching)

    def add(self, fault: FaultT) -> FaultT:
        """Add a fault that was made without `on(...)`."""
        self._scripted.append(fault)
        return fault

    def clear(self) -> None:
        """Forget every fault. A request that a fault holds or delays stays with it."""
        self._scripted.clear()

    def met(self, operation: str, request: Request) -> list[Action]:
        """Count a request; gives what happens to it, in the order of scripting."""
        numbered = [(fault, fault.meet(operation, request)) for fault in self._scripted]
        return [partial(fault.happen, call=call) for fault, call in numbered if call is not None]

    def assert_all_used(self) -> None:
        """Check that every fault happened, and at every call number that it was scripted for.

        Raises:
            AssertionError: names those that did not.
        """
        unused = [fault for fault in self._scripted if not fault.used]
        if unused:
            raise AssertionError(
                f"{len(unused)} of {len(self._scripted)} faults did not happen as scripted: "
                f"{unused!r}"
            )


def _applied_text(applied: bool) -> str:
    return "applied" if applied else "not applied"
