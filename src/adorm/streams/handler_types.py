"""The types of handlers, for type checkers: which arguments a handler takes, and may leave out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from adorm.aws_lambda.batches.handler import AsyncFunction
from adorm.streams.change import StreamChange
from adorm.streams.record import StreamRecord

if TYPE_CHECKING:
    from adorm.database import Database

ImageT = TypeVar("ImageT")
ModelT = TypeVar("ModelT", bound=Any)


if TYPE_CHECKING:
    T1 = TypeVar("T1")
    T2 = TypeVar("T2")
    T3 = TypeVar("T3")
    T4 = TypeVar("T4")
    # Handlers of one to four arguments, and those of batches.
    Function1 = Callable[[T1], Awaitable[object]]
    Function2 = Callable[[T1, T2], Awaitable[object]]
    Function3 = Callable[[T1, T2, T3], Awaitable[object]]
    Function4 = Callable[[T1, T2, T3, T4], Awaitable[object]]
    Failed = Awaitable[Iterable[StreamChange[ModelT]] | None]
    BatchFunction1 = Callable[[Sequence[StreamChange[ModelT]]], Failed[ModelT]]
    BatchFunction2 = Callable[[Sequence[StreamChange[ModelT]], Database], Failed[ModelT]]

    Fallback = Function1[StreamRecord] | Function2[StreamRecord, Database]
    """Takes what no typed handler takes: `async def changes(record, db)`, or without `db`."""


class _Decorator:
    """Registers the function that it decorates, and returns it."""

    def __init__(self, register: Callable[[AsyncFunction], None]) -> None:
        self._register = register

    def __call__(self, function: Any, /) -> Any:
        self._register(function)
        return function


class OneImage(_Decorator, Generic[ImageT, ModelT]):
    """Decorates `async def handler(item, change, db)`, which may leave out `change` and `db`."""

    if TYPE_CHECKING:

        @overload
        def __call__(self, function: Function1[ImageT], /) -> Function1[ImageT]: ...
        @overload
        def __call__(
            self, function: Function2[ImageT, StreamChange[ModelT]], /
        ) -> Function2[ImageT, StreamChange[ModelT]]: ...
        @overload
        def __call__(
            self, function: Function3[ImageT, StreamChange[ModelT], Database], /
        ) -> Function3[ImageT, StreamChange[ModelT], Database]: ...
        def __call__(self, function: AsyncFunction, /) -> AsyncFunction: ...


class TwoImages(_Decorator, Generic[ImageT, ModelT]):
    """Decorates `async def handler(old, new, change, db)`; `change` and `db` may be left out."""

    if TYPE_CHECKING:

        @overload
        def __call__(self, function: Function2[ImageT, ImageT], /) -> Function2[ImageT, ImageT]: ...
        @overload
        def __call__(
            self, function: Function3[ImageT, ImageT, StreamChange[ModelT]], /
        ) -> Function3[ImageT, ImageT, StreamChange[ModelT]]: ...
        @overload
        def __call__(
            self, function: Function4[ImageT, ImageT, StreamChange[ModelT], Database], /
        ) -> Function4[ImageT, ImageT, StreamChange[ModelT], Database]: ...
        def __call__(self, function: AsyncFunction, /) -> AsyncFunction: ...


class WholeBatch(_Decorator, Generic[ModelT]):
    """Decorates `async def handler(changes, db)`, which may leave out `db`."""

    if TYPE_CHECKING:

        @overload
        def __call__(self, function: BatchFunction1[ModelT], /) -> BatchFunction1[ModelT]: ...
        @overload
        def __call__(self, function: BatchFunction2[ModelT], /) -> BatchFunction2[ModelT]: ...
        def __call__(self, function: AsyncFunction, /) -> AsyncFunction: ...
