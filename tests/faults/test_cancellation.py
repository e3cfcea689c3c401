"""Calls are cancelled at every turn of the loop, by every means.

No task and no further request remain, and the database still works."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import anyio
import attrs
import pytest

import adorm
from tests.faults.bench import LOST_ANSWER, Entry, World, bench
from tests.support.environment import ASYNCIO, LOOPS
from tests.support.loopback import THROTTLED, Silence, Step
from tests.support.tasks import tasks_alive

pytestmark = pytest.mark.anyio

MOST_TURNS = 200
SETTLE_TURNS = 20
SHORT_S = 0.03
"""A deadline in real time, for calls that wait for a server that never answers."""

Work = Callable[[adorm.Database], Awaitable[object]]


@pytest.fixture(params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> object:
    return request.param


@attrs.frozen(eq=False)
class Cancelled:
    """An operation, and the values that the entry "a" may have after it was begun."""

    name: str
    work: Work
    values: Sequence[int]
    operation: str


def _entries(db: adorm.Database) -> adorm.Table[Entry]:
    return db.table(Entry)


def _rows(db: adorm.Database) -> adorm.Query[Entry]:
    """Three entries, each on a page of its own."""
    return _entries(db).query("c1").page_size(1)


async def _get(db: adorm.Database) -> object:
    return await _entries(db).get("c1", "a")


async def _put(db: adorm.Database) -> object:
    return await _entries(db).put(Entry(book="c1", page="a", value=11))


async def _add(db: adorm.Database) -> object:
    await _entries(db).update("c1", "a").add(Entry.value, 5)
    return None


async def _add_once(db: adorm.Database) -> object:
    await _entries(db).update("c1", "a").add(Entry.value, 5).exactly_once()
    return None


async def _query(db: adorm.Database) -> object:
    return await _rows(db)


async def _loop(db: adorm.Database) -> object:
    return [row async for row in _rows(db)]


async def _stream(db: adorm.Database) -> object:
    async with _rows(db).stream() as rows:
        return [row async for row in rows]


OPERATIONS: Sequence[Cancelled] = (
    Cancelled("get", _get, (10,), "GetItem"),
    Cancelled("put", _put, (10, 11), "PutItem"),
    Cancelled("add", _add, (10, 15), "UpdateItem"),
    Cancelled("add exactly once", _add_once, (10, 15), "TransactWriteItems"),
    Cancelled("query", _query, (10,), "Query"),
    Cancelled("loop", _loop, (10,), "Query"),
    Cancelled("stream", _stream, (10,), "Query"),
)


async def fill(world: World) -> None:
    """Store the three entries with their first values."""
    for name in ("a", "b", "c"):
        await _entries(world.direct).put(Entry(book="c1", page=name, value=10))
    world.restart()
    world.server._scripts.clear()


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def cancelled_after(work: Work, db: adorm.Database, turn: int, *, by_scope: bool) -> bool:
    """Begin the work and cancel it that many turns later; False if it was done by then."""
    done = False

    async def run() -> None:
        nonlocal done
        await work(db)
        done = True

    if by_scope:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run)
            await turns(turn)
            tasks.cancel_scope.cancel()
        return not done
    task = asyncio.ensure_future(run())
    await turns(turn)
    task.cancel()
    await asyncio.wait([task])
    return task.cancelled()


FAULTS: Sequence[tuple[str, Step | None]] = (
    ("no fault", None),
    ("throttled", THROTTLED),
    ("answer lost", LOST_ANSWER),
)
WAYS = (
    ("warm, by a scope", True, True),
    ("warm, by the task", True, False),
    ("cold, by the task", False, False),
)
TURNS = [
    *(
        pytest.param(ASYNCIO, step, warm, by_scope, id=f"{fault}-{way}")
        for fault, step in FAULTS
        for way, warm, by_scope in WAYS
    ),
    *(pytest.param(loop.values[0], None, False, False, id="cold-uvloop") for loop in LOOPS[1:]),
    *(
        pytest.param(loop.values[0], LOST_ANSWER, True, False, id="answer lost-uvloop")
        for loop in LOOPS[1:]
    ),
]


@pytest.mark.parametrize(("anyio_backend", "step", "warm", "by_scope"), TURNS)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
async def test_a_call_cancelled_at_any_turn_leaves_the_database_as_usable_as_before(
    operation: Cancelled, step: Step | None, warm: bool, by_scope: bool
) -> None:
    """One connection at most: a place in the pool that got lost would stop everything after."""
    if step is LOST_ANSWER and operation.name == "add":
        step = Silence(
            "answer headers"
        )  # an ambiguous failure is not repeated, and would end the work by itself
    async with bench() as world:
        options: dict[str, Any] = {
            "region": "eu-central-1",
            "clock": world.clock,
            "max_connections": 1,
        }
        await fill(world)
        for turn in range(MOST_TURNS):
            if world.table.writes:
                await fill(world)
            world.restart()
            async with adorm.connect(endpoint_url=world.server.url, **options) as db:
                if warm:
                    await _get(db)
                if step is not None:
                    world.script(operation.operation, step)
                cancelled = await cancelled_after(operation.work, db, turn, by_scope=by_scope)
                assert not tasks_alive(), f"cancelled after turn {turn}"
                await turns(SETTLE_TURNS)
                world.server._scripts.clear()
                sent = world.requests
                await turns(SETTLE_TURNS)
                assert world.requests == sent, f"cancelled after turn {turn}"
                with anyio.fail_after(2):
                    read = await _entries(db).get("c1", "a")
                assert read.value in operation.values, f"cancelled after turn {turn}"
                assert len(world.table.writes) <= 1 or operation.name == "put", (
                    "only a put is what it was once if it is applied twice"
                )
            if not cancelled or (isinstance(step, Silence) and turn > 40):
                break
        else:
            pytest.fail(f"the work was not done after {MOST_TURNS} turns")
        assert turn > 2


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
async def test_a_timeout_around_a_call_passes_through_and_the_next_call_works(
    operation: Cancelled,
) -> None:
    async with bench(max_connections=1) as world:
        await fill(world)
        world.script(operation.operation, Silence(), Silence())
        with anyio.move_on_after(SHORT_S) as scope:
            await operation.work(world.db)
        assert scope.cancelled_caught
        assert not tasks_alive()
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(SHORT_S):
                await operation.work(world.db)
        assert not isinstance(caught.value, adorm.AdormError)
        assert not tasks_alive()
        assert len(world.server.requests) == 2
        assert (await _entries(world.db).get("c1", "a")).value == 10
        assert world.sleeps == []


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
async def test_a_deadline_names_the_call_its_attempts_and_the_last_error(
    operation: Cancelled,
) -> None:
    subject = "entries" if operation.operation == "Query" else "Entry c1/a"
    writes = len(operation.values) > 1
    async with bench(max_connections=1) as world:
        await fill(world)
        world.script(operation.operation, THROTTLED, Silence())
        with pytest.raises(adorm.DeadlineExceeded) as caught:
            async with adorm.deadline(0.2):
                await operation.work(world.db)
        error = caught.value
        assert (error.operation, str(error.subject), error.attempts) == (
            operation.operation,
            subject,
            2,
        )
        assert error.maybe_applied is writes
        assert str(error).startswith(
            f"{operation.operation} on {subject}: the deadline passed during attempt 2"
        )
        assert "last error: ProvisionedThroughputExceededException" in str(error)
        assert isinstance(error.__cause__, adorm.Throttled)
        assert not tasks_alive()
        assert len(world.server.requests) == 2
        assert (await _entries(world.db).get("c1", "a")).value == 10


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
async def test_a_deadline_that_has_passed_sends_nothing(operation: Cancelled) -> None:
    async with bench() as world:
        await fill(world)
        with pytest.raises(adorm.DeadlineExceeded) as caught:
            async with adorm.deadline(0):
                await operation.work(world.db)
        assert (caught.value.attempts, caught.value.maybe_applied) == (0, False)
        assert world.requests == 0


# ---- leaving early


async def test_breaking_out_of_a_loop_sends_no_further_request_and_leaves_no_task() -> None:
    async with bench() as world:
        await fill(world)
        async for _ in _rows(world.db):
            assert not tasks_alive()
            break
        await turns(SETTLE_TURNS)
        assert world.requests == 1
        assert not tasks_alive()


@pytest.mark.parametrize("ahead", ["answered", "in flight"])
async def test_leaving_a_stream_early_sends_no_further_request_and_leaves_no_task(
    ahead: str,
) -> None:
    async with bench(max_connections=1) as world:
        await fill(world)
        if ahead == "in flight":
            world.server.script("Query", Silence(), call=2)
        async with _rows(world.db).stream() as rows:
            async for _ in rows:
                await world.server.received(2)
                break
        assert not tasks_alive()
        await turns(SETTLE_TURNS)
        assert world.requests == 2, "one page ahead, and never more"
        assert len(await _rows(world.db)) == 3


async def test_a_stream_that_nobody_reads_fetches_one_page_and_one_ahead() -> None:
    async with bench() as world:
        await fill(world)
        async with _rows(world.db).stream():
            await turns(10 * SETTLE_TURNS)
            assert world.requests <= 2
        assert not tasks_alive()


async def test_what_the_body_of_a_stream_raises_leaves_bare() -> None:
    async with bench() as world:
        await fill(world)

        async def body() -> None:
            async with _rows(world.db).stream() as rows:
                async for _ in rows:
                    raise LookupError("the body's")

        with pytest.raises(LookupError, match="the body's") as caught:
            await body()
        assert type(caught.value) is LookupError
        assert not tasks_alive()


async def test_what_fails_in_a_stream_is_raised_bare_after_the_rows_before_it() -> None:
    async with bench() as world:
        await fill(world)
        for call in range(2, 7):
            world.server.script("Query", THROTTLED, call=call)
        got: list[str] = []

        async def body() -> None:
            async with _rows(world.db).stream() as rows:
                async for row in rows:
                    got.append(row.page)  # noqa: PERF401  # what came before the failure is wanted

        with pytest.raises(adorm.Throttled) as caught:
            await body()
        assert (len(got), caught.value.attempts) == (1, 5)
        assert not tasks_alive()


async def test_a_cancelled_body_of_a_stream_ends_as_cancelled_and_swallows_nothing() -> None:
    async with bench() as world:
        await fill(world)
        inside = asyncio.Event()

        async def body() -> None:
            async with _rows(world.db).stream():
                inside.set()
                await asyncio.Event().wait()

        task = asyncio.ensure_future(body())
        await inside.wait()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert task.cancelling() == 1
        assert not tasks_alive()
