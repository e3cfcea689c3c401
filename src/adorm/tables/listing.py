"""The names of the tables of an account in a region."""

from __future__ import annotations

from typing import Any

from adorm.checks import count, text
from adorm.dynamodb.limits import MAX_TABLE_NAMES
from adorm.items.binding import Connection


async def list_tables(
    connection: Connection, prefix: str, limit: int | None, after: str | None
) -> list[str]:
    """The names of tables: see `Tables.list_tables`."""
    text("list_tables(prefix=...)", prefix, empty=True)
    if limit is not None:
        count("list_tables(limit=...)", limit)
    request: dict[str, Any] = {"Limit": MAX_TABLE_NAMES}
    if after is not None:
        request["ExclusiveStartTableName"] = text("list_tables(after=...)", after)
    names: list[str] = []
    while True:
        answer = await connection.call("ListTables", request)
        names += [name for name in answer.get("TableNames") or () if name.startswith(prefix)]
        last = answer.get("LastEvaluatedTableName")
        if last is None or (limit is not None and len(names) >= limit):
            return names if limit is None else names[:limit]
        request = {**request, "ExclusiveStartTableName": last}
