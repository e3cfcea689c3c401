"""Sessions: the keys that the design draws, and every access pattern of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

import adorm
from adorm.testing import FakeClock
from tests.designs.d6_sessions import ChildSession, Session, sessions_table
from tests.support.charts import chart_of

pytestmark = pytest.mark.anyio

START = datetime(2026, 5, 1, 8, tzinfo=UTC)
SESSIONS = [
    Session(
        session_id=f"s{number}",
        customer_id=f"c{number % 3 + 1}",
        access_token=f"token {number}",
        last_login_at=START + timedelta(hours=7 * number % 24),
        expires_at=START + timedelta(days=number),
    )
    for number in range(1, 15)
]
CHILDREN = [
    ChildSession(
        session_id=each.session_id, child_id=f"{each.session_id}-k{number}", access_token="child"
    )
    for each in SESSIONS
    for number in range(int(each.session_id[1:]) % 4)
]


@pytest.fixture
async def db() -> AsyncIterator[adorm.Database]:
    clock = FakeClock(START)
    async with adorm.connect("memory", clock=clock) as db:
        await db.create_table(sessions_table)
        for each in SESSIONS:  # `last_login_at` is the time of the write
            clock.advance(60)
            each.last_login_at = (await db.table(Session).create(each)).last_login_at
        await db.table(ChildSession).batch_write(puts=CHILDREN)
        yield db


def by_session(sessions: list[Session]) -> list[Session]:
    return sorted(sessions, key=lambda each: each.session_id)


async def test_items_have_the_keys_that_are_drawn(db: adorm.Database) -> None:
    assert await chart_of(db, "sessions", "PK", "SK") == {
        *((f"suuid#{each.session_id}", f"c#{each.customer_id}") for each in SESSIONS),
        *((f"suuid#{each.session_id}", f"child#suuid#{each.child_id}") for each in CHILDREN),
    }


async def test_a_session_is_created_looked_up_and_deleted(db: adorm.Database) -> None:
    sessions = db.table(Session)
    new = await sessions.create(Session(session_id="s99", customer_id="c1", access_token="new"))
    assert await sessions.get(session_id="s99", customer_id="c1") == new
    assert await sessions.query("s99").one() == new
    await sessions.delete(new)
    assert await sessions.query("s99").first() is None
    assert await sessions.query("s9").one() == SESSIONS[8]


async def test_the_children_of_a_session(db: adorm.Database) -> None:
    for each in SESSIONS:
        theirs = [child for child in CHILDREN if child.session_id == each.session_id]
        assert await db.table(ChildSession).query(each.session_id) == theirs
        parents, children = await db.query(Session, ChildSession).where(
            Session.session_id == each.session_id
        )
        assert (parents, children) == ([each], theirs)


async def test_the_session_of_a_child(db: adorm.Database) -> None:
    for each in CHILDREN:
        found = await (
            db.table(ChildSession).query().where(ChildSession.child_id == each.child_id).one()
        )
        assert found == each


async def test_the_sessions_of_a_customer(db: adorm.Database) -> None:
    sessions = db.table(Session)
    for customer_id in ("c1", "c2", "c3"):
        expected = by_session([each for each in SESSIONS if each.customer_id == customer_id])
        found = await sessions.query().where(Session.customer_id == customer_id)
        assert found == expected
        assert max(each.last_login_at for each in found) == max(
            each.last_login_at for each in expected
        )
        one = await (
            sessions.query()
            .where(Session.customer_id == customer_id, Session.session_id == "s1")
            .first()
        )
        assert one == next((each for each in expected if each.session_id == "s1"), None)
