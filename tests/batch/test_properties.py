"""Batches under any schedule of unprocessed parts, failures and duplicates: compared with what they
must come to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings, strategies as st

import adorm
from adorm.codec.compiled.pages import WORTHWHILE_BYTES
from tests.batch.stubbed import Number, ids, made, stubbed, value_of

NUMBERS = st.integers(0, 40)
SHARES = st.lists(st.sampled_from([0.0, 0.3, 0.9, 1.0]), max_size=12)
CALLS = st.sets(st.integers(1, 8), max_size=3)


@given(
    keys=st.lists(NUMBERS, max_size=60),
    shares=SHARES,
    failing=CALLS,
    chunks=st.integers(1, 4),
    size=st.sampled_from([100, 7]),
    parsed=st.booleans(),
)
@settings(max_examples=120, deadline=None)
def test_any_batch_get_gives_each_key_its_item_in_order(
    keys: list[int], shares: list[float], failing: set[int], chunks: int, size: int, parsed: bool
) -> None:
    async def run() -> None:
        async with stubbed(30, retry=adorm.RetryPolicy(max_attempts=1)) as it:
            for call, share in enumerate(shares, start=1):
                it.faults.on("BatchGetItem", call=call).unprocessed(share=share)
            if failing:
                it.faults.on("BatchGetItem", call=failing).refuse("AccessDeniedException")
            wanted = [ids(number) for number in keys for _ in range(100 // size)]
            got = await it.numbers.batch_get(wanted).concurrency(chunks).collect_errors()
            read = {each.number_id: each for each in got.items}
            assert [each and each.number_id for each in got.aligned] == [
                key if key in read else None for key in wanted
            ]
            assert got.items == [read[key] for key in wanted if key in read]
            assert all(each.value == value_of(int(each.number_id)) for each in got.items)
            missing, unread = (
                {key.values[0] for key in got.missing},
                {key.values[0] for key in got.unprocessed},
            )
            assert not (missing & unread)
            assert missing | unread | set(read) == set(wanted)
            assert all(int(key) >= 30 for key in missing)
            assert bool(unread) == bool(got.errors)
            assert all(count == 1 for key, count in it.stub.keys_read.items() if key in read)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "adorm.codec.compiled.pages.WORTHWHILE_BYTES", 0 if parsed else WORTHWHILE_BYTES
        )
        asyncio.run(run())


OPERATION = st.tuples(
    st.sampled_from(["put", "put", "delete", "flush"]), NUMBERS, st.integers(0, 1000)
)


@given(
    operations=st.lists(OPERATION, max_size=120),
    shares=SHARES,
    chunks=st.integers(1, 3),
    turns=st.integers(0, 3),
)
@settings(max_examples=120, deadline=None)
def test_any_order_of_writes_in_a_block_ends_as_the_last_one_of_each_item(
    operations: list[tuple[str, int, int]], shares: list[float], chunks: int, turns: int
) -> None:
    async def run() -> None:
        async with stubbed(30, retry=adorm.RetryPolicy(max_attempts=20)) as it:
            for call, share in enumerate(shares, start=1):
                it.faults.on("BatchWriteItem", call=call).unprocessed(share=share)
            expected: dict[int, int | None] = {number: value_of(number) for number in range(30)}
            async with it.numbers.batch().concurrency(chunks) as batch:
                for what, number, value in operations:
                    if what == "put":
                        await batch.put(made(number, value))
                        expected[number] = value
                    elif what == "delete":
                        await batch.delete(ids(number))
                        expected[number] = None
                    else:
                        await batch.flush()
                        assert {each: it.stored(each) for each in expected} == expected
                    for _ in range(turns):
                        await asyncio.sleep(0)
            assert {each: it.stored(each) for each in expected} == expected
            assert batch.result.unprocessed == []

    asyncio.run(run())


@given(
    puts=st.lists(st.tuples(NUMBERS, st.integers(0, 9)), max_size=90),
    shares=SHARES,
    failing=CALLS,
    streamed=st.booleans(),
    collects=st.booleans(),
)
@settings(max_examples=120, deadline=None)
def test_what_a_batch_write_did_not_write_is_what_it_calls_unprocessed(
    puts: list[tuple[int, int]],
    shares: list[float],
    failing: set[int],
    streamed: bool,
    collects: bool,
) -> None:
    async def run() -> None:
        async with stubbed(0, retry=adorm.RetryPolicy(max_attempts=1)) as it:
            for call, share in enumerate(shares, start=1):
                it.faults.on("BatchWriteItem", call=call).unprocessed(share=share)
            if failing:
                it.faults.on("BatchWriteItem", call=failing).refuse("AccessDeniedException")
            items = [made(number, value) for number, value in puts]

            async def source() -> AsyncIterator[Number]:
                for item in items:
                    yield item

            write = it.numbers.batch_write(puts=source() if streamed else items).concurrency(2)
            try:
                done = await (write.collect_errors() if collects else write)
            except adorm.BatchFailed as failure:
                done = failure.result
            left = {
                each.number_id: each.value for each in done.unprocessed if isinstance(each, Number)
            }
            assert len(left) == len(done.unprocessed)
            last = {ids(number): value for number, value in puts}
            if not streamed:
                assert {
                    **{key: it.stored(int(key)) for key in last if it.stored(int(key)) is not None},
                    **left,
                } == last
            elif collects or not done.errors:
                assert {key: left.get(key, it.stored(int(key))) for key in last} == last
            assert bool(done.errors) or not left

    asyncio.run(run())
