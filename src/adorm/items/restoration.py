"""`Restoration`: the write by which an item that was deleted softly is there again."""

from __future__ import annotations

from typing import Any, Self

import attrs

from adorm.dynamodb.values import AttributeMap
from adorm.expressions.comparisons import Comparison
from adorm.expressions.conditions import Condition
from adorm.expressions.request import RequestExpressions
from adorm.expressions.updates import Clause, Remove, SetValue
from adorm.items.binding import Binding
from adorm.items.given import StoredValue, stored_as
from adorm.items.instances import copy_with, read_version
from adorm.items.keys import Key
from adorm.items.send import send
from adorm.items.single_write import encode_item
from adorm.items.soft_delete import removed_fields
from adorm.items.write import PreparedWrite, add_condition, item_exists
from adorm.items.write_facts import WriteFacts
from adorm.retry import RetryPolicy
from adorm.schema.fields import Field


@attrs.frozen(eq=False)
class Restoration:
    """An UpdateItem of an item that was read, on condition that it is still the same.

    Keys of indexes are made again, and unique values claimed.
    """

    binding: Binding
    """Of the item's own model; it sees deleted items."""
    key: Key[Any]
    deleted_at: Field
    item: AttributeMap
    """The item as it is stored."""
    instance: Any
    """The same as an instance."""
    version: int | None
    """The version that the caller expects; None for any."""
    policy: RetryPolicy | None
    conditions: tuple[Condition, ...] = ()

    async def send(self) -> Any:
        """Send it; gives the item as stored.

        Raises:
            UniqueConflict: one of its unique values belongs to another item now.
            VersionConflict: it does not have the version that the caller expects.
            ConditionalCheckFailed: it has changed since it was read.
        """
        if self.binding.info.unique:
            from adorm.items.unique_restoration import send_unique

            return await send_unique(self)
        return await send(self.prepare(), self.policy)

    def facts(self) -> WriteFacts:
        """What it does with unique values."""
        info = self.binding.info
        fields = dict.fromkeys(field for each in info.unique for field in each.fields)
        return WriteFacts(
            verb="save", instance=self.instance, only=[info.path_of(field) for field in fields]
        )

    def returns_attributes(self) -> bool:
        return False

    def with_conditions(self, added: tuple[Condition, ...], /) -> Self:
        return attrs.evolve(self, conditions=self.conditions + added)

    def prepare(self, *, in_transaction: bool = False) -> PreparedWrite:
        """Build the update."""
        del in_transaction  # it is the same in a transaction
        binding, info, field = self.binding, self.binding.info, self.deleted_at
        now = binding.connection.clock.now()
        new_values: dict[str, Any] = {field.name: None}
        if info.version is not None:
            new_values[info.version.name] = read_version(info, self.instance) + 1
        if info.updated_at is not None:
            new_values[info.updated_at.name] = now
        if info.ttl is not None and field.marker.keep is not None:
            new_values[info.ttl.name] = None
        restored = copy_with(info, self.instance, new_values)
        encoded = encode_item(binding, self.key, restored)
        fields = [each for each in info.structure.fields if each.name in new_values]
        clauses: list[Clause[Any]] = []
        for each in (*fields, *removed_fields(info)):
            path, value = info.path_of(each), encoded.get(each.attribute_name)
            clauses.append(Remove(path) if value is None else SetValue(path, value))
        expressions = RequestExpressions(binding.codec, info.model)
        expressions.update(clauses, key_names=info.key_names)
        request = {"TableName": binding.table_name, "Key": binding.encode_key(self.key)}
        prepared = PreparedWrite("UpdateItem", binding, self.key, request)
        prepared.written = expressions.written
        prepared.provable = info.updated_at is not None
        prepared.expected_version = self.version
        add_condition(request, (*self._own_conditions(), *self.conditions), expressions)
        prepared.on_applied = lambda _attributes: restored
        return prepared

    def _own_conditions(self) -> list[Condition]:
        """That the item was not changed since it was read."""
        info, item = self.binding.info, self.item
        deleted = info.path_of(self.deleted_at)
        stored = StoredValue(item[self.deleted_at.attribute_name], deleted)
        conditions: list[Condition] = [
            item_exists(self.binding),
            Comparison(deleted, "=", stored),
        ]
        parts = {part for key in info.index_keys for part in key.fields}
        read = [each for each in info.structure.fields if each in parts or each is info.version]
        conditions += [stored_as(info, each, item.get(each.attribute_name)) for each in read]
        if self.version is not None and info.version is not None:
            path = info.path_of(info.version)
            conditions.append(Comparison(path, "=", StoredValue({"N": str(self.version)}, path)))
        return conditions
