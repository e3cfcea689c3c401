"""Events that are made of instances have the shape of the recorded events of Lambda."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

import attrs
import pytest

import adorm
from adorm.testing import stream_event, stream_record
from tests.streams.models import Address, Customer, Order, Session, records

ADDRESS = Address(city="Berlin", zip="10115")
OPEN = Order(customer_id="c1", order_id="o1", total=Decimal("19.90"), tags={"new"}, address=ADDRESS)
PAID = Order(
    customer_id="c1",
    order_id="o1",
    total=Decimal("19.90"),
    tags={"new"},
    address=ADDRESS,
    status="paid",
)


@pytest.mark.parametrize("kinesis", [False, True])
def test_what_is_made_reads_back_as_it_was(kinesis: bool) -> None:
    event = stream_event(
        stream_record(new=OPEN),
        stream_record(old=OPEN, new=PAID),
        stream_record(old=PAID),
        kinesis=kinesis,
    )
    assert json.loads(json.dumps(event)) == event
    changes = [adorm.from_stream_record(record, Order) for record in event["Records"]]
    assert [(change.kind, change.old, change.new) for change in changes] == [
        ("INSERT", None, OPEN),
        ("MODIFY", OPEN, PAID),
        ("REMOVE", PAID, None),
    ]
    numbers = [int(change.sequence_number) for change in changes]
    assert numbers == sorted(set(numbers))
    assert {change.table_name for change in changes} == {"orders"}
    assert len({change.event_id for change in changes}) == 3


@pytest.mark.parametrize(
    ("made", "real"),
    [
        (stream_event(stream_record(old=OPEN, new=PAID)), records("new_and_old_images")[1]),
        (
            stream_event(stream_record(old=OPEN, new=PAID, view_type="KEYS_ONLY")),
            records("keys_only")[1],
        ),
        (
            stream_event(stream_record(old=Session(token=b"\x00"), expired=True)),
            records("time_to_live")[0],
        ),
        (stream_event(stream_record(new=OPEN), kinesis=True), records("kinesis")[0]),
    ],
)
def test_a_record_has_just_the_parts_of_a_real_one(
    made: dict[str, Any], real: dict[str, Any]
) -> None:
    [record] = made["Records"]
    assert record.keys() == real.keys()
    part = "kinesis" if "kinesis" in real else "dynamodb"
    assert record[part].keys() == real[part].keys()


@pytest.mark.parametrize("view_type", ["NEW_AND_OLD_IMAGES", "NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY"])
def test_images_are_those_of_the_view(
    view_type: Literal["NEW_AND_OLD_IMAGES", "NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY"],
) -> None:
    change = adorm.from_stream_record(stream_record(old=OPEN, new=PAID, view_type=view_type), Order)
    assert (change.new is not None) == ("NEW" in view_type)
    assert (change.old is not None) == ("OLD" in view_type)
    assert (change.kind, change.record.view_type) == ("MODIFY", view_type)


@pytest.mark.parametrize("kinesis", [False, True])
def test_details_can_be_chosen(kinesis: bool) -> None:
    time = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
    made = stream_record(
        old=Session(token=b"\x00\xff"),
        expired=True,
        table_name="dev-sessions",
        sequence_number=7,
        time=time,
    )
    change = adorm.from_stream_record(stream_event(made, kinesis=kinesis)["Records"][0], Session)
    assert (change.expired, change.table_name, change.sequence_number) == (
        True,
        "dev-sessions",
        "7",
    )
    assert (change.approximate_creation_time, change.key.values) == (time, (b"\x00\xff",))


def test_instances_of_a_mapped_class_need_its_model() -> None:
    @attrs.define
    class Theirs:
        id: str
        size: int = 0

    mapped = adorm.map_class(Theirs, table="theirs", partition_key="id", names={"size": "n"})
    record = stream_record(new=Theirs("t1", 5), model=mapped)
    assert record["dynamodb"]["NewImage"] == {"id": {"S": "t1"}, "n": {"N": "5"}}
    assert adorm.from_stream_record(record, mapped).new == Theirs("t1", 5)


def test_what_is_no_change_of_one_item_is_refused() -> None:
    anything: Any = stream_record
    for options, words in (
        ({}, "give new="),
        ({"new": OPEN, "expired": True}, "goes with a REMOVE"),
        ({"new": OPEN, "old": Order(customer_id="c1", order_id="o2")}, "their keys differ"),
        ({"new": OPEN, "old": Customer(pk="a", sk="b")}, "an instance of Order is expected"),
        ({"new": OPEN, "view_type": "ALL"}, "StreamViewType"),
        ({"new": Address(city="x", zip="y")}, "no partition key"),
        ({"new": 5}, "no model"),
    ):
        with pytest.raises(adorm.UsageError, match=words):
            anything(**options)
