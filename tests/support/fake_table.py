"""A real table behind the loopback server, so that a test can tell what was stored from what was
answered.

    table = FakeTable()
    await table.open({"TableName": "orders", ...})          # CreateTable's parameters
    async with LoopbackServer(table) as server: ...
    assert table.writes == ["PutItem"]                      # what was applied, whatever became of
    the answers assert table.item("orders", {"pk": {"S": "c1"}}) == {...}

It is the memory database behind the server's handler. A transaction whose token was applied before
is not counted again.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

from adorm.dynamodb.values import AttributeMap
from adorm.errors import ConditionalCheckFailed, ServiceError, TransactionCanceled
from adorm.memory.engine import Engine
from adorm.transport.memory import MemoryTransport
from tests.support.loopback import Body, ServiceFault

ResultT = TypeVar("ResultT")

WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"})


class FakeTable:
    """A handler for `LoopbackServer`: `table(operation, body)` gives the answer's dict or a
    `ServiceFault`."""

    def __init__(self) -> None:
        self.writes: list[str] = []
        """The write operations that were applied, in order."""
        self._memory = MemoryTransport(Engine())
        self._applied: set[str] = set()

    async def open(self, *tables: Body) -> None:
        """Make the database and its tables, given as CreateTable's parameters."""
        await self._memory.open()
        for parameters in tables:
            await self._memory.send("CreateTable", parameters)

    async def close(self) -> None:
        await self._memory.close()

    def __call__(self, operation: str, body: Body) -> Body | ServiceFault:
        try:
            answer = _at_once(self._memory.send(operation, body))
        except ServiceError as error:
            return _fault(error)
        token = body.get("ClientRequestToken")
        if operation in WRITES and token not in self._applied:
            self.writes.append(operation)
        if token is not None:
            self._applied.add(token)
        return answer

    def item(self, table: str, key: AttributeMap) -> AttributeMap | None:
        """The item as it is stored, None if there is none."""
        answer = self("GetItem", {"TableName": table, "Key": key, "ConsistentRead": True})
        if isinstance(answer, ServiceFault):
            raise LookupError(f"{answer.code}: {answer.message}")
        return answer.get("Item")


def _at_once(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Run what only gives way to the loop, without giving way: the server's handlers are plain
    functions."""
    try:
        while True:
            work.send(None)
    except StopIteration as done:
        result: ResultT = done.value
        return result


def _fault(error: ServiceError) -> ServiceFault:
    extra: dict[str, Any] = {}
    if isinstance(error, ConditionalCheckFailed) and error.attribute_map is not None:
        extra["Item"] = error.attribute_map
    if isinstance(error, TransactionCanceled):
        extra["CancellationReasons"] = [
            {
                "Code": reason.code or "None",
                **({} if reason.message is None else {"Message": reason.message}),
                **({} if reason.attribute_map is None else {"Item": reason.attribute_map}),
            }
            for reason in error.reasons
        ]
    return ServiceFault(error.code, error.detail, error.status or 400, extra)
