"""Stream handlers of models that share a table: which of them takes a record."""

from __future__ import annotations

from typing import Any

import pytest

import adorm
from adorm.testing import stream_event, stream_record
from tests.streams.models import Seen, failed

pytestmark = pytest.mark.anyio

app = adorm.SingleTable("app")


@adorm.model(table=app)
class Customer:
    name: str
    key = adorm.key("CUSTOMER#{name}", "CUSTOMER#{name}")


@adorm.model(table=app, entity=("order", "Order"))
class Order:
    name: str
    order_id: str
    total: int = 0
    key = adorm.key("CUSTOMER#{name}", "ORDER#{order_id}")


@adorm.model(table=app, abstract=True)
class Account:
    name: str
    key = adorm.key("ACCOUNT#{name}", "ACCOUNT#{name}")


@adorm.model
class User(Account):
    plan: str = "free"


@adorm.model
class Organization(Account):
    seats: int = 1


ORDER = Order(name="ada", order_id="o1", total=5)


def handler_of(*models: Any) -> tuple[adorm.StreamHandler, Seen]:
    seen = Seen()
    changes = seen.handler()

    def register(model: Any) -> None:
        @changes.insert(model, optional_images=True)
        async def created(item: Any) -> None:
            seen.append((model.__name__, item))

    for model in models:
        register(model)
    return changes, seen


def record(item: Any, **changes: dict[str, str] | None) -> dict[str, Any]:
    """An INSERT, whose image has other attributes or lacks some."""
    made = stream_record(new=item)
    for name, value in changes.items():
        image = made["dynamodb"]["NewImage"]
        image.pop(name)
        if value is not None:
            image[name] = value
    return made


@pytest.mark.parametrize("stored", [{"S": "order"}, {"S": "Order"}, None])
async def test_a_record_goes_to_the_model_of_its_type(stored: dict[str, str] | None) -> None:
    changes, seen = handler_of(Customer, Order)
    event = stream_event(record(Customer(name="ada")), record(ORDER, _type=stored))
    assert failed(await changes(event, None)) == []
    assert seen == [("Customer", Customer(name="ada")), ("Order", ORDER)]


async def test_an_unknown_type_goes_to_the_fallback() -> None:
    changes, seen = handler_of(Customer, Order)
    assert failed(await changes(stream_event(record(ORDER, _type={"S": "Draft"})), None)) == []
    assert seen == [("rest", "INSERT")]


async def test_a_record_of_keys_only_goes_by_the_key() -> None:
    changes, seen = handler_of(Customer, Order)
    event = stream_event(stream_record(new=ORDER, view_type="KEYS_ONLY"))
    assert failed(await changes(event, None)) == []
    assert seen == [("Order", None)]


async def test_a_handler_of_an_abstract_model_takes_each_subclass() -> None:
    changes, seen = handler_of(Account)
    items = [User(name="ada", plan="paid"), Organization(name="aws", seats=3)]
    assert failed(await changes(stream_event(*map(record, items)), None)) == []
    assert seen == [("Account", item) for item in items]


async def test_a_key_that_two_models_have_does_not_tell_the_handler() -> None:
    changes, seen = handler_of(User, Organization)
    event = stream_event(record(User(name="ada")), record(Organization(name="aws"), _type=None))
    assert len(failed(await changes(event, None))) == 1
    assert seen == [("User", User(name="ada"))]


def test_an_abstract_model_and_its_subclass_can_not_both_have_a_handler() -> None:
    changes, _ = handler_of(Account)
    with pytest.raises(adorm.UsageError, match="can't be told from that of Account"):

        @changes.insert(User)
        async def created(user: User) -> None: ...


def test_a_record_becomes_what_it_is() -> None:
    change = adorm.from_stream_record(record(ORDER), app)
    assert (change.new, change.key) == (ORDER, Order.key("ada", "o1"))
    with pytest.raises(adorm.UsageError, match="'Draft', which is none of its models"):
        adorm.from_stream_record(record(ORDER, _type={"S": "Draft"}), app)


async def test_models_without_a_type_are_told_apart_by_their_keys() -> None:
    payments = adorm.SingleTable("payments", type_attribute=None)

    @adorm.model(table=payments)
    class Receipt:
        day: str
        key = adorm.key("ACC", "REC#{day}")

    @adorm.model(table=payments)
    class Refund:
        day: str
        key = adorm.key("ACC", "REF#{day}")

    changes, seen = handler_of(Receipt, Refund)
    event = stream_event(record(Receipt(day="1")), record(Refund(day="1")))
    assert failed(await changes(event, None)) == []
    assert seen == [("Receipt", Receipt(day="1")), ("Refund", Refund(day="1"))]
