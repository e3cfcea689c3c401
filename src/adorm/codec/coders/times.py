"""Dates and times as text and as epoch seconds.

Functions that write raise `EncodeFailure`; functions that read raise `ValueError`, and
`DecodeFailure` where they know the remedy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import orjson

from adorm.codec.coders.numbers import decimal_number, int_text
from adorm.codec.failures import DecodeFailure, EncodeFailure, ValueFailure, shown, wrong

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

MAX_EPOCH_SECONDS = 253_402_300_799
"""The last second of the year 9999. The milliseconds of any time since 1978 are a larger number."""

_FINER_THAN_MICROSECONDS = re.compile(r"[.,]\d{6}0*[1-9]").search


def datetime_text(value: object) -> str:
    """`2026-11-21T08:30:00.000000Z`: fixed width, so that texts sort as times do."""
    if type(value) is datetime and value.tzinfo is UTC:
        return utc_text(value)
    if getattr(value, "nanosecond", 0):  # pandas' Timestamp is a datetime with three digits more
        raise ValueFailure("a time that is finer than a microsecond: round it first")
    return utc_text(_in_utc(value))


def utc_text(moment: datetime) -> str:
    """As `datetime_text`, for a datetime in UTC.

    orjson takes a fifth of the time of `isoformat`, but writes whole seconds without a fraction.
    """
    try:
        text = orjson.dumps(moment, None, orjson.OPT_UTC_Z)[1:-1].decode()
    except TypeError:  # orjson takes no subclass, as freezegun puts one in the place of datetime
        return f"{datetime.isoformat(moment, 'T', 'microseconds')[:26]}Z"
    return text if len(text) == 27 else f"{text[:19]}.000000Z"


UTC_TEXT_SOURCE = (
    "(text[1:-1].decode() if len(text := {dumps}({v}, None, {UTC_Z})) == 29 else "
    'text[1:20].decode() + ".000000Z")'
)
UTC_TEXT_NAMES: Mapping[str, Any] = {"dumps": orjson.dumps, "UTC_Z": orjson.OPT_UTC_Z}
"""The expression of `utc_text({v})`, for generated code."""


def epoch_seconds(value: object) -> str:
    """Whole seconds since 1970, rounded down, at most to the year 9999; an int stays as it is."""
    if isinstance(value, datetime):
        return whole_epoch_seconds((_in_utc(value) - _EPOCH) // timedelta(seconds=1))
    return whole_epoch_seconds(value)


def whole_epoch_seconds(value: object) -> str:
    """The text of an int that as seconds lies between 1970 and the year 9999."""
    text = int_text(value)
    seconds = int(text)
    if seconds < 0:
        raise ValueFailure(f"{text} lies before 1970, and a ttl is in seconds since then")
    if seconds > MAX_EPOCH_SECONDS:
        raise ValueFailure(
            f"{text} lies after the year 9999, and a ttl is in seconds: were these milliseconds?"
        )
    return text


def moment_of_epoch(text: str) -> datetime:
    """The aware datetime, in UTC, of epoch seconds; a fraction is dropped."""
    number = decimal_number(text)
    if number > MAX_EPOCH_SECONDS:
        raise DecodeFailure(
            f"expected epoch seconds, got {shown({'N': text})}, which lies after the year 9999: "
            "where these are milliseconds, an `int` field reads them as they are"
        )
    if number.adjusted() > 12:
        raise ValueError(text)
    try:
        return _EPOCH + timedelta(seconds=int(number // 1))
    except OverflowError as error:
        raise ValueError(text) from error


def read_datetime(text: str) -> datetime:
    """An aware datetime, in UTC."""
    moment = read_datetime_cut(text)
    _check_precision(text, "a datetime")
    return moment


def read_datetime_cut(text: str) -> datetime:
    """As `read_datetime`, but digits beyond the microseconds are dropped."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(text) from error


def _in_utc(value: object) -> datetime:
    if not isinstance(value, datetime):
        raise wrong("a datetime", value)
    if value.utcoffset() is None:
        raise ValueFailure(
            "a naive datetime: say which time zone it is in, as in datetime.now(UTC)"
        )
    try:
        moment = value.astimezone(UTC)
    except OverflowError as error:
        raise ValueFailure("a datetime that lies outside the years 1 to 9999 in UTC") from error
    if moment.__class__ is datetime:
        return moment
    # a plain datetime: subclasses compute in other ways, pendulum's with pendulum's durations
    date_of, time_of = (
        (moment.year, moment.month, moment.day),
        (moment.hour, moment.minute, moment.second),
    )
    return datetime(*date_of, *time_of, moment.microsecond, tzinfo=UTC)


def date_text(value: object) -> str:
    """`2026-11-21`."""
    if not isinstance(value, date) or isinstance(value, datetime):
        raise (
            EncodeFailure("expected a date, got a datetime: use its .date()")
            if isinstance(value, datetime)
            else wrong("a date", value)
        )
    return value.isoformat()


def time_text(value: object) -> str:
    """`08:30:00.000000`."""
    if not isinstance(value, time):
        raise wrong("a time", value)
    if value.tzinfo is not None:
        raise ValueFailure(
            "a time of day with a time zone: take the zone off with .replace(tzinfo=None), or "
            "store a datetime"
        )
    return value.isoformat("microseconds")


def read_time(text: str) -> time:
    """A time of day."""
    moment = read_time_cut(text)
    _check_precision(text, "a time")
    return moment


def read_time_cut(text: str) -> time:
    """As `read_time`, but digits beyond the microseconds are dropped."""
    moment = time.fromisoformat(text)
    if moment.tzinfo is not None:
        raise ValueError(text)
    return moment


def _check_precision(text: str, kind: str) -> None:
    """Refuse digits that Python would drop: the next save would store the time without them."""
    if _FINER_THAN_MICROSECONDS(text):
        raise DecodeFailure(
            f"{shown({'S': text})} is finer than a microsecond, which {kind} can't hold: declare "
            "the field `str`, register hooks for its type, or accept the loss by truncate=True, as "
            "in adorm.attribute(truncate=True)"
        )
