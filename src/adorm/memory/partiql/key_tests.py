"""Internal: what a condition says of the key: its branches, and the comparisons of key attributes
in each.

A condition is taken apart into branches, of which an item must satisfy one: `a AND (b OR c)` has
the branches `a AND b` and `a AND c`. An OR that says nothing of the key stays whole, as a filter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from adorm.memory.errors import EngineError, invalid
from adorm.memory.keys import KeySchema
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
from adorm.memory.values import Value

MAX_BRANCHES = 1024
"""More branches than any condition has that the service takes."""


class KeyTest(NamedTuple):
    """A comparison of a key attribute. `=` and IN are one operator, with one value or several."""

    operator: str
    values: tuple[Value, ...]


class Branch(NamedTuple):
    """One branch of a condition."""

    partition: tuple[KeyTest, ...]
    """What it says of the partition key, each thing once."""
    sort: tuple[KeyTest, ...]
    """What it says of the sort key, each thing once."""
    negates_sort: bool
    """Whether it says something of the sort key that is no range, such as `<>` or NOT."""
    has_others: bool
    """Whether it says anything but comparisons of key attributes."""
    attributes: tuple[str, ...]
    """All attributes that it reads, in the order in which they are written."""


_MIRRORED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<=", "<>": "<>"}
_Leaf = tuple[Node, bool]
"""A part of a condition, and whether it is negated."""


def read_branches(condition: Node, schema: KeySchema, parameters: Sequence[Value]) -> list[Branch]:
    """The branches of a condition on a table or an index with this key.

    Raises:
        EngineError: there are too many.
    """
    keys = frozenset(schema.attributes)
    return [_branch(leaves, schema, parameters) for leaves in _branches(condition, False, keys)]


def _branches(node: Node, negated: bool, keys: frozenset[str]) -> list[tuple[_Leaf, ...]]:
    if not isinstance(node, Operation) or node.operator not in ("and", "or", "not"):
        return [((node, negated),)]
    if node.operator == "not":
        return _branches(node.operands[0], not negated, keys)
    if (node.operator == "or") is not negated:
        if keys.isdisjoint(attribute_names(node)):
            return [((node, negated),)]
        found = [each for part in node.operands for each in _branches(part, negated, keys)]
        _check_number(len(found))
        return found
    product: list[tuple[_Leaf, ...]] = [()]
    for part in node.operands:
        further = _branches(part, negated, keys)
        _check_number(len(product) * len(further))
        product = [(*before, *each) for before in product for each in further]
    return product


def _check_number(branches: int) -> None:
    if branches > MAX_BRANCHES:
        raise too_many_reads()


def too_many_reads() -> EngineError:
    """The refusal of a statement that would be many queries."""
    return invalid("Too many decomposed read operations for a given query.")


def _branch(leaves: Sequence[_Leaf], schema: KeySchema, parameters: Sequence[Value]) -> Branch:
    partition: dict[str, KeyTest] = {}
    sort: dict[str, KeyTest] = {}
    negates_sort = has_others = False
    for node, negated in leaves:
        found = _key_test(node, parameters)
        if found is None:
            has_others = True
            continue
        name, test = found
        if name in schema.partition and test.operator == "=" and not negated:
            partition[_identity(test)] = test
        elif name in schema.sort:
            if negated or test.operator == "<>":
                negates_sort = True
            else:
                sort[_identity(test)] = test
        else:
            has_others = True
    names = dict.fromkeys(name for node, _ in leaves for name in attribute_names(node))
    return Branch(
        tuple(partition.values()),
        tuple(sort.values()),
        negates_sort,
        has_others,
        tuple(names),
    )


def _identity(test: KeyTest) -> str:
    """The same text for the same test; the values of an IN are a set."""
    values = [repr(value) for value in test.values]
    return f"{test.operator} {sorted(set(values)) if test.operator == '=' else values}"


def _key_test(node: Node, parameters: Sequence[Value]) -> tuple[str, KeyTest] | None:
    """The attribute that is compared with fixed values, and how; None if it is something else."""
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
    """The top-level attributes that a condition reads, in the order in which they are written."""
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
    """The attributes that the top level of a condition, its ANDs, sets equal to a value."""
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
