"""Statements that are well formed or not, and the service's messages."""

from __future__ import annotations

import pytest

from tests.memory.partiql.shop import EVERYTHING, Shop, number, text

MALFORMED = "Statement wasn't well formed, can't be processed: "
EXISTS_OUTSIDE = "EXISTS can only be used in ExecuteTransaction write requests."


@pytest.mark.parametrize(
    "statement",
    [
        'SELECT * FROM "Things"',
        "SELECT * FROM Things",
        "select * from Things",
        "SeLeCt * FrOm Things;",
        "SELECT ALL * FROM Things",
        "SELECT\n*\tFROM\r\nThings",
        "SELECT * -- a comment\nFROM Things -- another one",
        "SELECT/*nothing*/*/* still /*nothing*/FROM Things",
        'SELECT*FROM"Things"',
        "(SELECT * FROM Things)",
    ],
)
def test_a_statement_may_be_laid_out_in_many_ways(shop: Shop, statement: str) -> None:
    assert shop.items(statement) == [EVERYTHING]


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("NOT SQL AT ALL", "Unexpected keyword"),
        ("things and stuff here", "Unexpected token after expression"),
        ("SELECT", "Unexpected term"),
        ("SELECT *", "Expected FROM after SELECT list"),
        ("SELECT * FROM", "Unexpected term"),
        ("SELECT FROM Things", None),
        ("SELECT *, pk FROM Things", None),
        ("SELECT * FROM Things WHERE", "Unexpected term"),
        ("SELECT * FROM Things; SELECT * FROM Things", None),
        ("SELECT * FROM Things WHERE pk = 'a' 'b'", "Unexpected token after expression"),
        ("SELECT * FROM Things WHERE pk ! 'a'", ""),
        ("SELECT * FROM Things WHERE pk = 'a", ""),
        ("SELECT * FROM Things /* never closed", ""),
        ('SELECT * FROM "Things', ""),
        ("SELECT * FROM Things WHERE (pk = 'a'", "Expected RIGHT_PAREN"),
        ("SELECT * FROM Things WHERE pk IN ['a'", "Expected RIGHT_BRACKET"),
        ("SELECT * FROM Things WHERE ss = <<'a'", "Expected RIGHT_DOUBLE_ANGLE_BRACKET"),
        ("SELECT * FROM Things WHERE m = {'a': 1", "Expected RIGHT_CURLY"),
        ("SELECT * FROM Things WHERE m = {'a' 1}", "Expected COLON"),
        ("SELECT * FROM Things WHERE n BETWEEN 1", "Expected AND keyword"),
        ("SELECT * FROM Things WHERE n IS 5", "Expected type name"),
        ("SELECT * FROM Things WHERE n = ", "Missing right-hand side expression of infix operator"),
        ("SELECT * FROM Things ORDER pk", "Expected BY"),
        ("SELECT * FROM Things WHERE order = 1", "Unexpected keyword"),
        ("INSERT INTO Things", "Unexpected term"),
        ("INSERT Things VALUE {'pk': 'a'}", "Unexpected keyword"),
        ("UPDATE Things", "Expected data manipulation"),
        ("UPDATE Things WHERE pk = 'a'", "Expected data manipulation"),
        ("UPDATE Things SET a WHERE pk = 'a'", "Expected '='"),
        ("UPDATE Things SET 'a' = 1 WHERE pk = 'a'", "Expected identifier for simple path"),
        ("DELETE Things WHERE pk = 'a'", "Expected FROM after DELETE"),
        ("DELETE FROM Things WHERE pk = 'a' RETURNING NEW *", None),
        ("SELECT * FROM Things WHERE pk = (DELETE FROM Things WHERE pk = 'a')", None),
    ],
)
def test_statements_that_are_not_well_formed_are_refused(
    shop: Shop, statement: str, what: str | None
) -> None:
    message = shop.refusal(statement)
    assert message.startswith(MALFORMED)
    assert what is None or message == MALFORMED + what
    assert shop.thing() == EVERYTHING


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("pk", "Unsupported operation: Id"),
        ("pk.a", "Unsupported operation: Path"),
        ("1", "Unsupported operation: Lit"),
        ("MISSING", "Unsupported operation: Missing"),
        ("[1]", "Unsupported operation: List"),
        ("<<1>>", "Unsupported operation: Bag"),
        ("{'a': 1}", "Unsupported operation: Struct"),
        ("?", "Unsupported operation: Parameter"),
        ("pk IS NULL", "Unsupported operation: IsType"),
        ("1 = 1", EXISTS_OUTSIDE),
        ("NOT a", EXISTS_OUTSIDE),
        ("size(a)", EXISTS_OUTSIDE),
        ("EXISTS(SELECT * FROM Things WHERE pk = 'one' AND n = 5)", EXISTS_OUTSIDE),
        ("SELECT * FROM Things AS t", "Aliasing is not supported"),
        ("SELECT pk AS key FROM Things", None),
        ("SELECT * FROM Things t WHERE pk = 'a'", "Aliasing is not supported"),
        (
            "SELECT * FROM Things, Orders",
            "Only select from a single table or index is supported.",
        ),
        (
            "SELECT * FROM Things JOIN Orders",
            "Only select from a single table or index is supported.",
        ),
        ("SELECT * FROM a.b.c", "A path may contain at most 2 components in the FROM clause"),
        ('SELECT * FROM ""', "Path component cannot be an empty string"),
        ("SELECT COUNT(*) FROM Things", "Unexpected path component at 1:8:5"),
        ("SELECT\n  size(l) FROM Things", "Unexpected path component at 2:3:4"),
        ("SELECT m.* FROM Things", "Unexpected path component at 1:10:1"),
        ("SELECT ? FROM Things", None),
    ],
)
def test_well_formed_statements_may_still_be_unknown_to_dynamodb(
    shop: Shop, statement: str, message: str | None
) -> None:
    refusal = shop.refusal(statement, *([text("a")] if "?" in statement else []))
    assert message is None or refusal == message


def test_the_shape_is_checked_before_the_table_is_looked_up(shop: Shop) -> None:
    assert shop.error("SELECT * FROM Nowhere").code == "ResourceNotFoundException"
    assert shop.refusal("SELECT * FROM Nowhere WHERE size() = 1").startswith("Incorrect number")


@pytest.mark.parametrize(
    ("statement", "parameters"),
    [("SELECT * FROM Things WHERE pk = ?", []), ("SELECT * FROM Things WHERE pk IN [?, ?]", ["a"])],
)
def test_a_parameter_without_a_value_is_refused(
    shop: Shop, statement: str, parameters: list[str]
) -> None:
    assert shop.refusal(statement, *map(text, parameters)) == (
        "Number of parameters in request and statement don't match."
    )


def test_more_parameters_than_a_statement_uses_are_allowed(shop: Shop) -> None:
    found = shop.items("SELECT * FROM Things WHERE pk = ?", text("one"), number(1))
    assert found == [EVERYTHING]


def test_a_question_mark_in_a_text_is_no_parameter(shop: Shop) -> None:
    shop.run("INSERT INTO Things VALUE {'pk': 'what?', 'a': ?}", number(1))
    assert shop.thing("what?") == {"pk": text("what?"), "a": number(1)}


def test_keywords_are_names_when_they_are_quoted(shop: Shop) -> None:
    shop.run("INSERT INTO Things VALUE {'pk': 'k', 'order': 1, 'a \"b\"': 2}")
    found = shop.items('SELECT "order", "a ""b""" FROM Things WHERE pk = \'k\' AND "order" = 1')
    assert found == [{"order": number(1), 'a "b"': number(2)}]


def test_names_have_upper_and_lower_case(shop: Shop) -> None:
    assert shop.items("SELECT PK, pk FROM Things WHERE N IS MISSING") == [{"pk": text("one")}]
    assert shop.error("SELECT * FROM things").code == "ResourceNotFoundException"


def test_an_apostrophe_is_written_twice(shop: Shop) -> None:
    shop.run("INSERT INTO Things VALUE {'pk': 'it''s'}")
    assert shop.items("SELECT * FROM Things WHERE pk = 'it''s'") == [{"pk": text("it's")}]
