"""Templates of CloudFormation and SAM, and the properties of CDK's `CfnTable`.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-dynamodb-table.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from adorm.errors import UsageError
from adorm.tables.options import AWS_OWNED
from adorm.tables.spec_options import SpecOptions
from adorm.tables.wanted import create_request, known_name, owner_of, ttl_of

PLACEHOLDER = "unnamed"
"""Stands for the name of a table to which CloudFormation gives one."""

_LOGICAL_ID = re.compile(r"[A-Za-z0-9]{1,255}")
_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+")


def template(
    spec: SpecOptions, logical_id: str | None, *, retain: bool, transform: str | None = None
) -> dict[str, Any]:
    """A template with the table: see `TableSpec.cloudformation`.

    No part of it occurs in it twice, so that YAML needs no aliases, which CloudFormation refuses.
    """
    if logical_id is None:
        name = known_name(spec) or owner_of(spec)
        logical_id = "".join(re.findall(r"[A-Za-z0-9]+", name.title())) + "Table"
    if not _LOGICAL_ID.fullmatch(logical_id):
        raise UsageError(
            f"logical_id={logical_id!r}: CloudFormation takes up to 255 letters and digits"
        )
    policies = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"} if retain else {}
    resource = {"Type": "AWS::DynamoDB::Table", **policies, "Properties": properties(spec)}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        **({} if transform is None else {"Transform": transform}),
        "Resources": {logical_id: resource},
    }


def properties(spec: SpecOptions) -> dict[str, Any]:
    """The properties of the resource `AWS::DynamoDB::Table`."""
    name = known_name(spec)
    made = create_request(spec, PLACEHOLDER if name is None else name)
    if name is None:
        del made["TableName"]
    stream = made.get("StreamSpecification")
    if stream is not None:
        made["StreamSpecification"] = {"StreamViewType": stream["StreamViewType"]}
    encryption = made.get("SSESpecification")
    if encryption is not None:
        enabled = spec.encryption != AWS_OWNED
        rest = {key: value for key, value in encryption.items() if key != "Enabled"}
        made["SSESpecification"] = {"SSEEnabled": enabled, **rest}
    if (ttl := ttl_of(spec)) is not None:
        made["TimeToLiveSpecification"] = {"AttributeName": ttl, "Enabled": True}
    if spec.recovery is not None:
        made["PointInTimeRecoverySpecification"] = spec.recovery
    unshared: dict[str, Any] = _unshared(made)
    return unshared


def cdk_properties(spec: SpecOptions) -> dict[str, Any]:
    """The same by the names that CDK has in Python: `sse_specification`."""
    renamed: dict[str, Any] = _in_snake_case(properties(spec))
    return renamed


def _unshared(value: object) -> Any:
    """A copy in which no dict and no list occurs twice."""
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, object]", value)
        return {key: _unshared(part) for key, part in entries.items()}
    if isinstance(value, list):
        return [_unshared(part) for part in cast("list[object]", value)]
    return value


def _in_snake_case(value: object) -> Any:
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, object]", value)
        return {
            "_".join(_WORDS.findall(key)).lower(): _in_snake_case(part)
            for key, part in entries.items()
        }
    if isinstance(value, list):
        return [_in_snake_case(part) for part in cast("list[object]", value)]
    return value
