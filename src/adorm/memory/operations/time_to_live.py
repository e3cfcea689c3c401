"""Internal: UpdateTimeToLive and DescribeTimeToLive.

`items.time_to_live` removes expired items.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adorm.memory.database import Database
from adorm.memory.errors import invalid, not_found
from adorm.memory.tables.change_limits import check_change_rate
from adorm.memory.tables.states import CREATING, DELETING, TIME_TO_LIVE, begin


def update_time_to_live(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Turn time to live on for one attribute, or off."""
    table = database.known_table(request["TableName"])
    if table.status == CREATING:
        raise not_found(f"Requested resource not found: Table: {table.name} not found")
    definition = table.definition
    specification: Mapping[str, Any] = request["TimeToLiveSpecification"]
    attribute: str = specification["AttributeName"]
    enabled: bool = specification["Enabled"]
    current = definition.ttl_attribute
    if current is None:
        if not enabled:
            raise invalid("TimeToLive is already disabled")
    elif attribute != current:
        raise invalid(
            f"TimeToLive is active on a different AttributeName: current AttributeName is {current}"
        )
    elif enabled:
        raise invalid("TimeToLive is already enabled")
    check_change_rate(database, table, TIME_TO_LIVE)
    definition.ttl_attribute = attribute if enabled else None
    begin(database, table, TIME_TO_LIVE)
    return {"TimeToLiveSpecification": {"Enabled": enabled, "AttributeName": attribute}}


def describe_time_to_live(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Describe whether time to live is on, and for which attribute."""
    table = database.known_table(request["TableName"])
    for state in (CREATING, DELETING):
        if table.status == state:
            raise invalid(
                f"Cannot describe time to live while table is in {state} state: Current table"
                f" state is {state}"
            )
    attribute = table.definition.ttl_attribute
    changing = TIME_TO_LIVE in table.in_progress
    if attribute is None:
        status = "DISABLING" if changing else "DISABLED"
        return {"TimeToLiveDescription": {"TimeToLiveStatus": status}}
    return {
        "TimeToLiveDescription": {
            "TimeToLiveStatus": "ENABLING" if changing else "ENABLED",
            "AttributeName": attribute,
        }
    }
