"""Internal: turns the key condition of a query into the range of positions to read.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from adorm.memory.errors import invalid, invalid_value
from adorm.memory.storage.keys import (
    AFTER_ALL,
    KeySchema,
    Position,
    after_prefix,
    empty_key_value,
    partition_token,
)
from adorm.memory.values.canonical import Item, Value, sort_value

if TYPE_CHECKING:
    from adorm.memory.expressions.key_conditions import KeyComparison, KeyCondition

KEY_OPERATORS = frozenset(["=", "<", "<=", ">", ">=", "BETWEEN", "begins_with"])


class KeyRange(NamedTuple):
    """The positions that a query reads: from `first` to `last`, without the `unwanted` ones."""

    first: Position
    last: Position
    unwanted: Position | None
    """Positions that begin with this one are left out: `<` and `>` exclude the bound itself."""


class BoundKeyCondition:
    """A key condition together with the key schema that it is about.

    Args:
        condition: the key condition of the request.
        schema: the key schema of the table or index that is read.

    Raises:
        EngineError: the condition does not fit the key schema.
    """

    def __init__(self, condition: KeyCondition, schema: KeySchema) -> None:
        self.schema = schema
        self._comparisons = condition.comparisons
        self._check_names()
        self._check_types()

    def _check_names(self) -> None:
        comparisons, schema = self._comparisons, self.schema
        if len(comparisons) > len(schema.attributes):
            raise invalid(
                f"The number of query conditions ({len(comparisons)}) exceeds the number of key"
                f" attributes defined in the schema ({len(schema.attributes)})",
                old="Conditions can be of length 1 or 2 only",
            )
        missing = [name for name in schema.partition if not self._is_equality(name)]
        if missing:
            if len(schema.partition) > 1 or len(schema.sort) > 1:
                raise invalid(
                    f"HASH key attributes {', '.join(missing)} must have equality conditions"
                    " specified in the query"
                )
            if missing[0] in comparisons:
                self._check_operator(missing[0])
                raise invalid("Query key condition not supported")
            raise invalid(f"Query condition missed key schema element: {missing[0]}")
        if any(name not in schema.types for name in comparisons):
            unmatched = next((name for name in schema.sort if name not in comparisons), "")
            raise invalid(f"Query condition missed key schema element: {unmatched}")
        for name in comparisons:
            self._check_operator(name)
        named = [at for at, name in enumerate(schema.sort) if name in comparisons]
        if named:
            before = schema.sort[: named[-1]]
            loose = [name for name in before if not self._is_equality(name)]
            if loose:
                raise invalid(
                    f"RANGE key attributes {', '.join(loose)} must have equality conditions"
                    " specified in the query because a condition is present on key attribute"
                    f" {schema.sort[named[-1]]}"
                )

    def _check_operator(self, name: str) -> None:
        """Refuse an operator of `KeyConditions` that only filters may use."""
        if self._comparisons[name].operator not in KEY_OPERATORS:
            raise invalid("Attempted conditional constraint is not an indexable operation")

    def _is_equality(self, name: str) -> bool:
        comparison = self._comparisons.get(name)
        return comparison is not None and comparison.operator == "="

    def _check_types(self) -> None:
        for name, comparison in self._comparisons.items():
            type_tag = self.schema.types[name]
            for value in comparison.values:
                if type_tag not in value:
                    raise invalid_value("Condition parameter type does not match schema type")
                if not value[type_tag] and type_tag != "N" and comparison.operator == "=":
                    raise empty_key_value(name, type_tag)

    def range(self) -> KeyRange:
        """The range of positions to read."""
        schema, comparisons = self.schema, self._comparisons
        values = [sort_value(comparisons[name].values[0]) for name in schema.partition]
        prefix: Position = (partition_token(values), *values)
        for name in schema.sort:
            comparison = comparisons.get(name)
            if comparison is None:
                break
            if comparison.operator != "=":
                return _open_range(prefix, comparison)
            prefix = (*prefix, sort_value(comparison.values[0]))
        return KeyRange(prefix, (*prefix, AFTER_ALL), None)

    def check_start_key(self, key: Item, *, whole_key: bool) -> None:
        """Refuse an `ExclusiveStartKey` that can't come from a page of this query.

        Args:
            key: the start key; its attributes and their types are already checked.
            whole_key: whether the partition key is the whole key of a table.

        Raises:
            EngineError: the condition does not hold for the start key.
        """
        *leading, last = self.schema.partition
        if any(not self._holds(name, key) for name in leading):
            raise invalid("The query can return at most one row and cannot be restarted")
        ranged = [name for name in self.schema.sort if name in self._comparisons]
        if any(not self._holds(name, key) for name in ranged):
            raise invalid("The provided starting key does not match the range key predicate")
        if not self._holds(last, key):
            if ranged:
                raise invalid("The query can return at most one row and cannot be restarted")
            if whole_key:
                raise invalid("The provided exclusive start key is invalid")
            raise invalid(
                "The provided starting key is outside query boundaries based on provided conditions"
            )

    def _holds(self, name: str, key: Mapping[str, Value]) -> bool:
        comparison = self._comparisons[name]
        value: Any = sort_value(key[name])
        operands: list[Any] = [sort_value(each) for each in comparison.values]
        first = operands[0]
        match comparison.operator:
            case "=":
                return bool(value == first)
            case "<":
                return bool(value < first)
            case "<=":
                return bool(value <= first)
            case ">":
                return bool(value > first)
            case ">=":
                return bool(value >= first)
            case "BETWEEN":
                return bool(first <= value <= operands[1])
            case _:
                return bool(value.startswith(first))


def _open_range(prefix: Position, comparison: KeyComparison) -> KeyRange:
    first: Any = sort_value(comparison.values[0])
    begin: Position = prefix
    end: Position = (*prefix, AFTER_ALL)
    at: Position = (*prefix, first)
    match comparison.operator:
        case "<":
            return KeyRange(begin, at, at)
        case "<=":
            return KeyRange(begin, (*at, AFTER_ALL), None)
        case ">":
            return KeyRange(at, end, at)
        case ">=":
            return KeyRange(at, end, None)
        case "BETWEEN":
            last = sort_value(comparison.values[1])
            return KeyRange(at, (*prefix, last, AFTER_ALL), None)
        case _:
            following = (*prefix, after_prefix(first))
            return KeyRange(at, following, following)
