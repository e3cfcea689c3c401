"""The service's messages for broken constraints, for the tests of shapes."""

from __future__ import annotations

from typing import Any

from adorm.memory.errors import EngineError, Wording
from adorm.memory.shapes.check import check

KEY: dict[str, Any] = {"pk": {"S": "a"}}
PATTERN = "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"


def message(operation: str, request: Any, wording: Wording = "new") -> str | None:
    """The message for a request; None if it passes the checks."""
    try:
        check(operation, request, wording)
    except EngineError as error:
        assert error.code == "ValidationException"
        return error.text(wording)
    return None


def reported(*faults: str) -> str:
    """Several faults, reported together."""
    plural = "s" if len(faults) > 1 else ""
    return f"{len(faults)} validation error{plural} detected: {'; '.join(faults)}"


def fault(value: Any, path: str, constraint: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def fault_without_value(path: str, constraint: str) -> str:
    return f"Value at '{path}' failed to satisfy constraint: Member must have {constraint}"


def missing(path: str) -> str:
    return fault(None, path, "Member must not be null")


def at_least(value: str, path: str, length: int) -> str:
    return fault(value, path, f"Member must have length greater than or equal to {length}")


def at_most(value: str, path: str, length: int) -> str:
    return fault(value, path, f"Member must have length less than or equal to {length}")


def number(value: int, path: str, constraint: str) -> str:
    return fault(value, path, f"Member must have value {constraint}")


def short(name: str) -> str:
    return at_least(name, "tableName", 3)


def pattern(value: str, path: str = "tableName") -> str:
    return fault(value, path, PATTERN)


def bad(path: str, values: str) -> str:
    return fault("BAD", path, f"Member must satisfy enum value set: [{values}]")


CAPACITY = bad("returnConsumedCapacity", "INDEXES, TOTAL, NONE")
METRICS = bad("returnItemCollectionMetrics", "SIZE, NONE")
SELECT = bad("select", "SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES")
NO_NAME = missing("tableName")
EMPTY = fault_without_value("TableName", "length greater than or equal to 1")
EMPTY_OLD = at_least("", "tableName", 1)


def on_failure(path: str = "") -> str:
    return bad(f"{path}returnValuesOnConditionCheckFailure", "ALL_OLD, NONE")
