"""INSERT and DELETE."""

from __future__ import annotations

import pytest

from tests.memory.partiql.shop import EVERYTHING, Shop, number, order, text


def test_insert_stores_a_new_item_and_answers_nothing(shop: Shop) -> None:
    assert shop.run("INSERT INTO \"Things\" VALUE {'pk': 'two', 'a': [1]}") == {"Items": []}
    assert shop.thing("two") == {"pk": text("two"), "a": {"L": [number(1)]}}


def test_insert_takes_parameters_as_values(shop: Shop) -> None:
    shop.run("INSERT INTO Things VALUE {'pk': ?, 'a': ?}", text("two"), {"SS": ["x"]})
    assert shop.thing("two") == {"pk": text("two"), "a": {"SS": ["x"]}}


def test_insert_does_not_replace_an_item(shop: Shop) -> None:
    error = shop.error("INSERT INTO \"Things\" VALUE {'pk': 'one', 'a': 1}")
    assert error.code == "DuplicateItemException"
    assert error.message == "Duplicate primary key exists in table"
    assert shop.thing() == EVERYTHING


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            "INSERT INTO Things VALUE {'a': 1}",
            "One or more parameter values were invalid: Missing the key pk in the item",
        ),
        (
            "INSERT INTO Things VALUE {'pk': 1}",
            "Key attribute's data type should match its data type in table's schema: Key pk",
        ),
        (
            "INSERT INTO Things VALUE {'pk': ''}",
            (
                "One or more parameter values are not valid. The AttributeValue for a key attribute"
                " cannot contain an empty string value. Key: pk"
            ),
        ),
        (
            "INSERT INTO Orders VALUE {'pk': 'a', 'sk': 9, 'total': 'x'}",
            (
                "One or more parameter values were invalid: Type mismatch for Index Key total"
                " Expected: N Actual: S IndexName: by-status"
            ),
        ),
        ("INSERT INTO Things VALUE [1]", "Unsupported data type: List under key root at 1:26:1"),
        ("INSERT INTO Things VALUE {'pk': 'a', '': 1}", "Path component cannot be an empty string"),
        (
            "INSERT INTO Things VALUE {'pk': 'a', 'm': {'': 1}}",
            "Path component cannot be an empty string",
        ),
        (
            "INSERT INTO \"Orders\".\"by-status\" VALUE {'pk': 'a'}",
            (
                "FROM clause may only contain a single table name in data manipulation statements"
                " at 1:13:8"
            ),
        ),
        ("INSERT INTO Things VALUE {'pk': 'k'} RETURNING ALL OLD *", None),
        ("INSERT INTO Things << {'pk': 'k'} >>", None),
        ("INSERT INTO Things VALUE {\"pk\": 'k'}", None),
    ],
)
def test_refusals_of_insert(shop: Shop, statement: str, message: str | None) -> None:
    refusal = shop.refusal(statement)
    assert message is None or refusal == message


def test_an_item_has_at_most_400_kilobytes(shop: Shop) -> None:
    statement = "INSERT INTO Things VALUE {'pk': 'k', 'a': ?}"
    assert shop.refusal(statement, text("x" * 409_597)) == (
        "Item size has exceeded the maximum allowed size"
    )
    shop.run(statement, text("x" * 409_596))


def test_a_duplicate_is_reported_before_the_size_of_the_item(shop: Shop) -> None:
    statement = "INSERT INTO Things VALUE {'pk': 'one', 'a': ?}"
    assert shop.error(statement, text("x" * 409_600)).code == "DuplicateItemException"


def test_delete_removes_an_item_and_answers_nothing(shop: Shop) -> None:
    assert shop.run("DELETE FROM \"Orders\" WHERE sk = 2 AND pk = 'a'") == {"Items": []}
    assert shop.notes("SELECT * FROM Orders WHERE pk = 'a'") == ["a1", "a3", "a4"]


def test_delete_returns_the_item_where_it_is_asked(shop: Shop) -> None:
    statement = "DELETE FROM Orders WHERE pk = 'a' AND sk = 2 RETURNING ALL OLD *"
    assert shop.items(statement) == [order("a", 2)]
    assert shop.items(statement) == []


def test_deleting_what_is_not_there_does_nothing(shop: Shop) -> None:
    assert shop.items("DELETE FROM Things WHERE pk = 'nobody'") == []
    assert shop.items("DELETE FROM Things WHERE pk = 'nobody' AND n = 5") == []


def test_delete_looks_at_the_rest_of_the_condition(shop: Shop) -> None:
    error = shop.error("DELETE FROM Things WHERE pk = 'one' AND n = 6")
    assert error.code == "ConditionalCheckFailedException"
    assert error.message == "The conditional request failed"
    assert error.fields == {}
    assert shop.thing() == EVERYTHING
    shop.run("DELETE FROM Things WHERE pk = 'one' AND (n = 5 OR n = 6)")
    assert shop.thing() is None


def test_the_item_of_a_failed_condition_is_returned_if_asked_for(shop: Shop) -> None:
    error = shop.error(
        "DELETE FROM Orders WHERE pk = 'a' AND sk = 1 AND total = 0",
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )
    assert error.code == "ConditionalCheckFailedException"
    assert error.fields == {"Item": order("a", 1)}


NOT_BY_KEY = "Where clause does not contain a mandatory equality on all key attributes"


@pytest.mark.parametrize("verb", ["DELETE FROM {} WHERE {}", "UPDATE {} SET z = 1 WHERE {}"])
@pytest.mark.parametrize(
    ("table", "condition", "message"),
    [
        ("Things", "n = 5", NOT_BY_KEY),
        ("Things", "pk > 'a'", NOT_BY_KEY),
        ("Things", "pk IN ['one']", NOT_BY_KEY),
        ("Things", "NOT pk = 'one'", NOT_BY_KEY),
        ("Things", "pk = 'one' OR pk = 'two'", NOT_BY_KEY),
        ("Orders", "pk = 'a'", NOT_BY_KEY),
        ("Orders", "sk = 1", NOT_BY_KEY),
        ("Orders", "pk = 'a' AND (sk = 1 OR sk = 2)", NOT_BY_KEY),
        (
            "Things",
            "pk = 5",
            "Key attribute's data type should match its data type in table's schema: Key pk",
        ),
        (
            "Things",
            "pk = true",
            "Key value must be of type S, N, or B. Key name: pk, Key type: BOOL",
        ),
        (
            "Things",
            "pk = 'one' AND pk = 'two'",
            (
                "Multiple conditions on same key pk."
                " Only single item Update/Insert/Delete are supported"
            ),
        ),
        ('"Orders"."by-status"', "pk = 'a'", "This operation is not supported on an index"),
    ],
)
def test_a_write_names_the_key_of_one_item(
    shop: Shop, verb: str, table: str, condition: str, message: str
) -> None:
    assert shop.refusal(verb.format(table, condition)) == message


def test_a_key_may_be_named_twice_if_it_is_the_same(shop: Shop) -> None:
    shop.run("DELETE FROM Things WHERE pk = 'one' AND 'one' = pk")
    assert shop.thing() is None


@pytest.mark.parametrize("statement", ["DELETE FROM Things", "UPDATE Things SET a = 1"])
def test_a_write_without_a_condition_is_refused(shop: Shop, statement: str) -> None:
    assert shop.refusal(statement) == NOT_BY_KEY


@pytest.mark.parametrize("returning", ["ALL NEW", "MODIFIED OLD", "MODIFIED NEW"])
def test_delete_returns_nothing_but_the_old_item(shop: Shop, returning: str) -> None:
    assert shop.refusal(f"DELETE FROM Nowhere WHERE a = 1 RETURNING {returning} *") == (
        f"Invalid returning clause: RETURNING {returning} *."
        " Only RETURNING ALL OLD * is allowed in DELETE statements."
    )


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO Nowhere VALUE {'pk': 'a'}",
        "UPDATE Nowhere SET a = 1 WHERE pk = 'a'",
        "DELETE FROM Nowhere WHERE a = 1",
        "SELECT * FROM Nowhere WHERE pk = 'a'",
        'SELECT * FROM "Nowhere"."index"',
    ],
)
def test_a_missing_table_is_not_found(shop: Shop, statement: str) -> None:
    error = shop.error(statement)
    assert error.code == "ResourceNotFoundException"
    assert error.message == "Requested resource not found"


def test_a_write_takes_no_token_of_a_page(shop: Shop) -> None:
    shop.refusal("DELETE FROM Things WHERE pk = 'one'", NextToken="x")
    assert shop.thing() == EVERYTHING
