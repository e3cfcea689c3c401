"""Internal: the members of PartiQL operations.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ExecuteStatement.html
"""

from __future__ import annotations

from collections.abc import Mapping

from adorm.memory.limits import MAX_STATEMENT_CHARACTERS, MAX_STATEMENTS, MAX_TRANSACTION_ACTIONS
from adorm.memory.shapes.model import (
    CLIENT_REQUEST_TOKEN,
    RETURN_CONSUMED_CAPACITY,
    RETURN_VALUES_ON_CONDITION_CHECK_FAILURE,
    AttributeValue,
    Flag,
    ListOf,
    Operation,
    Structure,
    Text,
    Whole,
)
from adorm.memory.shapes.wording import explain_members

_STATEMENT = Text(shortest=1, longest=MAX_STATEMENT_CHARACTERS)
_PARAMETERS = ListOf(AttributeValue(), shortest=1)

_BATCH_STATEMENT = Structure(
    "BatchStatementRequest",
    {
        "Statement": _STATEMENT,
        "Parameters": _PARAMETERS,
        "ConsistentRead": Flag(),
        "ReturnValuesOnConditionCheckFailure": RETURN_VALUES_ON_CONDITION_CHECK_FAILURE,
    },
    required=("Statement",),
)

_TRANSACT_STATEMENT = Structure(
    "ParameterizedStatement",
    {
        "Statement": _STATEMENT,
        "Parameters": _PARAMETERS,
        "ReturnValuesOnConditionCheckFailure": RETURN_VALUES_ON_CONDITION_CHECK_FAILURE,
    },
    required=("Statement",),
)


def _operation(shape: Structure) -> Operation:
    return Operation(shape, explain=explain_members, explain_old=explain_members)


OPERATIONS: Mapping[str, Operation] = {
    "ExecuteStatement": _operation(
        Structure(
            "ExecuteStatementInput",
            {
                "Limit": Whole(least=1),
                "Statement": _STATEMENT,
                "Parameters": _PARAMETERS,
                "ConsistentRead": Flag(),
                "NextToken": Text(shortest=1, longest=32768),
                "ReturnConsumedCapacity": RETURN_CONSUMED_CAPACITY,
                "ReturnValuesOnConditionCheckFailure": RETURN_VALUES_ON_CONDITION_CHECK_FAILURE,
            },
            required=("Statement",),
        )
    ),
    "BatchExecuteStatement": _operation(
        Structure(
            "BatchExecuteStatementInput",
            {
                "Statements": ListOf(_BATCH_STATEMENT, shortest=1, longest=MAX_STATEMENTS),
                "ReturnConsumedCapacity": RETURN_CONSUMED_CAPACITY,
            },
            required=("Statements",),
        )
    ),
    "ExecuteTransaction": _operation(
        Structure(
            "ExecuteTransactionInput",
            {
                "TransactStatements": ListOf(
                    _TRANSACT_STATEMENT, shortest=1, longest=MAX_TRANSACTION_ACTIONS
                ),
                "ClientRequestToken": CLIENT_REQUEST_TOKEN,
                "ReturnConsumedCapacity": RETURN_CONSUMED_CAPACITY,
            },
            required=("TransactStatements",),
        )
    ),
}
