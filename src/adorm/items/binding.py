"""`Binding`: a model, its table and the connection to it: what every operation needs."""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from adorm.clock import Clock
from adorm.codec.codec import Codec
from adorm.codec.failures import DecodeFailure, item_decode_error
from adorm.codec.pages import ItemPage
from adorm.dynamodb.values import AttributeMap
from adorm.errors import ItemDecodeError, UsageError
from adorm.items.key_encoding import encode_key
from adorm.items.keys import Key
from adorm.models import ModelInfo
from adorm.schema.fields import Field
from adorm.schema.types import Annotation

if TYPE_CHECKING:
    from adorm.codec.compiled.pages import PageParser
    from adorm.dynamodb.operations import Repeat
    from adorm.expressions.conditions import Condition
    from adorm.expressions.document_path import Step
    from adorm.retry import RetryPolicy
    from adorm.transport.base import Answer, AnswerReader, Request

MAX_TURNS = 30
"""How often an operation begins anew where other writers are faster each time."""


class Connection:
    """What operations need of a database, which is its one implementation."""

    clock: Clock
    """Where timestamps and waits come from."""
    codec: Codec
    """How values of this database are stored."""
    cursor_secret: bytes | None
    """What cursors are signed with; None for no signature."""
    random: Callable[[], float]
    """Gives numbers from 0 to 1, for the jitter of waits."""
    retry: RetryPolicy
    """How calls are retried that bring no policy of their own."""

    def call(
        self,
        operation: str,
        request: Request,
        *,
        subject: object = None,
        repeat: Repeat | None = None,
        retry: RetryPolicy | None = None,
        read: AnswerReader | None = None,
    ) -> Coroutine[Any, Any, Answer]:
        """Send an operation and give its answer."""
        raise NotImplementedError

    async def back_off(
        self,
        attempt: int,
        /,
        *,
        operation: str,
        subject: object,
        why: str = "for what DynamoDB left unprocessed",
        most_s: float = math.inf,
        retry: RetryPolicy | None = None,
    ) -> None:
        """Wait before the next try. `why` goes into the error; no wait is longer than `most_s`.

        Raises:
            DeadlineExceeded: the wait would outlive the deadline.
        """
        raise NotImplementedError

    def binding(self, model: type[Any], name: str | None = None, /) -> Binding:
        """The model on its table, or on the table `name`."""
        raise NotImplementedError


class Binding:
    """A model on a table of a database."""

    __slots__ = ("connection", "existence", "info", "named", "shows_deleted", "table_name")

    def __init__(
        self, connection: Connection, info: ModelInfo, table_name: str, named: bool = False
    ) -> None:
        self.connection = connection
        self.info = info
        self.table_name = table_name
        self.named = named
        """Whether the caller named the table; else its name follows from the model."""
        self.shows_deleted = False
        """Whether operations see items that were deleted softly."""
        self.existence: dict[bool, Condition] = {}
        """The conditions that there is an item, and that there is none, once they were needed."""

    def of(self, info: ModelInfo) -> Binding:
        """Another model on the same table."""
        made = Binding(self.connection, info, self.table_name, self.named)
        made.shows_deleted = self.shows_deleted
        return made

    def with_deleted(self) -> Binding:
        """The same for operations that see deleted items too.

        Raises:
            UsageError: items of the model are not deleted softly.
        """
        if self.info.deleted_at is None:
            raise UsageError(
                f"{self.info.name} has no deleted_at field, so that delete() removes its items, "
                "and no deleted items are left"
            )
        made = self.of(self.info)
        made.shows_deleted = True
        return made

    @property
    def hides_deleted(self) -> bool:
        """Whether the model has deleted items, and operations treat them as absent."""
        return not self.shows_deleted and getattr(self.info, "deleted_at", None) is not None

    @property
    def request_model(self) -> Any:
        """The model whose paths a request may have; None where they start from several."""
        return self.info.model

    @property
    def codec(self) -> Codec:
        """The codec of the database."""
        return self.connection.codec

    def decoder(self) -> Callable[[AttributeMap], Any]:
        """Makes the instance of an attribute map; raises `DecodeFailure` where it does not fit."""
        return self.connection.codec.decoder(self.info.model)

    def page_parser(self) -> PageParser | None:
        """What parses answers straight from their bytes; None where only JSON can be read."""
        return self.connection.codec.page_parser(self.info.model)

    def encode_key(self, key: Key[Any]) -> AttributeMap:
        """The key's attribute map."""
        return encode_key(key, self.connection.codec)

    def decode(self, attribute_map: AttributeMap) -> Any:
        """The instance.

        Raises:
            ItemDecodeError: the item does not fit the model.
        """
        try:
            return self.connection.codec.decode(self.info.model, attribute_map)
        except DecodeFailure as failure:
            raise self.decode_error(failure, attribute_map) from failure

    def decode_each(self, page: ItemPage, errors: list[Exception]) -> list[Any]:
        """The instances of an answer's items, with None in the place of each item that does not fit
        the model; its `ItemDecodeError` is appended to `errors`. A deleted item counts as one of
        another model, unless they are to be shown."""
        if self.hides_deleted:
            from adorm.items.soft_delete import decode_each_live

            return decode_each_live(self.info, self, page, errors)
        return page.decode_each(self, errors)

    def decode_part(
        self,
        field: Field | None,
        steps: Sequence[Step],
        attribute_value: dict[str, Any],
        annotation: Annotation = Any,
    ) -> Any:
        """The value of one part of an item.

        Args:
            field: the field that it is the value of, if it is one.
            steps: where it is in the item, for the error's path.
            annotation: its type where it is no field's; default what its tag tells.
        """
        codec = self.connection.codec
        try:
            if field is None:
                return codec.decode_value(annotation, attribute_value)
            if len(steps) > 1:
                return codec.decode_field(field, attribute_value)
            return codec.decode_stored_field(field, attribute_value)
        except DecodeFailure as failure:
            raise self.decode_error(failure.under(*steps), {}) from failure

    def decode_absent(
        self, field: Field, steps: Sequence[Step], attribute_map: AttributeMap
    ) -> Any:
        """The value of a field that is absent at `steps` in an item."""
        created_at = self.info.created_at
        if field is self.info.updated_at and created_at is not None:
            stored = attribute_map.get(created_at.attribute_name)
            if stored is not None:
                return self.decode_part(field, steps, stored)
        try:
            return self.connection.codec.absent(field)
        except DecodeFailure as failure:
            raise self.decode_error(failure.under(*steps), attribute_map) from failure

    def key_attributes(self, attribute_map: AttributeMap) -> AttributeMap:
        """The part of an item that is its key."""
        names = [field.attribute_name for field in self.info.key_fields]
        return {name: attribute_map[name] for name in names if name in attribute_map}

    def is_other_kind(self, attribute_map: AttributeMap) -> bool:
        """Whether the item is of another kind: one of another model that shares the table."""
        info = self.info
        if not getattr(info, "meets_others", False):
            return False
        if info.single_table is not None and info.discriminator is not None:
            stored = attribute_map.get(info.discriminator.attribute_name)
            if stored is not None and stored.get("S") == info.discriminator.default:
                return False
        from adorm.items.kinds import is_other_kind

        return is_other_kind(info, self.codec, attribute_map)

    def is_left_out(self, attribute_map: AttributeMap) -> bool:
        """Whether reads treat the item as absent: it is of another kind, or it was deleted."""
        if self.is_other_kind(attribute_map):
            return True
        return getattr(self.info, "deleted_at", None) is not None and (
            not self.shows_deleted and self.is_deleted(attribute_map)
        )

    def is_deleted(self, attribute_map: AttributeMap) -> bool:
        """Whether the item, which is of the model, was deleted softly."""
        field = self.info.deleted_at
        if field is None:
            return False
        stored = attribute_map.get(field.attribute_name)
        return stored is not None and "NULL" not in stored

    def decode_error(self, failure: DecodeFailure, attribute_map: AttributeMap) -> ItemDecodeError:
        """The error that users get for an item that does not fit the model."""
        if self.is_other_kind(attribute_map):
            from adorm.items.kinds import other_kind

            return other_kind(self.info, self.key_attributes(attribute_map), attribute_map)
        return item_decode_error(
            failure,
            model=self.info.model,
            key=self.key_attributes(attribute_map),
            attribute_map=attribute_map,
        )

    def must_be_there(self, field: Field) -> bool:
        """Whether an item without this field can't be read, because it has no default."""
        try:
            self.connection.codec.absent(field)
        except DecodeFailure:
            return True
        return False


def bound_to(binding: Binding, instance: object) -> Binding:
    """The model of an instance on the table: the binding's own, or a subclass of an abstract one.

    Raises:
        UsageError: it is an instance of neither.
    """
    info = binding.info
    if info.is_abstract:
        for each in info.item_models.models:
            if each.structure.cls is type(instance):
                return binding.of(each)
    info.check_instance(instance)
    return binding
