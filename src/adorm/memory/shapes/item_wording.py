"""Internal: the service's messages for faulty GetItem, PutItem, UpdateItem and DeleteItem requests.

In the new wording these operations check members in stages. They leave `ConditionalOperator`, the
operators of `Expected` and the actions of `AttributeUpdates` to the later checks of expressions.
"""

from __future__ import annotations

from collections.abc import Iterator

from adorm.memory.errors import ENVELOPE
from adorm.memory.shapes.faults import (
    NOT_NULL,
    at_least,
    fault,
    fault_without_value,
    joined,
    member_faults,
    name_faults,
    one_of,
    value_faults,
)
from adorm.memory.shapes.model import Request, Structure, lower_first

EMPTY_NAME = fault_without_value("TableName", at_least(1))
WRONG_RETURN_VALUES = "Failed to satisfy constraint: " + one_of(
    ("ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATE_NEW", "NONE")
)
"""The new wording of a bad `ReturnValues`. The word "UPDATE_NEW" in it is the service's mistake."""

WRONG_METRICS = "ReturnItemCollectionMetrics can only be SIZE or NONE"
"""The new wording of a bad `ReturnItemCollectionMetrics` in PutItem, recorded in June 2026."""

ONLY_OLD_VALUES = "ReturnValues can only be ALL_OLD or NONE"


def first_name_fault(request: Request) -> Iterator[str]:
    """The first fault of `TableName`: missing, wrong length, or wrong characters."""
    name = request.get("TableName")
    if name is None:
        yield fault(None, "tableName", NOT_NULL)
    else:
        for each in name_faults(name, "tableName"):
            yield each
            return


def faults_of(shape: Structure, request: Request, *members: str) -> Iterator[str]:
    """The faults of the given members, in the given order."""
    for name in members:
        value = request.get(name)
        if value is not None:
            yield from value_faults(shape.members[name], value, lower_first(name))
        elif name in shape.required:
            yield fault(None, lower_first(name), NOT_NULL)


def return_values_faults(shape: Structure, request: Request) -> Iterator[str]:
    """The new wording of an unknown `ReturnValues`."""
    if any(faults_of(shape, request, "ReturnValues")):
        yield WRONG_RETURN_VALUES


def _put_metrics_faults(shape: Structure, request: Request) -> Iterator[str]:
    if any(faults_of(shape, request, "ReturnItemCollectionMetrics")):
        yield WRONG_METRICS


def explain_get_item(shape: Structure, sent: Request, request: Request) -> str | None:
    """The faults of a GetItem in the new wording."""
    if request.get("TableName") == "":
        return joined([EMPTY_NAME])
    return joined(
        [
            *faults_of(shape, request, "Key"),
            *first_name_fault(request),
            *faults_of(shape, request, "ReturnConsumedCapacity", "AttributesToGet"),
        ]
    )


def explain_write(shape: Structure, sent: Request, request: Request) -> str | None:
    """The faults of a PutItem or a DeleteItem in the new wording."""
    if request.get("TableName") == "":
        return joined([EMPTY_NAME])
    puts = "Item" in shape.members
    faults = [
        *first_name_fault(request),
        *faults_of(shape, request, "Item" if puts else "Key", "ReturnConsumedCapacity"),
        *return_values_faults(shape, request),
        *(
            _put_metrics_faults(shape, request)
            if puts
            else faults_of(shape, request, "ReturnItemCollectionMetrics")
        ),
        *faults_of(shape, request, "ReturnValuesOnConditionCheckFailure"),
    ]
    if not puts and "Key" in request and deletes_with_new_values(request):
        faults.append(ONLY_OLD_VALUES)
    return joined(faults)


def explain_update_item(shape: Structure, sent: Request, request: Request) -> str | None:
    """The faults of an UpdateItem in the new wording.

    It reports only one bad enum, and two of the four enums without a count. A request without a
    table or a key gets the old wording.
    """
    name = request.get("TableName")
    if name == "":
        return joined([EMPTY_NAME])
    if name is None or "Key" not in request:
        return joined(member_faults(shape, request, names=False))
    faults = list(name_faults(name, "tableName"))
    if faults:
        return joined(reversed(faults))
    for each in return_values_faults(shape, request):
        return ENVELOPE + each
    for each in faults_of(shape, request, "ReturnValuesOnConditionCheckFailure"):
        return each
    for each in faults_of(shape, request, "ReturnItemCollectionMetrics"):
        return ENVELOPE + each
    for each in faults_of(shape, request, "ReturnConsumedCapacity"):
        return each
    return None


def explain_delete_item_old(shape: Structure, sent: Request, request: Request) -> str | None:
    """The faults of a DeleteItem in the old wording."""
    message = joined(member_faults(shape, request))
    return message or (ONLY_OLD_VALUES if deletes_with_new_values(request) else None)


def deletes_with_new_values(request: Request) -> bool:
    """Whether a DeleteItem asks for values that only UpdateItem can return."""
    values = request.get("ReturnValues", "NONE")
    return values in ("ALL_NEW", "UPDATED_OLD", "UPDATED_NEW")
