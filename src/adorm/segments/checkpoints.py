"""Checkpoints: what a scan reads, and how far each segment has come, as JSON text."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import attrs
import orjson

from adorm.dynamodb.values import AttributeMap, json_default, key_value
from adorm.errors import UsageError
from adorm.expressions.conditions import Condition, and_
from adorm.expressions.request import RequestExpressions
from adorm.items.binding import Binding
from adorm.query.access import Target
from adorm.query.start_keys import start_key_problem

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
class Track:
    """The position of a segment. It moves past an item when that and all before it are done."""

    segment: int
    position: Position
    open: deque[Ticket] = attrs.Factory(deque["Ticket"])
    """Items that were handed out and are not done, or wait for one before them."""

    def begin(self, position: Position) -> Ticket:
        """Hand out an item; the position is the one after it."""
        ticket = Ticket(self, position)
        self.open.append(ticket)
        return ticket


@attrs.define(eq=False)
class Ticket:
    """An item that was handed out, until the work on it is done."""

    track: Track
    position: Position
    """Where the segment stands once this item and all before it are done."""
    done: bool = False

    def end(self) -> None:
        """The work on the item is done."""
        self.done = True
        track = self.track
        while track.open and track.open[0].done:
            track.position = track.open.popleft().position


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
            raise _damaged(f"{total_segments!r} is no number of segments")
        if len(positions) != (total_segments or 1) or not all(
            type(name) is str for name in (scanned.table, scanned.filter)
        ):
            raise _damaged("it does not have each segment")
    except UsageError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(
            "this is no checkpoint of a scan, or a damaged one: "
            "take the text of checkpoint() as it is"
        ) from error
    return scanned, total_segments, positions


def _damaged(problem: str) -> UsageError:
    return UsageError(f"this checkpoint is damaged: {problem}; scan from the beginning")


def _position(body: Mapping[str, Any]) -> Position:
    if body.get("finished") is True:
        return Position(finished=True)
    after: Mapping[str, Any] | None = body["after"]
    if after is None:
        return Position()
    return Position({str(name): key_value(value) for name, value in after.items()})


SegmentCount: TypeAlias = int | Literal["auto"] | None
"""What `segments()` was given; None: the scan is not parallel."""


def new_positions(total_segments: int | None) -> list[Position]:
    """The positions of a scan that begins, one for each segment."""
    return [Position() for _ in range(total_segments or 1)]


def scanned(
    binding: Binding, index_name: str | None, filters: Sequence[Condition], hides_expired: bool
) -> Scanned:
    """What a scan reads: its table and index, and a digest of its filter."""
    text, request = "", dict[str, Any]()
    if filters:
        expressions = RequestExpressions(binding.codec, binding.request_model)
        expressions.filter(and_(*filters))
        expressions.into(request)
        text = request.pop("FilterExpression")
    identity = orjson.dumps([text, repr(request), hides_expired])
    return Scanned(binding.table_name, index_name, hashlib.sha256(identity).hexdigest()[:32])


def resumed_positions(
    binding: Binding, target: Target, reads: Scanned, checkpoint: str, segments: SegmentCount
) -> tuple[int | None, list[Position]]:
    """The number of segments and their positions, from a checkpoint.

    Args:
        reads: what the scan reads; the checkpoint has to be one of just that.
        segments: what `segments()` was given, which has to agree with the checkpoint.

    Raises:
        UsageError: the checkpoint is damaged, or one of another table, index, filter or number of
            segments.
    """
    found, total_segments, positions = read_checkpoint(checkpoint)
    if found != reads:
        index = f", index {found.index}" if found.index else ""
        raise UsageError(
            f"this checkpoint is one of table {found.table}{index}, or of another filter: "
            "the scan that it resumes has to be the same"
        )
    key_names = binding.info.key_names | target.key_names
    request = {} if target.index is None else {"IndexName": target.index.name}
    for after in (position.after for position in positions if position.after is not None):
        if after.keys() != key_names:
            raise _damaged("its keys are not those of the table")
        if (problem := start_key_problem(binding, request, after)) is not None:
            raise _damaged(problem)
    if segments not in (None, "auto", total_segments):
        raise UsageError(
            f"this checkpoint is one of {total_segments or 'no'} segments, not of {segments}: "
            "leave segments() out"
        )
    return total_segments, positions
