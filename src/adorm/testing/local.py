"""A DynamoDB over HTTP for tests: adorm's own engine, in a thread or in a process of its own."""

from __future__ import annotations

import asyncio
import atexit
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

import anyio
import anyio.to_thread

from adorm.errors import AdormError, UsageError

if TYPE_CHECKING:
    from adorm.memory.engine import Engine

STOP_TIMEOUT_S = 10.0
"""How long the server may take to stop; it gives requests under way 5 s of them."""

T = TypeVar("T")


class LocalDynamoDBFailed(AdormError):
    """The server did not start, or did not stop. The message says why, where that is known."""


class LocalDynamoDB:
    """A DynamoDB over HTTP on 127.0.0.1, for any client: `with LocalDynamoDB() as local:
    local.endpoint_url`.

    It is adorm's own engine, strict and in memory. It accepts any credentials and region, and keeps
    a separate database for each access key id and region: fresh ones make a fresh database.

    It runs in a thread of this process, or with `process=True` in one of its own, which ends with
    this one.
    """

    def __init__(
        self,
        *,
        process: bool = False,
        port: int = 0,
        shared: bool = False,
        wording: Literal["new", "old"] = "new",
        now: Callable[[], float] | None = None,
        table_delay_s: float | None = None,
        throttle_above: tuple[float, float] | None = None,
        stream_shards: int = 1,
        ttl_every_s: float | None = None,
        start_timeout_s: float = 30.0,
    ) -> None:
        """Prepare; nothing is started yet.

        `port`: default any that is free. `shared`: one database for all callers. `wording`: of the
        messages, "old" as in regions that keep the earlier ones. `now`: the engine's clock, seconds
        since 1970; in a thread only.
        `table_delay_s`: how long tables stay CREATING, UPDATING and DELETING; with None
            CreateTable's answer says ACTIVE.
        `throttle_above`: read and write units a second above which a table throttles.
        `stream_shards`: how many shards a table's stream begins with. `ttl_every_s`: how often
        expired items are removed; default never.

        Raises:
            UsageError: a clock for another process.
        """
        if process and now is not None:
            raise UsageError("now=... is a function of this process: leave process=True out")
        self._process = process
        self._port = port
        self._shared = shared
        self._engine_options: dict[str, Any] = {
            "wording": wording,
            "now": time.time if now is None else now,
            "table_delay_s": table_delay_s,
            "throttle_above": throttle_above,
            "stream_shards": stream_shards,
        }
        self._ttl_every_s = ttl_every_s
        self._start_timeout_s = start_timeout_s
        self._running: _Thread | _Process | None = None
        self._owner = 0

    @property
    def endpoint_url(self) -> str:
        """`http://127.0.0.1:PORT`.

        Raises:
            UsageError: it is not running.
        """
        return self._alive().endpoint_url

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables by which another program finds it: endpoint, credentials and
        region.

        Raises:
            UsageError: it is not running.
        """
        from adorm.memory.server.clients import client_environment

        return client_environment(self.endpoint_url)

    @property
    def engine(self) -> Engine:
        """The engine. It belongs to the server's thread: while requests are on their way, use
        `run`.

        Raises:
            UsageError: it is not running, or in a process of its own.
        """
        return self._thread().engine

    def run(self, function: Callable[[Engine], T]) -> T:
        """Call a function in the server's thread, between two requests: `local.run(lambda engine:
        engine.snapshot())`.

        Raises:
            UsageError: it is not running, or in a process of its own.
        """
        return self._thread().run(function)

    def start(self) -> None:
        """Start, and return when it listens; nothing where it runs already.

        Raises:
            LocalDynamoDBFailed: the port is taken, or the process ended or said nothing in
                `start_timeout_s`.
        """
        if self._running is not None:
            return
        if self._process:
            self._running = _Process(self._arguments(), self._start_timeout_s)
        else:
            from adorm.memory.engine import Engine

            engine = Engine(**self._engine_options)
            self._running = _Thread(
                engine, self._port, shared=self._shared, ttl_every_s=self._ttl_every_s
            )
        self._owner = os.getpid()
        atexit.register(self.stop)

    def stop(self) -> None:
        """Stop and wait until it is gone; nothing where it does not run.

        Raises:
            LocalDynamoDBFailed: it does not stop.
        """
        atexit.unregister(self.stop)
        running, self._running = self._running, None
        # A fork has neither the thread nor the child.
        if running is not None and self._owner == os.getpid():
            running.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        await anyio.to_thread.run_sync(self.start)
        return self

    async def __aexit__(self, *_: object) -> None:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self.stop)

    def _alive(self) -> _Thread | _Process:
        if self._running is None:
            raise UsageError("LocalDynamoDB is not running: `with LocalDynamoDB() as local: ...`")
        return self._running

    def _thread(self) -> _Thread:
        running = self._alive()
        if isinstance(running, _Process):
            raise UsageError("the engine is in another process: leave process=True out")
        return running

    def _arguments(self) -> list[str]:
        options = self._engine_options
        delay_s, throttle_above = options["table_delay_s"], options["throttle_above"]
        values = {
            "--port": self._port,
            "--wording": options["wording"],
            "--table-delay-s": "at-once" if delay_s is None else delay_s,
            "--stream-shards": options["stream_shards"],
            "--throttle-above": None if throttle_above is None else "{},{}".format(*throttle_above),
            "--ttl-every-s": self._ttl_every_s,
        }
        given = [(name, str(value)) for name, value in values.items() if value is not None]
        return [*chain.from_iterable(given), *(["--shared"] if self._shared else [])]


class _Thread:
    """The server in a daemon thread, with a loop of its own."""

    def __init__(
        self, engine: Engine, port: int, *, shared: bool, ttl_every_s: float | None
    ) -> None:
        from adorm.memory.server import Server, Service

        self.engine = engine
        self._port = port
        self._ttl_every_s = ttl_every_s
        self._server = Server(Service(engine, shared=shared).answer)
        self._started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        self._thread = threading.Thread(target=self._run, name="LocalDynamoDB", daemon=True)
        self._thread.start()
        try:
            self._loop, self._stop_asked = self._started.result()
        except OSError as error:
            self._thread.join()
            raise LocalDynamoDBFailed(f"the server can't listen on port {port}: {error}") from error
        self.endpoint_url = self._server.endpoint_url

    def run(self, function: Callable[[Engine], T]) -> T:
        if threading.current_thread() is self._thread:
            return function(self.engine)
        done: Future[T] = Future()

        def call() -> None:
            try:
                done.set_result(function(self.engine))
            except BaseException as error:  # noqa: BLE001  # the caller raises it
                done.set_exception(error)

        self._loop.call_soon_threadsafe(call)
        return done.result()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop_asked.set)
        self._thread.join(STOP_TIMEOUT_S)
        if self._thread.is_alive():
            raise LocalDynamoDBFailed(f"the server did not stop within {STOP_TIMEOUT_S:g} s")

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if self._started.done():
                raise
            self._started.set_exception(error)

    async def _serve(self) -> None:
        from adorm.memory.server.ticker import Ticker

        loop = asyncio.get_running_loop()
        stop_asked = asyncio.Event()
        await self._server.start(port=self._port)
        every_s, remove = self._ttl_every_s, self.engine.remove_expired
        ticker = None if every_s is None else Ticker(loop, every_s, remove)
        self._started.set_result((loop, stop_asked))
        await stop_asked.wait()
        if ticker is not None:
            ticker.cancel()
        await self._server.stop()


class _Process:
    """The server in a process of its own. It stops when its standard input ends: so it also stops
    when this process is gone."""

    def __init__(self, arguments: list[str], start_timeout_s: float) -> None:
        self._child = subprocess.Popen(  # noqa: S603  # this Python, and arguments made here
            [sys.executable, "-m", "adorm.memory", *arguments, "--stop-with-stdin"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for this process; the server is stopped afterwards
        )
        try:
            self.endpoint_url = self._printed_url(start_timeout_s)
        except BaseException:
            self.stop()
            raise

    def _printed_url(self, start_timeout_s: float) -> str:
        """The URL that the server prints when it listens."""
        timer = threading.Timer(start_timeout_s, self._child.kill)
        timer.daemon = True
        timer.start()
        try:
            for line in self._child.stdout or ():
                name, _, value = line.decode().strip().partition("=")
                if name == "export AWS_ENDPOINT_URL_DYNAMODB":
                    return value
        finally:
            timer.cancel()
        status = self._child.wait()
        raise LocalDynamoDBFailed(
            f"the server's process ended with status {status} before it listened: "
            "see its standard error"
        )

    def stop(self) -> None:
        child = self._child
        child.terminate()
        try:
            child.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()
