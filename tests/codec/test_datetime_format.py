"""How the texts of datetimes end: by option of the database or of a field, for other libraries that
read one form alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import attrs
import pytest

import adorm
from adorm import attr

pytestmark = pytest.mark.anyio

AT = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
THEIRS = "2026-11-21T08:30:00.000000+0000"
OURS = "2026-11-21T08:30:00.000000Z"


def pynamodb_reads(text: str) -> datetime:
    """As PynamoDB's UTCDateTimeAttribute does: 31 characters, of this form alone."""
    assert len(text) == 31
    assert text.endswith("+0000")
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")


@attrs.define
class Part:
    at: datetime


@adorm.model(table="events")
class Event:
    stream: str = adorm.partition_key()
    at: datetime = adorm.sort_key(datetime_format="+0000")
    seen_at: datetime | None = adorm.attribute(default=None, datetime_format="+0000")
    times: dict[str, datetime] = adorm.attribute(factory=dict, datetime_format="+0000")
    all_times: list[datetime] = adorm.attribute(factory=list, datetime_format="+0000")
    part: Part | None = adorm.attribute(default=None, datetime_format="+0000")
    other_at: datetime | None = None
    updated_at: datetime = adorm.updated_at(datetime_format="+0000")
    expires_at: datetime | None = adorm.ttl()


def test_a_field_writes_its_datetimes_as_it_says_and_others_as_ever() -> None:
    event = Event(
        stream="s",
        at=AT,
        seen_at=AT,
        times={"a": AT},
        all_times=[AT],
        part=Part(AT),
        other_at=AT,
        updated_at=AT,
        expires_at=AT,
    )
    item = adorm.to_attribute_map(event)
    assert item["at"] == item["seen_at"] == item["updated_at"] == {"S": THEIRS}
    assert item["times"] == {"M": {"a": {"S": THEIRS}}}
    assert item["all_times"] == {"L": [{"S": THEIRS}]}
    assert item["other_at"] == {"S": OURS}
    assert item["part"] == {"M": {"at": {"S": OURS}}}, "a field of a nested class has its own say"
    assert item["expires_at"] == {"N": "1795249800"}
    assert pynamodb_reads(item["at"]["S"]) == AT
    assert adorm.from_attribute_map(Event, item) == event


@pytest.mark.parametrize(
    "stored", [OURS, THEIRS, "2026-11-21T08:30:00+00:00", "2026-11-21T09:30:00.000000+01:00"]
)
def test_every_form_is_read_whatever_the_option(stored: str) -> None:
    item = {
        "stream": {"S": "s"},
        "at": {"S": THEIRS},
        "seen_at": {"S": stored},
        "other_at": {"S": stored},
        "updated_at": {"S": stored},
    }
    event = adorm.from_attribute_map(Event, item)
    assert (event.seen_at, event.other_at, event.updated_at) == (AT, AT, AT)


@adorm.model(table="visits")
class Visit:
    visitor: str = adorm.partition_key()
    at: datetime = adorm.sort_key()
    left_at: datetime | None = None
    part: Part | None = None
    ours_at: datetime | None = adorm.attribute(default=None, datetime_format="Z")
    data: Any = None


async def test_a_database_writes_all_datetimes_as_it_says_unless_a_field_says_otherwise() -> None:
    async with adorm.connect("memory", datetime_format="+0000") as db:
        await db.ensure_table(Visit)
        visits = db.table(Visit)
        visit = Visit(visitor="v", at=AT, left_at=AT, part=Part(AT), ours_at=AT, data=[AT])
        await visits.create(visit)
        (item,) = (await db.call("Scan", {"TableName": "visits"}))["Items"]
        assert (
            item["at"]
            == item["left_at"]
            == item["part"]["M"]["at"]
            == item["data"]["L"][0]
            == {"S": THEIRS}
        )
        assert item["ours_at"] == {"S": OURS}
        assert (await visits.get("v", AT)).left_at == AT
        assert (
            await visits.query("v").where(Visit.at >= AT).filter(Visit.left_at == AT).count() == 1
        )
        assert await visits.query("v").filter(adorm.not_none(Visit.part).at == AT).count() == 1
        assert adorm.to_attribute_map(visit, db=db)["at"] == {"S": THEIRS}
        assert adorm.to_plain(visit, converter=db.converter)["at"] == THEIRS


async def test_hooks_do_not_take_the_format_away() -> None:
    async with adorm.connect("memory", datetime_format="+00:00") as db:
        db.converter.register_unstructure_hook(complex, lambda number: {"S": str(number)})
        assert (
            adorm.to_plain(Visit(visitor="v", at=AT), db=db)["at"]
            == "2026-11-21T08:30:00.000000+00:00"
        )


async def test_a_table_of_pynamodbs_is_read_changed_and_deleted_under_its_own_keys(
    adorm_db: adorm.Database,
) -> None:
    await adorm_db.ensure_table(Event)
    events = adorm_db.table(Event)
    theirs = {
        "stream": {"S": "s"},
        "at": {"S": THEIRS},
        "seen_at": {"S": THEIRS},
        "updated_at": {"S": THEIRS},
    }
    await adorm_db.call("PutItem", {"TableName": "events", "Item": theirs})
    (event,) = await events.query("s").where(Event.at == AT)
    event.times["b"] = AT
    await events.save(event)
    (item,) = (await adorm_db.call("Scan", {"TableName": "events"}))["Items"]
    assert item["at"] == {"S": THEIRS}
    assert pynamodb_reads(item["times"]["M"]["b"]["S"]) == AT
    pynamodb_reads(item["updated_at"]["S"])
    await (
        events.update("s", AT)
        .set(Event.times["c"], AT)
        .append(Event.all_times, [AT])
        .set(Event.seen_at, AT)
    )
    (item,) = (await adorm_db.call("Scan", {"TableName": "events"}))["Items"]
    assert item["times"]["M"]["c"] == item["all_times"]["L"][0] == item["seen_at"] == {"S": THEIRS}
    assert await events.scan().filter(Event.times["c"] == AT).count() == 1
    assert await events.scan().filter(attr(Event.all_times).contains(AT)).count() == 1
    assert await events.scan().filter(attr(Event.seen_at).is_in(AT)).count() == 1
    await events.delete("s", AT)
    assert await events.scan().count() == 0


async def test_large_pages_read_from_their_bytes_hold_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tests.support.as_json import AsJson
    from tests.support.scripted import ScriptedTransport

    monkeypatch.setattr("adorm.codec.compiled.pages.WORTHWHILE_BYTES", 0)
    items = [
        adorm.to_attribute_map(Event(stream="s", at=AT, seen_at=AT, times={"a": AT}))
        for _ in range(3)
    ]
    transport = ScriptedTransport([{"Items": items, "Count": 3, "ScannedCount": 3}])
    async with adorm.Database(lambda: AsJson(transport)) as db:
        found = await db.table(Event).query("s")
    assert [event.seen_at for event in found] == [AT] * 3


def test_a_format_that_is_none_is_refused() -> None:
    wrong: Any = "+1"
    with pytest.raises(
        adorm.ModelError, match="datetime_format is one of 'Z', '\\+00:00', '\\+0000'"
    ):
        adorm.attribute(datetime_format=wrong)
    with pytest.raises(adorm.UsageError, match="datetime_format"):
        adorm.connect("memory", datetime_format=wrong)


@adorm.model
class Tree:
    at: datetime
    more: list[Tree] = adorm.attribute(factory=list, datetime_format="+0000")


def test_a_class_that_holds_itself_keeps_its_own_say() -> None:
    item = adorm.to_attribute_map(Tree(at=AT, more=[Tree(at=AT)]))
    assert item["at"] == {"S": OURS}
    assert item["more"]["L"][0]["M"]["at"] == {"S": OURS}
