"""Secondary indexes: as a model declares them, and with their fields resolved.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/SecondaryIndexes.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Literal, cast

from adorm.dynamodb.limits import (
    MAX_GLOBAL_INDEXES,
    MAX_INDEX_KEY_ATTRIBUTES,
    MAX_LOCAL_INDEXES,
    MAX_PROJECTED_ATTRIBUTES,
)
from adorm.dynamodb.values import Tag
from adorm.errors import ModelError
from adorm.schema.fields import Field
from adorm.schema.names import unknown_field
from adorm.schema.structures import Structure
from adorm.schema.types import scalar_tag, split_optional, type_name, unwrap
from adorm.support.records import Record

Projection = Literal["ALL", "KEYS_ONLY"] | Sequence[str]
"""What an index holds beside the keys: everything, nothing, or the named fields."""

_NAME = r"[A-Za-z0-9_.-]{3,255}"


def _as_tuple(names: str | Sequence[str] | None) -> tuple[str, ...]:
    if names is None:
        return ()
    return (names,) if isinstance(names, str) else tuple(names)


class GlobalIndex(Record):
    """A global secondary index, with a key of its own.

    Args:
        name: 3 to 255 letters, digits, `_`, `-` and `.`.
        partition: the name of the partition key's field, or one to four names.
        sort: the name of the sort key's field, or up to four names; no sort key by default.
        projection: what it holds beside the keys: "ALL", "KEYS_ONLY" or the names of fields, 100 at
            most over all indexes of a table.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html
    """

    name: str
    partition: tuple[str, ...]
    sort: tuple[str, ...]
    projection: Literal["ALL", "KEYS_ONLY"] | tuple[str, ...]

    def __init__(
        self,
        name: str,
        *,
        partition: str | Sequence[str],
        sort: str | Sequence[str] | None = None,
        projection: Projection = "ALL",
    ) -> None:
        self._hold(name, _as_tuple(partition), _as_tuple(sort), _projection(projection))


class LocalIndex(Record):
    """A local secondary index: the table's partition key with another sort key.

    DynamoDB makes it with the table, and can't add it later.

    Args:
        name: 3 to 255 letters, digits, `_`, `-` and `.`.
        sort: the name of the sort key's field.
        projection: as for `GlobalIndex`.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html
    """

    name: str
    sort: tuple[str, ...]
    projection: Literal["ALL", "KEYS_ONLY"] | tuple[str, ...]

    def __init__(self, name: str, *, sort: str, projection: Projection = "ALL") -> None:
        self._hold(name, _as_tuple(sort), _projection(projection))


def _projection(projection: Projection) -> Literal["ALL", "KEYS_ONLY"] | tuple[str, ...]:
    if isinstance(projection, str):
        return cast(
            "Literal['ALL', 'KEYS_ONLY']", projection
        )  # `resolve_indexes` checks it, and names the model
    return tuple(projection)


class Index:
    """An index of a model, with its fields."""

    def __init__(
        self,
        name: str,
        is_global: bool,
        partition: tuple[Field, ...],
        sort: tuple[Field, ...],
        projection: Literal["ALL", "KEYS_ONLY"] | tuple[Field, ...],
        table_keys: tuple[Field, ...],
    ) -> None:
        self.name = name
        self.is_global = is_global
        self.partition = partition
        self.sort = sort
        self.key_fields = partition + sort
        self.projection: Literal["ALL", "KEYS_ONLY"] | tuple[Field, ...] = projection
        self.table_keys = table_keys
        """The fields of the table's key, which every index holds."""

    def holds(self, attribute_name: str) -> bool:
        """Whether a query of the index reads the attribute."""
        if self.projection == "ALL":
            return True
        included = () if self.projection == "KEYS_ONLY" else self.projection
        return any(
            field.attribute_name == attribute_name
            for field in (*self.key_fields, *self.table_keys, *included)
        )


def key_tag(owner: str, field: Field, *, optional: bool) -> Tag | None:
    """S, N or B for a key field; None for a class that only a user's hook can store.

    Args:
        owner: the name of the model, for messages.
        optional: whether items without it may exist, as for the key of an index.
    """
    annotation, is_optional = split_optional(field.type)
    if is_optional and not optional:
        raise ModelError(
            f"{owner}.{field.name} is a key of the table, so it can't be optional: every item has "
            "it"
        )
    tag = scalar_tag(annotation)
    bare = unwrap(annotation)
    if isinstance(bare, type) and "__adorm_options__" in bare.__dict__:
        raise ModelError(
            f"{owner}.{field.name} is a key, but the model {bare.__name__} is stored as a map, "
            "and a key is text, a number or bytes: "
            f"make {bare.__name__} an attrs class or a dataclass, and register hooks that store "
            "it as text"
        )
    known_wrong = tag is None and (
        not isinstance(bare, type) or issubclass(bare, (list, tuple, set, frozenset, dict, Enum))
    )
    if tag == "BOOL" or known_wrong or field.marker.as_json or field.marker.as_set:
        raise ModelError(
            f"{owner}.{field.name} is a key, but {type_name(field.type)} can't be one: "
            "a key is text, a number or bytes, or a type stored as such"
        )
    return tag


def check_index(owner: str, index: object) -> None:
    """Refuse what is no index, or has a name that DynamoDB does not take.

    Args:
        owner: the model or the table that declares it, for messages.

    Raises:
        ModelError: it is refused.
    """
    if not isinstance(index, (GlobalIndex, LocalIndex)) or not isinstance(
        cast("object", index.name), str
    ):
        raise ModelError(
            f"{owner}: an index is GlobalIndex(name, ...) or LocalIndex(name, ...), not {index!r}"
        )
    if not re.fullmatch(_NAME, index.name):
        raise ModelError(
            f"{owner}: index {index.name!r}: a name has 3 to 255 letters, digits, '_', '-' and '.'"
        )


def resolve_indexes(
    owner: str,
    structure: Structure,
    partition: Field,
    sort: Field | None,
    declared: Sequence[GlobalIndex | LocalIndex],
) -> dict[str, Index]:
    """The indexes of a model by name.

    Args:
        owner: the name of the model, for messages.
        partition, sort: the key of its table.

    Raises:
        ModelError: an unknown field, a key that can't be one, two indexes of one name, or more than
            DynamoDB takes.
    """
    table_keys = (partition,) if sort is None else (partition, sort)
    indexes: dict[str, Index] = {}
    for index in declared:
        check_index(owner, index)
        where = f"{owner}: index {index.name!r}"
        if index.name in indexes:
            raise ModelError(f"{where} is declared twice")
        if isinstance(index, LocalIndex):
            if sort is None:
                raise ModelError(f"{where}: a local index needs a table with a sort key")
            partitions: tuple[Field, ...] = (partition,)
            sorts = _fields(where, structure, index.sort, "sort", 1)
        else:
            partitions = _fields(where, structure, index.partition, "partition", 1)
            sorts = _fields(where, structure, index.sort, "sort", 0)
        for field in (*partitions, *sorts):
            key_tag(owner, field, optional=True)
        if len({*partitions, *sorts}) < len(partitions) + len(sorts):
            raise ModelError(f"{where} has a field twice in its key")
        projection = index.projection
        if isinstance(projection, str):
            if projection not in ("ALL", "KEYS_ONLY"):  # unchecked callers
                raise ModelError(
                    f"{where}: projection is 'ALL', 'KEYS_ONLY' or a list of field names, not "
                    f"{projection!r}"
                )
            resolved: Literal["ALL", "KEYS_ONLY"] | tuple[Field, ...] = projection
        else:
            if len(projection) > MAX_PROJECTED_ATTRIBUTES:
                raise ModelError(
                    f"{where} includes {len(projection)} fields; DynamoDB takes "
                    f"{MAX_PROJECTED_ATTRIBUTES}"
                )
            resolved = tuple(_field(where, structure, name) for name in projection)
        indexes[index.name] = Index(
            index.name, isinstance(index, GlobalIndex), partitions, sorts, resolved, table_keys
        )
    _check_count(owner, indexes)
    return indexes


def _check_count(owner: str, indexes: Mapping[str, Index]) -> None:
    count = sum(index.is_global for index in indexes.values())
    if count > MAX_GLOBAL_INDEXES:
        raise ModelError(f"{owner} has {count} global indexes; DynamoDB takes {MAX_GLOBAL_INDEXES}")
    if len(indexes) - count > MAX_LOCAL_INDEXES:
        raise ModelError(
            f"{owner} has {len(indexes) - count} local indexes; DynamoDB takes {MAX_LOCAL_INDEXES}"
        )


def _fields(
    where: str, structure: Structure, names: tuple[str, ...], side: str, least: int
) -> tuple[Field, ...]:
    if not least <= len(names) <= MAX_INDEX_KEY_ATTRIBUTES:
        raise ModelError(
            f"{where}: {side} takes {least} to {MAX_INDEX_KEY_ATTRIBUTES} field names, not "
            f"{len(names)}"
        )
    return tuple(_field(where, structure, name) for name in names)


def _field(where: str, structure: Structure, name: str) -> Field:
    field = structure.by_name.get(name)
    if field is None:
        raise ModelError(f"{where}: {unknown_field(structure.name, name, structure.by_name)}")
    return field
