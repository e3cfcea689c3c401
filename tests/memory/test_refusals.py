"""Refusals that depend on the operation and on the whole request."""

from __future__ import annotations

from typing import Any

import pytest

from adorm.memory import Engine, EngineError

ENVELOPE = "1 validation error detected: "
INVALID = "One or more parameter values were invalid: "
KEY = {"pk": {"S": "a"}}
NO_NUMBER = "The parameter cannot be converted to a numeric value: x"
TABLE: dict[str, Any] = {
    "TableName": "Things",
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "color", "AttributeType": "S"},
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "by_color",
            "KeySchema": [{"AttributeName": "color", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        }
    ],
    "BillingMode": "PAY_PER_REQUEST",
}


@pytest.fixture
def engine() -> Engine:
    made = Engine()
    made.call("CreateTable", TABLE)
    return made


def refusal(engine: Engine, operation: str, **request: Any) -> str:
    with pytest.raises(EngineError) as raised:
        engine.call(operation, {"TableName": "Things", **request})
    return raised.value.message


def put(engine: Engine, value: Any, **others: Any) -> str:
    return refusal(engine, "PutItem", Item={**KEY, "a": value}, **others)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"N": "x"}, NO_NUMBER),
        ({"N": ""}, "The parameter cannot be converted to a numeric value: "),
        (
            {"SS": ["b", "a", "b", "C"]},
            INVALID + 'Input collection ["a", "b", "b", "C"] contains duplicates.',
        ),
        (
            {"NS": ["1", "1.0"]},
            INVALID + "Input collection contains duplicates.",
        ),
        (
            {"NULL": False},
            INVALID + "Null attribute value types must have the value of true",
        ),
    ],
)
def test_a_bad_value_is_refused_in_the_envelope(engine: Engine, value: Any, message: str) -> None:
    assert put(engine, value) == ENVELOPE + message


def test_a_read_has_no_envelope(engine: Engine) -> None:
    assert refusal(engine, "GetItem", Key={"pk": {"N": "x"}}) == NO_NUMBER


def test_a_batch_reports_a_bad_value_in_the_earlier_words(engine: Engine) -> None:
    put = {"PutRequest": {"Item": {**KEY, "a": {"SS": ["a", "a"]}}}}
    with pytest.raises(EngineError) as raised:
        engine.call("BatchWriteItem", {"RequestItems": {"Things": [put]}})
    assert raised.value.message == INVALID + "Input collection [a, a] contains duplicates."


@pytest.mark.parametrize("other", [{"S": "x", "N": "1"}, {"BOOL": "true"}])
def test_a_value_of_two_types_and_a_boolean_as_text_get_the_earlier_words(
    engine: Engine, other: Any
) -> None:
    message = refusal(engine, "PutItem", Item={**KEY, "a": {"N": ""}, "b": other})
    assert message == "The parameter cannot be converted to a numeric value"


def test_an_unreadable_value_is_reported_before_anything_else(engine: Engine) -> None:
    values = {":v": {"N": "x"}}
    assert put(engine, {"S": "x"}, ExpressionAttributeValues=values) == ENVELOPE + NO_NUMBER
    mixed = {
        "Key": KEY,
        "UpdateExpression": "SET a = :v",
        "AttributeUpdates": {"a": {"Value": {"N": "x"}}},
    }
    assert refusal(engine, "UpdateItem", **mixed) == ENVELOPE + NO_NUMBER


def test_a_result_out_of_range_has_no_envelope(engine: Engine) -> None:
    message = refusal(
        engine,
        "UpdateItem",
        Key=KEY,
        UpdateExpression="SET a = :a + :b",
        ExpressionAttributeValues={":a": {"N": "1e125"}, ":b": {"N": "9e125"}},
    )
    assert message.startswith("Number overflow.")


def test_nesting_far_too_deep_is_refused_without_the_envelope(engine: Engine) -> None:
    deep: Any = {"S": "x"}
    for levels in range(1, 64):
        deep = {"L": [deep]}
        if levels == 62:
            assert put(engine, deep).startswith(ENVELOPE + "Nesting Levels")
    assert put(engine, deep).startswith("Nesting Levels")


def test_members_of_other_operations_are_ignored(engine: Engine) -> None:
    engine.call("PutItem", {"TableName": "Things", "Item": KEY})
    answer = engine.call(
        "GetItem",
        {
            "TableName": "Things",
            "Key": KEY,
            "ProjectionExpression": "pk",
            "ExpressionAttributeValues": {":v": {"M": [1]}},
        },
    )
    assert answer == {"Item": KEY}


def test_removing_a_missing_attribute_makes_no_item_but_needs_a_path(engine: Engine) -> None:
    engine.call("UpdateItem", {"TableName": "Things", "Key": KEY, "UpdateExpression": "REMOVE a"})
    assert engine.call("GetItem", {"TableName": "Things", "Key": KEY}) == {}
    assert refusal(engine, "UpdateItem", Key=KEY, UpdateExpression="REMOVE a.b") == (
        "The document path provided in the update expression is invalid for update"
    )


def test_an_update_that_is_itself_too_large_is_refused_before_its_condition(engine: Engine) -> None:
    message = refusal(
        engine,
        "UpdateItem",
        Key=KEY,
        UpdateExpression="SET a = :v, b = :v",
        ConditionExpression="attribute_exists(pk)",
        ExpressionAttributeValues={":v": {"S": "x" * 250_000}},
    )
    assert message == "Item size to update has exceeded the maximum allowed size"


def test_an_index_key_that_an_update_empties_is_refused(engine: Engine) -> None:
    message = refusal(
        engine,
        "UpdateItem",
        Key=KEY,
        UpdateExpression="SET color = :v",
        ExpressionAttributeValues={":v": {"S": ""}},
    )
    assert message == (
        "One or more parameter values are not valid. The update expression attempted to update a"
        " secondary index key to a value that is not supported. The AttributeValue for a key"
        " attribute cannot contain an empty string value."
    )


def test_an_unknown_select_is_reported_before_expressions(engine: Engine) -> None:
    message = refusal(engine, "Query", Select="X", KeyConditionExpression="((pk")
    assert message.startswith(f"{ENVELOPE}Value 'X' at 'select'")
    message = refusal(engine, "Query", Select="SPECIFIC_ATTRIBUTES", KeyConditionExpression="((pk")
    assert message.startswith(f"{ENVELOPE}Must specify the AttributesToGet")


def test_a_failed_condition_uses_units() -> None:
    engine = Engine(throttle_above=(100.0, 1.0), now=lambda: 0.0)
    engine.call("CreateTable", TABLE)
    request = {"TableName": "Things", "Item": KEY, "ConditionExpression": "attribute_exists(pk)"}
    for code in ("ConditionalCheckFailedException", "ProvisionedThroughputExceededException"):
        with pytest.raises(EngineError) as raised:
            engine.call("PutItem", request)
        assert raised.value.code == code
