"""A plan that is cancelled, that loses answers, or that two apply at once comes to the same end."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

import adorm
from adorm.transport.base import Answer
from tests.support.scripted import lost
from tests.tables.spec_setup import FULL, Bench, Narrow, OldOrder, Wide

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def old_table(delay_s: float | None = None) -> AsyncGenerator[tuple[Bench, adorm.Database]]:
    """A database with the table of `OldOrder`; every fault counts from here."""
    bench = Bench(delay_s)
    async with bench.connect() as db:
        await db.create_table(OldOrder)
        bench.recorder.clear()
        yield bench, db


async def apply_all(db: adorm.Database) -> None:
    """Do all that FULL asks for, whatever it is by now, and delete what it does not name."""
    plan = await db.diff(FULL)
    await plan.apply(allow=[step.text for step in plan.steps if step.kind in ("danger", "extra")])


async def end_state(db: adorm.Database) -> dict[str, Any]:
    """The table without what differs from run to run."""
    found = await db.describe_table(OldOrder, details=True)
    indexes = {index.name: (index.key, index.projection) for index in found.indexes.values()}
    options = (
        found.billing,
        found.stream,
        found.encryption,
        found.table_class,
        found.deletion_protection,
        found.time_to_live,
        found.point_in_time_recovery.days,
        found.tags,
    )
    return {"indexes": indexes, "options": options, "status": found.progress}


async def test_applied_twice_it_changes_nothing_more() -> None:
    async with old_table() as (bench, db):
        await apply_all(db)
        state, changes = await end_state(db), len(bench.changes)
        await apply_all(db)
        assert (await end_state(db), len(bench.changes)) == (state, changes)


async def requests_of_a_run() -> tuple[int, dict[str, Any]]:
    async with old_table() as (bench, db):
        await apply_all(db)
        return len(bench.recorder.sent), await end_state(db)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_cancelled_at_any_request_and_run_again_it_ends_the_same(when: Any) -> None:
    count, expected = await requests_of_a_run()
    assert count > 40
    for call in range(1, count + 1):
        async with old_table() as (bench, db):
            scope = anyio.CancelScope()
            fault = bench.faults.on(call=call).cancel(scope, when=when)
            with scope:
                await apply_all(db)
            assert fault.fired == 1
            bench.faults.clear()
            await apply_all(db)
            assert await end_state(db) == expected, f"cancelled {when} request {call}"
            assert (await db.diff(FULL)).steps == ()


@pytest.mark.parametrize("applied", [True, False])
async def test_with_any_answer_or_request_lost_it_ends_the_same(applied: bool) -> None:
    count, expected = await requests_of_a_run()
    for call in range(1, count + 1):
        async with old_table() as (bench, db):
            bench.faults.on(call=call).drop(applied=applied)
            await apply_all(db)
            assert await end_state(db) == expected, f"lost at request {call}"


async def test_with_every_answer_of_a_change_lost_each_step_is_still_done_once() -> None:
    async with old_table(delay_s=3.0) as (bench, db):
        bench.clock.advance(60.0)
        for operation in (
            "UpdateTable",
            "UpdateTimeToLive",
            "UpdateContinuousBackups",
            "TagResource",
            "UntagResource",
        ):
            bench.faults.on(operation, call=range(1, 40, 2)).drop(applied=True)
        plan = await db.diff(FULL)
        allow = [step.text for step in plan.steps if step.kind in ("danger", "extra")]
        assert len(await plan.apply(allow=allow)) == len(plan.steps)
        assert (await db.diff(FULL)).steps == ()


@pytest.mark.parametrize("delay_s", [None, 0.0, 7.0])
async def test_two_at_once_come_to_the_same_end(delay_s: float | None) -> None:
    _, expected = await requests_of_a_run()
    async with old_table(delay_s) as (bench, db):
        bench.clock.advance(3600.0)
        plan = await db.diff(FULL)
        allow = [step.text for step in plan.steps if step.kind in ("danger", "extra")]
        done: list[str] = []

        async def work() -> None:
            done.extend(step.text for step in await plan.apply(allow=allow))

        async with bench.connect() as other, anyio.create_task_group() as group:
            await other.table_exists(OldOrder)
            group.start_soon(work)
            group.start_soon(apply_all, other)
        assert await end_state(db) == expected
        assert (await db.diff(FULL)).steps == ()
        assert done, "each did a part of it"


async def test_two_add_six_indexes_at_once_and_none_twice() -> None:
    bench = Bench(delay_s=20.0)
    async with bench.connect() as db:
        await db.create_table(Narrow)
        plan = await db.diff(Wide)

        async def work() -> None:
            await plan.apply()

        async with anyio.create_task_group() as group:
            group.start_soon(work)
            group.start_soon(work)
        assert len(bench.changes) == 6
        assert (await db.diff(Wide)).is_empty


async def test_a_service_that_shows_a_change_late_is_waited_for() -> None:
    async with old_table() as (bench, db):
        stale: list[Answer] = [await db.call("ListTagsOfResource", {"ResourceArn": await arn(db)})]

        async def behind(attempt: Any) -> Answer:
            return stale[0]

        plan = await db.diff(adorm.TableSpec(OldOrder, tags={"team": "shop"}))
        bench.faults.on("ListTagsOfResource", call=range(1, 4)).run(behind)
        assert len(await plan.apply()) == 1
        assert len(bench.recorder.of("TagResource")) == 1, "it is not sent again"


async def test_an_answer_that_stays_lost_is_told_with_the_step() -> None:
    async with old_table() as (bench, db):
        bench.faults.on("UpdateTable").run(_lost)
        plan = await db.diff(adorm.TableSpec(OldOrder, stream="new"))
        with pytest.raises(adorm.ConnectionFailed) as failed:
            await plan.apply()
        assert failed.value.maybe_applied
        assert "while doing the step 'stream new'" in " ".join(failed.value.__notes__)


async def _lost(_: object) -> Answer:
    raise lost()


async def arn(db: adorm.Database) -> str:
    return str((await db.describe_table(OldOrder)).arn)
