"""Commands of the AWS CLI that make a table.

https://docs.aws.amazon.com/cli/latest/reference/dynamodb/create-table.html
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from adorm.tables.spec_options import SpecOptions
from adorm.tables.wanted import create_request, offline_name, ttl_of


def commands(spec: SpecOptions) -> str:
    """The commands, a line each: see `TableSpec.cli`."""
    name = offline_name(spec)
    lines = [
        _command("create-table", create_request(spec, name)),
        f"aws dynamodb wait table-exists --table-name {shlex.quote(name)}",
    ]
    if (ttl := ttl_of(spec)) is not None:
        specification = {"AttributeName": ttl, "Enabled": True}
        parameters = {"TableName": name, "TimeToLiveSpecification": specification}
        lines.append(_command("update-time-to-live", parameters))
    if (recovery := spec.recovery) is not None and recovery["PointInTimeRecoveryEnabled"]:
        parameters = {"TableName": name, "PointInTimeRecoverySpecification": recovery}
        lines.append(_command("update-continuous-backups", parameters))
    return "\n".join(lines)


def _command(name: str, parameters: Mapping[str, Any]) -> str:
    return f"aws dynamodb {name} --cli-input-json {shlex.quote(json.dumps(parameters))}"
