"""`batch_get`: how answers are decoded, and what items leave that do not fit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

import adorm
from adorm.codec.compiled.pages import WORTHWHILE_BYTES
from adorm.transport.base import Answer
from tests.batch.order_items import item, orders_by
from tests.support.as_json import AsJson
from tests.support.scripted import ScriptedTransport
from tests.support.shop import Counter, Order

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("read_both_ways")]


async def test_items_before_and_after_those_that_do_not_fit_are_read() -> None:
    wrong = {"total": {"S": "x"}}
    answer: Answer = {
        "Responses": {"orders": [item(1), item(2, **wrong), item(3), item(4, **wrong), item(5)]}
    }
    keys = [("c1", f"o{number}") for number in (5, 4, 3, 2, 1, 6, 5)]
    got = await orders_by(ScriptedTransport([answer])).batch_get(keys).collect_errors()
    assert [each and each.order_id for each in got.aligned] == [
        "o5",
        None,
        "o3",
        None,
        "o1",
        None,
        "o5",
    ]
    assert [each.order_id for each in got.items] == ["o5", "o3", "o1", "o5"]
    assert got.items[0] is got.items[3]
    assert [key.values for key in got.missing] == [("c1", "o6")]
    assert [each.order_id for each in got.outcomes[0].value or ()] == ["o1", "o3", "o5"]
    assert [
        error.key["order_id"] for error in got.errors if isinstance(error, adorm.ItemDecodeError)
    ] == [{"S": "o2"}, {"S": "o4"}]


async def test_answers_of_one_model_are_parsed_from_their_bytes_once_that_is_worthwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers: list[Answer] = [
        {"Responses": {"orders": [item(1)]}, "UnprocessedKeys": {}} for _ in range(3)
    ]
    transport = AsJson(ScriptedTransport(answers))
    db = adorm.connect("memory", wrap=lambda _: transport)
    orders = db.table(Order)
    keys = [orders.key("c1", "o1")]
    monkeypatch.setattr("adorm.codec.compiled.pages.WORTHWHILE_BYTES", WORTHWHILE_BYTES)
    plain = await orders.batch_get(keys)
    assert transport.parsed == 0
    monkeypatch.setattr("adorm.codec.compiled.pages.WORTHWHILE_BYTES", 0)
    assert (await orders.batch_get(keys)).items == plain.items
    assert transport.parsed == 1
    assert (await orders.batch_get(keys).select(Order.order_id)).items == [("o1",)]
    assert (await db.batch_get(keys, db.table(Counter).key("n"))).items == []
    assert transport.parsed == 1


async def test_hooks_registered_while_a_batch_is_read_hold_for_its_items() -> None:
    @adorm.model(table="notes")
    class Note:
        note_id: str = adorm.partition_key()
        text: str = ""

    async def answered_late() -> Answer:
        db.converter.register_structure_hook(str, lambda value, _: value["S"].upper())
        db.converter.register_unstructure_hook(str, lambda text: {"S": text})
        return {"Responses": {"notes": [{"note_id": {"S": "n1"}, "text": {"S": "a"}}]}}

    db = adorm.connect("memory", wrap=lambda _: AsJson(ScriptedTransport([answered_late])))
    got = await db.table(Note).batch_get(["n1"])
    assert got.items == [Note(note_id="N1", text="A")]


@adorm.model(table="readings")
class Reading:
    sensor: bytes = adorm.partition_key()
    at: Decimal = adorm.sort_key()
    label: str = ""


async def test_items_with_keys_of_bytes_and_numbers_are_found_however_they_are_written() -> None:
    written = [("AA==", "1.00"), ("AQ==", "2E0"), ("AA==", "3")]
    answer: Answer = {
        "Responses": {
            "readings": [{"sensor": {"B": sensor}, "at": {"N": at}} for sensor, at in written]
        }
    }
    readings = adorm.connect("memory", wrap=lambda _: AsJson(ScriptedTransport([answer]))).table(
        Reading
    )
    got = await readings.batch_get(
        [
            (b"\x00", Decimal(3)),
            (b"\x01", Decimal("2.0")),
            (b"\x00", Decimal(1)),
            (b"\x00", Decimal(4)),
        ]
    )
    assert [each and (each.sensor, each.at) for each in got.aligned] == [
        (b"\x00", Decimal(3)),
        (b"\x01", Decimal(2)),
        (b"\x00", Decimal(1)),
        None,
    ]


async def test_two_models_may_want_one_item_and_each_gets_its_own() -> None:
    @adorm.model(table="orders")
    class Slip:
        customer_id: str = adorm.partition_key()
        order_id: str = adorm.sort_key()
        note: str

    transport = ScriptedTransport([{"Responses": {"orders": [item(1, note={"S": "a"}), item(2)]}}])
    db = adorm.connect("memory", wrap=lambda _: AsJson(transport))
    orders, slips = db.table(Order), db.table(Slip)
    told: list[int] = []
    keys: list[adorm.Key[Any]] = [
        orders.key("c1", "o1"),
        slips.key("c1", "o1"),
        slips.key("c1", "o2"),
        slips.key("c1", "o3"),
        slips.key("c1", "o1"),
    ]
    got = (
        await db.batch_get(keys)
        .collect_errors()
        .on_progress(lambda progress: told.append(progress.done))
    )
    assert len(transport.sent[0][1]["RequestItems"]["orders"]["Keys"]) == 3
    assert got.of(Slip) == [Slip(customer_id="c1", order_id="o1", note="a")] * 2
    assert [type(each).__name__ for each in got.aligned] == [
        "Order",
        "Slip",
        "NoneType",
        "NoneType",
        "Slip",
    ]
    assert got.missing == [slips.key("c1", "o3")]
    assert [type(error) for error in got.errors] == [adorm.ItemDecodeError]
    assert told == [5]


async def test_with_collected_errors_a_chunk_goes_on_after_an_item_that_does_not_fit() -> None:
    left = {"Keys": [{"customer_id": {"S": "c1"}, "order_id": {"S": "o2"}}]}
    answers: list[Answer] = [
        {"Responses": {"orders": [item(1, total={"S": "x"})]}, "UnprocessedKeys": {"orders": left}},
        {"Responses": {"orders": [item(2)]}},
    ]
    got = (
        await orders_by(ScriptedTransport(list(answers)))
        .batch_get([("c1", "o1"), ("c1", "o2")])
        .collect_errors()
    )
    assert ([each.order_id for each in got.items], got.unprocessed) == (["o2"], [])
    answers[0] = {
        "Responses": {"orders": [item(1, total={"S": "x"})]},
        "UnprocessedKeys": {"orders": left},
    }
    transport = ScriptedTransport(answers)
    with pytest.raises(adorm.BatchFailed):
        await orders_by(transport).batch_get([("c1", "o1"), ("c1", "o2")])
    assert len(transport.sent) == 1
