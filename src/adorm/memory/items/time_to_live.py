"""Internal: removes items whose time to live has passed.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html
"""

from __future__ import annotations

import orjson

from adorm.memory.database import Database
from adorm.memory.storage.table import Table
from adorm.memory.tables.states import CREATING, DELETING
from adorm.memory.values.canonical import Item

OLDEST_S = 5 * 365 * 86_400
"""Seconds after which an expired item is no longer removed: five years. The service takes such an
old time for a mistake.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-before-you-start.html
"""


def remove_expired(database: Database) -> int:
    """Remove the expired items of every table with time to live; their streams get a record.

    The service removes them within days; this function removes them when it is called. Until then
    an expired item is read and written like any other item. An item that a transaction holds stays
    for now.

    Returns:
        The number of removed items.
    """
    now = database.now()
    removed = 0
    for table in list(database.tables.values()):
        table.apply_due_changes(now)
        if table.status not in (CREATING, DELETING):
            removed += _remove_from(database, table, now)
    return removed


def _remove_from(database: Database, table: Table, now: float) -> int:
    attribute = table.definition.ttl_attribute
    if attribute is None:
        return 0
    # Decode an item only if its JSON contains such a number.
    marker = orjson.dumps(attribute) + b':{"N":'
    expired = [
        position
        for position, stored in table.items.between()
        if marker in stored.json
        and is_expired(stored.item(), attribute, now)
        and not database.is_held(table, position)
    ]
    for position in expired:
        table.commit(table.prepare(position, None, expired=True, now=now))
    return len(expired)


def is_expired(item: Item, attribute: str, now: float) -> bool:
    """Whether the time of an item has passed, but no more than five years ago.

    Args:
        item: any item. Only a number can expire it; it counts as seconds since 1970.
        attribute: the attribute that holds the time.
        now: seconds since 1970.
    """
    value = item.get(attribute)
    if value is None or "N" not in value:
        return False
    return now - OLDEST_S < float(value["N"]) <= now
