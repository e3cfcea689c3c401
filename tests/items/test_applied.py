"""An applied write is never called failed: what fails after it says so, and counts as done."""

from __future__ import annotations

import pickle
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

import adorm
from adorm.database import Database
from adorm.items import instances
from adorm.outcomes import Progress
from tests.items.counters import Counter
from tests.support.scripted import ScriptedTransport

pytestmark = pytest.mark.anyio


@adorm.model(table="notes")
class Note:
    note_id: str = adorm.partition_key()
    created_at: datetime = adorm.created_at()
    version: int = adorm.version()


UNREADABLE = {"counter_id": {"S": "a"}, "n": {"N": "1"}, "color": {"N": "7"}}


@pytest.fixture
async def db() -> AsyncIterator[Database]:
    async with adorm.connect("memory") as db:
        await db.create_table(Counter)
        await db.call("PutItem", {"TableName": "counters", "Item": UNREADABLE})
        yield db


async def stored_n(db: Database) -> str:
    answer = await db.call("GetItem", {"TableName": "counters", "Key": {"counter_id": {"S": "a"}}})
    return str(answer["Item"]["n"]["N"])


WRITES: dict[str, Callable[[adorm.Table[Counter]], Awaitable[Any]]] = {
    "an update that gives the new item": lambda table: (
        table.update("a").add(Counter.n, 1).returning("new")
    ),
    "an update that gives the old item": lambda table: (
        table.update("a").add(Counter.n, 1).returning("old")
    ),
    "a put that gives the old item": lambda table: table.put(
        Counter(counter_id="a", n=2)
    ).returning("old"),
    "a save that gives the old item": lambda table: table.save(
        Counter(counter_id="a", n=2)
    ).returning("old"),
}


@pytest.mark.parametrize("name", WRITES)
async def test_an_answer_that_does_not_decode_leaves_the_write_applied(
    db: Database, name: str
) -> None:
    with pytest.raises(
        adorm.ItemDecodeError, match="the write was applied: do not send it again"
    ) as caught:
        await WRITES[name](db.table(Counter))
    assert (caught.value.applied, caught.value.maybe_applied) == (True, True)
    assert await stored_n(db) == "2"


async def test_what_changed_and_does_not_decode_leaves_the_update_applied() -> None:
    transport = ScriptedTransport([{"Attributes": {"n": {"S": "x"}}}])
    async with Database(lambda: transport) as db:
        with pytest.raises(adorm.ItemDecodeError, match="the write was applied") as caught:
            await db.table(Counter).update("a").add(Counter.n, 1).returning("updated_new")
    assert caught.value.applied


async def test_a_deletion_whose_item_does_not_decode_was_done(db: Database) -> None:
    with pytest.raises(adorm.ItemDecodeError, match="the write was applied") as caught:
        await db.table(Counter).delete("a").returning("old")
    assert caught.value.applied
    assert not await db.table(Counter).exists("a")


@pytest.mark.parametrize(
    "answer", [{"Attributes": {"note_id": 5}}, {"Attributes": {"created_at": 5}}]
)
async def test_an_answer_of_a_wrong_shape_is_an_error_of_adorm_s_and_the_write_applied(
    answer: Any,
) -> None:
    async with Database(lambda: ScriptedTransport([answer, answer, answer])) as db:
        note = Note(note_id="n")
        writes: list[Awaitable[Any]] = [
            db.table(Note).delete("n").returning("old"),
            db.table(Note).update("n").remove(Note.version).returning("new"),
        ]
        for write in writes:
            with pytest.raises(adorm.ItemDecodeError) as caught:
                await write
            assert caught.value.applied
        try:
            await db.table(Note).save(note)
        except adorm.AdormError as error:
            assert error.applied
        assert note.version == 1


async def test_update_many_lists_an_applied_update_as_done_with_its_error(db: Database) -> None:
    counters = db.table(Counter)
    await counters.put(Counter(counter_id="b"))
    seen: list[int] = []

    def report(progress: Progress) -> None:
        seen.append(progress.done)

    many = counters.update_many(
        [counters.update(key).add(Counter.n, 1).returning("new") for key in "ab"]
    )
    result = await many.on_progress(report).collect_errors()
    assert sorted(key.values[0] for key in result.updated) == ["a", "b"]
    assert result.unprocessed == []
    assert [type(error) for error in result.errors] == [adorm.ItemDecodeError]
    assert seen == [1, 2]
    assert await stored_n(db) == "2"


async def test_a_batch_that_fails_by_an_applied_update_leaves_it_out_of_what_to_send_again(
    db: Database,
) -> None:
    counters = db.table(Counter)
    with pytest.raises(adorm.BatchFailed) as caught:
        await counters.update_many([counters.update("a").add(Counter.n, 1).returning("new")])
    assert caught.value.result.unprocessed == []
    assert [key.values[0] for key in caught.value.result.updated] == ["a"]


async def test_a_hook_that_fails_on_the_returned_value_leaves_the_update_applied() -> None:
    async with adorm.connect("memory") as db:
        await db.create_table(Counter)
        await db.table(Counter).put(Counter(counter_id="a"))

        def refuse(_stored: object, _type: object) -> Decimal:
            raise RuntimeError("no")

        db.converter.register_structure_hook(int, refuse)
        with pytest.raises(adorm.ItemDecodeError, match="the write was applied") as caught:
            await db.table(Counter).update("a").add(Counter.n, 1).returning("new")
        assert caught.value.applied


async def test_instances_that_can_not_take_the_version_over_are_told_after_all_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In transactions and batches: the write stands, the others have their versions."""
    store_values = instances.store_values

    def failing(info: Any, instance: Any, new_values: Any) -> Any:
        if instance.note_id == "bad":
            raise RuntimeError("the instance took no attribute")
        return store_values(info, instance, new_values)

    async with adorm.connect("memory") as db:
        await db.create_table(Note)
        monkeypatch.setattr("adorm.items.single_write.store_values", failing)
        bad, good = Note(note_id="bad"), Note(note_id="good")
        with pytest.raises(adorm.ItemDecodeError) as caught:
            async with db.transaction() as tx:
                tx.put(bad)
                tx.put(good)
        assert caught.value.applied
        assert good.version == 1

        for transact in (False, True):
            await db.table(Note).delete("bad")
            many = db.table(Note).create_many([Note(note_id="bad")], transact=transact)
            created = await many.collect_errors()
            assert (len(created.items), created.unprocessed) == (1, [])
            assert applied(created.errors) == [True]
        other = Note(note_id="other")
        batch = db.table(Note).batch_write(puts=[Note(note_id="bad"), other])
        written = await batch.collect_errors()
        assert (written.written, written.unprocessed, other.version) == (2, [], 1)
        assert applied(written.errors) == [True]


def applied(errors: list[Exception]) -> list[bool]:
    return [getattr(error, "applied", False) for error in errors]


async def test_a_report_that_can_not_be_read_does_not_fail_the_write() -> None:
    reports: list[Any] = ["x", [1], {"CapacityUnits": []}, {"GlobalSecondaryIndexes": 1}]
    answers: list[Any] = [{"ConsumedCapacity": report} for report in reports]
    async with Database(lambda: ScriptedTransport(answers)) as db, db.capacity():
        for _ in answers:
            await db.table(Counter).put(Counter(counter_id="a"))


async def test_an_error_keeps_that_the_write_was_applied_when_it_is_pickled(db: Database) -> None:
    with pytest.raises(adorm.ItemDecodeError) as caught:
        await WRITES["an update that gives the new item"](db.table(Counter))
    assert pickle.loads(pickle.dumps(caught.value)).applied is True
