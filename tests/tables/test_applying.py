"""Plans are applied step by step: what is refused, in which order, with which waits."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

import adorm
from adorm.errors import DeadlineExceeded, ResourceNotFound, ServiceError, UsageError
from adorm.testing.attempts import Attempt
from adorm.transport.base import Answer
from tests.tables.spec_setup import (
    FULL,
    SIX,
    UNITS,
    Aged,
    Bench,
    Narrow,
    OldOrder,
    Order,
    Wide,
    texts,
)

pytestmark = pytest.mark.anyio


async def test_an_impossible_step_is_refused_before_anything_is_sent() -> None:
    @adorm.model(table="orders")
    class Moved:
        id: str = adorm.partition_key()

    bench = Bench()
    async with bench.connect() as db:
        await db.create_table(Order)
        plan = await db.diff(adorm.TableSpec(Moved, stream="new"))
        bench.recorder.clear()
        with pytest.raises(UsageError, match=r"orders: 'key id \(HASH, S\)' .* is impossible"):
            await plan.apply()
        assert bench.recorder.operations == []


async def test_a_danger_is_refused_until_allow_names_its_whole_text() -> None:
    bench = Bench()
    async with bench.connect() as db:
        await db.create_table(Aged)
        plan = await db.diff(adorm.TableSpec(Order, stream="new"))
        bench.recorder.clear()
        with pytest.raises(UsageError, match=r"'ttl by exp' \(items that are expired already"):
            await plan.apply()
        for wrong in ("ttl", "ttl by", "delete index by-age"):
            with pytest.raises(UsageError, match=rf"allow names '{wrong}', .* \['ttl by exp'\]"):
                await plan.apply(allow=[wrong])
        with pytest.raises(UsageError, match=r"allow is a list of texts"):
            plan.apply(allow="ttl by exp")
        with pytest.raises(UsageError, match=r"apply\(timeout_s=0\)"):
            plan.apply(timeout_s=0)
        assert bench.recorder.operations == []
        await plan.apply(allow=["ttl by exp"])
        assert (await db.diff(Order)).is_empty


async def test_every_step_is_done_in_turn_and_the_table_is_as_the_spec_says() -> None:
    bench = Bench(delay_s=10.0)
    async with bench.connect() as db:
        await db.create_table(OldOrder)
        bench.clock.advance(3600.0)
        plan = await db.diff(FULL)
        allow = [step.text for step in plan.steps if step.kind in ("danger", "extra")]
        done = await plan.apply(allow=allow)
        assert texts(done) == [
            "change: billing provisioned 5/4",
            "change: stream both",
            "danger: ttl by exp",
            "change: point-in-time recovery on for 7 days",
            "change: encryption aws-managed",
            "change: table class infrequent_access",
            "change: tag team=shop",
            "change: tag stage=test",
            "change: warm throughput of reads 13000 units a second",
            "change: warm throughput of writes 5000 units a second",
            "extra: delete index by-old",
            "danger: replace index by-total (total; keys, note, status)",
            "change: add index by-status (status, created_at; ALL)",
            "change: deletion protection on",
        ]
        assert (await db.diff(FULL)).steps == ()
        assert (await db.describe_table(Order)).is_active


async def test_nothing_is_deleted_that_allow_does_not_name() -> None:
    bench = Bench()
    async with bench.connect() as db:
        await db.create_table(adorm.TableSpec(OldOrder, tags={"old": "x"}))
        spec = adorm.TableSpec(Order, tags={"team": "shop"}, stream="both")
        plan = await db.diff(spec)
        kept = "replace index by-total (total; keys, note, status)"
        await plan.apply(allow=["ttl by exp", kept])
        assert bench.deletes == ["index by-total"], "it is replaced, as allow says"
        assert texts((await db.diff(spec)).steps) == [
            "extra: delete tag old",
            "extra: delete index by-old",
        ]
        await (await db.diff(spec)).apply()
        assert bench.deletes == ["index by-total"]
        await (await db.diff(spec)).apply(allow=["delete index by-old", "delete tag old"])
        assert bench.deletes == ["index by-total", "tag old", "index by-old"]


async def test_protection_goes_off_first() -> None:
    bench = Bench()
    async with bench.connect() as db:
        await db.create_table(adorm.TableSpec(Aged, deletion_protection=True))
        spec = adorm.TableSpec(Aged, deletion_protection=False, billing=UNITS, stream="new")
        await (await db.diff(spec)).apply(allow=["deletion protection off"])
        assert bench.changes[0] == {"TableName": "orders", "DeletionProtectionEnabled": False}


async def test_six_indexes_are_added_one_at_a_time_and_watched() -> None:
    bench = Bench(delay_s=30.0)
    seen: list[adorm.StepProgress] = []
    async with bench.connect() as db:
        await db.create_table(Narrow)
        bench.recorder.clear()
        plan = await db.diff(Wide)
        await plan.apply(on_progress=seen.append)
        added = [
            [update["Create"]["IndexName"] for update in each["GlobalSecondaryIndexUpdates"]]
            for each in bench.changes
        ]
        assert added == [[name] for name in SIX]
        assert len(bench.recorder.of("UpdateTable")) == 6, "none was refused"
        known = bench.changes[-1]["AttributeDefinitions"]
        assert {each["AttributeName"] for each in known} == {
            "id",
            *(name.replace("-", "_") for name in SIX),
        }
        first = [each for each in seen if each.step.name == "index by-a"]
        assert [each.status for each in first][:1] + [each.status for each in first][-1:] == [
            "UPDATING, index by-a CREATING",
            "ACTIVE",
        ]
        assert {each.backfilling for each in first} == {False, True}
        assert first[-1].elapsed_s >= 30.0
        assert [each.elapsed_s for each in first] == sorted(each.elapsed_s for each in first)


async def test_progress_may_be_told_to_an_async_function_whose_errors_end_the_work() -> None:
    bench = Bench()
    seen: list[str] = []

    async def tell(progress: adorm.StepProgress) -> None:
        await anyio.lowlevel.checkpoint()
        seen.append(progress.step.text)
        if len(seen) == 2:
            raise RuntimeError("no more")

    async with bench.connect() as db:
        await db.create_table(Narrow)
        with pytest.raises(RuntimeError, match="no more"):
            await (await db.diff(Wide)).apply(on_progress=tell)
        assert len(bench.changes) == 2
        assert len((await db.diff(Wide)).steps) == 4


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("UpdateTable", "ResourceInUseException"),
        ("UpdateTable", "LimitExceededException"),
        ("UpdateContinuousBackups", "ContinuousBackupsUnavailableException"),
    ],
)
async def test_a_refusal_because_dynamodb_is_busy_is_waited_for(operation: str, code: str) -> None:
    bench = Bench()
    spec = adorm.TableSpec(Aged, stream="new", point_in_time_recovery=True)
    async with bench.connect() as db:
        await db.create_table(Aged)
        # a retry policy sends a refusal of this kind five times by itself
        bench.faults.on(operation, call=range(1, 12)).refuse(code)
        assert len(await (await db.diff(spec)).apply()) == 2
        assert (await db.diff(spec)).steps == ()
        assert max(bench.clock.sleeps) <= 4.0


async def test_waiting_for_too_long_names_the_step_and_the_last_refusal() -> None:
    bench = Bench()
    async with bench.connect() as db:
        await db.create_table(Aged)
        bench.faults.on("UpdateTable").refuse("ResourceInUseException")
        plan = await db.diff(adorm.TableSpec(Aged, stream="new"))
        with pytest.raises(
            DeadlineExceeded, match="not done with 'stream new' within 60 s"
        ) as late:
            await plan.apply(timeout_s=60)
        notes = " ".join(late.value.__notes__)
        assert "ResourceInUseException" in notes
        assert "while doing the step 'stream new'; apply() can be run again" in notes


async def test_an_index_that_takes_too_long_goes_on_without_us() -> None:
    bench = Bench(delay_s=600.0)
    async with bench.connect() as db:
        await db.create_table(Narrow, timeout_s=1000)
        plan = await db.diff(Wide)
        with pytest.raises(DeadlineExceeded, match=r"by-a .*\(last status: .*by-a CREATING"):
            await plan.apply(timeout_s=60)
        bench.clock.advance(600.0)
        assert len(await (await db.diff(Wide)).apply()) == 5
        assert len(bench.changes) == 6


async def test_another_refusal_ends_the_work_with_the_step_as_a_note() -> None:
    bench = Bench(delay_s=0.0)
    off = adorm.TableSpec(Order, time_to_live=False)
    async with bench.connect() as db:
        await db.create_table(Order)
        plan = await db.diff(off)
        with pytest.raises(ServiceError, match="Time to live has been modified") as refused:
            await plan.apply()
        assert refused.value.__notes__ == [
            "while doing the step 'ttl off'; apply() can be run again"
        ]
        bench.clock.advance(3600.0)
        assert texts(await plan.apply()) == ["change: ttl off"]


async def test_a_step_that_someone_else_did_is_left_out() -> None:
    bench = Bench()
    spec = adorm.TableSpec(Aged, stream="new", billing=UNITS)
    async with bench.connect() as db:
        await db.create_table(Aged)
        plan = await db.diff(spec)
        await (await db.diff(adorm.TableSpec(Aged, stream="new"))).apply()
        assert texts(await plan.apply()) == ["change: billing provisioned 5/4"]
        assert await plan.apply() == ()


async def test_a_step_that_someone_else_did_a_moment_before_is_no_error() -> None:
    bench = Bench()
    spec = adorm.TableSpec(Aged, stream="new")

    async def beaten(attempt: Attempt) -> Answer:
        await attempt.send()
        return await attempt.send()  # which the engine refuses: the stream is on

    async with bench.connect() as db:
        await db.create_table(Aged)
        plan = await db.diff(spec)
        bench.faults.on("UpdateTable").run(beaten)
        assert await plan.apply() == (), "it was not this call that did it"
        assert (await db.diff(spec)).steps == ()


async def test_a_change_that_became_dangerous_is_not_done() -> None:
    bench = Bench()
    key = "arn:aws:kms:us-east-1:123456789012:key/4f2f9b1e-0000-4000-8000-00000000000"
    async with bench.connect() as db:
        await db.create_table(Aged)
        plan = await db.diff(adorm.TableSpec(Aged, encryption=f"{key}1"))
        await (await db.diff(adorm.TableSpec(Aged, encryption=f"{key}2"))).apply()
        assert await plan.apply() == ()
        assert (await db.describe_table(Aged)).encryption == f"{key}2"


async def test_a_table_that_is_deleted_meanwhile_ends_the_work() -> None:
    bench = Bench()
    async with bench.connect() as db:
        await db.create_table(Aged)
        plan = await db.diff(adorm.TableSpec(Aged, stream="new"))
        await db.delete_table(Aged)
        with pytest.raises(ResourceNotFound, match="no such table any more"):
            await plan.apply()


async def test_more_indexes_than_a_table_takes_are_refused_at_once() -> None:
    names = [f"old-{number:02}" for number in range(18)]
    request: dict[str, Any] = {
        **adorm.TableSpec(Narrow).create_request(),
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": "S"} for name in ("id", *names)
        ],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": name,
                "KeySchema": [{"AttributeName": name, "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
            for name in names
        ],
    }
    bench = Bench()
    async with bench.connect() as db:
        await db.call("CreateTable", request)
        plan = await db.diff(Wide)
        with pytest.raises(
            UsageError, match=r"would have 24 global indexes; .* delete index old-0"
        ):
            await plan.apply()
        assert bench.changes == []
        await plan.apply(allow=[f"delete index {name}" for name in names[:4]])
        assert len((await db.describe_table(Wide)).indexes) == 20


async def test_an_empty_plan_sends_nothing() -> None:
    bench = Bench()
    async with bench.connect() as db:
        await db.create_table(Order)
        plan = await db.diff(Order)
        bench.recorder.clear()
        assert await plan.apply() == ()
        assert bench.recorder.operations == []
        assert repr(plan.apply()) == "<Apply Order, not awaited>"
