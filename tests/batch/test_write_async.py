"""`batch_write` of an async iterable: written as it comes, closed where it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest

import adorm
from tests.batch.stubbed import Number, ids, made, stream, stubbed
from tests.support.shop import Counter

pytestmark = pytest.mark.anyio


# ---- puts from an async iterable


async def test_puts_of_an_async_iterable_are_written_as_they_come() -> None:
    async with stubbed(1000) as it:
        done = await it.numbers.batch_write(
            puts=stream(made(number % 300, number) for number in range(1000)), deletes=[ids(999)]
        )
        assert [it.stored(number) for number in range(300)] == [
            max(range(number, 1000, 300)) for number in range(300)
        ]
        assert it.stored(999) is None
        assert (done.unprocessed, done.errors, done.outcomes) == ([], [], [])


async def test_an_async_iterable_is_asked_for_more_only_while_there_is_room() -> None:
    async with stubbed() as it:
        hold = it.faults.on("BatchWriteItem").hold()
        asked = 0

        async def endless() -> AsyncIterator[Number]:
            nonlocal asked
            while asked < 1000:
                asked += 1
                yield made(asked)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(it.numbers.batch_write(puts=endless()).concurrency(2)._run)
            await hold.reached(2)
            for _ in range(50):
                await anyio.lowlevel.checkpoint()
            assert asked == 75
            hold.release()
        assert asked == 1000


async def test_a_failed_chunk_ends_the_wait_for_the_next_item_and_closes_the_source() -> None:
    async with stubbed() as it:
        it.faults.on("BatchWriteItem").refuse("AccessDeniedException")
        closed = False

        async def slow() -> AsyncIterator[Number]:
            nonlocal closed
            try:
                for number in range(25):
                    yield made(number)
                await anyio.sleep_forever()
            finally:
                closed = True

        with pytest.raises(adorm.BatchFailed) as caught:
            await it.numbers.batch_write(puts=slow())
        assert closed
        assert (caught.value.result.written, len(caught.value.result.unprocessed)) == (0, 25)
        assert [outcome.label for outcome in caught.value.outcomes] == ["chunk 1"]


async def test_a_source_that_is_left_between_two_items_is_closed_in_the_same_task() -> None:
    async with stubbed() as it:
        it.faults.on("BatchWriteItem", call=1).refuse("AccessDeniedException")
        closed_in: list[object] = []

        async def quick() -> AsyncIterator[Number]:
            try:
                for number in range(1000):
                    yield made(number)
            finally:
                closed_in.append(asyncio.current_task())

        with pytest.raises(adorm.BatchFailed) as caught:
            await it.numbers.batch_write(puts=quick()).concurrency(1)
        assert closed_in == [asyncio.current_task()]
        assert len(caught.value.result.unprocessed) < 1000


async def test_what_the_source_raises_leaves_bare_after_chunks_in_flight() -> None:
    async with stubbed() as it:

        async def broken() -> AsyncIterator[Number]:
            for number in range(30):
                yield made(number)
            raise ZeroDivisionError("mine")

        with pytest.raises(ZeroDivisionError, match="mine") as caught:
            await it.numbers.batch_write(puts=broken())
        assert caught.value.__notes__ == ["the batch had written 25 items before this"]
        assert [it.stored(24), it.stored(25)] == [made(24).value, None]


@pytest.mark.parametrize("collects", [False, True])
async def test_a_bad_item_of_an_async_iterable_is_named_by_its_place(collects: bool) -> None:
    async with stubbed() as it:
        bad: Any = Counter(name="x")
        write = it.numbers.batch_write(
            puts=stream([*(made(number) for number in range(30)), bad, made(99)])
        ).concurrency(1)
        if collects:
            done = await write.collect_errors()
            assert (done.written, done.unprocessed) == (31, [bad])
            assert str(done.errors[0]) == (
                "put 31: an instance of Number is expected, not Counter: "
                "use the table of its own model"
            )
        else:
            with pytest.raises(
                adorm.UsageError, match=r"^put 31: an instance of Number is expected"
            ):
                await write
            assert it.stored(24) is not None
            assert it.stored(99) is None


async def test_an_async_iterable_may_not_put_what_is_deleted() -> None:
    async with stubbed(10) as it:
        with pytest.raises(
            adorm.UsageError, match=r"^put 2: Number 000000005 is in both puts and deletes"
        ):
            await it.numbers.batch_write(puts=stream([made(1), made(5)]), deletes=[ids(5)])
