"""A table of notes for the transports to engines inside the process, and what to send to it."""

from __future__ import annotations

from typing import Any

from adorm.transport.base import Transport

TABLE: dict[str, Any] = {
    "TableName": "notes",
    "BillingMode": "PAY_PER_REQUEST",
    "KeySchema": [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ],
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "sk", "AttributeType": "B"},
    ],
}
KEY: dict[str, Any] = {"pk": {"S": "x"}, "sk": {"B": b"\x00\xff"}}


async def put(transport: Transport, **attributes: Any) -> dict[str, Any]:
    return await transport.send("PutItem", {"TableName": "notes", "Item": {**KEY, **attributes}})


async def get(transport: Transport) -> dict[str, Any]:
    item: dict[str, Any] = (
        await transport.send("GetItem", {"TableName": "notes", "Key": KEY})
    ).get("Item", {})
    return item


def adding(token: str, amount: str = "1") -> dict[str, Any]:
    update = {
        "TableName": "notes",
        "Key": KEY,
        "UpdateExpression": "ADD n :n",
        "ExpressionAttributeValues": {":n": {"N": amount}},
    }
    return {"ClientRequestToken": token, "TransactItems": [{"Update": update}]}
