"""The puts and deletes of a batch, built, and what became of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import attrs

from adorm.batch.batch_run import split
from adorm.calls.capacity import Capacity
from adorm.codec import json_size
from adorm.dynamodb.limits import MAX_WRITE_REQUESTS
from adorm.dynamodb.values import AttributeMap
from adorm.items.applied import note_applied
from adorm.items.binding import Binding, Connection
from adorm.items.item_ids import ItemId, ItemIds, item_ids
from adorm.items.keys import Key, make_key
from adorm.items.put import Put
from adorm.items.single_write import key_of_instance
from adorm.items.unprocessed import Chunk, write_chunk
from adorm.models import is_instance
from adorm.outcomes import Outcome
from adorm.retry import RetryPolicy

ModelT = TypeVar("ModelT")

MAX_CHUNK_BYTES = 8 * 1024 * 1024
"""Of JSON in one request, which is never less than what DynamoDB counts of the items; it takes 16
MB."""
SMALL_ITEM_BYTES = 4096
"""A size assumed of deletes, which are but keys."""


@attrs.define(eq=False, repr=False)
class WriteRequest:
    """One put or delete."""

    place: ItemId
    request: dict[str, Any] = attrs.field(repr=False)
    """`{"PutRequest": {"Item": ...}}` or `{"DeleteRequest": {"Key": ...}}`."""
    size: int
    """Bytes of JSON: to count as DynamoDB does takes ten times as long."""
    given: Any
    """The instance to be put, or the key to be deleted."""
    settle: Callable[[], Any]
    """Takes the put over into its instance; gives what is stored, or the key that was deleted."""
    number: int = 0
    """Its place in the order in which they were given."""


def put_request(
    binding: Binding, instance: object, *, keeps_timestamps: bool = False
) -> WriteRequest:
    """The put of an instance: what `put(instance).unchecked()` would store, now.

    Raises:
        UsageError: it can't be stored, or is above 400 KB.
    """
    key = key_of_instance(binding, instance)
    put: Put[Any, Any] = Put(
        binding, key, instance, returning="item", unchecked=True, keeps_timestamps=keeps_timestamps
    )
    prepared = put.prepare()
    item: AttributeMap = prepared.request["Item"]
    place = item_ids(binding.info, binding.codec).one(binding.table_name, item)
    return WriteRequest(
        place,
        {"PutRequest": {"Item": item}},
        json_size(item),
        instance,
        lambda: prepared.on_applied(None),
    )


def delete_request(binding: Binding, given: object) -> WriteRequest:
    """The delete of a key, or of an instance, whatever its version.

    Raises:
        UsageError: the key has the wrong shape.
    """
    key = (
        key_of_instance(binding, given)
        if is_instance(binding.info, given)
        else make_key(binding.info, given)
    )
    encoded = binding.encode_key(key)
    place = item_ids(binding.info, binding.codec).one(binding.table_name, encoded)
    return WriteRequest(
        place, {"DeleteRequest": {"Key": encoded}}, SMALL_ITEM_BYTES, key, lambda: key
    )


@attrs.frozen(eq=False)
class BatchWriteResult(Generic[ModelT]):
    """What a batch write did."""

    written: int
    """Puts and deletes that were done."""
    unprocessed: list[ModelT | Key[ModelT]]
    """What is not known to be done, in the order given: the instances to be put, the keys to be
    deleted.

    Where an error of its chunk has `maybe_applied`, it may be done all the same; batch writes can
    be repeated.
    """
    errors: list[Exception]
    outcomes: list[Outcome[list[ModelT | Key[ModelT]]]]
    """One for each chunk of up to 25, with what it wrote. A block, and a batch of an async
    iterable, which may go on for long, keep those of chunks that failed, were cancelled, or are
    under way."""
    capacity: Capacity
    """What was consumed."""

    @property
    def items(self) -> list[ModelT]:
        """The items that were put, as stored, as far as `outcomes` has them."""
        return [
            each
            for outcome in self.outcomes
            for each in outcome.value or ()
            if not isinstance(each, Key)
        ]


class ChunkWriter:
    """Writes chunks, and takes note of what was done."""

    def __init__(
        self, connection: Connection, locators: Mapping[str, ItemIds], retry: RetryPolicy | None
    ) -> None:
        self._connection = connection
        self._locators = locators
        self._retry = retry
        self.written = 0
        self.capacity = Capacity()

    async def write(
        self,
        outcome: Outcome[list[Any]],
        changes: dict[ItemId, WriteRequest],
        note: Callable[[int], Any],
    ) -> None:
        """Write the changes; what is done leaves `changes` and is in the outcome.

        Raises:
            Throttled, ServiceError, ConnectionFailed, DeadlineExceeded: the rest was not written.
        """
        done: list[Any] = []
        outcome.value = done
        pending = {place: change.request for place, change in changes.items()}

        async def settled(places: list[ItemId]) -> None:
            problem: Exception | None = None
            for place in places:
                change = changes.pop(place)
                try:
                    done.append(change.settle())
                except Exception as error:  # noqa: BLE001  # the others are settled first
                    done.append(change.given)
                    note_applied(error, outcome.label)
                    problem = error
            self.written += len(places)
            await note(len(places))
            if problem is not None:
                raise problem

        chunk = Chunk(
            self._connection,
            f"{' and '.join(sorted(self._locators))}, {outcome.label}",
            self._locators,
            self._retry,
            self.capacity,
        )
        await write_chunk(chunk, pending, settled)


def split_requests(changes: Sequence[WriteRequest]) -> list[dict[ItemId, WriteRequest]]:
    """Chunks of up to 25 that fit into a request each."""
    chunks = split(
        changes, MAX_WRITE_REQUESTS, [change.size for change in changes], MAX_CHUNK_BYTES
    )
    return [{change.place: change for change in chunk} for chunk in chunks]
