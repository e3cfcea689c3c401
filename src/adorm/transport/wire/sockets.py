"""What asyncio's transports do not offer: the state of a socket, and its end without a loop."""

from __future__ import annotations

import asyncio
import select
import sys
from contextlib import suppress
from typing import Any


def poll_for_reading(transport: asyncio.BaseTransport) -> select.poll | None:
    """A poll that tells whether the transport's socket has something to read.

    None if the platform has no `poll`, or the transport no socket.
    """
    socket = transport.get_extra_info("socket")
    if socket is None or not hasattr(select, "poll"):
        return None
    poll = select.poll()
    poll.register(socket.fileno(), select.POLLIN)
    return poll


def queued_bytes(transport: asyncio.Transport | None) -> int:
    """How many written bytes the system still holds because the other side has not taken them.

    0 if the platform does not tell.
    """
    if transport is None:
        return 0
    try:
        import fcntl  # not on Windows
        import termios

        descriptor = transport.get_extra_info("socket").fileno()
        size = fcntl.ioctl(descriptor, termios.TIOCOUTQ, bytes(4))
    except (ImportError, AttributeError, OSError):
        return 0
    return int.from_bytes(size, sys.byteorder)


def close_without_loop(transport: Any) -> None:
    """Close the socket of a transport whose event loop is closed.

    `abort` has the loop call the transport's `_call_connection_lost`, which closes the socket; a
    closed loop calls nothing, and asyncio has no public way. Without this call each transport warns
    that it was not closed when it is collected. uvloop's transports have no such method: uvloop
    closes their sockets together with the loop (docs/decisions/0028).
    """
    with suppress(RuntimeError):  # "Event loop is closed"
        transport.abort()
    tls = getattr(transport, "_ssl_protocol", None)
    below = getattr(tls, "_transport", None) or transport
    close = getattr(below, "_call_connection_lost", None)
    if close is not None:
        # RuntimeError: the TLS layer asks the closed loop for something. AttributeError: the socket
        # was closed before.
        with suppress(RuntimeError, AttributeError):
            close(None)
