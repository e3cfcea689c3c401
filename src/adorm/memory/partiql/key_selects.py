"""Internal: the SELECTs of batches and transactions, which read one item by its key."""

from __future__ import annotations

from adorm.memory.errors import EngineError
from adorm.memory.items.pages import Source
from adorm.memory.partiql.key_reads import check_key_type, is_keyed, plan_reads
from adorm.memory.partiql.key_tests import Branch
from adorm.memory.partiql.select import BoundSelect
from adorm.memory.storage.table import Table
from adorm.memory.values.canonical import Item


class NotByKey(EngineError):
    """A SELECT that does not name the key of exactly one item."""

    def __init__(self, operation: str) -> None:
        super().__init__(
            "ValidationException",
            f"Select statements within {operation} must specify the primary key in the where"
            " clause.",
        )


def selected_key(select: BoundSelect, table: Table, operation: str) -> Item:
    """The key of the item that a SELECT reads. The types of its values are not checked.

    Raises:
        EngineError: the statement would be several queries that overlap, or does not name one key,
            or tests more than the key.
    """
    branches = select.branches(Source(table, None, consistent=False))
    if branches and is_keyed(branches):
        plan_reads(branches)
    key = _key_of(branches, table) if len(branches) == 1 else None
    if key is None or select.statement.index is not None:
        raise NotByKey(operation)
    return key


def _key_of(branches: list[Branch], table: Table) -> Item | None:
    branch = branches[0]
    if branch.has_others or branch.negates_sort:
        return None
    key: Item = {}
    for names, tests in (
        (table.schema.partition, branch.partition),
        (table.schema.sort, branch.sort),
    ):
        if not names:
            continue
        if len(tests) != 1 or tests[0].operator != "=" or len(tests[0].values) != 1:
            return None
        key[names[0]] = dict(tests[0].values[0])
    return key


def check_key_types(table: Table, key: Item) -> None:
    """Refuse a key whose values do not have the types of the table's key attributes.

    Raises:
        EngineError: a value has another type than its key attribute.
    """
    for name, type_tag in table.schema.types.items():
        check_key_type(name, type_tag, key[name])
