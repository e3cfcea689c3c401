"""Recurring payments: the keys that the design draws, and every access pattern of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal

import pytest

import adorm
from tests.designs.d7_payments import Receipt, Subscription, payments
from tests.support.charts import chart_of

pytestmark = pytest.mark.anyio

START = date(2025, 11, 30)


def subscription(account_id: str, number: int) -> Subscription:
    due = START + timedelta(days=30 * (number % 4))
    return Subscription(
        account_id=account_id,
        subscription_id=f"s{number}",
        sku="gold" if number % 2 else "silver",
        email=f"{account_id}@pay.example",
        payment_amount=Decimal(10 + number),
        next_payment_date=due,
        last_payment_date=due - timedelta(days=30 + number),
        next_reminder_date=due - timedelta(days=7),
        last_reminder_date=due - timedelta(days=37),
    )


ACCOUNTS = ("a1", "a10", "a2")
SUBSCRIPTIONS = [subscription(account, number) for account in ACCOUNTS for number in range(1, 12)]
RECEIPTS = [
    Receipt(
        account_id=account,
        processed_on=START + timedelta(days=31 * month),
        sku=sku,
        processed_amount=Decimal(month),
    )
    for account in ACCOUNTS
    for month in range(16)
    for sku in ("gold", "silver")
]


@pytest.fixture
async def db() -> AsyncIterator[adorm.Database]:
    async with adorm.connect("memory") as db:
        await db.create_table(payments)
        await db.table(Subscription).batch_write(puts=SUBSCRIPTIONS)
        await db.table(Receipt).batch_write(puts=RECEIPTS)
        yield db


def in_order_of_keys(subscriptions: list[Subscription]) -> list[Subscription]:
    return sorted(subscriptions, key=lambda each: f"{each.subscription_id}#SKU#{each.sku}")


def receipts_of(account_id: str, year: int | None = None) -> list[Receipt]:
    found = [each for each in RECEIPTS if each.account_id == account_id]
    if year is not None:
        found = [each for each in found if each.processed_on.year == year]
    return sorted(found, key=lambda each: (each.processed_on, each.sku))


def subscriptions_of(account_id: str) -> list[Subscription]:
    return in_order_of_keys([each for each in SUBSCRIPTIONS if each.account_id == account_id])


async def test_items_have_the_keys_that_are_drawn(db: adorm.Database) -> None:
    assert await chart_of(db, "payments", "PK", "SK", "NextReminderDate", "NextPaymentDate") == {
        *(
            (
                f"ACC#{each.account_id}",
                f"SUB#{each.subscription_id}#SKU#{each.sku}",
                f"{each.next_reminder_date}",
                f"{each.next_payment_date}",
            )
            for each in SUBSCRIPTIONS
        ),
        *(
            (f"ACC#{each.account_id}", f"REC#{each.processed_on}#SKU#{each.sku}", "-", "-")
            for each in RECEIPTS
        ),
    }


async def test_subscriptions_and_receipts_of_an_account(db: adorm.Database) -> None:
    for account_id in ACCOUNTS:
        assert await db.table(Subscription).query(account_id) == subscriptions_of(account_id)
        assert await db.table(Receipt).query(account_id) == receipts_of(account_id)


async def test_receipts_of_a_year(db: adorm.Database) -> None:
    paid = await (
        db.table(Receipt)
        .query("a1")
        .where(Receipt.processed_on >= date(2026, 1, 1), Receipt.processed_on <= date(2026, 12, 31))
    )
    assert paid == receipts_of("a1", 2026)
    after = await db.table(Receipt).query("a1").where(Receipt.processed_on > date(2026, 12, 7))
    assert after == [each for each in receipts_of("a1") if each.processed_on > date(2026, 12, 7)]


async def test_an_account_as_a_whole(db: adorm.Database) -> None:
    subscriptions, receipts = await db.query(Subscription, Receipt).where(
        Subscription.account_id == "a1"
    )
    assert subscriptions == subscriptions_of("a1")
    assert receipts == receipts_of("a1")
    in_order = [
        each async for each in db.query(Subscription, Receipt).where(Receipt.account_id == "a1")
    ]
    assert in_order == [*receipts_of("a1"), *subscriptions_of("a1")]


async def test_create_read_and_change(db: adorm.Database) -> None:
    subscriptions, receipts = db.table(Subscription), db.table(Receipt)
    new = subscription("a3", 1)
    await subscriptions.create(new)
    with pytest.raises(adorm.ItemExists):
        await subscriptions.create(new)
    with pytest.raises(adorm.ItemExists):
        await receipts.create(RECEIPTS[0])
    assert await subscriptions.get(account_id="a3", subscription_id="s1", sku="gold") == new
    later = date(2026, 12, 1)
    await subscriptions.update(account_id="a3", subscription_id="s1", sku="gold").set(
        Subscription.next_payment_date, later
    )
    due = await subscriptions.query().where(Subscription.next_payment_date == later).hydrate()
    assert [each.account_id for each in due] == ["a3"]
    assert due[0].next_payment_date == later


async def test_reminders_that_are_due_on_a_day(db: adorm.Database) -> None:
    day = START + timedelta(days=23)
    reminders = await (
        db.table(Subscription)
        .query()
        .where(Subscription.next_reminder_date == day)
        .select(Subscription.account_id, Subscription.email, Subscription.next_payment_date)
    )
    expected = [each for each in SUBSCRIPTIONS if each.next_reminder_date == day]
    assert len(expected) == 9
    assert sorted(reminders) == sorted(
        (each.account_id, each.email, each.next_payment_date) for each in expected
    )


async def test_payments_that_are_due_on_a_day(db: adorm.Database) -> None:
    due = await (
        db.table(Subscription).query().where(Subscription.next_payment_date == START).hydrate()
    )
    expected = [each for each in SUBSCRIPTIONS if each.next_payment_date == START]
    assert [each.last_payment_date for each in due] == sorted(
        each.last_payment_date for each in expected
    )
    assert {(each.account_id, each.subscription_id) for each in due} == {
        (each.account_id, each.subscription_id) for each in expected
    }
    assert all(each in SUBSCRIPTIONS for each in due)
