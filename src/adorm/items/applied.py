"""Errors that follow a write that DynamoDB has applied: they say so, lest it be sent again."""

from __future__ import annotations

from typing import Any

from adorm.errors import AdormError, ItemDecodeError
from adorm.items.binding import Binding
from adorm.items.keys import Key


def after_applied(error: Exception, binding: Binding, key: Key[Any]) -> AdormError:
    """The error to raise in the place of one that came after the write was applied: its `applied`
    is True.

    An error that is not adorm's own (an answer of a wrong shape, an instance that refuses an
    attribute) becomes an `ItemDecodeError`.
    """
    if isinstance(error, AdormError):
        failure = error
    else:
        failure = ItemDecodeError(
            f"DynamoDB's answer could not be used: {type(error).__name__}: {error}",
            model=binding.info.model,
            key=binding.encode_key(key),
            path="$",
        )
    note_applied(failure, key)
    return failure


def note_applied(error: Any, subject: object) -> None:
    """Set `applied` on an error of any class, with a note that the write must not be sent again."""
    if not getattr(error, "applied", False):
        error.applied = error.maybe_applied = True
        error.add_note(
            f"{subject}: the write was applied, and only what came after it failed: "
            "do not send it again"
        )
