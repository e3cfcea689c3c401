"""Middleware: what may change a request, when it runs, and what it can't break."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import anyio
import pytest
from anyio.lowlevel import checkpoint

import adorm
from adorm.calls.calls import Calls
from adorm.calls.details import CallDetails
from adorm.calls.hooks import CallHooks
from adorm.calls.middleware import Middleware
from adorm.errors import ConnectionFailed, DeadlineExceeded, UsageError
from adorm.testing import FakeClock
from adorm.transport.base import Request
from tests.support.scripted import Outcome, ScriptedTransport, lost, throttled

pytestmark = pytest.mark.anyio

GET = {"TableName": "orders", "Key": {"pk": {"S": "c1"}}}


def calls_with(
    *middleware: Middleware, outcomes: tuple[Outcome, ...] = (), hooks: tuple[CallHooks, ...] = ()
) -> tuple[Calls, ScriptedTransport]:
    transport = ScriptedTransport(outcomes)
    return Calls(transport, clock=FakeClock(), middleware=middleware, hooks=hooks), transport


def strongly(_operation: str, request: Request) -> Request:
    return {**request, "ConsistentRead": True}


async def test_it_gives_the_request_to_send() -> None:
    seen: list[CallDetails] = []
    calls, transport = calls_with(strongly, hooks=(CallHooks(before_call=seen.append),))
    await calls.call("GetItem", GET)
    assert transport.sent == [("GetItem", {**GET, "ConsistentRead": True})]
    assert "ConsistentRead" not in GET
    assert seen[0].request.consistent_read is True


async def test_it_runs_once_a_call_and_retries_send_what_it_gave() -> None:
    runs: list[str] = []

    def counting(operation: str, request: Request) -> Request:
        runs.append(operation)
        return {**request, "Limit": len(runs)}

    calls, transport = calls_with(counting, outcomes=(throttled(), throttled(), {}))
    await calls.call("Query", {"TableName": "orders"})
    assert runs == ["Query"]
    assert [request["Limit"] for _, request in transport.sent] == [1, 1, 1]


async def test_several_run_in_the_order_given_async_ones_too() -> None:
    async def later(_operation: str, request: Request) -> Request:
        await checkpoint()
        return {**request, "Limit": 2, "strongly": request["ConsistentRead"]}

    calls, transport = calls_with(strongly, later)
    await calls.call("GetItem", GET)
    assert transport.sent[0][1] == {**GET, "ConsistentRead": True, "Limit": 2, "strongly": True}


async def test_what_it_raises_goes_to_the_caller_and_nothing_is_sent_or_shown() -> None:
    seen: list[CallDetails] = []

    def guard(_operation: str, _request: Request) -> Request:
        raise PermissionError("another tenant's")

    calls, transport = calls_with(
        guard, hooks=(CallHooks(before_call=seen.append, after_call=seen.append),)
    )
    with pytest.raises(PermissionError, match="another tenant's"):
        await calls.call("GetItem", GET)
    assert (transport.sent, seen) == ([], [])


async def test_what_is_no_request_is_refused() -> None:
    def forgetful(_operation: str, _request: Request) -> None:
        return None

    calls, transport = calls_with(cast(Middleware, forgetful))
    with pytest.raises(
        UsageError, match="GetItem: a middleware gives the request to send, a dict, not NoneType"
    ):
        await calls.call("GetItem", GET)
    assert transport.sent == []


@pytest.mark.parametrize("changed", [False, True])
async def test_an_update_whose_expression_it_changes_is_not_repeated_after_a_lost_answer(
    changed: bool,
) -> None:
    def counting(_operation: str, request: Request) -> Request:
        return (
            {**request, "UpdateExpression": "ADD #n0 :v0"}
            if changed
            else {**request, "ReturnValues": "ALL_NEW"}
        )

    calls, transport = calls_with(counting, outcomes=(lost(), {}))
    update = {**GET, "UpdateExpression": "SET #n0 = :v0"}
    if changed:
        with pytest.raises(ConnectionFailed) as caught:
            await calls.call("UpdateItem", update, repeat="safe")
        assert caught.value.maybe_applied
    else:
        await calls.call("UpdateItem", update, repeat="safe")
    assert len(transport.sent) == (1 if changed else 2)


async def test_a_database_takes_them_by_connect() -> None:
    @adorm.model(table="notes")
    class Note:
        note_id: str = adorm.partition_key()
        tenant: str = "none"

    def stamped(operation: str, request: Request) -> Mapping[str, Any]:
        return (
            {**request, "Item": {**request["Item"], "tenant": {"S": "t1"}}}
            if operation == "PutItem"
            else request
        )

    async with adorm.connect("memory", middleware=[stamped]) as db:
        await db.create_table(Note, wait=False)
        await db.table(Note).create(Note(note_id="n1"))
        assert (await db.table(Note).get("n1")).tenant == "t1"


async def test_what_is_no_list_of_functions_is_refused() -> None:
    for wrong in (5, ["x"], strongly):
        with pytest.raises(
            UsageError, match=r"connect\(middleware=\.\.\.\) takes a list of functions"
        ):
            adorm.connect("memory", middleware=cast(Any, wrong))


async def test_one_that_does_not_end_is_bounded_by_the_deadline() -> None:
    async def endless(_operation: str, request: Request) -> Request:
        await anyio.sleep_forever()
        return request

    calls, transport = calls_with(endless)
    with pytest.raises(
        DeadlineExceeded,
        match=r"the deadline of 0\.01 s passed while a middleware ran, before anything was sent",
    ) as caught:
        async with adorm.deadline(0.01):
            await calls.call("PutItem", GET)
    assert not caught.value.maybe_applied
    assert transport.sent == []


async def test_a_timeout_of_its_own_is_its_own() -> None:
    async def fails(_operation: str, _request: Request) -> Request:
        await checkpoint()
        raise TimeoutError("of its own")

    calls, _ = calls_with(fails)
    with pytest.raises(TimeoutError, match="of its own"):
        async with adorm.deadline(5):
            await calls.call("PutItem", GET)
