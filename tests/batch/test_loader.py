"""`async with orders.loader() as loader`: many loads, few requests, each waiter by itself."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

import adorm
from adorm.codec.compiled.pages import WORTHWHILE_BYTES
from tests.batch.stubbed import Number, ids, made, stubbed, value_of
from tests.support.aftermath import leaves_nothing_behind
from tests.support.scripted import ScriptedTransport
from tests.support.shop import Order

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True, params=[WORTHWHILE_BYTES, 0], ids=["as JSON", "from bytes"])
def _read(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adorm.codec.compiled.pages.WORTHWHILE_BYTES", request.param)


async def test_loads_of_many_tasks_travel_together_and_each_key_once() -> None:
    async with stubbed(300) as it:
        async with it.numbers.loader() as loader:
            loaded = await it.db.gather([loader.load(ids(number % 250)) for number in range(500)])
        assert [each and each.value for each in loaded] == [
            value_of(number % 250) for number in range(500)
        ]
        assert sorted(
            len(each.request["RequestItems"]["numbers"]["Keys"]) for each in it.recorder.sent
        ) == [50, 100, 100]
        assert set(it.stub.keys_read.values()) == {1}
        assert loaded[0] is loaded[250]


async def test_loads_of_later_turns_travel_later_and_see_what_was_written() -> None:
    async with stubbed(10) as it, it.numbers.loader() as loader:
        first = await loader.load(ids(1))
        await it.numbers.batch_write(puts=[made(1, 77)])
        second = await loader.load(it.numbers.key(ids(1)))
        assert (first and first.value, second and second.value) == (value_of(1), 77)


async def test_a_key_in_flight_is_asked_for_anew() -> None:
    async with stubbed(10) as it:
        hold = it.faults.on("BatchGetItem", call=1).hold(applied=True)
        found: list[Number | None] = []

        async def load(loader: adorm.Loader[Number]) -> None:
            found.append(await loader.load(ids(1)))

        async with it.numbers.loader() as loader, anyio.create_task_group() as tasks:
            tasks.start_soon(load, loader)
            await hold.reached()
            await it.numbers.batch_write(puts=[made(1, 77)])
            later = await loader.load(ids(1))
            assert later is not None
            assert later.value == 77
            hold.release()
        assert [each and each.value for each in found] == [value_of(1)]


async def test_absent_items_are_none_and_unprocessed_keys_are_asked_for_again() -> None:
    async with stubbed(100) as it:
        it.faults.on("BatchGetItem").unprocessed(share=0.5)
        async with it.numbers.loader(consistent=True) as loader:
            loaded = await it.db.gather([loader.load(ids(number)) for number in range(90, 110)])
        assert [each is not None for each in loaded] == [True] * 10 + [False] * 10
        assert all(
            each.request["RequestItems"]["numbers"]["ConsistentRead"] for each in it.recorder.sent
        )
        assert set(it.stub.keys_read.values()) == {1}


async def test_a_waiter_that_is_cancelled_harms_no_other() -> None:
    async with stubbed(10) as it:
        hold = it.faults.on("BatchGetItem", call=1).hold()
        found: list[Number | None] = []

        async def load(loader: adorm.Loader[Number]) -> None:
            found.append(await loader.load(ids(1)))

        async with it.numbers.loader() as loader, anyio.create_task_group() as tasks:
            tasks.start_soon(load, loader)
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as others:
                    others.start_soon(load, loader)
                    others.start_soon(loader.load, ids(2))
                    await hold.reached()
                    scope.cancel()
            hold.release()
        assert [each and each.value for each in found] == [value_of(1)]
        assert len(it.recorder.sent) == 1


async def test_a_load_that_nobody_waits_for_any_more_is_not_sent() -> None:
    async with stubbed(10) as it, it.numbers.loader() as loader:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(loader.load, ids(1))
                await checkpoint()
                scope.cancel()
        for _ in range(20):
            await checkpoint()
        assert it.recorder.sent == ()
        assert await loader.load(ids(2)) is not None


async def test_a_failed_chunk_reaches_each_of_its_waiters_and_no_other() -> None:
    async with stubbed(300) as it:
        it.faults.on("BatchGetItem", call=2).refuse("AccessDeniedException")
        async with it.numbers.loader() as loader:
            done = await it.db.gather(
                [loader.load(ids(number)) for number in range(300)], collect_errors=True
            )
            assert await loader.load(ids(100)) is not None
        assert [error is None for error in (outcome.error for outcome in done.outcomes)] == [
            True
        ] * 100 + [False] * 100 + [True] * 100
        assert {type(error) for error in done.errors} == {adorm.AccessDenied}


async def test_an_item_that_does_not_fit_reaches_only_those_who_asked_for_it() -> None:
    def item(number: int, **attributes: Any) -> dict[str, Any]:
        moment = {"S": "2026-01-01T00:00:00.000000Z"}
        return {
            "customer_id": {"S": "c"},
            "order_id": {"S": f"{number}"},
            "created_at": moment,
            "updated_at": moment,
            **attributes,
        }

    transport = ScriptedTransport([{"Responses": {"orders": [item(1), item(2, total={"S": "x"})]}}])
    db = adorm.connect("memory", wrap=lambda _: transport)
    async with db.table(Order).loader() as loader:
        done = await db.gather(loader.load("c", "1"), loader.load(("c", "2")), collect_errors=True)
    assert [type(error) for error in done.errors] == [adorm.ItemDecodeError]
    assert done.results[0].order_id == "1"


async def test_leaving_the_block_ends_the_loads_under_way_with_a_clear_error() -> None:
    async with stubbed(300) as it:
        hold = it.faults.on("BatchGetItem", call=range(1, 20)).hold()
        problems: list[BaseException] = []

        async def load(loader: adorm.Loader[Number], number: int) -> None:
            try:
                await loader.load(ids(number))
            except adorm.UsageError as error:
                problems.append(error)

        loader = it.numbers.loader(concurrency=1)
        async with anyio.create_task_group() as tasks:
            async with loader:
                for number in range(150):
                    tasks.start_soon(load, loader, number)
                await hold.reached()
            assert it.recorder.in_flight == 0
        assert len(problems) == 150
        assert "the loader's block was left while this load waited" in str(problems[0])
        with pytest.raises(adorm.UsageError, match="used inside its block"):
            await loader.load(ids(1))
        assert len(it.recorder.sent) == 1


async def test_a_deadline_of_a_load_bounds_that_load() -> None:
    async with stubbed(10) as it:
        hold = it.faults.on("BatchGetItem", call=1).hold()
        async with leaves_nothing_behind(it.recorder, it.db), it.numbers.loader() as loader:
            with pytest.raises(adorm.DeadlineExceeded, match="loading an item of numbers"):
                async with adorm.deadline(0.02):
                    await loader.load(ids(1))
            hold.release()
            assert await loader.load(ids(1)) is not None


async def test_a_deadline_around_the_block_reaches_the_waiters() -> None:
    async with stubbed(10) as it:
        it.faults.on("BatchGetItem").hold()
        with pytest.raises(adorm.DeadlineExceeded):
            async with (
                leaves_nothing_behind(it.recorder),
                adorm.deadline(0.02),
                it.numbers.loader() as loader,
            ):
                await loader.load(ids(1))


async def test_no_more_requests_are_in_flight_than_asked_for() -> None:
    async with stubbed(1000) as it:
        async with it.numbers.loader(concurrency=2) as loader:
            await it.db.gather([loader.load(ids(number)) for number in range(1000)])
        assert it.recorder.max_in_flight <= 2
        assert len(it.recorder.sent) == 10
        with pytest.raises(adorm.UsageError, match="concurrency"):
            it.numbers.loader(concurrency=0)


async def test_a_key_of_the_wrong_shape_is_refused_alone() -> None:
    async with stubbed(10) as it, it.numbers.loader() as loader:
        with pytest.raises(adorm.UsageError, match="a key of Number is number_id"):
            await loader.load("a", "b")
        assert await loader.load(ids(1)) is not None
