"""Internal: TagResource, UntagResource and ListTagsOfResource.

Tags change at once; the service takes seconds and refuses other changes meanwhile.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Tagging.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adorm.memory.database import Database
from adorm.memory.errors import EngineError, invalid
from adorm.memory.storage.table import Table
from adorm.memory.tables.resource_arns import invalid_table_arn, read_resource_arn
from adorm.memory.tables.settings_checks import check_tag_count, check_tag_key, read_tags
from adorm.memory.tables.states import CREATING, check_changeable


def tag_resource(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Add tags to a table, or replace their values."""
    arn: str = request["ResourceArn"]
    name, label = _read_arn(database, arn, "TagResource")
    if not request["Tags"]:
        raise invalid("Atleast one Tag needs to be provided as Input.")
    tags = read_tags(request["Tags"])
    table = _find(database, arn, name, label)
    check_changeable(table)
    tags = table.definition.tags | tags
    check_tag_count(tags)
    table.definition.tags = tags
    return {}


def untag_resource(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Remove tags from a table. A missing tag is no error."""
    arn: str = request["ResourceArn"]
    name, label = _read_arn(database, arn, "UntagResource")
    if not request["TagKeys"]:
        raise invalid("Atleast one Tag Key needs to be provided as Input.")
    for key in request["TagKeys"]:
        check_tag_key(key)
    table = _find(database, arn, name, label, old="Requested resource not found")
    check_changeable(table)
    for key in request["TagKeys"]:
        table.definition.tags.pop(key, None)
    return {}


def list_tags_of_resource(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """List the tags of a table, all in one page."""
    arn: str = request["ResourceArn"]
    name, label = _read_arn(database, arn, "ListTagsOfResource")
    tags = _find(database, arn, name, label).definition.tags
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def _read_arn(database: Database, arn: str, operation: str) -> tuple[str, str | None]:
    """Return the table's name in an ARN, and the stream's label if it is the ARN of a stream."""
    parts = read_resource_arn(arn)
    if parts.account != database.account:
        raise EngineError(
            "AccessDeniedException",
            f"User: arn:aws:iam::{database.account}:root is not authorized to perform:"
            f" dynamodb:{operation} on resource: {arn}",
        )
    if parts.region != database.region:
        raise invalid(invalid_table_arn(arn))
    return parts.table, parts.label


def _find(
    database: Database, arn: str, name: str, label: str | None, *, old: str | None = None
) -> Table:
    """Find the table that an ARN names. Streams have no tags here."""
    table = database.find_table(name)
    if table is None or table.status == CREATING or label is not None:
        raise EngineError(
            "ResourceNotFoundException",
            f"Requested resource not found: ResourceArn: {arn} not found",
            old=old or f"Requested resource not found: ResourcArn: {arn} not found",
        )
    return table
