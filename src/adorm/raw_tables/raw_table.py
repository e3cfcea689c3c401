"""`db.raw_table("legacy")`: a table without a model, its items as dicts of plain values."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any, Self

import anyio

from adorm.errors import UsageError
from adorm.items.binding import Connection
from adorm.items.get import Get, GetOrNone, finish_get, finish_get_or_none
from adorm.items.keys import Key, make_key
from adorm.items.raw_binding import KeyPart, PlainItem, RawBinding, described_key, raw_binding
from adorm.schema.scalar_types import KeyValue

if TYPE_CHECKING:
    from adorm.batch.get import BatchGet
    from adorm.items.delete import Delete
    from adorm.items.update import Update
    from adorm.migrations.migration import Migration
    from adorm.query.query import Query
    from adorm.raw_tables.raw_put import RawPut
    from adorm.scan import Scan


class RawTable:
    """A table without a model. Items are dicts of plain values by attribute name.

    Numbers are read as `int` or `Decimal`, sets as sets, NULL as None; None is stored as NULL.
    Conditions and changes take `adorm.path("name")`. There are no versions, no timestamps and no
    defaults.

    Its key has to be known: by `await db.raw_table("legacy")`, which sends one DescribeTable, or by
    `db.raw_table("legacy", partition_key=("pk", str))`, which sends nothing.
    """

    def __init__(
        self,
        connection: Connection,
        name: str,
        partition_key: KeyPart | None = None,
        sort_key: KeyPart | None = None,
    ) -> None:
        if partition_key is None and sort_key is not None:
            raise UsageError(f"raw_table({name!r}): sort_key= goes with partition_key=")
        self._connection = connection
        self._name = name
        self._turn = anyio.Lock()
        self._known: RawBinding | None = None
        if partition_key is not None:
            self._known = raw_binding(connection, name, partition_key, sort_key)

    @property
    def name(self) -> str:
        """The table's name in DynamoDB."""
        return self._name

    def __repr__(self) -> str:
        return f"RawTable({self._name!r})"

    def __await__(self) -> Generator[Any, None, Self]:
        return self._opened().__await__()

    async def _opened(self) -> Self:
        await self.binding()
        return self

    async def binding(self) -> RawBinding:
        """The table with its key; the first call asks DynamoDB for it."""
        async with self._turn:
            if self._known is None:
                key = await described_key(self._connection, self._name)
                self._known = raw_binding(self._connection, self._name, *key)
            return self._known

    @property
    def _binding(self) -> RawBinding:
        if self._known is None:
            raise UsageError(
                f"the key of table {self._name} is not known yet: write "
                f'table = await db.raw_table("{self._name}"), or give partition_key=("pk", str)'
            )
        return self._known

    def _key(self, key: tuple[Any, ...]) -> Key[Any]:
        return make_key(self._binding.info, key, {})

    # ---- one item

    def get(self, partition: KeyValue, sort: KeyValue | None = None, /) -> Get[PlainItem]:
        """The item.

        Raises (when awaited):
            ItemNotFound: there is none.
        """
        return Get(self._binding, self._key(_parts(partition, sort)), finish_get)

    def get_or_none(
        self, partition: KeyValue, sort: KeyValue | None = None, /
    ) -> GetOrNone[PlainItem]:
        """The item, or None."""
        return GetOrNone(self._binding, self._key(_parts(partition, sort)), finish_get_or_none)

    def put(self, item: Mapping[str, Any], /) -> RawPut:
        """Write the whole item; it replaces what is there."""
        from adorm.raw_tables.raw_put import RawPut

        return RawPut(self._binding, item, creates=False)

    def create(self, item: Mapping[str, Any], /) -> RawPut:
        """Insert the item.

        Raises (when awaited):
            ItemExists: the key is taken; `.item` is what is there.
        """
        from adorm.raw_tables.raw_put import RawPut

        return RawPut(self._binding, item, creates=True)

    def update(self, partition: KeyValue, sort: KeyValue | None = None, /) -> Update[Any, None]:
        """Change parts of an existing item: `.apply(adorm.path("a").set(1))`.

        Raises (when awaited):
            ItemNotFound: there is no such item; `.upsert()` creates it.
        """
        from adorm.items.update import Update

        return Update(self._binding, self._key(_parts(partition, sort)))

    def delete(self, partition: KeyValue, sort: KeyValue | None = None, /) -> Delete[Any, None]:
        """Delete an item by its key. Deleting what is not there is no error."""
        from adorm.items.delete import Delete

        return Delete(self._binding, self._key(_parts(partition, sort)))

    # ---- many items

    def batch_get(self, keys: list[tuple[KeyValue, KeyValue] | KeyValue], /) -> BatchGet[Any]:
        """Read any number of items by their keys. See `BatchGet`."""
        from adorm.batch.get import BatchGet
        from adorm.batch.inputs import as_keys
        from adorm.batch.key_set import KeyGroup

        binding = self._binding
        checked = as_keys(binding, keys)
        return BatchGet(binding.connection, [KeyGroup(binding, checked)] if checked else [])

    def query(self, partition: KeyValue, /) -> Query[PlainItem]:
        """Items of one partition of the table."""
        from adorm.query.query import Query

        return Query(self._binding, partition=(partition,))

    def scan(self) -> Scan[PlainItem]:
        """Every item of the table."""
        from adorm.scan import Scan

        return Scan(self._binding)

    # ---- migrations

    def migrate(
        self, transform: Callable[[PlainItem], PlainItem | None], /
    ) -> Migration[PlainItem, PlainItem]:
        """Change every item by a function, in place, while others go on writing.

        Of `adorm.rename`, `drop`, `add` and `chain` DynamoDB does the work itself.

        Args:
            transform: gets an item, and gives the item as it should be; None leaves it as it is.
                What it gives it has to leave alone when it gets that.
        """
        from adorm.migrations.migration import Migration
        from adorm.migrations.sides import RawSide

        return Migration(RawSide(self._name, self.binding), None, transform)

    def migrate_to(
        self, target: RawTable, transform: Callable[[PlainItem], PlainItem | None] = dict, /
    ) -> Migration[PlainItem, PlainItem]:
        """Copy every item to another table by a function, while others go on writing.

        Args:
            target: may be of another database, in another account or region.
            transform: gets an item, and gives that of the target; None leaves it out. By default
                items are copied as they are.
        """
        from adorm.migrations.migration import migration_to
        from adorm.migrations.sides import RawSide

        source = RawSide(self._name, self.binding)
        return migration_to(source, RawSide(target.name, target.binding), transform)


def _parts(partition: KeyValue, sort: KeyValue | None) -> tuple[Any, ...]:
    return (partition,) if sort is None else (partition, sort)
