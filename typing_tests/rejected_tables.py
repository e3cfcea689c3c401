"""What both checkers have to reject of tables as code: each marked line, and no other.

The marks are those of rejected.py.
"""

from __future__ import annotations

import adorm
from typing_tests.models import Event

db = adorm.connect("memory")
UNITS = adorm.Provisioned(read_units=5, write_units=5)


def specs() -> None:
    adorm.TableSpec()  # E: a spec without a model
    adorm.TableSpec(Event, UNITS)  # E: options of a table have names
    adorm.TableSpec(Event, billing="cheap")  # E: no such billing
    adorm.TableSpec(Event, stream="all")  # E: no such stream
    adorm.TableSpec(Event, table_class="cold")  # E: no such class
    adorm.TableSpec(Event, deletion_protection="yes")  # E: it is a bool
    adorm.TableSpec(Event, point_in_time_recovery="35")  # E: days are a number
    adorm.TableSpec(Event, tags={"team": 5})  # E: values of tags are text
    adorm.TableSpec(Event, index_billing={"by-day": 5})  # E: units are Provisioned
    adorm.TableSpec(Event, max_read_units=5)  # E: no such option of a table
    adorm.TableSpec(Event).terraform(logical_id="x")  # E: that is CloudFormation's


async def plans() -> None:
    plan = await db.diff(Event)
    plan.steps.append  # E: steps can't be added
    await plan.apply(["ttl by exp"])  # E: allow has a name
    await plan.apply(allow=[5])  # E: steps are named by text
    await plan.apply(on_progress=lambda: None)  # E: it gets a StepProgress
    await db.check_index("events", "by-day")  # E: the model tells the keys of the index
    await db.back_up(Event)  # E: a backup has a name
    await db.restore_to_time(Event, "events-2", at=1_700_000_000)  # E: a time is a datetime
    (await db.describe_table(Event)).tags  # E: only details have them
