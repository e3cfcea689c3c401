"""`Operation`: the base of everything that a user builds, and sends by awaiting it."""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, TypeVar

from adorm.errors import MisusedExpression

if TYPE_CHECKING:
    from adorm.items.binding import Binding, Connection
    from adorm.items.plan import Plan

ResultT_co = TypeVar("ResultT_co", covariant=True)


class Operation(Generic[ResultT_co]):
    """A request, or several, to be sent by `await`.

    Immutable: each clause returns a new one, and awaiting it twice sends it twice.
    """

    __slots__ = ()

    only_reads: ClassVar[bool] = False
    """Whether it writes nothing, so that it can be stopped at any time."""

    def __await__(self) -> Generator[Any, None, ResultT_co]:
        return self._run().__await__()

    def run(self) -> Coroutine[Any, Any, ResultT_co]:
        """The operation as a coroutine, for functions that take no other awaitable:
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
        # without values, not even the key: a traceback or a log must not show what is stored
        name = f"{type(self).__name__} {self.model_name}".rstrip()
        return f"<{name}, not awaited>"

    if not TYPE_CHECKING:
        # Type checkers then report `if orders.exists(...)`, a truth test of what is always true.

        def __bool__(self) -> NoReturn:
            raise MisusedExpression(
                f"{self!r} was asked whether it is true before it was sent: write `await` before it"
            )

    def request(self) -> dict[str, Any]:
        """The exact request, as boto3's client takes it, without sending it. Of several requests it
        is the first one.

        Raises:
            UsageError: it can't be sent.
        """
        raise TypeError(f"{type(self).__name__} has no request")

    def explain(self) -> Plan:
        """How it will be carried out, and about what it costs, without sending it.

        Raises:
            UsageError: it can't be sent.
        """
        raise TypeError(f"{type(self).__name__} has no plan")
