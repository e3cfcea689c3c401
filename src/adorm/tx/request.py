"""From the operations of a transaction to one request, with what DynamoDB would refuse refused by
name.

At most 100 operations, 4 MB together, and one for each item:
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from adorm.codec.sizes import item_size, json_size
from adorm.dynamodb.limits import (
    MAX_TOKEN_CHARACTERS,
    MAX_TRANSACTION_ACTIONS,
    MAX_TRANSACTION_BYTES,
)
from adorm.dynamodb.values import AttributeMap, canonical
from adorm.errors import BadValue, UsageError
from adorm.items.binding import Binding
from adorm.tx.write_action import WriteAction


def write_request(actions: Sequence[WriteAction[Any]], token: str) -> dict[str, Any]:
    """`{"TransactItems": [{"Update": {...}}, ...], "ClientRequestToken": ...}`.

    Raises:
        UsageError: too many operations, too large, two on one item, or one that would be refused by
            itself.
    """
    if len(actions) > MAX_TRANSACTION_ACTIONS:
        raise UsageError(
            f"the transaction has {len(actions)} operations and DynamoDB takes "
            f"{MAX_TRANSACTION_ACTIONS}; {actions[MAX_TRANSACTION_ACTIONS].label} is the first too "
            "many: split it where the parts need not hold together"
        )
    items: list[dict[str, Any]] = []
    numbers: dict[Hashable, int] = {}
    most = 0
    for number, action in enumerate(actions, start=1):
        try:
            name, request = action.build()
        except UsageError as error:
            error.add_note(f"this is operation {number} of the transaction, {action.label}")
            raise
        key = request["Key"] if "Key" in request else action.binding.key_attributes(request["Item"])
        other = numbers.setdefault(identity(action.binding, key), number)
        if other != number:
            raise UsageError(
                f"operations {other} ({actions[other - 1].label}) and {number} ({action.label}) "
                "are on one item, and DynamoDB takes one operation for each item in a transaction: "
                "put the changes into one update, and a check into the write's when()"
            )
        items.append({name: request})
        most += _size_at_most(request)
        if most > MAX_TRANSACTION_BYTES:
            most = sum(_size(each) for item in items for each in item.values())
        if most > MAX_TRANSACTION_BYTES:
            raise UsageError(
                f"with operation {number} ({action.label}) the transaction has more than the "
                f"{MAX_TRANSACTION_BYTES} bytes that DynamoDB takes: split it"
            )
    return {"TransactItems": items, "ClientRequestToken": token}


def identity(binding: Binding, key: AttributeMap) -> Hashable:
    """What is equal for two keys of one item, whatever way they were written."""
    return binding.table_name, tuple(
        sorted((name, canonical(value)) for name, value in key.items())
    )


def check_token(token: str | None) -> None:
    """Refuse what can't be an idempotency token.

    Raises:
        BadValue: the text is empty or longer than 36 characters.
        UsageError: it is no text.
    """
    if token is not None and not (
        isinstance(token, str)  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
        and 1 <= len(token) <= MAX_TOKEN_CHARACTERS
    ):
        kind = BadValue if isinstance(token, str) else UsageError  # pyright: ignore[reportUnnecessaryIsInstance]  # as above
        raise kind(
            f"an idempotency token has 1 to {MAX_TOKEN_CHARACTERS} characters, such as str(uuid4()); {token!r} does not fit"
        )


def _size_at_most(request: Mapping[str, Any]) -> int:
    """No less than `_size`, in an eighth of its time.

    Raises:
        BadValue: it holds a lone surrogate, which is no text.
    """
    try:
        return json_size(request)
    except TypeError as error:
        raise BadValue(f"the request can't be written as JSON: {error}") from error


def _size(request: Mapping[str, Any]) -> int:
    """What is known of an item's size before the wire: the whole of a put, key and values of
    everything else."""
    if "Item" in request:
        return item_size(request["Item"])
    return item_size(request["Key"]) + item_size(request.get("ExpressionAttributeValues", {}))
