"""The clients that `overhead.py` compares, each in a process of its own, so that none pays for another's memory.

    python bench/overhead_client.py bodies
    python bench/overhead_client.py adorm|aiobotocore|socket|crowd PORT

`bodies` writes what the stub server is to answer. A client reads lines of JSON, `["page", 8]`, makes that many calls, one after the other,
and writes for each line the mean in microseconds of wall time and of its own CPU time: `[7437.0, 7244.0]`.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import gc
import json
import socket
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from processes import own_environment

import adorm

REGION = "eu-central-1"
PAGE_ITEMS = 1000
CROWD = 8
"""Connections that a crowd of bare sockets keeps busy at once, to see what the server can do at most."""

OPERATIONS = {"get": "GetItem", "put": "PutItem", "page": "Query"}

Call = Callable[[], Awaitable[Any]]


@adorm.model
class Address:
    city: str
    zip: str


@adorm.model(table="orders")
class Order:
    """Ten attributes: text, numbers, a bool, a set, a nested map, a list, a datetime."""

    customer_id: str = adorm.partition_key()
    order_id: str = adorm.sort_key()
    status: str
    total: Decimal
    quantity: int
    paid: bool
    tags: set[str]
    address: Address
    lines: list[str]
    placed_at: datetime


CUSTOMER, FIRST = "customer-00000000001", "order#2026-11-21#000000"


def make_order(number: int) -> Order:
    return Order(
        customer_id=CUSTOMER,
        order_id=f"order#2026-11-21#{number:06d}",
        status="in transit",
        total=Decimal(number) / 4 + 100,
        quantity=number % 7 + 1,
        paid=number % 2 == 0,
        tags={"fragile", "gift"},
        address=Address(city="Berlin", zip="10115"),
        lines=["sku-000017", "sku-000042"],
        placed_at=datetime(2026, 11, 21, 8, 30, tzinfo=UTC) + timedelta(seconds=number, microseconds=number),
    )


def make_page() -> list[Order]:
    return [make_order(number) for number in range(PAGE_ITEMS)]


def make_bodies() -> dict[str, bytes]:
    """What DynamoDB would answer, by its name of the operation."""
    items = [adorm.to_attribute_map(order) for order in make_page()]
    answers = {"GetItem": {"Item": items[0]}, "PutItem": {}, "Query": {"Count": len(items), "Items": items, "ScannedCount": len(items)}}
    return {name: json.dumps(answer, separators=(",", ":")).encode() for name, answer in answers.items()}


@asynccontextmanager
async def by_adorm(port: int) -> AsyncGenerator[dict[str, Call], None]:
    order = make_order(0)
    async with adorm.connect(region=REGION, endpoint_url=f"http://127.0.0.1:{port}") as db:
        orders = db.table(Order)

        async def get() -> Order:
            return await orders.get(CUSTOMER, FIRST)

        async def put() -> Order:
            return await orders.put(order)

        async def page() -> list[Order]:
            return await orders.query(CUSTOMER)

        if (await get(), await page()) != (order, make_page()):
            raise RuntimeError("adorm read something else than what is stored")
        yield {"get": get, "put": put, "page": page}


@asynccontextmanager
async def by_aiobotocore(port: int) -> AsyncGenerator[dict[str, Call], None]:
    from aiobotocore.session import get_session

    item = adorm.to_attribute_map(make_order(0))
    session: Any = get_session()
    async with session.create_client("dynamodb", region_name=REGION, endpoint_url=f"http://127.0.0.1:{port}") as client:

        async def get() -> Any:
            return (await client.get_item(TableName="orders", Key={"customer_id": {"S": CUSTOMER}, "order_id": {"S": FIRST}}))["Item"]

        async def put() -> None:
            await client.put_item(TableName="orders", Item=item)

        async def page() -> Any:
            answer = await client.query(
                TableName="orders",
                KeyConditionExpression="#n0 = :v0",
                ExpressionAttributeNames={"#n0": "customer_id"},
                ExpressionAttributeValues={":v0": {"S": CUSTOMER}},
            )
            return answer["Items"]

        if (await get(), await page()) != (item, [adorm.to_attribute_map(order) for order in make_page()]):
            raise RuntimeError("aiobotocore read something else than what is stored")
        yield {"get": get, "put": put, "page": page}


class BareSocket:
    """Sends the same bytes every time and waits until all of the answer is here; no parsing, no event loop."""

    def __init__(self, port: int, operation: str) -> None:
        body = json.dumps({"TableName": "orders", "Key": {"customer_id": {"S": CUSTOMER}, "order_id": {"S": FIRST}}}).encode()
        head = f"POST / HTTP/1.1\r\nhost: localhost\r\nx-amz-target: DynamoDB_20120810.{operation}\r\ncontent-length: {len(body)}\r\n\r\n"
        self._request = head.encode() + body
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray(1 << 20)
        self.send()
        received = self._socket.recv_into(self._buffer)
        head_length = self._buffer.index(b"\r\n\r\n") + 4
        body_length = self._buffer[:head_length].lower().split(b"content-length: ")[1].split(b"\r\n")[0]
        self._length = head_length + int(body_length)
        self.receive(received)

    def send(self) -> None:
        self._socket.sendall(self._request)

    def receive(self, received: int = 0) -> None:
        while received < self._length:
            received += self._socket.recv_into(self._buffer)

    def close(self) -> None:
        self._socket.close()


@asynccontextmanager
async def by_sockets(port: int, connections: int) -> AsyncGenerator[dict[str, Call], None]:
    """A call asks on each connection and then waits for each answer."""
    crowds = {name: [BareSocket(port, operation) for _ in range(connections)] for name, operation in OPERATIONS.items()}

    def by(crowd: list[BareSocket]) -> Call:
        async def call() -> None:
            for each in crowd:
                each.send()
            for each in crowd:
                each.receive()

        return call

    yield {name: by(crowd) for name, crowd in crowds.items()}
    for crowd in crowds.values():
        for each in crowd:
            each.close()


CLIENTS: dict[str, Callable[[int], AbstractAsyncContextManager[dict[str, Call]]]] = {
    "adorm": by_adorm,
    "aiobotocore": by_aiobotocore,
    "socket": lambda port: by_sockets(port, 1),
    "crowd": lambda port: by_sockets(port, CROWD),
}


async def serve(name: str, port: int) -> None:
    async with CLIENTS[name](port) as calls:
        for line in sys.stdin:  # the loop stands still meanwhile, and nothing is in flight
            operation, repeats = json.loads(line)
            call = calls[operation]
            gc.collect()  # every sample begins alike; from here on the collector runs as it does by default
            wall_s, cpu_s = time.perf_counter(), time.process_time()
            for _ in range(repeats):
                await call()
            cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
            print(json.dumps([wall_s / repeats * 1e6, cpu_s / repeats * 1e6]), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="A client for overhead.py.")
    parser.add_argument("what", choices=["bodies", *CLIENTS])
    parser.add_argument("port", type=int, nargs="?", default=0)
    arguments = parser.parse_args()
    own_environment()
    if arguments.what == "bodies":
        print(json.dumps({name: base64.b64encode(body).decode() for name, body in make_bodies().items()}))
    else:
        asyncio.run(serve(arguments.what, arguments.port))


if __name__ == "__main__":
    main()
