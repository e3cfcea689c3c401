"""`Apply`: does the steps of a plan, one at a time, each only if it is still needed."""

from __future__ import annotations

import inspect
from collections.abc import Generator, Sequence
from contextlib import contextmanager

import attrs

from adorm.dynamodb.limits import MAX_GLOBAL_INDEXES
from adorm.errors import (
    ConnectionFailed,
    DeadlineExceeded,
    ResourceNotFound,
    ServiceError,
    UsageError,
)
from adorm.items.operation import Operation
from adorm.tables.descriptions import TableDescription, read_description
from adorm.tables.diff import TableState, find_steps, read_state
from adorm.tables.index_diff import delete_text
from adorm.tables.lifecycle import IN_USE, time_limit
from adorm.tables.poller import TablePoller
from adorm.tables.progress import OnStep, StepProgress
from adorm.tables.steps import Step, Turn
from adorm.tables.wanted import WantedTable

BUSY = frozenset(
    {
        IN_USE,
        "TableInUseException",
        "LimitExceededException",
        "ContinuousBackupsUnavailableException",
    }
)
"""The codes with which DynamoDB refuses a change for now, because of another one."""


@attrs.frozen(repr=False, eq=False)
class Apply(Operation[Sequence[Step]]):
    """Does the steps of a plan: see `TablePlan.apply`."""

    _wanted: WantedTable
    _steps: Sequence[Step]
    _allow: Sequence[str]
    _timeout_s: float
    _on_progress: OnStep | None

    @property
    def model_name(self) -> str:
        return self._wanted.owner

    async def _run(self) -> Sequence[Step]:
        approved = self._approved()
        if not approved:
            return ()
        async with time_limit(self._wanted.connection, self._timeout_s):
            return await _Work(self._wanted, approved, self._on_progress).run()

    def _approved(self) -> tuple[Step, ...]:
        """The steps to do.

        Raises:
            UsageError: a step can't be done, or must not be done unasked.
        """
        texts = [step.text for step in self._steps]
        for text in self._allow:
            if text not in texts:
                known = [step.text for step in self._steps if step.kind in ("danger", "extra")]
                raise UsageError(
                    f"allow names {text!r}, which is no step of the plan for "
                    f"{self._wanted.table_name}; it can allow {known or 'nothing'}"
                )
        self._refuse([step for step in self._steps if step.kind == "impossible"], "is impossible")
        self._refuse(
            [
                each
                for each in self._steps
                if each.kind == "danger" and each.text not in self._allow
            ],
            "is dangerous: allow= names what shall be done all the same",
        )
        approved = [
            each for each in self._steps if each.kind != "extra" or each.text in self._allow
        ]
        for step in approved:
            if step.needs and step.needs not in self._allow:
                raise UsageError(
                    f"{self._wanted.table_name}: {step.text!r} can't be done before "
                    f"{step.needs!r}, because an attribute of its key has another type there: "
                    f"allow=[{step.needs!r}]"
                )
        return tuple(approved)

    def _refuse(self, steps: Sequence[Step], reason: str) -> None:
        if steps:
            listed = "; ".join(f"{step.text!r} ({step.why})" for step in steps)
            raise UsageError(f"{self._wanted.table_name}: {listed} {reason}")


@attrs.define(eq=False, repr=False)
class _Work:
    """One run of approved steps."""

    _wanted: WantedTable
    _approved: Sequence[Step]
    _on_progress: OnStep | None
    _done: list[Step] = attrs.field(factory=list[Step], init=False)

    async def run(self) -> tuple[Step, ...]:
        """Do the first step that is still needed, until none is."""
        poller = TablePoller(
            self._wanted.connection, self._wanted.table_name, "UpdateTable", "ready for changes"
        )
        state = await self._until_quiet(poller, None, 0.0)
        self._check_count(state)
        while (found := self._next(state)) is not None:
            planned, step = found
            with _noting(step):
                state = await self._do(planned, step)
        return tuple(self._done)

    def _next(self, state: TableState) -> tuple[Step, Step] | None:
        """The next step of the plan that is still needed, and what the table needs for it now."""
        return min(self._needed(state), key=lambda pair: pair[1].turn, default=None)

    def _needed(self, state: TableState) -> list[tuple[Step, Step]]:
        """The steps of the plan that are still needed, each with what the table needs for it."""
        needed = {step.text: step for step in find_steps(self._wanted, state)}
        return [
            (planned, needed[text])
            for planned in self._approved
            for text in (planned.text, planned.follow_up)
            if text in needed and _is_approved(planned, needed[text])
        ]

    async def _do(self, planned: Step, step: Step) -> TableState:
        """Send the request of a step, and wait until it has had its effect."""
        connection, name = self._wanted.connection, self._wanted.table_name
        poller = TablePoller(connection, name, step.operation, f"done with {step.text!r}")
        started_s = connection.clock.monotonic()
        refusal: ServiceError | None = None
        is_sent = False
        try:
            while True:
                if not is_sent:
                    refusal = await self._send(planned, step)
                    is_sent = refusal is None
                state = await self._until_quiet(poller, step, started_s)
                needed = {each.text: each for _, each in self._needed(state)}
                if step.text not in needed:
                    return state
                step = needed[step.text]
                if refusal is not None and refusal.code not in BUSY:
                    raise refusal
                await poller.pause()
        except DeadlineExceeded as error:
            if refusal is not None:
                error.add_note(f"DynamoDB last refused the step: {refusal}")
            raise

    async def _send(self, planned: Step, step: Step) -> ServiceError | None:
        """Send a step; gives the error with which DynamoDB refused it."""
        subject = self._wanted.table_name
        try:
            await self._wanted.connection.call(step.operation, step.request or {}, subject=subject)
        except ServiceError as error:
            if error.maybe_applied:
                self._note_done(planned)
            return error
        self._note_done(planned)
        return None

    def _note_done(self, planned: Step) -> None:
        if planned not in self._done:
            self._done.append(planned)

    async def _until_quiet(
        self, poller: TablePoller, step: Step | None, started_s: float
    ) -> TableState:
        """Wait until the table and its indexes can be used, and read its settings."""
        misses = 0
        while True:
            found = await poller.look()
            if found is None:
                misses += 1
                # DescribeTable is eventually consistent: a single miss proves nothing.
                if misses > 1:
                    raise ResourceNotFound(
                        "there is no such table any more",
                        code="ResourceNotFoundException",
                        operation="DescribeTable",
                        subject=self._wanted.table_name,
                    )
            else:
                await self._report(step, found, started_s)
                if found.is_active:
                    return await read_state(self._wanted, found)
            await poller.pause()

    async def _report(self, step: Step | None, found: TableDescription, started_s: float) -> None:
        if self._on_progress is None or step is None:
            return
        returned = self._on_progress(
            StepProgress(
                step,
                found.progress,
                any(index.backfilling for index in found.indexes.values()),
                self._wanted.connection.clock.monotonic() - started_s,
            )
        )
        if inspect.isawaitable(returned):
            await returned

    def _check_count(self, state: TableState) -> None:
        """Refuse to add more indexes than a table takes: DynamoDB's refusal looks as if it were
        busy.

        Raises:
            UsageError: the table would have too many.
        """
        turns = [step.turn for _, step in self._needed(state)]
        change = turns.count(Turn.ADD) - turns.count(Turn.DELETE)
        indexes = state.table.indexes
        count = sum(index.is_global for index in indexes.values()) + change
        if change > 0 and count > MAX_GLOBAL_INDEXES:
            wanted = read_description(self._wanted.request).indexes
            extra = ", ".join(delete_text(name) for name in indexes if name not in wanted)
            raise UsageError(
                f"{self._wanted.table_name} would have {count} global indexes; DynamoDB takes "
                f"{MAX_GLOBAL_INDEXES}: allow some of these steps: {extra}"
            )


def _is_approved(planned: Step, step: Step) -> bool:
    """Whether a step that the table needs now is the planned one, or what is left of it. It is not
    where it has become dangerous."""
    return step.kind == planned.kind or step.text == planned.follow_up


@contextmanager
def _noting(step: Step) -> Generator[None]:
    """Add the step to what fails inside."""
    try:
        yield
    except (ServiceError, ConnectionFailed, DeadlineExceeded) as error:
        error.add_note(f"while doing the step {step.text!r}; apply() can be run again")
        raise
