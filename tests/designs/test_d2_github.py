"""GitHub's metadata: the keys that the design draws, and every access pattern of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

import adorm
from adorm.testing import FakeClock
from tests.designs.d2_github import (
    Account,
    Issue,
    IssueComment,
    Membership,
    Organization,
    PullRequest,
    Reaction,
    Repo,
    Star,
    State,
    Target,
    User,
    github,
)
from tests.support.charts import Chart, chart_of

pytestmark = pytest.mark.anyio

START = datetime(2026, 5, 1, 8, tzinfo=UTC)
USERS = [User(name=name) for name in ("ada", "adam")]
ORGANIZATIONS = [Organization(name=name, seats=5) for name in ("aws", "aws2")]
REPOS = [
    Repo(owner="aws", name="cli"),
    Repo(owner="aws", name="cli2"),
    Repo(owner="ada", name="cli", source_owner="aws", source_name="cli"),
    Repo(owner="adam", name="my-cli", source_owner="aws", source_name="cli"),
    Repo(owner="aws2", name="cli"),
]
ISSUES = [
    Issue(
        owner=repo.owner,
        repo=repo.name,
        number=number,
        title=f"Issue {number}",
        state=State.CLOSED if number % 3 == 0 else State.OPEN,
    )
    for repo in REPOS[:3]
    for number in [*range(1, 40), 99, 100, 101, 1000]
]
PULLS = [
    PullRequest(owner=repo.owner, repo=repo.name, number=number)
    for repo in REPOS[:3]
    for number in range(200, 230)
]
COMMENTS = [
    IssueComment(owner="aws", repo="cli", number=issue, comment_id=f"k{number}", text="Me too")
    for issue in (1, 17, 170)
    for number in range(4)
]
MEMBERSHIPS = [
    Membership(organization=organization.name, user=user.name)
    for organization in ORGANIZATIONS
    for user in USERS
]
STARS = [Star(owner="aws", repo="cli", user=name) for name in ("bob", "eve")]
REACTIONS = [
    Reaction(
        kind=Target.ISSUE, owner="aws", repo="cli", target=f"{1:010d}", user="ada", reactions={"+1"}
    )
]


@pytest.fixture
async def db() -> AsyncIterator[adorm.Database]:
    clock = FakeClock(START)
    async with adorm.connect("memory", clock=clock) as db:
        await db.create_table(github)
        for each in [*USERS, *ORGANIZATIONS]:
            each.created_at = (await db.table(Account).create(each)).created_at
        for repo in REPOS:  # each in a minute of its own
            clock.advance(60)
            written = await db.table(Repo).create(repo)
            repo.created_at, repo.updated_at = written.created_at, written.updated_at
        await db.table(Issue).batch_write(puts=ISSUES)
        await db.table(PullRequest).batch_write(puts=PULLS)
        await db.table(IssueComment).batch_write(puts=COMMENTS)
        await db.table(Membership).batch_write(puts=MEMBERSHIPS)
        await db.table(Star).batch_write(puts=STARS)
        await db.table(Reaction).batch_write(puts=REACTIONS)
        clock.advance(60)
        yield db


def repo_row(repo: Repo) -> tuple[str, ...]:
    key = f"REPO#{repo.owner}#{repo.name}"
    if repo.source_owner is None:
        forks = (key, f"#REPO#{repo.name}")
    else:
        forks = (f"REPO#{repo.source_owner}#{repo.source_name}", f"FORK#{repo.owner}")
    updated = f"{repo.updated_at:%Y-%m-%dT%H:%M:%S.%fZ}"
    return (key, key, key, key, *forks, f"ACCOUNT#{repo.owner}", f"#{updated}")


async def test_items_have_the_keys_that_are_drawn(db: adorm.Database) -> None:
    none = ("-",) * 6

    def pull_row(pull: PullRequest) -> Chart:
        key = f"PR#{pull.owner}#{pull.repo}#{pull.number:010d}"
        in_repo = (f"REPO#{pull.owner}#{pull.repo}", f"PR#{pull.number:010d}")
        return {(key, key, *in_repo, *none[:4])}

    names = ("PK", "SK", "GSI1PK", "GSI1SK", "GSI2PK", "GSI2SK", "GSI3PK", "GSI3SK")
    accounts = [f"ACCOUNT#{each.name}" for each in [*USERS, *ORGANIZATIONS]]
    reaction = "ISSUEREACTION#aws#cli#0000000001#ada"
    assert await chart_of(db, "github", *names) == {
        *(repo_row(repo) for repo in REPOS),
        *(
            (f"REPO#{each.owner}#{each.repo}", f"ISSUE#{each.number:010d}", *none)
            for each in ISSUES
        ),
        *(row for pull in PULLS for row in pull_row(pull)),
        *(
            (f"ISSUECOMMENT#aws#cli#{each.number}", f"ISSUECOMMENT#{each.comment_id}", *none)
            for each in COMMENTS
        ),
        *((name, name, *none[:4], name, name) for name in accounts),
        *(
            (f"ACCOUNT#{each.organization}", f"MEMBERSHIP#{each.user}", *none)
            for each in MEMBERSHIPS
        ),
        *(("REPO#aws#cli", f"STAR#{each.user}", *none) for each in STARS),
        (reaction, reaction, *none),
    }


async def test_an_account_is_a_user_or_an_organization(db: adorm.Database) -> None:
    accounts = db.table(Account)
    for each in [*USERS, *ORGANIZATIONS]:
        found = await accounts.get(name=each.name)
        assert type(found) is type(each)
        assert found == each
    with pytest.raises(adorm.ItemExists) as raised:
        await accounts.create(User(name="aws"))
    assert raised.value.item == ORGANIZATIONS[0]
    with pytest.raises(adorm.ItemExists):
        await db.table(User).create(User(name="aws"))
    with pytest.raises(adorm.ItemNotFound, match="Organization"):
        await db.table(User).get(name="aws")


async def test_the_members_of_an_organization(db: adorm.Database) -> None:
    assert await db.table(Membership).query("aws") == MEMBERSHIPS[:2]


async def test_the_next_issue_of_a_repository(db: adorm.Database) -> None:
    repos, issues = db.table(Repo), db.table(Issue)
    for expected in (1, 2):
        repo = await repos.update(owner="aws2", name="cli").add(Repo.tickets, 1).returning("new")
        await issues.create(
            Issue(owner="aws2", repo="cli", number=repo.tickets, title="It crashes")
        )
        assert repo.tickets == expected
    assert [each.number for each in await issues.query("aws2", "cli")] == [1, 2]


def issues_of(owner: str, name: str) -> list[Issue]:
    return [each for each in ISSUES if (each.owner, each.repo) == (owner, name)]


async def test_a_repository_with_its_latest_issues(db: adorm.Database) -> None:
    for repo in REPOS[:3]:
        found, latest = await (
            db.query(Repo, Issue)
            .where(Repo.owner == repo.owner, Repo.name == repo.name)
            .descending()
            .limit(26)
        )
        assert found == [repo]
        assert latest == issues_of(repo.owner, repo.name)[::-1][:25]


async def test_open_issues_newest_first_page_by_page(db: adorm.Database) -> None:
    query = (
        db.table(Issue).query("aws", "cli").filter(Issue.state == State.OPEN).descending().limit(25)
    )
    expected = [each for each in issues_of("aws", "cli") if each.state is State.OPEN][::-1]
    first = await query.page()
    second = await query.page(first.cursor)
    assert first.items == expected[:25]
    assert second.items == expected[25:]


async def test_issues_from_a_number_up(db: adorm.Database) -> None:
    later = await db.table(Issue).query("aws", "cli").where(Issue.number >= 100)
    assert [each.number for each in later] == [100, 101, 1000]
    between = await db.table(Issue).query("aws", "cli").where(Issue.number > 38, Issue.number < 100)
    assert [each.number for each in between] == [39, 99]


async def test_a_repository_with_its_pull_requests(db: adorm.Database) -> None:
    for repo in REPOS[:3]:
        found, pulls = await (
            db.query(Repo, PullRequest)
            .where(PullRequest.owner == repo.owner, PullRequest.repo == repo.name)
            .descending()
            .limit(25)
        )
        theirs = [each for each in PULLS if (each.owner, each.repo) == (repo.owner, repo.name)]
        assert found == [repo]
        assert pulls == theirs[::-1][:24]


async def test_the_forks_of_a_repository(db: adorm.Database) -> None:
    forks = await (
        db.table(Repo).query().where(Repo.source_owner == "aws", Repo.source_name == "cli")
    )
    assert forks == REPOS[2:4]


async def test_a_repository_with_its_forks(db: adorm.Database) -> None:
    (family,) = await db.query(Repo).where(Repo.source_owner == "aws", Repo.source_name == "cli")
    assert family == [REPOS[0], *REPOS[2:4]]


async def test_an_account_with_its_repositories_latest_first(db: adorm.Database) -> None:
    users, organizations, repos = await (
        db.query(User, Organization, Repo).where(Repo.owner == "aws").descending()
    )
    assert (users, organizations) == ([], [ORGANIZATIONS[0]])
    assert repos == [REPOS[1], REPOS[0]]
    await db.table(Repo).update("aws", "cli").add(Repo.stars, 1)
    accounts, repos = await db.query(Account, Repo).where(Repo.owner == "aws").descending()
    assert accounts == [ORGANIZATIONS[0]]
    assert [each.name for each in repos] == ["cli", "cli2"]
    users, organizations, repos = await db.query(User, Organization, Repo).where(
        Repo.owner == "ada"
    )
    assert (users, organizations, repos) == ([USERS[0]], [], [REPOS[2]])


async def test_a_repository_is_starred_once_by_each_user(db: adorm.Database) -> None:
    for user in ("ada", "ada", "adam"):
        try:
            async with db.transaction() as tx:
                tx.create(Star(owner="aws", repo="cli", user=user))
                tx.update(Repo.key(owner="aws", name="cli")).add(Repo.stars, 1)
        except adorm.TransactionCanceled:
            continue
    assert (await db.table(Repo).get("aws", "cli")).stars == 2
    users = [each.user for each in await db.table(Star).query("aws", "cli")]
    assert users == ["ada", "adam", "bob", "eve"]


async def test_an_open_issue_is_closed_once(db: adorm.Database) -> None:
    issues = db.table(Issue)
    close = (
        issues.update(owner="aws", repo="cli", number=17)
        .set(Issue.state, State.CLOSED)
        .when(Issue.state == State.OPEN)
    )
    await close
    assert (await issues.get("aws", "cli", 17)).state is State.CLOSED
    with pytest.raises(adorm.ConditionalCheckFailed):
        await close


async def test_the_comments_of_an_issue_in_their_order(db: adorm.Database) -> None:
    for number in (1, 17, 170):
        found = await db.table(IssueComment).query("aws", "cli", number)
        assert found == [each for each in COMMENTS if each.number == number]


async def test_a_reaction_by_all_its_parts(db: adorm.Database) -> None:
    found = await db.table(Reaction).get(
        kind=Target.ISSUE, owner="aws", repo="cli", target="0000000001", user="ada"
    )
    assert found == REACTIONS[0]
