from __future__ import annotations

from types import MappingProxyType
from typing import Any

import anyio
import pytest

import adorm
from adorm.errors import UsageError
from adorm.testing import Faults, Recorder

pytestmark = pytest.mark.anyio


@adorm.model(table="notes")
class Note:
    note_id: str = adorm.partition_key()
    text: str = ""


async def test_every_request_is_written_down_as_it_was_sent() -> None:
    recorder = Recorder()
    async with adorm.connect("memory", wrap=recorder) as db:
        await db.create_table(Note, wait=False)
        recorder.clear()
        notes = db.table(Note)
        put = notes.put(Note(note_id="a", text="x"))
        await put
        await notes.get("a")
    assert recorder.operations == ["PutItem", "GetItem"]
    assert [(each.number, each.state, each.error, each.tables) for each in recorder.sent] == [
        (1, "answered", None, ("notes",)),
        (2, "answered", None, ("notes",)),
    ]
    (sent,) = recorder.of("PutItem")
    assert sent.request["Item"] == {"note_id": {"S": "a"}, "text": {"S": "x"}}
    assert recorder.in_flight == 0
    assert recorder.max_in_flight == 1


async def test_what_is_written_down_does_not_change_with_the_request() -> None:
    recorder = Recorder()
    key: dict[str, Any] = {"note_id": {"S": "a"}}
    values: dict[str, Any] = {":a": {"L": [{"B": bytearray(b"x")}]}}
    request = MappingProxyType(
        {"TableName": "notes", "Key": MappingProxyType(key), "ExpressionAttributeValues": values}
    )
    async with adorm.connect(
        "memory", wrap=recorder, retry=adorm.RetryPolicy(max_attempts=1)
    ) as db:
        with pytest.raises(adorm.ServiceError):
            await db.call("GetItem", request)
    key["note_id"]["S"] = "b"
    values[":a"]["L"][0]["B"][0] = 0
    values[":a"]["L"].append("c")
    assert recorder.sent[0].request == {
        "TableName": "notes",
        "Key": {"note_id": {"S": "a"}},
        "ExpressionAttributeValues": {":a": {"L": [{"B": b"x"}]}},
    }


async def test_a_failure_and_a_cancellation_are_told_apart() -> None:
    recorder, faults = Recorder(), Faults()
    async with adorm.connect(
        "memory",
        wrap=lambda engine: recorder(faults(engine)),
        retry=adorm.RetryPolicy(max_attempts=1),
    ) as db:
        faults.on("ListTables", call=1).throttle()
        with pytest.raises(adorm.Throttled) as caught:
            await db.call("ListTables", {})
        with anyio.CancelScope() as scope:
            faults.on("ListTables").cancel(scope)
            await db.call("ListTables", {})
    assert [(each.state, each.error) for each in recorder.sent] == [
        ("failed", caught.value),
        ("cancelled", None),
    ]
    assert recorder.in_flight == 0
    assert repr(recorder.sent[0]) == "<Sent 1: ListTables, failed with Throttled>"
    assert repr(recorder) == "<Recorder 2 sent, 0 in flight>"


async def test_what_is_in_flight_is_counted() -> None:
    recorder, faults = Recorder(), Faults()
    hold = faults.on("ListTables").hold()
    nothing: dict[str, Any] = {}
    async with adorm.connect("memory", wrap=lambda engine: recorder(faults(engine))) as db:
        with anyio.fail_after(5):
            async with anyio.create_task_group() as tasks:
                for _ in range(3):
                    tasks.start_soon(db.call, "ListTables", nothing)
                await recorder.reached(3)
                assert recorder.in_flight == recorder.max_in_flight == 3
                assert {each.state for each in recorder.sent} == {"in flight"}
                hold.release()
            await recorder.reached(2)
        assert (recorder.in_flight, recorder.max_in_flight) == (0, 3)
        recorder.clear()
        assert (recorder.sent, recorder.max_in_flight) == ((), 0)
        await db.call("ListTables", {})
        assert [each.number for each in recorder.sent] == [1]


async def test_the_tables_of_a_batch_are_named() -> None:
    recorder = Recorder()
    async with adorm.connect("memory", wrap=recorder) as db:
        await db.create_table(Note)
        await db.call(
            "BatchGetItem", {"RequestItems": {"notes": {"Keys": [{"note_id": {"S": "hunter2"}}]}}}
        )
    assert repr(recorder.of("BatchGetItem")[0]).endswith("BatchGetItem on notes, answered>")


async def test_reached_wants_one_request_at_least() -> None:
    with pytest.raises(UsageError, match="1 request or more"):
        await Recorder().reached(0)
