"""An engine with an example of everything, good requests, and changed ones of hostile clients."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from adorm.memory import Engine
from tests.memory.table_setup import START, create_request, defined, index, key

ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/orders"
KEY = {"pk": {"S": "a"}, "sk": {"N": "1"}}
OTHER = {"pk": {"S": "b"}, "sk": {"N": "2"}}
ITEM: dict[str, Any] = {
    **KEY,
    "status": {"S": "new"},
    "tags": {"SS": ["x", "y"]},
    "m": {"M": {"l": {"L": []}}},
}
STREAM = "arn:aws:kinesis:us-east-1:123456789012:stream/changes"

TABLE = create_request(
    AttributeDefinitions=defined(pk="S", sk="N", status="S", at="N"),
    KeySchema=key("pk", "sk"),
    LocalSecondaryIndexes=[index("by_at", "pk", "at")],
    GlobalSecondaryIndexes=[index()],
    StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
)


def busy_engine() -> Engine:
    """A table with indexes, items, a stream, a policy, tags, a backup and point-in-time recovery;
    its clock stands still."""
    engine = Engine(now=lambda: START)
    engine.call("CreateTable", TABLE)
    for at in range(3):
        item = {**ITEM, "sk": {"N": str(at)}, "at": {"N": str(at)}}
        engine.call("PutItem", {"TableName": "orders", "Item": item})
    engine.call("PutResourcePolicy", {"ResourceArn": ARN, "Policy": "{}"})
    engine.call("TagResource", {"ResourceArn": ARN, "Tags": [{"Key": "team", "Value": "a"}]})
    for operation in (
        "UpdateContinuousBackups",
        "CreateBackup",
        "EnableKinesisStreamingDestination",
    ):
        engine.call(operation, request_of(engine, operation))
    return engine


def request_of(engine: Engine, operation: str) -> dict[str, Any]:
    """A good request, which shares nothing with others."""
    made = REQUESTS[operation]
    return copy.deepcopy(made(engine) if callable(made) else made)


def state_of(engine: Engine) -> Any:
    """All that an engine holds."""
    database = engine.database()
    return (
        engine.snapshot(),
        {
            arn: (stream.next_number, [len(shard.records) for shard in stream.shards])
            for arn, stream in database.streams.items()
        },
        set(database.backups),
        set(database.tokens),
        {
            (name, each): list(held.items.between())
            for name, table in database.tables.items()
            for each, held in table.indexes.items()
        },
    )


def _stream(engine: Engine) -> str:
    arn: str = engine.call("ListStreams", {})["Streams"][0]["StreamArn"]
    return arn


def _shard(engine: Engine) -> str:
    described = engine.call("DescribeStream", {"StreamArn": _stream(engine)})
    shard: str = described["StreamDescription"]["Shards"][0]["ShardId"]
    return shard


def _at(engine: Engine) -> dict[str, Any]:
    return {
        "StreamArn": _stream(engine),
        "ShardId": _shard(engine),
        "ShardIteratorType": "TRIM_HORIZON",
    }


def _backup(engine: Engine) -> str:
    arn: str = engine.call("ListBackups", {})["BackupSummaries"][0]["BackupArn"]
    return arn


_OF_TABLE = {"TableName": "orders"}
_UPDATE = {
    **_OF_TABLE,
    "Key": KEY,
    "UpdateExpression": "SET #s = :s, n = if_not_exists(n, :one) + :one REMOVE tags",
    "ConditionExpression": "attribute_exists(pk) AND (sk IN (:one) OR size(#s) > :one)",
    "ExpressionAttributeNames": {"#s": "status"},
    "ExpressionAttributeValues": {":s": {"S": "done"}, ":one": {"N": "1"}},
    "ReturnValues": "ALL_NEW",
    "ReturnConsumedCapacity": "INDEXES",
    "ReturnItemCollectionMetrics": "SIZE",
}
_READ = {
    **_OF_TABLE,
    "FilterExpression": "#s <> :a",
    "ExpressionAttributeNames": {"#s": "status"},
    "ExpressionAttributeValues": {":a": {"S": "a"}},
    "Limit": 2,
    "ReturnConsumedCapacity": "TOTAL",
}
_WRITTEN = ("UpdateExpression", "ConditionExpression", "ExpressionAttributeNames")
_PART = {
    name: _UPDATE[name] for name in ("TableName", "Key", *_WRITTEN, "ExpressionAttributeValues")
}
_KINESIS = {**_OF_TABLE, "StreamArn": STREAM}
_DISABLED = {"StreamEnabled": False}

REQUESTS: dict[str, dict[str, Any] | Callable[[Engine], dict[str, Any]]] = {
    "BatchExecuteStatement": {
        "Statements": [
            {"Statement": "SELECT * FROM orders WHERE pk = ? AND sk = 1", "Parameters": [KEY["pk"]]}
        ]
    },
    "BatchGetItem": {"RequestItems": {"orders": {"Keys": [KEY, OTHER], "ConsistentRead": True}}},
    "BatchWriteItem": {
        "RequestItems": {
            "orders": [{"PutRequest": {"Item": ITEM}}, {"DeleteRequest": {"Key": OTHER}}]
        }
    },
    "CreateBackup": {**_OF_TABLE, "BackupName": "daily"},
    "CreateTable": {**TABLE, "TableName": "others", "Tags": [{"Key": "a", "Value": "b"}]},
    "DeleteBackup": lambda engine: {"BackupArn": _backup(engine)},
    "DeleteItem": {**_OF_TABLE, "Key": KEY, "ReturnValues": "ALL_OLD"},
    "DeleteResourcePolicy": {"ResourceArn": ARN},
    "DeleteTable": _OF_TABLE,
    "DescribeBackup": lambda engine: {"BackupArn": _backup(engine)},
    "DescribeContinuousBackups": _OF_TABLE,
    "DescribeContributorInsights": _OF_TABLE,
    "DescribeEndpoints": {},
    "DescribeKinesisStreamingDestination": _OF_TABLE,
    "DescribeLimits": {},
    "DescribeStream": lambda engine: {"StreamArn": _stream(engine), "Limit": 1},
    "DescribeTable": _OF_TABLE,
    "DescribeTimeToLive": _OF_TABLE,
    "DisableKinesisStreamingDestination": _KINESIS,
    "EnableKinesisStreamingDestination": _KINESIS,
    "ExecuteStatement": {
        "Statement": "SELECT pk, m.l[0] FROM orders WHERE pk = 'a' AND sk IN (1, 2) ORDER BY sk",
        "Limit": 1,
    },
    "ExecuteTransaction": {
        "TransactStatements": [
            {
                "Statement": "UPDATE orders SET n = ? WHERE pk = 'a' AND sk = 1",
                "Parameters": [{"M": {"b": {"B": "YQ=="}}}],
            },
            {"Statement": "INSERT INTO orders VALUE {'pk': 'z', 'sk': 1}"},
        ],
        "ClientRequestToken": "token",
    },
    "GetItem": {**_OF_TABLE, "Key": KEY, "ProjectionExpression": "pk, m.l[0]"},
    "GetRecords": lambda engine: {**engine.call("GetShardIterator", _at(engine)), "Limit": 2},
    "GetResourcePolicy": {"ResourceArn": ARN},
    "GetShardIterator": _at,
    "ListBackups": {**_OF_TABLE, "Limit": 1, "TimeRangeLowerBound": 1.5},
    "ListContributorInsights": {**_OF_TABLE, "MaxResults": 1},
    "ListStreams": {**_OF_TABLE, "Limit": 1},
    "ListTables": {"Limit": 1, "ExclusiveStartTableName": "abc"},
    "ListTagsOfResource": {"ResourceArn": ARN},
    "PutItem": {**_OF_TABLE, "Item": ITEM, "Expected": {"pk": {"Value": KEY["pk"]}}},
    "PutResourcePolicy": {"ResourceArn": ARN, "Policy": "{ }", "ExpectedRevisionId": "1"},
    "Query": {
        **_READ,
        "KeyConditionExpression": "pk = :pk AND sk BETWEEN :low AND :high",
        "ExpressionAttributeValues": {
            ":pk": KEY["pk"],
            ":low": {"N": "0"},
            ":high": {"N": "5"},
            ":a": {"S": "a"},
        },
        "ExclusiveStartKey": KEY,
    },
    "RestoreTableFromBackup": lambda engine: {
        "BackupArn": _backup(engine),
        "TargetTableName": "restored",
    },
    "RestoreTableToPointInTime": {
        "SourceTableName": "orders",
        "TargetTableName": "restored",
        "RestoreDateTime": START,
        "SSESpecificationOverride": {"Enabled": False},
    },
    "Scan": {**_READ, "Segment": 0, "TotalSegments": 2},
    "TagResource": {"ResourceArn": ARN, "Tags": [{"Key": "team", "Value": "b"}]},
    "TransactGetItems": {"TransactItems": [{"Get": {**_OF_TABLE, "Key": KEY}}]},
    "TransactWriteItems": {
        "TransactItems": [{"Update": _PART}, {"Put": {**_OF_TABLE, "Item": {**ITEM, **OTHER}}}],
        "ClientRequestToken": "token",
        "ReturnItemCollectionMetrics": "SIZE",
    },
    "UntagResource": {"ResourceArn": ARN, "TagKeys": ["team"]},
    "UpdateContinuousBackups": {
        **_OF_TABLE,
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
    },
    "UpdateContributorInsights": {**_OF_TABLE, "ContributorInsightsAction": "ENABLE"},
    "UpdateItem": _UPDATE,
    "UpdateKinesisStreamingDestination": {
        **_KINESIS,
        "UpdateKinesisStreamingConfiguration": {
            "ApproximateCreationDateTimePrecision": "MICROSECOND"
        },
    },
    "UpdateTable": {
        **_OF_TABLE,
        "AttributeDefinitions": defined(pk="S", sk="N", color="S"),
        "GlobalSecondaryIndexUpdates": [{"Create": index("by_color", "color")}],
    },
    "UpdateTimeToLive": {
        **_OF_TABLE,
        "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "gone"},
    },
}


def nested(levels: int) -> Any:
    """A list in a list in a list."""
    value: Any = {"S": "x"}
    for _ in range(levels):
        value = {"L": [value]}
    return value


REPLACEMENTS: tuple[Any, ...] = (
    None,
    True,
    "",
    "arn:",
    "x" * 70_000,
    "0e" + "0" * 5000,
    "9" * 5000,
    "a = b OR " * 200,
    "(" * 500,
    "+".join("1" * 1500),
    "\ud800",
    b"x",
    -1,
    10**400,
    1e300,
    float("nan"),
    [],
    {},
    [{}],
    {"": {"S": ""}},
    {"Unknown": {"Create": {}}},
    {"N": "0e" + "0" * 5000},
    {"N": "1e" + "9" * 30},
    {"N": "abce5"},
    {"B": "abcde"},
    {"SS": ["a", "a"]},
    {"S": "a", "N": "1"},
    lambda: nested(31),
    lambda: nested(40),
    lambda: nested(1500),
    lambda: nested(5000),
)


def _is_map(value: Any) -> bool:
    return isinstance(value, dict)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container inside a request, with each key or index that it has."""
    waiting: list[Any] = [value]
    while waiting:
        each: Any = waiting.pop()
        for name in list(each) if _is_map(each) else range(len(each)):
            yield each, name
            if _is_map(each[name]) or _is_list(each[name]):
                waiting.append(each[name])


def _replacement(random: Random) -> Any:
    """One of `REPLACEMENTS`, made anew: it may be changed again."""
    chosen = random.choice(REPLACEMENTS)
    return chosen() if callable(chosen) else copy.deepcopy(chosen)


def mutated(good: dict[str, Any], random: Random) -> dict[str, Any]:
    """A copy of a good request with one to three things changed."""
    request = copy.deepcopy(good)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        places = list(_places(request))
        if not places:
            request["Unknown"] = _replacement(random)
            continue
        holder, name = random.choice(places)
        match random.randrange(5):
            case 0 if _is_map(holder):
                holder["Unknown"] = _replacement(random)
            case 1:
                del holder[name]
            case 2 if _is_map(holder) and good:
                from_holder, at = random.choice(list(_places(good)))
                holder[name] = copy.deepcopy(from_holder[at])
            case 3 if _is_list(holder[name]):
                few: list[Any] = list(holder[name])[:3]
                holder[name] = [copy.copy(each) for each in few for _ in range(60)]
            case _:
                holder[name] = _replacement(random)
    return request
