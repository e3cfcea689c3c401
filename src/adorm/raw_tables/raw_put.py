"""`put` and `create` of a table without a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import attrs

from adorm.errors import ConditionalCheckFailed, ItemExists
from adorm.expressions.conditions import Condition, conditions
from adorm.expressions.request import RequestExpressions
from adorm.items.operation import Operation
from adorm.items.raw_binding import RawBinding
from adorm.items.write import add_condition, item_exists


@attrs.define(eq=False, repr=False)
class RawPut(Operation[None]):
    """The whole item is written.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html
    """

    _binding: RawBinding
    _item: Mapping[str, Any]
    _creates: bool = attrs.field(alias="creates")
    _conditions: tuple[Condition, ...] = attrs.field(default=(), alias="conditions")

    def when(self, *conditions_: bool | Condition) -> Self:
        """Write only if all conditions hold.

        Raises (when awaited):
            ConditionalCheckFailed: one did not hold; `.item` is the item that is stored.
        """
        return attrs.evolve(self, conditions=self._conditions + conditions(conditions_, None))

    def request(self) -> dict[str, Any]:
        """The request that is sent."""
        binding = self._binding
        request = {"TableName": binding.table_name, "Item": binding.encode(self._item)}
        absent = (item_exists(binding, wanted=False),) if self._creates else ()
        expressions = RequestExpressions(binding.codec, binding.info.model)
        add_condition(request, [*absent, *self._conditions], expressions)
        return request

    async def _run(self) -> None:
        binding = self._binding
        try:
            await binding.connection.call(
                "PutItem", self.request(), subject=binding.table_name, repeat="safe"
            )
        except ConditionalCheckFailed as error:
            stored = error.attribute_map
            if self._creates and stored:
                raised = ItemExists(
                    error.detail,
                    code=error.code,
                    operation="PutItem",
                    request_id=error.request_id,
                    status=error.status,
                    maybe_applied=error.maybe_applied,
                    subject=error.subject,
                    attempts=error.attempts,
                )
                raised.attribute_map, raised.item = stored, binding.decode(stored)
                raise raised from error
            error.item = None if not stored else binding.decode(stored)
            raise
