"""Item ids: a hashable (table, key) for a key, an item or a struct of a parsed page.

By it an item in DynamoDB's answer is matched with the key that was asked for, however the key is
written in either. The functions are generated once for a model and a codec's hooks, see
`adorm.codec.compiled.item_ids`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING, TypeAlias, cast

import attrs

from adorm.codec.codec import Codec
from adorm.codec.compiled.item_ids import (
    KeysEncoder,
    make_item_id_of,
    make_item_ids_of,
    make_item_ids_of_page,
    make_keys_encoder,
)
from adorm.codec.pages import ItemPage, MapPage
from adorm.dynamodb.values import AttributeMap
from adorm.items.binding import Binding
from adorm.models import ModelInfo

if TYPE_CHECKING:
    from adorm.codec.compiled.pages import ParsedPage

ItemId: TypeAlias = tuple[Hashable, ...]
"""A table's name, then something for each key attribute that is equal for equal keys."""


@attrs.frozen(slots=False)  # pyright takes functions in slots for methods
class ItemIds:
    """Functions that give item ids, each called with the name of the table first."""

    one: Callable[[str, AttributeMap], ItemId]
    """Of one item, or of its key."""
    all: Callable[[str, Iterable[AttributeMap]], list[ItemId]]
    """Of many."""
    parsed: Callable[[str, ParsedPage], list[ItemId]]
    """Of the items of a parsed page."""

    def of_page(self, table: str, page: ItemPage) -> list[ItemId]:
        """Of the items of a page, in order.

        Raises:
            Exception: an item has no key. Of which class depends on what is there instead.
        """
        if isinstance(page, MapPage):
            return self.all(table, page.maps)
        return self.parsed(table, cast("ParsedPage", page))


def item_ids(info: ModelInfo, codec: Codec) -> ItemIds:
    """The functions of a model."""
    memo, name = codec.memo, (item_ids, info)
    known: ItemIds | None = memo.get(name)
    if known is None:
        plans = [codec.field_plan(field) for field in info.key_fields]
        one = make_item_id_of(info.name, plans)
        known = memo[name] = ItemIds(
            one, make_item_ids_of(info.name, plans), make_item_ids_of_page(info.name, plans, one)
        )
    return known


def item_id(binding: Binding, attribute_map: AttributeMap) -> ItemId:
    """The id of an item of the table, given its key or the whole item."""
    return item_ids(binding.info, binding.codec).one(binding.table_name, attribute_map)


def encode_keys(info: ModelInfo, codec: Codec) -> KeysEncoder:
    """The function that encodes many keys of a model and gives their item ids."""
    memo, name = codec.memo, (encode_keys, info)
    known: KeysEncoder | None = memo.get(name)
    if known is None:
        plans = [codec.field_plan(field) for field in info.key_fields]
        part_plans = [codec.field_plan(part) for part in info.parts]
        known = memo[name] = make_keys_encoder(info.name, plans, part_plans, info.key)
    return known
