"""Internal: the service's messages for faulty batches and transactions.

Names of tables are checked after everything else, except in BatchGetItem.
"""

from __future__ import annotations

from collections.abc import Iterator

from adorm.memory.limits import (
    MAX_GET_KEYS,
    MAX_TABLE_NAME_CHARACTERS,
    MAX_WRITE_REQUESTS,
    MIN_TABLE_NAME_CHARACTERS,
)
from adorm.memory.shapes.echo import java_text, json_text
from adorm.memory.shapes.faults import (
    NOT_NULL,
    at_least,
    at_most,
    fault,
    fault_without_value,
    joined,
    matching,
    member_faults,
    name_faults,
)
from adorm.memory.shapes.item_wording import faults_of
from adorm.memory.shapes.json_types import is_table_name
from adorm.memory.shapes.model import NAME_PATTERN, ListOf, Request, Structure, lower_first

_EACH_NAME = ", ".join(
    (
        at_most(MAX_TABLE_NAME_CHARACTERS),
        at_least(MIN_TABLE_NAME_CHARACTERS),
        matching(NAME_PATTERN),
    )
)
_NAMES_OF_TABLES = f"Map keys must satisfy constraint: [{_EACH_NAME}]"
_LISTS_OF_WRITES = (
    f"Map value must satisfy constraint: [{at_most(MAX_WRITE_REQUESTS)}, {at_least(1)}]"
)

NO_TABLES_TO_GET = "The requestItems parameter is required for BatchGetItem"
"""The message of both wordings in us-east-1. Some other regions have other words in the new one."""

NO_ACTION = "Invalid Request: TransactWriteRequest should contain Delete or Put or Update request"
SEVERAL_ACTIONS = "TransactItems can only contain one of Check, Put, Update or Delete"


def suspect_batch_get(request: Request) -> bool:
    """Whether a BatchGetItem may break a rule about all its tables together."""
    tables = request["RequestItems"]
    if not tables or not all(map(is_table_name, tables)):
        return True
    return not all(tables.values()) or _number_of_keys(request) > MAX_GET_KEYS


def suspect_batch_write(request: Request) -> bool:
    """Whether a BatchWriteItem may break a rule about all its tables together."""
    tables = request["RequestItems"]
    if not tables or not all(map(is_table_name, tables)):
        return True
    return not all(tables.values()) or sum(map(len, tables.values())) > MAX_WRITE_REQUESTS


def explain_batch_get(shape: Structure, sent: Request, request: Request) -> str | None:
    """The faults of a BatchGetItem in the new wording."""
    tables = request.get("RequestItems")
    if tables is None:
        return joined(member_faults(shape, request))
    if not tables:
        return NO_TABLES_TO_GET
    for name, table in tables.items():
        if table.get("Keys") == []:
            return joined([fault_without_value(f"RequestItems.{name}.member.Keys", at_least(1))])
    named = all(map(is_table_name, tables))
    if named and _number_of_keys(request) > MAX_GET_KEYS:
        return joined([_too_many_keys(tables)])
    faults = [] if named else [fault(json_text(tables), "requestItems", _NAMES_OF_TABLES)]
    faults += faults_of(shape, request, "ReturnConsumedCapacity")
    return joined(faults) or joined(member_faults(shape, request))


def _too_many_keys(tables: Request) -> str:
    longest = max(tables, key=lambda name: len(tables[name].get("Keys", ())))
    return fault_without_value(f"RequestItems.{longest}.member.Keys", at_most(MAX_GET_KEYS))


def explain_batch_get_old(shape: Structure, sent: Request, request: Request) -> str | None:
    """The faults of a BatchGetItem in the old wording."""
    tables = request.get("RequestItems")
    if tables is not None and not tables:
        return NO_TABLES_TO_GET
    named = all(map(is_table_name, tables or ()))
    if tables and named and _number_of_keys(request) > MAX_GET_KEYS:
        return joined([_too_many_keys(tables)])
    faults = [*member_faults(shape, request)]
    if not named:
        shown = java_text(shape.members["RequestItems"], tables)
        faults.insert(0, fault(shown, "requestItems", _NAMES_OF_TABLES))
    return joined(faults)


def explain_batch_write(shape: Structure, sent: Request, request: Request) -> str | None:
    """The faults of a BatchWriteItem."""
    tables = request.get("RequestItems")
    if tables is None:
        return joined(member_faults(shape, request))
    if not tables:
        return "The requestItems parameter is required for BatchWriteItem"
    items = shape.members["RequestItems"]
    faults: list[str] = []
    if not all(tables.values()) or sum(map(len, tables.values())) > MAX_WRITE_REQUESTS:
        faults.append(fault(java_text(items, tables), "requestItems", _LISTS_OF_WRITES))
    faults += member_faults(shape, request)
    if not faults and not all(map(is_table_name, tables)):
        faults.append(fault(java_text(items, tables), "requestItems", _NAMES_OF_TABLES))
    return joined(faults)


def suspect_transact_write(request: Request) -> bool:
    """Whether an element of a TransactWriteItems does not have exactly one action."""
    return any(_number_of_actions(item) != 1 for item in request["TransactItems"])


def explain_transaction(shape: Structure, sent: Request, request: Request) -> str | None:
    """The faults of a TransactGetItems or a TransactWriteItems."""
    items = request.get("TransactItems")
    listed = shape.members["TransactItems"]
    writes = "ClientRequestToken" in shape.members
    if items is None or not isinstance(listed, ListOf):
        return joined(member_faults(shape, request))
    if not writes:
        missing = [
            fault(None, f"transactItems.{at}.member.get", NOT_NULL)
            for at, item in enumerate(items, 1)
            if not item or "Get" not in item
        ]
        if missing:
            return joined([*missing, *faults_of(shape, request, "ReturnConsumedCapacity")])
    for constraint, broken in (
        (at_least(1), not items),
        (at_most(listed.longest or 0), len(items) > (listed.longest or 0)),
    ):
        if broken:
            return joined([fault(java_text(listed, items), "transactItems", constraint)])
    message = joined(member_faults(shape, request, names=False))
    if message:
        return message
    if writes:
        numbers = [_number_of_actions(item) for item in items]
        if 0 in numbers:
            return NO_ACTION
        if max(numbers) > 1:
            return SEVERAL_ACTIONS
    return joined(_action_name_faults(items))


def _action_name_faults(items: list[Request]) -> Iterator[str]:
    for at, item in enumerate(items, 1):
        for action, members in item.items():
            path = f"transactItems.{at}.member.{lower_first(action)}.tableName"
            yield from name_faults(members["TableName"], path)


def _number_of_actions(item: Request | None) -> int:
    return sum(content is not None for content in (item or {}).values())


def _number_of_keys(request: Request) -> int:
    tables: Request = request.get("RequestItems") or {}
    return sum(len(table.get("Keys") or ()) for table in tables.values())
