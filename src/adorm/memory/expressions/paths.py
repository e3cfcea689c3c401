"""Internal: document paths: what stands at one, how messages write it, which two overlap."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from adorm.memory.expressions.errors import ExpressionFault
from adorm.memory.expressions.nodes import Path, PathElements
from adorm.memory.values import Value


def find_value(item: Mapping[str, Any], elements: PathElements) -> Value | None:
    """The value at a path, or None where the item has none."""
    found: Any = {"M": item}
    for element in elements:
        found = child_value(found, element)
        if found is None:
            return None
    return found  # type: ignore[no-any-return]  # values hold values


def child_value(value: Value, element: str | int) -> Value | None:
    """A member of a map by its name, or an element of a list by its index."""
    if isinstance(element, str):
        members = value.get("M")
        return members.get(element) if members is not None else None
    listed = value.get("L")
    return listed[element] if listed is not None and element < len(listed) else None


def path_text(elements: PathElements) -> str:
    """A path as messages write it: `[a, b, [0]]`."""
    written = (each if isinstance(each, str) else f"[{each}]" for each in elements)
    return f"[{', '.join(written)}]"


def refuse_overlaps(paths: Iterable[Path]) -> None:
    """Refuse two paths of one expression that can't both be followed.

    They overlap where one leads to the other or through it. They conflict where, behind the same
    elements, one goes on with a name and the other with an index.

    Raises:
        ExpressionFault: for the first two such paths, overlaps before conflicts.
    """
    conflict: ExpressionFault | None = None
    for later, path in enumerate(listed := [each.elements for each in paths]):
        for earlier in listed[:later]:
            shorter = min(len(earlier), len(path))
            pairs = zip(earlier[:shorter], path[:shorter], strict=True)
            split = next((pair for pair in pairs if pair[0] != pair[1]), None)
            if split is None:
                raise _refusal("overlap", earlier, path)
            if isinstance(split[0], str) != isinstance(split[1], str) and conflict is None:
                conflict = _refusal("conflict", earlier, path)
    if conflict is not None:
        raise conflict


def _refusal(verb: str, one: PathElements, two: PathElements) -> ExpressionFault:
    return ExpressionFault(
        f"Two document paths {verb} with each other; must remove or rewrite one of these paths; "
        f"path one: {path_text(one)}, path two: {path_text(two)}"
    )


def top_level(paths: Iterable[Path]) -> frozenset[str]:
    """The attributes in which the paths begin."""
    return frozenset(str(path.elements[0]) for path in paths)


def top_level_of_nested(paths: Iterable[Path]) -> frozenset[str]:
    """The attributes into which the paths lead further."""
    return frozenset(str(path.elements[0]) for path in paths if len(path.elements) > 1)
