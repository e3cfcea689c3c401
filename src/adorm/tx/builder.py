"""The methods that add writes and checks to a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar, cast, overload

from adorm.errors import UsageError
from adorm.items.binding import Binding, Connection
from adorm.items.delete import Delete
from adorm.items.keys import Key, make_key
from adorm.items.put import Put
from adorm.items.save import Save, only_paths
from adorm.items.single_write import SingleWrite, Write, key_of_instance
from adorm.items.update import Update
from adorm.models import model_info
from adorm.schema.model_options import HOOKS
from adorm.schema.model_types import AttrsLike, DataclassLike
from adorm.schema.scalar_types import KeyValue
from adorm.tx.actions import Check, WriteAction
from adorm.tx.handles import TransactionState, TransactionUpdate, TransactionWrite

ModelT = TypeVar("ModelT", bound=DataclassLike | AttrsLike)
WriteT = TypeVar("WriteT", bound=SingleWrite[Any])


class TransactionBuilder:
    """Collects the actions of a transaction. Nothing here awaits.

    Each method raises `UsageError` for what is no instance of a model with a table, or no key of
    the model.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._state = TransactionState()
        self._actions: list[WriteAction[Any]] = []
        self._bindings: dict[type, Binding] = {}
        self._may_have_hooks = False
        """Whether an instance was given whose model has hooks."""

    # ---- operations on instances

    def create(self, item: ModelT, /) -> TransactionWrite[ModelT]:
        """Insert the item, as version 1. `ItemExists` is among the reasons if the key is taken."""
        binding, key = self._table_and_key_of(item)
        return self._add(Put(binding, key, item, returning="item", creating=True))

    def put(self, item: ModelT, /) -> TransactionWrite[ModelT]:
        """Replace the whole item; adds 1 to the version, and checks the one read if above 0."""
        binding, key = self._table_and_key_of(item)
        return self._add(Put(binding, key, item, returning="item"))

    def save(
        self, item: ModelT, /, *, only: Sequence[object] | None = None
    ) -> TransactionWrite[ModelT]:
        """Write all declared attributes, or those in `only`, if the version is still the one read.

        Adds 1 to it.

        A stored `created_at` stays as it is; unlike a single save this one does not read it into
        the instance.
        """
        binding, key = self._table_and_key_of(item)
        only_these = None if only is None else only_paths(binding.info.model, only)
        return self._add(Save(binding, key, item, returning="item", only=only_these))

    @overload
    def delete(
        self, model: type[ModelT], partition: KeyValue, sort: KeyValue = ..., /
    ) -> TransactionWrite[ModelT]: ...
    @overload
    def delete(
        self, model: type[ModelT], key: Key[ModelT] | tuple[KeyValue, KeyValue], /
    ) -> TransactionWrite[ModelT]: ...
    @overload
    def delete(self, key: Key[ModelT], /) -> TransactionWrite[ModelT]: ...
    @overload
    def delete(self, item: ModelT, /) -> TransactionWrite[ModelT]: ...
    def delete(self, target: Any, /, *key: Any) -> TransactionWrite[Any]:
        """Delete an item by its key, or an instance if its version is still the one read."""
        if isinstance(cast("object", target), type | Key):
            return self._add(Delete(*self._table_and_key(target, key)))
        if key:
            raise UsageError("delete() takes a model and a key, a Key alone, or an instance alone")
        return self._add(Delete(*self._table_and_key_of(target), target))

    # ---- operations by key

    @overload
    def update(
        self, model: type[ModelT], partition: KeyValue, sort: KeyValue = ..., /
    ) -> TransactionUpdate[ModelT]: ...
    @overload
    def update(
        self, model: type[ModelT], key: Key[ModelT] | tuple[KeyValue, KeyValue], /
    ) -> TransactionUpdate[ModelT]: ...
    @overload
    def update(self, key: Key[ModelT], /) -> TransactionUpdate[ModelT]: ...
    def update(self, target: Any, /, *key: Any) -> TransactionUpdate[Any]:
        """Change parts of an existing item: the clauses that follow add to it. `.upsert()` creates
        it where there is none."""
        update: Update[Any, Any] = Update(*self._table_and_key(target, key))
        return TransactionUpdate(self._state, self._added(update))

    @overload
    def check(
        self, model: type[ModelT], partition: KeyValue, sort: KeyValue = ..., /
    ) -> TransactionWrite[ModelT]: ...
    @overload
    def check(
        self, model: type[ModelT], key: Key[ModelT] | tuple[KeyValue, KeyValue], /
    ) -> TransactionWrite[ModelT]: ...
    @overload
    def check(self, key: Key[ModelT], /) -> TransactionWrite[ModelT]: ...
    def check(self, target: Any, /, *key: Any) -> TransactionWrite[Any]:
        """Apply the transaction only if an item that it does not write fulfils `.when(...)`.

        Without conditions, only if there is such an item.
        """
        return self._add(Check(*self._table_and_key(target, key)))

    @overload
    def include(self, write: Update[ModelT, Any], /) -> TransactionUpdate[ModelT]: ...
    @overload
    def include(self, write: Write[ModelT, Any], /) -> TransactionWrite[ModelT]: ...
    def include(self, write: Update[Any, Any] | Write[Any, Any], /) -> Any:
        """Add a write that a table of this database has built:
        `tx.include(orders.update("c1", "o1").set(Order.status, "paid"))`.

        The write itself does not change: clauses of the handle add to the transaction only.

        Raises:
            UsageError: it is a write of another database, or it has what a transaction can't give:
                `returning(...)`, `exactly_once()`, a retry policy.
        """
        # unchecked callers
        if not isinstance(write, Update | Write):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UsageError(
                "include() takes a write that a table has built, such as orders.create(order), "
                f"not {write!r}"
            )
        if write.binding.connection is not self._connection:
            raise UsageError(
                f"a write to table {write.binding.table_name} by another database can't be part of "
                "this transaction"
            )
        write.check_includable()
        if isinstance(write, Write):
            self._may_have_hooks |= write.hooks is not None
            return self._add(write)
        update: TransactionUpdate[Any] = TransactionUpdate(self._state, self._added(write))
        return update

    def _add(self, write: Write[Any, Any]) -> TransactionWrite[Any]:
        return TransactionWrite(self._state, self._added(write))

    def _added(self, write: WriteT) -> WriteAction[WriteT]:
        self._state.use()
        action = WriteAction(write)
        self._actions.append(action)
        return action

    def _table_and_key(
        self, target: type[Any] | Key[Any], given: tuple[Any, ...]
    ) -> tuple[Binding, Key[Any]]:
        if isinstance(target, Key):
            if given:
                raise UsageError(f"{target} is a whole key: give nothing beside it")
            return self._connection.binding(target.model, target.table_name), target
        name: str | None = given[0].table_name if given and isinstance(given[0], Key) else None
        binding = self._connection.binding(target, name)
        if not given and binding.info.parts:
            raise UsageError(f"which {binding.info.name}? Give its key after the model")
        return binding, make_key(binding.info, given)

    def _table_and_key_of(self, item: object) -> tuple[Binding, Key[Any]]:
        binding = self._bindings.get(type(item))
        if binding is None:
            binding = self._bindings[type(item)] = self._find_binding(item)
            self._may_have_hooks |= HOOKS in type(item).__dict__
        return binding, key_of_instance(binding, item)

    def _find_binding(self, item: object) -> Binding:
        if isinstance(item, type):
            raise UsageError(f"an instance is expected here, not the class {item.__name__}")
        try:
            info = model_info(type(item))
        except UsageError as error:
            raise UsageError(
                f"{error}; an instance does not tell which map_class stands for its class: "
                "hand in a table's write instead, tx.include(table.create(item))"
            ) from error
        if info.table is None:
            raise UsageError(
                f"{info.name} names no table: write @adorm.model(table=...), "
                f"or tx.include(db.table({info.name}, name=...).create(item))"
            )
        return self._connection.binding(type(item))
