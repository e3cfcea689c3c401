"""Making the items of a page into what a query or scan gives: instances, or tuples of values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

import attrs

from adorm.calls.capacity import Capacity
from adorm.codec.pages import PageItems
from adorm.errors import ItemDecodeError
from adorm.expressions.document_path import DocumentPath
from adorm.items.binding import Binding
from adorm.items.select import select_values
from adorm.query.hydrate import fetch_whole
from adorm.retry import RetryPolicy

if TYPE_CHECKING:
    from adorm.codec.compiled.pages import PageParser

ItemT = TypeVar("ItemT")


class Unreadable:
    """Stands for an item that does not fit the model, among the others."""

    __slots__ = ("error",)

    def __init__(self, error: ItemDecodeError) -> None:
        self.error = error


@attrs.frozen(eq=False, kw_only=True)
class ItemDecoder(Generic[ItemT]):
    """Makes the items of the pages of one query or scan."""

    binding: Binding
    selected: tuple[DocumentPath, ...] | None
    """The values to give as tuples; None for whole instances."""
    hydrates: bool
    """The pages hold keys only; the whole items are fetched from the table."""
    consistent: bool
    """How whole items are fetched."""
    retry: RetryPolicy | None

    def page_parser(self) -> PageParser | None:
        """What parses an answer's bytes to items directly; None where attribute maps are needed."""
        if self.selected is not None or self.hydrates:
            return None
        parser: PageParser | None = self.binding.codec.page_parser(self.binding.info.model)
        return parser

    async def decode_each(
        self, items: PageItems, errors: list[ItemDecodeError], capacity: Capacity | None = None
    ) -> list[ItemT | Unreadable]:
        """The items of a page in order, with `Unreadable` for each that does not fit the model; its
        error is added to `errors`."""
        items = await self.whole_items(items, capacity)
        decoded: list[Any]
        failures: list[ItemDecodeError] = []
        if self.selected is None:
            decoded = self.binding.decode_each(items, cast("list[Exception]", failures))
        else:
            decoded = []
            while len(decoded) < len(items):
                try:
                    self.decode_into(decoded, items, len(decoded), len(items))
                except ItemDecodeError as error:
                    failures.append(error)
                    decoded.append(None)
        if not failures:
            return decoded
        errors += failures
        following = iter(failures)
        return [Unreadable(next(following)) if item is None else item for item in decoded]

    async def whole_items(self, items: PageItems, capacity: Capacity | None = None) -> PageItems:
        """The items of a page without those of other models; fetched from the table where an index
        holds only their keys."""
        if not isinstance(items, list):
            return items
        if self.hydrates and items:
            items = await fetch_whole(
                self.binding, items, consistent=self.consistent, retry=self.retry, capacity=capacity
            )
        if self.binding.info.discriminator is None:
            return items
        own = [item for item in items if not self.binding.is_other_kind(item)]
        return items if len(own) == len(items) else own

    def decode_into(self, decoded: list[ItemT], items: PageItems, start: int, stop: int) -> None:
        """Append the items from `start` to `stop` to `decoded`, up to one that does not fit.

        Raises:
            ItemDecodeError: of the item that does not fit; those before it are appended.
        """
        if self.selected is None or not isinstance(items, list):
            self.binding.decode_into(decoded, items, start, stop)
            return
        for attribute_map in items[start:stop]:
            values = select_values(self.binding, self.selected, attribute_map)
            decoded.append(cast("ItemT", values))
