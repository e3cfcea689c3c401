"""What a batch write did."""

from __future__ import annotations

from typing import Generic, TypeVar

import attrs

from adorm.calls.capacity import Capacity
from adorm.items.keys import Key
from adorm.outcomes import Outcome

ModelT = TypeVar("ModelT")


@attrs.frozen(eq=False)
class BatchWriteResult(Generic[ModelT]):
    """What a batch write did."""

    written: int
    """Puts and deletes that were done."""
    unprocessed: list[ModelT | Key[ModelT]]
    """What is not known to be done, in the order given: the instances to put, the keys to delete.

    If an error of its chunk has `maybe_applied`, it may be done all the same. Batch writes can be
    repeated.
    """
    errors: list[Exception]
    outcomes: list[Outcome[list[ModelT | Key[ModelT]]]]
    """One for each chunk of up to 25, with what it wrote.

    A block, and a batch of an async iterable, may go on for long: they keep only the outcomes of
    chunks that failed, were cancelled, or are in flight.
    """
    capacity: Capacity
    """The units that were consumed."""

    @property
    def items(self) -> list[ModelT]:
        """The items that were put, as stored, as far as `outcomes` has them."""
        return [
            each
            for outcome in self.outcomes
            for each in outcome.value or ()
            if not isinstance(each, Key)
        ]
