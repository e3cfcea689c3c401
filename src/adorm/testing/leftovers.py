"""Batches that are left unprocessed in part: what DynamoDB does when capacity or an answer's 16 MB
run out.

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
"""The operations that may leave something unprocessed, and the member of their answers that tells
what."""

Entries = list[Any]
Size = Callable[[int], int]


def how_many(share: float | None, count: int | None, all_but: int | None) -> Size:
    """How many of n are left, from exactly one of the three.

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
        # What 0.29 * 100 falls short of 29 by must not cost a key.
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
    """Send a batch without some of its entries, and answer that these are unprocessed; which ones,
    `random` says.

    A batch of which nothing is sent answers that all of it is unprocessed. DynamoDB would rather
    throttle it.
    """
    tables: Mapping[str, Any] = request.get("RequestItems") or {}
    places = [
        (table, index)
        for table, asked in tables.items()
        for index in range(len(_entries(operation, asked)))
    ]
    left = set(random.sample(places, size(len(places))))
    sent: dict[str, Any] = {}
    unprocessed: dict[str, Any] = {}
    for table, asked in tables.items():
        entries = _entries(operation, asked)
        for part, wanted in ((sent, False), (unprocessed, True)):
            chosen = [
                entry for index, entry in enumerate(entries) if ((table, index) in left) is wanted
            ]
            if chosen:
                part[table] = _with_entries(operation, asked, chosen)
    answer = await send({**request, "RequestItems": sent}) if sent else {}
    if not sent and operation == "BatchGetItem":
        answer["Responses"] = {}
    member = UNPROCESSED[operation]
    both = dict(answer.get(member) or {})
    for table, asked in unprocessed.items():
        before = _entries(operation, both[table]) if table in both else []
        both[table] = _with_entries(
            operation, asked, [*before, *as_json(_entries(operation, asked))]
        )
    return {**answer, member: both}


def _entries(operation: str, asked: Any) -> Entries:
    return cast("Entries", asked["Keys"] if operation == "BatchGetItem" else asked)


def _with_entries(operation: str, asked: Any, entries: Entries) -> Any:
    return {**asked, "Keys": entries} if operation == "BatchGetItem" else entries
