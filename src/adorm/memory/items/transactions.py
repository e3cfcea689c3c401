"""Internal: what transactions of items and of PartiQL share: reasons, limits and request tokens.

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
    from adorm.memory.storage.table import Table, TableChange

REASON_CODES: Mapping[str, str] = {
    "ConditionalCheckFailedException": "ConditionalCheckFailed",
    "DuplicateItemException": "DuplicateItem",
    "ProvisionedThroughputExceededException": "ProvisionedThroughputExceeded",
    "ResourceNotFoundException": "ResourceNotFound",
    "TransactionConflictException": "TransactionConflict",
    "ValidationException": "ValidationError",
}
"""The code of an error, and its code as a cancellation reason or as the error of one statement of a
batch."""


def reason_of(error: EngineError, wording: Wording) -> dict[str, Any]:
    """Turn the error of one action into a cancellation reason.

    Raises:
        EngineError: the error concerns the transaction as a whole, not one action.
    """
    code = REASON_CODES.get(error.code)
    if code is None:
        raise error
    return {"Code": code, "Message": error.text(wording), **error.fields}


def cancelled(reasons: Sequence[dict[str, Any] | None]) -> EngineError:
    """Make a `TransactionCanceledException`; None stands for an action without a fault."""
    shown = [{"Code": "None"} if each is None else each for each in reasons]
    codes = ", ".join(each["Code"] for each in shown)
    return EngineError(
        "TransactionCanceledException",
        f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
        fields={"CancellationReasons": shown},
    )


def same_item_twice() -> EngineError:
    """The refusal of a transaction that names one item twice."""
    return invalid("Transaction request cannot include multiple operations on one item")


def check_targets(writes: Iterable[ItemWrite]) -> None:
    """Refuse a transaction with two operations on one item.

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
) -> list[tuple[ItemWrite, TableChange]]:
    """Apply all writes, or none.

    Args:
        database: the database that is written.
        writes: each write, or the error that reading it raised.

    Returns:
        Each write and the change that it made. A check of a condition changes nothing.

    Raises:
        EngineError: `TransactionCanceledException`, with a reason for each action.
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
            database.check_throughput(write.table, write=True)
            evaluated.append((write, write.evaluate()))
        except EngineError as error:
            reasons.append(reason_of(error, wording))
        else:
            reasons.append(None)
    if any(reasons):
        raise cancelled(reasons)
    prepared = [(write, each, write.prepare(database, each)) for write, each in evaluated]
    return [(write, write.commit(each, ready)) for write, each, ready in prepared]


def consumed_by_writes(done: Iterable[tuple[ItemWrite, TableChange]]) -> list[Consumed]:
    """The units that writes used, by table."""
    by_table: dict[str, Consumed] = {}
    for write, change in done:
        used = by_table.setdefault(write.table.name, Consumed(write.table))
        used.add_change(change, factor=TRANSACTION_FACTOR)
    return list(by_table.values())


def written_sizes(done: Iterable[tuple[ItemWrite, TableChange]]) -> list[tuple[str, int]]:
    """For each item the table's name and the bytes of the larger item of old and new."""
    return [(write.table.name, max(_size(change.old), _size(change.new))) for write, change in done]


def _size(stored: StoredItem | None) -> int:
    return 0 if stored is None else stored.size


class Token(NamedTuple):
    """The `ClientRequestToken` of a transaction, read before anything is written."""

    text: str | None
    """The token; None if the request has none."""
    request: bytes
    """A digest of everything that a repeated request must not change."""


def read_token(request: Mapping[str, Any], parts: Callable[[], Sequence[Any]]) -> Token:
    """Read the token of a request.

    Args:
        request: a TransactWriteItems or ExecuteTransaction request.
        parts: returns everything that a repeated request must not change. Its values are canonical,
            which limits their depth.
    """
    text: str | None = request.get("ClientRequestToken")
    if text is None:
        return Token(None, b"")
    content = orjson.dumps(parts(), option=orjson.OPT_SORT_KEYS)
    return Token(text, hashlib.sha256(content).digest())


class CompletedTransaction(NamedTuple):
    """The result of a transaction that had a token."""

    request: bytes
    """The digest of its `Token`."""
    at: float
    sizes: list[tuple[str, int]]
    """For each item the table's name and its bytes. A repeated request is charged for reading them.
    """


def find_completed(database: Database, token: Token) -> CompletedTransaction | None:
    """Find the earlier transaction with this token; None if there is none.

    Each call also removes the results that are older than `TOKEN_LIFE_S`.

    Raises:
        EngineError: the token was used with another request.
    """
    now = database.now()
    while database.tokens:
        oldest = next(iter(database.tokens))
        if now - database.tokens[oldest].at < TOKEN_LIFE_S:
            break
        del database.tokens[oldest]
    if token.text is None:
        return None
    found: CompletedTransaction | None = database.tokens.get(token.text)
    if found is not None and found.request != token.request:
        raise EngineError(
            "IdempotentParameterMismatchException",
            "The request uses the same client token as a previous, but non-identical request.",
        )
    return found


def keep_completed(database: Database, token: Token, sizes: list[tuple[str, int]]) -> None:
    """Keep the result of a transaction under its token."""
    if token.text is not None:
        database.tokens[token.text] = CompletedTransaction(token.request, database.now(), sizes)


def replay_units(database: Database, completed: CompletedTransaction) -> list[Consumed]:
    """The units of a repeated request: it reads the items. Deleted tables cost nothing."""
    by_table: dict[str, Consumed] = {}
    for name, size in completed.sizes:
        table = database.tables.get(name)
        if table is None:
            continue
        used = by_table.setdefault(name, Consumed(table))
        used.units += TRANSACTION_FACTOR * read_units(size, consistent=True)
    return list(by_table.values())
