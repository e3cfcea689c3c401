"""Internal: compiles the actions of an update to one function of an item.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adorm.memory.expressions.bindings import Bindings
from adorm.memory.expressions.condition_checks import ValueCheck, Values
from adorm.memory.expressions.documents import parent_of, remove_at, write
from adorm.memory.expressions.nodes import (
    Action,
    AddAction,
    DeleteAction,
    PathElements,
    RemoveAction,
    SetAction,
    ValuePlaceholder,
)
from adorm.memory.expressions.paths import find_value, top_level, top_level_of_nested
from adorm.memory.expressions.projections import path_tree, project
from adorm.memory.expressions.update_checks import UpdateChecker, leaves
from adorm.memory.expressions.update_size import request_bytes
from adorm.memory.expressions.update_values import (
    INCORRECT_TYPE,
    evaluator,
    result_of_add,
    result_of_delete,
)
from adorm.memory.values.canonical import Item

MAX_UTF8 = 4
"""The most bytes of a character in UTF-8."""


class CompiledUpdate:
    """An update with its names bound, without the values of a request.

    Args:
        actions: the actions with attribute names in place of placeholders; no two paths overlap.
        checks: the checks that depend on the values of a request.
        mismatch: the message for ADD or DELETE if the stored value has another type.
    """

    def __init__(
        self, actions: Sequence[Action], checks: Sequence[ValueCheck], mismatch: str
    ) -> None:
        self.actions = tuple(actions)
        self.checks = tuple(checks)
        self.mismatch = mismatch
        operands = [operand for each in actions for operand in leaves(each)]
        self.operands = len(operands)
        without_values = {
            each.name: {"S": ""} for each in operands if isinstance(each, ValuePlaceholder)
        }
        self.own_bytes = request_bytes(self.actions, without_values)
        paths = [each.path for each in actions]
        self.attributes = top_level(paths)
        self.nested_attributes = top_level_of_nested(paths)
        self.only_removes = bool(actions) and all(
            isinstance(each, RemoveAction | DeleteAction) for each in actions
        )
        self.tree = path_tree(paths)
        self.sets = [
            (each.path.elements, evaluator(each.value))
            for each in actions
            if isinstance(each, SetAction)
        ]
        self.adds = [
            (each.path.elements, each.value.name) for each in actions if isinstance(each, AddAction)
        ]
        self.deletes = [
            (each.path.elements, each.value.name)
            for each in actions
            if isinstance(each, DeleteAction)
        ]
        self.removes = [each.path.elements for each in actions if isinstance(each, RemoveAction)]

    def apply(self, before: Mapping[str, Any], values: Values) -> Item:
        """Return the item after the update.

        All values are computed from the item before the update. Then SET, ADD and DELETE write in
        the order of their paths, so that elements appended to one list are in the order of their
        indexes. REMOVE comes last, with the highest index first, so that each index keeps its
        meaning.
        """
        writes = [
            (elements, result_of_add(find_value(before, elements), values[name], self.mismatch))
            for elements, name in self.adds
        ]
        emptied: list[PathElements] = []
        untouched: list[PathElements] = []
        for elements, name in self.deletes:
            existing = find_value(before, elements)
            left = result_of_delete(existing, values[name], self.mismatch)
            if left is not None:
                writes.append((elements, left))
            elif existing is not None:
                emptied.append(elements)
            else:
                untouched.append(elements)
        writes += [(elements, evaluate(before, values)) for elements, evaluate in self.sets]
        after = dict(before)
        for elements, value in sorted(writes, key=_by_path) if len(writes) > 1 else writes:
            write(after, elements, value)
        for elements in self.removes:
            (emptied if find_value(before, elements) is not None else untouched).append(elements)
        for elements in untouched:
            parent_of(dict(before), elements)
        for elements in sorted(emptied, reverse=True):
            remove_at(after, elements)
        return after


def _by_path(path_and_value: tuple[PathElements, Any]) -> PathElements:
    return path_and_value[0]


class Update:
    """An update of one request.

    `attributes` are the top-level attributes that it changes. `nested_attributes` are those that it
    changes by a longer path. `only_removes` says that it has only REMOVE and DELETE actions; such
    an update creates no item.
    """

    __slots__ = ("_compiled", "_values", "attributes", "nested_attributes", "only_removes")

    def __init__(self, compiled: CompiledUpdate, values: Values) -> None:
        self._compiled = compiled
        self._values = values
        self.attributes = compiled.attributes
        self.nested_attributes = compiled.nested_attributes
        self.only_removes = compiled.only_removes

    def apply(self, item: Mapping[str, Any]) -> Item:
        """Return the new item. For an item that does not exist yet, pass its key.

        Raises:
            EngineError: a path leads to no container, an operand is missing or has the wrong type,
                a number is out of range, or values are nested too deep.
        """
        return self._compiled.apply(item, self._values)

    def touched(self, item: Mapping[str, Any]) -> Item:
        """The parts of an item at the paths of the update, for UPDATED_OLD and UPDATED_NEW."""
        return project(self._compiled.tree, item)

    def exceeds(self, limit: int) -> bool:
        """Whether the update itself has more bytes than an item may have."""
        return not self._is_small(limit) and self.request_bytes() > limit

    def request_bytes(self) -> int:
        """The bytes that the service counts for the update itself."""
        return request_bytes(self._compiled.actions, self._values)

    def _is_small(self, limit: int) -> bool:
        """Whether the update is surely below the limit, so that its bytes need not be counted."""
        longest = 0
        for value in self._values.values():
            for content in value.values():
                if type(content) is not str:
                    return False
                longest = max(longest, len(content))
        compiled = self._compiled
        return compiled.own_bytes + compiled.operands * longest * MAX_UTF8 < limit


def compile_update(actions: Sequence[Action], bindings: Bindings) -> CompiledUpdate:
    """Bind an update to the names of a request and check it.

    Raises:
        ExpressionFault: the update breaks a rule; `update_checks` lists them.
    """
    checker = UpdateChecker(bindings)
    return CompiledUpdate(checker.bind(actions), checker.checks, INCORRECT_TYPE)
