"""`@adorm.lambda_handler`: Lambda's synchronous entry point to an async handler, with loop and
connections kept warm.

How Lambda's time is spent, for a reserve of 500 ms (every time is a share of the reserve):

    Lambda's time left                 ──────────────────────────────────────────────────────┐
    calls of adorm fail     500 ms before the limit: a handler that catches this can answer  │
    the handler is cancelled, 450 ms before                                                  │
    ... once more, 325 ms before                                                             │
    it is given up, 200 ms before: the loop is thrown away                                   │
    what it left behind is cancelled, until 125 ms before                                    │
    the answer is on its way                                                                ─┘
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import (
    TYPE_CHECKING,
    Any,
    Protocol,
    TypedDict,
    TypeVar,
    Unpack,
    cast,
    overload,
    runtime_checkable,
)

from adorm.aws_lambda.invocations import Connect, Invocations
from adorm.database import Database

T = TypeVar("T")
EventT = TypeVar("EventT")
ContextT = TypeVar("ContextT")
T_co = TypeVar("T_co", covariant=True)
EventT_contra = TypeVar("EventT_contra", contravariant=True)
ContextT_contra = TypeVar("ContextT_contra", contravariant=True)

_POSITIONAL = inspect.Parameter.POSITIONAL_OR_KEYWORD
_SIGNATURE = inspect.Signature([inspect.Parameter(n, _POSITIONAL) for n in ("event", "context")])


@runtime_checkable
class LambdaHandler(Protocol[EventT_contra, ContextT_contra, T_co]):
    """Lambda's entry point to an async handler, made by `@adorm.lambda_handler`.

    It is a plain function with these attributes, because decorators of other libraries need one.
    `handler(event, context)` runs one invocation.
    """

    __name__: str
    __qualname__: str

    @property
    def __wrapped__(self) -> Callable[[EventT_contra, ContextT_contra, Database], Awaitable[T_co]]:
        """The async function, for tests: `await handler.__wrapped__(event, context, db)`."""
        ...

    def __call__(self, event: EventT_contra, context: ContextT_contra) -> T_co:
        """Run the handler for one event, and return its result.

        Raises:
            DeadlineExceeded: too little time is left to begin, or the time was over before the
                handler had ended.
            UsageError: called inside a running event loop, or while another thread runs an
                invocation.
            Exception: whatever the handler raises.
        """
        ...

    def close(self) -> None:
        """Close connections and event loop, for tests and scripts; Lambda never does. The next
        invocation makes new ones.

        Raises:
            UsageError: as for a call of the handler.
        """
        ...


def entry_point(
    function: Callable[[EventT, ContextT, Database], Awaitable[T]],
    invocations: Invocations[EventT, ContextT, T],
) -> LambdaHandler[EventT, ContextT, T]:
    """The plain function that Lambda calls.

    Decorators of other libraries ask `inspect.isfunction`, and copy the attributes of what they
    wrap: a handler decorated by them has `close` and `__wrapped__` too.
    """

    def handler(event: EventT, context: ContextT) -> T:
        return invocations.run(event, context)

    made: Any = handler
    functools.update_wrapper(made, cast("Callable[..., Any]", function), updated=())
    if not hasattr(function, "__name__"):
        made.__name__ = made.__qualname__ = type(function).__name__
    # Those of the async function are about its three parameters.
    made.__annotations__ = {}
    made.__signature__ = _SIGNATURE
    made.close = invocations.close
    made.invocations = invocations
    return cast("LambdaHandler[EventT, ContextT, T]", made)


if TYPE_CHECKING:  # only checkers read it

    class LambdaOptions(TypedDict, total=False):
        """The options of `lambda_handler`."""

        models: Sequence[type[Any]]
        reserve_ms: int
        connect: Connect | None
        warm_up: bool | None


@overload
def lambda_handler(
    function: Callable[[EventT, ContextT, Database], Awaitable[T]], /
) -> LambdaHandler[EventT, ContextT, T]: ...
@overload
def lambda_handler(
    **options: Unpack[LambdaOptions],
) -> Callable[
    [Callable[[EventT, ContextT, Database], Awaitable[T]]], LambdaHandler[EventT, ContextT, T]
]: ...
def lambda_handler(
    function: Callable[[Any, Any, Database], Awaitable[Any]] | None = None,
    /,
    **options: Unpack[LambdaOptions],
) -> Any:
    """Make Lambda's entry point `(event, context)` of an async handler `(event, context, db)`.

    ::

        @adorm.lambda_handler(models=[Order])
        async def handler(event, context, db):
            return await db.table(Order).get(event["customer"], event["order"])

    Loop, connections and database are kept from one invocation to the next, also when one fails or
    comes to its deadline. The deadline is Lambda's time left
    (`context.get_remaining_time_in_millis()`) less the reserve: there adorm's calls raise
    `DeadlineExceeded`; a tenth of the reserve later all that the handler does is cancelled, and
    `DeadlineExceeded` is raised while there is time to answer. A handler that goes on in spite of
    it is given up in the middle of the reserve, and loop and connections with it. Without such a
    context, as in local runs, there is no deadline.

    Tasks that the handler leaves behind are logged by name and cancelled, async generators
    finalised: nothing runs on in the next invocation. Above it may stand decorators for sync
    handlers, as those of Powertools.

    Args:
        models: whose metadata and codecs are made in Lambda's init phase.
        reserve_ms: milliseconds of Lambda's time for cancelling, cleaning up, and answering; 500 by
            default.
        connect: options for `adorm.connect`, or a function, async or not, that makes a new database
            each time; `adorm.connect()` by default.
        warm_up: whether, inside Lambda, the decorator prepares models, credentials and one
            connection, in 3 s at most; a failure is logged and no more. None, the default: unless
            `_HANDLER` names something else in the same module.

    Raises:
        UsageError: a bad option, or a function of another shape.
    """

    def decorate(
        function: Callable[[Any, Any, Database], Awaitable[Any]],
    ) -> LambdaHandler[Any, Any, Any]:
        return entry_point(function, Invocations(function, **options))

    return decorate if function is None else decorate(function)
