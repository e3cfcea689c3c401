"""The guards that an item should have and has not: of items that are older than the constraint."""

from __future__ import annotations

from typing import Any

from adorm.dynamodb.values import AttributeMap
from adorm.errors import ConditionalCheckFailed, TransactionCanceled, UniqueConflict
from adorm.expressions.request import RequestExpressions
from adorm.items.binding import MAX_TURNS, Binding
from adorm.items.consistent_reads import read_stored
from adorm.items.given import stored_as
from adorm.items.guard_change import GuardChange
from adorm.items.guards import owner_of, put_guard, same, unique_values
from adorm.items.keys import Key
from adorm.items.taken_guards import TakenGuards
from adorm.items.unique_change import values_are
from adorm.items.unique_writes import as_request
from adorm.items.write import add_condition, item_exists


class GuardRepair:
    """The repair of the guards of one item."""

    def __init__(self, binding: Binding, key: Key[Any]) -> None:
        self._binding = binding
        self._key = key
        self._taken = TakenGuards()
        self.conflicts: list[UniqueConflict] = []
        """The values that belong to other items."""

    async def run(self, item: AttributeMap, *, dry: bool) -> bool:
        """Put the guards that lack; whether there were any.

        Args:
            item: the item as it was read. If others have changed it since, it is looked at again.
                One that they have deleted gets no guards.
            dry: write nothing.
        """
        connection = self._binding.connection
        found: AttributeMap | None = item
        has_changed, turn = False, 0
        while found is not None and not self._binding.is_left_out(found):
            self.conflicts = []
            change = await self._change(found)
            has_changed = has_changed or bool(change)
            if dry or not change:
                return has_changed
            turn += 1
            try:
                await connection.call(
                    "TransactWriteItems", self._request(found, change), subject=self._key
                )
            except TransactionCanceled as error:
                causes = [reason.error for reason in error.reasons]
                if turn >= MAX_TURNS or not any(
                    isinstance(cause, ConditionalCheckFailed) for cause in causes
                ):
                    raise
                if isinstance(causes[0], ConditionalCheckFailed):
                    found = causes[0].attribute_map
            else:
                return True
            await connection.back_off(
                turn,
                operation="TransactWriteItems",
                subject=self._key,
                why="before an item that others changed is looked at again",
            )
        return has_changed

    async def _change(self, item: AttributeMap) -> GuardChange:
        """The guards that lack, without those of values that belong to other items."""
        binding = self._binding
        uniques = unique_values(binding.info, binding.codec)
        values, owner = uniques.of_item(item), binding.key_attributes(item)
        change = GuardChange(uniques.texts(values), frozenset(), owner, values)
        lacking = dict(change.put)
        for text in change.put:
            guard = await self._read(uniques.guard_key(text))
            if guard is None:
                continue
            if same(owner_of(guard), owner):
                del lacking[text]
                continue
            cause = ConditionalCheckFailed(
                "a unique value has a guard already",
                code="ConditionalCheckFailedException",
                operation="GetItem",
                subject=str(self._key),
            )
            cause.attribute_map = guard
            try:
                await self._taken.put_failed(binding, text, change, cause, None)
            except UniqueConflict as conflict:
                self.conflicts.append(conflict)
                del lacking[text]
        return GuardChange(lacking, frozenset(), owner, values)

    async def _read(self, key: AttributeMap) -> AttributeMap | None:
        return await read_stored(self._binding, key, subject=self._key)

    def _request(self, item: AttributeMap, change: GuardChange) -> dict[str, Any]:
        binding = self._binding
        check: dict[str, Any] = {"TableName": binding.table_name, "Key": change.owner}
        expressions = RequestExpressions(binding.codec, binding.info.model)
        conditions = [item_exists(binding), *values_are(binding, item)]
        deleted_at = binding.info.deleted_at
        if deleted_at is not None:
            conditions.append(stored_as(binding.info, deleted_at, None))
        add_condition(check, conditions, expressions)
        actions: list[dict[str, Any]] = [{"ConditionCheck": check}]
        for text in change.put:
            owner = self._taken.owner((binding.table_name, text), change.owner)
            seen = () if owner is None else (owner,)
            actions.append(put_guard(binding, text, change.owner, seen=seen))
        checks = self._taken.checks((binding.table_name, text) for text in change.put)
        return as_request([*actions, *(action for _, action in checks)])
