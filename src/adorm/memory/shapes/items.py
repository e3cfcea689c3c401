"""Internal: the members of GetItem, PutItem, UpdateItem and DeleteItem.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
"""

from __future__ import annotations

from collections.abc import Mapping

from adorm.memory.shapes.item_wording import (
    deletes_with_new_values,
    explain_delete_item_old,
    explain_get_item,
    explain_update_item,
    explain_write,
)
from adorm.memory.shapes.model import (
    ATTRIBUTE_MAP,
    ATTRIBUTE_NAMES,
    COMPARISON_OPERATOR,
    CONDITIONAL_OPERATOR,
    EXPRESSION_PARTS,
    RETURN_CONSUMED_CAPACITY,
    RETURN_ITEM_COLLECTION_METRICS,
    RETURN_VALUES,
    RETURN_VALUES_ON_CONDITION_CHECK_FAILURE,
    AttributeValue,
    Flag,
    ListOf,
    MapOf,
    Operation,
    Shape,
    Structure,
    TableName,
    Text,
)
from adorm.memory.shapes.wording import explain_members

_EXPECTED = Structure(
    "ExpectedAttributeValue",
    {
        "Value": AttributeValue(),
        "Exists": Flag(),
        "ComparisonOperator": COMPARISON_OPERATOR,
        "AttributeValueList": ListOf(AttributeValue()),
    },
)

_ATTRIBUTE_UPDATE = Structure(
    "AttributeValueUpdate",
    {
        "Value": AttributeValue(),
        # The service checks the action together with the value, not here.
        "Action": Text(),
    },
)

_WRITE: Mapping[str, Shape] = {
    "Expected": MapOf(_EXPECTED),
    "ConditionalOperator": CONDITIONAL_OPERATOR,
    "ReturnValues": RETURN_VALUES,
    "ReturnConsumedCapacity": RETURN_CONSUMED_CAPACITY,
    "ReturnItemCollectionMetrics": RETURN_ITEM_COLLECTION_METRICS,
    **EXPRESSION_PARTS,
    "ReturnValuesOnConditionCheckFailure": RETURN_VALUES_ON_CONDITION_CHECK_FAILURE,
}

OPERATIONS: Mapping[str, Operation] = {
    "GetItem": Operation(
        Structure(
            "GetItemInput",
            {
                "TableName": TableName(),
                "Key": ATTRIBUTE_MAP,
                "AttributesToGet": ListOf(Text(), shortest=1),
                "ConsistentRead": Flag(),
                "ReturnConsumedCapacity": RETURN_CONSUMED_CAPACITY,
                "ProjectionExpression": Text(),
                "ExpressionAttributeNames": ATTRIBUTE_NAMES,
            },
            required=("TableName", "Key"),
        ),
        explain=explain_get_item,
        explain_old=explain_members,
    ),
    "PutItem": Operation(
        Structure(
            "PutItemInput",
            {"TableName": TableName(), "Item": ATTRIBUTE_MAP, **_WRITE},
            required=("TableName", "Item"),
        ),
        explain=explain_write,
        explain_old=explain_members,
    ),
    "UpdateItem": Operation(
        Structure(
            "UpdateItemInput",
            {
                "TableName": TableName(),
                "Key": ATTRIBUTE_MAP,
                "AttributeUpdates": MapOf(_ATTRIBUTE_UPDATE),
                "UpdateExpression": Text(),
                **_WRITE,
            },
            required=("TableName", "Key"),
        ),
        explain=explain_update_item,
        explain_old=explain_members,
    ),
    "DeleteItem": Operation(
        Structure(
            "DeleteItemInput",
            {"TableName": TableName(), "Key": ATTRIBUTE_MAP, **_WRITE},
            required=("TableName", "Key"),
        ),
        explain=explain_write,
        explain_old=explain_delete_item_old,
        suspect=deletes_with_new_values,
    ),
}
