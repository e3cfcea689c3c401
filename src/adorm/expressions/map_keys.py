"""`MapKey`: a step of a document path that is a map key of another type than text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from enum import Enum
from typing import Any, Protocol, get_args

from adorm.errors import BadValue, UsageError
from adorm.schema.types import Annotation, origin_of, union_members, unwrap

Step = str | int
"""An attribute name or map key, or a list index."""


class MapKey(str):
    """A map key that is no text in Python, such as a date. The text is for messages and to compare.

    How the key is stored only the codec of a request knows, which has the hooks: `stored_steps`.
    """

    __slots__ = ("annotation", "key")

    annotation: Annotation
    """The type of the map's keys."""
    key: object


class KeyEncoder(Protocol):
    """What paths need of a codec."""

    def encode_value(
        self, annotation: Annotation, value: object, *, subject: str = ...
    ) -> dict[str, Any]: ...


def stored_steps(steps: tuple[Step, ...], encoder: KeyEncoder) -> tuple[Step, ...]:
    """The same steps with the text that each map key is stored as.

    Raises:
        UsageError: a key is not of the type of its map's keys, or is not stored as text.
    """
    if MapKey not in map(type, steps):
        return steps
    return tuple(_key_text(step, encoder) if isinstance(step, MapKey) else step for step in steps)


def _key_text(step: MapKey, encoder: KeyEncoder) -> str:
    encoded = encoder.encode_value(step.annotation, step.key, subject=f"the map key {step}")
    text = encoded.get("S")
    if not isinstance(text, str):
        raise UsageError(
            f"the map key {step} is stored as {'/'.join(encoded)}, "
            "and DynamoDB's maps have keys of text"
        )
    if not text:
        raise BadValue(
            f"the map key {step.key!r} is stored as empty text, "
            "and DynamoDB's maps have no empty keys"
        )
    return text


def map_key(annotation: Annotation, key: object) -> MapKey | None:
    """The step for a key of a map whose keys are no text in Python; None where the type is no such
    map."""
    for member in union_members(annotation):
        origin, arguments = origin_of(member), get_args(member)
        if not (isinstance(origin, type) and issubclass(origin, Mapping) and len(arguments) == 2):
            continue
        if unwrap(arguments[0]) in (str, int, Any, object):
            continue
        plain = key.value if isinstance(key, Enum) else key
        if isinstance(plain, datetime) and plain.tzinfo is not None:
            plain = plain.astimezone(UTC)  # two times that are equal are one key
        made = MapKey(plain.isoformat() if isinstance(plain, (date, time)) else plain)
        made.annotation, made.key = arguments[0], key
        return made
    return None
