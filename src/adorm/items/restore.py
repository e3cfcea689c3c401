"""`restore`: the mark of a soft deletion is taken away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import attrs

from adorm.dynamodb.values import AttributeMap
from adorm.errors import ConditionalCheckFailed, ItemNotFound, UniqueConflict, VersionConflict
from adorm.items.binding import MAX_TURNS, Binding, bound_to
from adorm.items.get import Get, finish_get
from adorm.items.instances import read_version
from adorm.items.keys import Key
from adorm.items.plan import Plan, plan_of, read_cost
from adorm.items.restoration import Restoration
from adorm.items.retriable import Retriable
from adorm.items.single_write import key_of_instance
from adorm.models import is_instance
from adorm.schema.fields import Field

ModelT = TypeVar("ModelT")


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
        """The read, which is the first of its requests."""
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
                # another writer has restored it, or this one has, and the answer was lost
                return found
            binding = bound_to(self._binding, found)
            field = binding.info.deleted_at or self._deleted_at
            restoration = Restoration(
                binding, self._key, field, item, found, self._version, self._retry
            )
            try:
                stored: ModelT = await restoration.send()
            except (UniqueConflict, VersionConflict):
                raise
            except ConditionalCheckFailed as error:
                if attempt >= MAX_TURNS:
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
