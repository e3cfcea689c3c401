"""The records of a stream: which writes make one, and what it shows."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import botocore.parsers
import botocore.session
import orjson
import pytest

from tests.memory.stream_setup import REGION, START, key, streamed

OLD = {**key(), "data": {"S": "test"}}
NEW = {**key(), "data": {"S": "hello"}}


def test_a_record_has_the_members_that_the_service_sends() -> None:
    orders = streamed()
    orders.put(NEW)
    (record,) = orders.records()
    event_id = record.pop("eventID")
    sequence_number = record["dynamodb"].pop("SequenceNumber")
    assert len(event_id) == 32
    assert int(event_id, 16)
    assert sequence_number.isdecimal()
    assert 21 <= len(sequence_number) <= 40
    assert record == {
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": REGION,
        "dynamodb": {
            "ApproximateCreationDateTime": int(START),
            "Keys": key(),
            "NewImage": NEW,
            "SizeBytes": 21,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    }


# What the service sent, by the README of github.com/Ankcorn/dynamodb-streams-test.
@pytest.mark.parametrize(
    ("view_type", "images", "sizes"),
    [
        ("KEYS_ONLY", [(), (), ()], [6, 6, 6]),
        ("NEW_IMAGE", [("NewImage",), ("NewImage",), ()], [20, 21, 6]),
        ("OLD_IMAGE", [(), ("OldImage",), ("OldImage",)], [6, 20, 21]),
        (
            "NEW_AND_OLD_IMAGES",
            [("NewImage",), ("NewImage", "OldImage"), ("OldImage",)],
            [20, 35, 21],
        ),
    ],
)
def test_each_view_type_shows_the_images_that_the_service_shows(
    view_type: str, images: list[tuple[str, ...]], sizes: list[int]
) -> None:
    orders = streamed(view_type)
    orders.put(OLD)
    orders.put(NEW)
    orders.remove(key())
    records = orders.records()
    assert [each["eventName"] for each in records] == ["INSERT", "MODIFY", "REMOVE"]
    shown = [each["dynamodb"] for each in records]
    assert [tuple(name for name in each if "Image" in name) for each in shown] == images
    assert [each["SizeBytes"] for each in shown] == sizes
    expected = [{"NewImage": OLD}, {"NewImage": NEW, "OldImage": OLD}, {"OldImage": NEW}]
    for content, whole, names in zip(shown, expected, images, strict=True):
        assert content["Keys"] == key()
        assert content["StreamViewType"] == view_type
        assert {name: content[name] for name in names} == {name: whole[name] for name in names}


def test_a_write_that_changes_nothing_makes_no_record() -> None:
    orders = streamed()
    orders.put({**NEW, "n": {"N": "1.0"}, "s": {"SS": ["a", "b"]}})
    orders.put({"s": {"SS": ["b", "a"]}, **NEW, "n": {"N": "1"}})
    orders.remove(key("nobody"))
    assert [each["eventName"] for each in orders.records()] == ["INSERT"]


def test_a_changed_type_is_a_change() -> None:
    orders = streamed()
    orders.put({**key(), "v": {"N": "1"}})
    orders.put({**key(), "v": {"S": "1"}})
    orders.put({**key(), "v": {"BOOL": True}})
    orders.put({**key(), "v": {"NULL": True}})
    assert len(orders.records()) == 4


def test_only_a_removal_by_time_to_live_has_an_identity() -> None:
    orders = streamed()
    orders.put(NEW)
    orders.remove(key())
    orders.put(NEW)
    orders.remove(key(), expired=True)
    identities = [each.get("userIdentity") for each in orders.records()]
    service = {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}
    assert identities == [None, None, None, service]


def test_binary_values_are_base64_text() -> None:
    orders = streamed()
    orders.put({**key(), "b": {"B": b"\x00\xff"}, "bs": {"BS": [b"\xff", b"\x00"]}})
    (record,) = orders.records()
    image = record["dynamodb"]["NewImage"]
    assert image["b"] == {"B": b64encode(b"\x00\xff").decode()}
    assert image["bs"] == {"BS": ["AA==", "/w=="]}


def test_sequence_numbers_grow_as_numbers_and_event_ids_differ() -> None:
    orders = streamed()
    for n in range(25):
        orders.put({**key(str(n % 3)), "n": {"N": str(n)}})
    records = orders.records()
    numbers = [each["dynamodb"]["SequenceNumber"] for each in records]
    assert [int(each) for each in numbers] == sorted({int(each) for each in numbers})
    assert numbers != sorted(numbers), "as texts they are not in order, on the service neither"
    assert len({each["eventID"] for each in records}) == 25


def test_a_record_is_the_same_whenever_it_is_read_and_shares_nothing() -> None:
    orders = streamed()
    orders.put(NEW)
    first = orders.records()
    first[0]["dynamodb"]["NewImage"]["data"]["S"] = "spoilt"
    first[0]["dynamodb"]["Keys"].clear()
    again: list[Any] = orders.records()
    assert again == orders.records()
    assert again[0]["dynamodb"]["NewImage"] == NEW


def test_the_time_of_a_record_is_rounded_down_to_the_second() -> None:
    orders = streamed()
    orders.wait(0.74)
    orders.put(NEW)
    assert orders.records()[0]["dynamodb"]["ApproximateCreationDateTime"] == int(START)


def test_botocore_reads_every_member_of_what_is_returned() -> None:
    orders = streamed()
    orders.put({**NEW, "b": {"B": b"\x00\xff"}})
    orders.remove(key(), expired=True)
    answer = orders.call("GetRecords", ShardIterator=orders.iterator())
    model = botocore.session.Session().get_service_model("dynamodbstreams")
    shape = model.operation_model("GetRecords").output_shape
    assert shape is not None
    response: dict[str, Any] = {"body": orjson.dumps(answer), "headers": {}, "status_code": 200}
    parsed: Any = botocore.parsers.create_parser("json").parse(response, shape)
    assert parsed["NextShardIterator"] == answer["NextShardIterator"]
    for read, record in zip(parsed["Records"], answer["Records"], strict=True):
        content = record["dynamodb"]
        created_at = datetime.fromtimestamp(content["ApproximateCreationDateTime"], UTC)
        assert read["dynamodb"].pop("ApproximateCreationDateTime") == created_at
        del content["ApproximateCreationDateTime"]
        for image in ("NewImage", "OldImage"):
            if image in content:
                content[image]["b"] = {"B": b"\x00\xff"}
        assert read == record
