"""Internal: CreateTable.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adorm.memory.database import Database, unsupported
from adorm.memory.errors import EngineError
from adorm.memory.storage.table import Table
from adorm.memory.tables.building import add_table, define_table, start_creating
from adorm.memory.tables.create_table_checks import check_create
from adorm.memory.tables.description import describe
from adorm.memory.tables.resource_policies import set_policy
from adorm.memory.tables.states import CREATING, in_use


def create_table(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Create a table. The answer says CREATING, or ACTIVE if the engine makes tables at once."""
    if "VectorIndexes" in request:
        raise unsupported("vector indexes")
    if "GlobalTableSourceArn" in request:
        raise unsupported("global tables of several accounts")
    check_create(request, database.region)
    check_name_is_free(database, request["TableName"])
    definition = define_table(database, request)
    if "ResourcePolicy" in request:
        set_policy(definition, request["ResourcePolicy"], database.now())
    table = Table(definition, database.arn(definition.name))
    add_table(database, table)
    start_creating(database, table)
    if database.options.is_active_at_once:
        table.apply_due_changes(database.now())
    described = describe(table, database.now())
    if "WarmThroughput" in request:
        described["WarmThroughput"] = dict(request["WarmThroughput"])
    for index in described.get("GlobalSecondaryIndexes", ()):
        del index["WarmThroughput"]
    return {"TableDescription": described}


def check_name_is_free(database: Database, name_or_arn: str) -> None:
    """Refuse a name that a table already has.

    Raises:
        EngineError: `ResourceInUseException`.
    """
    table = database.find_table(name_or_arn)
    if table is None:
        return
    if table.status == CREATING:
        raise in_use(f"Table is being created: {table.name}")
    raise EngineError("ResourceInUseException", f"Table already exists: {table.name}")
