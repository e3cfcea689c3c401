"""aioboto3's resource: one item."""

# aioboto3 is not installed where types are checked:
# pyright: basic, reportMissingImports=false

import asyncio
import sys
from typing import Any

import aioboto3
from told import tell

KEY = {"customer_id": "customer-00000000001", "order_id": "order#2026-11-21#000000"}


async def main() -> None:
    session: Any = aioboto3.Session()
    async with session.resource(
        "dynamodb", region_name="eu-central-1", endpoint_url=sys.argv[1]
    ) as resource:
        table: Any = await resource.Table("orders")
        tell((await table.get_item(Key=KEY))["Item"]["address"]["city"] == "Berlin")


asyncio.run(main())
