"""Internal: the members of batches and transactions of items.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""

from __future__ import annotations

from collections.abc import Mapping

from adorm.memory.limits import MAX_GET_KEYS, MAX_TRANSACTION_ACTIONS
from adorm.memory.shapes.batch_wording import (
    explain_batch_get,
    explain_batch_get_old,
    explain_batch_write,
    explain_transaction,
    suspect_batch_get,
    suspect_batch_write,
    suspect_transact_write,
)
from adorm.memory.shapes.model import (
    ATTRIBUTE_MAP,
    ATTRIBUTE_NAMES,
    CLIENT_REQUEST_TOKEN,
    EXPRESSION_PARTS,
    RETURN_CONSUMED_CAPACITY,
    RETURN_ITEM_COLLECTION_METRICS,
    RETURN_VALUES_ON_CONDITION_CHECK_FAILURE,
    Flag,
    ListOf,
    MapOf,
    Operation,
    Shape,
    Structure,
    TableName,
    Text,
)

_WORKLOAD = ("WorkloadProfileName",)
"""A member that the service prints in its messages although the documentation does not mention it.
"""

_KEYS_AND_ATTRIBUTES = Structure(
    "KeysAndAttributes",
    {
        "Keys": ListOf(ATTRIBUTE_MAP, shortest=1, longest=MAX_GET_KEYS),
        "AttributesToGet": ListOf(Text(), shortest=1),
        "ConsistentRead": Flag(),
        "ProjectionExpression": Text(),
        "ExpressionAttributeNames": ATTRIBUTE_NAMES,
    },
    required=("Keys",),
)

_WRITE_REQUEST = Structure(
    "WriteRequest",
    {
        "PutRequest": Structure(
            "PutRequest", {"Item": ATTRIBUTE_MAP}, required=("Item",), unmodelled=_WORKLOAD
        ),
        "DeleteRequest": Structure(
            "DeleteRequest", {"Key": ATTRIBUTE_MAP}, required=("Key",), unmodelled=_WORKLOAD
        ),
    },
)


def _action(name: str, first: Mapping[str, Shape], *required: str) -> Structure:
    """Make the shape of one sort of action of a TransactWriteItems."""
    return Structure(
        name,
        {
            **first,
            "TableName": TableName(),
            **EXPRESSION_PARTS,
            "ReturnValuesOnConditionCheckFailure": RETURN_VALUES_ON_CONDITION_CHECK_FAILURE,
        },
        required=("TableName", *required),
        unmodelled=_WORKLOAD,
    )


_KEY: Mapping[str, Shape] = {"Key": ATTRIBUTE_MAP}

_TRANSACT_WRITE_ITEM = Structure(
    "TransactWriteItem",
    {
        "ConditionCheck": _action("ConditionCheck", _KEY, "Key", "ConditionExpression"),
        "Put": _action("Put", {"Item": ATTRIBUTE_MAP}, "Item"),
        "Delete": _action("Delete", _KEY, "Key"),
        "Update": _action(
            "Update", {**_KEY, "UpdateExpression": Text()}, "Key", "UpdateExpression"
        ),
    },
)

_TRANSACT_GET_ITEM = Structure(
    "TransactGetItem",
    {
        "Get": Structure(
            "Get",
            {
                "Key": ATTRIBUTE_MAP,
                "TableName": TableName(),
                "ProjectionExpression": Text(),
                "ExpressionAttributeNames": ATTRIBUTE_NAMES,
            },
            required=("Key", "TableName"),
            unmodelled=_WORKLOAD,
        )
    },
    required=("Get",),
)

OPERATIONS: Mapping[str, Operation] = {
    "BatchGetItem": Operation(
        Structure(
            "BatchGetItemInput",
            {
                "RequestItems": MapOf(_KEYS_AND_ATTRIBUTES),
                "ReturnConsumedCapacity": RETURN_CONSUMED_CAPACITY,
            },
            required=("RequestItems",),
        ),
        explain=explain_batch_get,
        explain_old=explain_batch_get_old,
        suspect=suspect_batch_get,
    ),
    "BatchWriteItem": Operation(
        Structure(
            "BatchWriteItemInput",
            {
                "RequestItems": MapOf(ListOf(_WRITE_REQUEST)),
                "ReturnConsumedCapacity": RETURN_CONSUMED_CAPACITY,
                "ReturnItemCollectionMetrics": RETURN_ITEM_COLLECTION_METRICS,
            },
            required=("RequestItems",),
        ),
        explain=explain_batch_write,
        explain_old=explain_batch_write,
        suspect=suspect_batch_write,
    ),
    "TransactGetItems": Operation(
        Structure(
            "TransactGetItemsInput",
            {
                "TransactItems": ListOf(
                    _TRANSACT_GET_ITEM, shortest=1, longest=MAX_TRANSACTION_ACTIONS
                ),
                "ReturnConsumedCapacity": RETURN_CONSUMED_CAPACITY,
            },
            required=("TransactItems",),
        ),
        explain=explain_transaction,
        explain_old=explain_transaction,
    ),
    "TransactWriteItems": Operation(
        Structure(
            "TransactWriteItemsInput",
            {
                "TransactItems": ListOf(
                    _TRANSACT_WRITE_ITEM, shortest=1, longest=MAX_TRANSACTION_ACTIONS
                ),
                "ReturnConsumedCapacity": RETURN_CONSUMED_CAPACITY,
                "ReturnItemCollectionMetrics": RETURN_ITEM_COLLECTION_METRICS,
                "ClientRequestToken": CLIENT_REQUEST_TOKEN,
            },
            required=("TransactItems",),
        ),
        explain=explain_transaction,
        explain_old=explain_transaction,
        suspect=suspect_transact_write,
    ),
}
