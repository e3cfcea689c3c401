"""Checkpoints: how far each segment of a scan has come, as JSON text to keep anywhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, cast

import attrs
import orjson

from adorm.dynamodb.values import AttributeMap, json_default, key_value
from adorm.errors import UsageError

_FORM = 1
MAX_SEGMENTS = 10_000
"""DynamoDB takes a million. Each segment costs at least one request, so that fewer are faster.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html"""


@attrs.define(eq=False)
class Position:
    """How far one segment has come."""

    after: AttributeMap | None = None
    """The key of the last item that was given, or passed over; None at the beginning."""
    finished: bool = False


@attrs.define(eq=False)
class Ticket:
    """An item that was handed out, until the work on it is done."""

    position: Position
    """Where the segment stands once this item and all before it are done."""
    done: bool = False


class Track:
    """The position of a segment. It moves past an item only when the work on that item, and on all
    before it, is done."""

    def __init__(self, position: Position) -> None:
        self.position = position
        self._open: deque[Ticket] = deque()

    def begin(self, position: Position) -> Ticket:
        """Hand out an item; the position is the one after it."""
        ticket = Ticket(position)
        self._open.append(ticket)
        return ticket

    def end(self, ticket: Ticket) -> None:
        """The work on the item is done."""
        ticket.done = True
        while self._open and self._open[0].done:
            self.position = self._open.popleft().position


@attrs.frozen
class Scanned:
    """What a scan reads. A checkpoint is bound to it."""

    table: str
    index: str | None
    filter: str
    """A digest of the filter, its values included."""


def write_checkpoint(
    scanned: Scanned, total_segments: int | None, positions: list[Position]
) -> str:
    """The checkpoint as JSON text."""
    body = {
        "adorm_scan": _FORM,
        **attrs.asdict(scanned),
        "total_segments": total_segments,
        "segments": [
            {"finished": True} if position.finished else {"after": position.after}
            for position in positions
        ],
    }
    return orjson.dumps(body, default=json_default).decode()


def read_checkpoint(text: str) -> tuple[Scanned, int | None, list[Position]]:
    """What the scan read, its number of segments, and their positions.

    Raises:
        UsageError: the text is no checkpoint, or a damaged one.
    """
    try:
        body = orjson.loads(text)
        if body["adorm_scan"] != _FORM:
            raise UsageError(
                "this checkpoint was made by another version of adorm: scan from the beginning"
            )
        scanned = Scanned(body["table"], body["index"], body["filter"])
        total_segments: int | None = body["total_segments"]
        positions = [_position(each) for each in body["segments"]]
        if total_segments is not None and (
            type(total_segments) is not int or not 1 <= total_segments <= MAX_SEGMENTS
        ):
            raise UsageError(
                f"this checkpoint is damaged: {total_segments!r} is no number of segments; "
                "scan from the beginning"
            )
        if len(positions) != (total_segments or 1) or not all(
            type(name) is str for name in (scanned.table, scanned.filter)
        ):
            raise UsageError(
                "this checkpoint is damaged: it does not have each segment; scan from the beginning"
            )
    except UsageError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(
            "this is no checkpoint of a scan, or a damaged one: "
            "take the text of checkpoint() as it is"
        ) from error
    return scanned, total_segments, positions


def _position(body: Mapping[str, Any]) -> Position:
    if body.get("finished") is True:
        return Position(finished=True)
    after = body["after"]
    if after is None:
        return Position()
    return Position(
        {str(name): key_value(value) for name, value in cast("Mapping[str, Any]", after).items()}
    )
