"""Internal: the server's limits for requests of a client, and its timeouts."""

from __future__ import annotations

import sys

import attrs

SPARE_FILES = 64
"""Open files that the process keeps free for everything except connections."""


def default_connections() -> int:
    """1000, or fewer if the process may not open so many files."""
    if sys.platform == "win32":
        return 1000
    import resource

    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1000 if files == resource.RLIM_INFINITY else max(16, min(1000, files - SPARE_FILES))


@attrs.frozen(kw_only=True)
class Limits:
    """The server's limits for requests of a client, and its timeouts."""

    body_bytes: int = 16 * 1024 * 1024
    """A longer body is refused with 413, as the service does, before it is read.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/CommonErrors.html
    """
    head_bytes: int = 64 * 1024
    """The request line and the headers together."""
    headers: int = 100
    connections: int = attrs.field(factory=default_connections)
    """A further connection is answered with 503 and closed."""
    idle_s: float = 120.0
    """Seconds that a connection may stay open between two requests."""
    request_s: float = 60.0
    """Seconds that a request may take from its first byte to its last."""
    write_s: float = 60.0
    """Seconds that a client may read nothing while an answer waits for it."""
    linger_s: float = 10.0
    """Seconds that a refused client may still send, so that it can then read the refusal."""
    stop_s: float = 5.0
    """Seconds that `stop` waits for requests in progress."""
