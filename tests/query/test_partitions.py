"""Queries that read several partitions: pieces of time one after the other, and shards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import orjson
import pytest

import adorm
from adorm import attr
from adorm.errors import BadCursor, BadValue, UsageError
from adorm.query.cursors import encode_cursor, open_cursor
from adorm.query.query import Query
from adorm.testing import Recorder

pytestmark = pytest.mark.anyio

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

table = adorm.SingleTable(
    "deals",
    indexes=[
        adorm.GlobalIndex("GSI1", partition="GSI1PK", sort="GSI1SK"),
        adorm.GlobalIndex("GSI2", partition="GSI2PK", sort="GSI2SK"),
        adorm.GlobalIndex("GSI3", partition="GSI3PK", sort="GSI3SK"),
        adorm.GlobalIndex("GSI4", partition="GSI4PK", sort="GSI4SK"),
    ],
)


@adorm.model(table=table)
class Deal:
    deal_id: str
    brand: str = "Nike"
    price: int = 0
    created_at: datetime

    @adorm.key
    def key(self, deal_id: str) -> adorm.KeyText:
        return f"DEAL#{deal_id}", f"DEAL#{deal_id}"

    by_day = adorm.key("DEALS#{created_at:%Y-%m-%d}", "DEAL#{deal_id}", index="GSI1")
    by_brand = adorm.key(
        "BRAND#{brand:upper}#{created_at:%Y-%m-%d}", "{created_at}#{deal_id}", index="GSI2"
    )
    by_week = adorm.key("WEEK#{created_at:%G-W%V}", "DEAL#{deal_id}", index="GSI3")


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def db(recorder: Recorder) -> AsyncIterator[adorm.Database]:
    async with adorm.connect("memory", wrap=recorder) as db:
        await db.create_table(Deal)
        await db.table(Deal).batch_write(
            puts=[
                Deal(deal_id=f"d{number:02d}", price=number, created_at=MONDAY + 9 * HOUR * number)
                for number in range(20)
            ]
        )
        yield db


def deals_in(db: adorm.Database, first: datetime, last: datetime) -> Query[Deal]:
    return db.table(Deal).query().where(Deal.created_at > first, Deal.created_at <= last)


async def prices(query: Query[Deal]) -> list[int]:
    return [deal.price for deal in await query]


async def test_a_range_of_time_reads_a_partition_for_each_day_in_order(db: adorm.Database) -> None:
    query = deals_in(db, MONDAY, MONDAY + 2 * DAY).index(Deal.by_day)
    plan = query.explain()
    assert plan.partitions == ("DEALS#2026-01-05", "DEALS#2026-01-06", "DEALS#2026-01-07")
    assert "partitions: DEALS#2026-01-05, DEALS#2026-01-06, DEALS#2026-01-07" in str(plan)
    assert await prices(query) == [1, 2, 3, 4, 5]
    assert await prices(query.descending()) == [5, 4, 3, 2, 1]
    assert query.descending().explain().partitions == plan.partitions[::-1]
    assert await query.count() == 5
    assert await query.sum(Deal.price) == 15
    assert [deal.price async for deal in query] == [1, 2, 3, 4, 5]
    async with query.stream() as rows:
        assert [deal.price async for deal in rows] == [1, 2, 3, 4, 5]


async def test_only_the_ends_are_filtered(db: adorm.Database, recorder: Recorder) -> None:
    await deals_in(db, MONDAY, MONDAY + 3 * DAY - HOUR).index(Deal.by_day)
    names = [sent.request["ExpressionAttributeNames"].values() for sent in recorder.of("Query")]
    assert ["created_at" in each for each in names] == [True, False, True]


async def test_partitions_are_read_as_needed(db: adorm.Database, recorder: Recorder) -> None:
    query = deals_in(db, MONDAY - 900 * DAY, MONDAY + 7 * DAY).index(Deal.by_day).descending()
    assert await prices(query.limit(3)) == [18, 17, 16]
    assert len(recorder.of("Query")) == 2
    assert len(query.explain().partitions) == 908


async def test_a_sort_key_that_says_the_time_needs_no_filter(db: adorm.Database) -> None:
    query = deals_in(db, MONDAY, MONDAY + 2 * DAY).where(Deal.brand == "nike")
    plan = query.explain()
    assert plan.index == "GSI2"
    assert "created_at" not in (plan.filter or "")
    assert await prices(query) == [1, 2, 3, 4, 5]
    named = db.table(Deal).query("NIKE").index(Deal.by_brand)
    assert await prices(named.where(Deal.created_at > MONDAY, Deal.created_at < MONDAY + DAY)) == [
        1,
        2,
    ]


async def test_other_units_of_time(db: adorm.Database) -> None:
    query = deals_in(db, MONDAY - DAY, MONDAY + 7 * DAY).index(Deal.by_week)
    assert query.explain().partitions == ("WEEK#2026-W01", "WEEK#2026-W02", "WEEK#2026-W03")
    assert await query.count() == 19


async def test_pages_go_across_partitions(db: adorm.Database) -> None:
    for descending in (False, True):
        for size in (1, 2, 3, 7, None):
            query = deals_in(db, MONDAY - DAY, MONDAY + 6 * DAY).index(Deal.by_day)
            query = query.descending() if descending else query
            expected = await prices(query)
            found: list[int] = []
            cursor: str | None = None
            for _ in range(40):
                asked = query if size is None else query.limit(size)
                page = await asked.page(cursor)
                assert size is None or len(page.items) <= size
                assert page.capacity is not None
                found += [deal.price for deal in page.items]
                cursor = page.cursor
                if cursor is None:
                    break
            assert cursor is None
            assert found == expected


async def test_a_cursor_keeps_the_range_of_its_first_page(db: adorm.Database) -> None:
    now = MONDAY + 3 * DAY
    first = deals_in(db, now - 7 * DAY, now).index(Deal.by_day).limit(4)
    later = deals_in(db, now - 5 * DAY, now + DAY).index(Deal.by_day).limit(100)
    page = await first.page()
    rest = await later.page(page.cursor)
    assert [deal.price for deal in (*page.items, *rest.items)] == list(range(9))
    assert rest.cursor is None
    with pytest.raises(BadCursor, match="another query"):
        await later.descending().page(page.cursor)
    with pytest.raises(BadCursor, match="another query"):
        await db.table(Deal).query("Nike", MONDAY).index(Deal.by_brand).page(page.cursor)


async def test_random_ranges_read_what_lies_in_them(db: adorm.Database) -> None:
    random = Random(7)
    deals = await db.table(Deal).scan()
    for _ in range(150):
        first, last = sorted(
            MONDAY + random.choice([HOUR, 9 * HOUR, DAY]) * random.randint(-4, 24) for _ in range(2)
        )
        conditions: list[bool] = [
            Deal.created_at >= first if random.random() < 0.5 else Deal.created_at > first,
            Deal.created_at <= last if random.random() < 0.5 else Deal.created_at < last,
        ]
        if random.random() < 0.3:
            conditions = [attr(Deal.created_at).between(first, last)]  # type: ignore[list-item]  # pyright: ignore[reportAssignmentType]  # to checkers other conditions are bools
        query = db.table(Deal).query().where(*conditions)
        key = random.choice([Deal.by_day, Deal.by_week, Deal.by_brand])
        query = query.where(Deal.brand == "nike") if key is Deal.by_brand else query
        filtered = await db.table(Deal).scan().filter(*conditions)
        wanted = sorted(deal.price for deal in filtered)
        try:
            found = await prices(query.index(key).descending())
        except BadValue:
            found = []  # no time is in the range
        assert sorted(found) == wanted
        assert key is Deal.by_week or found == wanted[::-1]
    assert len(deals) == 20


async def test_a_forged_cursor_is_a_bad_cursor(db: adorm.Database) -> None:
    query = deals_in(db, MONDAY, MONDAY + 3 * DAY).index(Deal.by_day).limit(2)
    cursor = (await query.page()).cursor
    assert cursor is not None
    digest, content = open_cursor(cursor, None)
    held = orjson.loads(content)
    start, text = held["at"], {"S": "2026-01-05T00:00:00.000000Z"}
    position = {"GSI1PK": start["GSI1PK"]}
    forgeries: list[Any] = [
        None,
        [],
        {},
        start,
        {"at": start},
        {**held, "range": 5},
        {**held, "range": ["no_field", [">", text], ["<", text]]},
        {**held, "range": ["created_at", ["<", text], ["<", text]]},
        {**held, "range": ["created_at", [">", text]]},
        {**held, "range": ["created_at", [">", {"S": "noon"}], ["<", text]]},
        {**held, "range": ["created_at", [">", {"N": "1"}], ["<", text]]},
        {**held, "range": ["price", [">", {"N": "1"}], ["<", {"N": "2"}]]},
        {**held, "range": ["price", [[], {"N": "1"}], ["<", {"N": "2"}]]},
        {**held, "at": None},
        {**held, "at": [start]},
        {**held, "at": {}},
        {**held, "at": {"GSI1PK": {"S": "DEALS#2020-01-01"}}},
        {**held, "at": {**position, "GSI1SK": {"S": "DEAL#d01"}}},
        {**held, "at": {**start, "PK": {"N": "1"}}},
        {**held, "at": {**start, "GSI1SK": {"S": "X"}}},
        {**held, "at": {**start, "PK": {"S": ""}}},
        {**held, "at": {**start, "PK": 5}},
        {**held, "more": 1},
    ]
    for forged in forgeries:
        with pytest.raises(BadCursor):
            await query.page(encode_cursor(forged, digest, None))
            pytest.fail(f"{forged} was taken for a cursor")
    assert (await query.page(encode_cursor({**held, "at": position}, digest, None))).items


async def test_partitions_need_a_range_with_two_ends(db: adorm.Database) -> None:
    by_day = db.table(Deal).query().index(Deal.by_day)
    with pytest.raises(UsageError, match="each day of created_at is a partition of its own"):
        await by_day.where(Deal.created_at > MONDAY)
    with pytest.raises(UsageError, match="more than 1,000 partitions"):
        await by_day.where(Deal.created_at > MONDAY, Deal.created_at < MONDAY + 1001 * DAY)
    with pytest.raises(BadValue, match="is empty"):
        await by_day.where(Deal.created_at > MONDAY, Deal.created_at < MONDAY - DAY)
    assert await prices(by_day.where(Deal.created_at == MONDAY + 9 * HOUR)) == [1]


def test_years_and_months_and_the_end_of_the_calendar() -> None:
    @adorm.model(table="logs")
    class Log:
        day: date
        key = adorm.key("LOG#{day:%Y-%m}", "{day}")

    logs = adorm.connect("memory").table(Log)

    def months(first: date, last: date) -> tuple[str, ...]:
        return logs.query().where(Log.day >= first, Log.day <= last).explain().partitions

    assert months(date(2025, 11, 30), date(2026, 2, 1)) == (
        "LOG#2025-11",
        "LOG#2025-12",
        "LOG#2026-01",
        "LOG#2026-02",
    )
    assert months(date(9999, 11, 1), date.max) == ("LOG#9999-11", "LOG#9999-12")
