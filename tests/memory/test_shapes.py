"""Requests are read as the service reads JSON, and no request causes a Python error."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from adorm.memory.errors import EngineError
from adorm.memory.shapes.check import OPERATIONS, check
from adorm.memory.shapes.faults import member_faults
from adorm.memory.values.canonical import canonical_item

KEY = {"pk": {"S": "a"}}
VALUE = "com.amazonaws.dynamodb.v20120810.AttributeValue"
CAST = (
    "class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl cannot be cast to class "
    "java.lang.Class (sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl and "
    "java.lang.Class are in module java.base of loader 'bootstrap')"
)
STRUCTURE = "Start of structure or map found where not expected"
FIELD = "Unexpected field type"
ELEMENT = "Unexpected value type in payload"

SCALARS: tuple[Any, ...] = ("23", True, False, 23, -2147483648, 34.56)


def no_collection(java: str) -> list[tuple[Any, str]]:
    return [([], f"Unrecognized collection type class {java}"), ({}, STRUCTURE)]


def scalars(message: str, *but: type) -> list[tuple[Any, str]]:
    return [(each, message) for each in SCALARS if type(each) not in but]


TEXT = [
    (True, "TRUE_VALUE cannot be converted to String"),
    (False, "FALSE_VALUE cannot be converted to String"),
    (23, "NUMBER_VALUE cannot be converted to String"),
    (34.56, "DECIMAL_VALUE cannot be converted to String"),
    *no_collection("java.lang.String"),
]
FLAG = [
    ("23", "Unexpected token received from parser"),
    (" true", "Unexpected token received from parser"),
    ("", "Unexpected token received from parser"),
    (23, "NUMBER_VALUE cannot be converted to Boolean"),
    (2**70, "NUMBER_VALUE cannot be converted to Boolean"),
    (1.0, "DECIMAL_VALUE cannot be converted to Boolean"),
    *no_collection("java.lang.Boolean"),
]
FLAG_IN_VALUE = [(sent, "" if sent == [] else message) for sent, message in FLAG]
BLOB = [
    (True, "only base-64-encoded strings are convertible to bytes"),
    (23, "only base-64-encoded strings are convertible to bytes"),
    (34.56, "only base-64-encoded strings are convertible to bytes"),
    *no_collection("java.nio.ByteBuffer"),
    ("23456", "Base64 encoded length is expected a multiple of 4 bytes but found: 5"),
    *(
        (each, "Invalid last non-pad Base64 character dectected")
        for each in ("=+/=", "+/+=", "AB==", "é234")
    ),
]
LIST: list[tuple[Any, str]] = [*scalars(FIELD), ({}, STRUCTURE)]


def whole(java: str) -> list[tuple[Any, str]]:
    return [
        ("23", f"STRING_VALUE cannot be converted to {java}"),
        (True, f"TRUE_VALUE cannot be converted to {java}"),
        (False, f"FALSE_VALUE cannot be converted to {java}"),
        *no_collection(f"java.lang.{java}"),
    ]


def map_of(held: str) -> list[tuple[Any, str]]:
    return [
        *scalars(FIELD),
        ([], f"Unrecognized collection type java.util.Map<java.lang.String, {held}>"),
    ]


def structure(name: str, scalar: str = FIELD) -> list[tuple[Any, str]]:
    java = f"com.amazonaws.dynamodb.v20120810.{name}"
    return [*scalars(scalar), ([], f"Unrecognized collection type class {java}")]


def value_at(
    place: list[Any], scalar: str = ELEMENT
) -> Iterator[tuple[list[Any], list[tuple[Any, str]]]]:
    """What is wrong in an attribute value at a place, and inside it."""
    yield place, structure("AttributeValue", scalar)
    for tag, wrong in (("S", TEXT), ("N", TEXT), ("B", BLOB), ("BOOL", FLAG_IN_VALUE)):
        yield [*place, tag], wrong
    yield [*place, "NULL"], FLAG_IN_VALUE
    for tag, wrong in (("SS", TEXT), ("NS", TEXT), ("BS", BLOB)):
        yield [*place, tag], LIST
        yield [*place, tag, 0], wrong
    yield [*place, "L"], LIST
    yield [*place, "L", 0], structure("AttributeValue", ELEMENT)
    yield [*place, "L", 0, "BS", 0], BLOB
    yield [*place, "M"], map_of(VALUE)
    yield [*place, "M", "a"], structure("AttributeValue", ELEMENT)
    yield [*place, "M", "a", "BS"], LIST


NESTED_LIST: list[tuple[Any, str]] = [*scalars(CAST), ({}, STRUCTURE)]
NESTED_MAP: list[tuple[Any, str]] = [
    *scalars(CAST),
    ([], f"Unrecognized collection type java.util.Map<java.lang.String, {VALUE}>"),
]

MODEL = "com.amazonaws.dynamodb.v20120810"

PLACES: list[tuple[str, list[Any], list[tuple[Any, str]]]] = [
    ("GetItem", ["TableName"], TEXT),
    ("GetItem", ["Key"], map_of(VALUE)),
    *(("GetItem", *each) for each in value_at(["Key", "a"])),
    ("GetItem", ["AttributesToGet"], LIST),
    ("GetItem", ["AttributesToGet", 0], TEXT),
    ("GetItem", ["ConsistentRead"], FLAG),
    ("GetItem", ["ExpressionAttributeNames"], map_of("java.lang.String")),
    ("GetItem", ["ExpressionAttributeNames", "#a"], TEXT),
    ("PutItem", ["Expected"], map_of(f"{MODEL}.ExpectedAttributeValue")),
    ("PutItem", ["Expected", "a"], structure("ExpectedAttributeValue", ELEMENT)),
    ("PutItem", ["Expected", "a", "Exists"], FLAG),
    *(("PutItem", *each) for each in value_at(["Expected", "a", "Value"], FIELD)),
    *(("PutItem", *each) for each in value_at(["Item", "a"])),
    ("UpdateItem", ["AttributeUpdates"], map_of(f"{MODEL}.AttributeValueUpdate")),
    ("UpdateItem", ["AttributeUpdates", "a", "Action"], TEXT),
    ("Query", ["Limit"], whole("Integer")),
    ("Query", ["KeyConditions"], map_of(f"{MODEL}.Condition")),
    ("Query", ["QueryFilter", "a", "AttributeValueList"], LIST),
    *(("Query", *each) for each in value_at(["QueryFilter", "a", "AttributeValueList", 0])),
    ("BatchGetItem", ["RequestItems"], map_of(f"{MODEL}.KeysAndAttributes")),
    ("BatchGetItem", ["RequestItems", "abc"], structure("KeysAndAttributes", ELEMENT)),
    ("BatchGetItem", ["RequestItems", "abc", "Keys"], LIST),
    ("BatchGetItem", ["RequestItems", "abc", "Keys", 0], NESTED_MAP),
    (
        "BatchWriteItem",
        ["RequestItems"],
        map_of(f"java.util.List<{MODEL}.WriteRequest>"),
    ),
    ("BatchWriteItem", ["RequestItems", "abc"], NESTED_LIST),
    ("BatchWriteItem", ["RequestItems", "abc", 0], structure("WriteRequest", ELEMENT)),
    ("BatchWriteItem", ["RequestItems", "abc", 0, "PutRequest"], structure("PutRequest")),
    ("TransactWriteItems", ["TransactItems", 0], structure("TransactWriteItem", ELEMENT)),
    ("TransactWriteItems", ["TransactItems", 0, "Update", "Key"], map_of(VALUE)),
    ("ExecuteStatement", ["Parameters", 0], structure("AttributeValue", ELEMENT)),
    ("CreateTable", ["ProvisionedThroughput"], structure("ProvisionedThroughput")),
    ("CreateTable", ["ProvisionedThroughput", "ReadCapacityUnits"], whole("Long")),
    ("CreateTable", ["KeySchema", 0], structure("KeySchemaElement", ELEMENT)),
    ("CreateTable", ["GlobalSecondaryIndexes", 0, "Projection", "NonKeyAttributes", 0], TEXT),
    ("UpdateTable", ["GlobalSecondaryIndexUpdates", 0, "Delete", "IndexName"], TEXT),
    ("TagResource", ["Tags", 0], structure("Tag", ELEMENT)),
    ("GetRecords", ["ShardIterator"], TEXT),
]


def holding(place: list[Any], value: Any) -> Any:
    """A request, or a part of one, that holds a value at a place."""
    if not place:
        return value
    inner = holding(place[1:], value)
    return [inner] if place[0] == 0 else {place[0]: inner}


def refusal(operation: str, request: Any) -> EngineError:
    with pytest.raises(EngineError) as raised:
        check(operation, request)
    return raised.value


@pytest.mark.parametrize(
    ("operation", "place", "wrong"),
    PLACES,
    ids=[f"{operation} {'.'.join(map(str, place))}" for operation, place, _ in PLACES],
)
def test_json_of_a_wrong_type_is_refused_in_the_words_of_the_service(
    operation: str, place: list[Any], wrong: list[tuple[Any, str]]
) -> None:
    for value, message in wrong:
        error = refusal(operation, holding(place, value))
        assert (error.code, error.message) == ("SerializationException", message), value


def test_the_old_wording_names_the_class_where_a_list_is_no_boolean() -> None:
    error = refusal("PutItem", {"TableName": "abc", "Item": {"a": {"BOOL": []}}})
    assert error.old == "Unrecognized collection type class java.lang.Boolean"


def test_types_are_checked_before_constraints() -> None:
    error = refusal("PutItem", {"TableName": "", "ReturnValues": "no", "Item": {"a": {"S": 1}}})
    assert error.code == "SerializationException"


REQUESTS: list[tuple[str, dict[str, Any]]] = [
    ("GetItem", {"TableName": "orders", "Key": KEY, "ConsistentRead": True}),
    ("PutItem", {"TableName": "orders", "Item": {"a": {"L": [{"M": {"b": {"B": b"x"}}}]}}}),
    ("PutItem", {"TableName": "orders", "Item": {"a": {"BS": [bytearray(b"x"), "YQ=="]}}}),
    ("Scan", {"TableName": "arn:aws:dynamodb:eu-central-1:123456789012:table/orders"}),
    ("Scan", {"TableName": "orders", "Segment": 0, "TotalSegments": 1}),
    ("TransactWriteItems", {"TransactItems": [{"Delete": {"TableName": "orders", "Key": KEY}}]}),
    ("BatchGetItem", {"RequestItems": {"orders": {"Keys": [KEY] * 100}}}),
    ("BatchWriteItem", {"RequestItems": {"abc": [{"DeleteRequest": {"Key": KEY}}] * 25}}),
    ("DescribeTable", {"TableName": "a" * 255}),
    ("ListTables", {}),
    ("DescribeLimits", {}),
    ("ListBackups", {"TimeRangeLowerBound": 1.5}),
]


@pytest.mark.parametrize(("operation", "request_"), REQUESTS)
def test_a_good_request_is_not_copied(operation: str, request_: dict[str, Any]) -> None:
    assert check(operation, request_) is request_


CLEANED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("ListTables", {"Limit": None, "Unknown": 1}, {}),
    ("ListTables", {"Limit": 5.9}, {"Limit": 5}),
    ("Scan", {"TableName": "abc", "Unknown": {"a": [None]}}, {"TableName": "abc"}),
    (
        "UpdateTable",
        {"TableName": "abc", "GlobalSecondaryIndexUpdates": [{"Unknown": {}}]},
        {"TableName": "abc", "GlobalSecondaryIndexUpdates": [{}]},
    ),
    (
        "TransactGetItems",
        {"TransactItems": [{"Get": {"TableName": "abc", "Key": KEY, "Unknown": 1}}]},
        {"TransactItems": [{"Get": {"TableName": "abc", "Key": KEY}}]},
    ),
    ("Scan", {"TableName": "abc", "Limit": 2**40}, {"TableName": "abc", "Limit": 2**31 - 1}),
    (
        "Scan",
        {"TableName": "abc", "Segment": -0.5, "TotalSegments": 1.5},
        {"TableName": "abc", "Segment": 0, "TotalSegments": 1},
    ),
    (
        "GetItem",
        {"TableName": "abc", "Key": {"a": {"S": "x", "N": None}}, "ConsistentRead": "yEs"},
        {"TableName": "abc", "Key": {"a": {"S": "x"}}, "ConsistentRead": True},
    ),
    (
        "PutItem",
        {
            "TableName": "abc",
            "Item": {"a": {"L": [{"BOOL": "f"}, None]}, "b": None, "c": {"X": 1, "S": "y"}},
        },
        {
            "TableName": "abc",
            "Item": {"a": {"L": [{"BOOL": False}, {}]}, "b": {}, "c": {"S": "y"}},
        },
    ),
]


@pytest.mark.parametrize(("operation", "sent", "taken"), CLEANED)
def test_values_that_the_service_reads_differently_are_copied(
    operation: str, sent: dict[str, Any], taken: dict[str, Any]
) -> None:
    before = repr(sent)
    assert check(operation, sent) == taken
    assert repr(sent) == before


def nested(levels: int, value: Any = None) -> Any:
    for at in range(levels):
        value = {"M": {"a": value or {"S": "x"}}} if at % 2 else {"L": [value or {"S": "x"}]}
    return value


def test_deep_values_are_read_as_deep_as_the_service_reads_them() -> None:
    for levels in (31, 32, 100, 1999):
        request = {"TableName": "abc", "Item": {"a": nested(levels), "b": {"BOOL": True}}}
        assert check("PutItem", request) is request
    assert refusal("PutItem", {"TableName": "abc", "Item": {"a": nested(2001)}}).message == ""
    assert refusal("PutItem", {"TableName": "abc", "Item": {"a": nested(100_000)}}).message == ""


def test_a_deep_value_in_a_request_that_must_be_cleaned_is_left_to_the_check_of_depth() -> None:
    item = check("PutItem", {"TableName": "abc", "Item": {"a": nested(1500, {"BOOL": "t"})}})[
        "Item"
    ]
    with pytest.raises(EngineError, match="Nesting Levels have exceeded supported limits"):
        canonical_item(item)


ENDLESS: list[Any] = []
ENDLESS.append({"L": ENDLESS})

HOSTILE: list[Any] = [
    *(None, 1, "x", b"x", [], [{}], math.nan, math.inf, Decimal(1), {1}, object()),
    *("\ud800", "x" * 1_000_000, {"\udfff": {"S": "x"}}, {1: {"S": "x"}}, {None: None}),
    *([None], [[]], {"L": ENDLESS}, {"a": {"L": ENDLESS}}, {"a": {"S": "\ud800"}}),
    *(
        {"a": {"B": "ab\ud800d"}},
        {"a": {"SS": [None]}},
        {"a": {1: 2}},
        {"a": {"S": "x", "L": [], "M": {}}},
    ),
]


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_hostile_values_end_in_an_error_of_the_service_or_in_nothing(operation: str) -> None:
    for hostile in HOSTILE:
        for request in (
            hostile,
            *({member: hostile} for member in OPERATIONS[operation].input.members),
        ):
            try:
                taken = check(operation, request)
            except EngineError as error:
                assert error.code in ("SerializationException", "ValidationException")
            else:
                assert isinstance(taken, dict)


def test_text_that_is_not_unicode_is_refused() -> None:
    for request in (
        {"TableName": "\ud800bc", "Key": KEY},
        {"TableName": "abc", "Key": {"\udc00": {"S": "x"}}},
        {"TableName": "abc", "Key": {"a": {"S": "\ud83d"}}},
        {"TableName": "abc", "Key": {"a": {"M": {"\ud83d": {"S": "x"}}}}},
    ):
        assert refusal("GetItem", request).code == "SerializationException"
    check("GetItem", {"TableName": "abc", "Key": {"\U0001f600": {"S": "\U0001f600"}}})


LATE = ("conditionalOperator", "select", "expected", "keyConditions", "queryFilter", "scanFilter")
"""Members of which some faults are reported only after the expressions."""

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=3)
    | st.sampled_from(["NONE", "ab"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["S", "N", "L", "M", "SS", "BOOL", "a", "Keys", "Put"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_requests_that_pass_have_only_late_faults(data: st.DataObject) -> None:
    operation = data.draw(st.sampled_from(sorted(OPERATIONS)))
    shape = OPERATIONS[operation].input
    members = st.dictionaries(st.sampled_from([*shape.members, "Unknown"]), JSON, max_size=4)
    named = {name: "abc" for name in shape.required if name == "TableName"}
    request = {**named, **({"Key": KEY} if "Key" in shape.required else {}), **data.draw(members)}
    try:
        taken = check(operation, request)
    except EngineError:
        return
    paths = [re.findall(" at '(.*?)' failed ", each)[0] for each in member_faults(shape, taken)]
    assert [path for path in paths if not path.startswith(LATE)] == []
    assert check(operation, taken) == taken


def test_an_unknown_operation_is_refused() -> None:
    assert refusal("GetItems", {}).code == "UnknownOperationException"
