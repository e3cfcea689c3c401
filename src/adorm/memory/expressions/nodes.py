"""Internal: the nodes that the parsers return: paths, values, functions, conditions and actions.

A name in a path is a `str`. The parser returns it as written: `a`, or the placeholder `#a`. Once
names are bound, it is the name of the attribute. A list index is an `int`.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs

PathElements: TypeAlias = tuple[str | int, ...]


@attrs.frozen
class Path:
    """A document path, such as `a.b[0]`."""

    elements: PathElements


@attrs.frozen
class ValuePlaceholder:
    """The placeholder of a value in `ExpressionAttributeValues`, such as `:v`."""

    name: str


@attrs.frozen
class Call:
    """A function with its operands."""

    function: str
    operands: tuple[Operand, ...]


@attrs.frozen
class Arithmetic:
    """A sum or a difference in a SET action."""

    operator: Literal["+", "-"]
    left: Operand
    right: Operand


Operand: TypeAlias = Path | ValuePlaceholder | Call | Arithmetic


@attrs.frozen
class Comparison:
    """`left < right`."""

    operator: str
    left: Operand
    right: Operand


@attrs.frozen
class Between:
    """`operand BETWEEN low AND high`."""

    operand: Operand
    low: Operand
    high: Operand


@attrs.frozen
class In:
    """`operand IN (candidate, ...)`."""

    operand: Operand
    candidates: tuple[Operand, ...]


@attrs.frozen
class And:
    """True if all parts are true."""

    parts: tuple[ConditionNode, ...]


@attrs.frozen
class Or:
    """True if at least one part is true."""

    parts: tuple[ConditionNode, ...]


@attrs.frozen
class Not:
    """True if the condition is false."""

    condition: ConditionNode


ConditionNode: TypeAlias = Comparison | Between | In | Call | And | Or | Not


@attrs.frozen
class SetAction:
    """`SET path = value`."""

    path: Path
    value: Operand


@attrs.frozen
class RemoveAction:
    """`REMOVE path`."""

    path: Path


@attrs.frozen
class AddAction:
    """`ADD path :v`."""

    path: Path
    value: ValuePlaceholder


@attrs.frozen
class DeleteAction:
    """`DELETE path :v`."""

    path: Path
    value: ValuePlaceholder


Action: TypeAlias = SetAction | RemoveAction | AddAction | DeleteAction
