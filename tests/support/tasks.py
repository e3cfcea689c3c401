"""Which tasks there are, apart from those of the test runner."""

from __future__ import annotations

import asyncio
from typing import Any


def tasks_alive() -> set[asyncio.Task[Any]]:
    """The loop's unfinished tasks, but for this one and those that run tests and fixtures."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    return {task for task in others if "TestRunner" not in getattr(task.get_coro(), "__qualname__", "")}
