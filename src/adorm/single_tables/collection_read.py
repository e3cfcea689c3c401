"""`CollectionRead`: the items of several models under a common partition key, in key order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Self, TypeVar

import attrs

from adorm.expressions.conditions import Condition, conditions
from adorm.items.operation import Operation
from adorm.query.decoded_pages import DecodedPages
from adorm.query.decoder import ItemDecoder
from adorm.query.model_filters import ItemFilters, holds_type, kinds_of
from adorm.query.read_request import ReadRequest, read_request
from adorm.single_tables.collection import ModelsRead
from adorm.single_tables.collection_binding import CollectionBinding
from adorm.single_tables.collection_plan import (
    CollectionAccess,
    WantedCollection,
    choose_collection,
)

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


@attrs.define(eq=False, repr=False)
class CollectionRead(ModelsRead[ItemT], Generic[ItemT]):
    """The items of several models that one query gives. `CollectionQuery` puts them in lists."""

    _conditions: tuple[Condition, ...] = ()

    def where(self, *conditions_: bool | Condition) -> Self:
        """See `CollectionQuery.where`."""
        return attrs.evolve(self, conditions=self._conditions + conditions(conditions_))

    def ascending(self) -> Self:
        """From the smallest sort key on."""
        return attrs.evolve(self, descending=False)

    def descending(self) -> Self:
        """From the largest sort key on."""
        return attrs.evolve(self, descending=True)

    def _read_request(self, *, counting: bool = False) -> ReadRequest[ItemT]:
        binding = self.models
        wanted = WantedCollection(
            models=binding.models.models,
            conditions=self._conditions,
            filters=self._filters,
            index_name=self._index,
            hydrates=self._hydrates,
            consistent=self._consistent,
            reads_fields=not counting,
            codec=binding.codec,
        )
        found = choose_collection(wanted)
        if binding.may_meet_deleted:
            from adorm.single_tables.collection_deletions import without_deleted

            found = without_deleted(found, binding, hydrates=self._hydrates, counting=counting)
        decoder = collection_decoder(
            binding, found, ItemDecoder[ItemT](
                binding=binding,
                selected=None,
                hydrates=self._hydrates,
                consistent=self._consistent,
                retry=self._retry,
            ),
        )  # fmt: skip
        return read_request(
            "Query",
            found.access,
            decoder,
            page_size=self._page_size,
            descending=self._descending,
            counting=counting,
            kinds=kinds_of(binding.models.models, found.access.target, is_scan=False),
        )

    def _counted(
        self, most_items: int | None, result: Callable[[int], ResultT]
    ) -> Operation[ResultT]:
        if not self._read_request(counting=True).decoder.drops_other_kinds:
            return super()._counted(most_items, result)

        # DynamoDB sends no items where it counts, and here some have to be looked at
        async def compute() -> ResultT:
            return result(len(await DecodedPages(self._read_request, most_items).all()))

        return self._derived(compute, self.request)


def collection_decoder(
    binding: CollectionBinding, found: CollectionAccess, decoder: ItemDecoder[ItemT]
) -> ItemDecoder[ItemT]:
    """The decoder of a read of several models, which leaves out what DynamoDB could not filter."""
    has_types = holds_type(binding.models.models, found.access.target)
    filters = ItemFilters(found.filters, binding.codec, has_types=has_types)
    return attrs.evolve(
        decoder, binding=binding.with_filters(filters), drops_other_kinds=filters.is_needed
    )
