"""What is common to everything that can be awaited."""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, Self, TypeVar

import attrs

from adorm.errors import MisusedExpression

if TYPE_CHECKING:
    from adorm.items.binding import Binding, Connection
    from adorm.items.plan import Plan
    from adorm.retry import RetryPolicy

ResultT = TypeVar("ResultT")
ResultT_co = TypeVar("ResultT_co", covariant=True)


class Operation(Generic[ResultT_co]):
    """Something to be sent. Immutable: a clause returns a new one, and awaiting twice sends
    twice."""

    __slots__ = ()

    only_reads: ClassVar[bool] = False
    """Whether it writes nothing, so that it can be stopped at any time."""

    def __await__(self) -> Generator[Any, None, ResultT_co]:
        return self._run().__await__()

    def run(self) -> Coroutine[Any, Any, ResultT_co]:
        """The same as a coroutine, which `create_task` of asyncio asks for:
        `group.create_task(orders.get("c1", "o1").run())`."""
        return self._run()

    async def _run(self) -> ResultT_co:
        raise TypeError(f"{type(self).__name__} can't be sent")

    @property
    def model_name(self) -> str:
        """The name of the model that it reads or writes; empty where it is about several."""
        return ""

    @property
    def connection(self) -> Connection | None:
        """The database that sends it; None where it is about several tables."""
        binding: Binding | None = getattr(self, "_binding", None)
        return None if binding is None else binding.connection

    def __repr__(self) -> str:
        # No values, keys included: an operation in a traceback or a log must not tell what is
        # stored.
        name = f"{type(self).__name__} {self.model_name}".rstrip()
        return f"<{name}, not awaited>"

    def __bool__(self) -> NoReturn:
        raise MisusedExpression(
            f"{self!r} was asked whether it is true before it was sent: write `await` before it"
        )

    def request(self) -> dict[str, Any]:
        """The exact DynamoDB request, as boto3's client takes it, without sending it; the first
        one, where it takes several.

        Raises:
            UsageError: what would be refused before sending.
        """
        raise TypeError(f"{type(self).__name__} has no request")

    def explain(self) -> Plan:
        """What will be asked of DynamoDB, and about what it costs.

        Raises:
            UsageError: what would be refused before sending.
        """
        raise TypeError(f"{type(self).__name__} has no plan")


@attrs.define(eq=False, repr=False)
class Retriable(Operation[ResultT]):
    """An operation whose retry policy can be its own."""

    _retry: RetryPolicy | None = attrs.field(default=None, kw_only=True, alias="retry")

    def retry(self, policy: RetryPolicy, /) -> Self:
        """Use this policy in the place of the database's."""
        return attrs.evolve(self, retry=policy)
