"""Internal: DescribeLimits and DescribeEndpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adorm.memory.database import Database
from adorm.memory.limits import ENDPOINT_CACHE_MINUTES, MAX_ACCOUNT_UNITS, MAX_TABLE_UNITS


def describe_limits(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the quotas of provisioned throughput."""
    return {
        "AccountMaxReadCapacityUnits": MAX_ACCOUNT_UNITS,
        "AccountMaxWriteCapacityUnits": MAX_ACCOUNT_UNITS,
        "TableMaxReadCapacityUnits": MAX_TABLE_UNITS,
        "TableMaxWriteCapacityUnits": MAX_TABLE_UNITS,
    }


def describe_endpoints(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the service's regional endpoint. The engine's server returns its own address."""
    return {
        "Endpoints": [
            {
                "Address": f"dynamodb.{database.region}.amazonaws.com",
                "CachePeriodInMinutes": ENDPOINT_CACHE_MINUTES,
            }
        ]
    }
