"""`restore`: the mark of a soft deletion is taken away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import attrs

from adorm.dynamodb.values import AttributeMap
from adorm.errors import ConditionalCheckFailed, ItemNotFound, VersionConflict
from adorm.expressions.comparisons import Comparison
from adorm.expressions.conditions import Condition
from adorm.expressions.request import RequestExpressions
from adorm.expressions.updates import Clause, Remove, SetValue
from adorm.items.binding import Binding, bound_to
from adorm.items.get import Get, finish_get
from adorm.items.given import StoredValue, stored_as
from adorm.items.instances import copy_with, read_version
from adorm.items.keys import Key
from adorm.items.plan import Plan, plan_of, read_cost
from adorm.items.retriable import Retriable
from adorm.items.send import send
from adorm.items.single_write import encode_item, key_of_instance
from adorm.items.soft_delete import removed_fields
from adorm.items.write import PreparedWrite, add_condition, item_exists
from adorm.models import ModelInfo, is_instance
from adorm.schema.fields import Field

ModelT = TypeVar("ModelT")

MAX_ATTEMPTS = 30
"""How often a restoration is begun again while other writers change the item."""


@attrs.define(eq=False, repr=False)
class Restore(Retriable[ModelT], Generic[ModelT]):
    """`await orders.restore("c1", "o1")`: the item is there again, in all its indexes.

    It is read, and then written on the condition that it is still as it was read.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
    """

    _binding: Binding
    """It sees deleted items."""
    _key: Key[Any]
    _deleted_at: Field
    _version: int | None = None
    """The version that the item is expected to have; None for any."""

    @property
    def model_name(self) -> str:
        return self._key.info.name

    def request(self) -> dict[str, Any]:
        """The read, which is the first of its two requests."""
        return self._get().request()

    def explain(self) -> Plan:
        reason = (
            "the item is read first; the UpdateItem follows, on condition that it is still the same"
        )
        return plan_of("GetItem", self.request(), read_cost(consistent=True), reason=reason)

    def _get(self) -> Get[AttributeMap]:
        return Get(self._binding, self._key, _stored_item, retry=self._retry).consistent()

    async def _run(self) -> ModelT:
        connection = self._binding.connection
        attempt = 0
        while True:
            attempt += 1
            item = await self._get()
            found: ModelT = self._binding.decode(item)
            if not self._binding.is_deleted(item):
                return found  # by somebody else, or by this write, whose answer was lost
            prepared = self._prepare(bound_to(self._binding, found), item, found)
            try:
                stored: ModelT = await send(prepared, self._retry)
            except VersionConflict:
                raise
            except ConditionalCheckFailed as error:
                if attempt >= MAX_ATTEMPTS:
                    error.add_note(f"others changed the item {attempt} times")
                    raise
            else:
                return stored
            await connection.back_off(
                attempt,
                operation="UpdateItem",
                subject=self._key,
                why="before the item is read again, and restored",
                retry=self._retry,
            )

    def _prepare(self, binding: Binding, item: AttributeMap, instance: Any) -> PreparedWrite:
        """The update that restores an item, where it is still as it was read.

        Args:
            binding: of its own model, which may be a subclass of an abstract one.
        """
        info, field = binding.info, binding.info.deleted_at or self._deleted_at
        now = binding.connection.clock.now()
        new_values: dict[str, Any] = {field.name: None}
        if info.version is not None:
            new_values[info.version.name] = read_version(info, instance) + 1
        if info.updated_at is not None:
            new_values[info.updated_at.name] = now
        if info.ttl is not None and field.marker.keep is not None:
            new_values[info.ttl.name] = None
        restored = copy_with(info, instance, new_values)
        encoded = encode_item(binding, self._key, restored)
        fields = [each for each in info.structure.fields if each.name in new_values]
        clauses: list[Clause[Any]] = []
        for each in (*fields, *removed_fields(info)):
            path, value = info.path_of(each), encoded.get(each.attribute_name)
            clauses.append(Remove(path) if value is None else SetValue(path, value))
        expressions = RequestExpressions(binding.codec, info.model)
        expressions.update(clauses, key_names=info.key_names)
        request = {"TableName": binding.table_name, "Key": binding.encode_key(self._key)}
        prepared = PreparedWrite("UpdateItem", binding, self._key, request)
        prepared.written = expressions.written
        prepared.provable = info.updated_at is not None
        prepared.expected_version = self._version
        add_condition(prepared.request, self._conditions(info, item), expressions)
        prepared.on_applied = lambda _attributes: restored
        return prepared

    def _conditions(self, info: ModelInfo, item: AttributeMap) -> list[Condition]:
        """That the item was not changed since it was read."""
        deleted = info.path_of(info.deleted_at or self._deleted_at)
        stored = StoredValue(item[self._deleted_at.attribute_name], deleted)
        conditions: list[Condition] = [
            item_exists(self._binding),
            Comparison(deleted, "=", stored),
        ]
        parts = {part for key in info.index_keys for part in key.fields}
        read = [each for each in info.structure.fields if each in parts or each is info.version]
        conditions += [stored_as(info, each, item.get(each.attribute_name)) for each in read]
        if self._version is not None and info.version is not None:
            path = info.path_of(info.version)
            conditions.append(Comparison(path, "=", StoredValue({"N": str(self._version)}, path)))
        return conditions


def _stored_item(
    binding: Binding, key: Key[Any], attribute_map: AttributeMap | None
) -> AttributeMap:
    """The item as it is stored."""
    if attribute_map is None:
        raise ItemNotFound(f"{key}: no such item in table {binding.table_name}, nor a deleted one")
    if binding.is_other_kind(attribute_map):
        finish_get(binding, key, attribute_map)
    return attribute_map


def make_restore(
    binding: Binding, given: tuple[Any, ...], make_key: Callable[[], Key[Any]]
) -> Restore[Any]:
    """The operation of `Table.restore`.

    Args:
        given: what the caller gave: an instance alone, or a key.
        make_key: makes the key of it.

    Raises:
        UsageError: items of the model are not deleted softly.
    """
    binding, info = binding.with_deleted(), binding.info
    deleted_at = info.deleted_at
    if deleted_at is None:
        raise TypeError(f"{info.name} has no deleted_at field")
    if len(given) != 1 or not is_instance(info, given[0]):
        return Restore(binding, make_key(), deleted_at)
    version = None if info.version is None else read_version(info, given[0])
    return Restore(binding, key_of_instance(binding, given[0]), deleted_at, version)
