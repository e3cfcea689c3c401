"""Broken constraints of items, queries and scans, in both wordings of the service."""

from __future__ import annotations

from typing import Any

import pytest

from adorm.memory.errors import EngineError
from adorm.memory.shapes.query_wording import check_select_value
from tests.memory.shape_messages import (
    CAPACITY,
    EMPTY,
    EMPTY_OLD,
    KEY,
    METRICS,
    NO_NAME,
    SELECT,
    at_least,
    at_most,
    bad,
    fault,
    fault_without_value,
    message,
    missing,
    number,
    on_failure,
    pattern,
    reported,
    short,
)

LONG = "a" * 256
VALUES = (
    "Failed to satisfy constraint: Member must satisfy enum value set: "
    "[ALL_OLD, UPDATED_OLD, ALL_NEW, UPDATE_NEW, NONE]"
)
VALUES_OLD = bad("returnValues", "ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW")
OPERATOR = bad("conditionalOperator", "OR, AND")
NO_KEY = missing("key")
ONLY_OLD = "ReturnValues can only be ALL_OLD or NONE"

BAD_ENUMS = {
    "ReturnConsumedCapacity": "BAD",
    "ReturnItemCollectionMetrics": "BAD",
    "ReturnValues": "BAD",
    "ReturnValuesOnConditionCheckFailure": "BAD",
}


def put(**members: Any) -> tuple[str, dict[str, Any]]:
    return "PutItem", {"TableName": "abc", "Item": KEY, **members}


def delete(**members: Any) -> tuple[str, dict[str, Any]]:
    return "DeleteItem", {"TableName": "abc", "Key": KEY, **members}


def update(**members: Any) -> tuple[str, dict[str, Any]]:
    return "UpdateItem", {"TableName": "abc", "Key": KEY, **members}


def get(**members: Any) -> tuple[str, dict[str, Any]]:
    return "GetItem", {"TableName": "abc", "Key": KEY, **members}


METRICS_OF_PUT = "ReturnItemCollectionMetrics can only be SIZE or NONE"

NEW: list[tuple[tuple[str, dict[str, Any]], str | None]] = [
    (put(TableName="", ReturnValues="BAD"), reported(EMPTY)),
    (put(TableName="a!"), reported(short("a!"))),
    (put(TableName="ab", ReturnConsumedCapacity="BAD"), reported(short("ab"), CAPACITY)),
    (put(TableName="a b c"), reported(pattern("a b c"))),
    (put(TableName=LONG), reported(at_most(LONG, "tableName", 255))),
    (put(TableName=None), reported(NO_NAME)),
    (put(**BAD_ENUMS), reported(CAPACITY, VALUES, METRICS_OF_PUT, on_failure())),
    (put(ConditionalOperator="BAD"), None),
    (put(Expected={"a": {"ComparisonOperator": "BAD"}}), None),
    (("PutItem", {"TableName": "abc"}), reported(missing("item"))),
    (delete(**BAD_ENUMS), reported(CAPACITY, VALUES, METRICS, on_failure())),
    (delete(ReturnValues="ALL_NEW"), reported(ONLY_OLD)),
    (delete(ReturnValues="UPDATED_OLD", TableName="ab"), reported(short("ab"), ONLY_OLD)),
    (delete(ReturnValues="ALL_NEW", Key=None), reported(NO_KEY)),
    (delete(ReturnValues="ALL_OLD"), None),
    (get(TableName="", ReturnConsumedCapacity="BAD"), reported(EMPTY)),
    (get(TableName="ab", ReturnConsumedCapacity="BAD"), reported(short("ab"), CAPACITY)),
    (get(AttributesToGet=[]), reported(at_least("[]", "attributesToGet", 1))),
    (
        get(AttributesToGet=["a", None]),
        reported(
            fault(
                "[a, null]",
                "attributesToGet",
                "Member must satisfy constraint: [Member must not be null]",
            )
        ),
    ),
    (update(**BAD_ENUMS), reported(VALUES)),
    (update(ReturnValuesOnConditionCheckFailure="BAD", ReturnConsumedCapacity="BAD"), on_failure()),
    (update(ReturnItemCollectionMetrics="BAD", ReturnConsumedCapacity="BAD"), reported(METRICS)),
    (update(ReturnConsumedCapacity="BAD"), CAPACITY),
    (update(TableName="a!", ReturnConsumedCapacity="BAD"), reported(pattern("a!"), short("a!"))),
    (update(TableName=""), reported(EMPTY)),
    (update(TableName=None, ReturnValues="BAD"), reported(NO_NAME, VALUES_OLD)),
    (("UpdateItem", {"ReturnConsumedCapacity": "BAD"}), reported(CAPACITY, NO_NAME, NO_KEY)),
    (
        update(Key=None, TableName="ab", **BAD_ENUMS),
        reported(CAPACITY, VALUES_OLD, on_failure(), METRICS, NO_KEY),
    ),
    (update(AttributeUpdates={"a": {"Action": "BAD"}}), None),
]


@pytest.mark.parametrize(("call", "expected"), NEW)
def test_items_in_the_new_wording(call: tuple[str, dict[str, Any]], expected: str | None) -> None:
    assert message(*call) == expected


OLD: list[tuple[tuple[str, dict[str, Any]], str | None]] = [
    (put(TableName=""), reported(EMPTY_OLD)),
    (put(**BAD_ENUMS), reported(VALUES_OLD, on_failure(), CAPACITY, METRICS)),
    (put(ConditionalOperator="BAD"), reported(OPERATOR)),
    (
        put(Expected={"a": {"ComparisonOperator": "BAD"}}),
        reported(
            bad(
                "expected.a.member.comparisonOperator",
                "IN, NULL, BETWEEN, LT, NOT_CONTAINS, EQ, GT, "
                "NOT_NULL, NE, LE, BEGINS_WITH, GE, CONTAINS",
            )
        ),
    ),
    (delete(ReturnValues="ALL_NEW"), ONLY_OLD),
    (update(**BAD_ENUMS), reported(CAPACITY, VALUES_OLD, on_failure(), METRICS)),
    (get(TableName="a!"), reported(short("a!"), pattern("a!"))),
]


@pytest.mark.parametrize(("call", "expected"), OLD)
def test_items_in_the_old_wording(call: tuple[str, dict[str, Any]], expected: str | None) -> None:
    assert message(*call, "old") == expected


LIMIT = fault_without_value("Limit", "value greater than or equal to 1")
NO_OPERATOR = missing("scanFilter.a.member.comparisonOperator")
SCAN_FILTER: dict[str, Any] = {"ScanFilter": {"a": {"AttributeValueList": [{"S": "x"}]}}}
ALL_BAD: dict[str, Any] = {
    "Select": "BAD",
    "ReturnConsumedCapacity": "BAD",
    "ConditionalOperator": "BAD",
    "Segment": -1,
    "TotalSegments": 0,
    "Limit": 0,
}
ALL_OLD = (
    SELECT,
    number(0, "totalSegments", "greater than or equal to 1"),
    CAPACITY,
    NO_NAME,
    OPERATOR,
    number(-1, "segment", "greater than or equal to 0"),
    number(0, "limit", "greater than or equal to 1"),
)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"Limit": 0, "Select": "BAD", "ReturnConsumedCapacity": "BAD"}, reported(LIMIT)),
        (
            {"Limit": 0, "Segment": -1, "TotalSegments": 1_000_001},
            reported(
                LIMIT,
                fault_without_value("Segment", "value greater than or equal to 0"),
                fault_without_value("TotalSegments", "value less than or equal to 1000000"),
            ),
        ),
        (
            {"TableName": "", "Segment": 10**6},
            reported(fault_without_value("Segment", "value less than or equal to 999999"), EMPTY),
        ),
        ({"TableName": "ab", "ReturnConsumedCapacity": "BAD"}, reported(short("ab"), CAPACITY)),
        ({"TableName": "ab", "Select": "BAD"}, reported(short("ab"))),
        ({"Select": "BAD"}, None),
        ({"ConditionalOperator": "BAD"}, None),
        ({"TableName": None, **ALL_BAD}, reported(*ALL_OLD)),
        (SCAN_FILTER, reported(NO_OPERATOR)),
        ({**SCAN_FILTER, "TableName": "ab"}, reported(NO_OPERATOR)),
        ({**SCAN_FILTER, "TableName": ""}, reported(EMPTY_OLD, NO_OPERATOR)),
        (
            {**SCAN_FILTER, **ALL_BAD},
            reported(*ALL_OLD[:3], OPERATOR, NO_OPERATOR, *ALL_OLD[5:]),
        ),
        ({"Limit": 0.5}, reported(ALL_OLD[-1])),
        ({"Limit": 2**40, "Select": "BAD"}, reported(SELECT)),
        (
            {"Segment": 2**40, "TotalSegments": 5},
            reported(number(2**31 - 1, "segment", "less than or equal to 999999")),
        ),
        ({"Limit": 1.5}, None),
        (
            {"IndexName": "ab"},
            reported(fault_without_value("IndexName", "length greater than or equal to 3")),
        ),
        (
            {"AttributesToGet": []},
            reported(fault_without_value("AttributesToGet", "length greater than or equal to 1")),
        ),
    ],
)
def test_scans_are_checked_in_stages(members: dict[str, Any], expected: str | None) -> None:
    assert message("Scan", {"TableName": "abc", **members}) == expected


def test_queries_are_checked_in_stages() -> None:
    conditions = {"KeyConditions": {"a": {"AttributeValueList": [{"S": "x"}]}}}
    no_operator = missing("keyConditions.a.member.comparisonOperator")
    query = {"TableName": "abc"}
    assert message("Query", {**query, "Limit": 0}) == reported(LIMIT)
    assert message("Query", {**query, "TableName": "", "Limit": -1}) == reported(LIMIT, EMPTY)
    assert message("Query", {**query, **conditions}) == reported(no_operator)
    assert message("Query", {"Limit": 0, "Select": "BAD"}) == reported(SELECT, NO_NAME, ALL_OLD[-1])
    assert message("Query", {**query, "Limit": 0, "Select": "BAD"}, "old") == reported(LIMIT)


def test_an_unknown_select_is_reported_after_the_expressions() -> None:
    check_select_value("COUNT")
    with pytest.raises(EngineError) as raised:
        check_select_value("BAD")
    assert raised.value.message == reported(SELECT)
