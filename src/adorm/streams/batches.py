"""The changes of one model that a handler takes all at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, cast

import attrs

from adorm.aws_lambda.batches.chains import ChainLink, make_chains
from adorm.codec.chosen_codec import default_codec
from adorm.errors import AdormError, UsageError
from adorm.streams.change import StreamChange, typed_change
from adorm.streams.result import RecordOutcome
from adorm.streams.typed_handlers import TypedHandler

if TYPE_CHECKING:
    from adorm.database import Database


class ChangeFailed(AdormError):
    """A handler of batches returned a change: it has failed."""


@attrs.define(eq=False, repr=False)
class BatchOutcome(RecordOutcome):
    """Stands for all records that one handler of batches takes, while they are handled."""

    handler: TypedHandler = attrs.field(kw_only=True)
    members: list[RecordOutcome] = attrs.field(factory=list[RecordOutcome], kw_only=True)
    """The outcomes of these records, in the order of the shard."""
    passed_on: list[RecordOutcome] = attrs.field(factory=list[RecordOutcome], kw_only=True)
    """The outcomes of the records whose changes were given to the handler."""

    def pass_error_on(self) -> list[RecordOutcome]:
        """Store the error in the outcomes of the records given to the handler; returns these.

        Those that have finished, or have an error of their own, are left out.
        """
        failed = [each for each in self.passed_on if not each.finished and each.error is None]
        for member in failed:
            member.error = self.error
        return failed


def chains_with_batches(
    records: Sequence[tuple[RecordOutcome, TypedHandler | None]],
) -> list[ChainLink[RecordOutcome]]:
    """The first link of each chain; one outcome stands for all records of a batch.

    If an item has records of both sorts, those in a batch and those that are handled alone, then
    the latter split the batch, so that the changes of the item stay in order.

    Args:
        records: the outcomes in the order of the shard, each with the handler of batches that takes
            the record; None if another handler does.
    """
    alone = {outcome.item for outcome, handler in records if handler is None}
    mixed = alone & {outcome.item for outcome, handler in records if handler is not None}
    batches: dict[TypedHandler, BatchOutcome] = {}
    steps: list[RecordOutcome] = []
    for outcome, handler in records:
        if handler is None:
            steps.append(outcome)
            if outcome.item in mixed:
                batches.clear()
            continue
        if handler not in batches:
            label = f"batch of {handler.info.name}"
            batches[handler] = BatchOutcome(label, handler=handler)
            steps.append(batches[handler])
        batches[handler].members.append(outcome)

    def chain_of(outcome: RecordOutcome) -> Hashable:
        if isinstance(outcome, BatchOutcome):
            return "batches" if mixed else id(outcome)
        return "batches" if outcome.item in mixed else outcome.item

    return make_chains(steps, chain_of)


async def handle_batch(
    batch: BatchOutcome, db: Database | None, report: Callable[[RecordOutcome], Awaitable[None]]
) -> None:
    """Give all readable changes to the handler; store in each outcome what became of it.

    A change that can't be read fails alone; later changes of the same item are not begun.

    Args:
        report: is awaited for each record that failed.

    Raises:
        ChangeFailed: some have failed; their outcomes have the errors.
        Exception: what the handler raised: all have failed. `BatchOutcome.pass_error_on` stores it
            in their outcomes.
    """
    handler = batch.handler
    info = handler.info
    codec = default_codec(info.model) if db is None else db.codec
    changes: list[StreamChange[Any]] = []
    unreadable: set[object] = set()
    failed = 0
    for member in batch.members:
        record = member.record
        if record is None or member.item in unreadable:
            continue
        member.model = info.model
        member.label = f"{record.kind} of {info.name}, sequence number {record.sequence_number}"
        try:
            changes.append(typed_change(record, info, codec))
        # stored, as that of a record that is handled alone
        except Exception as error:  # noqa: BLE001
            member.error = error
            unreadable.add(member.item)
            failed += 1
            await report(member)
        else:
            batch.passed_on.append(member)
    if changes:
        returned: Any = await handler.function(changes, db)
        failed_indexes = _indexes(handler, changes, returned)
        for index, member in enumerate(batch.passed_on):
            if index in failed_indexes:
                member.error = ChangeFailed(f"{handler.describe()} gave the change back as failed")
                failed += 1
                await report(member)
            else:
                member.finished = True
    if failed:
        raise ChangeFailed(f"{failed} of {len(batch.members)} changes failed")


def _indexes(
    handler: TypedHandler, changes: Sequence[StreamChange[Any]], returned: object
) -> set[int]:
    """The indexes of the changes that the handler returned.

    Raises:
        UsageError: it returned something else.
    """
    if returned is None:
        return set()
    index_of = {id(change): index for index, change in enumerate(changes)}
    failed: list[object] = (
        [*cast("Iterable[object]", returned)] if hasattr(returned, "__iter__") else [returned]
    )
    if not all(id(each) in index_of for each in failed):
        raise UsageError(
            f"{handler.describe()} returns None, or a list of those of its changes that have "
            f"failed, not {type(returned).__name__}"
        )
    return {index_of[id(each)] for each in failed}
