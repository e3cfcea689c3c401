"""Internal: a mapping that forgets what was not used for longest."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import wraps
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

MAX_TEXTS = 1024
"""Texts whose reading is kept by `cached_by_text`."""

MAX_CHARACTERS = 1_000_000
"""Of all texts from which the entries of one mapping were made: an entry is many times larger."""


class LruCache(Generic[K, V]):
    """At most `size` entries, made from at most `characters` of text.

    Several threads, each with an engine of its own, may share it.
    """

    def __init__(self, size: int, characters: int = MAX_CHARACTERS) -> None:
        self._size = size
        self._most_characters = characters
        self._characters = 0
        self._entries: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: K) -> V | None:
        """The entry of a key, which counts as used now."""
        with self._lock:
            found = self._entries.get(key)
            if found is None:
                return None
            self._entries.move_to_end(key)
            return found[0]

    def put(self, key: K, entry: V, characters: int) -> None:
        """Keep an entry, in the place of those that were not used for longest.

        Args:
            key: of the entry.
            entry: what is kept. One that would take the place of all others is not.
            characters: of the text that it was made from.
        """
        if characters > self._most_characters:
            return
        with self._lock:
            before = self._entries.pop(key, None)
            if before is not None:
                self._characters -= before[1]
            self._entries[key] = entry, characters
            self._characters += characters
            while len(self._entries) > self._size or self._characters > self._most_characters:
                _, (_, dropped) = self._entries.popitem(last=False)
                self._characters -= dropped

    def __len__(self) -> int:
        return len(self._entries)


def cached_by_text(read: Callable[[str], V]) -> Callable[[str], V]:
    """A function of one text that remembers what it answered lately; errors are not kept."""
    answers: LruCache[str, V] = LruCache(MAX_TEXTS)

    @wraps(read)
    def answer(text: str) -> V:
        found = answers.get(text)
        if found is None:
            found = read(text)
            answers.put(text, found, len(text))
        return found

    return answer
