"""What holds for every engine inside the process: the memory database and moto."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import pytest

from adorm.errors import ResourceNotFound, TransactionCanceled
from adorm.memory.engine import Engine
from adorm.transport.base import Transport
from adorm.transport.memory import MemoryTransport
from adorm.transport.moto.transport import MotoTransport
from tests.support.environment import LOOPS
from tests.support.notes import KEY, TABLE, get, put

pytestmark = pytest.mark.anyio

NewEngine = Callable[[], Transport]


def memory() -> Transport:
    return MemoryTransport(Engine())


def moto() -> Transport:
    pytest.importorskip("moto", reason="moto is an extra")
    return MotoTransport()


@pytest.fixture(params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(params=[memory, moto])
def new_engine(request: pytest.FixtureRequest) -> NewEngine:
    make: NewEngine = request.param
    return make


@pytest.fixture
async def engine(new_engine: NewEngine) -> AsyncIterator[Transport]:
    transport = new_engine()
    await transport.open()
    await transport.send("CreateTable", TABLE)
    yield transport
    await transport.close()


async def test_every_type_comes_back_as_the_wires_json_has_it(engine: Transport) -> None:
    await put(
        engine,
        n={"N": "1.50"},
        flag={"BOOL": False},
        nothing={"NULL": True},
        ss={"SS": ["a", "b"]},
        ns={"NS": ["1", "2"]},
        bs={"BS": [b"\x01"]},
        m={"M": {"l": {"L": [{"B": b"x"}, {"S": ""}]}}},
    )
    number = "1.5" if isinstance(engine, MemoryTransport) else "1.50"  # moto keeps what was sent
    assert await get(engine) == {
        "pk": {"S": "x"},
        "sk": {"B": "AP8="},
        "n": {"N": number},
        "flag": {"BOOL": False},
        "nothing": {"NULL": True},
        "ss": {"SS": ["a", "b"]},
        "ns": {"NS": ["1", "2"]},
        "bs": {"BS": ["AQ=="]},
        "m": {"M": {"l": {"L": [{"B": "eA=="}, {"S": ""}]}}},
    }


async def test_a_key_may_come_back_in_base64_as_it_was_sent_out(engine: Transport) -> None:
    for number in range(3):
        await engine.send(
            "PutItem",
            {"TableName": "notes", "Item": {"pk": {"S": "x"}, "sk": {"B": bytes([number])}}},
        )
    request: dict[str, Any] = {
        "TableName": "notes",
        "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": {":p": {"S": "x"}},
        "Limit": 2,
    }
    first = await engine.send("Query", request)
    assert first["LastEvaluatedKey"] == {"pk": {"S": "x"}, "sk": {"B": "AQ=="}}
    rest = await engine.send("Query", {**request, "ExclusiveStartKey": first["LastEvaluatedKey"]})
    assert [item["sk"] for item in first["Items"] + rest["Items"]] == [
        {"B": "AA=="},
        {"B": "AQ=="},
        {"B": "Ag=="},
    ]


async def test_two_databases_know_nothing_of_each_other(
    engine: Transport, new_engine: NewEngine
) -> None:
    other = new_engine()
    await other.open()
    with pytest.raises(ResourceNotFound):
        await put(other)
    await other.send("CreateTable", TABLE)
    await put(engine)
    assert await get(other) == {}


async def test_an_answer_shares_nothing_with_what_is_stored(engine: Transport) -> None:
    request: dict[str, Any] = {"TableName": "notes", "Item": {**KEY, "l": {"L": [{"S": "a"}]}}}
    await engine.send("PutItem", request)
    request["Item"]["l"]["L"].append({"S": "from the request"})
    read = await get(engine)
    read["l"]["L"].append({"S": "from the answer"})
    assert (await get(engine))["l"] == {"L": [{"S": "a"}]}


async def test_a_cancelled_transaction_tells_its_reasons_and_applies_nothing(
    engine: Transport,
) -> None:
    check = {
        "TableName": "notes",
        "Key": {"pk": {"S": "y"}, "sk": {"B": b"y"}},
        "ConditionExpression": "attribute_exists(pk)",
    }
    request = {
        "ClientRequestToken": "t1",
        "TransactItems": [{"Put": {"TableName": "notes", "Item": KEY}}, {"ConditionCheck": check}],
    }
    with pytest.raises(TransactionCanceled) as caught:
        await engine.send("TransactWriteItems", request)
    assert [reason.code for reason in caught.value.reasons] == [None, "ConditionalCheckFailed"]
    assert await get(engine) == {}


async def test_a_cancelled_write_is_not_made(engine: Transport) -> None:
    with anyio.CancelScope() as scope:
        scope.cancel()
        await put(engine)
    assert scope.cancelled_caught
    assert await get(engine) == {}


async def test_others_run_while_a_call_is_made(engine: Transport) -> None:
    order: list[str] = []

    async def other() -> None:
        order.append("other")

    async with anyio.create_task_group() as group:
        group.start_soon(other)
        await put(engine)
        order.append("call")
    assert order == ["other", "call"]
