"""`db.transact_get()`: several items as they were at one moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import attrs

from adorm.dynamodb.limits import MAX_TRANSACTION_ACTIONS, MAX_TRANSACTION_BYTES, READ_UNIT_BYTES
from adorm.errors import (
    AdormError,
    ConditionalCheckFailed,
    TransactionCanceled,
    UsageError,
    ValidationFailed,
)
from adorm.items.binding import Binding, Connection
from adorm.items.keys import Key
from adorm.items.operation import Retriable
from adorm.items.plan import Cost, Plan
from adorm.tx.block import Bind
from adorm.tx.reasons import explained
from adorm.tx.request import identity

ResultT = TypeVar("ResultT")


@attrs.frozen(eq=False)
class GetPart:
    """One item of a transactional read."""

    binding: Binding
    key: Key[Any]

    @property
    def label(self) -> str:
        return f"get {self.key}"

    def failure(self, error: ConditionalCheckFailed, /) -> AdormError:
        """A read has no condition."""
        return error

    def explain(self, error: ValidationFailed, /) -> None:
        """A read has no clauses."""


def get_parts(bind: Bind, keys: Iterable[Key[Any]]) -> tuple[GetPart, ...]:
    """The keys, each with its table.

    Raises:
        UsageError: something is no key.
    """
    parts: list[GetPart] = []
    for place, key in enumerate(keys):
        if not isinstance(key, Key):  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
            raise UsageError(
                f"transact_get() takes keys, which know their model: orders.key(...), not {key!r} (at place {place})"
            )
        parts.append(GetPart(bind(key.info.model, key.table_name), key))
    return tuple(parts)


@attrs.define(eq=False, repr=False)
class TransactGet(Retriable[ResultT]):
    """A read of up to 100 items and 4 MB as they were at one moment, on any tables of a database.

    Always consistent, at twice the read units of a consistent get. A write to one of the items at
    the same time is a conflict, which is retried. A key given twice is read once.

    Raises (when awaited):
        TransactionCanceled: writes were in the way on every attempt; `.reasons` tells for each
            item, as given in the request.
        ItemDecodeError: an item does not fit its model.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactGetItems.html
    """

    only_reads = True

    _connection: Connection
    _parts: tuple[GetPart, ...]
    _collect: Callable[[list[Any]], Any]

    def request(self) -> dict[str, Any]:
        return self._build()[0]

    def explain(self) -> Plan:
        most = MAX_TRANSACTION_BYTES / READ_UNIT_BYTES * 2
        cost = Cost(
            least_units=2.0 * len(self._parts),
            most_units_per_page=most,
            note="2 read units for each 4 KB of each item",
        )
        tables = ", ".join(dict.fromkeys(part.binding.table_name for part in self._parts))
        return Plan(
            operation="TransactGetItems", table=tables, reason="the whole keys are given", cost=cost
        )

    def _build(self) -> tuple[dict[str, Any], list[int], list[GetPart]]:
        """The request, for each key given the place of its item in the answer, and what is asked
        for."""
        places: dict[Any, int] = {}
        asked: list[GetPart] = []
        gets: list[dict[str, Any]] = []
        order: list[int] = []
        for number, part in enumerate(self._parts):
            try:
                key = part.binding.encode_key(part.key)
            except UsageError as error:
                error.add_note(f"this is the key at place {number}, {part.key}")
                raise
            place = places.setdefault(identity(part.binding, key), len(gets))
            if place == len(gets):
                gets.append({"Get": {"TableName": part.binding.table_name, "Key": key}})
                asked.append(part)
            order.append(place)
        if len(gets) > MAX_TRANSACTION_ACTIONS:
            raise UsageError(
                f"{len(gets)} keys are given, and DynamoDB reads {MAX_TRANSACTION_ACTIONS} in a transaction: "
                "batch_get() reads any number, if it need not be at one moment"
            )
        return {"TransactItems": gets}, order, asked

    async def _run(self) -> ResultT:
        request, order, asked = self._build()
        if not asked:
            empty: ResultT = self._collect([])
            return empty
        try:
            answer = await self._connection.call(
                "TransactGetItems", request, subject=self._describe, retry=self._retry
            )
        except TransactionCanceled as error:
            raise explained(error, asked) from error.__cause__
        found = [response.get("Item") for response in answer.get("Responses", [])]
        items: list[Any] = []
        for part, place in zip(self._parts, order, strict=True):
            attribute_map = found[place]
            absent = not attribute_map or part.binding.is_other_kind(attribute_map)
            items.append(None if absent else part.binding.decode(attribute_map))
        result: ResultT = self._collect(items)
        return result

    def _describe(self) -> str:
        first = str(self._parts[0].key)
        return first if len(self._parts) == 1 else f"{first} and {len(self._parts) - 1} more"
