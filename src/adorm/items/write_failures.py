"""Errors of writes: what a failed condition means, advice for a refusal, errors once applied."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from adorm.dynamodb.values import AttributeMap, canonical
from adorm.errors import (
    AdormError,
    ConditionalCheckFailed,
    ItemDecodeError,
    ItemExists,
    ItemNotFound,
    ServiceError,
    ValidationFailed,
    VersionConflict,
)
from adorm.expressions.arithmetic import Sum
from adorm.expressions.comparisons import Comparison
from adorm.expressions.conditions import Condition
from adorm.expressions.document_path import DocumentPath
from adorm.expressions.operands import Value
from adorm.expressions.updates import Add, Append, Clause, Delete, SetOperand
from adorm.items.binding import Binding
from adorm.items.keys import Key
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
    is_other = found is not None and binding.is_other_kind(found)
    if found is not None and is_other and not prepared.creating:
        from adorm.items.kinds import decode_sibling, describe_kind

        error.other_kind = describe_kind(binding.info, found)
        error.item = decode_sibling(binding.info, binding.codec, found)
        return error
    is_deleted = found is not None and binding.hides_deleted and binding.is_deleted(found)
    failure: ConditionalCheckFailed = error
    expected = prepared.expected_version
    if expected is None and found is not None and not is_deleted:
        expected = _version_in(prepared.conditions, binding)
    if expected is not None:
        actual = _stored_version(binding, found)
        if actual != expected and not (expected == 0 and found is None):
            conflict = failure = _condition_error(error, VersionConflict)
            conflict.expected, conflict.actual = expected, actual
            conflict.advice = _advice_if_gone(prepared, found)
    elif found is not None and (
        prepared.creating or (is_deleted and prepared.operation == "PutItem")
    ):
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
            f"{prepared.advice_if_absent}"
        )
    if found is not None:
        if failure is error:
            _name_differences(prepared, failure, found)
        try:
            if is_other:
                from adorm.items.kinds import decode_sibling

                failure.item = decode_sibling(binding.info, binding.codec, found)
            if failure.item is None:
                failure.item = binding.decode(found)
        except ItemDecodeError as problem:
            failure.add_note(
                f"the stored item does not fit the model: {problem}; see .attribute_map"
            )
    if found is not None and is_deleted:
        from adorm.items.soft_delete import deletion_failure

        return deletion_failure(failure, binding.info, binding.codec, prepared.key, found)
    return failure


def _advice_if_gone(prepared: PreparedWrite, found: AttributeMap | None) -> str | None:
    """What else may be the reason where the item of an instance is gone: its key was changed."""
    if found is not None or prepared.binding.info.key is None or not prepared.written:
        return None
    return (
        "if a part of its key was changed, that is the key of another item: "
        "move(old, new) takes the item there"
    )


def _name_differences(
    prepared: PreparedWrite, failure: ConditionalCheckFailed, found: AttributeMap
) -> None:
    """Say in the error which fields are not as `given(...)` says, and which immutable fields the
    write would have changed."""
    told = prepared.conditions or prepared.asked
    if told:
        from adorm.items.given import not_as_given

        for path in not_as_given(told, prepared.binding.codec, found):
            failure.add_note(f"{path} is not as given(...) says; .item has what it is now")
    written, name = prepared.written, prepared.key.info.name
    for field in prepared.immutable:
        stored, new = found.get(field.attribute_name), written.get(field.attribute_name)
        if (
            stored is not None
            and field.attribute_name in written
            and (new is None or canonical(stored) != canonical(new))
        ):
            failure.add_note(
                f"{name}.{field.name} is immutable, and the item was created with another value: "
                "read the item again, and leave this field as it is"
            )


def is_absent(binding: Binding, found: AttributeMap | None) -> bool:
    """Whether a failed condition met no item of the model, or one that was deleted softly."""
    return found is None or (not binding.is_other_kind(found) and binding.is_deleted(found))


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


_LAST_STEP = re.compile(r"(\.[^.\[\]]+|\[[^\[\]]*\])$")


def explain_refusal(error: ValidationFailed, clauses: Iterable[Clause[Any]]) -> None:
    """Set the error's `advice`: the paths that the refusal may be about, and what to do."""
    advice = [each for clause in clauses if (each := _advice(error.detail, clause)) is not None]
    if advice:
        error.advice = "; ".join(dict.fromkeys(advice))


def _advice(message: str, clause: Clause[Any]) -> str | None:
    path = clause.path
    if "document path" in message:
        if path.is_top_level:
            return None
        parent = _LAST_STEP.sub("", path.spelled)
        return (
            f"{path} lies in {parent}, which is absent, NULL or of another type in this item: "
            f".set({parent}, ...) as a whole first"
        )
    if "incorrect data type" in message:
        return _wrong_type(clause, path)
    if "does not exist in the item" in message and isinstance(clause, SetOperand):
        operands = _paths_in(clause.value)
        if operands:
            return (
                f"{path} is computed from {' and '.join(map(str, operands))}, which this item does "
                "not have. The defaults of the model do not count here; add() counts absent as 0"
            )
    return None


def _wrong_type(clause: Clause[Any], path: DocumentPath) -> str | None:
    if isinstance(clause, Append):
        stored, empty = "no list", "[]"
    elif isinstance(clause, (Add, Delete)) and isinstance(clause.value, (set, frozenset)):
        stored, empty = "no set of such members", "set()"
    elif isinstance(clause, Add) or (
        isinstance(clause, SetOperand) and isinstance(clause.value, Sum)
    ):
        stored, empty = "no number", "0"
    else:
        return None
    return (
        f"what is stored at {path} is {stored}, perhaps NULL, and can't be added to: "
        f'.set({path}, {empty}) first, with .when(attr({path}).type_is("NULL")), '
        "or save() the item"
    )


def _paths_in(value: object) -> list[DocumentPath]:
    """The paths in the value of a set clause."""
    if isinstance(value, Sum):
        return [side for side in (value.left, value.right) if isinstance(side, DocumentPath)]
    return [value] if isinstance(value, DocumentPath) else []
