"""`async with orders.batch() as batch`: order, back-pressure, sharing, and its ends."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

import adorm
from adorm.transport.base import Request
from tests.batch.stubbed import Number, Stubbed, ids, made, stubbed
from tests.support.aftermath import leaves_nothing_behind
from tests.support.shop import Order, Receipt

pytestmark = pytest.mark.anyio


def sizes(it: Stubbed) -> list[int]:
    return [
        len(each.request["RequestItems"]["numbers"]) for each in it.recorder.of("BatchWriteItem")
    ]


def values(request: Request) -> dict[str, str]:
    """The values that a request puts, by id."""
    items = [
        change["PutRequest"]["Item"]
        for change in request["RequestItems"]["numbers"]
        if "PutRequest" in change
    ]
    return {item["number_id"]["S"]: item["value"]["N"] for item in items}


async def turns(count: int = 30) -> None:
    for _ in range(count):
        await checkpoint()


async def test_a_block_without_writes_sends_nothing() -> None:
    async with stubbed() as it:
        async with it.numbers.batch() as batch:
            await batch.flush()
        assert it.recorder.sent == ()
        assert batch.result.written == 0


async def test_writes_are_sent_by_25_as_they_come_and_the_rest_at_the_end() -> None:
    async with stubbed(1000) as it:
        async with it.numbers.batch() as batch:
            for number in range(55):
                await batch.put(made(number, 1))
            await batch.delete(ids(600))
            await batch.delete(made(601))
            await batch.delete(it.numbers.key(ids(602)))
            await turns()
            assert sizes(it) == [25, 25]
        assert sizes(it) == [25, 25, 8]
        assert [it.stored(number) for number in (0, 54, 600, 601, 602)] == [1, 1, None, None, None]
        assert (batch.result.written, batch.result.unprocessed) == (58, [])


async def test_flush_waits_until_all_that_was_handed_over_is_written() -> None:
    async with stubbed() as it:
        it.faults.on("BatchWriteItem").unprocessed(share=0.4)
        async with it.numbers.batch() as batch:
            for number in range(60):
                await batch.put(made(number))
            await batch.flush()
            assert all(it.stored(number) is not None for number in range(60))
            assert batch.result.written == 60
            await batch.flush()


async def test_instances_change_when_they_are_written_and_not_before() -> None:
    async with adorm.connect("memory") as db:
        await db.create_table(Order)
        await db.create_table(Receipt)
        order = Order(customer_id="c1", order_id="o1")
        async with db.table(Order).batch() as batch:
            await batch.put(order)
            order.status = "later"
            assert order.version == 0
            await batch.flush()
            assert order.version == 1
        assert (await db.table(Order).get("c1", "o1")).status == "open"
        async with db.table(Receipt).batch() as receipts:
            await receipts.put(Receipt(receipt_id="r"))
        assert (await db.table(Receipt).get("r")).version == 1


async def test_later_operations_on_one_item_win_in_order() -> None:
    async with stubbed(10) as it:
        async with it.numbers.batch() as batch:
            await batch.put(made(1, 1))
            await batch.put(made(1, 2))
            await batch.delete(ids(2))
            await batch.put(made(2, 5))
            await batch.put(made(3, 3))
            await batch.delete(ids(3))
        assert [it.stored(number) for number in (1, 2, 3)] == [2, 5, None]
        assert sizes(it) == [3]


async def test_an_item_whose_write_is_in_flight_is_not_written_again_before_that_arrived() -> None:
    async with stubbed() as it:
        hold = it.faults.on("BatchWriteItem", call=1).hold()
        async with it.numbers.batch() as batch:
            for number in range(25):
                await batch.put(made(number, 1))
            await hold.reached()
            for value in (2, 3):
                await batch.put(made(0, value))
            for number in range(100, 124):
                await batch.put(made(number))
            await turns()
            assert sizes(it) == [25]
            hold.release()
        assert sizes(it) == [25, 24, 1]
        assert [
            written[ids(0)]
            for each in it.recorder.sent
            if ids(0) in (written := values(each.request))
        ] == ["1", "3"]
        assert it.stored(0) == 3


async def test_put_waits_where_all_chunks_are_in_flight() -> None:
    async with stubbed() as it:
        hold = it.faults.on("BatchWriteItem").hold()
        taken = 0

        async def fill(batch: adorm.Batch[Number]) -> None:
            nonlocal taken
            for number in range(200):
                await batch.put(made(number))
                taken += 1

        async with it.numbers.batch().concurrency(2) as batch, anyio.create_task_group() as tasks:
            tasks.start_soon(fill, batch)
            await hold.reached(2)
            await turns()
            assert taken == 74
            hold.release()
        assert taken == 200
        assert it.recorder.max_in_flight == 2
        assert batch.result.written == 200


async def test_many_tasks_may_share_it() -> None:
    async with stubbed() as it:
        it.faults.on("BatchWriteItem").unprocessed(share=0.3)

        async def fill(batch: adorm.Batch[Number], first: int) -> None:
            for number in range(first, 500, 20):
                await batch.put(made(number, number))
                if number % 7 == 0:
                    await batch.flush()
                    assert it.stored(number) == number

        async with it.numbers.batch().concurrency(3) as batch, anyio.create_task_group() as tasks:
            for first in range(20):
                tasks.start_soon(fill, batch, first)
        assert [it.stored(number) for number in range(500)] == list(range(500))
        assert batch.result.written == 500


async def test_a_task_that_is_cancelled_while_it_waits_leaves_the_batch_usable() -> None:
    async with stubbed() as it:
        hold = it.faults.on("BatchWriteItem").hold()
        async with it.numbers.batch().concurrency(1) as batch:
            for number in range(49):
                await batch.put(made(number))
            await hold.reached()
            with anyio.move_on_after(0):
                await batch.put(made(49))
            with anyio.move_on_after(0):
                await batch.flush()
            hold.release()
            await batch.put(made(50))
        assert [number for number in range(51) if it.stored(number) is None] == []


# ---- its ends


async def test_a_body_that_raises_sends_nothing_more_and_what_was_sent_stays() -> None:
    async with stubbed() as it:
        batch = it.numbers.batch()
        with pytest.raises(ZeroDivisionError):
            async with leaves_nothing_behind(it.recorder, it.db):
                async with batch:
                    for number in range(30):
                        await batch.put(made(number))
                    raise ZeroDivisionError
        assert [number for number in range(30) if it.stored(number) is not None] == list(range(25))
        assert [each.number_id for each in _puts(batch)] == [
            ids(number) for number in range(25, 30)
        ]
        assert sizes(it) == [25]


def _puts(batch: adorm.Batch[Number]) -> list[Number]:
    return [each for each in batch.result.unprocessed if isinstance(each, Number)]


async def test_a_cancelled_body_cancels_what_is_in_flight() -> None:
    async with stubbed() as it:
        batch = it.numbers.batch()
        hold = it.faults.on("BatchWriteItem", call=range(1, 9)).hold()
        async with leaves_nothing_behind(it.recorder):
            with anyio.CancelScope() as scope:
                async with batch:
                    for number in range(60):
                        await batch.put(made(number))
                    await hold.reached(2)
                    scope.cancel()
                    await checkpoint()
        assert scope.cancelled_caught
        assert [each.state for each in it.recorder.sent] == ["cancelled", "cancelled"]
        assert len(batch.result.unprocessed) == 60


async def test_a_failed_chunk_is_raised_by_the_next_call() -> None:
    async with stubbed() as it:
        batch = it.numbers.batch()
        it.faults.on("BatchWriteItem", call=1).refuse("AccessDeniedException")
        with pytest.raises(adorm.BatchFailed) as caught:
            async with batch:
                for number in range(1000):
                    await batch.put(made(number))
                    await turns(3)
        failure = caught.value
        assert [type(error) for error in failure.exceptions] == [adorm.AccessDenied]
        assert len(it.recorder.sent) == 1
        assert [each.number_id for each in failure.result.unprocessed[:25]] == [
            ids(number) for number in range(25)
        ]
        assert failure.result.unprocessed == batch.result.unprocessed
        assert [outcome.label for outcome in failure.outcomes] == ["chunk 1"]


async def test_a_failed_chunk_is_raised_by_the_end_and_those_in_flight_finish() -> None:
    async with stubbed() as it:
        batch = it.numbers.batch().concurrency(2)
        hold = it.faults.on("BatchWriteItem", call=1).hold()
        it.faults.on("BatchWriteItem", call=2).refuse("AccessDeniedException")

        async def release() -> None:
            while not any(each.state == "failed" for each in it.recorder.sent):
                await checkpoint()
            hold.release()

        with pytest.raises(ExceptionGroup) as group:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(release)
                async with batch:
                    for number in range(60):
                        await batch.put(made(number))
        caught = group.value.exceptions[0]
        assert isinstance(caught, adorm.BatchFailed)
        assert len(it.recorder.sent) == 2
        assert batch.result.written == caught.result.written == 25
        assert [each.number_id for each in _puts(batch)] == [
            ids(number) for number in range(25, 60)
        ]


async def test_with_collected_errors_all_is_tried_and_nothing_raised() -> None:
    async with stubbed() as it:
        it.faults.on("BatchWriteItem", call=[1, 3]).refuse("AccessDeniedException")
        async with it.numbers.batch().collect_errors().concurrency(1) as batch:
            for number in range(100):
                await batch.put(made(number))
        assert (batch.result.written, len(batch.result.errors)) == (50, 2)
        assert [each.number_id for each in _puts(batch)] == [
            ids(number) for number in (*range(25), *range(50, 75))
        ]


async def test_what_failed_is_not_told_once_a_later_write_of_the_item_was_done() -> None:
    async with stubbed() as it:
        it.faults.on("BatchWriteItem", call=1).refuse("AccessDeniedException")
        async with it.numbers.batch().collect_errors() as batch:
            await batch.put(made(1, 1))
            await batch.put(made(2, 1))
            await batch.flush()
            assert len(batch.result.unprocessed) == 2
            await batch.put(made(1, 5))
        assert it.stored(1) == 5
        assert batch.result.unprocessed == [made(2, 1)]


async def test_a_deadline_around_the_block_is_one_error() -> None:
    async with stubbed() as it:
        batch = it.numbers.batch()
        it.faults.on("BatchWriteItem").hold()
        with pytest.raises(adorm.DeadlineExceeded) as caught:
            async with leaves_nothing_behind(it.recorder), adorm.deadline(0.05), batch:
                for number in range(30):
                    await batch.put(made(number))
        assert len(caught.value.result.unprocessed) == 30
        assert caught.value.outcomes
        assert batch.result.written == 0


async def test_a_deadline_inside_the_block_bounds_only_the_waiting() -> None:
    async with stubbed() as it:
        hold = it.faults.on("BatchWriteItem", call=1).hold()
        async with it.numbers.batch() as batch:
            await batch.put(made(1))
            with pytest.raises(adorm.DeadlineExceeded, match="waiting for chunks of a batch"):
                async with adorm.deadline(0.02):
                    await batch.flush()
            hold.release()
        assert it.stored(1) is not None


async def test_progress_and_the_hook_hear_of_chunks() -> None:
    async with stubbed() as it:
        it.faults.on("BatchWriteItem", call=1).refuse("AccessDeniedException")
        seen: list[tuple[int, int | None]] = []
        asked: list[str] = []

        def hook(outcome: adorm.Outcome[Any]) -> Any:
            asked.append(outcome.label)
            return "continue"

        block = (
            it.numbers.batch()
            .on_chunk_error(hook)
            .on_progress(lambda progress: seen.append((progress.done, progress.total)))
        )
        async with block.concurrency(1) as batch:
            for number in range(60):
                await batch.put(made(number))
        assert asked == ["chunk 1"]
        assert seen == [(25, None), (35, None)]
        assert len(batch.result.errors) == 1


async def test_a_broken_report_leaves_bare() -> None:
    async with stubbed() as it:

        def broken(_: adorm.Progress) -> None:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            async with it.numbers.batch().on_progress(broken) as batch:
                await batch.put(made(1))


async def test_the_bodys_own_error_tells_of_chunks_that_failed() -> None:
    async with stubbed() as it:
        batch = it.numbers.batch()
        it.faults.on("BatchWriteItem").refuse("AccessDeniedException")
        with pytest.raises(ZeroDivisionError) as caught:
            async with batch:
                for number in range(25):
                    await batch.put(made(number))
                raise ZeroDivisionError
        assert caught.value.__notes__ == ["1 chunks of the batch failed as well: see its .result"]
        assert len(batch.result.errors) == 1


# ---- bad input


async def test_a_batch_is_used_inside_its_block_and_once() -> None:
    async with stubbed() as it:
        batch = it.numbers.batch()
        with pytest.raises(adorm.UsageError, match="used inside its block"):
            await batch.put(made(1))
        async with batch:
            with pytest.raises(adorm.UsageError, match="its clauses come before"):
                batch.concurrency(3)
        for call in (batch.put(made(1)), batch.delete(ids(1)), batch.flush()):
            with pytest.raises(adorm.UsageError, match="this batch has ended"):
                await call
        with pytest.raises(adorm.UsageError, match="entered before"):
            async with batch:
                pass
        assert it.recorder.sent == ()


async def test_what_cant_be_stored_is_refused_by_put_itself() -> None:
    async with stubbed() as it:
        wrong: Any = Order(customer_id="a", order_id="b")
        with pytest.raises(adorm.UsageError, match="an instance of Number is expected, not Order"):
            async with it.numbers.batch() as batch:
                await batch.put(wrong)
        with pytest.raises(
            adorm.UsageError, match="a key of Number is number_id; 2 values were given"
        ):
            async with it.numbers.batch() as batch:
                await batch.delete("a", "b")
        assert it.recorder.sent == ()
