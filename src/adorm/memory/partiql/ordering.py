"""Internal: ORDER BY, which orders by the key of the table or index.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.select.html
"""

from __future__ import annotations

from collections.abc import Sequence

from adorm.memory.errors import EngineError, invalid
from adorm.memory.partiql.key_reads import KeyRead, ReadOrder, ordered
from adorm.memory.partiql.nodes import Constant, Name, Node, Order
from adorm.memory.storage.keys import KeySchema


class Ordering:
    """The ORDER BY of a statement, and the key that it is about."""

    def __init__(self, terms: Sequence[Order], schema: KeySchema) -> None:
        self._terms = terms
        self._schema = schema

    @property
    def descending(self) -> bool:
        """Whether each partition is read from its end.

        An ORDER BY without a term for the sort key reads it from its end too.
        """
        return bool(self._terms) and self._direction(self._schema.sort) is not False

    def check_terms(self, *, has_condition: bool) -> None:
        """Refuse terms that are not attributes of the key.

        Raises:
            EngineError: a term is not an attribute of the key, or the statement has no condition.
        """
        if self._terms and not has_condition:
            raise invalid("Must have WHERE clause in the statement when using ORDER BY clause.")
        for order in self._terms:
            if not isinstance(order.term, Name):
                raise _no_name(order)
            if order.term.name not in self._schema.attributes:
                raise invalid(
                    f"Attribute {order.term.name} in ORDER BY clause must be part of the primary"
                    " key"
                )

    def arranged(self, reads: list[KeyRead] | None) -> list[KeyRead] | None:
        """The queries in the order that ORDER BY asks for.

        Raises:
            EngineError: the statement is a scan, or its partitions have no order.
        """
        if not self._terms:
            return reads
        if reads is None:
            raise invalid(
                "Must have at least one non-optional hash key condition in WHERE clause when using"
                " ORDER BY clause."
            )
        partitions_descending = self._direction(self._schema.partition)
        if len({repr(read.partition) for read in reads}) > 1 and partitions_descending is None:
            raise invalid(
                "Must have hash key in ORDER BY clause when more than one hash key condition"
                " specified in WHERE clause."
            )
        return ordered(reads, ReadOrder(partitions_descending, self.descending))

    def _direction(self, names: Sequence[str]) -> bool | None:
        """Whether an attribute is ordered in descending order; None if it is not ordered."""
        for order in self._terms:
            if isinstance(order.term, Name) and order.term.name in names:
                return order.descending
        return None


def _no_name(order: Order) -> EngineError:
    return invalid(
        "Argument to ORDER BY must be of type VariableReference."
        f" Type: {_type_of(order.term)} at {order.at.place}"
    )


def _type_of(node: Node) -> str:
    if isinstance(node, Constant):
        return node.at.text
    return type(node).__name__.upper()
