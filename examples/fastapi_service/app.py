"""A service for orders, with FastAPI: create, read, list by pages, search, pay in a transaction.

On a database in memory, at http://127.0.0.1:8000/docs:

    python examples/fastapi_service/app.py

On DynamoDB, or the endpoint of AWS_ENDPOINT_URL_DYNAMODB:

    ORDERS_DB=dynamodb python examples/fastapi_service/app.py

Needs `pip install 'adorm[fastapi]' uvicorn`. The README beside this file shows it at work.
"""

from __future__ import annotations

import os
from decimal import Decimal
from typing import Annotated, Literal

import attrs
import uvicorn
from fastapi import Depends, FastAPI
from pydantic import BaseModel, Field

import adorm
from adorm.integrations.fastapi import (
    AdormMiddleware,
    CursorPage,
    Paging,
    database,
    lifespan,
    paging,
    problems,
    table,
)

Status = Literal["open", "paid"]


@attrs.define
class Line:
    sku: str
    quantity: int
    price: Decimal


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


class NewLine(BaseModel):
    sku: Annotated[str, Field(min_length=1)]
    quantity: Annotated[int, Field(ge=1, le=1000)] = 1
    price: Annotated[Decimal, Field(ge=0)]


class NewOrder(BaseModel):
    lines: Annotated[list[NewLine], Field(min_length=1, max_length=100)]


class PaymentOf(BaseModel):
    version: int
    """Of the order that the customer has seen."""


def connect() -> adorm.Database:
    return (
        adorm.connect("memory")
        if os.environ.get("ORDERS_DB", "memory") == "memory"
        else adorm.connect()
    )


# In production the tables are made elsewhere, and `ensure_tables` is left out.
app = FastAPI(
    title="Orders", lifespan=lifespan(connect, models=[Order, Payment], ensure_tables=True)
)
app.add_middleware(AdormMiddleware, deadline_s=10)

Db = Annotated[adorm.Database, Depends(database)]
Orders = Annotated[adorm.Table[Order], Depends(table(Order))]
Wanted = Annotated[Paging, Depends(paging(default_limit=10))]


@app.post(
    "/customers/{customer_id}/orders", status_code=201
)  # ids and digits that DynamoDB can't hold are answered by 422
async def create(customer_id: str, new: NewOrder, orders: Orders) -> Order:
    lines = [Line(line.sku, line.quantity, line.price) for line in new.lines]
    total = sum((line.quantity * line.price for line in lines), Decimal(0))
    return await orders.create(Order(customer_id=customer_id, lines=lines, total=total))


@app.get("/customers/{customer_id}/orders/{order_id}", responses=problems(404))
async def get(customer_id: str, order_id: str, orders: Orders) -> Order:
    return await orders.get(customer_id, order_id)


@app.get("/customers/{customer_id}/orders", responses=problems(400))
async def orders_of(customer_id: str, orders: Orders, wanted: Wanted) -> CursorPage[Order]:
    """The newest first."""
    return CursorPage.of(
        await orders.query(customer_id).descending().limit(wanted.limit).page(wanted.cursor)
    )


@app.get("/orders", responses=problems(400))
async def search(status: Status, orders: Orders, wanted: Wanted) -> CursorPage[Order]:
    """Of all customers, by the index `by-status`."""
    return CursorPage.of(
        await orders.query().where(Order.status == status).limit(wanted.limit).page(wanted.cursor)
    )


@app.post("/customers/{customer_id}/orders/{order_id}/payment", responses=problems(404, 409))
async def pay(customer_id: str, order_id: str, payment: PaymentOf, db: Db, orders: Orders) -> Order:
    """Order and payment are written together or not at all; an order that was changed since the
    customer saw it is not paid."""
    order = await orders.get(customer_id, order_id)
    order.status, order.version = "paid", payment.version
    async with db.transaction() as tx:
        paid = tx.save(order)
        tx.create(Payment(order_id=order_id, amount=order.total))
    return paid.stored


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ.get("PORT", "8000")))
