"""A wire transport to a loopback server."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from adorm.transport.credentials.credentials import Credentials
from adorm.transport.wire.transport import WireTransport
from tests.support.loopback import LoopbackServer

KEY = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI", "a-session-token")
GET: dict[str, Any] = {"TableName": "orders", "Key": {"pk": {"S": "c1"}}}


@asynccontextmanager
async def opened(server: LoopbackServer, **options: Any) -> AsyncGenerator[WireTransport]:
    """An open transport to the server; `options` are WireTransport's, and come before what is set
    here."""
    settings: dict[str, Any] = {
        "region": "eu-central-1",
        "endpoint_url": server.url,
        "credentials": KEY,
        "environ": {},
    }
    transport = WireTransport(**(settings | options))
    await transport.open()
    try:
        yield transport
    finally:
        await transport.close()
