"""Orders as DynamoDB sends them, and a table over a scripted transport."""

from __future__ import annotations

from typing import Any

import adorm
from adorm.transport.base import Request
from tests.support.as_json import AsJson
from tests.support.shop import Order


def orders_by(transport: Any) -> adorm.Table[Order]:
    return adorm.connect(
        "memory", wrap=lambda _: AsJson(transport), retry=adorm.RetryPolicy(max_attempts=1)
    ).table(Order)


def item(number: int, **attributes: Any) -> dict[str, Any]:
    """An order as DynamoDB sends it."""
    return {
        "customer_id": {"S": "c1"},
        "order_id": {"S": f"o{number}"},
        "created_at": {"S": "2026-01-01T00:00:00.000000Z"},
        "updated_at": {"S": "2026-01-01T00:00:00.000000Z"},
        **attributes,
    }


def keys_of(request: Request) -> list[str]:
    return [key["order_id"]["S"] for key in request["RequestItems"]["orders"]["Keys"]]
