"""The legacy parameters, which expressions replaced."""

from __future__ import annotations

from typing import Any

import pytest

from adorm.memory.errors import EngineError
from adorm.memory.expressions.conditions import Condition
from adorm.memory.expressions.updates import Update
from tests.memory.expressions.reading import Json, item, read, refusal, value

ENVELOPE = "1 validation error detected: "
INVALID = "One or more parameter values were invalid: "


def compared(operator: str, *arguments: Any) -> Json:
    return {"ComparisonOperator": operator, "AttributeValueList": [value(a) for a in arguments]}


def expected(conditions: Json, conditional_operator: str | None = None) -> Condition:
    made: Json = {"TableName": "things", "Expected": conditions}
    if conditional_operator is not None:
        made["ConditionalOperator"] = conditional_operator
    condition = read("PutItem", made).condition
    assert condition is not None
    return condition


def updates(**changes: Json) -> Update:
    update = read("UpdateItem", {"TableName": "things", "AttributeUpdates": changes}).update
    assert update is not None
    return update


STORED = item(
    s="hello", n=5, b=b"bytes", ss={"x", "y"}, ns={1, 2}, l=["a", 1], m={"k": 1}, t=True, z=None
)


@pytest.mark.parametrize(
    ("name", "condition", "holds"),
    [
        ("s", compared("EQ", "hello"), True),
        ("s", compared("EQ", "other"), False),
        ("n", compared("EQ", "5"), False),
        ("l", compared("EQ", ["a", 1]), True),
        ("m", compared("EQ", {"k": 1}), True),
        ("ss", compared("EQ", {"y", "x"}), True),
        ("q", compared("EQ", 1), False),
        ("s", compared("NE", "other"), True),
        ("s", compared("NE", "hello"), False),
        ("n", compared("NE", "5"), True),
        ("q", compared("NE", 1), True),
        ("n", compared("LT", 6), True),
        ("n", compared("LT", 5), False),
        ("n", compared("LE", 5), True),
        ("n", compared("GT", 4), True),
        ("n", compared("GE", 6), False),
        ("s", compared("LT", 6), False),
        ("q", compared("GE", 0), False),
        ("n", compared("BETWEEN", 5, 6), True),
        ("n", compared("BETWEEN", 6, 7), False),
        ("q", compared("BETWEEN", 0, 100), False),
        ("n", compared("IN", 1, 5), True),
        ("n", compared("IN", 1, 2), False),
        ("ns", compared("IN", 1, 2), False),
        ("s", compared("BEGINS_WITH", "hell"), True),
        ("b", compared("BEGINS_WITH", b"by"), True),
        ("n", compared("BEGINS_WITH", "5"), False),
        ("s", compared("CONTAINS", "ell"), True),
        ("ss", compared("CONTAINS", "x"), True),
        ("l", compared("CONTAINS", 1), True),
        ("s", compared("CONTAINS", "dog"), False),
        ("q", compared("CONTAINS", "x"), False),
        ("s", compared("NOT_CONTAINS", "dog"), True),
        ("s", compared("NOT_CONTAINS", "ell"), False),
        ("s", compared("NOT_CONTAINS", 1), True),
        ("q", compared("NOT_CONTAINS", 1), False),
        ("s", {"ComparisonOperator": "NOT_NULL"}, True),
        ("z", {"ComparisonOperator": "NOT_NULL"}, True),
        ("q", {"ComparisonOperator": "NOT_NULL"}, False),
        ("q", {"ComparisonOperator": "NULL"}, True),
        ("s", {"ComparisonOperator": "NULL", "AttributeValueList": []}, False),
    ],
)
def test_comparison_operators(name: str, condition: Json, holds: bool) -> None:
    made = expected({name: condition})
    assert made.matches(STORED) is holds
    assert made.attributes == {name}
    assert not made.nested_attributes
    for operation, parameter in (("Query", "QueryFilter"), ("Scan", "ScanFilter")):
        filtered = read(operation, {parameter: {name: condition}}).filter
        assert filtered is not None
        assert filtered.matches(STORED) is holds


def test_expected_takes_one_value_or_none() -> None:
    assert expected({"s": {"Value": {"S": "hello"}}}).matches(STORED)
    assert expected({"s": {"Value": {"S": "hello"}, "Exists": True}}).matches(STORED)
    assert (
        expected({"s": {"Value": {"S": "x"}, "ComparisonOperator": "GT"}}).matches(STORED) is False
    )
    assert expected({"q": {"Exists": False}}).matches(STORED)
    assert not expected({"s": {"Exists": False}}).matches(STORED)


def test_conditions_are_joined_by_and_or_by_or() -> None:
    right, wrong = compared("EQ", "hello"), compared("EQ", 6)
    assert not expected({"s": right, "n": wrong}).matches(STORED)
    assert not expected({"s": right, "n": wrong}, "AND").matches(STORED)
    assert expected({"s": right, "n": wrong}, "OR").matches(STORED)
    assert not expected({"s": wrong, "n": wrong}, "OR").matches(STORED)


def test_names_are_taken_as_they_are() -> None:
    assert expected({"#a.b[0]": compared("EQ", 1)}).matches({"#a.b[0]": value(1)})


def test_no_conditions_ask_for_nothing() -> None:
    assert read("PutItem", {"Expected": {}}).condition is None
    assert read("Scan", {"ScanFilter": {}}).filter is None


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (
            {"Value": {"S": "a"}, "AttributeValueList": []},
            "Value and AttributeValueList cannot be used together for Attribute: a",
        ),
        (
            {"ComparisonOperator": "EQ", "Exists": True},
            "Exists and ComparisonOperator cannot be used together for Attribute: a",
        ),
        (
            {"ComparisonOperator": "LT"},
            "Value or AttributeValueList must be used with ComparisonOperator: LT for Attribute: a",
        ),
        (
            {"AttributeValueList": [{"S": "a"}]},
            "AttributeValueList can only be used with a ComparisonOperator for Attribute: a",
        ),
        ({}, "Value must be provided when Exists is null for Attribute: a"),
        ({"Exists": True}, "Value must be provided when Exists is true for Attribute: a"),
        (
            {"Exists": False, "Value": {"S": "a"}},
            "Value cannot be used when Exists is false for Attribute: a",
        ),
    ],
)
def test_members_of_an_expectation_must_go_together(condition: Json, message: str) -> None:
    made = {"Expected": {"a": condition}}
    assert refusal("PutItem", made) == ENVELOPE + INVALID + message
    assert refusal("PutItem", made, "old") == INVALID + message


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (compared("EQ"), "Invalid number of argument(s) for the EQ ComparisonOperator"),
        (compared("LT", 1, 2), "Invalid number of argument(s) for the LT ComparisonOperator"),
        (compared("NULL", 1), "Invalid number of argument(s) for the NULL ComparisonOperator"),
        (compared("IN"), "Invalid number of argument(s) for the IN ComparisonOperator"),
        (
            compared("BETWEEN", 1),
            "Invalid number of argument(s) for the BETWEEN ComparisonOperator",
        ),
        (
            compared("IN", 3, "dog"),
            "AttributeValues inside AttributeValueList must be of same type",
        ),
        (
            compared("BETWEEN", 3, "dog"),
            "AttributeValues inside AttributeValueList must be of same type",
        ),
        (compared("LE", [1]), "ComparisonOperator LE is not valid for L AttributeValue type"),
        (
            compared("BEGINS_WITH", 3),
            "ComparisonOperator BEGINS_WITH is not valid for N AttributeValue type",
        ),
        (
            compared("CONTAINS", [1]),
            "ComparisonOperator CONTAINS is not valid for L AttributeValue type",
        ),
        (compared("IN", [1], 2), "ComparisonOperator IN is not valid for L AttributeValue type"),
        (
            compared("BETWEEN", {1}, {2}),
            "ComparisonOperator BETWEEN is not valid for NS AttributeValue type",
        ),
        (compared("eq", 1), "Invalid comparison operator"),
    ],
)
def test_arguments_must_fit_the_operator(condition: Json, message: str) -> None:
    assert refusal("PutItem", {"Expected": {"a": condition}}, "old") == INVALID + message
    assert refusal("Query", {"QueryFilter": {"a": condition}}) == INVALID + message
    assert refusal("Query", {"KeyConditions": {"a": condition}}) == INVALID + message
    assert refusal("Scan", {"ScanFilter": {"a": condition}}) == INVALID + message


def test_bounds_of_between_must_be_in_order() -> None:
    message = (
        "The BETWEEN condition was provided a range where the lower bound is greater than the "
        "upper bound"
    )
    assert refusal("Scan", {"ScanFilter": {"a": compared("BETWEEN", 4, 3)}}) == message
    assert refusal("PutItem", {"Expected": {"a": compared("BETWEEN", "b", "a")}}) == (
        ENVELOPE + message
    )


def test_arguments_must_be_values() -> None:
    condition = {"ComparisonOperator": "EQ", "AttributeValueList": [{"N": "b"}]}
    message = "The parameter cannot be converted to a numeric value: b"
    assert refusal("Scan", {"ScanFilter": {"a": condition}}) == message
    assert refusal("PutItem", {"Expected": {"a": condition}}) == ENVELOPE + message


@pytest.mark.parametrize(
    ("conditions", "operator", "message"),
    [
        (None, "AND", "ConditionalOperator cannot be used without Filter or Expected"),
        ({}, "AND", "ConditionalOperator cannot be used without Filter or Expected"),
        (
            {"a": compared("EQ", 1)},
            "OR",
            "ConditionalOperator can only be used when Filter or Expected has two or more elements",
        ),
        (
            {"a": compared("EQ", 1), "b": compared("EQ", 1)},
            "XOR",
            "Failed to satisfy constraint: Member must satisfy enum value set: [ALL, OR]",
        ),
    ],
)
def test_a_conditional_operator_joins_two_conditions(
    conditions: Json | None, operator: str, message: str
) -> None:
    for operation, parameter in (
        ("PutItem", "Expected"), ("Query", "QueryFilter"), ("Scan", "ScanFilter")
    ):  # fmt: skip
        made: Json = {"ConditionalOperator": operator}
        if conditions is not None:
            made[parameter] = conditions
        envelope = ENVELOPE if operation == "PutItem" else ""
        assert refusal(operation, made) == envelope + message


@pytest.mark.parametrize(
    ("legacy", "operator", "arguments"),
    [
        ("EQ", "=", [1]),
        ("LT", "<", [1]),
        ("LE", "<=", ["x"]),
        ("GT", ">", [1]),
        ("GE", ">=", [1]),
        ("BETWEEN", "BETWEEN", [1, 2]),
        ("BEGINS_WITH", "begins_with", ["x"]),
    ],
)
def test_key_conditions(legacy: str, operator: str, arguments: list[Any]) -> None:
    made = read("Query", {"KeyConditions": {"p": compared(legacy, *arguments)}}).key_condition
    assert made is not None
    assert made.comparisons == {"p": (operator, tuple(map(value, arguments)))}


def test_attributes_to_get() -> None:
    for operation in ("GetItem", "Keys", "Query", "Scan"):
        projection = read(operation, {"AttributesToGet": ["s", "a.b", "q"]}).projection
        assert projection is not None
        assert projection.apply(STORED | {"a.b": value(1)}) == {
            "s": value("hello"),
            "a.b": value(1),
        }
        assert projection.attributes == {"s", "a.b", "q"}
        assert refusal(operation, {"AttributesToGet": ["a", "b", "a"]}) == (
            f"{INVALID}Duplicate value in attribute name: a"
        )


def test_attribute_updates_put_add_and_delete() -> None:
    change = updates(
        s={"Value": value("new")},
        fresh={"Action": "PUT", "Value": value(1)},
        n={"Action": "ADD", "Value": value(2)},
        ss={"Action": "ADD", "Value": value({"z"})},
        l={"Action": "ADD", "Value": value([2])},
        list2={"Action": "ADD", "Value": value([7])},
        ns={"Action": "DELETE", "Value": value({1, 9})},
        m={"Action": "DELETE"},
        q={"Action": "DELETE"},
    )
    assert change.apply(STORED) == {
        **item(s="new", fresh=1, n=7, ss={"x", "y", "z"}, ns={2}, l=["a", 1, 2], list2=[7]),
        **item(b=b"bytes", t=True, z=None),
    }
    assert change.attributes == {"s", "fresh", "n", "ss", "l", "list2", "ns", "m", "q"}
    assert change.touched(STORED) == item(
        s="hello", n=5, ss={"x", "y"}, ns={1, 2}, l=["a", 1], m={"k": 1}
    )


def test_a_set_without_members_is_removed() -> None:
    gone = {"Action": "DELETE", "Value": value({1, 2, 3})}
    assert updates(ns=gone, q=gone).apply(item(ns={1, 2})) == {}


def test_updates_that_only_delete_create_nothing() -> None:
    removal = {"Action": "DELETE"}
    members = {"Action": "DELETE", "Value": value({1})}
    assert updates(a=removal, b=members).only_removes
    assert not updates(a=removal, b={"Value": value(1)}).only_removes
    assert not updates().only_removes
    assert updates().apply(STORED) == STORED
    assert updates().touched(STORED) == {}


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("ss", {"Action": "DELETE", "Value": value({1})}),
        ("n", {"Action": "DELETE", "Value": value({1})}),
        ("ss", {"Action": "ADD", "Value": value({1})}),
        ("ss", {"Action": "ADD", "Value": value(1)}),
        ("s", {"Action": "ADD", "Value": value(1)}),
    ],
)
def test_add_and_delete_need_the_type_that_is_stored(name: str, change: Json) -> None:
    with pytest.raises(EngineError, match="Type mismatch for attribute to update"):
        updates(**{name: change}).apply(STORED)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, "Only DELETE action is allowed when no attribute value is specified"),
        (
            {"Action": "ADD"},
            "Only DELETE action is allowed when no attribute value is specified",
        ),
        (
            {"Action": "DELETE", "Value": value("x")},
            "DELETE action with value is not supported for the type S",
        ),
        (
            {"Action": "DELETE", "Value": value([1])},
            "DELETE action with value is not supported for the type L",
        ),
        (
            {"Action": "ADD", "Value": value({"x": 1})},
            "ADD action is not supported for the type M",
        ),
    ],
)
def test_actions_need_values_of_the_right_type(change: Json, message: str) -> None:
    assert refusal("UpdateItem", {"AttributeUpdates": {"a": change}}) == INVALID + message


def test_actions_are_written_in_capitals() -> None:
    made = {"AttributeUpdates": {"a": {"Action": "put", "Value": value(1)}}}
    assert refusal("UpdateItem", made) == (
        f"{ENVELOPE}Member must satisfy enum value set: [ADD, DELETE, PUT]' for Action"
    )


def test_values_of_updates_are_checked_before_actions() -> None:
    changes = {"a": {"Action": "put", "Value": {"N": "1"}}, "b": {"Value": {"SS": ["x", "x"]}}}
    assert "duplicates" in refusal("UpdateItem", {"AttributeUpdates": changes})


def test_an_expected_value_without_a_type_is_reported_without_envelope() -> None:
    assert refusal("PutItem", {"Expected": {"a": {"Value": {}}}}) == (
        "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
    )
