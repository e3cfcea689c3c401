"""Making the items of a page into what a query or scan gives: instances, or tuples of values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

import attrs

from adorm.batch.chunk import Chunk, ids_of, read_chunk
from adorm.calls.capacity import Capacity
from adorm.codec.pages import ItemPage, MapPage
from adorm.dynamodb.limits import MAX_GET_KEYS
from adorm.dynamodb.values import AttributeMap
from adorm.errors import ItemDecodeError
from adorm.expressions.document_path import DocumentPath
from adorm.items.binding import Binding
from adorm.items.item_ids import ItemId, item_ids
from adorm.items.kinds import OtherKind, other_kind
from adorm.items.select import select_values
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
    """Whether whole items are fetched by consistent reads."""
    retry: RetryPolicy | None
    drops_other_kinds: bool = False
    """Items of other models, or deleted ones, may be among those that were read or fetched, and are
    left out."""

    def page_parser(self) -> PageParser | None:
        """What makes a page from the bytes of an answer; None where attribute maps are needed."""
        if self.selected is not None or self.hydrates or self.drops_other_kinds:
            return None
        return self.binding.page_parser()

    async def decode_each(
        self, page: ItemPage, errors: list[ItemDecodeError], capacity: Capacity | None = None
    ) -> list[ItemT | Unreadable]:
        """The items of a page in order, with `Unreadable` for each that does not fit the model.

        Its error is added to `errors`. An item that turns out to be of another model is left out.
        The page may be empty afterwards.
        """
        page = await self.whole_items(page, capacity)
        decoded, has_failures = self.decode_page(page)
        if not has_failures:
            return decoded
        items = [item for item in decoded if not is_of_another_kind(item)]
        errors += [item.error for item in items if isinstance(item, Unreadable)]
        return items

    def decode_page(self, page: ItemPage) -> tuple[list[ItemT | Unreadable], bool]:
        """One entry for each item of a page, `Unreadable` where it does not fit the model, and
        whether there is such a one.

        Args:
            page: what `whole_items` gives.
        """
        decoded: list[Any]
        failures: list[Exception] = []
        if self.selected is None:
            decoded = page.decode_each(self.binding, failures)
        else:
            decoded = []
            while len(decoded) < len(page):
                try:
                    self.decode_into(decoded, page, len(decoded), len(page))
                except ItemDecodeError as error:
                    failures.append(error)
                    decoded.append(None)
        if not failures:
            return decoded, False
        following = iter([Unreadable(error) for error in cast("list[ItemDecodeError]", failures)])
        return [next(following) if item is None else item for item in decoded], True

    async def whole_items(self, page: ItemPage, capacity: Capacity | None = None) -> ItemPage:
        """The page: whole items where it holds only keys, and none that reads leave out."""
        if self.hydrates and page:
            keys = page.attribute_maps()
            items = await fetch_whole(
                self.binding, keys, consistent=self.consistent, retry=self.retry, capacity=capacity
            )
            page = MapPage(items)
        return page.without(self.binding.is_left_out) if self.drops_other_kinds else page

    def decode_into(self, decoded: list[ItemT], page: ItemPage, start: int, stop: int) -> None:
        """Append the items from `start` up to, not including, `stop` to `decoded`.

        Raises:
            ItemDecodeError: an item does not fit the model; those before it are appended.
        """
        if self.selected is None:
            page.decode_into(decoded, self.binding, start, stop)
            return
        binding = self.binding
        tells_by_key = binding.info.single_table is not None
        for index in range(start, stop):
            attribute_map = page.attribute_map(index)
            if tells_by_key and binding.is_other_kind(attribute_map):
                key = binding.key_attributes(attribute_map)
                raise other_kind(binding.info, key, attribute_map)
            values = select_values(binding, self.selected, attribute_map)
            decoded.append(cast("ItemT", values))


def is_of_another_kind(item: object) -> bool:
    """Whether an entry of `decode_page` stands for an item of another model."""
    return isinstance(item, Unreadable) and isinstance(item.error, OtherKind)


async def fetch_whole(
    binding: Binding,
    maps: Sequence[AttributeMap],
    *,
    consistent: bool = False,
    retry: RetryPolicy | None = None,
    capacity: Capacity | None = None,
) -> list[AttributeMap]:
    """The whole items with these keys, in their order; an item deleted meanwhile is left out.

    Raises:
        Throttled: DynamoDB leaves keys unprocessed again and again.
    """
    table, ids_of_table = binding.table_name, item_ids(binding.info, binding.codec)
    keys = [binding.key_attributes(attribute_map) for attribute_map in maps]
    ids = ids_of(ids_of_table, table, MapPage(keys))
    found: dict[ItemId, AttributeMap] = {}
    chunk = Chunk(binding.connection, table, {table: ids_of_table}, retry, capacity)
    options = {"ConsistentRead": True} if consistent else {}

    def on_items(_table: str, ids: list[ItemId], page: ItemPage) -> None:
        found.update(zip(ids, page.attribute_maps(), strict=True))

    unique = dict(zip(ids, keys, strict=True))
    while unique:
        pending = {item_id: unique.pop(item_id) for item_id in list(unique)[:MAX_GET_KEYS]}
        await read_chunk(chunk, pending, options, on_items)
    return [found[item_id] for item_id in ids if item_id in found]
