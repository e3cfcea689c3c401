"""Strategies for the attribute values that DynamoDB can send, and the way over the wire."""

from __future__ import annotations

import base64
from typing import Any

import orjson
from hypothesis import strategies as st

TEXT = st.text(max_size=8)
NUMBER_TEXT = st.one_of(
    st.integers(-(10**20), 10**20).map(str),
    st.decimals(
        allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9
    ).map(str),
    st.sampled_from(
        [
            "0",
            "-0",
            "1.0",
            "1E2",
            "1E+2",
            "1e-7",
            "9.99E+125",
            "-1E-130",
            "123456789012345678901234567890.12345678",
        ]
    ),
)
BINARY = st.binary(max_size=6).map(lambda raw: base64.b64encode(raw).decode())


def _sets(elements: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(elements, min_size=1, max_size=4, unique=True)


SCALARS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    TEXT.map(lambda text: {"S": text}),
    st.sampled_from(
        [
            "2026-11-21",
            "2026-11-21T08:30:00Z",
            "08:30:00",
            "a" * 32,
            "open",
            "circle",
            "10.0.0.1",
            "{}",
            '{"x": 1}',
        ]
    ).map(lambda text: {"S": text}),
    NUMBER_TEXT.map(lambda text: {"N": text}),
    BINARY.map(lambda text: {"B": text}),
    st.booleans().map(lambda flag: {"BOOL": flag}),
    st.just({"NULL": True}),
    _sets(TEXT).map(lambda texts: {"SS": texts}),
    _sets(NUMBER_TEXT).map(lambda texts: {"NS": texts}),
    _sets(BINARY).map(lambda texts: {"BS": texts}),
)


def attribute_values(names: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Any attribute value; names of maps are drawn from `names`."""
    return st.recursive(
        SCALARS,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4).map(lambda items: {"L": items}),
            st.dictionaries(names, inner, max_size=4).map(lambda items: {"M": items}),
        ),
        max_leaves=12,
    )


def over_the_wire(attribute_map: Any) -> Any:
    """What comes back of what is sent: binary as base64 text in JSON."""
    return orjson.loads(orjson.dumps(_sendable(attribute_map)))


def _sendable(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if value.__class__ is dict:
        return {key: _sendable(item) for key, item in value.items()}
    if value.__class__ is list:
        return [_sendable(item) for item in value]
    return value
