"""Puts and deletes of batches: encoded, cut into chunks, written; and the result of a batch."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import attrs

from adorm.batch.chunk import Chunk, write_chunk
from adorm.batch.inputs import split
from adorm.calls.capacity import Capacity
from adorm.codec.sizes import json_size
from adorm.dynamodb.limits import MAX_WRITE_REQUESTS
from adorm.dynamodb.values import AttributeMap
from adorm.errors import UsageError
from adorm.items.binding import Binding, Connection
from adorm.items.item_ids import ItemId, ItemIds, item_id
from adorm.items.keys import Key, make_key
from adorm.items.put import Put
from adorm.items.single_write import key_of_instance
from adorm.items.write_facts import Change
from adorm.items.write_failures import note_applied
from adorm.models import is_instance
from adorm.outcomes import Outcome
from adorm.retry import RetryPolicy
from adorm.schema.model_options import HOOKS

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


MAX_CHUNK_BYTES = 8 * 1024 * 1024
"""Of JSON in one request. DynamoDB takes 16 MB of items, and never counts more than the JSON."""
DELETE_BYTES = 4096
"""What a delete is counted as, which is only a key."""


@attrs.define(eq=False, repr=False)
class WriteRequest:
    """One put or delete."""

    item_id: ItemId
    request: dict[str, Any] = attrs.field(repr=False)
    """`{"PutRequest": {"Item": ...}}` or `{"DeleteRequest": {"Key": ...}}`."""
    size: int
    """Bytes of JSON. To count as DynamoDB does takes ten times as long."""
    target: Any
    """The instance to put, or the key to delete."""
    on_applied: Callable[[], Any]
    """To be called when it was written: updates the instance of a put. Returns what is stored, or
    the key that was deleted."""
    after: Callable[[Any], Awaitable[None]] | None = None
    """Calls the hooks after it with what `on_applied` gave; None where the model has none."""
    number: int = 0
    """Its number in the order in which the caller gave them."""


def put_request(
    binding: Binding, instance: object, *, keeps_timestamps: bool = False
) -> WriteRequest:
    """The put of an instance as it is now, encoded as by `put(instance).unchecked()`.

    Raises:
        UsageError: the item can't be stored, or is above 400 KB.
    """
    if binding.info.unique:
        raise _unique_refusal(binding, "put()", "create_many() or single puts")
    key = key_of_instance(binding, instance)
    put: Put[Any, Any] = Put(
        binding, key, instance, returning="item", unchecked=True, keeps_timestamps=keeps_timestamps
    )
    prepared = put.prepare()
    item: AttributeMap = prepared.request["Item"]
    return WriteRequest(
        item_id(binding, item),
        {"PutRequest": {"Item": item}},
        json_size(item),
        instance,
        lambda: prepared.on_applied(None),
        _after_hooks(binding, "save", key, instance) if HOOKS in type(instance).__dict__ else None,
    )


def delete_request(binding: Binding, target: object) -> WriteRequest:
    """The delete of a key, or of an instance, whatever its version.

    Raises:
        UsageError: the key has the wrong shape, or items of the model are deleted softly.
    """
    info = binding.info
    if info.unique:
        raise _unique_refusal(binding, "delete()", "single deletes")
    if info.deleted_at is not None:
        raise UsageError(
            f"{info.name} has a deleted_at field, and a batch can only remove items: delete them "
            "by single deletes side by side, db.gather(*[table.delete(key) for key in keys]), or "
            "remove them for good by table.purge(key)"
        )
    is_item = is_instance(info, target)
    key = key_of_instance(binding, target) if is_item else make_key(info, (target,))
    encoded = binding.encode_key(key)
    request = {"DeleteRequest": {"Key": encoded}}
    has_hooks = is_item and HOOKS in type(target).__dict__
    after = _after_hooks(binding, "delete", key, target) if has_hooks else None
    return WriteRequest(item_id(binding, encoded), request, DELETE_BYTES, key, lambda: key, after)


def _after_hooks(
    binding: Binding, change: Change, key: Key[Any], instance: Any
) -> Callable[[Any], Awaitable[None]]:
    from adorm.items.hooks import after_hooks_of

    return after_hooks_of(binding.info, change, key, instance)


def _unique_refusal(binding: Binding, what: str, instead: str) -> UsageError:
    return UsageError(
        f"{binding.info.name} has unique values, and a batch knows no conditions: {what} in one "
        f"could give two items the same value, or leave a guard behind. Use {instead}"
    )


def split_requests(requests: Sequence[WriteRequest]) -> list[dict[ItemId, WriteRequest]]:
    """Chunks of up to 25 that fit into one BatchWriteItem each."""
    sizes = [request.size for request in requests]
    chunks = split(requests, sizes, max_count=MAX_WRITE_REQUESTS, max_bytes=MAX_CHUNK_BYTES)
    return [{request.item_id: request for request in chunk} for chunk in chunks]


@attrs.define(eq=False, repr=False)
class ChunkWriter:
    """Writes chunks, and counts what was done."""

    _connection: Connection
    _item_ids: Mapping[str, ItemIds]
    _retry: RetryPolicy | None
    written: int = attrs.field(default=0, init=False)
    capacity: Capacity = attrs.field(factory=Capacity, init=False)

    @property
    def tables(self) -> str:
        """The names of the tables: "orders and users"."""
        return " and ".join(sorted(self._item_ids))

    async def write(
        self,
        requests: dict[ItemId, WriteRequest],
        on_written: Callable[[int], Awaitable[None]],
        outcome: Outcome[list[Any]],
    ) -> None:
        """Write a chunk. What is written is removed from `requests`, and added to the outcome.

        Raises:
            Throttled, ServiceError, ConnectionFailed, DeadlineExceeded: the rest was not written.
        """
        done = outcome.value = list[Any]()

        async def on_processed(ids: list[ItemId]) -> None:
            problem: Exception | None = None
            hooked: list[tuple[Callable[[Any], Awaitable[None]], Any]] = []
            for each in ids:
                request = requests.pop(each)
                try:
                    stored = request.on_applied()
                    done.append(stored)
                    if request.after is not None:
                        hooked.append((request.after, stored))
                except Exception as error:  # noqa: BLE001  # raised when all others are updated
                    done.append(request.target)
                    note_applied(error, outcome.label)
                    problem = error
            self.written += len(ids)
            for call_after, stored in hooked:
                try:
                    await call_after(stored)
                except Exception as error:  # noqa: BLE001  # raised when all others were called
                    problem = problem or error
            await on_written(len(ids))
            if problem is not None:
                raise problem

        chunk = Chunk(
            self._connection,
            f"{self.tables}, {outcome.label}",
            self._item_ids,
            self._retry,
            self.capacity,
        )
        pending = {each: request.request for each, request in requests.items()}
        await write_chunk(chunk, pending, on_processed)
