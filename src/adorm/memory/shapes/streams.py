"""Internal: the members of DynamoDB Streams' operations.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB_Streams.html
"""

from __future__ import annotations

from collections.abc import Mapping

from adorm.memory.shapes.model import (
    Operation,
    Shape,
    Structure,
    TableName,
    Text,
    Timestamp,
    Whole,
)
from adorm.memory.shapes.wording import explain_members

_STREAM_ARN = Text(shortest=37, longest=1024)
_SHARD_ID = Text(shortest=28, longest=65)


def _operation(name: str, members: Mapping[str, Shape], *required: str) -> Operation:
    shape = Structure(f"{name}Input", members, required=required)
    return Operation(shape, explain=explain_members, explain_old=explain_members)


OPERATIONS: Mapping[str, Operation] = {
    "ListStreams": _operation(
        "ListStreams",
        {
            "TableName": TableName(),
            "Limit": Whole(least=1),
            "ExclusiveStartStreamArn": _STREAM_ARN,
        },
    ),
    "DescribeStream": _operation(
        "DescribeStream",
        {
            "StreamArn": _STREAM_ARN,
            "Limit": Whole(least=1),
            "ExclusiveStartShardId": _SHARD_ID,
            "ShardFilter": Structure(
                "ShardFilter", {"Type": Text(("CHILD_SHARDS",)), "ShardId": _SHARD_ID}
            ),
        },
        "StreamArn",
    ),
    "GetShardIterator": _operation(
        "GetShardIterator",
        {
            "StreamArn": _STREAM_ARN,
            "ShardId": _SHARD_ID,
            "ShardIteratorType": Text(
                (
                    "TRIM_HORIZON",
                    "LATEST",
                    "AT_SEQUENCE_NUMBER",
                    "AFTER_SEQUENCE_NUMBER",
                    "AT_TIMESTAMP",
                )
            ),
            "SequenceNumber": Text(shortest=21, longest=40, echoed=False),
            "Timestamp": Timestamp(),
        },
        "StreamArn",
        "ShardId",
        "ShardIteratorType",
    ),
    "GetRecords": _operation(
        "GetRecords",
        {"ShardIterator": Text(shortest=1, longest=2048), "Limit": Whole(least=1)},
        "ShardIterator",
    ),
}
