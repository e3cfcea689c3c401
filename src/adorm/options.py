"""The options of `connect()`: each with its type and its check.

A new option is a line in `ConnectOptions`, which type checkers read, a line in `CHECKS`, and its
use, with its default, in `connecting.py` or `database.py`. The docstring of `connect()` says what
it does.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypedDict, cast

from adorm.checks import count, seconds
from adorm.errors import UsageError
from adorm.retry import RetryPolicy
from adorm.schema.fields import DATETIME_FORMATS, DatetimeFormat
from adorm.transport.base import Transport

MIN_SECRET_BYTES = 16
"""The shortest secret that signs cursors."""

if TYPE_CHECKING:  # making them would take 0.4 ms of a cold start, and only checkers read them
    from adorm.calls.hedge import Hedge
    from adorm.calls.hooks import CallHooks
    from adorm.calls.middleware import Middleware
    from adorm.calls.pace import AdaptiveRateLimit
    from adorm.clock import Clock
    from adorm.transport.credentials.credentials import Credentials, CredentialsSource

    class SharedOptions(TypedDict, total=False):
        """The options of `connect()` that the databases of several accounts can share."""

        endpoint_url: str | None
        retry: RetryPolicy
        max_connections: int
        connect_timeout_s: float
        read_timeout_s: float
        table_names: Mapping[str, str] | Callable[[str], str] | None
        table_prefix: str
        cursor_secret: str | bytes | None
        hooks: Sequence[CallHooks]
        middleware: Sequence[Middleware]
        trace_header: Callable[[], str | None] | None
        rate_limit: AdaptiveRateLimit | None
        hedge: Hedge | None
        clock: Clock | None
        random: Callable[[], float]
        wrap: Callable[[Transport], Transport] | None
        datetime_format: DatetimeFormat

    class ConnectOptions(SharedOptions, total=False):
        """All options of `connect()`."""

        region: str | None
        profile: str | None
        session: Any
        credentials: Credentials | CredentialsSource | None
        client: Any


Check = Callable[[str, Any], object]
"""Takes an option's name and value, and raises where the value can't be used."""


def _kind_of(value: object) -> str:
    """The type of a value, for messages: the value may be secret."""
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


def _takes(fits: Callable[[Any], object], wanted: str) -> Check:
    """A check of an option's type. Its message shows the type of a wrong value, not the value."""

    def check(name: str, value: object) -> None:
        if not fits(value):
            raise UsageError(f"connect({name}=...) takes {wanted}, not {_kind_of(value)}")

    return check


class _Hidden:
    """Stands for a value that a message must not show, because it may be a secret."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def __repr__(self) -> str:
        return f"<{self._kind}>"


def _in_range(check: Check) -> Check:
    """A check of an option that is a number."""

    def in_range(name: str, value: object) -> None:
        if not isinstance(value, int | float):
            value = _Hidden(type(value).__name__)
        check(f"connect({name}=...)", value)

    return in_range


def _function_or_none(value: object) -> bool:
    return value is None or callable(value)


def _is_clock(value: object) -> bool:
    return value is None or all(
        callable(getattr(value, name, None)) for name in ("now", "monotonic", "sleep")
    )


def _are_functions(value: object) -> bool:
    return isinstance(value, Sequence) and all(map(callable, cast("Sequence[object]", value)))


# The classes below are imported where an option is given: a cold start pays for what it uses.


def _are_hooks(value: object) -> bool:
    if value == ():
        return True
    from adorm.calls.hooks import CallHooks

    return isinstance(value, Sequence) and all(
        isinstance(hook, CallHooks) for hook in cast("Sequence[object]", value)
    )


def _none_or(module: str, name: str) -> Callable[[object], bool]:
    return lambda value: value is None or isinstance(value, getattr(import_module(module), name))


def _are_credentials(value: object) -> bool:
    if value is None:
        return True
    from adorm.transport.credentials.credentials import Credentials

    return isinstance(value, Credentials) or inspect.iscoroutinefunction(
        getattr(value, "load", None)
    )


_text = _takes(lambda value: value is None or isinstance(value, str), "text")


def _check_url(name: str, value: object) -> None:
    _text(name, value)
    if value == "":
        raise UsageError(
            "endpoint_url is empty, and to take AWS in its place could be a costly surprise: "
            "give a URL, or leave it out"
        )


def _check_secret(name: str, value: object) -> None:
    if value is None:
        return
    if not isinstance(value, (str, bytes)):
        raise UsageError(f"connect({name}=...) takes text or bytes, not {_kind_of(value)}")
    if len(value) < MIN_SECRET_BYTES:
        raise UsageError(
            f"cursor_secret is too short to protect anything: {MIN_SECRET_BYTES} bytes or more, "
            "from secrets.token_bytes()"
        )


def _any(_name: str, _value: object) -> None:
    """No check: the transport looks closer."""


CHECKS: Mapping[str, Check] = {
    "region": _text,
    "endpoint_url": _check_url,
    "profile": _text,
    "session": _any,
    "credentials": _takes(_are_credentials, "adorm.Credentials or an object with load()"),
    "client": _any,
    "retry": _takes(lambda value: isinstance(value, RetryPolicy), "an adorm.RetryPolicy"),
    "max_connections": _in_range(count),
    "connect_timeout_s": _in_range(seconds),
    "read_timeout_s": _in_range(seconds),
    "table_names": _takes(
        lambda value: isinstance(value, Mapping) or _function_or_none(value),
        "a dict or a function",
    ),
    "table_prefix": _takes(lambda value: isinstance(value, str), "text, empty for none"),
    "cursor_secret": _check_secret,
    "hooks": _takes(_are_hooks, "a list of adorm.CallHooks"),
    "middleware": _takes(_are_functions, "a list of functions"),
    "trace_header": _takes(_function_or_none, "a function"),
    "rate_limit": _takes(
        _none_or("adorm.calls.pace", "AdaptiveRateLimit"), "an adorm.AdaptiveRateLimit"
    ),
    "hedge": _takes(_none_or("adorm.calls.hedge", "Hedge"), "an adorm.Hedge"),
    "clock": _takes(_is_clock, "an object with now(), monotonic() and sleep()"),
    "random": _takes(callable, "a function"),
    "wrap": _takes(_function_or_none, "a function of a transport"),
    "datetime_format": _takes(
        DATETIME_FORMATS.__contains__, " or ".join(f'"{each}"' for each in DATETIME_FORMATS)
    ),
}
"""Every option of `connect()` by its name."""


def check_options(options: ConnectOptions) -> None:
    """Check each option, and that none excludes another.

    Raises:
        UsageError: an option is unknown, has the wrong type or is out of range, or two exclude each
            other; the message names it. It shows no value that may be secret.
    """
    refuse_unknown_options("connect", options, CHECKS.keys())
    for name, value in options.items():
        CHECKS[name](name, value)
    if callable(options.get("table_names")) and options.get("table_prefix"):
        raise UsageError(
            "table_names is a function and gives the whole name: take table_prefix away"
        )
    given = {name for name, value in options.items() if value is not None}
    if "client" in given:
        own = ("session", "profile", "credentials", "region", "endpoint_url", "trace_header")
        extra = [name for name in own if name in given]
        if extra:
            raise UsageError(f"a client brings its own {', '.join(extra)}: take them away")
    if given >= {"session", "profile"}:
        raise UsageError("a session has its own profile: give one of them")
    for other in ("session", "profile"):
        if given >= {"credentials", other}:
            raise UsageError(
                f"credentials= come in the place of those of a {other}: give one of them"
            )


def refuse_unknown_options(function: str, given: Iterable[str], known: Collection[str]) -> None:
    """Refuse a name that is no option of the function.

    Raises:
        UsageError: there is one; the message has the option that was likely meant, or all of them.
    """
    for name in given:
        if name not in known:
            from difflib import get_close_matches  # only for this message

            close = get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]}=?" if close else f"it takes {', '.join(known)}"
            raise UsageError(f"{function}() takes no option {name}=: {hint}")
