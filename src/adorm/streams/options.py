"""The options that handlers of batches share, and the hook that is told of failures."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from typing import TypeVar

from adorm.checks import count, seconds
from adorm.errors import UsageError

T = TypeVar("T")

logger = logging.getLogger("adorm")

DEFAULT_CONCURRENCY = 16
DEFAULT_STOP_BEFORE_S = 0.5


def check_options(concurrency: object, stop_before_s: object, on_failure: object) -> None:
    """Refuse what can't be an option.

    Raises:
        UsageError: one of them.
    """
    count("concurrency", concurrency)
    seconds("stop_before_s", stop_before_s, zero=True)
    if on_failure is not None and not callable(on_failure):
        raise UsageError("on_failure is a function of an outcome, async or not")


async def tell(on_failure: Callable[[T], object] | None, outcome: T, whose: str) -> None:
    """Tell the hook of a failure. Never raises."""
    if on_failure is None:
        return
    try:
        told = on_failure(outcome)
        if inspect.isawaitable(told):
            await told
    except Exception as error:  # noqa: BLE001  # a hook disturbs nothing, and its words may hold values
        logger.error("on_failure of %s failed itself: %s", whose, type(error).__name__)  # noqa: TRY400
