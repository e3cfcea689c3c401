"""`AbstractTable`: the table of an abstract model, which stands for its subclasses."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Sequence
from typing import Any, ParamSpec, TypeVar

from adorm.batch.write import BatchWrite, batch_write
from adorm.items.binding import Binding, bound_to
from adorm.items.get_or_create import GetOrCreate, UpdateOrCreate
from adorm.items.keys import Key, make_key
from adorm.items.single_write import Write, key_of_instance
from adorm.models import is_instance
from adorm.schema.model_types import AttrsLike, DataclassLike
from adorm.single_tables.keyed_table import KeyedTable
from adorm.table import Table
from adorm.tx.move import Move

ModelT = TypeVar("ModelT", bound=DataclassLike | AttrsLike)
P = ParamSpec("P")


class AbstractTable(KeyedTable[ModelT, P]):
    """The table of an abstract model.

    Each item is read as the subclass that it is, and instances of each subclass are written as
    their own table writes them. A key is one of the abstract model, or of a subclass.
    """

    __slots__ = ()

    def _own(self, item: object) -> Table[Any]:
        """The table of an instance's own model.

        Raises:
            UsageError: it is no instance of a subclass.
        """
        return Table(bound_to(self._binding, item))

    def _key(self, key: tuple[Any, ...], parts: dict[str, Any]) -> Key[Any]:
        return make_key(self._binding.info, self._given(key), parts)

    def _given(self, key: tuple[Any, ...]) -> tuple[Any, ...]:
        """The parts of a key that is one of a subclass; anything else as it is."""
        info = self._binding.info
        if len(key) == 1 and isinstance(key[0], Key) and key[0].info in info.item_models.models:
            return tuple(key[0].parts[part.name] for part in info.parts)
        return key

    def key(self, *key: Any, **parts: Any) -> Any:
        if len(key) == 1 and is_instance(self._binding.info, key[0]):
            return self._own(key[0]).key(key[0])
        return super().key(*self._given(key), **parts)

    def create(self, item: ModelT, /) -> Write[ModelT, ModelT]:
        return self._own(item).create(item)

    def put(self, item: ModelT, /) -> Write[ModelT, ModelT]:
        return self._own(item).put(item)

    def save(
        self, item: ModelT, /, *, only: Sequence[object] | None = None
    ) -> Write[ModelT, ModelT]:
        return self._own(item).save(item, only=only)

    def get_or_create(self, item: ModelT, /) -> GetOrCreate[ModelT]:
        own = bound_to(self._binding, item)
        key = key_of_instance(own, item)
        return GetOrCreate[ModelT](own, key, item, reader=self._binding)

    def update_or_create(
        self, item: ModelT, /, *, only: Sequence[object]
    ) -> UpdateOrCreate[ModelT]:
        return self._own(item).update_or_create(item, only=only)

    def move(self, old: ModelT | Key[ModelT], new: ModelT, /) -> Move[ModelT]:
        own: Any = self._own(new)
        made: Move[ModelT]
        if isinstance(old, Key) and old.info is self._binding.info:
            parts = tuple(old.parts[part.name] for part in own.info.parts)
            made = own.move(make_key(own.info, parts), new)
        else:
            made = own.move(old, new)
        return made

    def delete(self, *key: Any, **parts: Any) -> Any:
        if len(key) == 1 and is_instance(self._binding.info, key[0]):
            return self._own(key[0]).delete(key[0])
        return super().delete(*key, **parts)

    def restore(self, *key: Any, **parts: Any) -> Any:
        if len(key) == 1 and is_instance(self._binding.info, key[0]):
            return self._own(key[0]).restore(key[0])
        return super().restore(*key, **parts)

    def purge(self, *key: Any, **parts: Any) -> Any:
        if len(key) == 1 and is_instance(self._binding.info, key[0]):
            return self._own(key[0]).purge(key[0])
        return super().purge(*key, **parts)

    def batch_get(self, keys: Iterable[Any], /) -> Any:
        info = self._binding.info
        made = [make_key(info, self._given((key,))) for key in keys]
        return super().batch_get(made)

    def batch_write(
        self,
        *,
        puts: Iterable[ModelT] | AsyncIterable[ModelT] = (),
        deletes: Iterable[Any] = (),
    ) -> BatchWrite[ModelT]:
        return batch_write(self._binding.connection, self._binding_of, puts, deletes)

    def _binding_of(self, given: object) -> Binding:
        """The binding for something to put or to delete: an instance, or a key."""
        if isinstance(given, Key):
            own = given.info in self._binding.info.item_models.models
            return self._binding.of(given.info) if own else self._binding
        if is_instance(self._binding.info, given):
            return bound_to(self._binding, given)
        return self._binding
