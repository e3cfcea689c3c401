"""The tables of members are compared with AWS's own model of the service, from botocore."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import botocore
import pytest

from adorm.memory.shapes.check import OPERATIONS
from adorm.memory.shapes.model import (
    AttributeValue,
    Flag,
    ListOf,
    MapOf,
    Shape,
    Structure,
    TableName,
    Text,
    Timestamp,
    Whole,
)

NOT_SERVED = frozenset(
    [
        # the first version of global tables, which AWS advises against
        *("CreateGlobalTable", "DescribeGlobalTable", "DescribeGlobalTableSettings"),
        *("ListGlobalTables", "UpdateGlobalTable", "UpdateGlobalTableSettings"),
        # auto scaling of copies in other regions
        *("DescribeTableReplicaAutoScaling", "UpdateTableReplicaAutoScaling"),
        # S3
        *("DescribeExport", "ExportTableToPointInTime", "ListExports"),
        *("DescribeImport", "ImportTable", "ListImports"),
        # searches of vectors, which another endpoint serves
        "SearchVectors",
    ]
)

NAME_OF_AN_ATTRIBUTE = 65535
"""The greatest length of attributes' names. The service checks it together with the item."""

OWN_WORDS = "the operation itself refuses it, in words of its own"

DEPARTURES: Mapping[tuple[str, str, str], str] = {
    ("AttributeValueUpdate", "Action", "enum"): OWN_WORDS,
    (
        "CreateTableInput",
        "AttributeDefinitions",
        "required",
    ): "unless GlobalTableSourceArn is there",
    ("CreateTableInput", "KeySchema", "required"): "unless GlobalTableSourceArn is there",
    ("UpdateGlobalSecondaryIndexAction", "ProvisionedThroughput", "required"): (
        "unless OnDemandThroughput or WarmThroughput is there"
    ),
    **{
        (structure, "KeySchema", "max"): "2 for tables and local indexes, 8 for global indexes"
        for structure in (
            "CreateTableInput",
            "LocalSecondaryIndex",
            "GlobalSecondaryIndex",
            "CreateGlobalSecondaryIndexAction",
        )
    },
    ("Projection", "NonKeyAttributes", "max"): OWN_WORDS,
    ("BatchGetItemInput", "RequestItems", "min"): OWN_WORDS,
    ("BatchGetItemInput", "RequestItems", "max"): "the keys of all tables are counted together",
    ("BatchWriteItemInput", "RequestItems", "min"): OWN_WORDS,
    ("BatchWriteItemInput", "RequestItems", "max"): "the writes of all tables are counted together",
    ("BatchWriteItemInput", "RequestItems.value", "min"): "reported for the whole map",
    ("BatchWriteItemInput", "RequestItems.value", "max"): "reported for the whole map",
    **{
        (f"{operation}Input", "ResourceArn", rule): OWN_WORDS
        for operation in ("TagResource", "UntagResource", "ListTagsOfResource")
        for rule in ("min", "max")
    },
    ("UntagResourceInput", "TagKeys.element", "min"): OWN_WORDS,
    ("UntagResourceInput", "TagKeys.element", "max"): OWN_WORDS,
}
"""The differences between the service and its model: (structure, member, rule) and the reason."""


def models() -> dict[str, dict[str, Any]]:
    data = Path(botocore.__file__).parent / "data"
    found: dict[str, dict[str, Any]] = {}
    for path in ("dynamodb/2012-08-10", "dynamodbstreams/2012-08-10"):
        model = json.loads(gzip.decompress((data / path / "service-2.json.gz").read_bytes()))
        for operation in model["operations"].values():
            found[operation["name"]] = {
                "input": operation["input"]["shape"],
                "all": model["shapes"],
            }
    return found


MODELS = models()


Difference = tuple[str, str, str]
"""(structure, member, rule)"""


def differences(shape: Shape, name: str, all_shapes: dict[str, Any]) -> dict[Difference, str]:
    """What is different between a request of ours and one of AWS's model."""
    found: dict[Difference, str] = {}
    seen: set[str] = set()

    def compare(shape: Shape, name: str, structure: str, member: str) -> None:
        real = all_shapes[name]
        if real["type"] != kind_of(shape, name):
            found[structure, member, "type"] = f"{shape} for {name}"
            return
        for rule, ours in rules_of(shape).items():
            theirs = rule_of(real, rule)
            if (ours or None) != (theirs or None):
                found[structure, member, rule] = f"{ours}, AWS says {theirs}"
        if isinstance(shape, ListOf):
            compare(shape.element, real["member"]["shape"], structure, f"{member}.element")
        elif isinstance(shape, MapOf):
            compare(shape.value, real["value"]["shape"], structure, f"{member}.value")
        elif isinstance(shape, Structure) and name not in seen:
            seen.add(name)
            compare_members(shape, real, name)

    def compare_members(shape: Structure, real: dict[str, Any], name: str) -> None:
        if shape.name != name:
            found[name, "", "name"] = shape.name
        for member in shape.members.keys() ^ real["members"].keys():
            found[name, member, "member"] = "on one side only"
        for member in {*shape.required, *shape.required_unless} ^ {*real.get("required", ())}:
            found[name, member, "required"] = "on one side only"
        for member, ours in shape.members.items():
            compare(ours, real["members"][member]["shape"], name, member)

    compare(shape, name, name, "")
    return found


def kind_of(shape: Shape, name: str) -> str:
    """What AWS's model calls the type of a shape; TableName stands for names and for ARNs."""
    kinds: dict[type, str] = {
        Text: "string",
        TableName: "string",
        Timestamp: "timestamp",
        Flag: "boolean",
        ListOf: "list",
        MapOf: "map",
        Structure: "structure",
    }
    if isinstance(shape, AttributeValue):
        return "structure" if name == "AttributeValue" else "no attribute value"
    return shape.java.lower() if isinstance(shape, Whole) else kinds[type(shape)]


def rule_of(real: dict[str, Any], rule: str) -> Any:
    if rule == "max" and real.get(rule) == NAME_OF_AN_ATTRIBUTE:
        return None
    return set(real.get(rule, ())) if rule == "enum" else real.get(rule)


def rules_of(shape: Shape) -> dict[str, Any]:
    if isinstance(shape, Text):
        enum = {"enum": set(shape.values)}
        return {**enum, "min": shape.shortest, "max": shape.longest, "pattern": shape.pattern}
    if isinstance(shape, ListOf):
        return {"min": shape.shortest, "max": shape.longest}
    if isinstance(shape, MapOf):
        return {"min": None, "max": None}
    return {"min": shape.least, "max": shape.greatest} if isinstance(shape, Whole) else {}


def differences_of(operation: str) -> dict[Difference, str]:
    model = MODELS[operation]
    return differences(OPERATIONS[operation].input, model["input"], model["all"])


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_the_members_of_an_operation_are_those_of_aws(operation: str) -> None:
    found = differences_of(operation)
    assert {key: found[key] for key in found.keys() - DEPARTURES.keys()} == {}


def test_each_departure_from_the_model_is_one() -> None:
    found = {key for operation in OPERATIONS for key in differences_of(operation)}
    assert DEPARTURES.keys() - found == set()


def test_every_operation_of_aws_is_known_or_named_as_not_served() -> None:
    assert MODELS.keys() - OPERATIONS.keys() == NOT_SERVED
    assert OPERATIONS.keys() <= MODELS.keys()
