"""The request of a transaction: its actions, checked for what DynamoDB would refuse.

At most 100 actions, 4 MB together, and one for each item:
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adorm.codec.sizes import item_size, json_size
from adorm.dynamodb.limits import (
    MAX_TOKEN_CHARACTERS,
    MAX_TRANSACTION_ACTIONS,
    MAX_TRANSACTION_BYTES,
)
from adorm.errors import BadValue, UsageError
from adorm.items.item_ids import ItemId, item_id
from adorm.tx.write_action import WriteAction


def write_request(actions: Sequence[WriteAction[Any]], token: str) -> dict[str, Any]:
    """Build the actions into `{"TransactItems": [{"Update": {...}}, ...], "ClientRequestToken":
    ...}`.

    Raises:
        UsageError: there are too many actions, they are too large together, two are on one item, or
            one can't be sent; the message names it.
    """
    if len(actions) > MAX_TRANSACTION_ACTIONS:
        raise UsageError(
            f"the transaction has {len(actions)} operations and DynamoDB takes "
            f"{MAX_TRANSACTION_ACTIONS}; {actions[MAX_TRANSACTION_ACTIONS].label} is the first too "
            "many: split it where the parts need not hold together"
        )
    items: list[dict[str, Any]] = []
    numbers: dict[ItemId, int] = {}
    size = 0  # never less than DynamoDB counts
    for number, action in enumerate(actions, start=1):
        try:
            name, request = action.build()
        except UsageError as error:
            error.add_note(f"this is operation {number} of the transaction, {action.label}")
            raise
        key_or_item = request["Key"] if "Key" in request else request["Item"]
        other = numbers.setdefault(item_id(action.binding, key_or_item), number)
        if other != number:
            raise UsageError(
                f"operations {other} ({actions[other - 1].label}) and {number} ({action.label}) "
                "are on one item, and DynamoDB takes one operation for each item in a transaction: "
                "put the changes into one update, and a check into the write's when()"
            )
        items.append({name: request})
        size += _size_at_most(request)
        if size > MAX_TRANSACTION_BYTES:
            size = sum(_size(each) for item in items for each in item.values())
        if size > MAX_TRANSACTION_BYTES:
            raise UsageError(
                f"with operation {number} ({action.label}) the transaction has more than the "
                f"{MAX_TRANSACTION_BYTES} bytes that DynamoDB takes: split it"
            )
    return {"TransactItems": items, "ClientRequestToken": token}


def check_token(token: str | None) -> None:
    """Refuse what can't be an idempotency token."""
    if token is None:
        return
    is_text = isinstance(token, str)  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
    if not is_text or not 1 <= len(token) <= MAX_TOKEN_CHARACTERS:
        raise (BadValue if is_text else UsageError)(
            f"an idempotency token has 1 to {MAX_TOKEN_CHARACTERS} characters, "
            f"such as str(uuid4()); {token!r} does not fit"
        )


def _size_at_most(request: Mapping[str, Any]) -> int:
    """An upper bound of `_size`, computed in an eighth of its time."""
    try:
        return json_size(request)
    except TypeError as error:
        raise BadValue(f"the request can't be written as JSON: {error}") from error


def _size(request: Mapping[str, Any]) -> int:
    """The size in bytes as far as it is known before DynamoDB answers: of a put the item, of other
    actions their key and values."""
    if "Item" in request:
        return item_size(request["Item"])
    return item_size(request["Key"]) + item_size(request.get("ExpressionAttributeValues", {}))
