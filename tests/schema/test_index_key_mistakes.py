"""Keys of indexes that no item, or every item, would have, and mistakes in `only=`."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, Literal

import pytest

import adorm
from adorm.errors import ModelError


class Colour(Enum):
    RED = "red"


def table() -> adorm.SingleTable:
    return adorm.SingleTable(
        "hub", indexes=[adorm.GlobalIndex("GSI1", partition="GSI1PK", sort="GSI1SK")]
    )


def made_with(only: Any) -> type[Any]:
    """A model with a key of an index that has this `only=`."""

    @adorm.model(table=table())
    class Task:
        task_id: str
        state: str = "open"
        level: int = 0
        urgent: bool = False
        colour: Colour | None = None
        kind: Literal["bug", "wish"] = "bug"

        key = adorm.key("TASK#{task_id}", "TASK")
        by_state = adorm.key("TASKS#{state}", "{task_id}", index="GSI1", only=only)

    return Task


MISTAKES: dict[str, tuple[Any, str]] = {
    "a text": ("open", "takes values by the names of fields"),
    "a list of pairs": ([("state", "open")], "takes values by the names of fields"),
    "an empty list": ([], "takes values by the names of fields"),
    "an unknown field": ({"stat": "open"}, "no field 'stat'; did you mean 'state'"),
    "a list of values": ({"state": ["open"]}, r"one value of state, or a tuple .* not \['open'\]"),
    "a set of values": ({"level": {1}}, "one value of level, or a tuple"),
    "no value": ({"state": ()}, "has no value of state"),
    "a number for a text": ({"state": 1}, "state to be 1, and the field is str"),
    "a text for a number": ({"level": ("1", 2)}, "level to be '1', and the field is int"),
    "a bool for a number": ({"level": True}, "level to be True, and the field is int"),
    "a number for a bool": ({"urgent": 1}, "urgent to be 1, and the field is bool"),
    "a text for an enum": ({"colour": "red"}, "colour to be 'red', and the field is"),
    "another text": ({"kind": "task"}, "kind to be 'task', and the field is"),
    "None for a field that has a value": ({"state": None}, "state to be None"),
}


@pytest.mark.parametrize(("only", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_in_only_is_found_when_the_class_is_made(only: Any, message: str) -> None:
    with pytest.raises(ModelError, match=rf"^Task\.by_state: only= .*{message}"):
        made_with(only)


@pytest.mark.parametrize(
    "only",
    [
        {"state": ("open", "late")},
        {"level": 1, "urgent": True},
        {"colour": (Colour.RED, None), "kind": "bug"},
        {},
    ],
)
def test_values_that_the_fields_can_have_are_taken(only: Any) -> None:
    assert made_with(only).__name__ == "Task"


def test_a_key_after_one_that_every_item_has_is_refused() -> None:
    with pytest.raises(
        ModelError, match=r"^Task\.by_name always comes first, so no item has Task\.by_state: .*"
    ):

        @adorm.model(table=table())
        class Task:
            name: str
            state: str = "open"

            key = adorm.key("TASK#{name}", "TASK")
            by_name = adorm.key("TASKS", "{name}", index="GSI1")
            by_state = adorm.key("STATE#{state}", "{name}", index="GSI1", only={"state": "open"})


def _only() -> type[Any]:
    @adorm.model(table=table())
    class Task:
        name: str
        state: str = "open"

        key = adorm.key("TASK#{name}", "TASK")
        by_state = adorm.key("STATE#{state}", "{name}", index="GSI1", only={"state": "open"})
        by_name = adorm.key("TASKS", "{name}", index="GSI1")

    return Task


def _optional() -> type[Any]:
    @adorm.model(table=table())
    class Task:
        name: str
        owner: str | None = None

        key = adorm.key("TASK#{name}", "TASK")
        by_owner = adorm.key("OWNER#{owner}", "{name}", index="GSI1")
        by_name = adorm.key("TASKS", "{name}", index="GSI1")

    return Task


def _left_out() -> type[Any]:
    @adorm.model(table=table())
    class Task:
        name: str
        owner: str = adorm.attribute(default="", omit_empty=True)

        key = adorm.key("TASK#{name}", "TASK")
        by_owner = adorm.key("OWNER#{owner}", "{name}", index="GSI1")
        by_name = adorm.key("TASKS", "{name}", index="GSI1")

    return Task


@pytest.mark.parametrize("make", [_only, _optional, _left_out])
def test_a_key_after_one_that_an_item_may_lack_is_taken(make: Callable[[], type[Any]]) -> None:
    assert make().by_name.index == "GSI1"


def test_a_key_of_fields_alone_takes_no_only() -> None:
    by_state = adorm.SingleTable(
        "hub", indexes=[adorm.GlobalIndex("GSI1", partition="state", sort="name")]
    )
    with pytest.raises(ModelError, match=r"^Task\.by_state: only= leaves out items by .* fields"):

        @adorm.model(table=by_state)
        class Task:
            name: str
            state: str = "open"

            key = adorm.key("TASK#{name}", "TASK")
            by_state = adorm.key("{state}", "{name}", index="GSI1", only={"state": "open"})
