"""The protocol of a migration in place: the difference of an item is written on the condition that
the item is as it was read.

A write of anyone else is never lost: it makes the condition fail, and the failure brings the item
as it is now, which is transformed in its turn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from adorm.dynamodb.values import AttributeMap
from adorm.errors import (
    ConditionalCheckFailed,
    TransactionCanceled,
    TransactionConflict,
    UsageError,
)
from adorm.items.binding import MAX_TURNS
from adorm.migrations.items import Difference, Expressions, difference, is_same_item
from adorm.migrations.reports import Result
from adorm.migrations.sides import Side
from adorm.migrations.writer import Writer


class InPlace:
    """Migrates one item after the other in its own table."""

    def __init__(self, side: Side[Any], transform: Callable[[Any], Any], writer: Writer) -> None:
        self._side = side
        self._transform = transform
        self._writer = writer
        info = side.binding.info
        self._guarded = frozenset(
            field.attribute_name for unique in info.unique for field in unique.fields
        )

    def wanted(self, stored: AttributeMap) -> AttributeMap | None:
        """What the transform makes of an item; None where it leaves it as it is.

        Raises:
            ItemDecodeError: the item does not fit the model.
            UsageError: what the transform made can't be stored.
        """
        made = self._transform(self._side.decode(stored))
        return None if made is None else self._side.encode(made)

    def changes(self, stored: AttributeMap, wanted: AttributeMap) -> Difference:
        """What has to be written."""
        side = self._side
        return difference(
            stored, wanted, covered=side.covered, left_alone=side.left_alone | side.key_names
        )

    def changed_item(self, stored: AttributeMap, wanted: AttributeMap) -> AttributeMap:
        """The item as it is once it is migrated."""
        side = self._side
        changes = difference(stored, wanted, covered=side.covered, left_alone=side.left_alone)
        kept = {name: value for name, value in stored.items() if name not in changes.removes}
        return {**kept, **changes.sets}

    def repeats(self, stored: AttributeMap) -> bool:
        """Whether the transform leaves alone what it has made.

        Raises:
            ItemDecodeError, UsageError: as `wanted`.
        """
        once = self.wanted(stored)
        if once is None:
            return True
        item = self.changed_item(stored, once)
        twice = self.wanted(item)
        return twice is None or is_same_item(item, self.changed_item(item, twice))

    async def migrate(self, stored: AttributeMap) -> Result:
        """Bring one item to what the transform makes of it.

        Raises:
            ItemDecodeError, UsageError: as `wanted`; or the item can't be compared.
            ItemExists: the transform changed its key, and the new key is taken.
        """
        side, attempt, written = self._side, 0, dict[str, Any]()
        key = side.key_of(stored)
        while True:
            wanted = self.wanted(stored)
            if wanted is None:
                return "changed" if written else "unchanged"
            target = self.changed_item(stored, wanted)
            moves = not is_same_item(side.key_of(target), key)
            changes = self.changes(stored, wanted)
            if not changes and not moves:
                # after a lost answer this is the item as an earlier attempt has written it
                return "changed" if written and is_same_item(stored, written) else "unchanged"
            self._check_guards(key, changes, moves=moves)
            attempt += 1
            if attempt > MAX_TURNS:
                raise UsageError(
                    f"{side.table_name} {side.key_text(key)}: others changed the item "
                    f"{MAX_TURNS} times while it was migrated: run the migration again"
                )
            written = target
            now = await (self._move(stored, target) if moves else self._update(stored, changes))
            if now is stored:
                return "changed"
            if not now:
                return "gone"
            stored = now
            await self._writer.look_again(attempt, operation="UpdateItem", subject=side.table_name)

    def _check_guards(self, key: AttributeMap, changes: Difference, *, moves: bool) -> None:
        touched = self._guarded
        if not moves:
            touched = touched.intersection([*changes.sets, *changes.removes])
        if touched:
            side = self._side
            raise UsageError(
                f"{side.table_name} {side.key_text(key)}: a migration changes neither "
                f"unique values ({', '.join(sorted(touched))}) nor the key of their item: save() "
                "and move() take their guards along"
            )

    def _as_read(self, stored: AttributeMap, target: AttributeMap, expressions: Expressions) -> str:
        """The condition that the item is as it was read, or has the version that was read."""
        side, version = self._side, self._side.version
        if version is not None and version.attribute_name in stored:
            name = version.attribute_name
            return f"{expressions.name(name)} = {expressions.value(stored[name])}"
        added = [name for name in target if name not in stored]
        try:
            return expressions.as_read(stored, added, side.key_names)
        except UsageError as error:
            where = f"{side.table_name} {side.key_text(side.key_of(stored))}"
            raise UsageError(f"{where}: {error}") from error

    def _moved(self, stored: AttributeMap) -> AttributeMap:
        """The version and the time of the update after this write."""
        side, codec = self._side, self._side.binding.codec
        moved: AttributeMap = {}
        if side.version is not None:
            before = stored.get(side.version.attribute_name, {}).get("N", "0")
            moved[side.version.attribute_name] = {"N": str(int(before) + 1)}
        if side.updated_at is not None:
            now = side.binding.connection.clock.now()
            value = codec.encode_field(side.updated_at, now)
            if value is not None:
                moved[side.updated_at.attribute_name] = value
        return moved

    async def _update(self, stored: AttributeMap, changes: Difference) -> AttributeMap | None:
        """Write the difference. Gives `stored` itself where it was applied, else the item as it is
        now; None or an empty one where it is gone."""
        side, expressions = self._side, Expressions()
        moved = self._moved(stored)
        changes = Difference({**changes.sets, **moved}, changes.removes)
        condition = self._as_read(stored, {**stored, **changes.sets}, expressions)
        request: dict[str, Any] = {
            "TableName": side.table_name,
            "Key": side.key_of(stored),
            "UpdateExpression": expressions.update(changes),
            "ConditionExpression": condition,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        try:
            await self._writer.call(
                "UpdateItem", expressions.into(request), subject=side.table_name
            )
        except ConditionalCheckFailed as error:
            return error.attribute_map
        return stored

    async def _move(self, stored: AttributeMap, target: AttributeMap) -> AttributeMap | None:
        """Put the item under its new key, and delete it as it was read, in one transaction."""
        side, old, new = self._side, Expressions(), Expressions()
        key_name = side.binding.info.key_order[0]
        put: dict[str, Any] = {
            "TableName": side.table_name,
            "Item": {**target, **self._moved(stored)},
            "ConditionExpression": f"attribute_not_exists({new.name(key_name)})",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        delete: dict[str, Any] = {
            "TableName": side.table_name,
            "Key": side.key_of(stored),
            "ConditionExpression": self._as_read(stored, stored, old),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        request = {
            "TransactItems": [{"Put": new.into(put)}, {"Delete": old.into(delete)}],
            "ClientRequestToken": str(uuid4()),
        }
        try:
            await self._writer.call("TransactWriteItems", request, subject=side.table_name)
        except TransactionCanceled as error:
            taken, changed = (reason.error for reason in error.reasons)
            if isinstance(changed, ConditionalCheckFailed):
                return changed.attribute_map
            if isinstance(taken, ConditionalCheckFailed):
                raise UsageError(
                    f"{side.table_name} {side.key_text(side.key_of(stored))}: its new key "
                    f"{side.key_text(side.key_of(target))} is taken by another item"
                ) from error
            if any(isinstance(each, TransactionConflict) for each in (taken, changed)):
                return dict(stored)
            raise
        return stored
