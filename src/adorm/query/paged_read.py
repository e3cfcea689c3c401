"""What queries and scans have in common: clauses, pages, iteration, streams, derived results."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

import attrs

from adorm.calls.capacity import Capacity
from adorm.checks import count
from adorm.dynamodb.limits import MAX_LIMIT
from adorm.errors import ItemNotFound, UsageError
from adorm.expressions.conditions import Condition, conditions
from adorm.expressions.document_path import DocumentPath
from adorm.items.binding import Binding
from adorm.items.operation import Operation
from adorm.items.plan import Plan, page_cost, plan_of
from adorm.items.retriable import Retriable
from adorm.query.access import Access
from adorm.query.decoded_pages import DecodedPages, count_of, reader_of
from adorm.query.decoder import ItemDecoder
from adorm.query.pages import Page, PageOfItems
from adorm.query.read_request import (
    ReadOperation,
    ReadRequest,
    attributes_to_read,
    not_expired,
    read_request,
)
from adorm.query.stream import ItemIterator, ItemStream, QueryStream

if TYPE_CHECKING:
    from adorm.items.key_makers import IndexKey
    from adorm.query.page_of_shards import PageOfShards
    from adorm.query.shards import MergedShards
    from adorm.schema.item_keys import ItemKey

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


@attrs.define(eq=False, repr=False)
class DerivedRead(Operation[ResultT]):
    """The result of reading: a count, a page, an aggregate."""

    only_reads = True

    _compute: Callable[[], Coroutine[Any, Any, ResultT]]
    _first_request: Callable[[], dict[str, Any]]
    _plan: Callable[[], Plan]
    _binding: Binding

    @property
    def model_name(self) -> str:
        return self._binding.info.name

    async def _run(self) -> ResultT:
        return await self._compute()

    def request(self) -> dict[str, Any]:
        return self._first_request()

    def explain(self) -> Plan:
        return self._plan()


@attrs.define(eq=False, repr=False)
class WorkOnItems(DerivedRead[ResultT]):
    """The result of the caller's own work on each item, which may write."""

    only_reads = False


@attrs.define(eq=False, repr=False)
class PagedRead(Retriable[list[ItemT]], Generic[ItemT]):
    """A query or a scan. Awaiting it collects everything; iterating reads pages on demand."""

    only_reads = True

    _binding: Binding
    _filters: tuple[Condition, ...] = ()
    _index: str | None = None
    _index_key: ItemKey | None = None
    """The key of the index that was named, where it has several."""
    _consistent: bool = False
    _descending: bool = False
    _limit: int | None = None
    _page_size: int | None = None
    _selected: tuple[DocumentPath, ...] | None = None
    _hydrates: bool = False
    _hides_expired: bool = False

    _operation: ClassVar[ReadOperation] = "Query"

    @property
    def model_name(self) -> str:
        return self._binding.info.name

    # ---- clauses

    def filter(self, *conditions_: bool | Condition) -> Self:
        """Leave out items that do not meet all conditions; DynamoDB still charges for them."""
        return attrs.evolve(
            self, filters=self._filters + conditions(conditions_, self._binding.info.model)
        )

    def index(self, index: str | IndexKey, /) -> Self:
        """Read this index, and no other.

        Args:
            index: its name, or one of the model's keys of it, such as `Order.by_status`. Where the
                index has several keys of the model, only items that are in it by that key are read;
                of a name a query takes the key that all wanted items have, as the conditions tell.

        Raises:
            UsageError: the model has no such index.
        """
        info = self._binding.info
        if not isinstance(index, str):
            from adorm.query.named_keys import named_key

            key = named_key(info, index)
            return attrs.evolve(self, index=key.index, index_key=key)
        if index not in info.indexes:
            known = ", ".join(info.indexes) or "none"
            raise UsageError(f"{info.name} has no index {index!r}; it has {known}")
        return attrs.evolve(self, index=index, index_key=None)

    def consistent(self) -> Self:
        """Read what was last written, for twice the read units; not possible on a global index."""
        return attrs.evolve(self, consistent=True)

    def limit(self, items: int, /) -> Self:
        """Give at most this many items, over all pages, not counting those that the filter drops.

        Raises:
            UsageError: it is negative, or no whole number.
        """
        return attrs.evolve(self, limit=count("limit", items, least=0, most=MAX_LIMIT))

    def page_size(self, items: int, /) -> Self:
        """Let DynamoDB read at most this many items for one request, before the filter (`Limit`).

        The default is what fits into 1 MB.

        Raises:
            UsageError: it is not positive, or no whole number.
        """
        return attrs.evolve(self, page_size=count("page_size", items, most=MAX_LIMIT))

    def hydrate(self) -> Self:
        """Read the whole items from the table, by the keys that the index holds: one BatchGetItem
        for each 100 items."""
        return attrs.evolve(self, hydrates=True)

    def hide_expired(self) -> Self:
        """Leave out items whose ttl is in the past; DynamoDB deletes them only within days.

        Raises:
            UsageError: the model has no ttl field.
        """
        not_expired(self._binding.info, self._binding.connection.clock.now())
        return attrs.evolve(self, hides_expired=True)

    def with_deleted(self) -> Self:
        """Read items also if they were deleted softly, see `adorm.deleted_at`.

        Raises:
            UsageError: the model has no such field.
        """
        return attrs.evolve(self, binding=self._binding.with_deleted())

    def _with_selection(self, paths: tuple[DocumentPath, ...]) -> Self:
        if self._hydrates:
            raise UsageError(
                "select() reads what the index holds, hydrate() the whole items: take one of them"
            )
        return attrs.evolve(self, selected=paths)

    # ---- what is sent

    def _access(self, filters: tuple[Condition, ...], needed: frozenset[str]) -> Access:
        """Where these filters and attributes are read, and how."""
        raise TypeError(f"{type(self).__name__} reads nothing")

    def _read_request(self, *, counting: bool = False) -> ReadRequest[ItemT]:
        binding, filters = self._binding, self._filters
        if self._hides_expired:
            filters = (*filters, not_expired(binding.info, binding.connection.clock.now()))
        decoder = ItemDecoder[ItemT](
            binding=binding,
            selected=self._selected,
            hydrates=self._hydrates,
            consistent=self._consistent,
            retry=self._retry,
        )
        access = self._access(filters, attributes_to_read(decoder, counting=counting))
        return read_request(
            self._operation,
            access,
            decoder,
            page_size=self._page_size,
            descending=self._descending,
            counting=counting,
        )

    def request(self) -> dict[str, Any]:
        return reader_of(self._read_request(), most_items=self._limit).request()

    def explain(self) -> Plan:
        read = self._read_request()
        cost = page_cost(consistent=self._consistent)
        partitions = () if read.partitions is None else read.partitions.texts
        return plan_of(
            self._operation, read.parameters, cost, reason=read.reason, partitions=partitions
        )

    # ---- reading

    async def _run(self) -> list[ItemT]:
        pages = self._pages()
        items = await pages.all()
        if pages.errors:
            error = pages.errors[0]
            error.add_note(
                "collect_errors() gives the items that can be read, "
                "and the errors of those that can't"
            )
            raise error
        return items

    def __aiter__(self) -> ItemIterator[ItemT]:
        return ItemIterator(self._pages().next)

    def stream(self) -> ItemStream[ItemT]:
        """A block in which the next page is fetched while this one is used."""
        return self._open_stream(collects_errors=False)

    def _open_stream(self, *, collects_errors: bool) -> ItemStream[ItemT]:
        capacity, name = Capacity(), self._binding.table_name
        pages = self._pages(capacity)
        if not isinstance(pages, DecodedPages):
            return pages.stream(collects_errors=collects_errors)
        return QueryStream(
            pages.next, capacity, self._operation, name, collects_errors=collects_errors
        )

    def _pages(self, capacity: Capacity | None = None) -> DecodedPages[ItemT] | MergedShards[ItemT]:
        """What reads the items."""
        return DecodedPages(self._read_request, self._limit, capacity)

    def page(self, cursor: str | None = None, /) -> Operation[Page[ItemT]]:
        """Up to `limit` items, by default one page of DynamoDB's, and the cursor after them.

        A cursor of None begins.

        Without a filter the end is known for certain, because one item more is read; with one, a
        cursor may lead to an empty last page. An item that does not fit the model is left out, and
        its error is in `Page.errors`.

        Raises:
            BadCursor: the cursor is not one of this query.
            DeadlineExceeded: `.result` is the page as far as it came, and `.cursor` goes on after
                that.
            UsageError: the limit is 0, so that no cursor could go on.
        """
        if self._limit == 0:
            raise UsageError(
                "limit(0).page() reads nothing, so no cursor could tell where to go on: "
                "a page takes a limit of 1 or more"
            )

        async def compute() -> Page[ItemT]:
            return await _page_of(self._read_request(), self._limit, cursor).get()

        return self._derived(
            compute, lambda: _page_of(self._read_request(), self._limit, cursor).request()
        )

    def count(self) -> Operation[int]:
        """How many items there are, up to the limit. DynamoDB charges for them, but sends none."""
        return self._counted(self._limit, int)

    def exists(self) -> Operation[bool]:
        """Whether there is any item."""
        return self._counted(1, bool)

    def _counted(
        self, most_items: int | None, result: Callable[[int], ResultT]
    ) -> Operation[ResultT]:
        async def compute() -> ResultT:
            return result(await count_of(self._read_request(counting=True), most_items))

        return self._derived(
            compute,
            lambda: reader_of(self._read_request(counting=True), most_items=most_items).request(),
        )

    def first(self) -> Operation[ItemT | None]:
        """The first item in order, or None."""
        one = self.limit(1 if self._limit is None else min(1, self._limit))

        async def compute() -> ItemT | None:
            items = await one
            return items[0] if items else None

        return self._derived(compute, one.request)

    def one(self) -> Operation[ItemT]:
        """The only item.

        Raises (when awaited):
            ItemNotFound: there is none.
            UsageError: there is more than one.
        """
        two = self.limit(2)
        name, table_name = self._binding.info.name, self._binding.table_name

        async def compute() -> ItemT:
            items = await two
            if not items:
                raise ItemNotFound(
                    f"no item of {name} in table {table_name} meets the conditions; "
                    "first() gives None instead"
                )
            if len(items) > 1:
                raise UsageError(
                    f"one() found more than one item of {name}: first() takes the first of several"
                )
            return items[0]

        return self._derived(compute, two.request)

    def _derived(
        self,
        compute: Callable[[], Coroutine[Any, Any, ResultT]],
        first_request: Callable[[], dict[str, Any]],
        plan: Callable[[], Plan] | None = None,
    ) -> DerivedRead[ResultT]:
        """An operation that computes its result from this read."""
        return DerivedRead(compute, first_request, plan or self.explain, self._binding)


def _page_of(
    read: ReadRequest[ItemT], limit: int | None, cursor: str | None
) -> PageOfItems[ItemT] | PageOfShards[ItemT]:
    """What reads one page.

    Raises:
        BadCursor: the cursor is not one of this query.
    """
    partitions = read.partitions
    if partitions is None or len(partitions.slots) == 1:
        return PageOfItems(read, limit, cursor)
    from adorm.query.page_of_shards import PageOfShards

    return PageOfShards(read, partitions, limit, cursor)
