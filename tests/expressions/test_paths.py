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
def test_a_base_class_path_is_refused_where_the_subclass_stores_the_field_under_another_name(name: str) -> None:
    with pytest.raises(adorm.UsageError, match=r"is stored as 'some_count' in Base, but as 'someCount' in Child: write Child\.some_count"):
        REQUESTS[name]()


def test_a_base_class_path_serves_where_both_have_one_name_for_it() -> None:
    assert children.query("c").filter(Base.labels["k"] == "v", Base.word == "w").request()["ExpressionAttributeNames"] == {
        "#n0": "pk",
        "#n1": "labels",
        "#n2": "k",
        "#n3": "word",
    }


def test_an_empty_map_key_is_refused() -> None:
    with pytest.raises(adorm.UsageError, match=r"Base\.labels\[''\]: DynamoDB's maps have no empty keys"):
        _ = Base.labels[""]
    with pytest.raises(adorm.UsageError, match="no empty keys"):
        path("labels['']")


def test_a_value_of_a_wrong_type_inside_is_named_by_its_path() -> None:
    bases = adorm.connect("memory").table(Base)
    wrong: Any = 5
    size: Any = attr(Base.labels).size()
    with pytest.raises(adorm.UsageError, match=r"Base\.labels\['k'\]: expected text, got 5"):
        bases.update("b").set(Base.labels["k"], wrong).request()
    with pytest.raises(adorm.UsageError, match=r"size of Base\.labels: expected a whole number, got 'x'"):
        bases.query("b").filter(size == "x").request()


def test_messages_spell_conditions_and_sums_as_the_user_wrote_them() -> None:
    wrong: Any = [Base.some_count > 5]
    with pytest.raises(adorm.UsageError) as caught:
        children.query("c").filter(wrong)
    assert "Comparison(subject=Base.some_count, comparator='>', operand=5)" in str(caught.value)
    with pytest.raises(adorm.UsageError, match=r"\(Base\.some_count \+ 1\) \+ \.\.\.: DynamoDB's SET takes one addition"):
        _ = Base.some_count + 1 + 1
