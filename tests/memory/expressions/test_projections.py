"""The parts of an item that a projection returns."""

from __future__ import annotations

from typing import Any

import pytest

from adorm.memory.expressions.projections import Projection
from tests.memory.expressions.reading import Json, item, read, refusal, request

STORED = item(
    p="key",
    a={"b": [2, 4, {"x": "hi", "y": "yo"}], "c": 5},
    b="hello",
    l=[["00", "01"], {"m": {"x": 1, "y": 2}}, "l2"],
)


def projection(text: str, names: dict[str, str] | None = None) -> Projection:
    made = read("GetItem", request(names, ProjectionExpression=text)).projection
    assert made is not None
    return made


def projected(text: str, names: dict[str, str] | None = None) -> Json:
    return projection(text, names).apply(STORED)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("p", {"p": "key"}),
        ("p, b, nothing", {"p": "key", "b": "hello"}),
        ("a.b", {"a": {"b": [2, 4, {"x": "hi", "y": "yo"}]}}),
        ("a.b[0]", {"a": {"b": [2]}}),
        ("a.b[2].y", {"a": {"b": [{"y": "yo"}]}}),
        ("a.b[1], a.b[0]", {"a": {"b": [2, 4]}}),
        ("a.b[0],a.c", {"a": {"b": [2], "c": 5}}),
        ("a.b[2].x, a.b[0], a.b[2].y", {"a": {"b": [2, {"x": "hi", "y": "yo"}]}}),
        ("l[2], l[0][1], l[1].m.y", {"l": [["01"], {"m": {"y": 2}}, "l2"]}),
        ("a.x, a.b[0], x, a.b[3].x", {"a": {"b": [2]}}),
        ("x", {}),
        ("a.b[3]", {}),
        ("a.x.y", {}),
        ("a.b.x", {}),
        ("a[0]", {}),
        ("a.b[0].x", {}),
        ("b.x, b2[0]", {}),
    ],
)
def test_a_projection_returns_the_values_at_its_paths(text: str, expected: dict[str, Any]) -> None:
    assert projected(text) == item(**expected)


def test_placeholders_stand_for_one_element_each() -> None:
    assert projected("#a.#b[0]", {"a": "a", "b": "b"}) == item(a={"b": [2]})
    assert projected("#ab", {"ab": "a.b"}) == {}


def test_a_projection_leaves_the_item_as_it_is() -> None:
    made = projection("a.b[0], l").apply(STORED)
    made["l"]["L"] = []
    assert STORED["l"]["L"]


def test_a_projection_names_its_attributes() -> None:
    made = projection("a.b, a.c, b, #x[0]", {"x": "l"})
    assert made.attributes == {"a", "b", "l"}
    assert made.nested_attributes == {"a", "l"}


@pytest.mark.parametrize(
    ("text", "verb", "one", "two"),
    [
        ("a, a", "overlap", "[a]", "[a]"),
        ("x, #a, a.b", "overlap", "[a]", "[a, b]"),
        ("a.b.d.e, a.b", "overlap", "[a, b, d, e]", "[a, b]"),
        ("l, l[0]", "overlap", "[l]", "[l, [0]]"),
        ("a.b, a[1]", "conflict", "[a, b]", "[a, [1]]"),
    ],
)
def test_two_paths_must_not_overlap(text: str, verb: str, one: str, two: str) -> None:
    names = {"a": "a"} if "#a" in text else None
    assert refusal("GetItem", request(names, ProjectionExpression=text)) == (
        f"Invalid ProjectionExpression: Two document paths {verb} with each other; "
        f"must remove or rewrite one of these paths; path one: {one}, path two: {two}"
    )


def test_names_must_be_defined() -> None:
    assert refusal("Query", request(ProjectionExpression="a.#b")) == (
        "Invalid ProjectionExpression: An expression attribute name used in the document path is "
        "not defined; attribute name: #b"
    )
