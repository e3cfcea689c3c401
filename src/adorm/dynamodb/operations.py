"""What is to be known of each operation of DynamoDB, in one table.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

from adorm.support.records import Record

Repeat = Literal["read", "safe", "never"]
"""What may follow a failure after which a write may have been applied.

`"read"`: the operation writes nothing, so it is sent again. `"safe"`: the write has the same effect
twice as once, so it is sent again as it is: a put, a delete, an update that only sets values, a
transaction with a token. `"never"`: twice would differ from once (ADD, list_append, arithmetic), so
it is not sent again. Failures that certainly applied nothing, such as throttles, may be retried in
all three.
"""

TableParameter = Literal["TableName", "RequestItems", "TransactItems"]


class Operation(Record):
    """One operation of DynamoDB."""

    repeat: Repeat
    """What may follow an ambiguous failure, where the caller does not say. A transaction with a
    token is `"safe"` all the same: see `adorm.retry.repeat_of`."""
    on_items: bool = False
    """Reads or writes items. Such an operation takes `ReturnConsumedCapacity`, and its answer holds
    no timestamp of DynamoDB's own."""
    tables: TableParameter | None = None
    """The parameter that names its tables."""
    hedged: bool = False
    """Is sent a second time by default, where reads are hedged."""
    answer_member: str | None = None
    """The member that an answer with status 200 always has, where there is one."""
    action: str | None = None
    """Its name within `TransactItems`."""


OPERATIONS: Mapping[str, Operation] = {
    "GetItem": Operation("read", True, "TableName", hedged=True),
    "PutItem": Operation("safe", True, "TableName", action="Put"),
    "UpdateItem": Operation("never", True, "TableName", action="Update"),
    "DeleteItem": Operation("safe", True, "TableName", action="Delete"),
    "Query": Operation("read", True, "TableName", hedged=True, answer_member="Count"),
    "Scan": Operation("read", True, "TableName", answer_member="Count"),
    "BatchGetItem": Operation("read", True, "RequestItems", hedged=True, answer_member="Responses"),
    "BatchWriteItem": Operation("safe", True, "RequestItems"),
    "TransactGetItems": Operation(
        "read", True, "TransactItems", hedged=True, answer_member="Responses"
    ),
    "TransactWriteItems": Operation("never", True, "TransactItems"),
    "ExecuteStatement": Operation("never", True),
    "BatchExecuteStatement": Operation("never", True),
    "ExecuteTransaction": Operation("never", True),
    # Creating, updating or deleting a table twice is refused, not applied twice.
    "CreateTable": Operation("safe", tables="TableName", answer_member="TableDescription"),
    "UpdateTable": Operation("safe", tables="TableName"),
    "DeleteTable": Operation("safe", tables="TableName"),
    "DescribeTable": Operation("read", tables="TableName", answer_member="Table"),
    "ListTables": Operation("read"),
    # A second change to what a setting is already is refused, or changes nothing.
    "UpdateTimeToLive": Operation("safe", tables="TableName"),
    "DescribeTimeToLive": Operation("read", tables="TableName"),
    "UpdateContinuousBackups": Operation("safe", tables="TableName"),
    "TagResource": Operation("safe"),
    "UntagResource": Operation("safe"),
    "RestoreTableFromBackup": Operation("safe"),
    "RestoreTableToPointInTime": Operation("safe"),
}
"""The operations that adorm has methods for, and those of PartiQL. `db.call` sends any other too:
`operation_of` tells what is known of it."""

READS = frozenset(
    name
    for name, operation in OPERATIONS.items()
    if operation.on_items and operation.repeat == "read"
)
"""The operations that read items."""
HEDGED = frozenset(name for name, operation in OPERATIONS.items() if operation.hedged)

ACTIONS: Mapping[str, str] = {
    **{name: each.action for name, each in OPERATIONS.items() if each.action is not None},
    "ConditionCheck": "ConditionCheck",
}
"""The name of an operation within `TransactItems`. A condition check is no operation of its own."""


def operation_of(name: str) -> Operation:
    """The row of an operation. One that is not in the table is judged by its name: `Describe...`
    and `List...` read; what ends with `Table` may be repeated."""
    known = OPERATIONS.get(name)
    if known is not None:
        return known
    if name.startswith(("Describe", "List")):
        return Operation("read")
    return Operation("safe" if name.endswith("Table") else "never")


def counts_by_table(request: Mapping[str, Any]) -> dict[str, int]:
    """The tables of a request, each with the number of its keys, writes or actions.

    "" stands for those whose table is no text. Empty for a request that names no table.

    Takes what any caller may have written, and raises nothing.
    """
    table = request.get("TableName")
    if table is not None:
        return {table if isinstance(table, str) else "": 1}
    by_table = request.get("RequestItems")
    if isinstance(by_table, Mapping):
        return {
            str(name): _length(_mapping(part).get("Keys") if _mapping(part) else part)
            for name, part in cast("Mapping[object, object]", by_table).items()
        }
    counts: dict[str, int] = {}
    for item in _sequence(request.get("TransactItems")):
        for action in _mapping(item).values():
            table = _mapping(action).get("TableName")
            name = table if isinstance(table, str) else ""
            counts[name] = counts.get(name, 0) + 1
    return counts


def _mapping(value: object) -> Mapping[object, object]:
    return cast("Mapping[object, object]", value) if isinstance(value, Mapping) else {}


def _sequence(value: object) -> Sequence[object]:
    return cast("Sequence[object]", value) if isinstance(value, Sequence) else ()


def _length(value: object) -> int:
    return len(_sequence(value))
