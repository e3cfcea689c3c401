"""Internal: document paths: their values, their text in messages, and overlapping paths."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from adorm.memory.expressions.errors import ExpressionFault
from adorm.memory.expressions.nodes import Path, PathElements
from adorm.memory.values.canonical import Value


def find_value(item: Mapping[str, Any], elements: PathElements) -> Value | None:
    """The value at a path; None if the item has none."""
    found: Any = {"M": item}
    for element in elements:
        found = child_value(found, element)
        if found is None:
            return None
    return found  # type: ignore[no-any-return]  # a member of a value is a value


def child_value(value: Value, element: str | int) -> Value | None:
    """A member of a map by its name, or an element of a list by its index."""
    if isinstance(element, str):
        members = value.get("M")
        return members.get(element) if members is not None else None
    listed = value.get("L")
    return listed[element] if listed is not None and element < len(listed) else None


def path_text(elements: PathElements) -> str:
    """A path as the service's messages write it: `[a, b, [0]]`."""
    written = (each if isinstance(each, str) else f"[{each}]" for each in elements)
    return f"[{', '.join(written)}]"


class _Step:
    """One element in a tree of paths, with the first path of each sort that goes through it."""

    __slots__ = ("ending", "following", "leading", "named", "numbered")

    def __init__(self, leading: int) -> None:
        self.leading = leading
        """The first path that leads to this element."""
        self.ending: int | None = None
        """The first path that ends with this element."""
        self.named: int | None = None
        """The first path that goes on with a name."""
        self.numbered: int | None = None
        """The first path that goes on with an index."""
        self.following: dict[str | int, _Step] = {}


def refuse_overlaps(paths: Iterable[Path]) -> None:
    """Refuse two paths of one expression that exclude each other.

    Paths overlap if one leads to the other or through it. They conflict if, after the same
    elements, one goes on with a name and the other with an index.

    Raises:
        ExpressionFault: names the first two such paths; overlaps come before conflicts.
    """
    conflict: ExpressionFault | None = None
    root = _Step(0)
    listed = [each.elements for each in paths]
    for at, path in enumerate(listed):
        step = root
        overlapping: list[int] = []
        conflicting: list[int] = []
        is_new = False
        for element in path:
            if isinstance(element, str):
                other = step.numbered
                step.named = at if step.named is None else step.named
            else:
                other = step.named
                step.numbered = at if step.numbered is None else step.numbered
            if other is not None:
                conflicting.append(other)
            following = step.following.get(element)
            is_new = following is None
            if following is None:
                following = step.following[element] = _Step(at)
            elif following.ending is not None:
                overlapping.append(following.ending)
            step = following
        if not is_new:
            overlapping.append(step.leading)
        if overlapping:
            raise _refusal("overlap", listed[min(overlapping)], path)
        step.ending = at
        if conflicting and conflict is None:
            conflict = _refusal("conflict", listed[min(conflicting)], path)
    if conflict is not None:
        raise conflict


def _refusal(verb: str, one: PathElements, two: PathElements) -> ExpressionFault:
    return ExpressionFault(
        f"Two document paths {verb} with each other; must remove or rewrite one of these paths; "
        f"path one: {path_text(one)}, path two: {path_text(two)}"
    )


def top_level(paths: Iterable[Path]) -> frozenset[str]:
    """The attributes with which the paths begin."""
    return frozenset(str(path.elements[0]) for path in paths)


def top_level_of_nested(paths: Iterable[Path]) -> frozenset[str]:
    """The first attributes of the paths that have more than one element."""
    return frozenset(str(path.elements[0]) for path in paths if len(path.elements) > 1)
