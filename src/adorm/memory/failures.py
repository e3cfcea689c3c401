"""Internal: logs errors of the engine itself."""

from __future__ import annotations

import logging
import traceback

MAX_CAUSES = 10


def log_failure(logger: logging.Logger, operation: str, error: Exception) -> None:
    """Log an error of the engine itself, without its text, which may hold values of an item.

    Args:
        logger: the logger to write to.
        operation: the name of the operation that failed.
        error: the error, with the errors that caused it.
    """
    frames: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(frames) < MAX_CAUSES:
        name = type(cause).__qualname__
        frames.append(f"{name}\n{''.join(traceback.format_tb(cause.__traceback__)).rstrip()}")
        cause = cause.__cause__ or cause.__context__
    logger.error("%s failed inside the engine: %s", operation, "\nafter ".join(frames))
