"""Random expressions and items against the model."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings, strategies as st

from adorm.memory.errors import EngineError
from adorm.memory.expressions.request import read_expressions
from tests.memory.expressions import model
from tests.memory.expressions.model import Json, Refused, Tree, Writer
from tests.memory.expressions.strategies import conditions, items, soups, updates, values

MESSAGES = {
    "path": "The document path provided in the update expression is invalid for update",
    "type": "An operand in the update expression has an incorrect data type",
    "missing": "The provided expression refers to an attribute that does not exist in the item",
}
PARAMETERS = [
    ("UpdateItem", "UpdateExpression"),
    ("UpdateItem", "ConditionExpression"),
    ("Query", "KeyConditionExpression"),
    ("Scan", "FilterExpression"),
    ("GetItem", "ProjectionExpression"),
]


@settings(deadline=None)
@given(conditions(), st.lists(items(), min_size=1, max_size=3))
def test_conditions_hold_where_the_model_says_so(tree: Tree, stored: list[Json]) -> None:
    writer = Writer()
    text = writer.condition(tree)
    condition = read_expressions("Scan", writer.request(FilterExpression=text)).filter
    assert condition is not None
    for each in stored:
        assert condition.matches(each) is model.holds(tree, each), text


@settings(deadline=None)
@given(updates(), items())
def test_updates_make_the_items_that_the_model_makes(chosen: list[Tree], stored: Json) -> None:
    writer = Writer()
    text = writer.update(chosen)
    update = read_expressions("UpdateItem", writer.request(UpdateExpression=text)).update
    assert update is not None
    before = copy.deepcopy(stored)
    try:
        expected: Any = model.updated(chosen, stored)
    except Refused as refused:
        expected = MESSAGES[str(refused)]
    try:
        after: Any = update.apply(stored)
    except EngineError as error:
        after = error.message
    assert after == expected, text
    assert stored == before
    if not isinstance(after, str):
        touched = [action[1] for action in chosen]
        assert update.touched(before) == model.projected(touched, before)
        assert update.attributes == {path[0] for path in touched}


@settings(deadline=None)
@given(updates(), items())
def test_projections_return_what_the_model_returns(chosen: list[Tree], stored: Json) -> None:
    writer = Writer()
    paths = [action[1] for action in chosen]
    text = ", ".join(map(writer.path, paths))
    projection = read_expressions("GetItem", writer.request(ProjectionExpression=text)).projection
    assert projection is not None
    assert projection.apply(stored) == model.projected(paths, stored)


@settings(deadline=None)
@given(st.sampled_from(PARAMETERS), soups() | st.text(max_size=12), values(), values())
def test_any_text_is_read_or_refused(
    where: tuple[str, str], text: str, first: Json, second: Json
) -> None:
    operation, parameter = where
    for names_given, values_given in ((True, True), (True, False), (False, False)):
        made: Json = {parameter: text}
        if names_given:
            made["ExpressionAttributeNames"] = {"#n": "n"}
        if values_given and operation != "GetItem":
            made["ExpressionAttributeValues"] = {":v": first, ":w": second}
        assert outcome(operation, made) == outcome(operation, made)


def outcome(operation: str, made: Json) -> str:
    """Why a request is refused; nothing else may happen but that it is read."""
    try:
        read_expressions(operation, made)
    except EngineError as error:
        assert error.code == "ValidationException"
        return error.message
    return ""
