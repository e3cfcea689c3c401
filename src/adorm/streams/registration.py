"""The decorators that register typed handlers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar, overload

from adorm.aws_lambda.batches.handler import AsyncFunction
from adorm.models import model_info
from adorm.schema.model_types import AttrsLike, DataclassLike
from adorm.streams.handler_types import OneImage, TwoImages, WholeBatch
from adorm.streams.typed_handlers import HandlerKind, TypedHandlers, When, typed_handler

ModelT = TypeVar("ModelT", bound=DataclassLike | AttrsLike)


class HandlerRegistry:
    """The decorators of a stream handler, one for each kind of change."""

    _typed_handlers: TypedHandlers

    @overload
    def insert(
        self,
        model: type[ModelT],
        /,
        *,
        when: When | None = ...,
        table_name: str | None = ...,
        optional_images: Literal[False] = ...,
    ) -> OneImage[ModelT, ModelT]: ...
    @overload
    def insert(
        self,
        model: type[ModelT],
        /,
        *,
        when: When | None = ...,
        table_name: str | None = ...,
        optional_images: Literal[True],
    ) -> OneImage[ModelT | None, ModelT]: ...
    def insert(
        self,
        model: type[Any],
        /,
        *,
        when: When | None = None,
        table_name: str | None = None,
        optional_images: bool = False,
    ) -> Any:
        """Decorate `async def created(item, change, db)`, the handler of new items. It may leave
        out `change` and `db`.

        Args:
            when: a function that decides, in the place of the model's discriminator, whether this
                handler takes a record. It gets the item as DynamoDB sent it, `{"pk": {"S": "x"},
                ...}`: the new image, else the old one, else the key. If several handlers take a
                record, the one that was registered first gets it.
            table_name: the table's name in DynamoDB; by default that of `db.table(model)`.
            optional_images: the item is None if the stream does not carry its image. By default
                such a record fails.

        Raises:
            UsageError: this is no model, the handler can't be told apart from another one, or the
                function has other parameters.
        """
        return OneImage[Any, Any](
            self._registering("INSERT", model, when, table_name, optional_images)
        )

    @overload
    def modify(
        self,
        model: type[ModelT],
        /,
        *,
        when: When | None = ...,
        table_name: str | None = ...,
        optional_images: Literal[False] = ...,
    ) -> TwoImages[ModelT, ModelT]: ...
    @overload
    def modify(
        self,
        model: type[ModelT],
        /,
        *,
        when: When | None = ...,
        table_name: str | None = ...,
        optional_images: Literal[True],
    ) -> TwoImages[ModelT | None, ModelT]: ...
    def modify(
        self,
        model: type[Any],
        /,
        *,
        when: When | None = None,
        table_name: str | None = None,
        optional_images: bool = False,
    ) -> Any:
        """Decorate `async def changed(old, new, change, db)`, the handler of changed items. It may
        leave out `change` and `db`. Options: see `insert`."""
        return TwoImages[Any, Any](
            self._registering("MODIFY", model, when, table_name, optional_images)
        )

    @overload
    def remove(
        self,
        model: type[ModelT],
        /,
        *,
        when: When | None = ...,
        table_name: str | None = ...,
        optional_images: Literal[False] = ...,
    ) -> OneImage[ModelT, ModelT]: ...
    @overload
    def remove(
        self,
        model: type[ModelT],
        /,
        *,
        when: When | None = ...,
        table_name: str | None = ...,
        optional_images: Literal[True],
    ) -> OneImage[ModelT | None, ModelT]: ...
    def remove(
        self,
        model: type[Any],
        /,
        *,
        when: When | None = None,
        table_name: str | None = None,
        optional_images: bool = False,
    ) -> Any:
        """Decorate `async def removed(old, change, db)`, the handler of deleted items. It may leave
        out `change` and `db`. It also gets expired items, if no handler of `expire` takes them.
        Options: see `insert`."""
        return OneImage[Any, Any](
            self._registering("REMOVE", model, when, table_name, optional_images)
        )

    @overload
    def expire(
        self,
        model: type[ModelT],
        /,
        *,
        when: When | None = ...,
        table_name: str | None = ...,
        optional_images: Literal[False] = ...,
    ) -> OneImage[ModelT, ModelT]: ...
    @overload
    def expire(
        self,
        model: type[ModelT],
        /,
        *,
        when: When | None = ...,
        table_name: str | None = ...,
        optional_images: Literal[True],
    ) -> OneImage[ModelT | None, ModelT]: ...
    def expire(
        self,
        model: type[Any],
        /,
        *,
        when: When | None = None,
        table_name: str | None = None,
        optional_images: bool = False,
    ) -> Any:
        """Decorate `async def expired(old, change, db)`, the handler of items that DynamoDB deleted
        because their time to live was over. It may leave out `change` and `db`. Options: see
        `insert`."""
        return OneImage[Any, Any](
            self._registering("EXPIRE", model, when, table_name, optional_images)
        )

    def batch(
        self, model: type[ModelT], /, *, when: When | None = None, table_name: str | None = None
    ) -> WholeBatch[ModelT]:
        """Decorate `async def indexed(changes, db)`, which gets all changes of the model in an
        event at once. It may leave out `db`.

        The changes are a list of `StreamChange`, in the order of the shard: those that no handler
        of `insert`, `modify`, `remove` or `expire` takes. Changes that the function returns,
        `return [change, ...]`, have failed, and all others are handled. If it raises, all have
        failed.

        Args:
            when, table_name: see `insert`.

        Raises:
            UsageError: see `insert`.
        """
        return WholeBatch[ModelT](
            self._registering("BATCH", model, when, table_name, optional_images=True)
        )

    def _registering(
        self,
        kind: HandlerKind,
        model: type[Any],
        when: When | None,
        table_name: str | None,
        optional_images: bool,
    ) -> Callable[[AsyncFunction], None]:
        # Now, not when the handler is registered: `@changes.insert` without a model gets the
        # function in its place, and would register nothing.
        model_info(model)

        def register(function: AsyncFunction) -> None:
            self._typed_handlers.add(
                typed_handler(
                    kind,
                    model,
                    function,
                    when=when,
                    table_name=table_name,
                    optional_images=optional_images,
                )
            )

        return register
