"""Calls as OpenTelemetry metrics: durations, rows, retries, throttles, capacity, pools."""

from __future__ import annotations

import gc

import pytest

import adorm
from adorm.calls.calls import Calls
from adorm.errors import ConnectionFailed, Throttled
from adorm.retry import RetryPolicy
from adorm.telemetry.otel_signals import DURATION_BOUNDARIES_S
from adorm.testing import FakeClock
from adorm.transport.base import Answer
from adorm.transport.wire.transport import WireTransport
from tests.support.loopback import LoopbackServer, Silence
from tests.support.scripted import Outcome, ScriptedTransport, lost, throttled
from tests.support.tasks import tasks_alive
from tests.support.telemetry import Telemetry
from tests.support.wired import GET, KEY

pytestmark = pytest.mark.anyio

GET_ORDERS = {
    "db.system.name": "aws.dynamodb",
    "db.operation.name": "GetItem",
    "db.collection.name": "orders",
}
THROTTLED = "ProvisionedThroughputExceededException"


def calls_with(telemetry: Telemetry, *outcomes: Outcome, clock: FakeClock | None = None) -> Calls:
    return Calls(
        ScriptedTransport(outcomes),
        retry=RetryPolicy(jitter=0.0),
        clock=clock or FakeClock(),
        hooks=[telemetry.hooks],
    )


async def test_the_duration_of_a_call_is_in_seconds_waits_included() -> None:
    telemetry, clock = Telemetry(), FakeClock()

    async def slow() -> Answer:
        clock.advance(0.2)
        raise throttled()

    await calls_with(telemetry, slow, {}, clock=clock).call("GetItem", GET)
    ((attributes, (total, count, boundaries)),) = telemetry.points("db.client.operation.duration")
    assert attributes == GET_ORDERS
    assert (total, count) == (pytest.approx(0.25), 1)
    assert boundaries == DURATION_BOUNDARIES_S


async def test_failures_have_durations_of_their_own() -> None:
    telemetry = Telemetry()
    with pytest.raises(Throttled):
        await calls_with(telemetry, *[throttled() for _ in range(5)]).call("GetItem", GET)
    with pytest.raises(ConnectionFailed):
        await calls_with(telemetry, lost()).call("UpdateItem", GET, repeat="never")
    measured = [attributes for attributes, _ in telemetry.points("db.client.operation.duration")]
    assert measured == [
        {**GET_ORDERS, "error.type": THROTTLED, "db.response.status_code": THROTTLED},
        {**GET_ORDERS, "db.operation.name": "UpdateItem", "error.type": "ConnectionFailed"},
    ]


async def test_retries_and_throttles_are_counted() -> None:
    telemetry = Telemetry()
    calls = calls_with(telemetry, throttled(), lost(), {}, {})
    await calls.call("GetItem", GET)
    await calls.call("GetItem", GET)
    assert telemetry.points("adorm.client.retries") == [(GET_ORDERS, 2)]
    assert telemetry.points("adorm.client.throttles") == [
        ({**GET_ORDERS, "error.type": THROTTLED, "db.response.status_code": THROTTLED}, 1)
    ]


async def test_rows_and_capacity_are_what_answers_tell() -> None:
    telemetry = Telemetry()
    calls = calls_with(
        telemetry,
        {
            "Count": 3,
            "ScannedCount": 9,
            "ConsumedCapacity": {"TableName": "orders", "CapacityUnits": 1.5},
        },
        {
            "ConsumedCapacity": [
                {"TableName": "a", "CapacityUnits": 2},
                {"TableName": "b", "CapacityUnits": 4},
            ]
        },
    )
    await calls.call("Query", {"TableName": "orders"})
    await calls.call("BatchWriteItem", {"RequestItems": {"a": [{}], "b": [{}]}})
    ((rows, (total, count, _)),) = telemetry.points("db.client.response.returned_rows")
    assert (rows["db.operation.name"], total, count) == ("Query", 3, 1)
    consumed = {
        (attributes["db.collection.name"], attributes["adorm.capacity.kind"]): units
        for attributes, units in telemetry.points("adorm.client.consumed_capacity")
    }
    assert consumed == {("orders", "read"): 1.5, ("a", "write"): 2, ("b", "write"): 4}


async def test_the_pool_of_a_database_is_watched_while_it_is_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKID",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_REGION": "eu-central-1",
    }.items():
        monkeypatch.setenv(name, value)
    telemetry = Telemetry()
    async with LoopbackServer() as server:
        server.script("GetItem", Silence(), Silence())
        async with adorm.connect(
            endpoint_url=server.url, hooks=[telemetry.hooks], max_connections=1
        ) as db:
            assert telemetry.points("db.client.connection.count") == []
            await db.call("ListTables", {})
            pool = {"db.client.connection.pool.name": f"127.0.0.1:{server.port}"}

            def counted() -> dict[str, int]:
                return {
                    point["db.client.connection.state"]: count
                    for point, count in telemetry.points("db.client.connection.count")
                }

            assert counted() == {"used": 0, "idle": 1}
            assert telemetry.points("db.client.connection.max") == [(pool, 1)]

            async def look() -> None:
                await server.received(2)
                assert counted() == {"used": 1, "idle": 0}
                assert telemetry.points("db.client.connection.pending_requests") == [(pool, 1)]
                server.release()
                await server.received(3)
                server.release()

            await db.gather(db.call("GetItem", GET), db.call("GetItem", GET), look())
        assert counted() == {}
    assert tasks_alive() == set()


async def test_a_watched_database_can_be_forgotten() -> None:
    telemetry = Telemetry()
    async with LoopbackServer() as server:
        transport = WireTransport(
            region="eu-central-1", endpoint_url=server.url, credentials=KEY, environ={}
        )
        await transport.open()
        Calls(transport, hooks=[telemetry.hooks])
        assert len(telemetry.points("db.client.connection.max")) == 1
        del transport
        gc.collect()
        assert telemetry.points("db.client.connection.max") == []
