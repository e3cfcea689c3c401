"""Several accounts by name: assumed lazily and once, apart from each other, and closed together."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

import adorm
from adorm.testing.clock import FakeClock
from adorm.transport.base import Answer, Request, Transport
from adorm.transport.credentials.credentials import CredentialsCache
from tests.support.environment import LOOPS
from tests.support.loopback import LoopbackServer, ServiceFault, Silence
from tests.support.shop import Counter
from tests.support.sts import BASE, EXTERNAL_ID, GRANT, SECRET, AssumeRoleCall, FakeSts, fault, role
from tests.support.tasks import tasks_alive

pytestmark = pytest.mark.anyio

GET = {"TableName": "orders", "Key": {"pk": {"S": "c1"}}}


@pytest.fixture(params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> object:
    return request.param


@pytest.fixture(autouse=True)
async def no_task_stays() -> AsyncIterator[None]:
    with anyio.fail_after(20):
        yield
    assert not tasks_alive()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def sts(clock: FakeClock) -> AsyncIterator[FakeSts]:
    fake = FakeSts(clock)
    async with fake.server:
        yield fake


@pytest.fixture
async def dynamodb() -> AsyncIterator[LoopbackServer]:
    async with LoopbackServer() as server:
        yield server


ACCOUNTS = {
    "prod": adorm.Account(role_arn=role(1), external_id=EXTERNAL_ID, region="eu-central-1"),
    "dev": adorm.Account(role_arn=role(2), region="eu-north-1"),
    "here": adorm.Account(region="us-east-1"),
}


@pytest.fixture
async def accounts(
    sts: FakeSts, dynamodb: LoopbackServer, clock: FakeClock
) -> AsyncIterator[adorm.Accounts]:
    options: dict[str, Any] = {
        "credentials": BASE,
        "sts_endpoint_url": sts.url,
        "endpoint_url": dynamodb.url,
        "clock": clock,
    }
    async with adorm.accounts(ACCOUNTS, retry=adorm.RetryPolicy(max_attempts=1), **options) as made:
        yield made


async def get(db: adorm.Database) -> Answer:
    return await db.call("GetItem", GET)


def signers(dynamodb: LoopbackServer) -> list[str]:
    """Of each request the key that signed it, and the region."""
    credentials = [
        request.headers["authorization"].partition("Credential=")[2].split("/")
        for request in dynamodb.requests
    ]
    return [f"{parts[0]} {parts[2]}" for parts in credentials]


# ---- who signs


async def test_each_account_signs_with_the_credentials_of_its_role(
    accounts: adorm.Accounts, sts: FakeSts, dynamodb: LoopbackServer
) -> None:
    assert sts.calls == []
    for name in accounts:
        await get(accounts[name])
        await get(accounts[name])
    assert (
        signers(dynamodb)
        == ["AK1-1 eu-central-1"] * 2 + ["AK2-1 eu-north-1"] * 2 + ["AKBASE us-east-1"] * 2
    )
    assert sts.calls == [
        AssumeRoleCall(role(1), EXTERNAL_ID, "adorm", 3600, "AKBASE"),
        AssumeRoleCall(role(2), None, "adorm", 3600, "AKBASE"),
    ]


async def test_a_hundred_first_users_at_once_assume_the_role_once(
    accounts: adorm.Accounts, sts: FakeSts
) -> None:
    sts.answers[role(1)] = None
    tasks = [asyncio.ensure_future(get(accounts["prod"])) for _ in range(50)]
    tasks += [
        asyncio.ensure_future(get(accounts.database("prod", region="us-west-2"))) for _ in range(50)
    ]
    await sts.server.received(1)
    await anyio.wait_all_tasks_blocked()
    del sts.answers[role(1)]
    sts.server.answer_all()
    await asyncio.wait(tasks)
    assert [task.result() for task in tasks] == [{}] * 100
    assert len(sts.calls) == 1


async def test_credentials_are_renewed_before_they_expire(
    accounts: adorm.Accounts, sts: FakeSts, dynamodb: LoopbackServer, clock: FakeClock
) -> None:
    for _ in range(3):
        await get(accounts["prod"])
        clock.advance(1500)
    assert signers(dynamodb) == ["AK1-1 eu-central-1"] * 2 + ["AK1-2 eu-central-1"]
    clock.advance(3000)
    await asyncio.gather(*(get(accounts["prod"]) for _ in range(20)))
    assert sts.calls_for(role(1)) == 3


async def test_another_region_has_a_database_of_its_own_and_shares_the_credentials(
    accounts: adorm.Accounts, sts: FakeSts, dynamodb: LoopbackServer
) -> None:
    replica = accounts.database("prod", region="us-west-2")
    assert replica is accounts.database("prod", region="us-west-2")
    assert (
        accounts.database("prod", region="eu-central-1")
        is accounts.database("prod")
        is accounts["prod"]
        is not replica
    )
    await get(accounts["prod"])
    await get(replica)
    assert signers(dynamodb) == ["AK1-1 eu-central-1", "AK1-1 us-west-2"]
    assert len(sts.calls) == 1


async def test_refused_credentials_are_forgotten_for_all_databases_of_the_account(
    accounts: adorm.Accounts, sts: FakeSts, dynamodb: LoopbackServer
) -> None:
    await get(accounts["prod"])
    dynamodb.script("GetItem", ServiceFault("UnrecognizedClientException"))
    with pytest.raises(adorm.AccessDenied):
        await get(accounts["prod"])
    await get(accounts.database("prod", region="us-west-2"))
    assert signers(dynamodb)[-1] == "AK1-2 us-west-2"
    assert sts.calls_for(role(1)) == 2


async def test_credentials_can_be_forgotten(
    accounts: adorm.Accounts, sts: FakeSts, dynamodb: LoopbackServer
) -> None:
    await get(accounts["prod"])
    accounts.forget_credentials()
    await get(accounts["prod"])
    assert signers(dynamodb) == ["AK1-1 eu-central-1", "AK1-2 eu-central-1"]
    assert dynamodb.connections == 1


async def test_the_base_credentials_are_fetched_once_for_all_accounts(
    sts: FakeSts, dynamodb: LoopbackServer, clock: FakeClock
) -> None:
    class Source:
        loads = 0

        async def load(self) -> adorm.Credentials:
            self.loads += 1
            return adorm.Credentials("AKBASE", "s", None, clock.now() + timedelta(hours=6))

    source = Source()
    async with adorm.accounts(
        ACCOUNTS,
        credentials=source,
        sts_endpoint_url=sts.url,
        endpoint_url=dynamodb.url,
        clock=clock,
    ) as accounts:
        await asyncio.gather(*(get(accounts[name]) for name in accounts for _ in range(5)))
    assert source.loads == 1
    assert len(sts.calls) == 2


async def test_the_base_credentials_come_from_the_environment_or_from_a_profile(
    sts: FakeSts,
    dynamodb: LoopbackServer,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    files = tmp_path / "credentials"
    files.write_text("[dev]\naws_access_key_id = AKDEV\naws_secret_access_key = s\n")
    options: dict[str, Any] = {
        "region": "eu-central-1",
        "sts_endpoint_url": sts.url,
        "endpoint_url": dynamodb.url,
        "clock": clock,
    }
    account = adorm.Account(role_arn=role(1))
    async with (
        adorm.accounts({"a": account}, **options) as by_environment,
        adorm.accounts({"a": account}, profile="dev", **options) as by_profile,
    ):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKENV")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(files))
        await get(by_environment["a"])
        await get(by_profile["a"])
    assert [call.key_id for call in sts.calls] == ["AKENV", "AKDEV"]


# ---- one account that fails


async def test_a_failing_account_hurts_no_other(
    accounts: adorm.Accounts, sts: FakeSts, dynamodb: LoopbackServer
) -> None:
    sts.answers[role(2)] = fault("AccessDenied", "no", 403)
    await asyncio.gather(get(accounts["prod"]), get(accounts["here"]))
    for _ in range(2):
        with pytest.raises(adorm.AccessDenied, match=f"AssumeRole: AccessDenied: {role(2)}: no"):
            await get(accounts["dev"])
    await get(accounts["prod"])
    assert len(dynamodb.requests) == 3
    del sts.answers[role(2)]
    await get(accounts["dev"])


async def test_callers_at_once_share_one_refusal(accounts: adorm.Accounts, sts: FakeSts) -> None:
    sts.answers[role(2)] = None
    tasks = [asyncio.ensure_future(get(accounts["dev"])) for _ in range(100)]
    await sts.server.received(1)
    await anyio.wait_all_tasks_blocked()
    sts.answers[role(2)] = fault("AccessDenied", "no", 403)
    sts.server.answer_all()
    await asyncio.wait(tasks)
    errors = [task.exception() for task in tasks]
    assert {type(error) for error in errors} == {adorm.AccessDenied}
    assert len(sts.calls) == 1


async def test_a_silent_sts_is_bounded_by_the_deadline_and_hurts_no_other(
    accounts: adorm.Accounts, sts: FakeSts
) -> None:
    sts.answers[role(2)] = None

    async def hurried() -> None:
        async with adorm.deadline(0.2):
            await get(accounts["dev"])

    hung = [asyncio.ensure_future(hurried()) for _ in range(5)]
    await sts.server.received(1)
    await get(accounts["prod"])
    await asyncio.wait(hung)
    assert {type(task.exception()) for task in hung} == {adorm.DeadlineExceeded}
    await sts.server.all_closed()


async def test_a_cancelled_leader_does_not_break_those_who_wait(
    accounts: adorm.Accounts, sts: FakeSts
) -> None:
    sts.answers[role(1)] = None
    tasks = [asyncio.ensure_future(get(accounts["prod"])) for _ in range(10)]
    await sts.server.received(1)
    await anyio.wait_all_tasks_blocked()
    tasks[0].cancel()
    await sts.server.received(2)
    del sts.answers[role(1)]
    sts.server.answer_all()
    await asyncio.wait(tasks)
    assert [task.cancelled() for task in tasks] == [True] + [False] * 9
    assert all(task.result() == {} for task in tasks[1:])
    assert len(sts.calls) == 2


# ---- at run time


async def test_accounts_come_and_go_while_calls_run(
    accounts: adorm.Accounts, sts: FakeSts, dynamodb: LoopbackServer
) -> None:
    await get(accounts["dev"])
    dynamodb.script("GetItem", Silence())
    in_flight = asyncio.ensure_future(get(accounts["dev"]))
    await dynamodb.received(2)
    kept = accounts["dev"]
    await accounts.remove("dev")
    with pytest.raises(adorm.ConnectionFailed, match="closed"):
        await in_flight
    with pytest.raises(adorm.UsageError, match="this database is closed"):
        await get(kept)
    assert ("dev" in accounts, list(accounts), len(accounts)) == (False, ["prod", "here"], 2)
    accounts.add("dev", adorm.Account(role_arn=role(3), region="eu-west-1"))
    await get(accounts["dev"])
    assert signers(dynamodb)[-1] == "AK3-1 eu-west-1"


async def test_removing_an_account_ends_the_calls_that_wait_for_its_role(
    accounts: adorm.Accounts, sts: FakeSts
) -> None:
    sts.answers[role(2)] = None
    tasks = [asyncio.ensure_future(get(accounts["dev"])) for _ in range(3)]
    await sts.server.received(1)
    await accounts.remove("dev")
    await asyncio.wait(tasks)
    assert all("this database is closed" in str(task.exception()) for task in tasks)
    await sts.server.all_closed()


async def test_names_are_known_or_told(accounts: adorm.Accounts) -> None:
    told = "no account is called 'stage'; those known: 'prod', 'dev', 'here'"
    with pytest.raises(adorm.UsageError, match=told):
        accounts["stage"]
    with pytest.raises(adorm.UsageError, match=told):
        accounts.database("stage")
    with pytest.raises(adorm.UsageError, match="no account is called 'stage'"):
        await accounts.remove("stage")
    with pytest.raises(adorm.UsageError, match="there is an account 'prod' already"):
        accounts.add("prod", adorm.Account())
    for number in range(30):
        accounts.add(f"a{number}", adorm.Account())
    with pytest.raises(adorm.UsageError, match="'a16', and 13 more"):
        accounts["stage"]
    assert len(tuple(accounts)) == len(accounts) == 33


async def test_iterating_goes_on_while_accounts_change(accounts: adorm.Accounts) -> None:
    for name in accounts:
        await accounts.remove(name)
    assert len(accounts) == 0


# ---- closing


class Stubborn(Transport):
    """A transport that answers everything, and can't be closed while it is told to fail."""

    failing = True

    async def send(self, _operation: str, _request: Request, /, *_: object) -> Answer:
        return {}

    async def close(self) -> None:
        if self.failing:
            raise RuntimeError("it does not close")


@pytest.mark.parametrize("failing", [1, 2])
async def test_closing_closes_every_database_even_where_one_fails(
    failing: int, sts: FakeSts, dynamodb: LoopbackServer, clock: FakeClock
) -> None:
    stubborn: list[Stubborn] = []

    def wrap(transport: Transport) -> Transport:
        if len(stubborn) == failing:
            return transport
        stubborn.append(Stubborn())
        return stubborn[-1]

    options: dict[str, Any] = {
        "sts_endpoint_url": sts.url,
        "endpoint_url": dynamodb.url,
        "clock": clock,
        "wrap": wrap,
    }
    accounts = adorm.accounts(ACCOUNTS, credentials=BASE, **options)
    databases = [accounts[name] for name in accounts]
    for database in databases:
        await get(database)
    with pytest.raises(RuntimeError if failing == 1 else adorm.GatherFailed) as caught:
        await accounts.close()
    if isinstance(caught.value, adorm.GatherFailed):
        assert [outcome.error is None for outcome in caught.value.outcomes] == [False, False, True]
        assert "account prod" in caught.value.exceptions[0].__notes__[0]
    assert [database.closed for database in databases] == [True, True, True]
    await dynamodb.all_closed()
    await accounts.close()


async def test_closed_accounts_say_so(accounts: adorm.Accounts) -> None:
    await get(accounts["prod"])
    await accounts.close()
    await accounts.close()
    with pytest.raises(adorm.UsageError, match="these accounts are closed"):
        accounts["prod"]
    with pytest.raises(adorm.UsageError, match="these accounts are closed"):
        accounts.add("x", adorm.Account())
    with pytest.raises(adorm.UsageError, match="these accounts are closed"):
        async with accounts:
            pass
    assert "closed" in repr(accounts)


async def test_a_database_that_was_closed_by_itself_is_made_anew(
    accounts: adorm.Accounts, sts: FakeSts
) -> None:
    async with accounts["prod"] as first:
        await get(first)
    assert accounts["prod"] is not first
    await get(accounts["prod"])
    assert len(sts.calls) == 1


async def test_closing_goes_on_when_it_is_cancelled(
    accounts: adorm.Accounts, dynamodb: LoopbackServer
) -> None:
    databases = [accounts[name] for name in accounts]
    for database in databases:
        await get(database)
    task = asyncio.ensure_future(accounts.close())
    await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert [database.closed for database in databases] == [True] * 3
    await dynamodb.all_closed()


async def test_another_loop_is_refused_until_the_right_one_closes() -> None:
    async with adorm.accounts({"here": adorm.Account()}, memory=True) as accounts:
        await accounts["here"].create_table(Counter)

        def elsewhere() -> None:
            with pytest.raises(adorm.UsageError, match="belongs to another event loop"):
                asyncio.run(_count(accounts["here"]))
            with pytest.raises(adorm.UsageError, match="belongs to another event loop"):
                asyncio.run(accounts.close())

        database = accounts["here"]
        await anyio.to_thread.run_sync(elsewhere)
        assert not database.closed
    assert database.closed


async def _count(db: adorm.Database) -> object:
    return await db.table(Counter).get_or_none("a")


# ---- in memory


async def test_in_memory_each_account_is_a_database_of_its_own() -> None:
    async with adorm.accounts(ACCOUNTS, region="eu-west-1", memory=True) as accounts:
        for name, value in (("prod", 1), ("dev", 2)):
            await accounts[name].create_table(Counter)
            await accounts[name].table(Counter).put(Counter(name="a", value=value))
        assert (await accounts["prod"].table(Counter).get("a")).value == 1
        with pytest.raises(adorm.ResourceNotFound):
            await accounts.database("prod", region="us-west-2").table(Counter).get("a")


# ---- what is refused at once


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"credentials": BASE, "profile": "x"}, "in the place of those of a profile|all say who"),
        ({"memory": True, "credentials": BASE}, "in memory no role is assumed"),
        (
            {"memory": True, "sts_endpoint_url": "http://127.0.0.1:1"},
            "in memory no role is assumed",
        ),
        ({"credentials": (SECRET, SECRET)}, "takes adorm.Credentials or an object with load"),
        ({"max_connections": 0}, "max_connections"),
        ({"client": object()}, "accounts\\(\\) takes no option client="),
        ({"region": 5}, "region"),
    ],
)
async def test_options_that_do_not_fit_are_refused_at_once(
    options: dict[str, Any], told: str
) -> None:
    with pytest.raises(adorm.UsageError, match=told) as caught:
        adorm.accounts(ACCOUNTS, **options)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"role_arn": "orders"}, "role_arn reads"),
        ({"external_id": EXTERNAL_ID}, "an external_id is for a role"),
        ({"role_arn": role(1), "duration_s": 1}, "duration_s"),
        ({"region": 5}, "region is text"),
    ],
)
async def test_an_account_that_cannot_be_is_refused_at_once(
    options: dict[str, Any], told: str
) -> None:
    with pytest.raises(adorm.UsageError, match=told) as caught:
        adorm.Account(**options)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "wrong", [{"": adorm.Account()}, {"a": role(1)}, {5: adorm.Account()}, [("a", adorm.Account())]]
)
async def test_what_is_no_map_of_accounts_is_refused(wrong: Any) -> None:
    with pytest.raises(adorm.UsageError):
        adorm.accounts(wrong, credentials=BASE)


# ---- secrets


async def test_secrets_appear_nowhere(
    accounts: adorm.Accounts,
    sts: FakeSts,
    dynamodb: LoopbackServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []
    await get(accounts["prod"])
    dynamodb.script("GetItem", ServiceFault("InternalServerError", status=500))
    sts.answers[role(2)] = fault(
        "SignatureDoesNotMatch", f"x-amz-security-token:{BASE.session_token}", 403
    )
    for name in ("prod", "dev"):
        with pytest.raises(adorm.AdormError) as caught:
            await get(accounts[name])
        shown += traceback.format_exception(caught.value)
    shown += [
        repr(each)
        for each in (
            accounts,
            accounts["prod"],
            ACCOUNTS,
            BASE,
            CredentialsCache(BaseSource(), FakeClock()),
        )
    ]
    assert SECRET not in "".join(shown) + caplog.text
    assert GRANT is not None


class BaseSource:
    async def load(self) -> adorm.Credentials:
        return BASE
