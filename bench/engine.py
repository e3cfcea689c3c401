"""What one operation of the memory engine costs, beside moto, and how the cost grows.

    .venv/bin/python bench/engine.py [--rounds N] [--items N] [--json PATH]

The claims: a put takes a tenth of moto's time, a get and an update a fiftieth, a query of ten items
a hundredth; a typed `orders.get` takes at most 60 us, of which the engine takes at most 20; an item
costs as much in a table of 1,000,000 as in one of 1,000; 1,000,000 small items fit in 1.5 GB; a
scan gives 200,000 items a second. Every figure is CPU time of one process, with the engine and
moto in turns.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import resource
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from figures import Spread, ratio, spread
from orders import TABLE, item, key

import adorm
from adorm.memory.engine import Engine
from adorm.transport.base import Transport
from adorm.transport.memory import MemoryTransport
from adorm.transport.moto.transport import MotoTransport

ROUNDS = 7
GROWN = 1_000_000
SMALL = 1_000
AIMS = {"put": 1 / 10, "get": 1 / 50, "update": 1 / 50, "query of ten": 1 / 100}
CUSTOMER_KEY = {"customer_id": item(0)["customer_id"]}


@adorm.model(table=TABLE)
class Order:
    customer_id: str = adorm.partition_key()
    order_id: str = adorm.sort_key()
    status: str = "open"
    total: Decimal = Decimal(0)
    quantity: int = 1
    paid: bool = False
    tags: set[str] = adorm.attribute(factory=set)
    address: dict[str, str] = adorm.attribute(factory=dict)
    lines: list[str] = adorm.attribute(factory=list)
    placed_at: datetime = adorm.attribute(factory=lambda: datetime.now(UTC))


SCHEMA: dict[str, Any] = {
    "TableName": TABLE,
    "AttributeDefinitions": [
        {"AttributeName": "customer_id", "AttributeType": "S"},
        {"AttributeName": "order_id", "AttributeType": "S"},
    ],
    "KeySchema": [
        {"AttributeName": "customer_id", "KeyType": "HASH"},
        {"AttributeName": "order_id", "KeyType": "RANGE"},
    ],
    "BillingMode": "PAY_PER_REQUEST",
}
REQUESTS: Mapping[str, tuple[str, Callable[[int], dict[str, Any]]]] = {
    "put": ("PutItem", lambda n: {"TableName": TABLE, "Item": item(n % 100)}),
    "get": ("GetItem", lambda n: {"TableName": TABLE, "Key": key(n % 100)}),
    "update": (
        "UpdateItem",
        lambda n: {
            "TableName": TABLE,
            "Key": key(n % 100),
            "UpdateExpression": "SET #s = :s, #t = :t",
            "ConditionExpression": "attribute_exists(#k)",
            "ExpressionAttributeNames": {"#s": "status", "#t": "total", "#k": "customer_id"},
            "ExpressionAttributeValues": {":s": {"S": f"state {n}"}, ":t": {"N": str(n)}},
        },
    ),
    "query of ten": (
        "Query",
        lambda n: {
            "TableName": TABLE,
            "KeyConditionExpression": "#c = :c",
            "ExpressionAttributeNames": {"#c": "customer_id"},
            "ExpressionAttributeValues": {":c": CUSTOMER_KEY["customer_id"]},
            "Limit": 10,
        },
    ),
}


async def cpu_us(work: Callable[[int], Awaitable[Any]], repetitions: int) -> float:
    """CPU time of one repetition, in microseconds."""
    gc.collect()
    before = time.process_time()
    for number in range(repetitions):
        await work(number)
    return (time.process_time() - before) / repetitions * 1e6


async def beside_moto(rounds: int) -> dict[str, dict[str, list[float]]]:
    """CPU times of raw requests by work and engine."""
    samples: dict[str, dict[str, list[float]]] = {name: {} for name in REQUESTS}
    ours, theirs = MemoryTransport(Engine()), MotoTransport()
    for transport in (ours, theirs):
        await fill(transport)
    for _ in range(rounds):
        for name, (operation, make) in REQUESTS.items():
            requests = [make(number) for number in range(100)]
            for engine, transport, count in (("memory", ours, 2000), ("moto", theirs, 60)):
                figure = await cpu_us(sender(transport, operation, requests), count)
                samples[name].setdefault(engine, []).append(figure)
    return samples


def sender(
    transport: Transport, operation: str, requests: Sequence[dict[str, Any]]
) -> Callable[[int], Awaitable[Any]]:
    """Sends the requests one after the other, again and again."""
    return lambda number: transport.send(operation, requests[number % len(requests)])


async def fill(transport: Transport) -> None:
    """Make the table, and put 100 orders into it."""
    await transport.open()
    await transport.send("CreateTable", SCHEMA)
    for number in range(100):
        await transport.send("PutItem", {"TableName": TABLE, "Item": item(number)})


async def typed_get(rounds: int) -> tuple[Spread, Spread]:
    """CPU time of a typed `orders.get`, and the part of it that the engine takes."""
    engine = Engine()
    whole: list[float] = []
    inside: list[float] = []
    await fill(MemoryTransport(engine))
    async with adorm.connect(engine) as database:
        orders = database.table(Order)
        customer = item(0)["customer_id"]["S"]
        ids = [item(number)["order_id"]["S"] for number in range(100)]
        request = orders.get(customer, ids[0]).request()
        for _ in range(rounds):
            whole.append(await cpu_us(lambda n: orders.get(customer, ids[n % 100]), 5000))
            before = time.process_time()
            for _ in range(5000):
                engine.call("GetItem", request)
            inside.append((time.process_time() - before) / 5000 * 1e6)
    return spread(whole), spread(inside)


def small_item(number: int) -> dict[str, Any]:
    return {
        "customer_id": {"S": f"customer-{number % 5000}"},
        "order_id": {"S": f"order-{number:09d}"},
        "status": {"S": "open"},
        "total": {"N": str(number)},
    }


def resident_bytes() -> int:
    """Bytes of memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def growth(items: int) -> dict[str, float]:
    """Costs of an item in a small and a large table, the large one's memory and scan speed."""
    figures: dict[str, float] = {}
    for count in (SMALL, items):
        gc.collect()
        before = resident_bytes()
        engine = Engine()
        engine.call("CreateTable", SCHEMA)
        requests = 20_000
        for number in range(count):
            engine.call("PutItem", {"TableName": TABLE, "Item": small_item(number)})
        held = resident_bytes() - before
        step = 7919
        for operation, member in (("GetItem", "Key"), ("PutItem", "Item")):
            began = time.process_time()
            for number in range(requests):
                item = small_item(number * step % count)
                content = small_key(item) if member == "Key" else item
                engine.call(operation, {"TableName": TABLE, member: content})
            spent = time.process_time() - began
            figures[f"{operation} of {count:,}, us"] = spent / requests * 1e6
        began = time.process_time()
        read = 0
        more: dict[str, Any] = {}
        while True:
            answer = engine.call("Scan", {"TableName": TABLE, **more})
            read += answer["Count"]
            if "LastEvaluatedKey" not in answer:
                break
            more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
        figures[f"scan of {count:,}, items a second"] = read / (time.process_time() - began)
        figures[f"memory of {count:,}, MB"] = held / 1e6
        del engine
    return figures


def small_key(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"customer_id": item["customer_id"], "order_id": item["order_id"]}


def main() -> None:
    parser = argparse.ArgumentParser(description="The engine beside moto.")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--items", type=int, default=GROWN, help="how many the large table holds")
    parser.add_argument("--json", type=Path, help="where to write the samples")
    arguments = parser.parse_args()
    samples = asyncio.run(beside_moto(arguments.rounds))
    print("CPU microseconds of one request, median (least to most)")
    for name, own in samples.items():
        share = ratio(own["memory"], own["moto"])
        print(
            f"  {name:14} engine {spread(own['memory']).cell(1):>26}  moto"
            f" {spread(own['moto']).cell(0):>22}  {1 / share.median:6.0f} times faster,"
            f" aim {1 / AIMS[name]:.0f}"
        )
    whole, inside = asyncio.run(typed_get(arguments.rounds))
    print(f"a typed get: {whole.cell(1)} us, aim 60; the engine alone: {inside.cell(1)} us, aim 20")
    grown = growth(arguments.items)
    for name, figure in grown.items():
        print(f"  {name:42}{figure:14,.1f}")
    if arguments.json:
        content = {"requests": samples, "get": [whole, inside], "growth": grown}
        arguments.json.write_text(json.dumps(content, indent=1))


if __name__ == "__main__":
    main()
