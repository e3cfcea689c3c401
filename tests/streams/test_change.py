"""One record, typed: of every form in which records come."""

from __future__ import annotations

import base64
import json
import re
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

import adorm
from tests.streams.models import Address, Line, Order, Session, records

OPEN = Order(
    customer_id="c1",
    order_id="o1",
    total=Decimal("19.90"),
    tags={"gift", "new"},
    address=Address(city="Berlin", zip="10115"),
    lines=[Line(sku="x", quantity=2)],
)


def test_insert_modify_and_remove_have_their_images() -> None:
    insert, modify, remove = (
        adorm.from_stream_record(record, Order) for record in records("new_and_old_images")
    )
    assert insert.new is not None
    insert.new.version = 0
    assert (insert.kind, insert.new, insert.old) == ("INSERT", OPEN, None)
    assert modify.new is not None
    assert modify.old is not None
    assert (modify.kind, modify.old.status, modify.new.status) == ("MODIFY", "open", "paid")
    assert remove.old is not None
    assert (remove.kind, remove.new, remove.old.version) == ("REMOVE", None, 2)


def test_a_change_tells_where_it_comes_from() -> None:
    change = adorm.from_stream_record(records("new_and_old_images")[1], Order)
    assert change.key == adorm.connect("memory").table(Order).key("c1", "o1")
    assert change.sequence_number == "4421584500000000017450439092"
    assert change.approximate_creation_time == datetime(2026, 11, 21, 8, 30, 1, tzinfo=UTC)
    assert change.event_id == "c81e728d9d4c2f636f067f89cc14862c"
    assert change.table_name == "orders"
    assert change.expired is False
    assert change.record.view_type == "NEW_AND_OLD_IMAGES"


@pytest.mark.parametrize(
    ("name", "images"),
    [
        ("keys_only", [(False, False), (False, False), (False, False)]),
        ("new_image", [(True, False), (True, False), (False, False)]),
        ("old_image", [(False, False), (False, True), (False, True)]),
    ],
)
def test_an_image_that_the_stream_does_not_carry_is_none(
    name: str, images: list[tuple[bool, bool]]
) -> None:
    changes = [adorm.from_stream_record(record, Order) for record in records(name)]
    assert [(change.new is not None, change.old is not None) for change in changes] == images
    assert {change.key.values for change in changes} == {("c1", "o1")}


def test_binary_values_come_as_base64_text_or_as_bytes() -> None:
    [record] = records("binary_and_sets")
    read = adorm.from_stream_record(record, Session)
    assert read.key.values == (b"\x00\x01\x02\xff",)
    assert read.new is not None
    assert (read.new.token, read.new.parts) == (b"\x00\x01\x02\xff", {b"\x01", b"\x02"})
    assert (read.new.scores, read.new.roles) == ({Decimal(1), Decimal("2.5")}, {"admin", "user"})

    record["dynamodb"]["Keys"] = {"token": {"B": b"\x00\x01\x02\xff"}}
    record["dynamodb"]["NewImage"] |= {
        "token": {"B": b"\x00\x01\x02\xff"},
        "parts": {"BS": [b"\x01", b"\x02"]},
    }
    assert adorm.from_stream_record(record, Session).new == read.new


def test_what_dynamodb_deleted_for_its_time_to_live_is_told_apart() -> None:
    expired, deleted = (
        adorm.from_stream_record(record, Session) for record in records("time_to_live")
    )
    assert (expired.kind, expired.expired) == ("REMOVE", True)
    assert (deleted.kind, deleted.expired) == ("REMOVE", False)


@pytest.mark.parametrize(
    "other", [{"principalId": "replication.dynamodb.amazonaws.com"}, {"type": "AssumedRole"}]
)
def test_another_identity_that_deletes_is_no_time_to_live(other: dict[str, str]) -> None:
    record, _ = records("time_to_live")
    record["userIdentity"] |= other
    assert adorm.from_stream_record(record, Session).expired is False


def test_records_of_the_streams_api_are_read_too() -> None:
    [record] = records("get_records")
    change = adorm.from_stream_record(record, Order)
    assert (change.kind, change.expired, change.table_name) == ("REMOVE", True, None)
    record["dynamodb"]["ApproximateCreationDateTime"] = datetime(
        2026, 11, 21, 8, 30, tzinfo=UTC
    )  # as botocore has it
    assert (
        adorm.from_stream_record(record, Order).approximate_creation_time
        == change.approximate_creation_time
    )


def test_kinesis_wraps_the_same_with_its_own_sequence_number_and_finer_times() -> None:
    insert, modify, remove = (
        adorm.from_stream_record(record, Order) for record in records("kinesis")
    )
    assert insert.new is not None
    assert (insert.kind, insert.new.status, insert.table_name) == ("INSERT", "open", "orders")
    assert insert.sequence_number == "49590338271490256608559692538361571095921575989136588898"
    assert insert.event_id == "3f1c9b7a-53d3-4a51-9b2f-1e2d3c4b5a60"
    assert insert.approximate_creation_time == datetime(2026, 11, 21, 8, 30, 0, 123000, tzinfo=UTC)
    assert modify.approximate_creation_time == datetime(2026, 11, 21, 8, 30, 0, 123456, tzinfo=UTC)
    assert (remove.kind, remove.expired) == ("REMOVE", True)


def test_an_image_that_does_not_fit_names_model_key_path_and_image() -> None:
    record = records("new_and_old_images")[1]
    record["dynamodb"]["OldImage"]["lines"] = {
        "L": [{"M": {"sku": {"S": "x"}, "quantity": {"S": "two"}}}]
    }
    with pytest.raises(adorm.ItemDecodeError) as caught:
        adorm.from_stream_record(record, Order)
    assert (caught.value.model, caught.value.path) == (Order, "$.lines[0].quantity")
    assert caught.value.key == {"customer_id": {"S": "c1"}, "order_id": {"S": "o1"}}
    assert caught.value.__notes__ == [
        "in the OldImage of MODIFY record 4421584500000000017450439092 of table orders"
    ]


def test_a_key_of_another_model_is_a_decode_error() -> None:
    [record] = records("binary_and_sets")
    with pytest.raises(adorm.ItemDecodeError, match="no such attribute in the key"):
        adorm.from_stream_record(record, Order)


def test_a_databases_hooks_hold_for_its_records() -> None:
    class Money:
        def __init__(self, cents: int) -> None:
            self.cents = cents

    @adorm.model(table="bills")
    class Bill:
        bill_id: str = adorm.partition_key()
        price: Money = adorm.attribute()

    db = adorm.connect("memory")
    db.converter.register_structure_hook(Money, lambda value, _: Money(int(value["N"])))
    db.converter.register_unstructure_hook(Money, lambda money: {"N": str(money.cents)})
    keys = {"bill_id": {"S": "b1"}}
    change = {"Keys": keys, "NewImage": {**keys, "price": {"N": "995"}}, "SequenceNumber": "1"}
    typed = adorm.from_stream_record({"eventName": "INSERT", "dynamodb": change}, Bill, db=db)
    assert typed.new is not None
    assert typed.new.price.cents == 995


def broken(part: str, value: Any) -> dict[str, Any]:
    record = deepcopy(records("new_and_old_images")[0])
    if part in record["dynamodb"] or part == "ApproximateCreationDateTimePrecision":
        record["dynamodb"][part] = value
    else:
        record[part] = value
    return record


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (5, "a record of a stream is a dict, not int"),
        ({}, "no sequence number"),
        ({"eventSource": "aws:sqs", "messageId": "m1"}, "but one of aws:sqs"),
        (broken("SequenceNumber", ""), "no sequence number"),
        (broken("SequenceNumber", 111), "no sequence number"),
        (broken("SequenceNumber", "12x"), "no sequence number"),
        (broken("SequenceNumber", "9" * 5000), "no sequence number"),
        (broken("SequenceNumber", "\N{ARABIC-INDIC DIGIT FIVE}"), "no sequence number"),
        (broken("eventName", "TRUNCATE"), "no eventName"),
        (broken("eventName", {"S": "INSERT"}), "no eventName"),
        (broken("ApproximateCreationDateTimePrecision", ["SECOND"]), "is no time"),
        (broken("Keys", None), "has Keys"),
        (broken("Keys", {}), "has Keys"),
        (broken("Keys", {"customer_id": {"M": {}}}), "has Keys"),
        (broken("Keys", {"customer_id": "c1"}), "has Keys"),
        (broken("NewImage", [1]), "NewImage"),
        (broken("ApproximateCreationDateTime", "yesterday"), "no time"),
        (broken("ApproximateCreationDateTime", 1e300), "out of range"),
        ({"kinesis": {"sequenceNumber": "1", "data": "no base64!"}}, "no JSON in base64"),
        (
            {"kinesis": {"sequenceNumber": "1", "data": base64.b64encode(b"secret").decode()}},
            "no JSON in base64",
        ),
        (
            {"kinesis": {"sequenceNumber": "1", "data": base64.b64encode(b"[1]").decode()}},
            "no JSON object",
        ),
        (
            {"kinesis": {"sequenceNumber": "1", "data": base64.b64encode(b'{"a": 1}').decode()}},
            "no eventName",
        ),
        ({"kinesis": {"sequenceNumber": "1"}}, "no JSON object"),
    ],
)
def test_what_is_no_record_of_a_stream_is_refused_and_says_why(record: Any, words: str) -> None:
    with pytest.raises(adorm.UsageError, match=words) as caught:
        adorm.from_stream_record(record, Order)
    assert "secret" not in str(caught.value)


def test_a_class_that_is_no_model_is_refused() -> None:
    with pytest.raises(adorm.UsageError, match="no partition key"):
        adorm.from_stream_record(records("new_and_old_images")[0], Address)


def test_reprs_show_no_values() -> None:
    change = adorm.from_stream_record(records("new_and_old_images")[1], Order)
    assert not re.search(r"Berlin|19\.90|'c1'|'o1'", repr(change))
    assert "sequence_number='4421584500000000017450439092'" in repr(change)
    assert json.dumps(change.record.raw)  # the record as it came
