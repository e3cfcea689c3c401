"""adorm on an aiobotocore client, which does the network's part."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from peers import adorm_models
from peers.base import CONNECTIONS, REGION, Peer

import adorm


@asynccontextmanager
async def opened(url: str) -> AsyncGenerator[Peer, None]:
    from aiobotocore.config import AioConfig
    from aiobotocore.session import get_session

    session: Any = get_session()
    config = AioConfig(max_pool_connections=CONNECTIONS, retries={"total_max_attempts": 1})
    async with (
        session.create_client(
            "dynamodb", region_name=REGION, endpoint_url=url, config=config
        ) as client,
        adorm.connect(client=client) as db,
    ):
        yield replace(adorm_models.peer(db), codec={})  # it is the same
