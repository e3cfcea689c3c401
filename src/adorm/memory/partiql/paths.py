"""Internal: document paths in statements."""

from __future__ import annotations

from adorm.memory.errors import EngineError, invalid
from adorm.memory.expressions.nodes import PathElements
from adorm.memory.limits import MAX_LIST_INDEX
from adorm.memory.partiql.nodes import Constant, Dot, Name, Node, Path, Subscript, Wildcard


def read_path(node: Node) -> PathElements | None:
    """The elements of a path that begins with a name; None for any other node.

    Raises:
        EngineError: a part of the path is neither a name nor an index.
    """
    if isinstance(node, Name):
        if not node.name:
            raise empty_name()
        return (node.name,)
    if not isinstance(node, Path):
        return None
    first = read_path(node.root)
    if first is None:
        return None
    elements: list[str | int] = list(first)
    for step in node.steps:
        match step:
            case Dot(name):
                if not name:
                    raise empty_name()
                elements.append(name)
            case Subscript(index):
                elements.append(_index(index))
            case Wildcard(at):
                raise unexpected_component(at.place)
    return tuple(elements)


def _index(node: Node) -> str | int:
    if isinstance(node, Constant) and "S" in node.value:
        return str(node.value["S"])
    if not isinstance(node, Constant) or "N" not in node.value:
        raise unexpected_component(node.at.place)
    written: str = node.value["N"]
    digits = written.removeprefix("-")
    index = int(digits) if digits.isdecimal() and len(digits) < 20 else MAX_LIST_INDEX + 1
    if index > MAX_LIST_INDEX or (index and digits != written):
        raise invalid(
            f"List index is not within the allowable range; index: [{written}] at {node.at.place}"
        )
    return index


def unexpected_component(place: str) -> EngineError:
    """The refusal of a node that can't be part of a path."""
    return invalid(f"Unexpected path component at {place}")


def empty_name() -> EngineError:
    """The refusal of an empty name."""
    return invalid("Path component cannot be an empty string")


def column_name(elements: PathElements) -> str:
    """The name of a selected path in the answer: its last name, and the indexes after it."""
    at = max(at for at, element in enumerate(elements) if isinstance(element, str))
    return str(elements[at]) + "".join(f"[{index}]" for index in elements[at + 1 :])
