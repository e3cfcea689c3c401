"""The transport to the memory database: engines that are shared, closed and refused requests."""

from __future__ import annotations

import gc
import os
import socket
import subprocess
import sys
import weakref
from collections.abc import AsyncIterator
from typing import Any, NoReturn

import pytest

import adorm
from adorm.errors import (
    ConditionalCheckFailed,
    UsageError,
    ValidationFailed,
)
from adorm.memory.engine import Engine
from adorm.testing import FakeClock
from adorm.transport.memory import MemoryTransport
from tests.support.environment import LOOPS
from tests.support.notes import KEY, TABLE, adding, get, put

pytestmark = pytest.mark.anyio


@pytest.fixture(params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
async def memory() -> AsyncIterator[MemoryTransport]:
    transport = MemoryTransport(Engine())
    await transport.open()
    await transport.send("CreateTable", TABLE)
    yield transport
    await transport.close()


async def test_two_transports_to_one_engine_see_the_same_tables() -> None:
    engine = Engine()
    one, other = MemoryTransport(engine), MemoryTransport(engine)
    await one.send("CreateTable", TABLE)
    await put(one, n={"N": "1"})
    await one.close()
    assert (await get(other))["n"] == {"N": "1"}


async def test_connections_may_share_an_engine() -> None:
    engine = Engine()
    async with adorm.connect(engine) as one:
        await one.call("CreateTable", TABLE)
    async with adorm.connect(engine) as other:
        assert (await other.call("ListTables", {}))["TableNames"] == ["notes"]
    with pytest.raises(
        UsageError, match=r"connect\(an engine\) reaches nothing outside: take region away"
    ):
        adorm.connect(engine, region="eu-central-1")


async def test_a_request_stays_as_it_was(memory: MemoryTransport) -> None:
    item = {**KEY, "n": {"N": "1.0"}, "ns": {"NS": ["2", "1"]}, "m": {"M": {"b": {"B": b"x"}}}}
    request: dict[str, Any] = {
        "TableName": "notes",
        "Item": item,
        "ReturnValues": "ALL_OLD",
        "ConditionExpression": None,
    }
    await memory.send("PutItem", request)
    assert request == {
        "TableName": "notes",
        "Item": item,
        "ReturnValues": "ALL_OLD",
        "ConditionExpression": None,
    }
    assert item == {
        **KEY,
        "n": {"N": "1.0"},
        "ns": {"NS": ["2", "1"]},
        "m": {"M": {"b": {"B": b"x"}}},
    }


async def test_a_failed_condition_carries_the_item_that_stands(memory: MemoryTransport) -> None:
    await put(memory, n={"N": "1"})
    with pytest.raises(ConditionalCheckFailed) as caught:
        await memory.send(
            "PutItem",
            {
                "TableName": "notes",
                "Item": KEY,
                "ConditionExpression": "attribute_not_exists(pk)",
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            },
        )
    error = caught.value
    assert error.attribute_map == {"pk": {"S": "x"}, "sk": {"B": "AP8="}, "n": {"N": "1"}}
    assert (error.code, error.status, error.operation) == (
        "ConditionalCheckFailedException",
        400,
        "PutItem",
    )


async def test_what_is_refused_is_refused_as_on_the_wire(memory: MemoryTransport) -> None:
    with pytest.raises(ValidationFailed) as caught:
        await memory.send(
            "PutItem", {"TableName": "notes", "Item": {"pk": {"N": "1"}, "sk": {"B": b"x"}}}
        )
    assert caught.value.code == "ValidationException"
    assert "Type mismatch for key pk expected: S actual: N" in caught.value.message


async def test_an_operation_that_dynamodb_lacks_is_refused_by_name(memory: MemoryTransport) -> None:
    with pytest.raises(adorm.ServiceError, match="FlyToMoon") as caught:
        await memory.send("FlyToMoon", {})
    assert caught.value.code == "UnknownOperationException"


async def test_text_that_is_no_utf8_is_refused_and_nothing_of_it_is_kept(
    memory: MemoryTransport,
) -> None:
    with pytest.raises((UsageError, adorm.ServiceError)):
        await put(memory, note={"S": "\ud800"})
    assert (await memory.send("Scan", {"TableName": "notes"}))["Count"] == 0


async def test_no_socket_is_opened(
    memory: MemoryTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object) -> NoReturn:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    await put(memory)
    assert await get(memory)


async def test_a_closed_transport_refuses_and_frees_the_tables() -> None:
    engine = Engine()
    transport = MemoryTransport(engine)
    await transport.open()
    await transport.send("CreateTable", TABLE)
    kept = weakref.ref(engine)
    del engine
    await transport.close()
    await transport.close()
    gc.collect()
    assert kept() is None
    with pytest.raises(UsageError, match="the memory database is closed"):
        await get(transport)


async def test_the_engine_goes_by_the_connections_clock() -> None:
    clock = FakeClock()
    async with adorm.connect("memory", clock=clock) as db:
        await db.call("CreateTable", TABLE)
        await db.call("TransactWriteItems", adding("t"))
        clock.advance(599)
        await db.call("TransactWriteItems", adding("t"))
        with pytest.raises(ValidationFailed) as caught:
            await db.call("TransactWriteItems", adding("t", "2"))
        assert caught.value.code == "IdempotentParameterMismatchException"
        clock.advance(2)
        await db.call("TransactWriteItems", adding("t", "2"))
        assert (await db.call("GetItem", {"TableName": "notes", "Key": KEY}))["Item"]["n"] == {
            "N": "3"
        }


def test_the_module_loads_neither_botocore_nor_moto() -> None:
    code = (
        "import sys, adorm.transport.memory\n"
        "sys.exit(bool({'moto', 'boto3', 'botocore', 'aiohttp'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": "src"}, check=False
    )
    assert done.returncode == 0
