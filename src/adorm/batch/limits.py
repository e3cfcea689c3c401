"""How much of a batch runs at a time."""

from __future__ import annotations

DEFAULT_CONCURRENCY = 8
MAX_CONCURRENCY = 10_000
