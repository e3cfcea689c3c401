"""What calls are called in OpenTelemetry.

The names are those of the conventions (schema 1.37), written out: the package that holds them calls
DynamoDB's incubating, and may move them. `rpc.system` and `rpc.service` are on their way out, yet
the page on DynamoDB still requires the first, and by them X-Ray's exporters know a call of AWS.

https://opentelemetry.io/docs/specs/semconv/db/database-spans/
https://opentelemetry.io/docs/specs/semconv/db/dynamodb/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from adorm.calls.details import AttemptDetails, CallDetails, ErrorDetails, ServerDetails

SCHEMA_URL = "https://opentelemetry.io/schemas/1.37.0"
DEFAULT_PORT = 443

Value: TypeAlias = str | bool | int | float | Sequence[str]
Attributes: TypeAlias = dict[str, Value]


def present(attributes: Mapping[str, Value | None]) -> Attributes:
    """Those that have a value; no text and no names are none."""
    return {
        name: value
        for name, value in attributes.items()
        if value is not None and value != () and value != ""
    }


def of_server(server: ServerDetails) -> Attributes:
    """The port only where it is not DynamoDB's own, as the conventions have it."""
    port = server.port if server.address is not None and server.port != DEFAULT_PORT else None
    return present({"server.address": server.address, "server.port": port})


def of_error(error: ErrorDetails | None) -> Attributes:
    """`error.type` is DynamoDB's code, or else the name of the error's class."""
    if error is None:
        return {}
    return present({"error.type": error.code or error.type, "db.response.status_code": error.code})


def of_operation(details: CallDetails | AttemptDetails) -> Attributes:
    """What spans and metrics have in common."""
    return present(
        {
            "db.system.name": "aws.dynamodb",
            "db.operation.name": details.operation,
            "db.collection.name": details.table,
            **of_server(details.server),
        }
    )
