"""A request that knows how to read its answer is asked only once the answer is known to be whole
and good."""

from __future__ import annotations

from typing import Any

import pytest

from adorm.calls.capacity import ASKED, asking_for_capacity
from adorm.errors import ConnectionFailed, ServiceError
from adorm.transport.base import Answer, ReadRequest
from tests.support.loopback import NOT_AN_OBJECT, WRONG_CRC, LoopbackServer, ServiceFault
from tests.support.wired import opened

pytestmark = pytest.mark.anyio

QUERY: dict[str, Any] = {"TableName": "orders"}


async def test_the_wire_asks_it_about_good_answers_only() -> None:
    asked: list[bytes] = []

    def parse(body: bytes) -> Answer | None:
        asked.append(body)
        return {"parsed": len(asked)} if len(asked) == 1 else None

    request = ReadRequest(QUERY, parse)
    async with (
        LoopbackServer(lambda _operation, _body: {"Items": []}) as server,
        opened(server) as transport,
    ):
        server.script("Query", WRONG_CRC, ServiceFault("InternalServerError"))
        with pytest.raises(ConnectionFailed, match="CRC32"):
            await transport.send("Query", request)
        with pytest.raises(ServiceError, match="InternalServerError"):
            await transport.send("Query", request)
        assert asked == []
        assert await transport.send("Query", request) == {"parsed": 1}
        assert [type(body) for body in asked] == [bytes]
        assert await transport.send("Query", request) == {"Items": []}
        assert await transport.send("Query", QUERY) == {"Items": []}
        assert len(asked) == 2
        server.script("Query", NOT_AN_OBJECT)
        with pytest.raises(ConnectionFailed, match="not an object"):
            await transport.send("Query", request)
        assert [received.body for received in server.requests] == [server.requests[0].body] * len(
            server.requests
        )


def test_it_is_the_dict_that_it_was_made_of_and_asks_for_capacity_as_one() -> None:
    request = ReadRequest(QUERY, lambda _: None)
    assert request == QUERY
    asking = asking_for_capacity("Query", request)
    assert asking == {**QUERY, "ReturnConsumedCapacity": ASKED}
    assert isinstance(asking, ReadRequest)
    assert asking.parse is request.parse
    assert type(asking_for_capacity("Query", QUERY)) is dict
