"""One part of a key: from what is stored to its text in the key, and back.

Texts are made of stored contents, not of Python values (`"5"` of `{"N": "5"}`), so that a key that
a model writes and one that is rendered from an item are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from adorm.codec.failures import EncodeFailure, ValueFailure, shown
from adorm.codec.key_times import canonical_time, is_time, time_text
from adorm.schema.key_formats import PartType
from adorm.schema.key_texts import Part

_OFFSETS = ("Z", "+00:00", "+0000")
_BOOLS = {"true": True, "false": False}


def part_text(part: Part) -> Callable[[Any], str]:
    """The function from the content of a part's attribute value to its text.

    It raises a `ValueFailure` for a content without a text, and an `EncodeFailure` for one of
    another type. The text may be empty, and it may hold the text that ends the part: the renderer
    of the whole key refuses both.
    """
    plain = _PLAIN_TEXTS.get(part.type, _text)
    if part.kind == "lower":
        return lambda content: plain(content).lower()
    if part.kind == "upper":
        return lambda content: plain(content).upper()
    if part.kind == "fixed":
        return lambda content: str(_count(content, part.width)).zfill(part.width)
    if part.kind == "countdown":
        most = 10**part.width - 1
        return lambda content: str(most - _count(content, part.width)).zfill(part.width)
    if part.kind == "time":
        return time_text(part)
    if part.kind == "shard":
        from zlib import crc32  # loaded only for this

        return lambda content: str(
            crc32(_not_empty(plain(content)).encode("utf-8", "surrogatepass")) % part.shards
        )
    return plain


def part_content(part: Part) -> Callable[[str], Any]:
    """The function from a part's text to the content that has this text.

    It returns None where the text is none that the part can have. Where the part loses its value,
    it returns some content that is not None: only the form of the text is checked.
    """
    if part.kind == "lower":
        return lambda text: text if text == text.lower() else None
    if part.kind == "upper":
        return lambda text: text if text == text.upper() else None
    if part.kind == "fixed":
        return lambda text: str(int(text)) if _is_digits(text) else None
    if part.kind == "countdown":
        most = 10**part.width - 1
        return lambda text: str(most - int(text)) if _is_digits(text) else None
    if part.kind == "time":
        return lambda text: is_time(part.format, text)
    if part.kind == "shard":
        texts = frozenset(map(str, range(part.shards)))
        return lambda text: text if text in texts else None
    if part.type == "bool":
        return _BOOLS.get
    plain = _PLAIN_TEXTS.get(part.type, _text)

    def content_of(text: str) -> str | None:
        try:
            return text if plain(text) == text else None
        except EncodeFailure:
            return None

    return content_of


def canonical_content(part: Part) -> Callable[[str], Any]:
    """The function from a part's text to a content that has this text, one of several where the
    part loses its value.

    It returns None where the text is none that the part can have, and where no content is known:
    always for a shard.
    """
    if part.kind == "shard":
        return lambda text: None
    find = canonical_time(part) if part.kind == "time" else part_content(part)
    if not part.loses:
        return find
    write = part_text(part)

    def canonical_of(text: str) -> Any:
        content = find(text)
        return content if content is not None and write(content) == text else None

    return canonical_of


def piece_width(part: Part, text: str, position: int) -> int:
    """The number of characters of a part of fixed width whose text begins at `position`.

    The texts of datetimes have one of three ends, by the `datetime_format` of the database.
    """
    if part.type != "datetime" or part.kind != "plain":
        return part.width
    end = position + part.width - 1
    return (
        part.width
        - 1
        + next((len(offset) for offset in _OFFSETS if text.startswith(offset, end)), 1)
    )


def number_text(content: Any) -> str:
    """The one text of a number: `1.50` is `1.5`, `1E+2` is `100`, `-0` is `0`."""
    if (
        content.__class__ is str
        and content.isdecimal()
        and content.isascii()
        and (content[0] != "0" or len(content) == 1)
    ):
        return str(content)
    text = format(_number(content), "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _number(content: Any) -> Decimal:
    try:
        number = Decimal(_text(content))
    except InvalidOperation as error:
        raise ValueFailure(f"{shown({'N': content})} is no number") from error
    if not number.is_finite() or number.adjusted() > 130 or number.adjusted() < -140:
        raise ValueFailure(f"{shown({'N': content})} is no number that DynamoDB can hold")
    return number


def _count(content: Any, width: int) -> int:
    """A whole number of at most `width` digits."""
    if content.__class__ is str and len(content) <= width and _is_digits(content):
        return int(content)
    number = _number(content)
    if number < 0:
        raise ValueFailure(f"{content} is negative, and a number of fixed width is not")
    if number % 1 if number.adjusted() < 38 else 0:
        raise ValueFailure(f"{content} is not whole, and a number of fixed width is")
    if number >= 10**width:
        raise ValueFailure(f"{content} has more than {width} digits")
    return int(number)


def _text(content: Any) -> str:
    if not isinstance(content, str):
        raise EncodeFailure(f"expected a text, got {type(content).__name__}")
    return content


def _not_empty(text: str) -> str:
    if not text:
        raise ValueFailure("is empty, and a part of a key never is")
    return text


def _bool_text(content: Any) -> str:
    if not isinstance(content, bool):
        raise EncodeFailure(f"expected a bool, got {type(content).__name__}")
    return "true" if content else "false"


def _datetime_text(content: Any) -> str:
    text = _text(content)
    try:
        moment = datetime.fromisoformat(text[:26])
        if text[26:] in _OFFSETS and moment.isoformat("T", "microseconds") == text[:26]:
            return text
    except ValueError:
        pass
    raise ValueFailure(f"{text!r} is no datetime as adorm stores it")


def _date_text(content: Any) -> str:
    text = _text(content)
    try:
        if date.fromisoformat(text).isoformat() == text:
            return text
    except ValueError:
        pass
    raise ValueFailure(f"{text!r} is no date as adorm stores it")


def _time_text(content: Any) -> str:
    text = _text(content)
    try:
        moment = time.fromisoformat(text)
        if moment.tzinfo is None and moment.isoformat("microseconds") == text:
            return text
    except ValueError:
        pass
    raise ValueFailure(f"{text!r} is no time as adorm stores it")


def _uuid_text(content: Any) -> str:
    from uuid import UUID  # slow to load, and loaded where a field is one

    text = _text(content)
    try:
        if str(UUID(text)) == text:
            return text
    except ValueError:
        pass
    raise ValueFailure(f"{text!r} is no UUID as adorm stores it")


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdecimal()


_PLAIN_TEXTS: dict[PartType, Callable[[Any], str]] = {
    "whole": number_text,
    "decimal": number_text,
    "epoch": number_text,
    "bool": _bool_text,
    "datetime": _datetime_text,
    "date": _date_text,
    "time": _time_text,
    "uuid": _uuid_text,
}
