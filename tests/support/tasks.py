"""The tasks that are alive, apart from those of the test runner."""

from __future__ import annotations

import asyncio
from typing import Any


def tasks_alive() -> set[asyncio.Task[Any]]:
    """The loop's unfinished tasks, without the current one, those that run tests and fixtures, and
    those in which asyncio's servers accept connections."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    return {task for task in others if not _is_of_runner_or_server(task)}


def _is_of_runner_or_server(task: asyncio.Task[Any]) -> bool:
    name: str = getattr(task.get_coro(), "__qualname__", "")
    return "TestRunner" in name or name.endswith("_accept_connection2")
