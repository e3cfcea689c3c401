"""Internal: DescribeLimits and DescribeEndpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adorm.memory.database import Database
from adorm.memory.tables.throughput_checks import TABLE_MAX_UNITS

ACCOUNT_MAX_UNITS = 80_000
"""The quota of all tables of an account in a region, of read and of write units.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html#default-limits-throughput
"""

ENDPOINT_CACHE_MINUTES = 1440


def describe_limits(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Show the quotas of provisioned throughput."""
    return {
        "AccountMaxReadCapacityUnits": ACCOUNT_MAX_UNITS,
        "AccountMaxWriteCapacityUnits": ACCOUNT_MAX_UNITS,
        "TableMaxReadCapacityUnits": TABLE_MAX_UNITS,
        "TableMaxWriteCapacityUnits": TABLE_MAX_UNITS,
    }


def describe_endpoints(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Show the service's regional endpoint; a server around the engine shows its own address."""
    return {
        "Endpoints": [
            {
                "Address": f"dynamodb.{database.region}.amazonaws.com",
                "CachePeriodInMinutes": ENDPOINT_CACHE_MINUTES,
            }
        ]
    }
