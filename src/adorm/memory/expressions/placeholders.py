"""Internal: the checks of ExpressionAttributeNames and ExpressionAttributeValues.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ExpressionAttributeNames.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from adorm.memory.errors import BadValue, EngineError, invalid, invalid_in_envelope
from adorm.memory.expressions.bindings import Bindings
from adorm.memory.limits import MAX_PLACEHOLDER_BYTES, MAX_PLACEHOLDERS_BYTES
from adorm.memory.values.canonical import Item, canonical_value
from adorm.memory.values.sizes import text_bytes, value_bytes

_NAME = re.compile(r"#[A-Za-z0-9_]+").fullmatch
_VALUE = re.compile(r":[A-Za-z0-9_]+").fullmatch


def check_names(names: Mapping[str, str]) -> None:
    """Refuse an empty map of names, and placeholders that no expression can contain.

    Raises:
        EngineError: the map is empty, or a placeholder is not valid.
    """
    if not names:
        raise invalid_in_envelope("ExpressionAttributeNames must not be empty")
    if (
        sum(text_bytes(name) + text_bytes(meant) for name, meant in names.items())
        > MAX_PLACEHOLDERS_BYTES
    ):
        raise invalid_in_envelope("ExpressionAttributeNames exceeds max size")
    for name in names:
        if text_bytes(name) > MAX_PLACEHOLDER_BYTES or not _NAME(name):
            raise _bad_key("ExpressionAttributeNames", name, "#")


def check_value_names(values: Mapping[str, Any]) -> None:
    """Refuse an empty map of values, and placeholders that no expression can contain.

    Raises:
        EngineError: the map is empty, or a placeholder is not valid.
    """
    if not values:
        raise invalid_in_envelope("ExpressionAttributeValues must not be empty")
    for name in values:
        if text_bytes(name) > MAX_PLACEHOLDER_BYTES or not _VALUE(name):
            raise _bad_key("ExpressionAttributeValues", name, ":")


def _bad_key(parameter: str, key: str, first: str) -> EngineError:
    size = text_bytes(key)
    if size > MAX_PLACEHOLDER_BYTES:
        return invalid_in_envelope(
            f"{parameter} contains invalid key: The expression attribute map contains a key that "
            f"is too long; size of key: {size}"
        )
    message = f'{parameter} contains invalid key: Syntax error; key: "{key}"'
    return invalid_in_envelope(message) if key.startswith(first) else invalid(message)


def canonical_values(values: Mapping[str, Any], *, in_transaction: bool) -> Item:
    """Check all values and return them in canonical form.

    Raises:
        EngineError: DynamoDB does not accept one of the values.
    """
    canonical: Item = {}
    size = 0
    for name, value in values.items():
        try:
            canonical[name] = read = canonical_value(value)
        except EngineError as error:
            raise bad_value(error, name, in_transaction=in_transaction) from error
        ((tag, content),) = read.items()
        size += len(content) if tag in ("S", "N", "B") else value_bytes(read)
    if size > MAX_PLACEHOLDERS_BYTES:
        raise invalid_in_envelope("ExpressionAttributeValues exceeds max size")
    return canonical


def bad_value(error: EngineError, name: str, *, in_transaction: bool) -> EngineError:
    """The service's refusal of a value of an expression.

    The earlier check names the placeholder. The newer one names it only if a value has no type or
    several, or if lists and maps are nested too deep.
    """
    if error.code != "ValidationException":
        return error
    reason = error.old
    named = f"ExpressionAttributeValues contains invalid value: {reason} for key {name}"
    if in_transaction or not error.enveloped:
        return invalid(named)
    return BadValue(named, newer=error.newer if isinstance(error, BadValue) else reason)


def refuse_unused(bindings: Bindings) -> None:
    """Refuse placeholders that no expression uses; names come before values.

    Raises:
        EngineError: names all unused placeholders.
    """
    for parameter, defined, used in (
        ("Names", bindings.names, bindings.used_names),
        ("Values", bindings.values, bindings.used_values),
    ):
        unused = [each for each in defined if each not in used]
        if unused:
            raise invalid_in_envelope(
                f"Value provided in ExpressionAttribute{parameter} unused in expressions: "
                f"keys: {{{', '.join(sorted(unused))}}}"
            )
