"""The batch methods of a table and of a database."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast, overload

from adorm.batch.concurrency import DEFAULT_CONCURRENCY
from adorm.errors import UsageError
from adorm.items.binding import Binding, Connection
from adorm.items.keys import Key, make_key
from adorm.schema.model_types import AttrsLike, DataclassLike
from adorm.schema.scalar_types import KeyValue
from adorm.tx.transactions import TableTransactions

if TYPE_CHECKING:  # imported by the methods that need them: a cold start pays for what it uses
    from adorm.batch.block import Batch
    from adorm.batch.gather import GatherResult
    from adorm.batch.get import BatchGet
    from adorm.batch.loader import Loader
    from adorm.batch.many import CreateMany, UpdateMany
    from adorm.batch.write import BatchWrite
    from adorm.items.update import Update

ModelT = TypeVar("ModelT", bound=DataclassLike | AttrsLike)


class TableBatches(TableTransactions[ModelT]):
    """What a table offers for many items at once, beside its transactions."""

    __slots__ = ()

    def batch_get(
        self, keys: Iterable[Key[ModelT] | tuple[KeyValue, KeyValue] | KeyValue], /
    ) -> BatchGet[ModelT]:
        """Read any number of items by their keys, each once, in the order of the keys.

        See `BatchGet`.

        Raises:
            UsageError: a key has the wrong shape; the message has its number.
        """
        from adorm.batch.get import BatchGet
        from adorm.batch.inputs import as_keys
        from adorm.batch.key_set import KeyGroup

        binding = self._binding
        checked = as_keys(binding, keys)
        return BatchGet(binding.connection, [KeyGroup(binding, checked)] if checked else [])

    def batch_write(
        self,
        *,
        puts: Iterable[ModelT] | AsyncIterable[ModelT] = (),
        deletes: Iterable[ModelT | Key[ModelT] | tuple[KeyValue, KeyValue] | KeyValue] = (),
    ) -> BatchWrite[ModelT]:
        """Any number of puts and deletes, in chunks of 25. Nothing is checked: the last writer
        wins. See `BatchWrite`.

        `puts` may be an async iterable. It is iterated once, and not faster than chunks are sent,
        so that memory is bounded.

        Raises:
            UsageError: an argument is not iterable.
        """
        from adorm.batch.write import batch_write

        binding = self._binding
        return batch_write(binding.connection, lambda _given: binding, puts, deletes)

    def batch(self) -> Batch[ModelT]:
        """A block whose puts and deletes are sent in chunks of 25 as they come. See `Batch`."""
        from adorm.batch.block import Batch

        return Batch(self._binding)

    def loader(
        self, *, consistent: bool = False, concurrency: int = DEFAULT_CONCURRENCY
    ) -> Loader[ModelT]:
        """A block in which single loads of many tasks become few BatchGetItems. See `Loader`.

        Raises:
            UsageError: `concurrency`, the most requests in flight, is not a whole number from 1 to
                10,000.
        """
        from adorm.batch.loader import Loader

        return Loader(self._binding, consistent=consistent, concurrency=concurrency)

    def update_many(
        self,
        items: Iterable[Key[ModelT] | tuple[KeyValue, KeyValue] | KeyValue | Update[ModelT, Any]],
        /,
    ) -> UpdateMany[ModelT]:
        """Update each of these keys by the clauses that follow, or send these updates.

        The updates are of this table, each with clauses of its own.

        ::

            await (
                orders.update_many(keys)
                .set(Order.status, "paid")
                .when(Order.status == "open")
                .collect_errors()
            )
            await orders.update_many([orders.update("c1", "o1").add(Order.total, 5), ...])

        Raises:
            UsageError: a key has the wrong shape, or an update is for another table; the message
                has its number.
        """
        from adorm.batch.inputs import as_list, numbered
        from adorm.batch.many import UpdateMany

        keys_or_updates = as_list("items", items)
        updates: list[Update[ModelT, Any]] = []
        for number, each in enumerate(keys_or_updates, start=1):
            try:
                updates.append(self._update_of(each))
            except UsageError as error:
                raise numbered(error, "update", number, len(keys_or_updates)) from error
        return UpdateMany(tuple(updates), self._binding)

    def _update_of(self, key_or_update: Any) -> Update[ModelT, Any]:
        from adorm.items.update import Update

        binding = self._binding
        if not isinstance(key_or_update, Update):
            return Update(binding, make_key(binding.info, (key_or_update,)))
        update = cast("Update[ModelT, Any]", key_or_update)
        its = update.binding
        if its.connection is not binding.connection or its.table_name != binding.table_name:
            raise UsageError(
                f"an update of table {its.table_name} was given to table {binding.table_name}: "
                "give it to its own table"
            )
        return update

    def create_many(
        self, items: Iterable[ModelT], /, *, transact: bool = False
    ) -> CreateMany[ModelT]:
        """Insert items whose keys are free: one by one, or with `transact=True` in transactions of
        up to 100 items, each as a whole or not at all. See `CreateMany`.

        Raises:
            UsageError: `items` is not iterable.
        """
        from adorm.batch.inputs import as_list
        from adorm.batch.many import CreateMany

        return CreateMany(self._binding, tuple(as_list("items", items)), transact)


T = TypeVar("T")
T1 = TypeVar("T1")
T2 = TypeVar("T2")
T3 = TypeVar("T3")
T4 = TypeVar("T4")
T5 = TypeVar("T5")
T6 = TypeVar("T6")
T7 = TypeVar("T7")
T8 = TypeVar("T8")
T9 = TypeVar("T9")
T10 = TypeVar("T10")


class Batches(Connection):
    """What a database offers for many items of several tables, and for several operations."""

    def batch_get(self, *keys: Key[Any] | Iterable[Key[Any]]) -> BatchGet[Any]:
        """Read items of several tables by their keys, given one by one or in iterables:
        `db.batch_get(users.key("u1"), orders.key("c1", "o1"))`.

        See `Table.batch_get`; `result.of(Order)` gives the items of one model, typed.

        Raises:
            UsageError: something is no `Key`; the message has its number.
        """
        from adorm.batch.get import BatchGet
        from adorm.batch.key_set import key_groups

        all_keys: list[Any] = []
        for each in keys:
            if isinstance(each, Iterable) and not isinstance(each, str | bytes):
                all_keys.extend(each)
            else:
                all_keys.append(each)
        return BatchGet(self, key_groups(all_keys, self._binding_of))

    def batch_write(
        self,
        *,
        puts: Iterable[DataclassLike | AttrsLike] | AsyncIterable[DataclassLike | AttrsLike] = (),
        deletes: Iterable[Any] = (),
    ) -> BatchWrite[Any]:
        """Puts and deletes on several tables: of instances, deletes also of `Key`s. See
        `Table.batch_write`.

        Raises:
            UsageError: an argument is not iterable.
        """
        from adorm.batch.write import batch_write

        return batch_write(self, self._binding_of, puts, deletes)

    def _binding_of(self, target: object) -> Binding:
        if isinstance(target, Key):
            return self.binding(target.info.model, target.table_name)
        return self.binding(type(target))

    # One overload for each number of operations, several parameters a line.
    # fmt: off
    @overload
    async def gather(self, a: Awaitable[T1], /, *, limit: int | None = ...) -> tuple[T1]: ...
    @overload
    async def gather(
        self, a: Awaitable[T1], b: Awaitable[T2], /, *, limit: int | None = ...,
    ) -> tuple[T1, T2]: ...
    @overload
    async def gather(
        self, a: Awaitable[T1], b: Awaitable[T2], c: Awaitable[T3], /, *, limit: int | None = ...,
    ) -> tuple[T1, T2, T3]: ...
    @overload
    async def gather(
        self, a: Awaitable[T1], b: Awaitable[T2], c: Awaitable[T3], d: Awaitable[T4], /, *,
        limit: int | None = ...,
    ) -> tuple[T1, T2, T3, T4]: ...
    @overload
    async def gather(
        self, a: Awaitable[T1], b: Awaitable[T2], c: Awaitable[T3], d: Awaitable[T4],
        e: Awaitable[T5], /, *, limit: int | None = ...,
    ) -> tuple[T1, T2, T3, T4, T5]: ...
    @overload
    async def gather(
        self, a: Awaitable[T1], b: Awaitable[T2], c: Awaitable[T3], d: Awaitable[T4],
        e: Awaitable[T5], f: Awaitable[T6], /, *, limit: int | None = ...,
    ) -> tuple[T1, T2, T3, T4, T5, T6]: ...
    @overload
    async def gather(
        self, a: Awaitable[T1], b: Awaitable[T2], c: Awaitable[T3], d: Awaitable[T4],
        e: Awaitable[T5], f: Awaitable[T6], g: Awaitable[T7], /, *, limit: int | None = ...,
    ) -> tuple[T1, T2, T3, T4, T5, T6, T7]: ...
    @overload
    async def gather(
        self, a: Awaitable[T1], b: Awaitable[T2], c: Awaitable[T3], d: Awaitable[T4],
        e: Awaitable[T5], f: Awaitable[T6], g: Awaitable[T7], h: Awaitable[T8], /, *,
        limit: int | None = ...,
    ) -> tuple[T1, T2, T3, T4, T5, T6, T7, T8]: ...
    @overload
    async def gather(
        self, a: Awaitable[T1], b: Awaitable[T2], c: Awaitable[T3], d: Awaitable[T4],
        e: Awaitable[T5], f: Awaitable[T6], g: Awaitable[T7], h: Awaitable[T8], i: Awaitable[T9], /,
        *, limit: int | None = ...,
    ) -> tuple[T1, T2, T3, T4, T5, T6, T7, T8, T9]: ...
    @overload
    async def gather(
        self, a: Awaitable[T1], b: Awaitable[T2], c: Awaitable[T3], d: Awaitable[T4],
        e: Awaitable[T5], f: Awaitable[T6], g: Awaitable[T7], h: Awaitable[T8], i: Awaitable[T9],
        j: Awaitable[T10], /, *, limit: int | None = ...,
    ) -> tuple[T1, T2, T3, T4, T5, T6, T7, T8, T9, T10]: ...
    # fmt: on
    @overload
    async def gather(
        self, awaitables: Iterable[Awaitable[T]], /, *, limit: int | None = ...
    ) -> list[T]: ...
    @overload
    async def gather(self, *awaitables: Awaitable[T], limit: int | None = ...) -> tuple[T, ...]: ...
    @overload
    async def gather(
        self,
        awaitables: Iterable[Awaitable[Any]],
        /,
        *,
        limit: int | None = ...,
        collect_errors: Literal[True],
    ) -> GatherResult: ...
    @overload
    async def gather(
        self, *awaitables: Awaitable[Any], limit: int | None = ..., collect_errors: Literal[True]
    ) -> GatherResult: ...
    async def gather(
        self, *awaitables: Any, limit: int | None = None, collect_errors: bool = False
    ) -> Any:
        """Await operations of adorm, and any other awaitables, side by side. Returns a tuple of
        their results, in order.

        ::

            user, orders_of_user = await db.gather(users.get("u1"), orders.query("u1"))

        One list of operations, `db.gather([orders.get(*key) for key in keys], limit=16)`, returns a
        list.

        When one fails, reads in flight are cancelled, everything else in flight finishes, and no
        other begins; coroutines that did not begin are closed. Writes finish because of a cancelled
        one nobody knows whether it was applied. What is not an operation of adorm counts as a
        write.

        Args:
            limit: how many run at a time; None: all.
            collect_errors: let each run to its end and raise nothing; returns a `GatherResult`.

        Raises:
            UsageError: something is not awaitable, or the limit is not a positive whole number.
                Nothing was begun.
            GatherFailed: one failed. It is a group of all errors; `.outcomes` has each operation,
                `.result` a list of the results, with None for those that failed.
            DeadlineExceeded: a deadline passed; it has the same attributes.
        """
        from adorm.batch.gather import collect, results_of

        only: Any = awaitables[0] if len(awaitables) == 1 else None
        is_list = isinstance(only, Iterable) and not isinstance(only, Awaitable)
        each: Sequence[Any] = list(cast("Iterable[Any]", only)) if is_list else awaitables
        if collect_errors:
            return await collect(each, limit)
        results = await results_of(each, limit)
        return results if is_list else tuple(results)
