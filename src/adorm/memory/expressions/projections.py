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
"""From path elements to the trees below them; an empty tree stands for the whole value."""


class Projection:
    """The document paths of which a new item is made.

    `attributes` are the top-level attributes with which the paths begin. `nested_attributes` are
    those of paths with more than one element.
    """

    __slots__ = ("_tree", "attributes", "nested_attributes")

    def __init__(self, paths: Iterable[Path]) -> None:
        listed = list(paths)
        self.attributes = top_level(listed)
        self.nested_attributes = top_level_of_nested(listed)
        self._tree = path_tree(listed)

    def apply(self, item: Mapping[str, Any]) -> Item:
        """Make a new item of the values at the paths.

        Elements of a list keep their order and close up, without gaps.
        """
        return project(self._tree, item)


def compile_projection(paths: Iterable[Path], bindings: Bindings) -> Projection:
    """Bind a projection to the names of a request and check it.

    Raises:
        ExpressionFault: a name is not defined, or two paths overlap.
    """
    bound = [bindings.path(each) for each in paths]
    refuse_overlaps(bound)
    return Projection(bound)


def path_tree(paths: Iterable[Path]) -> Tree:
    """Arrange the paths of one expression as a tree. They do not overlap."""
    tree: Tree = {}
    for path in paths:
        at = tree
        for element in path.elements:
            at = at.setdefault(element, {})
    return tree


def project(tree: Tree, item: Mapping[str, Any]) -> Item:
    """Return the parts of an item to which a tree of paths leads."""
    projected = _part({"M": item}, tree) if tree else None
    return projected["M"] if projected else {}


def _part(value: Value, tree: Tree) -> Item | None:
    """The part of a value to which a tree leads; None if there is none."""
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
