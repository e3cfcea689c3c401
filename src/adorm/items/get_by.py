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
from adorm.items.consistent_reads import consistent_request
from adorm.items.guards import owner_of, present, unique_values
from adorm.items.retriable import Retriable
from adorm.items.unique_change import present_or_absent

if TYPE_CHECKING:
    from adorm.items.plan import Plan
    from adorm.schema.unique import UniqueConstraint

ResultT = TypeVar("ResultT")


@attrs.define(eq=False, repr=False)
class GetBy(Retriable[ResultT]):
    """`await members.get_by(Member.email == "ada@x.org")`: the guard, then its item.

    Of an abstract model there is a guard to look for by each text that its subclasses make.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html
    """

    only_reads = True

    _binding: Binding
    _constraint: str
    """How messages name the constraint."""
    _texts: tuple[str, ...]
    """The texts of the guards that may hold the value: one, or of an abstract model several."""

    @property
    def model_name(self) -> str:
        return self._binding.info.name

    def request(self) -> dict[str, Any]:
        return self._request(self._guard_key(self._texts[0]))

    def _guard_key(self, text: str) -> AttributeMap:
        return unique_values(self._binding.info, self._binding.codec).guard_key(text)

    def _request(self, key: AttributeMap) -> dict[str, Any]:
        return consistent_request(self._binding, key)

    def explain(self) -> Plan:
        from adorm.items.plan import plan_of, read_cost

        reason = "the key of the guard; a second GetItem reads its item"
        if len(self._texts) > 1:
            reason += (
                f"; the subclasses make {len(self._texts)} different guards of the value, which "
                "are read one after the other until one has an item"
            )
        return plan_of("GetItem", self.request(), read_cost(consistent=True), reason=reason)

    async def _run(self) -> ResultT:
        binding = self._binding
        for text in self._texts:
            guard = await self._get(self._request(self._guard_key(text)))
            owner = owner_of(guard)
            item = None if owner is None else await self._get(self._request(owner))
            if item is not None and self._has(item, text):
                return cast("ResultT", binding.decode(item))
        raise ItemNotFound(
            f"{binding.info.name} by {self._constraint}: no item in table "
            f"{binding.table_name} has this value"
        )

    def _has(self, item: AttributeMap, text: str) -> bool:
        """Whether an item is of the model, and has the value whose guard has this text."""
        binding = self._binding
        if binding.is_left_out(item):
            return False
        info = binding.info
        if info.is_abstract:
            info = info.item_models.find(item) or info
        return text in unique_values(info, binding.codec).texts_of_item(item)

    async def _get(self, request: dict[str, Any]) -> AttributeMap | None:
        answer = await self._binding.connection.call(
            "GetItem",
            request,
            subject=f"{self._binding.info.name} by {self._constraint}",
            retry=self._retry,
        )
        item: AttributeMap | None = answer.get("Item")
        return item


def unique_texts(binding: Binding, given: Iterable[bool | Any]) -> tuple[str, tuple[str, ...]]:
    """The name of the constraint that conditions are about, and the texts of its guards.

    An abstract model has the constraints of its subclasses, each with the texts that its items
    have.

    Raises:
        UsageError: they are not one comparison by `==` for each field of a constraint, or a value
            is None.
    """
    info = binding.info
    models = info.item_models.models if info.is_abstract else (info,)
    constraints = [(each, unique) for each in models for unique in each.unique]
    if not constraints:
        raise UsageError(
            f"{info.name} has no unique values: get_by() needs a field that is "
            "declared by adorm.attribute(unique=True)"
        )
    asked = conditions(given)
    fields = [field for each in (info, *models) for field in each.structure.fields]
    values = present_or_absent(asked, fields, binding.codec)
    found: dict[str, UniqueConstraint] = {}
    for model, constraint in constraints:
        if {field.attribute_name for field in constraint.fields} != values.keys():
            continue
        if len(values) < len(asked):
            break
        uniques = unique_values(model, binding.codec)
        try:
            texts = uniques.texts(present(values), (constraint,))
        except DecodeFailure as failure:
            raise UsageError(f"{info.name}, unique {constraint.name}: {failure}") from failure
        if not texts:
            raise UsageError(f"{info.name}: None is no unique value, so get_by() can't find it")
        found.update(texts)
        if not info.is_abstract:
            break
    if found:
        return next(iter(found.values())).name, tuple(found)
    names = " or ".join(dict.fromkeys(unique.name for _, unique in constraints))
    first = constraints[0][1].fields[0].name
    raise UsageError(
        f"get_by() of {info.name} takes a comparison by == for each field of one constraint, "
        f"such as {info.name}.{first} == value; its constraints are {names}"
    )
