"""Recurring payments: the design of that name in AWS's collection of schema designs.

    item          PK             SK
    subscription  ACC#<account>  SUB#<subscription>#SKU#<sku>
    receipt       ACC#<account>  REC#<date>#SKU#<sku>

Its indexes are on plain attributes, which only subscriptions have: `due-reminders` on
NextReminderDate and LastReminderDate, `due-payments` on NextPaymentDate and LastPaymentDate. Items
have no type attribute: they are told apart by their keys.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import adorm

payments = adorm.SingleTable("payments", type_attribute=None)  # told apart by their keys alone


@adorm.model(
    table=payments,
    naming="PascalCase",
    indexes=[
        adorm.GlobalIndex(
            "due-reminders",
            partition="next_reminder_date",
            sort="last_reminder_date",
            projection=["email", "next_payment_date"],
        ),
        adorm.GlobalIndex(
            "due-payments",
            partition="next_payment_date",
            sort="last_payment_date",
            projection=["email", "payment_amount"],
        ),
    ],
)
class Subscription:
    account_id: str
    subscription_id: str
    sku: str
    email: str
    payment_amount: Decimal
    next_payment_date: date
    last_payment_date: date
    next_reminder_date: date
    last_reminder_date: date

    @adorm.key
    def key(self, account_id: str, subscription_id: str, sku: str) -> adorm.KeyText:
        return f"ACC#{account_id}", f"SUB#{subscription_id}#SKU#{sku}"


@adorm.model(table=payments, naming="PascalCase")
class Receipt:
    account_id: str
    processed_on: date
    sku: str
    processed_amount: Decimal
    expires_at: datetime | None = adorm.ttl(name="TTL")

    @adorm.key
    def key(self, account_id: str, processed_on: date, sku: str) -> adorm.KeyText:
        return f"ACC#{account_id}", f"REC#{processed_on}#SKU#{sku}"
