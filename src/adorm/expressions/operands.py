"""The operands of conditions and clauses: values and sizes beside paths. And which DynamoDB types
an operator works on."""

from __future__ import annotations

from typing import Any

import attrs

from adorm.dynamodb.values import NULL, AttributeValue
from adorm.errors import UsageError
from adorm.expressions.document_path import DocumentPath
from adorm.expressions.placeholders import VALUE, Encoder, Operands, OperandShape, Placeholders
from adorm.schema.types import Annotation

NUMBERS, SETS, LISTS = frozenset({"N"}), frozenset({"SS", "NS", "BS"}), frozenset({"L"})
ORDERED = frozenset({"S", "N", "B"})
CONTAINING = frozenset({"S", "B", "L", *SETS})
SIZED = frozenset({"S", "B", "L", "M", *SETS})
"""The types whose values DynamoDB adds, and compares by order, looks into, and measures.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
"""

_DESCRIPTIONS = {
    "S": "text",
    "N": "a number",
    "B": "bytes",
    "BOOL": "a bool",
    "L": "a list",
    "M": "a map",
    **dict.fromkeys(SETS, "a set"),
}


@attrs.frozen(eq=False)
class Size:
    """`size(path)`: characters, bytes or elements."""

    path: DocumentPath

    def __str__(self) -> str:
        return f"size of {self.path}"


Measured = DocumentPath | Size
"""The left side of a comparison."""


# Not frozen, though nobody changes it: an update makes one for each clause, and a frozen attrs
# class takes four times as long to make.
@attrs.define(eq=False, repr=False)
class Value:
    """A Python value, to be stored as the field or type at `like` is stored."""

    value: Any
    like: Measured
    as_element: bool = False
    """Stored as an element of the list, or a member of the set, at `like`."""

    def __repr__(self) -> str:
        return repr(self.value)

    def encode(self, encoder: Encoder) -> AttributeValue | None:
        """The attribute value; None where the value is stored as absence."""
        like = self.like
        if isinstance(like, Size):
            return encoder.encode_value(int, self.value, subject=str(like))
        if like.field is not None and not self.as_element:
            return encoder.encode_field(like.field, self.value)
        annotation: Annotation = like.element if self.as_element else like.annotation
        return encoder.encode_value(
            annotation, self.value, subject=str(like), within=like.field or like.within
        )

    def encode_present(self, encoder: Encoder) -> AttributeValue:
        """The attribute value of a value that is not stored as absence or NULL."""
        encoded = self.encode(encoder)
        if encoded is None or encoded == NULL:
            raise self.stored_as_absence()
        return encoded

    def stored_as_absence(self) -> UsageError:
        """The error where only a value will do that is there."""
        return UsageError(
            f"{self.like} is compared with {self.value!r}, which is stored as absence: "
            "use == or !=, or exists() and not_exists()"
        )


Operand = DocumentPath | Size | Value


def encode_operand(operand: Operand, operands: Operands) -> OperandShape:
    """Encode an operand that is a value, and give the operand's shape."""
    if isinstance(operand, Value):
        operands.values.append(operand.encode_present(operands.encoder))
        return VALUE
    if isinstance(operand, Size):
        return (_write_size, 0, operands.path(operand.path))
    return operands.path(operand)


def _write_size(placeholders: Placeholders, path: DocumentPath) -> str:
    placeholders.count_operator()
    check_stored_as(path, SIZED, "size() measures", placeholders.encoder)
    return f"size({placeholders.path(path)})"


def paths_of(*operands: Operand) -> list[DocumentPath]:
    """The paths among operands, those of sizes included."""
    return [
        operand.path if isinstance(operand, Size) else operand
        for operand in operands
        if not isinstance(operand, Value)
    ]


def tags_of(path: DocumentPath, encoder: Encoder) -> frozenset[str] | None:
    """The DynamoDB types that may be stored at a path, without NULL; None where not known."""
    if path.root is None:
        return None
    tags = encoder.tags_of(path.annotation, path.field)
    return None if tags is None else tags - {"NULL"} or None


def check_stored_as(
    operand: object,
    wanted: frozenset[str],
    doing: str,
    encoder: Encoder,
    *,
    instead: str = "DynamoDB would find nothing",
) -> None:
    """Refuse an operator on a path by which DynamoDB finds nothing, and gives no error. Nothing is
    refused where the operand is no path.

    Args:
        instead: the end of the message.
    """
    if not isinstance(operand, DocumentPath):
        return
    tags = tags_of(operand, encoder)
    if tags is not None and not tags & wanted:
        stored, taken = (
            " or ".join(dict.fromkeys(_DESCRIPTIONS.get(tag, tag) for tag in sorted(each)))
            for each in (tags, wanted)
        )
        raise UsageError(f"{operand} is stored as {stored}, and {doing} {taken} only: {instead}")
