"""Handlers that take all changes of an event at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anyio
import anyio.lowlevel
import pytest

import adorm
from adorm.testing import stream_event, stream_record
from tests.streams.models import Customer, Invoice, Order, failed

pytestmark = pytest.mark.anyio

Changes = Sequence[adorm.StreamChange[Order]]


def order(order_id: str, status: str = "open") -> Order:
    return Order(customer_id="c1", order_id=order_id, status=status)


def three() -> dict[str, Any]:
    return stream_event(
        stream_record(new=order("o1"), sequence_number=101),
        stream_record(old=order("o1"), new=order("o1", "paid"), sequence_number=102),
        stream_record(old=order("o2"), sequence_number=103),
    )


async def test_a_handler_of_batches_gets_all_changes_of_its_model_in_one_call() -> None:
    calls: list[list[tuple[str, str]]] = []
    changes = adorm.StreamHandler()
    db = adorm.connect("memory")

    @changes.batch(Order)
    async def index(changes: Changes, database: adorm.Database) -> None:
        assert database is db
        calls.append([(change.kind, change.key.values[1]) for change in changes])

    assert failed(await changes(three(), None, db)) == []
    assert calls == [[("INSERT", "o1"), ("MODIFY", "o1"), ("REMOVE", "o2")]]


async def test_when_it_raises_all_of_its_records_come_again_and_others_do_not() -> None:
    told: list[str] = []
    changes = adorm.StreamHandler(on_failure=lambda outcome: told.append(outcome.sequence_number))

    @changes.batch(Order)
    async def index(changes: Changes) -> None:
        raise LookupError("the index is away")

    @changes.insert(Invoice)
    async def invoiced(invoice: Invoice) -> None: ...

    event = three()
    event["Records"].append(stream_record(new=Invoice(pk="c1", sk="INV#1"), sequence_number=104))
    result = await changes.process(event)
    assert result.to_repeat == ["101", "102", "103"]
    assert [str(outcome.error) for outcome in result.failures] == ["the index is away"] * 3
    assert told == ["101", "102", "103"]
    assert result.outcomes[0].model is Order


async def test_the_changes_that_it_gives_back_are_those_that_come_again() -> None:
    changes = adorm.StreamHandler()

    @changes.batch(Order)
    async def index(changes: Changes) -> list[adorm.StreamChange[Order]]:
        return [change for change in changes if change.kind == "MODIFY"]

    assert failed(await changes(three(), None)) == ["102"]


async def test_what_is_no_change_of_its_own_is_no_answer_and_everything_comes_again() -> None:
    changes = adorm.StreamHandler()

    async def index(changes: Any) -> Any:
        return [change.key for change in changes]

    changes.batch(Order)(index)
    result = await changes.process(three())
    assert result.to_repeat == ["101", "102", "103"]
    assert "returns None, or a list of those of its changes that have failed" in str(
        result.failures[0].error
    )


async def test_a_change_that_cannot_be_read_fails_alone_and_holds_back_its_item() -> None:
    given: list[str] = []
    changes = adorm.StreamHandler()

    @changes.batch(Order)
    async def index(changes: Changes) -> None:
        given.extend(change.sequence_number for change in changes)

    event = three()
    event["Records"][0]["dynamodb"]["NewImage"]["total"] = {"S": "much"}
    result = await changes.process(event)
    assert given == ["103"]
    assert result.to_repeat == ["101", "102"]
    assert [type(outcome.error) for outcome in result.outcomes] == [
        adorm.ItemDecodeError,
        type(None),
        type(None),
    ]


async def test_near_the_deadline_it_is_cancelled_and_its_records_come_again() -> None:
    changes = adorm.StreamHandler(stop_before_s=0.05)

    @changes.batch(Order)
    async def index(changes: Changes) -> None:
        await anyio.sleep_forever()

    async with adorm.deadline(0.2):
        result = await changes.process(three())
    assert result.out_of_time
    assert result.to_repeat == ["101", "102", "103"]
    assert all(isinstance(outcome.error, adorm.DeadlineExceeded) for outcome in result.outcomes)


async def test_after_its_failure_a_shard_can_stop() -> None:
    begun: list[str] = []
    changes = adorm.StreamHandler(after_failure="stop_shard", concurrency=1)

    @changes.batch(Order)
    async def index(changes: Changes) -> None:
        raise LookupError

    @changes.insert(Invoice)
    async def invoiced(invoice: Invoice) -> None:
        begun.append(invoice.sk)

    event = three()
    event["Records"].append(stream_record(new=Invoice(pk="c1", sk="INV#1"), sequence_number=104))
    assert failed(await changes(event, None)) == ["101", "102", "103", "104"]
    assert begun == []


async def test_changes_of_an_item_stay_in_order_where_some_are_handled_alone() -> None:
    seen: list[str] = []
    changes = adorm.StreamHandler()

    @changes.modify(Order)
    async def changed(old: Order, new: Order) -> None:
        await anyio.lowlevel.checkpoint()
        seen.append(f"{new.order_id} changed")

    @changes.batch(Order)
    async def rest(changes: Changes) -> None:
        seen.append(" ".join(f"{change.key.values[1]} {change.kind}" for change in changes))

    event = stream_event(
        stream_record(new=order("o1"), sequence_number=1),
        stream_record(new=order("o2"), sequence_number=2),
        stream_record(old=order("o1"), new=order("o1", "paid"), sequence_number=3),
        stream_record(old=order("o1"), sequence_number=4),
    )
    assert failed(await changes(event, None)) == []
    assert seen == ["o1 INSERT o2 INSERT", "o1 changed", "o1 REMOVE"]


async def test_models_of_one_table_have_batches_of_their_own() -> None:
    seen: list[str] = []
    changes = adorm.StreamHandler()

    @changes.batch(Customer)
    async def customers(changes: Sequence[adorm.StreamChange[Customer]]) -> None:
        seen.append(f"customers {len(changes)}")

    @changes.batch(Invoice)
    async def invoices(changes: Sequence[adorm.StreamChange[Invoice]]) -> None:
        seen.append(f"invoices {len(changes)}")

    event = stream_event(
        stream_record(new=Customer(pk="c1", sk="-")),
        stream_record(new=Invoice(pk="c1", sk="INV#1")),
        stream_record(new=Invoice(pk="c1", sk="INV#2")),
    )
    assert failed(await changes(event, None)) == []
    assert sorted(seen) == ["customers 1", "invoices 2"]


def test_a_handler_of_batches_that_is_none_is_refused() -> None:
    async def index(changes: Any) -> None: ...

    async def of_three(changes: Any, change: Any, db: Any) -> None: ...

    changes = adorm.StreamHandler()
    changes.batch(Order)(index)
    with pytest.raises(adorm.UsageError, match="Order has a handler of batches already"):
        changes.batch(Order)(index)
    refused: Any = of_three
    with pytest.raises(
        adorm.UsageError, match=r"a handler of batches of Invoice takes \(changes, db\)"
    ):
        changes.batch(Invoice)(refused)
