"""Orders by three Lambda functions: an HTTP API, a handler of the table's stream, a report that may
take several invocations.

`template.yaml` deploys them, `invoke.py` plays Lambda on this machine; the README beside this file
shows both.
"""

from __future__ import annotations

import json
import os
from decimal import Decimal
from typing import Any, Literal, TypedDict

import attrs

import adorm


@attrs.define
class Line:
    sku: str
    quantity: int
    price: Decimal


@adorm.model(table="orders")
class Order:
    customer_id: str = adorm.partition_key()
    order_id: str = adorm.sort_key(factory=lambda: str(adorm.uuid7()))
    status: Literal["open", "paid"] = "open"
    lines: list[Line]
    version: int = adorm.version()

    @property
    def total(self) -> Decimal:
        return sum((line.quantity * line.price for line in self.lines), Decimal(0))


@adorm.model(table="customers")
class Customer:
    customer_id: str = adorm.partition_key()
    orders: int = 0
    spent: Decimal = Decimal(0)


@adorm.model(table="counted-changes")
class CountedChange:
    """A change that is in the customer's sums already; the stream may bring it again."""

    event_id: str = adorm.partition_key()


TABLES = [Order, Customer, CountedChange, adorm.IdempotencyRecord]


async def connect() -> adorm.Database:
    if os.environ.get("ORDERS_DB") == "memory":
        db = adorm.connect("memory")
        for model in TABLES:
            await db.ensure_table(model)
        return db
    return adorm.connect(table_prefix=os.environ.get("TABLE_PREFIX", ""))


# ---- the API


class BadRequest(Exception):
    """Its words are for the client."""


class Response(TypedDict):
    statusCode: int
    headers: dict[str, str]
    body: str


@adorm.lambda_handler(models=[Order, adorm.IdempotencyRecord], reserve_ms=300, connect=connect)
async def api(event: dict[str, Any], context: object, db: adorm.Database) -> Response:
    """Requests as API Gateway's HTTP API sends them, payload version 2.0."""
    path: dict[str, str] = event.get("pathParameters") or {}
    try:
        match event["routeKey"]:
            case "POST /customers/{customer_id}/orders":
                key = event["headers"].get("idempotency-key")
                if not key:
                    raise BadRequest(
                        "the header idempotency-key is missing: any text that a repeat sends again"
                    )
                return answer(
                    201, await place(path["customer_id"], key, parse_lines(event["body"]), db)
                )
            case "GET /customers/{customer_id}/orders/{order_id}":
                return answer(
                    200,
                    adorm.to_plain(
                        await db.table(Order).get(path["customer_id"], path["order_id"])
                    ),
                )
            case _:
                return answer(404, {"message": "there is no such route"})
    except BadRequest as error:
        return answer(400, {"message": str(error)})
    except adorm.ItemNotFound:
        return answer(404, {"message": "there is no such order"})
    except adorm.IdempotencyMismatch:
        return answer(422, {"message": "this idempotency-key was used for another order"})
    except adorm.IdempotencyInProgress as error:
        return answer(
            409,
            {"message": "this order is being placed"},
            {"retry-after": str(int(error.retry_after_s) + 1)},
        )
    except (adorm.DeadlineExceeded, adorm.Throttled, adorm.ConnectionFailed):
        # adorm's calls end a reserve before Lambda's limit: there is time to say so.
        return answer(503, {"message": "please try again"}, {"retry-after": "1"})


def payload(lines: list[Line]) -> object:
    """What a repeat has to have again, as plain data."""
    return [[line.sku, line.quantity, line.price] for line in lines]


@adorm.idempotent(key=lambda customer_id, key: (customer_id, key), payload=payload)
async def place(
    customer_id: str, key: str, lines: list[Line], db: adorm.Database
) -> dict[str, Any]:
    """Runs once for a customer's key; who asks again gets the same order."""
    return adorm.to_plain(await db.table(Order).create(Order(customer_id=customer_id, lines=lines)))


def parse_lines(body: str) -> list[Line]:
    try:
        lines = [
            Line(str(line["sku"]), int(line["quantity"]), Decimal(line["price"]))
            for line in json.loads(body)["lines"]
        ]
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise BadRequest(
            'expected {"lines": [{"sku": "tea", "quantity": 2, "price": "4.50"}]}'
        ) from error
    if not lines or any(line.quantity < 1 for line in lines):
        raise BadRequest("expected one line or more, of a quantity of 1 or more")
    return lines


def answer(status: int, body: object, headers: dict[str, str] | None = None) -> Response:
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", **(headers or {})},
        "body": json.dumps(body),
    }


# ---- the stream of the table of orders


@adorm.stream_handler
async def changes(record: adorm.StreamRecord) -> None:
    """Other changes than those below are no business of ours."""


@changes.insert(Order)
async def count_order(order: Order, change: adorm.StreamChange[Order], db: adorm.Database) -> None:
    """Add to the customer's sums, once for each change however often it comes."""
    try:
        async with db.transaction() as tx:
            tx.create(CountedChange(event_id=change.event_id or change.sequence_number))
            tx.update(Customer, order.customer_id).add(Customer.orders, 1).add(
                Customer.spent, order.total
            ).upsert()
    except* adorm.ItemExists:
        pass  # counted before


stream = adorm.lambda_handler(models=[Order, Customer, CountedChange], connect=connect)(changes)


# ---- a report that may take several invocations


class ReportState(TypedDict, total=False):
    checkpoint: str
    orders: int
    total: str


@adorm.lambda_handler(models=[Order], connect=connect)
async def report(event: ReportState, context: object, db: adorm.Database) -> ReportState:
    """Sum up all orders. An answer with a `checkpoint` is the next invocation's event: the state
    machine of the template sees to it."""
    scan = db.table(Order).scan()
    if "checkpoint" in event:
        scan = scan.resume(event["checkpoint"])
    orders, total = event.get("orders", 0), Decimal(event.get("total", "0"))
    async with scan.stream() as rows:
        async for order in rows:
            orders, total = orders + 1, total + order.total
            if db.remaining_s() < 2:
                return {"orders": orders, "total": str(total), "checkpoint": rows.checkpoint()}
    return {"orders": orders, "total": str(total)}
