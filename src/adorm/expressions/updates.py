"""The clauses of an UpdateExpression.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from adorm.dynamodb.values import AttributeValue
from adorm.errors import UsageError
from adorm.expressions.arithmetic import Sum, encode_seconds
from adorm.expressions.document_path import DocumentPath, ExpressionPart
from adorm.expressions.operands import (
    LISTS,
    NUMBERS,
    SETS,
    Value,
    check_stored_as,
    tags_of,
)
from adorm.expressions.placeholders import (
    VALUE,
    Encoder,
    Operands,
    OperandShape,
    Placeholders,
    Shape,
)

T_co = TypeVar("T_co", covariant=True)

SET, REMOVE, ADD, DELETE = range(4)
"""The sections of an UpdateExpression. The shape of a clause is `(write, section, path, ...)`."""

_SECTIONS = ("SET", "REMOVE", "ADD", "DELETE")


class Clause(ExpressionPart, Generic[T_co]):
    """One change that an update makes, of an attribute that holds T_co."""

    __slots__ = ("path",)

    def __init__(self, path: DocumentPath) -> None:
        self.path = path

    def _path(self, operands: Operands) -> DocumentPath:
        """The shape of the path. A change of a list element is not idempotent: DynamoDB appends
        what is set beyond the list's end, and moves the elements behind one that is removed."""
        if isinstance(self.path.steps[-1], int):
            operands.is_idempotent = False
        return operands.path(self.path)

    def encode_into(self, operands: Operands) -> Shape:
        """Encode the values, note what is written, and give the shape."""
        del operands
        raise UsageError(f"{type(self).__name__} is no clause by itself")


class ValueClause(Clause[T_co]):
    """A clause with a value: a Python value, or a part of an expression that may stand there."""

    __slots__ = ("value",)

    def __init__(self, path: DocumentPath, value: Any) -> None:
        self.path = path
        self.value = value


class Set(ValueClause[T_co]):
    """`SET field = value` of a whole field; a value that is stored as absence becomes `REMOVE`.

    An update takes it apart: it encodes the values of all of them together (`FieldSets`).
    """

    __slots__ = ()


def set_clauses(paths: Sequence[DocumentPath], values: Sequence[Any]) -> list[Clause[Any]]:
    """A clause for each field that is set to a plain value."""
    return [Set(path, value) for path, value in zip(paths, values, strict=True)]


class SetPart(Set[T_co]):
    """The same of a part of a field, and of an untyped path."""

    __slots__ = ()

    def encode_into(self, operands: Operands) -> Shape:
        path = self._path(operands)
        encoded = Value(self.value, path).encode(operands.encoder)
        if path.is_top_level:
            operands.written[path.attribute_name] = encoded
        return set_shape(path, encoded, operands)


class SetOperand(ValueClause[T_co]):
    """`SET path = operand`, of another path or a sum."""

    __slots__ = ()

    value: DocumentPath | Sum

    def encode_into(self, operands: Operands) -> Shape:
        path, value = self._path(operands), self.value
        operands.is_idempotent = False
        other = value.encode_into(operands) if isinstance(value, Sum) else operands.path(value)
        return (_write_set, SET, path, other)


def set_shape(path: DocumentPath, encoded: AttributeValue | None, operands: Operands) -> Shape:
    """The shape of a clause that stores an attribute value, or removes what is stored as absence.
    Its value is collected."""
    if encoded is None:
        return (_write_remove, REMOVE, path)
    operands.values.append(encoded)
    return shape_of_set(path)


def shape_of_set(path: DocumentPath) -> Shape:
    """The shape of `SET path = value`."""
    return (_write_set, SET, path, VALUE)


def _write_set(placeholders: Placeholders, path: DocumentPath, value: OperandShape) -> str:
    return f"{placeholders.path(path)} = {placeholders.operand(value)}"


class SetIfAbsent(ValueClause[T_co]):
    """`SET path = if_not_exists(path, value)`."""

    __slots__ = ()

    value: Value

    def encode_into(self, operands: Operands) -> Shape:
        path = self._path(operands)
        encoded = self.value.encode_present(operands.encoder)
        if path.is_top_level:
            operands.if_absent[path.attribute_name] = encoded
        operands.values.append(encoded)
        return (_write_set_if_absent, SET, path)


def _write_set_if_absent(placeholders: Placeholders, path: DocumentPath) -> str:
    name = placeholders.path(path)
    return f"{name} = if_not_exists({name}, {placeholders.value()})"


class Remove(Clause[T_co]):
    """`REMOVE path`."""

    __slots__ = ()

    def encode_into(self, operands: Operands) -> Shape:
        if self.path.is_top_level:
            operands.written[self.path.attribute_name] = None
        return (_write_remove, REMOVE, self._path(operands))


def _write_remove(placeholders: Placeholders, path: DocumentPath) -> str:
    return placeholders.path(path)


class Add(ValueClause[T_co]):
    """`ADD path value`: add to a number (0 where there is none), or members to a set."""

    __slots__ = ()

    def encode_into(self, operands: Operands) -> Shape:
        path, wanted = self._path(operands), NUMBERS | SETS
        takes = "add() takes a number or a set with members"
        encoded = _encode_change(path, self.value, wanted, takes, operands)
        if "N" in encoded:  # members added twice are in the set once
            operands.is_idempotent = False
        return (_write_path_and_value, ADD, path)


class Delete(ValueClause[T_co]):
    """`DELETE path members`: take members out of a set; a set left empty is removed by DynamoDB."""

    __slots__ = ()

    def encode_into(self, operands: Operands) -> Shape:
        path, takes = self._path(operands), "delete() takes a set with the members to take out"
        _encode_change(path, self.value, SETS, takes, operands)
        return (_write_path_and_value, DELETE, path)


def _write_path_and_value(placeholders: Placeholders, path: DocumentPath) -> str:
    return f"{placeholders.path(path)} {placeholders.value()}"


class Append(Clause[T_co]):
    """`SET path = list_append(path, values)`, or the other way round; an absent list counts as
    empty."""

    __slots__ = ("at_front", "values")

    def __init__(self, path: DocumentPath, values: object, *, at_front: bool) -> None:
        super().__init__(path)
        self.values = values
        self.at_front = at_front

    def encode_into(self, operands: Operands) -> Shape:
        path, verb = self._path(operands), "prepend()" if self.at_front else "append()"
        operands.is_idempotent = False
        operands.values.append({"L": []})
        _encode_change(path, self.values, LISTS, f"{verb} takes a list of elements", operands)
        return (_write_append, SET, path, self.at_front)


def _write_append(placeholders: Placeholders, path: DocumentPath, at_front: bool) -> str:
    name, empty, added = placeholders.path(path), placeholders.value(), placeholders.value()
    present = f"if_not_exists({name}, {empty})"
    joined = f"{added}, {present}" if at_front else f"{present}, {added}"
    return f"{name} = list_append({joined})"


def _encode_change(
    path: DocumentPath, value: Any, wanted: frozenset[str], takes: str, operands: Operands
) -> AttributeValue:
    """Collect the attribute value of what is added to a path or taken from it, and give it.

    Args:
        wanted: the types that it may have.
        takes: the same in words, for messages, after the name of the method.

    Raises:
        UsageError: the value is of another type, or what is stored at the path is.
    """
    encoder, operand = operands.encoder, Value(value, path)
    try:
        encoded = encode_seconds(operand, encoder) or operand.encode(encoder)
    except UsageError:
        _check_changed(path, wanted, takes, encoder)  # the better message
        raise
    if encoded is None or not encoded.keys() & wanted:
        _check_changed(path, wanted, takes, encoder)
        raise UsageError(f"{path}: {takes}, not {value!r}")
    operands.values.append(encoded)
    return encoded


def _check_changed(
    path: DocumentPath, wanted: frozenset[str], takes: str, encoder: Encoder
) -> None:
    """Refuse a change of what is stored as another type, and name the method that fits."""
    verb, tags = takes.partition(" ")[0], tags_of(path, encoder) or frozenset()
    if tags & LISTS:
        remedy = f".remove({path}[0])" if verb == "delete()" else f".append({path}, [...])"
    elif tags & SETS:
        remedy = f".add({path}, {{...}})"
    elif tags & NUMBERS:
        remedy = f".add({path}, 1)"
    else:
        remedy = f".set({path}, ...) with the whole value"
    check_stored_as(path, wanted, f"{verb} changes", encoder, instead=f"use {remedy}")


class CountUp(Clause[T_co]):
    """`SET path = if_not_exists(path, :zero) + :one`: adorm's own version counter."""

    __slots__ = ()

    def encode_into(self, operands: Operands) -> Shape:
        operands.values += ({"N": "0"}, {"N": "1"})
        return (_write_count_up, SET, self._path(operands))


def _write_count_up(placeholders: Placeholders, path: DocumentPath) -> str:
    name, zero, one = placeholders.path(path), placeholders.value(), placeholders.value()
    return f"{name} = if_not_exists({name}, {zero}) + {one}"


class SetValue(ValueClause[T_co]):
    """`SET path = value` of a value that is encoded already; NULL included."""

    __slots__ = ()

    value: AttributeValue

    def encode_into(self, operands: Operands) -> Shape:
        path = self._path(operands)
        if path.is_top_level:
            operands.written[path.attribute_name] = self.value
        return set_shape(path, self.value, operands)


class SetValueIfAbsent(SetValue[T_co]):
    """`SET path = if_not_exists(path, value)` of a value that is encoded already."""

    __slots__ = ()

    def encode_into(self, operands: Operands) -> Shape:
        operands.values.append(self.value)
        return (_write_set_if_absent, SET, self._path(operands))


def write_update(
    placeholders: Placeholders, clauses: Sequence[Shape], key_names: frozenset[str]
) -> str:
    """The text of an UpdateExpression."""
    sections: tuple[list[str], ...] = ([], [], [], [])
    changed: dict[str, list[DocumentPath]] = {}  # paths in different attributes can't overlap
    for clause in clauses:
        section: int = clause[1]
        path: DocumentPath = clause[2]
        if path.attribute_name in key_names:
            raise UsageError(
                f"{path} is part of the key, which DynamoDB never changes: delete the item and "
                "create it under its new key"
            )
        others = changed.setdefault(path.attribute_name, [])
        for other in others:
            if path.overlaps(other):
                raise UsageError(
                    f"{other} and {path} overlap: DynamoDB takes one change for each part of an "
                    "item"
                )
        others.append(path)
        sections[section].append(placeholders.write(clause))
    return " ".join(
        f"{name} {', '.join(texts)}"
        for name, texts in zip(_SECTIONS, sections, strict=True)
        if texts
    )
