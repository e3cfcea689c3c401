"""BatchExecuteStatement."""

from __future__ import annotations

from typing import Any

import pytest

from adorm.memory.errors import EngineError
from tests.memory.partiql.shop import EVERYTHING, Shop, Statement, number, order, text

THING = "SELECT n FROM Things WHERE pk = 'one'"
NOT_BY_KEY = (
    "Select statements within BatchExecuteStatement must specify the primary key in the where"
    " clause."
)


def _refusal(shop: Shop, *statements: Statement) -> str:
    with pytest.raises(EngineError) as caught:
        shop.batch(*statements)
    assert caught.value.code == "ValidationException"
    return caught.value.message


def test_each_select_returns_its_item(shop: Shop) -> None:
    assert shop.batch(
        THING,
        ("SELECT * FROM Orders WHERE pk = ? AND sk = ?", [text("a"), number(2)]),
        "SELECT * FROM Orders WHERE pk IN ['b'] AND sk = 1",
        "SELECT * FROM Things WHERE pk = 'nobody'",
        "SELECT nope FROM Orders WHERE pk = 'b' AND sk = 2",
    ) == [
        {"TableName": "Things", "Item": {"n": number(5)}},
        {"TableName": "Orders", "Item": order("a", 2)},
        {"TableName": "Orders", "Item": order("b", 1)},
        {"TableName": "Things"},
        {"TableName": "Orders", "Item": {}},
    ]


def test_each_write_is_independent(shop: Shop) -> None:
    answers = shop.batch(
        "INSERT INTO Things VALUE {'pk': 'two'}",
        "UPDATE Things SET n = 6 WHERE pk = 'one' RETURNING MODIFIED NEW *",
        "UPDATE Things SET n = 6 WHERE pk = 'nobody'",
        "DELETE FROM Orders WHERE pk = 'a' AND sk = 1",
        "INSERT INTO Orders VALUE {'pk': 'a', 'sk': 2}",
    )
    assert answers == [
        {"TableName": "Things"},
        {"TableName": "Things", "Item": {"n": number(6)}},
        {
            "TableName": "Things",
            "Error": {
                "Code": "ConditionalCheckFailed",
                "Message": "The conditional request failed",
            },
        },
        {"TableName": "Orders"},
        {
            "TableName": "Orders",
            "Error": {
                "Code": "DuplicateItem",
                "Message": "Duplicate primary key exists in table",
            },
        },
    ]
    assert shop.thing("two") is not None
    assert shop.notes("SELECT * FROM Orders WHERE pk = 'a'") == ["a2", "a3", "a4"]


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("no statement", None),
        ("SELECT * FROM Things", NOT_BY_KEY),
        ("SELECT * FROM Things WHERE n = 5", NOT_BY_KEY),
        ("SELECT * FROM Things WHERE pk = 'x' AND n = 5", NOT_BY_KEY),
        ("SELECT * FROM Things WHERE pk IN ['x', 'y']", NOT_BY_KEY),
        ("SELECT * FROM Orders WHERE pk = 'a'", NOT_BY_KEY),
        ("SELECT * FROM Orders WHERE pk = 'a' AND sk > 1", NOT_BY_KEY),
        ("SELECT * FROM Orders.\"by-status\" WHERE status = 'open' AND total = 99", NOT_BY_KEY),
        (
            "SELECT * FROM Things WHERE pk = 5",
            "Key attribute's data type should match its data type in table's schema: Key pk",
        ),
        (
            "SELECT * FROM Things WHERE pk = 'x' OR pk = 'x'",
            "Overlapping conditions with range keys are not supported in where clause",
        ),
        (
            "EXISTS(SELECT * FROM Things WHERE pk = 'one' AND n = 5)",
            "EXISTS can only be used in ExecuteTransaction write requests.",
        ),
        (
            "SELECT * FROM Things WHERE pk = ?",
            "Number of parameters in request and statement don't match.",
        ),
    ],
)
def test_a_statement_that_is_refused_leaves_the_others_alone(
    shop: Shop, statement: str, message: str | None
) -> None:
    refused, fine = shop.batch(statement, THING)
    assert fine == {"TableName": "Things", "Item": {"n": number(5)}}
    assert refused.keys() == {"Error"}
    assert refused["Error"]["Code"] == "ValidationError"
    assert message is None or refused["Error"]["Message"] == message


def test_a_missing_table_is_named(shop: Shop) -> None:
    assert shop.batch("SELECT * FROM Nowhere WHERE pk = 'a'", THING)[0] == {
        "TableName": "Nowhere",
        "Error": {"Code": "ResourceNotFound", "Message": "Requested resource not found"},
    }


def test_reads_and_writes_do_not_go_together(shop: Shop) -> None:
    mixed = "Read and write requests together in the same batch is not supported."
    delete = "DELETE FROM Things WHERE pk = 'one'"
    assert _refusal(shop, THING, delete) == mixed
    assert _refusal(shop, "no statement", delete, THING) == mixed
    assert shop.thing() == EVERYTHING


def test_an_item_is_named_once(shop: Shop) -> None:
    twice = "Provided list of item keys contains duplicates"
    assert _refusal(shop, THING, "SELECT s FROM Things WHERE pk = 'one'") == twice
    update = "UPDATE Things SET n = 6 WHERE pk = 'two'"
    assert _refusal(shop, "INSERT INTO Things VALUE {'pk': 'two'}", update) == twice
    assert shop.thing("two") is None


def test_the_item_of_a_failed_condition_is_returned_if_asked_for(shop: Shop) -> None:
    answer = shop.call(
        "BatchExecuteStatement",
        Statements=[
            {
                "Statement": "DELETE FROM Things WHERE pk = 'one' AND n = 6",
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        ],
    )
    assert answer["Responses"][0]["Error"] == {
        "Code": "ConditionalCheckFailed",
        "Message": "The conditional request failed",
        "Item": EVERYTHING,
    }


def test_reads_may_be_consistent_each_for_itself(shop: Shop) -> None:
    answer = shop.call(
        "BatchExecuteStatement",
        Statements=[
            {"Statement": "SELECT * FROM Orders WHERE pk = 'a' AND sk = 1", "ConsistentRead": True},
            {"Statement": "SELECT * FROM Orders WHERE pk = 'a' AND sk = 2"},
            {"Statement": THING},
        ],
        ReturnConsumedCapacity="TOTAL",
    )
    assert answer["ConsumedCapacity"] == [
        {"TableName": "Orders", "CapacityUnits": 1.5},
        {"TableName": "Things", "CapacityUnits": 0.5},
    ]


def _capacity(shop: Shop, *statements: str) -> Any:
    asked = [{"Statement": each} for each in statements]
    answer = shop.call("BatchExecuteStatement", Statements=asked, ReturnConsumedCapacity="INDEXES")
    return answer.get("ConsumedCapacity")


def test_a_failed_write_is_charged_only_beside_one_that_was_done(shop: Shop) -> None:
    large = "x" * 2500
    shop.run("INSERT INTO Things VALUE {'pk': 'large', 'a': ?}", text(large))
    failed = [
        "INSERT INTO Things VALUE {'pk': 'one'}",
        "INSERT INTO Things VALUE {'pk': 'large'}",
        "UPDATE Things SET n = 1 WHERE pk = 'nobody'",
    ]
    assert _capacity(shop, *failed) is None
    assert _capacity(shop, *failed, "INSERT INTO Things VALUE {'pk': 'two'}") == [
        {"TableName": "Things", "CapacityUnits": 6.0, "Table": {"CapacityUnits": 1.0}}
    ]
    assert _capacity(shop, *failed, "DELETE FROM Orders WHERE pk = 'z' AND sk = 1") == [
        {"TableName": "Orders", "CapacityUnits": 1.0, "Table": {"CapacityUnits": 1.0}}
    ]


@pytest.mark.parametrize("count", [0, 26])
def test_a_batch_has_1_to_25_statements(shop: Shop, count: int) -> None:
    statements = [f"SELECT * FROM Things WHERE pk = 'k{at}'" for at in range(count)]
    assert _refusal(shop, *statements).startswith("1 validation error detected")
    if count:
        assert shop.batch(*statements[:25]) == [{"TableName": "Things"}] * 25
