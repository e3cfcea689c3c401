"""Internal: turns streams of a database on and off, finds them and removes old ones.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html#Streams.Enabling
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from adorm.memory.errors import not_found
from adorm.memory.streams.names import stream_label
from adorm.memory.streams.stream import Stream

if TYPE_CHECKING:
    from adorm.memory.database import Database
    from adorm.memory.storage.table import Table


def open_stream(database: Database, table: Table, *, shards: int | None = None) -> None:
    """Turn on the stream of a table with the `stream_view_type` of its definition.

    Args:
        database: the database of the table.
        table: a table whose stream is off.
        shards: the number of shards to begin with; None for `EngineOptions.stream_shards`.

    Raises:
        ValueError: the definition has no `stream_view_type`.
    """
    view_type = table.definition.stream_view_type
    if view_type is None:
        raise ValueError("the table's definition has no stream_view_type")
    now = database.now()
    forget_streams(database)
    created_ms = int(now * 1000)
    label = stream_label(created_ms)
    while f"{table.arn}/stream/{label}" in database.streams:
        created_ms += 1
        label = stream_label(created_ms)
    stream = Stream(
        table,
        view_type,
        f"{table.arn}/stream/{label}",
        label,
        now,
        delay_s=database.options.delay_s,
        shards=database.options.stream_shards if shards is None else shards,
    )
    table.stream = stream
    database.streams[stream.arn] = stream
    table.definition.extras["LatestStreamArn"] = stream.arn
    table.definition.extras["LatestStreamLabel"] = stream.label


def close_stream(database: Database, table: Table) -> None:
    """Turn off the stream of a table, if it is on. Deleting the table does this too.

    The stream can be read for 24 hours more. The definition's `stream_view_type` becomes None;
    `LatestStreamArn` stays.
    """
    if table.stream is not None:
        table.stream.close(database.now())
        table.stream = None
    forget_streams(database)
    table.definition.stream_view_type = None


def live_streams(database: Database) -> Iterator[Stream]:
    """The streams that can be read, in the order of their ARNs.

    It removes the streams that were turned off at least 24 hours ago.
    """
    forget_streams(database)
    return (database.streams[arn] for arn in sorted(database.streams))


def forget_streams(database: Database) -> None:
    """Remove the streams that were turned off at least 24 hours ago."""
    now = database.now()
    gone = [arn for arn, stream in database.streams.items() if stream.is_gone(now)]
    for arn in gone:
        del database.streams[arn]


def find_stream(database: Database, arn: str) -> Stream:
    """Find a stream that can be read.

    Raises:
        EngineError: no stream has this ARN, or the stream was deleted.
    """
    stream: Stream | None = database.streams.get(arn)
    if stream is None or stream.is_gone(database.now()):
        raise not_found(f"Requested resource not found: Stream: {arn} not found")
    return stream
