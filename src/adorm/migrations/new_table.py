"""The protocol of a migration to a new table.

Each item is put if absent, then its source is read again. Where that has changed, or the target has
an older copy, `sync` brings the target to the source's state: it writes only what it has read, and
only over items that the migration has written itself. So the order of syncs, their repetition and
their concurrency do not matter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adorm.batch.chunk import Chunk as BatchChunk, write_chunk
from adorm.calls.capacity import Capacity
from adorm.codec.pages import MapPage
from adorm.dynamodb.limits import MAX_WRITE_REQUESTS
from adorm.dynamodb.values import AttributeMap
from adorm.errors import ConditionalCheckFailed, UsageError
from adorm.items.binding import MAX_TURNS
from adorm.items.item_ids import ItemId, item_ids
from adorm.migrations.copies import Copies
from adorm.migrations.items import Expressions, difference, is_same_item, item_digest
from adorm.migrations.parts import MigrationParts
from adorm.migrations.reports import Result
from adorm.migrations.run import Chunk, each_item
from adorm.migrations.sides import STAMP
from adorm.migrations.stamps import key_identity
from adorm.outcomes import Outcome


class NewTable(Copies):
    """Copies items of the source, and keeps the copies as their sources are."""

    def __init__(self, migration: MigrationParts[Any, Any]) -> None:
        super().__init__(migration)
        self._is_checked = False
        self._looks_first = False
        """Whether puts have found copies: a migration that is run again reads before it writes."""

    # ---- pages

    async def process(self, items: Chunk) -> Sequence[Outcome[Result]]:
        """Copy some items, and look at their sources again."""
        self._check_repeats(items)
        continues = self.options.failed is not None
        if self.options.is_offline:
            return await self._put_all(items, continues=continues)
        doubtful: set[int] = set()
        there = await self._there(items) if self._looks_first else {}

        async def put(source: AttributeMap) -> Result:
            result, is_certain = await self._put_if_absent(source, there)
            if not is_certain:
                doubtful.add(id(source))
            return result

        outcomes = await each_item(items, put, continues=continues)
        done = [
            (item, outcome)
            for item, outcome in zip(items, outcomes, strict=True)
            if outcome.error is None and outcome.value in ("changed", "unchanged")
        ]
        now = await self.read_all(self.source, [self.source.key_of(item) for item, _ in done])
        again: list[tuple[AttributeMap, Outcome[Result]]] = []
        for item, outcome in done:
            current = now.get(key_identity(self.source.key_of(item)))
            if id(item) in doubtful or current is None or not is_same_item(item, current):
                again.append((item, outcome))

        async def sync(item: AttributeMap) -> Result:
            return await self.sync(self.source.key_of(item), item)

        synced = await each_item([item for item, _ in again], sync, continues=continues)
        for (_, outcome), later in zip(again, synced, strict=True):
            outcome.value, outcome.error = later.value, later.error
        return outcomes

    def _check_repeats(self, items: Chunk) -> None:
        """Refuse, at the first items, a transform that makes something else the next time.

        Raises:
            UsageError: it does.
        """
        if self._is_checked:
            return
        self._is_checked = True
        for item in items:
            if not self._repeats(item):
                raise UsageError(
                    f"{self.source.table_name} {self.source.key_text(self.source.key_of(item))}: "
                    "the transform makes something else of the same item each time, so that its "
                    "copy could never be verified: let it make ids and times of what is in the "
                    "item; nothing was written"
                )

    def _repeats(self, item: AttributeMap) -> bool:
        """Whether the transform makes the same of an item twice."""
        try:
            return _is_same_or_none(self.wanted(item), self.wanted(item))
        except Exception:  # noqa: BLE001  # the item's own copy reports what is wrong with it
            return True

    async def _there(self, items: Chunk) -> dict[bytes, AttributeMap]:
        """What the target has under the keys of some copies."""
        made = [self._transform_safely(item) for item in items]
        keys = {
            key_identity(key): key
            for key in (self.target.key_of(copy) for copy in made if copy is not None)
        }
        return await self.read_all(self.target, list(keys.values()))

    async def _put_if_absent(
        self, source: AttributeMap, known: Mapping[bytes, AttributeMap]
    ) -> tuple[Result, bool]:
        """Put the copy of an item, and whether it is certain that the target has that copy.

        Args:
            known: items of the target that were read before.
        """
        wanted = self.wanted(source)
        if wanted is None:
            return "unchanged", True
        there = known.get(key_identity(self.target.key_of(wanted)))
        if there is not None:
            return self._standing(there, source)
        expressions = Expressions()
        name = expressions.name(self.target.binding.info.key_order[0])
        request = {
            "TableName": self.target.table_name,
            "Item": self.stamped(wanted, source),
            "ConditionExpression": f"attribute_not_exists({name})",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        try:
            await self.writer.call(
                "PutItem", expressions.into(request), subject=self.target.table_name
            )
        except ConditionalCheckFailed as error:
            self._looks_first = True
            return self._standing(error.attribute_map or {}, source)
        return "changed", True

    def _standing(self, there: AttributeMap, source: AttributeMap) -> tuple[Result, bool]:
        """What the item that is there already means."""
        stamp = self.stamp_of(there)
        if stamp is None:
            return "foreign", True
        if not stamp.is_of(self.source.key_of(source)):
            return "unchanged", False
        is_current = stamp.source_digest == item_digest(source, without=(STAMP,))
        return "unchanged", is_current and self.is_copy(there, self.wanted(source))

    async def _put_all(self, items: Chunk, *, continues: bool) -> Sequence[Outcome[Result]]:
        """Put the copies of some items without looking at anything."""
        puts: list[AttributeMap] = []

        async def make(source: AttributeMap) -> Result:
            wanted = self.wanted(source)
            if wanted is None:
                return "unchanged"
            puts.append(self.stamped(wanted, source))
            return "changed"

        outcomes = await each_item(items, make, continues=continues)
        binding = self.target.binding
        ids = item_ids(binding.info, binding.codec)
        name = self.target.table_name

        async def processed(_ids: object) -> None:
            """Does nothing: all of a chunk is done when `write_chunk` returns."""

        for start in range(0, len(puts), MAX_WRITE_REQUESTS):
            some = puts[start : start + MAX_WRITE_REQUESTS]
            named = zip(ids.of_page(name, MapPage(list(some))), some, strict=True)
            pending = {item_id: {"PutRequest": {"Item": item}} for item_id, item in named}
            if len(pending) != len(some):
                raise UsageError(
                    f"{self.source.table_name}: the transform gives two items the same key in "
                    f"{name}: two items can't become one"
                )

            async def write(
                capacity: Capacity | None, pending: dict[ItemId, dict[str, Any]] = pending
            ) -> None:
                chunk = BatchChunk(binding.connection, name, {name: ids}, capacity=capacity)
                await write_chunk(chunk, pending, processed)

            await self.writer.spend(write)
        return outcomes

    # ---- one item

    async def sync(self, source_key: AttributeMap, known: AttributeMap | None = None) -> Result:
        """Bring the target to the source's state of one item.

        Args:
            known: the item as it is, or was: it tells the target's key where the source is gone.

        Raises:
            UsageError: another item has its key in the target; or others change the item again
                and again.
        """
        key = await self._target_key(source_key, known)
        return "unchanged" if key is None else await self.reconcile(source_key, key)

    async def _target_key(
        self, source_key: AttributeMap, known: AttributeMap | None
    ) -> AttributeMap | None:
        """The key of the target that the item has, or had; the source's own where it is gone."""
        made = self._transform_safely(known)
        if made is None:
            made = self._transform_safely(await self.read(self.source, source_key))
        # where the item has another key by now, `reconcile` goes there too
        return self.target.key_from_other(source_key) if made is None else self.target.key_of(made)

    def _transform_safely(self, item: AttributeMap | None) -> AttributeMap | None:
        """What an item becomes; None also for an old state that does not fit any more."""
        try:
            return self.wanted(item)
        except Exception:  # noqa: BLE001  # `reconcile` raises it for the item as it is now
            return None

    async def reconcile(self, source_key: AttributeMap, target_key: AttributeMap) -> Result:
        """Bring one item of the target to the state of one source item.

        The target is read first, then the source; what is written has the condition that the target
        is as it was read, and the source is read once more after it.

        Raises:
            UsageError: as `sync`.
        """
        source_name = self.source.table_name
        result: Result = "unchanged"
        for attempt in range(1, MAX_TURNS + 1):
            there = await self.read(self.target, target_key)
            source = await self.read(self.source, source_key)
            wanted = self.wanted(source)
            if wanted is not None and not is_same_item(self.target.key_of(wanted), target_key):
                await self._reconcile_moved(source_key, wanted)
                wanted = None
            done = await self._write(source_key, source, there, wanted)
            if done is not None:
                if done in ("unchanged", "foreign"):
                    return done if done == "foreign" or result == "unchanged" else "changed"
                result = done
                now = await self.read(self.source, source_key)
                if _is_same_or_none(source, now):
                    return done
            await self.writer.look_again(
                attempt, operation="PutItem", subject=self.target.table_name
            )
        raise UsageError(
            f"{source_name} {self.source.key_text(source_key)}: others changed the item "
            f"{MAX_TURNS} times while it was copied: run the migration again"
        )

    async def _reconcile_moved(self, source_key: AttributeMap, wanted: AttributeMap) -> None:
        """The source became another key of the target: that one too has to be there."""
        target_key = self.target.key_of(wanted)
        there = await self.read(self.target, target_key)
        stamp = None if there is None else self.stamp_of(there)
        if there is None or (stamp is not None and not self.is_copy(there, wanted)):
            await self.reconcile(source_key, target_key)

    async def _write(
        self,
        source_key: AttributeMap,
        source: AttributeMap | None,
        there: AttributeMap | None,
        wanted: AttributeMap | None,
    ) -> Result | None:
        """Write what is needed; None where others were faster.

        Raises:
            UsageError: what is there is the copy of another source item.
        """
        stamp = None if there is None else self.stamp_of(there)
        if there is not None:
            if stamp is None:
                return "foreign"
            if not stamp.is_of(source_key):
                if wanted is None:
                    return "unchanged"
                if await self.is_made_of(there, stamp.source_key):
                    raise self.collision(source_key, stamp)
        if wanted is None or source is None:
            return "unchanged" if there is None else await self._delete(there)
        item = self.stamped(wanted, source)
        if there is None:
            return await self._put(item)
        if stamp is not None and self.is_copy(there, wanted):
            digest = item_digest(source, without=(STAMP,))
            if stamp.source_digest == digest:
                return "unchanged"
        return await self._overwrite(there, item)

    async def is_made_of(self, there: AttributeMap, source_key: AttributeMap) -> bool:
        """Whether the source item with this key, as it is now, has this key in the target."""
        wanted = self.wanted(await self.read(self.source, source_key))
        return wanted is not None and is_same_item(
            self.target.key_of(wanted), self.target.key_of(there)
        )

    async def _put(self, item: AttributeMap) -> Result | None:
        expressions = Expressions()
        name = expressions.name(self.target.binding.info.key_order[0])
        request = {
            "TableName": self.target.table_name,
            "Item": item,
            "ConditionExpression": f"attribute_not_exists({name})",
        }
        return await self._conditional("PutItem", expressions.into(request), "changed")

    async def _overwrite(self, there: AttributeMap, item: AttributeMap) -> Result | None:
        """Write the difference: an attribute that others add meanwhile stays, and makes the item
        foreign."""
        target, expressions = self.target, Expressions()
        changes = difference(there, item, covered=None, left_alone=target.key_names)
        added = [name for name in changes.sets if name not in there]
        request = {
            "TableName": target.table_name,
            "Key": target.key_of(there),
            "ConditionExpression": expressions.as_read(there, added, target.key_names),
            "UpdateExpression": expressions.update(changes),
        }
        return await self._conditional("UpdateItem", expressions.into(request), "changed")

    async def _delete(self, there: AttributeMap) -> Result | None:
        """Delete an item that is as the migration has written it."""
        target, expressions = self.target, Expressions()
        absent = sorted((target.covered or frozenset()) - there.keys())
        request = {
            "TableName": target.table_name,
            "Key": target.key_of(there),
            "ConditionExpression": expressions.as_read(there, absent, target.key_names),
        }
        return await self._conditional("DeleteItem", expressions.into(request), "gone")

    async def _conditional(
        self, operation: str, request: dict[str, Any], result: Result
    ) -> Result | None:
        try:
            await self.writer.call(operation, request, subject=self.target.table_name)
        except ConditionalCheckFailed:
            return None
        return result


def _is_same_or_none(one: AttributeMap | None, other: AttributeMap | None) -> bool:
    if one is None or other is None:
        return one is other
    return is_same_item(one, other)


async def open_new_table(migration: MigrationParts[Any, Any]) -> NewTable:
    """The protocol of a migration, its tables open."""
    await migration.source.open()
    if migration.target is not None:
        await migration.target.open()
    return NewTable(migration)
