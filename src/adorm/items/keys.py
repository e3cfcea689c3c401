"""Keys: the values that name one item.

A key is an object, `Key[Order]`. `make_key` makes it from what the caller gives: values by
position, a tuple, a bare value or another key.
"""

from __future__ import annotations

from collections.abc import Mapping
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
"""The default of a parameter for which None is a mistake, and is refused."""


class Key(Record, Generic[ModelT]):
    """The key of an item of a model; hashable, equal by model and values."""

    __slots__ = ("info", "values", "table_name")  # noqa: RUF023  # the constructor's order

    info: ModelInfo
    values: tuple[Any, ...]
    """Partition key, and sort key where the table has one; of a key that is made of parts the
    values of the parts."""
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

    @property
    def parts(self) -> Mapping[str, Any]:
        """The values by the names of the fields that they are of."""
        return {part.name: value for part, value in zip(self.info.parts, self.values, strict=True)}

    def __str__(self) -> str:
        return describe_key(self.info, self.values)


def describe_key(info: ModelInfo, values: tuple[Any, ...]) -> str:
    """How messages name a key: `Order c1/o1`."""
    plain = (value.value if isinstance(value, Enum) else value for value in values)
    return f"{info.name} {'/'.join(shown(str(value)) for value in plain)}"


def make_key(
    info: ModelInfo, given: tuple[Any, ...], named: Mapping[str, Any] | None = None
) -> Key[Any]:
    """The key that a caller means by its parts in order or by name, a tuple of them, or a `Key`.

    Raises:
        UsageError: a part is missing, unknown, given twice or one too many, or the key is another
            model's.
    """
    if len(given) == 1:
        first: object = given[0]
        if isinstance(first, Key):
            return _own_key(info, given[0], named)
        if isinstance(first, tuple):
            given = given[0]
    elif given and isinstance(given[0], Key | tuple):
        raise UsageError(
            f"a key of {info.name} is one Key, one tuple of its parts, or its parts in order: "
            "not one of the first two and more beside it"
        )
    if named:
        given = _with_named(info, given, named)
    if len(given) != len(info.parts):
        names = " and ".join(part.name for part in info.parts) or "no values: it is always the same"
        count = f"{len(given)} value was" if len(given) == 1 else f"{len(given)} values were"
        raise UsageError(f"a key of {info.name} is {names}; {count} given")
    return Key(info, given)


def _own_key(info: ModelInfo, key: Key[Any], named: Mapping[str, Any] | None) -> Key[Any]:
    if named:
        raise UsageError(f"{key} is a whole key: give no {' and '.join(named)} beside it")
    if key.info is not info:
        raise UsageError(f"{key} is a key of {key.info.name}, not of {info.name}")
    return key


def _with_named(
    info: ModelInfo, given: tuple[Any, ...], named: Mapping[str, Any]
) -> tuple[Any, ...]:
    """The parts of a key in order, of which some were given by name."""
    names = [part.name for part in info.parts]
    for name in named:
        if name not in names:
            from adorm.schema.names import unknown_field

            raise UsageError(unknown_field(f"the key of {info.name}", name, names, kind="part"))
        if names.index(name) < len(given):
            raise UsageError(f"the part {name!r} of a key of {info.name} was given twice")
    later = names[len(given) :]
    missing = [name for name in later if name not in named]
    if missing:
        raise UsageError(f"a key of {info.name} lacks {' and '.join(missing)}")
    return (*given, *(named[name] for name in later))


def key_of(info: ModelInfo, instance: object) -> Key[Any]:
    """The key of an instance."""
    return Key(info, tuple(getattr(instance, part.name) for part in info.parts))
