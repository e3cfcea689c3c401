"""Refusals of conditions beyond their syntax, and their order."""

from __future__ import annotations

from typing import Any

import pytest

from tests.memory.expressions.reading import filter_refusal, refusal, request


@pytest.mark.parametrize(
    ("text", "function"),
    [
        ("a = a AND whatever((:things)) > a", "whatever"),
        ("attRIbute_exIsts((views), #a)", "attRIbute_exIsts"),
        ("SIZE(a) > b", "SIZE"),
    ],
)
def test_unknown_functions_are_named(text: str, function: str) -> None:
    assert filter_refusal(text) == f"Invalid function name; function: {function}"


@pytest.mark.parametrize(
    ("text", "function"),
    [
        ("a = a AND attribute_exists((views), (#a)) > b", "attribute_exists"),
        ("attribute_not_exists(things) > b", "attribute_not_exists"),
        ("attribute_type(things, :a) > b", "attribute_type"),
        ("begins_with(things, a) > b", "begins_with"),
        ("contains(:things, c) > b", "contains"),
        ("size(contains(a, b)) > a", "contains"),
        ("size(things)", "size"),
        ("NOT size(things)", "size"),
        ("a between b and attribute_exists(things)", "attribute_exists"),
        ("a in (b, attribute_exists(things))", "attribute_exists"),
    ],
)
def test_functions_in_the_wrong_place_are_named(text: str, function: str) -> None:
    assert filter_refusal(text) == (
        f"The function is not allowed to be used this way in an expression; function: {function}"
    )


@pytest.mark.parametrize("function", ["if_not_exists", "list_append"])
def test_functions_of_updates_are_refused(function: str) -> None:
    assert filter_refusal(f"{function}(a, b) = :v") == (
        f"The function is not allowed in a condition expression; function: {function}"
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("attribute_exists(#Pictures.RearView, :a) and a=a", "#Pictures"),
        ("begins_with(Pictures.#RearView)", "#RearView"),
        ("(#P between :lo and :hi) and (#PC in (:cat1, :cat2))", "#P"),
        ("#4g > a", "#4g"),
        ("#_ > a", "#_"),
        ("(a)between(b.c[45].#d)and(:a)", "#d"),
    ],
)
def test_names_that_are_not_defined_are_refused(text: str, name: str) -> None:
    assert filter_refusal(text) == (
        "An expression attribute name used in the document path is not defined; "
        f"attribute name: {name}"
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [("begins_with(:hello, #a, #b)", ":hello"), (":a < :b", ":a"), (":_ > a", ":_")],
)
def test_values_that_are_not_defined_are_refused(text: str, name: str) -> None:
    assert filter_refusal(text) == (
        f"An expression attribute value used in expression is not defined; attribute value: {name}"
    )


@pytest.mark.parametrize(
    ("text", "function", "count"),
    [
        ("attribute_exists(things, a) and a=a", "attribute_exists", 2),
        ("attribute_not_exists(things, b)", "attribute_not_exists", 2),
        ("attribute_type(things)", "attribute_type", 1),
        ("begins_with(things)", "begins_with", 1),
        ("begins_with(things, size(a), b)", "begins_with", 3),
        ("contains(things)", "contains", 1),
        ("size(things, a) > b", "size", 2),
    ],
)
def test_functions_with_a_wrong_number_of_operands_are_refused(
    text: str, function: str, count: int
) -> None:
    assert filter_refusal(text) == (
        "Incorrect number of operands for operator or function; "
        f"operator or function: {function}, number of operands: {count}"
    )


IN_ORDER = "upper bound to be greater than or equal to lower bound"
SETS_AND_DOCUMENTS: list[tuple[Any, str]] = [
    (True, "BOOL"),
    (None, "NULL"),
    ([], "L"),
    ({}, "M"),
    ({"a"}, "SS"),
    ({1}, "NS"),
    ({b"a"}, "BS"),
]


@pytest.mark.parametrize(("python", "tag"), [(1, "N"), (b"a", "B"), *SETS_AND_DOCUMENTS])
def test_attribute_type_takes_a_string(python: Any, tag: str) -> None:
    assert filter_refusal("attribute_type(a, :v)", v=python) == _incorrect("attribute_type", tag)


@pytest.mark.parametrize(("python", "tag"), [(1, "N"), *SETS_AND_DOCUMENTS])
def test_begins_with_takes_strings_and_binaries(python: Any, tag: str) -> None:
    assert filter_refusal("begins_with(a, :v)", v=python) == _incorrect("begins_with", tag)
    assert filter_refusal("begins_with(:v, a)", v=python) == _incorrect("begins_with", tag)


@pytest.mark.parametrize(("python", "tag"), SETS_AND_DOCUMENTS)
@pytest.mark.parametrize("operator", ["<", "<=", ">", ">="])
def test_orders_take_strings_numbers_and_binaries(python: Any, tag: str, operator: str) -> None:
    assert filter_refusal(f"a {operator} :v", v=python) == _incorrect(operator, tag)
    assert filter_refusal(f":v {operator} a", v=python) == _incorrect(operator, tag)
    assert filter_refusal("a BETWEEN :v AND b", v=python) == _incorrect("BETWEEN", tag)


@pytest.mark.parametrize(("python", "tag"), [(1, "N"), (True, "BOOL"), (None, "NULL")])
def test_size_takes_what_has_a_size(python: Any, tag: str) -> None:
    assert filter_refusal("size(:v) > a", v=python) == _incorrect("size", tag)


@pytest.mark.parametrize(
    ("text", "function"),
    [
        ("attribute_type(a, size(a)) and a = :v", "attribute_type"),
        ("begins_with(a, size(a)) and a = :v", "begins_with"),
        ("size(size(a)) > :v", "size"),
        ("attribute_not_exists(size(:v))", "size"),
    ],
)
def test_a_size_is_a_number(text: str, function: str) -> None:
    assert filter_refusal(text, v=1) == _incorrect(function, "N")


def test_the_type_of_attribute_type_must_be_a_value() -> None:
    message = filter_refusal("attribute_type(ab.bc[1].a, SS)")
    assert message == _incorrect("attribute_type", "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}")


def test_attribute_type_takes_only_names_of_types() -> None:
    assert filter_refusal("attribute_type(a, :v)", v="DOG") == (
        "Invalid attribute type name found; type: DOG, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"
    )


@pytest.mark.parametrize(
    ("text", "function"),
    [
        ("attribute_exists(:v) and a=a", "attribute_exists"),
        ("attribute_not_exists(size(:v))", "attribute_not_exists"),
    ],
)
def test_some_functions_take_only_a_path(text: str, function: str) -> None:
    assert filter_refusal(text, v="1") == (
        f"Operator or function requires a document path; operator or function: {function}"
    )


@pytest.mark.parametrize(
    ("text", "operator", "operand"),
    [
        ("a = a AND #a = b AND :views > a", "=", "[a]"),
        ("#a <> a", "<>", "[a]"),
        ("a > #a", ">", "[a]"),
        ("((a=a) OR (a=a))", "=", "[a]"),
        ("a IN (b, a)", "IN", "[a]"),
        ("a BETWEEN b AND a", "BETWEEN", "[a]"),
        ("contains(ab.bc[1].a, ab.bc[1].#a)", "contains", "[ab, bc, [1], a]"),
        ("attribute_type(ab.bc[1].#a, ab.bc[1].a)", "attribute_type", "[ab, bc, [1], a]"),
        ("begins_with(ab.bc[1].a, ab.bc[1].#a)", "begins_with", "[ab, bc, [1], a]"),
    ],
)
def test_a_path_is_not_compared_with_itself(text: str, operator: str, operand: str) -> None:
    assert filter_refusal(text, {"a": "a"}) == (
        "The first operand must be distinct from the remaining operands for this operator or "
        f"function; operator: {operator}, first operand: {operand}"
    )


def test_a_value_may_be_compared_with_itself() -> None:
    assert filter_refusal(":v > :v AND a = a", v=1).endswith("operator: =, first operand: [a]")


@pytest.mark.parametrize(
    ("low", "high", "rule", "shown"),
    [
        (1, "a", "same data type for lower and upper bounds", ("N:1", "S:a")),
        ("b", "a", IN_ORDER, ("S:b", "S:a")),
        (2, 1, IN_ORDER, ("N:2", "N:1")),
        (10, 9, IN_ORDER, ("N:10", "N:9")),
        (
            b"b",
            b"a",
            IN_ORDER,
            ("B:Yg==", "B:YQ=="),
        ),
    ],
)
def test_bounds_of_between_are_of_one_type_and_in_order(
    low: Any, high: Any, rule: str, shown: tuple[str, str]
) -> None:
    expected = (
        f"The BETWEEN operator requires {rule}; "
        f"lower bound operand: AttributeValue: {{{shown[0]}}}, "
        f"upper bound operand: AttributeValue: {{{shown[1]}}}"
    )
    for _ in range(2):  # the second time the text is known
        assert filter_refusal("a BETWEEN :low AND :high", low=low, high=high) == expected


def test_bounds_of_between_are_first_of_one_type_and_then_of_a_type_with_an_order() -> None:
    assert filter_refusal("a BETWEEN :low AND :high", low=1, high=[]).endswith(
        "bound operand: AttributeValue: {N:1}, upper bound operand: AttributeValue: {L:[]}"
    )
    assert filter_refusal("a BETWEEN :low AND :high", low={2}, high={1}) == _incorrect(
        "BETWEEN", "NS"
    )


@pytest.mark.parametrize(
    ("python", "shown"),
    [
        (True, "{BOOL:true}"),
        (None, "{NULL:true}"),
        ({1, 2}, '{NS:["1", "2"]}'),
        (["a", [False]], "{L:[{S:a}, {L:[{BOOL:false}]}]}"),
        ({"a": 1, "b": {"c": b"hi"}}, "{M:{a={N:1}, b={M:{c={B:aGk=}}}}}"),
    ],
)
def test_bounds_of_any_type_are_shown(python: Any, shown: str) -> None:
    assert filter_refusal("a BETWEEN :low AND :high", low="x", high=python).endswith(
        f"upper bound operand: AttributeValue: {shown}"
    )


def test_bounds_are_shown_as_they_were_sent() -> None:
    for _ in range(2):  # the second time the text is known
        made = request(None, None, FilterExpression="a BETWEEN :low AND :high")
        made["ExpressionAttributeValues"] = {":low": {"N": "1e1"}, ":high": {"N": "3.0"}}
        assert refusal("Scan", made).endswith(
            "bound operand: AttributeValue: {N:1e1}, upper bound operand: AttributeValue: {N:3.0}"
        )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("((a)) = status AND f(b) = :v AND size(c) !", "Syntax error"),
        ("((a)) = status AND f(b) = :v AND size(c)", "redundant parentheses"),
        ("a = status AND f(b) = :v AND size(c)", "Invalid function name"),
        ("a = status AND #x = :v AND size(c)", "not allowed to be used this way"),
        ("a = status AND #x = :v AND begins_with(c)", "reserved keyword"),
        ("b = b AND #x = :v AND begins_with(c)", "must be distinct"),
        ("#x = :v AND b = b", "attribute name: #x"),
        ("begins_with(c) AND #x = :v", "Incorrect number of operands"),
    ],
)
def test_the_first_fault_in_the_order_of_the_service_is_reported(text: str, expected: str) -> None:
    assert expected in filter_refusal(text)


def test_types_of_values_are_checked_again_if_the_text_is_cached() -> None:
    text = "begins_with(a, :v) AND attribute_type(b, :t)"
    for _ in range(2):
        assert filter_refusal(text, v=1, t="S") == _incorrect("begins_with", "N")
        assert filter_refusal(text, v="x", t=2) == _incorrect("attribute_type", "N")
        assert filter_refusal(text, v="x", t="T").startswith("Invalid attribute type name")


def _incorrect(operator: str, type_name: str) -> str:
    return (
        "Incorrect operand type for operator or function; "
        f"operator or function: {operator}, operand type: {type_name}"
    )
