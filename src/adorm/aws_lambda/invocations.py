"""The invocations of one Lambda handler, and the loop and database that it keeps between them."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import os
import threading
import time
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from typing import Any, Generic, TypeAlias, TypeVar, cast

from adorm.aws_lambda import figures
from adorm.aws_lambda.leftovers import end_what_is_left
from adorm.aws_lambda.loop import Bounds, GivenUp, OwnLoop, PastDeadline
from adorm.aws_lambda.warm_up import (
    WARM_UP_LIMIT_S,
    WarmUp,
    in_one_line,
    inside_lambda,
    is_entry_point,
    register_hooks,
    reseed,
)
from adorm.checks import count
from adorm.connecting import connect as connect_database
from adorm.database import Database
from adorm.deadlines import deadline
from adorm.errors import DeadlineExceeded, UsageError

T = TypeVar("T")

Connect: TypeAlias = Mapping[str, object] | Callable[[], Database | Awaitable[Database]]
"""Options of `adorm.connect`, or a function that makes a database."""


def checked_function(function: Callable[..., T]) -> Callable[..., T]:
    """Refuse a handler that can't be called with (event, context, db); gives it back."""
    given: object = function
    if not callable(given) or inspect.isclass(given) or inspect.isasyncgenfunction(given):
        raise UsageError(
            "@adorm.lambda_handler stands above `async def handler(event, context, db)`, not "
            f"{given!r}"
        )
    try:
        inspect.signature(given, follow_wrapped=False).bind(None, None, None)
    except TypeError as error:
        raise UsageError(
            f"the handler {getattr(given, '__qualname__', given)!s} has to take (event, context, "
            f"db): {error}"
        ) from error
    except ValueError:
        pass  # it does not tell its parameters
    return function


def checked_models(models: Sequence[type[Any]]) -> tuple[type[Any], ...]:
    """Refuse what is no list of classes; gives them as a tuple."""
    # unchecked callers
    if isinstance(models, str) or not isinstance(cast("object", models), Sequence):
        raise UsageError(
            f"lambda_handler(models=...) takes a list of model classes, not {type(models).__name__}"
        )
    for each in models:
        # unchecked callers
        if not isinstance(each, type):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UsageError(f"lambda_handler(models=...) takes model classes, not {each!r}")
    return tuple(models)


def connected(options: Mapping[str, object] | None) -> Database:
    """A database by the options; nothing is sent or looked up yet."""
    # unchecked callers
    if options is not None and not isinstance(cast("object", options), Mapping):
        raise UsageError(
            "lambda_handler(connect=...) takes options of adorm.connect as a dict, or a "
            f"function, not {type(options).__name__}"
        )
    try:
        return connect_database(**cast("dict[str, Any]", dict(options or {})))
    except TypeError as error:
        raise UsageError(f"lambda_handler(connect=...): {error}") from error


T_co = TypeVar("T_co", covariant=True)
EventT_contra = TypeVar("EventT_contra", contravariant=True)
ContextT_contra = TypeVar("ContextT_contra", contravariant=True)

logger = logging.getLogger("adorm")

CANCEL_AT, GIVE_UP_AT, TIDY_UNTIL = 0.1, 0.6, 0.75
"""When the handler is cancelled, when it is given up, and until when the rest is ended, as shares
of the reserve. The docstring of `adorm.lambda_runtime` draws them."""

TIDY_LIMIT_S = 1.0
"""The longest time for ending what a handler left behind."""

LEAST_GRACE_S = 0.01
"""The shortest time between cancelling and giving up, however small the reserve."""


class Invocations(Generic[EventT_contra, ContextT_contra, T_co]):
    """Runs the invocations of one handler, and keeps loop and database between them.

    Its arguments are those of `lambda_handler`.
    """

    def __init__(
        self,
        function: Callable[[EventT_contra, ContextT_contra, Database], Awaitable[T_co]],
        *,
        models: Sequence[type[Any]] = (),
        reserve_ms: int = 500,
        connect: Connect | None = None,
        warm_up: bool | None = None,
    ) -> None:
        self._function = checked_function(function)
        self._name = str(getattr(function, "__name__", type(function).__name__))
        self._models = checked_models(models)
        self._reserve_s = count("lambda_handler(reserve_ms=...)", reserve_ms, least=0) / 1000
        self._connect = connect
        self._loop: OwnLoop | None = None
        self._db: Database | None = None if callable(connect) else connected(connect)
        self._idle_since_s: float | None = None
        self._busy = threading.Lock()
        figures.note_imports()
        register_hooks(self._before_snapshot, self._after_restore, os.environ)
        if inside_lambda(os.environ) and (
            is_entry_point(function, os.environ) if warm_up is None else warm_up
        ):
            self._warm_up()

    # ---- one invocation

    def run(self, event: EventT_contra, context: ContextT_contra) -> T_co:
        """One invocation, as `LambdaHandler.__call__` says."""
        with self._alone():
            began_s = time.monotonic()
            budget_s = self._budget_s(context)
            loop = self._usable_loop()
            bounds = None
            if budget_s is not None:
                cancel_s = budget_s + CANCEL_AT * self._reserve_s
                bounds = Bounds(
                    cancel_s, max(cancel_s + LEAST_GRACE_S, budget_s + GIVE_UP_AT * self._reserve_s)
                )
            try:
                return loop.run(self._handle(event, context, budget_s), bounds)
            except PastDeadline as error:
                raise self._exceeded("it was cancelled") from error.__cause__
            except GivenUp:
                logger.error(  # noqa: TRY400  # its traceback would be of this module
                    "the handler ignores its cancellation: it is given up with its event loop and "
                    "connections, the next invocation gets new ones"
                )
                raise self._exceeded("as it ignored its cancellation, it was given up") from None
            finally:
                self._tidy(
                    loop,
                    None if budget_s is None else began_s + budget_s + TIDY_UNTIL * self._reserve_s,
                )
                if figures.is_first_call():
                    figures.note("first_call", time.monotonic() - began_s)

    async def _handle(
        self, event: EventT_contra, context: ContextT_contra, budget_s: float | None
    ) -> T_co:
        db = await self._database()
        self._freshen(db)
        if budget_s is None:
            return await self._answer(event, context, db)
        async with deadline(budget_s):
            return await self._answer(event, context, db)

    async def _answer(self, event: EventT_contra, context: ContextT_contra, db: Database) -> T_co:
        result = self._function(event, context, db)
        if not inspect.isawaitable(result):  # unchecked callers
            raise UsageError(
                f"{self._name} is no async function: @adorm.lambda_handler stands above `async def`"
            )
        return await result

    def _budget_s(self, context: object) -> float | None:
        """Seconds until the deadline; None where the context does not say."""
        ask: object = getattr(context, "get_remaining_time_in_millis", None)
        left_ms: object = ask() if callable(ask) else None
        if isinstance(left_ms, bool) or not isinstance(left_ms, int | float):
            return None
        budget_s = left_ms / 1000 - self._reserve_s
        if budget_s <= 0:
            raise DeadlineExceeded(
                f"{self._name} was not begun: {left_ms:g} ms are left of Lambda's time, and "
                f"{self._reserve_s * 1000:g} ms of it are the reserve (reserve_ms) for an answer; "
                "give the function a longer timeout, or a smaller reserve"
            )
        return budget_s

    def _exceeded(self, what: str) -> DeadlineExceeded:
        return DeadlineExceeded(
            f"{self._name} had not ended {self._reserve_s * 1000:g} ms before Lambda's limit, and "
            f"{what}. What it had written by then "
            "is written; give the function a longer timeout, or less to do at a time"
        )

    # ---- what is kept between invocations

    @contextlib.contextmanager
    def _alone(self) -> Generator[None, None, None]:
        if _in_a_loop():
            raise UsageError(
                f"{self._name} runs an event loop of its own, so it can't be called inside a "
                "running one: in tests, `await handler.__wrapped__(event, context, db)`"
            )
        if not self._busy.acquire(blocking=False):
            raise UsageError(
                f"{self._name} runs one invocation at a time, as Lambda does; another thread is "
                "in it"
            )
        try:
            yield
        finally:
            self._busy.release()

    def _usable_loop(self) -> OwnLoop:
        if self._loop is None:
            self._loop = OwnLoop()
        return self._loop

    async def _database(self) -> Database:
        if self._db is None or self._db.closed:
            connect = self._connect
            made = connect() if callable(connect) else connected(connect)
            if not isinstance(made, Database):
                made = await made if inspect.isawaitable(made) else made
            if not isinstance(cast("object", made), Database):  # unchecked callers
                raise UsageError(
                    f"connect= of {self._name} gave {type(made).__name__}, not a database as "
                    "adorm.connect() makes it"
                )
            self._db = made
        return self._db

    def _freshen(self, db: Database) -> None:
        """Close the connections that were idle for too long by the time of day.

        The pool counts on the loop's clock, which may stand still while Lambda has the process
        frozen. If a connection was ended during that time, the packets that say so never arrived:
        the connection looks open, and a request on it would wait in vain.
        """
        idle_since_s, self._idle_since_s = self._idle_since_s, None
        if idle_since_s is not None:
            # Not at the top: it is loaded with the connection, in the init phase.
            from adorm.transport.wire.pool import IDLE_LIMIT_S

            if not 0 <= db.clock.now().timestamp() - idle_since_s <= IDLE_LIMIT_S:
                db.drop_idle_connections()

    def _tidy(self, loop: OwnLoop, until_s: float | None) -> None:
        try:
            if loop.usable:
                left_s = TIDY_LIMIT_S if until_s is None else until_s - time.monotonic()
                end_what_is_left(loop, min(TIDY_LIMIT_S, max(LEAST_GRACE_S, left_s)))
        finally:  # a task may raise SystemExit as it is cancelled
            if not loop.usable:
                db, self._loop, self._db = self._db, None, None
                loop.close(None if db is None else db.close())
        if self._db is not None:
            self._idle_since_s = self._db.clock.now().timestamp()

    def close(self) -> None:
        """As `LambdaHandler.close` says."""
        with self._alone():
            loop, self._loop = self._loop, None
            db, self._db = self._db, None
            if loop is None:
                return
            loop.close(None if db is None else db.close())

    # ---- before the first invocation

    def _warm_up(self) -> None:
        work = WarmUp(self._database, self._models)
        try:
            with self._alone():
                loop = self._usable_loop()
                try:
                    loop.run(work.run(), Bounds(WARM_UP_LIMIT_S, WARM_UP_LIMIT_S + 0.5))
                finally:
                    self._tidy(loop, None)
        except (PastDeadline, GivenUp):
            logger.warning(
                "the warm-up took longer than %g s, the first invocation goes on from there: it "
                "was ended while %s",
                WARM_UP_LIMIT_S,
                work.phase,
            )
        # also of connect=, or of an engine: the init phase goes on
        except Exception as error:  # noqa: BLE001
            logger.warning(
                "the warm-up failed, the first invocation tries again: %s, while %s",
                in_one_line(error),
                work.phase,
            )

    def _before_snapshot(self) -> None:
        if self._db is not None and self._loop is not None:
            self._loop.run(_without_connections(self._db), Bounds(1.0, 1.5))

    def _after_restore(self) -> None:
        reseed()
        self._idle_since_s = None
        if self._db is not None:
            self._db.drop_idle_connections()
            self._db.forget_credentials()


def _in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _without_connections(db: Database) -> None:
    db.drop_idle_connections()
    for _ in range(3):
        await asyncio.sleep(0)  # a socket is closed a turn after its connection, TLS takes one more
