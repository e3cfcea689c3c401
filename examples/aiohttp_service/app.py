"""A service for orders, with aiohttp: create, read, list by pages, search, pay in a transaction.

On a database in memory, at http://127.0.0.1:8000:

    python examples/aiohttp_service/app.py

On DynamoDB, or the endpoint of AWS_ENDPOINT_URL_DYNAMODB:

    ORDERS_DB=dynamodb python examples/aiohttp_service/app.py

Needs `pip install 'adorm[aiohttp]'`. The README beside this file shows it at work.
"""

from __future__ import annotations

import os
from decimal import Decimal
from typing import Literal

import attrs
from aiohttp import web
from attrs import validators

import adorm
from adorm.integrations.aiohttp import (
    adorm_context,
    adorm_middleware,
    database,
    json_body,
    page_response,
    paging,
    table,
)

Status = Literal["open", "paid"]


@attrs.define
class Line:
    sku: str = attrs.field(validator=validators.min_len(1))
    price: Decimal = attrs.field(validator=validators.ge(Decimal(0)))
    quantity: int = attrs.field(default=1, validator=[validators.ge(1), validators.le(1000)])


@adorm.model(
    table="orders", indexes=[adorm.GlobalIndex("by-status", partition="status", sort="order_id")]
)
class Order:
    customer_id: str = adorm.partition_key()
    order_id: str = adorm.sort_key(factory=lambda: str(adorm.uuid7()))
    status: Status = "open"
    total: Decimal
    lines: list[Line]
    version: int = adorm.version()


@adorm.model(table="payments")
class Payment:
    order_id: str = adorm.partition_key()
    amount: Decimal


@attrs.define
class NewOrder:
    lines: list[Line] = attrs.field(validator=[validators.min_len(1), validators.max_len(100)])


@attrs.define
class PaymentOf:
    version: int
    """Of the order that the customer has seen."""


def connect() -> adorm.Database:
    return (
        adorm.connect("memory")
        if os.environ.get("ORDERS_DB", "memory") == "memory"
        else adorm.connect()
    )


routes = web.RouteTableDef()


@routes.post("/customers/{customer_id}/orders")
async def create(request: web.Request) -> web.Response:
    new = await json_body(request, NewOrder)
    total = sum((line.quantity * line.price for line in new.lines), Decimal(0))
    order = Order(customer_id=request.match_info["customer_id"], lines=new.lines, total=total)
    return answer(await table(request, Order).create(order), status=201)


@routes.get("/customers/{customer_id}/orders/{order_id}")
async def get(request: web.Request) -> web.Response:
    return answer(
        await table(request, Order).get(
            request.match_info["customer_id"], request.match_info["order_id"]
        )
    )


@routes.get("/customers/{customer_id}/orders")
async def orders_of(request: web.Request) -> web.Response:
    """The newest first."""
    wanted = paging(request, default_limit=10)
    query = table(request, Order).query(request.match_info["customer_id"]).descending()
    return page_response(await query.limit(wanted.limit).page(wanted.cursor))


@routes.get("/orders")
async def search(request: web.Request) -> web.Response:
    """Of all customers, by the index `by-status`."""
    wanted = paging(request, default_limit=10)
    query = table(request, Order).query().where(Order.status == request.query.get("status", "open"))
    return page_response(await query.limit(wanted.limit).page(wanted.cursor))


@routes.post("/customers/{customer_id}/orders/{order_id}/payment")
async def pay(request: web.Request) -> web.Response:
    """Order and payment are written together or not at all; an order that was changed since the
    customer saw it is not paid."""
    payment = await json_body(request, PaymentOf)
    order = await table(request, Order).get(
        request.match_info["customer_id"], request.match_info["order_id"]
    )
    order.status, order.version = "paid", payment.version
    async with database(request).transaction() as tx:
        paid = tx.save(order)
        tx.create(Payment(order_id=order.order_id, amount=order.total))
    return answer(paid.stored)


def answer(order: Order, *, status: int = 200) -> web.Response:
    return web.json_response(adorm.to_plain(order), status=status)


def application() -> web.Application:
    app = web.Application(middlewares=[adorm_middleware(deadline_s=10)])
    # In production the tables are made elsewhere, and `ensure_tables` is left out.
    app.cleanup_ctx.append(adorm_context(connect, models=[Order, Payment], ensure_tables=True))
    app.add_routes(routes)
    return app


if __name__ == "__main__":
    web.run_app(application(), host="127.0.0.1", port=int(os.environ.get("PORT", "8000")))
