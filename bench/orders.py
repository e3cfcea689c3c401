"""The stored orders, of ten attributes, as plain values and as DynamoDB's JSON.

This module imports no library that is measured.

Ten attributes: text (three, two of them the key), a decimal number, a whole number, a bool, a set,
a nested map, a list, a datetime.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

TABLE = "orders"
CUSTOMER = "customer-00000000001"
PAGE_ITEMS = 1000
"""Items of the page that is queried: about 380 KB of JSON."""
SEGMENTS, SEGMENT_PAGES, SCAN_PAGE_ITEMS = map(
    int, os.environ.get("BENCH_SCAN", "4x25x100").split("x")
)
"""The parallel scan: segments, pages of each, items of a page. Server and clients read it from
their environment."""
BATCH_KEYS = 1000
TRANSACTION_ITEMS = 10

Item = dict[str, Any]

TIME_FORMS: Mapping[str, Callable[[datetime], str]] = {
    "z": lambda at: at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    "offset": lambda at: at.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00"),
    "bare": lambda at: at.strftime("%Y-%m-%dT%H:%M:%S.%f+0000"),
}
"""Libraries write a datetime differently, and some read only what they write: each is served its
own form, of about the same length."""


def order_id(number: int) -> str:
    return f"order#2026-11-21#{number:06d}"


FIRST = order_id(0)


def values(number: int) -> dict[str, Any]:
    """The attributes of an order as Python sees them."""
    return {
        "customer_id": CUSTOMER,
        "order_id": order_id(number),
        "status": "in transit",
        "total": Decimal(number) / 4 + Decimal("100.25"),
        "quantity": number % 7 + 1,
        "paid": number % 2 == 0,
        "tags": {"fragile", "gift"},
        "address": {"city": "Berlin", "zip": "10115"},
        "lines": ["sku-000017", "sku-000042"],
        "placed_at": datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
        + timedelta(seconds=number, microseconds=number),
    }


CHANGED = ("status", "total", "quantity", "paid", "tags", "address", "lines", "placed_at")
"""What an update sets: all that is not the key."""


def item(number: int, time_form: str = "z") -> Item:
    """The same as DynamoDB's JSON."""
    own = values(number)
    return {
        "customer_id": {"S": own["customer_id"]},
        "order_id": {"S": own["order_id"]},
        "status": {"S": own["status"]},
        "total": {"N": str(own["total"])},
        "quantity": {"N": str(own["quantity"])},
        "paid": {"BOOL": own["paid"]},
        "tags": {"SS": sorted(own["tags"])},
        "address": {"M": {name: {"S": value} for name, value in own["address"].items()}},
        "lines": {"L": [{"S": value} for value in own["lines"]]},
        "placed_at": {"S": TIME_FORMS[time_form](own["placed_at"])},
    }


def key(number: int) -> Item:
    return {"customer_id": {"S": CUSTOMER}, "order_id": {"S": order_id(number)}}


def request(operation: str, **other: Any) -> dict[str, Any]:
    """A request as raw clients and the bare socket send it."""
    return {**REQUESTS[operation](), **other}


def _get() -> dict[str, Any]:
    return {"TableName": TABLE, "Key": key(0)}


def _put() -> dict[str, Any]:
    return {"TableName": TABLE, "Item": item(0)}


def _update() -> dict[str, Any]:
    own = item(0)
    return {
        "TableName": TABLE,
        "Key": key(0),
        "UpdateExpression": "SET " + ", ".join(f"#n{at} = :v{at}" for at in range(len(CHANGED))),
        "ExpressionAttributeNames": {f"#n{at}": name for at, name in enumerate(CHANGED)},
        "ExpressionAttributeValues": {f":v{at}": own[name] for at, name in enumerate(CHANGED)},
    }


def _query() -> dict[str, Any]:
    return {
        "TableName": TABLE,
        "KeyConditionExpression": "#n0 = :v0",
        "ExpressionAttributeNames": {"#n0": "customer_id"},
        "ExpressionAttributeValues": {":v0": {"S": CUSTOMER}},
    }


def _batch() -> dict[str, Any]:
    return {"RequestItems": {TABLE: {"Keys": [key(number) for number in range(100)]}}}


def _transact() -> dict[str, Any]:
    return {
        "TransactItems": [
            {"Put": {"TableName": TABLE, "Item": item(number)}}
            for number in range(TRANSACTION_ITEMS)
        ]
    }


def _scan() -> dict[str, Any]:
    return {"TableName": TABLE, "Segment": 0, "TotalSegments": SEGMENTS}


REQUESTS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "GetItem": _get,
    "PutItem": _put,
    "UpdateItem": _update,
    "Query": _query,
    "BatchGetItem": _batch,
    "TransactWriteItems": _transact,
    "Scan": _scan,
}


def encoded(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def scan_page(number: int, time_form: str = "z") -> bytes:
    """The page of that number in any segment; the last one has no LastEvaluatedKey."""
    first = number * SCAN_PAGE_ITEMS
    items = [item(at, time_form) for at in range(first, first + SCAN_PAGE_ITEMS)]
    page: dict[str, Any] = {"Count": len(items), "Items": items, "ScannedCount": len(items)}
    if number < SEGMENT_PAGES - 1:
        page["LastEvaluatedKey"] = key(first + SCAN_PAGE_ITEMS - 1)
    return encoded(page)


def query_page(time_form: str = "z") -> bytes:
    items = [item(number, time_form) for number in range(PAGE_ITEMS)]
    return encoded({"Count": len(items), "Items": items, "ScannedCount": len(items)})
