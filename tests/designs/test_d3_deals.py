"""Big Time Deals: the keys that the design draws, and every access pattern of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

import adorm
from adorm.testing import FakeClock
from tests.designs.d3_deals import (
    Brand,
    BrandLike,
    Brands,
    BrandWatch,
    Deal,
    FrontPage,
    Message,
    User,
    deals_table,
)
from tests.support.charts import Chart, chart_of

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 5, 10, 12, tzinfo=UTC)
WEEK_AGO = NOW - timedelta(days=7)
BRANDS = ("Nike", "nike", "Lego", "Nikelodeon")
"""As writers wrote them: the first two are one brand."""
CATEGORIES = ("Shoes", "Toys", "shoes")


def deal(number: int) -> Deal:
    """A deal; ids rise with the time, as KSUIDs do.

    Deal 52 is of the time `WEEK_AGO` and deal 20 of `NOW`.
    """
    return Deal(
        deal_id=f"d{999 - number}",
        title=f"Deal {number}",
        price=100 + number,
        brand=BRANDS[number % 4],
        category=CATEGORIES[number % 3],
        created_at=NOW - timedelta(hours=5.25 * (number - 20)),
    )


DEALS = [deal(number) for number in range(70)]
MESSAGES = [
    Message(
        user=user, message_id=f"m{number:02d}", subject=f"Message {number}", unread=number % 3 == 0
    )
    for user in ("ada", "adam")
    for number in range(40)
]
USERS = [User(name=name, created_at=NOW) for name in ("ada", "adam", "bob")]
WATCHES = [BrandWatch(brand="Nike", user="ada"), BrandWatch(brand="NIKE", user="bob")]


@pytest.fixture
async def db() -> AsyncIterator[adorm.Database]:
    async with adorm.connect("memory", clock=FakeClock(NOW)) as db:
        await db.create_table(deals_table)
        await db.table(Deal).batch_write(puts=DEALS)
        await db.table(Brand).create(Brand(name="Nike"))
        await db.table(Brands).create(Brands(names={"Nike", "Lego", "Nikelodeon"}))
        pages = [FrontPage(copy=copy, featured=["d999"]) for copy in range(8)]
        await db.table(FrontPage).batch_write(puts=pages)
        await db.table(Message).batch_write(puts=MESSAGES)
        await db.table(User).batch_write(puts=USERS)
        await db.table(BrandWatch).batch_write(puts=[*WATCHES, BrandWatch(brand="Lego", user="x")])
        yield db


async def test_items_have_the_keys_that_are_drawn(db: adorm.Database) -> None:
    none = ("-",) * 3

    def twice(text: str) -> tuple[str, ...]:
        return (text, text, "-", "-", "-")

    def of_deal(each: Deal) -> Chart:
        key, day = f"DEAL#{each.deal_id}", f"{each.created_at:%Y-%m-%d}"
        brand, category = each.brand.upper(), each.category.upper()
        indexes = (f"DEALS#{day}", f"BRAND#{brand}#{day}", f"CATEGORY#{category}#{day}")
        return {(key, key, *indexes)}

    assert await chart_of(db, "deals", "PK", "SK", "GSI1PK", "GSI2PK", "GSI3PK") == {
        *(row for each in DEALS for row in of_deal(each)),
        twice("BRAND#NIKE"),
        twice("BRANDS"),
        *(twice(f"FRONTPAGE#{copy}") for copy in range(8)),
        *(twice(f"USER#{each.name}") for each in USERS),
        *(
            (
                f"MESSAGES#{each.user}",
                f"MESSAGE#{each.message_id}",
                f"MESSAGES#{each.user}" if each.unread else "-",
                "-",
                "-",
            )
            for each in MESSAGES
        ),
        ("BRANDWATCH#NIKE", "USER#ada", *none),
        ("BRANDWATCH#NIKE", "USER#bob", *none),
        ("BRANDWATCH#LEGO", "USER#x", *none),
    }
    with_sort_keys = await chart_of(db, "deals", "PK", "SK", "GSI1SK", "GSI2SK", "GSI3SK")
    assert all(set(row[2:]) == {row[1]} for row in with_sort_keys if row[0].startswith("DEAL#"))
    users = await chart_of(db, "deals", "PK", "SK", "UserIndex")
    assert {row for row in users if row[2] != "-"} == {(f"USER#{each.name}",) * 3 for each in USERS}


def latest_of(deals: list[Deal]) -> list[Deal]:
    """The 25 latest of the last week, the latest day first."""
    found = [each for each in deals if WEEK_AGO < each.created_at <= NOW]
    return sorted(found, key=lambda each: each.deal_id, reverse=True)[:25]


async def test_the_latest_deals_of_whatever_day(db: adorm.Database) -> None:
    query = db.table(Deal).query().where(Deal.created_at > WEEK_AGO, Deal.created_at <= NOW)
    latest = await query.descending().limit(25)
    assert latest == latest_of(DEALS)
    assert len(latest) == 25
    assert await query.count() == sum(WEEK_AGO < each.created_at <= NOW for each in DEALS)


async def test_the_latest_deals_page_by_page(db: adorm.Database) -> None:
    query = (
        db.table(Deal)
        .query()
        .where(Deal.created_at > WEEK_AGO, Deal.created_at <= NOW)
        .descending()
        .limit(7)
    )
    read: list[Deal] = []
    cursor: str | None = None
    for _ in range(12):
        page = await query.page(cursor)
        read += page.items
        cursor = page.cursor
        if cursor is None:
            break
    expected = [each for each in DEALS if WEEK_AGO < each.created_at <= NOW]
    assert read == sorted(expected, key=lambda each: each.deal_id, reverse=True)
    assert cursor is None


async def test_the_latest_deals_of_a_brand_and_of_a_category(db: adorm.Database) -> None:
    deals = db.table(Deal)
    week = (Deal.created_at > WEEK_AGO, Deal.created_at <= NOW)
    for name in ("nike", "NIKE", "Nike", "Lego", "Nikelodeon"):
        found = await deals.query().where(Deal.brand == name, *week).descending().limit(25)
        assert found == latest_of([each for each in DEALS if each.brand.upper() == name.upper()])
        assert found
    for name in ("Shoes", "TOYS"):
        found = await deals.query().where(Deal.category == name, *week).descending().limit(25)
        assert found == latest_of([each for each in DEALS if each.category.upper() == name.upper()])
        assert found


async def test_a_brand_is_liked_once_by_each_user(db: adorm.Database) -> None:
    for user in ("ada", "ada", "bob"):
        try:
            async with db.transaction() as tx:
                tx.create(BrandLike(brand="Nike", user=user))
                tx.update(Brand.key(name="Nike")).add(Brand.likes, 1)
        except adorm.TransactionCanceled:
            continue
    brand = await db.table(Brand).get(name="nike")
    assert (brand.name, brand.likes) == ("Nike", 2)


async def test_all_brands_and_the_front_page(db: adorm.Database) -> None:
    assert (await db.table(Brands).get()).names == {"Nike", "Lego", "Nikelodeon"}
    for copy in range(8):
        assert (await db.table(FrontPage).get(copy=copy)).featured == ["d999"]


async def test_who_watches_a_brand(db: adorm.Database) -> None:
    assert await db.table(BrandWatch).query("nike") == WATCHES


async def test_messages_and_those_that_are_not_read_yet(db: adorm.Database) -> None:
    messages = db.table(Message)
    of_ada = [each for each in MESSAGES if each.user == "ada"][::-1]
    assert await messages.query("ada").descending().limit(20) == of_ada[:20]
    unread = (
        messages.query()
        .where(Message.user == "ada", Message.unread == True)  # noqa: E712  # a condition
        .descending()
        .limit(20)
    )
    expected = [each for each in of_ada if each.unread]
    assert await unread == expected
    assert unread.request()["IndexName"] == "GSI1"
    await messages.update(user="ada", message_id=expected[0].message_id).set(Message.unread, False)
    assert await unread == expected[1:]
    await messages.update(user="ada", message_id=expected[0].message_id).set(Message.unread, True)
    assert await unread == expected


async def test_every_user_by_a_scan_of_the_index_that_has_users_only(db: adorm.Database) -> None:
    async with db.table(User).scan().index(User.everyone).segments(4).stream() as rows:
        names = [user.name async for user in rows]
    assert sorted(names) == ["ada", "adam", "bob"]
