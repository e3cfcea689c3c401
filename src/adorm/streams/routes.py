"""Which typed handler takes a record: by table, key, and what tells the models of one table
apart."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Literal, cast, get_args

import attrs

from adorm.dynamodb.values import AttributeMap
from adorm.errors import UsageError
from adorm.models import ModelInfo, model_info
from adorm.schema.fields import Role
from adorm.schema.indexes import key_tag
from adorm.schema.types import origin_of, split_optional, unwrap
from adorm.streams.calling import Callee, Handler, make_callee
from adorm.streams.record import StreamRecord

RouteKind = Literal["INSERT", "MODIFY", "REMOVE", "EXPIRE", "BATCH"]
"""EXPIRE is a REMOVE by DynamoDB itself, as the item's time to live was over. BATCH takes all
changes of an event at once that no other handler takes."""

When = Callable[[AttributeMap], bool]
"""Given the new image, else the old one, else the key, as DynamoDB sent it: whether the handler
takes the record."""


@attrs.frozen(eq=False)
class Route:
    """A typed handler and what it takes."""

    kind: RouteKind
    info: ModelInfo
    key_tags: Mapping[str, str | None]
    """S, N or B of the key's attributes; None where only a user's hook knows."""
    table_name: str | None
    """The table's name in DynamoDB, where it was given; else the model leads to it."""
    when: When | None
    told_by: tuple[str, frozenset[str]] | None
    """The discriminator's attribute name and values."""
    optional_images: bool
    callee: Callee

    @property
    def rank(self) -> int:
        """What was asked for by hand goes before what a discriminator tells, and that before what
        takes everything."""
        return 0 if self.when is not None else 1 if self.told_by is not None else 2

    def fits(self, record: StreamRecord) -> bool:
        """Whether the record, of this route's table, is one of its model."""
        if record.keys.keys() != self.key_tags.keys():
            return False
        if any(
            tag is not None and tag not in record.keys[name] for name, tag in self.key_tags.items()
        ):
            return False
        if self.when is not None:
            return bool(self.when(record.image))
        if self.told_by is not None:
            name, values = self.told_by
            told: Any = record.image.get(name)
            return isinstance(told, dict) and cast("AttributeMap", told).get("S") in values
        return True

    def arguments(self, old: Any, new: Any) -> tuple[Any, ...]:
        """The images that the function begins with."""
        images = {"INSERT": (new,), "MODIFY": (old, new)}.get(self.kind, (old,))
        if not self.optional_images and any(image is None for image in images):
            raise UsageError(
                f"{self.describe()} needs {'both images' if self.kind == 'MODIFY' else 'the image'}, and the stream does not carry that: "
                "set its StreamViewType to NEW_AND_OLD_IMAGES, or register with optional_images=True"
            )
        return images

    def describe(self) -> str:
        """`the handler of INSERT of Order`."""
        return described(self.kind, self.info, "the")


class Routes:
    """The typed handlers of one stream handler."""

    def __init__(self) -> None:
        self._by_kind: dict[RouteKind, list[Route]] = {}

    def __iter__(self) -> Iterator[Route]:
        return (route for routes in self._by_kind.values() for route in routes)

    def add(self, route: Route) -> None:
        """Take a handler in.

        Raises:
            UsageError: it can't be told from one that is there.
        """
        routes = self._by_kind.setdefault(route.kind, [])
        for other in routes:
            same_table = (other.table_name or other.info.table) == (
                route.table_name or route.info.table
            )
            if same_table and other.rank == route.rank and _overlap(other, route):
                if other.info is route.info:
                    kind = "batches" if route.kind == "BATCH" else route.kind
                    raise UsageError(
                        f"{route.info.name} has a handler of {kind} already: give one of the two when=..."
                    )
                raise UsageError(
                    f"{route.describe()} can't be told from that of {other.info.name}, in one table: give the models an "
                    "adorm.discriminator each, or the handlers when=..."
                )
        routes.append(route)
        routes.sort(key=lambda each: each.rank)

    def find(self, record: StreamRecord, table_of: Callable[[Route], str]) -> Route | None:
        """The handler that takes the record; None where none does. An expired item that no EXPIRE
        handler takes is a REMOVE.

        Raises:
            UsageError: two take it, neither of them by `when`.
        """
        expired = record.kind == "REMOVE" and record.expired
        kinds: Sequence[RouteKind] = (
            ("EXPIRE", "REMOVE", "BATCH") if expired else (record.kind, "BATCH")
        )
        for kind in kinds:
            found: Route | None = None
            for route in self._by_kind.get(kind, ()):
                if found is not None and (found.when is not None or route.rank > found.rank):
                    break
                if table_of(route) == record.table_name and route.fits(record):
                    if (
                        found is not None
                    ):  # models of two tables, to which the database gives one name
                        raise UsageError(
                            f"{found.describe()} and that of {route.info.name} both take it, in table {record.table_name}"
                        )
                    found = route
            if found is not None:
                return found
        return None


def described(kind: RouteKind, info: ModelInfo, article: str) -> str:
    """`the handler of INSERT of Order`, `a handler of batches of Order`."""
    return f"{article} handler of {'batches' if kind == 'BATCH' else kind} of {info.name}"


def _overlap(one: Route, other: Route) -> bool:
    if one.when is not None or other.when is not None:
        return False  # nobody knows: the first one that says yes
    if one.told_by is None or other.told_by is None:
        return True
    return one.told_by[0] == other.told_by[0] and bool(one.told_by[1] & other.told_by[1])


def make_route(
    kind: RouteKind,
    model: type[Any],
    function: Handler,
    *,
    when: When | None,
    table_name: str | None,
    optional_images: bool,
) -> Route:
    """Check a handler.

    Raises:
        UsageError: it is not async, takes too many arguments, or is of a class that has no key or
            no table.
    """
    info = model_info(model)
    if info.table is None and table_name is None:
        raise UsageError(
            f"{info.name} names no table: write @adorm.model(table=...), or register the handler with table_name=..."
        )
    what = described(kind, info, "a")
    if kind == "BATCH":
        callee = make_callee(function, what, least=1, offered=("changes", "db"))
    else:
        images = ("old", "new") if kind == "MODIFY" else ("item",)
        callee = make_callee(function, what, least=len(images), offered=(*images, "change", "db"))
    if when is not None and (not callable(when) or inspect.iscoroutinefunction(when)):
        raise UsageError(
            f"when=... of {what} is a plain function of an attribute map, not an async one or anything else"
        )
    key_tags = {
        field.attribute_name: key_tag(info.name, field, optional=False) for field in info.key_fields
    }
    return Route(kind, info, key_tags, table_name, when, _told_by(info), optional_images, callee)


def _told_by(info: ModelInfo) -> tuple[str, frozenset[str]] | None:
    field = next(
        (field for field in info.structure.fields if field.role is Role.DISCRIMINATOR), None
    )
    if field is None:
        return None
    annotation, _ = split_optional(field.type)
    values = (
        get_args(unwrap(annotation))
        if origin_of(unwrap(annotation)) is Literal
        else (field.default,)
    )
    plain: list[object] = [value.value if isinstance(value, Enum) else value for value in values]
    texts = frozenset(value for value in plain if isinstance(value, str))
    if not texts:
        raise UsageError(
            f"{info.name}.{field.name} has no value of its own to tell models apart by: register the handler with when=..."
        )
    return field.attribute_name, texts
