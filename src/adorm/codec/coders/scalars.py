"""The table of types that are stored as one S, N, B or BOOL.

Recipe for a new type, which takes two files:

1. `adorm/schema/scalar_types.py`: its tag in `SCALAR_TAGS`, or its module and name in `_LATE_TEXTS`
   where its module is slow to import; and its name in `ScalarT`, and in `KeyValue` if it may be a
   key, for type checkers.
2. Here: a row in `_TYPES` with the functions that write and read it. A type of `_LATE_TEXTS` needs
   none if `str()` writes it and its constructor reads that text.

Everything else follows: hooks, keys and their comparison, map keys, sets, paths, conditions,
updates, JSON fields and parsing from bytes. Then add a value to `tests/codec/samples.py`, from
which the property tests take it, and a row to the table of docs/guide/models.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from adorm.codec.coders.coder import DecodeSource, EncodeSource
from adorm.codec.coders.numbers import (
    decimal_number,
    decimal_text,
    float_number,
    float_text,
    int_text,
    json_decimal_text,
    json_float_text,
    json_int_text,
    timedelta_number,
    timedelta_text,
    whole_number,
)
from adorm.codec.coders.scalar import (
    Scalar,
    ScalarCoder,
    bool_of,
    bytes_of,
    read_binary,
    read_bytearray,
    text_of,
)
from adorm.codec.coders.times import (
    UTC_TEXT_NAMES,
    UTC_TEXT_SOURCE,
    date_text,
    datetime_text,
    epoch_seconds,
    moment_of_epoch,
    read_datetime,
    read_datetime_cut,
    read_time,
    read_time_cut,
    time_text,
    whole_epoch_seconds,
)
from adorm.codec.failures import article, wrong
from adorm.dynamodb.limits import MAX_NUMBER_DIGITS, MAX_NUMBER_EXPONENT, MIN_NUMBER_EXPONENT
from adorm.schema.fields import DatetimeFormat
from adorm.schema.scalar_types import SCALAR_TAGS, real_class, scalar_class
from adorm.support.records import Record

_DATETIME = real_class(datetime)
_DATE = real_class(date)


class _ScalarType(Record):
    """A row of the table: how a type is stored, and how in fields that want it otherwise."""

    scalar: Scalar
    in_json: Scalar
    """In JSON fields, where DynamoDB's limits of numbers do not hold."""
    truncated: Scalar | None
    """In fields with `truncate`, for times: those finer than a microsecond are read too."""


def _type(
    cls: type,
    expected: str,
    write: Callable[[Any], Any],
    read: Callable[[Any], Any],
    encode_source: EncodeSource | None = None,
    decode_source: DecodeSource | None = None,
    *,
    has_one_form: bool = False,
    write_json: Callable[[Any], Any] | None = None,
    read_truncated: Callable[[Any], Any] | None = None,
) -> _ScalarType:
    """A row of the table; for all but the first argument see `Scalar`."""
    tag = SCALAR_TAGS[cls]
    scalar = Scalar(tag, expected, write, read, (cls,), encode_source, decode_source, has_one_form)
    in_json, truncated = scalar, None
    if write_json is not None:
        in_json = Scalar(tag, expected, write_json, read, (cls,))
    if read_truncated is not None:
        truncated = Scalar(tag, expected, write, read_truncated, (cls,), encode_source)
    return _ScalarType(scalar, in_json, truncated)


def _not_finite() -> Any:
    raise ValueError("NaN or infinite: DynamoDB holds no such number")


# In a decode source, `+ ""` refuses what is no text; it costs next to nothing.
_TYPES: Mapping[type, _ScalarType] = {
    str: _type(
        str, "text", text_of, str,
        EncodeSource("{v}.__class__ is str", "{v}"), DecodeSource('{p} + ""'),
        has_one_form=True,
    ),
    int: _type(
        int, "a whole number", int_text, whole_number,
        EncodeSource(
            "{v}.__class__ is int and -1000000000000000000 < {v} < 1000000000000000000", "str({v})"
        ),
        DecodeSource('int({p} + "")'), has_one_form=True, write_json=json_int_text,
    ),
    bool: _type(
        bool, "true or false", bool_of, bool,
        EncodeSource("{v}.__class__ is bool", "{v}"),
        DecodeSource("{BOOLS}[{p}]", {"BOOLS": {True: True, False: False}}),
    ),
    float: _type(
        float, "a number", float_text, float_number,
        EncodeSource(
            "{v}.__class__ is float and (1e-100 < {v} < 1e100 or -1e100 < {v} < -1e-100)",
            "repr({v})",
        ),
        DecodeSource(
            '(number if (number := float({p} + "")) - number == 0.0 else {not_finite}())',
            {"not_finite": _not_finite},
        ),
        write_json=json_float_text,
    ),
    Decimal: _type(
        Decimal, "a number", decimal_text, decimal_number,
        EncodeSource(
            "{v}.__class__ is {Decimal} and {v}.is_finite() and "
            f"{MIN_NUMBER_EXPONENT} <= {{v}}.adjusted() <= {MAX_NUMBER_EXPONENT} and "
            f"len(text := str({{v}})) <= {MAX_NUMBER_DIGITS}",
            "text", {"Decimal": Decimal},
        ),
        DecodeSource(
            '(number if (number := {Decimal}({p} + "")).is_finite() else {not_finite}())',
            {"Decimal": Decimal, "not_finite": _not_finite},
        ),
        has_one_form=True, write_json=json_decimal_text,
    ),
    bytes: _type(
        bytes, "bytes", bytes_of, read_binary,
        EncodeSource("{v}.__class__ is bytes", "{v}"),
        DecodeSource("{read_binary}({p})", {"read_binary": read_binary}), has_one_form=True,
    ),
    bytearray: _type(bytearray, "bytes", bytes_of, read_bytearray, has_one_form=True),
    _DATETIME: _type(
        _DATETIME, "a date and time in ISO 8601 with its offset from UTC",
        datetime_text, read_datetime,
        EncodeSource(
            "{v}.__class__ is {datetime} and {v}.tzinfo is {UTC}", UTC_TEXT_SOURCE,
            {"datetime": _DATETIME, "UTC": UTC, **UTC_TEXT_NAMES},
        ),
        DecodeSource(
            # the text is in adorm's own form, or in another one with at most six digits
            '(moment if len(text := {p}) == 27 and text[19] == "." '
            "and (moment := {moment_of_text}(text)).tzinfo is {UTC} else {read_datetime}(text))",
            {"moment_of_text": datetime.fromisoformat, "UTC": UTC, "read_datetime": read_datetime},
        ),
        read_truncated=read_datetime_cut,
    ),
    _DATE: _type(
        _DATE, "a date in ISO 8601", date_text, date.fromisoformat,
        EncodeSource("{v}.__class__ is {date}", "{v}.isoformat()", {"date": _DATE}),
        DecodeSource("{date_of_text}({p})", {"date_of_text": date.fromisoformat}),
    ),
    time: _type(
        time, "a time of day in ISO 8601, without an offset", time_text, read_time,
        read_truncated=read_time_cut,
    ),
    timedelta: _type(
        timedelta, "a number of seconds, no finer than microseconds",
        timedelta_text, timedelta_number, has_one_form=True,
    ),
}  # fmt: skip

EPOCH_SECONDS = Scalar("N", "epoch seconds", epoch_seconds, moment_of_epoch, (datetime,))
"""A datetime field with the role ttl."""

WHOLE_EPOCH_SECONDS = Scalar(
    "N", "epoch seconds", whole_epoch_seconds, lambda text: int(decimal_number(text) // 1), (int,)
)
"""An int field with the role ttl."""


def scalar_coder(
    cls: type, *, json: bool = False, truncate: bool = False, datetime_format: DatetimeFormat = "Z"
) -> ScalarCoder | None:
    """The coder of a class of the table, or derived from one; None for any other class.

    Args:
        json: for a JSON field, where DynamoDB's limits of numbers do not hold.
        truncate: whether times that are finer than a microsecond are read all the same.
        datetime_format: how the texts of datetimes end.
    """
    cls = real_class(cls)
    base = scalar_class(cls)
    if base is None:
        return None
    row = _TYPES.get(base)
    if row is None:
        return ScalarCoder(cls.__name__, _late_scalar(cls, base))
    scalar = row.in_json if json else row.scalar
    if truncate and row.truncated is not None:
        scalar = row.truncated
    if base is _DATETIME and datetime_format != "Z":
        scalar = _with_ending(scalar, datetime_format)
    return ScalarCoder(cls.__name__, scalar if cls is base else _of_subclass(cls, scalar))


def is_written_as_read(cls: type) -> bool:
    """Whether a class is a type of the table with `Scalar.has_one_form`."""
    return cls in _TYPES and _TYPES[cls].scalar.has_one_form


def _late_scalar(cls: type, base: type) -> Scalar:
    """How a class of `_LATE_TEXTS` is stored, or one derived from it."""
    if base.__name__ == "UUID":
        return _uuid(base) if cls is base else _of_subclass(cls, _uuid(base))
    if base.__name__ == "PurePath":
        return Scalar("S", "a path", _instance(cls, "a path", str), cls, (cls,))
    expected = article(cls.__name__)

    def write_exact(value: object) -> str:
        if type(value) is not cls:  # an IPv4Interface is an IPv4Address, but reads back as none
            raise wrong(expected, value)
        return str(value)

    return Scalar("S", expected, write_exact, cls, (cls,))


def _uuid(cls: type) -> Scalar:
    encode_source = EncodeSource("{v}.__class__ is {UUID}", "str({v})", {"UUID": cls})
    decode_source = DecodeSource("{UUID}({p})", {"UUID": cls})
    write = _instance(cls, "a UUID", str)
    return Scalar("S", "a UUID", write, cls, (cls,), encode_source, decode_source)


def _instance(cls: type, expected: str, write: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """`write`, for instances of a class alone."""

    def write_instance(value: object) -> Any:
        if not isinstance(value, cls):
            raise wrong(expected, value)
        return write(value)

    return write_instance


def _of_subclass(cls: Any, base: Scalar) -> Scalar:
    """A user's subclass of a type: stored as its base is, read through its own constructor."""
    expected = article(cls.__name__)
    read: Callable[[Any], Any]
    if issubclass(cls, datetime):
        # a plain datetime is taken too: `created_at` holds what the clock gives
        read = _reader_of_moments(cls, base.read)
        return Scalar(base.tag, expected, base.write, read, (cls,))
    if issubclass(cls, (date, time)):
        read = _reader_by_iso(cls, base.read)
    elif issubclass(cls, timedelta):
        # short and local
        read = lambda text: cls(  # noqa: E731
            microseconds=timedelta_number(text) // timedelta(microseconds=1)
        )
    else:
        read = lambda payload: cls(base.read(payload))  # noqa: E731  # as above
    return Scalar(base.tag, expected, _instance(cls, expected, base.write), read, (cls,))


def _reader_of_moments(cls: Any, read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Reads a subclass of datetime.

    One of pendulum's has to be made by its own `instance`, or it loses its time zone in the first
    sum.
    """
    if any(base.__module__.startswith("pendulum.") for base in cls.__mro__) and hasattr(
        cls, "instance"
    ):
        return lambda text: cls.instance(read(text))
    return _reader_by_iso(cls, read)


def _reader_by_iso(cls: Any, read: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda text: cls.fromisoformat(read(text).isoformat())


def _with_ending(datetimes: Scalar, ending: DatetimeFormat) -> Scalar:
    """Datetimes whose texts end otherwise than with `Z`; all endings are read."""

    def write(value: object) -> str:
        return datetime_text(value)[:-1] + ending

    old, source = datetimes, datetimes.encode_source
    if source is not None:
        source = EncodeSource(source.test, f"{source.payload}[:-1] + {ending!r}", source.names)
    return Scalar(old.tag, old.expected, write, old.read, old.classes, source, old.decode_source)
