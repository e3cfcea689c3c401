"""Batches and transactions: the order of their checks, and the members of their parts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.memory.table_setup import Tables, create_request, defined, index

KEY = {"pk": {"S": "1"}}
SCHEMA_MISMATCH = ("ValidationException", "The provided key element does not match the schema")
MISSING_TABLE = ("ResourceNotFoundException", "Requested resource not found")
SAME_ITEM = (
    "ValidationException",
    "Transaction request cannot include multiple operations on one item",
)
SAME_KEY = ("ValidationException", "Provided list of item keys contains duplicates")


@pytest.fixture
def tables() -> Tables:
    made = Tables()
    made.create(AttributeDefinitions=defined(pk="S", status="S"), GlobalSecondaryIndexes=[index()])
    return made


def get(key: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"Get": {"TableName": "orders", "Key": key, **members}}


def put(item: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"Put": {"TableName": "orders", "Item": item, **members}}


def test_a_transaction_leaves_out_an_item_that_has_nothing_of_the_projection(
    tables: Tables,
) -> None:
    # Unlike GetItem: https://github.com/ExtendDB/extenddb/issues/74
    tables.put(**KEY)
    nothing = get(KEY, ProjectionExpression="absent")
    assert tables.call("TransactGetItems", TransactItems=[nothing]) == {"Responses": [{}]}
    answer = tables.call("GetItem", TableName="orders", Key=KEY, ProjectionExpression="absent")
    assert answer == {"Item": {}}


@pytest.mark.parametrize(
    "placeholders",
    [
        {"ExpressionAttributeNames": {"#unused": "a"}},
        {"ExpressionAttributeNames": {"unused": "a"}},
        {"ExpressionAttributeNames": {}},
        {"ExpressionAttributeValues": {":unused": {"S": "a"}}},
        {"ExpressionAttributeValues": {}},
    ],
)
def test_a_part_without_expressions_may_have_placeholders(
    tables: Tables, placeholders: dict[str, Any]
) -> None:
    # https://github.com/ExtendDB/extenddb/pull/169
    tables.call("TransactWriteItems", TransactItems=[put(KEY, **placeholders)])
    assert tables.call("GetItem", TableName="orders", Key=KEY) == {"Item": KEY}


@pytest.mark.parametrize("kind", ["Names", "Values"])
def test_a_part_with_a_condition_may_not_have_empty_placeholders(tables: Tables, kind: str) -> None:
    # https://github.com/getmoto/moto/issues/8405
    part = put(
        KEY, ConditionExpression="attribute_not_exists(pk)", **{f"ExpressionAttribute{kind}": {}}
    )
    assert tables.refusal("TransactWriteItems", TransactItems=[part]) == (
        "ValidationException",
        f"ExpressionAttribute{kind} must not be empty",
    )


def test_values_of_a_part_are_checked_without_expressions_too(tables: Tables) -> None:
    part = put(KEY, ExpressionAttributeValues={":v": {"SS": ["a", "a"]}})
    code, text = tables.refusal("TransactWriteItems", TransactItems=[part])
    assert code == "ValidationException"
    assert text.endswith("contains duplicates. for key :v")


def test_one_item_twice_is_reported_before_the_faults_of_single_actions(tables: Tables) -> None:
    of_wrong_type = put({**KEY, "status": {"N": "1"}})
    refusal = tables.refusal("TransactWriteItems", TransactItems=[put(KEY), of_wrong_type])
    assert refusal == SAME_ITEM
    code, _ = tables.refusal("TransactWriteItems", TransactItems=[of_wrong_type])
    assert code == "TransactionCanceledException"


def test_a_request_is_read_before_its_token_is_looked_up(tables: Tables) -> None:
    tables.call("TransactWriteItems", TransactItems=[put(KEY)], ClientRequestToken="t")
    too_large = put({**KEY, "n": {"N": "1e200"}})
    code, text = tables.refusal(
        "TransactWriteItems", TransactItems=[too_large], ClientRequestToken="t"
    )
    assert (code, text[:15]) == ("ValidationException", "Number overflow")
    code, _ = tables.refusal(
        "TransactWriteItems", TransactItems=[put({"pk": {"S": "2"}})], ClientRequestToken="t"
    )
    assert code == "IdempotentParameterMismatchException"


def test_a_batch_looks_for_all_its_tables_before_it_looks_at_keys(tables: Tables) -> None:
    wrong = {"orders": {"Keys": [{"pk": {"N": "1"}}]}}
    there_is_none = {"nothing": {"Keys": [KEY]}}
    assert tables.refusal("BatchGetItem", RequestItems=wrong) == SCHEMA_MISMATCH
    assert tables.refusal("BatchGetItem", RequestItems={**wrong, **there_is_none}) == MISSING_TABLE


def test_a_batch_of_writes_is_checked_from_its_first_to_its_last(tables: Tables) -> None:
    good, wrong = ({"DeleteRequest": {"Key": {"pk": value}}} for value in ({"S": "1"}, {"N": "1"}))
    for writes, expected in (
        ([good, good, wrong], SAME_KEY),
        ([good, wrong, good], SCHEMA_MISMATCH),
    ):
        assert tables.refusal("BatchWriteItem", RequestItems={"orders": writes}) == expected


def test_indexes_are_checked_before_attributes_that_no_key_uses() -> None:
    request = create_request(
        AttributeDefinitions=defined(pk="S", status="S", other="S"),
        GlobalSecondaryIndexes=[index(), index()],
    )
    code, text = Tables().refusal("CreateTable", **request)
    assert code == "ValidationException"
    assert text.endswith("Duplicate index name: by_status")
