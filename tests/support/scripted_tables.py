"""Tables over a script of answers, by a clock that stands still, and models to create."""

from __future__ import annotations

from collections.abc import Coroutine
from copy import deepcopy
from datetime import datetime
from decimal import Decimal
from typing import Any

import adorm
from adorm.calls.calls import Calls
from adorm.dynamodb.operations import Repeat
from adorm.errors import (
    ServiceError,
)
from adorm.items.binding import Binding
from adorm.models import model_info
from adorm.retry import RetryPolicy
from adorm.tables.descriptions import TableDescription
from adorm.tables.requests import create_table_request
from adorm.tables.tables import Tables
from adorm.testing.clock import FakeClock
from adorm.transport.base import Answer, AnswerReader, Request
from tests.support.scripted import Outcome, ScriptedTransport, refusal


@adorm.model(
    table="orders",
    indexes=[
        adorm.GlobalIndex(
            "by-status",
            partition="status",
            sort="created_at",
            projection=["total", "note", "status", "order_id"],
        ),
        adorm.GlobalIndex("by-total", partition="total"),
        adorm.LocalIndex("by-age", sort="created_at", projection="KEYS_ONLY"),
    ],
)
class Order:
    customer_id: str = adorm.partition_key()
    order_id: int = adorm.sort_key()
    status: str = "open"
    total: Decimal = Decimal(0)
    note: str = adorm.attribute(default="", name="n")
    created_at: datetime = adorm.created_at()


@adorm.model(table="sessions")
class Session:
    token: bytes = adorm.partition_key()
    expires_at: datetime | None = adorm.ttl(name="exp")


@adorm.model(
    table="matches",
    indexes=[
        adorm.GlobalIndex(
            "by-round", partition=["tournament", "region"], sort=["round", "bracket", "id"]
        ),
        adorm.GlobalIndex("by-player", partition="player", sort="id", projection=["id", "player"]),
    ],
)
class Match:
    id: str = adorm.partition_key()
    tournament: str
    region: str
    round: int
    bracket: str
    player: bytes


class Money:
    """What only a hook of the user's can store."""


@adorm.model(table="prices", indexes=[adorm.GlobalIndex("by-price", partition="price")])
class Price:
    id: str = adorm.partition_key(name="pk")
    price: Money


@adorm.model(table="orders")
class Bare:
    customer_id: str = adorm.partition_key()
    order_id: int = adorm.sort_key()


ORDER, SESSION, MATCH, PRICE = (
    model_info(Order),
    model_info(Session),
    model_info(Match),
    model_info(Price),
)
ORDER_REQUEST = create_table_request(ORDER, "orders")
SESSION_REQUEST = create_table_request(SESSION, "sessions")
ENABLE_TTL = {
    "TableName": "sessions",
    "TimeToLiveSpecification": {"AttributeName": "exp", "Enabled": True},
}


def described(
    request: dict[str, Any] = ORDER_REQUEST,
    status: str = "ACTIVE",
    index_status: str = "ACTIVE",
    **more: object,
) -> dict[str, Any]:
    """A table as DynamoDB would describe it."""
    raw: dict[str, Any] = {
        **deepcopy(request),
        "TableStatus": status,
        "ItemCount": 0,
        "TableSizeBytes": 0,
        **more,
    }
    raw["BillingModeSummary"] = {"BillingMode": raw.pop("BillingMode")}
    if "GlobalSecondaryIndexes" in request:
        raw["GlobalSecondaryIndexes"] = [
            {**index, "IndexStatus": index_status} for index in raw["GlobalSecondaryIndexes"]
        ]
    return raw


def told(raw: dict[str, Any]) -> Answer:
    """DescribeTable's answer."""
    return {"Table": raw}


def accepted(raw: dict[str, Any]) -> Answer:
    """CreateTable's and DeleteTable's answer."""
    return {"TableDescription": raw}


def missing(operation: str = "DescribeTable") -> ServiceError:
    return refusal("ResourceNotFoundException", operation=operation)


def in_use() -> ServiceError:
    return refusal("ResourceInUseException", operation="CreateTable")


def ttl(status: str, attribute: str | None = None) -> Answer:
    return {
        "TimeToLiveDescription": {
            "TimeToLiveStatus": status,
            **({} if attribute is None else {"AttributeName": attribute}),
        }
    }


class CallsWithTables(Tables):
    """Calls without a database, as tables need them. Each wait is the longest."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self.clock = calls.clock
        self.random = lambda: 1.0

    def call(
        self,
        operation: str,
        request: Request,
        *,
        subject: object = None,
        repeat: Repeat | None = None,
        retry: RetryPolicy | None = None,
        read: AnswerReader | None = None,
    ) -> Coroutine[Any, Any, Answer]:
        return self._calls.call(
            operation, request, subject=subject, repeat=repeat, retry=retry, read=read
        )

    def binding(self, model: type[Any], name: str | None = None, /) -> Binding:
        info = model_info(model)
        return Binding(self, info, str(info.table) if name is None else name)


class ScriptedTables:
    """Tables over a script; the longest poll each time: 0.25, 0.5, 1, 2, 4, 4 s, and retries after
    0.05 s."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.clock = FakeClock()
        self.transport = ScriptedTransport(outcomes)
        calls = Calls(self.transport, retry=RetryPolicy(jitter=0.0), clock=self.clock)
        self.calls = CallsWithTables(calls)

    async def create(
        self, info: Any = ORDER, name: str = "orders", **options: Any
    ) -> TableDescription:
        return await self.calls.create_table(info.model, name=name, **options)

    async def ensure(
        self, info: Any = ORDER, name: str = "orders", **options: Any
    ) -> TableDescription:
        return await self.calls.ensure_table(info.model, name=name, **options)

    async def delete(self, name: str = "orders", **options: Any) -> None:
        await self.calls.delete_table(name, **options)

    @property
    def operations(self) -> list[str]:
        return [operation for operation, _ in self.transport.sent]

    @property
    def sleeps(self) -> list[float]:
        return self.clock.sleeps
