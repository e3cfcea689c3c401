"""Broken constraints of batches, transactions, statements and tables, in AWS's words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.memory.shape_messages import (
    CAPACITY,
    KEY,
    METRICS,
    NO_NAME,
    PATTERN,
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
MAP_KEYS = (
    "Map keys must satisfy constraint: [Member must have length less than or equal to 255, "
    f"Member must have length greater than or equal to 3, {PATTERN}]"
)
MAP_VALUES = (
    "Map value must satisfy constraint: [Member must have length less than or equal to 25, "
    "Member must have length greater than or equal to 1]"
)
VALUE_MEMBERS = (
    *("s", "n", "b", "iNT", "dECIMAL", "dOUBLE", "sS", "nS", "bS"),
    *("iNTSET", "dECIMALSET", "dOUBLESET", "m", "l", "nULL", "bOOL"),
)


def shown_value(**content: str) -> str:
    """An attribute value as Java prints it."""
    members = (f"{each}={content.get(each, 'null')}" for each in VALUE_MEMBERS)
    return f"AttributeValue({', '.join(members)})"


PUT: dict[str, Any] = {"PutRequest": {"Item": KEY}}
SHOWN_PUT = (
    f"WriteRequest(putRequest=PutRequest(item={{pk={shown_value(s='a')}}}, "
    "workloadProfileName=null), deleteRequest=null)"
)


def map_fault(shown: str, constraint: str) -> str:
    return fault(shown, "requestItems", constraint)


WRITES: list[tuple[dict[str, Any], str | None]] = [
    ({}, reported(missing("requestItems"))),
    ({"RequestItems": {}}, "The requestItems parameter is required for BatchWriteItem"),
    ({"RequestItems": {"a!": []}}, reported(map_fault("{a!=[]}", MAP_VALUES))),
    (
        {
            "RequestItems": {"abc": []},
            "ReturnConsumedCapacity": "BAD",
            "ReturnItemCollectionMetrics": "BAD",
        },
        reported(map_fault("{abc=[]}", MAP_VALUES), CAPACITY, METRICS),
    ),
    ({"RequestItems": {"a!": [PUT]}}, reported(map_fault(f"{{a!=[{SHOWN_PUT}]}}", MAP_KEYS))),
    ({"RequestItems": {"a!": [PUT]}, "ReturnItemCollectionMetrics": "BAD"}, reported(METRICS)),
    (
        {"RequestItems": {"abc": [PUT] * 26}},
        reported(map_fault(f"{{abc=[{', '.join([SHOWN_PUT] * 26)}]}}", MAP_VALUES)),
    ),
    (
        {"RequestItems": {"abc": [{"PutRequest": {}}]}},
        reported(missing("requestItems.abc.member.1.member.putRequest.item")),
    ),
    ({"RequestItems": {"abc": [None]}}, reported(missing("requestItems.abc.member.1.member"))),
    ({"RequestItems": {"abc": [{}]}}, None),
]


@pytest.mark.parametrize(("request_", "expected"), WRITES)
def test_batches_of_writes(request_: dict[str, Any], expected: str | None) -> None:
    assert message("BatchWriteItem", request_) == expected


@pytest.mark.parametrize(
    ("request_", "new", "old"),
    [
        (
            {"RequestItems": {}},
            "The requestItems parameter is required for BatchGetItem",
            "The requestItems parameter is required for BatchGetItem",
        ),
        (
            {"RequestItems": {"a!": {"Keys": []}}, "ReturnConsumedCapacity": "BAD"},
            reported(
                fault_without_value(
                    "RequestItems.a!.member.Keys", "length greater than or equal to 1"
                )
            ),
            reported(
                map_fault(
                    "{a!=KeysAndAttributes(keys=[], attributesToGet=null, consistentRead=null, "
                    "projectionExpression=null, expressionAttributeNames=null)}",
                    MAP_KEYS,
                ),
                at_least("[]", "requestItems.a!.member.keys", 1),
                CAPACITY,
            ),
        ),
        (
            {"RequestItems": {"abc": {"Keys": [KEY] * 60}, "abd": {"Keys": [KEY] * 41}}},
            reported(
                fault_without_value(
                    "RequestItems.abc.member.Keys", "length less than or equal to 100"
                )
            ),
            reported(
                fault_without_value(
                    "RequestItems.abc.member.Keys", "length less than or equal to 100"
                )
            ),
        ),
    ],
)
def test_batches_of_reads(request_: dict[str, Any], new: str, old: str) -> None:
    assert message("BatchGetItem", request_) == new
    assert message("BatchGetItem", request_, "old") == old


def test_a_batch_of_reads_is_repeated_as_json_where_a_name_is_wrong() -> None:
    items: dict[str, Any] = {
        "abc": {"Keys": [KEY]},
        "a!": {"ProjectionExpression": "b", "Keys": [{"b": {"B": b"x"}}]},
    }
    request = {"RequestItems": items, "ReturnConsumedCapacity": "BAD"}
    shown = (
        '{"a!":{"Keys":[{"b":{"B":"eA=="}}],"ProjectionExpression":"b"},'
        '"abc":{"Keys":[{"pk":{"S":"a"}}]}}'
    )
    assert message("BatchGetItem", request) == reported(map_fault(shown, MAP_KEYS), CAPACITY)


NO_ACTION = "Invalid Request: TransactWriteRequest should contain Delete or Put or Update request"
TOKEN = at_most("x" * 37, "clientRequestToken", 36)


def action(kind: str = "Put", **members: Any) -> dict[str, Any]:
    return {kind: {"TableName": "abc", "Item" if kind == "Put" else "Key": KEY, **members}}


TRANSACTIONS: list[tuple[list[dict[str, Any]], dict[str, Any], str | None]] = [
    ([], {"ReturnConsumedCapacity": "BAD"}, reported(at_least("[]", "transactItems", 1))),
    (
        [action(ReturnValuesOnConditionCheckFailure="BAD")],
        {
            "ClientRequestToken": "x" * 37,
            "ReturnConsumedCapacity": "BAD",
            "ReturnItemCollectionMetrics": "BAD",
        },
        reported(on_failure("transactItems.1.member.put."), TOKEN, CAPACITY, METRICS),
    ),
    ([action(TableName="a!")], {"ClientRequestToken": "x" * 37}, reported(TOKEN)),
    ([{}, action(TableName="a!")], {}, NO_ACTION),
    ([{}], {"ReturnItemCollectionMetrics": "BAD"}, reported(METRICS)),
    (
        [{**action(), **action("Delete")}],
        {},
        "TransactItems can only contain one of Check, Put, Update or Delete",
    ),
    (
        [action(), action("Delete", TableName="a!")],
        {},
        reported(
            at_least("a!", "transactItems.2.member.delete.tableName", 3),
            pattern("a!", "transactItems.2.member.delete.tableName"),
        ),
    ),
    (
        [{"Update": {"TableName": "abc", "Key": KEY}}],
        {},
        reported(missing("transactItems.1.member.update.updateExpression")),
    ),
    ([action("Delete")], {}, None),
]


@pytest.mark.parametrize(("items", "members", "expected"), TRANSACTIONS)
def test_transactions(items: list[Any], members: dict[str, Any], expected: str | None) -> None:
    assert message("TransactWriteItems", {"TransactItems": items, **members}) == expected


def test_a_missing_get_is_reported_before_the_number_of_gets() -> None:
    request: dict[str, Any] = {
        "TransactItems": [None, {}] + [{"Get": {"TableName": "a!", "Key": KEY}}] * 200
    }
    expected = reported(*(missing(f"transactItems.{at}.member.get") for at in (1, 2)), CAPACITY)
    assert message("TransactGetItems", {**request, "ReturnConsumedCapacity": "BAD"}) == expected


def test_a_list_that_is_too_long_is_repeated_as_java_prints_it() -> None:
    item: dict[str, Any] = {"pk": {"S": "p"}, "b": {"BOOL": True}, "l": {"L": [{"N": "1"}]}}
    item |= {
        "m": {"M": {"x": {"S": "y"}}},
        "ss": {"SS": ["a"]},
        "nul": {"NULL": True},
        "bin": {"B": "YWJj"},
    }
    told_items = message("TransactWriteItems", {"TransactItems": [action(Item=item)] * 101})
    shown = ", ".join(
        f"{name}={value}"
        for name, value in (
            ("ss", shown_value(sS="[a]")),
            ("b", shown_value(bOOL="true")),
            ("nul", shown_value(nULL="true")),
            ("bin", shown_value(b="java.nio.HeapByteBuffer[pos=0 lim=3 cap=3]")),
            ("pk", shown_value(s="p")),
            ("l", shown_value(l=f"[{shown_value(n='1')}]")),
            ("m", shown_value(m=f"{{x={shown_value(s='y')}}}")),
        )
    )
    assert told_items is not None
    assert told_items.startswith(
        "1 validation error detected: Value '[TransactWriteItem(conditionCheck=null, "
        f"put=Put(item={{{shown}}}, tableName=abc, conditionExpression=null, "
        "expressionAttributeNames=null, "
        "expressionAttributeValues=null, returnValuesOnConditionCheckFailure=null, "
        "workloadProfileName=null), delete=null, update=null), TransactWriteItem("
    )
    assert told_items.endswith(at_most(")]", "transactItems", 100).removeprefix("Value '"))


def test_a_repeated_value_is_cut_if_it_is_endless() -> None:
    item = {f"a{at}": {"N": "1"} for at in range(20_000)}
    told_items = message(
        "BatchWriteItem", {"RequestItems": {"a!": [{"PutRequest": {"Item": item}}]}}
    )
    assert told_items is not None
    assert len(told_items) < 1_100_000
    assert "...' at 'requestItems'" in told_items


def test_statements() -> None:
    statement: dict[str, Any] = {
        "Statement": "",
        "Parameters": [],
        "ReturnValuesOnConditionCheckFailure": "BAD",
    }
    expected = reported(
        on_failure("transactStatements.1.member."),
        at_least("", "transactStatements.1.member.statement", 1),
        at_least("[]", "transactStatements.1.member.parameters", 1),
        CAPACITY,
    )
    request = {"TransactStatements": [statement], "ReturnConsumedCapacity": "BAD"}
    assert message("ExecuteTransaction", request) == expected
    too_many = message(
        "BatchExecuteStatement",
        {"Statements": [{"Statement": "x"}] * 26, "ReturnConsumedCapacity": "BAD"},
    )
    shown = (
        "BatchStatementRequest(statement=x, parameters=null, consistentRead=null, "
        "returnValuesOnConditionCheckFailure=null)"
    )
    listed = ", ".join([shown] * 26)
    assert too_many == reported(CAPACITY, at_most(f"[{listed}]", "statements", 25))


REQUIRED = "The parameter 'TableName' is required but was not present in the request"
LENGTH = "TableName must be at least 3 characters long and at most 255 characters long"


@pytest.mark.parametrize(
    ("operation", "name", "expected"),
    [
        ("CreateTable", None, REQUIRED),
        ("CreateTable", "ab", reported(short("ab"))),
        ("CreateTable", "", reported(pattern(""), short(""))),
        ("CreateTable", LONG, reported(at_most(LONG, "tableName", 255))),
        ("DescribeTable", None, REQUIRED),
        ("DescribeTable", "ab", LENGTH),
        ("DeleteTable", "a b c", reported(pattern("a b c"))),
        ("DescribeTimeToLive", "", LENGTH),
        ("UpdateTable", LONG, LENGTH),
    ],
)
def test_names_of_tables(operation: str, name: str | None, expected: str) -> None:
    assert message(operation, {"TableName": name}) == expected
    assert message(operation, {"TableName": name}, "old") == expected


def test_the_members_of_a_table() -> None:
    index: dict[str, Any] = {
        "KeySchema": [],
        "Projection": {"ProjectionType": "BAD", "NonKeyAttributes": []},
    }
    request: dict[str, Any] = {
        "TableName": "abc",
        "KeySchema": [
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "", "KeyType": "BAD"},
            {},
        ],
        "BillingMode": "BAD",
        "ProvisionedThroughput": {"ReadCapacityUnits": 0},
        "GlobalSecondaryIndexes": [index],
    }
    shown = ", ".join(
        f"KeySchemaElement(attributeName={name}, keyType={kind})"
        for name, kind in (("pk", "HASH"), ("", "BAD"), ("null", "null"))
    )
    member = "globalSecondaryIndexes.1.member"
    assert message("CreateTable", request) == reported(
        missing(f"{member}.indexName"),
        at_least("[]", f"{member}.keySchema", 1),
        at_least("[]", f"{member}.projection.nonKeyAttributes", 1),
        bad(f"{member}.projection.projectionType", "ALL, INCLUDE, KEYS_ONLY"),
        bad("billingMode", "PROVISIONED, PAY_PER_REQUEST"),
        at_most(f"[{shown}]", "keySchema", 2),
        at_least("", "keySchema.2.member.attributeName", 1),
        bad("keySchema.2.member.keyType", "HASH, RANGE"),
        missing("keySchema.3.member.attributeName"),
        missing("keySchema.3.member.keyType"),
    )


def test_an_index_is_changed_by_one_of_its_throughputs() -> None:
    def change(**members: Any) -> str | None:
        updates = [{"Update": {"IndexName": "abc", **members}}]
        return message("UpdateTable", {"TableName": "abc", "GlobalSecondaryIndexUpdates": updates})

    path = "globalSecondaryIndexUpdates.1.member.update.provisionedThroughput"
    assert change() == reported(missing(path))
    assert change(OnDemandThroughput={"MaxReadRequestUnits": 1}) is None
    assert change(ProvisionedThroughput={"ReadCapacityUnits": 0}) == reported(
        missing(f"{path}.writeCapacityUnits"),
        number(0, f"{path}.readCapacityUnits", "greater than or equal to 1"),
    )


def test_tags() -> None:
    arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/orders"
    assert message("TagResource", {"Tags": None}) == "Invalid TableArn"
    assert message("TagResource", {"ResourceArn": arn}) == reported(missing("tags"))
    assert message("UntagResource", {"ResourceArn": arn}) == reported(missing("tagKeys"))
    assert message("TagResource", {"ResourceArn": arn, "Tags": [{"Key": ""}]}) == reported(
        missing("tags.1.member.value"), at_least("", "tags.1.member.key", 1)
    )


def test_other_operations_report_all_faults_of_their_members() -> None:
    assert message("ListTables", {"Limit": 101, "ExclusiveStartTableName": "a!"}) == reported(
        pattern("a!", "exclusiveStartTableName"),
        at_least("a!", "exclusiveStartTableName", 3),
        number(101, "limit", "less than or equal to 100"),
    )
    assert message("GetRecords", {}) == reported(missing("shardIterator"))
    assert message("CreateBackup", {"BackupName": "ab"}) == reported(
        at_least("ab", "backupName", 3), NO_NAME
    )
    iterator = {"StreamArn": "x" * 40, "ShardId": "x" * 28, "ShardIteratorType": "LATEST"}
    assert message("GetShardIterator", {**iterator, "SequenceNumber": "1"}) == reported(
        fault_without_value("sequenceNumber", "length greater than or equal to 21")
    )
