"""The clients that `fanout.py` compares, each in a process of its own.

    python bench/fanout_client.py bodies
    python bench/fanout_client.py adorm|aiobotocore|socket PORT

`bodies` writes what the stub server is to answer. A client reads lines, `scan` or `batch`, does that work once and writes the microseconds
of wall time and of its own CPU time that it took: `[215000.0, 80000.0]`. The bare socket makes as many requests in a row as one segment
has pages, or as one of the batch's sixteen lanes has chunks: what server and kernel make of the latency.
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
from typing import Any

from processes import own_environment

import adorm

REGION = "eu-central-1"
LATENCY_S = 0.005
SEGMENTS, PAGES, PAGE_ITEMS = 8, 40, 10
KEYS, CHUNK_KEYS, CONCURRENCY = 10_000, 100, 16
LANE_CHUNKS = -(-KEYS // CHUNK_KEYS // CONCURRENCY)
"""Chunks that one of the sixteen lanes sends one after the other, at most: 7."""

Work = Callable[[], Awaitable[Any]]


@adorm.model(table="things")
class Thing:
    thing_id: str = adorm.partition_key()
    name: str
    value: int


def make_thing(number: int) -> Thing:
    return Thing(thing_id=f"key-{number}", name="a name", value=number)


def make_bodies() -> dict[str, Any]:
    items = [adorm.to_attribute_map(make_thing(number)) for number in range(KEYS)]
    pages: list[str] = []
    for number in range(PAGES):
        page: dict[str, Any] = {"Count": PAGE_ITEMS, "Items": items[:PAGE_ITEMS], "ScannedCount": PAGE_ITEMS}
        if number < PAGES - 1:
            page["LastEvaluatedKey"] = {"thing_id": {"S": f"page-{number}"}}
        pages.append(encoded(page))
    by_key = {item["thing_id"]["S"]: encoded(item) for item in items}
    return {"Scan": {"pages": pages}, "BatchGetItem": {"items": by_key}, "latency_s": LATENCY_S}


def encoded(value: object) -> str:
    return base64.b64encode(json.dumps(value, separators=(",", ":")).encode()).decode()


@asynccontextmanager
async def by_adorm(port: int) -> AsyncGenerator[dict[str, Work], None]:
    async with adorm.connect(region=REGION, endpoint_url=f"http://127.0.0.1:{port}") as db:
        things = db.table(Thing)
        keys = [f"key-{number}" for number in range(KEYS)]

        async def scan() -> None:
            count = 0
            async with things.scan().segments(SEGMENTS).stream() as rows:
                async for _row in rows:
                    count += 1
            check(count, SEGMENTS * PAGES * PAGE_ITEMS)

        async def batch() -> None:
            got = await things.batch_get(keys).concurrency(CONCURRENCY)
            check(len(got.items), KEYS)
            check(got.items[-1].value, KEYS - 1)

        yield {"scan": scan, "batch": batch}


@asynccontextmanager
async def by_aiobotocore(port: int) -> AsyncGenerator[dict[str, Work], None]:
    from aiobotocore.config import AioConfig
    from aiobotocore.session import get_session

    session: Any = get_session()
    config = AioConfig(max_pool_connections=CONCURRENCY)
    async with session.create_client("dynamodb", region_name=REGION, endpoint_url=f"http://127.0.0.1:{port}", config=config) as client:

        async def segment(number: int) -> int:
            count, after = 0, dict[str, Any]()
            while True:
                page = await client.scan(TableName="things", Segment=number, TotalSegments=SEGMENTS, **after)
                count += len(page["Items"])
                if "LastEvaluatedKey" not in page:
                    return count
                after = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

        async def scan() -> None:
            check(sum(await asyncio.gather(*(segment(number) for number in range(SEGMENTS)))), SEGMENTS * PAGES * PAGE_ITEMS)

        async def batch() -> None:
            lanes = asyncio.Semaphore(CONCURRENCY)

            async def chunk(first: int) -> Any:
                keys = [{"thing_id": {"S": f"key-{number}"}} for number in range(first, first + CHUNK_KEYS)]
                async with lanes:
                    answer = await client.batch_get_item(RequestItems={"things": {"Keys": keys}})
                return answer["Responses"]["things"]

            chunks = await asyncio.gather(*(chunk(first) for first in range(0, KEYS, CHUNK_KEYS)))
            check(sum(map(len, chunks)), KEYS)

        yield {"scan": scan, "batch": batch}


@asynccontextmanager
async def by_socket(port: int) -> AsyncGenerator[dict[str, Work], None]:
    body = b"{}"
    head = f"POST / HTTP/1.1\r\nhost: localhost\r\nx-amz-target: DynamoDB_20120810.Scan\r\ncontent-length: {len(body)}\r\n\r\n"
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def in_a_row(requests: int) -> Work:
        async def work() -> None:
            for _ in range(requests):
                connection.sendall(head.encode() + body)
                connection.recv(1 << 20)

        return work

    yield {"scan": in_a_row(PAGES), "batch": in_a_row(LANE_CHUNKS)}
    connection.close()


def check(found: int, expected: int) -> None:
    if found != expected:
        raise RuntimeError(f"{found} instead of {expected}: the client read something else than what is stored")


CLIENTS: dict[str, Callable[[int], AbstractAsyncContextManager[dict[str, Work]]]] = {
    "adorm": by_adorm,
    "aiobotocore": by_aiobotocore,
    "socket": by_socket,
}


async def serve(name: str, port: int) -> None:
    async with CLIENTS[name](port) as works:
        for line in sys.stdin:  # the loop stands still meanwhile, and nothing is in flight
            work = works[line.strip()]
            gc.collect()  # every sample begins alike; from here on the collector runs as it does by default
            wall_s, cpu_s = time.perf_counter(), time.process_time()
            await work()
            cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
            print(json.dumps([wall_s * 1e6, cpu_s * 1e6]), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="A client for fanout.py.")
    parser.add_argument("what", choices=["bodies", *CLIENTS])
    parser.add_argument("port", type=int, nargs="?", default=0)
    arguments = parser.parse_args()
    own_environment()
    if arguments.what == "bodies":
        print(json.dumps(make_bodies()))
    else:
        asyncio.run(serve(arguments.what, arguments.port))


if __name__ == "__main__":
    main()
