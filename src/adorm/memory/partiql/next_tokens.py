"""Internal: NextToken: the position at which the next page of a SELECT begins.

A token belongs to one statement with its parameters.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from adorm.memory.errors import EngineError, invalid
from adorm.memory.items.pages import Source
from adorm.memory.shapes.attribute_values import check_attribute_map
from adorm.memory.values.canonical import Item, canonical_item, canonical_value


class Stop(NamedTuple):
    """The position at which a page ended."""

    read: int
    """The index of the query in which the page ended."""
    key: Item
    """The key attributes of the last item that was read."""


def token_of(stop: Stop, fingerprint: str) -> str:
    """Make the token of the page behind `stop`."""
    return b64encode(orjson.dumps([fingerprint, stop.read, stop.key])).decode()


def read_token(token: str, fingerprint: str, source: Source, reads: int) -> Stop:
    """Return the position at which the page of a token begins.

    Raises:
        EngineError: the text is not a token, or belongs to another statement or to other
            parameters.
    """
    try:
        content = orjson.loads(b64decode(token, validate=True))
    except (Base64Error, ValueError) as error:
        raise invalid("Invalid NextToken") from error
    match content:
        case [str() as made_for, int() as read, {**key}]:
            pass
        case _:
            raise invalid("Invalid NextToken")
    if made_for != fingerprint:
        raise mismatch()
    types = {**source.table.schema.types, **source.schema.types}
    if not (0 <= read < reads and key.keys() == types.keys()):
        raise invalid("Invalid NextToken")
    if not all(_has_type(key[name], type_tag) for name, type_tag in types.items()):
        raise invalid("Invalid NextToken")
    try:
        check_attribute_map(key, "", "")
        return Stop(read, canonical_item({name: key[name] for name in types}))
    except EngineError as error:  # not a number, or not base64
        raise invalid("Invalid NextToken") from error


def _has_type(value: Any, type_tag: str) -> bool:
    match value:
        case {**members}:
            return list(members) == [type_tag] and isinstance(members[type_tag], str)
        case _:
            return False


def mismatch() -> EngineError:
    """The refusal of a token that belongs to another statement."""
    return invalid("NextToken does not match request")


def is_resumable(parameters: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the service accepts a token of this statement.

    It never does if a parameter is a list or a map.
    """
    return not any("L" in each or "M" in each for each in parameters)


def fingerprint_of(statement: str, parameters: Sequence[Mapping[str, Any]]) -> str:
    """A text that is the same for the same statement with the same parameters.

    The texts of two statements must be identical. Numbers are the same only with the same number of
    decimal places. The order of the members of a set does not matter.
    """
    known = [_identity(each) for each in parameters]
    return sha256(repr([statement, known]).encode()).hexdigest()


def _identity(parameter: Mapping[str, Any]) -> Any:
    if "N" not in parameter:
        return canonical_value(parameter, depth=-1)
    negative, digits, exponent = Decimal(parameter["N"]).as_tuple()
    return [bool(negative and any(digits)), "".join(map(str, digits)), exponent]
