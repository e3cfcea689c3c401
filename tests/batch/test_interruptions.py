"""What somebody else cancels inside a chunk is a failure of the chunk: nothing is missing in
silence, and nobody waits for ever."""

from __future__ import annotations

import anyio
import pytest

import adorm
from tests.support.aftermath import leaves_nothing_behind
from tests.support.scan_bench import Bench
from tests.support.stub_table import Number

pytestmark = pytest.mark.anyio


async def test_a_cancelled_chunk_of_reads_is_told() -> None:
    bench = Bench(300)
    async with bench.connect() as db, leaves_nothing_behind(bench.recorder, db):
        bench.faults.on("BatchGetItem", call=2).cancel()
        got = (
            await db.table(Number)
            .batch_get([Number.id_of(number) for number in range(300)])
            .collect_errors()
        )
        assert len(got.items) == 200
        assert [str(error) for error in got.errors] == [
            "somebody else cancelled what was awaited here"
        ]


async def test_a_cancelled_chunk_of_writes_is_told_and_left_unprocessed() -> None:
    bench = Bench(0)
    async with bench.connect() as db, leaves_nothing_behind(bench.recorder, db):
        bench.faults.on("BatchWriteItem", call=2).cancel()
        with pytest.raises(adorm.BatchFailed, match="somebody else cancelled") as caught:
            async with db.table(Number).batch().concurrency(1) as batch:
                for number in range(100):
                    await batch.put(Number(number_id=Number.id_of(number)))
        assert caught.value.result.written == 25
        assert len(caught.value.result.unprocessed) >= 25


async def test_who_waits_for_a_cancelled_chunk_of_a_loader_hears_of_it() -> None:
    bench = Bench(10)
    async with bench.connect() as db, leaves_nothing_behind(bench.recorder, db):
        bench.faults.on("BatchGetItem", call=1).cancel()
        with anyio.fail_after(5):
            async with db.table(Number).loader() as loader:
                with pytest.raises(adorm.AdormError, match="somebody else cancelled"):
                    await loader.load(Number.id_of(1))
                assert await loader.load(Number.id_of(1)) is not None
