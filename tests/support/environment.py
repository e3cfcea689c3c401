"""What the tests run on: the event loops, and whether this is CI."""

from __future__ import annotations

import os
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
