"""SELECTs by key: which queries a condition stands for, their order, and what is refused."""

from __future__ import annotations

import pytest

from tests.memory.partiql.shop import Shop, Value, number, text

OVERLAP = "Overlapping conditions with range keys are not supported in where clause"
TOO_MANY = "Too many decomposed read operations for a given query."
NO_CONDITION = "Must have WHERE clause in the statement when using ORDER BY clause."
NO_PARTITION = (
    "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY"
    " clause."
)
UNORDERED = (
    "Must have hash key in ORDER BY clause when more than one hash key condition specified in"
    " WHERE clause."
)


@pytest.mark.parametrize(
    "condition",
    [
        "pk = 'a' OR pk = 'a'",
        "pk IN ['a', 'a']",
        "pk IN ['a', 'b'] OR pk = 'b'",
        "pk = 'a' OR pk = 'a' AND sk = 1",
        "pk = 'a' AND sk = 1 OR pk = 'a' AND sk = 1.0",
        "pk = 'a' AND sk > 1 OR pk = 'a' AND sk < 3",
        "pk = 'a' AND sk >= 2 OR pk = 'a' AND sk <= 2",
        "pk = 'a' AND sk BETWEEN 1 AND 3 OR pk = 'a' AND sk = 2",
        "pk = 'a' AND sk IN [1, 1]",
        "pk = 'a' AND note = 'a1' OR pk = 'a' AND note = 'a2'",
        "(pk = 'a' OR pk = 'a') AND sk = 1",
    ],
)
def test_queries_that_would_read_an_item_twice_are_refused(shop: Shop, condition: str) -> None:
    assert shop.refusal(f"SELECT * FROM Orders WHERE {condition}") == OVERLAP


@pytest.mark.parametrize(
    ("condition", "notes"),
    [
        ("pk = 'a' AND sk < 2 OR pk = 'a' AND sk > 2", "a1 a3 a4"),
        ("pk = 'a' AND sk = 1 OR pk = 'a' AND sk = 3", "a1 a3"),
        ("pk = 'a' AND (sk = 3 OR sk = 1)", "a1 a3"),
        ("pk IN ['a', 'b'] AND sk = 4", "a4 b4"),
        ("pk = 'a' AND sk IN [1, 2] OR pk = 'b' AND sk > 3", "a1 a2 b4"),
        ("pk = 'a' OR pk = 'b' AND sk = 1", "a1 a2 a3 a4 b1"),
        ("pk = 'a' OR sk = 1 OR pk = 'a'", "a1 a2 a3 a4 b1"),
    ],
)
def test_queries_apart_from_each_other_are_joined(shop: Shop, condition: str, notes: str) -> None:
    assert sorted(shop.notes(f"SELECT * FROM Orders WHERE {condition}")) == notes.split()


def test_a_statement_stands_for_at_most_fifty_queries(shop: Shop) -> None:
    keys = [f"'k{at}'" for at in range(51)]
    shop.run(f"SELECT * FROM Things WHERE pk IN [{', '.join(keys[:50])}]")
    assert shop.refusal(f"SELECT * FROM Things WHERE pk IN [{', '.join(keys)}]") == TOO_MANY
    shop.run(f"SELECT * FROM Things WHERE pk IN [{', '.join(keys)}] OR n = 5")
    by_sort_key = "pk IN ['a', 'b'] AND sk IN [" + ", ".join(map(str, range(26))) + "]"
    assert shop.refusal(f"SELECT * FROM Orders WHERE {by_sort_key}") == TOO_MANY


@pytest.mark.parametrize(
    ("condition", "order", "notes"),
    [
        ("pk = 'a'", "sk", "a1 a2 a3 a4"),
        ("pk = 'a'", "sk ASC", "a1 a2 a3 a4"),
        ("pk = 'a'", "sk DESC", "a4 a3 a2 a1"),
        ("pk = 'a' AND sk > 2", "sk DESC", "a4 a3"),
        ("pk = 'a' AND sk IN [4, 1, 3]", "sk DESC", "a4 a3 a1"),
        ("pk = 'a' AND total > 97", "sk DESC", "a2 a1"),
        ("pk IN ['b', 'a'] AND sk < 3", "pk, sk", "a1 a2 b1 b2"),
        ("pk IN ['b', 'a'] AND sk < 3", "pk DESC, sk", "b1 b2 a1 a2"),
        ("pk IN ['b', 'a'] AND sk < 3", "pk DESC, sk DESC", "b2 b1 a2 a1"),
        ("pk = 'b' OR pk = 'a' AND sk = 2", "pk, sk DESC", "a2 b4 b3 b2 b1"),
    ],
)
def test_order_by_orders_by_the_key(shop: Shop, condition: str, order: str, notes: str) -> None:
    statement = f"SELECT * FROM Orders WHERE {condition} ORDER BY {order}"
    assert shop.notes(statement) == notes.split()
    paged: list[str] = []
    request: dict[str, str] = {}
    while len(paged) < 20:
        answer = shop.run(statement, Limit=1, **request)
        paged += [each["note"]["S"] for each in answer["Items"]]
        if "NextToken" not in answer:
            break
        request = {"NextToken": answer["NextToken"]}
    assert paged == notes.split()


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ("ORDER BY sk", NO_CONDITION),
        ("WHERE sk = 1 ORDER BY sk", NO_PARTITION),
        ("WHERE pk > 'a' ORDER BY sk", NO_PARTITION),
        ("WHERE pk = 'a' OR sk = 1 ORDER BY sk", NO_PARTITION),
        ("WHERE pk IN ['a', 'b'] ORDER BY sk", UNORDERED),
        (
            "WHERE pk = 'a' ORDER BY note",
            "Attribute note in ORDER BY clause must be part of the primary key",
        ),
        (
            "WHERE pk = 'a' ORDER BY SK",
            "Attribute SK in ORDER BY clause must be part of the primary key",
        ),
        (
            "WHERE pk = 'a' ORDER BY m.x",
            "Argument to ORDER BY must be of type VariableReference. Type: PATH at 1:46:1",
        ),
        (
            "WHERE pk = 'a' ORDER BY 'sk'",
            "Argument to ORDER BY must be of type VariableReference. Type: sk at 1:46:4",
        ),
    ],
)
def test_refusals_of_order_by(shop: Shop, rest: str, message: str) -> None:
    assert shop.refusal(f"SELECT * FROM Orders {rest}") == message


WRONG = "Key attribute's data type should match its data type in table's schema: Key "
IMPOSSIBLE = "Key value must be of type S, N, or B. Key name: "


@pytest.mark.parametrize(
    ("condition", "parameters", "message"),
    [
        ("pk = 5", [], f"{WRONG}pk"),
        ("pk = true", [], f"{IMPOSSIBLE}pk, Key type: BOOL"),
        ("pk = ?", [{"NULL": True}], f"{IMPOSSIBLE}pk, Key type: NULL"),
        ("pk IN ['a', 5]", [], f"{WRONG}pk"),
        ("pk = 'a' AND sk = '1'", [], f"{WRONG}sk"),
        ("pk = 'a' AND sk > '1'", [], f"{WRONG}sk"),
        ("pk = 'a' AND sk BETWEEN 1 AND ?", [text("2")], "The BETWEEN operator requires same"),
        ("pk = 'a' AND sk = 1 OR pk = 5", [], f"{WRONG}pk"),
        (
            "pk = ''",
            [],
            (
                "One or more parameter values are not valid. The AttributeValue for a key attribute"
                " cannot contain an empty string value. Key: pk"
            ),
        ),
        (
            "pk = ?",
            [text("x" * 2049)],
            (
                "One or more parameter values were invalid: Size of hashkey has exceeded the"
                " maximum"
                " size limit of2048 bytes"
            ),
        ),
    ],
)
def test_values_that_a_key_cannot_have_are_refused(
    shop: Shop, condition: str, parameters: list[Value], message: str
) -> None:
    refusal = shop.refusal(f"SELECT * FROM Orders WHERE {condition}", *parameters)
    assert refusal.startswith(message)


@pytest.mark.parametrize(
    "condition",
    [
        "pk > 5",
        "sk = 'a'",
        "note = 'x' OR pk = 5",
        "pk <> true",
        "pk = 'a' AND sk = 1 AND sk = 'x'",
    ],
)
def test_a_scan_compares_keys_with_anything(shop: Shop, condition: str) -> None:
    shop.run(f"SELECT * FROM Orders WHERE {condition}")


def test_a_number_is_the_same_key_however_it_is_written(shop: Shop) -> None:
    assert shop.notes("SELECT * FROM Orders WHERE pk = 'a' AND sk = 2.00") == ["a2"]
    assert shop.notes("SELECT * FROM Orders WHERE pk = ? AND sk = ?", text("a"), number("2e0")) == [
        "a2"
    ]
