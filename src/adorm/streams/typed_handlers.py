"""Typed handlers, and which of them takes a record: by table, by key, and by what tells apart the
models of one table."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Literal, TypeAlias, cast, get_args

import attrs

from adorm.aws_lambda.batches.handler import AsyncFunction, HandlerFunction, handler_function
from adorm.dynamodb.values import AttributeMap
from adorm.errors import UsageError
from adorm.models import ModelInfo, model_info
from adorm.schema.indexes import key_tag
from adorm.schema.types import origin_of, split_optional, unwrap
from adorm.streams.record import StreamRecord

HandlerKind: TypeAlias = Literal["INSERT", "MODIFY", "REMOVE", "EXPIRE", "BATCH"]
"""EXPIRE is a REMOVE by DynamoDB itself, when the item's time to live was over. BATCH takes all
changes of an event at once that no other handler takes."""

When: TypeAlias = Callable[[AttributeMap], bool]
"""Gets the new image, else the old one, else the key, as DynamoDB sent it; returns whether the
handler takes the record."""


@attrs.frozen(eq=False)
class TypedHandler:
    """A handler for the changes of one model."""

    kind: HandlerKind
    info: ModelInfo
    key_tags: Mapping[str, str | None]
    """By attribute name of the key: S, N or B; None if only a converter hook knows it."""
    table_name: str | None
    """The table's name in DynamoDB, if it was given; else the model has one."""
    when: When | None
    discriminator: tuple[str, frozenset[str]] | None
    """The attribute name of the model's discriminator, and the values that it may have; None where
    it has none, and for a model of a `SingleTable`, which knows its items by their keys too."""
    optional_images: bool
    function: HandlerFunction

    @property
    def rank(self) -> int:
        """The order in which handlers are asked: first those with `when`, then those whose model
        tells its items from others, then those that take everything."""
        if self.when is not None:
            return 0
        return 1 if self.discriminator is not None or self.info.single_table is not None else 2

    def takes(self, record: StreamRecord) -> bool:
        """Whether a record of this handler's table is one of its model."""
        if record.keys.keys() != self.key_tags.keys():
            return False
        for name, tag in self.key_tags.items():
            if tag is not None and tag not in record.keys[name]:
                return False
        if self.when is not None:
            return bool(self.when(record.image))
        if self.info.single_table is not None:
            return self.info.item_models.find(record.image) is not None
        if self.discriminator is not None:
            name, values = self.discriminator
            stored: Any = record.image.get(name)
            return isinstance(stored, dict) and cast("AttributeMap", stored).get("S") in values
        return True

    def images(self, old: Any, new: Any) -> tuple[Any, ...]:
        """The arguments that the function begins with.

        Raises:
            UsageError: an image is missing, and the handler needs it.
        """
        images = {"INSERT": (new,), "MODIFY": (old, new)}.get(self.kind, (old,))
        if not self.optional_images and any(image is None for image in images):
            needed = "both images" if self.kind == "MODIFY" else "the image"
            raise UsageError(
                f"{self.describe()} needs {needed}, and the stream does not carry that: set its "
                "StreamViewType to NEW_AND_OLD_IMAGES, or register with optional_images=True"
            )
        return images

    def describe(self) -> str:
        """`the handler of INSERT of Order`."""
        return _describe("the", self.kind, self.info)


class TypedHandlers:
    """The typed handlers of one stream handler."""

    def __init__(self) -> None:
        self._by_kind: dict[HandlerKind, list[TypedHandler]] = {}

    def __iter__(self) -> Iterator[TypedHandler]:
        return (handler for handlers in self._by_kind.values() for handler in handlers)

    def add(self, handler: TypedHandler) -> None:
        """Add a handler.

        Raises:
            UsageError: it can't be told apart from another one.
        """
        handlers = self._by_kind.setdefault(handler.kind, [])
        for other in handlers:
            same_table = (other.table_name or other.info.table) == (
                handler.table_name or handler.info.table
            )
            if not same_table or other.rank != handler.rank or not _overlap(other, handler):
                continue
            if other.info is handler.info:
                kind = "batches" if handler.kind == "BATCH" else handler.kind
                raise UsageError(
                    f"{handler.info.name} has a handler of {kind} already: "
                    "give one of the two when=..."
                )
            raise UsageError(
                f"{handler.describe()} can't be told from that of {other.info.name}, in one table: "
                "give the models an adorm.discriminator each, or the handlers when=..."
            )
        handlers.append(handler)
        handlers.sort(key=lambda each: each.rank)

    def find(
        self, record: StreamRecord, table_of: Callable[[TypedHandler], str]
    ) -> TypedHandler | None:
        """The handler that takes the record; None if there is none. A REMOVE handler also takes an
        expired item, if there is no EXPIRE handler that does.

        Args:
            table_of: gives the table name of a handler.

        Raises:
            UsageError: two handlers take it, neither of them by `when`.
        """
        expired = record.kind == "REMOVE" and record.expired
        kinds: Sequence[HandlerKind] = (
            ("EXPIRE", "REMOVE", "BATCH") if expired else (record.kind, "BATCH")
        )
        for kind in kinds:
            found: TypedHandler | None = None
            for handler in self._by_kind.get(kind, ()):
                if found is not None and (found.when is not None or handler.rank > found.rank):
                    break
                if table_of(handler) != record.table_name or not handler.takes(record):
                    continue
                if found is not None:
                    # the database gives the tables of two models one name; or two models of a
                    # table have one key, and the image does not tell the type
                    raise UsageError(
                        f"{found.describe()} and that of {handler.info.name} both take it, "
                        f"in table {record.table_name}: give one of them when=..."
                    )
                found = handler
            if found is not None:
                return found
        return None


def typed_handler(
    kind: HandlerKind,
    model: type[Any],
    function: AsyncFunction,
    *,
    when: When | None,
    table_name: str | None,
    optional_images: bool,
) -> TypedHandler:
    """A handler, checked.

    Raises:
        UsageError: the function is not async or takes too many arguments, or the class is no model
            with a key and a table.
    """
    info = model_info(model)
    if info.table is None and table_name is None:
        raise UsageError(
            f"{info.name} names no table: write @adorm.model(table=...), "
            "or register the handler with table_name=..."
        )
    what = _describe("a", kind, info)
    if kind == "BATCH":
        checked = handler_function(function, what, arguments=("changes", "db"), least=1)
    else:
        images = ("old", "new") if kind == "MODIFY" else ("item",)
        arguments = (*images, "change", "db")
        checked = handler_function(function, what, arguments=arguments, least=len(images))
    if when is not None and (not callable(when) or inspect.iscoroutinefunction(when)):
        raise UsageError(
            f"when=... of {what} is a plain function of an attribute map, "
            "not an async one or anything else"
        )
    key_tags = {
        field.attribute_name: key_tag(info.name, field, optional=False) for field in info.key_fields
    }
    return TypedHandler(
        kind, info, key_tags, table_name, when, _discriminator(info), optional_images, checked
    )


def _describe(article: str, kind: HandlerKind, info: ModelInfo) -> str:
    """`the handler of INSERT of Order`, `a handler of batches of Order`."""
    return f"{article} handler of {'batches' if kind == 'BATCH' else kind} of {info.name}"


def _overlap(one: TypedHandler, other: TypedHandler) -> bool:
    """Whether both may take the same record."""
    if one.when is not None or other.when is not None:
        return False  # the first one whose `when` is true takes it
    if one.info.single_table is not None and other.info.single_table is one.info.single_table:
        own = one.info.item_models.models
        return any(model in own for model in other.info.item_models.models)
    if one.discriminator is None or other.discriminator is None:
        return True
    (name, values), (other_name, other_values) = one.discriminator, other.discriminator
    return name == other_name and bool(values & other_values)


def _discriminator(info: ModelInfo) -> tuple[str, frozenset[str]] | None:
    """The attribute name of the model's discriminator, and the values that it may have."""
    field = info.discriminator
    if field is None or info.single_table is not None:
        return None
    annotation = unwrap(split_optional(field.type)[0])
    values = get_args(annotation) if origin_of(annotation) is Literal else (field.default,)
    plain: list[object] = [value.value if isinstance(value, Enum) else value for value in values]
    texts = frozenset(value for value in plain if isinstance(value, str))
    if not texts:
        raise UsageError(
            f"{info.name}.{field.name} has no value of its own to tell models apart by: "
            "register the handler with when=..."
        )
    return field.attribute_name, texts
