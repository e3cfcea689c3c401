"""One library at work, in a process of its own, so that its memory is measured alone.

    python bench/client.py PEER URL [--loop asyncio|uvloop]

It checks first that it reads what is stored and sends what is meant. Then it reads lines of JSON,
`["get", 16, 320]`: make 320 gets by 16 tasks. For each it writes the mean of a call in
microseconds, of wall time and of the CPU time of all of this process's threads: `[34.1, 33.9]`; for
a work that the library does not have `null`.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import json
import sys
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import orders
from peers.base import Peer

SENT = {"put": "PutItem", "update": "UpdateItem"}


async def measure(peer: Peer, work: str, tasks: int, repeats: int) -> tuple[float, float] | None:
    run = runner(peer, work, tasks, repeats)
    if run is None:
        return None
    gc.collect()  # every sample begins alike; from here on the collector runs as it does by default
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    await run()
    cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
    return wall_s / repeats * 1e6, cpu_s / repeats * 1e6


def runner(
    peer: Peer, work: str, tasks: int, repeats: int
) -> Callable[[], Awaitable[object]] | None:
    """A function that does a work a given number of times."""
    each = repeats // tasks
    call = peer.calls.get(work)
    if call is not None:

        async def lane() -> None:
            for _ in range(each):
                await call()

        async def lanes() -> None:
            await asyncio.gather(*(lane() for _ in range(tasks)))

        return lane if tasks == 1 else lanes
    sync_call = peer.sync_calls.get(work) or peer.codec.get(work)
    if sync_call is None:
        return None

    def sync_lane(_: int = 0) -> None:
        for _ in range(each):
            sync_call()

    async def sync_lanes() -> None:
        if tasks == 1:
            sync_lane()
        else:
            with ThreadPoolExecutor(tasks) as pool:
                list(pool.map(sync_lane, range(tasks)))

    return sync_lanes


async def check(peer: Peer, url: str) -> None:
    """Check that each work reads what is stored and sends what is meant."""

    async def result(work: str) -> Any:
        if work in peer.calls:
            return await peer.calls[work]()
        sync_call = peer.sync_calls.get(work) or peer.codec.get(work)
        return None if sync_call is None else sync_call()

    for work, count in (
        ("get", 1),
        ("decode", 1),
        ("page", orders.PAGE_ITEMS),
        ("batch", orders.BATCH_KEYS),
    ):
        found = await result(work)
        if found is None:
            continue
        items = [found] if count == 1 else list(found)
        if not peer.plain(items[0]):
            continue  # the peers that show a limit read nothing
        if len(items) != count:
            raise SystemExit(f"{work}: {len(items)} items instead of {count}")
        plain = sorted((peer.plain(item) for item in items), key=lambda each: str(each["order_id"]))
        for number, own in enumerate(plain):
            expected = orders.values(number)
            for name, value in own.items():
                if value != expected[name]:
                    raise SystemExit(
                        f"{work}: {name} of item {number} is {value!r}, not {expected[name]!r}"
                    )
    scanned = await result("scan")
    if (
        scanned is not None
        and scanned != orders.SEGMENTS * orders.SEGMENT_PAGES * orders.SCAN_PAGE_ITEMS
    ):
        raise SystemExit(f"scan: {scanned} items")
    for work, operation in SENT.items():
        if work in peer.calls or work in peer.sync_calls:
            await result(work)
            check_sent(work, operation, url)
    await result("transact")


def check_sent(work: str, operation: str, url: str) -> None:
    """A write must have sent every value of the order; how names are written differs between
    libraries."""
    sent = sent_last(operation, url)
    stored = sent["Item"] if work == "put" else sent["ExpressionAttributeValues"]
    found = [comparable(value) for value in stored.values()]
    for name, value in orders.item(0).items():
        if name == "placed_at" or (work == "update" and name not in orders.CHANGED):
            continue
        if comparable(value) not in found:
            raise SystemExit(f"{work}: {name} was not sent as {value}, but {stored}")


def comparable(value: Any) -> object:
    kind, own = next(iter(value.items()))
    if kind == "N":
        return float(own)
    if kind == "L":
        return sorted(each["S"] for each in own)  # pydynox sends a set of text as a list
    return sorted(own) if kind == "SS" else (kind, own)


def sent_last(operation: str, url: str) -> Any:
    import http.client
    import os
    import ssl

    parts = urlsplit(url)
    address = parts.hostname or "", parts.port
    connection = (
        http.client.HTTPConnection(*address)
        if parts.scheme == "http"
        else http.client.HTTPSConnection(
            *address, context=ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])
        )
    )
    connection.request(
        "POST",
        "/",
        json.dumps({"Operation": operation}),
        {"x-amz-target": "DynamoDB_20120810.Last"},
    )
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return answer


async def serve(name: str, url: str) -> None:
    module = importlib.import_module(f"peers.{name}")
    async with module.opened(url) as peer:
        await check(peer, url)
        print(json.dumps("ready"), flush=True)
        for line in sys.stdin:  # the loop stands still meanwhile, and nothing is in flight
            work, tasks, repeats = json.loads(line)
            print(json.dumps(await measure(peer, work, tasks, repeats)), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="A client of the benchmarks.")
    parser.add_argument("peer")
    parser.add_argument("url")
    parser.add_argument("--loop", choices=["asyncio", "uvloop"], default="asyncio")
    arguments = parser.parse_args()
    if arguments.loop == "uvloop":
        import uvloop

        uvloop.run(serve(arguments.peer, arguments.url))
    else:
        asyncio.run(serve(arguments.peer, arguments.url))


if __name__ == "__main__":
    main()
