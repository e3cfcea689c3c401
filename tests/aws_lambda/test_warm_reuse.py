"""Connections and credentials over the time that Lambda has the process frozen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

import adorm
from adorm.testing import FakeClock
from adorm.transport.credentials.credentials import Credentials
from tests.support.fake_lambda import FakeContext, ServerInThread
from tests.support.loopback import Drop, Silence


@adorm.model(table="orders")
class Order:
    order_id: str = adorm.partition_key()
    total: int = 0


stored: dict[str, Any] = {}


def table(operation: str, body: dict[str, Any]) -> dict[str, Any]:
    if operation == "PutItem":
        stored[body["Item"]["order_id"]["S"]] = body["Item"]
        return {}
    item = stored.get(body["Key"]["order_id"]["S"])
    return {} if item is None else {"Item": item}


@pytest.fixture
def server() -> Iterator[ServerInThread]:
    stored.clear()
    with ServerInThread(table) as server:
        yield server


async def put(event: str, context: object, db: adorm.Database) -> int:
    await db.table(Order).put(Order(order_id=event))
    return len(stored)


def test_one_connection_serves_many_invocations(server: ServerInThread) -> None:
    handler = adorm.lambda_handler(connect=server.connect)(put)
    for number in range(5):
        assert handler(f"o{number}", FakeContext(2000)) == number + 1
    assert server.server.connections == 1
    handler.close()


def test_connections_that_the_server_closed_meanwhile_fail_no_write_and_double_none(
    server: ServerInThread,
) -> None:
    handler = adorm.lambda_handler(
        connect=lambda: server.connect(retry=adorm.RetryPolicy(max_attempts=1))
    )(put)
    for number in range(5):
        handler(f"o{number}", FakeContext(2000))
        server.close_idle()
    assert server.server.operations == ["PutItem"] * 5
    assert server.server.connections == 5
    handler.close()


def test_after_hours_with_a_loop_clock_that_stood_still_idle_connections_are_not_trusted(
    server: ServerInThread,
) -> None:
    clock = FakeClock()
    handler = adorm.lambda_handler(connect=lambda: server.connect(clock=clock))(put)
    handler("o1", None)
    clock.advance(10)
    handler("o2", None)
    assert server.server.connections == 1
    clock.advance(3 * 3600)
    handler("o3", None)
    assert server.server.connections == 2
    handler.close()


def test_a_clock_that_was_set_back_counts_as_a_long_time(server: ServerInThread) -> None:
    clock = FakeClock()
    handler = adorm.lambda_handler(connect=lambda: server.connect(clock=clock))(put)
    handler("o1", None)
    clock._now -= timedelta(hours=1)
    handler("o2", None)
    assert server.server.connections == 2
    handler.close()


def test_credentials_that_expired_while_frozen_are_fetched_anew(server: ServerInThread) -> None:
    clock = FakeClock()
    loads: list[str] = []

    class Expiring:
        async def load(self) -> Credentials:
            loads.append("load")
            return Credentials(
                f"AK{len(loads)}", "secret", "token", clock.now() + timedelta(hours=6)
            )

    handler = adorm.lambda_handler(
        connect=lambda: server.connect(clock=clock, credentials=Expiring())
    )(put)
    handler("o1", None)
    handler("o2", None)
    clock.advance(7 * 3600)
    handler("o3", None)
    used = [
        request.headers["authorization"].split("/")[0][-3:] for request in server.server.requests
    ]
    assert used == ["AK1", "AK1", "AK2"]
    handler.close()


def test_a_connection_lost_in_an_invocation_is_retried_in_it(server: ServerInThread) -> None:
    handler = adorm.lambda_handler(connect=server.connect)(put)
    handler("o1", None)
    server.call(lambda: server.server.script("PutItem", Drop("headers")))
    handler("o2", FakeContext(5000))
    assert sorted(stored) == ["o1", "o2"]
    handler.close()


def test_the_deadline_of_lambda_bounds_calls_and_says_which(server: ServerInThread) -> None:
    server.call(lambda: server.server.script("PutItem", Silence()))
    handler = adorm.lambda_handler(connect=server.connect, reserve_ms=300)(put)
    with pytest.raises(
        adorm.DeadlineExceeded, match="PutItem on Order o1: the deadline passed during attempt 1"
    ) as caught:
        handler("o1", FakeContext(650))
    assert caught.value.maybe_applied
    handler("o2", FakeContext(2000))
    assert sorted(stored) == ["o2"]
    handler.close()
