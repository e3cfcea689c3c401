"""Credentials: what they show, where they come from, and who fetches them anew."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest

from adorm.errors import AccessDenied, AdormError, ConnectionFailed, UsageError
from adorm.testing.clock import FakeClock
from adorm.transport.credentials.credentials import Credentials, CredentialsCache, FixedCredentials
from adorm.transport.credentials.default_chain import EnvironmentCredentials

pytestmark = pytest.mark.anyio


class Source:
    """Hands out numbered credentials that live `life_s`, when `gate` is open; `errors` come
    first."""

    def __init__(self, clock: FakeClock, life_s: float | None = None) -> None:
        self.clock = clock
        self.life_s = life_s
        self.begun = 0
        self.loads = 0
        self.at_once = 0
        self.most_at_once = 0
        self.errors: list[Exception] = []
        self.gate = anyio.Event()
        self.gate.set()

    async def load(self) -> Credentials:
        self.begun += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self.gate.wait()
        finally:
            self.at_once -= 1
        if self.errors:
            raise self.errors.pop(0)
        self.loads += 1
        expires_at = (
            None if self.life_s is None else self.clock.now() + timedelta(seconds=self.life_s)
        )
        return Credentials(f"AK{self.loads}", "secret", None, expires_at)


def cached(life_s: float | None = None) -> tuple[CredentialsCache, Source, FakeClock]:
    clock = FakeClock()
    source = Source(clock, life_s)
    return CredentialsCache(source, clock), source, clock


async def key_of(cache: CredentialsCache, clock: FakeClock) -> str:
    """As the wire asks."""
    return (cache.at_hand(clock.now().timestamp()) or await cache.get()).access_key_id


async def test_credentials_without_an_end_are_fetched_once() -> None:
    cache, source, clock = cached()
    for _ in range(3):
        assert await key_of(cache, clock) == "AK1"
        clock.advance(1e7)
    assert source.begun == 1


async def test_many_callers_at_once_fetch_once() -> None:
    cache, source, clock = cached()
    source.gate = anyio.Event()
    keys: list[str] = []

    async def call() -> None:
        keys.append(await key_of(cache, clock))

    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(call)
        await anyio.wait_all_tasks_blocked()
        source.gate.set()
    assert keys == ["AK1"] * 20
    assert source.begun == 1


async def test_credentials_are_fetched_again_ten_minutes_before_they_expire() -> None:
    cache, source, clock = cached(3600)
    assert await key_of(cache, clock) == "AK1"
    clock.advance(2999)
    assert await key_of(cache, clock) == "AK1"
    clock.advance(2)
    assert await key_of(cache, clock) == "AK2"
    assert source.begun == 2


async def test_short_lived_credentials_are_used_for_most_of_their_life() -> None:
    cache, source, clock = cached(300)
    for _ in range(10):
        await key_of(cache, clock)
        clock.advance(30)
    assert source.begun == 2


async def test_expired_credentials_are_used_for_a_while_since_the_clock_may_be_wrong() -> None:
    cache, source, clock = cached(-3600)
    for _ in range(5):
        await key_of(cache, clock)
        clock.advance(1)
    assert source.begun == 1
    await key_of(cache, clock)
    assert source.begun == 2


async def test_while_one_refreshes_the_others_go_on_with_what_they_have() -> None:
    cache, source, clock = cached(3600)
    await key_of(cache, clock)
    clock.advance(3100)
    source.gate = anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(key_of, cache, clock)
        await anyio.wait_all_tasks_blocked()
        for _ in range(5):
            assert await key_of(cache, clock) == "AK1"
        assert source.begun == 2
        source.gate.set()
    assert await key_of(cache, clock) == "AK2"


async def test_at_the_last_moment_the_others_wait_for_the_refresh() -> None:
    cache, source, clock = cached(3600)
    await key_of(cache, clock)
    clock.advance(3580)
    source.gate = anyio.Event()
    keys: list[str] = []

    async def call() -> None:
        keys.append(await key_of(cache, clock))

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(call)
        await anyio.wait_all_tasks_blocked()
        assert keys == []
        source.gate.set()
    assert keys == ["AK2"] * 5
    assert source.most_at_once == 1


async def test_when_the_one_that_fetches_is_cancelled_the_next_in_line_fetches() -> None:
    cache, source, clock = cached()
    source.gate = anyio.Event()
    loop = asyncio.get_running_loop()
    tasks = [loop.create_task(key_of(cache, clock)) for _ in range(4)]
    await anyio.wait_all_tasks_blocked()
    tasks[0].cancel()
    tasks[2].cancel()
    await anyio.wait_all_tasks_blocked()
    assert source.begun == 2
    source.gate.set()
    await asyncio.wait(tasks)
    assert [task.cancelled() for task in tasks] == [True, False, True, False]
    assert [tasks[1].result(), tasks[3].result()] == ["AK1", "AK1"]
    assert source.begun == 2
    assert source.most_at_once == 1


async def test_calls_that_waited_for_a_failed_fetch_get_a_copy_of_its_error_each() -> None:
    cache, source, clock = cached()
    source.gate = anyio.Event()
    source.errors = [ConnectionFailed("metadata did not answer", maybe_applied=False)] * 9
    loop = asyncio.get_running_loop()
    tasks = [loop.create_task(key_of(cache, clock)) for _ in range(3)]
    await anyio.wait_all_tasks_blocked()
    source.gate.set()
    await asyncio.wait(tasks)
    errors = [task.exception() for task in tasks]
    assert [str(error) for error in errors] == ["metadata did not answer"] * 3
    assert len({id(error) for error in errors}) == 3
    assert source.begun == 1
    source.errors.clear()
    assert await key_of(cache, clock) == "AK1", "a later call tries anew"


@pytest.mark.parametrize(
    "error",
    [
        UsageError("none found"),
        AccessDenied("no", code="AccessDenied", operation="AssumeRole", status=403),
        ConnectionFailed("x", maybe_applied=False),
        ConnectionFailed(
            "x", maybe_applied=False, operation="AssumeRole", subject="arn:x", attempts=3
        ),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_shared_failure_keeps_its_kind_and_words(error: AdormError) -> None:
    cache, source, clock = cached()
    source.gate = anyio.Event()
    source.errors = [error]
    tasks = [asyncio.get_running_loop().create_task(key_of(cache, clock)) for _ in range(2)]
    await anyio.wait_all_tasks_blocked()
    source.gate.set()
    await asyncio.wait(tasks)
    first, second = (task.exception() for task in tasks)
    assert first is error
    assert type(second) is type(first)
    assert str(second) == str(first)


async def test_a_failed_refresh_of_valid_credentials_raises_nothing_and_waits_before_the_next() -> (
    None
):
    cache, source, clock = cached(3600)
    await key_of(cache, clock)
    source.errors = [ConnectionFailed("later", maybe_applied=False)]
    clock.advance(3100)
    for _ in range(5):
        assert await key_of(cache, clock) == "AK1"
    assert source.begun == 2
    clock.advance(31)
    assert await key_of(cache, clock) == "AK2"


async def test_after_a_cancelled_refresh_the_next_call_uses_credentials_that_are_valid() -> None:
    cache, source, clock = cached(3600)
    assert await key_of(cache, clock) == "AK1"
    clock.advance(3600 - 300)
    source.gate = anyio.Event()  # whoever hands them out has fallen silent
    with anyio.move_on_after(0) as scope:
        await key_of(cache, clock)
    assert scope.cancelled_caught
    assert [await key_of(cache, clock) for _ in range(3)] == ["AK1"] * 3
    assert source.begun == 2
    source.gate.set()
    clock.advance(31)
    assert await key_of(cache, clock) == "AK2"


async def test_a_failed_refresh_of_expired_credentials_is_an_error() -> None:
    cache, source, clock = cached(3600)
    await key_of(cache, clock)
    source.errors = [ConnectionFailed("later", maybe_applied=False)]
    clock.advance(3590)
    with pytest.raises(ConnectionFailed, match="later"):
        await key_of(cache, clock)
    assert await key_of(cache, clock) == "AK2"


async def test_credentials_that_were_refused_are_fetched_again_once() -> None:
    cache, source, _ = cached()
    refused = await cache.get()
    cache.forget(refused)
    fresh = await cache.get()
    cache.forget(refused)  # a second call was refused with the same ones
    assert await cache.get() is fresh
    assert source.begun == 2


async def test_forgetting_whatever_there_is_fetches_anew() -> None:
    cache, source, _ = cached()
    before = await cache.get()
    cache.forget()
    assert await cache.get() is not before
    assert source.begun == 2


async def test_a_foreign_error_of_a_source_becomes_a_failed_connection() -> None:
    cache, source, _ = cached()
    source.errors = [RuntimeError("vault is sealed")]
    with pytest.raises(
        ConnectionFailed, match="credentials could not be fetched: RuntimeError: vault is sealed"
    ) as caught:
        await cache.get()
    assert not caught.value.maybe_applied
    assert isinstance(caught.value.__cause__, RuntimeError)


async def test_a_source_that_gives_something_else_is_named() -> None:
    class Wrong:
        async def load(self) -> Any:
            return ("AK", "secret")

    with pytest.raises(
        UsageError, match=r"^Wrong\.load\(\) has to return adorm\.Credentials, not tuple$"
    ):
        await CredentialsCache(Wrong(), FakeClock()).get()


def test_secrets_are_not_shown() -> None:
    credentials = Credentials("AKIDEXAMPLE", "top-secret", "token-secret")
    shown = f"{credentials} {credentials!r} {FixedCredentials(credentials)!r}"
    assert "AKIDEXAMPLE" not in shown
    assert "secret" not in shown.replace("secret_access_key", "")
    with pytest.raises(AttributeError, match="can't be changed"):
        setattr(credentials, "session_token", "x")  # noqa: B010  # checkers see that it can not be set


@pytest.mark.parametrize(
    "values",
    [
        ("", "s", None),
        ("AK\n", "s-e-c", None),
        ("AK", "s-e-c\r\n", None),
        ("AK", "s-e-c", "s-e-c\x00"),
        ("AK", "", None),
    ],
)
def test_values_that_cannot_travel_in_a_header_are_refused_without_showing_them(
    values: tuple[str, str, str | None],
) -> None:
    with pytest.raises(UsageError, match="empty, or holds a line end") as caught:
        Credentials(*values)
    assert "s-e-c" not in str(caught.value)


def test_an_end_without_a_time_zone_is_refused() -> None:
    with pytest.raises(UsageError, match="aware"):
        Credentials("AK", "s", None, datetime(2026, 1, 1))


async def test_the_environment_gives_credentials() -> None:
    environ = {
        "AWS_ACCESS_KEY_ID": "AK",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_SESSION_TOKEN": "t",
        "AWS_CREDENTIAL_EXPIRATION": "2026-11-21T08:30:00Z",
    }
    source = EnvironmentCredentials(environ)
    assert source.present()
    assert await source.load() == Credentials(
        "AK", "s", "t", datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
    )
    del environ["AWS_SESSION_TOKEN"], environ["AWS_CREDENTIAL_EXPIRATION"]
    assert await source.load() == Credentials("AK", "s")


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"AWS_ACCESS_KEY_ID": "AK"}, "AWS_SECRET_ACCESS_KEY is not set"),
        ({"AWS_SECRET_ACCESS_KEY": "s"}, "AWS_ACCESS_KEY_ID is not set"),
        (
            {
                "AWS_ACCESS_KEY_ID": "AK",
                "AWS_SECRET_ACCESS_KEY": "s",
                "AWS_CREDENTIAL_EXPIRATION": "soon",
            },
            "not an ISO 8601 time: 'soon'",
        ),
    ],
)
async def test_an_environment_with_a_part_of_them_is_a_clear_error(
    environ: dict[str, Any], told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        await EnvironmentCredentials(environ).load()
