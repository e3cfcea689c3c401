"""`table.migrate(fn)`: items are changed in place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

import adorm
from adorm.errors import MigrationFailed, UsageError
from adorm.testing import Attempt
from tests.support.recorded import RecordedDatabase

pytestmark = pytest.mark.anyio


@adorm.model(table="notes")
class Note:
    note_id: str = adorm.partition_key()
    text: str
    words: int | None = None
    version: int = adorm.version()


@adorm.model(table="plain_notes")
class PlainNote:
    note_id: str = adorm.partition_key()
    text: str
    words: int | None = None


@pytest.fixture
async def bench() -> AsyncIterator[RecordedDatabase]:
    bench = RecordedDatabase()
    async with bench.db:
        await bench.db.create_table(Note)
        await bench.db.create_table(PlainNote)
        yield bench


def count_words(note: PlainNote) -> PlainNote:
    return PlainNote(note_id=note.note_id, text=note.text, words=len(note.text.split()))


async def fill(bench: RecordedDatabase, number: int) -> None:
    for each in range(number):
        await bench.db.table(PlainNote).put(PlainNote(note_id=f"n{each}", text="a b"))


async def test_it_writes_the_difference_on_the_condition_that_the_item_is_as_read(
    bench: RecordedDatabase,
) -> None:
    await fill(bench, 1)
    table = bench.db.table(PlainNote)
    bench.recorder.clear()
    report = await table.migrate(count_words)
    assert (report.read, report.changed, report.unchanged) == (1, 1, 0)
    (sent,) = bench.recorder.of("UpdateItem")
    assert sent.request["UpdateExpression"] == "SET #n2 = :v1"
    assert sent.request["ConditionExpression"] == (
        "attribute_exists(#n0) AND #n1 = :v0 AND attribute_not_exists(#n2)"
    )
    assert await table.get("n0") == PlainNote(note_id="n0", text="a b", words=2)


async def test_again_it_only_reads(bench: RecordedDatabase) -> None:
    await fill(bench, 5)
    table = bench.db.table(PlainNote)
    await table.migrate(count_words).segments(2)
    bench.sent()
    again = await table.migrate(count_words)
    assert (again.read, again.changed, again.unchanged) == (5, 0, 5)
    assert bench.sent() == ["Scan"]


async def test_a_version_is_the_whole_condition_and_moves(bench: RecordedDatabase) -> None:
    table = bench.db.table(Note)
    await table.create(Note(note_id="a", text="one two"))
    bench.recorder.clear()

    def count_in_place(note: Note) -> Note:
        note.words = len(note.text.split())
        return note

    await table.migrate(count_in_place)
    (sent,) = bench.recorder.of("UpdateItem")
    assert sent.request["ConditionExpression"] == "#n0 = :v0"
    stored = await table.get("a")
    assert (stored.words, stored.version) == (2, 2)


async def test_undeclared_attributes_stay(bench: RecordedDatabase) -> None:
    item = {"note_id": {"S": "a"}, "text": {"S": "x"}, "other": {"S": "kept"}}
    await bench.db.call("PutItem", {"TableName": "plain_notes", "Item": item})
    await bench.db.table(PlainNote).migrate(count_words)
    raw = await bench.db.raw_table("plain_notes")
    assert await raw.get("a") == {"note_id": "a", "text": "x", "other": "kept", "words": 1}


async def test_a_write_of_someone_else_is_transformed_in_its_turn(bench: RecordedDatabase) -> None:
    await fill(bench, 1)

    async def change(attempt: Attempt) -> dict[str, Any]:
        await bench.db.table(PlainNote).put(PlainNote(note_id="n0", text="three words now"))
        return await attempt.send()

    fault = bench.faults.on("UpdateItem", call=1).run(change)
    report = await bench.db.table(PlainNote).migrate(count_words)
    assert fault.used
    assert report.changed == 1
    assert (await bench.db.table(PlainNote).get("n0")).words == 3


async def test_a_deleted_item_stays_deleted(bench: RecordedDatabase) -> None:
    await fill(bench, 1)

    async def delete(attempt: Attempt) -> dict[str, Any]:
        await bench.db.table(PlainNote).delete("n0")
        return await attempt.send()

    bench.faults.on("UpdateItem", call=1).run(delete)
    report = await bench.db.table(PlainNote).migrate(count_words)
    assert (report.gone, report.changed) == (1, 0)
    assert await bench.db.table(PlainNote).get_or_none("n0") is None


async def test_a_lost_answer_counts_as_changed(bench: RecordedDatabase) -> None:
    await fill(bench, 1)
    bench.faults.on("UpdateItem", call=1).drop(applied=True)
    report = await bench.db.table(PlainNote).migrate(count_words)
    assert (report.changed, report.unchanged) == (1, 0)


async def test_a_transform_that_does_not_repeat_is_refused_before_any_write(
    bench: RecordedDatabase,
) -> None:
    await fill(bench, 3)
    bench.sent()
    with pytest.raises(UsageError, match=r"t\(t\(x\)\) has to equal t\(x\)"):
        await bench.db.table(PlainNote).migrate(
            lambda note: PlainNote(note_id=note.note_id, text=note.text + "!")
        )
    assert bench.sent() == ["Scan"]


async def test_none_leaves_an_item_as_it_is(bench: RecordedDatabase) -> None:
    await fill(bench, 3)
    report = await bench.db.table(PlainNote).migrate(
        lambda note: count_words(note) if note.note_id == "n1" else None
    )
    assert (report.read, report.changed, report.unchanged) == (3, 1, 2)


async def test_a_dry_run_counts_and_writes_nothing(bench: RecordedDatabase) -> None:
    await fill(bench, 4)
    table = bench.db.table(PlainNote)
    await table.put(PlainNote(note_id="done", text="a", words=1))

    def fix(note: PlainNote) -> PlainNote | None:
        if note.note_id == "n0":
            raise ValueError("no")
        return None if note.note_id == "n1" else count_words(note)

    bench.sent()
    trial = await table.migrate(fix).dry_run()
    assert bench.sent() == ["Scan"]
    assert (trial.would_change, trial.unchanged, trial.dropped, trial.failed) == (2, 1, 1, 1)
    assert not trial.not_repeatable
    changed = next(sample for sample in trial.samples if sample.error is None)
    assert changed.changes == {"words": (None, {"N": "2"})}
    endless = await table.migrate(
        lambda note: PlainNote(note_id=note.note_id, text=note.text + "!")
    ).dry_run(2)
    assert len(endless.not_repeatable) == 2


async def test_a_changed_key_moves_the_item(bench: RecordedDatabase) -> None:
    await fill(bench, 2)
    table = bench.db.table(PlainNote)
    await table.put(PlainNote(note_id="new-n1", text="taken"))

    def new_key(note: PlainNote) -> PlainNote:
        if note.note_id.startswith("new-"):
            return note
        return PlainNote(note_id=f"new-{note.note_id}", text=note.text)

    bench.recorder.clear()
    with pytest.raises(MigrationFailed, match="its new key new-n1 is taken"):
        await table.migrate(new_key)
    for sent in bench.recorder.of("TransactWriteItems"):
        for action in sent.request["TransactItems"]:
            assert all("ConditionExpression" in part for part in action.values())
    assert {each.note_id for each in await table.scan()} == {"new-n0", "n1", "new-n1"}


async def test_failed_items_go_to_a_file_and_are_taken_anew(
    bench: RecordedDatabase, tmp_path: Path
) -> None:
    await fill(bench, 5)
    table, path = bench.db.table(PlainNote), tmp_path / "failed.jsonl"

    def strict(note: PlainNote) -> PlainNote:
        if note.text == "a b" and note.note_id in ("n1", "n3"):
            raise ValueError(f"{note.note_id} is odd")
        return count_words(note)

    with pytest.raises(MigrationFailed) as stopped:
        await table.migrate(strict)
    assert stopped.value.result.changed <= 3
    report = await table.migrate(strict).failed(path)
    assert (report.failed, report.read) == (2, 5)
    lines = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    assert sorted(line["error"] for line in lines) == [
        "ValueError: n1 is odd",
        "ValueError: n3 is odd",
    ]
    assert {line["phase"] for line in lines} == {"migrate"}
    await table.put(PlainNote(note_id="n1", text="mended by hand"))
    bench.sent()
    again = await table.migrate(count_words).only_failed(path)
    assert (again.read, again.changed) == (2, 2)
    assert bench.sent()[0] == "BatchGetItem"


@pytest.mark.parametrize("request_number", range(1, 7))
async def test_killed_at_a_request_and_run_again_it_ends_the_same(
    bench: RecordedDatabase, tmp_path: Path, request_number: int
) -> None:
    table, path = bench.db.table(PlainNote), tmp_path / "m.json"
    await fill(bench, 5)

    async def die(_attempt: Attempt) -> dict[str, Any]:
        raise RuntimeError("killed")

    bench.faults.on("Scan", "UpdateItem", call=request_number).run(die)
    with pytest.raises(MigrationFailed, match="killed"):
        await table.migrate(count_words).segments(1).checkpoint(path)
    bench.faults.clear()
    await table.migrate(count_words).checkpoint(path)
    assert [each.words for each in await table.scan()] == [2] * 5


async def test_a_checkpoint_of_another_table_is_refused(
    bench: RecordedDatabase, tmp_path: Path
) -> None:
    path = tmp_path / "m.json"
    await fill(bench, 1)
    report = await bench.db.table(PlainNote).migrate(count_words).checkpoint(path)
    assert path.read_text() == report.checkpoint
    with pytest.raises(UsageError, match="is the checkpoint of a migration from plain_notes"):
        await bench.db.table(Note).migrate(lambda note: note).checkpoint(path)
    path.write_text("{}")
    with pytest.raises(UsageError, match="is no checkpoint of a migration"):
        await bench.db.table(Note).migrate(lambda note: note).checkpoint(path)


async def test_steps_that_dynamodb_does_itself(bench: RecordedDatabase) -> None:
    raw = await bench.db.raw_table("plain_notes")
    await raw.put({"note_id": "a", "name": "x", "tmp": 1})
    await raw.put({"note_id": "b", "name": "old", "full_name": "new"})
    await raw.put({"note_id": "c", "full_name": "y", "kind": "z"})
    steps = adorm.chain(
        adorm.rename("name", "full_name"), adorm.drop("tmp"), adorm.add("kind", "note")
    )
    bench.recorder.clear()
    report = await raw.migrate(steps)
    assert (report.changed, report.unchanged) == (2, 1)
    (scan,) = bench.recorder.of("Scan")
    assert "ProjectionExpression" in scan.request
    assert sorted([item async for item in raw.scan()], key=lambda item: item["note_id"]) == [
        {"note_id": "a", "full_name": "x", "kind": "note"},
        {"note_id": "b", "full_name": "new", "kind": "note"},
        {"note_id": "c", "full_name": "y", "kind": "z"},
    ]
    bench.sent()
    assert (await raw.migrate(steps)).changed == 0
    assert bench.sent() == ["Scan"]


async def test_an_item_of_too_many_attributes_fails_by_name(bench: RecordedDatabase) -> None:
    raw = await bench.db.raw_table("plain_notes")
    await raw.put({"note_id": "wide", **{f"a{n}": n for n in range(160)}})
    with pytest.raises(MigrationFailed, match="plain_notes wide: the item has 160 attributes"):
        await raw.migrate(lambda item: {**item, "more": 1})


async def test_writes_keep_to_their_budget(bench: RecordedDatabase) -> None:
    await fill(bench, 10)
    await bench.db.table(PlainNote).migrate(count_words).units_per_s(read=100, write=2)
    assert 3.5 <= sum(bench.clock.sleeps) <= 60


async def test_what_is_for_new_tables_is_refused_in_place(bench: RecordedDatabase) -> None:
    migration = bench.db.table(PlainNote).migrate(count_words)
    for refused in (
        migration.offline,
        migration.verify,
        migration.finish,
        migration.stream_handler,
        lambda: migration.sync("a"),
    ):
        with pytest.raises(UsageError, match=r"is for a migration to another table"):
            refused()
