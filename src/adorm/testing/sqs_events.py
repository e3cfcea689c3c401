"""Events of SQS, for tests of handlers of messages."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

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
