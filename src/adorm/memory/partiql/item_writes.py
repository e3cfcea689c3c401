"""Internal: converts INSERT, UPDATE, DELETE and EXISTS to writes of items.

EXISTS is the condition check of a transaction.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.statements.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adorm.memory.errors import EngineError, invalid
from adorm.memory.expressions.conditions import CompiledCondition, Condition
from adorm.memory.expressions.updates import Update
from adorm.memory.items.item_write import (
    EvaluatedWrite,
    ItemWrite,
    check_write,
    delete_write,
    stored_put,
    update_write,
)
from adorm.memory.partiql.conditions import BoundCondition, Test, bind_condition
from adorm.memory.partiql.key_reads import check_key_type
from adorm.memory.partiql.key_tests import key_equalities
from adorm.memory.partiql.nodes import Node, Operation
from adorm.memory.partiql.statements import (
    DeleteStatement,
    ExistsStatement,
    InsertStatement,
    UpdateStatement,
    WriteStatement,
)
from adorm.memory.storage.table import Table
from adorm.memory.values.canonical import Item, Value, check_depth


class BoundWrite:
    """A statement that writes one item, with its parameters.

    It is checked as far as possible without its table.

    Raises:
        EngineError: an operand is not valid, the statement names an index, or RETURNING asks for
            something that the statement can't return.
    """

    def __init__(
        self, statement: WriteStatement | ExistsStatement, parameters: Sequence[Value]
    ) -> None:
        self.statement = statement
        self._parameters = parameters
        self._condition: BoundCondition | None = None
        self._update: Update | None = None
        node = self._condition_node()
        if node is not None:
            self._condition = bind_condition(node, parameters)
        if isinstance(statement, UpdateStatement):
            self._update = statement.update.bind(parameters)
        names_index = isinstance(statement, UpdateStatement | DeleteStatement) and (
            statement.index is not None
        )
        if names_index:
            raise invalid("This operation is not supported on an index")
        if isinstance(statement, DeleteStatement) and statement.returning not in (
            None,
            "all_old",
        ):
            raise invalid(
                f"Invalid returning clause: RETURNING {_written(statement.returning)} *."
                " Only RETURNING ALL OLD * is allowed in DELETE statements."
            )

    def _condition_node(self) -> Node | None:
        if isinstance(self.statement, InsertStatement):
            return None
        if isinstance(self.statement, ExistsStatement):
            return self.statement.select.condition
        return self.statement.condition

    @property
    def returns(self) -> str | None:
        """The value of RETURNING, such as `"all_old"`; None without it."""
        if isinstance(self.statement, UpdateStatement | DeleteStatement):
            return self.statement.returning
        return None

    def item(self) -> Item:
        """The item of an INSERT."""
        if not isinstance(self.statement, InsertStatement):
            return {}
        return {
            name: self._parameters[value] if isinstance(value, int) else value
            for name, value in self.statement.attributes
        }

    # --------------------------------------------------------------------- key

    def key(self, table: Table) -> Item:
        """The key of the item of an UPDATE or a DELETE.

        Raises:
            EngineError: the condition does not set each key attribute equal to one value.
        """
        key: Item = {}
        for name, type_tag in table.schema.types.items():
            for found, value in key_equalities(self._condition_node(), self._parameters):
                if found != name:
                    continue
                check_key_type(name, type_tag, value)
                if name in key and key[name] != value:
                    raise invalid(
                        f"Multiple conditions on same key {name}."
                        " Only single item Update/Insert/Delete are supported"
                    )
                key[name] = value
            if name not in key:
                raise invalid(
                    "Where clause does not contain a mandatory equality on all key attributes"
                )
        return key

    def _check_item_key(self, table: Table) -> None:
        item = self.item()
        for name, type_tag in table.schema.types.items():
            if name in item and type_tag not in item[name]:
                raise invalid(
                    "Key attribute's data type should match its data type in table's schema:"
                    f" Key {name}"
                )

    def checked_key(self, table: Table) -> Item:
        """The key of the item that an EXISTS checks; the first value counts for each attribute.

        Raises:
            EngineError: the condition does not name the key, or tests nothing else.
        """
        key: Item = {}
        others = _parts(self._condition_node())
        for name, value in key_equalities(self._condition_node(), self._parameters):
            if name in table.schema.types and name not in key:
                key[name] = value
                others -= 1
        if len(key) < len(table.schema.types) or not others:
            raise invalid("EXISTS() must contain a single item read with additional condition")
        return key

    def check_key(self, table: Table) -> None:
        """Refuse a statement that does not name exactly one key of the table.

        Raises:
            EngineError: an UPDATE or a DELETE does not name the key, as in `key`; or a key
                attribute of an INSERT has another type.
        """
        if isinstance(self.statement, InsertStatement):
            self._check_item_key(table)
        elif not isinstance(self.statement, ExistsStatement):
            self.key(table)

    # ------------------------------------------------------------------- write

    def write(self, table: Table, *, returns_item: bool) -> ItemWrite:
        """Return the write, checked against its table.

        Raises:
            EngineError: the table does not allow the key or the item.
        """
        if isinstance(self.statement, InsertStatement):
            return self._insert(table)
        if isinstance(self.statement, ExistsStatement):
            key = self.checked_key(table)
            return check_write(table, key, self._for_existing(), returns_item=returns_item)
        key = self.key(table)
        if isinstance(self.statement, DeleteStatement):
            return delete_write(table, key, self._or_missing(), returns_item=returns_item)
        return update_write(
            table, key, self._update, self._for_existing(), returns_item=returns_item
        )

    def _insert(self, table: Table) -> ItemWrite:
        item = self.item()
        table.schema.check_item(item)
        if table.indexes:
            table.check_indexes(item)

        def become(old: Item | None) -> Item:
            if old is not None:
                raise EngineError("DuplicateItemException", "Duplicate primary key exists in table")
            check_depth(item)
            write.stored = stored_put(item)
            return item

        write = ItemWrite(table, table.schema.position(item), table.schema.key_of(item), become)
        return write

    def _for_existing(self) -> Condition:
        """The condition of a write that needs an existing item."""
        condition = self._condition
        return _as_condition(lambda item: bool(item) and _holds(condition, item))

    def _or_missing(self) -> Condition:
        """The condition of a write that does nothing if the item is missing."""
        condition = self._condition
        return _as_condition(lambda item: not item or _holds(condition, item))

    def tests_more_than_key(self, table: Table) -> bool:
        """Whether the condition tests anything but the key of the item."""
        equal = [
            name
            for name, _ in key_equalities(self._condition_node(), self._parameters)
            if name in table.schema.types
        ]
        return _parts(self._condition_node()) > len(equal)

    def returned(self, evaluated: EvaluatedWrite) -> list[Item]:
        """The items that RETURNING asks for."""
        match self.returns:
            case "all_old":
                returned = evaluated.old
            case "all_new":
                returned = evaluated.new
            case "modified_old" if self._update is not None and evaluated.old is not None:
                returned = self._update.touched(evaluated.old)
            case "modified_new" if self._update is not None and evaluated.new is not None:
                returned = self._update.touched(evaluated.new)
            case _:
                returned = None
        return [returned] if returned else []


def _holds(condition: BoundCondition | None, item: Mapping[str, Any]) -> bool:
    return condition is None or condition.matches(item)


def _as_condition(test: Test) -> Condition:
    return Condition(
        CompiledCondition(lambda item, values: test(item), frozenset(), frozenset(), []), {}
    )


def _parts(condition: Node | None) -> int:
    """The number of conditions that AND joins at the top level."""
    if isinstance(condition, Operation) and condition.operator == "and":
        return len(condition.operands)
    return 0 if condition is None else 1


def _written(returning: str | None) -> str:
    return (returning or "").replace("_", " ").upper()
