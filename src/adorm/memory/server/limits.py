"""Internal: what the server takes from a client at most, and how long it waits for one."""

from __future__ import annotations

import sys

import attrs

SPARE_FILES = 64
"""Files that the process keeps for anything but connections."""


def default_connections() -> int:
    """1000, or fewer where the process may not open so many files."""
    if sys.platform == "win32":
        return 1000
    import resource

    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1000 if files == resource.RLIM_INFINITY else max(16, min(1000, files - SPARE_FILES))


@attrs.frozen(kw_only=True)
class Limits:
    """What the server takes from a client at most, and how long it waits for one."""

    body_bytes: int = 16 * 1024 * 1024
    """A longer body is refused with 413, as the service does, before it is read.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/CommonErrors.html
    """
    head_bytes: int = 64 * 1024
    """Request line and headers together."""
    headers: int = 100
    connections: int = attrs.field(factory=default_connections)
    """One more is answered with 503 and closed."""
    idle_s: float = 120.0
    """How long a connection may lie between two requests."""
    request_s: float = 60.0
    """How long a request may take from its first byte to its last."""
    write_s: float = 60.0
    """How long a client may read nothing of an answer that waits for it."""
    linger_s: float = 10.0
    """How long a refused client may still send, so that it can read the refusal afterwards."""
    stop_s: float = 5.0
    """How long `stop` waits for requests that are on their way."""
