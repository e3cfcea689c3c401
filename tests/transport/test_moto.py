from __future__ import annotations

import gc
import logging
import os
import socket
import subprocess
import sys
import weakref
from collections.abc import AsyncIterator
from typing import Any, NoReturn

import pytest

pytest.importorskip("moto", reason="moto is an extra")

from moto.core.models import botocore_stubber
from moto.dynamodb.models import dynamodb_backends

from adorm.clock import use_clock
from adorm.errors import (
    ConditionalCheckFailed,
    ServiceError,
    TransactionCanceled,
    UsageError,
    ValidationFailed,
)
from adorm.testing import FakeClock
from adorm.transport.moto.transport import MotoTransport
from tests.support.environment import LOOPS
from tests.support.notes import KEY, TABLE, adding, get, put

pytestmark = pytest.mark.anyio


@pytest.fixture(params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
async def moto() -> AsyncIterator[MotoTransport]:
    transport = MotoTransport()
    await transport.open()
    await transport.send("CreateTable", TABLE)
    yield transport
    await transport.close()


async def test_a_failed_condition_carries_the_item_that_stands(moto: MotoTransport) -> None:
    await put(moto, n={"N": "1"})
    with pytest.raises(ConditionalCheckFailed) as caught:
        await moto.send(
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
    assert error.request_id


async def test_what_moto_refuses_is_refused_as_on_the_wire(moto: MotoTransport) -> None:
    with pytest.raises(ValidationFailed) as caught:
        await moto.send(
            "PutItem", {"TableName": "notes", "Item": {"pk": {"N": "1"}, "sk": {"B": b"x"}}}
        )
    assert caught.value.code == "ValidationException"
    assert "Type mismatch" in caught.value.message


async def test_a_python_error_inside_moto_is_told_as_one(moto: MotoTransport) -> None:
    with pytest.raises(
        ValidationFailed, match="moto failed on this request with KeyError"
    ) as caught:
        await moto.send("DescribeTable", {})
    assert isinstance(caught.value.__cause__, KeyError)
    assert await get(moto) == {}


@pytest.mark.parametrize("operation", ["FlyToMoon", "CallAction", "Dispatch"])
async def test_an_operation_that_moto_lacks_is_named(moto: MotoTransport, operation: str) -> None:
    with pytest.raises((UsageError, ServiceError), match=operation):
        await moto.send(operation, {})


async def test_no_socket_is_opened_and_nothing_of_moto_is_global(
    moto: MotoTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object) -> NoReturn:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    await put(moto)
    assert await get(moto)
    assert not botocore_stubber.enabled
    assert not dynamodb_backends


async def test_a_database_is_used_between_open_and_close() -> None:
    transport = MotoTransport()
    with pytest.raises(UsageError, match="not open yet"):
        await get(transport)
    await transport.open()
    await transport.send("CreateTable", TABLE)
    await transport.close()
    await transport.close()
    with pytest.raises(UsageError, match="moto database is closed"):
        await get(transport)


async def test_closing_frees_the_tables() -> None:
    transport = MotoTransport()
    await transport.open()
    await transport.send("CreateTable", TABLE)
    assert transport._new_handler is not None
    backend = weakref.ref(transport._new_handler().dynamodb_backend)
    await transport.close()
    gc.collect()
    assert backend() is None


async def test_without_moto_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "moto.dynamodb.models", None)
    with pytest.raises(UsageError, match=r'pip install "adorm\[moto\]"'):
        await MotoTransport().open()


def test_the_module_does_not_load_moto() -> None:
    code = (
        "import sys, adorm.transport.moto.transport\n"
        "sys.exit(bool({'moto', 'boto3', 'botocore'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": "src"}, check=False
    )
    assert done.returncode == 0


async def test_text_that_is_no_utf8_is_refused_and_nothing_of_it_is_kept(
    moto: MotoTransport,
) -> None:
    with pytest.raises(UsageError, match="PutItem: the request can't be written as JSON"):
        await put(moto, note={"S": "\ud800"})
    assert (await moto.send("Scan", {"TableName": "notes"}))["Count"] == 0


async def test_a_token_is_known_for_ten_minutes() -> None:
    clock = FakeClock()
    with use_clock(clock):
        transport = MotoTransport()
    await transport.open()
    await transport.send("CreateTable", TABLE)
    first = await transport.send("TransactWriteItems", adding("t"))
    clock.advance(599)
    assert await transport.send("TransactWriteItems", adding("t")) == first
    with pytest.raises(ValidationFailed) as caught:
        await transport.send("TransactWriteItems", adding("t", "2"))
    assert caught.value.code == "IdempotentParameterMismatchException"
    await transport.send("TransactWriteItems", adding("another"))
    assert (await get(transport))["n"] == {"N": "2"}
    clock.advance(1)
    await transport.send("TransactWriteItems", adding("t", "2"))
    assert (await get(transport))["n"] == {"N": "4"}
    await transport.close()


async def test_a_cancelled_transaction_may_be_sent_again_with_its_token(
    moto: MotoTransport,
) -> None:
    request: dict[str, Any] = {
        "ClientRequestToken": "t",
        "TransactItems": [
            {
                "Delete": {
                    "TableName": "notes",
                    "Key": KEY,
                    "ConditionExpression": "attribute_exists(pk)",
                }
            }
        ],
    }
    with pytest.raises(TransactionCanceled):
        await moto.send("TransactWriteItems", request)
    await put(moto)
    await moto.send("TransactWriteItems", request)
    assert await get(moto) == {}


async def test_an_update_of_nothing_makes_the_bare_item_on_its_condition(
    moto: MotoTransport,
) -> None:
    request = {"TableName": "notes", "Key": KEY}
    with pytest.raises(ConditionalCheckFailed):
        await moto.send("UpdateItem", {**request, "ConditionExpression": "attribute_exists(pk)"})
    assert await get(moto) == {}
    await moto.send("UpdateItem", request)
    assert await get(moto) == {"pk": {"S": "x"}, "sk": {"B": "AP8="}}
    await put(moto, n={"N": "1"})
    answer = await moto.send("UpdateItem", {**request, "ReturnValues": "ALL_NEW"})
    assert answer["Attributes"]["n"] == {"N": "1"}


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("size(a) > :v", {"text", "bytes"}),
        ("size (#a.#b) < :v OR size(#a) > :v", {"text", "bytes"}),
        ("size(a) <> :v", {"none", "bytes"}),
        ("NOT size(a) > :v", {"none"}),
        ("NOT (size(a) BETWEEN :v AND :w)", {"none"}),
        ("attribute_exists(pk) AND :v < size(a)", {"text", "bytes"}),
        ("size(a) IN (:v, :w)", {"text", "bytes"}),
        ("size(a) > size(lacking)", set[str]()),
    ],
)
async def test_what_has_no_size_is_no_match(
    moto: MotoTransport, condition: str, found: set[str]
) -> None:
    await moto.send(
        "PutItem", {"TableName": "notes", "Item": {"pk": {"S": "none"}, "sk": {"B": b"-"}}}
    )
    await moto.send(
        "PutItem",
        {"TableName": "notes", "Item": {"pk": {"S": "text"}, "sk": {"B": b"-"}, "a": {"S": "ab"}}},
    )
    await moto.send(
        "PutItem",
        {
            "TableName": "notes",
            "Item": {"pk": {"S": "bytes"}, "sk": {"B": b"-"}, "a": {"B": b"abc"}},
        },
    )
    low = "2" if "<> " in condition or "IN" in condition or "BETWEEN" in condition else "1"
    request: dict[str, Any] = {"TableName": "notes", "FilterExpression": condition}
    if ":v" in condition:
        request["ExpressionAttributeValues"] = {":v": {"N": low}, ":w": {"N": "3"}}
    if "#a" in condition:
        request["ExpressionAttributeNames"] = (
            {"#a": "a", "#b": "b"} if "#b" in condition else {"#a": "a"}
        )
    items = (await moto.send("Scan", request))["Items"]
    assert {item["pk"]["S"] for item in items} == found


@pytest.mark.parametrize("kind", ["S", "N", "B"])
async def test_segments_divide_a_table_by_its_partition_key(moto: MotoTransport, kind: str) -> None:
    await moto.send(
        "CreateTable",
        {
            "TableName": "divided",
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": "key", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "key", "AttributeType": kind}],
        },
    )
    for number in range(40):
        value = str(number).encode() if kind == "B" else str(number)
        await moto.send(
            "PutItem",
            {"TableName": "divided", "Item": {"key": {kind: value}, "n": {"N": str(number)}}},
        )
    numbers: list[str] = []
    for segment in range(4):
        request: dict[str, Any] = {
            "TableName": "divided",
            "Segment": segment,
            "TotalSegments": 4,
            "Limit": 3,
            "ProjectionExpression": "n",
        }
        count = 0
        while True:
            page = await moto.send("Scan", request)
            assert page["ScannedCount"] <= 3
            count += page["Count"]
            numbers += [item["n"]["N"] for item in page["Items"]]
            if "LastEvaluatedKey" not in page:
                break
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
        assert 0 < count < 40
        counted = await moto.send(
            "Scan",
            {"TableName": "divided", "Segment": segment, "TotalSegments": 4, "Select": "COUNT"},
        )
        assert counted["Count"] == count
    assert sorted(map(int, numbers)) == list(range(40))


async def test_updated_new_tells_what_if_not_exists_left(moto: MotoTransport) -> None:
    await put(moto, made={"N": "1"}, other={"N": "5"})
    request: dict[str, Any] = {
        "TableName": "notes",
        "Key": KEY,
        "UpdateExpression": "SET #made = if_not_exists(#made, :v), n = :v",
        "ExpressionAttributeNames": {"#made": "made"},
        "ExpressionAttributeValues": {":v": {"N": "2"}},
        "ReturnValues": "UPDATED_NEW",
    }
    assert (await moto.send("UpdateItem", request))["Attributes"] == {
        "made": {"N": "1"},
        "n": {"N": "2"},
    }


async def test_moto_says_nothing_in_a_debug_log(
    moto: MotoTransport, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await put(moto)
    assert not [
        record for record in caplog.records if record.name.partition(".")[0] in ("moto", "botocore")
    ]
    assert logging.getLogger("moto").level == logging.getLogger("botocore").level == logging.WARNING
