"""`ItemModels`: of which model of a table an item is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

from adorm.codec.compiled.computed import key_texts
from adorm.schema.item_keys import ItemKey


class ItemModel(Protocol):
    """What is needed of a model, whose `ModelInfo` has it."""

    @property
    def name(self) -> str: ...

    @property
    def entities(self) -> Sequence[str]:
        """What the type attribute of its items may hold."""
        ...

    @property
    def key(self) -> ItemKey | None:
        """How the table's key is made of parts; None where it is made of plain fields."""
        ...


ModelT = TypeVar("ModelT", bound=ItemModel)


class ItemModels(Generic[ModelT]):
    """Models of one table, to tell of which of them an item is.

    An item with a type is of the model that has this entity. An item without one is of the first
    model that makes such keys.

    Args:
        models: none of them is abstract.
        type_attribute: the attribute that holds the entity; None where items have none.
    """

    def __init__(self, models: Iterable[ModelT], type_attribute: str | None) -> None:
        self.models = tuple(models)
        self.type_attribute = type_attribute
        self._by_entity = {entity: model for model in self.models for entity in model.entities}

    @property
    def entities(self) -> tuple[str, ...]:
        """What the type attribute of their items may hold."""
        return tuple(self._by_entity)

    def find(self, attribute_map: Mapping[str, Any]) -> ModelT | None:
        """The model of an item; None where it is of none of them.

        The key of an item is enough where it has no type, or where the type is not there to see.
        """
        name = self.type_attribute
        stored = None if name is None else attribute_map.get(name)
        if stored is not None:
            return self._by_entity.get(stored.get("S"))
        for model in self.models:
            if has_key_of(model, attribute_map):
                return model
        return None

    def find_all(self, attribute_map: Mapping[str, Any]) -> list[ModelT]:
        """The models that an item can be of: one where it has a type, else all with such a key."""
        if self.type_attribute is not None and self.type_attribute in attribute_map:
            found = self.find(attribute_map)
            return [] if found is None else [found]
        return [model for model in self.models if has_key_of(model, attribute_map)]


def has_key_of(model: ItemModel, attribute_map: Mapping[str, Any]) -> bool:
    """Whether the key of an item, as far as it is there, is one that the model makes."""
    return model.key is None or key_texts(model.name, model.key).fits(attribute_map)
