"""What the tests run on: the event loops, and whether this is CI."""

from __future__ import annotations

import os
import socket
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import pytest

IN_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}

ASYNCIO: tuple[str, dict[str, Any]] = ("asyncio", {})
UVLOOP: tuple[str, dict[str, Any]] = ("asyncio", {"use_uvloop": True})
LOOPS = [
    pytest.param(ASYNCIO, id="asyncio"),
    *([pytest.param(UVLOOP, id="uvloop")] if find_spec("uvloop") else []),
]
"""Parameters for modules that run on both loops: `@pytest.fixture(params=LOOPS)` over
`anyio_backend`."""


@contextmanager
def refusing_port() -> Generator[int, None, None]:
    """A port of 127.0.0.1 that refuses connections in the block: taken, without a listener."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]
