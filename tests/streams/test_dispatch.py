"""Stream handlers: which function a record goes to, and what it is given."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import adorm
from adorm.testing import stream_event, stream_record
from tests.streams.models import (
    Anything,
    Customer,
    Invoice,
    Order,
    Seen,
    Session,
    event,
    failed,
    order,
    records,
)

pytestmark = pytest.mark.anyio


# ---- dispatch


async def test_each_kind_goes_to_its_handler_and_the_rest_to_the_fallback() -> None:
    seen = Seen()
    changes = seen.handler()
    db = adorm.connect("memory")

    @changes.insert(Order)
    async def created(
        order: Order, change: adorm.StreamChange[Order], database: adorm.Database
    ) -> None:
        seen.append((change.kind, order.status, database is db))

    @changes.modify(Order)
    async def changed(old: Order, new: Order) -> None:
        seen.append(("MODIFY", old.status, new.status))

    assert failed(await changes(event("new_and_old_images"), None, db)) == []
    assert seen == [("INSERT", "open", True), ("MODIFY", "open", "paid"), ("rest", "REMOVE")]


async def test_a_registered_function_stays_what_it_was() -> None:
    changes = adorm.StreamHandler()

    async def gone(order: Order) -> str:
        return order.status

    assert changes.insert(Order)(gone) is gone
    assert changes.remove(Order)(gone) is gone
    assert await gone(order("o1")) == "open"


async def test_the_decorator_takes_options_or_none_and_keeps_name_and_documentation() -> None:
    @adorm.stream_handler
    async def plain(record: adorm.StreamRecord, db: adorm.Database) -> None:
        """What it does."""

    @adorm.stream_handler(concurrency=2, after_failure="stop_shard")
    async def chosen(record: adorm.StreamRecord) -> None: ...

    assert isinstance(plain, adorm.StreamHandler)
    assert isinstance(chosen, adorm.StreamHandler)
    assert (getattr(plain, "__name__", None), plain.__doc__) == ("plain", "What it does.")
    assert list(inspect.signature(plain).parameters) == ["event", "context", "db"]
    assert inspect.unwrap(plain) is not plain
    assert repr(chosen) == "<adorm.StreamHandler chosen: no typed handler>"


async def test_an_expired_item_goes_to_expire_and_without_it_to_remove() -> None:
    seen = Seen()
    changes = seen.handler()

    @changes.remove(Session)
    async def removed(old: Session, change: adorm.StreamChange[Session]) -> None:
        seen.append(("removed", change.expired))

    await changes.process(event("time_to_live"))
    assert seen == [("removed", True), ("removed", False)]

    seen.clear()

    @changes.expire(Session)
    async def expired(old: Session) -> None:
        seen.append("expired")

    await changes.process(event("time_to_live"))
    assert seen == ["expired", ("removed", False)]


async def test_models_of_one_table_are_told_apart_by_their_discriminators() -> None:
    seen = Seen()
    changes = seen.handler(concurrency=1)

    @changes.insert(Invoice)
    async def invoiced(invoice: Invoice) -> None:
        seen.append(invoice)

    @changes.insert(Customer)
    async def joined(customer: Customer) -> None:
        seen.append(customer)

    assert failed(await changes(event("single_table"), None)) == []
    assert seen == [
        Customer(pk="C#1", sk="PROFILE", name="Ada"),
        Invoice(pk="C#1", sk="INV#7", amount=12),
        ("rest", "INSERT"),
    ]


async def test_a_predicate_goes_first_and_a_model_without_discriminator_takes_what_is_left() -> (
    None
):
    seen = Seen()
    changes = seen.handler(concurrency=1)

    @changes.insert(Anything)
    async def left(item: Anything) -> None:
        seen.append(("left", item.sk))

    @changes.insert(Customer)
    async def joined(customer: Customer) -> None:
        seen.append(("joined", customer.sk))

    @changes.insert(Anything, when=lambda item: item["sk"]["S"].startswith("NOTE#"))
    async def noted(item: Anything) -> None:
        seen.append(("noted", item.sk))

    await changes.process(event("single_table"))
    assert seen == [("joined", "PROFILE"), ("left", "INV#7"), ("noted", "NOTE#1")]


async def test_tables_are_told_apart_by_the_names_that_the_database_gives_them() -> None:
    seen = Seen()
    changes = seen.handler()

    @changes.insert(Order)
    async def created(order: Order) -> None:
        seen.append(order.order_id)

    batch = stream_event(
        stream_record(new=order("o1"), table_name="dev-orders"), stream_record(new=order("o2"))
    )
    await changes.process(batch, adorm.connect("memory", table_prefix="dev-"))
    assert sorted(seen, key=str) == [("rest", "INSERT"), "o1"]
    seen.clear()
    await changes.process(batch, adorm.connect("memory", table_names={"orders": "dev-orders"}))
    assert sorted(seen, key=str) == [("rest", "INSERT"), "o1"]
    seen.clear()
    await changes.process(batch)
    assert sorted(seen, key=str) == [("rest", "INSERT"), "o2"]


async def test_two_models_that_the_database_puts_into_one_table_are_never_confused() -> None:
    @adorm.model(table="archive")
    class Archived:
        customer_id: str = adorm.partition_key()
        order_id: str = adorm.sort_key()

    async def handler(item: object) -> None: ...

    changes = adorm.StreamHandler()
    changes.insert(Order)(handler)
    changes.insert(Archived)(handler)
    batch = stream_event(stream_record(new=order("o1"), table_name="all"))
    [outcome] = (
        await changes.process(batch, adorm.connect("memory", table_names=lambda _: "all"))
    ).failures
    assert "both take it" in str(outcome.error)


async def test_a_handler_can_be_of_a_table_that_is_named() -> None:
    seen = Seen()
    changes = seen.handler()

    @changes.insert(Order, table_name="archive")
    async def archived(order: Order) -> None:
        seen.append(order.order_id)

    await changes.process(
        stream_event(
            stream_record(new=order("o1"), table_name="archive"), stream_record(new=order("o2"))
        )
    )
    assert sorted(seen, key=str) == [("rest", "INSERT"), "o1"]


async def test_several_tables_in_one_event_have_their_handlers() -> None:
    seen = Seen()
    changes = seen.handler()

    @changes.insert(Order)
    async def created(order: Order) -> None:
        seen.append(order.order_id)

    @changes.insert(Session)
    async def opened(session: Session) -> None:
        seen.append(session.roles)

    assert failed(await changes(event("several_tables"), None)) == []
    assert seen == ["o1", {"admin", "user"}, "o2"]


async def test_a_key_of_another_shape_is_not_the_models() -> None:
    seen = Seen()
    changes = seen.handler()

    async def taken(item: object) -> None:
        seen.append("taken")

    @adorm.model(table="orders")
    class Numbered:
        customer_id: str = adorm.partition_key()
        order_id: int = adorm.sort_key()

    changes.insert(Numbered)(taken)
    await changes.process(stream_event(stream_record(new=order("o1"))))
    await changes.process(event("binary_and_sets"), table_name="orders")
    renamed = stream_record(new=Session(token=b"t"), table_name="orders")
    await changes.process(stream_event(renamed))
    assert seen == [("rest", "INSERT")] * 3
    await changes.process(stream_event(stream_record(new=Numbered(customer_id="c1", order_id=1))))
    assert seen[3:] == ["taken"]


async def test_a_predicate_sees_the_new_image_else_the_old_one_else_the_key() -> None:
    seen: list[object] = []
    changes = adorm.StreamHandler(unhandled="ignore")

    async def nothing(*items: object) -> None: ...

    def look(item: dict[str, Any]) -> bool:
        seen.append(item.get("status", {}).get("S"))
        return True

    changes.modify(Order, when=look, optional_images=True)(nothing)
    changes.remove(Order, when=look, optional_images=True)(nothing)
    paid = stream_record(old=order("o1"), new=order("o1", "paid"))
    gone = stream_record(old=order("o1"))
    await changes.process(
        stream_event(paid, gone, stream_record(old=order("o1"), view_type="KEYS_ONLY"))
    )
    assert seen == ["paid", "open", None]


async def test_a_databases_hooks_hold_in_handlers() -> None:
    class Price:
        def __init__(self, cents: int) -> None:
            self.cents = cents

    @adorm.model(table="bills")
    class Bill:
        bill_id: str = adorm.partition_key()
        price: Price = adorm.attribute()

    db = adorm.connect("memory")
    db.converter.register_structure_hook(Price, lambda value, _: Price(int(value["N"])))
    db.converter.register_unstructure_hook(Price, lambda price: {"N": str(price.cents)})
    changes = adorm.StreamHandler()

    @changes.insert(Bill)
    async def billed(bill: Bill) -> int:
        return bill.price.cents

    record = stream_record(new=order("o1"), table_name="bills")
    record["dynamodb"] |= {
        "Keys": {"bill_id": {"S": "b1"}},
        "NewImage": {"bill_id": {"S": "b1"}, "price": {"N": "995"}},
    }
    [outcome] = (await changes.process([record], db)).outcomes
    assert outcome.value == 995


async def test_kinesis_records_are_handled_and_named_by_kinesis_numbers() -> None:
    changes = adorm.StreamHandler()

    @changes.insert(Order)
    async def created(order: Order) -> None:
        raise KeyError(order.order_id)

    numbers = [record["kinesis"]["sequenceNumber"] for record in records("kinesis")]
    assert failed(await changes(event("kinesis"), None)) == numbers


async def test_the_answer_of_get_records_needs_the_tables_name() -> None:
    seen = Seen()
    changes = seen.handler()

    @changes.expire(Order)
    async def expired(order: Order) -> None:
        seen.append(order.order_id)

    assert (await changes.process(event("get_records"), table_name="orders")).failures == []
    assert seen == ["o1"]
    [outcome] = (await changes.process(records("get_records"))).failures
    assert "table_name=" in str(outcome.error)


# ---- images that the stream does not carry


@pytest.mark.parametrize("name", ["keys_only", "new_image", "old_image"])
async def test_a_handler_that_lacks_its_image_fails_and_names_the_setting(name: str) -> None:
    changes = adorm.StreamHandler(after_failure="continue")

    async def one(item: Order) -> None: ...

    async def two(old: Order, new: Order) -> None: ...

    changes.insert(Order)(one)
    changes.modify(Order)(two)
    changes.remove(Order)(one)
    failures = (await changes.process(event(name))).failures
    assert failures
    assert all("StreamViewType" in str(outcome.error) for outcome in failures)


async def test_images_that_may_be_missing_are_none() -> None:
    seen = Seen()
    changes = adorm.StreamHandler()

    @changes.insert(Order, optional_images=True)
    async def created(new: Order | None, change: adorm.StreamChange[Order]) -> None:
        seen.append((change.key.values, new))

    @changes.modify(Order, optional_images=True)
    async def changed(old: Order | None, new: Order | None) -> None:
        seen.append((old, new))

    @changes.remove(Order, optional_images=True)
    async def removed(old: Order | None) -> None:
        seen.append(old)

    assert failed(await changes(event("keys_only"), None)) == []
    assert seen == [(("c1", "o1"), None), (None, None), None]
