"""Internal: PutResourcePolicy, GetResourcePolicy and DeleteResourcePolicy.

The engine stores and returns policies; it does not enforce them.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/access-control-resource-based.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adorm.memory.database import Database
from adorm.memory.errors import EngineError, invalid, invalid_value, not_found
from adorm.memory.storage.table import Table
from adorm.memory.tables.resource_arns import read_resource_arn
from adorm.memory.tables.resource_policies import POLICY, STREAM_POLICY, set_policy
from adorm.memory.tables.states import check_changeable

NO_POLICY = "NO_POLICY"
"""The `ExpectedRevisionId` that expects no policy yet."""


def put_resource_policy(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Attach a policy to a table or a stream; it replaces an earlier one."""
    table, kept_as = _find(database, request["ResourceArn"])
    check_changeable(table)
    _check_revision(table, kept_as, request.get("ExpectedRevisionId"))
    revision_id = set_policy(table.definition, request["Policy"], database.now(), kept_as=kept_as)
    return {"RevisionId": revision_id}


def get_resource_policy(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the policy of a table or a stream."""
    table, kept_as = _find(database, request["ResourceArn"])
    attached = table.definition.extras.get(kept_as)
    if attached is None:
        raise _policy_not_found(request["ResourceArn"])
    return dict(attached)


def delete_resource_policy(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Remove the policy of a table or a stream. A missing policy is no error."""
    table, kept_as = _find(database, request["ResourceArn"])
    check_changeable(table)
    _check_revision(table, kept_as, request.get("ExpectedRevisionId"))
    attached = table.definition.extras.pop(kept_as, None)
    return {} if attached is None else {"RevisionId": attached["RevisionId"]}


def _find(database: Database, arn: str) -> tuple[Table, str]:
    """Find the table that an ARN names, and the key of its policy in the definition."""
    parts = read_resource_arn(arn)
    if parts.account != database.account:
        raise invalid(
            "This action is only supported by accounts that match the resource owner\u2019s"
            " account."
        )
    if parts.region != database.region:
        raise invalid_value(f"Invalid resource Arn: {arn}")
    table = database.known_table(parts.table)
    if parts.label is None:
        return table, POLICY
    if table.definition.extras.get("LatestStreamLabel") != parts.label:
        raise not_found(
            f"Requested resource not found: Stream: {parts.label} not found for Table:"
            f" {parts.table}"
        )
    return table, STREAM_POLICY


def _check_revision(table: Table, kept_as: str, expected: str | None) -> None:
    if expected is None:
        return
    attached = table.definition.extras.get(kept_as)
    if expected == NO_POLICY:
        if attached is not None:
            raise _policy_not_found(
                f"Requested policy update expecting none to be present for table {table.name}, but"
                f" a policy exists with revision id {attached['RevisionId']}."
            )
    elif attached is None:
        raise _policy_not_found(
            f"Requested update for policy with revision id {expected}, but no policy is associated"
            f" to target table {table.name}."
        )
    elif attached["RevisionId"] != expected:
        raise _policy_not_found(
            f"Requested update for policy with revision id {expected}, but the policy associated"
            f" to target table {table.name} has revision id {attached['RevisionId']}."
        )


def _policy_not_found(detail: str) -> EngineError:
    return EngineError(
        "PolicyNotFoundException",
        f"Resource-based policy not found for the provided ResourceArn: {detail}",
    )
