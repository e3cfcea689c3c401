"""Cursors: what goes in comes out, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

import adorm
from adorm.query.cursors import decode_cursor, encode_cursor, query_digest

TEXT = st.text(min_size=1)
VALUES = st.one_of(
    TEXT.map(lambda text: {"S": text}),
    st.integers(-(10**37), 10**37).map(lambda number: {"N": str(number)}),
    st.binary(min_size=1).map(lambda content: {"B": content}),
)
KEYS = st.dictionaries(TEXT, VALUES, min_size=1, max_size=6)
SECRETS = st.none() | st.binary(min_size=16, max_size=32)
DIGEST = query_digest("Query", {"TableName": "orders", "KeyConditionExpression": "#n0 = :v0"})


@given(KEYS, SECRETS)
def test_a_key_comes_back_from_its_cursor(key: dict[str, Any], secret: bytes | None) -> None:
    cursor = encode_cursor(key, DIGEST, secret)
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert decode_cursor(cursor, DIGEST, secret, frozenset(key)) == key


@given(KEYS, SECRETS, st.data())
def test_a_truncated_or_changed_cursor_is_refused(
    key: dict[str, Any], secret: bytes | None, data: st.DataObject
) -> None:
    cursor = encode_cursor(key, DIGEST, secret)
    place = data.draw(st.integers(0, len(cursor) - 1))
    other = data.draw(
        st.sampled_from("ABCxyz019-_é %\x00").filter(lambda character: character != cursor[place])
    )
    for damaged in (
        cursor[:place],
        cursor[:place] + other + cursor[place + 1 :],
        cursor + other,
        other + cursor,
    ):
        with pytest.raises(adorm.BadCursor):
            decode_cursor(damaged, DIGEST, secret, frozenset(key))


@given(st.text())
def test_any_text_is_refused(text: str) -> None:
    with pytest.raises(adorm.BadCursor):
        decode_cursor(text, DIGEST, b"0123456789abcdef", frozenset({"a"}))


@given(KEYS, SECRETS, SECRETS)
def test_another_secret_or_query_or_key_is_refused(
    key: dict[str, Any], secret: bytes | None, other: bytes | None
) -> None:
    cursor = encode_cursor(key, DIGEST, secret)
    if other != secret:
        with pytest.raises(adorm.BadCursor, match="another cursor_secret"):
            decode_cursor(cursor, DIGEST, other, frozenset(key))
    with pytest.raises(adorm.BadCursor, match="another query"):
        decode_cursor(
            cursor, query_digest("Query", {"TableName": "others"}), secret, frozenset(key)
        )
    with pytest.raises(adorm.BadCursor, match="does not hold a key of this query"):
        decode_cursor(cursor, DIGEST, secret, frozenset({*key, "one more"}))


def test_each_part_of_a_query_s_identity_counts() -> None:
    base: dict[str, Any] = {
        "TableName": "orders",
        "IndexName": "by-status",
        "ScanIndexForward": False,
        "KeyConditionExpression": "#n0 = :v0",
    }
    names, values = ["status"], [{"B": b"x"}]
    digests = {
        query_digest("Query", base, names, values),
        query_digest("Scan", base, names, values),
        query_digest("Query", base, ["other"], values),
        query_digest("Query", base, names, [{"S": "x"}]),
        *(query_digest("Query", {**base, name: "other"}, names, values) for name in base),
    }
    assert len(digests) == len(base) + 4


@pytest.mark.parametrize(
    "value",
    [
        5,
        None,
        "c1",
        [],
        {},
        {"S": 5},
        {"S": ["x"]},
        {"S": ""},
        {"N": 1},
        {"B": "é"},
        {"B": 5},
        {"X": "c1"},
        {"S": "x", "N": "1"},
        {"M": {}},
    ],
)
def test_a_forged_key_that_is_none_is_refused_and_not_sent(value: Any) -> None:
    cursor = encode_cursor({"a": value}, DIGEST, None)
    with pytest.raises(adorm.BadCursor, match="damaged"):
        decode_cursor(cursor, DIGEST, None, frozenset({"a"}))


def test_a_huge_text_is_not_even_decoded() -> None:
    with pytest.raises(adorm.BadCursor, match="far too long"):
        decode_cursor("A" * 20_000, DIGEST, None, frozenset({"a"}))


def test_a_page_of_nothing_is_refused_since_it_has_no_place_to_go_on_from() -> None:
    query = adorm.connect("memory").table(Paged).query("a").limit(0)
    with pytest.raises(adorm.UsageError, match=r"limit\(0\)\.page\(\) reads nothing"):
        query.page()


@adorm.model(table="paged")
class Paged:
    name: str = adorm.partition_key()
