"""Internal: projections: the parts of an item that a request asks for.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ProjectionExpressions.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from adorm.memory.expressions.bindings import Bindings
from adorm.memory.expressions.nodes import Path
from adorm.memory.expressions.paths import (
    child_value,
    refuse_overlaps,
    top_level,
    top_level_of_nested,
)
from adorm.memory.values.canonical import Item, Value

Tree = dict[Any, Any]
"""Path elements to the trees below them; an empty tree stands for the whole value."""


class Projection:
    """Document paths, of which a new item is made.

    `attributes` are the top-level attributes in which they begin, `nested_attributes` those into
    which they lead further.
    """

    __slots__ = ("_tree", "attributes", "nested_attributes")

    def __init__(self, paths: Iterable[Path]) -> None:
        listed = list(paths)
        self.attributes = top_level(listed)
        self.nested_attributes = top_level_of_nested(listed)
        self._tree = path_tree(listed)

    def apply(self, item: Mapping[str, Any]) -> Item:
        """A new item of what stands at the paths.

        Elements of a list follow each other in the order of the list, without gaps.
        """
        return project(self._tree, item)


def compile_projection(paths: Iterable[Path], bindings: Bindings) -> Projection:
    """Bind a projection to a request's names and check it.

    Raises:
        ExpressionFault: a name is not defined, or two paths overlap.
    """
    bound = [bindings.path(each) for each in paths]
    refuse_overlaps(bound)
    return Projection(bound)


def path_tree(paths: Iterable[Path]) -> Tree:
    """The paths as one tree. Those of one expression do not overlap."""
    tree: Tree = {}
    for path in paths:
        at = tree
        for element in path.elements:
            at = at.setdefault(element, {})
    return tree


def project(tree: Tree, item: Mapping[str, Any]) -> Item:
    """The parts of an item that a tree of paths leads to."""
    projected = _part({"M": item}, tree) if tree else None
    return projected["M"] if projected else {}


def _part(value: Value, tree: Tree) -> Item | None:
    """The part of a value that a tree leads to; None where it leads to nothing."""
    if not tree:
        return dict(value)
    parts: dict[str, Any] = {}
    elements: list[Any] = []
    for element in sorted(tree) if "L" in value else tree:
        child = child_value(value, element)
        part = None if child is None else _part(child, tree[element])
        if part is None:
            continue
        if isinstance(element, str):
            parts[element] = part
        else:
            elements.append(part)
    if elements:
        return {"L": elements}
    return {"M": parts} if parts else None
