"""Internal: a cache that drops the least recently used entries."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import wraps
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

MAX_TEXTS = 1024
"""The number of texts that `cached_by_text` keeps for one function."""

MAX_CHARACTERS = 1_000_000
"""The characters of all texts from which the entries of one cache were made. An entry is many times
larger than its text."""


class LruCache(Generic[K, V]):
    """At most `size` entries, made from at most `MAX_CHARACTERS` characters of text.

    Several threads, each with its own engine, may share one cache.
    """

    def __init__(self, size: int, characters: int = MAX_CHARACTERS) -> None:
        self._size = size
        self._most_characters = characters
        self._characters = 0
        self._entries: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: K) -> V | None:
        """Return the entry of a key and count it as used now; None if there is none."""
        with self._lock:
            found = self._entries.get(key)
            if found is None:
                return None
            self._entries.move_to_end(key)
            return found[0]

    def put(self, key: K, entry: V, characters: int) -> None:
        """Keep an entry, and drop the least recently used entries to make room.

        Args:
            key: the key of the entry.
            entry: the value to keep. An entry that is too large for the whole cache is not kept.
            characters: the characters of the text from which the entry was made.
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
    """Decorate a function of one text so that it keeps its latest results. Errors are not kept."""
    answers: LruCache[str, V] = LruCache(MAX_TEXTS)

    @wraps(read)
    def answer(text: str) -> V:
        found = answers.get(text)
        if found is None:
            found = read(text)
            answers.put(text, found, len(text))
        return found

    return answer
