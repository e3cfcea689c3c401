"""What happens before the first invocation: the warm-up, SnapStart's hooks, and the figures of a
cold start."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import adorm
from adorm.aws_lambda import figures, warm_up
from adorm.aws_lambda.warm_up import LIBRARY, register_hooks
from adorm.testing import FakeClock, Recorder
from tests.support.environment import refusing_port
from tests.support.fake_lambda import CountedCredentials, FakeContext, ServerInThread


@adorm.model(table="orders")
class Order:
    order_id: str = adorm.partition_key()
    total: int = 0


@adorm.model
class Broken:
    order_id: str = adorm.partition_key()
    parts: "list[Missing]"  # type: ignore[name-defined]  # noqa: F821, UP037  # pyright: ignore[reportUndefinedVariable]  # a mistake on purpose


async def get(event: str, context: object, db: adorm.Database) -> Order | None:
    return await db.table(Order).get_or_none(event)


@pytest.fixture
def server() -> Iterator[ServerInThread]:
    with ServerInThread() as server:
        yield server


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "orders")
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    before = dict(figures._seconds)
    figures.forget_phases()
    yield
    figures.forget_phases()
    figures._seconds.update(before)


# ---- warm-up


@pytest.mark.usefixtures("inside")
def test_inside_lambda_credentials_and_one_connection_are_there_before_the_first_invocation(
    server: ServerInThread,
) -> None:
    credentials = CountedCredentials()
    handler = adorm.lambda_handler(
        models=[Order], connect=lambda: server.connect(credentials=credentials)
    )(get)
    server.wait(server.server.accepted(1))
    assert (credentials.loads, server.server.connections, server.server.requests) == (1, 1, [])
    assert handler("o1", FakeContext(2000)) is None
    assert (credentials.loads, server.server.connections) == (1, 1)
    handler.close()


@pytest.mark.usefixtures("inside")
def test_a_freeze_between_init_and_the_first_invocation_is_seen(server: ServerInThread) -> None:
    clock = FakeClock()
    handler = adorm.lambda_handler(connect=lambda: server.connect(clock=clock))(get)
    clock.advance(600)
    assert handler("o1", None) is None
    assert server.server.connections == 2
    handler.close()


def test_outside_lambda_nothing_is_done_before_the_first_invocation(server: ServerInThread) -> None:
    handler = adorm.lambda_handler(models=[Order], connect=server.connect, warm_up=True)(get)
    assert server.server.connections == 0
    handler.close()


@pytest.mark.usefixtures("inside")
def test_it_can_be_left_out(server: ServerInThread) -> None:
    handler = adorm.lambda_handler(models=[Order], connect=server.connect, warm_up=False)(get)
    assert server.server.connections == 0
    handler.close()


@pytest.mark.usefixtures("inside")
def test_only_the_handler_that_lambda_calls_is_warmed_up(
    server: ServerInThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_HANDLER", f"{__name__}.other")
    adorm.lambda_handler(connect=server.connect)(get).close()
    assert server.server.connections == 0
    monkeypatch.setenv("_HANDLER", f"{__name__.replace('.', '/')}.get")
    adorm.lambda_handler(connect=server.connect)(get).close()
    server.wait(server.server.accepted(1))


class Callable2:
    async def __call__(self, event: Any, context: object, db: adorm.Database) -> Any:
        return event


def test_an_object_counts_unless_the_name_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    given = Callable2()
    environ = {"_HANDLER": f"{__name__}.handler"}
    monkeypatch.setitem(sys.modules, __name__, types.ModuleType(__name__))
    assert warm_up.is_entry_point(given, environ)
    sys.modules[__name__].__dict__["handler"] = object()
    assert not warm_up.is_entry_point(given, environ)
    assert warm_up.is_entry_point(given, {"_HANDLER": "datadog_lambda.handler.handler"})
    assert warm_up.is_entry_point(get, {})


@pytest.mark.usefixtures("inside")
def test_a_failure_is_logged_and_the_first_invocation_tries_again(
    server: ServerInThread, caplog: pytest.LogCaptureFixture
) -> None:
    attempts: list[str] = []

    def connect() -> adorm.Database:
        attempts.append("connect")
        if len(attempts) == 1:
            raise LookupError("secret of mine")
        return server.connect()

    handler = adorm.lambda_handler(models=[Broken, Order], connect=connect)(get)
    assert "the warm-up failed, the first invocation tries again: LookupError" in caplog.text
    assert "secret of mine" not in caplog.text
    assert handler("o1", FakeContext(3000)) is None
    handler.close()


@pytest.mark.usefixtures("inside")
def test_a_model_that_can_not_be_prepared_does_not_keep_the_others(
    server: ServerInThread, caplog: pytest.LogCaptureFixture
) -> None:
    handler = adorm.lambda_handler(models=[Broken, Order], connect=server.connect)(get)
    assert "warm-up of Broken failed, its first use tries again" in caplog.text
    server.wait(server.server.accepted(1))
    handler.close()


@pytest.mark.usefixtures("inside")
def test_a_warm_up_that_hangs_is_bounded(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("adorm.aws_lambda.invocations.WARM_UP_LIMIT_S", 0.02)
    hangs = [True]

    async def connect() -> adorm.Database:
        if hangs:
            hangs.clear()
            await asyncio.Event().wait()
        return adorm.connect("memory")

    async def closed(event: Any, context: object, db: adorm.Database) -> bool:
        return db.closed

    handler = adorm.lambda_handler(connect=connect)(closed)
    assert "the warm-up took longer than 0.02 s" in caplog.text
    assert handler(None, None) is False
    handler.close()


@pytest.mark.anyio
@pytest.mark.usefixtures("inside")
async def test_inside_a_running_loop_it_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    adorm.lambda_handler(models=[Order])(get)
    assert "the warm-up failed" in caplog.text


@pytest.mark.anyio
async def test_a_service_can_warm_up_too_through_what_stands_before_the_engine() -> None:
    from tests.support.loopback import LoopbackServer
    from tests.support.wired import KEY

    async with LoopbackServer() as server:
        recorder = Recorder()
        async with adorm.connect(
            region="eu-central-1",
            endpoint_url=server.url,
            credentials=KEY,
            wrap=recorder,
            hedge=adorm.Hedge(),
        ) as db:
            db.drop_idle_connections()
            await db.open()
            assert server.connections == 0
            await db.warm_up()
            await db.warm_up()
            await server.accepted(1)
            db.drop_idle_connections()
            await db.warm_up()
            await server.accepted(2)
            await db.call("ListTables", {})
            assert server.connections == 2
    async with adorm.connect("memory") as db:
        await db.warm_up()
        db.drop_idle_connections()
        db.forget_credentials()


# ---- SnapStart


class FakeLibrary(types.ModuleType):
    """`snapshot_restore_py`, as far as adorm calls it."""

    def __init__(self) -> None:
        super().__init__(LIBRARY)
        self.before: list[Callable[[], None]] = []
        self.after: list[Callable[[], None]] = []
        self.register_before_snapshot = self.before.append
        self.register_after_restore = self.after.append

    def snapshot(self) -> None:
        for hook in reversed(self.before):
            hook()

    def restore(self) -> None:
        for hook in self.after:
            hook()


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> FakeLibrary:
    library = FakeLibrary()
    monkeypatch.setitem(sys.modules, LIBRARY, library)
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "orders")
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")
    return library


def test_no_connection_is_in_a_snapshot_and_each_copy_has_credentials_of_its_own(
    server: ServerInThread, library: FakeLibrary
) -> None:
    credentials = CountedCredentials()
    handler = adorm.lambda_handler(
        models=[Order], connect=lambda: server.connect(credentials=credentials)
    )(get)
    server.wait(server.server.accepted(1))
    library.snapshot()
    server.wait(server.server.all_closed())
    state = random.getstate()
    library.restore()
    assert random.getstate() != state
    assert handler("o1", FakeContext(2000)) is None
    assert (credentials.loads, server.server.connections) == (2, 2)
    assert "Credential=AK2/" in server.server.requests[0].headers["authorization"]
    handler.close()


def test_hooks_without_anything_open_do_nothing(library: FakeLibrary) -> None:
    handler = adorm.lambda_handler(connect={"region": "eu-central-1"}, warm_up=False)(get)
    library.snapshot()
    library.restore()
    handler.close()


def test_a_hook_that_fails_is_logged_and_no_more(
    library: FakeLibrary, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise LookupError

    assert register_hooks(fail, fail, {})
    library.snapshot()
    library.restore()
    assert caplog.text.count("a SnapStart hook of adorm failed") == 2


def test_where_no_snapshot_is_taken_no_hook_is_registered(
    library: FakeLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not register_hooks(
        library.snapshot, library.restore, {"AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand"}
    )
    monkeypatch.setitem(sys.modules, LIBRARY, None)
    assert not register_hooks(library.snapshot, library.restore, {})
    assert library.before == library.after == []


# ---- figures


@pytest.mark.usefixtures("inside")
def test_the_report_tells_of_every_phase(server: ServerInThread) -> None:
    handler = adorm.lambda_handler(models=[Order], connect=server.connect)(get)
    before = adorm.cold_start_report()
    assert before.first_call_s is None
    handler("o1", FakeContext(2000))
    report = adorm.cold_start_report()
    first_call_s = report.first_call_s
    handler("o2", FakeContext(2000))
    assert adorm.cold_start_report().first_call_s == first_call_s
    seconds = [each for each in report if each is not None]
    assert len(seconds) == 6
    assert all(each >= 0 for each in seconds)
    assert report.total_s == sum(seconds)
    handler.close()


def test_phases_that_did_not_happen_are_none() -> None:
    report = adorm.cold_start_report()
    assert report[1:] == (None,) * 5
    assert report.total_s == report.interpreter_s


def test_memory_is_told_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", raising=False)
    assert adorm.memory_stats().limit_bytes is None
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
    stats = adorm.memory_stats()
    assert stats.limit_bytes == 128 * 1024 * 1024
    assert stats.rss_bytes is not None
    assert stats.peak_rss_bytes is not None
    assert 5_000_000 < stats.rss_bytes <= stats.peak_rss_bytes
    assert stats.python_objects > 10_000
    assert stats.python_blocks > 10_000


def test_without_proc_the_figures_are_what_the_system_tells(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(*_arguments: object) -> None:
        raise FileNotFoundError

    monkeypatch.setitem(figures.__dict__, "open", missing)
    assert adorm.cold_start_report().interpreter_s is None
    stats = adorm.memory_stats()
    assert stats.rss_bytes is None
    assert stats.peak_rss_bytes is not None
    assert stats.peak_rss_bytes > 5_000_000


FIGURES = """
import json, sys
import adorm
report, memory = adorm.cold_start_report(), adorm.memory_stats()
loaded = sorted(name for name in sys.modules if name.startswith("adorm."))
print(json.dumps([report.interpreter_s, report.imports_s, memory.peak_rss_bytes, loaded]))
"""


def test_figures_need_neither_a_handler_nor_the_rest_of_adorm() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIGURES],
        env={**os.environ, "PYTHONPATH": "src"},
        capture_output=True,
        check=True,
    )
    interpreter_s, imports_s, peak_rss_bytes, loaded = json.loads(done.stdout)
    assert 0 <= interpreter_s < 30
    assert imports_s is None
    assert peak_rss_bytes > 5_000_000
    assert loaded == [
        "adorm.aws_lambda",
        "adorm.aws_lambda.figures",
        "adorm.support",
        "adorm.support.lazy_names",
    ]


COLD = """
import json, sys
import adorm

@adorm.model(table="orders")
class Order:
    order_id: str = adorm.partition_key()

@adorm.lambda_handler(models=[Order])
async def handler(event, context, db):
    return await db.table(Order).get_or_none(event)

slow = {"anyio", "botocore", "cattrs", "random"}
print(json.dumps([handler("o1", None), sorted(slow & sys.modules.keys())]))
handler.close()
"""


def test_a_cold_start_loads_nothing_for_it_that_a_first_read_does_not_need(
    server: ServerInThread,
) -> None:
    environ = {
        "AWS_LAMBDA_FUNCTION_NAME": "orders",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_ACCESS_KEY_ID": "AKENV",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_REGION": "eu-north-1",
        "AWS_ENDPOINT_URL_DYNAMODB": server.server.url,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", COLD], env=environ, capture_output=True, check=True
    )
    assert done.stderr == b""
    assert json.loads(done.stdout)[0] is None
    assert json.loads(done.stdout)[1] == []
    assert server.server.operations == ["GetItem"]
    assert server.server.connections == 1


@pytest.fixture
def refusing() -> Iterator[int]:
    with refusing_port() as port:
        yield port


@pytest.mark.usefixtures("inside")
def test_a_failed_warm_up_names_its_cause_and_how_far_it_had_come(
    caplog: pytest.LogCaptureFixture, refusing: int
) -> None:
    class NoFile:
        async def load(self) -> adorm.Credentials:
            raise OSError("no such file: /var/creds")

    async def missing() -> adorm.Database:
        raise FileNotFoundError(2, "No such file or directory", "/var/settings")

    async def several() -> adorm.Database:
        raise ExceptionGroup(
            "two of them", [LookupError("secret"), ModuleNotFoundError("secret", name="boto9")]
        )

    unreachable = {
        "region": "eu-central-1",
        "endpoint_url": f"http://127.0.0.1:{refusing}",
        "credentials": adorm.Credentials("AK", "secret"),
    }
    by_source = {"region": "eu-central-1", "credentials": NoFile()}
    connects: list[tuple[Any, str]] = [
        (unreachable, f"ConnectionFailed: no connection to 127.0.0.1:{refusing}: "),
        (unreachable, ", while a connection was made"),
        (
            by_source,
            (
                "credentials could not be fetched: OSError: no such file: /var/creds, "
                "while region and credentials were looked up"
            ),
        ),
        (missing, "FileNotFoundError: No such file or directory, in missing (test_warm_up.py:"),
        (missing, ", while connect= made the database"),
        (several, "ExceptionGroup of LookupError; ModuleNotFoundError of boto9"),
    ]
    for connect, words in connects:
        caplog.clear()
        adorm.lambda_handler(connect=connect)(get).close()
        assert words in caplog.text
        assert "secret" not in caplog.text


@pytest.mark.usefixtures("inside")
def test_a_warm_up_that_hangs_tells_where(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("adorm.aws_lambda.invocations.WARM_UP_LIMIT_S", 0.02)

    class Slow:
        async def load(self) -> adorm.Credentials:
            await asyncio.Event().wait()
            raise AssertionError("never")

    adorm.lambda_handler(connect={"region": "eu-central-1", "credentials": Slow()})(get).close()
    assert "it was ended while region and credentials were looked up" in caplog.text
