"""`Comparison`, `Between` and `In`: a path or size compared with operands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import attrs

from adorm.dynamodb.values import NULL
from adorm.errors import UsageError
from adorm.expressions.conditions import COMPARISON, FUNCTION, Condition
from adorm.expressions.document_path import DocumentPath
from adorm.expressions.operands import (
    ORDERED,
    Measured,
    Operand,
    Value,
    check_stored_as,
    encode_operand,
    paths_of,
)
from adorm.expressions.placeholders import (
    VALUE,
    Encoder,
    Operands,
    OperandShape,
    Placeholders,
    Shape,
)

Comparator = Literal["=", "<>", "<", "<=", ">", ">="]


@attrs.define(eq=False)
class Comparison(Condition):
    """`a = b`, or with another comparator.

    A value that is stored as absence can be compared by `=` and `<>` only: `Order.note == None`
    holds where the attribute is absent or NULL.
    """

    measured: Measured
    comparator: Comparator
    operand: Operand

    def encode_into(self, operands: Operands) -> Shape:
        measured, operand = encode_operand(self.measured, operands), self.operand
        if not isinstance(operand, Value):
            shape = encode_operand(operand, operands)
            return (_write_comparison, COMPARISON, measured, self.comparator, shape)
        try:
            encoded = operand.encode(operands.encoder)
        except UsageError:
            _check_ordered(measured, self.comparator, operands.encoder)  # the better message
            raise
        if encoded is None or encoded == NULL:
            if self.comparator not in ("=", "<>") or not isinstance(self.measured, DocumentPath):
                raise operand.stored_as_absence()
            operands.values.append(_other_form(self.measured, operand, operands))
            return (_write_absence, FUNCTION, measured, self.comparator)
        operands.values.append(encoded)
        return (_write_comparison, COMPARISON, measured, self.comparator, VALUE)

    def paths(self) -> Sequence[DocumentPath]:
        return paths_of(self.measured, self.operand)


def _other_form(path: DocumentPath, operand: Value, operands: Operands) -> dict[str, object]:
    """The attribute value, beside absence, that reads back as the operand: NULL for None and an
    empty set, else the value as its type stores it."""
    if operand.value is None or isinstance(operand.value, (set, frozenset)):
        return dict(NULL)
    return operands.encoder.encode_value(path.annotation, operand.value)


def _check_ordered(operand: OperandShape, comparator: str, encoder: Encoder) -> None:
    if comparator not in ("=", "<>"):
        check_stored_as(operand, ORDERED, f"{comparator} compares", encoder)


def _write_comparison(
    placeholders: Placeholders, measured: OperandShape, comparator: str, operand: OperandShape
) -> str:
    placeholders.count_operator()
    _check_ordered(measured, comparator, placeholders.encoder)
    _check_ordered(operand, comparator, placeholders.encoder)
    return f"{placeholders.operand(measured)} {comparator} {placeholders.operand(operand)}"


def _write_absence(placeholders: Placeholders, path: DocumentPath, comparator: str) -> str:
    placeholders.count_operator()
    placeholders.count_operator()
    name, value = placeholders.path(path), placeholders.value()
    if comparator == "=":
        return f"(attribute_not_exists({name}) OR {name} = {value})"
    return f"(attribute_exists({name}) AND {name} <> {value})"


@attrs.define(eq=False)
class Between(Condition):
    """`a BETWEEN low AND high`, both ends included."""

    measured: Measured
    low: Operand
    high: Operand

    def encode_into(self, operands: Operands) -> Shape:
        measured = encode_operand(self.measured, operands)
        try:
            low, high = encode_operand(self.low, operands), encode_operand(self.high, operands)
        except UsageError:
            check_stored_as(measured, ORDERED, "between() compares", operands.encoder)
            raise
        return (_write_between, COMPARISON, measured, low, high)

    def paths(self) -> Sequence[DocumentPath]:
        return paths_of(self.measured, self.low, self.high)


def _write_between(
    placeholders: Placeholders, measured: OperandShape, low: OperandShape, high: OperandShape
) -> str:
    placeholders.count_operator()
    check_stored_as(measured, ORDERED, "between() compares", placeholders.encoder)
    write = placeholders.operand
    return f"{write(measured)} BETWEEN {write(low)} AND {write(high)}"


@attrs.define(eq=False)
class In(Condition):
    """`a IN (b, c)`."""

    measured: Measured
    operands: tuple[Operand, ...]

    def encode_into(self, operands: Operands) -> Shape:
        measured = encode_operand(self.measured, operands)
        others = tuple([encode_operand(operand, operands) for operand in self.operands])
        return (_write_in, COMPARISON, measured, others)

    def paths(self) -> Sequence[DocumentPath]:
        return paths_of(self.measured, *self.operands)


def _write_in(
    placeholders: Placeholders, measured: OperandShape, operands: tuple[OperandShape, ...]
) -> str:
    placeholders.count_operator()
    text = placeholders.operand(measured)
    return f"{text} IN ({', '.join([placeholders.operand(operand) for operand in operands])})"
