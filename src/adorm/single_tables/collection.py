"""What a query and a scan of several models have in common.

`ModelsRead` reads the items, and `Collection` is what users build and await.
"""

from __future__ import annotations

from typing import Any, Generic, Self, TypeVar, cast

import attrs

from adorm.errors import UsageError
from adorm.expressions.document_path import DocumentPath
from adorm.items.binding import Connection
from adorm.items.operation import Operation
from adorm.items.plan import Plan
from adorm.query.paged_read import PagedRead
from adorm.query.stream import ItemIterator
from adorm.retry import RetryPolicy
from adorm.single_tables.collection_binding import CollectionBinding

BucketsT = TypeVar("BucketsT")
ItemT = TypeVar("ItemT")


@attrs.define(eq=False, repr=False)
class ModelsRead(PagedRead[ItemT], Generic[ItemT]):
    """A read of items of several models."""

    @property
    def models(self) -> CollectionBinding:
        """The models that are read."""
        return cast("CollectionBinding", self._binding)

    @property
    def model_name(self) -> str:
        return self.models.names

    def index(self, index: object, /) -> Self:
        return attrs.evolve(self, index=self.models.checked_index(index))

    def _with_selection(self, paths: tuple[DocumentPath, ...]) -> Self:
        raise UsageError("a read of several models gives whole items: select() is for one model")


ReadT = TypeVar("ReadT", bound=ModelsRead[Any])


@attrs.define(eq=False, repr=False)
class Collection(Operation[BucketsT], Generic[BucketsT, ItemT, ReadT]):
    """Items of several models of one `SingleTable`: awaited, a list for each; iterated, items."""

    only_reads = True

    _read: ReadT

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.model_name}, not awaited>"

    @property
    def model_name(self) -> str:
        return self._read.model_name

    @property
    def connection(self) -> Connection | None:
        return self._read.connection

    def consistent(self) -> Self:
        """Read what was last written, for twice the read units; not possible on a global index."""
        return self._with(self._read.consistent())

    def page_size(self, items: int, /) -> Self:
        """Let DynamoDB read at most this many items for one request, before the filter (`Limit`).

        Raises:
            UsageError: it is not positive, or no whole number.
        """
        return self._with(self._read.page_size(items))

    def hydrate(self) -> Self:
        """Read the whole items from the table, by the keys that the index holds: one BatchGetItem
        for each 100 items."""
        return self._with(self._read.hydrate())

    def with_deleted(self) -> Self:
        """Read items also if they were deleted softly, see `adorm.deleted_at`.

        Raises:
            UsageError: none of the models has such a field.
        """
        return self._with(self._read.with_deleted())

    def retry(self, policy: RetryPolicy, /) -> Self:
        """Use this retry policy instead of the database's."""
        return self._with(self._read.retry(policy))

    def _with(self, read: ReadT) -> Self:
        return attrs.evolve(self, read=read)

    async def _run(self) -> BucketsT:
        return cast("BucketsT", self._read.models.buckets(await self._read))

    def __aiter__(self) -> ItemIterator[ItemT]:
        items: ItemIterator[ItemT] = self._read.__aiter__()
        return items

    def request(self) -> dict[str, Any]:
        return self._read.request()

    def explain(self) -> Plan:
        return self._read.explain()
