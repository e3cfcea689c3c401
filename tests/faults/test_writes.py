"""Every write meets every fault: it is applied once, or its error says `maybe_applied`.

Each combination also has its requests and waits counted, its error's words read and its instance
compared.
"""

from __future__ import annotations

from typing import Any

import pytest

import adorm
from tests.faults.bench import ATTEMPTS, FAULT, WAITS, Fault, World, bench, faults_and_times
from tests.faults.references import Reference, reference, same_item
from tests.faults.writes import CASE, CASES, Trial, WriteCase, copy_of, trial
from tests.support.shop import Counter, Order

pytestmark = pytest.mark.anyio


def same_result(case: WriteCase, one: Any, other: Any) -> bool:
    if case.versions_skip and isinstance(one, Order):
        return bool(copy_of(one, version=other.version) == other)
    if case.versions_skip and isinstance(one, dict):
        return bool({**one, "version": other["version"]} == other)
    return bool(one == other)


def check_success(there: Trial, expected: Reference, result: Any) -> None:
    case = there.case
    assert same_item(case, there.stored, expected.after), (
        "a success must be that of exactly one application"
    )
    assert same_result(case, result, expected.result)
    if case.operation == "PutItem":
        taken_over = (
            result if there.world.direct.table(case.model).info.structure.frozen else there.item
        )
        assert there.stored == there.world.direct.codec.encode(taken_over, case.model)


def check_failure(
    there: Trial,
    expected: Reference,
    error: adorm.ServiceError | adorm.ConnectionFailed,
    *,
    applied: bool,
) -> None:
    """The table holds what it held before, or what one application makes; only `maybe_applied` may
    leave open which."""
    wanted = expected.after if applied else expected.before
    assert same_item(there.case, there.stored, wanted), "never half, never twice"
    if applied and expected.after != expected.before:
        assert error.maybe_applied
    assert there.item == there.unharmed, "the instance changes only after DynamoDB said yes"
    assert str(error).startswith(f"{there.case.operation} on {there.case.subject}: ")
    assert error.operation == there.case.operation
    assert str(error.subject) == there.case.subject
    assert error.attempts == there.world.requests
    assert error.attempts == 1 or f"attempts: {error.attempts}" in str(error)
    assert ("it may have been applied" in str(error)) == error.maybe_applied


async def failure_of(
    there: Trial, kind: type[Exception]
) -> adorm.ServiceError | adorm.ConnectionFailed:
    with pytest.raises(kind) as caught:
        await there.act()
    assert isinstance(caught.value, (adorm.ServiceError, adorm.ConnectionFailed))
    return caught.value


def check_count(world: World, attempts: int) -> None:
    assert world.requests == attempts
    assert world.sleeps == WAITS[: attempts - 1]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_write_is_applied_once_or_its_error_says_maybe(case: WriteCase) -> None:
    """Each fault at the first attempt, most at the first two and at all of them too; one database
    lives through them all."""
    expected = await reference(case)
    async with bench() as world:
        there = await trial(world, case)
        for fault, times in faults_and_times():
            there = await there.again()
            try:
                await check_fault(there, expected, fault, times)
            except BaseException as error:
                error.add_note(f"the fault: {fault.name}, {times} times")
                raise
            assert not any(world.server._scripts.values()) or there.world.requests < times


async def check_fault(there: Trial, expected: Reference, fault: Fault, times: int) -> None:
    case, world = there.case, there.world
    world.server._scripts.clear()
    world.script(case.operation, *[fault.step] * times)
    if fault.ambiguous and case.promise == "stops":
        error = await failure_of(there, fault.error)
        assert error.maybe_applied
        assert "not sent again" in error.__notes__[-1]
        check_failure(there, expected, error, applied=fault.applied)
        check_count(world, 1)
    elif times == ATTEMPTS:
        error = await failure_of(there, fault.error)
        assert error.maybe_applied is fault.ambiguous
        check_failure(there, expected, error, applied=fault.applied)
        check_count(world, ATTEMPTS)
    elif fault.applied and case.promise == "tells":
        error = await failure_of(there, adorm.ConditionalCheckFailed)
        assert error.maybe_applied
        check_failure(there, expected, error, applied=True)
        check_count(world, times + 1)
    else:
        result = await there.act()
        check_success(there, expected, result)
        check_count(world, times + 1)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_where_nothing_listens_a_write_certainly_was_not_applied(case: WriteCase) -> None:
    expected = await reference(case)
    async with bench() as world:
        there = await trial(world, case)
        await world.server.stop()
        with pytest.raises(adorm.ConnectionFailed) as caught:
            await there.act()
        assert caught.value.maybe_applied is False
        assert (caught.value.attempts, world.sleeps) == (ATTEMPTS, WAITS)
        assert f"(attempts: {ATTEMPTS})" in str(caught.value)
        assert there.stored == expected.before
        assert there.item == there.unharmed


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_server_that_comes_back_gets_the_write_once(case: WriteCase) -> None:
    expected = await reference(case)
    async with bench() as world:
        there = await trial(world, case)
        await world.server.stop()
        world.clock.during_wait = world.server.start
        result = await there.act()
        check_success(there, expected, result)
        assert (world.requests, world.sleeps) == (1, WAITS[:1])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_connection_closed_as_it_comes_leaves_the_fate_open_and_nothing_twice(
    case: WriteCase,
) -> None:
    expected = await reference(case)
    async with bench() as world:
        there = await trial(world, case)
        world.server.refuse(1)
        if case.promise == "stops":
            error = await failure_of(there, adorm.ConnectionFailed)
            assert error.maybe_applied
            assert (world.requests, world.sleeps) == (0, [])
            assert there.stored == expected.before
        else:
            check_success(there, expected, await there.act())
            assert (world.requests, world.sleeps) == (1, WAITS[:1])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_lost_answer_is_remembered_through_throttles(case: WriteCase) -> None:
    """The last error, a throttle, would say by itself that nothing was applied."""
    expected = await reference(case)
    async with bench() as world:
        there = await trial(world, case)
        world.script(
            case.operation,
            FAULT["closed after it was applied"].step,
            *[FAULT["throttled"].step] * 4,
        )
        stops = case.promise == "stops"
        error = await failure_of(there, adorm.ConnectionFailed if stops else adorm.Throttled)
        assert error.maybe_applied
        check_failure(there, expected, error, applied=True)
        check_count(world, 1 if stops else ATTEMPTS)


async def test_the_error_tells_what_became_of_each_attempt() -> None:
    async with bench() as world:
        there = await trial(world, CASE["put fresh"])
        steps = [
            FAULT[name].step
            for name in ("throttled", "closed after it was applied", "500 before it was applied")
        ]
        world.script("PutItem", *steps)
        with pytest.raises(adorm.ServiceError) as caught:
            await world.db.table(Order).put(there.item).retry(adorm.RetryPolicy(max_attempts=3))
        assert str(caught.value) == (
            "PutItem on Order c1/o1: InternalServerError: something broke "
            "(attempts: 3; request id: LOOPBACK; it may have been applied: "
            "read the item before writing again)"
        )
        assert caught.value.__notes__ == [
            "attempt 1: ProvisionedThroughputExceededException, then 0.025 s of waiting",
            "attempt 2: the connection was closed before an answer began, then 0.050 s of waiting",
        ]


async def test_a_request_is_repeated_byte_for_byte_though_the_clock_has_moved() -> None:
    for name in ("save what was read", "create", "set", "add exactly once"):
        async with bench() as world:
            case = CASE[name]
            there = await trial(world, case)
            world.script(
                case.operation, FAULT["throttled"].step, FAULT["closed before it was applied"].step
            )
            await there.act()
            first, second, third = (request.raw for request in world.server.requests)
            assert first == second == third
            assert len(world.sleeps) == 2


async def test_awaiting_twice_sends_twice_with_a_token_each() -> None:
    async with bench() as world:
        await trial(world, CASE["add exactly once"])
        update = world.db.table(Counter).update("a").add(Counter.value, 5).exactly_once()
        await update
        await update
        one, two = (request.body["ClientRequestToken"] for request in world.server.requests)
        assert one != two
        assert (await world.direct.table(Counter).get("a")).value == 20


async def test_a_save_that_was_proved_gives_the_stored_created_at() -> None:
    """Only the answer knows it, and the answer was lost: the item that came with the failed
    condition has it."""
    async with bench() as world:
        orders = world.db.table(Order)
        first = (
            await world.direct.table(Order).create(Order(customer_id="c1", order_id="o1"))
        ).created_at
        world.clock.advance(100)
        order = await orders.get("c1", "o1")
        order.created_at = world.clock.now()
        world.script("UpdateItem", FAULT["closed after it was applied"].step)
        assert await orders.save(order) is order
        assert order.created_at == first
        assert order == await orders.get("c1", "o1")


async def test_after_a_proved_write_the_next_one_goes_on_from_the_right_version() -> None:
    async with bench() as world:
        orders = world.db.table(Order)
        order = Order(customer_id="c1", order_id="o1")
        for operation, write in (
            ("PutItem", orders.create),
            ("UpdateItem", orders.save),
            ("PutItem", orders.put),
        ):
            world.script(operation, FAULT["closed after it was applied"].step)
            assert await write(order) is order
            assert order == await orders.get("c1", "o1")
        assert order.version == 3


async def test_exactly_once_tells_a_failed_condition_and_a_missing_item_as_any_update_does() -> (
    None
):
    async with bench() as world:
        counters = world.db.table(Counter)
        with pytest.raises(adorm.ItemNotFound):
            await counters.update("a").add(Counter.value, 5).exactly_once()
        await world.direct.table(Counter).put(Counter(name="a", value=1))
        for _ in range(2):
            world.script("TransactWriteItems", FAULT["throttled"].step)
            with pytest.raises(adorm.ConditionalCheckFailed) as caught:
                await (
                    counters.update("a")
                    .add(Counter.value, 5)
                    .when(Counter.value == 2)
                    .exactly_once()
                )
            assert caught.value.maybe_applied is False
            assert caught.value.attempts == 2
        assert (await world.direct.table(Counter).get("a")).value == 1
