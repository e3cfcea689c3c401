"""`db.gather`: results, failures, cancellation, and that nothing is left over."""

from __future__ import annotations

import asyncio
import gc
import inspect
from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

import adorm
from tests.batch.stubbed import Number, Stubbed, ids, made, stubbed, value_of
from tests.support.aftermath import leaves_nothing_behind

pytestmark = pytest.mark.anyio


@pytest.fixture
async def it() -> AsyncIterator[Stubbed]:
    async with stubbed(100, retry=adorm.RetryPolicy(max_attempts=1)) as stub:
        yield stub


async def give(value: Any) -> Any:
    await checkpoint()
    return value


async def test_results_come_as_a_tuple_in_order(it: Stubbed) -> None:
    number, missing, exists, given = await it.db.gather(
        it.numbers.get(ids(3)), it.numbers.get_or_none("none"), it.numbers.exists(ids(4)), give("x")
    )
    assert (number.value, missing, exists, given) == (value_of(3), None, True, "x")
    assert await it.db.gather(give(1)) == (1,)
    assert await it.db.gather() == ()


async def test_a_list_gives_a_list(it: Stubbed) -> None:
    got = await it.db.gather([it.numbers.get(ids(number)) for number in range(50)], limit=7)
    assert [each.value for each in got] == [value_of(number) for number in range(50)]
    assert 1 < it.recorder.max_in_flight <= 7
    assert await it.db.gather([]) == []
    assert await it.db.gather(it.numbers.get(ids(number)) for number in range(2)) == got[:2]


async def test_operations_futures_and_tasks_are_all_awaited(it: Stubbed) -> None:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    future.set_result(5)
    task = asyncio.ensure_future(give("task"))
    get = it.numbers.get(ids(1))
    assert await it.db.gather(future, task, get, get) == (5, "task", await get, await get)


async def test_a_failure_is_a_group_with_every_outcome(it: Stubbed) -> None:
    with pytest.raises(adorm.GatherFailed) as caught:
        await it.db.gather(it.numbers.get(ids(1)), it.numbers.get("none"), give("x"), limit=1)
    failure = caught.value
    assert [type(error) for error in failure.exceptions] == [adorm.ItemNotFound]
    assert [(outcome.label, outcome.finished) for outcome in failure.outcomes] == [
        ("operation 1 of 3", True), ("operation 2 of 3", False), ("operation 3 of 3", False),
    ]  # fmt: skip
    assert failure.result == [await it.numbers.get(ids(1)), None, None]
    with pytest.raises(ExceptionGroup) as group:
        await it.db.gather(it.numbers.get("none"))
    assert group.value.subgroup(adorm.ItemNotFound) is not None


async def test_reads_stop_and_writes_and_others_finish_when_one_fails(it: Stubbed) -> None:
    hold = it.faults.on("GetItem", "PutItem", call=[1, 2]).hold()
    finished: list[str] = []

    async def mine() -> None:
        await hold.reached(2)
        await hold._released.wait()
        finished.append("mine")

    async def fail() -> None:
        await hold.reached(2)
        asyncio.get_running_loop().call_later(0.01, hold.release)
        raise ZeroDivisionError

    with pytest.raises(adorm.GatherFailed) as caught:
        await it.db.gather(
            it.numbers.get(ids(1)), it.numbers.put(made(5, 5)).unchecked(), mine(), fail()
        )
    assert [(each.operation, each.state) for each in it.recorder.sent] == [
        ("GetItem", "cancelled"),
        ("PutItem", "answered"),
    ]
    assert (it.stored(5), finished) == (5, ["mine"])
    assert [outcome.finished for outcome in caught.value.outcomes] == [False, True, True, False]


async def test_what_has_not_begun_never_begins_and_its_coroutines_are_closed(it: Stubbed) -> None:
    begun: list[int] = []

    async def work(number: int) -> None:
        begun.append(number)
        if number == 1:
            raise ZeroDivisionError

    coroutines = [work(number) for number in range(10)]
    with pytest.raises(adorm.GatherFailed):
        await it.db.gather(coroutines, limit=1)
    assert begun == [0, 1]
    assert [inspect.getcoroutinestate(coroutine) for coroutine in coroutines] == [
        inspect.CORO_CLOSED
    ] * 10
    del coroutines
    gc.collect()  # a coroutine that was never awaited would warn, which is an error here


async def test_coroutines_are_closed_when_the_caller_is_cancelled_before_they_begin(
    it: Stubbed,
) -> None:
    coroutines = [give(number) for number in range(5)]
    with anyio.CancelScope() as scope:
        scope.cancel()
        await it.db.gather(*coroutines, limit=2)
    assert scope.cancelled_caught
    assert [inspect.getcoroutinestate(coroutine) for coroutine in coroutines] == [
        inspect.CORO_CLOSED
    ] * 5


async def test_collected_errors_raise_nothing(it: Stubbed) -> None:
    done = await it.db.gather(
        it.numbers.get(ids(1)), it.numbers.get("none"), give("x"), limit=1, collect_errors=True
    )
    assert isinstance(done, adorm.GatherResult)
    assert done.results == [await it.numbers.get(ids(1)), None, "x"]
    assert [type(error) for error in done.errors] == [adorm.ItemNotFound]
    assert [outcome.finished for outcome in done.outcomes] == [True, False, True]
    assert (await it.db.gather([it.numbers.get("none")], collect_errors=True)).results == [None]


async def test_a_deadline_is_one_error_with_all_outcomes(it: Stubbed) -> None:
    it.faults.on("GetItem", call=range(2, 99)).hold()
    with pytest.raises(adorm.DeadlineExceeded) as caught:
        async with leaves_nothing_behind(it.recorder, it.db), adorm.deadline(0.05):
            await it.db.gather([it.numbers.get(ids(number)) for number in range(5)], limit=2)
    assert [outcome.finished for outcome in caught.value.outcomes] == [
        True,
        False,
        False,
        False,
        False,
    ]
    assert caught.value.result[0].value == value_of(0)
    assert isinstance(caught.value.__cause__, adorm.DeadlineExceeded)


@pytest.mark.parametrize("native", [False, True])
async def test_a_cancelled_caller_leaves_nothing_behind(it: Stubbed, native: bool) -> None:
    it.faults.on("GetItem").hold()
    async with leaves_nothing_behind(it.recorder, it.db):
        if native:
            task = asyncio.ensure_future(
                it.db.gather(*(it.numbers.get(ids(number)) for number in range(10)))
            )
            await it.recorder.reached(10)
            task.cancel("mine")
            with pytest.raises(asyncio.CancelledError):
                await task
        else:
            with anyio.move_on_after(0.02) as scope:
                await it.db.gather(*(it.numbers.get(ids(number)) for number in range(10)))
            assert scope.cancelled_caught
    assert {each.state for each in it.recorder.of("GetItem")} == {"cancelled"}


async def test_a_task_that_someone_else_cancelled_is_a_failure_and_no_silence(it: Stubbed) -> None:
    async def forever() -> None:
        await anyio.sleep_forever()

    task = asyncio.ensure_future(forever())
    asyncio.get_running_loop().call_soon(task.cancel)
    with pytest.raises(adorm.GatherFailed, match=r"operation 2 of 2: somebody else cancelled"):
        await it.db.gather(give(1), task)


async def test_a_coroutine_that_another_task_awaits_is_a_failure_and_goes_on_there(
    it: Stubbed,
) -> None:
    go_on = anyio.Event()

    async def work() -> str:
        await go_on.wait()
        return "done"

    coroutine = work()
    task = asyncio.ensure_future(coroutine)
    await checkpoint()
    with pytest.raises(adorm.GatherFailed) as caught:
        await it.db.gather(coroutine)
    assert [type(error) for error in caught.value.exceptions] == [RuntimeError]
    go_on.set()
    assert await task == "done"


async def test_gathers_and_batches_nest(it: Stubbed) -> None:
    (first, second), got = await it.db.gather(
        it.db.gather(it.numbers.get(ids(1)), it.numbers.get(ids(2))),
        it.numbers.batch_get([ids(3), ids(4)]),
    )
    assert [each.value for each in (first, second, *got.items)] == [
        value_of(number) for number in (1, 2, 3, 4)
    ]
    with pytest.raises(adorm.GatherFailed) as caught:
        await it.db.gather(it.db.gather(it.numbers.get("none")))
    assert [type(error) for error in caught.value.exceptions] == [adorm.GatherFailed]


async def test_a_deadline_inside_a_gathered_batch_keeps_what_the_batch_read(it: Stubbed) -> None:
    it.faults.on("BatchGetItem", call=2).hold()
    it.faults.on("BatchGetItem", call=1).unprocessed(count=10)
    with pytest.raises(adorm.DeadlineExceeded) as caught:
        async with adorm.deadline(0.05):
            await it.db.gather(it.numbers.batch_get([ids(number) for number in range(100)]))
    inner = caught.value.outcomes[0].error
    assert isinstance(inner, adorm.DeadlineExceeded)
    assert len(inner.result.items) == 90


async def test_mistakes_are_named_and_nothing_begins(it: Stubbed) -> None:
    def never(number: int) -> Any:
        return give(number)

    wrong: Any = 5
    waiting = never(1)
    with pytest.raises(adorm.UsageError, match=r"operation 2 of 2 can't be awaited: int"):
        await it.db.gather(waiting, wrong)
    assert waiting.cr_frame is None
    twice = never(2)
    with pytest.raises(
        adorm.UsageError, match=r"operation 2 of 2 is a coroutine that was given before"
    ):
        await it.db.gather(twice, twice)
    limits: list[Any] = [0, -1, True, 1.5]
    for limit in limits:
        with pytest.raises(adorm.UsageError, match="limit, how many operations run at a time"):
            await it.db.gather(never(3), limit=limit)
    functions: list[Any] = [never]
    with pytest.raises(adorm.UsageError, match="can't be awaited: function"):
        await it.db.gather(functions)
    assert it.recorder.sent == ()


async def test_every_reading_operation_says_that_it_only_reads(it: Stubbed) -> None:
    numbers = it.numbers
    reads: list[adorm.Operation[Any]] = [
        numbers.get("a"),
        numbers.exists("a"),
        numbers.query("a"),
        numbers.query("a").count(),
        numbers.scan(),
        numbers.scan().first(),
    ]
    reads += [
        numbers.batch_get([]),
        numbers.batch_get([]).select(Number.value),
        it.db.transact_get(numbers.key("a")),
    ]
    writes: list[adorm.Operation[Any]] = [
        numbers.put(made(1)),
        numbers.delete("a"),
        numbers.update("a"),
        numbers.batch_write(),
        numbers.create_many([]),
    ]
    writes += [numbers.update_many([]), numbers.scan().for_each(give)]
    assert [each.only_reads for each in reads] == [True] * len(reads)
    assert [each.only_reads for each in writes] == [False] * len(writes)
