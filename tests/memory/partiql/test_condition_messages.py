"""Refusals of a WHERE clause, and their order."""

from __future__ import annotations

import pytest

from tests.memory.partiql.shop import Shop, number, text

ANY = (
    "{S,HDS,N,FS,BS,NULL,DOUBLE,NS,DECIMAL,SS,DECIMALSET,BOOL,HD,DICT,INTSET,M,L,B,FLOAT,INT,"
    "DOUBLESET}"
)


@pytest.mark.parametrize(
    ("condition", "operator", "kind"),
    [
        ("s < true", "<", "BOOL"),
        ("s >= null", ">=", "NULL"),
        ("[1] > s", ">", "L"),
        ("n BETWEEN true AND false", "BETWEEN", "BOOL"),
        ("begins_with(s, 5)", "begins_with", "N"),
        ("begins_with(5, s)", "begins_with", "N"),
        ("size(5) = 1", "size", "N"),
        ("attribute_type(s, 5)", "attribute_type", "N"),
        ("attribute_type(s, n)", "attribute_type", ANY),
        ("NOT size(s)", "NOT", "N"),
        ("n = 5 AND size(s)", "AND", "N"),
        ("n = 5 OR s", "OR", ANY),
        ("flag AND n = 5", "AND", ANY),
        ("NOT 'a'", "NOT", "S"),
        ("begins_with(s, 'a') < true", "<", "BOOL"),
    ],
)
def test_operands_of_other_types_are_refused(
    shop: Shop, condition: str, operator: str, kind: str
) -> None:
    assert shop.refused_condition(condition) == (
        "Incorrect operand type for operator or function;"
        f" operator or function: {operator}, operand type: {kind}"
    )


@pytest.mark.parametrize(
    ("condition", "function", "count"),
    [
        ("size() = 1", "size", 0),
        ("size(s, n) = 1", "size", 2),
        ("begins_with(s)", "begins_with", 1),
        ("contains(l, 1, 2)", "contains", 3),
        ("attribute_exists(s, n)", "attribute_exists", 2),
        ("attribute_type(s)", "attribute_type", 1),
        ("n = -s", "-", 1),
        ("n = +s", "+", 1),
    ],
)
def test_a_wrong_number_of_operands_is_refused(
    shop: Shop, condition: str, function: str, count: int
) -> None:
    assert shop.refused_condition(condition) == (
        "Incorrect number of operands for operator or function;"
        f" operator or function: {function}, number of operands: {count}"
    )


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (
            "n = n",
            (
                "The first operand must be distinct from the remaining operands for this"
                " operator or"
                " function; operator: =, first operand: [n]"
            ),
        ),
        (
            "contains(m.sub, m.sub)",
            (
                "The first operand must be distinct from the remaining operands for this"
                " operator or"
                " function; operator: contains, first operand: [m, sub]"
            ),
        ),
        ("s", "WHERE clause must contain an expression that resolves to a boolean"),
        ("size(s)", "WHERE clause must contain an expression that resolves to a boolean"),
        ("s = MISSING", "MISSING must be compared using IS operator"),
        (
            "s IS INT",
            (
                "Unsupported data type for IS operator: IntegerType. Supported data types are"
                " [MISSING, NULL, BOOLEAN, BLOB, STRING, NUMERIC, STRUCT, TUPLE, LIST] at 1:30:1"
            ),
        ),
        (
            "size(s) IS MISSING",
            "The left hand side argument to IS must be a Variable Reference, Literal, or Path",
        ),
        ("n + 1 = 6", "Unsupported operator in Condition Expression. Operator: +"),
        ("foo(s)", "Unrecognized function: foo at 1:30:3"),
        ("list_append(l, l) = l", "Unrecognized function: list_append at 1:30:11"),
        ("upper(s) = 'A'", "Unrecognized function: upper at 1:30:5"),
        (
            "attribute_exists('s')",
            "Operator or function requires a document path; operator or function: attribute_exists",
        ),
        (
            "attribute_type(s, 'X')",
            (
                "Invalid attribute type name found; type: X,"
                " valid types: {N,BS,L,B,NULL,M,S,SS,NS,BOOL}"
            ),
        ),
        (
            "n BETWEEN 6 AND 5",
            (
                "The BETWEEN operator requires upper bound to be greater than or equal to lower"
                " bound;"
                " lower bound operand: AttributeValue: {N:6},"
                " upper bound operand: AttributeValue: {N:5}"
            ),
        ),
        (
            "n BETWEEN 1 AND 'a'",
            (
                "The BETWEEN operator requires same data type for lower and upper bounds;"
                " lower bound operand: AttributeValue: {N:1},"
                " upper bound operand: AttributeValue: {S:a}"
            ),
        ),
        ("m.* = 1", "Unexpected path component at 1:32:1"),
        (
            "l[99999999999] = 1",
            "List index is not within the allowable range; index: [99999999999] at 1:32:11",
        ),
    ],
)
def test_conditions_that_are_refused(shop: Shop, condition: str, message: str) -> None:
    assert shop.refusal(f'SELECT * FROM "Things" WHERE {condition}') == message


def test_terms_are_refused_before_the_types_of_operands(shop: Shop) -> None:
    assert shop.refused_condition("s < true AND foo(s)").startswith("Unrecognized function: foo")
    assert shop.refused_condition("s < true AND begins_with(s)").startswith("Incorrect operand")
    assert shop.refused_condition("begins_with(s) AND s < true").startswith("Incorrect number")


@pytest.mark.parametrize(("count", "is_refused"), [(100, False), (101, True)])
def test_in_takes_a_hundred_values(shop: Shop, count: int, is_refused: bool) -> None:
    condition = f"n IN [{', '.join(map(str, range(count)))}]"
    if is_refused:
        assert shop.refused_condition(condition) == (
            "The IN operator is provided with too many operands; number of operands: 101"
        )
    else:
        assert shop.holds(condition)


@pytest.mark.parametrize(
    ("part", "most"),
    [
        ("n = 5", 150),
        ("NOT n = 5", 100),
        ("n BETWEEN 1 AND 9", 150),
        ("n NOT IN [1]", 100),
        ("n IS NOT NULL", 100),
        ("attribute_exists(n)", 150),
        ("size(s) = 3", 100),
    ],
)
def test_a_condition_has_at_most_three_hundred_operators(shop: Shop, part: str, most: int) -> None:
    statement = 'SELECT * FROM "Things" WHERE '
    assert len(statement + " AND ".join([part] * (most + 1))) < 8192
    shop.run(statement + " AND ".join([part] * most))
    assert shop.refusal(statement + " AND ".join([part] * (most + 1))) == (
        "The expression contains too many operators; operator count: 301"
    )


def test_parameters_are_checked_like_literals(shop: Shop) -> None:
    assert shop.refused_condition("s < ?", {"BOOL": True}).endswith("<, operand type: BOOL")
    assert shop.refused_condition("n BETWEEN ? AND 5", text("a")).startswith("The BETWEEN")
    assert shop.refused_condition("attribute_type(s, ?)", text("X")).startswith("Invalid attribute")
    assert not shop.holds("attribute_type(s, ?)", text("N"))
    assert shop.holds("? = ?", number(1), number("1.0"))
