"""`get_by`: the item that has a unique value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar, cast

import attrs

from adorm.codec.failures import DecodeFailure
from adorm.dynamodb.values import AttributeMap
from adorm.errors import ItemNotFound, UsageError
from adorm.expressions.conditions import conditions
from adorm.items.binding import Binding
from adorm.items.guards import owner_of, present, unique_values
from adorm.items.retriable import Retriable
from adorm.items.unique_change import present_or_absent

if TYPE_CHECKING:
    from adorm.items.plan import Plan

ResultT = TypeVar("ResultT")


@attrs.define(eq=False, repr=False)
class GetBy(Retriable[ResultT]):
    """`await members.get_by(Member.email == "ada@x.org")`: the guard, then its item.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html
    """

    only_reads = True

    _binding: Binding
    _constraint: str
    """How messages name the constraint."""
    _text: str
    """The text of the guard."""

    @property
    def model_name(self) -> str:
        return self._binding.info.name

    def request(self) -> dict[str, Any]:
        key = unique_values(self._binding.info, self._binding.codec).guard_key(self._text)
        return self._request(key)

    def _request(self, key: AttributeMap) -> dict[str, Any]:
        return {"TableName": self._binding.table_name, "Key": key, "ConsistentRead": True}

    def explain(self) -> Plan:
        from adorm.items.plan import plan_of, read_cost

        reason = "the key of the guard; a second GetItem reads its item"
        return plan_of("GetItem", self.request(), read_cost(consistent=True), reason=reason)

    async def _run(self) -> ResultT:
        binding = self._binding
        guard = await self._get(self.request())
        owner = owner_of(guard)
        item = None if owner is None else await self._get(self._request(owner))
        uniques = unique_values(binding.info, binding.codec)
        if (
            item is None
            or binding.is_other_kind(item)
            or self._text not in uniques.texts_of_item(item)
        ):
            raise ItemNotFound(
                f"{binding.info.name} by {self._constraint}: no item in table "
                f"{binding.table_name} has this value"
            )
        return cast("ResultT", binding.decode(item))

    async def _get(self, request: dict[str, Any]) -> AttributeMap | None:
        answer = await self._binding.connection.call(
            "GetItem",
            request,
            subject=f"{self._binding.info.name} by {self._constraint}",
            retry=self._retry,
        )
        item: AttributeMap | None = answer.get("Item")
        return item


def unique_text(binding: Binding, given: Iterable[bool | Any]) -> tuple[str, str]:
    """The name of the constraint that conditions are about, and the text of its guard.

    Raises:
        UsageError: they are not one comparison by `==` for each field of a constraint, or a value
            is None.
    """
    info = binding.info
    names = " or ".join(each.name for each in info.unique)
    if not info.unique:
        raise UsageError(
            f"{info.name} has no unique values: get_by() finds by adorm.attribute(unique=True)"
        )
    uniques = unique_values(info, binding.codec)
    asked = conditions(given)
    values = present_or_absent(asked, uniques.fields, binding.codec)
    for constraint in info.unique:
        if {field.attribute_name for field in constraint.fields} != values.keys():
            continue
        if len(values) < len(asked):
            break
        try:
            texts = uniques.texts(present(values), (constraint,))
        except DecodeFailure as failure:
            raise UsageError(f"{info.name}, unique {constraint.name}: {failure}") from failure
        if not texts:
            raise UsageError(f"{info.name}: None is no unique value, so get_by() can't find it")
        return constraint.name, next(iter(texts))
    raise UsageError(
        f"get_by() of {info.name} takes a comparison by == for each field of one constraint, "
        f"such as {info.name}.{info.unique[0].fields[0].name} == value; its constraints are {names}"
    )
