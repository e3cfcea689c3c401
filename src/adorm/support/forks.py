"""What a child process must not share with its parent after `os.fork`.

The child has the same sockets as its parent. Were both to use them, one would read what the other
was answered. Credentials and tokens are its own as well.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Protocol
from weakref import WeakSet


class Forked(Protocol):
    """An object with something to do in the child after a fork."""

    def after_fork(self) -> None:
        """Let go of what is the parent's. Runs before anything else in the child; must not wait,
        and must not send anything."""
        ...


_watched: WeakSet[Forked] = WeakSet()
_count = 0


def tell_of_forks(who: Forked) -> None:
    """Call its `after_fork` in every child process, as long as it lives."""
    _watched.add(who)


def forks() -> int:
    """How many forks lie between the first process and this one: it changes with the process."""
    return _count


def detach(descriptor: int) -> None:
    """Put a descriptor on the null device, which lets go of what it was.

    Closing it is not enough: the number would soon be another file's, while an event loop still
    watches it. Taking it out of the loop's selector would take it out of the parent's too, because
    both share one epoll.
    """
    null = os.open(os.devnull, os.O_RDWR)
    try:
        os.dup2(null, descriptor, inheritable=False)
    finally:
        os.close(null)


def _in_child() -> None:
    global _count  # noqa: PLW0603  # one number for the whole process
    _count += 1
    for who in tuple(_watched):
        # The child must start, in whatever state the fork found the object.
        with suppress(OSError, RuntimeError):
            who.after_fork()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_in_child)
