"""Internal: UpdateContributorInsights, DescribeContributorInsights, ListContributorInsights.

The engine stores and describes the setting; it collects no insights.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/contributorinsights.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adorm.memory.database import Database
from adorm.memory.errors import invalid, not_found
from adorm.memory.storage.table import Table
from adorm.memory.tables.states import CREATING

_KEPT_AS = "ContributorInsights"
"""The key in `TableDefinition.extras` of the settings by index name. The table itself has an empty
name."""

DEFAULT_MODE = "ACCESSED_AND_THROTTLED_KEYS"
PAGE = 100
MAX_TOKEN_DIGITS = 18
"""A token with more digits does not come from this engine."""


def update_contributor_insights(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Turn insights of a table or an index on or off. The answer says ENABLING or DISABLING."""
    table = database.known_table(request["TableName"])
    index_name = _index_name(table, request)
    if table.status == CREATING:
        raise invalid(
            "Table or Index is not in a valid state to update Key Access Insights: TableStatus must"
            " be ACTIVE to enable ContributorInsights."
        )
    if index_name and table.indexes[index_name].status == CREATING:
        raise invalid(
            "Table or Index is not in a valid state to update Key Access Insights: IndexStatus must"
            " be ACTIVE to enable ContributorInsights."
        )
    settings: dict[str, Any] = table.definition.extras.setdefault(_KEPT_AS, {})
    answer: dict[str, Any] = {"TableName": table.name}
    if index_name:
        answer["IndexName"] = index_name
    enables = request["ContributorInsightsAction"] == "ENABLE"
    before = settings.get(index_name)
    if before is None and not enables:
        return answer | {"ContributorInsightsStatus": "DISABLED"}
    mode: str = request.get(
        "ContributorInsightsMode", DEFAULT_MODE if before is None else before["Mode"]
    )
    settings[index_name] = {"Enabled": enables, "Mode": mode, "UpdatedAt": database.now()}
    return answer | {
        "ContributorInsightsStatus": "ENABLING" if enables else "DISABLING",
        "ContributorInsightsMode": mode,
    }


def describe_contributor_insights(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Describe whether insights of a table or a global index are on."""
    table = database.known_table(request["TableName"])
    index_name = _index_name(table, request)
    answer: dict[str, Any] = {"TableName": table.name}
    if index_name:
        answer["IndexName"] = index_name
    setting = table.definition.extras.get(_KEPT_AS, {}).get(index_name)
    if setting is None:
        return answer | {"ContributorInsightsStatus": "DISABLED"}
    answer |= {
        "ContributorInsightsStatus": "ENABLED" if setting["Enabled"] else "DISABLED",
        "ContributorInsightsMode": setting["Mode"],
        "LastUpdateDateTime": setting["UpdatedAt"],
    }
    if setting["Enabled"]:
        answer["ContributorInsightsRuleList"] = _rules(table, index_name, setting)
    return answer


def _rules(table: Table, index_name: str, setting: Mapping[str, Any]) -> list[str]:
    """The names of the CloudWatch rules. Rules for sort keys exist only if the key has one."""
    schema = table.indexes[index_name].schema if index_name else table.schema
    suffix = f"-{index_name}" if index_name else ""
    kinds = ["PKT"] if setting["Mode"] == "THROTTLED_KEYS" else ["PKC", "PKT"]
    if schema.sort:
        kinds += [kind.replace("P", "S", 1) for kind in kinds]
    moment = int(setting["UpdatedAt"] * 1000)
    return [f"DynamoDBContributorInsights-{kind}-{table.name}{suffix}-{moment}" for kind in kinds]


def list_contributor_insights(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """List the tables and indexes whose insights are on."""
    database.apply_due_changes()
    tables = [database.tables[name] for name in sorted(database.tables)]
    if "TableName" in request:
        tables = [database.known_table(request["TableName"])]
    summaries: list[dict[str, Any]] = []
    for table in tables:
        settings: dict[str, Any] = table.definition.extras.get(_KEPT_AS, {})
        for index_name in sorted(settings):
            if not settings[index_name]["Enabled"]:
                continue
            if index_name and index_name not in table.indexes:
                continue
            summary = {"TableName": table.name}
            if index_name:
                summary["IndexName"] = index_name
            summary["ContributorInsightsStatus"] = "ENABLED"
            summary["ContributorInsightsMode"] = settings[index_name]["Mode"]
            summaries.append(summary)
    token: str = request.get("NextToken", "0")
    start = int(token) if token.isdecimal() and len(token) <= MAX_TOKEN_DIGITS else 0
    limit: int = request.get("MaxResults") or PAGE
    answer: dict[str, Any] = {"ContributorInsightsSummaries": summaries[start : start + limit]}
    if len(summaries) > start + limit:
        answer["NextToken"] = str(start + limit)
    return answer


def _index_name(table: Table, request: Mapping[str, Any]) -> str:
    """The global index that a request names; an empty text for the table itself."""
    name: str = request.get("IndexName", "")
    if name:
        index = table.indexes.get(name)
        if index is None or not index.definition.is_global:
            raise not_found(
                f"Requested resource not found: Index: {name} not found for table: {table.name}"
            )
    return name
