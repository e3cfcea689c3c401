"""Internal: the service's messages for faulty Query and Scan requests in the new wording.

The members are checked in stages. The faults of one stage are reported together, and the next stage
follows only if there are none. The rest, above all a bad `Select`, comes after the checks of
expressions; see `check_select_value`.
"""

from __future__ import annotations

from collections.abc import Iterator

from adorm.memory.errors import ENVELOPE, invalid
from adorm.memory.shapes.faults import (
    NOT_NULL,
    at_least,
    fault,
    fault_without_value,
    joined,
    member_faults,
    no_less,
    no_more,
    one_of,
    text_constraints,
    value_faults,
)
from adorm.memory.shapes.item_wording import EMPTY_NAME, faults_of, first_name_fault
from adorm.memory.shapes.model import INDEX_NAME, Request, Structure, Text, Whole

SELECT = Text(("SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"))
CONDITIONS = ("KeyConditions", "QueryFilter", "ScanFilter")
WHOLES = ("Limit", "Segment", "TotalSegments")


def explain_query(shape: Structure, sent: Request, request: Request) -> str | None:
    """The faults of a Query or a Scan in the new wording, without a bad `Select`."""
    operators = [*_missing_operators(request)]
    if "TableName" not in request or (operators and "ScanFilter" in shape.members):
        return joined(member_faults(shape, request, names=False))
    if any(_is_coerced(sent, name) for name in WHOLES):
        message = joined(member_faults(shape, request, names=False))
        if message:
            return message
    return joined(_first_stage(shape, request)) or joined(
        [
            *first_name_fault(request),
            *faults_of(shape, request, "ReturnConsumedCapacity"),
            *operators,
            *_null_attributes(shape, request),
        ]
    )


def check_select_value(select: str) -> None:
    """Refuse an unknown `Select`. Query calls it before it reads expressions, Scan after.

    Raises:
        EngineError: the `Select` is not one of the four values.
    """
    if select not in SELECT.values:
        raise invalid(ENVELOPE + fault(select, "select", one_of(SELECT.values)))


def _is_coerced(sent: Request, name: str) -> bool:
    """Whether a number lost its fraction, or was too large for 32 bits."""
    number = sent.get(name)
    return number is not None and not (number == int(number) and -(2**31) <= number < 2**31)


def _first_stage(shape: Structure, request: Request) -> Iterator[str]:
    """The faults whose value the service does not repeat."""
    attributes = request.get("AttributesToGet")
    if attributes is not None and not attributes:
        yield fault_without_value("AttributesToGet", at_least(1))
    for constraint in text_constraints(INDEX_NAME, request.get("IndexName", "any")):
        yield fault_without_value("IndexName", constraint)
    for name in WHOLES:
        whole = shape.members.get(name)
        number = request.get(name)
        if number is None or not isinstance(whole, Whole):
            continue
        if whole.least is not None and number < whole.least:
            yield fault_without_value(name, no_less(whole.least))
        if whole.greatest is not None and number > whole.greatest:
            yield fault_without_value(name, no_more(whole.greatest))
    if request["TableName"] == "":
        yield EMPTY_NAME


def _missing_operators(request: Request) -> Iterator[str]:
    """The faults of conditions without a `ComparisonOperator`."""
    for conditions in CONDITIONS:
        for name, condition in request.get(conditions, {}).items():
            if "ComparisonOperator" not in condition:
                path = f"{conditions[0].lower()}{conditions[1:]}.{name}.member"
                yield fault(None, f"{path}.comparisonOperator", NOT_NULL)


def _null_attributes(shape: Structure, request: Request) -> Iterator[str]:
    """The faults of nulls among the names of `AttributesToGet`."""
    attributes = request.get("AttributesToGet")
    if attributes:
        yield from value_faults(shape.members["AttributesToGet"], attributes, "attributesToGet")
