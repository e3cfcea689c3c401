"""Internal: parallel scans of moto's tables, divided by the CRC-32 of the partition key."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeVar
from zlib import crc32

from adorm.errors import ValidationFailed

if TYPE_CHECKING:
    from moto.dynamodb.models import DynamoDBBackend

_T = TypeVar("_T")


def take_segment(parameters: dict[str, Any]) -> tuple[int, int] | None:
    """`(Segment, TotalSegments)`, taken out of a scan's parameters.

    Raises:
        ValidationFailed: one without the other, or no such segment.
    """
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
