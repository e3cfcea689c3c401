"""What a batch get has read of one model on one table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import attrs

from adorm.codec.pages import ItemPage
from adorm.items.item_ids import ItemId
from adorm.items.kinds import OtherKind
from adorm.transport.base import Answer

ItemT = TypeVar("ItemT")


@attrs.frozen(eq=False)
class FoundItems(Generic[ItemT]):
    """What was read of one model on one table."""

    decode: Callable[[ItemPage, list[Exception]], list[Any]]
    """Decodes items. For an item that can't be decoded it gives None, and appends an error to the
    list."""
    parse: Callable[[bytes], Answer | None] | None = None
    """Parses the bytes of answers that hold items of this model only."""
    by_id: dict[ItemId, ItemT] = attrs.Factory(dict[ItemId, ItemT])
    undecodable: set[ItemId] = attrs.Factory(set[ItemId])
    """Items that are there, and do not fit the model."""

    def add(
        self, ids: list[ItemId], page: ItemPage, decoded: list[ItemT], errors: list[Exception]
    ) -> None:
        """Decode the items of a page and keep them. Appends the instances to `decoded`, and the
        error of each item that does not fit to `errors`.

        An item of another model, which shares the table, counts as absent.
        """
        known = len(errors)
        instances = self.decode(page, errors)
        if len(errors) > known:
            failures = errors[known:]
            pairs = list(zip(ids, instances, strict=True))
            failed = [item_id for item_id, instance in pairs if instance is None]
            self.undecodable.update(
                item_id
                for item_id, error in zip(failed, failures, strict=True)
                if not isinstance(error, OtherKind)
            )
            errors[known:] = [error for error in failures if not isinstance(error, OtherKind)]
            ids = [item_id for item_id, instance in pairs if instance is not None]
            instances = [instance for instance in instances if instance is not None]
        decoded.extend(instances)
        self.by_id.update(zip(ids, instances, strict=True))
