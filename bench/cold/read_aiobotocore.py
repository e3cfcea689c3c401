"""Raw aiobotocore: one item."""

import asyncio
import sys
from typing import Any

from aiobotocore.session import get_session
from told import tell

KEY = {"customer_id": {"S": "customer-00000000001"}, "order_id": {"S": "order#2026-11-21#000000"}}


async def main() -> None:
    session: Any = get_session()
    async with session.create_client(
        "dynamodb", region_name="eu-central-1", endpoint_url=sys.argv[1]
    ) as client:
        answer = await client.get_item(TableName="orders", Key=KEY)
        tell(answer["Item"]["address"]["M"]["city"]["S"] == "Berlin")


asyncio.run(main())
