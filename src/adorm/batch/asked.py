"""The keys of a batch get: each unique one once, and what was found under it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import attrs

from adorm.batch.chunks import placed
from adorm.errors import AttributeMap, ItemDecodeError, UsageError
from adorm.keys import Key
from adorm.query.binding import Binding
from adorm.query.unprocessed import Place, place_of

ItemT = TypeVar("ItemT")


@attrs.frozen(eq=False)
class Wanted:
    """One item that is asked for."""

    binding: Binding
    key: Key[Any]


class _Absent:
    """What stands for an item that there is not."""


UNREAD, MISSING, UNDECODABLE = _Absent(), _Absent(), _Absent()


class Asked(Generic[ItemT]):
    """The unique keys of one run, and what was found under each. To be built by `steps`, one for each key given."""

    def __init__(self, wanted: Sequence[Wanted], decode: Callable[[Binding, AttributeMap], ItemT]) -> None:
        self._wanted = wanted
        self._decode = decode
        self._slots: list[Wanted] = []
        """Unique by place and model: two models may want one item."""
        self._found: list[ItemT | _Absent] = []
        self._weights: list[int] = []
        """How often each was given."""
        self._order: list[int] = []
        """The slot of each key given."""
        self._slots_at: dict[Place, list[int]] = {}
        self._names_of: dict[int, tuple[str, ...]] = {}
        self.key_names: dict[str, tuple[str, ...]] = {}
        self.keys: list[tuple[Place, AttributeMap]] = []

    def steps(self) -> Iterator[None]:
        """Take in one key after the other.

        Raises:
            UsageError: a key can't be; it is named by its place.
        """
        known: dict[tuple[Place, int], int] = {}
        total = len(self._wanted)
        for number, each in enumerate(self._wanted, start=1):
            binding = each.binding
            try:
                key = binding.encode_key(each.key)
                names = self._names(binding)
            except UsageError as error:
                raise placed("key", number, total, error) from error
            place = place_of(binding.table_name, key, names)
            slot = known.setdefault((place, id(binding.info)), len(self._slots))
            if slot == len(self._slots):
                self._slots.append(each)
                self._found.append(UNREAD)
                self._weights.append(0)
                at_place = self._slots_at.setdefault(place, [])
                if not at_place:
                    self.keys.append((place, key))
                at_place.append(slot)
            self._weights[slot] += 1
            self._order.append(slot)
            yield

    def _names(self, binding: Binding) -> tuple[str, ...]:
        names = self._names_of.get(id(binding))
        if names is None:
            names = self._names_of[id(binding)] = binding.info.key_order
            if self.key_names.setdefault(binding.table_name, names) != names:
                raise UsageError(f"{binding.info.name}: other models of this batch give table {binding.table_name} another key")
        return names

    def take(self, place: Place, attribute_map: AttributeMap, found: list[ItemT], wrong: list[Exception]) -> None:
        """Keep an item that was read."""
        for slot in self._slots_at[place]:
            try:
                item = self._decode(self._slots[slot].binding, attribute_map)
            except ItemDecodeError as error:
                self._found[slot] = UNDECODABLE
                wrong.append(error)
            else:
                self._found[slot] = item
                found.append(item)

    def settle(self, place: Place) -> int:
        """Note that a place is done: without an item, it has none. For how many of the keys given that is the news."""
        count = 0
        for slot in self._slots_at[place]:
            count += self._weights[slot]
            if self._found[slot] is UNREAD:
                self._found[slot] = MISSING
        return count

    def results(self) -> dict[str, Any]:
        """The fields of a result."""
        found, slots = self._found, self._slots
        in_order = [found[slot] for slot in self._order]
        return {
            "items": [item for item in in_order if not isinstance(item, _Absent)],
            "aligned": [None if isinstance(item, _Absent) else item for item in in_order],
            "missing": [each.key for each, item in zip(slots, found, strict=True) if item is MISSING],
            "unprocessed": [each.key for each, item in zip(slots, found, strict=True) if item is UNREAD],
        }


def wanted_across(keys: Iterable[Key[Any]], bind: Callable[[Key[Any]], Binding]) -> tuple[Wanted, ...]:
    """Keys of several tables.

    Raises:
        UsageError: one is no `Key`, or leads to no table; it is named by its place.
    """
    given = list(keys)
    known: dict[tuple[int, str | None], Binding] = {}
    wanted: list[Wanted] = []
    for number, key in enumerate(given, start=1):
        if not isinstance(key, Key):  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
            raise placed(
                "key", number, len(given), UsageError(f"across tables a key says its model, db.table(Order).key(...); {key!r} does not")
            )
        identity = (id(key.info), key.table_name)
        if identity not in known:
            try:
                known[identity] = bind(key)
            except UsageError as error:
                raise placed("key", number, len(given), error) from error
        wanted.append(Wanted(known[identity], key))
    return tuple(wanted)
