"""What callers give to a batch: any number of items or keys, checked, and cut into chunks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar, cast

from anyio.lowlevel import checkpoint

from adorm.errors import BadValue, UsageError
from adorm.items.binding import Binding
from adorm.items.keys import Key, make_key

T = TypeVar("T")

STEPS_PER_TURN = 200
"""Keys or items that are encoded before other tasks run again: a few milliseconds."""


def as_list(name: str, values: Iterable[T]) -> list[T]:
    """All values of an argument.

    Raises:
        UsageError: it is not iterable, or it is text, bytes or one key.
    """
    # unchecked callers
    if isinstance(values, str | bytes | Key) or not isinstance(cast("object", values), Iterable):
        raise UsageError(
            f"{name} is a list or another iterable, not {values!r}: put a single one into a list"
        )
    return list(values)


def as_keys(binding: Binding, values: Iterable[object]) -> list[Any]:
    """The keys, each given as a `Key`, a tuple or a bare value. A tuple of the right length stays
    as it is, to save time; all others become a `Key`.

    Raises:
        UsageError: a key has the wrong shape; the message has its number.
    """
    info = binding.info
    keys: list[Any] = as_list("keys", values)
    length = len(info.parts)
    for index, value in enumerate(keys):
        if value.__class__ is not tuple or len(value) != length:
            try:
                keys[index] = make_key(info, (value,))
            except UsageError as error:
                raise numbered(error, "key", index + 1, len(keys)) from error
    return keys


def numbered(error: UsageError, what: str, number: int, total: int | None) -> UsageError:
    """The same error with the number of the value that it is about: "key 57 of 1,000: ..."."""
    kind = BadValue if isinstance(error, BadValue) else UsageError
    of_total = "" if total is None else f" of {total:,}"
    return kind(f"{what} {number:,}{of_total}: {error}")


def split(
    values: Sequence[T], sizes: Sequence[int], *, max_count: int, max_bytes: int
) -> list[Sequence[T]]:
    """Chunks of at most `max_count` values and at most `max_bytes`, in order.

    A value that is larger than `max_bytes` is alone in its chunk.

    Args:
        sizes: the bytes of each value.
    """
    chunks: list[Sequence[T]] = []
    start = total = 0
    for position, size in enumerate(sizes):
        total += size
        if position - start == max_count or (position > start and total > max_bytes):
            chunks.append(values[start:position])
            start, total = position, size
    if start < len(values):
        chunks.append(values[start:])
    return chunks


async def run_in_turns(steps: Iterable[object]) -> None:
    """Do many small steps of computing; after every 200, other tasks run."""
    for number, _ in enumerate(steps, start=1):
        if number % STEPS_PER_TURN == 0:
            await checkpoint()
