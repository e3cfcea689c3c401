"""`connect()`: its options, checked, and the engine that they ask for."""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

from adorm.clock import Clock, current_clock, use_clock
from adorm.database import Database
from adorm.errors import UsageError
from adorm.retry import DEFAULT_RETRY, RetryPolicy, unit_random
from adorm.schema.fields import DATETIME_FORMATS, DatetimeFormat
from adorm.transport.base import Transport

if TYPE_CHECKING:
    from adorm.calls.hedge import Hedge
    from adorm.calls.hooks import CallHooks
    from adorm.calls.middleware import Middleware
    from adorm.calls.pace import AdaptiveRateLimit
    from adorm.memory.engine import Engine
    from adorm.transport.credentials.credentials import Credentials, CredentialsSource

DEFAULT_MAX_CONNECTIONS = 64
DEFAULT_CONNECT_TIMEOUT_S = 5.0
DEFAULT_READ_TIMEOUT_S = 30.0

IN_PROCESS = ("memory", "moto")
"""What `connect()` takes by position: the engines inside the process."""


def _is_clock(candidate: object) -> bool:
    return all(callable(getattr(candidate, name, None)) for name in ("now", "monotonic", "sleep"))


def _is_time(candidate: object) -> bool:
    return isinstance(candidate, int | float) and not isinstance(candidate, bool)


def _are_hooks(candidate: object) -> bool:
    if candidate == ():
        return True
    from adorm.calls.hooks import CallHooks

    return isinstance(candidate, Sequence) and all(
        isinstance(hook, CallHooks) for hook in cast("Sequence[object]", candidate)
    )


def _is_rate_limit(candidate: object) -> bool:
    if candidate is None:
        return True
    from adorm.calls.pace import AdaptiveRateLimit

    return isinstance(candidate, AdaptiveRateLimit)


def _is_hedge(candidate: object) -> bool:
    if candidate is None:
        return True
    from adorm.calls.hedge import Hedge

    return isinstance(candidate, Hedge)


def _are_functions(candidate: object) -> bool:
    return isinstance(candidate, Sequence) and all(
        callable(each) for each in cast("Sequence[object]", candidate)
    )


def _are_credentials(candidate: object) -> bool:
    if candidate is None:
        return True
    from adorm.transport.credentials.credentials import Credentials

    return isinstance(candidate, Credentials) or inspect.iscoroutinefunction(
        getattr(candidate, "load", None)
    )


_TEXT_OR_NONE: tuple[Callable[[object], bool], str] = (
    lambda value: value is None or isinstance(value, str),
    "text",
)
_OPTION_TYPES: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "region": _TEXT_OR_NONE,
    "endpoint_url": _TEXT_OR_NONE,
    "profile": _TEXT_OR_NONE,
    "credentials": (_are_credentials, "adorm.Credentials or an object with load()"),
    "retry": (lambda value: isinstance(value, RetryPolicy), "an adorm.RetryPolicy"),
    "max_connections": (lambda value: type(value) is int, "a positive whole number"),
    "connect_timeout_s": (_is_time, "seconds, a finite number above 0"),
    "read_timeout_s": (_is_time, "seconds, a finite number above 0"),
    "table_names": (
        lambda value: value is None or isinstance(value, Mapping) or callable(value),
        "a dict or a function",
    ),
    "table_prefix": (lambda value: isinstance(value, str), "text, empty for none"),
    "cursor_secret": (
        lambda value: value is None or isinstance(value, (str, bytes)),
        "text or bytes",
    ),
    "hooks": (_are_hooks, "a list of adorm.CallHooks"),
    "middleware": (_are_functions, "a list of functions"),
    "trace_header": (lambda value: value is None or callable(value), "a function"),
    "clock": (
        lambda value: value is None or _is_clock(value),
        "an object with now(), monotonic() and sleep()",
    ),
    "random": (callable, "a function"),
    "rate_limit": (_is_rate_limit, "an adorm.AdaptiveRateLimit"),
    "hedge": (_is_hedge, "an adorm.Hedge"),
    "wrap": (lambda value: value is None or callable(value), "a function of a transport"),
    "datetime_format": (
        lambda value: value in DATETIME_FORMATS,
        " or ".join(f'"{each}"' for each in DATETIME_FORMATS),
    ),
}
"""Of each option whether a value is of its type, and what that is."""


def _check_types(**options: object) -> None:
    """Values may be secret: only their types are told."""
    for name, value in options.items():
        fits, wanted = _OPTION_TYPES[name]
        if not fits(value):
            raise UsageError(f"connect({name}=...) takes {wanted}, not {_kind_of(value)}")


def _kind_of(value: object) -> str:
    if value is None:
        return "None"
    kind = type(value).__name__
    if not isinstance(value, (list, tuple)):
        return kind
    kinds = {
        f"type[{each.__name__}]" if isinstance(each, type) else type(each).__name__
        for each in cast("Sequence[object]", value)
    }
    return f"a {kind} of {', '.join(sorted(kinds))}" if kinds else f"an empty {kind}"


def _check_timeouts(**given: float) -> None:
    for name, timeout_s in given.items():
        if not 0 < timeout_s < math.inf:
            raise UsageError(f"{name} is seconds, a finite number above 0, not {timeout_s!r}")


def _is_engine(candidate: object) -> bool:
    """Whether this is an `adorm.memory.Engine`; its module is not imported to find out."""
    module = sys.modules.get("adorm.memory.engine")
    return module is not None and isinstance(candidate, module.Engine)


def _check_together(where: object, **chosen: object) -> None:
    """Refuse options that exclude each other."""
    given = [name for name, value in chosen.items() if value is not None]
    if where is not None and where not in IN_PROCESS and not _is_engine(where):
        raise UsageError(
            'connect() takes "memory", "moto", an adorm.memory.Engine or nothing by position, '
            f"not {where!r}; an endpoint is endpoint_url=..."
        )
    if where is not None and given:
        shown = repr(where).replace("'", '"') if isinstance(where, str) else "an engine"
        raise UsageError(f"connect({shown}) reaches nothing outside: take {', '.join(given)} away")
    if "client" in given and len(given) > 1:
        raise UsageError(
            f"a client brings its own {', '.join(name for name in given if name != 'client')}: take them away"
        )
    if "session" in given and "profile" in given:
        raise UsageError("a session has its own profile: give one of them")
    others = [name for name in ("session", "profile") if name in given]
    if "credentials" in given and others:
        raise UsageError(
            f"credentials= come in the place of those of a {others[0]}: give one of them"
        )


def _in_process(where: object, clock: Clock) -> Callable[[], Transport]:
    """Gives transports to one and the same engine in this process: a database that goes on in
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


def _check_names_and_secret(
    table_names: object, table_prefix: str, cursor_secret: str | bytes | None
) -> None:
    if callable(table_names) and table_prefix:
        raise UsageError(
            "table_names is a function and gives the whole name: take table_prefix away"
        )
    if cursor_secret is not None and len(cursor_secret) < 16:
        raise UsageError(
            "cursor_secret is too short to protect anything: 16 bytes or more, from secrets.token_bytes()"
        )


def connect(
    where: Literal["memory", "moto"] | Engine | None = None,
    /,
    *,
    region: str | None = None,
    endpoint_url: str | None = None,
    profile: str | None = None,
    session: Any = None,
    credentials: Credentials | CredentialsSource | None = None,
    client: Any = None,
    retry: RetryPolicy = DEFAULT_RETRY,
    max_connections: int = DEFAULT_MAX_CONNECTIONS,
    connect_timeout_s: float = DEFAULT_CONNECT_TIMEOUT_S,
    read_timeout_s: float = DEFAULT_READ_TIMEOUT_S,
    table_names: Mapping[str, str] | Callable[[str], str] | None = None,
    table_prefix: str = "",
    cursor_secret: str | bytes | None = None,
    hooks: Sequence[CallHooks] = (),
    rate_limit: AdaptiveRateLimit | None = None,
    hedge: Hedge | None = None,
    middleware: Sequence[Middleware] = (),
    trace_header: Callable[[], str | None] | None = None,
    clock: Clock | None = None,
    random: Callable[[], float] = unit_random,
    wrap: Callable[[Transport], Transport] | None = None,
    datetime_format: DatetimeFormat = "Z",
) -> Database:
    """A database; nothing is sent or looked up before its first use.

    Args:
        where: "memory" for a strict DynamoDB inside the process, each connection its own; an
            `adorm.memory.Engine`, which several connections may share; "moto" for moto's.
        region, endpoint_url: where to; by default what the environment or the profile says.
        profile: a profile of the shared AWS configuration.
        session: an aiobotocore or aioboto3 session to take credentials, region and endpoint from.
        credentials: `adorm.Credentials`, or a source of them such as `adorm.AssumedRole`; several
            databases may share a source.
        client: an entered aiobotocore or aioboto3 DynamoDB client to send everything by; it stays
            the caller's to close.
        retry: how failures are retried.
        max_connections: connections at most; further calls wait in a fair queue.
        connect_timeout_s: for making one connection: name lookup, TCP and TLS together. A given
            client has its own.
        read_timeout_s: the longest silence of the server, while it takes a request and until its
            answer is complete; the whole may take longer, and `adorm.deadline` bounds it. A given
            client has its own.
        table_names: table names by the models' names for them, or a function; for stages such as
            `{"orders": "orders-dev"}`.
        table_prefix: put before every name that `table_names` does not give.
        cursor_secret: signs cursors, so that a client can't forge one; 16 bytes or more.
        rate_limit: slow down by oneself where DynamoDB throttles, table by table; None for never.
        hedge: send reads that take unusually long a second time; None for never.
        hooks: called before and after each call and each attempt: `adorm.OpenTelemetry()`,
            `adorm.LogCalls()`, or your own.
        middleware: functions, async ones too, that are given each call's operation and request, in
            this order, and give the request to send.
        trace_header: gives the `X-Amzn-Trace-Id` of each request, or None. Inside Lambda requests
            have the one of the invocation anyway.
        clock, random: where time and jitter come from, for tests.
        wrap: given the engine before it is opened, gives what stands before it:
            `adorm.testing.Faults`, `adorm.testing.Recorder`, or a function that puts one around the
            other. This connection's clock is the current one meanwhile.
        datetime_format: how the texts of datetimes end that are written, "Z", "+00:00" or "+0000",
            for others who read one of them alone, as PynamoDB does; a field may have another. All
            are read.

    Raises:
        UsageError: options that exclude each other, or one of the wrong type.
    """
    _check_together(
        where,
        client=client,
        session=session,
        profile=profile,
        credentials=credentials,
        region=region,
        endpoint_url=endpoint_url,
    )
    if client is not None and trace_header is not None:
        raise UsageError("a client brings its own trace_header: take it away")
    if endpoint_url == "":
        raise UsageError(
            "endpoint_url is empty, and to take AWS in its place could be a costly surprise: give a URL, or leave it out"
        )
    _check_types(
        region=region,
        endpoint_url=endpoint_url,
        profile=profile,
        credentials=credentials,
        retry=retry,
        max_connections=max_connections,
        connect_timeout_s=connect_timeout_s,
        read_timeout_s=read_timeout_s,
        table_names=table_names,
        table_prefix=table_prefix,
        cursor_secret=cursor_secret,
        hooks=hooks,
        rate_limit=rate_limit,
        hedge=hedge,
        middleware=middleware,
        trace_header=trace_header,
        clock=clock,
        random=random,
        wrap=wrap,
        datetime_format=datetime_format,
    )
    if max_connections < 1:
        raise UsageError(f"max_connections is a positive whole number, not {max_connections!r}")
    _check_timeouts(connect_timeout_s=connect_timeout_s, read_timeout_s=read_timeout_s)
    _check_names_and_secret(table_names, table_prefix, cursor_secret)
    used_clock = clock or current_clock()

    in_process = _in_process(where, used_clock)

    def make_engine() -> Transport:
        if where is not None:
            return in_process()
        if client is not None:
            from adorm.transport.client import ClientTransport

            return ClientTransport(client)
        from adorm.transport.wire.transport import WireTransport

        return WireTransport(
            region=region,
            endpoint_url=endpoint_url,
            profile=profile,
            session=session,
            credentials=credentials,
            max_connections=max_connections,
            connect_timeout_s=connect_timeout_s,
            read_timeout_s=read_timeout_s,
            clock=used_clock,
            trace_header=trace_header,
        )

    def make_transport() -> Transport:
        if wrap is None:
            return make_engine()
        with use_clock(used_clock):
            wrapped: Any = wrap(make_engine())
        if not isinstance(wrapped, Transport):
            raise UsageError(
                f"connect(wrap=...) gave {'None' if wrapped is None else type(wrapped).__name__}, where a transport is wanted"
            )
        return wrapped

    return Database(
        make_transport,
        retry=retry,
        clock=used_clock,
        random=random,
        hooks=hooks,
        middleware=middleware,
        table_names=table_names,
        table_prefix=table_prefix,
        cursor_secret=cursor_secret,
        rate_limit=rate_limit,
        hedge=hedge,
        datetime_format=datetime_format,
    )
