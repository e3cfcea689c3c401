"""A social network: the keys that the design draws, and every access pattern of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

import adorm
from adorm.testing import FakeClock
from tests.designs.d5_social import (
    Follower,
    Following,
    Like,
    LikeCount,
    Post,
    TimelineEntry,
    UserCounts,
    UserInfo,
    social,
)
from tests.support.charts import chart_of

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)
NAMES = ("u1", "u10", "u2", "u3")
INFOS = [UserInfo(user_id=name, name=name.upper()) for name in NAMES]
FOLLOWS = [("u1", "u2"), ("u1", "u3"), ("u2", "u1"), ("u10", "u1"), ("u3", "u10")]
"""Who is followed, and by whom."""
COUNTS = [
    UserCounts(
        user_id=name,
        followers=sum(name == followed for followed, _ in FOLLOWS),
        following=sum(name == follower for _, follower in FOLLOWS),
    )
    for name in NAMES
]
POSTS = [
    Post(user_id=name, post_id=f"p{number:02d}{name}", content="Hello", posted_at=NOW)
    for name in NAMES
    for number in range(30)
]
LIKES = [
    Like(post_id=post.post_id, user_id=name)
    for number, post in enumerate(POSTS)
    for name in NAMES[: number % 5]
]
LIKE_COUNTS = [
    LikeCount(post_id=post.post_id, likes=sum(like.post_id == post.post_id for like in LIKES))
    for post in POSTS
]
TIMELINE = [
    TimelineEntry(
        user_id=follower,
        post_id=post.post_id,
        author_id=followed,
        expires_at=NOW + timedelta(days=(number % 7) - 2),
    )
    for followed, follower in FOLLOWS
    for number, post in enumerate(POSTS)
    if post.user_id == followed
]


@pytest.fixture
async def db() -> AsyncIterator[adorm.Database]:
    async with adorm.connect("memory", clock=FakeClock(NOW)) as db:
        await db.create_table(social)
        await db.table(UserInfo).batch_write(puts=INFOS)
        await db.table(UserCounts).batch_write(puts=COUNTS)
        followers = [Follower(user_id=whom, follower_id=who) for whom, who in FOLLOWS]
        await db.table(Follower).batch_write(puts=followers)
        following = [Following(user_id=who, followed_id=whom) for whom, who in FOLLOWS]
        await db.table(Following).batch_write(puts=following)
        await db.table(Post).batch_write(puts=POSTS)
        await db.table(Like).batch_write(puts=LIKES)
        await db.table(LikeCount).batch_write(puts=LIKE_COUNTS)
        await db.table(TimelineEntry).batch_write(puts=TIMELINE)
        yield db


async def test_items_have_the_keys_that_are_drawn(db: adorm.Database) -> None:
    assert await chart_of(db, "social", "PK", "SK") == {
        *((f"u#{name}", kind) for name in NAMES for kind in ("info", "count")),
        *((f"u#{whom}#follower", f"u#{who}") for whom, who in FOLLOWS),
        *((f"u#{who}#following", f"u#{whom}") for whom, who in FOLLOWS),
        *((f"u#{post.user_id}#post", f"p#{post.post_id}") for post in POSTS),
        *((f"p#{like.post_id}#likelist", f"u#{like.user_id}") for like in LIKES),
        *((f"p#{post.post_id}#likecount", "count") for post in POSTS),
        *(
            (f"u#{each.user_id}#timeline", f"p#{each.post_id}#u#{each.author_id}")
            for each in TIMELINE
        ),
    }


async def test_the_page_of_a_user_is_one_query(db: adorm.Database) -> None:
    for info, counts in zip(INFOS, COUNTS, strict=True):
        found = await db.query(UserInfo, UserCounts).where(UserInfo.user_id == info.user_id)
        assert found == ([info], [counts])


async def test_followers_and_followed(db: adorm.Database) -> None:
    for name in NAMES:
        followers = await db.table(Follower).query(name)
        assert [each.follower_id for each in followers] == sorted(
            who for whom, who in FOLLOWS if whom == name
        )
        followed = await db.table(Following).query(name)
        assert [each.followed_id for each in followed] == sorted(
            whom for whom, who in FOLLOWS if who == name
        )


async def test_the_latest_posts_of_a_user(db: adorm.Database) -> None:
    for name in NAMES:
        posts = await db.table(Post).query(name).descending().limit(20)
        theirs = sorted(
            (post for post in POSTS if post.user_id == name),
            key=lambda each: each.post_id,
            reverse=True,
        )
        assert posts == theirs[:20]


async def test_the_likes_of_a_post(db: adorm.Database) -> None:
    for post in POSTS[::7]:
        likes = await db.table(Like).query(post.post_id)
        theirs = [like for like in LIKES if like.post_id == post.post_id]
        assert likes == sorted(theirs, key=lambda each: each.user_id)
        count = await db.table(LikeCount).get(post_id=post.post_id)
        assert count.likes == len(theirs)


async def test_the_timeline_leaves_out_what_has_expired(db: adorm.Database) -> None:
    for name in NAMES:
        timeline = await db.table(TimelineEntry).query(name).hide_expired().descending().limit(50)
        theirs = [
            each
            for each in TIMELINE
            if each.user_id == name and each.expires_at is not None and each.expires_at > NOW
        ]
        theirs.sort(key=lambda each: f"{each.post_id}#u#{each.author_id}", reverse=True)
        assert timeline == theirs[:50]


async def test_following_writes_both_directions_and_both_counts_once(db: adorm.Database) -> None:
    for _ in range(2):
        try:
            async with db.transaction() as tx:
                tx.create(Follower(user_id="u2", follower_id="u99"))
                tx.create(Following(user_id="u99", followed_id="u2"))
                tx.update(UserCounts.key(user_id="u2")).add(UserCounts.followers, 1).upsert()
                tx.update(UserCounts.key(user_id="u99")).add(UserCounts.following, 1).upsert()
        except adorm.TransactionCanceled:
            continue
    before = COUNTS[NAMES.index("u2")]
    counts = db.table(UserCounts)
    assert (await counts.get(user_id="u2")).followers == before.followers + 1
    assert await counts.get(user_id="u99") == UserCounts(user_id="u99", following=1)
    assert await db.table(Following).get("u99", "u2") == Following(user_id="u99", followed_id="u2")


async def test_a_post_goes_to_the_timelines_of_all_followers(db: adorm.Database) -> None:
    post = await db.table(Post).create(Post(user_id="u1", post_id="p99", content="News"))
    week = NOW + timedelta(days=7)
    async with db.table(TimelineEntry).batch() as batch:
        async for follower in db.table(Follower).query(post.user_id):
            entry = TimelineEntry(
                user_id=follower.follower_id,
                post_id=post.post_id,
                author_id=post.user_id,
                expires_at=week,
            )
            await batch.put(entry)
    for name in NAMES:
        latest = await db.table(TimelineEntry).query(name).descending().first()
        assert (latest is not None and latest.post_id == "p99") is (("u1", name) in FOLLOWS)
