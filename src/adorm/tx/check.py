"""The check of a transaction: a condition on an item that it does not write."""

from __future__ import annotations

from typing import Any, TypeVar

import attrs

from adorm.dynamodb.values import AttributeMap
from adorm.items.single_write import Write, item_exists
from adorm.items.write import PreparedWrite

ModelT = TypeVar("ModelT")
ResultT = TypeVar("ResultT")


@attrs.define(eq=False, repr=False)
class Check(Write[ModelT, ResultT]):
    """The transaction is applied only if the conditions hold of this item; without conditions, only
    if there is such an item.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ConditionCheck.html
    """

    def prepare(self, *, in_transaction: bool = False) -> PreparedWrite:
        binding = self._binding
        request = {"TableName": binding.table_name, "Key": binding.encode_key(self._key)}
        prepared = PreparedWrite("ConditionCheck", binding, self._key, request)
        prepared.must_exist = not self._conditions
        own = () if self._conditions else (item_exists(binding),)
        self._complete(prepared, own, {})
        return prepared

    def _finish(self, new_values: dict[str, Any], attributes: AttributeMap | None) -> None:
        """A check stores nothing."""
