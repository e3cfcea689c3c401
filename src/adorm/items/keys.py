"""Keys: the values that name one item.

A key is an object, `Key[Order]`. `make_key` makes it from what the caller gives: values by
position, a tuple, a bare value or another key.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, Generic, TypeVar

from adorm.errors import UsageError
from adorm.models import ModelInfo
from adorm.support.printable_text import shown
from adorm.support.records import Record

ModelT = TypeVar("ModelT")


class _NotGiven:
    def __repr__(self) -> str:
        return "NOT_GIVEN"


NOT_GIVEN: Any = _NotGiven()
"""The default of a sort key's parameter. None given there is a mistake, and is refused."""


class Key(Record, Generic[ModelT]):
    """The key of an item of a model; hashable, equal by model and values."""

    __slots__ = ("info", "values", "table_name")  # noqa: RUF023  # the constructor's order

    info: ModelInfo
    values: tuple[Any, ...]
    """Partition key, and sort key where the table has one."""
    table_name: str | None
    """The table it came from, where that is not the model's own."""

    def __init__(
        self, info: ModelInfo, values: tuple[Any, ...], table_name: str | None = None
    ) -> None:
        hold = object.__setattr__
        hold(self, "info", info)
        hold(self, "values", values)
        hold(self, "table_name", table_name)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Key):
            return NotImplemented
        return self.info is other.info and self.values == other.values

    def __hash__(self) -> int:
        return hash((self.info, self.values))

    def __repr__(self) -> str:
        return f"Key({self.info.name}, {self.values!r})"

    @property
    def model(self) -> type[ModelT]:
        """The model."""
        model: type[ModelT] = self.info.model
        return model

    def __str__(self) -> str:
        return describe_key(self.info, self.values)


def describe_key(info: ModelInfo, values: tuple[Any, ...]) -> str:
    """How messages name a key: `Order c1/o1`."""
    plain = (value.value if isinstance(value, Enum) else value for value in values)
    return f"{info.name} {'/'.join(shown(str(value)) for value in plain)}"


def make_key(info: ModelInfo, partition: object, sort: object = NOT_GIVEN) -> Key[Any]:
    """The key that a caller means by values by position, a tuple of values, or a `Key`.

    Raises:
        UsageError: a value is missing or too much, or the key is another model's.
    """
    if isinstance(partition, Key):
        key: Key[Any] = partition  # pyright: ignore[reportUnknownVariableType]  # a Key of anything
        if sort is not NOT_GIVEN:
            raise UsageError(f"{key} is a whole key: give no sort key beside it")
        if key.info is not info:
            raise UsageError(f"{key} is a key of {key.info.name}, not of {info.name}")
        return key
    values: tuple[Any, ...]
    if isinstance(partition, tuple):
        if sort is not NOT_GIVEN:
            raise UsageError(f"a key of {info.name} is a tuple or its values by position, not both")
        values = partition  # pyright: ignore[reportUnknownVariableType]  # a tuple of anything
    else:
        values = (partition,) if sort is NOT_GIVEN else (partition, sort)
    if len(values) != len(info.key_fields):
        names = " and ".join(field.name for field in info.key_fields)
        count = f"{len(values)} value was" if len(values) == 1 else f"{len(values)} values were"
        raise UsageError(f"a key of {info.name} is {names}; {count} given")
    return Key(info, values)


def key_of(info: ModelInfo, instance: object) -> Key[Any]:
    """The key of an instance."""
    return Key(info, tuple(getattr(instance, field.name) for field in info.key_fields))
