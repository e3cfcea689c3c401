"""Internal: what the transactions of items and of PartiQL have in common: their reasons, limits and
tokens.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from adorm.memory.errors import EngineError, Wording, invalid
from adorm.memory.items.consumed_capacity import TRANSACTION_FACTOR, Consumed, read_units
from adorm.memory.items.item_write import EvaluatedWrite, ItemWrite
from adorm.memory.limits import MAX_TRANSACTION_BYTES, TOKEN_LIFE_S
from adorm.memory.storage.keys import Position
from adorm.memory.storage.ordered_items import StoredItem

if TYPE_CHECKING:
    from adorm.memory.database import Database
    from adorm.memory.storage.table import Change, Table

REASON_CODES: Mapping[str, str] = {
    "ConditionalCheckFailedException": "ConditionalCheckFailed",
    "DuplicateItemException": "DuplicateItem",
    "ProvisionedThroughputExceededException": "ProvisionedThroughputExceeded",
    "ResourceNotFoundException": "ResourceNotFound",
    "TransactionConflictException": "TransactionConflict",
    "ValidationException": "ValidationError",
}
"""An error's code outside a transaction, and the code of the reason that it is inside of one."""


def reason_of(error: EngineError, wording: Wording) -> dict[str, Any]:
    """The cancellation reason that an error of one part becomes.

    Raises:
        EngineError: the error is none of a part, but of the transaction as a whole.
    """
    code = REASON_CODES.get(error.code)
    if code is None:
        raise error
    return {"Code": code, "Message": error.text(wording), **error.fields}


def cancelled(reasons: Sequence[dict[str, Any] | None]) -> EngineError:
    """A `TransactionCanceledException`; None stands for a part that was fine."""
    shown = [{"Code": "None"} if each is None else each for each in reasons]
    codes = ", ".join(each["Code"] for each in shown)
    return EngineError(
        "TransactionCanceledException",
        f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
        fields={"CancellationReasons": shown},
    )


def same_item_twice() -> EngineError:
    """What a transaction answers that names one item twice."""
    return invalid("Transaction request cannot include multiple operations on one item")


def check_targets(writes: Iterable[ItemWrite]) -> None:
    """Refuse two operations on one item.

    Raises:
        EngineError: two operations are on one item.
    """
    check_distinct_items((write.table, write.position) for write in writes)


def check_distinct_items(targets: Iterable[tuple[Table, Position]]) -> None:
    """Refuse a transaction that names one item twice.

    Raises:
        EngineError: the transaction names an item twice.
    """
    seen: set[tuple[str, Position]] = set()
    for table, position in targets:
        target = (table.name, position)
        if target in seen:
            raise same_item_twice()
        seen.add(target)


def check_total_bytes(sizes: Iterable[int]) -> None:
    """Refuse a transaction whose items have more than 4 MB together.

    Raises:
        EngineError: the items have more than 4 MB together.
    """
    if sum(sizes) > MAX_TRANSACTION_BYTES:
        raise invalid(
            "Collection size of items exceeded, which can also be caused by the aggregate size of"
            " the items in the transaction exceeding the 4MB limit"
        )


def carry_out(
    database: Database, writes: Sequence[ItemWrite | EngineError]
) -> list[tuple[ItemWrite, Change]]:
    """Do all writes, or none.

    Args:
        database: where.
        writes: each write, or the error that was found when it was read.

    Returns:
        Each write and what it changed. A check of a condition changes nothing.

    Raises:
        EngineError: `TransactionCanceledException`, with a reason for each part.
    """
    wording = database.options.wording
    reasons: list[dict[str, Any] | None] = []
    evaluated: list[tuple[ItemWrite, EvaluatedWrite]] = []
    for write in writes:
        if isinstance(write, EngineError):
            reasons.append(reason_of(write, wording))
            continue
        try:
            database.check_not_held(write.table, write.position)
            database.admit(write.table, write=True)
            evaluated.append((write, write.evaluate()))
        except EngineError as error:
            reasons.append(reason_of(error, wording))
        else:
            reasons.append(None)
    if any(reasons):
        raise cancelled(reasons)
    prepared = [(write, each, write.prepare(database, each)) for write, each in evaluated]
    return [(write, write.commit(each, ready)) for write, each, ready in prepared]


def consumed_by_writes(done: Iterable[tuple[ItemWrite, Change]]) -> list[Consumed]:
    """The units that writes used, by table."""
    by_table: dict[str, Consumed] = {}
    for write, change in done:
        used = by_table.setdefault(write.table.name, Consumed(write.table))
        used.add_change(change, factor=TRANSACTION_FACTOR)
    return list(by_table.values())


def written_sizes(done: Iterable[tuple[ItemWrite, Change]]) -> list[tuple[str, int]]:
    """The table's name and the bytes of each item: of the larger one of those before and after."""
    return [(write.table.name, max(_size(change.old), _size(change.new))) for write, change in done]


def _size(stored: StoredItem | None) -> int:
    return 0 if stored is None else stored.size


class Token(NamedTuple):
    """The `ClientRequestToken` of a transaction, read before anything is written."""

    text: str | None
    """None where the request has none."""
    request: bytes
    """A digest of everything that a repetition must not change."""


def read_token(request: Mapping[str, Any], parts: Callable[[], Sequence[Any]]) -> Token:
    """The token of a request.

    Args:
        request: of TransactWriteItems or ExecuteTransaction.
        parts: gives everything that a repetition must not change; its values are canonical, which
            bounds their depth.
    """
    text: str | None = request.get("ClientRequestToken")
    if text is None:
        return Token(None, b"")
    content = orjson.dumps(parts(), option=orjson.OPT_SORT_KEYS)
    return Token(text, hashlib.sha256(content).digest())


class Remembered(NamedTuple):
    """What a transaction with a token did."""

    request: bytes
    """The digest of its `Token`."""
    at: float
    sizes: list[tuple[str, int]]
    """The table's name and the bytes of each item: a repetition is charged for reading them."""


def recall(database: Database, token: Token) -> Remembered | None:
    """What an earlier transaction with this token did; None if it is to be carried out.

    What was remembered for long enough is forgotten, also where the request has no token.

    Raises:
        EngineError: the token came with another request.
    """
    now = database.now()
    while database.tokens:
        oldest = next(iter(database.tokens))
        if now - database.tokens[oldest].at < TOKEN_LIFE_S:
            break
        del database.tokens[oldest]
    if token.text is None:
        return None
    found: Remembered | None = database.tokens.get(token.text)
    if found is not None and found.request != token.request:
        raise EngineError(
            "IdempotentParameterMismatchException",
            "The request uses the same client token as a previous, but non-identical request.",
        )
    return found


def remember(database: Database, token: Token, sizes: list[tuple[str, int]]) -> None:
    """Keep what a transaction did under its token."""
    if token.text is not None:
        database.tokens[token.text] = Remembered(token.request, database.now(), sizes)


def replay_units(database: Database, remembered: Remembered) -> list[Consumed]:
    """What a repetition is charged: reading the items. Tables that are gone charge nothing."""
    by_table: dict[str, Consumed] = {}
    for name, size in remembered.sizes:
        table = database.tables.get(name)
        if table is None:
            continue
        used = by_table.setdefault(name, Consumed(table))
        used.units += TRANSACTION_FACTOR * read_units(size, consistent=True)
    return list(by_table.values())
