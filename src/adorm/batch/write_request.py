"""One put or delete of a batch, encoded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs

from adorm.batch.inputs import split
from adorm.codec.sizes import json_size
from adorm.dynamodb.limits import MAX_WRITE_REQUESTS
from adorm.dynamodb.values import AttributeMap
from adorm.items.binding import Binding
from adorm.items.item_ids import ItemId, item_id
from adorm.items.keys import make_key
from adorm.items.put import Put
from adorm.items.single_write import key_of_instance
from adorm.models import is_instance

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
    number: int = 0
    """Its number in the order in which the caller gave them."""


def put_request(
    binding: Binding, instance: object, *, keeps_timestamps: bool = False
) -> WriteRequest:
    """The put of an instance as it is now, encoded as by `put(instance).unchecked()`.

    Raises:
        UsageError: the item can't be stored, or is above 400 KB.
    """
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
    )


def delete_request(binding: Binding, target: object) -> WriteRequest:
    """The delete of a key, or of an instance, whatever its version.

    Raises:
        UsageError: the key has the wrong shape.
    """
    info = binding.info
    is_item = is_instance(info, target)
    key = key_of_instance(binding, target) if is_item else make_key(info, target)
    encoded = binding.encode_key(key)
    request = {"DeleteRequest": {"Key": encoded}}
    return WriteRequest(item_id(binding, encoded), request, DELETE_BYTES, key, lambda: key)


def split_requests(requests: Sequence[WriteRequest]) -> list[dict[ItemId, WriteRequest]]:
    """Chunks of up to 25 that fit into one BatchWriteItem each."""
    sizes = [request.size for request in requests]
    chunks = split(requests, sizes, max_count=MAX_WRITE_REQUESTS, max_bytes=MAX_CHUNK_BYTES)
    return [{request.item_id: request for request in chunk} for chunk in chunks]
