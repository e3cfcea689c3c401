"""`stream_handler()`: the changes of a source are brought to the target of its migration."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, cast

import attrs

from adorm.concurrency.pool import run_all
from adorm.deadlines import deadline
from adorm.dynamodb.values import AttributeMap
from adorm.errors import UsageError
from adorm.migrations.items import item_digest
from adorm.migrations.new_table import NewTable, open_new_table
from adorm.migrations.parts import MigrationParts
from adorm.outcomes import Outcome

KEYS_AT_A_TIME = 16
RESERVE_S = 2.0
"""What is left of Lambda's time for the answer."""


@attrs.define(eq=False)
class _ChangedKey:
    key: AttributeMap
    first_sequence_number: str
    images: list[AttributeMap] = attrs.Factory(list[AttributeMap])
    """What the item was, where the stream says so: it tells the keys that it had in the target."""


class MigrationStreamHandler:
    """A Lambda handler: `handler(event, context)`; `await handler.handle(event)` inside a loop.

    A record is only a hint that the item with its key has changed: the item is read anew. So the
    order of records and their repetition do not matter. Called as a function it runs an event loop
    of its own, which stays for the next event.
    """

    def __init__(self, migration: MigrationParts[Any, Any]) -> None:
        self._migration = migration
        self._runner: asyncio.Runner | None = None
        self._new_table: NewTable | None = None

    def __call__(self, event: dict[str, Any], context: Any = None) -> dict[str, Any]:
        if self._runner is None:
            self._runner = asyncio.Runner()
        return self._runner.run(self._bounded(event, context))

    def close(self) -> None:
        """Close the event loop that calls of the handler have run, if there is one."""
        if self._runner is not None:
            self._runner.close()
            self._runner = None

    async def _bounded(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        left = getattr(context, "get_remaining_time_in_millis", None)
        if left is None:
            return await self.handle(event)
        async with deadline(max(left() / 1000 - RESERVE_S, 0.001)):
            return await self.handle(event)

    async def handle(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Bring each changed item to the target; gives `{"batchItemFailures": [...]}`.

        Raises:
            UsageError: the event is none of a DynamoDB stream.
        """
        if self._new_table is None:
            self._new_table = await open_new_table(self._migration)
        new_table = self._new_table
        changed = _changed_keys(event)

        async def sync(_outcome: Outcome[None], *, each: _ChangedKey) -> None:
            if not each.images:
                await new_table.sync(each.key)
            for image in each.images:
                await new_table.sync(each.key, image)

        outcomes = [Outcome[None](each.first_sequence_number) for each in changed]
        jobs = [
            (outcome, partial(sync, each=each))
            for outcome, each in zip(outcomes, changed, strict=True)
        ]
        await run_all(jobs, limit=KEYS_AT_A_TIME, on_failure="continue")
        failed = [{"itemIdentifier": outcome.label} for outcome in outcomes if not outcome.finished]
        return {"batchItemFailures": failed}


def _changed_keys(event: Mapping[str, Any]) -> list[_ChangedKey]:
    """The keys of a stream's records, each once, in the order of their first records.

    Raises:
        UsageError: the event is none of a DynamoDB stream.
    """
    found: dict[str, _ChangedKey] = {}
    try:
        for record in cast("Sequence[Mapping[str, Any]]", event["Records"]):
            change: Mapping[str, Any] = record["dynamodb"]
            key: AttributeMap = dict(change["Keys"])
            number = str(change["SequenceNumber"])
            each = found.setdefault(item_digest(key), _ChangedKey(key, number))
            each.images += [change[name] for name in ("OldImage", "NewImage") if change.get(name)]
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(
            "the event is none of a DynamoDB stream: each of its Records has dynamodb.Keys and "
            "dynamodb.SequenceNumber"
        ) from error
    return list(found.values())
