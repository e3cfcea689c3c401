"""Queries and scans whose pages are parsed straight from the bytes, and instances made by the
chunk: all is as with dicts, item by item."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from anyio.lowlevel import checkpoint

import adorm
from adorm.dynamodb.values import AttributeMap
from adorm.testing import Faults, Recorder
from tests.support.as_json import AsJson
from tests.support.stub_table import Entry, Number, StubTable

pytestmark = pytest.mark.anyio

NO_WAITING = adorm.RetryPolicy(max_attempts=1)


@pytest.fixture(autouse=True)
def _worthwhile_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adorm.codec.compiled.pages.WORTHWHILE_BYTES", 0)


@pytest.fixture(params=[1, 5, 64])
def ready_items(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("adorm.segments.stream.READY_ITEMS", request.param)
    return int(request.param)


class Bench:
    """A stub table that answers in bytes; some items can be made undecodable by an attribute of the
    wrong type."""

    def __init__(
        self, items: int, *, wrong: Mapping[str, dict[str, Any]] | None = None, **options: Any
    ) -> None:
        self.stub = StubTable(items, **options)
        self.wire = AsJson(self.stub)
        self.faults = Faults()
        self.recorder = Recorder()
        self.stub._written.update(
            {
                number_id: {"number_id": {"S": number_id}, "value": value, "extra": {"S": "x"}}
                for number_id, value in (wrong or {}).items()
            }
        )

    def connect(self, **options: Any) -> adorm.Database:
        return adorm.connect(
            "memory",
            wrap=lambda _: self.recorder(self.faults(self.wire)),
            retry=NO_WAITING,
            **options,
        )


def is_even(item: AttributeMap) -> bool:
    return int(item["number"]["N"]) % 2 == 0


def after(checkpoint: str, segment: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(checkpoint)["segments"][segment]
    return found


async def test_a_query_is_parsed_from_the_bytes_and_cut_at_its_limit() -> None:
    bench = Bench(100, per_partition=50, page_size=20, matches=is_even)
    async with bench.connect() as db:
        query = db.table(Entry).query("p1")
        assert [entry.number for entry in await query] == list(range(50, 100))
        assert [entry.number for entry in await query.limit(7)] == list(range(50, 57))
        assert [entry.number for entry in await query.filter(Entry.value >= 0).limit(7)] == list(
            range(50, 64, 2)
        )
        assert [entry.number async for entry in query] == list(range(50, 100))
        async with query.stream() as rows:
            assert [entry.number async for entry in rows] == list(range(50, 100))
    assert bench.wire.parsed > 0
    assert bench.wire.plain == 0


@pytest.mark.parametrize("limit", [None, 1, 7, 20, 21])
@pytest.mark.parametrize("filtered", [False, True])
async def test_cursors_lead_through_all_pages(limit: int | None, filtered: bool) -> None:
    bench = Bench(100, per_partition=50, page_size=6, matches=is_even)
    async with bench.connect() as db:
        query = db.table(Entry).query("p1").limit(limit) if limit else db.table(Entry).query("p1")
        if filtered:
            query = query.filter(Entry.value >= 0)
        numbers: list[int] = []
        cursor: str | None = None
        while True:
            page = await query.page(cursor)
            assert page.count == len(page.items)
            assert limit is None or page.count <= limit
            numbers += [entry.number for entry in page.items]
            cursor = page.cursor
            if cursor is None:
                break
        assert numbers == [number for number in range(50, 100) if number % 2 == 0 or not filtered]
    assert bench.wire.plain == 0


async def test_capacity_is_counted_and_parsing_goes_on() -> None:
    bench = Bench(100, page_size=30)
    async with bench.connect() as db, db.capacity() as used:
        assert len(await db.table(Number).scan()) == 100
    assert used.read_units == 50
    assert bench.wire.plain == 0


@pytest.mark.usefixtures("ready_items")
async def test_a_checkpoint_stands_just_after_each_item_given() -> None:
    bench = Bench(40, page_size=13)
    async with bench.connect() as db, db.table(Number).scan().segments(1).stream() as rows:
        assert after(rows.checkpoint()) == {"after": None}
        given = 0
        async for row in rows:
            given += 1
            if given % 3 and given != 40:
                continue
            assert rows.outcomes[0].value == given
            reached = after(rows.checkpoint())
            assert reached == (
                {"finished": True}
                if given == 40
                else {"after": {"number_id": {"S": row.number_id}}}
            )
    assert bench.wire.plain == 0


@pytest.mark.usefixtures("ready_items")
async def test_leaving_in_the_middle_of_a_chunk_keeps_the_place() -> None:
    bench = Bench(40, page_size=13)
    async with bench.connect() as db:
        async with db.table(Number).scan().stream() as rows:
            async for row in rows:
                if row.number_id == Number.id_of(16):
                    break
        assert after(rows.checkpoint()) == {"after": {"number_id": {"S": Number.id_of(16)}}}
        assert rows.outcomes[0].value == 17
        rest = await db.table(Number).scan().resume(rows.checkpoint())
        assert [row.number_id for row in rest] == [Number.id_of(number) for number in range(17, 40)]


@pytest.mark.usefixtures("ready_items")
@pytest.mark.parametrize("limit", [1, 5, 6, 13, 14, 39, 40, 41])
async def test_a_limit_ends_within_a_chunk(limit: int) -> None:
    bench = Bench(40, page_size=13)
    async with bench.connect() as db:
        scan = db.table(Number).scan().limit(limit)
        async with scan.stream() as rows:
            assert len([row async for row in rows]) == min(limit, 40)
            assert rows.outcomes[0].value == min(limit, 40)
        assert len(await scan) == min(limit, 40)
        assert await scan.fold(0, lambda total, _: total + 1) == min(limit, 40)


WRONG: dict[str, dict[str, Any]] = {
    Number.id_of(7): {"S": "no number"},
    Number.id_of(21): {"N": "1.5"},
    Number.id_of(22): {"L": []},
}


@pytest.mark.usefixtures("ready_items")
async def test_an_item_that_does_not_fit_ends_the_stream_after_those_before_it() -> None:
    bench = Bench(40, page_size=13, wrong=WRONG)
    async with bench.connect() as db, db.table(Number).scan().stream() as rows:
        given: list[str] = []
        with pytest.raises(adorm.ItemDecodeError, match=r"\$\.value") as caught:
            async for row in rows:
                given.append(row.number_id)  # noqa: PERF401  # what was given before the failure counts
        assert given == [Number.id_of(number) for number in range(7)]
        assert caught.value.attribute_map == {
            "number_id": {"S": Number.id_of(7)},
            "value": WRONG[Number.id_of(7)],
            "extra": {"S": "x"},
        }
        assert caught.value.key == {"number_id": {"S": Number.id_of(7)}}
        assert after(rows.checkpoint()) == {"after": {"number_id": {"S": Number.id_of(6)}}}


@pytest.mark.usefixtures("ready_items")
async def test_items_that_do_not_fit_are_collected_where_that_is_asked_for() -> None:
    bench = Bench(40, page_size=13, wrong=WRONG)
    async with bench.connect() as db:
        result = await db.table(Number).scan().segments(2).collect_errors()
        assert sorted(row.number_id for row in result.items) == [
            Number.id_of(n) for n in range(40) if Number.id_of(n) not in WRONG
        ]
        assert sorted(
            error.key["number_id"]["S"]
            for error in result.errors
            if isinstance(error, adorm.ItemDecodeError)
        ) == sorted(WRONG)
        assert [outcome.finished for outcome in result.outcomes] == [True, True]
        assert [after(result.checkpoint, segment) for segment in range(2)] == [
            {"finished": True}
        ] * 2


@pytest.mark.usefixtures("ready_items")
async def test_from_the_moment_of_a_failure_on_nothing_more_is_given() -> None:
    bench = Bench(200, page_size=50)
    bench.faults.on("Scan", call=2).refuse("AccessDeniedException")
    async with bench.connect() as db, db.table(Number).scan().stream() as rows:
        first = await anext(rows)
        while rows.outcomes[0].error is None:  # the second page is read ahead
            await checkpoint()
        with pytest.raises(adorm.AccessDenied):
            await anext(rows)
        assert first.number_id == Number.id_of(0)
        assert after(rows.checkpoint()) == {"after": {"number_id": {"S": Number.id_of(0)}}}


@pytest.mark.usefixtures("ready_items")
async def test_workers_hold_the_checkpoint_back_item_by_item() -> None:
    bench = Bench(30, page_size=13)
    async with bench.connect() as db:

        async def worker(item: Number) -> None:
            if item.number_id == Number.id_of(17):
                raise ValueError("no")

        with pytest.raises(adorm.ScanFailed) as caught:
            await db.table(Number).scan().for_each(worker, limit=1)
        assert after(caught.value.checkpoint or "") == {
            "after": {"number_id": {"S": Number.id_of(16)}}
        }
        assert caught.value.result == 17


async def test_nothing_is_lost_or_given_twice_over_random_schedules(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for seed in range(60):
        chance = random.Random(seed)
        count, page_size, segments = (
            chance.randint(1, 120),
            chance.randint(1, 40),
            chance.randint(1, 4),
        )
        monkeypatch.setattr("adorm.segments.stream.READY_ITEMS", chance.randint(1, 12))
        bench = Bench(count, page_size=page_size)
        given: list[str] = []
        reached: str | None = None
        async with bench.connect() as db:
            finished = False
            for _round in range(100):
                scan = db.table(Number).scan()
                scan = scan.segments(segments) if reached is None else scan.resume(reached)
                leave_after = chance.choice([None, chance.randint(1, 40)])
                bench.faults.clear()
                if chance.random() < 0.6:
                    bench.faults.on("Scan", call=chance.randint(1, 10)).refuse(
                        "AccessDeniedException"
                    )
                async with scan.stream() as rows:
                    taken = 0
                    try:
                        async for row in rows:
                            given.append(row.number_id)
                            taken += 1
                            if taken == leave_after:
                                break
                        else:
                            finished = True
                    except adorm.ScanFailed as error:
                        assert error.checkpoint == rows.checkpoint()
                reached = rows.checkpoint()
                if finished:
                    break
            assert finished
        assert sorted(given) == [Number.id_of(number) for number in range(count)], seed
