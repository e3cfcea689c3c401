"""`Copies`: the items of a migration's target, and the source items that they are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adorm.dynamodb.values import AttributeMap
from adorm.errors import UsageError
from adorm.expressions.conditions import and_, conditions
from adorm.items.consistent_reads import read_stored
from adorm.migrations.items import is_same_item
from adorm.migrations.parts import MigrationParts
from adorm.migrations.sides import STAMP, Side
from adorm.migrations.stamps import Stamp, key_identity, migration_id, own_stamp, stamped_item
from adorm.migrations.state import State, code_digest
from adorm.migrations.writer import Writer
from adorm.query.decoder import fetch_whole
from adorm.query.model_filters import Matches, compiled


class Copies:
    """What a migration to a new table knows of its items. It writes nothing."""

    def __init__(self, migration: MigrationParts[Any, Any]) -> None:
        if migration.target is None:
            raise UsageError("this is a migration in place")
        self.source: Side[Any] = migration.source
        self.target: Side[Any] = migration.target
        self._transform = migration.transform
        options = migration.options
        self.options = options
        self.id = migration_id(self.source.table_name, self.target.table_name)
        self.writer = Writer(self.target.binding.connection, options.write_units_per_s)
        self._matches = self._filter()

    def _filter(self) -> Matches | None:
        binding = self.source.binding
        parts = conditions(self.options.conditions, binding.info.model)
        return compiled(and_(*parts), binding.codec) if parts else None

    def new_state(self) -> State:
        """The state of a run that begins."""
        digest = code_digest(self._transform)
        return State(self.id, self.source.table_name, self.target.table_name, digest)

    # ---- items

    def wanted(self, source: AttributeMap | None) -> AttributeMap | None:
        """The item of the target that a source item becomes, without a stamp; None for none.

        Raises:
            ItemDecodeError: the source does not fit its model.
            UsageError: what the transform made can't be stored.
        """
        if source is None or (self._matches is not None and not self._matches(source)):
            return None
        made = self._transform(self.source.decode(source))
        return None if made is None else self.target.encode(made)

    def stamped(self, wanted: AttributeMap, source: AttributeMap) -> AttributeMap:
        """The item of the target with its stamp."""
        key = self.source.key_of(source)
        return stamped_item(wanted, migration=self.id, source_key=key, source=source)

    def stamp_of(self, item: AttributeMap) -> Stamp | None:
        """The stamp of an item that is as the migration has written it; None for a foreign one."""
        return own_stamp(item, self.id)

    async def read(self, side: Side[Any], key: AttributeMap) -> AttributeMap | None:
        """An item as it is now."""
        return await read_stored(side.binding, key, subject=side.table_name) or None

    async def read_all(
        self, side: Side[Any], keys: Sequence[AttributeMap]
    ) -> dict[bytes, AttributeMap]:
        """The items with these keys as they are now, by `key_identity`."""
        found = await fetch_whole(side.binding, keys, consistent=True)
        return {key_identity(side.key_of(item)): item for item in found}

    @staticmethod
    def is_copy(there: AttributeMap, wanted: AttributeMap | None) -> bool:
        """Whether an item of the target is the wanted one, its stamp left aside."""
        copy = {name: value for name, value in there.items() if name != STAMP}
        return wanted is not None and is_same_item(copy, wanted)

    def collision(self, key: AttributeMap, stamp: Stamp) -> UsageError:
        """The error of an item whose key in the target another one has."""
        one, other = self.source.key_text(stamp.source_key), self.source.key_text(key)
        return UsageError(
            f"{self.source.table_name} {other}: the transform gives it the key in "
            f"{self.target.table_name} that {one} has already: two items can't become one"
        )
