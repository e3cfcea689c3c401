"""Faults and the recorder stand before every engine alike, and a cancelled request never poisons
the next one."""

from __future__ import annotations

from typing import Literal

import anyio
import pytest

import adorm
from adorm.testing import Faults, Recorder
from adorm.transport.base import Transport
from tests.support.aftermath import leaves_nothing_behind
from tests.support.engines import Engine

pytestmark = pytest.mark.anyio

ONCE = adorm.RetryPolicy(max_attempts=1)


@adorm.model(table="notes")
class Note:
    note_id: str = adorm.partition_key()
    text: str = ""


async def test_faults_and_recorder_stand_before_every_engine(engine: Engine) -> None:
    faults, tried, reached = Faults(), Recorder(), Recorder()

    def wrap(inner: Transport) -> Transport:
        return tried(faults(reached(inner)))

    async with engine.connect(wrap=wrap, retry=ONCE) as db:
        await db.create_table(Note)
        tried.clear()
        reached.clear()
        notes = db.table(Note)
        faults.on("PutItem", call=1).drop(applied=True)
        faults.on("GetItem", call=2).unreachable()
        with pytest.raises(adorm.ConnectionFailed):
            await notes.put(Note(note_id="a", text="x"))
        assert await notes.get("a") == Note(note_id="a", text="x")
        with pytest.raises(adorm.ConnectionFailed):
            await notes.get("a")
        faults.assert_all_used()
    assert tried.operations == ["PutItem", "GetItem", "GetItem"]
    assert reached.operations == ["PutItem", "GetItem"]
    assert tried.sent[0].request == reached.sent[0].request


@pytest.mark.parametrize("when", ["before", "during", "after"])
async def test_a_cancelled_request_leaves_the_engine_usable(
    engine: Engine, when: Literal["before", "during", "after"]
) -> None:
    faults, recorder = Faults(), Recorder()

    def wrap(inner: Transport) -> Transport:
        return recorder(faults(inner))

    async with engine.connect(wrap=wrap, retry=ONCE) as db:
        await db.create_table(Note)
        notes = db.table(Note)
        await notes.put(Note(note_id="a", text="x"))
        async with leaves_nothing_behind(recorder, db):
            with anyio.CancelScope() as scope:
                faults.on("PutItem", call=1).cancel(scope, when=when)
                await notes.put(Note(note_id="b", text="y" * 1000))
            assert scope.cancelled_caught
        assert recorder.of("PutItem")[-1].state == "cancelled"
        assert await notes.get("a") == Note(note_id="a", text="x")
        if when != "during":  # there nobody can tell, as in life
            assert (await notes.get_or_none("b") is not None) is (when == "after")


async def test_what_is_left_unprocessed_can_be_sent_again(engine: Engine) -> None:
    faults = Faults()
    async with engine.connect(wrap=faults) as db:
        await db.create_table(Note)
        notes = db.table(Note).name
        faults.on("BatchWriteItem", call=1).unprocessed(all_but=1)
        faults.on("BatchGetItem", call=1).unprocessed(share=0.5)
        items = [
            {"PutRequest": {"Item": {"note_id": {"S": str(number)}, "data": {"B": b"\x00"}}}}
            for number in range(4)
        ]
        answer = await db.call("BatchWriteItem", {"RequestItems": {notes: items}})
        assert len(answer["UnprocessedItems"][notes]) == 3
        assert (await db.call("BatchWriteItem", {"RequestItems": answer["UnprocessedItems"]}))[
            "UnprocessedItems"
        ] == {}
        keys = [{"note_id": {"S": str(number)}} for number in range(4)]
        first = await db.call(
            "BatchGetItem", {"RequestItems": {notes: {"Keys": keys, "ConsistentRead": True}}}
        )
        rest = await db.call("BatchGetItem", {"RequestItems": first["UnprocessedKeys"]})
        found = first["Responses"][notes] + rest["Responses"][notes]
        assert sorted(item["note_id"]["S"] for item in found) == ["0", "1", "2", "3"]
        assert {
            bytes(item["data"]["B"]) if isinstance(item["data"]["B"], bytes) else item["data"]["B"]
            for item in found
        } <= {
            b"\x00",
            "AA==",
        }
