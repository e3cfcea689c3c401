"""adorm by its own wire."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from peers import adorm_models
from peers.base import CONNECTIONS, REGION, Peer

import adorm


@asynccontextmanager
async def opened(url: str) -> AsyncGenerator[Peer, None]:
    async with adorm.connect(region=REGION, endpoint_url=url, max_connections=CONNECTIONS) as db:
        yield adorm_models.peer(db)
