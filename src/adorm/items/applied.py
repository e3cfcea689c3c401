"""What fails after DynamoDB has applied a write: the error says so, lest it be sent again."""

from __future__ import annotations

from typing import Any

from adorm.errors import AdormError, ItemDecodeError
from adorm.items.binding import Binding
from adorm.items.keys import Key


def after_applied(error: Exception, binding: Binding, key: Key[Any]) -> AdormError:
    """The error to raise for one that came after DynamoDB had said yes: `applied` is True on it.

    An error that is not adorm's own (an answer of a wrong shape, an instance that takes no
    attribute) becomes an `ItemDecodeError`.
    """
    if isinstance(error, AdormError):
        failure = error
    else:
        failure = ItemDecodeError(
            f"what DynamoDB answered could not be used: {type(error).__name__}: {error}",
            model=binding.info.model,
            key=binding.encode_key(key),
            path="$",
        )
    note_applied(failure, key)
    return failure


def note_applied(error: Any, subject: object) -> None:
    """Say in an error, of whatever kind, that the write had been applied before."""
    if not getattr(error, "applied", False):
        error.applied = error.maybe_applied = True
        error.add_note(
            f"{subject}: the write was applied, and only what came after it failed: do not send it again"
        )
