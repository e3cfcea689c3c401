"""adorm's pytest plugin: the fixture `adorm_db`.

An async fixture like any other: anyio's pytest plugin runs it, and so does pytest-asyncio in auto mode. Loaded at every start
of pytest where adorm is installed, so it imports nothing heavy before it is used.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from adorm.database import Database


@pytest.fixture
async def adorm_db() -> AsyncIterator[Database]:
    """An empty database inside the process, this test's own."""
    from adorm.connecting import connect

    async with connect("memory") as database:
        yield database
