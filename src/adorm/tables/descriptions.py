"""A table as DynamoDB describes it, and how it differs from what a model needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, cast

import attrs

from adorm.tables.options import (
    AWS_MANAGED,
    AWS_OWNED,
    VIEW_TYPES,
    Billing,
    Provisioned,
    Stream,
    TableClass,
)


@attrs.frozen
class KeyAttribute:
    """One attribute of a key."""

    name: str
    key_type: str
    """HASH (partition key) or RANGE (sort key)."""
    type: str
    """S, N or B."""

    def __str__(self) -> str:
        return f"{self.name} ({self.key_type}, {self.type})"


@attrs.frozen
class IndexDescription:
    """A secondary index, as DynamoDB describes it."""

    name: str
    is_global: bool
    status: str
    """CREATING, UPDATING, DELETING or ACTIVE; a local index is always ACTIVE."""
    key: tuple[KeyAttribute, ...]
    projection: Literal["ALL", "KEYS_ONLY"] | tuple[str, ...]
    """Which attributes it holds beside the keys: all, none, or these, sorted by name."""
    item_count: int
    size_bytes: int
    backfilling: bool
    """Whether DynamoDB still adds the items that are older than the index."""
    units: Provisioned | None = None
    """Its provisioned capacity; None on demand, and for a local index."""


@attrs.frozen
class TableDescription:
    """A table, as DynamoDB describes it.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
    """

    name: str
    status: str
    """CREATING, UPDATING, DELETING, ACTIVE, ..."""
    key: tuple[KeyAttribute, ...]
    indexes: Mapping[str, IndexDescription]
    """By name."""
    billing: Billing
    item_count: int
    """DynamoDB updates it about every six hours; 0 for a new table."""
    size_bytes: int
    """Of the items, without those of indexes; as old as `item_count`."""
    arn: str | None
    created_at: datetime | None
    raw: dict[str, Any] = attrs.field(repr=False, eq=False)
    """The whole description, as DynamoDB sent it."""

    @property
    def is_active(self) -> bool:
        """Whether the table and all its indexes can be used."""
        return self.status == "ACTIVE" and all(
            index.status == "ACTIVE" for index in self.indexes.values()
        )

    @property
    def progress(self) -> str:
        """The status of the table, and of each index that is not ACTIVE.

        Example: `ACTIVE, index by-status CREATING`.
        """
        pending = [
            f"index {index.name} {index.status}"
            for index in self.indexes.values()
            if index.status != "ACTIVE"
        ]
        return ", ".join([self.status, *pending])

    @property
    def stream(self) -> Stream:
        """What records of its stream hold; "off" without a stream."""
        specification: Mapping[str, Any] = self.raw.get("StreamSpecification") or {}
        if not specification.get("StreamEnabled"):
            return "off"
        view_type = specification.get("StreamViewType")
        for stream, known in VIEW_TYPES.items():
            if known == view_type:
                return stream
        return "both"

    @property
    def encryption(self) -> str:
        """The ARN of the key in KMS; "aws-owned" for the key of DynamoDB itself."""
        described: Mapping[str, Any] = self.raw.get("SSEDescription") or {}
        if described.get("Status") in (None, "DISABLED", "DISABLING"):
            return AWS_OWNED
        return str(described.get("KMSMasterKeyArn") or AWS_MANAGED)

    @property
    def deletion_protection(self) -> bool:
        """Whether DynamoDB refuses to delete it."""
        return bool(self.raw.get("DeletionProtectionEnabled"))

    @property
    def table_class(self) -> TableClass:
        """Its class: "standard" or "infrequent_access"."""
        summary: Mapping[str, Any] = self.raw.get("TableClassSummary") or {}
        is_standard = summary.get("TableClass", "STANDARD") == "STANDARD"
        return "standard" if is_standard else "infrequent_access"


def read_description(raw: Mapping[str, Any]) -> TableDescription:
    """The description in the JSON of an answer, or in a CreateTable request.

    DescribeTable answers with it under `Table`, CreateTable and DeleteTable under
    `TableDescription`.
    """
    types = _attribute_types(raw)
    indexes = [
        _index(index, types, is_global=True) for index in raw.get("GlobalSecondaryIndexes") or ()
    ]
    indexes += [
        _index(index, types, is_global=False) for index in raw.get("LocalSecondaryIndexes") or ()
    ]
    created_at = raw.get("CreationDateTime")
    return TableDescription(
        name=str(raw.get("TableName", "")),
        status=str(raw.get("TableStatus", "UNKNOWN")),
        key=_key(raw, types),
        indexes={index.name: index for index in indexes},
        billing=_billing(raw),
        item_count=int(raw.get("ItemCount") or 0),
        size_bytes=int(raw.get("TableSizeBytes") or 0),
        arn=raw.get("TableArn"),
        created_at=None if created_at is None else datetime.fromtimestamp(float(created_at), UTC),
        raw=dict(raw),
    )


def _attribute_types(raw: Mapping[str, Any]) -> dict[str, str]:
    return {
        each["AttributeName"]: each["AttributeType"]
        for each in raw.get("AttributeDefinitions") or ()
    }


def _key(raw: Mapping[str, Any], types: Mapping[str, str]) -> tuple[KeyAttribute, ...]:
    names = [(each["AttributeName"], each["KeyType"]) for each in raw.get("KeySchema") or ()]
    return tuple(KeyAttribute(name, key_type, types.get(name, "?")) for name, key_type in names)


def _index(
    raw: Mapping[str, Any], types: Mapping[str, str], *, is_global: bool
) -> IndexDescription:
    return IndexDescription(
        name=str(raw["IndexName"]),
        is_global=is_global,
        status=str(raw.get("IndexStatus") or "ACTIVE"),
        key=_key(raw, types),
        projection=_projection(raw.get("Projection") or {}),
        item_count=int(raw.get("ItemCount") or 0),
        size_bytes=int(raw.get("IndexSizeBytes") or 0),
        backfilling=bool(raw.get("Backfilling")),
        units=_units(raw.get("ProvisionedThroughput") or {}),
    )


def _projection(raw: Mapping[str, Any]) -> Literal["ALL", "KEYS_ONLY"] | tuple[str, ...]:
    if raw.get("ProjectionType") == "INCLUDE":
        return tuple(sorted(raw.get("NonKeyAttributes") or ()))
    return cast("Literal['ALL', 'KEYS_ONLY']", raw.get("ProjectionType", "KEYS_ONLY"))


def _billing(raw: Mapping[str, Any]) -> Billing:
    summary: Mapping[str, Any] = raw.get("BillingModeSummary") or {}
    mode = summary.get("BillingMode") or raw.get("BillingMode")
    # A provisioned table may have no summary; a table on demand has no units.
    units = _units(raw.get("ProvisionedThroughput") or {})
    return "on_demand" if mode == "PAY_PER_REQUEST" or units is None else units


def _units(throughput: Mapping[str, Any]) -> Provisioned | None:
    read_units = int(throughput.get("ReadCapacityUnits") or 0)
    write_units = int(throughput.get("WriteCapacityUnits") or 0)
    if not (read_units and write_units):
        return None
    return Provisioned(read_units=read_units, write_units=write_units)


def same_shape(request: Mapping[str, Any], found: TableDescription) -> bool:
    """Whether a table has exactly the keys, indexes and projections of a CreateTable request."""
    wanted = read_description(request)
    return wanted.key == found.key and _shapes(wanted) == _shapes(found)


def _shapes(description: TableDescription) -> dict[str, object]:
    return {
        index.name: (index.is_global, index.key, index.projection)
        for index in description.indexes.values()
    }


def differences(request: Mapping[str, Any], found: TableDescription) -> list[str]:
    """What a CreateTable request asks for and the table does not have: one sentence each.

    The table may have more: an index that the model does not declare, or one that holds more
    attributes.
    """
    wanted = read_description(request)
    return [
        *_key_differences("the table's key", wanted.key, found.key),
        *_index_differences(wanted, found),
    ]


def _key_differences(
    what: str, wanted: Sequence[KeyAttribute], found: Sequence[KeyAttribute]
) -> Iterator[str]:
    if tuple(wanted) != tuple(found):
        yield f"{what} is {_listed(found)}, the model's is {_listed(wanted)}"


def _listed(key: Sequence[KeyAttribute]) -> str:
    return ", ".join(str(attribute) for attribute in key) or "nothing"


def _index_differences(wanted: TableDescription, found: TableDescription) -> Iterator[str]:
    for name, index in wanted.indexes.items():
        present = found.indexes.get(name)
        if present is None:
            key = _listed(index.key)
            yield f"the {_kind(index)} index {name} is missing: its key would be {key}"
            continue
        if present.is_global != index.is_global:
            yield f"index {name} is {_kind(present)}, the model's is {_kind(index)}"
        yield from _key_differences(f"the key of index {name}", index.key, present.key)
        if not projects(present, index):
            yield f"index {name} holds {_held(present)}, the model's holds {_held(index)}"


def _kind(index: IndexDescription) -> str:
    return "global" if index.is_global else "local"


def _held(index: IndexDescription) -> str:
    projection = index.projection
    return projection if isinstance(projection, str) else f"the keys and {', '.join(projection)}"


def projects(present: IndexDescription, wanted: IndexDescription) -> bool:
    """Whether an index holds all that is wanted of it."""
    if present.projection == "ALL" or wanted.projection == "KEYS_ONLY":
        return True
    if isinstance(present.projection, str) or isinstance(wanted.projection, str):
        return False
    return set(wanted.projection) <= set(present.projection)
