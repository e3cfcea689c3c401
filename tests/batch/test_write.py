"""`batch_write`: what is sent, what is stored, and what a failure leaves."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

import adorm
from adorm.testing import FakeClock, Recorder
from adorm.transport.base import Request
from tests.batch.stubbed import Number, Stubbed, ids, made, stream, stubbed
from tests.support.scripted import ScriptedTransport, internal, lost
from tests.support.shop import Counter, Event, Order, Receipt

pytestmark = pytest.mark.anyio


def changes_of(request: Request, table: str = "numbers") -> list[dict[str, Any]]:
    changes: list[dict[str, Any]] = request["RequestItems"][table]
    return changes


def failing(*chunks: int) -> Any:
    """Matches the requests that hold the first item of these chunks of 25."""
    firsts = {ids((chunk - 1) * 25) for chunk in chunks}

    def matches(request: Request) -> bool:
        return any(
            change.get("PutRequest", {}).get("Item", {}).get("number_id", {}).get("S") in firsts
            for change in changes_of(request)
        )

    return matches


def by(transport: Any, **options: Any) -> adorm.Database:
    return adorm.connect("memory", wrap=lambda _: transport, **options)


# ---- what is sent


async def test_nothing_to_write_sends_nothing_and_is_no_error() -> None:
    async with stubbed() as it:
        done = await it.numbers.batch_write()
        assert (done.written, done.unprocessed, done.errors, done.outcomes) == (0, [], [], [])
        assert (await it.numbers.batch_write(puts=stream([]))).written == 0
        assert it.recorder.sent == ()
        assert it.numbers.batch_write().request() == {"RequestItems": {}}


async def test_puts_and_deletes_travel_in_chunks_of_twenty_five() -> None:
    async with stubbed(1000) as it:
        done = await it.numbers.batch_write(
            puts=[made(number, 1) for number in range(40)],
            deletes=[ids(number) for number in range(500, 520)],
        )
        assert sorted(len(changes_of(each.request)) for each in it.recorder.sent) == [10, 25, 25]
        assert done.written == 60
        assert [it.stored(number) for number in (0, 39, 500, 519)] == [1, 1, None, None]
        assert [outcome.label for outcome in done.outcomes] == [
            "chunk 1 of 3",
            "chunk 2 of 3",
            "chunk 3 of 3",
        ]
        assert [each.number_id for each in done.items] == [ids(number) for number in range(40)]


async def test_an_item_is_stored_as_an_unchecked_put_would_and_changes_after_success() -> None:
    recorder = Recorder()
    async with adorm.connect("memory", wrap=recorder) as db:
        await db.create_table(Order)
        orders = db.table(Order)
        stale = await orders.create(Order(customer_id="c1", order_id="o1"))
        await orders.update("c1", "o1").set(Order.status, "changed since")
        fresh = Order(customer_id="c1", order_id="o2")
        recorder.clear()
        await orders.batch_write(puts=[stale, fresh])
        assert recorder.operations == ["BatchWriteItem"]
        assert (stale.version, fresh.version) == (2, 1)
        assert await orders.get("c1", "o1") == stale
        assert await orders.get("c1", "o2") == fresh


async def test_frozen_items_come_back_as_stored() -> None:
    async with adorm.connect("memory") as db:
        await db.create_table(Receipt)
        done = await db.table(Receipt).batch_write(puts=[Receipt(receipt_id="r")])
        assert done.items == [Receipt(receipt_id="r", version=1)]


async def test_of_two_puts_of_one_item_the_last_one_is_sent() -> None:
    async with stubbed() as it:
        done = await it.numbers.batch_write(puts=[made(1, 1), made(2, 2), made(1, 3)])
        assert [len(changes_of(each.request)) for each in it.recorder.sent] == [2]
        assert (it.stored(1), it.stored(2), done.written) == (3, 2, 2)


async def test_large_items_are_spread_over_requests() -> None:
    transport = ScriptedTransport()
    await (
        by(transport)
        .table(Event)
        .batch_write(puts=[event(number, 390_000) for number in range(30)])
    )
    sizes = [
        sum(
            adorm.item_size(change["PutRequest"]["Item"])
            for change in changes_of(request, "events")
        )
        for _, request in transport.sent
    ]
    assert [len(changes_of(request, "events")) for _, request in transport.sent] == [21, 9]
    assert max(sizes) < 8 * 1024 * 1024


async def test_large_items_of_a_block_are_spread_over_requests_and_replaced_ones_take_no_room() -> (
    None
):
    transport = ScriptedTransport()
    async with by(transport).table(Event).batch() as batch:
        for number in range(30):
            await batch.put(event(number, 390_000))
            if number == 0:
                for size in (100_000, 390_000) * 20:
                    await batch.put(event(number, size))
    assert [len(changes_of(request, "events")) for _, request in transport.sent] == [21, 9]


async def test_several_tables_are_written_together() -> None:
    transport = ScriptedTransport()
    db = by(transport)
    counters = db.table(Counter)
    done = await db.batch_write(
        puts=[Counter(name="a"), Receipt(receipt_id="r")],
        deletes=[counters.key("b"), Receipt(receipt_id="old")],
    )
    assert done.written == 4
    requests = transport.sent[0][1]["RequestItems"]
    assert {
        table: [next(iter(change)) for change in changes] for table, changes in requests.items()
    } == {
        "counters": ["PutRequest", "DeleteRequest"],
        "receipts": ["PutRequest", "DeleteRequest"],
    }


def test_the_request_and_the_plan_can_be_looked_at() -> None:
    write = (
        by(ScriptedTransport())
        .table(Counter)
        .batch_write(puts=[Counter(name="a")], deletes=["b"])
        .concurrency(2)
    )
    assert write.request() == {
        "RequestItems": {
            "counters": [
                {
                    "PutRequest": {
                        "Item": {"name": {"S": "a"}, "value": {"N": "0"}, "history": {"L": []}}
                    }
                },
                {"DeleteRequest": {"Key": {"name": {"S": "b"}}}},
            ]
        }
    }
    assert write.explain().reason == "2 items to write in 1 chunks, 1 at a time"


async def test_awaiting_twice_sends_twice() -> None:
    async with stubbed() as it:
        write = it.numbers.batch_write(puts=(made(number) for number in range(3)))
        assert (await write).written == 3
        assert (await write).written == 3
        assert len(it.recorder.sent) == 2


# ---- unprocessed items


async def test_every_item_is_stored_as_written_last_though_each_answer_leaves_some() -> None:
    async with stubbed() as it:
        left = it.faults.on("BatchWriteItem").unprocessed(share=0.3)
        puts = [made(number % 200, number) for number in range(300)]
        done = await it.numbers.batch_write(
            puts=puts, deletes=[ids(number) for number in range(900, 930)]
        )
        assert [it.stored(number) for number in range(200)] == [
            number + 200 if number < 100 else number for number in range(200)
        ]
        assert (done.written, done.unprocessed) == (230, [])
        assert left.fired > 10


async def test_items_are_written_even_where_one_a_call_succeeds() -> None:
    async with stubbed() as it:
        it.faults.on("BatchWriteItem").unprocessed(all_but=1)
        await it.numbers.batch_write(puts=[made(number) for number in range(60)])
        assert len(it.recorder.sent) == 60
        assert [it.stored(number) for number in range(60)] == [
            made(number).value for number in range(60)
        ]


async def test_progress_counts_what_is_written() -> None:
    async with stubbed() as it:
        seen: list[adorm.Progress] = []
        it.faults.on("BatchWriteItem", call=1).unprocessed(count=5)
        await (
            it.numbers.batch_write(puts=[made(number) for number in range(30)])
            .concurrency(1)
            .on_progress(seen.append)
        )
        assert [(each.done, each.total) for each in seen] == [(20, 30), (25, 30), (30, 30)]


# ---- failures


async def test_chunks_in_flight_finish_and_no_other_begins_when_one_fails() -> None:
    async with stubbed() as it:
        hold = it.faults.on("BatchWriteItem", matching=failing(2)).hold()
        it.faults.on("BatchWriteItem", matching=failing(1)).refuse("AccessDeniedException")
        puts = [made(number) for number in range(100)]
        with pytest.raises(ExceptionGroup) as group:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(release_when, hold, it.recorder)
                await it.numbers.batch_write(puts=puts).concurrency(2)
        failure = group.value.exceptions[0]
        assert isinstance(failure, adorm.BatchFailed)
        assert [type(error) for error in failure.exceptions] == [adorm.AccessDenied]
        assert len(it.recorder.sent) == 2
        assert (failure.result.written, it.stored(25), it.stored(0)) == (25, made(25).value, None)
        assert failure.result.unprocessed == [*puts[:25], *puts[50:]]
        assert [(outcome.finished, outcome.error is None) for outcome in failure.outcomes] == [
            (False, False), (True, True), (False, True), (False, True),
        ]  # fmt: skip
        assert [each.number_id for each in failure.result.items] == [
            ids(number) for number in range(25, 50)
        ]


async def release_when(hold: Any, recorder: Recorder) -> None:
    await hold.reached(1)
    while not any(each.state == "failed" for each in recorder.sent):
        await anyio.lowlevel.checkpoint()
    hold.release()


async def test_with_collected_errors_all_chunks_are_tried() -> None:
    async with stubbed() as it:
        it.faults.on("BatchWriteItem", matching=failing(1, 3)).refuse("AccessDeniedException")
        puts = [made(number) for number in range(100)]
        done = await it.numbers.batch_write(puts=puts).collect_errors()
        assert (done.written, len(done.errors)) == (50, 2)
        assert done.unprocessed == [*puts[:25], *puts[50:75]]
        assert [outcome.error is None for outcome in done.outcomes] == [False, True, False, True]


async def test_the_hook_may_go_on() -> None:
    async with stubbed() as it:
        it.faults.on("BatchWriteItem", matching=failing(1, 3)).refuse("AccessDeniedException")
        puts = [made(number) for number in range(100)]
        done = await it.numbers.batch_write(puts=puts).on_chunk_error(lambda _: "continue")
        assert (done.written, len(done.errors)) == (50, 2)
        with pytest.raises(adorm.BatchFailed) as caught:
            await it.numbers.batch_write(puts=puts).concurrency(1).on_chunk_error(lambda _: "stop")
        assert (caught.value.result.written, len(caught.value.result.unprocessed)) == (0, 100)


async def test_what_a_chunk_wrote_before_it_failed_is_known() -> None:
    async with stubbed() as it:
        it.faults.on("BatchWriteItem", call=1).unprocessed(count=10)
        it.faults.on("BatchWriteItem", call=2).refuse("AccessDeniedException")
        puts = [made(number) for number in range(25)]
        with pytest.raises(adorm.BatchFailed) as caught:
            await it.numbers.batch_write(puts=puts)
        left = caught.value.result.unprocessed
        assert len(left) == 10
        assert [put for put in puts if it.stored(int(put.number_id)) is None] == left


async def test_after_a_lost_answer_a_batch_is_sent_again_and_a_last_loss_may_be_applied() -> None:
    counters = by(
        ScriptedTransport([lost(), internal(), {}]), retry=adorm.RetryPolicy(base_delay_s=0)
    ).table(Counter)
    assert (await counters.batch_write(puts=[Counter(name="a")])).written == 1
    counters = by(ScriptedTransport([lost()]), retry=adorm.RetryPolicy(max_attempts=1)).table(
        Counter
    )
    with pytest.raises(adorm.BatchFailed) as caught:
        await counters.batch_write(puts=[Counter(name="a")])
    error = caught.value.exceptions[0]
    assert isinstance(error, adorm.ConnectionFailed)
    assert error.maybe_applied


async def test_an_instance_that_was_not_written_is_as_before() -> None:
    orders = by(ScriptedTransport([lost()]), retry=adorm.RetryPolicy(max_attempts=1)).table(Order)
    order = Order(customer_id="c1", order_id="o1")
    before = order.updated_at
    with pytest.raises(adorm.BatchFailed):
        await orders.batch_write(puts=[order])
    assert (order.version, order.updated_at) == (0, before)


async def test_a_deadline_is_one_error_that_says_what_was_written() -> None:
    async with stubbed() as it:
        it.faults.on("BatchWriteItem", call=2).hold()
        with pytest.raises(adorm.DeadlineExceeded) as caught:
            async with adorm.deadline(0.05):
                await it.numbers.batch_write(
                    puts=[made(number) for number in range(75)]
                ).concurrency(1)
        assert (caught.value.result.written, len(caught.value.result.unprocessed)) == (25, 50)
        assert len(caught.value.outcomes) == 3
        assert caught.value.maybe_applied


# ---- bad input


async def refused(it: Stubbed, write: Any, problem: str) -> None:
    with pytest.raises(adorm.UsageError, match=problem):
        await write
    assert it.recorder.sent == ()


async def test_one_key_in_both_puts_and_deletes_is_refused() -> None:
    async with stubbed() as it:
        write = it.numbers.batch_write(
            puts=[made(number) for number in range(30)], deletes=[ids(7)]
        )
        await refused(it, write, "Number 000000007 is in both puts and deletes")


async def test_what_cant_be_stored_is_named_by_its_place_and_nothing_is_sent() -> None:
    async with stubbed() as it:
        await refused(
            it,
            it.numbers.batch_write(puts=[*map(made, range(56)), Number(number_id="")]),
            r"^put 57 of 57: Number.number_id is part",
        )
        await refused(
            it,
            it.numbers.batch_write(deletes=[ids(1), (ids(1), 2)]),
            r"^delete 2 of 2: a key of Number is number_id; 2 values",
        )
        events = it.db.table(Event)
        await refused(
            it,
            events.batch_write(puts=[event(1, 10), event(2, 410_000)]),
            r"^put 2 of 2: Event 2/.* has 410\d\d\d bytes",
        )
        nothing: Any = 5
        with pytest.raises(adorm.UsageError, match="puts is a list or another iterable, not 5"):
            it.numbers.batch_write(puts=nothing)


def event(number: int, size: int) -> Event:
    return Event(stream_id=number, happened_at=FakeClock().now(), body_text="x" * size)
