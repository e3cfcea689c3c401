"""`StreamRecord`: one record of a DynamoDB stream, from Lambda, GetRecords or Kinesis."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, cast

import attrs

from adorm.dynamodb.values import AttributeMap
from adorm.errors import UsageError

ChangeKind = Literal["INSERT", "MODIFY", "REMOVE"]
"""What happened to the item, in DynamoDB's words."""

_KINDS: Mapping[object, ChangeKind] = {"INSERT": "INSERT", "MODIFY": "MODIFY", "REMOVE": "REMOVE"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS: Mapping[object, timedelta] = {
    "SECOND": timedelta(seconds=1),
    "MILLISECOND": timedelta(milliseconds=1),
    "MICROSECOND": timedelta(microseconds=1),
}
_MAX_DIGITS = 128
"""Sequence numbers have 21 to 40 digits in DynamoDB Streams, 56 in Kinesis."""


@attrs.frozen(eq=False)
class StreamRecord:
    """One record of a stream, as attribute maps. `adorm.from_stream_record(record.raw, Order)`
    makes instances of a model of it.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html
    """

    kind: ChangeKind
    sequence_number: str
    """Its position in the shard, or in Kinesis: digits, to be compared as a number."""
    table_name: str | None
    """The table's name in DynamoDB, from the source's ARN; None if the record does not say."""
    event_id: str | None
    """Stays the same when the record is delivered again; None if the record has none."""
    expired: bool
    """Whether DynamoDB deleted the item because its time to live was over."""
    approximate_creation_time: datetime | None
    """When the item was changed, in UTC: to the second, from Kinesis to the milli- or microsecond.
    None if the record does not say."""
    view_type: str | None
    """`StreamViewType`: KEYS_ONLY, NEW_IMAGE, OLD_IMAGE or NEW_AND_OLD_IMAGES; None from Kinesis,
    whose records have both images."""
    keys: AttributeMap = attrs.field(repr=False)
    """The item's key, `{"pk": {"S": "x"}}`. Binary values are as they came: base64 text in the JSON
    of an event."""
    new_image: AttributeMap | None = attrs.field(repr=False)
    """The item after the change; None for REMOVE, and if the stream does not carry it."""
    old_image: AttributeMap | None = attrs.field(repr=False)
    """The item before the change; None for INSERT, and if the stream does not carry it."""
    raw: Mapping[str, Any] = attrs.field(repr=False)
    """The record as it came."""

    @property
    def image(self) -> AttributeMap:
        """The new image, else the old one, else the key."""
        return self.new_image or self.old_image or self.keys


def sequence_number_of(raw: object) -> str | None:
    """The record's sequence number, by which Lambda knows it; None if it has none."""
    for part, name in (("kinesis", "sequenceNumber"), ("dynamodb", "SequenceNumber")):
        body = _get(raw, part)
        if isinstance(body, Mapping):
            number = _get(cast("object", body), name)
            return (
                number
                if isinstance(number, str)
                and number.isascii()
                and number.isdecimal()
                and len(number) <= _MAX_DIGITS
                else None
            )
    return None


def parse_record(raw: object, table_name: str | None = None) -> StreamRecord:
    """The record: in a Lambda event, from the API of DynamoDB Streams, or wrapped by Kinesis.

    Args:
        table_name: the table of a record that does not name its own.

    Raises:
        UsageError: it is no such record. The error shows no values.
    """
    if not isinstance(raw, Mapping):
        raise UsageError(f"a record of a stream is a dict, not {type(raw).__name__}")
    record = cast("Mapping[str, Any]", raw)
    sequence_number = sequence_number_of(record)
    if sequence_number is None:
        raise UsageError(f"{_foreign(record)}: it has no sequence number")
    from_kinesis = isinstance(record.get("kinesis"), Mapping)
    change = _unwrapped(record["kinesis"]) if from_kinesis else record
    body = change.get("dynamodb")
    event_name: object = change.get("eventName")
    kind = _KINDS.get(event_name) if isinstance(event_name, str) else None
    if not isinstance(body, Mapping) or kind is None:
        raise UsageError(
            f"{_foreign(change)}: it has no eventName of INSERT, MODIFY or REMOVE, "
            "or no dynamodb part"
        )
    content = cast("Mapping[str, Any]", body)
    keys = _image(content, "Keys")
    if not keys or not all(_is_key_value(value) for value in keys.values()):
        raise UsageError("a record of a stream has Keys, each of S, N or B: this one has not")
    view_type, event_id = content.get("StreamViewType"), change.get("eventID")
    return StreamRecord(
        kind,
        sequence_number,
        _table_name(change) or table_name,
        event_id if isinstance(event_id, str) else None,
        _is_expired(change.get("userIdentity")),
        _creation_time(content, "MILLISECOND" if from_kinesis else "SECOND"),
        view_type if isinstance(view_type, str) else None,
        keys,
        _image(content, "NewImage"),
        _image(content, "OldImage"),
        record,
    )


def records_of(event: object) -> Sequence[object]:
    """The records of a Lambda event, an answer of GetRecords, or a plain list of records.

    Raises:
        UsageError: it is something else, it has no record, or it belongs to a tumbling window,
            whose state would be lost.
    """
    records: object = event
    if isinstance(event, Mapping):
        if "window" in event or "isFinalInvokeForWindow" in event:
            raise UsageError(
                "this event belongs to a tumbling window, whose state an adorm stream handler does "
                "not carry: turn the window off"
            )
        records = _get(cast("object", event), "Records")
    if not isinstance(records, Sequence) or isinstance(records, str | bytes):
        raise UsageError(
            'no event of a stream: a dict with "Records", or a list of records, is expected'
        )
    if not records:
        raise UsageError("an event without records: Lambda sends none such of a stream")
    return cast("Sequence[object]", records)


def _get(raw: object, name: str) -> Any:
    return cast("Mapping[str, Any]", raw).get(name) if isinstance(raw, Mapping) else None


def _foreign(record: Mapping[str, Any]) -> str:
    """How a message about something that is no record of a stream begins."""
    source = record.get("eventSource") or record.get("EventSource")
    foreign = isinstance(source, str) and source not in ("aws:dynamodb", "aws:kinesis")
    return f"no record of a DynamoDB stream{f', but one of {source}' if foreign else ''}"


def _unwrapped(kinesis: Mapping[str, Any]) -> Mapping[str, Any]:
    """The DynamoDB record inside a Kinesis record."""
    import orjson

    data = kinesis.get("data")
    try:
        text = base64.b64decode(data, validate=True) if isinstance(data, str) else data
        change = orjson.loads(text) if isinstance(text, bytes) else None
    except (binascii.Error, ValueError) as error:
        # Without the error's message, which may quote the data.
        raise UsageError(
            "no record of a DynamoDB stream: the data of this Kinesis record is no JSON in base64 "
            f"({type(error).__name__})"
        ) from None
    if not isinstance(change, dict):
        raise UsageError(
            "no record of a DynamoDB stream: the data of this Kinesis record is no JSON object"
        )
    return cast("Mapping[str, Any]", change)


def _image(content: Mapping[str, Any], name: str) -> AttributeMap | None:
    image = content.get(name)
    if image is None:
        return None
    if not isinstance(image, Mapping):
        raise UsageError(
            f"the {name} of a record of a stream is a map of attributes, not {type(image).__name__}"
        )
    return dict(cast("Mapping[str, Any]", image))


def _is_key_value(value: object) -> bool:
    if not isinstance(value, Mapping):
        return False
    entries = list(cast("Mapping[object, object]", value).items())
    return (
        len(entries) == 1
        and entries[0][0] in ("S", "N", "B")
        and isinstance(entries[0][1], str | bytes)
    )


def _table_name(change: Mapping[str, Any]) -> str | None:
    """The table's name: the `tableName` of a Kinesis record, or from the ARN of the source.

    `arn:aws:dynamodb:eu-central-1:111122223333:table/orders/stream/...`
    """
    name = change.get("tableName")
    if isinstance(name, str) and name:
        return name
    arn = change.get("eventSourceARN")
    resource = arn.split(":", 5)[-1].split("/") if isinstance(arn, str) else []
    return resource[1] if len(resource) > 1 and resource[0] == "table" and resource[1] else None


def _is_expired(identity: object) -> bool:
    """Whether DynamoDB's time to live deleted the item.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html
    """
    principal = _get(identity, "principalId") or _get(identity, "PrincipalId")
    kind = _get(identity, "type") or _get(identity, "Type")
    return bool(principal == "dynamodb.amazonaws.com" and kind == "Service")


def _creation_time(content: Mapping[str, Any], default_precision: str) -> datetime | None:
    time: object = content.get("ApproximateCreationDateTime")
    if time is None:
        return None
    if isinstance(time, datetime):  # botocore's GetRecords
        return time.astimezone(UTC)
    precision: object = content.get("ApproximateCreationDateTimePrecision", default_precision)
    unit = _UNITS.get(precision) if isinstance(precision, str) else None
    if (
        unit is None
        or isinstance(time, bool)
        or not isinstance(time, int | float)
        or not math.isfinite(time)
    ):
        raise UsageError("the ApproximateCreationDateTime of a record of a stream is no time")
    try:
        return _EPOCH + unit * time
    except OverflowError as error:
        raise UsageError(
            "the ApproximateCreationDateTime of a record of a stream is out of range"
        ) from error
