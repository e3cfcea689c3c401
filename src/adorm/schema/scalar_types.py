"""The types that are stored as one S, N, B or BOOL: their tags, and their names for type checkers.

How their values are written and read is in `adorm.codec.coders.scalars`, where the recipe for a new
type stands.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from adorm.dynamodb.values import Tag

if TYPE_CHECKING:
    from enum import Enum
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
    from pathlib import Path, PurePath
    from uuid import UUID

    ScalarT = TypeVar(
        "ScalarT", str, int, float, Decimal, bool, bytes, bytearray, datetime, date, time,
        timedelta, UUID, Path, PurePath, IPv4Address, IPv6Address, IPv4Network, IPv6Network
    )  # fmt: skip
    """A scalar that an update sets; an interface is an address too.

    A type variable without constraints would become `object`, and accept anything.
    """

    KeyValue: TypeAlias = (
        str | int | Decimal | bytes | datetime | date | time | timedelta | UUID | Enum | PurePath
        | IPv4Address | IPv6Address | IPv4Network | IPv6Network
    )  # fmt: skip
    """What a key may hold in Python; an interface is an address too."""
else:  # their modules are not imported at run time
    ScalarT = TypeVar("ScalarT")
    KeyValue = Any

_FREEZEGUN = "freezegun.api"
"""The module whose classes stand in the place of `datetime` and `date` while freezegun stops the
clock."""


def real_class(cls: type) -> type:
    """`datetime` or `date` for the class that freezegun has put in its place.

    Any other class is returned as it is.
    """
    if cls.__module__ != _FREEZEGUN:
        return cls
    return next((base for base in cls.__mro__ if base.__module__ == "datetime"), cls)


SCALAR_TAGS: Mapping[type, Tag] = {
    str: "S",
    bool: "BOOL",
    int: "N",
    float: "N",
    Decimal: "N",
    bytes: "B",
    bytearray: "B",
    real_class(datetime): "S",
    real_class(date): "S",
    time: "S",
    timedelta: "N",
}
"""The tag of each type; a subclass is stored as its base is."""

_LATE_TEXTS: Mapping[str, tuple[str, ...]] = {
    "uuid": ("UUID",),
    "pathlib": ("PurePath",),
    "ipaddress": tuple(
        f"IPv{version}{kind}" for version in (4, 6) for kind in ("Address", "Network", "Interface")
    ),
}
"""More types that are stored as S, by module.

The modules take 5 ms to import, so they are not imported here: where a program has not imported
one, no field is of its types.
"""


def scalar_class(cls: type) -> type | None:
    """The scalar type that a class is, or is derived from (the nearest one).

    It is None for any other class.
    """
    for base in real_class(cls).__mro__:
        if base in SCALAR_TAGS or _is_late(base):
            return base
    return None


def tag_of_scalar(cls: type) -> Tag | None:
    """S, N, B or BOOL; None for a class that is no scalar."""
    base = scalar_class(cls)
    return None if base is None else SCALAR_TAGS.get(base, "S")


def scalars_below_others() -> list[type]:
    """The scalar types that are derived from another one: `bool`, `datetime`, `IPv4Interface`, ...

    Imports the modules of all scalar types.
    """
    known: list[type] = [*SCALAR_TAGS]
    for module, names in _LATE_TEXTS.items():
        known += [getattr(import_module(module), name) for name in names]
    return [cls for cls in known if any(base in known for base in cls.__mro__[1:])]


def _is_late(cls: type) -> bool:
    names = _LATE_TEXTS.get(cls.__module__.partition(".")[0], ())
    return cls.__name__ in names and getattr(sys.modules[cls.__module__], cls.__name__, None) is cls
