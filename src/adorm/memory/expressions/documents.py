"""Internal: writes into nested lists and maps of an item without changing the original item.

It copies the containers on the way to a path and shares everything else with the original item.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from adorm.memory.errors import invalid
from adorm.memory.expressions.nodes import PathElements
from adorm.memory.values.canonical import Item, Value

INVALID_PATH = "The document path provided in the update expression is invalid for update"

Container: TypeAlias = dict[str, Any] | list[Any]


def write(item: Item, elements: PathElements, value: Value) -> None:
    """Write a value at a path of an item whose top level is already a copy; see `parent_of`.

    An index behind the end of a list appends to the list.
    """
    parent, last = parent_of(item, elements), elements[-1]
    if isinstance(parent, dict):
        parent[str(last)] = value
    elif int(last) < len(parent):
        parent[int(last)] = value
    else:
        parent.append(value)


def remove_at(item: Item, elements: PathElements) -> None:
    """Remove the value at a path, if there is one. Later elements of a list move up."""
    parent, last = parent_of(item, elements), elements[-1]
    if isinstance(parent, dict):
        parent.pop(str(last), None)
    elif int(last) < len(parent):
        del parent[int(last)]


def parent_of(item: Item, elements: PathElements) -> Container:
    """Copy and return the content of the map or list that holds the last element of a path.

    Raises:
        EngineError: the container is missing, or is not a map for a name or not a list for an
            index.
    """
    container: Container = item
    for element in elements[:-1]:
        container = _copied_member(container, element)
    if isinstance(container, dict) != isinstance(elements[-1], str):
        raise invalid(INVALID_PATH)
    return container


def _copied_member(container: Container, element: str | int) -> Container:
    """Replace a member that is a map or a list by its copy, and return the content of the copy."""
    if isinstance(container, dict):
        if isinstance(element, str) and element in container:
            copied, container[element] = _copy(container[element])
            return copied
    elif isinstance(element, int) and element < len(container):
        copied, container[element] = _copy(container[element])
        return copied
    raise invalid(INVALID_PATH)


def _copy(value: Value) -> tuple[Container, Value]:
    """Copy the content of a map or list; return it with a value around it."""
    if "M" in value:
        members: dict[str, Any] = dict(value["M"])
        return members, {"M": members}
    if "L" in value:
        listed: list[Any] = list(value["L"])
        return listed, {"L": listed}
    raise invalid(INVALID_PATH)
