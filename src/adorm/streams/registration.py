"""How typed handlers are registered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar, overload

from adorm.models import model_info
from adorm.schema.model_types import AttrsLike, DataclassLike
from adorm.streams.calling import Handler
from adorm.streams.routes import RouteKind, Routes, When, make_route
from adorm.streams.signatures import OneImage, TwoImages, WholeBatch

ModelT = TypeVar("ModelT", bound=DataclassLike | AttrsLike)


class Handlers:
    """The typed handlers of a stream handler."""

    def __init__(self) -> None:
        self._routes = Routes()

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
        """Decorates `async def created(item, change, db)`, the handler of new items; `change` and
        `db` may be left out.

        Args:
            when: given the item as DynamoDB sent it, `{"pk": {"S": "x"}, ...}` (the new image, else
                the old one, else its key), whether this handler takes it; in the place of the
                model's discriminator. Of several the one registered first.
            table_name: the table's name in DynamoDB; by default where `db.table(model)` is.
            optional_images: for streams that do not carry the image: it is None then. By default
                such a record fails.

        Raises:
            UsageError: this is no model, it can't be told from another handler, or the function is
                not of this form.
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
        """Decorates `async def changed(old, new, change, db)`, the handler of changed items;
        options as of `insert`."""
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
        """Decorates `async def removed(old, change, db)`, the handler of deleted items, of expired
        ones too where `expire` takes none.

        Options as of `insert`.
        """
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
        """Decorates `async def expired(old, change, db)`, for what DynamoDB deleted because its
        time to live was over.

        Options as of `insert`.
        """
        return OneImage[Any, Any](
            self._registering("EXPIRE", model, when, table_name, optional_images)
        )

    def batch(
        self, model: type[ModelT], /, *, when: When | None = None, table_name: str | None = None
    ) -> WholeBatch[ModelT]:
        """Decorates `async def indexed(changes, db)`, which gets the changes of the model in an
        event at once; `db` may be left out.

        The changes are a list of `StreamChange`, in the order of the shard: those that no handler
        of `insert` and its like takes. When the function returns they are handled, but for those
        that it gives back, `return [change, ...]`: these have failed. When it raises they all have.

        Args:
            when, table_name: as of `insert`.

        Raises:
            UsageError: as of `insert`.
        """
        return WholeBatch[ModelT](
            self._registering("BATCH", model, when, table_name, optional_images=True)
        )

    def _registering(
        self,
        kind: RouteKind,
        model: type[Any],
        when: When | None,
        table_name: str | None,
        optional_images: bool,
    ) -> Callable[[Handler], None]:
        model_info(
            model
        )  # `@changes.insert` without its model is given the function: unseen, no handler would be registered

        def register(function: Handler) -> None:
            self._routes.add(
                make_route(
                    kind,
                    model,
                    function,
                    when=when,
                    table_name=table_name,
                    optional_images=optional_images,
                )
            )

        return register
