"""`db.transact_get()`: several items as they were at one moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Self, TypeVar

import attrs

from adorm.dynamodb.limits import MAX_TRANSACTION_ACTIONS, MAX_TRANSACTION_BYTES, READ_UNIT_BYTES
from adorm.errors import TransactionCanceled, UsageError
from adorm.items.binding import Connection
from adorm.items.item_ids import ItemId, item_id
from adorm.items.keys import Key
from adorm.items.plan import Cost, Plan
from adorm.items.retriable import Retriable
from adorm.tx.actions import GetAction, explained

ResultT = TypeVar("ResultT")


def get_actions(connection: Connection, keys: Iterable[Key[Any]]) -> tuple[GetAction, ...]:
    """The keys, each with its table."""
    actions: list[GetAction] = []
    for number, key in enumerate(keys, start=1):
        # unchecked callers
        if not isinstance(key, Key):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UsageError(
                f"key {number} of transact_get() is {key!r}: it takes keys that know their model, "
                "such as orders.key(...)"
            )
        actions.append(GetAction(connection.binding(key.info.model, key.table_name), key))
    return tuple(actions)


@attrs.define(eq=False, repr=False)
class TransactGet(Retriable[ResultT]):
    """A read of up to 100 items and 4 MB as they were at one moment, on any tables of a database.

    Always consistent, at twice the read units of a consistent get. A write to one of the items at
    the same time is a conflict, which is retried. A key given twice is read once.

    Raises (when awaited):
        TransactionCanceled: every attempt met a write to one of the items; `.reasons` has a reason
            for each item, in the order of the request.
        ItemDecodeError: an item does not fit its model.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactGetItems.html
    """

    only_reads = True

    _connection: Connection
    _actions: tuple[GetAction, ...]
    _collect: Callable[[list[Any]], ResultT]
    """Makes the result of the items, which are in the order of the keys: `tuple` or `list`."""

    def with_deleted(self) -> Self:
        """Read items also if they were deleted softly, see `adorm.deleted_at`. Of models without
        such a field there are none."""
        shown = [
            action
            if action.binding.info.deleted_at is None
            else attrs.evolve(action, binding=action.binding.with_deleted())
            for action in self._actions
        ]
        return attrs.evolve(self, actions=tuple(shown))

    def request(self) -> dict[str, Any]:
        return self._build()[0]

    def explain(self) -> Plan:
        cost = Cost(
            least_units=2.0 * len(self._actions),
            most_units_per_page=MAX_TRANSACTION_BYTES / READ_UNIT_BYTES * 2,
            note="2 read units for each 4 KB of each item",
        )
        tables = ", ".join(dict.fromkeys(action.binding.table_name for action in self._actions))
        return Plan(
            operation="TransactGetItems", table=tables, reason="the whole keys are given", cost=cost
        )

    def _build(self) -> tuple[dict[str, Any], list[int], list[GetAction]]:
        """The request, the index of each key's item in the answer, and the actions sent.

        There is one action for each key that differs.
        """
        indexes: dict[ItemId, int] = {}
        sent: list[GetAction] = []
        gets: list[dict[str, Any]] = []
        order: list[int] = []
        for number, action in enumerate(self._actions, start=1):
            binding = action.binding
            try:
                key = binding.encode_key(action.key)
            except UsageError as error:
                error.add_note(f"this is key {number} of {len(self._actions)}, {action.key}")
                raise
            index = indexes.setdefault(item_id(binding, key), len(gets))
            if index == len(gets):
                gets.append({"Get": {"TableName": binding.table_name, "Key": key}})
                sent.append(action)
            order.append(index)
        if len(gets) > MAX_TRANSACTION_ACTIONS:
            raise UsageError(
                f"{len(gets)} keys are given, and DynamoDB reads {MAX_TRANSACTION_ACTIONS} in a "
                "transaction: batch_get() reads any number, if it need not be at one moment"
            )
        return {"TransactItems": gets}, order, sent

    async def _run(self) -> ResultT:
        request, order, sent = self._build()
        if not sent:
            return self._collect([])
        try:
            answer = await self._connection.call(
                "TransactGetItems", request, subject=self._describe, retry=self._retry
            )
        except TransactionCanceled as error:
            raise explained(error, sent) from error.__cause__
        found = [response.get("Item") for response in answer.get("Responses", [])]
        items: list[Any] = []
        for action, index in zip(self._actions, order, strict=True):
            attribute_map = found[index]
            absent = not attribute_map or action.binding.is_left_out(attribute_map)
            items.append(None if absent else action.binding.decode(attribute_map))
        return self._collect(items)

    def _describe(self) -> str:
        first, more = str(self._actions[0].key), len(self._actions) - 1
        return f"{first} and {more} more" if more else first
