"""Stamps: the attribute by which a migration to a new table knows what it has written.

A stamp holds the migration's id, the key and a digest of the source item, a digest of what was
written, and a nonce that is new at each write.
"""

from __future__ import annotations

import hashlib
from typing import Literal
from uuid import uuid4

import attrs
import orjson

from adorm.dynamodb.values import AttributeMap, json_default
from adorm.migrations.items import is_same_item, item_digest
from adorm.migrations.sides import STAMP

Standing = Literal["ours", "foreign"]


def migration_id(source: str, target: str) -> str:
    """The id of the migrations from one table to another, the same in each process."""
    return hashlib.blake2b(f"{source}\n{target}".encode(), digest_size=8).hexdigest()


@attrs.frozen(eq=False)
class Stamp:
    """A stamp that was read."""

    source_key: AttributeMap
    source_digest: str
    """Of the source item that was copied."""
    written_digest: str
    """Of the item that was written, without the stamp."""

    def is_of(self, source_key: AttributeMap) -> bool:
        """Whether the item was made of the source item with this key."""
        return is_same_item(self.source_key, source_key)


def stamped_item(
    item: AttributeMap, *, migration: str, source_key: AttributeMap, source: AttributeMap
) -> AttributeMap:
    """An item of the target with its stamp."""
    stamp: AttributeMap = {
        "id": {"S": migration},
        "key": {"M": source_key},
        "source": {"S": item_digest(source, without=(STAMP,))},
        "written": {"S": item_digest(item)},
        "nonce": {"S": uuid4().hex},
    }
    return {**item, STAMP: {"M": stamp}}


def own_stamp(item: AttributeMap, migration: str) -> Stamp | None:
    """The stamp of an item that is still as the migration has written it; None for a foreign item.

    That is one without a stamp, with the stamp of another migration, or with attributes that
    others have changed since.
    """
    stamp = _read(item, migration)
    if stamp is None or item_digest(item, without=(STAMP,)) != stamp.written_digest:
        return None
    return stamp


def _read(item: AttributeMap, migration: str) -> Stamp | None:
    try:
        parts = item[STAMP]["M"]
        if parts["id"]["S"] != migration:
            return None
        return Stamp(dict(parts["key"]["M"]), parts["source"]["S"], parts["written"]["S"])
    except (KeyError, TypeError):
        return None


def key_identity(key: AttributeMap) -> bytes:
    """A hashable form of a key, for keys of one table that came from DynamoDB or from adorm."""
    return item_digest(key).encode()


def json_line(**parts: object) -> bytes:
    """A JSON line."""
    return orjson.dumps(parts, default=json_default) + b"\n"
