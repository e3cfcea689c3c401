"""Batches of which a part is left unprocessed.

DynamoDB does that when capacity runs out, or when an answer would be larger than 16 MB.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from random import Random
from typing import Any, cast

from adorm.dynamodb.values import as_json
from adorm.errors import UsageError
from adorm.transport.base import Answer, Request

UNPROCESSED: Mapping[str, str] = {
    "BatchGetItem": "UnprocessedKeys",
    "BatchWriteItem": "UnprocessedItems",
}
"""The operations that may leave something unprocessed, and the member of their answers with it."""

Entries = list[Any]
Size = Callable[[int], int]


def how_many(share: float | None, count: int | None, all_but: int | None) -> Size:
    """A function of the size of a batch that gives how many entries are left unprocessed.

    Raises:
        UsageError: none or several are given, or one is out of its range.
    """
    if sum(given is not None for given in (share, count, all_but)) != 1:
        raise UsageError(
            "say how much is left unprocessed by one of share=0.3, count=5 and all_but=1"
        )
    if share is not None:
        if not 0 <= share <= 1:
            raise UsageError(f"share={share!r}: a number from 0 to 1")
        # 0.29 * 100 is a little less than 29, because of rounding.
        return lambda total: int(share * total + 1e-9)
    for name, number in (("count", count), ("all_but", all_but)):
        if number is not None and number < 0:
            raise UsageError(f"{name}={number!r}: 0 or more")
    if count is not None:
        return lambda total: min(count, total)
    return lambda total: max(0, total - (all_but or 0))


async def send_in_part(
    operation: str,
    request: Request,
    send: Callable[[Request], Awaitable[Answer]],
    size: Size,
    random: Random,
) -> Answer:
    """Send a batch without some of its entries, and answer that these are unprocessed.

    `size(n)` gives how many of n entries are left, `random` chooses them. Where all are left,
    nothing is sent; DynamoDB would throttle such a batch instead.
    """
    tables: Mapping[str, Any] = request.get("RequestItems") or {}
    positions = [
        (table, index)
        for table, part in tables.items()
        for index in range(len(_entries(operation, part)))
    ]
    left = set(random.sample(positions, size(len(positions))))
    sent: dict[str, Any] = {}
    unprocessed: dict[str, Any] = {}
    for table, part in tables.items():
        entries = list(enumerate(_entries(operation, part)))
        kept = [entry for index, entry in entries if (table, index) not in left]
        left_out = [entry for index, entry in entries if (table, index) in left]
        if kept:
            sent[table] = _with_entries(operation, part, kept)
        if left_out:
            unprocessed[table] = _with_entries(operation, part, left_out)
    answer = await send({**request, "RequestItems": sent}) if sent else {}
    if not sent and operation == "BatchGetItem":
        answer["Responses"] = {}
    member = UNPROCESSED[operation]
    both = dict(answer.get(member) or {})
    for table, part in unprocessed.items():
        before = _entries(operation, both[table]) if table in both else []
        entries = [*before, *as_json(_entries(operation, part))]
        both[table] = _with_entries(operation, part, entries)
    return {**answer, member: both}


def _entries(operation: str, part: Any) -> Entries:
    """The keys, puts and deletes of one table's part of a batch."""
    return cast("Entries", part["Keys"] if operation == "BatchGetItem" else part)


def _with_entries(operation: str, part: Any, entries: Entries) -> Any:
    return {**part, "Keys": entries} if operation == "BatchGetItem" else entries
