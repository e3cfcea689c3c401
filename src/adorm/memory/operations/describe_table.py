"""Internal: DescribeTable.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeTable.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adorm.memory.database import Database
from adorm.memory.tables.description import describe


def describe_table(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Describe a table in any state.

    Sizes and counts are current; the service updates them every few hours.
    """
    return {"Table": describe(database.known_table(request["TableName"]), database.now())}
