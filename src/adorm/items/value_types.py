"""Type variables of the values that updates take.

A plain TypeVar would be widened to `object` and accept anything: scalars need a constrained one,
enums and nested values a bound.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path, PurePath
from typing import ClassVar, Protocol, TypeVar
from uuid import UUID

from adorm.schema.model_types import AttrsLike, DataclassLike

ScalarT = TypeVar(
    "ScalarT",
    str,
    int,
    float,
    Decimal,
    bool,
    bytes,
    bytearray,
    datetime,
    date,
    time,
    timedelta,
    UUID,
    Path,
    PurePath,
    IPv4Address,
    IPv6Address,
    IPv4Network,
    IPv6Network,
)
EnumT = TypeVar("EnumT", bound=Enum)


class TypedDictLike(Protocol):
    """A TypedDict, which is no class that a type variable may be bound to."""

    __required_keys__: ClassVar[frozenset[str]]
    __optional_keys__: ClassVar[frozenset[str]]


TypedDictT = TypeVar("TypedDictT", bound=TypedDictLike)
NestedT = TypeVar("NestedT", bound=DataclassLike | AttrsLike)
