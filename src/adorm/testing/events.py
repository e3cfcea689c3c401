"""Events of DynamoDB Streams and of SQS, for tests of handlers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any, Literal, Unpack, cast, get_args
from uuid import UUID

import orjson

from adorm.codec.chosen_codec import chosen_codec
from adorm.codec.codec import Codec
from adorm.dynamodb.table_names import plain_name
from adorm.dynamodb.values import AttributeMap, as_json, base64_text
from adorm.errors import UsageError
from adorm.models import ModelInfo, model_info

if TYPE_CHECKING:
    from adorm.codec.chosen_codec import HooksOf

_REGION = "eu-central-1"
_ACCOUNT = "111122223333"


def sqs_message(
    body: object,
    *,
    message_id: str | None = None,
    group_id: str | None = None,
    queue_name: str = "orders",
    receive_count: int = 1,
    time: datetime = datetime(2026, 1, 1, tzinfo=UTC),
) -> dict[str, Any]:
    """A message as Lambda gets it.

    Args:
        body: text as it is; anything else becomes JSON.
        message_id: by default made from the body.
        group_id: the message group; the name of a FIFO queue ends in `.fifo`.
        receive_count: how often it was received.
        time: when it was sent, aware; kept to the millisecond.
    """
    text = body if isinstance(body, str) else orjson.dumps(body).decode()
    digest = hashlib.md5(text.encode(), usedforsecurity=False)
    attributes = {
        "ApproximateReceiveCount": str(receive_count),
        "SentTimestamp": str(int(time.timestamp() * 1000)),
        "SenderId": _ACCOUNT,
        "ApproximateFirstReceiveTimestamp": str(int(time.timestamp() * 1000)),
    }
    if group_id is not None:
        attributes["MessageGroupId"] = group_id
    return {
        "messageId": message_id or str(UUID(bytes=digest.digest())),
        "receiptHandle": digest.hexdigest(),
        "body": text,
        "attributes": attributes,
        "messageAttributes": {},
        "md5OfBody": digest.hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{_REGION}:{_ACCOUNT}:{queue_name}",
        "awsRegion": _REGION,
    }


def sqs_event(*messages: Mapping[str, Any]) -> dict[str, Any]:
    """The event of a batch, `{"Records": [...]}`, of messages that `sqs_message` made."""
    return {"Records": [dict(message) for message in messages]}


ViewType = Literal["NEW_AND_OLD_IMAGES", "NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY"]

_numbers = count(100_000_000_000_000_000_001)


def stream_record(
    *,
    new: object = None,
    old: object = None,
    model: type[Any] | None = None,
    table_name: str | None = None,
    expired: bool = False,
    view_type: ViewType = "NEW_AND_OLD_IMAGES",
    sequence_number: int | None = None,
    time: datetime = datetime(2026, 1, 1, tzinfo=UTC),
    **hooks: Unpack[HooksOf],
) -> dict[str, Any]:
    """A record as Lambda gets it.

    With `new` alone it is an INSERT, with `old` and `new` a MODIFY, with `old` alone a REMOVE.

    Args:
        model: the result of `map_class`, for instances of a class that it maps; by default the
            class of the instances.
        table_name: the table's name in DynamoDB; by default the model's.
        expired: for a REMOVE: DynamoDB removed the item because its time to live was over.
        view_type: which images the stream carries.
        sequence_number: by default larger than that of any record made before.
        time: when the item was changed, aware; kept to the second.
        db: the database whose converter hooks encode the instances; by default there are none.
        converter: instead of `db`: its converter, `db.converter`.

    Raises:
        UsageError: neither `new` nor `old` is given, their keys differ, or no table is known.
    """
    instance = new if new is not None else old
    if instance is None:
        raise UsageError("stream_record() describes a change: give new=..., old=... or both")
    if expired and new is not None:
        raise UsageError("expired=True goes with a REMOVE: give old=... alone")
    if view_type not in get_args(ViewType):  # unchecked callers
        raise UsageError(f"view_type is a StreamViewType of DynamoDB, not {view_type!r}")
    info = model_info(type(instance) if model is None else model)
    table = table_name or info.table
    if table is None:
        raise UsageError(f"{info.name} names no table: give table_name=...")
    table = plain_name(table)
    codec = chosen_codec(info.model, **hooks)
    new_image, old_image = _image(info, codec, new), _image(info, codec, old)
    keys = _keys(info, new_image or old_image or {})
    if new_image and old_image and _keys(info, old_image) != keys:
        raise UsageError(f"{info.name}: new and old are not the same item: their keys differ")
    number = next(_numbers) if sequence_number is None else sequence_number
    change: dict[str, Any] = {"ApproximateCreationDateTime": int(time.timestamp()), "Keys": keys}
    if new_image is not None and view_type in ("NEW_AND_OLD_IMAGES", "NEW_IMAGE"):
        change["NewImage"] = new_image
    if old_image is not None and view_type in ("NEW_AND_OLD_IMAGES", "OLD_IMAGE"):
        change["OldImage"] = old_image
    size = len(json.dumps([change.get("NewImage"), change.get("OldImage"), keys]))
    change |= {"SequenceNumber": str(number), "SizeBytes": size, "StreamViewType": view_type}
    record: dict[str, Any] = {
        "eventID": f"{number:032x}",
        "eventName": "REMOVE" if new is None else "INSERT" if old is None else "MODIFY",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": _REGION,
        "dynamodb": change,
        "eventSourceARN": (
            f"arn:aws:dynamodb:{_REGION}:{_ACCOUNT}:table/{table}/stream/2026-01-01T00:00:00.000"
        ),
    }
    if expired:
        record["userIdentity"] = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    return record


def stream_event(*records: Mapping[str, Any], kinesis: bool = False) -> dict[str, Any]:
    """The event of a batch, `{"Records": [...]}`, of records that `stream_record` made.

    With `kinesis=True` it is the event of a Kinesis stream that carries them.
    """
    return {"Records": [_in_kinesis(record) if kinesis else dict(record) for record in records]}


def _image(info: ModelInfo, codec: Codec, instance: object) -> AttributeMap | None:
    if instance is None:
        return None
    info.check_instance(instance)
    return cast("AttributeMap", as_json(codec.encode(instance, info.model)))


def _keys(info: ModelInfo, image: AttributeMap) -> AttributeMap:
    return {name: image[name] for name in info.key_order}


def _in_kinesis(record: Mapping[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds_gettingstarted.html"""
    change = dict(record["dynamodb"])
    number, seconds = change.pop("SequenceNumber"), change.pop("ApproximateCreationDateTime")
    change.pop("StreamViewType")
    change |= {
        "ApproximateCreationDateTime": seconds * 1_000_000,
        "ApproximateCreationDateTimePrecision": "MICROSECOND",
    }
    content = {
        "awsRegion": record["awsRegion"],
        "eventID": record["eventID"],
        "eventName": record["eventName"],
        "userIdentity": record.get("userIdentity"),
        "recordFormat": "application/json",
        "tableName": record["eventSourceARN"].split("/")[1],
        "dynamodb": change,
        "eventSource": "aws:dynamodb",
    }
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": record["eventID"],
            "sequenceNumber": number,
            "data": base64_text(json.dumps(content).encode()),
            "approximateArrivalTimestamp": float(seconds),
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000000:{number}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": f"arn:aws:iam::{_ACCOUNT}:role/changes",
        "awsRegion": record["awsRegion"],
        "eventSourceARN": f"arn:aws:kinesis:{_REGION}:{_ACCOUNT}:stream/changes",
    }
