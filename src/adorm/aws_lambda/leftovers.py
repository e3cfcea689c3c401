"""Ends what a handler leaves behind in its loop: tasks and async generators. Nothing of it runs in
the next invocation."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from typing import Any

from adorm.aws_lambda.loop import Bounds, GivenUp, OwnLoop, PastDeadline

logger = logging.getLogger("adorm")

MOST_NAMED = 10
"""The most tasks that a log record names."""


def end_what_is_left(loop: OwnLoop, limit_s: float) -> None:
    """Cancel the tasks that the handler left, and finalise its async generators, within `limit_s`.

    The tasks are logged by their names. What does not end in time makes the loop unusable.
    """
    tasks = {task for task in loop.tasks() if not _closes_a_generator(task)}
    generators = loop.generators
    if not (tasks or loop.tasks() or generators.collected or generators.open()):
        return
    if tasks:
        logger.warning(
            "the handler left %d background task(s), cancelled now: %s. Lambda freezes the "
            "process once the handler has answered, so await them inside it",
            len(tasks),
            _named(tasks),
            extra={"adorm_background_tasks": [task.get_name() for task in tasks]},
        )
    with contextlib.suppress(PastDeadline, GivenUp):
        loop.run(_end(loop, limit_s / 3), Bounds(limit_s, 1.25 * limit_s))
    if left := loop.tasks():
        logger.error(
            "%d background task(s) of the handler ignore their cancellation: %s. The event loop "
            "and its connections are given up, the next invocation gets new ones",
            len(left),
            _named(left),
        )
        loop.give_up(left)


async def _end(loop: OwnLoop, patience_s: float) -> None:
    cancelled = False
    while True:
        if loop.generators.collected:
            loop.generators.collected = False
            await asyncio.sleep(0)  # now the loop makes the task that closes it
        tasks = loop.tasks() - {asyncio.current_task()}
        generators = loop.generators.open()
        if not tasks and not generators:
            return
        for task in tasks:
            if cancelled or not _closes_a_generator(task):
                task.cancel()
        if tasks:
            # Tasks that have not ended by then are cancelled once more.
            ended, _ = await asyncio.wait(tasks, timeout=patience_s)
            cancelled = True
            for task in ended:
                _look_at(task)
        for generator in loop.generators.open():
            loop.generators.forget(generator)
            try:
                await generator.aclose()
            # of the user's generator, which is over by it
            except Exception as error:  # noqa: BLE001
                logger.warning(
                    "an async generator that the handler left failed when it was closed: %s",
                    type(error).__name__,
                )


def _closes_a_generator(task: asyncio.Task[Any]) -> bool:
    """Whether the loop made this task to close an async generator that was garbage-collected."""
    # The type of what `aclose()` returns; it has no public name.
    return type(task.get_coro()).__name__ == "async_generator_athrow"


def _look_at(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.warning(
            "background task %s had failed, or failed when it was cancelled: %s",
            _name(task),
            type(error).__name__,
        )


def _named(tasks: Iterable[asyncio.Task[Any]]) -> str:
    names = sorted(_name(task) for task in tasks)
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"{', '.join(names[:MOST_NAMED])}{more}"


def _name(task: asyncio.Task[Any]) -> str:
    """A task's name and function. Not its repr, which may show values."""
    function = getattr(task.get_coro(), "__qualname__", None)
    return f"{task.get_name()} ({function})" if function else task.get_name()
