"""Field markers: what a field is for, and how it is stored.

Each returns an attrs field; to a checker `attribute`, `partition_key` and `sort_key` are field
specifiers, while a call of the others counts as a default, so that the constructor does not ask for
the field.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, overload

import attrs

from adorm.clock import current_clock
from adorm.errors import ModelError
from adorm.schema.fields import DATETIME_FORMATS, METADATA_KEY, DatetimeFormat, Marker, Role

T = TypeVar("T")

_UNSET: Any = attrs.NOTHING


def _field(
    marker: Marker,
    *,
    default: Any = _UNSET,
    factory: Callable[[], Any] | None = None,
    validator: Any = None,
) -> Any:
    return attrs.field(
        default=default if factory is None else attrs.Factory(factory),
        validator=validator,
        metadata={METADATA_KEY: marker},
    )


def _checked(datetime_format: DatetimeFormat | None) -> DatetimeFormat | None:
    if datetime_format is not None and datetime_format not in DATETIME_FORMATS:
        raise ModelError(
            f"datetime_format is one of {', '.join(map(repr, DATETIME_FORMATS))}, not "
            f"{datetime_format!r}"
        )
    return datetime_format


@overload
def attribute(
    *,
    factory: Callable[[], Any],
    name: str | None = ...,
    omit_empty: bool = ...,
    as_json: bool = ...,
    as_set: bool = ...,
    truncate: bool = ...,
    datetime_format: DatetimeFormat | None = ...,
    validator: Any = ...,
) -> Any: ...
@overload
def attribute(
    *,
    default: T,
    name: str | None = ...,
    omit_empty: bool = ...,
    as_json: bool = ...,
    as_set: bool = ...,
    truncate: bool = ...,
    datetime_format: DatetimeFormat | None = ...,
    validator: Any = ...,
) -> T: ...
@overload
def attribute(
    *,
    name: str | None = ...,
    omit_empty: bool = ...,
    as_json: bool = ...,
    as_set: bool = ...,
    truncate: bool = ...,
    datetime_format: DatetimeFormat | None = ...,
    validator: Any = ...,
) -> Any: ...
def attribute(
    *,
    default: Any = _UNSET,
    factory: Callable[[], Any] | None = None,
    name: str | None = None,
    omit_empty: bool = False,
    as_json: bool = False,
    as_set: bool = False,
    truncate: bool = False,
    datetime_format: DatetimeFormat | None = None,
    validator: Any = None,
) -> Any:
    """A field with a say in how it is stored.

    Args:
        default: what it is when neither the constructor nor the item has it; for mutable values
            give `factory`.
        factory: makes the default.
        name: its attribute name; the field name, or what the model's `naming` makes of it, when not
            given.
        omit_empty: an empty value is stored as absence; the default must be empty.
        as_json: stored as one JSON string (S); paths into it are refused.
        as_set: a list or tuple stored as SS, NS or BS; order and repetition are lost.
        truncate: a time that others stored with more digits than Python's microseconds is read
            without the rest, which the next save then drops; by default it is an `ItemDecodeError`.
        datetime_format: how datetimes in it are written, `"Z"`, `"+00:00"` or `"+0000"` at the end;
            by default as the database says.
        validator: an attrs validator, or a list of them; runs at construction and before a write.

    Raises:
        ModelError: a `datetime_format` that is none.
    """
    marker = Marker(
        Role.ATTRIBUTE, name, omit_empty, as_json, as_set, truncate, _checked(datetime_format)
    )
    return _field(marker, default=default, factory=factory, validator=validator)


def partition_key(
    *,
    default: Any = _UNSET,
    factory: Callable[[], Any] | None = None,
    name: str | None = None,
    datetime_format: DatetimeFormat | None = None,
) -> Any:
    """The table's partition key: str, bytes, a number, or a type stored as one of them; at most
    2048 bytes, never empty."""
    marker = Marker(Role.PARTITION_KEY, name, datetime_format=_checked(datetime_format))
    return _field(marker, default=default, factory=factory)


def sort_key(
    *,
    default: Any = _UNSET,
    factory: Callable[[], Any] | None = None,
    name: str | None = None,
    datetime_format: DatetimeFormat | None = None,
) -> Any:
    """The table's sort key: str, bytes, a number, or a type stored as one of them; at most 1024
    bytes, never empty."""
    marker = Marker(Role.SORT_KEY, name, datetime_format=_checked(datetime_format))
    return _field(marker, default=default, factory=factory)


def version(*, name: str | None = None) -> Any:
    """An int that every write of the item increases: 0 before the first. `save` and `put` check the
    one that was read."""
    return _field(Marker(Role.VERSION, name), default=0)


def ttl(*, name: str | None = None) -> Any:
    """When the item expires: `datetime | None` or `int | None`, stored in whole epoch seconds.
    DynamoDB deletes within days after it.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
    """
    return _field(Marker(Role.TTL, name), default=None)


def created_at(
    *,
    name: str | None = None,
    truncate: bool = False,
    datetime_format: DatetimeFormat | None = None,
) -> Any:
    """The time of construction until the item is stored; after that the time when it was first."""
    marker = Marker(
        Role.CREATED_AT, name, truncate=truncate, datetime_format=_checked(datetime_format)
    )
    return _field(marker, factory=_time_of_construction)


def updated_at(
    *,
    name: str | None = None,
    truncate: bool = False,
    datetime_format: DatetimeFormat | None = None,
) -> Any:
    """The time of construction until the item is stored; after that the time of the last write."""
    marker = Marker(
        Role.UPDATED_AT, name, truncate=truncate, datetime_format=_checked(datetime_format)
    )
    return _field(marker, factory=_now)


def discriminator(value: str, *, name: str | None = None) -> Any:
    """A fixed text by which a stored value tells its class among the members of a union."""
    return _field(
        Marker(Role.DISCRIMINATOR, name), default=value, validator=attrs.validators.in_((value,))
    )


def _time_of_construction() -> Any:
    """Now. The fold, which means nothing in UTC, tells a put that the item was neither read nor
    given its time by hand."""
    return current_clock().now().replace(fold=1)


def _now() -> Any:
    return current_clock().now()
