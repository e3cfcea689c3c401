"""Internal: converts the text of a statement to its content, without its parameters."""

from __future__ import annotations

from typing import TypeAlias

import attrs

from adorm.memory.errors import EngineError, invalid
from adorm.memory.expressions.lru_cache import cached_by_text
from adorm.memory.partiql.assignments import UpdateTemplate, read_update
from adorm.memory.partiql.literals import literal_value, struct_key, type_name_of, unsupported_type
from adorm.memory.partiql.nodes import (
    Call,
    Delete,
    Dot,
    Insert,
    Name,
    Node,
    Order,
    Parameter,
    Path,
    Select,
    Struct,
    TypeTest,
    Update,
    Where,
)
from adorm.memory.partiql.parser import only_one_table, parse
from adorm.memory.partiql.paths import empty_name, unexpected_component
from adorm.memory.partiql.terms import check_terms
from adorm.memory.partiql.tokens import Token
from adorm.memory.values.canonical import Value


@attrs.frozen
class SelectStatement:
    """A SELECT.

    `columns` is None for `*`. The columns and `order` are checked once the table is known.
    """

    table: str
    index: str | None
    columns: tuple[Node, ...] | None
    condition: Node | None
    order: tuple[Order, ...]


@attrs.frozen
class InsertStatement:
    """An INSERT of one item. An attribute is a canonical value or the index of a parameter."""

    table: str
    attributes: tuple[tuple[str, Value | int], ...]


@attrs.frozen
class UpdateStatement:
    """An UPDATE of one item."""

    table: str
    index: str | None
    update: UpdateTemplate
    condition: Node | None
    returning: str | None


@attrs.frozen
class DeleteStatement:
    """A DELETE of one item."""

    table: str
    index: str | None
    condition: Node | None
    returning: str | None


@attrs.frozen
class ExistsStatement:
    """`EXISTS(SELECT ...)`: a condition check in a transaction."""

    select: SelectStatement

    @property
    def table(self) -> str:
        """The table of the item that is checked."""
        return self.select.table


WriteStatement: TypeAlias = InsertStatement | UpdateStatement | DeleteStatement
Statement: TypeAlias = SelectStatement | WriteStatement | ExistsStatement

EXISTS_OUTSIDE = "EXISTS can only be used in ExecuteTransaction write requests."


@cached_by_text
def read_statement(text: str) -> tuple[Statement, int]:
    """Return the content of a statement and its number of parameters.

    Raises:
        EngineError: the statement is not well formed, or has parts that DynamoDB does not support.
    """
    node, parameters = parse(text)
    return _statement(node), parameters


def _statement(node: Node) -> Statement:
    match node:
        case Select():
            return _select(node)
        case Insert():
            return _insert(node)
        case Update():
            return _update(node)
        case Delete():
            _refuse_alias(node.has_alias)
            table, index = _target(node.target)
            return DeleteStatement(table, index, _condition(node.where), node.returning)
        case Call("exists", (Select() as select,)):
            return ExistsStatement(_select(select))
        case _:
            raise _unsupported_operation(node)


def _unsupported_operation(node: Node) -> EngineError:
    type_name = type_name_of(node)
    if type_name is None or isinstance(node, Call) or (isinstance(node, TypeTest) and node.negated):
        return invalid(EXISTS_OUTSIDE)
    return invalid(f"Unsupported operation: {type_name}")


def _select(node: Select) -> SelectStatement:
    _refuse_alias(node.has_alias)
    _refuse_clause(node.unsupported)
    table, index = _target(node.source)
    return SelectStatement(table, index, node.columns, _condition(node.where), node.order)


def _insert(node: Insert) -> InsertStatement:
    _refuse_clause(node.unsupported)
    table, index = _target(node.target)
    if index is not None:
        raise invalid(
            "FROM clause may only contain a single table name in data manipulation statements"
            f" at {node.target.at.place}"
        )
    if not isinstance(node.value, Struct):
        raise unsupported_type(node.value, "root")
    attributes: dict[str, Value | int] = {}
    for key, value in node.value.entries:
        name = struct_key(key)
        attributes[name] = value.index if isinstance(value, Parameter) else literal_value(value)
    return InsertStatement(table, tuple(attributes.items()))


def _update(node: Update) -> UpdateStatement:
    if node.target is None:
        raise only_one_table()
    _refuse_alias(node.has_alias)
    table, index = _target(node.target)
    condition = _condition(node.where)
    update = read_update(node.assignments, node.removals)
    return UpdateStatement(table, index, update, condition, node.returning)


def _condition(where: Where | None) -> Node | None:
    if where is None:
        return None
    check_terms(where)
    return where.condition


def _target(node: Node) -> tuple[str, str | None]:
    """The table in the statement, and the index.

    Raises:
        EngineError: the statement does not name a table with at most one index.
    """
    names: list[str] = []
    match node:
        case Name(name):
            names.append(name)
        case Path(Name(name), steps):
            names.append(name)
            for step in steps:
                if not isinstance(step, Dot):
                    raise unexpected_component(step.at.place)
                names.append(step.name)
        case _:
            raise only_one_table()
    if "" in names:
        raise empty_name()
    if len(names) > 2:
        raise invalid("A path may contain at most 2 components in the FROM clause")
    return names[0], names[1] if len(names) == 2 else None


def _refuse_alias(has_alias: bool) -> None:
    if has_alias:
        raise invalid("Aliasing is not supported")


def _refuse_clause(token: Token | None) -> None:
    if token is not None:
        clause = token.text.replace("_", " ").upper()
        raise invalid(f"Unsupported clause: {clause} at {token.place}")
