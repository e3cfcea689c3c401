"""What queries and scans have in common: clauses, pages, iteration, streams."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast

import attrs

from adorm.calls.capacity import Capacity
from adorm.dynamodb.limits import MAX_LIMIT
from adorm.errors import (
    AttributeMap,
    BadCursor,
    DeadlineExceeded,
    ItemDecodeError,
    ItemNotFound,
    UsageError,
)
from adorm.expressions.conditions import Comparison, Condition, Exists, Or, Value, and_, conditions
from adorm.expressions.document_path import DocumentPath, root_path
from adorm.expressions.placeholders import Placeholders
from adorm.expressions.projections import render_projection
from adorm.items.binding import Binding, Connection, PageItems
from adorm.items.operation import Operation, Retriable
from adorm.items.plan import Plan, page_cost, plan_of
from adorm.items.select import projections, select_values
from adorm.query.cursors import decode_cursor, encode_cursor, query_digest
from adorm.query.hydrate import fetch_whole
from adorm.query.kind_filters import telling
from adorm.query.pages import Page, PageReader, RawPage, key_at
from adorm.query.planner import Candidate
from adorm.query.start_keys import start_key_problem
from adorm.query.stream import ItemIterator, ItemStream, QueryStream, Unreadable
from adorm.schema.fields import Field
from adorm.schema.types import split_optional, unwrap

if TYPE_CHECKING:
    from adorm.codec.compiled.shapes import Shape

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


@attrs.frozen(eq=False)
class Access:
    """Where a read goes: the table or index, and which conditions are its key's and which its
    filter's."""

    access: Candidate
    key: tuple[Condition, ...]
    filter: tuple[Condition, ...]
    reason: str


@attrs.frozen(eq=False)
class ReadRequest:
    """A read, ready to be sent page by page."""

    request: dict[str, Any]
    digest: bytes
    """Of what is read and in which order; cursors are bound to it."""
    key_names: frozenset[str]
    """The attributes that a cursor's key consists of."""
    reason: str
    drops_others: bool = False
    """Items of other kinds come along, and are left out once they are read."""
    filters_kinds_only: bool = False
    """The filter does no more than leave out items of other kinds."""


@attrs.define(eq=False, repr=False)
class DerivedRead(Operation[ResultT]):
    """Something computed from a read: a count, a page, an aggregate."""

    only_reads = True

    _compute: Callable[[], Coroutine[Any, Any, ResultT]]
    _first_request: Callable[[], dict[str, Any]]
    _plan: Callable[[], Plan]
    _of: Operation[Any] | None = None
    """The read that it is computed from."""

    @property
    def _sent_by(self) -> Connection | None:
        return None if self._of is None else self._of._sent_by  # noqa: SLF001

    @property
    def _subject(self) -> str:
        return "" if self._of is None else self._of._subject  # noqa: SLF001

    async def _run(self) -> ResultT:
        return await self._compute()

    def request(self) -> dict[str, Any]:
        return self._first_request()

    def explain(self) -> Plan:
        return self._plan()


@attrs.define(eq=False, repr=False)
class WorkOnItems(DerivedRead[ResultT]):
    """The same by work of the caller's own, which may write."""

    only_reads = False


@attrs.define(eq=False, repr=False)
class PagedRead(Retriable[list[ItemT]], Generic[ItemT]):
    """A query or a scan. Awaiting it collects everything; iterating reads page after page on
    demand."""

    only_reads = True

    _binding: Binding
    _filters: tuple[Condition, ...] = ()
    _index: str | None = None
    _consistent: bool = False
    _descending: bool = False
    _limit: int | None = None
    _page_size: int | None = None
    _selected: tuple[DocumentPath, ...] | None = None
    _hydrates: bool = False
    _hides_expired: bool = False

    _operation = "Query"

    # ---- clauses

    @property
    def _subject(self) -> str:
        return self._binding.info.name

    def filter(self, *conditions_: bool | Condition) -> Self:
        """Leave out what does not meet all conditions; DynamoDB reads it, and charges for it, all
        the same."""
        return attrs.evolve(self, filters=self._filters + conditions(conditions_))

    def index(self, name: str, /) -> Self:
        """Read this index, and no other.

        Raises:
            UsageError: the model has no such index.
        """
        if name not in self._binding.info.indexes:
            known = ", ".join(self._binding.info.indexes) or "none"
            raise UsageError(f"{self._binding.info.name} has no index {name!r}; it has {known}")
        return attrs.evolve(self, index=name)

    def consistent(self) -> Self:
        """Read what was last written: twice the read units. DynamoDB can't do that on a global
        index."""
        return attrs.evolve(self, consistent=True)

    def limit(self, items: int, /) -> Self:
        """Give this many items at most, over all pages; what the filter leaves out does not count.

        Raises:
            UsageError: it is negative, or no whole number.
        """
        return attrs.evolve(self, limit=_checked_count("limit", items, least=0))

    def page_size(self, items: int, /) -> Self:
        """Let DynamoDB read this many items a request, before the filter (its `Limit`); 1 MB
        without.

        Raises:
            UsageError: it is not positive.
        """
        return attrs.evolve(self, page_size=_checked_count("page_size", items, least=1))

    def hydrate(self) -> Self:
        """Read the whole items from the table, by the keys that the index holds: one BatchGetItem
        for each 100 items."""
        return attrs.evolve(self, hydrates=True)

    def hide_expired(self) -> Self:
        """Leave out items whose ttl is over; DynamoDB deletes them only within days.

        Raises:
            UsageError: the model has no ttl field.
        """
        if self._binding.info.ttl is None:
            raise UsageError(
                f"{self._binding.info.name} has no ttl field, so nothing of it expires: add one with adorm.ttl()"
            )
        return attrs.evolve(self, hides_expired=True)

    def _with_selection(self, paths: tuple[DocumentPath, ...]) -> Self:
        if self._hydrates:
            raise UsageError(
                "select() reads what the index holds, hydrate() the whole items: take one of them"
            )
        return attrs.evolve(self, selected=paths)

    # ---- what is sent

    def _route(self, filters: tuple[Condition, ...], needed: frozenset[str]) -> Access:
        raise TypeError(f"{type(self).__name__} has no route")

    def _build(self, *, counting: bool = False) -> ReadRequest:
        binding, info = self._binding, self._binding.info
        filters = (*self._filters, self._not_expired()) if self._hides_expired else self._filters
        if self._selected is not None:
            needed = frozenset(location.attribute_name for location in self._selected)
        elif counting or self._hydrates:
            needed = info.key_names
        else:
            needed = frozenset(field.attribute_name for field in info.structure.fields)
        if info.discriminator is not None:
            needed |= {info.discriminator.attribute_name}
        route = self._route(filters, needed)
        access = route.access
        told = telling(
            info,
            binding.codec,
            access,
            route.key,
            is_scan=self._operation == "Scan",
            counting=counting,
        )
        key, filter_ = (*route.key, *told.key), (*route.filter, *told.filter)
        if self._consistent and access.index is not None and access.index.is_global:
            raise UsageError(
                f"{access} of {info.name} is global, and DynamoDB reads those eventually consistent only: take consistent() away"
            )
        request: dict[str, Any] = {"TableName": binding.table_name}
        if access.index is not None:
            request["IndexName"] = access.index.name
        if self._descending:
            request["ScanIndexForward"] = False
        if self._consistent:
            request["ConsistentRead"] = True
        placeholders = Placeholders(binding.codec, info.model)
        identity = dict(request)
        if key:
            request["KeyConditionExpression"] = placeholders.checked(
                "key condition", and_(*key).render(placeholders)
            )
            identity["KeyConditionExpression"] = request["KeyConditionExpression"]
            placeholders.into(identity)
        if filter_:
            request["FilterExpression"] = placeholders.checked(
                "filter", and_(*filter_).render(placeholders)
            )
        key_names = info.key_names | access.key_names
        if counting:
            request["Select"] = "COUNT"
        elif self._selected is not None:
            for location in self._selected:
                placeholders.check_owner(location)
            # The key comes along, for cursors.
            wanted = projections(info, self._selected, sorted(key_names))
            request["ProjectionExpression"] = render_projection(wanted, placeholders)
        elif self._hydrates:
            request["ProjectionExpression"] = render_projection(
                [(name,) for name in sorted(key_names)], placeholders
            )
        placeholders.into(request)
        digest = query_digest(self._operation, identity)
        return ReadRequest(
            request,
            digest,
            key_names,
            route.reason,
            told.after_reading,
            not route.filter and bool(told.filter),
        )

    def _not_expired(self) -> Condition:
        info = self._binding.info
        field = cast("Field", info.ttl)
        location = root_path(info.model, field)
        now = self._binding.connection.clock.now()
        threshold = int(now.timestamp()) if unwrap(split_optional(field.type)[0]) is int else now
        return Or(
            (Exists(location, wanted=False), Comparison(location, ">", Value(threshold, location)))
        )

    def _reader(
        self,
        built: ReadRequest,
        *,
        most_items: int | None,
        start_key: AttributeMap | None = None,
        capacity: Capacity | None = None,
    ) -> PageReader:
        return PageReader(
            self._binding,
            self._operation,
            built.request,
            key_names=built.key_names,
            most_items=most_items,
            page_size=self._page_size,
            start_key=start_key,
            retry=self._retry,
            capacity=capacity,
            shape=None if built.drops_others else self._shape(),
            filters_kinds_only=built.filters_kinds_only,
        )

    def _shape(self) -> Shape | None:
        """What parses pages of whole items."""
        return (
            None
            if self._hydrates or self._selected is not None
            else self._binding.codec.shape(self._binding.info.model)
        )

    def request(self) -> dict[str, Any]:
        return self._reader(self._build(), most_items=self._limit).request()

    def explain(self) -> Plan:
        built = self._build()
        return plan_of(
            self._operation,
            built.request,
            page_cost(consistent=self._consistent),
            reason=built.reason,
        )

    # ---- reading

    async def _items(
        self, items: PageItems, errors: list[ItemDecodeError], capacity: Capacity | None = None
    ) -> list[ItemT | Unreadable]:
        """The items, with `Unreadable` in the place of each that does not fit the model; `errors`
        gets theirs."""
        items = await self._whole(items, capacity)
        made: list[Any]
        wrong: list[ItemDecodeError] = []
        if self._selected is None:
            made = self._binding.decode_each(items, cast("list[Exception]", wrong))
        else:
            made = []
            while len(made) < len(items):
                try:
                    self._decode_into(made, items, len(made), len(items))
                except ItemDecodeError as error:
                    wrong.append(error)
                    made.append(None)
        if not wrong:
            return made
        errors += wrong
        following = iter(wrong)
        return [Unreadable(next(following)) if item is None else item for item in made]

    async def _whole(self, items: PageItems, capacity: Capacity | None = None) -> PageItems:
        """The whole items, where an index does not hold them; without those of other kinds."""
        if not isinstance(items, list):
            return items
        if self._hydrates and items:
            items = await fetch_whole(
                self._binding,
                items,
                consistent=self._consistent,
                retry=self._retry,
                capacity=capacity,
            )
        return self._of_own_kind(items)

    def _of_own_kind(self, maps: list[AttributeMap]) -> list[AttributeMap]:
        """Without those of other kinds, where the request could not leave them out."""
        binding = self._binding
        if binding.info.discriminator is None:
            return maps
        own = [attribute_map for attribute_map in maps if not binding.is_other_kind(attribute_map)]
        return maps if len(own) == len(maps) else own

    def _decode_into(self, made: list[ItemT], items: PageItems, start: int, stop: int) -> None:
        """Append some of a page's items to `made`, up to one that does not fit, whose error is
        raised."""
        if self._selected is None or not isinstance(items, list):
            self._binding.decode_into(made, items, start, stop)
            return
        for attribute_map in items[start:stop]:
            made.append(cast("ItemT", select_values(self._binding, self._selected, attribute_map)))  # noqa: PERF401  # up to a failure

    async def _run(self) -> list[ItemT]:
        walk = Walk(self)
        items = await walk.all()
        if walk.errors:
            error = walk.errors[0]
            error.add_note(
                "collect_errors() gives the items that can be read, and tells of those that can't"
            )
            raise error
        return items

    def __aiter__(self) -> ItemIterator[ItemT]:
        return ItemIterator(Walk(self).next)

    def stream(self) -> ItemStream[ItemT]:
        """A block in which the next page is fetched while this one is used."""
        return self._streamed(collects_errors=False)

    def _streamed(self, *, collects_errors: bool) -> ItemStream[ItemT]:
        capacity = Capacity()
        walk = Walk(self, capacity)
        return QueryStream(
            walk.next,
            capacity,
            self._operation,
            self._binding.table_name,
            collects_errors=collects_errors,
        )

    def page(self, cursor: str | None = None, /) -> Operation[Page[ItemT]]:
        """Up to `limit` items (without one, a page of DynamoDB's), and the cursor that goes on
        after them; None begins.

        Where nothing is filtered the end is known for certain, because one item more is read; a
        filter may leave a cursor to an empty page. An item that does not fit the model is left out,
        its error is in `Page.errors`.

        Raises:
            BadCursor: the cursor is not one of this query.
            DeadlineExceeded: `.result` is the page as far as it came, and `.cursor` goes on after
                that.
            UsageError: the limit is 0, since a page of nothing has no place to go on from.
        """
        if self._limit == 0:
            raise UsageError(
                "limit(0).page() reads nothing, so no cursor could tell where to go on: a page takes a limit of 1 or more"
            )
        return DerivedRead(
            lambda: self._one_page(cursor),
            lambda: self._page_reader(self._build(), cursor).request(),
            self.explain,
            self,
        )

    def _page_reader(self, built: ReadRequest, cursor: str | None) -> PageReader:
        start_key = None
        if cursor is not None:
            start_key = decode_cursor(
                cursor, built.digest, self._binding.connection.cursor_secret, built.key_names
            )
            problem = start_key_problem(self._binding, built.request, start_key)
            if problem is not None:
                raise BadCursor(
                    f"no page of this query can end where this cursor says: {problem}; begin without one"
                )
        # One item more than asked for tells whether there are any.
        return self._reader(
            built, most_items=None if self._limit is None else self._limit + 1, start_key=start_key
        )

    async def _one_page(self, cursor: str | None) -> Page[ItemT]:
        built = self._build()
        if built.drops_others and self._limit is not None:
            raise UsageError(
                f"a page of {self._limit} can't be told here: the index lets items of other kinds through, which adorm leaves out once "
                "they are read; take limit() away, or let the index hold the discriminator beside its keys"
            )
        built.request.setdefault("ReturnConsumedCapacity", "TOTAL")
        reader = self._page_reader(built, cursor)
        pages: list[RawPage] = []
        count, scanned_count, capacity = 0, 0, None
        while (
            page := await self._next_of(reader, built, pages, cursor, scanned_count, capacity)
        ) is not None:
            if page.items:
                pages.append(page)
            count += len(page.items)
            scanned_count += page.scanned_count
            if page.capacity is not None:
                capacity = (capacity or 0.0) + page.capacity
            if self._limit is None or count >= self._limit:
                break
        goes_on = reader.last_key
        if self._limit is not None and count > self._limit:  # by the one item more
            del pages[-1].items[-1:]
            last = next(page.items for page in reversed(pages) if page.items)
            goes_on = key_at(last, -1, built.key_names)
        following = None if goes_on is None else self._cursor(built, goes_on)
        try:
            return await self._page_of(pages, following, scanned_count, capacity)
        except DeadlineExceeded as error:  # whole items were being fetched: none of them is given
            error.cursor = cursor
            raise

    async def _next_of(
        self,
        reader: PageReader,
        built: ReadRequest,
        pages: list[RawPage],
        cursor: str | None,
        scanned_count: int,
        capacity: float | None,
    ) -> RawPage | None:
        """The reader's next page. A deadline's error carries the page as far as it came, and the
        cursor that goes on after it."""
        try:
            return await reader.next()
        except DeadlineExceeded as error:
            error.cursor = cursor
            if reader.last_key is not None and (pages or scanned_count) and not self._hydrates:
                error.cursor = self._cursor(built, reader.last_key)
                error.result = await self._page_of(pages, error.cursor, scanned_count, capacity)
            elif reader.last_key is not None and not pages:
                error.cursor = self._cursor(built, reader.last_key)
            raise

    async def _page_of(
        self, pages: list[RawPage], cursor: str | None, scanned_count: int, capacity: float | None
    ) -> Page[ItemT]:
        """The page that several of DynamoDB's make."""
        whole = Capacity() if self._hydrates else None
        errors: list[ItemDecodeError] = []
        if self._hydrates:  # all keys together, as a request takes 100
            maps = [
                attribute_map
                for page in pages
                if isinstance(page.items, list)
                for attribute_map in page.items
            ]
            made = await self._items(maps, errors, whole)
        else:
            made = [item for page in pages for item in await self._items(page.items, errors)]
        items = cast(
            "list[ItemT]",
            [item for item in made if not isinstance(item, Unreadable)] if errors else made,
        )
        if whole is not None and whole.read_units:
            capacity = (capacity or 0.0) + whole.read_units
        return Page(items, cursor, len(items), scanned_count, capacity, errors)

    def _cursor(self, built: ReadRequest, after: AttributeMap) -> str:
        return encode_cursor(after, built.digest, self._binding.connection.cursor_secret)

    def count(self) -> Operation[int]:
        """How many items there are, up to the limit. They are read and charged for, but not
        sent."""
        return self._counted(self._limit, int)

    def exists(self) -> Operation[bool]:
        """Whether there is any item."""
        return self._counted(1, bool)

    def _counted(
        self, most_items: int | None, result: Callable[[int], ResultT]
    ) -> Operation[ResultT]:
        async def compute() -> ResultT:
            reader = self._reader(self._build(counting=True), most_items=most_items)
            total = 0
            while (page := await reader.next()) is not None:
                total += page.count
            return result(total)

        return DerivedRead(
            compute,
            lambda: self._reader(self._build(counting=True), most_items=most_items).request(),
            self.explain,
            self,
        )

    def first(self) -> Operation[ItemT | None]:
        """The first item in order, or None."""

        async def compute() -> ItemT | None:
            items = await one
            return items[0] if items else None

        one = self.limit(1 if self._limit is None else min(1, self._limit))
        return DerivedRead(compute, one.request, self.explain, self)

    def one(self) -> Operation[ItemT]:
        """The only item.

        Raises (when awaited):
            ItemNotFound: there is none.
            UsageError: there is more than one.
        """

        async def compute() -> ItemT:
            items = await two
            if not items:
                raise ItemNotFound(
                    f"no item of {self._binding.info.name} in table {self._binding.table_name} meets the conditions; "
                    "first() gives None instead"
                )
            if len(items) > 1:
                raise UsageError(
                    f"one() found more than one item of {self._binding.info.name}: first() takes the first of several"
                )
            return items[0]

        two = self.limit(2)
        return DerivedRead(compute, two.request, self.explain, self)


class Walk(Generic[ItemT]):
    """Reads the items of a query or scan, page after page."""

    def __init__(self, reads: PagedRead[ItemT], capacity: Capacity | None = None) -> None:
        self._reads = reads
        self._capacity = capacity
        self._reader: PageReader | None = None
        self._built: ReadRequest | None = None
        self._left: int | None = None
        self._after: AttributeMap | None = None
        self.errors: list[ItemDecodeError] = []
        """Of the items so far that do not fit the model."""

    async def next(self) -> list[ItemT | Unreadable] | None:
        """The items of the next page, `Unreadable` in the place of each that does not fit the
        model; None after the last page."""
        reads, reader = self._reads, self._reader
        if reader is None:
            built = self._built = reads._build()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # its own
            limit = reads._limit  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
            self._left = limit if built.drops_others else None
            most_items = None if built.drops_others else limit
            reader = self._reader = reads._reader(  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
                built, most_items=most_items, capacity=self._capacity
            )
        if self._left == 0:
            return None
        page = await reader.next()
        if page is None:
            return None
        items = await reads._items(page.items, self.errors, self._capacity)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        self._after = reader.last_key
        if self._left is not None:
            del items[self._left :]
            self._left -= len(items)
        return items

    async def all(self, *, passes_over: bool = False) -> list[ItemT]:
        """The items of all pages, up to the first page with one that does not fit the model, or
        passing over those.

        Raises:
            DeadlineExceeded: `.result` are the items so far, `.cursor` goes on after them.
        """
        items: list[ItemT] = []
        try:
            while (page := await self.next()) is not None:
                if self.errors:
                    if not passes_over:
                        return items
                    page = [item for item in page if not isinstance(item, Unreadable)]
                items += cast("list[ItemT]", page)
        except DeadlineExceeded as error:
            error.result = items
            if self._after is not None and self._built is not None:
                error.cursor = self._reads._cursor(self._built, self._after)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
            raise
        return items


def _checked_count(name: str, items: int, *, least: int) -> int:
    if isinstance(items, bool) or not isinstance(items, int) or not least <= items <= MAX_LIMIT:  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
        raise UsageError(f"{name} is a whole number from {least} on, not {items!r}")
    return items
