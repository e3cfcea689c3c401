"""The errors that DynamoDB answers with."""

from __future__ import annotations

from typing import Any

from adorm.errors.base import MESSAGE_CHARACTERS, AdormError
from adorm.support.printable_text import shown


class ServiceError(AdormError):
    """DynamoDB answered with an error.

    `maybe_applied` is True when this or an earlier attempt of the same write may have been applied:
    the answer does not tell what is stored.
    """

    def __init__(
        self,
        message: str = "",
        *,
        code: str,
        operation: str,
        request_id: str | None = None,
        status: int | None = None,
        retryable: bool = False,
        maybe_applied: bool = False,
        subject: str | None = None,
        attempts: int = 1,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.detail = message
        """DynamoDB's own words."""
        self.code = code
        self.operation = operation
        self.request_id = request_id
        self.status = status
        self.retryable = retryable
        self.maybe_applied = maybe_applied
        self.subject = subject
        """What the operation was about: `Order c1/o1`, or a table's name."""
        self.attempts = attempts
        self.retry_after_s = retry_after_s

    @property
    def message(self) -> str:
        return self.detail

    def __str__(self) -> str:
        about = f" on {shown(self.subject, MESSAGE_CHARACTERS)}" if self.subject else ""
        notes = [f"attempts: {self.attempts}"] if self.attempts > 1 else []
        if self.request_id:
            notes.append(f"request id: {shown(self.request_id)}")
        if self.maybe_applied:
            notes.append("it may have been applied: read the item before writing again")
        tail = f" ({'; '.join(notes)})" if notes else ""
        return (
            f"{shown(self.operation)}{about}: {shown(self.code)}: "
            f"{shown(self.detail, MESSAGE_CHARACTERS)}{tail}"
        )


class ConditionalCheckFailed(ServiceError):
    """The condition of a write did not hold. `item` is the item as it stands: the model, or None if
    there is none."""

    item: Any = None
    attribute_map: dict[str, Any] | None = None
    """The same item as DynamoDB sent it."""
    other_kind: str | None = None
    """Where the item is one of another model, which shares the table: how the two differ. `item` is
    None then."""
    deletion: str | None = None
    """Where the item was deleted softly: when that was. `item` has the deleted item."""
    _hint = ".item has the stored item"

    def __str__(self) -> str:
        if self.other_kind:
            hint = f" [under this key is an item of another kind: {self.other_kind}]"
        elif self.deletion:
            hint = f" [{self.deletion}: restore() brings it back, purge() removes it]"
        else:
            hint = f" [{self._hint}]" if self._hint and self.attribute_map is not None else ""
        return f"{super().__str__()}{hint}"


class ItemExists(ConditionalCheckFailed):
    """`create` found an item under its key."""

    _hint = "put() replaces it; .item has the stored item"


class VersionConflict(ConditionalCheckFailed):
    """Someone else wrote the item since it was read. `actual` is None when the item is gone, or
    holds no number as its version."""

    expected: int = 0
    actual: int | None = None
    advice: str | None = None
    """What may be the reason, and what to do then, where adorm can tell."""
    _hint = ""

    def __str__(self) -> str:
        gone = (
            "the item is gone"
            if self.attribute_map is None
            else "what is stored as its version is no number"
        )
        now = gone if self.actual is None else f"version {self.actual} is stored"
        # of a deleted item the hint before it says what to do
        remedy = "" if self.deletion else ": read it again and repeat the change"
        more = f"; {self.advice}" if self.advice else ""
        return f"{super().__str__()} [expected version {self.expected}, {now}{remedy}{more}]"


class UniqueConflict(ConditionalCheckFailed):
    """A value that only one item may have belongs to another item."""

    constraint: str = ""
    """The name of the field, or the text in `@adorm.model(unique=[...])`."""
    value: Any = None
    """The value of the field; of a text with several fields a dict of their values by name."""
    owner: Any = None
    """The `Key` of the item that has the value; None where no model of this program can read that
    item."""
    _hint = ""

    def __str__(self) -> str:
        who = "another item" if self.owner is None else str(self.owner)
        return (
            f"{super().__str__()} [{shown(self.constraint)}: the value belongs to {who}: take "
            "another value; .owner is the key of that item]"
        )


class TransactionConflict(ServiceError):
    """Another transaction was writing the item."""


class Throttled(ServiceError):
    """DynamoDB asks to slow down: capacity, request rate or control-plane limits."""


class ResourceNotFound(ServiceError):
    """The table or index does not exist, or is not active yet."""

    table: str | None = None
    """The table that was asked for, where the operation is about one."""

    def __str__(self) -> str:
        which = f"table {self.table}: " if self.table else ""
        look = "look at the region, the account and the table's name"
        if self.operation == "DeleteTable":
            return (
                f"{super().__str__()} [{which}there is nothing to delete, which missing_ok=True "
                f"takes for done; or {look}]"
            )
        return f"{super().__str__()} [{which}create it by ensure_table(), or {look}]"


class ValidationFailed(ServiceError):
    """DynamoDB refused the request's shape, or the item is not what its update needs."""

    advice: str | None = None
    """Which path it is about, and what to do, where adorm can tell."""

    def __str__(self) -> str:
        return f"{super().__str__()} [{self.advice}]" if self.advice else super().__str__()


class AccessDenied(ServiceError):
    """Credentials are missing, wrong, expired or not allowed to do this."""
