"""Strategies for types, for values of every type, and for what may be stored in their place."""

# ruff: noqa: PYI061  # a literal of None is one of the types

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Union
from uuid import UUID

from hypothesis import HealthCheck, settings, strategies as st

from adorm.schema.structures import structure_of
from tests.codec.samples import (
    Address,
    Box,
    Circle,
    Drawing,
    Everything,
    Frozen,
    Level,
    Line,
    Movie,
    Node,
    Odd,
    Order,
    Pair,
    Point,
    Rights,
    Slug,
    Square,
    Status,
    UserId,
)

LIST: Any = list
DICT: Any = dict
TUPLE: Any = tuple
BOX: Any = Box
UNION: Any = Union
"""Without types of their own, so that checkers do not look into types that are made at run time."""
SLOW = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

texts = st.text(max_size=8)
integers = st.integers(-(10**38) + 1, 10**38 - 1)


def decimal_of(sign: int, digits: int, exponent: int) -> Decimal:
    return Decimal((sign, tuple(map(int, str(digits))), exponent))


decimals = st.builds(
    decimal_of,
    st.integers(0, 1),
    st.integers(0, 10**38 - 1),
    st.integers(-130, 87),
)
floats = st.floats(allow_nan=False, allow_infinity=False).filter(
    lambda x: x == 0 or 1e-130 <= abs(x) < 9e125
)
moments = st.datetimes(
    datetime(2, 1, 1),
    datetime(9998, 1, 1),
    timezones=st.integers(-720, 720).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
spans = st.timedeltas()

SCALARS: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (str, texts),
    (int, integers),
    (float, floats),
    (Decimal, decimals),
    (bool, st.booleans()),
    (bytes, st.binary(max_size=8)),
    (datetime, moments),
    (date, st.dates()),
    (time, st.times()),
    (timedelta, spans),
    (UUID, st.uuids()),
    (Status, st.sampled_from(Status)),
    (Level, st.sampled_from(Level)),
    (Rights, st.sampled_from([Rights.READ, Rights.WRITE, Rights.READ | Rights.WRITE, Rights(0)])),
    (Odd, st.sampled_from(Odd)),
    (Literal["a", 1, True, None], st.sampled_from(["a", 1, True, None])),
    (UserId, texts),
    (Slug, texts.map(Slug)),
    (Path, st.sampled_from([Path(), Path("a"), Path("/a/b c"), Path("ü")])),
]


@st.composite
def typed_values(draw: st.DrawFn, depth: int = 3) -> tuple[Any, st.SearchStrategy[Any]]:
    """A type, and a strategy for its values."""
    kind = draw(
        st.sampled_from(
            ["scalar"] * 3
            + (
                ["list", "set", "map", "pair", "tuple", "optional", "box", "frozen"]
                if depth
                else []
            )
        )
    )
    if kind == "scalar":
        annotation, values = draw(st.sampled_from(SCALARS))
        return annotation, values
    if kind in ("set", "frozen"):
        annotation, values = draw(st.sampled_from(SCALARS))
        make: Any = set if kind == "set" else frozenset
        return make[annotation], st.lists(values, max_size=3).map(make)
    annotation, values = draw(typed_values(depth - 1))
    if kind == "list":
        return LIST[annotation], st.lists(values, max_size=3)
    if kind == "map":
        return DICT[str, annotation], st.dictionaries(
            st.text(min_size=1, max_size=4), values, max_size=3
        )
    if kind == "pair":
        other, others = draw(typed_values(0))
        return TUPLE[annotation, other], st.tuples(values, others)
    if kind == "tuple":
        return TUPLE[annotation, ...], st.lists(values, max_size=3).map(tuple)
    if kind == "box":
        return BOX[annotation], st.builds(Box, values, st.lists(values, max_size=2))
    if not may_be_none(annotation):
        return annotation, values
    return UNION[annotation, None], st.none() | values


def may_be_none(annotation: Any) -> bool:
    """An empty set and a member that is None by value can't be told from None."""
    return getattr(annotation, "__origin__", None) not in (set, frozenset) and annotation is not Odd


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
untyped = st.recursive(
    st.none()
    | st.booleans()
    | integers
    | decimals
    | texts
    | st.binary(max_size=5)
    | st.sets(texts, min_size=1, max_size=3)
    | st.sets(integers, min_size=1),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(min_size=1, max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
lines = st.builds(Line, sku=texts, price=decimals, quantity=integers)
nodes = st.recursive(
    st.builds(Node, texts),
    lambda inner: st.builds(
        Node,
        texts,
        st.lists(inner, max_size=2),
        st.none() | inner,
        st.dictionaries(st.text(min_size=1, max_size=3), inner, max_size=2),
    ),
    max_leaves=5,
)
shapes = st.builds(Circle, floats) | st.builds(Square, floats)


@st.composite
def everything(draw: st.DrawFn) -> Everything:
    given_fields: dict[str, st.SearchStrategy[Any]] = {
        "text": texts,
        "whole": integers,
        "real": floats,
        "exact": decimals,
        "mutable": st.binary(max_size=4).map(bytearray),
        "moment": moments,
        "clock": st.times(),
        "span": spans,
        "odd": st.sampled_from(Odd),
        "choice": st.sampled_from(["a", 1, True, None, Status.PAID]),
        "maybe": st.none() | integers,
        "five": st.none() | integers,
        "nested": st.lists(st.lists(st.none() | texts, max_size=2), max_size=2),
        "fixed": st.tuples(integers, texts, st.booleans()),
        "texts": st.sets(texts, max_size=3),
        "flags": st.sets(st.booleans()),
        "pairs": st.sets(st.tuples(integers, texts), max_size=3),
        "moments": st.sets(moments, max_size=3),
        "maybe_texts": st.none() | st.sets(texts, min_size=1, max_size=2),
        "sets": st.dictionaries(
            st.text(min_size=1, max_size=3), st.sets(integers, max_size=2), max_size=2
        ),
        "by_status": st.dictionaries(st.sampled_from(Status), integers),
        "address": st.none() | st.builds(Address, texts, texts),
        "movie": st.fixed_dictionaries(
            {"title": texts},
            optional={"year": st.none() | integers, "tags": st.sets(texts, max_size=2)},
        ),
        "boxes": st.dictionaries(
            st.text(min_size=1, max_size=3), st.builds(Box, st.sets(texts, max_size=2)), max_size=2
        ),
        "node": st.none() | nodes,
        "drawing": st.builds(
            Drawing,
            st.lists(shapes, max_size=2),
            st.none() | shapes,
            texts | integers | st.booleans() | st.none() | shapes | st.lists(integers, max_size=2),
        ),
        "number": integers | decimals,
        "scalar": texts | integers | st.binary(max_size=3) | st.booleans(),
        "anything": untyped,
        "meta": st.dictionaries(texts, json_values, max_size=3),
        "order": st.lists(lines, max_size=2),
        "note": texts,
        "expires_at": st.none()
        | st.datetimes(datetime(1970, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC)).map(
            lambda at: at.replace(microsecond=0)
        ),
    }
    names = draw(st.sets(st.sampled_from(sorted(given_fields)), max_size=8))
    return Everything(**{name: draw(given_fields[name]) for name in sorted(names)})


FIELD_NAMES = st.sampled_from([field.attribute_name for field in structure_of(Everything).fields])
OTHER_NAMES = st.sampled_from([
    "sku", "price", "content", "more", "name", "children", "parent", "kind", "radius", "x", "left",
    "title", "shapes", "city", "order_id",
])  # fmt: skip
NAMES = FIELD_NAMES | OTHER_NAMES | st.text(min_size=1, max_size=4)
MODELS: list[Any] = [
    Everything, Order, Node, Drawing, Box[int], Box[Box[set[str]]], Point, Frozen, Pair, Movie, Line
]  # fmt: skip

garbage = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts | st.binary(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["S", "N", "B", "L", "M", "SS", "NS", "NULL", "BOOL"]) | NAMES,
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)
