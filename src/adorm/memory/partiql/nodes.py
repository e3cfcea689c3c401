"""Internal: what the parser reads: terms, operations, and the four kinds of statements."""

from __future__ import annotations

from typing import TypeAlias

import attrs

from adorm.memory.partiql.tokens import Token
from adorm.memory.values.canonical import Value


@attrs.frozen
class Constant:
    """A string, a number, a boolean or null, as an attribute value. A number is as it was
    written."""

    value: Value
    at: Token


@attrs.frozen
class Ion:
    """A literal of Amazon Ion, of the type `at.text`."""

    at: Token


@attrs.frozen
class Missing:
    """The word MISSING."""

    at: Token


@attrs.frozen
class Parameter:
    """A `?`; `index` counts from 0."""

    index: int
    at: Token


@attrs.frozen
class ListNode:
    """`[1, 'a']`, also `(1, 'a')`."""

    members: tuple[Node, ...]
    at: Token


@attrs.frozen
class Bag:
    """`<<1, 2>>`."""

    members: tuple[Node, ...]
    at: Token


@attrs.frozen
class Struct:
    """`{'a': 1}`."""

    entries: tuple[tuple[Node, Node], ...]
    at: Token


@attrs.frozen
class Name:
    """An attribute's name, `a` or `"a"`."""

    name: str
    at: Token


@attrs.frozen
class Dot:
    """A step of a path, `.name`."""

    name: str
    at: Token


@attrs.frozen
class Subscript:
    """A step of a path, `[index]`."""

    index: Node
    at: Token


@attrs.frozen
class Wildcard:
    """A step of a path that is `.*` or `[*]`."""

    at: Token


Step: TypeAlias = Dot | Subscript | Wildcard


@attrs.frozen
class Path:
    """A term and the steps that follow it, `a.b[0]`."""

    root: Node
    steps: tuple[Step, ...]
    at: Token


@attrs.frozen
class Call:
    """`function(argument, ...)`; the function's name in small letters."""

    function: str
    arguments: tuple[Node, ...]
    at: Token


@attrs.frozen
class Arithmetic:
    """`first + second - third`: one operator less than operands, from the left."""

    operators: tuple[str, ...]
    operands: tuple[Node, ...]
    at: Token


@attrs.frozen
class Operation:
    """Another operator and its operands. AND and OR have all operands of their chain, NOT and signs
    have one."""

    operator: str
    operands: tuple[Node, ...]
    at: Token


@attrs.frozen
class TypeTest:
    """`operand IS type`."""

    operand: Node
    type_name: str
    negated: bool
    at: Token


@attrs.frozen
class Case:
    """`CASE ... END`, which DynamoDB does not have."""

    is_simple: bool
    at: Token


@attrs.frozen
class Where:
    """The condition of a statement, and how many operators the service counts in it."""

    condition: Node
    operators: int


@attrs.frozen
class Order:
    """A term of ORDER BY."""

    term: Node
    descending: bool
    at: Token


@attrs.frozen
class Select:
    """A SELECT statement.

    `columns` is None for `*`. `source` is what follows FROM. `unsupported` is the token at which a
    part begins that DynamoDB's PartiQL does not have.
    """

    columns: tuple[Node, ...] | None
    source: Node
    where: Where | None
    order: tuple[Order, ...]
    at: Token
    has_alias: bool = False
    unsupported: Token | None = None


@attrs.frozen
class Insert:
    """`INSERT INTO target VALUE value`."""

    target: Node
    value: Node
    at: Token
    unsupported: Token | None = None


@attrs.frozen
class Update:
    """An UPDATE statement, also `FROM target WHERE ... SET ...`, or SET and REMOVE without a
    target.

    `returning` is `"all_old"`, ...
    """

    target: Node | None
    assignments: tuple[tuple[Node, Node], ...]
    removals: tuple[Node, ...]
    where: Where | None
    returning: str | None
    at: Token
    has_alias: bool = False


@attrs.frozen
class Delete:
    """A DELETE statement."""

    target: Node
    where: Where | None
    returning: str | None
    at: Token
    has_alias: bool = False


Node: TypeAlias = (
    Constant
    | Ion
    | Missing
    | Parameter
    | ListNode
    | Bag
    | Struct
    | Name
    | Path
    | Call
    | Arithmetic
    | Operation
    | TypeTest
    | Case
    | Select
    | Insert
    | Update
    | Delete
)
