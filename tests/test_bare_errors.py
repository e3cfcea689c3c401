"""One kind of mistake, one kind of error: in parallel scans, streams and batches as everywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest

import adorm
from adorm.errors import DeadlineExceeded, ScanFailed, Throttled, UsageError
from adorm.testing import FakeClock, Faults, LocalDynamoDB, Recorder
from adorm.transport.credentials.credentials import Credentials
from tests.support.shop import Counter

pytestmark = pytest.mark.anyio


async def nothing(_item: object) -> None:
    await anyio.lowlevel.checkpoint()


def keep(total: int, _item: object) -> int:
    return total


async def streamed(scan: Any) -> None:
    async with scan.stream() as rows:
        async for _ in rows:
            pass


SCANS: dict[str, Callable[[Any], Awaitable[Any]]] = {
    "awaited": lambda counters: counters.scan().segments(4),
    "of one segment": lambda counters: counters.scan().segments(1),
    "streamed": lambda counters: streamed(counters.scan().segments(4)),
    "without segments": lambda counters: counters.scan(),
    "counted": lambda counters: counters.scan().segments(4).count(),
    "for each": lambda counters: counters.scan().segments(4).for_each(nothing),
    "mapped": lambda counters: counters.scan().segments(4).map(nothing),
    "folded": lambda counters: counters.scan().segments(4).fold(0, keep),
    "auto": lambda counters: counters.scan().segments("auto"),
    "by query": lambda counters: counters.query("a"),
    "query streamed": lambda counters: streamed(counters.query("a")),
    "batch get": lambda counters: counters.batch_get([f"c{n}" for n in range(150)]),
}


@pytest.mark.parametrize("how", SCANS)
async def test_a_read_of_a_closed_database_is_a_bare_usage_error(how: str) -> None:
    db = adorm.connect("memory")
    await db.create_table(Counter)
    await db.close()
    with pytest.raises(UsageError, match="this database is closed") as caught:
        await SCANS[how](db.table(Counter))
    assert type(caught.value) is UsageError


@pytest.mark.parametrize("how", SCANS)
def test_a_read_from_a_second_loop_is_a_bare_usage_error(
    how: str, local_dynamodb: LocalDynamoDB
) -> None:
    db = adorm.connect(
        endpoint_url=local_dynamodb.endpoint_url,
        region="eu-central-1",
        credentials=Credentials("AKBARE", "a-secret"),
    )

    async def main() -> None:
        await SCANS[how](db.table(Counter))

    loop = asyncio.new_event_loop()
    loop.run_until_complete(db.open())
    with pytest.raises(UsageError, match="another event loop") as caught:
        asyncio.run(main())
    assert type(caught.value) is UsageError
    loop.run_until_complete(db.close())
    loop.close()


async def test_a_worker_s_own_usage_error_is_a_failure_of_the_scan() -> None:
    async def worker(_item: object) -> None:
        raise UsageError("mine")

    async with adorm.connect("memory") as db:
        await db.create_table(Counter)
        await db.table(Counter).put(Counter(name="a"))
        with pytest.raises(ScanFailed, match="mine"):
            await db.table(Counter).scan().segments(2).for_each(worker)


# ---- deadlines


async def test_a_deadline_in_a_stream_names_operation_and_table() -> None:
    faults = Faults()
    async with adorm.connect("memory", wrap=faults) as db:
        await db.create_table(Counter)
        faults.on("Query").hold()
        async with db.table(Counter).query("a").stream() as rows:
            with pytest.raises(
                DeadlineExceeded,
                match=r"^Query on counters: the deadline of 0.01 s passed while waiting",
            ) as caught:
                async with adorm.deadline(0.01):
                    await anext(aiter(rows))
        assert (caught.value.operation, caught.value.subject) == ("Query", "counters")


async def test_a_deadline_in_a_loader_and_in_a_batch_block_does_too() -> None:
    faults = Faults()
    async with adorm.connect("memory", wrap=faults) as db:
        await db.create_table(Counter)
        held = faults.on().hold()
        with pytest.raises(DeadlineExceeded, match=r"^BatchGetItem on counters: ") as caught:
            async with db.table(Counter).loader() as loader:
                async with adorm.deadline(0.01):
                    await loader.load("a")
        assert (caught.value.operation, caught.value.subject) == ("BatchGetItem", "counters")
        with pytest.raises(DeadlineExceeded, match=r"^BatchWriteItem on counters: ") as caught:
            async with db.table(Counter).batch() as batch:
                await batch.put(Counter(name="a"))
                try:
                    async with adorm.deadline(0.01):
                        await batch.flush()
                finally:
                    held.release()
        assert (caught.value.operation, caught.value.subject) == ("BatchWriteItem", "counters")


# ---- what DynamoDB leaves unprocessed


@pytest.mark.parametrize("attempts", [1, 2, 7])
@pytest.mark.parametrize("where", ["the database's", "the operation's"])
async def test_unprocessed_items_end_after_as_many_fruitless_answers_as_the_policy_makes_attempts(
    attempts: int, where: str
) -> None:
    faults, recorder, policy = Faults(), Recorder(), adorm.RetryPolicy(max_attempts=attempts)
    options: dict[str, Any] = {"retry": policy} if where == "the database's" else {}
    async with adorm.connect(
        "memory", wrap=lambda engine: recorder(faults(engine)), clock=FakeClock(), **options
    ) as db:
        await db.create_table(Counter)
        faults.on("BatchWriteItem").unprocessed(share=1.0)
        faults.on("BatchGetItem").unprocessed(share=1.0)
        counters = db.table(Counter)
        reads, writes = (
            counters.batch_get(["a", "b"]),
            counters.batch_write(puts=[Counter(name="a")]),
        )
        if where == "the operation's":
            reads, writes = reads.retry(policy), writes.retry(policy)
        for operation, name in ((reads, "BatchGetItem"), (writes, "BatchWriteItem")):
            with pytest.raises(
                adorm.BatchFailed, match=f"{attempts} answers in a row processed none"
            ) as caught:
                await operation
            (error,) = caught.value.exceptions
            assert isinstance(error, Throttled)
            assert error.attempts == attempts
            assert len(recorder.of(name)) == attempts


async def test_progress_begins_the_attempts_anew() -> None:
    faults, recorder, policy = Faults(), Recorder(), adorm.RetryPolicy(max_attempts=2)
    async with adorm.connect(
        "memory", wrap=lambda engine: recorder(faults(engine)), clock=FakeClock(), retry=policy
    ) as db:
        await db.create_table(Counter)
        faults.on("BatchWriteItem", call=range(1, 21, 2)).unprocessed(share=1.0)
        faults.on("BatchWriteItem", call=range(2, 20, 2)).unprocessed(all_but=1)
        done = await db.table(Counter).batch_write(puts=[Counter(name=f"c{n}") for n in range(10)])
        assert done.unprocessed == []
        assert len(recorder.of("BatchWriteItem")) == 20
