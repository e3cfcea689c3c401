"""Parts of keys that hold a piece of a time: `{created_at:%Y-%m-%d}`.

Times are taken in UTC. Every directive gives a fixed number of digits: a year always has four.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from adorm.codec.coders.times import moment_of_epoch, read_datetime_cut, utc_text
from adorm.codec.failures import EncodeFailure, ValueFailure, shown
from adorm.schema.key_formats import DIRECTIVE_WIDTHS, time_pieces
from adorm.schema.key_texts import Part

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_SOURCES = {
    "Y": "{0.year:04d}", "m": "{0.month:02d}", "d": "{0.day:02d}",
    "H": "{0.hour:02d}", "M": "{0.minute:02d}", "S": "{0.second:02d}", "f": "{0.microsecond:06d}",
    "G": "{1.year:04d}", "V": "{1.week:02d}", "u": "{1.weekday}", "j": "{2:03d}", "%": "%",
}  # fmt: skip
"""Pieces of a text for `str.format`, of a datetime, its ISO calendar date, and its day of the
year."""

_YEAR = 2020
"""Where a format has no year: a leap year, of 53 weeks."""


def time_text(part: Part) -> Callable[[Any], str]:
    """The function from the content of a part's attribute value to its text."""
    write = time_writer(part.format)

    def text_of(content: Any) -> str:
        try:
            moment = moment_of(part, content)
        except (ValueError, TypeError, AttributeError) as error:
            raise ValueFailure(f"{shown({part.tag: content})} is no {part.type}") from error
        except EncodeFailure as failure:
            raise ValueFailure(failure.problem) from failure
        return write(moment)

    return text_of


def moment_of(part: Part, content: Any) -> datetime:
    """The time that a part's content stands for: aware, in UTC; without a zone for a time of day.

    Raises:
        ValueError, TypeError, AttributeError, EncodeFailure: it is no time.
    """
    if part.type == "epoch":
        return moment_of_epoch(content)
    if part.type == "date":
        return datetime.combine(date.fromisoformat(content), time(), UTC)
    if part.type == "time":
        return datetime.combine(date(_YEAR, 1, 1), time.fromisoformat(content))
    return read_datetime_cut(content)


def time_writer(format_text: str) -> Callable[[datetime], str]:
    """The function from a time to its text by a format such as `%Y-%m-%d`."""
    source = "".join(
        _SOURCES[piece[1:]] if piece[0] == "%" else piece for piece in time_pieces(format_text)
    )
    return lambda moment: source.format(moment, moment.isocalendar(), moment.timetuple().tm_yday)


def is_time(format_text: str, text: str) -> str | None:
    """The text itself where its digits and other characters stand where the format has them."""
    return None if _read(format_text, text) is None else text


def _read(format_text: str, text: str) -> dict[str, int] | None:
    """The numbers in a text, by directive; None where it does not have the format."""
    numbers: dict[str, int] = {}
    position = 0
    for piece in time_pieces(format_text):
        letter = piece[1:] if piece[0] == "%" else ""
        width = DIRECTIVE_WIDTHS[letter] if letter else 1
        found = text[position : position + width]
        position += width
        if not letter or letter == "%":
            if found != piece[-1]:
                return None
        else:
            is_number = len(found) == width and found.isascii() and found.isdecimal()
            if not is_number or numbers.setdefault(letter, int(found)) != int(found):
                return None
    return numbers if position == len(text) else None


def canonical_time(part: Part) -> Callable[[str], Any]:
    """The function from a text to the content of a moment that has it, the first one where the
    format leaves out the end of the time. It returns None where there is no such moment."""
    write = time_writer(part.format)

    def content_of(text: str) -> Any:
        numbers = _read(part.format, text)
        for moment in [] if numbers is None else _moments(numbers):
            if write(moment) == text:
                return _content(part, moment)
        return None

    return content_of


def _moments(numbers: dict[str, int]) -> list[datetime]:
    """The moments that may be meant."""
    year = numbers.get("Y", _YEAR)
    found: list[datetime] = []
    # a week's Thursday is in the year of the week, its Monday may be in the one before
    for weekday in (1, 4):
        try:
            if numbers.keys() & set("GVu"):
                day = date.fromisocalendar(
                    numbers.get("G", year), numbers.get("V", 1), numbers.get("u", weekday)
                )
            elif "j" in numbers:
                day = date(year, 1, 1) + timedelta(days=numbers["j"] - 1)
            else:
                day = date(year, numbers.get("m", 1), numbers.get("d", 1))
            hour, minute, second, micro = (numbers.get(letter, 0) for letter in "HMSf")
            clock = time(hour, minute, second, micro)
        except (ValueError, OverflowError):
            continue
        found.append(datetime.combine(day, clock, UTC))
    return found


def _content(part: Part, moment: datetime) -> str:
    if part.type == "epoch":
        return str((moment - _EPOCH) // timedelta(seconds=1))
    if part.type == "date":
        return moment.date().isoformat()
    if part.type == "time":
        return moment.time().isoformat("microseconds")
    return utc_text(moment)[:-1] + (part.field.marker.datetime_format or "Z")
