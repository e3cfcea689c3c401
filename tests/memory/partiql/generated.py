"""Random conditions, each with a plain Python function that says the same, and random values."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs
from hypothesis import strategies as st

from tests.memory.partiql.shop import Item, Value

TEXTS = ["", "a", "ab", "abc", "b", "it's"]
NUMBERS = ["-1", "0", "1", "1.5", "2", "10"]
PARTITIONS = ["a", "ab", "b"]
SORT_KEYS = ["-1", "0", "1", "2", "10"]


def literal(value: Value) -> str:
    """How a value is written in a statement; there is no literal of a binary."""
    ((tag, content),) = value.items()
    match tag:
        case "S":
            return _quoted(content)
        case "N":
            return str(content)
        case "BOOL":
            return "true" if content else "false"
        case "NULL":
            return "null"
        case "L":
            return "[" + ", ".join(map(literal, content)) + "]"
        case "M":
            pairs = (f"{_quoted(name)}: {literal(each)}" for name, each in content.items())
            return "{" + ", ".join(pairs) + "}"
        case "SS":
            return "<<" + ", ".join(map(_quoted, content)) + ">>"
        case "NS":
            return "<<" + ", ".join(content) + ">>"
        case _:
            raise AssertionError(tag)


def _quoted(content: str) -> str:
    doubled = content.replace("'", "''")
    return f"'{doubled}'"


# -------------------------------------------------------------------- conditions


@attrs.frozen
class Condition:
    """The text of a condition, and whether it holds for an item."""

    text: str
    holds: Callable[[Item], bool]


SCALARS: st.SearchStrategy[Value] = st.one_of(
    st.sampled_from(TEXTS).map(lambda each: {"S": each}),
    st.sampled_from(NUMBERS).map(lambda each: {"N": each}),
    st.booleans().map(lambda each: {"BOOL": each}),
    st.just({"NULL": True}),
)
ORDERED: st.SearchStrategy[Value] = st.one_of(
    st.sampled_from(TEXTS).map(lambda each: {"S": each}),
    st.sampled_from(NUMBERS).map(lambda each: {"N": each}),
)


def _plain(value: Value | None) -> Any:
    """A value that Python compares as DynamoDB does: with its type."""
    if value is None:
        return None
    ((tag, content),) = value.items()
    return tag, Decimal(content) if tag == "N" else content


def _compared(operator: str, left: Value | None, right: Value | None) -> bool:
    one, other = _plain(left), _plain(right)
    if operator == "<>":
        return bool(one is None or one != other)
    if one is None or other is None:
        return False
    if operator == "=":
        return bool(one == other)
    if one[0] != other[0]:
        return False
    holds: dict[str, bool] = {
        "<": one[1] < other[1],
        "<=": one[1] <= other[1],
        ">": one[1] > other[1],
        ">=": one[1] >= other[1],
    }
    return holds[operator]


def _comparison(name: str, values: st.SearchStrategy[Value]) -> st.SearchStrategy[Condition]:
    def make(operator: str, value: Value, mirrored: bool) -> Condition:
        turned = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(operator, operator)
        text = (
            f"{literal(value)} {turned} {name}"
            if mirrored
            else (f"{name} {operator} {literal(value)}")
        )
        return Condition(text, lambda item: _compared(operator, item.get(name), value))

    operators = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
    return st.builds(make, operators, values, st.booleans())


def _equality(name: str, values: st.SearchStrategy[Value]) -> st.SearchStrategy[Condition]:
    return values.map(
        lambda value: Condition(
            f"{name} = {literal(value)}",
            lambda item: _compared("=", item.get(name), value),
        )
    )


def _between(name: str, values: st.SearchStrategy[Value]) -> st.SearchStrategy[Condition]:
    def make(low: Value, high: Value, negated: bool) -> Condition:
        if _compared(">", low, high):
            low, high = high, low
        text = f"{name}{' NOT' if negated else ''} BETWEEN {literal(low)} AND {literal(high)}"

        def holds(item: Item) -> bool:
            value = item.get(name)
            inside = _compared(">=", value, low) and _compared("<=", value, high)
            return inside is not negated

        return Condition(text, holds)

    return st.builds(make, values, values, st.booleans())


def _in(name: str, values: st.SearchStrategy[Value]) -> st.SearchStrategy[Condition]:
    def make(members: list[Value]) -> Condition:
        text = f"{name} IN [{', '.join(map(literal, members))}]"
        return Condition(
            text, lambda item: any(_compared("=", item.get(name), each) for each in members)
        )

    return st.lists(values, min_size=1, max_size=3, unique_by=repr).map(make)


def _begins_with(name: str) -> st.SearchStrategy[Condition]:
    def make(prefix: str) -> Condition:
        def holds(item: Item) -> bool:
            value = item.get(name, {}).get("S")
            return isinstance(value, str) and value.startswith(prefix)

        return Condition(f"begins_with({name}, {_quoted(prefix)})", holds)

    return st.sampled_from(["a", "ab", "b"]).map(make)


def _type_tests(name: str) -> st.SearchStrategy[Condition]:
    def make(kind: tuple[str, str], negated: bool) -> Condition:
        word, tag = kind
        text = f"{name} IS {'NOT ' if negated else ''}{word}"
        return Condition(text, lambda item: (tag in item.get(name, {"-": 0})) is not negated)

    kinds = [("MISSING", "-"), ("NULL", "NULL"), ("STRING", "S"), ("NUMERIC", "N")]
    return st.builds(make, st.sampled_from(kinds), st.booleans())


_PARTITION_VALUES = st.sampled_from(PARTITIONS).map(lambda each: {"S": each})
_SORT_VALUES = st.sampled_from(SORT_KEYS).map(lambda each: {"N": each})


def _of_key(name: str, values: st.SearchStrategy[Value]) -> st.SearchStrategy[Condition]:
    return st.one_of(
        _equality(name, values),
        _comparison(name, values),
        _between(name, values),
        _in(name, values),
    )


def _of_attribute(name: str) -> st.SearchStrategy[Condition]:
    texts = st.sampled_from(TEXTS).map(lambda each: {"S": each})
    numbers = st.sampled_from(NUMBERS).map(lambda each: {"N": each})
    return st.one_of(
        _comparison(name, ORDERED),
        _equality(name, SCALARS),
        _between(name, texts),
        _between(name, numbers),
        _in(name, SCALARS),
        _begins_with(name),
        _type_tests(name),
    )


def _both(one: Condition, other: Condition) -> Condition:
    return Condition(
        f"({one.text}) AND ({other.text})", lambda item: one.holds(item) and other.holds(item)
    )


def _either(one: Condition, other: Condition) -> Condition:
    return Condition(
        f"({one.text}) OR ({other.text})", lambda item: one.holds(item) or other.holds(item)
    )


def _negated(one: Condition) -> Condition:
    return Condition(f"NOT ({one.text})", lambda item: not one.holds(item))


def _joined(parts: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    return st.one_of(
        st.builds(_both, parts, parts), st.builds(_either, parts, parts), st.builds(_negated, parts)
    )


_MIXED = st.recursive(
    st.one_of(
        _of_key("pk", _PARTITION_VALUES),
        _of_key("sk", _SORT_VALUES),
        _of_attribute("x"),
        _of_attribute("y"),
    ),
    _joined,
    max_leaves=6,
)
_NAMED_PARTITION = st.one_of(_equality("pk", _PARTITION_VALUES), _in("pk", _PARTITION_VALUES))
_SORT_KEY = _of_key("sk", _SORT_VALUES)


@st.composite
def _queries(draw: st.DrawFn) -> Condition:
    """A condition that names partitions, and perhaps more."""
    partition = draw(_NAMED_PARTITION)
    match draw(st.integers(0, 3)):
        case 0:
            return partition
        case 1:
            return _both(partition, draw(_SORT_KEY))
        case 2:
            return _both(draw(_SORT_KEY), partition)
        case _:
            return _both(partition, draw(_MIXED))


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    """Of each kind about as many: scans, queries, several queries, and queries with a filter."""
    match draw(st.integers(0, 3)):
        case 0:
            return draw(_MIXED)
        case 1:
            return draw(_queries())
        case 2:
            return _either(draw(_queries()), draw(_queries()))
        case _:
            return _both(draw(_queries()), draw(_MIXED))


ITEMS: st.SearchStrategy[list[Item]] = st.lists(
    st.fixed_dictionaries(
        {"pk": _PARTITION_VALUES, "sk": _SORT_VALUES}, optional={"x": SCALARS, "y": ORDERED}
    ),
    min_size=4,
    max_size=14,
    unique_by=lambda item: (item["pk"]["S"], item["sk"]["N"]),
)

# ------------------------------------------------------------------------ values


def _number(digits: int, exponent: int) -> str:
    return f"{digits}e{exponent}" if exponent else str(digits)


_NUMBERS = st.builds(_number, st.integers(-(10**30), 10**30), st.integers(-60, 60))
_TEXTS = st.text(max_size=8)
_NAMES = st.text(min_size=1, max_size=8)

VALUES: st.SearchStrategy[Value] = st.recursive(
    st.one_of(
        _TEXTS.map(lambda each: {"S": each}),
        _NUMBERS.map(lambda each: {"N": each}),
        st.booleans().map(lambda each: {"BOOL": each}),
        st.just({"NULL": True}),
        st.lists(_TEXTS, min_size=1, max_size=3, unique=True).map(lambda each: {"SS": each}),
        st.lists(_NUMBERS, min_size=1, max_size=3, unique_by=Decimal).map(
            lambda each: {"NS": each}
        ),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda each: {"L": each}),
        st.dictionaries(_NAMES, inner, max_size=3).map(lambda each: {"M": each}),
    ),
    max_leaves=8,
)
"""Values of every type that has a literal."""

NAMES = _NAMES
