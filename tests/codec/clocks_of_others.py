"""Times that other libraries make: freezegun's, time-machine's, pendulum's, pandas'."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pendulum
import pytest
import time_machine
from freezegun import freeze_time

import adorm
from adorm import attr


@adorm.model(table="events", indexes=[adorm.GlobalIndex("by-day", partition="day", sort="at")])
class Event:
    id: str = adorm.partition_key()
    at: datetime = adorm.sort_key()
    day: date = date(2026, 1, 1)
    span: timedelta = timedelta(0)
    clock: time = time(0)
    times: list[datetime] = adorm.attribute(factory=list)
    anything: Any = None
    created: datetime = adorm.created_at()
    expires: datetime | None = adorm.ttl()
    version: int = adorm.version()


async def live_with(db: adorm.Database, now: datetime) -> Event:
    """Write, read, compare and change an item by times of `now`'s kind."""
    await db.create_table(Event)
    events = db.table(Event)
    given = Event(
        id="a",
        at=now,
        day=now.date(),
        clock=now.time(),
        times=[now],
        anything={"at": now, "day": now.date()},
        expires=now + timedelta(days=1),
    )
    await events.create(given)
    event = await events.get("a", now)
    assert (event.at, event.day, event.times) == (now, now.date(), [now])
    await events.save(event)
    hour = timedelta(hours=1)
    assert await events.query("a").where(Event.at > now - hour, Event.at < now + hour).count() == 1
    assert await events.query("a").where(attr(Event.at).between(now - hour, now)).count() == 1
    assert await events.query().where(Event.day == now.date(), Event.at <= now).count() == 1
    assert await events.scan().filter(attr(Event.created).is_in(event.created)).count() == 1
    changed = (
        await events.update("a", now)
        .set(Event.day, now.date())
        .append(Event.times, [now])
        .when(Event.at == now)
        .returning("new")
    )
    assert changed is not None
    assert not adorm.is_expired(changed)
    await events.delete("a", now)
    return event


@pytest.mark.anyio
async def test_everything_works_while_freezegun_holds_the_time(adorm_db: adorm.Database) -> None:
    with freeze_time("2026-03-04 05:06:07.123456"):
        event = await live_with(adorm_db, datetime.now(UTC))
    assert event.created == datetime(2026, 3, 4, 5, 6, 7, 123456, tzinfo=UTC)


def test_a_model_that_is_made_while_freezegun_holds_the_time_works_after_it_too() -> None:
    with freeze_time("2026-03-04"):
        from datetime import date as frozen_date, datetime as frozen_datetime

        @adorm.model(table="late")
        class Late:
            id: str = adorm.partition_key()
            at: frozen_datetime = adorm.created_at()
            day: frozen_date = frozen_date(2026, 1, 1)
            gone: frozen_datetime | None = adorm.ttl()
            many: dict[str, list[frozen_datetime]] = adorm.attribute(factory=dict)

        made = Late(id="a", gone=frozen_datetime.now(UTC), many={"x": [frozen_datetime.now(UTC)]})
        stored = adorm.to_attribute_map(made)
    assert stored["at"] == {"S": "2026-03-04T00:00:00.000000Z"}
    assert stored["gone"] == {"N": "1772582400"}
    now = datetime.now(UTC)
    later = adorm.from_attribute_map(
        Late, adorm.to_attribute_map(Late(id="a", at=now, many={"x": [now]}))
    )
    assert (later.at, later.many, type(later.at), type(later.day)) == (
        now,
        {"x": [now]},
        datetime,
        date,
    )


@pytest.mark.anyio
@pytest.mark.parametrize("tick", [True, False])
async def test_everything_works_on_a_journey_of_time_machine(
    adorm_db: adorm.Database, tick: bool
) -> None:
    with time_machine.travel(datetime(2020, 3, 4, tzinfo=UTC), tick=tick):
        event = await live_with(adorm_db, datetime.now(UTC))
    assert event.created.date() == date(2020, 3, 4)


@pytest.mark.anyio
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
async def test_everything_works_with_times_of_pendulum(adorm_db: adorm.Database, zone: str) -> None:
    await live_with(adorm_db, pendulum.now(zone))


@adorm.model(table="plans")
class Plan:
    id: str = adorm.partition_key()
    at: pendulum.DateTime
    day: pendulum.Date
    clock: pendulum.Time
    span: pendulum.Duration
    created: pendulum.DateTime = adorm.created_at()


@pytest.mark.anyio
async def test_fields_may_be_of_pendulums_types_and_read_as_those(adorm_db: adorm.Database) -> None:
    now = pendulum.datetime(2026, 3, 4, 5, 6, 7, 8, tz="Europe/Berlin")
    await adorm_db.create_table(Plan)
    plans = adorm_db.table(Plan)
    await plans.create(
        Plan(id="a", at=now, day=now.date(), clock=now.time(), span=pendulum.duration(days=1))
    )
    plan = await plans.get("a")
    assert [type(each) for each in (plan.at, plan.day, plan.clock, plan.span, plan.created)] == [
        pendulum.DateTime,
        pendulum.Date,
        pendulum.Time,
        pendulum.Duration,
        pendulum.DateTime,
    ]
    assert plan.at == now
    plan.at = plan.at.add(days=1)  # keeps its time zone, or it could not be stored
    await plans.save(plan)
    assert (await plans.get("a")).at == now.add(days=1)


@pytest.mark.parametrize(
    "span",
    [
        pendulum.duration(days=1, seconds=5, microseconds=7),
        pendulum.duration(days=-1, seconds=-5, microseconds=-7),
        pendulum.duration(years=1, months=2),
        pendulum.datetime(2026, 1, 1) - pendulum.datetime(2026, 1, 3, 0, 0, 1),
        pendulum.datetime(2026, 1, 3, 0, 0, 1) - pendulum.datetime(2026, 1, 1),
    ],
    ids=str,
)
def test_durations_and_intervals_of_pendulum_are_stored_to_the_microsecond(span: timedelta) -> None:
    stored = adorm.to_attribute_map(Event(id="a", at=datetime.now(UTC), span=span))["span"]
    microseconds = timedelta.__floordiv__(span, timedelta(microseconds=1))
    assert Decimal(stored["N"]) * 10**6 == microseconds


class NanosecondTime(datetime):
    """As pandas' Timestamp is."""

    nanosecond = 5


def test_a_time_that_is_finer_than_a_microsecond_is_not_cut_in_silence() -> None:
    with pytest.raises(adorm.BadValue, match="finer than a microsecond: round it first"):
        adorm.to_attribute_map(Event(id="a", at=NanosecondTime(2026, 1, 1, tzinfo=UTC)))
