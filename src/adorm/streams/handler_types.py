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
        def __call__(
            self, function: Callable[[ImageT], Awaitable[object]], /
        ) -> Callable[[ImageT], Awaitable[object]]: ...
        @overload
        def __call__(
            self, function: Callable[[ImageT, StreamChange[ModelT]], Awaitable[object]], /
        ) -> Callable[[ImageT, StreamChange[ModelT]], Awaitable[object]]: ...
        @overload
        def __call__(
            self, function: Callable[[ImageT, StreamChange[ModelT], Database], Awaitable[object]], /
        ) -> Callable[[ImageT, StreamChange[ModelT], Database], Awaitable[object]]: ...
        def __call__(self, function: AsyncFunction, /) -> AsyncFunction: ...


class TwoImages(_Decorator, Generic[ImageT, ModelT]):
    """Decorates `async def handler(old, new, change, db)`, which may leave out `change` and
    `db`."""

    if TYPE_CHECKING:

        @overload
        def __call__(
            self, function: Callable[[ImageT, ImageT], Awaitable[object]], /
        ) -> Callable[[ImageT, ImageT], Awaitable[object]]: ...
        @overload
        def __call__(
            self, function: Callable[[ImageT, ImageT, StreamChange[ModelT]], Awaitable[object]], /
        ) -> Callable[[ImageT, ImageT, StreamChange[ModelT]], Awaitable[object]]: ...
        @overload
        def __call__(
            self,
            function: Callable[[ImageT, ImageT, StreamChange[ModelT], Database], Awaitable[object]],
            /,
        ) -> Callable[[ImageT, ImageT, StreamChange[ModelT], Database], Awaitable[object]]: ...
        def __call__(self, function: AsyncFunction, /) -> AsyncFunction: ...


class WholeBatch(_Decorator, Generic[ModelT]):
    """Decorates `async def handler(changes, db)`, which may leave out `db`."""

    if TYPE_CHECKING:

        @overload
        def __call__(
            self,
            function: Callable[
                [Sequence[StreamChange[ModelT]]], Awaitable[Iterable[StreamChange[ModelT]] | None]
            ],
            /,
        ) -> Callable[
            [Sequence[StreamChange[ModelT]]], Awaitable[Iterable[StreamChange[ModelT]] | None]
        ]: ...
        @overload
        def __call__(
            self,
            function: Callable[
                [Sequence[StreamChange[ModelT]], Database],
                Awaitable[Iterable[StreamChange[ModelT]] | None],
            ],
            /,
        ) -> Callable[
            [Sequence[StreamChange[ModelT]], Database],
            Awaitable[Iterable[StreamChange[ModelT]] | None],
        ]: ...
        def __call__(self, function: AsyncFunction, /) -> AsyncFunction: ...


if TYPE_CHECKING:
    Fallback = (
        Callable[[StreamRecord], Awaitable[object]]
        | Callable[[StreamRecord, Database], Awaitable[object]]
    )
    """Takes what no typed handler takes: `async def changes(record, db)`, which may leave out
    `db`."""
