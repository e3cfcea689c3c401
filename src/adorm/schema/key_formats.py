"""The formats of parts of keys, `{number:010d}`, and which values they take."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Literal, NamedTuple, TypeAlias, cast, get_args

from adorm.dynamodb.limits import MAX_NUMBER_DIGITS
from adorm.dynamodb.values import Tag
from adorm.errors import ModelError
from adorm.schema.fields import Field, Role
from adorm.schema.scalar_types import real_class, scalar_class
from adorm.schema.types import Annotation, origin_of, scalar_tag, type_name, unwrap

FormatKind: TypeAlias = Literal[
    "plain", "fixed", "countdown", "number", "time", "lower", "upper", "shard"
]
"""No format, `010d`, `~010d`, `d`, `%Y-%m-%d`, `lower`, `upper`, `shard(8)`."""

PartType: TypeAlias = Literal[
    "text", "whole", "decimal", "epoch", "bool", "datetime", "date", "time", "uuid", "other"
]
"""What the values of a part are. `epoch` is a ttl: seconds since 1970. `other` has no text: it can
only be a whole side of a key, as bytes can."""

FIXED_WIDTHS: Mapping[PartType, int] = {"datetime": 27, "date": 10, "time": 15, "uuid": 36}
"""The characters of a text without a format: `2026-11-21T08:30:00.000000Z`, `2026-11-21`,
`08:30:00.000000`."""

MAX_SHARDS = 1000

DIRECTIVE_WIDTHS: Mapping[str, int] = {
    "Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2, "f": 6, "j": 3, "G": 4, "V": 2, "u": 1, "%": 1
}  # fmt: skip
"""The directives of `strftime` that give a fixed number of digits, and how many."""

_DIRECTIVES_OF: Mapping[PartType, str] = {
    "datetime": "YmdHMSfjGVu%",
    "epoch": "YmdHMSfjGVu%",
    "date": "YmdjGVu%",
    "time": "HMSf%",
}

_TAKEN_TYPES: Mapping[FormatKind, tuple[PartType, ...]] = {
    "fixed": ("whole", "epoch"),
    "countdown": ("whole", "epoch"),
    "number": ("whole", "epoch", "decimal"),
    "time": ("datetime", "date", "time", "epoch"),
    "lower": ("text",),
    "upper": ("text",),
}
"""What the formats take; a shard takes everything."""

_TYPES: Mapping[type, PartType] = {
    str: "text",
    bool: "bool",
    int: "whole",
    Decimal: "decimal",
    real_class(datetime): "datetime",
    real_class(date): "date",
    time: "time",
}

_KNOWN = "{n:010d}, {n:~010d}, {n:d}, {t:%Y-%m-%d}, {s:lower}, {s:upper}, {x:shard(8)}"


class Format(NamedTuple):
    """What is written after the colon of a part."""

    kind: FormatKind
    width: int = 0
    shards: int = 0


def stored_tag(field: Field, annotation: Annotation) -> Tag | None:
    """The tag of a field's attribute values.

    It is None where they have several, or where only the type's hooks know it.

    Args:
        annotation: the field's type without None.
    """
    if field.marker.as_json or field.marker.as_set:
        return None
    return "N" if field.role is Role.TTL else scalar_tag(annotation)


def part_type(field: Field, annotation: Annotation) -> PartType | None:
    """What the values of a field are, where it is part of a key. None: it can't be in a key.

    Args:
        annotation: the field's type without None.
    """
    tag = stored_tag(field, annotation)
    if tag is None:
        return None
    if field.role is Role.TTL:
        return "epoch"
    bare = unwrap(annotation)
    if origin_of(bare) is Literal:
        return _type_of_choices([_plain_value(value) for value in get_args(bare)])
    if isinstance(bare, type) and issubclass(bare, Enum):
        return _type_of_choices([member.value for member in bare])
    return _type_of(cast("type", bare))


def _plain_value(value: object) -> object:
    return value.value if isinstance(value, Enum) else value


def _type_of_choices(values: list[object]) -> PartType:
    types = {_type_of(type(value)) for value in values}
    found = types.pop() if len(types) == 1 else "other"
    return found if found in ("text", "whole", "decimal", "bool") else "other"


def _type_of(cls: type) -> PartType:
    base = scalar_class(cls)
    if base is None:
        return "other"
    return "uuid" if base.__name__ == "UUID" else _TYPES.get(base, "other")


def read_format(text: str, type_: PartType, annotation: Annotation, where: str) -> Format:
    """What is written after a part's colon.

    Args:
        type_: what its values are.
        annotation: the field's type without None, for messages.
        where: the key and the field, for messages: `Order.key: Order.number`.

    Raises:
        ModelError: there is no such format, or it is not for this type.
    """
    found = _read(text, type_, where)
    types = _TAKEN_TYPES.get(found.kind)
    if types is not None and type_ not in types:
        taken = {"whole": "int", "epoch": "a ttl", "decimal": "Decimal", "text": "str"}
        raise ModelError(
            f"{where} is {type_name(annotation)}, and the format {text!r} takes "
            f"{' or '.join(taken.get(name, name) for name in types)}"
        )
    return found


def _read(text: str, type_: PartType, where: str) -> Format:
    if text in ("lower", "upper"):
        return Format("lower" if text == "lower" else "upper")
    if "%" in text:
        return Format("time", _width_of_time(text, _DIRECTIVES_OF.get(type_), where))
    if text == "d":
        return Format("number")
    if text.startswith("shard(") and text.endswith(")") and _is_short_number(text[6:-1]):
        shards = int(text[6:-1])
        if not 2 <= shards <= MAX_SHARDS:
            raise ModelError(f"{where}: {text!r}: a number has 2 to {MAX_SHARDS} shards")
        return Format("shard", shards=shards)
    digits = text.removeprefix("~")
    if digits.startswith("0") and digits.endswith("d") and _is_short_number(digits[1:-1]):
        width = int(digits[1:-1])
        if not 1 <= width <= MAX_NUMBER_DIGITS:
            raise ModelError(
                f"{where}: {text!r}: a number has 1 to {MAX_NUMBER_DIGITS} digits in DynamoDB"
            )
        return Format("countdown" if text.startswith("~") else "fixed", width)
    raise ModelError(f"{where}: there is no format {text!r}; there are {_KNOWN}")


def _is_short_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 4


def time_pieces(text: str) -> list[str]:
    """`%Y-%m` in pieces: `["%Y", "-", "%m"]`; a `%` at the end stands alone."""
    pieces: list[str] = []
    position = 0
    while position < len(text):
        length = 2 if text[position] == "%" else 1
        pieces.append(text[position : position + length])
        position += length
    return pieces


def _width_of_time(text: str, directives: str | None, where: str) -> int:
    """The characters of the text that a time's format makes."""
    width, has_digits = 0, False
    for piece in time_pieces(text):
        if piece[0] != "%":
            width += 1
            continue
        letter = piece[1:]
        known = DIRECTIVE_WIDTHS if directives is None else directives
        if letter not in known or not letter:
            listed = " ".join(f"%{known_letter}" for known_letter in known)
            raise ModelError(
                f"{where}: {text!r}: {piece} has no fixed number of digits, or is not of this "
                f"type; there are {listed}"
            )
        width += DIRECTIVE_WIDTHS[letter]
        has_digits = has_digits or letter != "%"
    if not has_digits:
        raise ModelError(f"{where}: {text!r} has nothing of the time in it")
    return width
