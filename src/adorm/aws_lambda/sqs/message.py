"""`SqsMessage`: one message of a queue.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import attrs
import orjson

from adorm.errors import UsageError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@attrs.frozen(eq=False)
class SqsMessage:
    """One message of a queue, as Lambda gives it to a function."""

    message_id: str
    body: str = attrs.field(repr=False)
    group_id: str | None
    """Its message group; None if the queue is no FIFO queue and the sender named none."""
    receive_count: int
    """How often it was received: 1 the first time, 0 if the record does not say."""
    sent_at: datetime | None
    """When it was sent, in UTC, to the millisecond; None if the record does not say."""
    queue_name: str | None
    """From the ARN of the event's source; None if the record does not say."""
    attributes: Mapping[str, Any] = attrs.field(repr=False)
    """Those of SQS itself, `{"ApproximateReceiveCount": "1", "SentTimestamp": "1545082649183",
    ...}`."""
    message_attributes: Mapping[str, Any] = attrs.field(repr=False)
    """The sender's own, `{"kind": {"dataType": "String", "stringValue": "paid"}}`."""
    raw: Mapping[str, Any] = attrs.field(repr=False)
    """The record as it came."""

    @property
    def is_fifo(self) -> bool:
        """Whether its queue keeps the order of each message group."""
        return self.queue_name is not None and self.queue_name.endswith(".fifo")

    def json(self) -> Any:
        """The body, parsed as JSON.

        Raises:
            UsageError: it is no JSON. The error shows no part of the body.
        """
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise UsageError(
                f"the body of message {self.message_id} is no JSON: "
                f"it ends, or has a mistake, at character {error.pos}"
            ) from None


def messages_of(event: object) -> list[SqsMessage]:
    """The messages of a Lambda event, or of a list of records.

    Raises:
        UsageError: it is something else, or one of its records is no message of a queue. The error
            shows no values.
    """
    records: object = event
    if isinstance(event, Mapping):
        records = cast("Mapping[str, object]", event).get("Records")
    if not isinstance(records, Sequence) or isinstance(records, str | bytes):
        raise UsageError(
            'no event of a queue: a dict with "Records", or a list of records, is expected'
        )
    count = len(cast("Sequence[object]", records))
    return [
        _message(raw, number, count)
        for number, raw in enumerate(cast("Sequence[object]", records), start=1)
    ]


def _message(raw: object, number: int, count: int) -> SqsMessage:
    record = _map(raw)
    message_id, body = record.get("messageId"), record.get("body")
    if not isinstance(message_id, str) or not message_id or not isinstance(body, str):
        source = record.get("eventSource") or record.get("EventSource")
        foreign = f" of {source}" if isinstance(source, str) and source != "aws:sqs" else ""
        raise UsageError(
            f"record {number} of {count}{foreign} is no message of a queue: it has no messageId "
            "or no body, so nothing was handled and the whole batch fails"
        )
    attributes = _map(record.get("attributes"))
    arn, group = record.get("eventSourceARN"), attributes.get("MessageGroupId")
    return SqsMessage(
        message_id,
        body,
        group if isinstance(group, str) else None,
        _whole(attributes.get("ApproximateReceiveCount")) or 0,
        _moment(_whole(attributes.get("SentTimestamp"))),
        arn.rsplit(":", 1)[-1] if isinstance(arn, str) and arn else None,
        attributes,
        _map(record.get("messageAttributes")),
        record,
    )


def _map(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _whole(value: object) -> int | None:
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 15 else None


def _moment(milliseconds: int | None) -> datetime | None:
    try:
        return None if milliseconds is None else _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None
