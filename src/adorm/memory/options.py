"""Internal: how an engine behaves."""

from __future__ import annotations

import time
from collections.abc import Callable

import attrs

from adorm.memory.errors import Wording


@attrs.frozen(kw_only=True)
class EngineOptions:
    """How an engine behaves."""

    wording: Wording = "new"
    """The messages of today's us-east-1, or those of regions that keep the earlier words."""
    now: Callable[[], float] = time.time
    """Seconds since 1970."""
    made_at_once: bool = True
    """Whether CreateTable's answer says ACTIVE already. The service never does."""
    table_delay_s: float = 0.0
    """How long a table stays CREATING, UPDATING or DELETING. With 0 it is done when it is next
    looked at."""
    throttle_above: tuple[float, float] | None = None
    """Read and write units a second above which a table throttles; None for never."""
    stream_shards: int = 1
    """How many shards a stream begins with. The service opens one for each partition of the
    table."""
