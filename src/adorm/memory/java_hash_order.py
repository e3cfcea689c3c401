"""Internal: the order in which the service's messages list attribute names.

The service keeps the names in a Java hash table and lists them in the order of that table. The
order is the same for the same names. It is neither the order of the request nor the alphabet.
"""

from __future__ import annotations

from collections.abc import Iterable

SET_BUCKETS = 16
"""The number of buckets of a Java set that was made without a capacity."""


def in_hash_order(names: Iterable[str], buckets: int | None = None) -> list[str]:
    """Return the distinct names in the order of a Java hash table.

    Args:
        names: the names in the order in which they were added, which decides between names in one
            bucket.
        buckets: the first number of buckets, a power of two; None for one bucket a name.
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
