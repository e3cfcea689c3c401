"""ExecuteTransaction."""

from __future__ import annotations

from typing import Any

import pytest

from adorm.memory.errors import EngineError
from tests.memory.partiql.shop import EVERYTHING, Shop, Statement, number, order, text

THING = "SELECT n FROM Things WHERE pk = 'one'"
SCHEMA = "The provided key element does not match the schema"
NONE = {"Code": "None"}
FAILED = {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
MISFIT = {"Code": "ValidationError", "Message": SCHEMA}


def _refusal(shop: Shop, *statements: Statement) -> str:
    error = shop.refused_transaction(*statements)
    assert error.code == "ValidationException"
    return error.message


def test_reads_answer_one_item_each(shop: Shop) -> None:
    answer = shop.transaction(
        THING,
        ("SELECT * FROM Orders WHERE pk = ? AND sk = ?", [text("a"), number(2)]),
        "SELECT * FROM Things WHERE pk = 'nobody'",
    )
    assert answer == {"Responses": [{"Item": {"n": number(5)}}, {"Item": order("a", 2)}, {}]}


def test_writes_are_all_done_and_answer_nothing(shop: Shop) -> None:
    answer = shop.transaction(
        "INSERT INTO Things VALUE {'pk': 'two'}",
        ("UPDATE Things SET n = n + ? WHERE pk = 'one' AND n = 5", [number(1)]),
        "DELETE FROM Orders WHERE pk = 'a' AND sk = 1",
        "EXISTS(SELECT * FROM Orders WHERE pk = 'a' AND sk = 2 AND total = 98)",
    )
    assert answer == {"Responses": []}
    assert shop.thing("two") == {"pk": text("two")}
    assert shop.items(THING) == [{"n": number(6)}]
    assert shop.notes("SELECT * FROM Orders WHERE pk = 'a'") == ["a2", "a3", "a4"]


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE Things SET n = 1 WHERE pk = 'nobody'", FAILED),
        ("UPDATE Things SET n = 1 WHERE pk = 'one' AND n = 6", FAILED),
        ("DELETE FROM Things WHERE pk = 'one' AND n = 6", FAILED),
        ("EXISTS(SELECT * FROM Things WHERE pk = 'one' AND n = 6)", FAILED),
        ("EXISTS(SELECT * FROM Things WHERE pk = 'nobody' AND n IS MISSING)", FAILED),
        (
            "INSERT INTO Things VALUE {'pk': 'one'}",
            {"Code": "DuplicateItem", "Message": "Duplicate primary key exists in table"},
        ),
        (
            "UPDATE Things SET a.b = 1 WHERE pk = 'one'",
            {
                "Code": "ValidationError",
                "Message": "The document path provided in the update expression is invalid for"
                " update",
            },
        ),
    ],
)
def test_if_one_write_fails_none_is_done(
    shop: Shop, statement: str, reason: dict[str, Any]
) -> None:
    fine = "INSERT INTO Things VALUE {'pk': 'two'}"
    assert shop.reasons(fine, statement) == [NONE, reason]
    assert shop.thing("two") is None
    assert shop.thing() == EVERYTHING


def test_every_write_that_fails_gets_its_reason(shop: Shop) -> None:
    assert shop.reasons(
        "UPDATE Things SET n = 1 WHERE pk = 'nobody'",
        "INSERT INTO Things VALUE {'pk': 'two'}",
        "DELETE FROM Things WHERE pk = 'one' AND n = 6",
    ) == [FAILED, NONE, FAILED]


def test_the_item_of_a_failed_condition_is_returned_if_asked_for(shop: Shop) -> None:
    asked = {
        "Statement": "DELETE FROM Things WHERE pk = 'one' AND n = 6",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    with pytest.raises(EngineError) as caught:
        shop.call("ExecuteTransaction", TransactStatements=[asked])
    assert caught.value.fields["CancellationReasons"] == [{**FAILED, "Item": EVERYTHING}]


def test_a_delete_that_meets_no_item_counts_as_failed_only_beside_another_failure(
    shop: Shop,
) -> None:
    missed = "DELETE FROM Things WHERE pk = 'nobody' AND n = 5"
    shop.transaction(missed, "DELETE FROM Things WHERE pk = 'no one'")
    assert shop.reasons(
        missed, "DELETE FROM Things WHERE pk = 'no one'", "INSERT INTO Things VALUE {'pk': 'one'}"
    ) == [
        FAILED,
        NONE,
        {"Code": "DuplicateItem", "Message": "Duplicate primary key exists in table"},
    ]


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE Things SET n = 1 WHERE pk = 5", MISFIT),
        ("UPDATE Things SET n = 1 WHERE n = 5", MISFIT),
        ("DELETE FROM Orders WHERE pk = 'a'", MISFIT),
        ("DELETE FROM Things WHERE pk = 'a' AND pk = 'b'", MISFIT),
        ("EXISTS(SELECT * FROM Things WHERE pk = 5 AND n = 5)", MISFIT),
        (
            "INSERT INTO Things VALUE {'pk': 5}",
            {
                "Code": "ValidationError",
                "Message": "One or more parameter values were invalid:"
                " Type mismatch for key pk expected: S actual: N",
            },
        ),
        (
            "DELETE FROM Nowhere WHERE pk = 'a'",
            {"Code": "ResourceNotFound", "Message": "Requested resource not found"},
        ),
    ],
)
def test_a_write_that_names_no_item_cancels_before_anything_is_checked(
    shop: Shop, statement: str, reason: dict[str, Any]
) -> None:
    assert shop.reasons("INSERT INTO Things VALUE {'pk': 'one'}", statement) == [NONE, reason]


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("SELECT * FROM Things WHERE pk = 5", MISFIT),
        ("SELECT * FROM Things WHERE pk = true", MISFIT),
        (
            "SELECT * FROM Nowhere WHERE pk = 'a'",
            {"Code": "ResourceNotFound", "Message": "Requested resource not found"},
        ),
    ],
)
def test_a_read_that_names_no_item_cancels(
    shop: Shop, statement: str, reason: dict[str, Any]
) -> None:
    assert shop.reasons(THING, statement) == [NONE, reason]


NOT_BY_KEY = (
    "Select statements within ExecuteTransaction must specify the primary key in the where clause."
)
NO_EXTRA = "EXISTS() must contain a single item read with additional condition"


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("thing", "Unsupported operation: Id"),
        (
            "UPDATE Things SET a = 1 b WHERE pk = 'one'",
            "Statement wasn't well formed, can't be processed: Unexpected token after expression",
        ),
        (
            "DELETE FROM Things WHERE pk = ?",
            "Number of parameters in request and statement don't match.",
        ),
        (
            "DELETE FROM Things WHERE pk = true",
            "Key value must be of type S, N, or B. Key name: pk, Key type: BOOL",
        ),
        (
            "DELETE FROM Things WHERE pk = 'two' RETURNING ALL OLD *",
            "RETURNING clause is not supported in ExecuteTransaction.",
        ),
        ("EXISTS(SELECT * FROM Things WHERE pk = 'two')", NO_EXTRA),
        ("EXISTS(SELECT * FROM Things WHERE n = 5)", NO_EXTRA),
        ("EXISTS(SELECT * FROM Orders WHERE pk = 'a' AND n = 5)", NO_EXTRA),
        ("EXISTS(SELECT * FROM Things)", NO_EXTRA),
        (
            "EXISTS(SELECT * FROM Orders.\"by-status\" WHERE status = 'a' AND n = 5)",
            "Reads on indices are not supported within transactions.",
        ),
    ],
)
def test_an_invalid_write_refuses_the_transaction(shop: Shop, statement: str, message: str) -> None:
    fine = "INSERT INTO Things VALUE {'pk': 'two'}"
    assert _refusal(shop, fine, statement) == (
        f"Validation failed in TransactStatements[1]: {message}"
    )


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("SELECT * FROM Things", NOT_BY_KEY),
        ("SELECT * FROM Orders WHERE pk = 'a'", NOT_BY_KEY),
        ("SELECT * FROM Things WHERE pk = 'a' AND n = 5", NOT_BY_KEY),
        (
            "SELECT * FROM Things WHERE pk = 'a' OR pk = 'a'",
            "Overlapping conditions with range keys are not supported in where clause",
        ),
        (
            "SELECT * FROM Orders.\"by-status\" WHERE status = 'a' AND total = 5",
            "Reads on indices are not supported within transactions.",
        ),
    ],
)
def test_an_invalid_read_refuses_the_transaction(shop: Shop, statement: str, message: str) -> None:
    assert _refusal(shop, statement, THING) == (
        f"Validation failed in TransactStatements[0]: {message}"
    )


def test_reads_and_writes_do_not_go_together(shop: Shop) -> None:
    mixed = (
        "ExecuteTransaction API does not support both read and write operations in the same"
        " request."
    )
    exists = "EXISTS(SELECT * FROM Things WHERE pk = 'two' AND n = 5)"
    assert _refusal(shop, THING, "DELETE FROM Things WHERE pk = 'two'") == mixed
    assert _refusal(shop, exists, THING) == mixed


def test_an_item_is_named_once(shop: Shop) -> None:
    twice = "Transaction request cannot include multiple operations on one item"
    assert _refusal(shop, THING, "SELECT * FROM Things WHERE pk = 'one'") == twice
    update = "UPDATE Things SET n = 6 WHERE pk = 'one'"
    exists = "EXISTS(SELECT * FROM Things WHERE pk = 'one' AND n = 5)"
    assert _refusal(shop, exists, update) == twice


def test_reads_and_writes_are_charged_twice(shop: Shop) -> None:
    answer = shop.transaction(
        THING, "SELECT * FROM Orders WHERE pk = 'z' AND sk = 1", ReturnConsumedCapacity="TOTAL"
    )
    assert answer["ConsumedCapacity"] == [
        {"TableName": name, "CapacityUnits": 2.0, "ReadCapacityUnits": 2.0}
        for name in ("Orders", "Things")
    ]
    answer = shop.transaction(
        "INSERT INTO Things VALUE {'pk': 'two'}",
        "EXISTS(SELECT * FROM Things WHERE pk = 'one' AND n = 5)",
        ReturnConsumedCapacity="TOTAL",
    )
    assert answer["ConsumedCapacity"] == [
        {"TableName": "Things", "CapacityUnits": 4.0, "WriteCapacityUnits": 4.0}
    ]


def test_a_transaction_with_the_same_token_is_done_once(shop: Shop) -> None:
    statement = "UPDATE Things SET n = n + 1 WHERE pk = 'one'"
    for _ in range(3):
        assert shop.transaction(statement, ClientRequestToken="t") == {"Responses": []}
    assert shop.items(THING) == [{"n": number(6)}]
    answer = shop.transaction(statement, ClientRequestToken="t", ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"] == [
        {"TableName": "Things", "CapacityUnits": 2.0, "ReadCapacityUnits": 2.0}
    ]
    shop.transaction(statement, ClientRequestToken="u")
    assert shop.items(THING) == [{"n": number(7)}]


def test_a_token_belongs_to_its_statements(shop: Shop) -> None:
    shop.transaction(THING, ClientRequestToken="t")
    assert shop.transaction(THING, ClientRequestToken="t")["Responses"][0]["Item"]
    with pytest.raises(EngineError) as caught:
        shop.transaction("SELECT s FROM Things WHERE pk = 'one'", ClientRequestToken="t")
    assert caught.value.code == "IdempotentParameterMismatchException"


@pytest.mark.parametrize("count", [0, 101])
def test_a_transaction_has_1_to_100_statements(shop: Shop, count: int) -> None:
    statements = [f"SELECT * FROM Things WHERE pk = 'k{at}'" for at in range(count)]
    assert _refusal(shop, *statements).startswith("1 validation error detected")
    if count:
        assert shop.transaction(*statements[:100]) == {"Responses": [{}] * 100}
