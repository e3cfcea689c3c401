"""Internal: the nodes that the parser returns: terms, operations and statements."""

from __future__ import annotations

from typing import TypeAlias

import attrs

from adorm.memory.partiql.tokens import Token
from adorm.memory.values.canonical import Value


@attrs.frozen
class Constant:
    """A string, a number, a boolean or null, as an attribute value. A number stays as written."""

    value: Value
    at: Token


@attrs.frozen
class Ion:
    """A literal of Amazon Ion; `at.text` is its type."""

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
    """The name of an attribute, `a` or `"a"`."""

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
    """A term and the steps after it, such as `a.b[0]`."""

    root: Node
    steps: tuple[Step, ...]
    at: Token


@attrs.frozen
class Call:
    """`function(argument, ...)`; the function's name is in lower case."""

    function: str
    arguments: tuple[Node, ...]
    at: Token


@attrs.frozen
class Arithmetic:
    """`first + second - third`, from the left; there is one operator less than operands."""

    operators: tuple[str, ...]
    operands: tuple[Node, ...]
    at: Token


@attrs.frozen
class Operation:
    """Any other operator and its operands.

    AND and OR have all operands of their chain, NOT and signs have one.
    """

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
    """The condition of a statement, and the number of operators that the service counts in it."""

    condition: Node
    operators: int


@attrs.frozen
class Order:
    """One term of ORDER BY."""

    term: Node
    descending: bool
    at: Token


@attrs.frozen
class Select:
    """A SELECT statement.

    `columns` is None for `*`. `source` is the term after FROM. `unsupported` is the first token of
    a clause that DynamoDB's PartiQL does not have.
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
    """An UPDATE statement.

    The grammar also allows `FROM target WHERE ... SET ...`, and SET and REMOVE without a target.
    `returning` is the value of RETURNING, such as `"all_old"`.
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
