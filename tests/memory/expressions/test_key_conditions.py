"""The key conditions that a query may have, checked without a table."""

from __future__ import annotations

from typing import Any

import pytest

from tests.memory.expressions.reading import key_condition, refusal, request, used, value

OPERATOR = "Invalid operator used in KeyConditionExpression: "
CONDITION = "Invalid condition in KeyConditionExpression: "
TYPE = "Incorrect operand type for operator or function; operator or function: "


def comparisons(text: str, names: dict[str, str] | None = None, **values: Any) -> dict[str, Any]:
    return {
        name: (each.operator, *each.values)
        for name, each in key_condition(text, names, **values).comparisons.items()
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("p = :v", {"p": ("=", 1)}),
        ("(p = :v)", {"p": ("=", 1)}),
        (":v = p AND s < :w", {"p": ("=", 1), "s": ("<", 2)}),
        ("p=:v and :w < s", {"p": ("=", 1), "s": (">", 2)}),
        ("p=:v and :w <= s", {"p": ("=", 1), "s": (">=", 2)}),
        ("p=:v and :w > s", {"p": ("=", 1), "s": ("<", 2)}),
        ("p=:v and (:w) >= (s)", {"p": ("=", 1), "s": ("<=", 2)}),
        ("s BETWEEN :v AND :w AND p = :v", {"s": ("BETWEEN", 1, 2), "p": ("=", 1)}),
        ("((p = :v) AND (s = :w))", {"p": ("=", 1), "s": ("=", 2)}),
        (
            "(a = :v AND b = :w) AND (c > :v AND d > :v)",
            {"a": ("=", 1), "b": ("=", 2), "c": (">", 1), "d": (">", 1)},
        ),
    ],
)
def test_comparisons_of_attributes_are_read(text: str, expected: dict[str, Any]) -> None:
    given: dict[str, Any] = {
        name: each for name, each in {"v": 1, "w": 2}.items() if f":{name}" in text
    }
    assert comparisons(text, **given) == {
        name: (operator, *map(value, values)) for name, (operator, *values) in expected.items()
    }


def test_begins_with_and_placeholders_are_read() -> None:
    text = "#p = :p AND begins_with(#s, :s)"
    assert comparisons(text, {"p": "a.b", "s": "size"}, p="x", s="y") == {
        "a.b": ("=", {"S": "x"}),
        "size": ("begins_with", {"S": "y"}),
    }


def test_one_text_serves_requests_with_different_values() -> None:
    for given in (1, 2):
        assert comparisons("p = :v", v=given) == {"p": ("=", value(given))}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a > b and size(b) > c or a > c", OPERATOR + "OR"),
        ("a in (b, size(c), d)", OPERATOR + "IN"),
        (
            "attribute_exists(a)",
            OPERATOR + "attribute_exists",
        ),
        (
            "attribute_not_exists(a)",
            OPERATOR + "attribute_not_exists",
        ),
        ("contains(a.d, b)", OPERATOR + "contains"),
        ("not a > b", OPERATOR + "NOT"),
        ("a <> b", OPERATOR + "<>"),
        ("a = :v AND b <> :v", OPERATOR + "<>"),
        (
            "attribute_type(a, :s)",
            OPERATOR + "attribute_type",
        ),
        (
            ":v between size(b) and size(a) and b > :v",
            CONDITION + "BETWEEN operator must have the key attribute as its first operand",
        ),
        (
            "begins_with(:s, b)",
            CONDITION + "begins_with operator must have the key attribute as its first operand",
        ),
        ("size(b) > a AND a.b > b", "KeyConditionExpressions cannot contain nested operations"),
        ("a > size(b.d)", "KeyConditionExpressions cannot contain nested operations"),
        (
            "a between size(b) and size(a)",
            "KeyConditionExpressions cannot contain nested operations",
        ),
        (
            "b > a.b",
            CONDITION + "Multiple attribute names used in one condition",
        ),
        (
            "begins_with(a, b)",
            CONDITION + "Multiple attribute names used in one condition",
        ),
        ("a.d > c", "KeyConditionExpressions cannot have conditions on nested attributes"),
        ("b[0] > a", "KeyConditionExpressions cannot have conditions on nested attributes"),
        (
            ":v > :w AND a < :v",
            CONDITION + "No key attribute specified",
        ),
        (
            "b > :v AND b < :v and c = :v",
            "KeyConditionExpressions must only contain one condition per key",
        ),
        (
            "(a > :v and b > :v) and (b > :v and c > :v)",
            "KeyConditionExpressions must only contain one condition per key",
        ),
    ],
)
def test_conditions_that_no_query_has_are_refused(text: str, message: str) -> None:
    made = request(None, used(text, v=1, w=2, s="S") or None, KeyConditionExpression=text)
    assert refusal("Query", made) == f"Invalid KeyConditionExpression: {message}"
    assert refusal("Query", made, "old") == message


@pytest.mark.parametrize(
    ("text", "given", "message"),
    [
        ("", {}, "The expression can not be empty;"),
        ("p", {}, 'Syntax error; token: "<EOF>", near: "p"'),
        ("p != :v", {}, 'Syntax error; token: "!", near: "p !="'),
        ("dog(p, :v)", {}, "Invalid function name; function: dog"),
        ("((p = :v)) AND ((s > :w))", {}, "The expression has redundant parentheses;"),
        (
            "p = :v AND begins_with(s, :w)",
            {"v": 1, "w": 3},
            TYPE + "begins_with, operand type: N",
        ),
        (
            "p = :v AND s < :w",
            {"v": 1, "w": True},
            TYPE + "<, operand type: BOOL",
        ),
        (
            "p between :w and :v",
            {"v": "a", "w": 1},
            (
                "The BETWEEN operator requires same data type for lower and upper bounds; "
                "lower bound operand: AttributeValue: {N:1}, "
                "upper bound operand: AttributeValue: {S:a}"
            ),
        ),
        (
            "p = :v",
            {},
            "An expression attribute value used in expression is not defined; attribute value: :v",
        ),
    ],
)
def test_a_key_condition_is_checked_as_a_condition_first(
    text: str, given: dict[str, Any], message: str
) -> None:
    made = request(None, given or None, KeyConditionExpression=text)
    for wording in ("new", "old"):
        assert refusal("Query", made, wording) == f"Invalid KeyConditionExpression: {message}"
