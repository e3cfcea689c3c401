"""`db.scan(User, Order)`: every item of several models of one table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Literal, Self, TypeVar

import attrs

from adorm.errors import UsageError
from adorm.expressions.conditions import Condition
from adorm.items.operation import Operation
from adorm.query.access import Access, target_of
from adorm.query.decoder import ItemDecoder
from adorm.query.fits import NoFit, check_filter
from adorm.query.model_filters import ModelFilter, kinds_of, models_of, on_the_server
from adorm.query.read_request import ReadRequest, read_request
from adorm.scan import Scan
from adorm.segments.stream import ScanStream
from adorm.single_tables.collection import Collection, ModelsRead
from adorm.single_tables.collection_plan import CollectionAccess, attributes_of
from adorm.single_tables.collection_read import collection_decoder

BucketsT = TypeVar("BucketsT")
ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


@attrs.define(eq=False, repr=False)
class CollectionScanRead(ModelsRead[ItemT], Scan[ItemT], Generic[ItemT]):
    """The items of several models that one scan gives, in no order."""

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
class CollectionScan(
    Collection[BucketsT, ItemT, CollectionScanRead[ItemT]], Generic[BucketsT, ItemT]
):
    """Every item of several models of one `SingleTable`, in no order.

    Awaited, it gives a list for each model, in the order in which they were named; iterated, the
    items as they come. DynamoDB charges for all items of the table, also of other models.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
    """

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

    def limit(self, items: int, /) -> Self:
        """Give at most this many items of all models together.

        Raises:
            UsageError: it is negative, or no whole number.
        """
        return self._with(self._read.limit(items))

    def segments(self, total_segments: int | Literal["auto"], /) -> Self:
        """Read this many segments side by side. See `Scan.segments`.

        Raises:
            UsageError: it is neither a whole number from 1 to 10,000 nor "auto".
        """
        return self._with(self._read.segments(total_segments))

    def stream(self) -> ScanStream[ItemT]:
        """A block in which the segments are read ahead, by at most one page each."""
        return self._read.stream()

    def count(self) -> Operation[int]:
        """How many items of all models there are, up to the limit. See `CollectionQuery.count`."""
        return self._read.count()
