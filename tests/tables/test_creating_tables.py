"""Creating a table: waiting by a clock that stands still, lost answers, deadlines."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from adorm.clock import use_clock
from adorm.deadlines import deadline
from adorm.errors import (
    ConnectionFailed,
    DeadlineExceeded,
    ResourceNotFound,
    ServiceError,
)
from adorm.tables.poller import poll_delay_s
from adorm.testing.clock import FakeClock
from adorm.transport.base import Answer
from tests.support.scripted import internal, lost, refusal
from tests.support.scripted_tables import (
    ORDER_REQUEST,
    SESSION,
    SESSION_REQUEST,
    ScriptedTables,
    accepted,
    described,
    in_use,
    missing,
    told,
)

pytestmark = pytest.mark.anyio


async def test_creating_waits_until_the_table_and_its_indexes_are_active() -> None:
    bench = ScriptedTables(
        accepted(described(status="CREATING", index_status="CREATING")),
        missing(),  # DescribeTable may be some moments behind
        told(described(status="CREATING", index_status="CREATING")),
        told(described(status="ACTIVE", index_status="CREATING")),
        told(described(status="ACTIVE")),
    )
    description = await bench.create()
    assert description.is_active
    assert bench.operations == ["CreateTable", *["DescribeTable"] * 4]
    assert bench.transport.sent[0][1] == ORDER_REQUEST
    assert bench.sleeps == [0.25, 0.5, 1.0, 2.0]


async def test_a_table_that_is_active_at_once_is_not_asked_for_again() -> None:
    bench = ScriptedTables(accepted(described()))
    assert (await bench.create()).is_active
    assert bench.operations == ["CreateTable"]
    assert bench.sleeps == []


async def test_without_waiting_the_status_is_that_of_the_answer_and_the_ttl_is_left() -> None:
    bench = ScriptedTables(accepted(described(SESSION_REQUEST, "CREATING")))
    description = await bench.create(SESSION, "sessions", wait=False)
    assert description.status == "CREATING"
    assert bench.operations == ["CreateTable"]


async def test_a_throttled_control_operation_is_sent_again() -> None:
    bench = ScriptedTables(refusal("LimitExceededException"), accepted(described()))
    await bench.create()
    assert bench.operations == ["CreateTable", "CreateTable"]
    assert bench.sleeps == [0.05]


async def test_an_existing_table_is_refused_with_the_way_out() -> None:
    bench = ScriptedTables(in_use())
    with pytest.raises(
        ServiceError, match=r"CreateTable on orders: .*ensure_table\(Order\).*so it is"
    ) as refused:
        await bench.create()
    assert (refused.value.code, refused.value.request_id, refused.value.status) == (
        "ResourceInUseException",
        "r1",
        400,
    )
    assert not refused.value.maybe_applied
    assert bench.operations == ["CreateTable"]


@pytest.mark.parametrize("failure", [lost, internal])
async def test_a_creation_whose_answer_was_lost_finds_its_own_table(
    failure: Callable[[], Exception],
) -> None:
    bench = ScriptedTables(
        failure(),
        in_use(),
        missing(),
        told(described(status="CREATING", CreationDateTime=FakeClock().now().timestamp())),
        told(described()),
    )
    assert (await bench.create()).is_active
    assert bench.operations == ["CreateTable", "CreateTable", *["DescribeTable"] * 3]


@pytest.mark.parametrize(
    "other",
    [
        described({**ORDER_REQUEST, "KeySchema": ORDER_REQUEST["KeySchema"][:1]}),
        described(
            {**ORDER_REQUEST, "GlobalSecondaryIndexes": ORDER_REQUEST["GlobalSecondaryIndexes"][:1]}
        ),
        described(status="DELETING"),
        described(CreationDateTime=datetime(2025, 12, 31, tzinfo=UTC).timestamp()),
    ],
    ids=["another key", "other indexes", "on its way out", "of yesterday"],
)
async def test_a_table_that_was_there_before_is_not_taken_for_the_lost_one(
    other: dict[str, Any],
) -> None:
    bench = ScriptedTables(lost(), in_use(), told(other))
    with pytest.raises(ServiceError, match="ensure_table") as refused:
        await bench.create()
    assert refused.value.code == "ResourceInUseException"
    assert refused.value.maybe_applied


async def test_a_table_that_never_becomes_active_is_named_with_its_last_status() -> None:
    pending = described(status="ACTIVE", index_status="CREATING")
    bench = ScriptedTables(accepted(pending), *[told(pending)] * 99)
    with pytest.raises(
        DeadlineExceeded,
        match=r"CreateTable on orders: the table is not active within 20 s "
        r"\(last status: ACTIVE, index by-status CREATING, index by-total CREATING\)",
    ) as late:
        await bench.create(timeout_s=20)
    assert (late.value.operation, late.value.subject) == ("CreateTable", "orders")
    assert late.value.maybe_applied
    assert bench.sleeps == [0.25, 0.5, 1.0, 2.0, 4.0, 4.0, 4.0, 4.0], (
        "19.75 s: one more would outlive the deadline"
    )


async def test_the_bound_is_five_minutes_by_default() -> None:
    bench = ScriptedTables(
        accepted(described(status="CREATING")), *[told(described(status="CREATING"))] * 99
    )
    with pytest.raises(DeadlineExceeded, match="within 300 s"):
        await bench.create()
    assert 295 < sum(bench.sleeps) < 300


async def test_the_deadline_around_shortens_the_wait() -> None:
    bench = ScriptedTables(
        accepted(described(status="CREATING")), *[told(described(status="CREATING"))] * 99
    )
    with use_clock(bench.clock):
        async with deadline(1.0):
            with pytest.raises(DeadlineExceeded, match=r"within 1 s \(last status: CREATING"):
                await bench.create()
    assert bench.sleeps == [0.25, 0.5]


async def test_a_deadline_that_passes_while_looking_names_the_table_too() -> None:
    bench = ScriptedTables(accepted(described(status="CREATING")))

    async def slow() -> Answer:
        bench.clock.advance(50)
        raise internal()

    bench.transport.outcomes.append(slow)
    with pytest.raises(
        DeadlineExceeded, match=r"not active within 20 s \(last status: CREATING"
    ) as late:
        await bench.create(timeout_s=20)
    assert isinstance(late.value.__cause__, DeadlineExceeded)


async def test_a_deadline_before_the_start_sends_nothing() -> None:
    bench = ScriptedTables()
    for work in (bench.create(timeout_s=0), bench.ensure(timeout_s=0), bench.delete(timeout_s=0)):
        with pytest.raises(DeadlineExceeded):
            await work
    assert bench.operations == []


async def test_a_table_deleted_while_it_is_waited_for_ends_the_wait() -> None:
    bench = ScriptedTables(
        accepted(described(status="CREATING")), told(described(status="DELETING")), missing()
    )
    with pytest.raises(
        ResourceNotFound, match=r"CreateTable on orders: .*deleted while it was waited for"
    ):
        await bench.create()


async def test_one_miss_between_two_looks_does_not_end_the_wait_but_two_do() -> None:
    creating = told(described(status="CREATING"))
    bench = ScriptedTables(
        accepted(described(status="CREATING")),
        creating,
        missing(),
        creating,
        missing(),
        missing(),
        creating,
    )
    with pytest.raises(ResourceNotFound, match="deleted while it was waited for"):
        await bench.create()
    assert bench.operations.count("DescribeTable") == 5


@pytest.mark.parametrize("start", ["create", "ensure", "delete"])
async def test_a_cancelled_wait_sends_nothing_more_and_leaves_the_calls_usable(start: str) -> None:
    bench = ScriptedTables()
    scope = anyio.CancelScope()

    async def cancelled_here() -> Answer:
        scope.cancel()
        await checkpoint()
        raise AssertionError("the checkpoint lets the cancellation through")

    pending = (
        told(described(status="CREATING"))
        if start == "ensure"
        else accepted(described(status="CREATING"))
    )
    bench.transport.outcomes += [pending, cancelled_here, told(described())]
    work: dict[str, Callable[[], Coroutine[Any, Any, object]]] = {
        "create": bench.create,
        "ensure": bench.ensure,
        "delete": bench.delete,
    }
    with scope:
        await work[start]()
    assert scope.cancelled_caught
    assert len(bench.operations) == 2
    assert (await bench.calls.describe_table("orders")).is_active


async def test_a_wait_in_a_cancelled_scope_is_cancelled_not_late() -> None:
    bench = ScriptedTables()
    with anyio.CancelScope() as scope:

        async def cancel_and_answer() -> Answer:
            scope.cancel()
            return accepted(described(status="CREATING"))

        bench.transport.outcomes.append(cancel_and_answer)
        await bench.create()
    assert scope.cancelled_caught
    assert bench.operations == ["CreateTable"]
    assert bench.sleeps == []


async def test_an_answer_without_a_description_is_an_answer_that_cant_be_read() -> None:
    with pytest.raises(
        ConnectionFailed, match=r"CreateTable on orders: .*no TableDescription"
    ) as failed:
        await ScriptedTables({}).create()
    assert failed.value.maybe_applied
    with pytest.raises(ConnectionFailed, match=r"DescribeTable on orders: .*no Table") as failed:
        await ScriptedTables({}).calls.describe_table("orders")
    assert not failed.value.maybe_applied


def test_polls_slow_down_to_a_few_seconds_and_half_of_each_is_jitter() -> None:
    assert [poll_delay_s(poll, 1.0) for poll in range(1, 8)] == [0.25, 0.5, 1.0, 2.0, 4.0, 4.0, 4.0]
    assert [poll_delay_s(poll, 0.0) for poll in (1, 2, 1000)] == [0.125, 0.25, 2.0]
