"""The results of conditions on items."""

from __future__ import annotations

from typing import Any

import pytest

from tests.memory.expressions.reading import condition, filter_refusal, holds, item

EVERY_TYPE: list[Any] = [
    "hello",
    5,
    b"bytes",
    True,
    None,
    ["hello", 42],
    {"hello": "world"},
    {"hello", "world"},
    {1, 2, 3},
    {b"x", b"y"},
]


@pytest.mark.parametrize("left", EVERY_TYPE)
@pytest.mark.parametrize("right", EVERY_TYPE)
def test_values_are_equal_only_to_the_same_value_of_the_same_type(left: Any, right: Any) -> None:
    same = left is right
    stored = item(a=left, b=right)
    assert holds("a = :v", stored, v=right) is same
    assert holds("a <> :v", stored, v=right) is not same
    assert holds("a = b", stored) is same
    assert holds("a IN (:v)", stored, v=right) is same


def test_numbers_are_compared_by_their_value() -> None:
    stored = item(n=10)
    assert holds("n > :nine AND n < :hundred", stored, nine=9, hundred=100)
    read = condition("n = :ten", ten=10)
    assert read.matches({"n": {"N": "10"}})


def test_sets_are_equal_in_any_order_of_a_request() -> None:
    read = condition("a = :v", v={"dog", "cat"})
    assert read.matches({"a": {"SS": ["cat", "dog"]}})


@pytest.mark.parametrize(
    ("low", "high"), [(1, 2), (-3, 1), ("a", "b"), ("Z", "a"), ("a", "aa"), (b"a", b"\xff")]
)
def test_strings_numbers_and_binaries_are_ordered(low: Any, high: Any) -> None:
    stored = item(low=low, high=high)
    assert holds("low < high AND low <= high AND low <= low2", stored | item(low2=low))
    assert not holds("low > high OR low >= high OR high < low OR high <= low", stored)
    assert holds("low BETWEEN :low AND :high", stored, low=low, high=high)
    assert holds("high BETWEEN :low AND :high", stored, low=low, high=high)
    assert not holds("high BETWEEN :low AND :low", stored, low=low)


def test_strings_are_ordered_by_their_utf_8_bytes() -> None:
    assert holds("a > :v", item(a="\U0001f600"), v="\ufffd")


@pytest.mark.parametrize("operator", ["=", "<", "<=", ">", ">="])
def test_a_missing_attribute_is_in_no_order_and_equal_to_nothing(operator: str) -> None:
    stored = item(a=1)
    assert not holds(f"q {operator} :v", stored, v=1)
    assert not holds(f":v {operator} q", stored, v=1)
    assert not holds(f"q {operator} z", stored)


def test_a_missing_attribute_is_different_from_everything() -> None:
    assert holds("q <> :v AND q <> z", {}, v=1)
    assert not holds("q BETWEEN z AND x", {})
    assert not holds("q IN (z, :v)", {}, v=1)


def test_values_of_two_types_are_in_no_order() -> None:
    stored = item(a=1, b="1", c=[1], d=[2])
    assert not holds("a < b OR a > b OR a <= b OR a >= b", stored)
    assert not holds("c < d OR c > d OR c BETWEEN c2 AND d", stored)


def test_bounds_of_between_may_be_attributes() -> None:
    stored = item(a=1, x=0, y=2)
    assert holds("a between x and y", stored)
    assert not holds("x BETWEEN a AND y", stored)
    assert holds("b BETWEEN a AND c AND a < b", item(a=1, b=2, c=3))
    assert not holds("a BETWEEN y AND :v", stored, v="dog")


def test_in_takes_100_candidates_of_any_types() -> None:
    candidates = ", ".join(f":v{at}" for at in range(100))
    values: dict[str, Any] = {f"v{at}": at for at in range(99)} | {"v99": "dog"}
    assert holds(f"a IN ({candidates})", item(a="dog"), **values)
    assert holds(f"a IN ({candidates})", item(a=74), **values)
    assert not holds(f"a IN ({candidates})", item(a=100), **values)
    assert filter_refusal(f"a IN ({candidates}, :v0)", **values) == (
        "The IN operator is provided with too many operands; number of operands: 101"
    )


def test_attribute_exists_and_not_exists_follow_paths() -> None:
    stored = item(a={"b": [1, None]})
    assert holds("attribute_exists(a.b[1]) AND attribute_not_exists(a.b[2])", stored)
    assert holds("attribute_not_exists(a.c) AND attribute_not_exists(a[0])", stored)
    assert holds("attribute_not_exists(a.b.c) AND attribute_not_exists(x.y)", stored)
    assert holds("attribute_not_exists(a)", {})


@pytest.mark.parametrize(
    ("python", "tag"),
    list(zip(EVERY_TYPE, ["S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS"], strict=True)),
)
def test_attribute_type_compares_types(python: Any, tag: str) -> None:
    stored = item(a=python)
    assert holds("attribute_type(a, :t)", stored, t=tag)
    assert holds("attribute_type(:v, :t)", {}, v=python, t=tag)
    assert not holds("attribute_type(a, :t)", stored, t="N" if tag == "S" else "S")
    assert not holds("attribute_type(q, :t)", stored, t=tag)


def test_begins_with_compares_strings_and_binaries() -> None:
    stored = item(a="hello", b=b"hi there", n=1)
    assert holds("begins_with(a, :p) AND begins_with(a, :all)", stored, p="hell", all="hello")
    assert holds("begins_with(b, :p)", stored, p=b"hi")
    assert holds("begins_with(:s, a)", stored, s="hello you")
    assert not holds("begins_with(a, :p)", stored, p="dog")
    assert not holds("begins_with(a, b) OR begins_with(n, a) OR begins_with(q, a)", stored)
    assert holds("begins_with(a, :p)", stored, p="")


def test_contains_looks_for_parts_and_members() -> None:
    stored = item(
        s="hello",
        b=b"hi there",
        ss={"x", "y"},
        ns={1, 2},
        bs={b"x"},
        l=["hi", {1, 2}, [3, 4], None],
    )
    assert holds("contains(s, :v)", stored, v="ell")
    assert holds("contains(b, :v)", stored, v=b"the")
    assert holds("contains(ss, :v)", stored, v="x")
    assert holds("contains(ns, :v)", stored, v=2)
    assert holds("contains(bs, :v)", stored, v=b"x")
    for member in ("hi", {1, 2}, [3, 4], None):
        assert holds("contains(l, :v)", stored, v=member)
    for wrong in ("z", 3, b"z", {"x"}, [1], True):
        for name in ("s", "b", "ss", "ns", "bs", "l"):
            assert not holds(f"contains({name}, :v)", stored, v=wrong)
    assert not holds("contains(q, s) OR contains(s, q)", stored)
    assert holds("contains(s, t)", stored | item(t="lo"))


def test_contains_of_a_string_does_not_look_into_numbers() -> None:
    assert not holds("contains(n, :v)", item(n=123), v="2")
    assert not holds("contains(s, :v)", item(s="123"), v=2)


@pytest.mark.parametrize(
    ("python", "expected"),
    [
        ("hello", 5),
        ("", 0),
        ("ü", 1),
        ("\U0001f600", 2),
        (b"hi there", 8),
        (b"", 0),
        ({1, 2, 4}, 3),
        ({"a"}, 1),
        ({b"x", b"y"}, 2),
        ([1, [2, 3]], 2),
        ({"x": 1, "y": {"z": 1}}, 2),
    ],
)
def test_size_counts_units_bytes_and_members(python: Any, expected: int) -> None:
    stored = item(a=python, n=expected)
    assert holds("size(a) = :n AND size(a) < :more", stored, n=expected, more=expected + 1)
    assert holds("n = size(a) AND size(a) IN (n)", stored)
    assert holds("size(a) BETWEEN :n AND :n", stored, n=expected)


@pytest.mark.parametrize("python", [5, True, None])
def test_other_types_have_no_size(python: Any) -> None:
    stored = item(a=python)
    assert not holds("size(a) = :n OR size(a) >= :n OR size(q) = :n", stored, n=0)
    assert holds("size(a) <> :n", stored, n=1)


def test_names_may_hold_any_character() -> None:
    names = {"a": "3 any.thing!#=", "b": " ", "c": "[3]"}
    stored = {"3 any.thing!#=": {"M": {" ": {"M": {"[3]": {"N": "1"}}}}}}
    assert holds("#a.#b.#c = :v", stored, names, v=1)


def test_a_condition_names_the_attributes_that_it_reads() -> None:
    read = condition("a.b = :v AND (NOT size(c[0]) > #d OR e IN (f, g.h))", {"d": "delta"}, v=1)
    assert read.attributes == {"a", "c", "delta", "e", "f", "g"}
    assert read.nested_attributes == {"a", "c", "g"}


def test_one_text_serves_requests_with_different_names_and_values() -> None:
    stored = item(a=1, b=2)
    assert holds("#n = :v", stored, {"n": "a"}, v=1)
    assert holds("#n = :v", stored, {"n": "b"}, v=2)
    assert not holds("#n = :v", stored, {"n": "a"}, v=2)
