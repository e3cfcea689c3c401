"""moto's `mock_aws` around the own wire is told apart from AWS."""

from __future__ import annotations

from typing import Literal

import pytest

pytest.importorskip("moto")

from moto import mock_aws

import adorm
from adorm.transport.credentials.credentials import Credentials
from adorm.transport.wire.endpoint import aws_endpoint, custom_endpoint
from adorm.transport.wire.mocks import is_aws, refuse_mock
from tests.support.loopback import LoopbackServer

pytestmark = pytest.mark.anyio


@adorm.model(table="orders")
class Order:
    order_id: str = adorm.partition_key()


class NeverAsked:
    async def load(self) -> Credentials:
        raise AssertionError("credentials were asked for")


async def test_under_mock_aws_nothing_is_sent_to_aws_and_the_error_names_memory() -> None:
    with mock_aws():
        async with adorm.connect(region="eu-central-1", credentials=NeverAsked()) as db:
            for call in (db.table(Order).get("o1"), db.call("ListTables", {})):
                with pytest.raises(
                    adorm.UsageError, match=r"moto's mock_aws is active.*connect\(\"memory\"\)"
                ):
                    await call


async def test_an_endpoint_of_ones_own_is_asked_all_the_same() -> None:
    with mock_aws():
        async with (
            LoopbackServer() as server,
            adorm.connect(endpoint_url=server.url, region="eu-central-1") as db,
        ):
            assert await db.table(Order).get_or_none("o1") is None


async def test_memory_and_moto_inside_the_process_go_on() -> None:
    with mock_aws():
        engines: tuple[Literal["memory", "moto"], ...] = ("memory", "moto")
        for where in engines:
            async with adorm.connect(where) as db:
                await db.ensure_table(Order)


def test_outside_of_the_mock_and_where_moto_lets_it_pass_nothing_is_refused() -> None:
    endpoint = aws_endpoint("eu-central-1")
    refuse_mock(endpoint)
    with mock_aws(config={"core": {"passthrough": {"services": ["dynamodb"]}}}):
        refuse_mock(endpoint)
    with mock_aws(), pytest.raises(adorm.UsageError):
        refuse_mock(endpoint)
    refuse_mock(endpoint)


def test_aws_is_known_by_its_hosts() -> None:
    assert is_aws(aws_endpoint("eu-central-1"))
    assert is_aws(aws_endpoint("cn-north-1", use_dualstack=True))
    assert is_aws(
        custom_endpoint("https://111122223333.ddb.eu-central-1.amazonaws.com", "eu-central-1")
    )
    assert not is_aws(custom_endpoint("http://localhost:8000", "eu-central-1"))
