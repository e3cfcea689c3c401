"""`delete`."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

import attrs

from adorm.dynamodb.values import AttributeMap
from adorm.expressions.conditions import Condition
from adorm.expressions.request import RequestExpressions
from adorm.items.instances import read_version
from adorm.items.single_write import Write
from adorm.items.write import PreparedWrite, item_exists
from adorm.items.write_facts import Change, WriteFacts
from adorm.schema.fields import Field

ModelT = TypeVar("ModelT")
ResultT = TypeVar("ResultT")


@attrs.define(eq=False, repr=False)
class Delete(Write[ModelT, ResultT]):
    """`delete`, by a key or of an instance: it marks the item as deleted where its model has an
    `adorm.deleted_at` field, else it removes it. `purge` removes it in any case.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteItem.html
    """

    change: ClassVar[Change | None] = "delete"

    def facts(self) -> WriteFacts:
        return WriteFacts(verb="delete", instance=self._instance)

    def prepare(self, *, in_transaction: bool = False) -> PreparedWrite:
        binding = self._binding
        info = binding.info
        if info.deleted_at is not None and binding.hides_deleted:
            return self._prepare_mark(info.deleted_at)
        request = {"TableName": binding.table_name, "Key": binding.encode_key(self._key)}
        prepared = PreparedWrite("DeleteItem", binding, self._key, request)
        prepared.advice_if_absent = "a delete without when() does nothing there"
        own: list[Condition] = []
        if self._conditions:
            own.append(item_exists(binding))
            prepared.must_exist = True
        own += self._own_version(prepared)
        self._complete(prepared, own, {})
        return prepared

    def _prepare_mark(self, deleted_at: Field) -> PreparedWrite:
        """The update that marks an item as deleted, see `adorm.items.soft_delete`."""
        from adorm.items.soft_delete import deletion_changes

        binding, info = self._binding, self._binding.info
        request = {"TableName": binding.table_name, "Key": binding.encode_key(self._key)}
        prepared = PreparedWrite("UpdateItem", binding, self._key, request)
        prepared.must_exist = True
        prepared.advice_if_absent = (
            "a delete outside of a transaction and without when() does nothing there"
        )
        own = [item_exists(binding), *self._own_version(prepared)]
        prepared.passes_absent = not self._conditions and prepared.expected_version is None
        now = binding.connection.clock.now()
        paths, values, clauses = deletion_changes(info, deleted_at, now)
        expressions = RequestExpressions(binding.codec, info.model)
        expressions.update(clauses, paths=paths, values=values, key_names=info.key_names)
        prepared.written = expressions.written
        prepared.provable = True
        self._complete(prepared, own, {}, expressions)
        return prepared

    def _own_version(self, prepared: PreparedWrite) -> list[Condition]:
        """The condition that the version is still the one read, of an instance that has one."""
        version = self._binding.info.version
        if self._instance is None or version is None or self._unchecked:
            return []
        prepared.expected_version = read_version(self._binding.info, self._instance)
        return [self._version_is(prepared.expected_version, version)]

    def _finish(self, new_values: dict[str, Any], attributes: AttributeMap | None) -> Any:
        del new_values  # the instance stays as it is
        if self._returning == "old" and attributes is not None:
            return self._binding.decode(attributes)
        return None
