"""What all batches have in common: chunks in flight, progress, what a failed chunk means, and the
one error at the end."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Literal, Self, TypeAlias, TypeVar

import attrs
from anyio.lowlevel import checkpoint

from adorm.batch.limits import DEFAULT_CONCURRENCY, MAX_CONCURRENCY
from adorm.concurrency.pool import OnFailure
from adorm.concurrency.report import fan_out_error
from adorm.errors import BadValue, BatchFailed, UsageError
from adorm.items.binding import Binding, Connection
from adorm.items.keys import Key, make_key
from adorm.items.operation import Retriable
from adorm.outcomes import Outcome, Progress

T = TypeVar("T")
ResultT = TypeVar("ResultT")

STEPS_A_TURN = 200
"""Keys or items that are built before other tasks run again: a few milliseconds."""

Report: TypeAlias = Callable[[Progress], object]
Decision: TypeAlias = Literal["stop", "continue"]
ChunkErrorHook: TypeAlias = Callable[[Outcome[Any]], Decision | Awaitable[Decision]]
"""Gets the outcome of a chunk that failed for good, says what becomes of the others. May be
async."""


@attrs.frozen(eq=False)
class BatchOptions:
    """How a batch is to be carried out."""

    concurrency: int = DEFAULT_CONCURRENCY
    report: Report | None = None
    hook: ChunkErrorHook | None = None
    collects_errors: bool = False


@attrs.define(eq=False, repr=False)
class Chunked(Retriable[ResultT]):
    """The clauses of everything that is done in chunks."""

    _course: BatchOptions = attrs.field(default=BatchOptions(), kw_only=True, alias="course")

    def concurrency(self, chunks: int, /) -> Self:
        """Have at most this many requests in flight.

        Raises:
            UsageError: it is no positive whole number.
        """
        return attrs.evolve(
            self, course=attrs.evolve(self._course, concurrency=checked_concurrency(chunks))
        )

    def on_progress(self, report: Report, /) -> Self:
        """Call this after each answer with a `Progress`: how many of all are done. What it raises
        ends the batch and leaves bare."""
        return attrs.evolve(self, course=attrs.evolve(self._course, report=report))

    def on_chunk_error(self, hook: ChunkErrorHook, /) -> Self:
        """Ask this, sync or async, about each chunk that failed for good: "stop" or "continue" with
        the others.

        It gets the chunk's `Outcome`. Where it always said "continue", nothing is raised, and the
        result has the `.errors`. What it raises itself ends the batch and leaves bare.
        """
        return attrs.evolve(self, course=attrs.evolve(self._course, hook=hook))

    def collect_errors(self) -> Self:
        """Try everything and raise nothing: the result's `.errors` tells what failed,
        `.unprocessed` what was not done."""
        return attrs.evolve(self, course=attrs.evolve(self._course, collects_errors=True))


def checked_concurrency(chunks: int) -> int:
    """A number of requests in flight.

    Raises:
        UsageError: it is no positive whole number.
    """
    if (
        isinstance(chunks, bool)
        or not isinstance(chunks, int)  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
        or not 1 <= chunks <= MAX_CONCURRENCY
    ):
        raise UsageError(
            f"concurrency is how many requests are in flight at most, 1 to {MAX_CONCURRENCY:,}, not {chunks!r}"
        )
    return chunks


class BatchRun:
    """One run of a batch, as its caller hears of it."""

    def __init__(
        self,
        connection: Connection,
        course: BatchOptions,
        *,
        total: int | None,
        on_failure: Literal["stop", "drain"],
    ) -> None:
        self._clock = connection.clock
        self._course = course
        self._total = total
        self._on_failure: OnFailure = on_failure
        self._started_s = self._clock.monotonic()
        self._refused = False
        self._done = 0
        self.intruder: Exception | None = None
        """What the caller's own function raised."""

    async def note(self, count: int) -> None:
        """Tell of so many more that are done."""
        self._done += count
        report = self._course.report
        if report is None or not count or self.intruder is not None:
            return
        try:
            told = report(
                Progress(self._done, self._total, self._clock.monotonic() - self._started_s)
            )
            if inspect.isawaitable(told):
                await told
        except Exception as error:
            self.intruder = error
            raise

    async def decide(self, outcome: Outcome[Any]) -> OnFailure:
        """What the failure of a chunk means for the others."""
        if self.intruder is not None:
            return self._on_failure
        hook = self._course.hook
        if hook is None:
            return "continue" if self._course.collects_errors else self._on_failure
        try:
            decision = hook(outcome)
            if inspect.isawaitable(decision):
                decision = await decision
            if decision not in ("stop", "continue"):
                raise UsageError(
                    f'the hook of on_chunk_error() answers "stop" or "continue", not {decision!r}'
                )
        except Exception as error:  # noqa: BLE001  # the caller's own: it leaves when all tasks have ended
            self.intruder = error
            return self._on_failure
        if decision == "continue":
            return "continue"
        self._refused = True
        return self._on_failure

    def check(
        self, what: str, errors: Sequence[Exception], outcomes: Sequence[Outcome[Any]], result: Any
    ) -> None:
        """Raise what is to be raised at the end.

        Raises:
            BatchFailed, DeadlineExceeded: chunks failed; `result` and the outcomes are in it.
            UsageError: all that went wrong is the caller's mistake.
        """
        if self.intruder is not None:
            raise self.intruder
        raises = self._refused if self._course.hook is not None else bool(errors)
        if errors and raises and not self._course.collects_errors:
            raise fan_out_error(
                BatchFailed,
                what,
                outcomes,
                errors=errors,
                parts="chunks",
                mistake_alone=True,
                result=result,
            )


def chunk_outcomes(count: int, value: Callable[[], T]) -> list[Outcome[T]]:
    """One for each chunk, in order."""
    return [Outcome(f"chunk {number} of {count:,}", value()) for number in range(1, count + 1)]


def split(
    things: Sequence[T], most: int, sizes: Sequence[int] | None = None, most_bytes: int = 0
) -> list[Sequence[T]]:
    """Parts of `most` things, in order, and of no more than `most_bytes` where `sizes` are given;
    the last may be smaller."""
    if sizes is None:
        return [things[start : start + most] for start in range(0, len(things), most)]
    parts: list[Sequence[T]] = []
    start = size = 0
    for position, more in enumerate(sizes):
        size += more
        if position - start == most or (position > start and size > most_bytes):
            parts.append(things[start:position])
            start, size = position, more
    if start < len(things):
        parts.append(things[start:])
    return parts


async def take_turns(steps: Iterable[object]) -> None:
    """Do many small steps of computing, letting other tasks run now and then."""
    for number, _ in enumerate(steps, start=1):
        if number % STEPS_A_TURN == 0:
            await checkpoint()


def placed(what: str, number: int, total: int | None, error: UsageError) -> UsageError:
    """The same error, telling which of many it is about: `key 57 of 1,000: ...`."""
    kind = BadValue if isinstance(error, BadValue) else UsageError
    return kind(f"{what} {number:,}{'' if total is None else f' of {total:,}'}: {error}")


def listed(what: str, given: Iterable[T]) -> list[T]:
    """All that was given.

    Raises:
        UsageError: it is nothing to go through, or text, whose letters would be taken one by one.
    """
    if isinstance(given, str | bytes | Key) or not isinstance(given, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
        raise UsageError(
            f"{what} is a list or another iterable, not {given!r}: put a single one into a list"
        )
    return list(given)


def listed_keys(binding: Binding, given: Iterable[object]) -> list[Any]:
    """The keys, each given as a `Key`, a tuple or a bare value: the tuples as they are, and of all
    others a `Key`.

    Raises:
        UsageError: one has the wrong shape; it is named by its place.
    """
    info = binding.info
    keys: list[Any] = listed("keys", given)
    parts = len(info.key_fields)
    for index, value in enumerate(keys):
        if value.__class__ is not tuple or len(value) != parts:
            try:
                keys[index] = make_key(info, value)
            except UsageError as error:
                raise placed("key", index + 1, len(keys), error) from error
    return keys
