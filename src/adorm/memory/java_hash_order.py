"""Internal: the order in which the service's messages list attribute names.

The service keeps the names in hash tables of Java and lists them as they lie there. For the same
names the order is always the same, and it is neither that of the request nor the alphabet's.
"""

from __future__ import annotations

from collections.abc import Iterable

SET_BUCKETS = 16
"""With so many buckets a Java set begins that was not told how much it will hold."""


def in_hash_order(names: Iterable[str], buckets: int | None = None) -> list[str]:
    """The distinct names as a Java hash table lists them.

    Args:
        names: in the order in which they were added; it decides between names in one bucket.
        buckets: how many the table begins with, a power of two; None for one for each name.
    """
    distinct = list(dict.fromkeys(names))
    if buckets is None:
        buckets = 1
        while buckets < len(distinct):
            buckets *= 2
    while len(distinct) > buckets * 3 // 4:
        buckets *= 2
    return sorted(distinct, key=lambda name: _bucket(name, buckets))


def _bucket(name: str, buckets: int) -> int:
    code = 0
    units = name.encode("utf-16-be", "surrogatepass")
    for at in range(0, len(units), 2):
        code = (code * 31 + int.from_bytes(units[at : at + 2])) % (1 << 32)
    return (code ^ code >> 16) % buckets
