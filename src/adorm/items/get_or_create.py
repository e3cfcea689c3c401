"""`get_or_create` and `update_or_create`: the item that is there, or a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from adorm.errors import ItemExists, ItemNotFound, UsageError
from adorm.expressions.document_path import DocumentPath
from adorm.expressions.updates import Set
from adorm.items.binding import MAX_TURNS, Binding
from adorm.items.get import Get, finish_get, finish_get_or_none
from adorm.items.keys import Key
from adorm.items.plan import Plan
from adorm.items.put import Put
from adorm.items.retriable import Retriable
from adorm.items.update import Update
from adorm.items.update_rules import PartsNotKnown

if TYPE_CHECKING:
    from adorm.items.hooks import HookedOnce

ModelT = TypeVar("ModelT")


@attrs.define(eq=False, repr=False)
class _OrCreate(Retriable[tuple[ModelT, bool]], Generic[ModelT]):
    """What both have in common: the item, and how it is created."""

    _binding: Binding
    _key: Key[Any]
    _instance: Any

    @property
    def model_name(self) -> str:
        return self._binding.info.name

    def _create(self) -> Put[Any, ModelT]:
        # both operations create the item here, so that they send the same request
        return Put(
            self._binding,
            self._key,
            self._instance,
            returning="item",
            creating=True,
            retry=self._retry,
        )


@attrs.define(eq=False, repr=False)
class GetOrCreate(_OrCreate[ModelT]):
    """A GetItem, and a PutItem where there is no item.

    The read comes first, because a write that fails costs a whole write unit, and an eventually
    consistent read half a read unit. A read that does not see the item yet does no harm: the write
    asks for a free key, and its failure gives the item.
    """

    _reader: Binding | None = attrs.field(default=None, alias="reader")
    """By what the item that is there is read, where the instance's own model is not it: by an
    abstract model, as the subclass that the item is of."""

    @property
    def _reads_by(self) -> Binding:
        return self._binding if self._reader is None else self._reader

    def request(self) -> dict[str, Any]:
        return self._get().request()

    def explain(self) -> Plan:
        reason = "the whole key is given; a PutItem follows where there is no item"
        return attrs.evolve(self._get().explain(), reason=reason)

    def _get(self) -> Get[Any]:
        return Get[Any](self._reads_by, self._key, finish_get_or_none, retry=self._retry)

    async def _run(self) -> tuple[ModelT, bool]:
        create = self._create()
        if create.hooks is None:  # a hook may change what can't be stored
            create.request()  # it is refused whether or not there is an item
        found: ModelT | None = await self._get()
        if found is not None:
            return found, False
        try:
            return await create, True
        except ItemExists as error:
            stored = error.attribute_map
            if error.maybe_applied or stored is None or self._reads_by.is_left_out(stored):
                raise
            there: ModelT = self._reads_by.decode(stored)
            return there, False


@attrs.define(eq=False, repr=False)
class UpdateOrCreate(_OrCreate[ModelT], Generic[ModelT]):
    """An UpdateItem of some fields, and a PutItem of the whole item where there is none."""

    _only: tuple[DocumentPath, ...]

    def request(self) -> dict[str, Any]:
        return self._update().request()

    def explain(self) -> Plan:
        reason = "the whole key is given; a PutItem follows where there is no item"
        return attrs.evolve(self._update().explain(), reason=reason)

    def _update(self) -> Update[Any, Any]:
        """The update of an item that is there.

        Raises:
            UsageError: a key of an index is made of other fields too, or a field can't be changed.
        """
        update: Update[Any, Any] = Update(self._binding, self._key, retry=self._retry)
        for path in self._only:
            field: Any = path.field
            update = update.apply(Set(path, getattr(self._instance, field.name)))
        made: Update[Any, Any] = update if self._changes_unique else update.returning("new")
        try:
            made.prepare()
        except PartsNotKnown as error:
            missing = " and ".join(f"{self.model_name}.{each.name}" for each in error.fields)
            raise UsageError(
                f"{self._key}: update_or_create(only=[...]) changes a key of an index that is made "
                f"of {missing} too, and does not know what is stored: add {missing} to only"
            ) from error
        return made

    @property
    def _changes_unique(self) -> bool:
        """Whether a unique value is among the fields: then the update may be a transaction."""
        unique = {field for each in self._binding.info.unique for field in each.fields}
        return any(path.field in unique for path in self._only)

    async def _updated(self, update: Update[Any, Any]) -> ModelT:
        """Update the item, and give it as it is then. A transaction does not return it.

        Raises:
            ItemNotFound: there is no item.
        """
        stored: ModelT = await update
        if self._changes_unique:
            read = Get[Any](self._binding, self._key, finish_get, retry=self._retry)
            stored = await read.consistent()
        return stored

    async def _run(self) -> tuple[ModelT, bool]:
        update, create = self._update(), self._create()
        hooked: HookedOnce | None = None
        if create.hooks is None:
            create.request()
        else:
            from adorm.items.hooks import HookedOnce

            hooked = HookedOnce(create)
        attempt = 0
        while True:
            attempt += 1
            try:
                return await self._updated(update), False
            except ItemNotFound:
                pass
            try:
                return await (create if hooked is None else hooked.run()), True
            except ItemExists as error:
                stored = error.attribute_map
                if error.maybe_applied or attempt >= MAX_TURNS:
                    raise
                if stored is not None and self._binding.is_left_out(stored):
                    raise
            await self._binding.connection.back_off(
                attempt,
                operation="update_or_create",
                subject=self._key,
                why="before the update is tried again",
                retry=self._retry,
            )
