"""Internal: finds the faults in the members of a request, and words the service's messages.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from adorm.memory.java_hash_order import SET_BUCKETS, in_hash_order
from adorm.memory.limits import MAX_TABLE_NAME_CHARACTERS, MIN_TABLE_NAME_CHARACTERS
from adorm.memory.shapes.echo import java_text
from adorm.memory.shapes.json_types import is_arn
from adorm.memory.shapes.model import (
    NAME_PATTERN,
    ListOf,
    MapOf,
    Request,
    Shape,
    Structure,
    TableName,
    Text,
    Whole,
    lower_first,
)

MAX_FAULTS = 10
"""The most faults that one message reports."""

NOT_NULL = "Member must not be null"


def joined(faults: Iterable[str]) -> str | None:
    """One message of up to ten faults; None if there are none."""
    found = list(islice(faults, MAX_FAULTS))
    if not found:
        return None
    return (
        f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: {'; '.join(found)}"
    )


def fault(shown: str | None, path: str, constraint: str) -> str:
    """The message for one broken constraint; `shown` is the value as text, None if missing."""
    value = "null" if shown is None else f"'{shown}'"
    return f"Value {value} at '{path}' failed to satisfy constraint: {constraint}"


def fault_without_value(path: str, constraint: str) -> str:
    """The message for one broken constraint whose value the service does not repeat."""
    return f"Value at '{path}' failed to satisfy constraint: {constraint}"


def at_least(length: int) -> str:
    """The constraint on the least length."""
    return f"Member must have length greater than or equal to {length}"


def at_most(length: int) -> str:
    """The constraint on the greatest length."""
    return f"Member must have length less than or equal to {length}"


def no_less(number: int) -> str:
    """The constraint on the least number."""
    return f"Member must have value greater than or equal to {number}"


def no_more(number: int) -> str:
    """The constraint on the greatest number."""
    return f"Member must have value less than or equal to {number}"


def matching(pattern: str) -> str:
    """The constraint on text that must match a pattern."""
    return f"Member must satisfy regular expression pattern: {pattern}"


def one_of(values: Iterable[str]) -> str:
    """The constraint on the values of an enum."""
    return f"Member must satisfy enum value set: [{', '.join(values)}]"


def member_faults(
    shape: Structure, request: Request, path: str = "", *, names: bool = True
) -> Iterator[str]:
    """The faults of a structure's members in the service's order, that of a Java hash table.

    Args:
        shape: the structure.
        request: its cleaned value.
        path: its path, such as `transactItems.1.member.put`; empty for a whole request.
        names: whether to check names of tables completely; if not, they must only exist and not be
            empty.
    """
    names_shown = {lower_first(name): name for name in (*shape.members, *shape.unmodelled)}
    for shown in in_hash_order(names_shown, SET_BUCKETS):
        name = names_shown[shown]
        if name not in shape.members:
            continue
        value = request.get(name)
        where = f"{path}.{shown}" if path else shown
        if value is not None:
            yield from value_faults(shape.members[name], value, where, names=names)
        elif name in shape.required or (
            name in shape.required_unless
            and all(request.get(each) is None for each in shape.required_unless[name])
        ):
            yield fault(None, where, NOT_NULL)


def value_faults(shape: Shape, value: Any, path: str, *, names: bool = True) -> Iterator[str]:
    """The faults of one value and of the values in it."""
    match shape:
        case Text():
            for constraint in text_constraints(shape, value):
                yield (
                    fault(value, path, constraint)
                    if shape.echoed
                    else fault_without_value(path, constraint)
                )
        case TableName():
            if names or not value:
                yield from name_faults(value, path)
        case Whole():
            if shape.least is not None and value < shape.least:
                yield fault(str(value), path, no_less(shape.least))
            if shape.greatest is not None and value > shape.greatest:
                yield fault(str(value), path, no_more(shape.greatest))
        case ListOf():
            yield from _list_faults(shape, value, path, names)
        case MapOf():
            for name, each in value.items():
                yield from value_faults(shape.value, each, f"{path}.{name}.member", names=names)
        case Structure():
            yield from member_faults(shape, value, path, names=names)
        case _:
            return


def text_constraints(shape: Text, value: str) -> Iterator[str]:
    """The constraints that a text breaks."""
    if shape.values and value not in shape.values:
        yield one_of(shape.values)
    if shape.pattern and not re.fullmatch(shape.pattern, value):
        yield matching(shape.pattern)
    if shape.shortest is not None and len(value) < shape.shortest:
        yield at_least(shape.shortest)
    if shape.longest is not None and len(value) > shape.longest:
        yield at_most(shape.longest)


def name_faults(name: str, path: str) -> Iterator[str]:
    """The faults of a table's name. An empty name has only one."""
    if not name:
        yield fault(name, path, at_least(1))
        return
    if is_arn(name):
        return
    if len(name) < MIN_TABLE_NAME_CHARACTERS:
        yield fault(name, path, at_least(MIN_TABLE_NAME_CHARACTERS))
    elif len(name) > MAX_TABLE_NAME_CHARACTERS:
        yield fault(name, path, at_most(MAX_TABLE_NAME_CHARACTERS))
    if not re.fullmatch(NAME_PATTERN, name):
        yield fault(name, path, matching(NAME_PATTERN))


def _list_faults(shape: ListOf, value: list[Any], path: str, names: bool) -> Iterator[str]:
    if shape.shortest is not None and len(value) < shape.shortest:
        yield fault(java_text(shape, value), path, at_least(shape.shortest))
    if shape.longest is not None and len(value) > shape.longest:
        yield fault(java_text(shape, value), shape.fault_path or path, at_most(shape.longest))
    if isinstance(shape.element, Text):
        if any(each is None or any(text_constraints(shape.element, each)) for each in value):
            yield fault(java_text(shape, value), path, _constraint_of_each(shape.element))
        return
    for at, each in enumerate(value, 1):
        where = f"{path}.{at}.member"
        if each is None:
            yield fault(None, where, NOT_NULL)
        else:
            yield from value_faults(shape.element, each, where, names=names)


def _constraint_of_each(element: Text) -> str:
    """All constraints on the texts of a list. The service reports them all if one is broken."""
    constraints: list[str] = []
    if element.longest is not None:
        constraints.append(at_most(element.longest))
    if element.shortest is not None:
        constraints.append(at_least(element.shortest))
    if element.pattern is not None:
        constraints.append(matching(element.pattern))
    return f"Member must satisfy constraint: [{', '.join([*constraints, NOT_NULL])}]"
