"""Which tasks there are, apart from those of the test runner."""

from __future__ import annotations

import asyncio
from typing import Any


def tasks_alive() -> set[asyncio.Task[Any]]:
    """The loop's unfinished tasks, but for this one, those that run tests and fixtures, and those
    in which asyncio's servers accept."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    return {
        task for task in others if not _is_scenery(getattr(task.get_coro(), "__qualname__", ""))
    }


def _is_scenery(name: str) -> bool:
    return "TestRunner" in name or name.endswith("_accept_connection2")
