"""Literals: what an INSERT stores for them, and which are refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.memory.partiql.shop import Shop, Value, number, text


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ("'text'", text("text")),
        ("''", text("")),
        ("'it''s'", text("it's")),
        ("'caf\u00e9 \U0001f600'", text("caf\u00e9 \U0001f600")),
        ("5", number(5)),
        ("-5", number(-5)),
        ("- -5", number(5)),
        ("1.50", number("1.5")),
        ("007", number(7)),
        ("1e3", number(1000)),
        ("1E-2", number("0.01")),
        ("-0", number(0)),
        ("true", {"BOOL": True}),
        ("FALSE", {"BOOL": False}),
        ("null", {"NULL": True}),
        ("[]", {"L": []}),
        ("[1, 'a', [true]]", {"L": [number(1), text("a"), {"L": [{"BOOL": True}]}]}),
        ("(1, 2)", {"L": [number(1), number(2)]}),
        ("{}", {"M": {}}),
        ("{'a': {'b': null}}", {"M": {"a": {"M": {"b": {"NULL": True}}}}}),
        ("<<'a', 'b'>>", {"SS": ["a", "b"]}),
        ("<<1, 2.0>>", {"NS": ["1", "2"]}),
    ],
)
def test_a_literal_stands_for_a_value(shop: Shop, literal: str, value: Value) -> None:
    shop.run(f"INSERT INTO Things VALUE {{'pk': 'k', 'a': {literal}}}")
    stored = shop.thing("k")
    assert stored is not None
    assert _with_sorted_sets(stored["a"]) == value


def _with_sorted_sets(value: Value) -> Value:
    ((tag, content),) = value.items()
    return {tag: sorted(content)} if tag in ("SS", "NS") else value


def _refusal(shop: Shop, literal: str) -> str:
    return shop.refusal(f"INSERT INTO Things VALUE {{'pk': 'k', 'a': {literal}}}")


@pytest.mark.parametrize(
    ("literal", "message"),
    [
        ("x", "Unsupported data type: Id under key root at 1:43:1"),
        ("x.y", "Unsupported data type: Path under key root at 1:43:1"),
        ("[x]", "Unsupported data type: Id under key root[0] at 1:44:1"),
        ("{'b': [1, x]}", "Unsupported data type: Id under key root.b[1] at 1:53:1"),
        ("MISSING", "Unsupported data type: Missing under key root at 1:43:7"),
        ("size(x)", None),
        ("1 + 1", None),
        ("`2020-01-01T`", None),
        ("{b: 1}", None),
        ("<<>>", None),
        ("<<1, 'a'>>", None),
        ("<<[1]>>", None),
        ("<<true>>", None),
        ("<<'a', 'a'>>", None),
        ("<<1, 1.0>>", None),
        ("1e126", None),
        ("1e-131", None),
        ("1e9999999999", None),
        ("0.1234567890123456789012345678901234567890", None),
    ],
)
def test_values_that_are_not_valid_are_refused(
    shop: Shop, literal: str, message: str | None
) -> None:
    refusal = _refusal(shop, literal)
    assert message is None or refusal == message
    assert shop.thing("k") is None


def test_magnitudes_of_numbers_are_those_of_the_service(shop: Shop) -> None:
    assert _refusal(shop, "1e126").startswith("Number overflow.")
    assert _refusal(shop, "1e-131").startswith("Number underflow.")
    assert _refusal(shop, "1234567890123456789012345678901234567890").startswith(
        "Attempting to store more than 38 significant digits in a Number"
    )


def test_a_literal_may_be_nested_as_deep_as_an_item(shop: Shop) -> None:
    shop.run("INSERT INTO Things VALUE {'pk': 'k', 'a': " + "[" * 31 + "1" + "]" * 31 + "}")
    assert shop.thing("k") is not None
    deeper = "INSERT INTO Things VALUE {'pk': 'j', 'a': " + "[" * 32 + "1" + "]" * 32 + "}"
    assert shop.refusal(deeper) == (
        "Nesting Levels have exceeded supported limits under root" + "[0]" * 32
    )
    assert shop.thing("j") is None


@pytest.mark.parametrize(
    "value",
    [
        {"N": "abc"},
        {"N": "1e126"},
        {"SS": []},
        {"SS": ["a", "a"]},
        {"NS": ["1", "1.0"]},
        {"NULL": False},
        {},
        {"S": "a", "N": "1"},
        {"L": [{"M": {"": {"N": "x"}}}]},
    ],
)
@pytest.mark.parametrize(
    "statement", ["SELECT * FROM Things WHERE pk = ?", "SELECT * FROM Nowhere", "no statement"]
)
def test_parameters_are_checked_first_and_whether_they_are_used_or_not(
    shop: Shop, statement: str, value: Any
) -> None:
    message = shop.refusal(statement, value)
    assert "wasn't well formed" not in message


def test_a_parameter_can_be_any_value(shop: Shop) -> None:
    values: list[Value] = [
        text("a"),
        number("1.5"),
        {"B": "AQI="},
        {"BOOL": False},
        {"NULL": True},
        {"SS": ["a"]},
        {"NS": ["1"]},
        {"BS": ["AQ=="]},
        {"L": [text("a")]},
        {"M": {"a": {"L": []}}},
    ]
    for at, value in enumerate(values):
        shop.run("INSERT INTO Things VALUE {'pk': ?, 'a': ?}", text(f"k{at}"), value)
        stored = shop.thing(f"k{at}")
        assert stored is not None
        assert stored["a"] == value
        assert shop.items("SELECT a FROM Things WHERE a = ? AND pk = ?", value, text(f"k{at}"))
