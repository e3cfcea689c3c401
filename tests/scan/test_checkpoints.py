"""Checkpoints: what was given before and after a resume is the whole table."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import anyio
import orjson
import pytest

import adorm
from adorm.testing import Faults, Recorder
from tests.support.aftermath import leaves_nothing_behind
from tests.support.scan_bench import Bench, all_ids, ids
from tests.support.stub_table import Number

pytestmark = pytest.mark.anyio


async def note(_item: Number) -> None:
    """A worker that does nothing."""


async def test_before_and_after_a_resume_every_item_comes_once_over_random_schedules() -> None:
    """The consumer leaves, or a segment fails, anywhere; no item but those of a page in flight is
    read twice, none is given twice."""
    for seed in range(200):
        chance = random.Random(seed)
        count, page_size, segments = (
            chance.randint(1, 120),
            chance.randint(1, 12),
            chance.randint(1, 9),
        )
        bench = Bench(count, page_size=page_size)
        given: list[Number] = []
        checkpoint: str | None = None
        finished = False
        async with bench.connect() as db:
            for _round in range(100):
                scan = db.table(Number).scan()
                scan = scan.segments(segments) if checkpoint is None else scan.resume(checkpoint)
                leave_after = chance.choice([None, chance.randint(1, 40)])
                bench.faults.clear()
                if chance.random() < 0.6:
                    bench.faults.on("Scan", call=chance.randint(1, 10)).refuse(
                        "AccessDeniedException"
                    )
                async with scan.stream() as rows:
                    try:
                        taken = 0
                        async for row in rows:
                            given.append(row)
                            taken += 1
                            if taken == leave_after:
                                break
                        else:
                            finished = True
                    except adorm.ScanFailed as error:
                        assert error.checkpoint == rows.checkpoint()
                    checkpoint = rows.checkpoint()
                assert orjson.loads(checkpoint)["total_segments"] == segments
                if finished:
                    break
        assert finished
        assert ids(given) == all_ids(count), seed


async def test_no_page_but_those_in_flight_is_read_twice() -> None:
    bench = Bench(400, page_size=10)
    async with bench.connect() as db:
        bench.faults.on("Scan", call=17).refuse("AccessDeniedException")
        with pytest.raises(adorm.ScanFailed) as caught:
            await db.table(Number).scan().segments(4)
        checkpoint = caught.value.checkpoint
        assert checkpoint is not None
        await db.table(Number).scan().resume(checkpoint)
    starts = Counter(
        (sent.request["Segment"], str(sent.request.get("ExclusiveStartKey")))
        for sent in bench.recorder.of("Scan")
    )
    repeated = [start for start, times in starts.items() if times > 1]
    # One page for each of the four segments may have been on its way.
    assert len(repeated) <= 4
    assert max(starts.values()) == 2


async def test_bad_input_is_refused_by_name() -> None:
    bench = Bench(100, page_size=10)
    async with bench.connect() as db:
        scan = db.table(Number).scan()
        for wrong in (0, -1, 1_000_000, True, 1.5, "many"):
            with pytest.raises(adorm.UsageError, match="whole number from 1 to"):
                scan.segments(wrong)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the mistake
        for units in (0, -1, float("inf"), float("nan")):
            with pytest.raises(adorm.UsageError, match="read units, a finite number above 0"):
                scan.read_units_per_s(units)
        async with scan.segments(4).stream() as rows:
            await anext(rows)
            checkpoint = rows.checkpoint()
        assert await scan.resume(checkpoint).count() == 99
        with pytest.raises(adorm.UsageError, match="of 4 segments, not of 8: leave segments"):
            await scan.segments(8).resume(checkpoint)
        with pytest.raises(adorm.UsageError, match="another filter"):
            await scan.filter(Number.value > 1).resume(checkpoint)
        with pytest.raises(adorm.UsageError, match="one of table numbers"):
            await db.table(Number, name="others").scan().resume(checkpoint)
        for damaged in (
            "",
            "{}",
            "nonsense",
            checkpoint[:-1],
            checkpoint.replace('"S"', '"M"'),
            "[]",
            "null",
        ):
            with pytest.raises(adorm.UsageError, match="checkpoint"):
                scan.resume(damaged)
        for limit in (0, True, -3):
            with pytest.raises(adorm.UsageError, match="how many workers"):
                await scan.segments(2).for_each(note, limit=limit)
        stream = scan.segments(2).stream()
        with pytest.raises(adorm.UsageError, match="inside its block"):
            await anext(stream)
        async with stream:
            pass
        with pytest.raises(adorm.UsageError, match="inside its block"):
            await anext(stream)
        with pytest.raises(adorm.UsageError, match="entered before"):
            async with stream:
                pass
        with pytest.raises(adorm.UsageError, match="pages and cursors"):
            scan.segments(2).page()
        assert await scan.limit(0) == []
        before = len(bench.recorder.sent)
        assert await scan.segments(4).limit(0) == []
        assert len(bench.recorder.sent) == before


async def test_a_consumer_that_is_cancelled_anywhere_and_comes_back_loses_nothing() -> None:
    """By `task.cancel()`, as `asyncio.timeout` does it: inside the block the scan goes on."""
    for seed in range(30):
        chance = random.Random(seed)
        bench = Bench(60, page_size=4)
        seen: list[Number] = []

        async def read(rows: AsyncIterator[Number], seen: list[Number] = seen) -> None:
            async for row in rows:
                seen.append(row)
                if len(seen) % 3 == 0:
                    await anyio.lowlevel.checkpoint()

        async with bench.connect() as db, leaves_nothing_behind(bench.recorder, db):
            async with db.table(Number).scan().segments(3).stream() as rows:
                for _round in range(1000):
                    reader = asyncio.ensure_future(read(rows))
                    for _ in range(chance.randint(1, 12)):
                        await anyio.lowlevel.checkpoint()
                    reader.cancel()
                    await asyncio.wait([reader])
                    if not reader.cancelled():
                        reader.result()
                        break
        assert ids(seen) == all_ids(60), seed


async def test_a_checkpoint_of_whole_items_keeps_their_place_in_the_index() -> None:
    """By the time a whole item is fetched another value may stand in the index's key, or none."""

    @adorm.model(
        table="moved",
        indexes=[adorm.GlobalIndex("by-group", partition="group", projection="KEYS_ONLY")],
    )
    class Moved:
        name: str = adorm.partition_key()
        group: str | None = None

    recorder, faults = Recorder(), Faults()

    async def change_first(attempt: Any) -> Any:
        answer = await attempt.send()
        for item in answer["Responses"]["moved"]:
            item.pop("group") if item["name"]["S"] == "a" else item.update(group={"S": "elsewhere"})
        return answer

    async with adorm.connect("memory", wrap=lambda engine: recorder(faults(engine))) as db:
        await db.create_table(Moved)
        moved = db.table(Moved)
        for name in "abc":
            await moved.put(Moved(name=name, group="g"))
        faults.on("BatchGetItem").run(change_first)
        scan = moved.scan().index("by-group").hydrate()
        async with scan.stream() as rows:
            first = await anext(rows)
            checkpoint = rows.checkpoint()
        assert orjson.loads(checkpoint)["segments"] == [
            {"after": {"name": {"S": first.name}, "group": {"S": "g"}}}
        ]
        rest = await scan.resume(checkpoint)
        assert sorted([first.name, *(item.name for item in rest)]) == ["a", "b", "c"]
