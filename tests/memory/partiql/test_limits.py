"""Statements that are long, deep or wide get the service's refusals."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest

from adorm.memory.errors import EngineError
from tests.memory.partiql.shop import Shop, text

DEEP: dict[str, Callable[[int], str]] = {
    "parentheses": lambda n: "(" * n + "n = 5" + ")" * n,
    "NOT": lambda n: "NOT " * n + "n = 5",
    "NOT with parentheses": lambda n: "NOT (" * n + "n = 5" + ")" * n,
    "AND": lambda n: "n = 5 AND " * n + "n = 5",
    "OR": lambda n: "n = 5 OR " * n + "n = 5",
    "AND in OR": lambda n: "(n = 5 OR n = 6 AND " * n + "n = 5" + ")" * n,
    "comparisons of comparisons": lambda n: "true" + " = true" * n,
    "grouped comparisons": lambda n: "(" * n + "true" + " = true = true)" * n,
    "BETWEEN": lambda n: "n BETWEEN " * n + "1" + " AND 2" * n,
    "IN": lambda n: "n IN (" * n + "1" + ")" * n,
    "IS": lambda n: "n" + " IS NULL" * n,
    "lists": lambda n: "l = " + "[" * n + "]" * n,
    "maps": lambda n: "m = " + "{'a': " * n + "1" + "}" * n,
    "bags": lambda n: "ss = " + "<<" * n + ">>" * n,
    "size": lambda n: "size(" * n + "l" + ")" * n + " = 1",
    "subscripts": lambda n: "l" + "[l" * n + "]" * n + " = 1",
    "long paths": lambda n: "m" + ".a" * n + " = 1",
    "indexes": lambda n: "l" + "[0]" * n + " = 1",
    "signs": lambda n: "n = " + "- " * n + "5",
    "grouped signs": lambda n: "n = " + "-(" * n + "5" + ")" * n,
    "sums": lambda n: "n = " + "1 + " * n + "5",
    "grouped sums": lambda n: "n = " + "1 + (" * n + "5" + ")" * n,
    "CASE": lambda n: "CASE WHEN " * n + "1" + " THEN 1 END" * n,
    "EXISTS": lambda n: "EXISTS(SELECT * FROM a WHERE " * n + "n = 1" + ")" * n,
    "UPDATE": lambda n: "n = UPDATE a SET b = " * n + "1",
    "comments": lambda n: "n = 5 " + "/*" * n,
    "apostrophes": lambda n: "n = " + "'" * n,
}


def _at_depth(depth: int, call: Callable[[], object]) -> object:
    """Call a function from below `depth` other calls."""
    return call() if depth == 0 else _at_depth(depth - 1, call)


STATEMENTS = [
    "SELECT * FROM Things WHERE {}",
    "UPDATE Things SET z = {} WHERE pk = 'one'",
    "INSERT INTO Things VALUE {{'pk': 'one', 'z': {}}}",
    "SELECT {} FROM Things",
    "EXISTS(SELECT * FROM Things WHERE pk = 'one' AND ({}))",
    "{}",
]


@pytest.mark.parametrize("deep", DEEP)
@pytest.mark.parametrize("times", [64, 66, 1500])
def test_nesting_never_exhausts_the_stack(shop: Shop, deep: str, times: int) -> None:
    for statement in STATEMENTS:
        written = statement.format(DEEP[deep](times))[:8192]
        for call in (partial(shop.run, written), partial(shop.transaction, written)):
            with suppress(EngineError):
                _at_depth(300, call)


def test_parentheses_may_nest_as_deep_as_anybody_writes_them(shop: Shop) -> None:
    assert shop.holds("(" * 40 + "n = 5" + ")" * 40)
    assert shop.holds("NOT (" * 20 + "n = 5" + ")" * 20)
    assert shop.refused_condition("(" * 70 + "n = 5" + ")" * 70).startswith(
        "Statement wasn't well formed"
    )


def test_a_statement_has_at_most_8192_characters(shop: Shop) -> None:
    statement = "SELECT * FROM Things WHERE pk = 'one'"
    assert len(shop.items(statement.ljust(8192))) == 1
    assert "length less than or equal to 8192" in shop.refusal(statement.ljust(8193))


@pytest.mark.parametrize(
    "condition",
    [
        " AND ".join(f"(pk = 'k{at}' OR sk = {at})" for at in range(70)),
        "pk = 'a' AND " + " AND ".join(f"(sk = {at} OR total = {at})" for at in range(70)),
        "NOT (" + " OR ".join(f"(pk = 'k{at}' AND sk = {at})" for at in range(70)) + ")",
    ],
)
def test_a_condition_with_too_many_branches_is_refused_at_once(shop: Shop, condition: str) -> None:
    assert shop.refusal(f"SELECT * FROM Orders WHERE {condition}") == (
        "Too many decomposed read operations for a given query."
    )


def test_a_parameter_may_be_nested_one_level_deeper_than_an_item(shop: Shop) -> None:
    def nested(levels: int) -> dict[str, object]:
        value: dict[str, object] = text("x")
        for _ in range(levels):
            value = {"L": [value]}
        return value

    assert not shop.holds("l = ?", nested(32))
    message = shop.refused_condition("l = ?", nested(33))
    assert message.startswith("Nesting Levels have exceeded supported limits")
    assert shop.refusal("INSERT INTO Things VALUE {'pk': 'k', 'a': ?}", nested(32)).startswith(
        "Nesting Levels have exceeded supported limits"
    )
    shop.run("INSERT INTO Things VALUE {'pk': 'k', 'a': ?}", nested(31))
