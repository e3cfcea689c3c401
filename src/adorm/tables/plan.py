"""`TablePlan`: what has to be done so that a table is as its `TableSpec` says."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from adorm.checks import seconds
from adorm.errors import ResourceNotFound, UsageError
from adorm.items.operation import Operation
from adorm.tables.apply import Apply
from adorm.tables.diff import find_steps, read_state
from adorm.tables.lifecycle import describe_table
from adorm.tables.progress import OnStep
from adorm.tables.steps import Step
from adorm.tables.wanted import WantedTable

DEFAULT_APPLY_S = 3600.0
"""Adding an index takes minutes to hours, as long as the table is large."""


@attrs.frozen(repr=False, eq=False)
class TablePlan:
    """The differences between a table and its spec, as steps. `db.diff` makes it, `apply` does it.

    `print(plan)` shows it: `~` a change, `!` a danger, `x` what is impossible, and without a mark
    what the table has beyond the spec.
    """

    table: str
    """The table's name."""
    steps: Sequence[Step]
    """In the order in which they are done, extras last."""
    _wanted: WantedTable

    @property
    def is_empty(self) -> bool:
        """Whether the table is as the spec says. It may have more."""
        return all(step.kind == "extra" for step in self.steps)

    def apply(
        self,
        *,
        allow: Sequence[str] = (),
        timeout_s: float = DEFAULT_APPLY_S,
        on_progress: OnStep | None = None,
    ) -> Operation[Sequence[Step]]:
        """Do the steps, one after the other, and give those that this call did.

        Before each step the table is looked at again, and the step is done only if it is still
        needed. So it can be run again after a failure or a cancellation, and beside another process
        that applies the same plan. It does nothing that is not in the plan. After each step it
        waits until the table and its indexes can be used. Where DynamoDB is busy with another
        change of the table, or of many tables, it waits as well.

        Args:
            allow: the texts of steps of the kinds "danger" and "extra" that shall be done.
            timeout_s: seconds for all of it; `adorm.deadline` may shorten them.
            on_progress: called with a `StepProgress` each time the table was looked at; it may be
                an async function.

        Raises:
            UsageError: a step is impossible, a danger is not allowed, or `allow` names no step;
                nothing was sent.
            ServiceError: DynamoDB refused a step; a note names it.
            DeadlineExceeded: the time was over; it names the step. DynamoDB finishes what it began.
        """
        given: object = allow  # unchecked callers
        if isinstance(given, str):
            raise UsageError(f"allow is a list of texts of steps, allow=[{allow!r}]")
        seconds("apply(timeout_s=...)", timeout_s)
        return Apply(self._wanted, self.steps, tuple(allow), timeout_s, on_progress)

    def __str__(self) -> str:
        count = sum(step.kind != "extra" for step in self.steps)
        head = f"{self.table}: {f'{count} to change' if count else 'nothing to change'}"
        return "\n".join([head, *(f"  {step}" for step in self.steps)])

    def __repr__(self) -> str:
        return f"<TablePlan {self.table}: {', '.join(step.text for step in self.steps) or 'empty'}>"


async def make_plan(wanted: WantedTable) -> TablePlan:
    """Compare a table with its spec: see `Tables.diff`.

    Raises:
        UsageError: the table is being created or deleted.
        ResourceNotFound: there is no such table.
    """
    try:
        found = await describe_table(wanted.connection, wanted.table_name)
    except ResourceNotFound as error:
        error.add_note(f"create_table or ensure_table makes the table of {wanted.owner}")
        raise
    if found.status in ("CREATING", "DELETING"):
        raise UsageError(
            f"table {wanted.table_name} is {found.status}: it can be compared once it is ACTIVE"
        )
    steps = find_steps(wanted, await read_state(wanted, found))
    return TablePlan(wanted.table_name, steps, wanted)
