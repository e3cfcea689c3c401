"""The reader of an answer's bytes is asked only once the answer is known to be whole and good."""

from __future__ import annotations

from typing import Any

import pytest

from adorm.calls.calls import Calls
from adorm.calls.capacity import CAPACITY_REPORT, collect_capacity
from adorm.errors import ConnectionFailed, ServiceError
from adorm.transport.base import Answer
from tests.support.loopback import NOT_AN_OBJECT, WRONG_CRC, LoopbackServer, ServiceFault
from tests.support.scripted import ScriptedTransport
from tests.support.wired import opened

pytestmark = pytest.mark.anyio

QUERY: dict[str, Any] = {"TableName": "orders"}


async def test_the_wire_asks_it_about_good_answers_only() -> None:
    asked: list[bytes] = []

    def parse(body: bytes) -> Answer | None:
        asked.append(body)
        return {"parsed": len(asked)} if len(asked) == 1 else None

    async with (
        LoopbackServer(lambda _operation, _body: {"Items": []}) as server,
        opened(server) as transport,
    ):
        server.script("Query", WRONG_CRC, ServiceFault("InternalServerError"))
        with pytest.raises(ConnectionFailed, match="CRC32"):
            await transport.send("Query", QUERY, parse)
        with pytest.raises(ServiceError, match="InternalServerError"):
            await transport.send("Query", QUERY, parse)
        assert asked == []
        assert await transport.send("Query", QUERY, parse) == {"parsed": 1}
        assert [type(body) for body in asked] == [bytes]
        assert await transport.send("Query", QUERY, parse) == {"Items": []}
        assert await transport.send("Query", QUERY) == {"Items": []}
        assert len(asked) == 2
        server.script("Query", NOT_AN_OBJECT)
        with pytest.raises(ConnectionFailed, match="not an object"):
            await transport.send("Query", QUERY, parse)
        assert [received.body for received in server.requests] == [server.requests[0].body] * len(
            server.requests
        )


async def test_a_call_that_asks_for_capacity_hands_its_reader_on_and_a_changed_request_none() -> (
    None
):
    def read(_body: bytes) -> Answer | None:
        return None

    transport = ScriptedTransport()
    async with collect_capacity():
        await Calls(transport).call("Query", QUERY, read=read)
    assert transport.sent == [("Query", {**QUERY, "ReturnConsumedCapacity": CAPACITY_REPORT})]
    same = Calls(transport, middleware=[lambda _, request: request])
    await same.call("Query", QUERY, read=read)
    other = Calls(transport, middleware=[lambda _, request: {**request, "Limit": 1}])
    await other.call("Query", QUERY, read=read)
    assert transport.readers == [read, read, None]
