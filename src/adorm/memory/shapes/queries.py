"""Internal: the members of Query and Scan.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
"""

from __future__ import annotations

from collections.abc import Mapping

from adorm.memory.shapes.model import (
    ATTRIBUTE_MAP,
    ATTRIBUTE_NAMES,
    COMPARISON_OPERATOR,
    CONDITIONAL_OPERATOR,
    INDEX_NAME,
    RETURN_CONSUMED_CAPACITY,
    AttributeValue,
    Flag,
    ListOf,
    MapOf,
    Operation,
    Shape,
    Structure,
    TableName,
    Text,
    Whole,
)
from adorm.memory.shapes.query_wording import SELECT, explain_query
from adorm.memory.shapes.wording import explain_members

_CONDITION = Structure(
    "Condition",
    {
        "AttributeValueList": ListOf(AttributeValue()),
        "ComparisonOperator": COMPARISON_OPERATOR,
    },
    required=("ComparisonOperator",),
)

_READ: Mapping[str, Shape] = {
    "TableName": TableName(),
    "IndexName": INDEX_NAME,
    "Select": SELECT,
    "AttributesToGet": ListOf(Text(), shortest=1),
    "Limit": Whole(least=1),
    "ConsistentRead": Flag(),
    "ConditionalOperator": CONDITIONAL_OPERATOR,
    "ExclusiveStartKey": ATTRIBUTE_MAP,
    "ReturnConsumedCapacity": RETURN_CONSUMED_CAPACITY,
    "ProjectionExpression": Text(),
    "FilterExpression": Text(),
    "ExpressionAttributeNames": ATTRIBUTE_NAMES,
    "ExpressionAttributeValues": ATTRIBUTE_MAP,
}

OPERATIONS: Mapping[str, Operation] = {
    "Query": Operation(
        Structure(
            "QueryInput",
            {
                **_READ,
                "KeyConditions": MapOf(_CONDITION),
                "QueryFilter": MapOf(_CONDITION),
                "ScanIndexForward": Flag(),
                "KeyConditionExpression": Text(),
            },
            required=("TableName",),
        ),
        explain=explain_query,
        explain_old=explain_query,
    ),
    "Scan": Operation(
        Structure(
            "ScanInput",
            {
                **_READ,
                "ScanFilter": MapOf(_CONDITION),
                "Segment": Whole(least=0, greatest=999_999),
                "TotalSegments": Whole(least=1, greatest=1_000_000),
            },
            required=("TableName",),
        ),
        explain=explain_query,
        explain_old=explain_members,
    ),
}
