"""Internal: the definition of a table and of its indexes."""

from __future__ import annotations

from typing import Any

import attrs


@attrs.define
class Capacity:
    """The throughput of a table or a global index, and when it was changed."""

    read_units: int = 0
    """Provisioned read units; 0 while the billing mode is PAY_PER_REQUEST."""
    write_units: int = 0
    increased_at: float | None = None
    """Seconds since 1970; None if the units were never increased."""
    decreased_at: float | None = None
    decreases: int = 0
    """The number of decreases on the UTC day of `decreased_at`."""
    max_read_units: int | None = None
    """`MaxReadRequestUnits` of the on-demand throughput; None for no limit."""
    max_write_units: int | None = None
    warm_read_units: int = 0
    """The warm throughput, which never falls."""
    warm_write_units: int = 0


@attrs.define
class IndexDefinition:
    """One secondary index."""

    name: str
    is_global: bool
    key_schema: list[dict[str, str]]
    """`[{"AttributeName": "pk", "KeyType": "HASH"}, ...]`."""
    projection_type: str = "ALL"
    """ALL, KEYS_ONLY or INCLUDE."""
    non_key_attributes: list[str] = attrs.field(factory=list[str])
    """The attributes that INCLUDE adds to the keys."""
    capacity: Capacity = attrs.field(factory=Capacity)
    """The throughput of a global index. A local index uses that of the table."""


@attrs.define
class TableDefinition:
    """One table."""

    name: str
    table_id: str
    attribute_types: dict[str, str]
    """The type of each key attribute, such as `{"pk": "S"}`, in the order of the request."""
    key_schema: list[dict[str, str]]
    created_at: float
    """Seconds since 1970."""
    indexes: dict[str, IndexDefinition] = attrs.field(factory=dict[str, IndexDefinition])
    billing_mode: str = "PROVISIONED"
    on_demand_since: float | None = None
    """When the billing mode last became PAY_PER_REQUEST. It stays after a change back to
    PROVISIONED."""
    capacity: Capacity = attrs.field(factory=Capacity)
    table_class: str | None = None
    """None as long as it was never changed, which means STANDARD."""
    table_class_changed_at: float | None = None
    deletion_protection: bool = False
    kms_key_arn: str | None = None
    """The key of server-side encryption with KMS; None for a key that DynamoDB owns."""
    stream_view_type: str | None = None
    """NEW_IMAGE, OLD_IMAGE, NEW_AND_OLD_IMAGES or KEYS_ONLY while the stream is on, else None."""
    ttl_attribute: str | None = None
    """The attribute that holds the expiry time of an item in seconds, while time to live is on."""
    tags: dict[str, str] = attrs.field(factory=dict[str, str])
    extras: dict[str, Any] = attrs.field(factory=dict[str, Any])
    """Settings that the engine only stores and describes, by their member name in the API."""
