"""Paths: whose they are, and how they and what stands beside them are spelled in messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import adorm
from adorm import attr, path


@adorm.model(table="bases")
class Base:
    pk: str = adorm.partition_key()
    some_count: int = 0
    labels: dict[str, str] = adorm.attribute(factory=dict)
    word: str = ""


@adorm.model(table="children", naming="camelCase")
class Child(Base):
    more: int = 0


children = adorm.connect("memory").table(Child)
REQUESTS: dict[str, Callable[[], Any]] = {
    "filter": lambda: children.query("c").filter(Base.some_count == 1).request(),
    "where": lambda: children.query("c").where(Base.some_count == 1).request(),
    "select": lambda: children.query("c").select(Base.some_count).request(),
    "set": lambda: children.update("c").set(Base.some_count, 1).request(),
    "when": lambda: children.delete("c").when(Base.some_count == 1).request(),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_base_class_path_is_refused_where_the_subclass_stores_the_field_under_another_name(
    name: str,
) -> None:
    with pytest.raises(
        adorm.UsageError,
        match=r"is stored as 'some_count' in Base, but as 'someCount' in Child: "
        r"write Child\.some_count",
    ):
        REQUESTS[name]()


def test_a_base_class_path_serves_where_both_have_one_name_for_it() -> None:
    assert children.query("c").filter(Base.labels["k"] == "v", Base.word == "w").request()[
        "ExpressionAttributeNames"
    ] == {
        "#n0": "pk",
        "#n1": "labels",
        "#n2": "k",
        "#n3": "word",
    }


def test_an_empty_map_key_is_refused() -> None:
    with pytest.raises(
        adorm.UsageError, match=r"Base\.labels\[''\]: DynamoDB's maps have no empty keys"
    ):
        _ = Base.labels[""]
    with pytest.raises(adorm.UsageError, match="no empty keys"):
        path("labels['']")


def test_a_value_of_a_wrong_type_inside_is_named_by_its_path() -> None:
    bases = adorm.connect("memory").table(Base)
    wrong: Any = 5
    size: Any = attr(Base.labels).size()
    with pytest.raises(adorm.UsageError, match=r"Base\.labels\['k'\]: expected text, got 5"):
        bases.update("b").set(Base.labels["k"], wrong).request()
    with pytest.raises(
        adorm.UsageError, match=r"size of Base\.labels: expected a whole number, got 'x'"
    ):
        bases.query("b").filter(size == "x").request()


def test_messages_spell_conditions_and_sums_as_the_user_wrote_them() -> None:
    wrong: Any = [Base.some_count > 5]
    with pytest.raises(adorm.UsageError) as caught:
        children.query("c").filter(wrong)
    assert "Comparison(measured=Base.some_count, comparator='>', operand=5)" in str(caught.value)
    with pytest.raises(
        adorm.UsageError,
        match=r"\(Base\.some_count \+ 1\) \+ \.\.\.: DynamoDB's SET takes one addition",
    ):
        _ = Base.some_count + 1 + 1


# Out of the sight of the type checkers, which would refuse most of them.
untyped: Any = Base
NOT_ADDITIONS: dict[str, Callable[[], Any]] = {
    r"Base\.some_count \* 2": lambda: untyped.some_count * 2,
    r"2 \* Base\.some_count": lambda: 2 * untyped.some_count,
    r"Base\.some_count / 2": lambda: untyped.some_count / 2,
    r"2 / Base\.some_count": lambda: 2 / untyped.some_count,
    r"Base\.some_count // 2": lambda: untyped.some_count // 2,
    r"2 // Base\.some_count": lambda: 2 // untyped.some_count,
    r"Base\.some_count % 2": lambda: untyped.some_count % 2,
    r"2 % Base\.some_count": lambda: 2 % untyped.some_count,
    r"Base\.some_count \*\* 2": lambda: untyped.some_count**2,
    r"2 \*\* Base\.some_count": lambda: 2**untyped.some_count,
    r"-Base\.some_count": lambda: -untyped.some_count,
    r"\+Base\.some_count": lambda: +untyped.some_count,
    r"abs\(Base\.some_count\)": lambda: abs(untyped.some_count),
    r"attr\(x\) \* 2": lambda: untyped_path("x") * 2,
    r"\(Base\.some_count \+ 1\) \* 2": lambda: (untyped.some_count + 1) * 2,
}


def untyped_path(text: str) -> Any:
    return path(text)


@pytest.mark.parametrize("spelled", NOT_ADDITIONS)
def test_what_dynamodb_does_not_compute_is_refused_as_it_was_written(spelled: str) -> None:
    with pytest.raises(
        adorm.MisusedExpression,
        match=rf"^{spelled}: DynamoDB computes with \+ and - only, one of them",
    ):
        NOT_ADDITIONS[spelled]()


def test_a_path_with_verbs_adds_and_subtracts_as_the_bare_one_does() -> None:
    def text(value: Any) -> Any:
        return children.update("c").set(Child.some_count, value).request()["UpdateExpression"]

    assert text(attr(Child.some_count) + 1) == text(Child.some_count + 1) == "SET #n0 = #n0 + :v0"
    assert text(path("someCount") - 1) == "SET #n0 = #n0 - :v0"
    assert text(1 + untyped_path("someCount")) == "SET #n0 = :v0 + #n0"
    assert text(1 - untyped_path("someCount")) == "SET #n0 = :v0 - #n0"
    with pytest.raises(adorm.UsageError, match="a size can be compared"):
        _ = attr(Base.labels).size() + 1
    with pytest.raises(adorm.UsageError, match="takes one addition or subtraction"):
        _ = 1 + (untyped.some_count + 1)


JOINED: dict[str, Callable[[], Any]] = {
    "a comparison beside a number": lambda: children.query("c").filter(
        untyped.some_count > 1 & (untyped.word == "x")
    ),
    "a number beside a path": lambda: untyped.some_count > 1 & untyped.word == "x",
    "a path before a comparison": lambda: untyped.some_count | (untyped.word == "x"),
    "a path turned round": lambda: ~untyped.some_count,
    "a number": lambda: children.query("c").filter(untyped_value(5)),
}


def untyped_value(value: object) -> Any:
    return value


@pytest.mark.parametrize("name", JOINED)
def test_forgotten_parentheses_are_named(name: str) -> None:
    with pytest.raises(adorm.UsageError, match="put parentheses around each comparison"):
        JOINED[name]()


def test_what_is_no_condition_is_told_so_and_only_a_path_gets_advice_for_bools() -> None:
    query = children.query("c")
    with pytest.raises(
        adorm.UsageError, match=r"^'some_count > 5' is no condition: compare a path with a value"
    ):
        query.filter(untyped_value("some_count > 5"))
    with pytest.raises(adorm.UsageError, match=r"^\(Base\.some_count \+ 1\) is no condition"):
        query.filter(untyped_value(Base.some_count + 1))
    with pytest.raises(
        adorm.UsageError, match=r"for a bool attribute write `Base\.some_count == True`"
    ):
        query.filter(untyped_value(Base.some_count))
