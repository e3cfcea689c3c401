"""`update(...).reading()`: an update that reads the parts of index keys which it does not know."""

from __future__ import annotations

from typing import Any, Protocol

from adorm.dynamodb.values import AttributeMap, AttributeValue, canonical
from adorm.errors import ConditionalCheckFailed, ItemNotFound
from adorm.expressions.conditions import Condition
from adorm.expressions.request import RequestExpressions
from adorm.items.binding import MAX_TURNS, Binding
from adorm.items.consistent_reads import consistent_request
from adorm.items.given import stored_as
from adorm.items.keys import Key
from adorm.items.plan import Plan, plan_of, read_cost
from adorm.items.update_rules import PartsNotKnown
from adorm.items.write import PreparedWrite
from adorm.retry import RetryPolicy


class ReadingUpdate(Protocol):
    """What is needed of an update."""

    @property
    def binding(self) -> Binding: ...

    @property
    def key(self) -> Key[Any]: ...

    def prepare(self) -> PreparedWrite:
        """Build the write.

        Raises:
            PartsNotKnown: a key of an index has to be written, and parts of it are not known.
        """
        ...

    def when(self, *conditions: Condition) -> ReadingUpdate: ...

    async def send(self, prepared: PreparedWrite) -> Any:
        """Send it as it is."""
        ...


def read_request(update: ReadingUpdate) -> dict[str, Any] | None:
    """The consistent read of all parts of index keys; None where the update knows what it needs."""
    try:
        update.prepare()
    except PartsNotKnown:
        return _read_request(update.binding, update.key)
    return None


def plan_of_reading(update: ReadingUpdate) -> Plan | None:
    """The plan of that read."""
    request = read_request(update)
    if request is None:
        return None
    reason = (
        "parts of index keys are read first; the UpdateItem follows, on condition that they are "
        "still the same"
    )
    return plan_of("GetItem", request, read_cost(consistent=True), reason=reason)


async def send_reading(update: ReadingUpdate, retry: RetryPolicy | None) -> Any:
    """Send an update with the condition that the parts it read are still the same.

    Where one of them has changed, the failed condition tells the new value, and the update is sent
    again. An update that knows all parts reads nothing.

    Raises:
        ItemNotFound: there is no such item.
        ConditionalCheckFailed: a condition of the caller did not hold, or others changed the parts
            `MAX_TURNS` times.
        DeadlineExceeded: no time is left for another attempt.
    """
    connection, known = update.binding.connection, update
    read: dict[str, AttributeValue | None] = {}
    try:
        prepared = update.prepare()
    except PartsNotKnown:
        known, prepared, read = _prepare_for(update, await _read(update, retry))
    attempt = 0
    while True:
        attempt += 1
        try:
            return await known.send(prepared)
        except ConditionalCheckFailed as error:
            stored = error.attribute_map
            if stored is None or error.maybe_applied or not _differs(read, stored):
                raise
            if attempt >= MAX_TURNS:
                error.add_note(f"others changed what the update read {attempt} times")
                raise
        await connection.back_off(
            attempt,
            operation="UpdateItem",
            subject=update.key,
            why="before the update is sent with what is stored now",
            retry=retry,
        )
        known, prepared, read = _prepare_for(update, stored)


def _read_request(binding: Binding, key: Key[Any]) -> dict[str, Any]:
    info = binding.info
    fields = {field for each in info.index_keys for field in each.fields} | {info.partition}
    if info.discriminator is not None:
        fields.add(info.discriminator)
    request = consistent_request(binding, binding.encode_key(key))
    expressions = RequestExpressions(binding.codec, info.model)
    expressions.projection([(name,) for name in sorted(each.attribute_name for each in fields)])
    expressions.into(request)
    return request


async def _read(update: ReadingUpdate, retry: RetryPolicy | None) -> AttributeMap:
    binding, key = update.binding, update.key
    request = _read_request(binding, key)
    answer = await binding.connection.call("GetItem", request, subject=key, retry=retry)
    item: AttributeMap | None = answer.get("Item")
    if item is None:
        raise ItemNotFound(f"{key}: no such item in table {binding.table_name}; create() makes one")
    return item


def _prepare_for(
    update: ReadingUpdate, item: AttributeMap
) -> tuple[ReadingUpdate, PreparedWrite, dict[str, AttributeValue | None]]:
    """The update, where the item holds this, and its request; and the parts that it takes from the
    item."""
    info = update.binding.info
    read: dict[str, AttributeValue | None] = {}
    while True:
        try:
            return update, update.prepare(), read
        except PartsNotKnown as lacking:
            found = {field: item.get(field.attribute_name) for field in lacking.fields}
        read.update((field.attribute_name, value) for field, value in found.items())
        update = update.when(*[stored_as(info, field, value) for field, value in found.items()])


def _differs(read: dict[str, AttributeValue | None], stored: AttributeMap) -> bool:
    """Whether a part that was read is stored otherwise now."""
    return any(
        value != now and (value is None or now is None or canonical(value) != canonical(now))
        for value, now in ((value, stored.get(name)) for name, value in read.items())
    )
