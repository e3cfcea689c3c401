"""`table.repair()`: items are given the keys of indexes and the type that their model writes now,
and the guards of their unique values.

A deploy that changes a key of an index leaves older items with their old keys, and one that makes a
field unique leaves them without guards. A repair scans the items and updates those that differ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, Literal, Self, TypeVar

import attrs

from adorm.codec.absence import is_null
from adorm.codec.pages import ItemPage
from adorm.dynamodb.values import AttributeMap, canonical
from adorm.errors import (
    AdormError,
    ConditionalCheckFailed,
    ItemDecodeError,
    UniqueConflict,
    UsageError,
)
from adorm.expressions.conditions import Condition
from adorm.expressions.request import RequestExpressions
from adorm.expressions.updates import Clause, Remove, SetValue
from adorm.items.binding import MAX_TURNS, Binding
from adorm.items.given import stored_as
from adorm.items.keys import Key, key_of
from adorm.items.operation import Operation
from adorm.items.plan import Plan
from adorm.items.write import add_condition, item_exists
from adorm.models import ModelInfo, model_info
from adorm.outcomes import Progress
from adorm.query.decoder import ItemDecoder
from adorm.query.read_request import ReadRequest
from adorm.scan import Scan
from adorm.schema.fields import Field
from adorm.schema.item_keys import computed_attributes

ModelT = TypeVar("ModelT")


@attrs.frozen(eq=False)
class RepairResult(Generic[ModelT]):
    """What a repair did."""

    checked: int
    """How many items of the model were looked at."""
    changed: int
    """How many of them were updated; of a dry run how many would be."""
    conflicts: Sequence[UniqueConflict]
    """Unique values that two items have: the second of them got no guard. Its key is in `subject`,
    that of the first in `owner`."""
    errors: Sequence[AdormError]
    """Of items that do not fit the model, or of whose fields no key can be made. They are left as
    they are."""


@attrs.define(eq=False, repr=False)
class Repair(Operation[RepairResult[ModelT]], Generic[ModelT]):
    """A scan, and an update of each item whose keys of indexes or type differ from what the model
    writes. Unique values without a guard get one, by a transaction; each costs a consistent read.

    An update asks that the fields in these keys are as they were read; an item that others changed
    meanwhile is looked at again. Versions and timestamps stay as they are. It may be run at any
    time, and again.

    Raises (when awaited):
        UsageError: the model has no keys of indexes that are made of parts, and no type attribute.
        ScanFailed: a segment or an update failed; `.resume(error.checkpoint)` goes on.
    """

    _binding: Binding
    _scan: ItemScan
    _dry: bool = attrs.field(default=False, alias="dry")

    @property
    def model_name(self) -> str:
        return self._binding.info.name

    def segments(self, total_segments: int | Literal["auto"], /) -> Self:
        """Read this many segments side by side, see `Scan.segments`."""
        return attrs.evolve(self, scan=self._scan.segments(total_segments))

    def read_units_per_s(self, units: float, /) -> Self:
        """Consume at most this many read units a second, by waiting between requests."""
        return attrs.evolve(self, scan=self._scan.read_units_per_s(units))

    def resume(self, checkpoint: str, /) -> Self:
        """Go on where a checkpoint says, which `ScanFailed.checkpoint` is."""
        return attrs.evolve(self, scan=self._scan.resume(checkpoint))

    def on_progress(self, report: Callable[[Progress], object], /) -> Self:
        """Call `report`, sync or async, with a `Progress` after each page."""
        return attrs.evolve(self, scan=self._scan.on_progress(report))

    def dry_run(self) -> Self:
        """Write nothing, and count what would be changed."""
        return attrs.evolve(self, dry=True)

    def request(self) -> dict[str, Any]:
        return self._scan.request()

    def explain(self) -> Plan:
        reason = "every item is read; an UpdateItem follows for each whose keys differ"
        return attrs.evolve(self._scan.explain(), reason=reason)

    async def _run(self) -> RepairResult[ModelT]:
        info = self._binding.info
        has_keys = bool(info.index_keys) or info.type_field is not None
        if not (has_keys or info.is_abstract or info.unique):
            raise UsageError(
                f"{info.name} has no key of an index that is made of parts, no type attribute and "
                "no unique values, so there is nothing to repair"
            )
        repairs = _Repairs(self._binding, dry=self._dry)
        await self._scan.for_each(repairs.repair)
        return RepairResult(repairs.checked, repairs.changed, repairs.conflicts, repairs.errors)


class _Repairs:
    """The repair of one item after the other, and what came of it."""

    def __init__(self, binding: Binding, *, dry: bool) -> None:
        self._binding = binding
        self._dry = dry
        self.checked = 0
        self.changed = 0
        self.errors: list[AdormError] = []
        self.conflicts: list[UniqueConflict] = []

    async def repair(self, item: AttributeMap) -> None:
        """Update the item, if it is one of the model and its keys are not what they should be, and
        put the guards that it lacks."""
        changed = await self._repair_keys(item)
        if changed is not None:
            self.changed += await self._repair_guards(item) or changed

    async def _repair_guards(self, item: AttributeMap) -> bool:
        """Put the guards that the item lacks; whether there were any."""
        binding = self._binding
        if not (binding.info.unique or binding.info.is_abstract):
            return False
        instance = binding.decode(item)
        info = model_info(type(instance)) if binding.info.is_abstract else binding.info
        if not info.unique:
            return False
        from adorm.items.guard_repair import GuardRepair

        if info is not binding.info:
            binding = Binding(binding.connection, info, binding.table_name, binding.named)
        guards = GuardRepair(binding, key_of(info, instance))
        try:
            has_changed = await guards.run(item, dry=self._dry)
        except UsageError as error:
            self.errors.append(error)
            return False
        self.conflicts += guards.conflicts
        return has_changed

    async def _repair_keys(self, item: AttributeMap) -> bool | None:
        """Whether the item's keys were not what they should be; None where it was passed over."""
        connection, attempt, changed = self._binding.connection, 0, False
        stored: AttributeMap | None = item
        while stored is not None and not self._binding.is_left_out(stored):
            attempt += 1
            try:
                key, request = self._update_of(stored)
            except (ItemDecodeError, UsageError) as error:
                self.errors.append(error)
                return None
            if attempt == 1:
                self.checked += 1
                changed = request is not None
            if request is None or self._dry:
                return changed
            try:
                await connection.call("UpdateItem", request, subject=key, repeat="safe")
            except ConditionalCheckFailed as error:
                if attempt >= MAX_TURNS:
                    raise
                stored = error.attribute_map
            else:
                return changed
            await connection.back_off(
                attempt,
                operation="UpdateItem",
                subject=key,
                why="before an item that others changed is looked at again",
            )
        return changed if attempt else None

    def _update_of(self, item: AttributeMap) -> tuple[Key[Any], dict[str, Any] | None]:
        """The key of an item, and the request that gives it its keys of indexes and its type; None
        where it has them.

        Raises:
            ItemDecodeError: the item does not fit the model.
            UsageError: no key can be made of its fields.
        """
        binding = self._binding
        instance = binding.decode(item)
        info = model_info(type(instance)) if binding.info.is_abstract else binding.info
        written = binding.codec.encode(instance, info.model)
        clauses: list[Clause[Any]] = []
        for field in _computed(info):
            value = written.get(field.attribute_name)
            if not _is_same(value, item.get(field.attribute_name)):
                path = info.path_of(field)
                clauses.append(Remove(path) if value is None else SetValue(path, value))
        key = key_of(info, instance)
        if not clauses:
            return key, None
        request: dict[str, Any] = {
            "TableName": binding.table_name,
            "Key": binding.key_attributes(item),
        }
        expressions = RequestExpressions(binding.codec, info.model)
        expressions.update(clauses, key_names=info.key_names)
        add_condition(request, [item_exists(binding), *_as_read(info, item)], expressions)
        return key, request


def _computed(info: ModelInfo) -> list[Field]:
    """The attributes that a repair writes."""
    computed = computed_attributes(info.structure.cls)
    fields = () if computed is None else computed.fields.values()
    return [field for field in fields if field.attribute_name not in info.key_names]


def _as_read(info: ModelInfo, item: AttributeMap) -> list[Condition]:
    """The conditions that everything a repair goes by is as it was read."""
    fields = dict.fromkeys(
        field
        for key in info.index_keys
        for field in key.fields
        if field.attribute_name not in info.key_names
    )
    for field in (info.type_field, info.deleted_at):
        if field is not None:
            fields[field] = None
    return [stored_as(info, field, item.get(field.attribute_name)) for field in fields]


def _is_same(value: Any, stored: Any) -> bool:
    if value is None or stored is None or is_null(stored):
        return value is None and stored is None
    return canonical(value) == canonical(stored)


class _StoredItems(ItemDecoder[AttributeMap]):
    """Gives items as they are stored."""

    def page_parser(self) -> None:
        return None

    def decode_into(
        self, decoded: list[AttributeMap], page: ItemPage, start: int, stop: int
    ) -> None:
        decoded += [page.attribute_map(index) for index in range(start, stop)]


class ItemScan(Scan[AttributeMap]):
    """A scan that gives the items of a model as they are stored."""

    def _read_request(self, *, counting: bool = False) -> ReadRequest[AttributeMap]:
        read = super()._read_request(counting=counting)
        decoder = read.decoder
        as_stored = _StoredItems(
            binding=decoder.binding,
            selected=None,
            hydrates=False,
            consistent=decoder.consistent,
            retry=decoder.retry,
        )
        return attrs.evolve(read, decoder=as_stored)


def repair_of(binding: Binding) -> Repair[Any]:
    """The repair of a model's items."""
    return Repair(binding, ItemScan(binding))
