"""The decorators that register typed handlers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from adorm.aws_lambda.batches.handler import AsyncFunction
from adorm.models import model_info
from adorm.schema.model_types import AttrsLike, DataclassLike
from adorm.streams.typed_handlers import HandlerKind, TypedHandlers, When, typed_handler

if TYPE_CHECKING:
    from adorm.streams.handler_types import OneImageRegistration, TwoImagesRegistration, WholeBatch

ModelT = TypeVar("ModelT", bound=DataclassLike | AttrsLike)


class Registration:
    """Registers handlers of one kind with a stream handler."""

    def __init__(self, handlers: TypedHandlers, kind: HandlerKind) -> None:
        self._handlers = handlers
        self._kind: HandlerKind = kind

    def __call__(
        self,
        model: type[Any],
        /,
        *,
        when: When | None = None,
        table_name: str | None = None,
        optional_images: bool = False,
    ) -> Any:
        """Decorate a function.

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
        # Now, not when the handler is registered: `@changes.insert` without a model gets the
        # function in its place, and would register nothing.
        model_info(model)

        def register(function: AsyncFunction) -> AsyncFunction:
            handler = typed_handler(
                self._kind,
                model,
                function,
                when=when,
                table_name=table_name,
                optional_images=optional_images,
            )
            self._handlers.add(handler)
            return function

        return register


class HandlerRegistry:
    """The decorators of a stream handler, one for each kind of change."""

    _typed_handlers: TypedHandlers

    @property
    def insert(self) -> OneImageRegistration:
        """Decorate `async def created(item, change, db)`, the handler of new items. It may leave
        out `change` and `db`.

        `@changes.insert(Order)`; for the options see `Registration.__call__`.
        """
        return Registration(self._typed_handlers, "INSERT")

    @property
    def modify(self) -> TwoImagesRegistration:
        """Decorate `async def changed(old, new, change, db)`, the handler of changed items. It may
        leave out `change` and `db`. The options are those of `insert`."""
        return Registration(self._typed_handlers, "MODIFY")

    @property
    def remove(self) -> OneImageRegistration:
        """Decorate `async def removed(old, change, db)`, the handler of deleted items. It may leave
        out `change` and `db`. It also gets expired items, if no handler of `expire` takes them.
        The options are those of `insert`."""
        return Registration(self._typed_handlers, "REMOVE")

    @property
    def expire(self) -> OneImageRegistration:
        """Decorate `async def expired(old, change, db)`, for items whose time to live was over.

        DynamoDB deleted them for that. It may leave out `change` and `db`. The options are those of
        `insert`.
        """
        return Registration(self._typed_handlers, "EXPIRE")

    def batch(
        self, model: type[ModelT], /, *, when: When | None = None, table_name: str | None = None
    ) -> WholeBatch[ModelT]:
        """Decorate `async def indexed(changes, db)`, for all changes of the model in an event.

        It gets them at once, and may leave out `db`.

        The changes are a list of `StreamChange`, in the order of the shard: those that no handler
        of `insert`, `modify`, `remove` or `expire` takes. Changes that the function returns,
        `return [change, ...]`, have failed, and all others are handled. If it raises, all have
        failed.

        Args:
            when, table_name: see `insert`.

        Raises:
            UsageError: see `insert`.
        """
        decorate: WholeBatch[ModelT] = Registration(self._typed_handlers, "BATCH")(
            model, when=when, table_name=table_name, optional_images=True
        )
        return decorate
