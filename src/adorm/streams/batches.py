"""Changes of one model that a handler takes all at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, cast

import attrs

from adorm.codec.codec import default_codec
from adorm.errors import AdormError, UsageError
from adorm.streams.change import StreamChange, typed_change
from adorm.streams.ordered import RecordOutcome, Step, in_chains, item_of
from adorm.streams.routes import Route

if TYPE_CHECKING:
    from adorm.database import Database


class ChangeFailed(AdormError):
    """A handler of batches gave a change back: it has failed."""


@attrs.define(eq=False, repr=False)
class BatchOutcome(RecordOutcome):
    """Stands for the records that one handler of batches takes, while they are handled."""

    route: Route = attrs.field(kw_only=True)
    members: list[RecordOutcome] = attrs.field(factory=list[RecordOutcome], kw_only=True)
    """The outcomes of these records, in the order of the shard."""
    given: list[RecordOutcome] = attrs.field(factory=list[RecordOutcome], kw_only=True)
    """Those whose changes the handler was given."""


def in_batches(taken: Sequence[tuple[RecordOutcome, Route | None]]) -> list[Step[RecordOutcome]]:
    """The first steps, as `in_chains` has them; one outcome stands for all records of a batch.

    An item may have records of both sorts: then its records that are handled alone part the batch,
    so that its changes stay in order.

    Args:
        taken: the outcomes in the order of the shard, with the handler of batches that takes the
            record; None for another one.
    """
    alone = {item_of(outcome.record) for outcome, route in taken if route is None}
    shared = alone & {item_of(outcome.record) for outcome, route in taken if route is not None}
    batches: dict[Route, BatchOutcome] = {}
    steps: list[RecordOutcome] = []
    for outcome, route in taken:
        if route is None:
            steps.append(outcome)
            if item_of(outcome.record) in shared:
                batches.clear()
            continue
        if route not in batches:
            batches[route] = BatchOutcome(f"batch of {route.info.name}", route=route)
            steps.append(batches[route])
        batches[route].members.append(outcome)

    def chain_of(outcome: RecordOutcome) -> object:
        if isinstance(outcome, BatchOutcome):
            return "batches" if shared else id(outcome)
        item = item_of(outcome.record)
        return "batches" if item in shared else item

    return in_chains(steps, chain_of)


async def handle_batch(
    batch: BatchOutcome, db: Database | None, note: Callable[[RecordOutcome], Awaitable[None]]
) -> None:
    """Give all changes that can be read to the handler, and tell in each outcome what became of it.

    A change that can't be read fails alone; what follows of the same item is not begun.

    Raises:
        ChangeFailed: some have failed, and their outcomes tell why.
        Whatever the handler raises: all of them have failed, and `spread` tells their outcomes so.
    """
    route = batch.route
    codec = default_codec(route.info.model) if db is None else db.codec
    changes: list[StreamChange[Any]] = []
    spoilt: set[object] = set()
    failed = 0
    for member in batch.members:
        record = member.record
        if record is None or item_of(record) in spoilt:
            continue
        member.model = route.info.model
        member.label = (
            f"{record.kind} of {route.info.name}, sequence number {record.sequence_number}"
        )
        try:
            changes.append(typed_change(record, route.info, codec))
        except Exception as error:  # noqa: BLE001  # kept for the caller, as of a record that is handled alone
            member.error = error
            spoilt.add(item_of(record))
            failed += 1
            await note(member)
        else:
            batch.given.append(member)
    if changes:
        returned: Any = await route.callee(changes, db)
        given_back = _places(route, changes, returned)
        for place, member in enumerate(batch.given):
            if place in given_back:
                member.error = ChangeFailed(f"{route.describe()} gave the change back as failed")
                failed += 1
                await note(member)
            else:
                member.finished = True
    if failed:
        raise ChangeFailed(f"{failed} of {len(batch.members)} changes failed")


def _places(route: Route, changes: Sequence[StreamChange[Any]], returned: object) -> set[int]:
    """Which of the changes the handler gave back.

    Raises:
        UsageError: it gave back something else.
    """
    if returned is None:
        return set()
    place_of = {id(change): place for place, change in enumerate(changes)}
    given_back: list[object] = (
        [*cast("Iterable[object]", returned)] if hasattr(returned, "__iter__") else [returned]
    )
    if not all(id(each) in place_of for each in given_back):
        raise UsageError(
            f"{route.describe()} returns None, or a list of those of its changes that have failed, not {type(returned).__name__}"
        )
    return {place_of[id(each)] for each in given_back}


def spread(outcome: RecordOutcome) -> list[RecordOutcome]:
    """The outcomes that an error is to be told of: of a batch those that its handler was given and
    that have none of their own yet."""
    if not isinstance(outcome, BatchOutcome):
        return [outcome]
    failed = [member for member in outcome.given if not member.finished and member.error is None]
    for member in failed:
        member.error = outcome.error
    return failed
