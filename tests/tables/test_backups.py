"""Backups, and tables made of them or of a time in the past."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import adorm
from adorm.errors import (
    ConnectionFailed,
    DeadlineExceeded,
    ResourceNotFound,
    ServiceError,
    UsageError,
)
from tests.tables.spec_setup import Bench, Order

pytestmark = pytest.mark.anyio


async def save(db: adorm.Database, note: str) -> None:
    await db.table(Order).put(Order(customer_id="c", order_id="o", status="open", note=note))


async def note(db: adorm.Database, table_name: str) -> str:
    return (await db.table(Order, name=table_name).get("c", "o")).note


async def test_a_backup_is_restored_to_a_table_that_can_be_used() -> None:
    bench = Bench(delay_s=30.0)
    async with bench.connect() as db:
        await db.create_table(Order)
        await save(db, "first")
        backup = await db.back_up(Order, "before-2")
        assert backup.startswith("arn:aws:dynamodb:")
        await save(db, "second")
        await db.restore(backup, "orders-2")
        assert (await db.describe_table("orders-2")).is_active
        assert (await note(db, "orders-2"), await note(db, "orders")) == ("first", "second")
        plan = await db.diff(adorm.TableSpec(Order, name="orders-2"))
        assert [step.text for step in plan.steps] == ["ttl by exp"], "it is not restored"


async def test_a_table_is_restored_to_a_time() -> None:
    bench = Bench(delay_s=10.0)
    async with bench.connect() as db:
        await db.create_table(adorm.TableSpec(Order, point_in_time_recovery=True))
        await save(db, "first")
        bench.clock.advance(60.0)
        between = bench.clock.now()
        bench.clock.advance(60.0)
        await save(db, "second")
        await db.restore_to_time(Order, "then", at=between)
        await db.restore_to_time("orders", "latest")
        assert (await note(db, "then"), await note(db, "latest")) == ("first", "second")


OTHER_ARN = "arn:aws:dynamodb:eu-central-1:111122223333:table/orders"


@pytest.mark.parametrize(
    ("method", "arguments", "said"),
    [
        ("back_up", (Order, "a b"), "can't be a backup's name"),
        ("back_up", ("a b", "before"), "can't be a table's name"),
        ("restore", ("before", "orders-2"), "expected the ARN of a backup"),
        ("restore", ("arn:x", "a b"), "can't be a table's name"),
        ("restore", ("arn:x", OTHER_ARN), "a new table has a name, not an ARN"),
        ("restore_to_time", (Order, "x y"), "can't be a table's name"),
    ],
)
async def test_names_that_cannot_be_are_refused_before_anything_is_sent(
    method: str, arguments: tuple[Any, ...], said: str
) -> None:
    bench = Bench()
    async with bench.connect() as db:
        with pytest.raises(UsageError, match=said):
            await getattr(db, method)(*arguments)
        assert bench.recorder.operations == []


async def test_a_time_without_a_time_zone_is_refused() -> None:
    async with Bench().connect() as db:
        naive = datetime(2026, 1, 1)  # on purpose
        with pytest.raises(UsageError, match="a time without a time zone"):
            await db.restore_to_time(Order, "then", at=naive)


async def test_what_is_missing_is_told() -> None:
    bench = Bench()
    async with bench.connect() as db:
        with pytest.raises(ResourceNotFound):
            await db.back_up(Order, "before")
        await db.create_table(Order)
        backup = await db.back_up(Order, "before")
        with pytest.raises(ServiceError, match="already exists") as taken:
            await db.restore(backup, "orders")
        assert taken.value.code == "TableAlreadyExistsException"
        await db.call("DeleteBackup", {"BackupArn": backup})
        with pytest.raises(ResourceNotFound):
            await db.restore(backup, "orders-2")
        with pytest.raises(ServiceError) as off:
            await db.restore_to_time(Order, "then")
        assert "point_in_time_recovery=True" in off.value.__notes__[0]
        await (await db.diff(adorm.TableSpec(Order, point_in_time_recovery=True))).apply()
        early = datetime.now(UTC) - timedelta(days=4000)
        with pytest.raises(ServiceError) as wrong:
            await db.restore_to_time(Order, "then", at=early)
        assert wrong.value.code == "InvalidRestoreTimeException"


async def test_a_lost_answer_to_a_backup_is_not_repeated_and_says_so() -> None:
    bench = Bench()
    async with bench.connect() as db:
        await db.create_table(Order)
        bench.faults.on("CreateBackup").drop(applied=True)
        with pytest.raises(ConnectionFailed) as failed:
            await db.back_up(Order, "before")
        assert failed.value.maybe_applied
        assert "there may be a backup 'before' of orders" in " ".join(failed.value.__notes__)
        assert len(bench.recorder.of("CreateBackup")) == 1


async def test_a_lost_answer_to_a_restore_finds_its_own_table() -> None:
    bench = Bench(delay_s=5.0)
    async with bench.connect() as db:
        await db.create_table(Order)
        backup = await db.back_up(Order, "before")
        bench.faults.on("RestoreTableFromBackup", call=1).drop(applied=True)
        await db.restore(backup, "orders-2")
        assert (await db.describe_table("orders-2")).is_active


async def test_a_lost_answer_to_a_restore_to_a_time_finds_its_own_table() -> None:
    bench = Bench(delay_s=5.0)
    async with bench.connect() as db:
        await db.create_table(adorm.TableSpec(Order, point_in_time_recovery=True))
        bench.faults.on("RestoreTableToPointInTime", call=1).drop(applied=True)
        await db.restore_to_time(Order, "then")
        assert (await db.describe_table("then")).is_active
        await db.create_table(Order, name="other")
        bench.faults.on("RestoreTableToPointInTime", call=1).drop(applied=False)
        with pytest.raises(ServiceError, match="Table already exists: other"):
            await db.restore_to_time(Order, "other")


async def test_a_lost_answer_to_a_restore_does_not_take_another_table() -> None:
    bench = Bench()
    async with bench.connect() as db:
        await db.create_table(Order)
        backup, other = await db.back_up(Order, "before"), await db.back_up(Order, "other")
        await db.restore(other, "orders-2")
        bench.faults.on("RestoreTableFromBackup", call=1).drop(applied=False)
        with pytest.raises(ServiceError, match="Table already exists: orders-2"):
            await db.restore(backup, "orders-2")


async def test_backups_of_a_new_table_are_waited_for() -> None:
    bench = Bench()
    async with bench.connect() as db:
        await db.create_table(Order)
        bench.faults.on("CreateBackup", call=[1, 2]).refuse("ContinuousBackupsUnavailableException")
        await db.back_up(Order, "before")
        assert bench.clock.sleeps == [0.25, 0.5]
        bench.faults.on("CreateBackup").refuse("TableInUseException")
        with pytest.raises(DeadlineExceeded, match="CreateBackup on orders"):
            await db.back_up(Order, "again", timeout_s=10)
