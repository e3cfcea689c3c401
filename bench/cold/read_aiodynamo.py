"""aiodynamo on aiohttp: one item."""

# aiodynamo is not installed where types are checked:
# pyright: basic, reportMissingImports=false

import asyncio
import sys

from aiodynamo.client import URL, Client
from aiodynamo.credentials import Credentials
from aiodynamo.http.aiohttp import AIOHTTP
from aiohttp import ClientSession
from told import tell

KEY = {"customer_id": "customer-00000000001", "order_id": "order#2026-11-21#000000"}


async def main() -> None:
    async with ClientSession() as session:
        client = Client(AIOHTTP(session), Credentials.auto(), "eu-central-1", URL(sys.argv[1]))
        item = await client.table("orders").get_item(KEY)
        tell(item["address"]["city"] == "Berlin")


asyncio.run(main())
