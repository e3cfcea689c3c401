"""What the failed condition of a write means, and whether the write itself was the reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TypeVar

from adorm.dynamodb.values import AttributeMap, canonical
from adorm.errors import (
    AdormError,
    ConditionalCheckFailed,
    ItemDecodeError,
    ItemExists,
    ItemNotFound,
    ServiceError,
    VersionConflict,
)
from adorm.expressions.comparisons import Comparison
from adorm.expressions.conditions import Condition
from adorm.expressions.operands import Value
from adorm.items.binding import Binding
from adorm.items.write import PreparedWrite

ErrorT = TypeVar("ErrorT", bound=ServiceError)
ConditionT = TypeVar("ConditionT", bound=ConditionalCheckFailed)


def condition_failure(prepared: PreparedWrite, error: ConditionalCheckFailed) -> AdormError:
    """The error to raise for a failed condition, with the item that is stored as an instance.

    It is `ItemExists`, `VersionConflict` or `ItemNotFound` where the condition was adorm's own (see
    the attributes of `PreparedWrite`), else `error` itself.
    """
    binding, found = prepared.binding, error.attribute_map
    if found is None and prepared.cannot_create and not error.maybe_applied:
        return ItemNotFound(
            f"{prepared.key}: no such item in table {binding.table_name}, and a transaction can't "
            "create one by removing attributes: use create() or put(), or set an attribute"
        )
    if found is not None and not prepared.creating and binding.is_other_kind(found):
        from adorm.items.kinds import describe_kind

        error.other_kind = describe_kind(binding.info, found)
        return error
    failure: ConditionalCheckFailed = error
    expected = prepared.expected_version
    if expected is None and found is not None:
        expected = _version_in(prepared.conditions, binding)
    if expected is not None:
        actual = _stored_version(binding, found)
        if actual != expected and not (expected == 0 and found is None):
            conflict = failure = _condition_error(error, VersionConflict)
            conflict.expected, conflict.actual = expected, actual
    elif prepared.creating and found is not None:
        failure = _condition_error(error, ItemExists)
    # After an ambiguous attempt this very write may have deleted the item: then the error must say
    # that it may have been applied, not that there is no item.
    if (
        found is None
        and prepared.must_exist
        and not isinstance(failure, VersionConflict)
        and not error.maybe_applied
    ):
        return ItemNotFound(
            f"{prepared.key}: no such item in table {binding.table_name}; "
            "upsert() or create() makes one"
        )
    if found is not None:
        try:
            failure.item = binding.decode(found)
        except ItemDecodeError as problem:
            failure.add_note(
                f"the stored item does not fit the model: {problem}; see .attribute_map"
            )
    return failure


def is_own_write(prepared: PreparedWrite, found: AttributeMap | None) -> bool:
    """Whether the item that made the condition fail is the one that this very request, sent before,
    has written.

    All attributes written are compared, not only the one that no other writer can have stored,
    because clocks are coarse: another writer may have met the same microsecond.
    """
    if found is None or not prepared.provable:
        return False
    written = prepared.written
    if prepared.operation == "PutItem" and not found.keys() <= written.keys():
        return False  # a put leaves no other attributes
    return all(
        name not in found
        if value is None
        else name in found and canonical(found[name]) == canonical(value)
        for name, value in written.items()
    )


def _stored_version(binding: Binding, attribute_map: AttributeMap | None) -> int | None:
    """The version in an item: 0 where it has none or NULL, None where there is no item, or where
    the version is no number."""
    field = binding.info.version
    if attribute_map is None or field is None:
        return None
    stored = attribute_map.get(field.attribute_name)
    if stored is None or "NULL" in stored:
        return 0
    return int(Decimal(stored["N"])) if "N" in stored else None


def _version_in(conditions: Sequence[Condition], binding: Binding) -> int | None:
    """The version that a condition such as `Order.version == 3` asks for; None where none does."""
    field = binding.info.version
    for condition in conditions:
        if (
            isinstance(condition, Comparison)
            and condition.comparator == "="
            and field is not None
            and getattr(condition.measured, "field", None) is field
            and isinstance(condition.operand, Value)
            and isinstance(condition.operand.value, int)
        ):
            return condition.operand.value
    return None


def error_like(
    error: ServiceError, error_class: Callable[..., ErrorT], *arguments: object
) -> ErrorT:
    """An error of another class about the same answer, with the same notes.

    Args:
        arguments: what the class takes beside the fields of every `ServiceError`.
    """
    copy = error_class(
        error.detail,
        *arguments,
        code=error.code,
        operation=error.operation,
        request_id=error.request_id,
        status=error.status,
        retryable=error.retryable,
        maybe_applied=error.maybe_applied,
        subject=error.subject,
        attempts=error.attempts,
        retry_after_s=error.retry_after_s,
    )
    for note in getattr(error, "__notes__", ()):
        copy.add_note(note)
    return copy


def _condition_error(
    error: ConditionalCheckFailed, error_class: Callable[..., ConditionT]
) -> ConditionT:
    failure = error_like(error, error_class)
    failure.attribute_map = error.attribute_map
    return failure
