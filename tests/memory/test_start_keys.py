"""The checks of `ExclusiveStartKey` in Query and Scan, and their order with key conditions.

The old wording is what dynalite's tests found on the service. The new one is what dynoxide's author
recorded in us-east-1 in October 2026.
"""

from __future__ import annotations

from typing import Any

import pytest

from adorm.memory import Engine, EngineError

INVALID = "The provided starting key is invalid"
MISMATCH = "The provided key element does not match the schema"
NOT_INDEXABLE = "Attempted conditional constraint is not an indexable operation"
NO_TYPE = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
EMPTY = "One or more parameter values were invalid: An {} set  may not be empty"
TEXT, NUMBER = {"S": "a"}, {"N": "1"}
TABLE: dict[str, Any] = {
    "TableName": "Things",
    "KeySchema": [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ],
    "AttributeDefinitions": [
        {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "color")
    ],
    "LocalSecondaryIndexes": [
        {
            "IndexName": "by_color",
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "color", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "ALL"},
        }
    ],
    "BillingMode": "PAY_PER_REQUEST",
}
EQUAL = {"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [TEXT]}}


@pytest.fixture
def engine() -> Engine:
    made = Engine()
    made.call("CreateTable", TABLE)
    return made


def refusal(engine: Engine, operation: str, **request: Any) -> EngineError:
    with pytest.raises(EngineError) as raised:
        engine.call(operation, {"TableName": "Things", **request})
    return raised.value


def query(engine: Engine, key: Any, **request: Any) -> EngineError:
    return refusal(engine, "Query", KeyConditions=EQUAL, ExclusiveStartKey=key, **request)


@pytest.mark.parametrize(
    ("key", "old"),
    [
        ({"pk": TEXT}, INVALID),
        ({"pk": TEXT, "color": TEXT}, INVALID),
        ({"pk": TEXT, "sk": TEXT, "color": TEXT}, INVALID),
        ({"pk": TEXT, "sk": NUMBER}, MISMATCH),
        ({"pk": NUMBER, "sk": TEXT}, MISMATCH),
    ],
)
def test_a_query_of_a_table_has_a_start_key_of_it(engine: Engine, key: Any, old: str) -> None:
    error = query(engine, key)
    assert (error.text("new"), error.text("old")) == (INVALID, old)


@pytest.mark.parametrize(
    ("key", "old"),
    [
        ({"pk": TEXT, "sk": TEXT}, INVALID),
        ({"pk": TEXT, "sk": TEXT, "other": TEXT}, INVALID),
        ({"pk": TEXT, "sk": TEXT, "color": NUMBER}, MISMATCH),
        ({"pk": TEXT, "sk": NUMBER, "color": TEXT}, f"{INVALID}: {MISMATCH}"),
    ],
)
def test_a_query_of_an_index_has_a_start_key_of_it(engine: Engine, key: Any, old: str) -> None:
    error = query(engine, key, IndexName="by_color")
    assert (error.text("new"), error.text("old")) == (INVALID, old)


@pytest.mark.parametrize(
    ("key", "index", "old"),
    [
        ({"pk": TEXT}, None, f"{INVALID}: {MISMATCH}"),
        ({"pk": TEXT, "sk": NUMBER}, None, f"{INVALID}: {MISMATCH}"),
        ({"pk": TEXT, "sk": TEXT}, "by_color", INVALID),
        ({"pk": TEXT, "sk": TEXT, "color": NUMBER}, "by_color", MISMATCH),
    ],
)
def test_the_old_wording_says_more_about_a_scan_of_a_table(
    engine: Engine, key: Any, index: str | None, old: str
) -> None:
    named = {} if index is None else {"IndexName": index}
    assert refusal(engine, "Scan", ExclusiveStartKey=key, **named).text("old") == old


@pytest.mark.parametrize(
    ("value", "message", "in_query"),
    [
        ({}, f"{INVALID}: {NO_TYPE}", f"{INVALID}: {NO_TYPE}"),
        (
            {"SS": []},
            f"{INVALID}: {EMPTY.format('string')}",
            EMPTY.format("string"),
        ),
        ({"NS": []}, EMPTY.format("number"), None),
        ({"N": "x"}, "The parameter cannot be converted to a numeric value: x", None),
    ],
)
def test_a_bad_value_of_a_start_key_is_reported_before_the_table_is_found(
    engine: Engine, value: Any, message: str, in_query: str | None
) -> None:
    key = {"pk": value}
    scan = refusal(engine, "Scan", TableName="Nothing", ExclusiveStartKey=key, Segment=1)
    assert (scan.text("new"), scan.text("old")) == (message, message)
    error = query(engine, key, TableName="Nothing")
    assert (error.text("new"), error.text("old")) == (in_query or message, message)


@pytest.mark.parametrize(
    "condition",
    [
        {"ComparisonOperator": "NULL"},
        {"ComparisonOperator": "NE", "AttributeValueList": [TEXT]},
        {"ComparisonOperator": "IN", "AttributeValueList": [TEXT]},
        {"ComparisonOperator": "CONTAINS", "AttributeValueList": [TEXT]},
    ],
)
def test_an_operator_that_no_query_has_is_reported_once_the_table_is_known(
    engine: Engine, condition: Any
) -> None:
    def message(conditions: Any, **request: Any) -> str:
        return refusal(engine, "Query", KeyConditions=conditions, **request).message

    assert message({"pk": condition}) == NOT_INDEXABLE
    assert message({**EQUAL, "sk": condition}) == NOT_INDEXABLE
    assert message({"pk": condition}, TableName="Nothing") == "Requested resource not found"
    assert message({"pk": condition}, ExclusiveStartKey={}) == INVALID
    assert message({"color": condition}) == "Query condition missed key schema element: pk"
    assert message({**EQUAL, "color": condition}) == "Query condition missed key schema element: sk"
