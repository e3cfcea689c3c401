"""The results of operators and functions in a WHERE clause."""

from __future__ import annotations

import pytest

from tests.memory.partiql.shop import Shop, number, text


@pytest.mark.parametrize(
    "condition",
    [
        "n = 5",
        "n = 5.0",
        "5 = n",
        "n <> 6",
        "n != 6",
        "n < 6 AND n <= 5 AND n > 4 AND n >= 5",
        "n BETWEEN 5 AND 6",
        "n NOT BETWEEN 6 AND 7",
        "n IN [1, 5]",
        "n IN (1, 5)",
        "n NOT IN [1, 2]",
        "n IN [s, 5]",
        "NOT n = 6",
        "NOT (n = 6 OR s = 'x')",
        "n = 6 OR s = 'abc'",
        "n = 6 AND s = 'x' OR flag = true",
        "s > 'abb'",
        "s > 'ab' AND s < 'abcd'",
        "flag = true",
        "gone = null",
        "l = ['x', 'y', {'deep': 1}]",
        "m = {'other': 1, 'sub': 'x'}",
        "ss = <<'c', 'b', 'a'>>",
        "ns = <<1, 2, 3.0>>",
        "l[0] = 'x'",
        "l[2].deep = 1",
        "m.sub = l[0]",
        "m['sub'] = 'x'",
        "l[9] IS MISSING",
        "n IS NOT MISSING",
        "nope IS MISSING",
        "NOT nope IS NOT MISSING",
        "gone IS NULL",
        "n IS NOT NULL",
        "nope IS NOT NULL",
        "s IS STRING",
        "n IS NUMERIC",
        "b IS BLOB",
        "flag IS BOOLEAN",
        "flag IS BOOL",
        "l IS LIST",
        "m IS STRUCT",
        "m IS TUPLE",
        "n IS NOT STRING",
        "MISSING IS MISSING",
        "attribute_exists(n)",
        "NOT attribute_exists(nope)",
        "attribute_not_exists(nope)",
        "attribute_type(s, 'S')",
        "attribute_type(ss, 'SS')",
        "attribute_type(gone, 'NULL')",
        "begins_with(s, 'ab')",
        "begins_with(s, '')",
        "contains(s, 'bc')",
        "contains(ss, 'a')",
        "contains(ns, 2)",
        "contains(l, 'y')",
        "contains(l, {'deep': 1})",
        "size(s) = 3",
        "size(empty) = 0",
        "size(b) = 4",
        "size(l) = size(ss)",
        "size(m) BETWEEN 2 AND 2",
        "size(s) IN [1, 3]",
        "SIZE(s) = 3",
        "(n = 5) = true",
        "(n BETWEEN 1 AND 2) = false",
        "begins_with(s, 'x') = false",
        "contains(nope, 'z') = false",
        "true",
        "true AND n = 5",
        "false OR n = 5",
        "1 = 1",
        "'a' < 'b'",
    ],
)
def test_conditions_that_are_true(shop: Shop, condition: str) -> None:
    assert shop.holds(f"({condition})")
    assert not shop.holds(f"NOT ({condition})")


@pytest.mark.parametrize(
    "condition",
    [
        "n = '5'",
        "n < 'a'",
        "s = 'ABC'",
        "nope = 'x'",
        "nope < 'x'",
        "nope BETWEEN 'a' AND 'b'",
        "nope IN ['a']",
        "gone IS MISSING",
        "nope IS NULL",
        "nope IS STRING",
        "n IS STRING",
        "size(n) = 1",
        "size(nope) >= 0",
        "begins_with(n, '5')",
        "begins_with(s, 'bc')",
        "contains(s, 'x')",
        "contains(ss, 1)",
        "contains(n, 5)",
        "attribute_type(s, 'N')",
        "attribute_type(nope, 'S')",
        "l[0] = 'y'",
        "l.x = 1",
        "m[0] = 1",
        "false",
    ],
)
def test_conditions_that_are_false(shop: Shop, condition: str) -> None:
    assert not shop.holds(condition)
    assert shop.holds(f"NOT ({condition})")


def test_a_missing_attribute_is_unequal_to_everything(shop: Shop) -> None:
    assert shop.holds("nope <> 'x'")
    assert shop.holds("size(nope) <> 1")
    assert not shop.holds("NOT nope <> 'x'")


def test_parameters_stand_for_values_in_the_order_in_which_they_are_written(shop: Shop) -> None:
    assert shop.holds("n BETWEEN ? AND ? AND s = ?", number(1), number(9), text("abc"))
    assert not shop.holds("n BETWEEN ? AND ? AND s = ?", number(6), number(9), text("abc"))
    assert shop.holds("m = ?", {"M": {"sub": text("x"), "other": number(1)}})
    assert shop.holds("size(?) = 3", text("abc"))


def test_not_binds_before_and_and_and_before_or(shop: Shop) -> None:
    assert shop.holds("(n = 5 OR n = 6 AND n = 7)")
    assert not shop.holds("(n = 5 OR n = 6) AND n = 7")
    assert not shop.holds("NOT n = 5 AND n = 5")
    assert shop.holds("NOT NOT n = 5")
