"""Internal: splits a condition into branches, and finds the comparisons of key attributes in each.

An item must satisfy one branch: `a AND (b OR c)` has the branches `a AND b` and `a AND c`. An OR
that does not test the key stays whole and works as a filter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from adorm.memory.errors import EngineError, invalid
from adorm.memory.partiql.nodes import (
    Arithmetic,
    Call,
    ListNode,
    Name,
    Node,
    Operation,
    Path,
    TypeTest,
)
from adorm.memory.partiql.operands import static_value
from adorm.memory.partiql.paths import read_path
from adorm.memory.storage.keys import KeySchema
from adorm.memory.values.canonical import Value

MAX_BRANCHES = 1024
"""A number of branches that no condition accepted by the service reaches."""


class KeyTest(NamedTuple):
    """A comparison of a key attribute. IN and `=` are one operator, with several values or one."""

    operator: str
    values: tuple[Value, ...]


class Branch(NamedTuple):
    """One branch of a condition."""

    partition: tuple[KeyTest, ...]
    """The tests of the partition key, without duplicates."""
    sort: tuple[KeyTest, ...]
    """The tests of the sort key, without duplicates."""
    negates_sort: bool
    """Whether it tests the sort key in a way that is no range, such as `<>` or NOT."""
    has_others: bool
    """Whether it tests anything but key attributes."""
    attributes: tuple[str, ...]
    """All attributes that it reads, in the order of the text."""


_MIRRORED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<=", "<>": "<>"}


class _Leaf(NamedTuple):
    """A part of a condition, analysed once for all branches that contain it."""

    negated: bool
    name: str
    """The attribute that it compares with fixed values; empty for any other test."""
    test: KeyTest | None
    identity: str
    attributes: tuple[str, ...]
    """All attributes that it reads."""


def read_branches(condition: Node, schema: KeySchema, parameters: Sequence[Value]) -> list[Branch]:
    """Split the condition of a read of a table or index with this key into branches.

    Raises:
        EngineError: there are too many branches.
    """
    reader = _BranchReader(frozenset(schema.attributes), parameters)
    return [_branch(leaves, schema) for leaves in reader.branches(condition, negated=False)]


class _BranchReader:
    """Splits conditions into branches.

    Args:
        keys: the key attributes of the table or index.
        parameters: the parameters of the statement.
    """

    def __init__(self, keys: frozenset[str], parameters: Sequence[Value]) -> None:
        self._keys = keys
        self._parameters = parameters

    def branches(self, node: Node, *, negated: bool) -> list[tuple[_Leaf, ...]]:
        """The branches of a condition, each with its leaves.

        Raises:
            EngineError: there are too many branches.
        """
        if not isinstance(node, Operation) or node.operator not in ("and", "or", "not"):
            return [(self._leaf(node, negated),)]
        if node.operator == "not":
            return self.branches(node.operands[0], negated=not negated)
        if (node.operator == "or") is not negated:
            if self._keys.isdisjoint(attribute_names(node)):
                return [(self._leaf(node, negated),)]
            found: list[tuple[_Leaf, ...]] = []
            for part in node.operands:
                found += self.branches(part, negated=negated)
                _check_number(len(found))
            return found
        product: list[tuple[_Leaf, ...]] = [()]
        for part in node.operands:
            further = self.branches(part, negated=negated)
            _check_number(len(product) * len(further))
            product = [(*before, *each) for before in product for each in further]
        return product

    def _leaf(self, node: Node, negated: bool) -> _Leaf:
        names = tuple(dict.fromkeys(attribute_names(node)))
        found = _key_test(node, self._parameters)
        if found is None:
            return _Leaf(negated, "", None, "", names)
        name, test = found
        return _Leaf(negated, name, test, _identity(test), names)


def _check_number(branches: int) -> None:
    if branches > MAX_BRANCHES:
        raise too_many_reads()


def too_many_reads() -> EngineError:
    """The refusal of a statement that would be too many queries."""
    return invalid("Too many decomposed read operations for a given query.")


def _branch(leaves: Sequence[_Leaf], schema: KeySchema) -> Branch:
    partition: dict[str, KeyTest] = {}
    sort: dict[str, KeyTest] = {}
    negates_sort = has_others = False
    names: dict[str, None] = {}
    for leaf in leaves:
        names.update(dict.fromkeys(leaf.attributes))
        test = leaf.test
        if test is None:
            has_others = True
        elif leaf.name in schema.partition and test.operator == "=" and not leaf.negated:
            partition[leaf.identity] = test
        elif leaf.name in schema.sort:
            if leaf.negated or test.operator == "<>":
                negates_sort = True
            else:
                sort[leaf.identity] = test
        else:
            has_others = True
    return Branch(
        tuple(partition.values()),
        tuple(sort.values()),
        negates_sort,
        has_others,
        tuple(names),
    )


def _identity(test: KeyTest) -> str:
    """A text that is the same for equal tests; the values of an IN form a set."""
    values = [repr(value) for value in test.values]
    return f"{test.operator} {sorted(set(values)) if test.operator == '=' else values}"


def _key_test(node: Node, parameters: Sequence[Value]) -> tuple[str, KeyTest] | None:
    """The attribute that is compared with fixed values, and the comparison; None for others."""
    match node:
        case Operation("in", (Name(name), ListNode(members))):
            return _test(name, "=", members, parameters)
        case Operation("between", (Name(name), low, high)):
            return _test(name, "BETWEEN", (low, high), parameters)
        case Operation(operator, (Name(name), right)) if operator in _MIRRORED:
            return _test(name, operator, (right,), parameters)
        case Operation(operator, (left, Name(name))) if operator in _MIRRORED:
            return _test(name, _MIRRORED[operator], (left,), parameters)
        case Call("begins_with", (Name(name), prefix)):
            return _test(name, "begins_with", (prefix,), parameters)
        case _:
            return None


def _test(
    name: str, operator: str, operands: Sequence[Node], parameters: Sequence[Value]
) -> tuple[str, KeyTest] | None:
    values = [static_value(each, parameters) for each in operands]
    known = [value for value in values if value is not None]
    return (name, KeyTest(operator, tuple(known))) if len(known) == len(values) else None


def attribute_names(node: Node) -> Iterator[str]:
    """The top-level attributes that a condition reads, in the order of the text."""
    match node:
        case Name() | Path():
            path = read_path(node)
            if path is not None:
                yield str(path[0])
        case Operation(_, parts) | Arithmetic(_, parts) | Call(_, parts) | ListNode(parts):
            for each in parts:
                yield from attribute_names(each)
        case TypeTest(operand):
            yield from attribute_names(operand)
        case _:
            return


def key_equalities(
    condition: Node | None, parameters: Sequence[Value]
) -> Iterator[tuple[str, Value]]:
    """The attributes that a condition sets equal to a value, in the ANDs at its top level."""
    match condition:
        case Operation("and", parts):
            for each in parts:
                yield from key_equalities(each, parameters)
        case Operation("="):
            found = _key_test(condition, parameters)
            if found is not None:
                yield found[0], found[1].values[0]
        case _:
            return
