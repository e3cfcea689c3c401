"""What handlers look like to a checker."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from adorm.streams.calling import Handler
from adorm.streams.change import StreamChange
from adorm.streams.record import StreamRecord

if TYPE_CHECKING:
    from adorm.database import Database

ImageT = TypeVar("ImageT")
ModelT = TypeVar("ModelT", bound=Any)


class OneImage(Generic[ImageT, ModelT]):
    """Registers `async def handler(item, change, db)`, of which `change` and `db` may be left out,
    and gives it back."""

    def __init__(self, register: Callable[[Handler], None]) -> None:
        self._register = register

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
    def __call__(self, function: Handler, /) -> Handler:
        self._register(function)
        return function


class TwoImages(Generic[ImageT, ModelT]):
    """Registers `async def handler(old, new, change, db)`, of which `change` and `db` may be left
    out, and gives it back."""

    def __init__(self, register: Callable[[Handler], None]) -> None:
        self._register = register

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
    def __call__(self, function: Handler, /) -> Handler:
        self._register(function)
        return function


class WholeBatch(Generic[ModelT]):
    """Registers `async def handler(changes, db)`, of which `db` may be left out, and gives it
    back."""

    def __init__(self, register: Callable[[Handler], None]) -> None:
        self._register = register

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
        [Sequence[StreamChange[ModelT]], Database], Awaitable[Iterable[StreamChange[ModelT]] | None]
    ]: ...
    def __call__(self, function: Handler, /) -> Handler:
        self._register(function)
        return function


if TYPE_CHECKING:
    Fallback = (
        Callable[[StreamRecord], Awaitable[object]]
        | Callable[[StreamRecord, Database], Awaitable[object]]
    )
    """Takes what no typed handler takes: `async def changes(record, db)`, of which `db` may be left
    out."""
