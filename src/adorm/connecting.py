"""`connect()`: the database that its options ask for."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, Unpack, cast

from adorm.clock import Clock, current_clock, use_clock
from adorm.database import Database
from adorm.errors import UsageError
from adorm.options import check_options
from adorm.transport.base import Transport

if TYPE_CHECKING:
    from adorm.memory.engine import Engine
    from adorm.options import ConnectOptions

IN_PROCESS = ("memory", "moto")
"""The engines inside the process that `connect()` takes by name."""


def connect(
    where: Literal["memory", "moto"] | Engine | None = None,
    /,
    **options: Unpack[ConnectOptions],
) -> Database:
    """A database; nothing is sent or looked up before its first use.

    Args:
        where: "memory" for a strict DynamoDB inside the process, each connection its own; an
            `adorm.memory.Engine`, which several connections may share; "moto" for moto's.
        region, endpoint_url: where requests go; by default as the environment or the profile says.
        profile: a profile of the shared AWS configuration.
        session: an aiobotocore or aioboto3 session to take credentials, region and endpoint from.
        credentials: `adorm.Credentials`, or a source of them such as `adorm.AssumedRole`; several
            databases may share a source.
        client: an entered aiobotocore or aioboto3 DynamoDB client that sends everything; the caller
            closes it.
        retry: how failures are retried.
        max_connections: the most connections, 64 by default; further calls wait in a fair queue.
        connect_timeout_s: seconds for making one connection, 5 by default: name lookup, TCP and TLS
            together. A given client has its own.
        read_timeout_s: the longest silence of the server in seconds, 30 by default, while it takes
            a request and until its answer is complete. The whole call may take longer;
            `adorm.deadline` bounds it. A given client has its own.
        table_names: the tables' names by the names that the models give, `{"orders":
            "orders-dev"}`, or a function of the model's name.
        table_prefix: put before every name that `table_names` does not give.
        cursor_secret: signs cursors, so that a client can't forge one; 16 bytes or more.
        rate_limit: slows calls down where DynamoDB throttles, table by table; None for never.
        hedge: sends reads that take unusually long a second time; None for never.
        hooks: called before and after each call and each attempt: `adorm.OpenTelemetry()`,
            `adorm.LogCalls()`, or your own.
        middleware: functions, async or not, of each call's operation and request, called in this
            order; each returns the request to send.
        trace_header: gives the `X-Amzn-Trace-Id` of each request, or None. Inside Lambda requests
            have the one of the invocation anyway.
        clock, random: where time and jitter come from, for tests.
        wrap: a function of the transport, called before it is opened, that returns the one to use:
            `adorm.testing.Faults`, `adorm.testing.Recorder`, or a function that puts one around the
            other. While it runs, this connection's clock is the current one.
        datetime_format: the end of the text of a datetime when it is written: "Z", "+00:00" or
            "+0000". It is for other programs that read only one of them, as PynamoDB does; a field
            may have another. All three are read.

    Raises:
        UsageError: options that exclude each other, one of the wrong type, or an unknown one.
    """
    check_options(options)
    if where is not None:
        _check_in_process(where, options)
    clock = options["clock"] = options.get("clock") or current_clock()
    make_engine = _wire_or_client(options, clock) if where is None else _in_process(where, clock)
    wrap = options.get("wrap")

    def make_transport() -> Transport:
        if wrap is None:
            return make_engine()
        with use_clock(clock):
            wrapped: Any = wrap(make_engine())
        if not isinstance(wrapped, Transport):
            given = "None" if wrapped is None else type(wrapped).__name__
            raise UsageError(f"connect(wrap=...) gave {given}, where a transport is wanted")
        return wrapped

    return Database(make_transport, options)


def _check_in_process(where: object, options: ConnectOptions) -> None:
    """Refuse an engine that does not exist, and options of what lies outside the process."""
    if where not in IN_PROCESS and not _is_engine(where):
        raise UsageError(
            'connect() takes "memory", "moto", an adorm.memory.Engine or nothing by position, '
            f"not {where!r}; an endpoint is endpoint_url=..."
        )
    outside = ("client", "session", "profile", "credentials", "region", "endpoint_url")
    given = [name for name in outside if options.get(name) is not None]
    if given:
        shown = f'"{where}"' if isinstance(where, str) else "an engine"
        raise UsageError(f"connect({shown}) reaches nothing outside: take {', '.join(given)} away")


def _is_engine(candidate: object) -> bool:
    """Whether this is an `adorm.memory.Engine`; its module is not imported to find out."""
    module = sys.modules.get("adorm.memory.engine")
    return module is not None and isinstance(candidate, module.Engine)


def _wire_or_client(options: ConnectOptions, clock: Clock) -> Callable[[], Transport]:
    """Makes the transport to a DynamoDB outside the process."""

    def make() -> Transport:
        client = options.get("client")
        if client is not None:
            from adorm.transport.client import ClientTransport

            return ClientTransport(client)
        from adorm.transport.wire.transport import WireTransport

        return WireTransport(
            region=options.get("region"),
            endpoint_url=options.get("endpoint_url"),
            profile=options.get("profile"),
            session=options.get("session"),
            credentials=options.get("credentials"),
            max_connections=options.get("max_connections", 64),
            connect_timeout_s=options.get("connect_timeout_s", 5.0),
            read_timeout_s=options.get("read_timeout_s", 30.0),
            clock=clock,
            trace_header=options.get("trace_header"),
        )

    return make


def _in_process(where: object, clock: Clock) -> Callable[[], Transport]:
    """Makes transports to one and the same engine in this process: a database that goes on in
    another loop goes on with its data."""
    kept: list[Any] = []

    def make() -> Transport:
        if where == "moto":
            from adorm.transport.moto.transport import MotoTransport

            if not kept:
                kept.append(MotoTransport())
            return cast("Transport", kept[0])
        from adorm.memory.engine import Engine
        from adorm.transport.memory import MemoryTransport

        if not kept:
            kept.append(
                where if isinstance(where, Engine) else Engine(now=lambda: clock.now().timestamp())
            )
        return MemoryTransport(kept[0])

    return make
