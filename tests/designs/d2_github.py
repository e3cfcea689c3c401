"""GitHub's metadata: the design of chapter 21 of The DynamoDB Book, as public programs show it.

    entity         PK and SK                              indexes
    repository     REPO#<owner>#<name>                    GSI1: the same, twice
                   REPO#<owner>#<name>                    GSI2: REPO#<owner>#<name>, #REPO#<name>
                                                          GSI3: ACCOUNT#<owner>, #<updated at>
    a fork         as a repository                        GSI2: REPO#<of its source>, FORK#<owner>
    issue          REPO#<owner>#<name>                    -
                   ISSUE#<10 digits>
    pull request   PR#<owner>#<name>#<10 digits>          GSI1: REPO#<owner>#<name>, PR#<10 digits>
                   the same
    comment        ISSUECOMMENT#<owner>#<name>#<number>   -
                   ISSUECOMMENT#<id>
    star           REPO#<owner>#<name>                    -
                   STAR#<user>
    reaction       <kind>REACTION#<owner>#<name>#<target>#<user>, twice
    user, organization                                    GSI3: the same, twice
                   ACCOUNT#<name>, twice
    membership     ACCOUNT#<organization>                 -
                   MEMBERSHIP#<user>

Which key of GSI2 applies to a repository is told by the order of the declarations.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import adorm

github = adorm.SingleTable(
    "github",
    indexes=[  # partition="PK", sort="SK" are the defaults
        adorm.GlobalIndex("GSI1", partition="GSI1PK", sort="GSI1SK"),
        adorm.GlobalIndex("GSI2", partition="GSI2PK", sort="GSI2SK"),
        adorm.GlobalIndex("GSI3", partition="GSI3PK", sort="GSI3SK"),
    ],
)


class State(StrEnum):
    OPEN = "Open"
    CLOSED = "Closed"


def repo_text(owner: str, name: str) -> str:  # key functions may share what they have in common
    return f"REPO#{owner}#{name}"


@adorm.model(table=github)
class Repo:
    owner: str
    name: str
    source_owner: str | None = None
    source_name: str | None = None
    tickets: int = 0
    stars: int = 0
    created_at: datetime = adorm.created_at()
    updated_at: datetime = adorm.updated_at()

    @adorm.key
    def key(self, owner: str, name: str) -> adorm.KeyText:
        return repo_text(owner, name), repo_text(owner, name)

    with_pulls = adorm.key("REPO#{owner}#{name}", "REPO#{owner}#{name}", index="GSI1")
    # The first that applies is written: a repository that is no fork has no source.
    fork_of = adorm.key("REPO#{source_owner}#{source_name}", "FORK#{owner}", index="GSI2")
    with_forks = adorm.key("REPO#{owner}#{name}", "#REPO#{name}", index="GSI2")
    by_account = adorm.key("ACCOUNT#{owner}", "#{updated_at}", index="GSI3")  # every write moves it


@adorm.model(table=github)
class Issue:
    owner: str
    repo: str
    number: int
    title: str = ""
    state: State = State.OPEN

    @adorm.key
    def key(self, owner: str, repo: str, number: int) -> adorm.KeyText:
        return repo_text(owner, repo), f"ISSUE#{number:010d}"


@adorm.model(table=github)
class PullRequest:
    owner: str
    repo: str
    number: int
    state: State = State.OPEN

    @adorm.key
    def key(self, owner: str, repo: str, number: int) -> adorm.KeyText:
        return f"PR#{owner}#{repo}#{number:010d}", f"PR#{owner}#{repo}#{number:010d}"

    in_repo = adorm.key("REPO#{owner}#{repo}", "PR#{number:010d}", index="GSI1")


@adorm.model(table=github)
class IssueComment:
    owner: str
    repo: str
    number: int
    comment_id: str
    text: str

    @adorm.key
    def key(self, owner: str, repo: str, number: int, comment_id: str) -> adorm.KeyText:
        return f"ISSUECOMMENT#{owner}#{repo}#{number:d}", f"ISSUECOMMENT#{comment_id}"


@adorm.model(table=github)
class Star:
    owner: str
    repo: str
    user: str
    starred_at: datetime = adorm.created_at()

    @adorm.key
    def key(self, owner: str, repo: str, user: str) -> adorm.KeyText:
        return repo_text(owner, repo), f"STAR#{user}"


class Target(StrEnum):
    ISSUE = "ISSUE"
    PR = "PR"
    ISSUECOMMENT = "ISSUECOMMENT"
    PRCOMMENT = "PRCOMMENT"


@adorm.model(table=github)
class Reaction:
    kind: Target
    owner: str
    repo: str
    target: str  # an issue's ten digits, or a comment's id
    user: str
    reactions: set[str] = adorm.attribute(factory=set)

    @adorm.key
    def key(self, kind: Target, owner: str, repo: str, target: str, user: str) -> adorm.KeyText:
        text = f"{kind}REACTION#{owner}#{repo}#{target}#{user}"
        return text, text


@adorm.model(table=github, abstract=True)
class Account:  # users and organizations share their names: one key, two types
    name: str
    created_at: datetime = adorm.created_at()

    @adorm.key
    def key(self, name: str) -> adorm.KeyText:
        return f"ACCOUNT#{name}", f"ACCOUNT#{name}"

    with_repos = adorm.key("ACCOUNT#{name}", "ACCOUNT#{name}", index="GSI3")


@adorm.model
class User(Account):
    payment_plan: str = "free"


@adorm.model
class Organization(Account):
    seats: int = 1


@adorm.model(table=github)
class Membership:
    organization: str
    user: str
    role: str = "member"

    @adorm.key
    def key(self, organization: str, user: str) -> adorm.KeyText:
        return f"ACCOUNT#{organization}", f"MEMBERSHIP#{user}"
