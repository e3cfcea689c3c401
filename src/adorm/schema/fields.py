"""`Field`: one field of a structured class, and what its marker says of it."""

from __future__ import annotations

import typing
from collections.abc import Callable
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Any, Literal

from adorm.schema.types import Annotation
from adorm.support.records import Record

if TYPE_CHECKING:
    from datetime import timedelta

METADATA_KEY = "adorm"
"""The key of a field's `Marker` in the metadata of its attrs or dataclass field."""


class _Absence(Enum):
    MISSING = "no default"
    NOT_REQUIRED = "may be left out"


MISSING: Any = _Absence.MISSING
"""No default: the field must be present."""

NOT_REQUIRED: Any = _Absence.NOT_REQUIRED
"""The default of a TypedDict key that may be left out: where the attribute is absent, so is the
key."""


class Role(StrEnum):
    """What a field is for."""

    ATTRIBUTE = "attribute"
    PARTITION_KEY = "partition_key"
    SORT_KEY = "sort_key"
    VERSION = "version"
    TTL = "ttl"
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"
    DELETED_AT = "deleted_at"
    DISCRIMINATOR = "discriminator"


DatetimeFormat = Literal["Z", "+00:00", "+0000"]
"""How the texts of datetimes end, after six digits of a second. PynamoDB writes and reads only
`+0000`."""

DATETIME_FORMATS: tuple[DatetimeFormat, ...] = typing.get_args(DatetimeFormat)


class Marker(Record):
    """What `adorm.attribute(...)` or another field marker says of a field."""

    role: Role = Role.ATTRIBUTE
    name: str | None = None
    omit_empty: bool = False
    as_json: bool = False
    as_set: bool = False
    truncate: bool = False
    datetime_format: DatetimeFormat | None = None
    """None: as the database says."""
    immutable: bool = False
    unique: bool | Callable[[Any], str] = False
    """Whether no two items may have the same value; a function gives the text that differs."""
    keep: timedelta | None = None
    """For how long an item is kept after it was deleted softly; None: for ever."""

    def as_role(self, role: Role, name: str | None) -> Marker:
        """The same marker in another role, under another attribute name."""
        return Marker(role, name, *self._held()[2:])


NO_MARKER = Marker()


class Field:
    """One field of a structured class."""

    def __init__(
        self,
        name: str,
        attribute_name: str,
        type: Annotation,  # noqa: A002  # the field's type
        marker: Marker = NO_MARKER,
        init_name: str = "",
        init: bool = True,
        default: Any = MISSING,
        factory: Callable[[], Any] | None = None,
        default_takes_self: bool = False,
        owner: str = "",
    ) -> None:
        self.name = name
        self.attribute_name = attribute_name
        """Its name in DynamoDB."""
        self.type = type
        """The annotation, with forward references and type variables resolved; `Annotated` and
        `NewType` are still around it."""
        self.marker = marker
        self.role = marker.role
        self.is_key = False
        """Whether it is part of the key of the table or of an index."""
        self.init_name = init_name
        """Its parameter of the constructor; attrs drops leading underscores."""
        self.init = init
        """Whether the constructor takes it at all."""
        self.default = default
        self.factory = factory
        """Makes the default. Where there is one, `default` is MISSING."""
        self.default_takes_self = default_takes_self
        """Whether attrs computes the default from the instance. The constructor does so where it
        gets no value."""
        self.owner = owner
        """The name of its class, for messages."""

    @property
    def required(self) -> bool:
        """Whether an item without the attribute can't be read: the field has no default."""
        return self.default is MISSING and self.factory is None and not self.default_takes_self

    def complete(self, marker: Marker, naming: Callable[[str], str], *, owner: str) -> None:
        """Take what its class says of it. Called once, before the field is used.

        Args:
            marker: what the field's marker says.
            naming: makes its attribute name where the marker gives none.
            owner: the name of its class.
        """
        self.marker, self.role, self.owner = marker, marker.role, owner
        self.is_key = self.role in (Role.PARTITION_KEY, Role.SORT_KEY)
        self.attribute_name = marker.name or naming(self.name)

    def __repr__(self) -> str:
        return f"<Field {self.owner}.{self.name}>"
