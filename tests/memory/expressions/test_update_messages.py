"""Refusals of updates beyond their syntax, and their order."""

from __future__ import annotations

from typing import Any

import pytest

from tests.memory.expressions.reading import update_refusal, used

CONDITION_FUNCTIONS = ["attribute_exists", "attribute_type", "begins_with", "contains", "size"]


@pytest.mark.parametrize(
    ("text", "function"),
    [
        ("SET #c = if_not_exist(:c) SET c = d", "if_not_exist"),
        ("SET a = f123_hi(b, c, d)", "f123_hi"),
        ("SET a = LIST_APPEND(:v, :w)", "LIST_APPEND"),
    ],
)
def test_unknown_functions_are_named(text: str, function: str) -> None:
    assert update_refusal(text) == f"Invalid function name; function: {function}"


@pytest.mark.parametrize("function", CONDITION_FUNCTIONS)
def test_functions_of_conditions_are_refused(function: str) -> None:
    assert update_refusal(f"SET a = {function}(b)") == (
        f"The function is not allowed in an update expression; function: {function}"
    )


@pytest.mark.parametrize(
    "text",
    [
        "SET a = list_append(list_append(:v, :w), :x)",
        "SET a = list_append(:v, list_append(list_append(:w, :x), :y))",
        "SET a = if_not_exists(a, list_append(:v, :w))",
    ],
)
def test_list_append_is_no_operand_of_a_function(text: str) -> None:
    assert update_refusal(text) == (
        "The function is not allowed to be used this way in an expression; function: list_append"
    )


@pytest.mark.parametrize(
    ("text", "section"),
    [
        ("set a = #c set c = :d", "SET"),
        ("remove #d set a = b remove e", "REMOVE"),
        ("add #d :e set a = b add e :f", "ADD"),
        ("delete #d :e set a = b delete #e :f", "DELETE"),
    ],
)
def test_a_section_is_used_once(text: str, section: str) -> None:
    assert update_refusal(text) == (
        f'The "{section}" section can only be used once in an update expression;'
    )


def test_names_and_values_must_be_defined() -> None:
    name = "An expression attribute name used in the document path is not defined; attribute name: "
    value = "An expression attribute value used in expression is not defined; attribute value: "
    assert update_refusal("SET #c = if_not_exists(:c)", {"a": "a"}, a=1) == f"{name}#c"
    assert update_refusal("SET a.#b = :v") == f"{name}#b"
    assert update_refusal("SET a = :v, b = #c") == f"{name}#c"
    assert update_refusal("SET #a = if_not_exists(:c)", {"a": "a"}) == f"{value}:c"
    assert update_refusal("SET a = if_not_exists(:w, :v)", v=1) == f"{value}:w"
    assert update_refusal("ADD a :v") == f"{value}:v"


@pytest.mark.parametrize(
    ("text", "one", "two"),
    [
        ("SET a = :v REMOVE a", "[a]", "[a]"),
        ("REMOVE a SET a = :v", "[a]", "[a]"),
        ("SET #x = :v, #a = :v", "[a]", "[a]"),
        ("SET a = :v, a.b = :v", "[a]", "[a, b]"),
        ("SET a.b.c.d.e = :v, a.b = :v", "[a, b, c, d, e]", "[a, b]"),
        ("SET a[1][1] = :v, a[1] = :v", "[a, [1], [1]]", "[a, [1]]"),
        ("SET d[1] = a, d.b = a, c[1].a = a, c = if_not_exists(a)", "[c, [1], a]", "[c]"),
        ("SET c[3].#three = a, c[3] = a", "[c, [3], [3]]", "[c, [3]]"),
        ("REMOVE b, #x, c SET a[0] = :v", "[a]", "[a, [0]]"),
    ],
)
def test_paths_that_overlap_are_refused(text: str, one: str, two: str) -> None:
    names = {
        name: meant
        for name, meant in {"x": "a", "a": "a", "three": "[3]"}.items()
        if f"#{name}" in text
    }
    assert update_refusal(text, names or None, **used(text, v=1)) == (
        "Two document paths overlap with each other; must remove or rewrite one of these paths; "
        f"path one: {one}, path two: {two}"
    )


@pytest.mark.parametrize(
    ("text", "one", "two"),
    [
        ("SET c[3].#t = a, c.#t[3] = if_not_exists(a)", "[c, [3], [3]]", "[c, [3], [3]]"),
        ("REMOVE a.#t SET a[1] = b", "[a, [3]]", "[a, [1]]"),
        ("REMOVE a.b.c, a.b[2], #t", "[a, b, c]", "[a, b, [2]]"),
    ],
)
def test_paths_that_conflict_are_refused(text: str, one: str, two: str) -> None:
    assert update_refusal(text, {"t": "[3]"}) == (
        "Two document paths conflict with each other; must remove or rewrite one of these paths; "
        f"path one: {one}, path two: {two}"
    )


@pytest.mark.parametrize(
    ("python", "name"),
    [
        ("a", "STRING"),
        (b"a", "Binary"),
        (True, "BOOL"),
        (None, "NULL"),
        ([1], "LIST"),
        ({"a": [1]}, "MAP"),
        (1, "NUMBER"),
    ],
)
def test_add_and_delete_accept_numbers_and_sets(python: Any, name: str) -> None:
    def expected(operator: str) -> str:
        return (
            f"Incorrect operand type for operator or function; operator: {operator}, "
            f"operand type: {name}, typeSet: ALLOWED_FOR_ADD_OPERAND"
        )

    for _ in range(2):
        assert update_refusal("DELETE a.b :v", v=python) == expected("DELETE")
        if name != "NUMBER":
            assert update_refusal("ADD a.b :v", v=python) == expected("ADD")


@pytest.mark.parametrize(
    ("text", "function", "count"),
    [
        ("SET a = if_not_exists(c)", "if_not_exists", 1),
        ("SET a = list_append(c)", "list_append", 1),
        ("SET a = list_append(b, c, d)", "list_append", 3),
    ],
)
def test_functions_take_two_operands(text: str, function: str, count: int) -> None:
    assert update_refusal(text) == (
        "Incorrect number of operands for operator or function; "
        f"operator or function: {function}, number of operands: {count}"
    )


@pytest.mark.parametrize(
    "text", ["SET a = if_not_exists(:v, c)", "SET a = if_not_exists(if_not_exists(a, :v), c)"]
)
def test_if_not_exists_takes_a_path(text: str) -> None:
    assert update_refusal(text, v=1) == (
        "Operator or function requires a document path; operator or function: if_not_exists"
    )


OTHER_TYPES: list[tuple[Any, str]] = [
    ("a", "S"),
    (b"a", "B"),
    (True, "BOOL"),
    (None, "NULL"),
    ({"a"}, "SS"),
    ({1}, "NS"),
    ({b"a"}, "BS"),
    ({}, "M"),
]


@pytest.mark.parametrize(("python", "tag"), [(1, "N"), *OTHER_TYPES])
def test_list_append_takes_lists(python: Any, tag: str) -> None:
    for text in ("SET a = list_append(:v, a)", "SET a = list_append(a, (:v))"):
        assert update_refusal(text, v=python) == _incorrect("list_append", tag)


@pytest.mark.parametrize(("python", "tag"), [([], "L"), *OTHER_TYPES])
@pytest.mark.parametrize("operator", ["+", "-"])
def test_sums_take_numbers(python: Any, tag: str, operator: str) -> None:
    for text in (f"SET a = a {operator} :v", f"SET a = :v {operator} a"):
        for _ in range(2):
            assert update_refusal(text, v=python) == _incorrect(operator, tag)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SET status = f(:v) SET a = #x !", "Syntax error"),
        ("SET status = f(:v) SET a = #x", "reserved keyword: status"),
        ("SET b = f(:v) SET a = #x", "function: f"),
        ("SET b = :v SET a = #x", '"SET" section'),
        ("SET b = :w, a = #x", "attribute name: #x"),
        ("SET b = :w, a = b, a = c", "attribute value: :w"),
        ("SET a = b, a.b = c, d.e = f, d[0] = g", "overlap"),
        ("SET d.e = f, d[0] = g ADD b :v", "conflict"),
        ("SET a = if_not_exists(:v) ADD b :v", "operator: ADD"),
        ("SET a = if_not_exists(:v)", "number of operands: 1"),
    ],
)
def test_the_first_fault_in_the_order_of_the_service_is_reported(text: str, expected: str) -> None:
    assert expected in update_refusal(text, **used(text, v="x"))


def _incorrect(operator: str, type_name: str) -> str:
    return (
        "Incorrect operand type for operator or function; "
        f"operator or function: {operator}, operand type: {type_name}"
    )
