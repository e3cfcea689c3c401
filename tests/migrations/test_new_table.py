"""`table.migrate_to(target, fn)`: items are copied to a new table."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

import adorm
from adorm.errors import MigrationFailed, UsageError
from adorm.testing import Attempt
from tests.migrations.test_new_table_races import NewOrder, OldOrder, converted
from tests.support.recorded import RecordedDatabase

pytestmark = pytest.mark.anyio

WRITES = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems")


@pytest.fixture
async def bench() -> AsyncIterator[RecordedDatabase]:
    bench = RecordedDatabase()
    async with bench.db:
        await bench.db.create_table(OldOrder)
        await bench.db.create_table(NewOrder)
        yield bench


async def fill(bench: RecordedDatabase, number: int) -> None:
    for each in range(number):
        await bench.db.table(OldOrder).put(OldOrder(order_id=f"o{each}", total=each))


def migration(bench: RecordedDatabase) -> adorm.Migration[OldOrder, NewOrder]:
    return bench.db.table(OldOrder).migrate_to(bench.db.table(NewOrder), converted)


async def targets(bench: RecordedDatabase) -> dict[str, NewOrder]:
    return {each.number: each for each in await bench.db.table(NewOrder).scan()}


async def stored_targets(bench: RecordedDatabase) -> list[Any]:
    """The items of the target with their stamps, whose nonces are new at each write."""
    answer = await bench.db.call("Scan", {"TableName": "new_orders"})
    items: list[Any] = answer["Items"]
    return items


def writes(bench: RecordedDatabase) -> list[str]:
    return [each.operation for each in bench.recorder.of(*WRITES)]


async def test_items_are_copied_and_a_second_run_only_reads(bench: RecordedDatabase) -> None:
    await fill(bench, 70)
    await bench.db.table(OldOrder).put(OldOrder(order_id="out", city="nowhere"))
    bench.recorder.clear()
    report = await migration(bench).segments(2)
    assert (report.read, report.changed, report.unchanged, report.foreign) == (71, 70, 1, 0)
    assert all("ConditionExpression" in each.request for each in bench.recorder.of(*WRITES))
    assert (await targets(bench))["o5"] == NewOrder(number="o5", cents=500)
    stored = await stored_targets(bench)
    bench.recorder.clear()
    again = await migration(bench).segments(1)
    assert (again.changed, again.unchanged) == (0, 71)
    assert await stored_targets(bench) == stored
    assert len(writes(bench)) < 70  # each failed: after the first few it looks before it puts
    check = await migration(bench).verify()
    assert check == adorm.Verification(
        source_items=71,
        target_items=70,
        equal=True,
        missing=0,
        stale=0,
        orphans=0,
        foreign=0,
        mended=0,
    )


async def test_items_of_others_are_left_alone(bench: RecordedDatabase) -> None:
    await fill(bench, 3)
    new = bench.db.table(NewOrder)
    await new.put(NewOrder(number="o0", cents=7))
    await migration(bench)
    await new.update("o1").set(NewOrder.cents, 8)
    for number in range(3):
        await bench.db.table(OldOrder).delete(f"o{number}")
    bench.recorder.clear()
    check = await migration(bench).verify(mend=True)
    assert (check.foreign, check.orphans, check.mended) == (2, 1, 1)
    assert writes(bench) == ["DeleteItem"]
    assert await targets(bench) == {
        "o0": NewOrder(number="o0", cents=7),
        "o1": NewOrder(number="o1", cents=8),
    }


async def test_a_source_that_changes_while_it_is_copied_is_copied_again(
    bench: RecordedDatabase,
) -> None:
    await fill(bench, 2)
    old = bench.db.table(OldOrder)

    async def change(attempt: Attempt) -> dict[str, Any]:
        answer = await attempt.send()
        await old.put(OldOrder(order_id="o0", total=50))
        await old.delete("o1")
        return answer

    bench.faults.on(
        "PutItem", call=1, matching=lambda request: request["TableName"] == "new_orders"
    ).run(change)
    await migration(bench)
    assert await targets(bench) == {"o0": NewOrder(number="o0", cents=5000)}


async def test_sync_brings_one_item(bench: RecordedDatabase) -> None:
    await fill(bench, 2)
    moving, old = migration(bench), bench.db.table(OldOrder)
    await moving.sync("o0")
    assert list(await targets(bench)) == ["o0"]
    await old.put(OldOrder(order_id="o0", total=9))
    await moving.sync("o0")
    assert (await targets(bench))["o0"].cents == 900
    await old.put(OldOrder(order_id="o0", city="nowhere"))
    await moving.sync("o0")
    await moving.sync("never there")
    assert await targets(bench) == {}


async def test_verify_writes_down_what_differs(bench: RecordedDatabase, tmp_path: Path) -> None:
    await fill(bench, 3)
    await migration(bench)
    old = bench.db.table(OldOrder)
    await old.put(OldOrder(order_id="o0", total=9))
    await old.delete("o1")
    await old.put(OldOrder(order_id="o9", total=1))
    path = tmp_path / "mismatches.jsonl"
    check = await migration(bench).verify(mismatches=path)
    assert (check.missing, check.stale, check.orphans, check.mended) == (1, 1, 1, 0)
    assert not check.equal
    kinds = sorted(orjson.loads(line)["kind"] for line in path.read_bytes().splitlines())
    assert kinds == ["missing", "orphan", "stale"]
    mended = await migration(bench).verify(mend=True)
    assert mended.mended == 3
    assert (await migration(bench).verify()).equal


async def test_finish_takes_the_stamps_off(bench: RecordedDatabase) -> None:
    await fill(bench, 3)
    await bench.db.table(NewOrder).put(NewOrder(number="own", cents=1))
    await migration(bench)
    assert await migration(bench).finish() == 3
    answer = await bench.db.call("Scan", {"TableName": "new_orders"})
    assert all("adorm:migration" not in item for item in answer["Items"])
    assert await migration(bench).finish() == 0
    assert (await migration(bench).verify()).equal


async def test_offline_copies_in_batches(bench: RecordedDatabase) -> None:
    await fill(bench, 60)
    bench.recorder.clear()
    report = await migration(bench).offline()
    assert report.changed == 60
    assert set(writes(bench)) == {"BatchWriteItem"}
    assert "BatchGetItem" not in bench.recorder.operations
    assert (await migration(bench).verify()).equal


async def test_two_sources_that_become_one_key_fail_by_name(bench: RecordedDatabase) -> None:
    await fill(bench, 2)
    to_one = bench.db.table(OldOrder).migrate_to(
        bench.db.table(NewOrder), lambda _: NewOrder(number="one", cents=1)
    )
    with pytest.raises(MigrationFailed, match="two items can't become one"):
        await to_one
    with pytest.raises(UsageError, match="two items can't become one"):
        await to_one.offline()


async def test_batches_keep_to_their_budget(bench: RecordedDatabase) -> None:
    await fill(bench, 60)
    await migration(bench).offline().units_per_s(write=5)
    assert 6 <= sum(bench.clock.sleeps) <= 20


async def test_a_key_of_another_attribute_follows_the_old_image(bench: RecordedDatabase) -> None:
    old = bench.db.table(OldOrder)
    await old.put(OldOrder(order_id="a", total=1, city="Bonn"))

    def by_city(order: OldOrder) -> NewOrder:
        return NewOrder(number=order.city, cents=order.total)

    moving = old.migrate_to(bench.db.table(NewOrder), by_city)
    await moving
    image = adorm.to_attribute_map(OldOrder(order_id="a", total=1, city="Bonn"))
    await old.put(OldOrder(order_id="a", total=2, city="Rome"))
    change = {"Keys": {"order_id": {"S": "a"}}, "SequenceNumber": "7", "OldImage": image}
    answer = await moving.stream_handler().handle({"Records": [{"dynamodb": change}]})
    assert answer == {"batchItemFailures": []}
    assert await targets(bench) == {"Rome": NewOrder(number="Rome", cents=2)}


async def test_only_items_that_meet_the_conditions(bench: RecordedDatabase) -> None:
    await fill(bench, 6)
    moving = migration(bench).where(OldOrder.total >= 4)
    await moving
    assert sorted(await targets(bench)) == ["o4", "o5"]
    await bench.db.table(OldOrder).put(OldOrder(order_id="o4", total=1))
    await moving.sync("o4")
    await moving.sync("o0")
    assert sorted(await targets(bench)) == ["o5"]
    assert (await moving.verify()).equal


async def test_items_are_copied_as_they_are_between_raw_tables(bench: RecordedDatabase) -> None:
    await fill(bench, 3)
    source = bench.db.raw_table("old_orders")
    target = bench.db.raw_table("new_orders")
    moving = source.migrate_to(
        target, lambda item: {"number": item["order_id"], **item, "extra": None}
    )
    assert (await moving).changed == 3
    copy = await (await target).get("o1")
    del copy["adorm:migration"]
    assert copy == {"number": "o1", "order_id": "o1", "total": 1, "city": "", "extra": None}
    assert (await moving.verify()).equal


async def test_a_transform_that_makes_something_else_each_time_is_refused(
    bench: RecordedDatabase,
) -> None:
    await fill(bench, 2)
    count = iter(range(100))
    moving = bench.db.table(OldOrder).migrate_to(
        bench.db.table(NewOrder), lambda old: NewOrder(number=old.order_id, cents=next(count))
    )
    trial = await moving.dry_run()
    assert len(trial.not_repeatable) == 2
    with pytest.raises(UsageError, match="makes something else of the same item each time"):
        await moving
    assert await targets(bench) == {}


async def test_failed_items_go_to_a_file(bench: RecordedDatabase, tmp_path: Path) -> None:
    await fill(bench, 4)
    path = tmp_path / "failed.jsonl"

    def strict(order: OldOrder) -> NewOrder | None:
        if order.total == 2:
            raise ValueError("two")
        return converted(order)

    moving = bench.db.table(OldOrder).migrate_to(bench.db.table(NewOrder), strict)
    report = await moving.failed(path)
    assert (report.changed, report.failed) == (3, 1)
    assert (await migration(bench).only_failed(path)).changed == 1
    assert len(await targets(bench)) == 4


@pytest.mark.parametrize("number", range(1, 11))
@pytest.mark.parametrize("is_applied", [False, True])
async def test_killed_at_a_request_and_run_again_it_ends_the_same(
    bench: RecordedDatabase, tmp_path: Path, number: int, *, is_applied: bool
) -> None:
    await fill(bench, 5)
    path = tmp_path / "m.json"

    async def die(attempt: Attempt) -> dict[str, Any]:
        if is_applied:
            await attempt.send()
        raise RuntimeError("killed")

    bench.faults.on(call=number).run(die)
    try:
        await migration(bench).checkpoint(path)
    except MigrationFailed as error:
        assert "killed" in str(error)  # late requests are not made at all
    bench.faults.clear()
    await migration(bench).checkpoint(path)
    assert (await migration(bench).verify()).equal
    assert len(await targets(bench)) == 5


async def test_lost_answers_are_no_foreign_items(bench: RecordedDatabase) -> None:
    await fill(bench, 5)
    bench.faults.on("PutItem", call=range(1, 4)).drop(applied=True)
    report = await migration(bench)
    assert report.foreign == 0
    assert (await migration(bench).verify()).equal


async def test_a_failed_record_is_given_back(bench: RecordedDatabase) -> None:
    await fill(bench, 2)
    handler = migration(bench).stream_handler()
    records = [
        {"dynamodb": {"Keys": {"order_id": {"S": f"o{n}"}}, "SequenceNumber": str(n)}}
        for n in (1, 0, 1)
    ]
    bench.faults.on(
        "GetItem", matching=lambda request: request["Key"].get("order_id") == {"S": "o0"}
    ).refuse("AccessDeniedException")
    assert await handler.handle({"Records": records}) == {
        "batchItemFailures": [{"itemIdentifier": "0"}]
    }
    with pytest.raises(UsageError, match="the event is none of a DynamoDB stream"):
        await handler.handle({"Records": [{"body": "x"}]})


def test_the_handler_runs_a_loop_of_its_own() -> None:
    db = adorm.connect("memory")
    handler = db.table(OldOrder).migrate_to(db.table(NewOrder), converted).stream_handler()

    class Context:
        def get_remaining_time_in_millis(self) -> int:
            return 30_000

    assert handler({"Records": []}, Context()) == {"batchItemFailures": []}
    assert handler({"Records": []}) == {"batchItemFailures": []}
    handler.close()
