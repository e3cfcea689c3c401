"""`Step`: one difference between a table and what it has to be like, and the request that ends
it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Any, Literal

import attrs

StepKind = Literal["change", "danger", "impossible", "extra"]

MARKS: Mapping[StepKind, str] = {"change": "~", "danger": "!", "impossible": "x", "extra": " "}
"""How a plan shows each kind."""


class Turn(IntEnum):
    """When a step is done: quick settings first, then what takes as long as the table is large.

    Indexes are deleted before others are added: a table has 20 at most. Deletion protection goes
    off first and comes on last.
    """

    PROTECTION_OFF = 0
    BILLING = 1
    STREAM = 2
    TTL = 3
    RECOVERY = 4
    ENCRYPTION = 5
    CLASS = 6
    TAGS = 7
    WARM = 8
    DELETE = 9
    REPLACE = 10
    ADD = 11
    PROTECTION_ON = 12


@attrs.frozen
class Step:
    """One difference between a table and its `TableSpec`."""

    text: str
    """What has to be done: `add index by-status (status, created_at; ALL)`. `allow=` names a step
    by it."""
    name: str
    """What it is about: `billing`, `ttl`, `index by-status`, `tag team`."""
    kind: StepKind
    """"change": `apply` does it. "danger": it may lose data or disturb readers, so `apply` does it
    where `allow=` names it. "impossible": DynamoDB can't do it. "extra": the table has more than
    the spec says; it stays, unless `allow=` names the step."""
    why: str
    """What follows from it, or why it can't be done and what to do instead; may be empty."""
    request: Mapping[str, Any] | None = attrs.field(default=None, repr=False)
    """The parameters of the request; of two requests those of the first. None where it is
    impossible."""
    operation: str = attrs.field(default="UpdateTable", repr=False)
    """The operation of DynamoDB: "UpdateTable", "UpdateTimeToLive", "TagResource", ..."""
    turn: Turn = attrs.field(default=Turn.BILLING, repr=False)
    """When it is done; lower is earlier."""
    follow_up: str = attrs.field(default="", repr=False)
    """The text of the step that is left where this one is half done: an index to replace was
    deleted and not yet added again. Empty where one request does all."""
    needs: str = attrs.field(default="", repr=False)
    """The text of an extra step without which DynamoDB refuses this one; empty for none."""

    def __str__(self) -> str:
        return f"{MARKS[self.kind]} {self.text}" + (f"   ({self.why})" if self.why else "")


def in_order(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The steps in the order in which a plan shows them: extras last."""
    return tuple(sorted(steps, key=lambda step: (step.kind == "extra", step.turn)))
