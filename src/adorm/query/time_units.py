"""The pieces of time that parts such as `{created_at:%Y-%m-%d}` name, and which a range has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import MAXYEAR, datetime, timedelta
from typing import Literal, TypeAlias

from adorm.codec.key_times import moment_of, time_writer
from adorm.schema.key_formats import time_pieces
from adorm.schema.key_texts import Part

Unit: TypeAlias = Literal[
    "year", "ISO year", "month", "week", "day", "hour", "minute", "second", "microsecond"
]

_DATE_UNITS: Mapping[frozenset[str], Unit] = {
    frozenset("Y"): "year",
    frozenset("Ym"): "month",
    frozenset("Ymd"): "day",
    frozenset("Yj"): "day",
    frozenset("G"): "ISO year",
    frozenset("GV"): "week",
    frozenset("GVu"): "day",
}
_CLOCK_UNITS: Mapping[frozenset[str], Unit] = {
    frozenset("H"): "hour",
    frozenset("HM"): "minute",
    frozenset("HMS"): "second",
    frozenset("HMSf"): "microsecond",
}
"""By the directives: the piece of time that they name. Other sets name pieces that come again,
such as the first day of any month."""

_STEPS: Mapping[Unit, timedelta] = {
    "week": timedelta(weeks=1),
    "day": timedelta(days=1),
    "hour": timedelta(hours=1),
    "minute": timedelta(minutes=1),
    "second": timedelta(seconds=1),
    "microsecond": timedelta(microseconds=1),
}

_BY_SIZE = "YGmVjduHMSf"


def _directives(part: Part) -> list[str]:
    """The letters of the directives of a part's format, in order."""
    letters = [piece[1] for piece in time_pieces(part.format) if piece[0] == "%"]
    return [letter for letter in dict.fromkeys(letters) if letter != "%"]


def unit_of(parts: Sequence[Part]) -> Unit | None:
    """The piece of time that the parts of one field name together; None where it comes again."""
    letters = frozenset(letter for part in parts for letter in _directives(part))
    clock = letters & frozenset("HMSf")
    days = letters - clock
    if not clock:
        return _DATE_UNITS.get(days)
    is_in_a_day = parts[0].type == "time" if not days else _DATE_UNITS.get(days) == "day"
    return _CLOCK_UNITS.get(clock) if is_in_a_day else None


def is_in_order(part: Part) -> bool:
    """Whether the texts of a part are in the order of its times."""
    letters = _directives(part)
    return unit_of([part]) is not None and letters == sorted(letters, key=_BY_SIZE.index)


def moments(parts: Sequence[Part], low: str, high: str, *, most: int) -> list[datetime] | None:
    """A moment of each piece of time from `low` to `high`, in order; None for more than `most`.

    Args:
        parts: of one field, whose `unit_of` is known.
        low, high: contents of attribute values of the field.
    """
    first, last = moment_of(parts[0], low), moment_of(parts[0], high)
    found: list[datetime] = []
    for moment in _from(first, unit_of(parts) or "microsecond"):
        if moment > last:
            return found
        if len(found) == most:
            return None
        found.append(moment)
    return found


def moment_text(part: Part) -> Callable[[datetime], str]:
    """The function from a moment to the text of a part."""
    return time_writer(part.format)


def _from(moment: datetime, unit: Unit) -> Iterator[datetime]:
    """The first moment of each unit of time, beginning with the unit that `moment` is in."""
    moment = _start(moment, unit)
    while True:
        yield moment
        try:
            moment = _next(moment, unit)
        except (OverflowError, ValueError):
            return  # the calendar ends with the year 9999


def _start(moment: datetime, unit: Unit) -> datetime:
    if unit == "microsecond":
        return moment
    moment = moment.replace(microsecond=0)
    if unit == "second":
        return moment
    moment = moment.replace(second=0)
    if unit == "minute":
        return moment
    moment = moment.replace(minute=0)
    if unit == "hour":
        return moment
    moment = moment.replace(hour=0)
    if unit == "month":
        return moment.replace(day=1)
    if unit == "year":
        return moment.replace(month=1, day=1)
    if unit == "day":
        return moment
    try:
        if unit == "week":
            return moment - timedelta(days=moment.weekday())
        return _iso_year(moment, moment.isocalendar().year)
    except (OverflowError, ValueError):
        return moment  # the first week of the calendar began before it


def _next(moment: datetime, unit: Unit) -> datetime:
    if unit == "month":
        year, month = divmod(12 * moment.year + moment.month, 12)
        if year > MAXYEAR:
            raise OverflowError
        return moment.replace(year=year, month=month + 1)
    if unit == "year":
        return moment.replace(year=moment.year + 1)
    if unit == "ISO year":
        return _iso_year(moment, moment.isocalendar().year + 1)
    return moment + _STEPS[unit]


def _iso_year(moment: datetime, year: int) -> datetime:
    day = datetime.fromisocalendar(year, 1, 1)
    return moment.replace(year=day.year, month=day.month, day=day.day)
