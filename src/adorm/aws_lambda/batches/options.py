"""The options that handlers of batches have in common."""

from __future__ import annotations

from adorm.checks import count, seconds
from adorm.errors import UsageError

DEFAULT_CONCURRENCY = 16
DEFAULT_STOP_BEFORE_S = 0.5


def check_options(
    concurrency: object, stop_before_s: object = DEFAULT_STOP_BEFORE_S, on_failure: object = None
) -> None:
    """Refuse wrong options.

    Raises:
        UsageError: one of them has the wrong type, or is out of range.
    """
    count("concurrency", concurrency)
    seconds("stop_before_s", stop_before_s, zero=True)
    if on_failure is not None and not callable(on_failure):
        raise UsageError("on_failure is a function of an outcome, async or not")
