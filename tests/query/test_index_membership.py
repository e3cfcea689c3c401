"""Which items an index holds by a key that is made of parts: sparse keys, and several keys of one
index."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import adorm
from adorm import attr
from adorm.errors import UsageError
from adorm.query.query import Query

pytestmark = pytest.mark.anyio

table = adorm.SingleTable(
    "hub",
    indexes=[
        adorm.GlobalIndex("GSI1", partition="GSI1PK", sort="GSI1SK"),
        adorm.GlobalIndex("GSI2", partition="GSI2PK", sort="GSI2SK"),
        adorm.GlobalIndex("GSI3", partition="GSI3PK", sort="GSI3SK"),
        adorm.GlobalIndex("keys", partition="KPK", sort="KSK", projection="KEYS_ONLY"),
        adorm.GlobalIndex("inverted", partition="SK", sort="PK"),
    ],
)


@adorm.model(table=table)
class Repo:
    owner: str
    name: str
    source_owner: str | None = None
    source_name: str | None = None
    stars: int = 0

    @adorm.key
    def key(self, owner: str, name: str) -> adorm.KeyText:
        return f"REPO#{owner}#{name}", f"REPO#{owner}#{name}"

    fork_of = adorm.key("REPO#{source_owner}#{source_name}", "FORK#{owner}", index="GSI2")
    with_forks = adorm.key("REPO#{owner}#{name}", "#REPO#{name}", index="GSI2")


@adorm.model(table=table)
class Message:
    user: str
    message_id: str
    unread: bool = True
    read_at: datetime | None = None
    subject: str = ""
    folder: str = adorm.attribute(default="", omit_empty=True)

    @adorm.key
    def key(self, user: str, message_id: str) -> adorm.KeyText:
        return f"MESSAGES#{user}", f"MESSAGE#{message_id}"

    while_unread = adorm.key(
        "MESSAGES#{user}", "MESSAGE#{message_id}", index="GSI1", only={"unread": True}
    )
    by_read = adorm.key("READ#{user}", "{read_at}", index="GSI2")
    by_folder = adorm.key("FOLDERS#{user}", "{folder}", index="GSI3")
    by_subject = adorm.key("SUBJECT#{subject:lower}", "{user}#{message_id}", index="keys")


@adorm.model(table=table)
class Link:
    """Items whose two keys of one index begin alike: only the parts tell them apart."""

    link_id: str
    from_page: str | None = None
    to_page: str | None = None

    key = adorm.key("LINK#{link_id}", "LINK")
    outgoing = adorm.key("PAGE#{from_page}", "{link_id}", index="GSI1")
    incoming = adorm.key("PAGE#{to_page}", "{link_id}", index="GSI1")


AT = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture
async def db() -> AsyncIterator[adorm.Database]:
    async with adorm.connect("memory") as db:
        await db.create_table(table)
        await db.table(Repo).batch_write(
            puts=[
                Repo(owner="aws", name="cli"),
                Repo(owner="ada", name="cli", source_owner="aws", source_name="cli"),
                Repo(owner="bob", name="cli", source_owner="aws", source_name="cli", stars=7),
            ]
        )
        await db.table(Message).batch_write(
            puts=[
                Message(
                    user="ada",
                    message_id=f"m{number}",
                    unread=number % 2 == 0,
                    read_at=AT + timedelta(days=number) if number % 2 else None,
                    subject="Hello" if number < 3 else "Bye",
                )
                for number in range(6)
            ]
        )
        await db.table(Link).batch_write(
            puts=[
                Link(link_id="l1", from_page="a", to_page="b"),
                Link(link_id="l2", to_page="a"),
                Link(link_id="l3", from_page="b"),
            ]
        )
        yield db


async def owners(query: Query[Repo]) -> list[str]:
    return [repo.owner for repo in await query]


async def ids(query: Query[Message]) -> list[str]:
    return [message.message_id for message in await query]


async def test_forks_and_originals_share_an_index(db: adorm.Database) -> None:
    repos = db.table(Repo)
    of_source = repos.query().where(Repo.source_owner == "aws", Repo.source_name == "cli")
    assert of_source.explain().index == "GSI2"
    assert await owners(of_source) == ["ada", "bob"]
    assert await owners(repos.query("aws", "cli").index(Repo.fork_of)) == ["ada", "bob"]
    assert await owners(repos.query("aws", "cli").index(Repo.with_forks)) == ["aws"]
    # a fork has the first key, and so not the second
    assert await owners(repos.query("ada", "cli").index(Repo.with_forks)) == []


async def test_an_index_is_not_taken_where_an_earlier_key_may_apply(db: adorm.Database) -> None:
    query = db.table(Repo).query().where(Repo.owner == "aws", Repo.name == "cli")
    assert query.explain().index is None
    assert "items with Repo.fork_of are in it by that key" in query.explain().reason
    original = query.where(attr(Repo.source_owner).not_exists())
    assert "index 'GSI2' (with_forks): serves too" in original.explain().reason


async def test_a_scan_of_one_key_leaves_out_the_others(db: adorm.Database) -> None:
    scan = db.table(Repo).scan().index(Repo.fork_of)
    assert "begins_with(GSI2SK" in (scan.explain().filter or "")


async def test_a_scan_by_a_key_reads_the_items_that_have_it(db: adorm.Database) -> None:
    scan = db.table(Repo).scan()
    assert {repo.owner for repo in await scan.index(Repo.fork_of)} == {"ada", "bob"}
    assert {repo.owner for repo in await scan.index(Repo.with_forks)} == {"aws"}
    assert await scan.index(Repo.fork_of).count() == 2
    assert await scan.index(Repo.fork_of).sum(Repo.stars) == 7
    assert {repo.owner for repo in await scan.index("GSI2")} == {"ada", "bob", "aws"}


async def test_a_condition_on_what_only_says_takes_the_index(db: adorm.Database) -> None:
    messages = db.table(Message)
    unread = messages.query().where(Message.user == "ada", Message.unread == True)  # noqa: E712
    assert unread.explain().index == "GSI1"
    assert "unread" not in (unread.explain().filter or "")
    assert await ids(unread) == ["m0", "m2", "m4"]
    assert await ids(unread.descending().limit(2)) == ["m4", "m2"]
    assert await ids(messages.query("ada").index(Message.while_unread)) == ["m0", "m2", "m4"]
    read = messages.query().where(Message.user == "ada", Message.unread == False)  # noqa: E712
    assert read.explain().index is None
    assert await ids(read) == ["m1", "m3", "m5"]
    everything = messages.query("ada")
    assert everything.explain().index is None
    assert "ask for that by ==" in everything.explain().reason


async def test_a_range_of_an_optional_part_takes_the_index(db: adorm.Database) -> None:
    messages = db.table(Message)
    late = messages.query().where(Message.user == "ada", attr(Message.read_at) > AT)
    assert late.explain().index == "GSI2"
    assert await ids(late) == ["m1", "m3", "m5"]
    first = late.where(attr(Message.read_at) <= AT + timedelta(days=1))
    assert await ids(first) == ["m1"]
    assert await ids(messages.query("ada").index(Message.by_read)) == ["m1", "m3", "m5"]


async def test_a_field_that_is_left_out_where_it_is_empty_is_optional(
    db: adorm.Database,
) -> None:
    messages = db.table(Message)
    reason = messages.query("ada").explain().reason
    assert "items without folder are not in it" in reason
    filed = messages.query().where(Message.user == "ada", Message.folder == "Work")
    assert filed.explain().index == "GSI3"


async def test_whole_items_come_from_the_table(db: adorm.Database) -> None:
    messages = db.table(Message)
    hello = messages.query("HELLO").index(Message.by_subject)
    assert [message.subject for message in await hello.hydrate()] == ["Hello"] * 3
    assert await hello.count() == 3
    assert await hello.select(Message.message_id) == [("m0",), ("m1",), ("m2",)]
    with pytest.raises(UsageError, match=r"index 'keys' \(by_subject\) of Message does not hold"):
        await hello


async def test_items_with_the_other_key_of_an_index_are_told_by_their_parts(
    db: adorm.Database,
) -> None:
    links = db.table(Link)

    async def link_ids(query: Query[Link]) -> list[str]:
        return [link.link_id for link in await query]

    assert await link_ids(links.query().where(attr(Link.from_page) == "a")) == ["l1"]
    incoming = links.query("a").index(Link.incoming)
    assert "to_page" in (incoming.explain().filter or "")
    assert await link_ids(incoming) == ["l2"]


async def test_the_table_turned_round(db: adorm.Database) -> None:
    messages = db.table(Message)
    query = messages.query().where(Message.message_id == "m1")
    assert query.explain().index == "inverted"
    assert await ids(query) == ["m1"]


async def test_a_consistent_read_takes_no_global_index(db: adorm.Database) -> None:
    query = db.table(Message).query().where(Message.user == "ada", Message.unread == True)  # noqa: E712
    assert query.consistent().explain().index is None


async def test_keys_of_other_models_and_what_is_no_key_are_refused(db: adorm.Database) -> None:
    query: Query[Any] = db.table(Message).query("ada")
    with pytest.raises(UsageError, match=r"fork_of of index 'GSI2' is no key of Message"):
        query.index(Repo.fork_of)
    with pytest.raises(UsageError, match="takes the name of an index, or a key of one"):
        query.index(Message.key)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # it is the table's
    with pytest.raises(UsageError, match="no index 'GSI9'"):
        query.index("GSI9")


@adorm.model(table=table)
class Job:
    """Its two keys of one index are of the same parts, and tell jobs apart by their state."""

    job_id: str
    queue: str = "q"
    state: str = "open"

    key = adorm.key("JOB#{job_id}", "JOB")
    while_open = adorm.key("OPEN#{queue}", "{job_id}", index="GSI1", only={"state": "open"})
    when_done = adorm.key("DONE#{queue}", "{job_id}", index="GSI1", only={"state": "done"})


async def test_the_name_of_an_index_means_the_key_that_fits_the_conditions() -> None:
    async with adorm.connect("memory") as db:
        await db.create_table(table)
        jobs = db.table(Job)
        await jobs.batch_write(puts=[Job(job_id="a"), Job(job_id="b", state="done")])
        in_queue = jobs.query().where(Job.queue == "q").index("GSI1")
        assert [job.job_id for job in await in_queue.where(Job.state == "open")] == ["a"]
        assert [job.job_id for job in await in_queue.where(Job.state == "done")] == ["b"]
        by_value = jobs.query("q").where(Job.state == "done").index("GSI1")
        assert [job.job_id for job in await by_value] == ["b"]
        with pytest.raises(
            UsageError,
            match=r"^GSI1 has keys Job\.while_open and Job\.when_done: "
            r"name one, \.index\(Job\.when_done\)$",
        ):
            await in_queue
        with pytest.raises(UsageError, match="no item that the conditions ask for has this key"):
            await in_queue.where(Job.state == "lost")


async def test_a_value_of_an_index_whose_keys_have_other_parts_needs_the_key(
    db: adorm.Database,
) -> None:
    query = db.table(Link).query("a").index("GSI1")
    with pytest.raises(UsageError, match=r"GSI1 has keys Link\.outgoing and Link\.incoming"):
        await query


def test_the_plan_tells_the_key_condition_from_what_only_serves() -> None:
    messages = adorm.connect("memory").table(Message)
    query = messages.query().where(Message.user == "ada", Message.unread == True)  # noqa: E712  # a condition
    for each in (query, query.index(Message.while_unread)):
        assert (
            "index 'GSI1' (while_unread): the key condition is on user, and only= of the key is on "
            "unread"
        ) in each.explain().reason
    assert "only=" not in messages.query("ada").explain().reason


def test_query_takes_no_parts_by_name() -> None:
    messages: Any = adorm.connect("memory").table(Message)
    with pytest.raises(
        UsageError, match=r"\(user\): write query\(user\), or .*where\(Message.user =="
    ):
        messages.query(user="ada")
    with pytest.raises(UsageError, match=r"none by name \(nobody\): write query\(user\)"):
        messages.query(nobody="ada")
