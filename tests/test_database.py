"""A database's life: opened once by whoever comes first, used by many tasks of one loop, closed at
any time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from threading import Thread
from typing import Any, TypeVar

import anyio
import pytest

import adorm
from adorm.testing.clock import FakeClock
from adorm.transport.base import Answer, Request, Transport
from tests.support.environment import LOOPS
from tests.support.loopback import THROTTLED, Drop, LoopbackServer, Silence
from tests.support.shop import Counter
from tests.support.tasks import tasks_alive

pytestmark = pytest.mark.anyio

ResultT = TypeVar("ResultT")

KEY = {"TableName": "counters", "Key": {"name": {"S": "a"}}}
ITEM = {"Item": {"name": {"S": "a"}, "value": {"N": "1"}}}
EQUAL = Counter(name="a", value=1)


@pytest.fixture(params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> object:
    return request.param


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")


@pytest.fixture(autouse=True)
async def no_task_stays() -> AsyncIterator[None]:
    with anyio.fail_after(10):
        yield
    assert not tasks_alive()


class GatedTransport(Transport):
    """Opens when it is let, and answers every operation with the same item."""

    def __init__(self, gate: asyncio.Event | None = None, problem: Exception | None = None) -> None:
        self.gate = gate
        self.problem = problem
        self.opening = asyncio.Event()
        self.state = "new"

    async def open(self) -> None:
        self.opening.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.problem is not None:
            raise self.problem
        self.state = "open"

    async def send(self, _operation: str, _request: Request, /, *_: object) -> Answer:
        assert self.state == "open"
        return ITEM

    async def close(self) -> None:
        self.state = "closed"


class Maker:
    """Hands out the transports given, one after the other."""

    def __init__(self, *transports: GatedTransport) -> None:
        self.left = list(transports)

    def __call__(self) -> GatedTransport:
        return self.left.pop(0)


def to(server: LoopbackServer, **options: Any) -> adorm.Database:
    settings: dict[str, Any] = {"region": "eu-central-1", "clock": FakeClock(), **options}
    return adorm.connect(endpoint_url=server.url, **settings)


def in_another_loop(work: Callable[[], Awaitable[ResultT]]) -> ResultT | BaseException:
    """What comes of the work in a loop of another thread; this one stands still meanwhile."""
    outcome: list[ResultT | BaseException] = []

    async def run() -> ResultT:
        return await work()

    def target() -> None:
        try:
            outcome.append(asyncio.run(run()))
        except adorm.AdormError as error:
            outcome.append(error)

    thread = Thread(target=target)
    thread.start()
    thread.join(10)
    return outcome[0]


# ---- opening


async def test_many_tasks_that_come_first_open_it_once() -> None:
    gate = asyncio.Event()
    transport = GatedTransport(gate)
    got: list[Counter] = []
    async with adorm.Database(Maker(transport)) as db, anyio.create_task_group() as tasks:

        async def get() -> None:
            got.append(await db.table(Counter).get("a"))

        for _ in range(50):
            tasks.start_soon(get)
        await transport.opening.wait()
        assert got == []
        gate.set()
    assert got == [EQUAL] * 50
    assert transport.state == "closed"


async def test_where_the_opener_is_cancelled_the_next_one_opens() -> None:
    first, second = GatedTransport(asyncio.Event()), GatedTransport()
    async with adorm.Database(Maker(first, second)) as db:
        opener = asyncio.ensure_future(db.call("GetItem", KEY))
        await first.opening.wait()
        follower = asyncio.ensure_future(db.call("GetItem", KEY))
        await asyncio.sleep(0)
        opener.cancel()
        assert await follower == ITEM
        with pytest.raises(asyncio.CancelledError):
            await opener
        assert (first.state, second.state) == ("new", "open")


async def test_a_follower_that_is_cancelled_leaves_the_opening_to_go_on() -> None:
    gate = asyncio.Event()
    transport = GatedTransport(gate)
    async with adorm.Database(Maker(transport)) as db:
        opener = asyncio.ensure_future(db.call("GetItem", KEY))
        await transport.opening.wait()
        with anyio.move_on_after(0) as scope:
            await db.call("GetItem", KEY)
        assert scope.cancelled_caught
        gate.set()
        assert await opener == ITEM
        assert await db.call("GetItem", KEY) == ITEM


async def test_an_opening_that_failed_is_tried_again_by_the_next_call() -> None:
    problem = adorm.UsageError("no credentials")
    async with adorm.Database(Maker(GatedTransport(problem=problem), GatedTransport())) as db:
        with pytest.raises(adorm.UsageError, match="no credentials"):
            await db.table(Counter).get("a")
        assert repr(db) == "<adorm.Database, not open yet>"
        assert await db.table(Counter).get("a") == EQUAL
        assert repr(db) == "<adorm.Database, open>"
    assert repr(db) == "<adorm.Database, closed>"


async def test_missing_credentials_can_be_provided_before_the_next_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with LoopbackServer(lambda _operation, _body: ITEM) as server, to(server) as db:
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        with pytest.raises(adorm.UsageError, match="AWS_SECRET_ACCESS_KEY is not set"):
            await db.table(Counter).get("a")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        assert await db.table(Counter).get("a") == EQUAL


async def test_a_database_that_never_opened_outlives_the_loop_that_tried() -> None:
    db = adorm.Database(
        Maker(GatedTransport(problem=adorm.UsageError("no credentials")), GatedTransport())
    )
    failed = in_another_loop(lambda: db.call("GetItem", KEY))
    assert isinstance(failed, adorm.UsageError)
    assert "no credentials" in str(failed)
    assert await db.call("GetItem", KEY) == ITEM
    await db.close()


async def test_one_that_is_closed_while_it_opens_closes_what_it_opened() -> None:
    gate = asyncio.Event()
    transport = GatedTransport(gate)
    db = adorm.Database(Maker(transport))
    call = asyncio.ensure_future(db.call("GetItem", KEY))
    follower = asyncio.ensure_future(db.call("GetItem", KEY))
    await transport.opening.wait()
    await db.close()
    gate.set()
    for failed in (call, follower, asyncio.ensure_future(db.call("GetItem", KEY))):
        with pytest.raises(adorm.UsageError, match="this database is closed"):
            await failed
    assert transport.state == "closed"


# ---- closed, and elsewhere


async def test_after_close_every_operation_says_so() -> None:
    async with LoopbackServer(lambda _operation, _body: ITEM) as server:
        async with to(server) as db:
            counters = db.table(Counter)
            counter = await counters.get("a")
        operations: list[Callable[[], Awaitable[object]]] = [
            lambda: counters.get("a"),
            lambda: counters.put(counter),
            lambda: counters.save(counter),
            lambda: counters.delete("a"),
            lambda: counters.update("a").add(Counter.value, 1),
            lambda: counters.update("a").add(Counter.value, 1).exactly_once(),
            lambda: counters.query("a"),
            lambda: counters.query("a").count(),
            counters.scan,
            lambda: anext(aiter(counters.scan())),
            lambda: db.create_table(Counter),
            lambda: db.call("GetItem", KEY),
        ]
        for operation in operations:
            with pytest.raises(
                adorm.UsageError, match=r"this database is closed: connect\(\) makes a new one"
            ):
                await operation()
        with pytest.raises(adorm.UsageError, match="closed"):
            async with db:
                pass
        await db.close()
        await server.all_closed()
        assert server.operations == ["GetItem"]


async def test_one_that_was_never_used_closes_and_stays_closed() -> None:
    db = adorm.Database(Maker())
    await db.close()
    await db.close()
    with pytest.raises(adorm.UsageError, match="closed"):
        await db.call("GetItem", KEY)


async def test_from_a_second_loop_nothing_goes_and_nothing_breaks() -> None:
    async with LoopbackServer(lambda _operation, _body: ITEM) as server, to(server) as db:
        counters = db.table(Counter)
        assert await counters.get("a") == EQUAL
        works: list[Callable[[], Awaitable[object]]] = [
            lambda: db.call("GetItem", KEY),
            lambda: counters.get("a"),
            db.close,
        ]
        for work in works:
            failed = in_another_loop(work)
            assert isinstance(failed, adorm.UsageError)
            assert "another event loop" in str(failed)
        assert await counters.get("a") == EQUAL
        assert server.operations == ["GetItem", "GetItem"]
        assert server.connections == 1


# ---- closing under way


async def test_closing_fails_what_is_in_flight_and_a_write_says_that_it_may_have_been_applied() -> (
    None
):
    async with LoopbackServer() as server:
        db = to(server)
        counters = db.table(Counter)
        server.script("GetItem", Silence())
        server.script("PutItem", Silence())
        server.script("UpdateItem", Silence())
        get = asyncio.ensure_future(_awaited(counters.get("a")))
        put = asyncio.ensure_future(_awaited(counters.put(Counter(name="a"))))
        add = asyncio.ensure_future(_awaited(counters.update("a").add(Counter.value, 1)))
        await server.received(3)
        await db.close()
        for call, maybe in ((get, False), (put, True), (add, True)):
            with pytest.raises(
                adorm.ConnectionFailed, match=r"on Counter a: the database was closed"
            ) as caught:
                await call
            assert caught.value.maybe_applied is maybe
            assert caught.value.attempts == 1
            assert "not sent again" in caught.value.__notes__[-1]
        await server.all_closed()
        assert len(server.requests) == 3


async def test_closing_ends_a_wait_in_line_with_nothing_sent() -> None:
    async with LoopbackServer() as server:
        db = to(server, max_connections=1)
        server.script("GetItem", Silence())
        first = asyncio.ensure_future(_awaited(db.table(Counter).get("a")))
        await server.received(1)
        waiting = asyncio.ensure_future(_awaited(db.table(Counter).put(Counter(name="a"))))
        await asyncio.sleep(0)
        await db.close()
        with pytest.raises(adorm.UsageError, match="closed"):
            await waiting
        with pytest.raises(adorm.ConnectionFailed):
            await first
        assert server.operations == ["GetItem"]


@pytest.mark.parametrize("lost", [False, True])
async def test_closing_between_two_attempts_leaves_the_first_ones_failure(lost: bool) -> None:
    class ClosingClock(FakeClock):
        async def sleep(self, delay_s: float, /) -> None:
            await super().sleep(delay_s)
            await db.close()

    async with LoopbackServer() as server:
        db = to(server, clock=ClosingClock())
        server.script("PutItem", Drop("request") if lost else THROTTLED)
        with pytest.raises(adorm.ConnectionFailed if lost else adorm.Throttled) as caught:
            await db.table(Counter).put(Counter(name="a"))
        error = caught.value
        assert isinstance(error, (adorm.ConnectionFailed, adorm.Throttled))
        assert (error.maybe_applied, error.attempts) == (lost, 1)
        assert "closed" in error.__notes__[-1]
        assert server.operations == ["PutItem"]


async def test_closing_is_not_cut_short_by_a_cancellation() -> None:
    async with LoopbackServer(lambda _operation, _body: ITEM) as server:
        db = to(server)
        await db.call("GetItem", KEY)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await db.close()
        await server.all_closed()
        with pytest.raises(adorm.UsageError, match="closed"):
            await db.call("GetItem", KEY)


async def test_leaving_the_block_by_an_exception_closes_it_too() -> None:
    async with LoopbackServer(lambda _operation, _body: ITEM) as server:
        db = to(server)

        async def body() -> None:
            async with db:
                await db.call("GetItem", KEY)
                raise LookupError("the body's")

        with pytest.raises(LookupError, match="the body's"):
            await body()
        await server.all_closed()
        assert repr(db) == "<adorm.Database, closed>"


async def _awaited(operation: Awaitable[ResultT]) -> ResultT:
    return await operation


# ---- credentials


class HeldBack:
    """A source that answers when `gate` is open, and counts; `error` is raised instead."""

    def __init__(self, error: adorm.AdormError | None = None) -> None:
        self.asked = 0
        self.gate = anyio.Event()
        self.error = error

    async def load(self) -> adorm.Credentials:
        self.asked += 1
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return adorm.Credentials("AKGIVEN", "s", "t")


async def get_one(db: adorm.Database) -> object:
    return await db.call("GetItem", {"TableName": "orders", "Key": {"pk": {"S": "c1"}}})


async def test_credentials_that_are_given_sign_the_requests() -> None:
    async with LoopbackServer() as server:
        source = HeldBack()
        source.gate.set()
        for credentials in (adorm.Credentials("AKGIVEN", "s", "t"), source):
            async with adorm.connect(
                region="eu-central-1", endpoint_url=server.url, credentials=credentials
            ) as db:
                await get_one(db)
            assert "Credential=AKGIVEN/" in server.requests[-1].headers["authorization"]
            assert server.requests[-1].headers["x-amz-security-token"] == "t"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            {"credentials": adorm.Credentials("AK", "s"), "profile": "dev"},
            "in the place of those of a profile",
        ),
        (
            {"credentials": adorm.Credentials("AK", "s"), "session": object()},
            "in the place of those of a session",
        ),
        (
            {"credentials": adorm.Credentials("AK", "s"), "client": object()},
            "brings its own credentials",
        ),
        (
            {"credentials": ("AK", "PLANTED-SECRET")},
            r"connect\(credentials=...\) takes adorm.Credentials .* not a tuple of str",
        ),
    ],
)
async def test_credentials_that_do_not_fit_are_refused_at_once(
    options: dict[str, Any], told: str
) -> None:
    with pytest.raises(adorm.UsageError, match=told) as caught:
        adorm.connect(**options)
    assert "PLANTED" not in str(caught.value)


async def test_an_engine_inside_the_process_takes_no_credentials() -> None:
    for where in ("memory", "moto"):
        with pytest.raises(
            adorm.UsageError,
            match=rf'connect\("{where}"\) reaches nothing outside: take credentials away',
        ):
            adorm.connect(where, credentials=adorm.Credentials("AK", "s"))


async def test_only_engines_inside_the_process_are_named_by_position() -> None:
    where: Any = "http://127.0.0.1:8000"
    with pytest.raises(
        adorm.UsageError,
        match=r'takes "memory", "moto", an adorm.memory.Engine or nothing by position.*an endpoint '
        r"is endpoint_url=",
    ):
        adorm.connect(where)


async def test_the_deadline_bounds_the_opening_too() -> None:
    source = HeldBack()
    async with adorm.connect(
        region="eu-central-1", endpoint_url="http://127.0.0.1:1", credentials=source
    ) as db:
        async with adorm.deadline(0.05):
            with pytest.raises(
                adorm.DeadlineExceeded,
                match=r"the deadline of 0.05 s passed while the database was opened",
            ) as caught:
                await get_one(db)
        assert not caught.value.maybe_applied
        assert source.asked == 1


async def test_closing_ends_an_opening_under_way() -> None:
    source = HeldBack()
    db = adorm.connect(region="eu-central-1", endpoint_url="http://127.0.0.1:1", credentials=source)
    tasks = [asyncio.ensure_future(get_one(db)) for _ in range(3)]
    await anyio.wait_all_tasks_blocked()
    await db.close()
    await asyncio.wait(tasks)
    assert [str(task.exception()) for task in tasks] == [
        "this database is closed: connect() makes a new one"
    ] * 3


async def test_calls_that_waited_for_a_failed_opening_share_its_failure() -> None:
    source = HeldBack(adorm.ConnectionFailed("nobody there", maybe_applied=False))
    async with adorm.connect(
        region="eu-central-1", endpoint_url="http://127.0.0.1:1", credentials=source
    ) as db:
        tasks = [asyncio.ensure_future(get_one(db)) for _ in range(50)]
        await anyio.wait_all_tasks_blocked()
        source.gate.set()
        await asyncio.wait(tasks)
        errors = [task.exception() for task in tasks]
        assert {type(error) for error in errors} == {adorm.ConnectionFailed}
        assert len({id(error) for error in errors}) == 50
        assert source.asked == 1
        with pytest.raises(adorm.ConnectionFailed):
            await get_one(db)
        assert source.asked == 2, "a later call tries anew"


async def test_a_cancelled_opening_is_taken_over_by_the_next_in_line() -> None:
    async with LoopbackServer() as server:
        source = HeldBack()
        async with adorm.connect(
            region="eu-central-1", endpoint_url=server.url, credentials=source
        ) as db:
            tasks = [asyncio.ensure_future(get_one(db)) for _ in range(3)]
            await anyio.wait_all_tasks_blocked()
            tasks[0].cancel()
            await anyio.wait_all_tasks_blocked()
            source.gate.set()
            await asyncio.wait(tasks)
            assert [task.cancelled() for task in tasks] == [True, False, False]
            assert [tasks[1].result(), tasks[2].result()] == [{}, {}]


async def test_a_wrap_that_gives_no_transport_is_named() -> None:
    db = adorm.connect("memory", wrap=lambda _: None)  # type: ignore[arg-type, return-value]  # pyright: ignore[reportArgumentType]  # on purpose
    with pytest.raises(
        adorm.UsageError, match=r"connect\(wrap=\.\.\.\) gave None, where a transport is wanted"
    ):
        await db.call("ListTables", {})


async def test_a_write_that_waited_for_a_connection_until_its_deadline_was_not_applied() -> None:
    async with (
        LoopbackServer() as server,
        adorm.connect(region="eu-central-1", endpoint_url=server.url, max_connections=1) as db,
    ):
        server.script("GetItem", Silence())
        async with anyio.create_task_group() as group:
            group.start_soon(db.call, "GetItem", KEY)
            await server.received(1)
            with pytest.raises(
                adorm.DeadlineExceeded,
                match=r"before attempt 1 was sent, while it waited for a connection",
            ) as caught:
                async with adorm.deadline(0.02):
                    await db.call("PutItem", {"TableName": "orders"})
            assert (caught.value.attempts, caught.value.maybe_applied) == (0, False)
            server.release()
        assert server.operations == ["GetItem"]


async def test_a_write_that_waited_for_credentials_until_its_deadline_was_not_applied() -> None:
    class Source:
        loads = 0

        async def load(self) -> adorm.Credentials:
            self.loads += 1
            if self.loads > 1:
                await anyio.sleep_forever()
            return adorm.Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI")

    async with (
        LoopbackServer() as server,
        adorm.connect(region="eu-central-1", endpoint_url=server.url, credentials=Source()) as db,
    ):
        await db.call("GetItem", {})
        db.forget_credentials()
        with pytest.raises(adorm.DeadlineExceeded, match=r"or for credentials") as caught:
            async with adorm.deadline(0.02):
                await db.call("PutItem", {"TableName": "orders"})
        assert (caught.value.attempts, caught.value.maybe_applied) == (0, False)
