"""The children that aiobotocore runs for a profile's `credential_process`: none is left behind.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from typing import Any, TypeVar

SessionT = TypeVar("SessionT")

END_LIMIT_S = 1.0
"""For a killed process to be reaped."""

_started: ContextVar[list[Any] | None] = ContextVar("adorm_credential_processes", default=None)
"""The processes that were started in this block, None outside."""


@asynccontextmanager
async def ending_children() -> AsyncGenerator[None, None]:
    """Kill, at the end of the block, the credential processes started in it that still run.

    Bounded by a second for each.
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
                async with asyncio.timeout(END_LIMIT_S):
                    await process.wait()


def watch_children(session: SessionT) -> SessionT:
    """Have the processes of this session be known to `ending_children`; gives the session."""
    component: Any = getattr(session, "get_component", None)
    resolver: Any = component("credential_provider") if callable(component) else None
    for provider in getattr(resolver, "providers", ()):
        _watch(provider)
        # A role's source profile has providers of its own, made when they are needed.
        builder: Any = getattr(provider, "_profile_provider_builder", None)
        make: Any = getattr(builder, "_create_process_provider", None)
        if make is not None and not isinstance(make, _Making):
            builder._create_process_provider = _Making(make)  # noqa: SLF001  # there is no hook
    return session


class _Making:
    """Makes process providers that are watched."""

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _watch(self._make(*args, **kwargs))


class _Starting:
    """Starts processes, and notes them."""

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
    if start is not None and not isinstance(start, _Starting):
        provider._popen = _Starting(start)  # noqa: SLF001  # botocore has no hook for it
    return provider


def _kill(process: Any) -> None:
    """Kill a process and what it has started: what a script waits for would live on."""
    descendants = list(_descendants([process.pid]))
    with suppress(ProcessLookupError):
        process.kill()
    for pid in descendants:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGTERM)


def _descendants(pids: Iterable[int]) -> Iterable[int]:
    """The processes below these, where the system tells (Linux does)."""
    for pid in pids:
        try:
            path = f"/proc/{pid}/task/{pid}/children"
            with open(path, encoding="ascii") as file:  # noqa: PTH123  # pathlib is slow to import
                children = [int(each) for each in file.read().split()]
        except (OSError, ValueError):
            continue
        yield from children
        yield from _descendants(children)
