"""Where moto differs from DynamoDB: sizes in conditions, segments of a scan, idempotency tokens."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from zlib import crc32

import attrs
import orjson

from adorm.clock import Clock
from adorm.dynamodb.limits import TOKEN_LIFE_S
from adorm.dynamodb.values import json_default
from adorm.errors import ValidationFailed
from adorm.transport.errors import service_error

if TYPE_CHECKING:
    from moto.dynamodb.models import DynamoDBBackend


_PATH = r"[#\w]+(?:\s*\[\s*\d+\s*\]|\s*\.\s*[#\w]+)*"
_SIZE = rf"size\s*\(\s*(?:{_PATH})\s*\)"
_OPERAND = rf"(?:{_SIZE}|:\w+|{_PATH})"
_COMPARISON = re.compile(
    rf"(?<![\w#:.])(?:{_OPERAND}\s*(?:<>|<=|>=|=|<|>)\s*{_OPERAND}"
    rf"|{_OPERAND}\s+(?i:BETWEEN)\s+{_OPERAND}\s+(?i:AND)\s+{_OPERAND}"
    rf"|{_OPERAND}\s+(?i:IN)\s*\([^()]*\))"
)
_SIZED = re.compile(rf"(?<![\w#:.])size\s*\(\s*({_PATH})\s*\)")
_ASSIGNED = re.compile(r"(?:\bSET\s+|,\s*)([#\w]+)\s*=(?!=)", re.IGNORECASE)


def with_sizes_guarded(expression: str) -> str:
    """The same condition, with a check before each `size()` that its attribute exists.

    In DynamoDB the size of a missing attribute equals nothing: `size(a) <> :v` is true, every other
    comparison is false. moto fails with a Python error.
    """
    return _COMPARISON.sub(_guarded, expression)


def _guarded(comparison: re.Match[str]) -> str:
    text = comparison.group()
    paths = dict.fromkeys(_SIZED.findall(text))
    if not paths:
        return text
    joint, function = (
        (" OR ", "attribute_not_exists") if "<>" in text else (" AND ", "attribute_exists")
    )
    guarded = joint.join([*(f"{function}({path})" for path in paths), text])
    before = comparison.string[: comparison.start()].rstrip()
    after = comparison.string[comparison.end() :].lstrip()
    # Doubled parentheses are refused.
    return guarded if before.endswith("(") and after.startswith(")") else f"({guarded})"


def assigned_attributes(update_expression: str, names: Mapping[str, str]) -> set[str]:
    """The top-level attributes that its SET clause assigns as a whole, by their names."""
    return {names.get(name, name) for name in _ASSIGNED.findall(update_expression)}


_T = TypeVar("_T")


def take_segment(parameters: dict[str, Any]) -> tuple[int, int] | None:
    """`(Segment, TotalSegments)`, taken out of a scan's parameters."""
    segment, total_segments = parameters.pop("Segment", None), parameters.pop("TotalSegments", None)
    if segment is None and total_segments is None:
        return None
    if segment is None or total_segments is None or not 0 <= segment < total_segments:
        raise ValidationFailed(
            "Segment and TotalSegments go together, and Segment is less than TotalSegments",
            code="ValidationException",
            operation="Scan",
            status=400,
        )
    return int(segment), int(total_segments)


def segment_of(
    backend: DynamoDBBackend, table_name: str, segment: int, total_segments: int
) -> DynamoDBBackend:
    """A view of the database in which the table holds only the segment's items, not copied.

    moto scans the view by its own rules for limits, filters, counts and start keys. moto's own
    division into segments fails on binary keys.
    """
    view = _copy(backend)
    tables: dict[str, Any] = backend.tables
    view.tables = {}
    for name, table in tables.items():
        if table_name in (name, table.table_arn):
            view.tables[name] = copied = _copy(table)
            copied.items = defaultdict(dict, _within(table, segment, total_segments))
    return view


def _within(table: Any, segment: int, total_segments: int) -> dict[Any, Any]:
    return {
        key: items
        for key, items in table.items.items()
        if crc32(_bytes(key.value)) % total_segments == segment
    }


def _bytes(key: object) -> bytes:
    return key if isinstance(key, bytes) else str(key).encode()


def _copy(original: _T) -> _T:
    """A shallow copy. copy.copy() would add it to moto's list of all objects that it ever made."""
    copied = object.__new__(type(original))
    copied.__dict__.update(original.__dict__)
    return copied


@attrs.frozen
class _Kept:
    request: bytes
    answer: str
    until: float


class Tokens:
    """The answers to the transactions of the last ten minutes, by `ClientRequestToken`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, _Kept] = {}

    def answer(self, parameters: dict[str, Any]) -> str | None:
        """The JSON text that answered the same request before; None if it has to be applied.

        Raises:
            ValidationFailed: the token was used for another request.
        """
        now = self._clock.monotonic()
        self._kept = {token: kept for token, kept in self._kept.items() if kept.until > now}
        kept = self._kept.get(parameters.get("ClientRequestToken", ""))
        if kept is None:
            return None
        if kept.request != _request(parameters):
            body = {
                "__type": "com.amazonaws.dynamodb.v20120810#IdempotentParameterMismatchException",
                "message": "The request uses a client token that was used for another request "
                "in the last ten minutes",
            }
            raise service_error(body, operation="TransactWriteItems", status=400)
        return kept.answer

    def keep(self, parameters: dict[str, Any], answer: str) -> None:
        """Remember that the request was applied."""
        if token := parameters.get("ClientRequestToken"):
            self._kept[token] = _Kept(
                _request(parameters), answer, self._clock.monotonic() + TOKEN_LIFE_S
            )


def _request(parameters: dict[str, Any]) -> bytes:
    rest = {name: value for name, value in parameters.items() if name != "ClientRequestToken"}
    return orjson.dumps(rest, default=json_default, option=orjson.OPT_SORT_KEYS)
