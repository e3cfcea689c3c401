from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import anyio
import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.session import Session as BotocoreSession

from adorm.errors import (
    ConditionalCheckFailed,
    ConnectionFailed,
    ItemExists,
    ResourceNotFound,
    ServiceError,
    Throttled,
    TransactionCanceled,
    UsageError,
)
from adorm.testing import LocalDynamoDB
from adorm.transport.client import ClientTransport
from tests.support.environment import LOOPS
from tests.support.loopback import Drop, LoopbackServer, Raw, Reply, ServiceFault, Silence, Step

pytestmark = pytest.mark.anyio

KEY: dict[str, Any] = {"TableName": "notes", "Key": {"pk": {"S": "x"}}}
ITEM: dict[str, Any] = {"TableName": "notes", "Item": {"pk": {"S": "x"}}}
SESSION = get_session()


@pytest.fixture(params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


@asynccontextmanager
async def client_at(
    endpoint_url: str,
    *,
    attempts: int = 1,
    key_id: str | None = "AKID",
    read_timeout_s: float = 5.0,
) -> AsyncGenerator[Any, None]:
    config = AioConfig(
        retries={"total_max_attempts": attempts, "mode": "standard"}
        if attempts > 1
        else {"total_max_attempts": 1},
        connect_timeout=5,
        read_timeout=read_timeout_s,
    )
    async with SESSION.create_client(
        "dynamodb",
        region_name="eu-central-1",
        endpoint_url=endpoint_url,
        aws_access_key_id=key_id,
        aws_secret_access_key=key_id and "secret",
        config=config,
    ) as client:
        yield client


@asynccontextmanager
async def scripted(operation: str, *steps: Step) -> AsyncGenerator[LoopbackServer, None]:
    """A server that takes these steps for the next calls of an operation, then answers `{}`."""
    async with LoopbackServer() as server:
        server.script(operation, *steps)
        yield server


async def failure(
    operation: str, request: dict[str, Any], *steps: Step, **options: Any
) -> Exception:
    """The error of one operation against a server with these steps."""
    async with scripted(operation, *steps) as server, client_at(server.url, **options) as client:
        with pytest.raises((ServiceError, ConnectionFailed, UsageError)) as caught:
            await ClientTransport(client).send(operation, request)
        return caught.value


async def test_an_item_comes_back_without_botocores_metadata_and_with_bytes() -> None:
    item = {"pk": {"S": "x"}, "n": {"N": "1.50"}, "b": {"B": "AP8="}}
    async with scripted("GetItem", {"Item": item}) as server:
        async with client_at(server.url) as client:
            got = await ClientTransport(client).send("GetItem", KEY)
        assert got == {"Item": {"pk": {"S": "x"}, "n": {"N": "1.50"}, "b": {"B": b"\x00\xff"}}}
        assert [(each.operation, each.body) for each in server.requests] == [("GetItem", KEY)]


async def test_an_absent_item_is_an_answer() -> None:
    async with LoopbackServer() as server, client_at(server.url) as client:
        assert await ClientTransport(client).send("GetItem", KEY) == {}


async def test_bytes_and_base64_text_are_the_same_request() -> None:
    async with LoopbackServer() as server, client_at(server.url) as client:
        transport = ClientTransport(client)
        await transport.send(
            "PutItem",
            {"TableName": "notes", "Item": {"pk": {"B": b"\x00\xff"}, "set": {"BS": (b"\x01",)}}},
        )
        await transport.send(
            "PutItem",
            {"TableName": "notes", "Item": {"pk": {"B": "AP8="}, "set": {"BS": ["AQ=="]}}},
        )
        first, second = server.requests
        assert first.body == second.body
        assert first.body["Item"] == {"pk": {"B": "AP8="}, "set": {"BS": ["AQ=="]}}


async def test_times_come_as_seconds_like_on_the_wire() -> None:
    table = {"TableName": "notes", "CreationDateTime": 1700000000.25}
    async with (
        scripted("DescribeTable", {"Table": table}) as server,
        client_at(server.url) as client,
    ):
        described = await ClientTransport(client).send("DescribeTable", {"TableName": "notes"})
    assert described["Table"]["CreationDateTime"] == 1700000000.25


async def test_a_failed_condition_carries_the_item_that_stands() -> None:
    error = await failure(
        "PutItem",
        ITEM,
        ServiceFault(
            "ConditionalCheckFailedException",
            extra={"Item": {"pk": {"S": "x"}, "b": {"B": "AP8="}}},
        ),
    )
    assert isinstance(error, ConditionalCheckFailed)
    assert error.attribute_map == {"pk": {"S": "x"}, "b": {"B": b"\x00\xff"}}
    assert (error.code, error.message, error.request_id, error.status) == (
        "ConditionalCheckFailedException",
        "so it is",
        "LOOPBACK",
        400,
    )
    assert error.operation == "PutItem"
    assert not error.retryable
    assert not error.maybe_applied
    assert not isinstance(error, ItemExists)


async def test_a_cancelled_transaction_tells_its_reasons() -> None:
    reasons = [
        {"Code": "None"},
        {"Code": "ConditionalCheckFailed", "Message": "no", "Item": {"pk": {"S": "x"}}},
    ]
    request = {"TransactItems": [{"Put": ITEM}, {"Put": ITEM}]}
    error = await failure(
        "TransactWriteItems",
        request,
        ServiceFault("TransactionCanceledException", extra={"CancellationReasons": reasons}),
    )
    assert isinstance(error, TransactionCanceled)
    assert [reason.code for reason in error.reasons] == [None, "ConditionalCheckFailed"]
    assert error.reasons[1].attribute_map == {"pk": {"S": "x"}}


async def test_a_throttle_is_one_and_may_be_retried() -> None:
    error = await failure("PutItem", ITEM, ServiceFault("ProvisionedThroughputExceededException"))
    assert isinstance(error, Throttled)
    assert error.retryable


@pytest.mark.parametrize(("status", "retryable"), [(500, True), (503, True), (413, False)])
async def test_an_error_page_is_a_service_error_by_its_status(status: int, retryable: bool) -> None:
    error = await failure("PutItem", ITEM, Reply(b"<html>Oh no</html>", status, crc="none"))
    assert isinstance(error, ServiceError)
    assert (error.code, error.status, error.retryable) == (str(status), status, retryable)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>Welcome to this hotel</html>",
        b'{"Item": {"pk": ',
        b"[]",
        b"null",
        b"",
        b"\xff\xfe",
        b'{"Itemz": 1}',
    ],
)
async def test_a_body_that_is_not_dynamodbs_is_no_answer(body: bytes) -> None:
    error = await failure("GetItem", KEY, Reply(body))
    assert isinstance(error, ConnectionFailed)
    assert error.maybe_applied


async def test_a_query_answer_without_its_count_is_no_answer() -> None:
    request = {
        "TableName": "notes",
        "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": {":p": {"S": "x"}},
    }
    error = await failure("Query", request, {"Items": []})
    assert isinstance(error, ConnectionFailed)
    assert "without Count" in str(error)


@pytest.mark.parametrize(
    "step",
    [
        Drop("request", reset=True),
        Drop("request"),
        Silence(),
        Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"),
        Raw(b"nonsense\r\n\r\n"),
    ],
)
async def test_a_lost_answer_leaves_the_writes_fate_open(step: Step) -> None:
    error = await failure("PutItem", ITEM, step, Drop("request"), read_timeout_s=0.3)
    assert isinstance(error, ConnectionFailed)
    assert error.maybe_applied
    assert error.operation == "PutItem"
    assert error.__cause__ is not None


def closed_endpoint() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


async def test_where_no_connection_came_about_nothing_was_applied() -> None:
    async with client_at(closed_endpoint()) as client:
        with pytest.raises(ConnectionFailed) as caught:
            await ClientTransport(client).send("PutItem", ITEM)
    assert not caught.value.maybe_applied


async def test_where_botocore_retries_the_failure_told_may_not_be_the_first() -> None:
    async with client_at(closed_endpoint(), attempts=2) as client:
        with pytest.raises(ConnectionFailed) as caught:
            await ClientTransport(client).send("PutItem", ITEM)
    assert caught.value.maybe_applied


async def test_a_refusal_after_botocores_own_retry_may_follow_a_write_that_was_applied() -> None:
    error = await failure(
        "PutItem",
        ITEM,
        Reply(b"{}", 500),
        ServiceFault("ConditionalCheckFailedException"),
        attempts=2,
    )
    assert isinstance(error, ConditionalCheckFailed)
    assert error.maybe_applied


async def test_what_botocore_refuses_is_the_callers_mistake_and_not_sent() -> None:
    async with LoopbackServer() as server, client_at(server.url) as client:
        with pytest.raises(UsageError, match="parameter Key") as caught:
            await ClientTransport(client).send("GetItem", {"TableName": "notes", "Key": "x"})
        assert type(caught.value.__cause__).__name__ == "ParamValidationError"
        assert server.requests == []


async def test_missing_credentials_are_named() -> None:
    error = await failure("GetItem", KEY, key_id=None)
    assert isinstance(error, UsageError)
    assert "credentials" in str(error)


async def test_an_operation_that_the_client_lacks_is_named() -> None:
    async with client_at("http://127.0.0.1:1") as client:
        with pytest.raises(UsageError, match="no method fly_to_moon"):
            await ClientTransport(client).send("FlyToMoon", {})


async def test_a_cancelled_call_leaves_the_client_usable() -> None:
    async with scripted("PutItem", Silence()) as server, client_at(server.url) as client:
        server.script("GetItem", {"Item": {"pk": {"S": "x"}}})
        transport = ClientTransport(client)
        async with anyio.create_task_group() as group:
            group.start_soon(transport.send, "PutItem", ITEM)
            await server.received(1)
            group.cancel_scope.cancel()
        assert await transport.send("GetItem", KEY) == {"Item": {"pk": {"S": "x"}}}


async def test_it_tells_where_it_sends_to_and_the_id_of_the_request_answered_last() -> None:
    async with LoopbackServer() as server, client_at(server.url) as client:
        transport = ClientTransport(client)
        assert transport.last_request_id() is None
        await transport.send("GetItem", KEY)
        assert transport.last_request_id() == "LOOPBACK"
        assert (transport.endpoint_url, transport.region) == (server.url, "eu-central-1")


async def test_closing_leaves_the_callers_client_open() -> None:
    async with LoopbackServer() as server, client_at(server.url) as client:
        transport = ClientTransport(client)
        await transport.open()
        await transport.close()
        await transport.close()
        assert (await client.get_item(**KEY))["ResponseMetadata"]["HTTPStatusCode"] == 200


async def test_only_an_entered_client_is_taken() -> None:
    blocking = BotocoreSession().create_client(
        "dynamodb",
        region_name="eu-central-1",
        aws_access_key_id="AKID",
        aws_secret_access_key="secret",
        endpoint_url="http://127.0.0.1:1",
    )
    with pytest.raises(UsageError, match="block the event loop"):
        ClientTransport(blocking)
    context: Any = SESSION.create_client("dynamodb", region_name="eu-central-1")
    with pytest.raises(UsageError, match="entered client"):
        ClientTransport(context)
    async with context as client:
        ClientTransport(client)
    with pytest.raises(UsageError, match=r"not builtins\.dict"):
        ClientTransport({})


class Table:
    table_name = "notes"

    async def get_item(self) -> None: ...


async def test_a_table_resource_is_refused_since_it_changes_the_values() -> None:
    with pytest.raises(UsageError, match="table resource"):
        ClientTransport(Table())


class Stub:
    """What a user's own test may hand in: no botocore behind it."""

    async def get_item(self, **_parameters: Any) -> dict[str, Any]:
        return {"Item": {"pk": {"S": "x"}}}


async def test_anything_with_a_clients_methods_will_do() -> None:
    assert await ClientTransport(Stub()).send("GetItem", KEY) == {"Item": {"pk": {"S": "x"}}}


async def test_an_item_lives_on_a_server(local_dynamodb: LocalDynamoDB) -> None:
    async with client_at(local_dynamodb.endpoint_url, key_id=uuid4().hex[:20]) as client:
        transport = ClientTransport(client)
        with pytest.raises(ResourceNotFound):
            await transport.send("GetItem", KEY)
        created = await transport.send(
            "CreateTable",
            {
                "TableName": "notes",
                "BillingMode": "PAY_PER_REQUEST",
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            },
        )
        assert isinstance(created["TableDescription"]["CreationDateTime"], float)
        item = {
            "pk": {"S": "x"},
            "n": {"N": "1"},
            "m": {"M": {"b": {"B": b"\x00\xff"}, "l": {"L": [{"NULL": True}, {"BOOL": False}]}}},
        }
        assert await transport.send("PutItem", {"TableName": "notes", "Item": item}) == {}
        assert await transport.send("GetItem", KEY) == {"Item": item}
        with pytest.raises(ConditionalCheckFailed) as caught:
            await transport.send(
                "PutItem",
                {
                    "TableName": "notes",
                    "Item": item,
                    "ConditionExpression": "attribute_not_exists(pk)",
                    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                },
            )
        assert caught.value.attribute_map == item


def test_the_module_loads_neither_botocore_nor_aiohttp() -> None:
    code = (
        "import sys, adorm.transport.client\n"
        "sys.exit(bool({'botocore', 'aiobotocore', 'aiohttp'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": "src"}, check=False
    )
    assert done.returncode == 0
