"""`delete`."""

from __future__ import annotations

from typing import Any, TypeVar

import attrs

from adorm.dynamodb.values import AttributeMap
from adorm.expressions.conditions import Condition
from adorm.items.instances import read_version
from adorm.items.single_write import Write
from adorm.items.write import PreparedWrite, item_exists
from adorm.items.write_facts import WriteFacts

ModelT = TypeVar("ModelT")
ResultT = TypeVar("ResultT")


@attrs.define(eq=False, repr=False)
class Delete(Write[ModelT, ResultT]):
    """`delete`, by a key or of an instance.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteItem.html
    """

    def facts(self) -> WriteFacts:
        return WriteFacts(verb="delete", instance=self._instance)

    def prepare(self, *, in_transaction: bool = False) -> PreparedWrite:
        binding = self._binding
        info = binding.info
        request = {"TableName": binding.table_name, "Key": binding.encode_key(self._key)}
        prepared = PreparedWrite("DeleteItem", binding, self._key, request)
        own: list[Condition] = []
        if self._conditions:
            own.append(item_exists(binding))
            prepared.must_exist = True
        if self._instance is not None and info.version is not None and not self._unchecked:
            prepared.expected_version = read_version(info, self._instance)
            own.append(self._version_is(prepared.expected_version, info.version))
        self._complete(prepared, own, {})
        return prepared

    def _finish(self, new_values: dict[str, Any], attributes: AttributeMap | None) -> Any:
        del new_values  # the instance stays as it is
        if self._returning == "old" and attributes is not None:
            return self._binding.decode(attributes)
        return None
