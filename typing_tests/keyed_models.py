"""Models whose keys are made of parts, for what checkers accept and what they reject."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import adorm

shop = adorm.SingleTable(
    "shop", indexes=[adorm.GlobalIndex("GSI1", partition="GSI1PK", sort="GSI1SK")]
)


class Status(StrEnum):
    OPEN = "open"
    PAID = "paid"


@adorm.model(table=shop)
class Customer:
    user_name: str
    email: str = ""
    points: int = 0

    @adorm.key
    def key(self, user_name: str) -> adorm.KeyText:
        return f"CUSTOMER#{user_name}", "PROFILE"


@adorm.model(table=shop)
class Order:
    user_name: str
    number: int
    status: Status = Status.OPEN
    total: Decimal = Decimal(0)
    placed_at: datetime = adorm.created_at()

    @adorm.key
    def key(self, user_name: str, number: int) -> adorm.KeyText:
        return f"CUSTOMER#{user_name}", f"ORDER#{number:06d}"

    by_status = adorm.key("CUSTOMER#{user_name}", "{status}#{placed_at}", index="GSI1")


@adorm.model(table=shop)
class Reading:
    """Two of its parts are no text."""

    device: str
    kind: Status
    taken_at: datetime

    @adorm.key
    def key(self, device: str, kind: Status, taken_at: datetime) -> adorm.KeyText:
        return f"DEVICE#{device}", f"READING#{kind}#{taken_at}"


@adorm.model(table=shop)
class Note:
    """Its key is a text, of which checkers know the model only."""

    user_name: str
    note_id: str
    text: str = ""
    key = adorm.key("CUSTOMER#{user_name}", "NOTE#{note_id}")


@adorm.model(table="projects")
class Project:
    """Its key is a field to look at."""

    pk: str = adorm.partition_key(template="ORG#{org_id}")
    sk: str = adorm.sort_key(template="PROJECT#{project_id}")
    org_id: str
    project_id: str


@adorm.model(table=shop, abstract=True)
class Account:
    name: str

    @adorm.key
    def key(self, name: str) -> adorm.KeyText:
        return f"ACCOUNT#{name}", f"ACCOUNT#{name}"


@adorm.model
class User(Account):
    plan: str = "free"
