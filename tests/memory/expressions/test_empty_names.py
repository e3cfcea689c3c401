"""Empty attribute names in parameters and in values, reported before all other faults."""

from __future__ import annotations

import pytest

from tests.memory.expressions.reading import Json, read, refusal

ENVELOPE = "1 validation error detected: "
EMPTY = "Empty attribute name"
OF_NAMES = f"ExpressionAttributeNames contains invalid value: {EMPTY} for key #n"
OF_VALUES = f"ExpressionAttributeValues contains invalid value: {EMPTY} for key :v"
HOLDS_ONE: Json = {"L": [{"S": ""}, {"M": {"a": {"L": [{"M": {"": {"S": "x"}}}]}}}]}
HOLDS_NONE: Json = {"L": [{"M": {" ": {"S": ""}, "a": {"SS": ["", "b"]}}}]}


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("GetItem", {"AttributesToGet": ["a", "a", ""]}),
        ("Keys", {"AttributesToGet": [""]}),
        ("Query", {"AttributesToGet": [""], "KeyConditionExpression": ""}),
        ("Query", {"QueryFilter": {"a": {"AttributeValueList": [HOLDS_ONE]}}}),
        ("Scan", {"ScanFilter": {"a": {"AttributeValueList": [{"N": "x"}, HOLDS_ONE]}}}),
    ],
)
def test_an_empty_name_is_refused_in_a_read(operation: str, members: Json) -> None:
    assert refusal(operation, members) == EMPTY
    assert refusal(operation, members, "old") == EMPTY


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("UpdateItem", {"AttributeUpdates": {"": {"Action": "none"}}}),
        ("UpdateItem", {"AttributeUpdates": {"a": {"Value": HOLDS_ONE}}}),
        ("PutItem", {"Expected": {"": {"Exists": False}}}),
        ("DeleteItem", {"Expected": {"a": {"Value": HOLDS_ONE, "Exists": False}}}),
        ("DeleteItem", {"Expected": {"a": {"AttributeValueList": [HOLDS_ONE]}}}),
        ("PutItem", {"Expected": {"": {"Exists": False}}, "ConditionExpression": ""}),
    ],
)
def test_an_empty_name_is_refused_in_a_write(operation: str, members: Json) -> None:
    assert refusal(operation, members) == ENVELOPE + EMPTY
    assert refusal(operation, members, "old") == EMPTY


@pytest.mark.parametrize(
    "members", [{}, {"ExpressionAttributeValues": {}}, {"ConditionExpression": "("}]
)
def test_a_placeholder_of_an_empty_name_is_reported(members: Json) -> None:
    made: Json = {"ExpressionAttributeNames": {"#o": "", "no key": "a", "#n": ""}, **members}
    assert refusal("PutItem", made) == ENVELOPE + OF_NAMES
    for operation in ("Put", "Delete", "Update", "Query", "Scan"):
        assert refusal(operation, made) == OF_NAMES
    made.pop("ExpressionAttributeValues", None)
    for operation in ("GetItem", "Get", "Keys"):
        assert refusal(operation, made) == OF_NAMES


def test_a_value_that_holds_an_empty_name_is_named_in_transactions_and_in_the_old_wording() -> None:
    made: Json = {"ExpressionAttributeValues": {"": {"N": "x"}, ":v": HOLDS_ONE}}
    assert refusal("UpdateItem", made) == ENVELOPE + EMPTY
    assert refusal("UpdateItem", made, "old") == OF_VALUES
    assert refusal("Scan", made) == EMPTY
    assert refusal("Update", made) == OF_VALUES


@pytest.mark.parametrize("depth", [10_000])
def test_values_of_any_depth_are_searched(depth: int) -> None:
    value = HOLDS_ONE
    for _ in range(depth):
        value = {"M": {"a": value}}
    assert refusal("Scan", {"ExpressionAttributeValues": {":v": value}}) == EMPTY


def test_filters_and_key_conditions_take_an_empty_name() -> None:
    conditions: Json = {"": {"ComparisonOperator": "NOT_NULL"}}
    assert read("Scan", {"ScanFilter": conditions}).filter is not None
    assert read("Query", {"QueryFilter": conditions}).filter is not None
    conditions = {"": {"ComparisonOperator": "EQ", "AttributeValueList": [HOLDS_NONE]}}
    assert read("Query", {"KeyConditions": conditions}).key_condition is not None
