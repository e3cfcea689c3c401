"""Random items, and random expressions as trees of the model."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.memory.expressions.model import Json, Path, Tree
from tests.memory.expressions.reading import value

NAMES = ["a", "b", "c", "d", "a.b", "[0]", "ü"]
TEXTS = ["", "a", "ab", "b", "ü", "\U0001f600", "S"]
BINARIES = [b"", b"a", b"ab", b"\xff"]
TAGS = ["S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M"]

names = st.sampled_from(NAMES)
texts = st.sampled_from(TEXTS)
numbers = st.integers(-3, 12)
binaries = st.sampled_from(BINARIES)


@st.composite
def sets(draw: st.DrawFn) -> Any:
    members: Any = draw(st.sampled_from([texts, numbers, binaries]))
    return draw(st.sets(members, min_size=1, max_size=3))


@st.composite
def scalars(draw: st.DrawFn) -> Any:
    kind: Any = draw(st.sampled_from([texts, numbers, binaries]))
    return draw(kind)


@st.composite
def pythons(draw: st.DrawFn, depth: int = 0) -> Any:
    """Python's own values of every type, with lists and maps in each other."""
    kind = draw(st.integers(0, 9 if depth < 3 else 5))
    if kind < 4:
        return draw(scalars())
    if kind == 4:
        return draw(st.sampled_from([True, False, None]))
    if kind == 5:
        return draw(sets())
    if kind < 8:
        return [draw(pythons(depth + 1)) for _ in range(draw(st.integers(0, 3)))]
    return {draw(names): draw(pythons(depth + 1)) for _ in range(draw(st.integers(0, 3)))}


@st.composite
def values(draw: st.DrawFn) -> Json:
    return value(draw(pythons()))


@st.composite
def items(draw: st.DrawFn) -> Json:
    """Items; `a` is often a list, `b` a map, so that paths lead somewhere."""
    item = {draw(names): draw(values()) for _ in range(draw(st.integers(0, 4)))}
    if draw(st.booleans()):
        item["a"] = value([draw(pythons(1)) for _ in range(draw(st.integers(0, 4)))])
        item["b"] = value({draw(names): draw(pythons(1)) for _ in range(draw(st.integers(0, 4)))})
    return item


@st.composite
def paths(draw: st.DrawFn) -> Path:
    path: list[str | int] = [draw(names)]
    for _ in range(draw(st.integers(0, 3))):
        element: str | int = draw(names) if draw(st.booleans()) else draw(st.integers(0, 4))
        path.append(element)
    return tuple(path)


@st.composite
def path_operands(draw: st.DrawFn) -> Tree:
    return "path", draw(paths())


@st.composite
def constants(draw: st.DrawFn, python: st.SearchStrategy[Any]) -> Tree:
    return "value", value(draw(python))


@st.composite
def operands(draw: st.DrawFn) -> Tree:
    kind = draw(st.integers(0, 2))
    if kind == 0:
        return draw(path_operands())
    return draw(constants(pythons())) if kind == 1 else ("size", draw(paths()))


@st.composite
def orderable(draw: st.DrawFn) -> Tree:
    return draw(path_operands()) if draw(st.booleans()) else draw(constants(scalars()))


@st.composite
def comparisons(draw: st.DrawFn) -> Tree:
    """One condition; the service takes all of them."""
    kind = draw(
        st.sampled_from(["=", "<>", "<", "<=", ">", ">=", "between", "in", "exists", "type"])
        | st.sampled_from(["begins_with", "contains"])
    )
    if kind in ("=", "<>"):
        return kind, draw(operands()), draw(operands())
    if kind == "between":
        if draw(st.booleans()):
            return kind, draw(orderable()), draw(path_operands()), draw(orderable())
        bounds: Any = draw(st.sampled_from([numbers, binaries]))
        low, high = sorted([draw(bounds), draw(bounds)])
        return kind, draw(orderable()), ("value", value(low)), ("value", value(high))
    if kind == "in":
        count = draw(st.integers(1, 4))
        return kind, draw(operands()), [draw(operands()) for _ in range(count)]
    if kind == "exists":
        function = draw(st.sampled_from(["attribute_exists", "attribute_not_exists"]))
        return function, draw(path_operands())
    if kind == "type":
        return "attribute_type", draw(operands()), ("value", {"S": draw(st.sampled_from(TAGS))})
    if kind == "begins_with":
        return kind, draw(path_operands()), draw(constants(st.sampled_from(["", "a", b"", b"a"])))
    if kind == "contains":
        return kind, draw(path_operands()), draw(operands())
    return kind, draw(orderable()), draw(orderable())


def compares_with_itself(tree: Tree) -> bool:
    """Whether the service refuses a comparison, because a path stands there twice."""
    first, *others = tree[1:]
    others = others[0] if tree[0] == "in" else others
    return first[0] == "path" and first in others


@st.composite
def conditions(draw: st.DrawFn, depth: int = 0) -> Tree:
    kind = draw(st.integers(0, 5 if depth < 3 else 2))
    if kind < 3:
        return draw(comparisons().filter(lambda tree: not compares_with_itself(tree)))
    if kind == 3:
        return "not", draw(conditions(depth + 1))
    parts = [draw(conditions(depth + 1)) for _ in range(draw(st.integers(2, 3)))]
    return "and" if kind == 4 else "or", parts


@st.composite
def assigned(draw: st.DrawFn, depth: int = 0) -> Tree:
    """What SET writes."""
    kind = draw(st.integers(0, 4 if depth < 2 else 1))
    if kind == 0:
        return draw(path_operands())
    if kind == 1:
        return draw(constants(pythons()))
    if kind == 2:
        right = draw(constants(numbers) if draw(st.booleans()) else path_operands())
        return draw(st.sampled_from(["+", "-"])), draw(path_operands()), right
    if kind == 3:
        fallback = draw(assigned(depth + 1).filter(lambda tree: tree[0] != "list_append"))
        return "if_not_exists", draw(paths()), fallback
    first: Tree = draw(path_operands())
    if draw(st.booleans()):
        first = "if_not_exists", first[1], draw(constants(st.just([])))
    second = draw(constants(st.lists(pythons(2), max_size=2)))
    return ("list_append", first, second) if draw(st.booleans()) else (
        "list_append", second, first
    )  # fmt: skip


@st.composite
def actions(draw: st.DrawFn) -> Tree:
    section = draw(st.sampled_from(["SET", "SET", "REMOVE", "ADD", "DELETE"]))
    path = draw(paths())
    if section == "SET":
        return section, path, draw(assigned())
    if section == "REMOVE":
        return section, path
    if section == "ADD" and draw(st.booleans()):
        return section, path, value(draw(numbers))
    return section, path, value(draw(sets()))


def meet(one: Path, two: Path) -> bool:
    """Whether two paths overlap or conflict."""
    for first, second in zip(one, two, strict=False):
        if first != second:
            return type(first) is not type(second)
    return True


@st.composite
def updates(draw: st.DrawFn) -> list[Tree]:
    """Actions whose paths neither overlap nor conflict."""
    kept: list[Tree] = []
    for _ in range(draw(st.integers(1, 6))):
        action = draw(actions())
        if not any(meet(action[1], other[1]) for other in kept):
            kept.append(action)
    return kept


WORDS = [
    *["a", "b", "#n", ":v", ":w", "size", "contains", "begins_with", "attribute_exists"],
    *["if_not_exists", "list_append", "f", "status", "SET", "REMOVE", "ADD", "DELETE"],
    *["AND", "OR", "NOT", "BETWEEN", "IN", "(", ")", "[", "]", ".", ",", "=", "<>", "<", "<="],
    *[">", ">=", "+", "-", "0", "1", "99999999999", "!", "'", "\u00e9", "\ud800", "#", ":"],
]


@st.composite
def soups(draw: st.DrawFn) -> str:
    """Words of all grammars in any order."""
    space = draw(st.sampled_from(["", " ", "\n "]))
    return space.join(draw(st.lists(st.sampled_from(WORDS), max_size=14)))
