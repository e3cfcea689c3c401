"""Where the segments of a scan begin, at the start or where a checkpoint says; what it reads."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import orjson

from adorm.errors import UsageError
from adorm.expressions.conditions import Condition, and_
from adorm.expressions.request import RequestExpressions
from adorm.items.binding import Binding
from adorm.query.access import Target
from adorm.query.start_keys import start_key_problem
from adorm.segments.checkpoints import Position, Scanned, read_checkpoint

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
        expressions = RequestExpressions(binding.codec, binding.info.model)
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
            raise UsageError(
                "this checkpoint is damaged: its keys are not those of the table; "
                "scan from the beginning"
            )
        if (problem := start_key_problem(binding, request, after)) is not None:
            raise UsageError(f"this checkpoint is damaged: {problem}; scan from the beginning")
    if segments not in (None, "auto", total_segments):
        raise UsageError(
            f"this checkpoint is one of {total_segments or 'no'} segments, not of {segments}: "
            "leave segments() out"
        )
    return total_segments, positions
