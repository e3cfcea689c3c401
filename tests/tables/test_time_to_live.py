"""Time to live is switched on with the table, once, and checked on an existing one."""

from __future__ import annotations

import pytest

from adorm.errors import (
    AccessDenied,
    UsageError,
    ValidationFailed,
)
from adorm.transport.base import Answer
from tests.support.scripted import lost, refusal
from tests.support.scripted_tables import (
    ENABLE_TTL,
    SESSION,
    SESSION_REQUEST,
    ScriptedTables,
    accepted,
    described,
    told,
    ttl,
)

pytestmark = pytest.mark.anyio


async def test_creating_a_model_with_a_ttl_switches_it_on_once_the_table_is_active() -> None:
    bench = ScriptedTables(
        accepted(described(SESSION_REQUEST, "CREATING")), told(described(SESSION_REQUEST)), {}
    )
    await bench.create(SESSION, "sessions")
    assert bench.operations == ["CreateTable", "DescribeTable", "UpdateTimeToLive"]
    assert bench.transport.sent[2][1] == ENABLE_TTL


async def test_the_ttl_is_left_alone_on_demand() -> None:
    bench = ScriptedTables(accepted(described(SESSION_REQUEST)))
    await bench.create(SESSION, "sessions", time_to_live=False)
    assert bench.operations == ["CreateTable"]
    bench = ScriptedTables(told(described(SESSION_REQUEST)))
    await bench.ensure(SESSION, "sessions", time_to_live=False)
    assert bench.operations == ["DescribeTable"]


async def test_a_refusal_after_a_lost_answer_means_that_the_ttl_is_on() -> None:
    bench = ScriptedTables(
        accepted(described(SESSION_REQUEST)),
        lost(),
        refusal("ValidationException"),
        ttl("ENABLING", "exp"),
    )
    await bench.create(SESSION, "sessions")
    assert bench.operations == [
        "CreateTable",
        "UpdateTimeToLive",
        "UpdateTimeToLive",
        "DescribeTimeToLive",
    ]


@pytest.mark.parametrize(
    "state", [ttl("DISABLED"), ttl("ENABLED", "other"), ttl("DISABLING", "exp"), {}]
)
async def test_a_refused_ttl_is_an_error_that_tells_that_the_table_is_ready(state: Answer) -> None:
    bench = ScriptedTables(
        accepted(described(SESSION_REQUEST)), refusal("ValidationException"), state
    )
    with pytest.raises(ValidationFailed) as refused:
        await bench.create(SESSION, "sessions")
    assert (
        "table sessions is there and active; only its time to live, by the attribute exp"
        in "".join(refused.value.__notes__)
    )


async def test_a_forbidden_ttl_is_not_asked_about_again() -> None:
    bench = ScriptedTables(accepted(described(SESSION_REQUEST)), refusal("AccessDeniedException"))
    with pytest.raises(AccessDenied) as refused:
        await bench.create(SESSION, "sessions")
    assert "time_to_live=False leaves it alone" in "".join(refused.value.__notes__)
    assert bench.operations == ["CreateTable", "UpdateTimeToLive"]


@pytest.mark.parametrize("status", ["ENABLED", "ENABLING"])
async def test_ensuring_leaves_a_ttl_that_is_on(status: str) -> None:
    bench = ScriptedTables(told(described(SESSION_REQUEST)), ttl(status, "exp"))
    await bench.ensure(SESSION, "sessions")
    assert bench.operations == ["DescribeTable", "DescribeTimeToLive"]


async def test_ensuring_switches_on_a_ttl_that_is_off() -> None:
    bench = ScriptedTables(told(described(SESSION_REQUEST)), ttl("DISABLED"), {})
    await bench.ensure(SESSION, "sessions")
    assert bench.operations == ["DescribeTable", "DescribeTimeToLive", "UpdateTimeToLive"]
    assert bench.transport.sent[2][1] == ENABLE_TTL


async def test_ensuring_refuses_a_ttl_by_another_attribute() -> None:
    bench = ScriptedTables(told(described(SESSION_REQUEST)), ttl("ENABLED", "until"))
    with pytest.raises(UsageError, match="items expire by the attribute until, the model's by exp"):
        await bench.ensure(SESSION, "sessions")
    assert "UpdateTimeToLive" not in bench.operations
