"""The keys of a batch get: each unique one once, and what was found under it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Generic, NamedTuple, TypeVar

import attrs

from adorm.batch.batch_run import STEPS_A_TURN, placed
from adorm.codec.pages import PageItems
from adorm.dynamodb.limits import MAX_GET_KEYS
from adorm.dynamodb.values import AttributeMap
from adorm.errors import UsageError
from adorm.items.binding import Binding, maps_of
from adorm.items.item_ids import ItemId, ItemIds, encode_keys, item_ids
from adorm.items.keys import Key, encode_any_key
from adorm.items.kinds import OtherKind
from adorm.transport.base import Answer

ItemT = TypeVar("ItemT")


class KeyGroup(NamedTuple):
    """Keys of one table that were given one after the other."""

    binding: Binding
    keys: list[Any]
    """Each a `Key`, or the values of one: a batch makes a `Key` only of those that it has to tell
    of."""


@attrs.frozen(eq=False)
class FoundItems(Generic[ItemT]):
    """One model on one table, and what was read of it."""

    decode: Callable[[PageItems, list[Exception]], list[Any]]
    """Makes items of maps, and lists what is wrong with those that it gives None for."""
    parse: Callable[[bytes], Answer | None] | None = None
    """Parses answers with items of this model only."""
    found: dict[ItemId, ItemT] = attrs.Factory(dict[ItemId, ItemT])
    undecodable: set[ItemId] = attrs.Factory(set[ItemId])

    def take(
        self, places: list[ItemId], read: PageItems, found: list[ItemT], wrong: list[Exception]
    ) -> None:
        """Keep what was read."""
        known = len(wrong)
        items = self.decode(read, wrong)
        if len(wrong) > known:
            failures = wrong[known:]
            lacking = [place for place, item in zip(places, items, strict=True) if item is None]
            # Of each item that there is none of, the error tells why; one of another kind is not
            # there for this model.
            self.undecodable.update(
                place
                for place, error in zip(lacking, failures, strict=True)
                if not isinstance(error, OtherKind)
            )
            wrong[known:] = [error for error in failures if not isinstance(error, OtherKind)]
            places = [place for place, item in zip(places, items, strict=True) if item is not None]
            items = [item for item in items if item is not None]
        found.extend(items)
        self.found.update(zip(places, items, strict=True))


class KeySet(Generic[ItemT]):
    """The unique keys of one run, and what was found under each. To be built by `steps`."""

    def __init__(
        self, wanted: Sequence[KeyGroup], reader: Callable[[Binding], FoundItems[ItemT]]
    ) -> None:
        self._wanted = wanted
        self.given = sum(len(keys) for _, keys in wanted)
        """How many keys were given."""
        self._make_reader = reader
        self._places: list[ItemId] = []
        """Of each key given."""
        self._readers: dict[tuple[str, int], FoundItems[ItemT]] = {}
        """By table and model: two models may want one item."""
        self._readers_of: dict[int, FoundItems[ItemT]] = {}
        """By binding."""
        self._readers_in: dict[str, list[FoundItems[ItemT]]] = {}
        """By table."""
        self._readers_at: dict[ItemId, dict[int, FoundItems[ItemT]]] = {}
        """By place, where a table has several."""
        self._weights: Counter[ItemId] | None = None
        """How often each was given, where one was given more than once."""
        self._unread: list[dict[ItemId, AttributeMap]] = []
        self.key_names: dict[str, tuple[str, ...]] = {}
        self.locators: dict[str, ItemIds] = {}
        self.keys: dict[ItemId, AttributeMap] = {}

    def steps(self) -> Iterator[None]:
        """Take in a few milliseconds' worth of keys at a time.

        Raises:
            UsageError: a key can't be; it is named by its place.
        """
        fresh = 0
        for binding, keys in self._wanted:
            for start in range(0, len(keys), STEPS_A_TURN):
                some = keys[start : start + STEPS_A_TURN]
                self._add(binding, some)
                fresh += len(some)
                if fresh >= STEPS_A_TURN:
                    fresh = 0
                    yield
        if len(self._readers) > len(self._readers_in):
            for binding, _, place in self._each():
                reader = self._readers_of[id(binding)]
                self._readers_at.setdefault(place, {})[id(reader)] = reader
        if len(self.keys) < self.given:
            self._weights = Counter(self._places)

    def _add(self, binding: Binding, keys: list[Any]) -> None:
        places, maps, table, codec = self._places, self.keys, binding.table_name, binding.codec
        try:
            self._know(binding)
            encode_keys(binding.info, codec)(
                table,
                keys,
                places,
                maps,
                lambda given: encode_any_key(as_key(binding, given), codec),
            )
        except UsageError as error:
            raise placed("key", len(places) + 1, self.given, error) from error

    def _each(self) -> Iterator[tuple[Binding, Any, ItemId]]:
        places = iter(self._places)
        return ((binding, given, next(places)) for binding, keys in self._wanted for given in keys)

    def _know(self, binding: Binding) -> None:
        info, table = binding.info, binding.table_name
        names = info.key_order
        if self.key_names.setdefault(table, names) != names:
            raise UsageError(
                f"{info.name}: other models of this batch give table {table} another key"
            )
        if id(binding) not in self._readers_of:
            identity = table, id(info)
            if identity not in self._readers:
                self._readers[identity] = reader = self._make_reader(binding)
                self._readers_in.setdefault(table, []).append(reader)
            self._readers_of[id(binding)] = self._readers[identity]
        self.locators.setdefault(table, item_ids(info, binding.codec))

    @property
    def parse(self) -> Callable[[bytes], Answer | None] | None:
        """What parses the answers, where all of them hold whole items of one model."""
        parsers = [reader.parse for reader in self._readers.values()]
        return parsers[0] if len(parsers) == 1 else None

    def chunks(self) -> list[dict[ItemId, AttributeMap]]:
        """The keys of each request, handed over: what is read leaves them."""
        keys = iter(self.keys.items())
        self._unread = [
            dict(islice(keys, MAX_GET_KEYS)) for _ in range(0, len(self.keys), MAX_GET_KEYS)
        ]
        self.keys = {}
        return self._unread

    def take(
        self,
        table: str,
        places: list[ItemId],
        items: PageItems,
        found: list[ItemT],
        wrong: list[Exception],
    ) -> None:
        """Keep items that were read."""
        readers = self._readers_in[table]
        if len(readers) == 1:
            readers[0].take(places, items, found, wrong)
            return
        for place, attribute_map in zip(places, maps_of(items), strict=True):
            for reader in self._readers_at[place].values():
                reader.take([place], [attribute_map], found, wrong)

    def weight(self, places: list[ItemId]) -> int:
        """How many of the keys given these are."""
        weights = self._weights
        return len(places) if weights is None else sum(weights[place] for place in places)

    def results(self) -> dict[str, Any]:
        """The fields of a result."""
        aligned: list[ItemT | None]
        if len(self._readers) == 1:
            (reader,) = self._readers.values()
            aligned = list(map(reader.found.get, self._places))
        else:
            aligned = [
                self._readers_of[id(binding)].found.get(place) for binding, _, place in self._each()
            ]
        items = [item for item in aligned if item is not None]
        missing, unprocessed = self._not_found() if len(items) < len(aligned) else ([], [])
        return {"items": items, "aligned": aligned, "missing": missing, "unprocessed": unprocessed}

    def _not_found(self) -> tuple[list[Key[Any]], list[Key[Any]]]:
        """The keys that have no item, and those that were not read, each once for a model."""
        missing: list[Key[Any]] = []
        unprocessed: list[Key[Any]] = []
        unread = set[ItemId]().union(*self._unread)
        seen: set[tuple[ItemId, int]] = set()
        for binding, given, place in self._each():
            reader = self._readers_of[id(binding)]
            if place in reader.found or place in reader.undecodable or (place, id(reader)) in seen:
                continue
            seen.add((place, id(reader)))
            (unprocessed if place in unread else missing).append(as_key(binding, given))
        return missing, unprocessed


def as_key(binding: Binding, given: Any) -> Key[Any]:
    """The key that was given, or the one of its values."""
    return given if isinstance(given, Key) else Key(binding.info, given)  # pyright: ignore[reportUnknownVariableType]  # of any model


def key_groups(keys: Iterable[Key[Any]], bind: Callable[[Key[Any]], Binding]) -> list[KeyGroup]:
    """Keys of several tables.

    Raises:
        UsageError: one is no `Key`, or leads to no table; it is named by its place.
    """
    given = list(keys)
    known: dict[tuple[int, str | None], Binding] = {}
    wanted: list[KeyGroup] = []
    for number, key in enumerate(given, start=1):
        if not isinstance(key, Key):  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
            raise placed(
                "key",
                number,
                len(given),
                UsageError(
                    f"across tables a key says its model, db.table(Order).key(...); {key!r} does not"
                ),
            )
        identity = (id(key.info), key.table_name)
        if identity not in known:
            try:
                known[identity] = bind(key)
            except UsageError as error:
                raise placed("key", number, len(given), error) from error
        if not wanted or wanted[-1].binding is not known[identity]:
            wanted.append(KeyGroup(known[identity], []))
        wanted[-1].keys.append(key)
    return wanted
