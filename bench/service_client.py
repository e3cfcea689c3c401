"""Many clients of an example service; some break a request off. `service_load.py` starts it.

    python bench/service_client.py PORT CLIENTS SECONDS REQUESTS SEED

Each client has a customer of its own, so that no answer but success is to be expected. It ends
after so many seconds, or so many requests of each client (0: no bound), and prints one line of
figures as JSON.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import sys
import time
from collections import Counter
from typing import Any

DISCONNECTS = 0.05
"""The share of requests whose client goes away."""

MOST_PATIENCE_S = 0.1
"""How long such a client waits at most after it has sent the request, or the part of it that it
sends."""

ORDER = {
    "lines": [
        {"sku": "tea", "quantity": 2, "price": "4.50"},
        {"sku": "cup", "quantity": 1, "price": "8"},
    ]
}


class Load:
    """The figures of all clients."""

    def __init__(self, port: int, seconds: float, requests: int, seed: int) -> None:
        self.port = port
        self.until_s = time.monotonic() + seconds if seconds else float("inf")
        self.requests = requests
        self.seed = seed
        self.answered: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.disconnects: Counter[str] = Counter()
        self.latencies_s: list[float] = []


class Client:
    def __init__(self, load: Load, number: int) -> None:
        self.load = load
        self.random = random.Random(f"{load.seed}/{number}")
        self.customer = f"c{load.seed}-{number}"
        self.open: list[str] = []
        """Ids of orders that are stored and not yet paid."""
        self.cursor: str | None = None
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def run(self) -> None:
        done = 0
        while time.monotonic() < self.load.until_s and (
            not self.load.requests or done < self.load.requests
        ):
            done += 1
            await self.step()
        self.leave()

    async def step(self) -> None:
        kinds = (
            ["create", "list", "search"]
            if not self.open
            else ["create", "get", "get", "get", "list", "list", "search", "pay"]
        )
        kind = self.random.choice(kinds)
        orders = f"/customers/{self.customer}/orders"
        body: Any = None
        order_id = self.open.pop(self.random.randrange(len(self.open))) if kind == "pay" else ""
        match kind:
            case "create":
                target, body, expected = orders, ORDER, 201
            case "get":
                target, expected = f"{orders}/{self.random.choice(self.open)}", 200
            case "list":
                target, expected = (
                    f"{orders}?limit=5" + (f"&cursor={self.cursor}" if self.cursor else ""),
                    200,
                )
            case "pay":
                target, body, expected = f"{orders}/{order_id}/payment", {"version": 1}, 200
            case _:
                target, expected = "/orders?status=open&limit=5", 200
        request = request_bytes(target, body)
        try:
            if self.writer is None:
                self.reader, self.writer = await asyncio.open_connection(
                    "127.0.0.1", self.load.port
                )
            if self.random.random() < DISCONNECTS:
                await self.go_away(kind, request)
                return
            started_s = time.perf_counter()
            status, answer = await self.exchange(request)
            self.load.latencies_s.append(time.perf_counter() - started_s)
        except (OSError, EOFError) as error:
            self.load.errors[f"{kind}: {type(error).__name__}"] += 1
            self.leave()
            return
        if status != expected:
            self.load.errors[f"{kind}: {status} {answer.get('code', answer)}"[:200]] += 1
            return
        self.load.answered[kind] += 1
        if kind == "create":
            self.open.append(answer["order_id"])
        elif kind == "list":
            self.cursor = answer["cursor"]
            if answer["count"] > 5 or any(
                order["customer_id"] != self.customer for order in answer["items"]
            ):
                self.load.errors["list: not what was asked for"] += 1
        elif kind == "pay" and (answer["status"], answer["version"], answer["order_id"]) != (
            "paid",
            2,
            order_id,
        ):
            self.load.errors["pay: not what was asked for"] += 1

    async def exchange(self, request: bytes) -> tuple[int, Any]:
        reader, writer = self.reader, self.writer
        if reader is None or writer is None:
            raise EOFError
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        status = int(head.split(" ", 2)[1])
        length = next(
            int(line.partition(":")[2])
            for line in head.split("\r\n")
            if line.startswith("content-length:")
        )
        content = await reader.readexactly(length)
        if "connection: close" in head:
            self.leave()
        try:
            return status, json.loads(content)
        except ValueError:
            return status, {"code": content.decode()[:80]}

    async def go_away(self, kind: str, request: bytes) -> None:
        """Send the request, or a part of it, wait a moment, and reset the connection."""
        if self.writer is not None:
            whole = self.random.random() < 0.8
            self.writer.write(
                request if whole else request[: self.random.randrange(1, len(request))]
            )
            await asyncio.sleep(self.random.random() * MOST_PATIENCE_S)
        self.load.disconnects[kind] += 1
        self.leave()

    def leave(self) -> None:
        if self.writer is not None:
            self.writer.transport.abort()
        self.reader = self.writer = None


def request_bytes(target: str, body: Any) -> bytes:
    if body is None:
        return f"GET {target} HTTP/1.1\r\nHost: test\r\n\r\n".encode()
    content = json.dumps(body).encode()
    head = (
        f"POST {target} HTTP/1.1\r\nHost: test\r\nContent-Type: "
        f"application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


async def main(port: int, clients: int, seconds: float, requests: int, seed: int) -> None:
    load = Load(port, seconds, requests, seed)
    started_s = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        for number in range(clients):
            tasks.create_task(Client(load, number).run())
    percentiles = statistics.quantiles(load.latencies_s, n=100, method="inclusive")
    print(
        json.dumps(
            {
                "seconds": round(time.monotonic() - started_s, 2),
                "requests": sum(load.answered.values())
                + sum(load.errors.values())
                + sum(load.disconnects.values()),
                "answered": dict(load.answered),
                "disconnects": dict(load.disconnects),
                "errors": dict(load.errors),
                "p50_ms": round(percentiles[49] * 1000, 1),
                "p99_ms": round(percentiles[98] * 1000, 1),
            }
        )
    )


if __name__ == "__main__":
    asyncio.run(
        main(
            int(sys.argv[1]),
            int(sys.argv[2]),
            float(sys.argv[3]),
            int(sys.argv[4]),
            int(sys.argv[5]),
        )
    )
