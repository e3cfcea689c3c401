"""`CollectionBinding`: several models on one table, for a read of items of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from adorm.codec.failures import DecodeFailure, item_decode_error
from adorm.codec.item_models import ItemModels
from adorm.dynamodb.values import AttributeMap
from adorm.errors import ItemDecodeError, UsageError
from adorm.items.binding import Binding, Connection
from adorm.items.kinds import other_kind
from adorm.models import ModelInfo, model_info
from adorm.query.model_filters import ItemFilters


class CollectionBinding(Binding):
    """Models on their table. `info` is the first of them: the table's key is the same in all.

    Args:
        asked: the models that the caller named; an abstract one stands for its subclasses.
    """

    __slots__ = ("asked", "filters", "models")

    def __init__(
        self,
        connection: Connection,
        asked: Sequence[ModelInfo],
        table_name: str,
        filters: ItemFilters | None = None,
    ) -> None:
        models = [model for info in asked for model in info.item_models.models]
        if not models:
            names = " and ".join(info.name for info in asked)
            raise UsageError(f"{names} is abstract and has no subclasses so far")
        super().__init__(connection, models[0], table_name)
        self.asked = tuple(asked)
        table = models[0].single_table
        self.models = ItemModels(models, None if table is None else table.type_attribute)
        self.filters = filters

    def with_filters(self, filters: ItemFilters) -> CollectionBinding:
        """The same, leaving out items that DynamoDB could not filter."""
        made = CollectionBinding(self.connection, self.asked, self.table_name, filters)
        made.shows_deleted = self.shows_deleted
        return made

    def with_deleted(self) -> CollectionBinding:
        if not self.may_meet_deleted:
            raise UsageError(
                f"{self.names}: none of them has a deleted_at field, so that delete() removes "
                "their items, and no deleted items are left"
            )
        made = CollectionBinding(self.connection, self.asked, self.table_name, self.filters)
        made.shows_deleted = True
        return made

    @property
    def may_meet_deleted(self) -> bool:
        """Whether items of one of the models are deleted softly."""
        return any(info.deleted_at is not None for info in self.models.models)

    @property
    def hides_deleted(self) -> bool:
        return not self.shows_deleted and self.may_meet_deleted

    @property
    def names(self) -> str:
        """How messages name the models: `Customer and Order`."""
        return " and ".join(info.name for info in self.asked)

    def buckets(self, items: Iterable[Any]) -> tuple[list[Any], ...]:
        """The items in a list for each model that was named."""
        lists = {info: list[Any]() for info in self.asked}
        by_class = {
            model.structure.cls: lists[info]
            for info in self.asked
            for model in info.item_models.models
        }
        for item in items:
            by_class[type(item)].append(item)
        return tuple(lists.values())

    def checked_index(self, index: object) -> str:
        """The name of an index, if each model has it.

        Raises:
            UsageError: one of them has no such index.
        """
        if not isinstance(index, str):
            raise UsageError(
                f"index() takes the name of an index here, not {index!r}: a read of several models "
                "takes every key of theirs in it"
            )
        for info in self.models.models:
            if index not in info.indexes:
                known = ", ".join(info.indexes) or "none"
                raise UsageError(f"{info.name} has no index {index!r}; it has {known}")
        return index

    @property
    def request_model(self) -> Any:
        return None  # the paths of a request start from several models

    def decoder(self) -> Callable[[AttributeMap], Any]:
        codec, find = self.codec, self.models.find

        def decode(attribute_map: AttributeMap) -> Any:
            info = find(attribute_map)
            if info is None:
                raise DecodeFailure(f"an item of another model than {self.names}")
            return codec.decode(info.model, attribute_map)

        return decode

    def page_parser(self) -> None:
        return None

    def decode(self, attribute_map: AttributeMap) -> Any:
        try:
            return self.decoder()(attribute_map)
        except DecodeFailure as failure:
            raise self.decode_error(failure, attribute_map) from failure

    def is_other_kind(self, attribute_map: AttributeMap) -> bool:
        """Whether the item is of no model that was asked for, or a filter leaves it out."""
        info = self.models.find(attribute_map)
        if info is None:
            return True
        return self.filters is not None and self.filters.leaves_out(info, attribute_map)

    def is_left_out(self, attribute_map: AttributeMap) -> bool:
        if self.is_other_kind(attribute_map):
            return True
        return not self.shows_deleted and self.is_deleted(attribute_map)

    def is_deleted(self, attribute_map: AttributeMap) -> bool:
        info = self.models.find(attribute_map)
        return info is not None and self.of(info).is_deleted(attribute_map)

    def decode_error(self, failure: DecodeFailure, attribute_map: AttributeMap) -> ItemDecodeError:
        info, key = self.models.find(attribute_map), self.key_attributes(attribute_map)
        if info is None:
            return other_kind(self.info, key, attribute_map)
        return item_decode_error(failure, model=info.model, key=key, attribute_map=attribute_map)


def collection_binding(connection: Connection, models: Sequence[type[Any]]) -> CollectionBinding:
    """Several models on the table that they share.

    Raises:
        UsageError: they are of several tables, or of none that several models share; or one is
            given twice.
    """
    if not models:
        raise UsageError("name the models that are read, as in db.query(Customer, Order)")
    asked = [model_info(model) for model in models]
    names = " and ".join(info.name for info in asked)
    table = asked[0].single_table
    if table is None or any(info.single_table is not table for info in asked):
        tables = ", ".join(f"{info.name} of {info.single_table or info.table!r}" for info in asked)
        raise UsageError(
            f"{names}: one request reads models of one SingleTable, and these are {tables}"
        )
    seen: dict[ModelInfo, ModelInfo] = {}
    for info in asked:
        for model in info.item_models.models:
            if model in seen:
                twice = f"{model.name} is given twice"
                if info.is_abstract or seen[model].is_abstract:
                    base = info if info.is_abstract else seen[model]
                    twice = f"{base.name} stands for {model.name} too"
                raise UsageError(f"{names}: {twice}: name it once")
            seen[model] = info
    return CollectionBinding(connection, asked, connection.binding(models[0]).table_name)
