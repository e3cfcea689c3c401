"""Internal: ListStreams, DescribeStream, GetShardIterator and GetRecords.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB_Streams.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

from adorm.memory.database import Database, Handler
from adorm.memory.errors import ENVELOPE, invalid, invalid_value
from adorm.memory.limits import MAX_RECORDS, MAX_RECORDS_BYTES, MAX_SHARDS, MAX_STREAMS
from adorm.memory.streams.iterators import ShardIterator, trimmed
from adorm.memory.streams.lifecycle import find_stream, live_streams
from adorm.memory.streams.shards import Shard
from adorm.memory.streams.stream import Stream

STREAM_ARN = re.compile(r"arn:[^:/]+:dynamodb:[^:/]+:[^:/]+:table/[^:/]+/stream/[^/]+")


def list_streams(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """List the streams of a table, or all streams.

    Streams that were turned off less than 24 hours ago are listed too.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_ListStreams.html
    """
    after = request.get("ExclusiveStartStreamArn", "")
    if after:
        _check_arn(after)
    name = None if "TableName" not in request else database.name_of(request["TableName"])
    limit = _limit(request, MAX_STREAMS)
    streams = (
        stream
        for stream in live_streams(database)
        if stream.arn > after and name in (None, stream.table_name)
    )
    page = list(islice(streams, limit + 1))
    answer: dict[str, Any] = {
        "Streams": [
            {
                "StreamArn": stream.arn,
                "TableName": stream.table_name,
                "StreamLabel": stream.label,
            }
            for stream in page[:limit]
        ]
    }
    if len(page) > limit:
        answer["LastEvaluatedStreamArn"] = page[limit - 1].arn
    return answer


def describe_stream(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Describe a stream and its shards, in the order of their ids.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_DescribeStream.html
    """
    _check_arn(request["StreamArn"])
    stream = find_stream(database, request["StreamArn"])
    now = database.now()
    after = request.get("ExclusiveStartShardId", "")
    limit = _limit(request, MAX_SHARDS)
    shards = [shard for shard in stream.live_shards(now) if shard.shard_id > after]
    shard_filter = request.get("ShardFilter")
    if shard_filter is not None:
        # CHILD_SHARDS is the only type of filter.
        parent_id = _filtered_parent(shard_filter)
        shards = [shard for shard in shards if shard.parent_id == parent_id]
    description: dict[str, Any] = {
        "StreamArn": stream.arn,
        "StreamLabel": stream.label,
        "StreamStatus": stream.status(now),
        "StreamViewType": stream.view_type,
        "CreationRequestDateTime": round(stream.created_at, 3),
        "TableName": stream.table_name,
        "KeySchema": [dict(element) for element in stream.key_schema],
        "Shards": [_shard_description(stream, shard) for shard in shards[:limit]],
    }
    if len(shards) > limit:
        description["LastEvaluatedShardId"] = shards[limit - 1].shard_id
    return {"StreamDescription": description}


def _filtered_parent(shard_filter: Mapping[str, str]) -> str:
    """The shard whose children the filter asks for.

    Raises:
        EngineError: the filter has no type, or names no shard. ScyllaDB's tests of streams show
            that the service refuses both; its words are not known.
    """
    for member in ("Type", "ShardId"):
        if member not in shard_filter:
            raise invalid_value(f"{member} of ShardFilter cannot be null")
    return shard_filter["ShardId"]


def _shard_description(stream: Stream, shard: Shard) -> dict[str, Any]:
    numbers = {"StartingSequenceNumber": stream.sequence_number(shard.first_number)}
    if shard.closed_at is not None:
        numbers["EndingSequenceNumber"] = stream.sequence_number(shard.last_number)
    description: dict[str, Any] = {
        "ShardId": shard.shard_id,
        "SequenceNumberRange": numbers,
    }
    if shard.parent_id is not None:
        description["ParentShardId"] = shard.parent_id
    return description


def get_shard_iterator(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return an iterator for a position in a shard.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetShardIterator.html
    """
    arn = request["StreamArn"]
    _check_arn(arn)
    iterator_type = request["ShardIteratorType"]
    by_number = iterator_type in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER")
    if by_number and "SequenceNumber" not in request:
        raise invalid_value("SequenceNumber cannot be null")
    if not by_number and "SequenceNumber" in request:
        raise invalid_value("SequenceNumber should not be passed for this iterator type")
    now = database.now()
    stream = find_stream(database, arn)
    shard = stream.shard(request["ShardId"], now)
    if iterator_type == "TRIM_HORIZON":
        position = shard.oldest_number(stream.next_number)
    elif iterator_type == "LATEST":
        position = stream.next_number
    elif iterator_type == "AT_TIMESTAMP":
        position = shard.number_at_time(_timestamp(request, now), stream.next_number)
    else:
        position = _position_by_number(
            stream, shard, request["SequenceNumber"], after=iterator_type == "AFTER_SEQUENCE_NUMBER"
        )
    return {"ShardIterator": ShardIterator(arn, shard.shard_id, position, now).text()}


def _timestamp(request: Mapping[str, Any], now: float) -> float:
    timestamp: float | None = request.get("Timestamp")
    if timestamp is None:
        raise invalid_value("Timestamp cannot be null")
    if timestamp > now:
        raise invalid_value("Timestamp cannot be in the future")
    return timestamp


def _position_by_number(stream: Stream, shard: Shard, text: str, *, after: bool) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise invalid(f"Invalid SequenceNumber: {text}")
    sequence_number = int(text)
    if stream.number_from(sequence_number) <= shard.last_trimmed:
        raise trimmed()
    position = stream.number_from(sequence_number, after=after)
    if position > stream.next_number:
        raise invalid(f"Invalid SequenceNumber: {text}")
    return position


def get_records(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the next records of a shard.

    There are at least one, if the shard has more, and at most 1,000 or 1 MB. A closed shard that is
    read to its end has no `NextShardIterator`.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetRecords.html
    """
    limit = _limit(request, MAX_RECORDS)
    iterator = ShardIterator.read(request["ShardIterator"])
    now = database.now()
    iterator.check_age(now)
    stream = find_stream(database, iterator.stream_arn)
    shard = stream.shard(iterator.shard_id, now)
    position = iterator.position
    if position <= shard.last_trimmed:
        raise trimmed()
    events: list[dict[str, Any]] = []
    size = 0
    for record in shard.read(position, limit):
        event = stream.event(record, database.region)
        size += event["dynamodb"]["SizeBytes"]
        if events and size > MAX_RECORDS_BYTES:
            break
        events.append(event)
        position = record.number + 1
    answer: dict[str, Any] = {"Records": events}
    if not shard.is_exhausted(position):
        following = ShardIterator(stream.arn, shard.shard_id, position, now)
        answer["NextShardIterator"] = following.text()
    return answer


def _limit(request: Mapping[str, Any], most: int) -> int:
    # The API's model has no upper limit; the pages of the operations have one.
    limit: int = request.get("Limit", most)
    if limit > most:
        raise invalid(
            f"{ENVELOPE}Value '{limit}' at 'limit' failed to satisfy constraint:"
            f" Member must have value less than or equal to {most}"
        )
    return limit


def _check_arn(arn: str) -> None:
    if not STREAM_ARN.fullmatch(arn):
        raise invalid("Invalid StreamArn")


STREAM_OPERATIONS: Mapping[str, Handler] = {
    "DescribeStream": describe_stream,
    "GetRecords": get_records,
    "GetShardIterator": get_shard_iterator,
    "ListStreams": list_streams,
}
"""The handlers of DynamoDB Streams, by operation."""
