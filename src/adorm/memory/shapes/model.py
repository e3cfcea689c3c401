"""Internal: the parts from which the members of requests are described.

A shape says which JSON a member accepts and which constraints its value has. The tables of members
(`items.py`, `queries.py`, ...) are written with these parts. `json_types.py` compiles fast checks
from them, and `faults.py` finds what is wrong with a value.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

from attrs import field, frozen

from adorm.memory.limits import (
    MAX_TABLE_NAME_CHARACTERS,
    MAX_TOKEN_CHARACTERS,
    MIN_TABLE_NAME_CHARACTERS,
)

NAME_PATTERN = "[a-zA-Z0-9_.-]+"
"""The pattern of the names of tables and indexes.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
"""

Request: TypeAlias = Mapping[str, Any]


@frozen
class Text:
    """JSON text.

    Args:
        values: the enum, in the service's order; empty if any text is allowed.
        shortest: the least number of characters.
        longest: the greatest number of characters.
        pattern: a regular expression that the whole text must match.
        echoed: False if the service does not repeat the value in its message.
    """

    values: tuple[str, ...] = ()
    shortest: int | None = None
    longest: int | None = None
    pattern: str | None = None
    echoed: bool = True


@frozen
class TableName:
    """The name of a table, or its ARN."""


@frozen
class Whole:
    """A whole number of 32 bits ("Integer") or 64 bits ("Long")."""

    java: Literal["Integer", "Long"] = "Integer"
    least: int | None = None
    greatest: int | None = None


@frozen
class Timestamp:
    """A time in seconds since 1970, whole or with a fraction."""


@frozen
class Flag:
    """A boolean. The service also accepts text: `"true"`, `"no"`, `"1"`."""


@frozen
class AttributeValue:
    """One attribute value, `{"S": "x"}`."""


@frozen
class ListOf:
    """A list.

    Args:
        element: the shape of each element.
        shortest: the least number of elements.
        longest: the greatest number of elements.
        fault_path: the path that the service names where the list is too long; None for the path
            of the list itself.
    """

    element: Shape
    shortest: int | None = None
    longest: int | None = None
    fault_path: str | None = None


@frozen
class MapOf:
    """A map of text to values of one shape."""

    value: Shape


@frozen
class Structure:
    """A map of known members. Unknown members are ignored and not passed to handlers.

    Args:
        name: the service's name, which its messages show.
        members: the members by name, in the order in which the service prints them.
        required: the members that must exist.
        required_unless: members that must exist unless one of some others does.
        unmodelled: members that the service prints and no request has.
    """

    name: str
    members: Mapping[str, Shape]
    required: tuple[str, ...] = ()
    required_unless: Mapping[str, tuple[str, ...]] = field(factory=dict[str, tuple[str, ...]])
    unmodelled: tuple[str, ...] = ()


Shape: TypeAlias = (
    Text | TableName | Whole | Timestamp | Flag | AttributeValue | ListOf | MapOf | Structure
)

Explain: TypeAlias = "Callable[[Structure, Request, Request], str | None]"
"""(input, request as sent, cleaned request) -> the message, or None if nothing is wrong so far."""


@frozen
class Operation:
    """One operation of the service.

    Args:
        input: the shape of its request.
        explain: returns the service's message for a faulty request, in the new wording.
        explain_old: the same in the old wording.
        suspect: finds faults that the checks of the members do not see; True calls `explain`.
    """

    input: Structure
    explain: Explain
    explain_old: Explain
    suspect: Callable[[Request], bool] | None = None


INDEX_NAME = Text(
    shortest=MIN_TABLE_NAME_CHARACTERS, longest=MAX_TABLE_NAME_CHARACTERS, pattern=NAME_PATTERN
)
ATTRIBUTE_MAP = MapOf(AttributeValue())
ATTRIBUTE_NAMES = MapOf(Text())
EXPRESSION_PARTS: Mapping[str, Shape] = {
    "ConditionExpression": Text(),
    "ExpressionAttributeNames": ATTRIBUTE_NAMES,
    "ExpressionAttributeValues": ATTRIBUTE_MAP,
}
RETURN_CONSUMED_CAPACITY = Text(("INDEXES", "TOTAL", "NONE"))
RETURN_ITEM_COLLECTION_METRICS = Text(("SIZE", "NONE"))
RETURN_VALUES = Text(("ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"))
RETURN_VALUES_ON_CONDITION_CHECK_FAILURE = Text(("ALL_OLD", "NONE"))
CONDITIONAL_OPERATOR = Text(("OR", "AND"))
COMPARISON_OPERATOR = Text(
    (
        "IN",
        "NULL",
        "BETWEEN",
        "LT",
        "NOT_CONTAINS",
        "EQ",
        "GT",
        "NOT_NULL",
        "NE",
        "LE",
        "BEGINS_WITH",
        "GE",
        "CONTAINS",
    )
)
CLIENT_REQUEST_TOKEN = Text(shortest=1, longest=MAX_TOKEN_CHARACTERS)


def lower_first(name: str) -> str:
    """The name of a member in messages: `tableName` for `TableName`, `sSEType` for `SSEType`."""
    return name[:1].lower() + name[1:]
