"""The types of handlers, for type checkers: which arguments a handler takes, and may leave out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Literal, Protocol, TypeVar, overload

from adorm.database import Database
from adorm.schema.model_types import AttrsLike, DataclassLike
from adorm.streams.change import StreamChange
from adorm.streams.record import StreamRecord
from adorm.streams.typed_handlers import When

ImageT = TypeVar("ImageT")
ModelT = TypeVar("ModelT", bound=Any)
TableT = TypeVar("TableT", bound=DataclassLike | AttrsLike)

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


class OneImage(Protocol[ImageT, ModelT]):
    """Decorates `async def handler(item, change, db)`, which may leave out `change` and `db`."""

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


class TwoImages(Protocol[ImageT, ModelT]):
    """Decorates `async def handler(old, new, change, db)`; `change` and `db` may be left out."""

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


class WholeBatch(Protocol[ModelT]):
    """Decorates `async def handler(changes, db)`, which may leave out `db`."""

    @overload
    def __call__(self, function: BatchFunction1[ModelT], /) -> BatchFunction1[ModelT]: ...
    @overload
    def __call__(self, function: BatchFunction2[ModelT], /) -> BatchFunction2[ModelT]: ...


# The overloads of these two differ in their last parameter.
# fmt: off
class OneImageRegistration(Protocol):
    """Registers `async def handler(item, change, db)`; see `Registration.__call__`."""

    @overload
    def __call__(
        self, model: type[TableT], /, *, when: When | None = ..., table_name: str | None = ...,
        optional_images: Literal[False] = ...,
    ) -> OneImage[TableT, TableT]: ...
    @overload
    def __call__(
        self, model: type[TableT], /, *, when: When | None = ..., table_name: str | None = ...,
        optional_images: Literal[True],
    ) -> OneImage[TableT | None, TableT]: ...


class TwoImagesRegistration(Protocol):
    """Registers `async def handler(old, new, change, db)`; see `Registration.__call__`."""

    @overload
    def __call__(
        self, model: type[TableT], /, *, when: When | None = ..., table_name: str | None = ...,
        optional_images: Literal[False] = ...,
    ) -> TwoImages[TableT, TableT]: ...
    @overload
    def __call__(
        self, model: type[TableT], /, *, when: When | None = ..., table_name: str | None = ...,
        optional_images: Literal[True],
    ) -> TwoImages[TableT | None, TableT]: ...
# fmt: on
