"""Field markers: what a field is for, and how it is stored.

Each returns an attrs field. To type checkers `attribute`, `partition_key` and `sort_key` are field
specifiers; a call of another one counts as a default, so the constructor does not need the field.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypedDict, TypeVar, Unpack, overload

import attrs

from adorm.clock import current_clock
from adorm.errors import ModelError
from adorm.schema.fields import DATETIME_FORMATS, METADATA_KEY, DatetimeFormat, Marker, Role
from adorm.schema.key_declarations import KeyField

if TYPE_CHECKING:  # making them takes 0.3 ms of a cold start, and only checkers read them
    from datetime import timedelta

    class AttributeOptions(TypedDict, total=False):
        """The options of `attribute` beside its default."""

        name: str | None
        omit_empty: bool
        as_json: bool
        as_set: bool
        truncate: bool
        datetime_format: DatetimeFormat | None
        immutable: bool
        unique: bool | Callable[[Any], str]
        validator: Any

    class TimestampOptions(TypedDict, total=False):
        """The options of `created_at`, `updated_at` and `deleted_at`; see those of `attribute`."""

        name: str | None
        truncate: bool
        datetime_format: DatetimeFormat | None


T = TypeVar("T")

_UNSET: Any = attrs.NOTHING


def _field(
    marker: Marker,
    *,
    default: Any = _UNSET,
    factory: Callable[[], Any] | None = None,
    validator: Any = None,
) -> Any:
    ending = marker.datetime_format
    if ending is not None and ending not in DATETIME_FORMATS:
        known = ", ".join(map(repr, DATETIME_FORMATS))
        raise ModelError(f"datetime_format is one of {known}, not {ending!r}")
    if factory is not None:
        default = attrs.Factory(factory)
    return attrs.field(default=default, validator=validator, metadata={METADATA_KEY: marker})


@overload
def attribute(*, factory: Callable[[], Any], **options: Unpack[AttributeOptions]) -> Any: ...
@overload
def attribute(*, default: T, **options: Unpack[AttributeOptions]) -> T: ...
@overload
def attribute(**options: Unpack[AttributeOptions]) -> Any: ...
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
    immutable: bool = False,
    unique: bool | Callable[[Any], str] = False,
    validator: Any = None,
) -> Any:
    """A field that is stored in another way or under another name, or whose values are unique.

    Args:
        default: its value where neither the constructor nor the item has one; for a list, dict or
            set give `factory` instead.
        factory: makes the default.
        name: its attribute name; by default the field name, or what the model's `naming` makes of
            it.
        omit_empty: store an empty value as absence; the default must be empty.
        as_json: store it as one JSON string (S); paths into it are refused.
        as_set: store a list or tuple as SS, NS or BS; its order is lost, and a value that occurs
            twice is refused.
        truncate: read a time that others stored with more digits than Python's microseconds,
            without these digits, which the next save drops; by default it is an `ItemDecodeError`.
        datetime_format: how datetimes in it end, `"Z"`, `"+00:00"` or `"+0000"`; by default as the
            database says.
        immutable: it keeps the value with which the item was created: an update of it is refused,
            and `save` and `put` fail where the item holds another value. Batches of puts have no
            conditions, so that they replace it.
        unique: no two items of the model may have the same value; None is not counted. A function,
            such as `str.casefold`, gives a text for each value: values with one text are the same.
            Writes of the value are transactions, see `UniqueConflict`.
        validator: an attrs validator, or a list of them; it runs at construction and before a
            write.

    Raises:
        ModelError: `datetime_format` is no such format.
    """
    marker = Marker(
        Role.ATTRIBUTE, name, omit_empty, as_json, as_set, truncate, datetime_format, immutable,
        unique,
    )  # fmt: skip
    return _field(marker, default=default, factory=factory, validator=validator)


@overload
def partition_key(*, template: str, name: str | None = ..., init: Literal[False] = ...) -> Any: ...
@overload
def partition_key(
    *,
    default: Any = ...,
    factory: Callable[[], Any] | None = ...,
    name: str | None = ...,
    datetime_format: DatetimeFormat | None = ...,
) -> Any: ...
def partition_key(
    *,
    template: str | None = None,
    default: Any = _UNSET,
    factory: Callable[[], Any] | None = None,
    name: str | None = None,
    datetime_format: DatetimeFormat | None = None,
    init: Literal[False] = False,  # it tells type checkers, see `template`
) -> Any:
    """The table's partition key: text, a number, bytes, or a type that is stored as one of them.

    It has at most 2048 bytes, and is never empty.

    Args:
        template: the text that it is made of, `"ORG#{org_id}"`, see `adorm.key`. It is no argument
            of the constructor then, and can't be set.
        default, factory, name, datetime_format: as for `attribute`.

    Raises:
        ModelError: a template has a default.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-partition-sort-keys
    """
    if template is not None:
        if default is not _UNSET or factory is not None:
            raise ModelError(f"a key that is made of {template!r} has no default")
        return KeyField(template, name, is_sort=False)
    marker = Marker(Role.PARTITION_KEY, name, datetime_format=datetime_format)
    return _field(marker, default=default, factory=factory)


@overload
def sort_key(*, template: str, name: str | None = ..., init: Literal[False] = ...) -> Any: ...
@overload
def sort_key(
    *,
    default: Any = ...,
    factory: Callable[[], Any] | None = ...,
    name: str | None = ...,
    datetime_format: DatetimeFormat | None = ...,
) -> Any: ...
def sort_key(
    *,
    template: str | None = None,
    default: Any = _UNSET,
    factory: Callable[[], Any] | None = None,
    name: str | None = None,
    datetime_format: DatetimeFormat | None = None,
    init: Literal[False] = False,  # it tells type checkers, see `template`
) -> Any:
    """The table's sort key: text, a number, bytes, or a type that is stored as one of them.

    It has at most 1024 bytes, and is never empty.

    Args:
        template: the text that it is made of, `"ORG#{org_id}"`, see `adorm.key`. It is no argument
            of the constructor then, and can't be set.
        default, factory, name, datetime_format: as for `attribute`.

    Raises:
        ModelError: a template has a default.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-partition-sort-keys
    """
    if template is not None:
        if default is not _UNSET or factory is not None:
            raise ModelError(f"a key that is made of {template!r} has no default")
        return KeyField(template, name, is_sort=True)
    marker = Marker(Role.SORT_KEY, name, datetime_format=datetime_format)
    return _field(marker, default=default, factory=factory)


def version(*, name: str | None = None) -> Any:
    """An int that every write of the item increases by 1; 0 before the first write.

    `save` and `put` fail where the stored version is not the one that was read.
    """
    return _field(Marker(Role.VERSION, name), default=0)


def ttl(*, name: str | None = None) -> Any:
    """When the item expires: `datetime | None` or `int | None`, stored in whole seconds since 1970.

    DynamoDB deletes the item within days after that; None: it never expires.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
    """
    return _field(Marker(Role.TTL, name), default=None)


def created_at(**options: Unpack[TimestampOptions]) -> Any:
    """The time of construction until the item is stored.

    After that it is the time when the item was first stored.

    Args:
        options: `name`, `truncate` and `datetime_format`, as for `attribute`.

    Raises:
        ModelError: `datetime_format` is no such format.
    """
    return _field(_timestamp(Role.CREATED_AT, **options), factory=_time_of_construction)


def updated_at(**options: Unpack[TimestampOptions]) -> Any:
    """The time of construction until the item is stored; after that the time of the last write.

    Args:
        options: `name`, `truncate` and `datetime_format`, as for `attribute`.

    Raises:
        ModelError: `datetime_format` is no such format.
    """
    return _field(_timestamp(Role.UPDATED_AT, **options), factory=_now)


def deleted_at(*, keep: timedelta | None = None, **options: Unpack[TimestampOptions]) -> Any:
    """When the item was deleted: `datetime | None`; None while it is not.

    With this field `delete` marks an item instead of removing it, and reads leave out marked items.
    `restore` takes the mark away, `purge` removes the item.

    Args:
        keep: how long a deleted item stays: `delete` sets the ttl of the item by it, so that
            DynamoDB removes the item within days after that. None: for ever.
        options: `name`, `truncate` and `datetime_format`, as for `attribute`.

    Raises:
        ModelError: `keep` is not positive, or `datetime_format` is no such format.
    """
    # unchecked callers: 30 for 30 days
    if keep is not None and not getattr(keep, "total_seconds", float)() > 0:
        raise ModelError(f"deleted_at(keep=...) is a time above 0, not {keep!r}")
    marker = _timestamp(Role.DELETED_AT, keep=keep, **options)
    return _field(marker, default=None)


def discriminator(value: str, *, name: str | None = None) -> Any:
    """A fixed text that says of which class a stored value is.

    By it the members of a union, or the models of one table, are told apart.
    """
    return _field(
        Marker(Role.DISCRIMINATOR, name), default=value, validator=attrs.validators.in_((value,))
    )


def _timestamp(
    role: Role,
    *,
    name: str | None = None,
    truncate: bool = False,
    datetime_format: DatetimeFormat | None = None,
    keep: timedelta | None = None,
) -> Marker:
    return Marker(role, name, truncate=truncate, datetime_format=datetime_format, keep=keep)


def _time_of_construction() -> Any:
    """Now, marked by `fold=1`, which means nothing in UTC.

    By the fold a put sees that the time is still that of construction: the item was not read, and
    the time was not set by hand.
    """
    return current_clock().now().replace(fold=1)


def _now() -> Any:
    return current_clock().now()
