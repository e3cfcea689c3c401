"""`Side`: the source or the target of a migration, a table with a model or without one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Generic, TypeVar, cast

from adorm.codec.sizes import check_item_size
from adorm.dynamodb.values import AttributeMap
from adorm.errors import UsageError
from adorm.items.binding import Binding
from adorm.items.raw_binding import RawBinding
from adorm.schema.fields import Field
from adorm.schema.item_keys import computed_attributes

ItemT = TypeVar("ItemT")

STAMP = "adorm:migration"
"""The attribute by which a migration to a new table knows the items that it has written."""


class Side(ABC, Generic[ItemT]):
    """A table, and how its items are made of attribute maps and become such."""

    table_name: str

    @abstractmethod
    async def open(self) -> None:
        """Ask for the table's key, where that is not known."""

    @property
    @abstractmethod
    def binding(self) -> Binding:
        """The table with its key; of a raw table after `open()`."""

    @property
    @abstractmethod
    def covered(self) -> frozenset[str] | None:
        """The attributes that an item of it speaks of; None for all."""

    @property
    def left_alone(self) -> frozenset[str]:
        """Attributes that move with each write and are not compared."""
        return frozenset()

    @property
    def version(self) -> Field | None:
        """The model's version."""
        return None

    @property
    def updated_at(self) -> Field | None:
        """The model's time of the last update."""
        return None

    @abstractmethod
    def decode(self, attribute_map: AttributeMap) -> ItemT:
        """The item; a new one at each call.

        Raises:
            ItemDecodeError: it does not fit the model.
        """

    @abstractmethod
    def encode(self, item: ItemT) -> AttributeMap:
        """The attribute map.

        Raises:
            UsageError: it can't be stored.
        """

    # ---- keys

    @property
    def key_names(self) -> frozenset[str]:
        """The attributes of the table's key."""
        return self.binding.info.key_names

    def key_of(self, item: AttributeMap) -> AttributeMap:
        """The part of an item that is its key."""
        return {name: item[name] for name in self.binding.info.key_order}

    def key_from_other(self, key: AttributeMap) -> AttributeMap | None:
        """The key that has the values of a key of another table, in order; None where the two keys
        have not the same types."""
        order = self.binding.info.key_order
        if len(order) != len(key):
            return None
        plan_of = self.binding.codec.field_plan
        values = list(key.values())
        for field, value in zip(self.binding.info.key_fields, values, strict=True):
            if plan_of(field).coder.tag not in value:
                return None
        return dict(zip(order, values, strict=True))

    def key_text(self, key: AttributeMap) -> str:
        """How errors and files name the key: `a/1`."""
        return "/".join(str(next(iter(value.values()))) for value in key.values())


class ModelSide(Side[ItemT]):
    """A table with a model.

    Raises:
        UsageError: the model is abstract.
    """

    def __init__(self, binding: Binding) -> None:
        info = binding.info
        if info.is_abstract:
            raise UsageError(f"{info.name} is abstract: migrate each of its subclasses by itself")
        if info.deleted_at is not None and binding.hides_deleted:
            binding = binding.with_deleted()
        self._bound = binding
        self.table_name = binding.table_name
        computed = computed_attributes(info.structure.cls)
        fields = [*info.structure.fields, *(() if computed is None else computed.fields.values())]
        self._covered = frozenset(field.attribute_name for field in (*fields, *info.key_fields))
        moving = [field for field in (info.version, info.updated_at) if field is not None]
        self._left_alone = frozenset(field.attribute_name for field in moving)

    async def open(self) -> None:
        """Does nothing: a model knows its key."""

    @property
    def binding(self) -> Binding:
        return self._bound

    @property
    def covered(self) -> frozenset[str]:
        return self._covered

    @property
    def left_alone(self) -> frozenset[str]:
        return self._left_alone

    @property
    def version(self) -> Field | None:
        return self._bound.info.version

    @property
    def updated_at(self) -> Field | None:
        return self._bound.info.updated_at

    def decode(self, attribute_map: AttributeMap) -> ItemT:
        return cast("ItemT", self._bound.decode(attribute_map))

    def encode(self, item: ItemT) -> AttributeMap:
        info = self._bound.info
        info.check_instance(item)
        encoded = self._bound.codec.encode(item, info.model)
        check_item_size(info.name, encoded)
        return encoded


class RawSide(Side[dict[str, Any]]):
    """A table without a model."""

    def __init__(
        self, table_name: str, binding: Callable[[], Coroutine[Any, Any, RawBinding]]
    ) -> None:
        self._ask = binding
        self.table_name = table_name
        self._bound: RawBinding | None = None

    async def open(self) -> None:
        self._bound = await self._ask()

    @property
    def binding(self) -> RawBinding:
        if self._bound is None:
            raise UsageError(f"the key of table {self.table_name} is not known yet")
        return self._bound

    @property
    def covered(self) -> None:
        return None

    def decode(self, attribute_map: AttributeMap) -> dict[str, Any]:
        decoded: dict[str, Any] = self.binding.decode(attribute_map)
        return decoded

    def encode(self, item: Mapping[str, Any]) -> AttributeMap:
        return self.binding.encode(item)
