"""`create` and `put`: the whole item is written."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

import attrs

from adorm.expressions.conditions import Condition
from adorm.items.instances import copy_with, is_never_stored, read_version, validate
from adorm.items.single_write import Write, encode_item
from adorm.items.write import PreparedWrite, item_exists
from adorm.items.write_facts import Change, WriteFacts

ModelT = TypeVar("ModelT")
ResultT = TypeVar("ResultT")


@attrs.define(eq=False, repr=False)
class Put(Write[ModelT, ResultT]):
    """`create` and `put`.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html
    """

    change: ClassVar[Change | None] = "save"

    _creating: bool = attrs.field(default=False, alias="creating")

    @property
    def verb(self) -> str:
        return "create" if self._creating else "put"

    def facts(self) -> WriteFacts:
        return WriteFacts(verb="create" if self._creating else "put", instance=self._instance)

    def prepare(self, *, in_transaction: bool = False) -> PreparedWrite:
        binding, instance = self._binding, self._instance
        info = binding.info
        validate(info, instance)
        prepared = PreparedWrite("PutItem", binding, self._key, {})
        prepared.creating = self._creating
        own: list[Condition] = []
        new_values: dict[str, Any] = {}
        version = self._version_before()
        if info.version is not None:
            new_values[info.version.name] = version + 1
        if self._creating:
            own.append(item_exists(binding, wanted=False))
        elif info.version is not None and not self._unchecked:
            own.append(self._version_is(version, info.version))
            prepared.expected_version = version
        created_at = info.created_at if self._is_first_write(version) else None
        updated_at = None if self._keeps_timestamps else info.updated_at
        stamped = created_at is not None or updated_at is not None
        if stamped:
            now = binding.connection.clock.now()
            for field in (updated_at, created_at):
                if field is not None:
                    new_values[field.name] = now
        stored = copy_with(info, instance, new_values) if new_values else instance
        item = encode_item(binding, self._key, stored)
        if info.immutable and not self._creating:
            from adorm.items.save_rules import immutable_conditions

            own += immutable_conditions(info, info.immutable, item)
            prepared.immutable = info.immutable
        prepared.request = {"TableName": binding.table_name, "Item": item}
        prepared.written = dict(item)
        prepared.provable = stamped or (
            self._creating and any(field.factory is not None for field in info.key_fields)
        )
        self._complete(prepared, own, new_values)
        return prepared

    def _version_before(self) -> int:
        """The version of the item that this put replaces."""
        return 0 if self._creating else read_version(self._binding.info, self._instance)

    def _is_first_write(self, version: int) -> bool:
        """Whether `created_at` is the time of this put.

        A put of an item that may have been stored before keeps the time that it was read with.
        """
        if self._keeps_timestamps:
            return False
        info = self._binding.info
        if self._creating:
            return True
        return version == 0 if info.version is not None else is_never_stored(info, self._instance)
