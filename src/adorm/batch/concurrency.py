"""How many requests a batch has in flight."""

from __future__ import annotations

from adorm.checks import count

DEFAULT_CONCURRENCY = 8
MAX_CONCURRENCY = 10_000


def checked_concurrency(chunks: int) -> int:
    """The number of requests in flight, checked.

    Raises:
        UsageError: it is not a whole number from 1 to 10,000.
    """
    return count("concurrency, the most requests in flight", chunks, most=MAX_CONCURRENCY)
