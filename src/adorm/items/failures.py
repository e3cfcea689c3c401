"""What a failed condition means: which error it is, and whether the write was our own after all."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from adorm.errors import (
    AdormError,
    AttributeMap,
    ConditionalCheckFailed,
    ItemDecodeError,
    ItemExists,
    ItemNotFound,
    VersionConflict,
)
from adorm.expressions.conditions import Comparison, Condition, Value
from adorm.items.binding import Binding
from adorm.items.keys import Key


def stored_version(binding: Binding, attribute_map: AttributeMap | None) -> int | None:
    """The version in an item; 0 where it holds none or NULL, None where there is no item, or what
    it holds is no number."""
    field = binding.info.version
    if attribute_map is None or field is None:
        return None
    stored = attribute_map.get(field.attribute_name)
    if stored is None or "NULL" in stored:
        return 0
    return int(Decimal(stored["N"])) if "N" in stored else None


def asked_version(binding: Binding, conditions: Sequence[Condition]) -> int | None:
    """The version that a condition such as `Order.version == 3` asks for."""
    field = binding.info.version
    for part in conditions:
        if (
            isinstance(part, Comparison)
            and part.comparator == "="
            and field is not None
            and getattr(part.subject, "field", None) is field
            and isinstance(part.operand, Value)
            and isinstance(part.operand.value, int)
        ):
            return part.operand.value
    return None


def condition_failure(
    binding: Binding,
    key: Key[Any],
    error: ConditionalCheckFailed,
    *,
    creating: bool = False,
    must_exist: bool = False,
    expected_version: int | None = None,
) -> AdormError:
    """What the failed condition of a write means, alone or in a transaction, with the item as it
    stands, typed.

    `creating`: an item there is `ItemExists`. `must_exist`: no item there is `ItemNotFound`.
    `expected_version`: another one there, or no item, is `VersionConflict`. Else it is `error`
    itself.
    """
    found = error.attribute_map
    failure = error
    if found is not None and not creating and binding.is_other_kind(found):
        from adorm.items.kinds import told_kind

        error.other_kind = told_kind(binding.info, found)
        return error
    if expected_version is not None:
        actual = stored_version(binding, found)
        if actual != expected_version and not (expected_version == 0 and found is None):
            failure = _as(VersionConflict, error)
            failure.expected, failure.actual = expected_version, actual
    elif creating and found is not None:
        failure = _as(ItemExists, error)
    # After an ambiguous attempt the item may be gone by this very write: then its fate is the news.
    if (
        found is None
        and must_exist
        and not isinstance(failure, VersionConflict)
        and not error.maybe_applied
    ):
        return ItemNotFound(
            f"{key}: no such item in table {binding.table_name}; upsert() or create() makes one"
        )
    if found is not None:
        try:
            failure.item = binding.decode(found)
        except ItemDecodeError as problem:
            failure.add_note(
                f"the item as it stands does not fit the model: {problem}; see .attribute_map"
            )
    return failure


def _as(kind: type[Any], error: ConditionalCheckFailed) -> Any:
    failure = kind(
        error.detail,
        code=error.code,
        operation=error.operation,
        request_id=error.request_id,
        status=error.status,
        maybe_applied=error.maybe_applied,
        subject=error.subject,
        attempts=error.attempts,
    )
    failure.attribute_map = error.attribute_map
    for note in getattr(error, "__notes__", ()):
        failure.add_note(note)
    return failure


def is_own_write(
    found: AttributeMap | None, written: Mapping[str, AttributeMap | None], *, whole: bool = False
) -> bool:
    """Whether the item that made a condition fail is the one that this very request, sent before,
    has written.

    `written` are the attributes that the request sets, None for those that it removes; `whole`: the
    item has no others. To be asked only where one of them is a value that nobody else can have
    written: the time of this write, or an id generated for an item that is being created. All of
    them are compared, because clocks are coarse: another writer may have met the same microsecond.
    """
    if found is None or (whole and not found.keys() <= written.keys()):
        return False
    return all(
        name not in found
        if value is None
        else name in found and canonical(found[name]) == canonical(value)
        for name, value in written.items()
    )


def canonical(attribute_value: dict[str, Any]) -> Any:
    """A form in which equal values are equal, whatever way they were written: `1` and `1.0`, bytes
    and their base64."""
    tag, content = next(iter(attribute_value.items()))
    match tag:
        case "S":
            return tag, content
        case "N":
            return tag, Decimal(content)
        case "NS":
            return tag, frozenset(Decimal(number) for number in content)
        case "B":
            return tag, _base64(content)
        case "BS":
            return tag, frozenset(_base64(member) for member in content)
        case "SS":
            return tag, frozenset(content)
        case "L":
            return tag, [canonical(element) for element in content]
        case "M":
            return tag, {name: canonical(value) for name, value in content.items()}
        case _:
            return tag, content


def _base64(content: bytes | str) -> str:
    return content if isinstance(content, str) else b64encode(content).decode()
