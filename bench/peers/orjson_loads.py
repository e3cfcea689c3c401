"""The least that reading costs: orjson.loads of the same answers, without network and types."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import orders
import orjson
from peers.base import Peer


@asynccontextmanager
async def opened(url: str) -> AsyncGenerator[Peer, None]:
    item = orders.encoded({"Item": orders.item(0)})
    page = orders.query_page()
    chunks = [
        orders.encoded(
            {
                "Responses": {
                    orders.TABLE: [orders.item(number) for number in range(first, first + 100)]
                }
            }
        )
        for first in range(0, orders.BATCH_KEYS, 100)
    ]
    pages = [orders.scan_page(number) for number in range(orders.SEGMENT_PAGES)] * orders.SEGMENTS
    stored, text = orders.item(0), orders.encoded(orders.item(0))
    yield Peer(
        plain=lambda _: {},
        sync_calls={
            "get": lambda: orjson.loads(item),
            "page": lambda: orjson.loads(page),
            "batch": lambda: [orjson.loads(chunk) for chunk in chunks],
            "scan": lambda: sum(1 for each in pages for _ in orjson.loads(each)["Items"]),
        },
        codec={"encode": lambda: orjson.dumps(stored), "decode": lambda: orjson.loads(text)},
    )
