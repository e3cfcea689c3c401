"""Models with keys of many types, and strategies for keys with any values."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

import adorm
from adorm.models import model_info


class Colour(StrEnum):
    RED = "red"
    NOTHING = ""
    ENDLESS = "x" * 2049


class Shout(str):
    """Text of a class of its own."""

    __slots__ = ()


@adorm.model(table="texts")
class Texts:
    pk: str = adorm.partition_key(name="a'b\"c\\{d}")
    sk: str = adorm.sort_key()


@adorm.model(table="numbers")
class Numbers:
    pk: int = adorm.partition_key()
    sk: Decimal = adorm.sort_key()


@adorm.model(table="bytes")
class Bytes:
    pk: bytes = adorm.partition_key()
    sk: float = adorm.sort_key()


@adorm.model(table="moments")
class Moments:
    pk: datetime = adorm.partition_key()
    sk: date = adorm.sort_key()


@adorm.model(table="ids")
class Ids:
    pk: UUID = adorm.partition_key()
    sk: Colour = adorm.sort_key()


@adorm.model(table="alone")
class Alone:
    pk: str = adorm.partition_key()


@adorm.model(table="spans")
class Spans:
    pk: str = adorm.partition_key()
    sk: timedelta = adorm.sort_key()


MODELS: list[Any] = [Texts, Numbers, Bytes, Moments, Ids, Alone, Spans]

LONG = st.builds(
    str.__mul__,
    st.sampled_from(["a", "é", "€", "😀"]),
    st.sampled_from([255, 256, 257, 511, 512, 513, 683, 1024, 1025, 2048, 2049]),
)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=3),
    LONG,
    LONG.map(str.encode),
    st.text(max_size=2).map(Shout),
    st.binary(max_size=2),
    st.integers(),
    st.sampled_from([10**18, -(10**18), 10**38, 10**126, 0]),
    st.floats(),
    st.decimals(),
    st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=2))])),
    st.datetimes(),
    st.dates(),
    st.sampled_from(list(Colour)),
    st.uuids(),
    st.timedeltas(),
    st.just(["a"]),
    st.just(time(8)),
)
KEYS = st.tuples(
    st.sampled_from([model_info(model) for model in MODELS]),
    st.lists(VALUES, min_size=0, max_size=3).map(tuple),
)
"""Of any model, with any values, one too few or too many among them."""
