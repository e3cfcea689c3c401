"""The failures of the codec, with the path to the value, and the errors that users get."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Self, get_origin

import attrs

from adorm.dynamodb.values import base64_text
from adorm.errors import BadValue, ItemDecodeError, UsageError
from adorm.schema.fields import Role
from adorm.schema.structures import kind_of, structure_of
from adorm.schema.types import Annotation

Piece = str | int
"""A step of a path: a name, or an index into a list."""

_SHOWN_CHARS = 80
_SHOWN_PIECES = 40
_PLAIN_NAME = r"[\w-]+"


class Failure(Exception):
    """A problem and the path to it. The path grows while the failure passes outwards."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self._inside_out: list[Piece] = []

    def under(self, *pieces: Piece) -> Self:
        """The same failure, with these steps in front of its path."""
        self._inside_out.extend(reversed(pieces))
        return self

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The path, from the outside in."""
        return tuple(reversed(self._inside_out))

    def __str__(self) -> str:
        return f"{path_text('$', self.pieces)}: {self.problem}"


class DecodeFailure(Failure):
    """An attribute value does not fit its type; pieces are attribute names and indexes."""


class EncodeFailure(Failure):
    """A value can't be stored; pieces are field names, indexes and map keys."""


class ValueFailure(EncodeFailure):
    """A value of the right type can't be stored: users see `BadValue`."""


def reason_of(error: Exception) -> str:
    """The text of an error, for a message.

    The errors of attrs' validators have more arguments than the text: the field, and what was
    allowed.
    """
    carries_field = any(isinstance(argument, attrs.Attribute) for argument in error.args)
    text = error.args[0] if carries_field and isinstance(error.args[0], str) else str(error)
    return text or type(error).__name__


def path_text(root: str, pieces: Iterable[Piece]) -> str:
    """`$.lines[2].price`.

    A name with dots or spaces is quoted, `$["a.b"]`. A path of more than 40 steps is shortened in
    its middle.
    """
    texts = [_piece_text(piece) for piece in pieces]
    if len(texts) > _SHOWN_PIECES:
        texts = [*texts[:20], "…", *texts[-10:]]
    return root + "".join(texts)


def _piece_text(piece: Piece) -> str:
    if isinstance(piece, int):
        return f"[{piece}]"
    return f".{piece}" if re.fullmatch(_PLAIN_NAME, piece) else f"[{_cut(_json(piece))}]"


def usage_error(failure: EncodeFailure, subject: str) -> UsageError:
    """The error that users get: `Order.lines[2].price: expected a number, got 'x'`.

    Raise it from the failure.
    """
    kind = BadValue if isinstance(failure, ValueFailure) else UsageError
    return kind(f"{path_text(subject, failure.pieces)}: {failure.problem}")


def item_decode_error(
    failure: DecodeFailure,
    *,
    model: Any,
    key: Mapping[str, Any] | None = None,
    attribute_map: Mapping[str, Any] | None = None,
) -> ItemDecodeError:
    """The error that users get. Raise it from the failure.

    Args:
        model: the class that was to be read.
        key: the item's key attributes, `{"pk": {"S": "x"}}`; by default those of the model's key
            fields in `attribute_map`.
        attribute_map: the whole item as it was read.
    """
    if key is None:
        key = key_attributes(model, attribute_map or {})
    origin = get_origin(model)
    return ItemDecodeError(
        failure.problem,
        model=model if origin is None else origin,
        key=key,
        path=path_text("$", failure.pieces),
        attribute_map=attribute_map,
    )


def key_attributes(model: Annotation, attribute_map: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of a model's key that an item has; empty where the class is no model."""
    if kind_of(model) is None:
        return {}
    by_role = {field.role: field for field in structure_of(model).fields}
    keys = [by_role[role] for role in (Role.PARTITION_KEY, Role.SORT_KEY) if role in by_role]
    found = {field.attribute_name: attribute_map.get(field.attribute_name) for field in keys}
    return {name: value for name, value in found.items() if isinstance(value, Mapping)}


def unexpected(expected: str, attribute_value: object) -> DecodeFailure:
    """`expected a number, got {"S": "x"}`."""
    return DecodeFailure(f"expected {expected}, got {shown(attribute_value)}")


def wrong(expected: str, value: object) -> EncodeFailure:
    """`expected a number, got 'x'`."""
    return EncodeFailure(f"expected {expected}, got {brief(value)}")


def article(name: str) -> str:
    """`an Order`, `a Line`."""
    return f"{'an' if name[:1] in 'AEIOUaeiou' else 'a'} {name}"


def shown(attribute_value: Any) -> str:
    """An attribute value as JSON for a message, cut to 80 characters."""
    plain = attribute_value.__class__ is dict and "S" in attribute_value and "B" in attribute_value
    try:
        # a text of plain JSON stands for several tags
        return _cut(_json(attribute_value["S"] if plain else attribute_value))
    except (RecursionError, ValueError, TypeError):
        return "something nested too deeply to show"


def brief(value: object) -> str:
    """A Python value for a message: a scalar as it is, cut to 80 characters; else its type."""
    if value is None or type(value) in (str, int, float, bool, bytes, Decimal):
        if isinstance(value, int) and value.bit_length() > 1000:
            return "a very large int"
        return _cut(repr(value))
    if type(value).__module__.partition(".")[0] == "numpy":
        return (
            f"numpy's {type(value).__name__} {_cut(str(value))}: make it Python's own by "
            ".item(), an array by .tolist()"
        )
    return f"a value of type {type(value).__name__}"


def _json(value: object) -> str:
    import json

    return json.dumps(value, ensure_ascii=False, default=_shown_leaf)


def _shown_leaf(value: object) -> str:
    if isinstance(value, (bytes, bytearray)):
        return base64_text(value[:_SHOWN_CHARS])
    return f"<{type(value).__name__}>"


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"
