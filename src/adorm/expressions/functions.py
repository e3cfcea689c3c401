"""The functions of DynamoDB's conditions: `begins_with`, `contains`, `attribute_exists`,
`attribute_not_exists` and `attribute_type`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from adorm.dynamodb.values import AttributeValue, Tag
from adorm.errors import UsageError
from adorm.expressions.conditions import FUNCTION, Condition, condition, or_
from adorm.expressions.document_path import DocumentPath
from adorm.expressions.operands import (
    CONTAINING,
    Operand,
    Value,
    check_stored_as,
    encode_operand,
    paths_of,
    tags_of,
)
from adorm.expressions.placeholders import VALUE, Operands, OperandShape, Placeholders, Shape

_TEXT = frozenset({"S"})


@attrs.define(eq=False)
class PathCondition(Condition):
    """A function of one path, and perhaps of a value."""

    path: DocumentPath

    def paths(self) -> Sequence[DocumentPath]:
        return (self.path,)


@attrs.define(eq=False)
class BeginsWith(PathCondition):
    """`begins_with(a, prefix)`, of text and bytes."""

    prefix: Any

    def encode_into(self, operands: Operands) -> Shape:
        prefix = prefix_value(self.path, self.prefix)
        operands.values.append(prefix)
        return (_write_begins_with, FUNCTION, operands.path(self.path), frozenset(prefix))


def _write_begins_with(
    placeholders: Placeholders, path: DocumentPath, wanted: frozenset[str]
) -> str:
    placeholders.count_operator()
    check_stored_as(path, wanted, "begins_with() looks into", placeholders.encoder)
    return f"begins_with({placeholders.path(path)}, {placeholders.value()})"


def prefix_value(path: DocumentPath, prefix: object) -> AttributeValue:
    """The attribute value of a prefix, which is not encoded as the field's own values are: it is
    a part of the stored text.
    """
    if isinstance(prefix, str):
        return {"S": str(prefix)}
    if isinstance(prefix, (bytes, bytearray)):
        return {"B": bytes(prefix)}
    raise UsageError(
        f"{path}: begins_with takes text (or bytes for a binary attribute), not {prefix!r}"
    )


@attrs.define(eq=False)
class Contains(PathCondition):
    """`contains(a, b)`: part of a text, element of a list, member of a set."""

    operand: Operand

    def encode_into(self, operands: Operands) -> Shape:
        path, operand = operands.path(self.path), self.operand
        if not isinstance(operand, Value):
            return (_write_contains, FUNCTION, path, encode_operand(operand, operands))
        try:
            encoded = operand.encode_present(operands.encoder)
        except UsageError:
            check_stored_as(path, CONTAINING, "contains() looks into", operands.encoder)
            raise
        if "S" not in encoded and tags_of(path, operands.encoder) == _TEXT:
            raise UsageError(
                f"{path} is stored as text, so contains() takes a part of it, not {operand.value!r}"
            )
        operands.values.append(encoded)
        return (_write_contains, FUNCTION, path, VALUE)

    def paths(self) -> Sequence[DocumentPath]:
        return paths_of(self.path, self.operand)


def _write_contains(placeholders: Placeholders, path: DocumentPath, operand: OperandShape) -> str:
    placeholders.count_operator()
    check_stored_as(path, CONTAINING, "contains() looks into", placeholders.encoder)
    return f"contains({placeholders.path(path)}, {placeholders.operand(operand)})"


@attrs.define(eq=False)
class Exists(PathCondition):
    """`attribute_exists(a)` or `attribute_not_exists(a)`."""

    wanted: bool

    def encode_into(self, operands: Operands) -> Shape:
        return (_write_exists, FUNCTION, operands.path(self.path), self.wanted)


def _write_exists(placeholders: Placeholders, path: DocumentPath, wanted: bool) -> str:
    placeholders.count_operator()
    name = placeholders.path(path)
    return f"attribute_exists({name})" if wanted else f"attribute_not_exists({name})"


@attrs.define(eq=False)
class TypeIs(PathCondition):
    """`attribute_type(a, "S")`."""

    tag: Tag

    def encode_into(self, operands: Operands) -> Shape:
        operands.values.append({"S": self.tag})
        return (_write_type_is, FUNCTION, operands.path(self.path))


def _write_type_is(placeholders: Placeholders, path: DocumentPath) -> str:
    placeholders.count_operator()
    return f"attribute_type({placeholders.path(path)}, {placeholders.value()})"


def or_absent(part: bool | Condition, /) -> Condition:
    """The condition holds, or the attribute that it is about is absent: `or_absent(Order.status ==
    "open")`.

    DynamoDB knows no defaults: an item without `status` reads as "open" where that is the field's
    default, and `Order.status == "open"` does not find it. This does.

    Raises:
        UsageError: it is no condition, or one about several attributes.
    """
    inner = condition(part)
    paths = {path.steps: path for path in inner.paths()}
    if len(paths) != 1:
        raise UsageError(
            f"or_absent() takes a condition about one path, not about {len(paths)}: "
            "give it each comparison by itself"
        )
    (path,) = paths.values()
    return or_(inner, Exists(path, wanted=False))
