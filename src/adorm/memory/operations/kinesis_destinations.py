"""Internal: Enable-, Disable-, Update- and DescribeKinesisStreamingDestination.

The engine stores and describes the setting; it sends nothing to Kinesis.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adorm.memory.database import Database
from adorm.memory.errors import invalid
from adorm.memory.storage.table import Table
from adorm.memory.tables.states import check_changeable

_KEPT_AS = "KinesisDataStreamDestinations"
"""The key in `TableDefinition.extras` of the destinations, stored as they are described."""

_PRECISION = "ApproximateCreationDateTimePrecision"

_INVALID_STATE = "Table is not in a valid state to enable Kinesis Streaming Destination: "


def enable_kinesis_streaming_destination(
    database: Database, request: Mapping[str, Any]
) -> dict[str, Any]:
    """Add a stream as destination. A table has one at a time. The answer says ENABLING."""
    table = _changeable_table(database, request)
    destinations: list[dict[str, Any]] = table.definition.extras.setdefault(_KEPT_AS, [])
    if any(each["DestinationStatus"] == "ACTIVE" for each in destinations):
        raise invalid(
            f"{_INVALID_STATE}EnableKinesisStreamingDestination must be DISABLED or ENABLE_FAILED"
            " to perform ENABLE operation."
        )
    configuration: Mapping[str, Any] = request.get("EnableKinesisStreamingConfiguration", {})
    arn: str = request["StreamArn"]
    destinations[:] = [each for each in destinations if each["StreamArn"] != arn]
    destinations.append({"StreamArn": arn, "DestinationStatus": "ACTIVE", **configuration})
    return _answer(table, arn, "ENABLING", "EnableKinesisStreamingConfiguration", configuration)


def disable_kinesis_streaming_destination(
    database: Database, request: Mapping[str, Any]
) -> dict[str, Any]:
    """Turn a destination off. The answer says DISABLING."""
    table = _changeable_table(database, request)
    destination = _active_destination(table, request["StreamArn"])
    if destination is None:
        raise invalid(
            f"{_INVALID_STATE}KinesisStreamingDestination must be ACTIVE to perform DISABLE"
            " operation."
        )
    if "EnableKinesisStreamingConfiguration" in request:
        raise invalid(
            "Streaming destination cannot be updated with given parameters: Stream cannot be"
            " disabled using EnableKinesisStreamingConfiguration parameters"
        )
    destination["DestinationStatus"] = "DISABLED"
    return _answer(table, request["StreamArn"], "DISABLING")


def update_kinesis_streaming_destination(
    database: Database, request: Mapping[str, Any]
) -> dict[str, Any]:
    """Change the precision of the timestamps of a destination. The answer says UPDATING."""
    table = _changeable_table(database, request)
    arn: str = request["StreamArn"]
    configuration: Mapping[str, Any] = request.get("UpdateKinesisStreamingConfiguration", {})
    if not configuration:
        raise invalid(
            "Streaming destination cannot be updated with given parameters:"
            " UpdateKinesisStreamingConfiguration cannot be null or contain only null values"
        )
    destination = _active_destination(table, arn)
    if destination is None:
        raise invalid(
            f"{_INVALID_STATE}Kinesis streaming is not in ACTIVE state. Updates are only allowed in"
            f" ACTIVE state. TableName: {table.name}, kdsArn: {arn}"
        )
    precision: str = configuration[_PRECISION]
    if destination.get(_PRECISION, "MILLISECOND") == precision:
        raise invalid(
            f"Invalid Request: Precision is already set to the desired value of {precision} for"
            f" tableId: {table.definition.table_id}, kdsArn: {arn}"
        )
    destination[_PRECISION] = precision
    return _answer(table, arn, "UPDATING", "UpdateKinesisStreamingConfiguration", configuration)


def describe_kinesis_streaming_destination(
    database: Database, request: Mapping[str, Any]
) -> dict[str, Any]:
    """List the present and former destinations of a table."""
    table = database.known_table(request["TableName"])
    return {
        "TableName": table.name,
        "KinesisDataStreamDestinations": [
            dict(each) for each in table.definition.extras.get(_KEPT_AS, ())
        ],
    }


def _changeable_table(database: Database, request: Mapping[str, Any]) -> Table:
    table = database.known_table(request["TableName"])
    check_changeable(table)
    return table


def _active_destination(table: Table, arn: str) -> dict[str, Any] | None:
    destinations: list[dict[str, Any]] = table.definition.extras.get(_KEPT_AS, [])
    for each in destinations:
        if each["StreamArn"] == arn and each["DestinationStatus"] == "ACTIVE":
            return each
    return None


def _answer(
    table: Table,
    arn: str,
    status: str,
    member: str = "",
    configuration: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "TableName": table.name,
        "StreamArn": arn,
        "DestinationStatus": status,
    }
    if configuration:
        answer[member] = dict(configuration)
    return answer
