"""`StreamChange`: a record of a stream with its images as instances of a model."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar, Unpack, overload

import attrs

from adorm.codec.chosen_codec import chosen_codec
from adorm.codec.codec import Codec
from adorm.codec.failures import DecodeFailure, item_decode_error
from adorm.dynamodb.values import AttributeMap
from adorm.items.key_encoding import decode_key
from adorm.items.keys import Key
from adorm.models import ModelInfo, model_info
from adorm.schema.model_types import AttrsLike, DataclassLike
from adorm.schema.single_table import SingleTable
from adorm.streams.record import ChangeKind, StreamRecord, parse_record

if TYPE_CHECKING:
    from adorm.codec.chosen_codec import HooksOf

ModelT = TypeVar("ModelT", bound=DataclassLike | AttrsLike)


@attrs.frozen(eq=False)
class StreamChange(Generic[ModelT]):
    """A change of an item, with its images as instances of a model.

    The stream's `StreamViewType` decides which images a record carries; the others are None.
    """

    key: Key[ModelT] = attrs.field(repr=False)
    """The item's key, as `orders.get(change.key)` takes it."""
    new: ModelT | None = attrs.field(repr=False)
    """The item after the change; None for REMOVE."""
    old: ModelT | None = attrs.field(repr=False)
    """The item before the change; None for INSERT."""
    record: StreamRecord
    """The record as attribute maps."""

    @property
    def kind(self) -> ChangeKind:
        """What happened to the item: INSERT, MODIFY or REMOVE."""
        return self.record.kind

    @property
    def sequence_number(self) -> str:
        """Its position in the shard: digits, to be compared as a number."""
        return self.record.sequence_number

    @property
    def approximate_creation_time(self) -> datetime | None:
        """When the item was changed, in UTC; None if the record does not say."""
        return self.record.approximate_creation_time

    @property
    def expired(self) -> bool:
        """Whether DynamoDB deleted the item because its time to live was over."""
        return self.record.expired

    @property
    def event_id(self) -> str | None:
        """An id that stays the same when the record is delivered again."""
        return self.record.event_id

    @property
    def table_name(self) -> str | None:
        """The table's name in DynamoDB; None if the record does not say."""
        return self.record.table_name


@overload
def from_stream_record(
    record: Mapping[str, Any], table: SingleTable, /, **hooks: Unpack[HooksOf]
) -> StreamChange[Any]: ...
@overload
def from_stream_record(
    record: Mapping[str, Any], model: type[ModelT], /, **hooks: Unpack[HooksOf]
) -> StreamChange[ModelT]: ...
def from_stream_record(
    record: Mapping[str, Any], model: type[Any] | SingleTable, /, **hooks: Unpack[HooksOf]
) -> StreamChange[Any]:
    """One record with its images as instances of a model. The record is of a Lambda event, of the
    API of DynamoDB Streams, or of a Kinesis stream that carries such records.

    Args:
        record: as it came, `{"eventName": "INSERT", "dynamodb": {"Keys": ..., "NewImage": ...},
            ...}`, or with the same as base64 JSON in `record["kinesis"]["data"]`. Binary values are
            base64 text or bytes.
        model: the class of the images; or a `SingleTable`: then they are of the model that their
            type says, or without a type their key.
        db: the database whose converter hooks to use; None: only adorm's own types.
        converter: its converter alone, `db.converter`, instead of the database.

    Raises:
        UsageError: it is no such record, the class is no model with a key, or the item is of no
            model of the table.
        ItemDecodeError: the key or an image does not fit the model; a note says which.
    """
    parsed = parse_record(record)
    if isinstance(model, SingleTable):
        from adorm.items.maps import model_in_table

        model = model_in_table(model, parsed.image)
    return typed_change(parsed, model_info(model), chosen_codec(model, **hooks))


def typed_change(record: StreamRecord, info: ModelInfo, codec: Codec) -> StreamChange[Any]:
    """The record with its images as instances of a model.

    Raises:
        ItemDecodeError: its key or an image does not fit the model.
    """
    part = "Keys"
    image: AttributeMap | None = record.keys
    try:
        key = decode_key(info, codec, record.keys, record.new_image or record.old_image)
        part, image = "NewImage", record.new_image
        new = None if image is None else codec.decode(info.model, image)
        part, image = "OldImage", record.old_image
        old = None if image is None else codec.decode(info.model, image)
    except DecodeFailure as failure:
        error = item_decode_error(
            failure, model=info.model, key=record.keys, attribute_map=image or record.keys
        )
        error.add_note(
            f"in the {part} of {record.kind} record {record.sequence_number} "
            f"of table {record.table_name}"
        )
        raise error from failure
    return StreamChange(key, new, old, record)
