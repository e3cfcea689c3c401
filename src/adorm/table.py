"""`Table[Order]`: a model's operations on its table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from adorm.batch.batches import TableBatches
from adorm.items.get import Get, GetOrNone, finish_exists, finish_get, finish_get_or_none
from adorm.items.keys import Key, key_of, make_key
from adorm.models import ModelInfo, is_instance
from adorm.schema.model_types import AttrsLike, DataclassLike
from adorm.schema.scalar_types import KeyValue

if TYPE_CHECKING:  # imported by the methods that need them: a cold start pays for what it uses
    from adorm.expressions.conditions import Condition
    from adorm.items.binding import Binding
    from adorm.items.get_by import GetBy
    from adorm.items.get_or_create import GetOrCreate, UpdateOrCreate
    from adorm.items.restore import Restore
    from adorm.items.single_write import Write
    from adorm.items.update import Update
    from adorm.migrations.migration import Migration
    from adorm.query.query import Query
    from adorm.scan import Scan
    from adorm.tables.repair import Repair

ModelT = TypeVar("ModelT", bound=DataclassLike | AttrsLike)
TargetT = TypeVar("TargetT", bound=DataclassLike | AttrsLike)


class Table(TableBatches[ModelT]):
    """A model on a table of a database. It holds no connection of its own: make as many as you
    like.

    A key is given by position, `get("c1", "o1")`, as a tuple, as a `Key`, or as the bare value
    where the table has no sort key.
    """

    __slots__ = ()

    @property
    def model(self) -> type[ModelT]:
        """The model."""
        return cast("type[ModelT]", self._binding.info.model)

    @property
    def name(self) -> str:
        """The table's name in DynamoDB."""
        return self._binding.table_name

    @property
    def info(self) -> ModelInfo:
        """The model's keys, indexes and fields."""
        return self._binding.info

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._binding.info.name}, {self.name!r})"

    # ---- keys

    @overload
    def key(self, partition: KeyValue, sort: KeyValue = ..., /) -> Key[ModelT]: ...
    @overload
    def key(self, key: tuple[KeyValue, KeyValue] | ModelT, /) -> Key[ModelT]: ...
    def key(self, *key: Any, **parts: Any) -> Key[ModelT]:
        """The key of an item, given by its parts or as an instance.

        Raises:
            UsageError: a part is missing or too many.
        """
        binding = self._binding
        if len(key) == 1 and is_instance(binding.info, key[0]):
            binding.info.check_instance(key[0])
            made: Key[Any] = key_of(binding.info, key[0])
        else:
            made = make_key(binding.info, key, parts)
        return Key(made.info, made.values, self.name if binding.named else None)

    def parse_key(self, partition: Any, sort: Any = None, /) -> Key[ModelT]:
        """The key that stored key attributes stand for: `parse_key("CUSTOMER#ada", "ORDER#o1")`.

        A part whose format loses something, such as `lower`, gets a value that has the same text.

        Args:
            partition: the partition key as it is stored: text, a number or bytes.
            sort: the sort key; None where the table has none.

        Raises:
            UsageError: it is no key of the model.
        """
        from adorm.items.key_encoding import parse_key

        binding = self._binding
        key = parse_key(binding.info, binding.codec, (partition, sort))
        return Key(key.info, key.values, self.name if binding.named else None)

    # ---- reading one item

    @overload
    def get(self, partition: KeyValue, sort: KeyValue = ..., /) -> Get[ModelT]: ...
    @overload
    def get(self, key: Key[ModelT] | tuple[KeyValue, KeyValue], /) -> Get[ModelT]: ...
    def get(self, *key: Any, **parts: Any) -> Get[ModelT]:
        """The item.

        Raises (when awaited):
            ItemNotFound: there is none.
        """
        return Get(self._binding, self._key(key, parts), finish_get)

    @overload
    def get_or_none(self, partition: KeyValue, sort: KeyValue = ..., /) -> GetOrNone[ModelT]: ...
    @overload
    def get_or_none(self, key: Key[ModelT] | tuple[KeyValue, KeyValue], /) -> GetOrNone[ModelT]: ...
    def get_or_none(self, *key: Any, **parts: Any) -> GetOrNone[ModelT]:
        """The item, or None."""
        return GetOrNone(self._binding, self._key(key, parts), finish_get_or_none)

    @overload
    def exists(self, partition: KeyValue, sort: KeyValue = ..., /) -> Get[bool]: ...
    @overload
    def exists(self, key: Key[ModelT] | tuple[KeyValue, KeyValue], /) -> Get[bool]: ...
    def exists(self, *key: Any, **parts: Any) -> Get[bool]:
        """Whether there is an item; its partition key is all that is read."""
        return Get(self._binding, self._key(key, parts), finish_exists, keys_only=True)

    def get_by(self, *values: bool | Condition) -> GetBy[ModelT]:
        """The item that has a unique value: `await members.get_by(Member.email == "ada@x.org")`.

        Two consistent reads: of the guard that holds the value, and of its item. No index is
        needed.

        Args:
            values: a comparison by `==` for each field of one constraint.

        Raises:
            UsageError: the fields are not those of a constraint.

        Raises (when awaited):
            ItemNotFound: no item has the value.
        """
        from adorm.items.get_by import GetBy, unique_texts

        return GetBy(self._binding, *unique_texts(self._binding, values))

    # ---- writing one item

    def create(self, item: ModelT, /) -> Write[ModelT, ModelT]:
        """Insert the item, as version 1.

        Raises (when awaited):
            ItemExists: the key is taken; `.item` is what is there.
        """
        from adorm.items.put import Put
        from adorm.items.single_write import key_of_instance

        binding = self._binding
        return Put(binding, key_of_instance(binding, item), item, returning="item", creating=True)

    def put(self, item: ModelT, /) -> Write[ModelT, ModelT]:
        """Replace the whole item, undeclared attributes included; adds 1 to the version.

        Raises (when awaited):
            VersionConflict: the instance was read (its version is above 0), and the item was
                written since; `.unchecked()` for no check.
        """
        from adorm.items.put import Put
        from adorm.items.single_write import key_of_instance

        return Put(self._binding, key_of_instance(self._binding, item), item, returning="item")

    def save(
        self, item: ModelT, /, *, only: Sequence[object] | None = None
    ) -> Write[ModelT, ModelT]:
        """Write all declared attributes if the version is still the one read.

        Other attributes of the item stay as they are.

        `only=[Order.status]` writes these (and version and `updated_at`) of an existing item.

        Raises (when awaited):
            VersionConflict: the item was written since it was read, or is gone (`actual` is None).
            ItemNotFound: with `only`, there is no such item.
        """
        from adorm.items.save import Save, only_paths
        from adorm.items.single_write import key_of_instance

        binding = self._binding
        paths = None if only is None else only_paths(binding.info.model, only)
        return Save(binding, key_of_instance(binding, item), item, returning="item", only=paths)

    @overload
    def delete(self, partition: KeyValue, sort: KeyValue = ..., /) -> Write[ModelT, None]: ...
    @overload
    def delete(
        self, key: Key[ModelT] | tuple[KeyValue, KeyValue] | ModelT, /
    ) -> Write[ModelT, None]: ...
    def delete(self, *key: Any, **parts: Any) -> Write[ModelT, None]:
        """Delete an item by its key, or an instance if its version is still the one read. Deleting
        what is not there is no error.

        Where the model has an `adorm.deleted_at` field, the item is marked as deleted: see
        `restore` and `purge`.

        Raises (when awaited):
            ItemNotFound: with `.when(...)`, there is no such item.
            VersionConflict: of an instance, the item was written since it was read, or is gone.
        """
        return self._delete(self._binding, key, parts)

    def _delete(
        self, binding: Binding, key: tuple[Any, ...], parts: dict[str, Any]
    ) -> Write[ModelT, None]:
        from adorm.items.delete import Delete
        from adorm.items.single_write import key_of_instance

        if len(key) == 1 and is_instance(binding.info, key[0]):
            return Delete(binding, key_of_instance(binding, key[0]), key[0])
        return Delete(binding, self._key(key, parts))

    @overload
    def restore(self, partition: KeyValue, sort: KeyValue = ..., /) -> Restore[ModelT]: ...
    @overload
    def restore(
        self, key: Key[ModelT] | tuple[KeyValue, KeyValue] | ModelT, /
    ) -> Restore[ModelT]: ...
    def restore(self, *key: Any, **parts: Any) -> Restore[ModelT]:
        """Take back a soft deletion, by a key, or of an instance if its version is still the one
        read. Gives the item as stored, which never expires where its deletion had set its ttl.

        Raises:
            UsageError: the model has no `adorm.deleted_at` field.

        Raises (when awaited):
            ItemNotFound: there is no such item.
            VersionConflict: of an instance, the item was written since it was read.
        """
        from adorm.items.restore import make_restore

        return make_restore(self._binding, key, lambda: self._key(key, parts))

    @overload
    def purge(self, partition: KeyValue, sort: KeyValue = ..., /) -> Write[ModelT, None]: ...
    @overload
    def purge(
        self, key: Key[ModelT] | tuple[KeyValue, KeyValue] | ModelT, /
    ) -> Write[ModelT, None]: ...
    def purge(self, *key: Any, **parts: Any) -> Write[ModelT, None]:
        """Remove an item for good, deleted softly or not. The rest is as for `delete`.

        Raises:
            UsageError: the model has no `adorm.deleted_at` field, so that `delete` does it.
        """
        return self._delete(self._binding.with_deleted(), key, parts)

    @overload
    def update(self, partition: KeyValue, sort: KeyValue = ..., /) -> Update[ModelT, None]: ...
    @overload
    def update(self, key: Key[ModelT] | tuple[KeyValue, KeyValue], /) -> Update[ModelT, None]: ...
    def update(self, *key: Any, **parts: Any) -> Update[ModelT, None]:
        """Change parts of an existing item without reading it.

        Adds 1 to the version and sets `updated_at`.

        Raises (when awaited):
            ItemNotFound: there is no such item; `.upsert()` creates it.
            ConditionalCheckFailed: a condition of `.when(...)` did not hold.
        """
        from adorm.items.update import Update

        return Update(self._binding, self._key(key, parts))

    def get_or_create(self, item: ModelT, /) -> GetOrCreate[ModelT]:
        """The item under the key of `item`, or `item` itself, created: `(item, created)`.

        Of many callers at the same time one creates it. The read is eventually consistent, and an
        item that it does not see yet is found by the write.
        """
        from adorm.items.get_or_create import GetOrCreate
        from adorm.items.single_write import key_of_instance

        return GetOrCreate(self._binding, key_of_instance(self._binding, item), item)

    def update_or_create(
        self, item: ModelT, /, *, only: Sequence[object]
    ) -> UpdateOrCreate[ModelT]:
        """Write some fields of `item` into the item under its key, or create it as a whole:
        `(item, created)`.

        The update is as `update(...)`: it adds 1 to the version, and is refused where a key of an
        index is made of a field that is not in `only`.

        Raises (when awaited):
            ItemExists: others deleted and created the item 30 times meanwhile.
        """
        from adorm.items.get_or_create import UpdateOrCreate
        from adorm.items.save import only_paths
        from adorm.items.single_write import key_of_instance

        binding = self._binding
        key, paths = key_of_instance(binding, item), only_paths(binding.info.model, only)
        return UpdateOrCreate(binding, key, item, paths)

    # ---- reading many items

    def query(self, *partition: KeyValue) -> Query[ModelT]:
        """Items of one partition: of the table, or with `.index(name)` of the index. Without it,
        `where(...)` gives the keys.

        Args:
            partition: the value of the partition key; of a key made of parts the parts of the
                partition key, in order.
        """
        from adorm.query.query import Query

        return Query(self._binding, partition=partition)

    def scan(self) -> Scan[ModelT]:
        """Every item of the table, or with `.index(name)` of the index."""
        from adorm.scan import Scan

        return Scan(self._binding)

    def repair(self) -> Repair[ModelT]:
        """Give the items the keys of indexes and the type that the model writes now.

        For after a deploy that changes a key of an index, its `only` or the entity: `await
        orders.repair().segments(4)`. See `Repair`.
        """
        from adorm.tables.repair import repair_of

        return repair_of(self._binding)

    # ---- migrations

    def migrate(self, transform: Callable[[ModelT], ModelT | None], /) -> Migration[ModelT, ModelT]:
        """Change every item by a function, in place, while others go on writing.

        Args:
            transform: gets an item, and gives the item as it should be; None leaves it as it is.
                What it gives it has to leave alone when it gets that.
        """
        from adorm.migrations.migration import Migration
        from adorm.migrations.sides import ModelSide

        side: ModelSide[ModelT] = ModelSide(self._binding)
        return Migration(side, None, transform)

    def migrate_to(
        self, target: Table[TargetT], transform: Callable[[ModelT], TargetT | None], /
    ) -> Migration[ModelT, TargetT]:
        """Copy every item to another table by a function, while others go on writing.

        Args:
            target: may be of another database, in another account or region.
            transform: gets an item, and gives that of the target; None leaves it out.
        """
        from adorm.migrations.migration import migration_to
        from adorm.migrations.sides import ModelSide

        source, to = ModelSide[ModelT](self._binding), ModelSide[TargetT](target._binding)
        return migration_to(source, to, transform)
