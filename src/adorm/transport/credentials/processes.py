"""Ends the processes that aiobotocore starts for a profile's `credential_process`.

aiobotocore waits for such a process without a limit and never kills it. It offers no hook, so the
private `_popen` of its process providers is replaced, and the private factory of those that a
role's source profile makes. If a name is missing, the wait is still limited, but the process is not
ended. A process is not started in a group or session of its own, which would be simpler to kill: a
`credential_process` may ask for a code on the terminal, and could not do so then
(docs/decisions/0028).

https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
"""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from typing import Any, TypeVar

from adorm.deadlines import within

SessionT = TypeVar("SessionT")

END_LIMIT_S = 1.0
"""The most time to wait for the end of a killed process."""

_started: ContextVar[list[Any] | None] = ContextVar("adorm_credential_processes", default=None)
"""The processes started in the current block of `ending_children`; None outside of one."""


@asynccontextmanager
async def ending_children() -> AsyncGenerator[None, None]:
    """At the end of the block, kill the credential processes that were started in it and still run.

    It waits for each at most a second.
    """
    started: list[Any] = []
    token = _started.set(started)
    try:
        yield
    finally:
        _started.reset(token)
        running = [process for process in started if process.returncode is None]
        for process in running:
            _kill(process)
        for process in running:
            with suppress(TimeoutError):
                async with within(END_LIMIT_S, lambda late: late):
                    await process.wait()


def watch_children(session: SessionT) -> SessionT:
    """Make the processes of this session known to `ending_children`; gives the session."""
    component: Any = getattr(session, "get_component", None)
    resolver: Any = component("credential_provider") if callable(component) else None
    for provider in getattr(resolver, "providers", ()):
        _watch(provider)
        # A role's source profile has providers of its own, which are made when they are needed.
        builder: Any = getattr(provider, "_profile_provider_builder", None)
        make: Any = getattr(builder, "_create_process_provider", None)
        if make is not None and not isinstance(make, _WatchedFactory):
            # see the module's docstring
            builder._create_process_provider = _WatchedFactory(make)  # noqa: SLF001
    return session


class _WatchedFactory:
    """Makes process providers whose processes are noted."""

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _watch(self._make(*args, **kwargs))


class _NotingStarter:
    """Starts processes and notes them for `ending_children`."""

    def __init__(self, start: Callable[..., Awaitable[Any]]) -> None:
        self._start = start

    async def __call__(self, *args: Any, **kwargs: Any) -> Any:
        process: Any = await self._start(*args, **kwargs)
        started = _started.get()
        if started is not None:
            started.append(process)
        return process


def _watch(provider: Any) -> Any:
    start: Any = getattr(provider, "_popen", None)
    if start is not None and not isinstance(start, _NotingStarter):
        provider._popen = _NotingStarter(start)  # noqa: SLF001  # see the module's docstring
    return provider


def _kill(process: Any) -> None:
    """Kill a process and those that it has started, which would otherwise run on."""
    descendants = list(_descendants([process.pid]))
    with suppress(ProcessLookupError):
        process.kill()
    for pid in descendants:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGTERM)


def _descendants(pids: Iterable[int]) -> Iterable[int]:
    """The processes below these, on a system that has `/proc` (Linux)."""
    for pid in pids:
        try:
            path = f"/proc/{pid}/task/{pid}/children"
            with open(path, encoding="ascii") as file:  # noqa: PTH123  # pathlib is slow to import
                children = [int(each) for each in file.read().split()]
        except (OSError, ValueError):
            continue
        yield from children
        yield from _descendants(children)
