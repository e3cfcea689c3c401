"""The whole life of a table on real engines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import anyio
import pytest

import adorm
from adorm.calls.calls import Calls
from adorm.errors import (
    ResourceNotFound,
    ServiceError,
    UsageError,
)
from adorm.memory.engine import Engine
from adorm.tables.descriptions import TableDescription, differences
from adorm.tables.options import Provisioned
from adorm.testing import LocalDynamoDB
from adorm.testing.clock import FakeClock
from adorm.transport.base import Answer, Request, WrappedTransport
from adorm.transport.credentials.credentials import Credentials
from adorm.transport.memory import MemoryTransport
from adorm.transport.wire.transport import WireTransport
from tests.support.scripted import lost
from tests.support.scripted_tables import (
    ORDER_REQUEST,
    Bare,
    CallsWithTables,
    Order,
    Session,
)

pytestmark = pytest.mark.anyio


class LosesAnswers(WrappedTransport):
    """A transport that applies the first request of some operations and then loses the answer."""

    def __init__(self, transport: MemoryTransport | WireTransport, *operations: str) -> None:
        super().__init__(transport)
        self._to_lose = set(operations)

    async def send(self, operation: str, request: Request, /, *_: object) -> Answer:
        answer = await self.inner.send(operation, request)
        if operation in self._to_lose:
            self._to_lose.remove(operation)
            raise lost()
        return answer


@pytest.fixture(params=["memory", "wire"])
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[MemoryTransport | WireTransport]:
    """An empty database of the test's own."""
    if request.param == "memory":
        transport: MemoryTransport | WireTransport = MemoryTransport(Engine())
    else:
        local: LocalDynamoDB = request.getfixturevalue("local_dynamodb")
        # Each access key id is an account of its own.
        credentials = Credentials(uuid4().hex[:20].upper(), "secret", None)
        transport = WireTransport(
            region="eu-central-1", endpoint_url=local.endpoint_url, credentials=credentials
        )
    await transport.open()
    try:
        yield transport
    finally:
        await transport.close()


async def test_the_whole_life_of_a_table(engine: MemoryTransport | WireTransport) -> None:
    calls = CallsWithTables(Calls(engine, clock=FakeClock()))
    created = await calls.create_table(Order)
    assert created.is_active
    assert (created.name, created.billing, created.item_count) == ("orders", "on_demand", 0)
    described_now = await calls.describe_table("orders")
    assert described_now == created
    assert differences(ORDER_REQUEST, described_now) == []
    assert await calls.ensure_table(Order) == created
    with pytest.raises(ServiceError, match="ensure_table") as refused:
        await calls.create_table(Order)
    assert refused.value.code == "ResourceInUseException"
    await calls.delete_table("orders")
    with pytest.raises(ResourceNotFound):
        await calls.describe_table("orders")
    with pytest.raises(ResourceNotFound):
        await calls.delete_table("orders")
    await calls.delete_table("orders", missing_ok=True)


async def test_an_engine_takes_provisioned_capacity(
    engine: MemoryTransport | WireTransport,
) -> None:
    calls = CallsWithTables(Calls(engine, clock=FakeClock()))
    billing = Provisioned(read_units=3, write_units=2)
    assert (await calls.create_table(Order, billing=billing)).billing == billing
    assert (await calls.ensure_table(Order)).billing == billing, "billing is not compared"


async def test_an_engine_expires_by_the_models_ttl(engine: MemoryTransport | WireTransport) -> None:
    calls = CallsWithTables(Calls(engine, clock=FakeClock()))
    await calls.create_table(Session)
    state = await calls.call("DescribeTimeToLive", {"TableName": "sessions"})
    assert state["TimeToLiveDescription"] == {"TimeToLiveStatus": "ENABLED", "AttributeName": "exp"}
    await calls.ensure_table(Session)

    await calls.create_table(Session, name="later", time_to_live=False)
    await calls.ensure_table(Session, name="later")
    state = await calls.call("DescribeTimeToLive", {"TableName": "later"})
    assert state["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"


async def test_an_engine_applies_each_step_once_though_every_answer_is_lost(
    engine: MemoryTransport | WireTransport,
) -> None:
    forgetful = LosesAnswers(engine, "CreateTable", "UpdateTimeToLive", "DeleteTable")
    calls = CallsWithTables(Calls(forgetful, clock=FakeClock()))
    assert (await calls.create_table(Session)).is_active
    state = await calls.call("DescribeTimeToLive", {"TableName": "sessions"})
    assert state["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"
    await calls.delete_table("sessions")
    with pytest.raises(ResourceNotFound):
        await calls.describe_table("sessions")


async def test_two_that_ensure_one_table_at_once_both_have_it(
    engine: MemoryTransport | WireTransport,
) -> None:
    calls = CallsWithTables(Calls(engine, clock=FakeClock()))
    found: list[TableDescription] = []

    async def ensure() -> None:
        found.append(await calls.ensure_table(Session))

    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(ensure)
    assert len(found) == 4
    assert all(description.is_active for description in found)


async def test_an_engines_table_of_another_shape_is_named(
    engine: MemoryTransport | WireTransport,
) -> None:
    calls = CallsWithTables(Calls(engine, clock=FakeClock()))
    await calls.create_table(Bare)
    with pytest.raises(
        UsageError, match=r"by-status is missing.*by-total is missing.*by-age is missing"
    ):
        await calls.ensure_table(Order)
    with pytest.raises(UsageError, match="the table's key is customer_id"):
        await calls.ensure_table(Session, name="orders")
    assert len((await calls.describe_table("orders")).indexes) == 0


async def test_the_calls_of_a_database_are_enough_of_a_connection() -> None:
    async with adorm.connect("memory") as db:
        assert (await db.create_table(Order)).is_active
        assert (await db.describe_table("orders")).name == "orders"
