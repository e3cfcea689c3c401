"""Types that are stored as one S, N, B or BOOL."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from adorm.codec.coders.coder import Coder, Decode, DecodeSource, Encode, EncodeSource, made_once
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
from adorm.codec.failures import DecodeFailure, article, unexpected, wrong
from adorm.dynamodb.limits import MAX_NUMBER_DIGITS, MAX_NUMBER_EXPONENT, MIN_NUMBER_EXPONENT
from adorm.schema.fields import DatetimeFormat
from adorm.schema.types import real_class, seldom_types
from adorm.support.records import Record


class Scalar(Record):
    """How one type is written and read: `write` makes what the tag holds, `read` takes it."""

    __slots__ = ("tag", "expected", "write", "read", "classes", "encode_source", "decode_source")  # noqa: RUF023  # the constructor's order

    tag: str
    expected: str
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]
    classes: tuple[type, ...]
    encode_source: EncodeSource | None
    decode_source: DecodeSource | None

    def __init__(
        self,
        tag: str,
        expected: str,
        write: Callable[[Any], Any],
        read: Callable[[Any], Any],
        classes: tuple[type, ...],
        encode_source: EncodeSource | None = None,
        decode_source: DecodeSource | None = None,
    ) -> None:
        self._hold(tag, expected, write, read, classes, encode_source, decode_source)


def _read_bytearray(payload: Any) -> bytearray:
    return bytearray(read_binary(payload))


def _whole(text: str) -> int:
    return int(decimal_number(text) // 1)


class ScalarCoder(Coder):
    """A `Scalar` as a coder."""

    def __init__(self, name: str, scalar: Scalar) -> None:
        super().__init__(name, frozenset({scalar.tag}), scalar.classes)
        self.scalar = scalar

    @made_once
    def encode(self) -> Encode:
        tag, write = self.scalar.tag, self.scalar.write

        def encode_scalar(value: Any) -> dict[str, Any]:
            return {tag: write(value)}

        return encode_scalar

    @made_once
    def decode(self) -> Decode:
        return scalar_decoder(self.scalar.tag, self.scalar.read, self.scalar.expected)

    def encode_source(self) -> EncodeSource | None:
        return self.scalar.encode_source

    def decode_source(self) -> DecodeSource | None:
        return self.scalar.decode_source

    def accepts(self, value: object) -> bool:
        if isinstance(value, bool):
            return bool in self.classes
        if isinstance(value, datetime):
            return any(issubclass(cls, datetime) for cls in self.classes)
        return isinstance(value, self.classes)


def scalar_decoder(tag: str, read: Callable[[Any], Any], expected: str) -> Decode:
    """A careful decoder: every failure is a `DecodeFailure` that tells what was expected."""
    payload_type: tuple[type, ...] = {"BOOL": (bool,), "B": (str, bytes, bytearray)}.get(
        tag, (str,)
    )

    def decode_scalar(attribute_value: Any) -> Any:
        try:
            payload = attribute_value[tag]
        except (KeyError, TypeError, IndexError) as error:
            raise unexpected(expected, attribute_value) from error
        if not isinstance(payload, payload_type):
            raise unexpected(expected, attribute_value)
        try:
            return read(payload)
        except (DecodeFailure, RecursionError):
            raise
        except Exception as error:  # constructors of users' subclasses raise what they like
            raise unexpected(expected, attribute_value) from error

    return decode_scalar


def scalar_coder(
    cls: type, *, json: bool = False, truncate: bool = False, datetime_format: DatetimeFormat = "Z"
) -> ScalarCoder | None:
    """The coder of a class that is stored as a scalar; None for any other class, enums among them.

    Args:
        json: for a JSON field, where DynamoDB's limits of numbers do not hold.
        truncate: whether times that are finer than a microsecond are read all the same.
        datetime_format: how the texts of datetimes end.
    """
    known = _JSON_SCALARS if json else _SCALARS
    if truncate:
        known = {**known, **_CUT_TIMES}
    if datetime_format != "Z":
        known = {**known, _DATETIME_CLASS: _with_ending(known[_DATETIME_CLASS], datetime_format)}
    cls = real_class(cls)
    if cls in known:
        return ScalarCoder(cls.__name__, known[cls])
    if issubclass(cls, seldom_types("ipaddress")):
        return ScalarCoder(cls.__name__, _text(cls, article(cls.__name__), _only(cls, str), cls))
    for uuid in seldom_types("uuid"):
        if issubclass(cls, uuid):
            return ScalarCoder(
                cls.__name__, _uuid(uuid) if cls is uuid else _of_subclass(cls, _uuid(uuid))
            )
    if issubclass(cls, seldom_types("pathlib")):
        return ScalarCoder(cls.__name__, _text(cls, "a path", _instance(cls, "a path", str), cls))
    for base in (bool, str, int, float, Decimal, bytes, bytearray, datetime, date, time, timedelta):
        if issubclass(cls, base):
            return ScalarCoder(cls.__name__, _of_subclass(cls, known[base]))
    return None


def text_of(value: object) -> str:
    """A str, or a subclass of it as plain str."""
    if not isinstance(value, str):
        raise wrong("text", value)
    return str.__str__(value)


def read_binary(payload: str | bytes | bytearray) -> bytes:
    """Bytes as they are, or out of base64.

    Raises:
        ValueError: it is no base64.
    """
    if isinstance(payload, str):
        try:
            return base64.b64decode(payload, validate=True)
        except binascii.Error as error:
            raise ValueError(str(error)) from error
    return bytes(payload)


def _bytes_of(value: Any) -> bytes:
    if not issubclass(value.__class__, (bytes, bytearray, memoryview)):
        raise wrong("bytes", value)
    return bytes(value)


def _bool_of(value: object) -> bool:
    if not isinstance(value, bool):
        raise wrong("True or False", value)
    return value


def _instance(cls: type, expected: str, write: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def write_instance(value: object) -> Any:
        if not isinstance(value, cls):
            raise wrong(expected, value)
        return write(value)

    return write_instance


def _only(cls: type, write: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def write_exact(value: object) -> Any:
        if type(value) is not cls:  # an IPv4Interface is an IPv4Address, but reads back as none
            raise wrong(article(cls.__name__), value)
        return write(value)

    return write_exact


def _text(
    cls: type, expected: str, write: Callable[[Any], Any], read: Callable[[Any], Any]
) -> Scalar:
    return Scalar("S", expected, write, read, (cls,))


def _of_subclass(cls: Any, base_scalar: Scalar) -> Scalar:
    """A user's subclass of a known type: stored as its base is, read through its own
    constructor."""
    read: Callable[[Any], Any]
    if issubclass(cls, datetime):
        # a plain one is taken too: `created_at` holds what the clock gives
        return Scalar(
            base_scalar.tag,
            article(cls.__name__),
            base_scalar.write,
            _moment_of(cls, base_scalar.read),
            (cls,),
        )
    if issubclass(cls, (date, time)):
        read = _through_iso(cls, base_scalar.read)
    elif issubclass(cls, timedelta):
        read = lambda text: cls(microseconds=timedelta_number(text) // timedelta(microseconds=1))  # noqa: E731  # short and local
    else:
        read = lambda payload: cls(base_scalar.read(payload))  # noqa: E731  # as above
    return Scalar(
        base_scalar.tag,
        article(cls.__name__),
        _instance(cls, article(cls.__name__), base_scalar.write),
        read,
        (cls,),
    )


def _with_ending(datetimes: Scalar, ending: DatetimeFormat) -> Scalar:
    """The same with another end than `Z`; all ends are read."""

    def write(value: object) -> str:
        return datetime_text(value)[:-1] + ending

    source = datetimes.encode_source
    if source is not None:
        source = EncodeSource(source.test, f"{source.payload}[:-1] + {ending!r}", source.names)
    return Scalar(
        datetimes.tag,
        datetimes.expected,
        write,
        datetimes.read,
        datetimes.classes,
        source,
        datetimes.decode_source,
    )


def _uuid(cls: type) -> Scalar:
    return Scalar(
        "S",
        "a UUID",
        _instance(cls, "a UUID", str),
        cls,
        (cls,),
        EncodeSource("{v}.__class__ is {UUID}", "str({v})", {"UUID": cls}),
        DecodeSource("{UUID}({p})", {"UUID": cls}),
    )


def _moment_of(cls: Any, read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Reads a subclass of datetime; pendulum's has to be made by its own `instance`, or loses its
    time zone in the first sum."""
    instance = (
        getattr(cls, "instance", None)
        if any(base.__module__.startswith("pendulum.") for base in cls.__mro__)
        else None
    )
    return _through_iso(cls, read) if instance is None else lambda text: instance(read(text))


def _through_iso(cls: Any, read: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda text: cls.fromisoformat(read(text).isoformat())


def _not_finite() -> Any:
    raise ValueError("NaN, or infinite: DynamoDB holds no such number")


# `+ ""` costs next to nothing and refuses what is no text
_SCALARS: Mapping[type, Scalar] = {
    str: Scalar(
        "S",
        "text",
        text_of,
        str,
        (str,),
        EncodeSource("{v}.__class__ is str", "{v}"),
        DecodeSource('{p} + ""'),
    ),
    int: Scalar(
        "N",
        "a whole number",
        int_text,
        whole_number,
        (int,),
        EncodeSource(
            "{v}.__class__ is int and -1000000000000000000 < {v} < 1000000000000000000", "str({v})"
        ),
        DecodeSource('int({p} + "")'),
    ),
    bool: Scalar(
        "BOOL",
        "true or false",
        _bool_of,
        bool,
        (bool,),
        EncodeSource("{v}.__class__ is bool", "{v}"),
        DecodeSource("{BOOLS}[{p}]", {"BOOLS": {True: True, False: False}}),
    ),
    float: Scalar(
        "N",
        "a number",
        float_text,
        float_number,
        (float,),
        EncodeSource(
            "{v}.__class__ is float and (1e-100 < {v} < 1e100 or -1e100 < {v} < -1e-100)",
            "repr({v})",
        ),
        DecodeSource(
            '(number if (number := float({p} + "")) - number == 0.0 else {not_finite}())',
            {"not_finite": _not_finite},
        ),
    ),
    Decimal: Scalar(
        "N",
        "a number",
        decimal_text,
        decimal_number,
        (Decimal,),
        EncodeSource(
            f"{{v}}.__class__ is {{Decimal}} and {{v}}.is_finite() and {MIN_NUMBER_EXPONENT} <= {{v}}.adjusted() <= {MAX_NUMBER_EXPONENT} "
            f"and len(text := str({{v}})) <= {MAX_NUMBER_DIGITS}",
            "text",
            {"Decimal": Decimal},
        ),
        DecodeSource(
            '(number if (number := {Decimal}({p} + "")).is_finite() else {not_finite}())',
            {"Decimal": Decimal, "not_finite": _not_finite},
        ),
    ),
    bytes: Scalar(
        "B",
        "bytes",
        _bytes_of,
        read_binary,
        (bytes,),
        EncodeSource("{v}.__class__ is bytes", "{v}"),
        DecodeSource("{read_binary}({p})", {"read_binary": read_binary}),
    ),
    bytearray: Scalar("B", "bytes", _bytes_of, _read_bytearray, (bytearray,)),
    real_class(datetime): Scalar(
        "S",
        "a date and time in ISO 8601 with its offset from UTC",
        datetime_text,
        read_datetime,
        (datetime,),
        EncodeSource(
            "{v}.__class__ is {datetime} and {v}.tzinfo is {UTC}",
            UTC_TEXT_SOURCE,
            {"datetime": real_class(datetime), "UTC": UTC, **UTC_TEXT_NAMES},
        ),
        DecodeSource(
            # the text is adorm's own form, or another one that holds six digits at most
            '(moment if len(text := {p}) == 27 and text[19] == "." and (moment := {moment_of_text}(text)).tzinfo is {UTC} '
            "else {read_datetime}(text))",
            {"moment_of_text": datetime.fromisoformat, "UTC": UTC, "read_datetime": read_datetime},
        ),
    ),
    real_class(date): Scalar(
        "S",
        "a date in ISO 8601",
        date_text,
        date.fromisoformat,
        (date,),
        EncodeSource("{v}.__class__ is {date}", "{v}.isoformat()", {"date": real_class(date)}),
        DecodeSource("{date_of_text}({p})", {"date_of_text": date.fromisoformat}),
    ),
    time: Scalar(
        "S", "a time of day in ISO 8601, without an offset", time_text, read_time, (time,)
    ),
    timedelta: Scalar(
        "N",
        "a number of seconds, no finer than microseconds",
        timedelta_text,
        timedelta_number,
        (timedelta,),
    ),
}

ONE_FORM = tuple(_SCALARS[cls] for cls in (str, int, Decimal, bytes, bytearray, timedelta))
"""Those that are written just as they were read, as DynamoDB compares keys."""

_JSON_SCALARS: Mapping[type, Scalar] = {
    **_SCALARS,
    int: Scalar("N", "a whole number", json_int_text, whole_number, (int,)),
    float: Scalar("N", "a number", json_float_text, float_number, (float,)),
    Decimal: Scalar("N", "a number", json_decimal_text, decimal_number, (Decimal,)),
}

_DATETIME_CLASS = real_class(datetime)
_DATETIME = _SCALARS[_DATETIME_CLASS]
_CUT_TIMES: Mapping[type, Scalar] = {
    real_class(datetime): Scalar(
        "S",
        _DATETIME.expected,
        datetime_text,
        read_datetime_cut,
        _DATETIME.classes,
        _DATETIME.encode_source,
    ),
    time: Scalar("S", _SCALARS[time].expected, time_text, read_time_cut, (time,)),
}
"""Times that are read although they are finer than a microsecond."""

EPOCH_SECONDS = Scalar("N", "epoch seconds", epoch_seconds, moment_of_epoch, (datetime,))
"""A datetime field with the role ttl."""

WHOLE_EPOCH_SECONDS = Scalar("N", "epoch seconds", whole_epoch_seconds, _whole, (int,))
"""An int field with the role ttl."""
