"""64 clients over HTTP, which break off 5 % of their requests at a random byte.

There are no other errors, no lost writes and no leaks. `ADORM_LOAD_SECONDS=30` makes the test
longer; `-s` shows the figures.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from pathlib import Path
from typing import Any

import anyio
import attrs
import pytest

from adorm.testing import LocalDynamoDB
from tests.support.raw_http import Client, RawAnswer, post

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(180)]

SECONDS = float(os.environ.get("ADORM_LOAD_SECONDS", "2"))
CLIENTS = 64
BROKEN_SHARE = 0.05
GROWTH_MB = 40.0
"""How much memory the server may take over what it had when every client had come once."""

TABLE: dict[str, Any] = {
    "TableName": "load",
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
}


@attrs.define
class Figures:
    answered: int = 0
    broken: int = 0
    wrong: list[object] = attrs.field(factory=list[object])
    sure: dict[str, int] = attrs.field(factory=dict[str, int])
    """Additions to each item that were answered."""
    perhaps: dict[str, int] = attrs.field(factory=dict[str, int])
    """Additions whose request was broken off."""


class Caller:
    """One client, on one connection after another."""

    def __init__(self, port: int, seed: int, figures: Figures) -> None:
        self._port = port
        self._chance = random.Random(seed)
        self._figures = figures
        self._client: Client | None = None
        self._name = f"own-{seed}"

    async def work(self, until_s: float) -> None:
        while time.monotonic() < until_s:
            await self._one()
        self.hang_up()

    async def _one(self) -> None:
        name = self._name if self._chance.random() < 0.7 else "shared"
        is_addition = self._chance.random() < 0.6
        data = self._addition(name) if is_addition else self._read(name)
        client = await self._connected()
        if self._chance.random() < BROKEN_SHARE:
            await self._break_off(client, data)
            self._figures.broken += 1
            if is_addition:
                self._figures.perhaps[name] = self._figures.perhaps.get(name, 0) + 1
            return
        try:
            await client.send(data)
            answer = await client.answer()
        except (OSError, EOFError) as error:
            self._figures.wrong.append(error)
            self.hang_up()
            return
        self._note(answer)
        if is_addition:
            self._figures.sure[name] = self._figures.sure.get(name, 0) + 1

    def _note(self, answer: RawAnswer) -> None:
        if answer.status == 200:
            self._figures.answered += 1
        else:
            self._figures.wrong.append(answer)

    async def _break_off(self, client: Client, data: bytes) -> None:
        """Leave in the middle of the request, or of the answer."""
        at = self._chance.randrange(2 * len(data))
        client.writer.write(data[:at])
        if at >= len(data) and self._chance.random() < 0.5:
            await client.reader.read(self._chance.randrange(1, 200))
        self.hang_up()

    async def _connected(self) -> Client:
        if self._client is None:
            self._client = Client(*await asyncio.open_connection("127.0.0.1", self._port))
        return self._client

    def hang_up(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.abort()

    @staticmethod
    def _addition(name: str) -> bytes:
        return post(
            "UpdateItem",
            {
                "TableName": "load",
                "Key": {"pk": {"S": name}},
                "UpdateExpression": "ADD n :one SET filling = :filling",
                "ExpressionAttributeValues": {":one": {"N": "1"}, ":filling": {"S": "x" * 2000}},
            },
        )

    def _read(self, name: str) -> bytes:
        if self._chance.random() < 0.1:
            return post("Scan", {"TableName": "load"})
        return post("GetItem", {"TableName": "load", "Key": {"pk": {"S": name}}})


def memory_mb(process_id: int) -> float:
    pages = int(Path(f"/proc/{process_id}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def files(process_id: int) -> int:
    return len(list(Path(f"/proc/{process_id}/fd").iterdir()))


async def ask(port: int, data: bytes) -> RawAnswer:
    client = Client(*await asyncio.open_connection("127.0.0.1", port))
    try:
        await client.send(data)
        return await client.answer()
    finally:
        client.abort()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
async def test_random_disconnects_make_no_error_lose_nothing_and_leak_nothing() -> None:
    async with LocalDynamoDB(process=True) as local:
        port = int(local.endpoint_url.rpartition(":")[2])
        running: Any = local._running
        process_id = int(running._child.pid)
        at_rest = files(process_id)
        assert (await ask(port, post("CreateTable", TABLE))).status == 200
        figures = Figures()

        async def load(seconds: float, seed: int) -> None:
            until_s = time.monotonic() + seconds
            async with anyio.create_task_group() as group:
                for number in range(CLIENTS):
                    caller = Caller(port, seed + number, figures)
                    group.start_soon(caller.work, until_s)

        async def settled(at_most: int) -> int:
            """How many files the server has open beside the connection that asks here."""
            client = Client(*await asyncio.open_connection("127.0.0.1", port))
            try:
                with anyio.move_on_after(10):
                    while files(process_id) - 1 > at_most:
                        await client.send(post("ListTables"))
                        await client.answer()
                return files(process_id) - 1
            finally:
                client.abort()

        await load(0.5, 0)
        files_before = await settled(at_rest)
        memory_before = memory_mb(process_id)
        await load(SECONDS, 1000)
        files_after = await settled(files_before)
        memory_after = memory_mb(process_id)
        counts = {
            item["pk"]["S"]: int(item["n"]["N"])
            for item in (await ask(port, post("Scan", {"TableName": "load"}))).content["Items"]
        }
    lost = {
        name: (sure, counts.get(name, 0))
        for name, sure in figures.sure.items()
        if not sure <= counts.get(name, 0) <= sure + figures.perhaps.get(name, 0)
    }
    sys.stdout.write(
        f"{figures.answered} answered, {figures.broken} broken off, {len(figures.wrong)} wrong,"
        f" {len(lost)} items wrong; files {files_before} -> {files_after},"
        f" memory {memory_before:.1f} -> {memory_after:.1f} MB\n"
    )
    assert figures.wrong == []
    assert lost == {}
    assert figures.answered > 100 * SECONDS
    assert figures.broken > 0
    assert files_after <= files_before
    assert memory_after - memory_before < GROWTH_MB
