"""Updates: the clauses of an UpdateExpression.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, Literal, TypeVar

import attrs

from adorm.errors import UsageError
from adorm.expressions.conditions import Value
from adorm.expressions.location import Location
from adorm.expressions.placeholders import Placeholders
from adorm.expressions.places import AdditionOnly

T_co = TypeVar("T_co", covariant=True)

Section = Literal["SET", "REMOVE", "ADD", "DELETE"]


@attrs.frozen(eq=False)
class Arithmetic(AdditionOnly):
    """`path + value` or `path - value`, on the value side of a set."""

    left: Location | Value
    operator: Literal["+", "-"]
    right: Location | Value

    def __str__(self) -> str:
        return f"{self.left} {self.operator} {self.right}"

    def render(self, placeholders: Placeholders) -> str:
        return f"{_side(self.left, placeholders)} {self.operator} {_side(self.right, placeholders)}"

    def _refuse(self) -> None:
        raise UsageError(
            f"({self}) stands on the value side of .set(path, ...) only: DynamoDB compares attributes and values, not sums; "
            "there, put the arithmetic on the plain value"
        )

    def __lt__(self, other: object) -> bool:
        self._refuse()
        return False

    __le__ = __gt__ = __ge__ = __lt__
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        self._refuse()
        return False

    def __add__(self, other: object) -> Any:
        raise UsageError(f"({self}) + ...: DynamoDB's SET takes one addition or subtraction")

    __sub__ = __radd__ = __rsub__ = __add__


def _side(side: Location | Value, placeholders: Placeholders) -> str:
    if isinstance(side, Location):
        return placeholders.location(side)
    return placeholders.value(side.present(placeholders.encoder))


class Clause(Generic[T_co]):
    """One change of an update, of an attribute that holds T_co."""

    __slots__ = ("location",)

    def __init__(self, location: Location) -> None:
        self.location = location

    @property
    def idempotent(self) -> bool:
        """Whether applying it twice is the same as once.

        What ends in a list index is not: DynamoDB appends what is set beyond the list's end, and moves elements behind one that goes.
        """
        return not isinstance(self.location.steps[-1], int)

    def render(self, placeholders: Placeholders) -> tuple[Section, str]:
        """The section and its text."""
        raise UsageError(f"{type(self).__name__} is no clause by itself")


class Set(Clause[T_co]):
    """`SET path = value`; a value stored as absence becomes `REMOVE path`."""

    __slots__ = ("value",)

    def __init__(self, location: Location, value: Location | Arithmetic | Value) -> None:
        super().__init__(location)
        self.value = value

    @property
    def idempotent(self) -> bool:
        return isinstance(self.value, Value) and super().idempotent

    def render(self, placeholders: Placeholders) -> tuple[Section, str]:
        path = placeholders.location(self.location)
        if isinstance(self.value, Arithmetic):
            return "SET", f"{path} = {self.value.render(placeholders)}"
        if isinstance(self.value, Location):
            return "SET", f"{path} = {placeholders.location(self.value)}"
        encoded = self.value.encode(placeholders.encoder)
        if encoded is None:
            return "REMOVE", path
        return "SET", f"{path} = {placeholders.value(encoded)}"


class SetIfAbsent(Clause[T_co]):
    """`SET path = if_not_exists(path, value)`."""

    __slots__ = ("value",)

    def __init__(self, location: Location, value: Value) -> None:
        super().__init__(location)
        self.value = value

    def render(self, placeholders: Placeholders) -> tuple[Section, str]:
        path = placeholders.location(self.location)
        return "SET", f"{path} = if_not_exists({path}, {placeholders.value(self.value.present(placeholders.encoder))})"


class Remove(Clause[T_co]):
    """`REMOVE path`."""

    __slots__ = ()

    def render(self, placeholders: Placeholders) -> tuple[Section, str]:
        return "REMOVE", placeholders.location(self.location)


class Add(Clause[T_co]):
    """`ADD path value`: add to a number (0 where there is none), or members to a set."""

    __slots__ = ("value",)

    def __init__(self, location: Location, value: object) -> None:
        super().__init__(location)
        self.value = value

    @property
    def idempotent(self) -> bool:
        return isinstance(self.value, (set, frozenset)) and super().idempotent  # members added twice are there once

    def render(self, placeholders: Placeholders) -> tuple[Section, str]:
        encoded = Value(self.value, self.location).encode(placeholders.encoder)
        if encoded is None or not encoded.keys() & {"N", "SS", "NS", "BS"}:
            raise UsageError(f"{self.location}: add() takes a number or a set with members, not {self.value!r}")
        return "ADD", f"{placeholders.location(self.location)} {placeholders.value(encoded)}"


class Delete(Clause[T_co]):
    """`DELETE path members`: take members out of a set; a set left empty is removed by DynamoDB."""

    __slots__ = ("members",)

    def __init__(self, location: Location, members: object) -> None:
        super().__init__(location)
        self.members = members

    def render(self, placeholders: Placeholders) -> tuple[Section, str]:
        encoded = Value(self.members, self.location).encode(placeholders.encoder)
        if encoded is None or not encoded.keys() & {"SS", "NS", "BS"}:
            raise UsageError(f"{self.location}: delete() takes a set with the members to take out, not {self.members!r}")
        return "DELETE", f"{placeholders.location(self.location)} {placeholders.value(encoded)}"


class Append(Clause[T_co]):
    """`SET path = list_append(path, values)`, or the other way round; an absent list counts as empty."""

    __slots__ = ("at_front", "values")

    def __init__(self, location: Location, values: object, *, at_front: bool) -> None:
        super().__init__(location)
        self.values = values
        self.at_front = at_front

    @property
    def idempotent(self) -> bool:
        return False

    def render(self, placeholders: Placeholders) -> tuple[Section, str]:
        values: Any = self.values
        if isinstance(values, (str, bytes, set, frozenset, dict)):
            raise UsageError(f"{self.location}: append() and prepend() take a list of elements, not {self.values!r}")
        encoded = Value(self.values, self.location).encode(placeholders.encoder)
        if encoded is None or "L" not in encoded:
            raise UsageError(f"{self.location}: append() and prepend() are for lists; {self.values!r} is not stored as one")
        path = placeholders.location(self.location)
        present = f"if_not_exists({path}, {placeholders.value({'L': []})})"
        added = placeholders.value(encoded)
        return "SET", f"{path} = list_append({f'{added}, {present}' if self.at_front else f'{present}, {added}'})"


class CountUp(Clause[T_co]):
    """`SET path = if_not_exists(path, :zero) + :one`: adorm's own version counter."""

    __slots__ = ()

    def render(self, placeholders: Placeholders) -> tuple[Section, str]:
        path = placeholders.location(self.location)
        return "SET", f"{path} = if_not_exists({path}, {placeholders.value({'N': '0'})}) + {placeholders.value({'N': '1'})}"


class SetValue(Clause[T_co]):
    """`SET path = value` of a value that is encoded already; NULL included."""

    __slots__ = ("attribute_value",)

    def __init__(self, location: Location, attribute_value: dict[str, Any]) -> None:
        super().__init__(location)
        self.attribute_value = attribute_value

    def render(self, placeholders: Placeholders) -> tuple[Section, str]:
        return "SET", f"{placeholders.location(self.location)} = {placeholders.value(self.attribute_value)}"


SECTIONS: tuple[Section, ...] = ("SET", "REMOVE", "ADD", "DELETE")


def render_update(clauses: Iterable[Clause[Any]], placeholders: Placeholders, *, key_names: frozenset[str]) -> str:
    """The UpdateExpression.

    Raises:
        UsageError: there is no clause, one changes a key attribute, or two change the same part of the item.
    """
    clauses = tuple(clauses)
    if not clauses:
        raise UsageError("an update without clauses changes nothing: add .set(...), .add(...), .remove(...) or another clause")
    texts: dict[Section, list[str]] = {}
    for position, clause in enumerate(clauses):
        if clause.location.attribute_name in key_names:
            raise UsageError(
                f"{clause.location} is part of the key, which DynamoDB never changes: delete the item and create it under its new key"
            )
        for other in clauses[:position]:
            if clause.location.overlaps(other.location):
                raise UsageError(f"{other.location} and {clause.location} overlap: DynamoDB takes one change for each part of an item")
        section, text = clause.render(placeholders)
        texts.setdefault(section, []).append(text)
    return placeholders.checked("update", " ".join(f"{section} {', '.join(texts[section])}" for section in SECTIONS if section in texts))
