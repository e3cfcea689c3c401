"""The options of `connect()`: each with its type, its default and its check.

A new option is a line in `ConnectOptionsDict`, which type checkers read, a field with its check in
`ConnectOptions`, and its use in `connecting.py` or `database.py`. The docstring of `connect()` says
what it does.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypedDict, cast

import attrs

from adorm.checks import count, seconds
from adorm.clock import Clock
from adorm.errors import UsageError
from adorm.retry import DEFAULT_RETRY, RetryPolicy, unit_random
from adorm.schema.fields import DATETIME_FORMATS, DatetimeFormat
from adorm.transport.base import Transport

if TYPE_CHECKING:
    from adorm.calls.hedge import Hedge
    from adorm.calls.hooks import CallHooks
    from adorm.calls.middleware import Middleware
    from adorm.calls.pace import AdaptiveRateLimit
    from adorm.transport.credentials.credentials import Credentials, CredentialsSource

MIN_SECRET_BYTES = 16
"""The shortest secret that signs cursors."""


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


class ConnectOptionsDict(SharedOptions, total=False):
    """All options of `connect()`."""

    region: str | None
    profile: str | None
    session: Any
    credentials: Credentials | CredentialsSource | None
    client: Any


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


def _takes(fits: Callable[[Any], object], wanted: str) -> Callable[[Any, Any, Any], None]:
    """A check of an option's type. Its message shows the type of a wrong value, not the value."""

    def check(_options: object, field: Any, value: object) -> None:
        if not fits(value):
            raise UsageError(f"connect({field.name}=...) takes {wanted}, not {_kind_of(value)}")

    return check


class _Hidden:
    """Stands for a value that a message must not show, because it may be a secret."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def __repr__(self) -> str:
        return f"<{self._kind}>"


def _in_range(check: Callable[[str, object], object]) -> Callable[[Any, Any, Any], None]:
    """A check of an option that is a number."""

    def in_range(_options: object, field: Any, value: object) -> None:
        if not isinstance(value, int | float):
            value = _Hidden(type(value).__name__)
        check(f"connect({field.name}=...)", value)

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
_function = _takes(_function_or_none, "a function")


def _check_url(options: object, field: Any, value: object) -> None:
    _text(options, field, value)
    if value == "":
        raise UsageError(
            "endpoint_url is empty, and to take AWS in its place could be a costly surprise: "
            "give a URL, or leave it out"
        )


def _check_secret(_options: object, _field: Any, value: object) -> None:
    if value is None:
        return
    if not isinstance(value, (str, bytes)):
        raise UsageError(f"connect(cursor_secret=...) takes text or bytes, not {_kind_of(value)}")
    if len(value) < MIN_SECRET_BYTES:
        raise UsageError(
            f"cursor_secret is too short to protect anything: {MIN_SECRET_BYTES} bytes or more, "
            "from secrets.token_bytes()"
        )


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class ConnectOptions:
    """The options of one database, checked.

    Not shown by `repr` and not compared: some are secret.

    Raises:
        UsageError: an option has the wrong type or is out of range; the message names it.
    """

    region: str | None = attrs.field(default=None, validator=_text)
    endpoint_url: str | None = attrs.field(default=None, validator=_check_url)
    profile: str | None = attrs.field(default=None, validator=_text)
    session: Any = None
    credentials: Credentials | CredentialsSource | None = attrs.field(
        default=None,
        validator=_takes(_are_credentials, "adorm.Credentials or an object with load()"),
    )
    client: Any = None
    retry: RetryPolicy = attrs.field(
        default=DEFAULT_RETRY,
        validator=_takes(lambda value: isinstance(value, RetryPolicy), "an adorm.RetryPolicy"),
    )
    max_connections: int = attrs.field(default=64, validator=_in_range(count))
    connect_timeout_s: float = attrs.field(default=5.0, validator=_in_range(seconds))
    read_timeout_s: float = attrs.field(default=30.0, validator=_in_range(seconds))
    table_names: Mapping[str, str] | Callable[[str], str] | None = attrs.field(
        default=None,
        validator=_takes(
            lambda value: isinstance(value, Mapping) or _function_or_none(value),
            "a dict or a function",
        ),
    )
    table_prefix: str = attrs.field(
        default="", validator=_takes(lambda value: isinstance(value, str), "text, empty for none")
    )
    cursor_secret: str | bytes | None = attrs.field(default=None, validator=_check_secret)
    hooks: Sequence[CallHooks] = attrs.field(
        default=(), validator=_takes(_are_hooks, "a list of adorm.CallHooks")
    )
    middleware: Sequence[Middleware] = attrs.field(
        default=(), validator=_takes(_are_functions, "a list of functions")
    )
    trace_header: Callable[[], str | None] | None = attrs.field(default=None, validator=_function)
    rate_limit: AdaptiveRateLimit | None = attrs.field(
        default=None,
        validator=_takes(
            _none_or("adorm.calls.pace", "AdaptiveRateLimit"), "an adorm.AdaptiveRateLimit"
        ),
    )
    hedge: Hedge | None = attrs.field(
        default=None, validator=_takes(_none_or("adorm.calls.hedge", "Hedge"), "an adorm.Hedge")
    )
    clock: Clock | None = attrs.field(
        default=None, validator=_takes(_is_clock, "an object with now(), monotonic() and sleep()")
    )
    random: Callable[[], float] = attrs.field(
        default=unit_random, validator=_takes(callable, "a function")
    )
    wrap: Callable[[Transport], Transport] | None = attrs.field(
        default=None, validator=_takes(_function_or_none, "a function of a transport")
    )
    # it widens the literal to str
    datetime_format: DatetimeFormat = attrs.field(  # pyright: ignore[reportAssignmentType]
        default="Z",
        validator=_takes(
            DATETIME_FORMATS.__contains__, " or ".join(f'"{each}"' for each in DATETIME_FORMATS)
        ),
    )

    def __attrs_post_init__(self) -> None:
        if callable(self.table_names) and self.table_prefix:
            raise UsageError(
                "table_names is a function and gives the whole name: take table_prefix away"
            )
        sources = ("client", "session", "profile", "credentials")
        given = {name for name in sources if getattr(self, name) is not None}
        if "client" in given:
            own = ("session", "profile", "credentials", "region", "endpoint_url", "trace_header")
            extra = [name for name in own if getattr(self, name) is not None]
            if extra:
                raise UsageError(f"a client brings its own {', '.join(extra)}: take them away")
        if given >= {"session", "profile"}:
            raise UsageError("a session has its own profile: give one of them")
        for other in ("session", "profile"):
            if given >= {"credentials", other}:
                raise UsageError(
                    f"credentials= come in the place of those of a {other}: give one of them"
                )
