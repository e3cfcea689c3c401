"""Updates: the clauses of an UpdateExpression.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, Literal, TypeVar

import attrs

from adorm.dynamodb.values import AttributeValue
from adorm.errors import UsageError
from adorm.expressions.conditions import Value, check_stored_as
from adorm.expressions.document_path import DocumentPath
from adorm.expressions.operators import SumOperators
from adorm.expressions.placeholders import Placeholders
from adorm.schema.fields import Role

T_co = TypeVar("T_co", covariant=True)


@attrs.frozen(eq=False)
class Arithmetic(SumOperators):
    """`path + value` or `path - value`, on the value side of a set."""

    left: DocumentPath | Value
    operator: Literal["+", "-"]
    right: DocumentPath | Value

    def __str__(self) -> str:
        return f"{self.left} {self.operator} {self.right}"

    def render(self, placeholders: Placeholders) -> str:
        for side in (self.left, self.right):
            check_stored_as(side, _NUMBERS, f"{self.operator} computes with", placeholders)
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


_NUMBERS = frozenset({"N"})


def _side(side: DocumentPath | Value, placeholders: Placeholders) -> str:
    if isinstance(side, DocumentPath):
        return placeholders.location(side)
    return placeholders.value(_amount(side, placeholders) or side.present(placeholders.encoder))


def _amount(value: Value, placeholders: Placeholders) -> AttributeValue | None:
    """What is added to a ttl: seconds, which may be negative, as a ttl itself may not. None for any
    other value."""
    field, number = getattr(value.like, "field", None), value.value
    if field is None or field.role is not Role.TTL or not isinstance(number, int):
        return None
    placeholders.encoder.encode_field(field, abs(number))
    return placeholders.encoder.encode_value(int, number)


class UpdateText:
    """An UpdateExpression in the making: the texts of its sections, and what they write."""

    __slots__ = (
        "additions",
        "deletions",
        "if_absent",
        "placeholders",
        "removals",
        "settings",
        "written",
    )

    def __init__(self, placeholders: Placeholders) -> None:
        self.placeholders = placeholders
        self.settings: list[str] = []
        self.removals: list[str] = []
        self.additions: list[str] = []
        self.deletions: list[str] = []
        self.written: dict[str, AttributeValue | None] = {}
        """The attributes that are given a value as a whole, None for those that are removed."""
        self.if_absent: dict[str, AttributeValue] = {}
        """Those that are given one where there is none."""

    @property
    def only_removes(self) -> bool:
        """Whether it makes no item where there is none."""
        return not self.settings and not self.additions

    def finished(self) -> str:
        """The whole.

        Raises:
            UsageError: it is longer than 4 KB.
        """
        sections: list[str] = []
        if self.settings:
            sections.append(f"SET {', '.join(self.settings)}")
        if self.removals:
            sections.append(f"REMOVE {', '.join(self.removals)}")
        if self.additions:
            sections.append(f"ADD {', '.join(self.additions)}")
        if self.deletions:
            sections.append(f"DELETE {', '.join(self.deletions)}")
        return self.placeholders.checked("update", " ".join(sections))


class Clause(Generic[T_co]):
    """One change of an update, of an attribute that holds T_co."""

    __slots__ = ("location",)

    def __init__(self, location: DocumentPath) -> None:
        self.location = location

    @property
    def idempotent(self) -> bool:
        """Whether applying it twice is the same as once.

        What ends in a list index is not: DynamoDB appends what is set beyond the list's end, and
            moves elements behind one that goes.
        """
        return not isinstance(self.location.steps[-1], int)

    def render(self, update: UpdateText) -> None:
        """Add it to the update."""
        raise UsageError(f"{type(self).__name__} is no clause by itself")


class Set(Clause[T_co]):
    """`SET path = value`; a value stored as absence becomes `REMOVE path`."""

    __slots__ = ("value",)

    def __init__(self, location: DocumentPath, value: DocumentPath | Arithmetic | Value) -> None:
        self.location = location
        self.value = value

    @property
    def idempotent(self) -> bool:
        return isinstance(self.value, Value) and not isinstance(self.location.steps[-1], int)

    def render(self, update: UpdateText) -> None:
        location, value, placeholders = self.location, self.value, update.placeholders
        path = placeholders.location(location)
        if isinstance(value, Value):
            encoded = value.encode(placeholders.encoder)
            if location.is_top_level:
                update.written[location.attribute_name] = encoded
            if encoded is None:
                update.removals.append(path)
            else:
                update.settings.append(f"{path} = {placeholders.value(encoded)}")
        elif isinstance(value, Arithmetic):
            update.settings.append(f"{path} = {value.render(placeholders)}")
        else:
            update.settings.append(f"{path} = {placeholders.location(value)}")


class SetIfAbsent(Clause[T_co]):
    """`SET path = if_not_exists(path, value)`."""

    __slots__ = ("value",)

    def __init__(self, location: DocumentPath, value: Value) -> None:
        super().__init__(location)
        self.value = value

    def render(self, update: UpdateText) -> None:
        location, placeholders = self.location, update.placeholders
        path = placeholders.location(location)
        encoded = self.value.present(placeholders.encoder)
        if location.is_top_level:
            update.if_absent[location.attribute_name] = encoded
        update.settings.append(f"{path} = if_not_exists({path}, {placeholders.value(encoded)})")


class Remove(Clause[T_co]):
    """`REMOVE path`."""

    __slots__ = ()

    def render(self, update: UpdateText) -> None:
        location = self.location
        update.removals.append(update.placeholders.location(location))
        if location.is_top_level:
            update.written[location.attribute_name] = None


class Add(Clause[T_co]):
    """`ADD path value`: add to a number (0 where there is none), or members to a set."""

    __slots__ = ("value",)

    def __init__(self, location: DocumentPath, value: object) -> None:
        super().__init__(location)
        self.value = value

    @property
    def idempotent(self) -> bool:
        return (
            isinstance(self.value, (set, frozenset)) and super().idempotent
        )  # members added twice are there once

    def render(self, update: UpdateText) -> None:
        placeholders = update.placeholders
        value = Value(self.value, self.location)
        encoded = _amount(value, placeholders) or value.encode(placeholders.encoder)
        if encoded is None or not encoded.keys() & {"N", "SS", "NS", "BS"}:
            raise UsageError(
                f"{self.location}: add() takes a number or a set with members, not {self.value!r}"
            )
        update.additions.append(
            f"{placeholders.location(self.location)} {placeholders.value(encoded)}"
        )


class Delete(Clause[T_co]):
    """`DELETE path members`: take members out of a set; a set left empty is removed by DynamoDB."""

    __slots__ = ("members",)

    def __init__(self, location: DocumentPath, members: object) -> None:
        super().__init__(location)
        self.members = members

    def render(self, update: UpdateText) -> None:
        placeholders = update.placeholders
        encoded = Value(self.members, self.location).encode(placeholders.encoder)
        if encoded is None or not encoded.keys() & {"SS", "NS", "BS"}:
            raise UsageError(
                f"{self.location}: delete() takes a set with the members to take out, not {self.members!r}"
            )
        update.deletions.append(
            f"{placeholders.location(self.location)} {placeholders.value(encoded)}"
        )


class Append(Clause[T_co]):
    """`SET path = list_append(path, values)`, or the other way round; an absent list counts as
    empty."""

    __slots__ = ("at_front", "values")

    def __init__(self, location: DocumentPath, values: object, *, at_front: bool) -> None:
        super().__init__(location)
        self.values = values
        self.at_front = at_front

    @property
    def idempotent(self) -> bool:
        return False

    def render(self, update: UpdateText) -> None:
        placeholders = update.placeholders
        values: Any = self.values
        if isinstance(values, (str, bytes, set, frozenset, dict)):
            raise UsageError(
                f"{self.location}: append() and prepend() take a list of elements, not {self.values!r}"
            )
        encoded = Value(self.values, self.location).encode(placeholders.encoder)
        if encoded is None or "L" not in encoded:
            raise UsageError(
                f"{self.location}: append() and prepend() are for lists; {self.values!r} is not stored as one"
            )
        path = placeholders.location(self.location)
        present = f"if_not_exists({path}, {placeholders.value({'L': []})})"
        added = placeholders.value(encoded)
        update.settings.append(
            f"{path} = list_append({f'{added}, {present}' if self.at_front else f'{present}, {added}'})"
        )


class CountUp(Clause[T_co]):
    """`SET path = if_not_exists(path, :zero) + :one`: adorm's own version counter."""

    __slots__ = ()

    def render(self, update: UpdateText) -> None:
        placeholders = update.placeholders
        path = placeholders.location(self.location)
        update.settings.append(
            f"{path} = if_not_exists({path}, {placeholders.value({'N': '0'})}) + {placeholders.value({'N': '1'})}"
        )


class SetValue(Clause[T_co]):
    """`SET path = value` of a value that is encoded already; NULL included."""

    __slots__ = ("attribute_value",)

    def __init__(self, location: DocumentPath, attribute_value: AttributeValue) -> None:
        self.location = location
        self.attribute_value = attribute_value

    def render(self, update: UpdateText) -> None:
        location, placeholders = self.location, update.placeholders
        update.settings.append(
            f"{placeholders.location(location)} = {placeholders.value(self.attribute_value)}"
        )
        if location.is_top_level:
            update.written[location.attribute_name] = self.attribute_value


class SetValueIfAbsent(SetValue[T_co]):
    """`SET path = if_not_exists(path, value)` of a value that is encoded already."""

    __slots__ = ()

    def render(self, update: UpdateText) -> None:
        path = update.placeholders.location(self.location)
        update.settings.append(
            f"{path} = if_not_exists({path}, {update.placeholders.value(self.attribute_value)})"
        )


def render_update(
    clauses: Iterable[Clause[Any]], placeholders: Placeholders, *, key_names: frozenset[str]
) -> UpdateText:
    """The UpdateExpression, and what it writes.

    Raises:
        UsageError: there is no clause, one changes a key attribute, or two change the same part of
            the item.
    """
    update = UpdateText(placeholders)
    changed: dict[str, list[DocumentPath]] = {}  # what lies in different attributes can't overlap
    for clause in clauses:
        location = clause.location
        name = location.attribute_name
        if name in key_names:
            raise UsageError(
                f"{location} is part of the key, which DynamoDB never changes: delete the item and create it under its new key"
            )
        others = changed.get(name)
        if others is None:
            changed[name] = [location]
        else:
            for other in others:
                if location.overlaps(other):
                    raise UsageError(
                        f"{other} and {location} overlap: DynamoDB takes one change for each part of an item"
                    )
            others.append(location)
        clause.render(update)
    if not changed:
        raise UsageError(
            "an update without clauses changes nothing: add .set(...), .add(...), .remove(...) or another clause"
        )
    return update
