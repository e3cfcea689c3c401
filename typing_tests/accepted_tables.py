"""What both checkers have to accept of tables as code, and the types they infer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import assert_type

import adorm
from typing_tests.keyed_models import shop
from typing_tests.models import Event

db = adorm.connect("memory")
UNITS = adorm.Provisioned(read_units=5, write_units=5)


def show(progress: adorm.StepProgress) -> None:
    assert_type(progress.step, adorm.Step)
    assert_type(progress.backfilling, bool)


async def tables() -> None:
    spec = adorm.TableSpec(Event, billing=UNITS, stream="both", point_in_time_recovery=35)
    plan = await db.diff(spec)
    assert_type(plan, adorm.TablePlan)
    assert_type(await db.diff(Event), adorm.TablePlan)
    assert_type(await db.diff(shop), adorm.TablePlan)
    assert_type(await plan.apply(allow=["ttl by exp"], on_progress=show), Sequence[adorm.Step])
    assert_type(await db.create_table(spec), adorm.TableDescription)
    assert_type(await db.ensure_table(spec), adorm.TableDescription)
    assert_type(await db.describe_table(Event), adorm.TableDescription)
    assert_type(await db.describe_table(Event, details=True), adorm.TableDetails)
    assert_type(await db.table_exists("events"), bool)
    assert_type(await db.list_tables(prefix="ev"), list[str])
    assert_type(await db.check_index(Event, "by-day"), adorm.IndexCheck)
    assert_type(await db.back_up(Event, "before"), str)
    await db.restore("arn:...", "events-2")
    await db.restore_to_time("events", "events-3", at=datetime.now(UTC))
    assert_type(spec.cli(), str)
