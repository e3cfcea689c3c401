"""`db.scan(User, Order)`: every item of several models of one table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Literal, Self, TypeVar, cast

import attrs

from adorm.errors import UsageError
from adorm.expressions.conditions import Condition
from adorm.expressions.document_path import DocumentPath
from adorm.items.binding import Connection
from adorm.items.operation import Operation
from adorm.items.plan import Plan
from adorm.query.access import Access, target_of
from adorm.query.decoder import ItemDecoder
from adorm.query.fits import NoFit, check_filter
from adorm.query.model_filters import ModelFilter, kinds_of, models_of, on_the_server
from adorm.query.read_request import ReadRequest, read_request
from adorm.query.stream import ItemIterator
from adorm.retry import RetryPolicy
from adorm.scan import Scan
from adorm.segments.stream import ScanStream
from adorm.single_tables.collection_binding import CollectionBinding
from adorm.single_tables.collection_plan import CollectionAccess, attributes_of
from adorm.single_tables.collection_read import collection_decoder

BucketsT = TypeVar("BucketsT")
ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


@attrs.define(eq=False, repr=False)
class CollectionScanRead(Scan[ItemT], Generic[ItemT]):
    """The items of several models that one scan gives, in no order."""

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

    def _read_request(self, *, counting: bool = False) -> ReadRequest[ItemT]:
        binding = self.models
        models, target = binding.models.models, target_of(binding.info, self._index)
        needed = frozenset[str]() if counting or self._hydrates else attributes_of(models)
        if missing := target.missing(needed):
            raise UsageError(
                f"{target} does not hold {missing} of {binding.names}: hydrate() reads the whole "
                "items from the table"
            )
        filters = [ModelFilter(models_of(each, models), each) for each in self._filters]
        try:
            check_filter(target, (), self._filters, is_scan=True)
        except NoFit as refusal:
            raise UsageError(f"{target} of {binding.names}: {refusal}") from refusal
        sent = on_the_server(filters, models, target)
        access = Access(target, (), sent, f"a scan of {target} was asked for")
        some = tuple(each for each in filters if len(each.models) < len(models))
        found = CollectionAccess(access, some)
        if binding.may_meet_deleted:
            from adorm.single_tables.collection_deletions import without_deleted

            found = without_deleted(found, binding, hydrates=self._hydrates, counting=counting)
        decoder = ItemDecoder[ItemT](
            binding=binding,
            selected=None,
            hydrates=self._hydrates,
            consistent=self._consistent,
            retry=self._retry,
        )
        return read_request(
            "Scan",
            found.access,
            collection_decoder(binding, found, decoder),
            page_size=self._page_size,
            descending=False,
            counting=counting,
            kinds=kinds_of(models, target, is_scan=True),
        )

    def _counted(
        self, most_items: int | None, result: Callable[[int], ResultT]
    ) -> Operation[ResultT]:
        if not self._read_request(counting=True).decoder.drops_other_kinds:
            return super()._counted(most_items, result)
        # DynamoDB sends no items where it counts, and here some have to be looked at
        limited = self if most_items is None else self.limit(most_items)

        async def compute() -> ResultT:
            return result(await limited.fold(0, lambda total, _: total + 1))

        return self._derived(compute, self.request)


@attrs.define(eq=False, repr=False)
class CollectionScan(Operation[BucketsT], Generic[BucketsT, ItemT]):
    """Every item of several models of one `SingleTable`, in no order.

    Awaited, it gives a list for each model, in the order in which they were named; iterated, the
    items as they come. DynamoDB charges for all items of the table, also of other models.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
    """

    only_reads = True

    _read: CollectionScanRead[ItemT]

    def __repr__(self) -> str:
        return f"<CollectionScan {self.model_name}, not awaited>"

    @property
    def model_name(self) -> str:
        return self._read.model_name

    @property
    def connection(self) -> Connection | None:
        return self._read.connection

    def where(self, *conditions: bool | Condition) -> Self:
        """The same as `filter`, because a scan has no key condition."""
        return self.filter(*conditions)

    def filter(self, *conditions: bool | Condition) -> Self:
        """Leave out items that do not meet the conditions that are about their model.

        `filter(Order.status == "open")` leaves out orders that are not open, and no users.
        """
        return self._with(self._read.filter(*conditions))

    def index(self, name: str, /) -> Self:
        """Read this index, and not the table.

        Raises:
            UsageError: one of the models has no such index.
        """
        return self._with(self._read.index(name))

    def consistent(self) -> Self:
        """Read what was last written, for twice the read units; not possible on a global index."""
        return self._with(self._read.consistent())

    def limit(self, items: int, /) -> Self:
        """Give at most this many items of all models together.

        Raises:
            UsageError: it is negative, or no whole number.
        """
        return self._with(self._read.limit(items))

    def page_size(self, items: int, /) -> Self:
        """Let DynamoDB read at most this many items for one request, before the filter (`Limit`).

        Raises:
            UsageError: it is not positive, or no whole number.
        """
        return self._with(self._read.page_size(items))

    def hydrate(self) -> Self:
        """Read the whole items from the table, by the keys that the index holds."""
        return self._with(self._read.hydrate())

    def with_deleted(self) -> Self:
        """Read items also if they were deleted softly, see `adorm.deleted_at`.

        Raises:
            UsageError: none of the models has such a field.
        """
        return self._with(self._read.with_deleted())

    def segments(self, total_segments: int | Literal["auto"], /) -> Self:
        """Read this many segments side by side. See `Scan.segments`.

        Raises:
            UsageError: it is neither a whole number from 1 to 10,000 nor "auto".
        """
        return self._with(self._read.segments(total_segments))

    def retry(self, policy: RetryPolicy, /) -> Self:
        """Use this retry policy instead of the database's."""
        return self._with(self._read.retry(policy))

    def _with(self, read: CollectionScanRead[ItemT]) -> Self:
        return attrs.evolve(self, read=read)

    async def _run(self) -> BucketsT:
        return cast("BucketsT", self._read.models.buckets(await self._read))

    def __aiter__(self) -> ItemIterator[ItemT]:
        return self._read.__aiter__()

    def stream(self) -> ScanStream[ItemT]:
        """A block in which the segments are read ahead, by at most one page each."""
        return self._read.stream()

    def count(self) -> Operation[int]:
        """How many items of all models there are, up to the limit. See `CollectionQuery.count`."""
        return self._read.count()

    def request(self) -> dict[str, Any]:
        return self._read.request()

    def explain(self) -> Plan:
        return self._read.explain()
