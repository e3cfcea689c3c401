"""Internal: ListTables.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ListTables.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adorm.memory.database import Database
from adorm.memory.limits import MAX_TABLE_NAMES


def list_tables(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """List the names of tables in any state, in the order of their UTF-8 bytes."""
    database.apply_due_changes()
    start: str = request.get("ExclusiveStartTableName", "")
    names = sorted(name for name in database.tables if name > start)
    limit: int = request.get("Limit", MAX_TABLE_NAMES)
    answer: dict[str, Any] = {"TableNames": names[:limit]}
    if len(names) > limit:
        answer["LastEvaluatedTableName"] = names[limit - 1]
    return answer
