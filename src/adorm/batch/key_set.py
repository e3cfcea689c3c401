"""The keys of a batch get: each unique key once, and what was found under it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Generic, NamedTuple, TypeVar

import attrs

from adorm.batch.inputs import STEPS_PER_TURN, numbered
from adorm.codec.pages import ItemPage, MapPage
from adorm.dynamodb.limits import MAX_GET_KEYS
from adorm.dynamodb.values import AttributeMap
from adorm.errors import UsageError
from adorm.items.binding import Binding
from adorm.items.item_ids import ItemId, ItemIds, encode_keys, item_ids
from adorm.items.key_encoding import encode_any_key
from adorm.items.keys import Key
from adorm.items.kinds import OtherKind
from adorm.transport.base import Answer

ItemT = TypeVar("ItemT")


@attrs.frozen(eq=False)
class FoundItems(Generic[ItemT]):
    """What was read of one model on one table."""

    decode: Callable[[ItemPage, list[Exception]], list[Any]]
    """Decodes items. For one that can't be decoded it gives None, and adds an error to the list."""
    parse: Callable[[bytes], Answer | None] | None = None
    """Parses the bytes of answers that hold items of this model only."""
    by_id: dict[ItemId, ItemT] = attrs.Factory(dict[ItemId, ItemT])
    undecodable: set[ItemId] = attrs.Factory(set[ItemId])
    """Items that are there, and do not fit the model."""

    def add(
        self, ids: list[ItemId], page: ItemPage, decoded: list[ItemT], errors: list[Exception]
    ) -> None:
        """Decode the items of a page and keep them. Appends the instances to `decoded`, and the
        error of each item that does not fit to `errors`.

        An item of another model, which shares the table, counts as absent.
        """
        known = len(errors)
        instances = self.decode(page, errors)
        if len(errors) == known:
            decoded.extend(instances)
            self.by_id.update(zip(ids, instances, strict=True))
            return
        failures = iter(errors[known:])
        del errors[known:]
        for item_id, instance in zip(ids, instances, strict=True):
            if instance is not None:
                decoded.append(instance)
                self.by_id[item_id] = instance
            elif not isinstance(error := next(failures), OtherKind):
                self.undecodable.add(item_id)
                errors.append(error)


class KeyGroup(NamedTuple):
    """Keys of one table, which the caller gave one after the other."""

    binding: Binding
    keys: list[Any]
    """Each a `Key`, or a tuple of its values: only a key that is reported is made a `Key`."""


class KeySet(Generic[ItemT]):
    """The unique keys of one run, and what was found under each.

    It is filled by `steps`.
    """

    def __init__(
        self, groups: Sequence[KeyGroup], make_found: Callable[[Binding], FoundItems[ItemT]]
    ) -> None:
        self._groups = groups
        self.count = sum(len(keys) for _, keys in groups)
        """How many keys the caller gave, repeated ones included."""
        self._make_found = make_found
        self._ids: list[ItemId] = []
        """The id of each key that the caller gave, in order."""
        self._found: dict[tuple[str, int], FoundItems[ItemT]] = {}
        """By table name and model: two models may ask for one item."""
        self._found_by_table: dict[str, list[FoundItems[ItemT]]] = {}
        self._found_by_id: dict[ItemId, dict[FoundItems[ItemT], None]] = {}
        """In which models each item is asked for; filled if a table has several."""
        self._times: Counter[ItemId] | None = None
        """How often each key was given; None if each was given once."""
        self._unread: list[dict[ItemId, AttributeMap]] = []
        self.key_names: dict[str, tuple[str, ...]] = {}
        """The attribute names of each table's key."""
        self.item_ids: dict[str, ItemIds] = {}
        """By table name: how the ids of its items are made."""
        self.keys: dict[ItemId, AttributeMap] = {}
        """The unique keys."""

    def steps(self) -> Iterator[None]:
        """Encode the keys; pauses after every few milliseconds of work.

        Raises:
            UsageError: a key can't be encoded; the message has its number.
        """
        since_pause = 0
        for binding, keys in self._groups:
            for start in range(0, len(keys), STEPS_PER_TURN):
                some = keys[start : start + STEPS_PER_TURN]
                self._encode(binding, some)
                since_pause += len(some)
                if since_pause >= STEPS_PER_TURN:
                    since_pause = 0
                    yield
        if len(self._found) > len(self._found_by_table):
            for found, _, _, item_id in self._each():
                self._found_by_id.setdefault(item_id, {})[found] = None
        if len(self.keys) < self.count:
            self._times = Counter(self._ids)

    def _encode(self, binding: Binding, keys: list[Any]) -> None:
        ids, codec = self._ids, binding.codec
        try:
            self._prepare(binding)
            encode_keys(binding.info, codec)(
                binding.table_name,
                keys,
                ids,
                self.keys,
                lambda key: encode_any_key(as_key(binding, key), codec),
            )
        except UsageError as error:
            raise numbered(error, "key", len(ids) + 1, self.count) from error

    def _prepare(self, binding: Binding) -> None:
        info, table = binding.info, binding.table_name
        if (table, id(info)) in self._found:
            return
        if self.key_names.setdefault(table, info.key_order) != info.key_order:
            raise UsageError(
                f"{info.name}: other models in this batch give table {table} another key"
            )
        found = self._found[table, id(info)] = self._make_found(binding)
        self._found_by_table.setdefault(table, []).append(found)
        self.item_ids.setdefault(table, item_ids(info, binding.codec))

    def _each(self) -> Iterator[tuple[FoundItems[ItemT], Binding, Any, ItemId]]:
        """Each key that the caller gave: where its item is kept, its binding, itself, its id."""
        ids = iter(self._ids)
        for binding, keys in self._groups:
            found = self._found[binding.table_name, id(binding.info)]
            for key in keys:
                yield found, binding, key, next(ids)

    @property
    def parse(self) -> Callable[[bytes], Answer | None] | None:
        """Parses the bytes of answers; None if they hold items of several models."""
        found = list(self._found.values())
        return found[0].parse if len(found) == 1 else None

    def chunks(self) -> list[dict[ItemId, AttributeMap]]:
        """The keys of each request, at most 100. Who reads them removes from a chunk what was
        read; this set's own `keys` are empty afterwards."""
        keys = iter(self.keys.items())
        self._unread = [
            dict(islice(keys, MAX_GET_KEYS)) for _ in range(0, len(self.keys), MAX_GET_KEYS)
        ]
        self.keys = {}
        return self._unread

    def add(
        self,
        table: str,
        ids: list[ItemId],
        page: ItemPage,
        decoded: list[ItemT],
        errors: list[Exception],
    ) -> None:
        """Keep items of a table that were read; see `FoundItems.add`."""
        of_table = self._found_by_table[table]
        if len(of_table) == 1:
            of_table[0].add(ids, page, decoded, errors)
            return
        for item_id, attribute_map in zip(ids, page.attribute_maps(), strict=True):
            for found in self._found_by_id[item_id]:
                found.add([item_id], MapPage([attribute_map]), decoded, errors)

    def times_given(self, ids: list[ItemId]) -> int:
        """How many of the keys that the caller gave have these ids."""
        times = self._times
        return len(ids) if times is None else sum(times[item_id] for item_id in ids)

    def results(self) -> dict[str, Any]:
        """The fields of a result: items, aligned, missing, unprocessed."""
        aligned: list[ItemT | None]
        if len(self._found) == 1:
            (found,) = self._found.values()
            aligned = list(map(found.by_id.get, self._ids))
        else:
            aligned = [found.by_id.get(item_id) for found, _, _, item_id in self._each()]
        items = [item for item in aligned if item is not None]
        missing, unprocessed = self._not_found() if len(items) < len(aligned) else ([], [])
        return {"items": items, "aligned": aligned, "missing": missing, "unprocessed": unprocessed}

    def _not_found(self) -> tuple[list[Key[Any]], list[Key[Any]]]:
        """The keys that have no item, and those that were not read; each once for a model."""
        missing: list[Key[Any]] = []
        unprocessed: list[Key[Any]] = []
        unread = set[ItemId]().union(*self._unread)
        seen: set[tuple[ItemId, FoundItems[ItemT]]] = set()
        for found, binding, key, item_id in self._each():
            known = item_id in found.by_id or item_id in found.undecodable
            if not known and (item_id, found) not in seen:
                seen.add((item_id, found))
                (unprocessed if item_id in unread else missing).append(as_key(binding, key))
        return missing, unprocessed


def as_key(binding: Binding, key: Any) -> Key[Any]:
    """The key as a `Key`, given one or the tuple of its values."""
    if isinstance(key, Key):
        return key  # pyright: ignore[reportUnknownVariableType]  # of any model
    return Key(binding.info, key)


def key_groups(keys: Iterable[Key[Any]], bind: Callable[[Key[Any]], Binding]) -> list[KeyGroup]:
    """Keys of several tables, in groups.

    Raises:
        UsageError: something is no `Key`, or its model has no table; the message has its number.
    """
    all_keys = list(keys)
    bindings: dict[tuple[int, str | None], Binding] = {}
    groups: list[KeyGroup] = []
    for number, key in enumerate(all_keys, start=1):
        try:
            # unchecked callers
            if not isinstance(key, Key):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise UsageError(
                    "in a batch across tables each key says its model, "
                    f"db.table(Order).key(...); {key!r} does not"
                )
            identity = (id(key.info), key.table_name)
            if identity not in bindings:
                bindings[identity] = bind(key)
        except UsageError as error:
            raise numbered(error, "key", number, len(all_keys)) from error
        binding = bindings[identity]
        if not groups or groups[-1].binding is not binding:
            groups.append(KeyGroup(binding, []))
        groups[-1].keys.append(key)
    return groups
