"""All expressions of a request together: which may be combined, and the two wordings."""

from __future__ import annotations

from typing import Any

import pytest

from adorm.memory.errors import EngineError
from adorm.memory.expressions.request import (
    MAX_COMPILED,
    RequestExpressions,
    _recently_compiled,
    read_expressions,
)
from tests.memory.expressions.reading import Json, item, read, refusal, request, value

ENVELOPE = "1 validation error detected: "
WRITES = ["PutItem", "UpdateItem", "DeleteItem"]
MIXED = "Can not use both expression and non-expression parameters in the same request: "
INVALID = "One or more parameter values were invalid: "
KEY_EQUALS: Json = {"p": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "x"}]}}


def test_a_request_without_expressions_asks_for_nothing() -> None:
    for operation in (*WRITES, "GetItem", "Query", "Scan", "Put", "Get", "Keys"):
        assert read(operation, {"TableName": "things", "Key": {}}) == RequestExpressions()


def test_every_expression_of_a_request_is_read() -> None:
    made = read(
        "Query",
        request(
            {"p": "p"},
            {"p": "x", "f": 1},
            KeyConditionExpression="#p = :p",
            FilterExpression="f > :f",
            ProjectionExpression="a, #p",
        ),
    )
    assert made.key_condition is not None
    assert made.filter is not None
    assert made.projection is not None
    assert made.condition is None
    assert made.update is None
    made = read(
        "Update",
        request(None, {"v": 1}, UpdateExpression="SET a = :v", ConditionExpression="a <> :v"),
    )
    assert made.update is not None
    assert made.condition is not None
    assert made.filter is None


def test_binaries_of_a_request_in_the_process_may_be_bytes() -> None:
    made = {
        "UpdateExpression": "SET a = :v",
        "ConditionExpression": "begins_with(b, :v)",
        "ExpressionAttributeValues": {":v": {"B": b"hi"}},
    }
    for _ in range(2):
        expressions = read("UpdateItem", made)
        assert expressions.update is not None
        assert expressions.condition is not None
        assert expressions.update.apply({}) == {"a": {"B": "aGk="}}
        assert expressions.condition.matches(item(b=b"hi there"))


@pytest.mark.parametrize(
    ("operation", "members", "legacy", "expressions"),
    [
        ("PutItem", ["Expected", "ConditionExpression"], "Expected", "ConditionExpression"),
        (
            "DeleteItem",
            ["ConditionExpression", "ConditionalOperator", "Expected"],
            "Expected, ConditionalOperator",
            "ConditionExpression",
        ),
        (
            "UpdateItem",
            ["ConditionExpression", "UpdateExpression", "Expected", "AttributeUpdates"],
            "AttributeUpdates, Expected",
            "UpdateExpression, ConditionExpression",
        ),
        ("GetItem", ["ProjectionExpression", "AttributesToGet"], "AttributesToGet",
         "ProjectionExpression"),
        ("Keys", ["ProjectionExpression", "AttributesToGet"], "AttributesToGet",
         "ProjectionExpression"),
        (
            "Scan",
            ["FilterExpression", "ProjectionExpression", "ScanFilter", "AttributesToGet"],
            "AttributesToGet, ScanFilter",
            "ProjectionExpression, FilterExpression",
        ),
        (
            "Query",
            ["KeyConditionExpression", "FilterExpression", "KeyConditions", "QueryFilter"],
            "QueryFilter, KeyConditions",
            "FilterExpression, KeyConditionExpression",
        ),
        (
            "Query",
            ["FilterExpression", "KeyConditions", "ConditionalOperator"],
            "ConditionalOperator",
            "FilterExpression",
        ),
    ],
)  # fmt: skip
def test_expressions_and_legacy_parameters_do_not_go_together(
    operation: str, members: list[str], legacy: str, expressions: str
) -> None:
    made: Json = {each: "" if each.endswith("Expression") else {} for each in members}
    message = (
        f"{MIXED}Non-expression parameters: {{{legacy}}} Expression parameters: {{{expressions}}}"
    )
    assert refusal(operation, made, "old") == message
    assert refusal(operation, made) == (ENVELOPE if operation in WRITES else "") + message


def test_key_conditions_may_stand_beside_other_expressions() -> None:
    made = read(
        "Query",
        request(
            {"f": "f"}, {"f": 1}, KeyConditions=KEY_EQUALS, FilterExpression="#f = :f",
            ProjectionExpression="a",
        ),
    )  # fmt: skip
    assert made.key_condition is not None
    assert made.key_condition.comparisons["p"].operator == "="
    assert made.filter is not None
    assert made.filter.matches(item(f=1))
    assert made.projection is not None


@pytest.mark.parametrize("operation", [*WRITES, "GetItem", "Keys", "Query", "Scan"])
def test_names_need_an_expression(operation: str) -> None:
    message = "ExpressionAttributeNames can only be specified when using expressions"
    made = request({})
    assert refusal(operation, made, "old") == message
    assert refusal(operation, made) == (ENVELOPE if operation in WRITES else "") + message


@pytest.mark.parametrize(
    ("operation", "users"),
    [
        ("PutItem", "ConditionExpression is"),
        ("DeleteItem", "ConditionExpression is"),
        ("UpdateItem", "UpdateExpression and ConditionExpression are"),
        ("Query", "FilterExpression and KeyConditionExpression are"),
        ("Scan", "FilterExpression is"),
    ],
)
def test_values_need_an_expression_that_can_use_them(operation: str, users: str) -> None:
    message = "ExpressionAttributeValues can only be specified when using expressions"
    expected = f"{message}: {users} null"
    made = request(None, {"v": 1})
    if operation in ("Query", "Scan"):
        made["ProjectionExpression"] = "a"
        assert refusal(operation, made) == expected
    else:
        assert refusal(operation, made) == ENVELOPE + message
    assert refusal(operation, made, "old") == expected


@pytest.mark.parametrize("part", ["Put", "Delete"])
def test_a_part_of_a_transaction_may_have_placeholders_alone(part: str) -> None:
    made = read(part, request({"n": "n"}, {"v": 1}))
    assert made == RequestExpressions()


def test_maps_of_placeholders_are_not_empty() -> None:
    for parameter in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        made: Json = {"ConditionExpression": "", parameter: {}}
        assert refusal("PutItem", made) == f"{ENVELOPE}{parameter} must not be empty"
        assert refusal("Put", made) == f"{parameter} must not be empty"


@pytest.mark.parametrize(
    ("key", "enveloped"),
    [("a", False), ("", False), (":a", False), ("#", True), ("#a-b", True), ("#é", True)],
)
def test_placeholders_of_names_are_checked(key: str, enveloped: bool) -> None:
    made = {"ConditionExpression": "", "ExpressionAttributeNames": {"#x": "a", key: "a"}}
    message = f'ExpressionAttributeNames contains invalid key: Syntax error; key: "{key}"'
    assert refusal("PutItem", made, "old") == message
    assert refusal("PutItem", made) == (ENVELOPE if enveloped else "") + message


@pytest.mark.parametrize("key", ["b", "", "#b", ":", ":b!", ":\u00a0"])
def test_placeholders_of_values_are_checked(key: str) -> None:
    values = {":x": {"Q": ""}, key: {"S": "a"}}
    made = {"UpdateExpression": "", "ExpressionAttributeValues": values}
    assert refusal("UpdateItem", made, "old") == (
        f'ExpressionAttributeValues contains invalid key: Syntax error; key: "{key}"'
    )


def test_placeholders_have_at_most_255_bytes() -> None:
    fits, over = "n" * 254, "n" * 255
    assert read("GetItem", request({fits: "a"}, ProjectionExpression=f"#{fits}")).projection
    message = "contains invalid key: The expression attribute map contains a key that is too long"
    made = request({over: "a"}, ProjectionExpression=f"#{over}")
    expected = f"ExpressionAttributeNames {message}; size of key: 256"
    assert refusal("GetItem", made) == expected
    made = request(None, {over: "a"}, FilterExpression=f"a = :{over}")
    assert refusal("Scan", made) == f"ExpressionAttributeValues {message}; size of key: 256"


def test_names_and_values_have_at_most_2_megabytes() -> None:
    half = "x" * (1 << 20)
    names = {f"a{at}": "x" * 65_000 for at in range(33)}
    made = request(names, ProjectionExpression=", ".join(f"#{name}" for name in names))
    assert refusal("GetItem", made) == "ExpressionAttributeNames exceeds max size"
    made = request(None, {"a": half, "b": [half]}, FilterExpression="a IN (:a, :b)")
    assert refusal("Scan", made) == "ExpressionAttributeValues exceeds max size"
    made = request(None, {"a": half}, FilterExpression="a = :a")
    assert read("Scan", made).filter is not None


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "Supplied AttributeValue is empty"),
        ({"S": "a", "N": "1"}, "Supplied AttributeValue has more than one datatypes set"),
    ],
)
def test_a_value_without_one_type_is_named(given: Json, reason: str) -> None:
    made = {"ConditionExpression": "a = :b", "ExpressionAttributeValues": {":b": given}}
    message = (
        f"ExpressionAttributeValues contains invalid value: {reason}, "
        "must contain exactly one of the supported datatypes for key :b"
    )
    for operation in ("PutItem", "Put"):
        for wording in ("new", "old"):
            assert refusal(operation, made, wording) == message


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"SS": []}, "An string set  may not be empty"),
        ({"NS": []}, "An number set  may not be empty"),
        ({"BS": []}, "Binary sets should not be empty"),
    ],
)
def test_an_empty_set_is_named_in_the_old_wording_only(given: Json, reason: str) -> None:
    made = {"ConditionExpression": "a = :b", "ExpressionAttributeValues": {":b": given}}
    named = f"ExpressionAttributeValues contains invalid value: {INVALID}{reason} for key :b"
    assert refusal("PutItem", made) == f"{ENVELOPE}{INVALID}{reason}"
    assert refusal("PutItem", made, "old") == named
    assert refusal("Put", made) == named
    scan = {"FilterExpression": "a = :b", "ExpressionAttributeValues": {":b": given}}
    assert refusal("Scan", scan) == INVALID + reason


@pytest.mark.parametrize(
    ("given", "reason", "newer"),
    [
        (
            {"N": ""},
            "The parameter cannot be converted to a numeric value",
            "The parameter cannot be converted to a numeric value: ",
        ),
        (
            {"SS": ["b", "a", "b", "C"]},
            f"{INVALID}Input collection [b, a, b, C] contains duplicates.",
            f'{INVALID}Input collection ["a", "b", "b", "C"] contains duplicates.',
        ),
        (
            {"BS": ["YQ==", "AA==", "YQ=="]},
            f"{INVALID}Input collection [YQ==, AA==, YQ==]of type BS contains duplicates.",
            f'{INVALID}Input collection ["AA==","YQ==","YQ=="]of type BS contains duplicates.',
        ),
        (
            {"NS": ["1", "1.0"]},
            "Input collection contains duplicates",
            f"{INVALID}Input collection contains duplicates.",
        ),
    ],
)
def test_the_newer_checks_word_some_bad_values_differently(
    given: Json, reason: str, newer: str
) -> None:
    made = {"ConditionExpression": "a = :b", "ExpressionAttributeValues": {":b": given}}
    named = f"ExpressionAttributeValues contains invalid value: {reason} for key :b"
    assert refusal("PutItem", made) == ENVELOPE + newer
    assert refusal("PutItem", made, "old") == named
    assert refusal("ConditionCheck", made) == named
    scan = {"FilterExpression": "a = :b", "ExpressionAttributeValues": {":b": given}}
    assert refusal("Scan", scan) == newer


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"N": "b"}, "The parameter cannot be converted to a numeric value: b"),
        ({"NS": ["1", "b"]}, "The parameter cannot be converted to a numeric value: b"),
        (
            {"N": "123456789012345678901234567890123456789"},
            "Attempting to store more than 38 significant digits in a Number",
        ),
        (
            {"NULL": False},
            f"{INVALID}Null attribute value types must have the value of true",
        ),
    ],
)
def test_another_bad_value_is_named_in_the_old_wording_only(given: Json, reason: str) -> None:
    made = {"ConditionExpression": "a = :b", "ExpressionAttributeValues": {":b": given}}
    named = f"ExpressionAttributeValues contains invalid value: {reason} for key :b"
    assert refusal("PutItem", made) == ENVELOPE + reason
    assert refusal("PutItem", made, "old") == named
    assert refusal("ConditionCheck", made) == named
    scan = {"FilterExpression": "a = :b", "ExpressionAttributeValues": {":b": given}}
    assert refusal("Scan", scan) == reason


def test_values_are_checked_again_if_the_text_is_cached() -> None:
    made: Json = {"FilterExpression": "a = :b", "ExpressionAttributeValues": {":b": {"N": "1"}}}
    assert read("Scan", made).filter is not None
    made["ExpressionAttributeValues"] = {":b": {"N": "b"}}
    assert refusal("Scan", made) == "The parameter cannot be converted to a numeric value: b"


def test_placeholders_that_no_expression_uses_are_refused() -> None:
    made = request(
        {"b": "b", "a": "a"},
        {"x": 1, "z": 1, "y": 1},
        UpdateExpression="REMOVE a",
        ConditionExpression="a = :x",
    )
    names = "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a, #b}"
    assert refusal("UpdateItem", made) == ENVELOPE + names
    assert refusal("UpdateItem", made, "old") == names
    assert refusal("Update", made) == names
    del made["ExpressionAttributeNames"]
    values = "Value provided in ExpressionAttributeValues unused in expressions: keys: {:y, :z}"
    assert refusal("UpdateItem", made) == ENVELOPE + values


def test_placeholders_of_all_expressions_count_as_used() -> None:
    made = request(
        {"a": "a", "p": "p"},
        {"p": "x", "v": 1},
        KeyConditionExpression="#p = :p",
        FilterExpression="attribute_exists(a) OR b = :v",
        ProjectionExpression="#a",
    )
    assert read("Query", made).filter is not None


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"UpdateExpression": "", "ConditionExpression": "?"}, "UpdateExpression: The expression"),
        ({"UpdateExpression": "?", "ConditionExpression": "?"}, "UpdateExpression: Syntax error"),
        ({"UpdateExpression": "REMOVE a", "ConditionExpression": "?"}, "ConditionExpression: Sy"),
    ],
)
def test_the_update_is_checked_before_the_condition(members: Json, expected: str) -> None:
    assert refusal("UpdateItem", members).startswith(f"{ENVELOPE}Invalid {expected}")


def test_an_empty_condition_is_reported_first_in_the_new_wording() -> None:
    made = {"UpdateExpression": "", "ConditionExpression": ""}
    empty = "The expression can not be empty;"
    assert refusal("UpdateItem", made) == f"{ENVELOPE}Invalid ConditionExpression: {empty}"
    assert refusal("UpdateItem", made, "old") == f"Invalid UpdateExpression: {empty}"


@pytest.mark.parametrize(
    ("key", "filtered", "projected", "expected"),
    [
        ("?", "?", "?", "KeyConditionExpression: Syntax error"),
        ("p = :p", "", "", "FilterExpression: The expression can not be empty;"),
        ("p = :p", "a > b", "", "ProjectionExpression: The expression can not be empty;"),
        ("p <> :p", "a > b", "", "ProjectionExpression: The expression can not be empty;"),
    ],
)
def test_expressions_of_a_query_are_checked_in_their_order(
    key: str, filtered: str, projected: str, expected: str
) -> None:
    made = request(
        None,
        {"p": 1},
        KeyConditionExpression=key,
        FilterExpression=filtered,
        ProjectionExpression=projected,
    )
    assert refusal("Query", made).startswith(f"Invalid {expected}")


def test_the_size_of_a_too_long_expression_is_reported_in_some_operations() -> None:
    text = "a = b" + " " * 4092
    message = "Expression size has exceeded the maximum allowed size;"
    with_size = f"{message} expression size: 4097"
    made = {"ConditionExpression": text}
    assert refusal("PutItem", made) == f"{ENVELOPE}Invalid ConditionExpression: {message}"
    assert refusal("PutItem", made, "old") == f"Invalid ConditionExpression: {with_size}"
    assert refusal("Put", made) == f"Invalid ConditionExpression: {with_size}"
    made = {"FilterExpression": text}
    assert refusal("Scan", made) == f"Invalid FilterExpression: {with_size}"
    assert refusal("Query", made) == f"Invalid FilterExpression: {message}"
    made = {"UpdateExpression": text}
    assert refusal("Update", made) == f"Invalid UpdateExpression: {message}"


@pytest.mark.parametrize("parameter", ["FilterExpression", "UpdateExpression"])
@pytest.mark.parametrize("text", ["\ud800", "a = \ud800", "\U0010ffff", "\x00", "a\x00=:v"])
def test_any_text_ends_in_a_refusal(parameter: str, text: str) -> None:
    operation = "Scan" if parameter == "FilterExpression" else "UpdateItem"
    assert "Syntax error" in refusal(operation, {parameter: text})


def test_a_refused_request_is_refused_again() -> None:
    made = request(None, {"v": 1}, UpdateExpression="SET a = :v, a = :v")
    for _ in range(3):
        with pytest.raises(EngineError, match="overlap"):
            read_expressions("UpdateItem", made)


def test_many_requests_keep_a_bounded_memory() -> None:
    for at in range(MAX_COMPILED + 50):
        read("Scan", request(None, {f"v{at}": at}, FilterExpression=f"a = :v{at}"))
    assert len(_recently_compiled) == MAX_COMPILED
    last: Any = read("Scan", request(None, {"v1": 1}, FilterExpression="a = :v1")).filter
    assert last.matches({"a": value(1)})
