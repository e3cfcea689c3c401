"""Reading one item by its key."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self, TypeVar

import attrs

from adorm.errors import AttributeMap, ItemNotFound
from adorm.keys import Key
from adorm.query.binding import Binding
from adorm.query.operation import Retriable

if TYPE_CHECKING:
    from adorm.query.plan import Plan

ResultT = TypeVar("ResultT")


@attrs.define(eq=False, repr=False)
class Get(Retriable[ResultT]):
    """`await orders.get("c1", "o1")`. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html"""

    only_reads = True

    _binding: Binding
    _key: Key[Any]
    _finish: Callable[[Binding, Key[Any], AttributeMap | None], ResultT]
    _keys_only: bool = attrs.field(default=False, alias="keys_only")
    _consistent: bool = False

    @property
    def _subject(self) -> str:
        return self._key.info.name

    def consistent(self) -> Self:
        """Read what was last written: twice the read units, and it fails where that is not to be had."""
        return attrs.evolve(self, consistent=True)

    def request(self) -> dict[str, Any]:
        binding = self._binding
        request: dict[str, Any] = {"TableName": binding.table_name, "Key": binding.encode_key(self._key)}
        if self._consistent:
            request["ConsistentRead"] = True
        if self._keys_only:
            from adorm.expressions.placeholders import Placeholders

            placeholders = Placeholders(binding.codec)
            request["ProjectionExpression"] = placeholders.name(binding.info.partition.attribute_name)
            placeholders.into(request)
        return request

    def explain(self) -> Plan:
        from adorm.query.plan import plan_of, read_cost

        return plan_of("GetItem", self.request(), read_cost(consistent=self._consistent), reason="the whole key is given")

    async def _run(self) -> ResultT:
        binding = self._binding
        answer = await binding.connection.call("GetItem", self.request(), subject=self._key, retry=self._retry)
        return self._finish(binding, self._key, answer.get("Item"))


def finish_get(binding: Binding, key: Key[Any], attribute_map: AttributeMap | None) -> Any:
    """The item, which must be there."""
    if attribute_map is None:
        raise ItemNotFound(f"{key}: no such item in table {binding.table_name}; get_or_none() gives None instead")
    return binding.decode(attribute_map)


def finish_get_or_none(binding: Binding, _key: Key[Any], attribute_map: AttributeMap | None) -> Any:
    """The item, or None."""
    return None if attribute_map is None else binding.decode(attribute_map)


def finish_exists(_binding: Binding, _key: Key[Any], attribute_map: AttributeMap | None) -> bool:
    """Whether there is one."""
    return attribute_map is not None
