"""The parts of requests that a `TableSpec` says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from adorm.tables.options import AWS_MANAGED, AWS_OWNED, TABLE_CLASSES, VIEW_TYPES, Stream
from adorm.tables.spec_options import SpecOptions


def add_options(request: dict[str, Any], spec: SpecOptions) -> None:
    """Add the options of a spec to a CreateTable request with keys, indexes and billing."""
    for index in request.get("GlobalSecondaryIndexes", ()):
        units = spec.index_units(index["IndexName"], spec.billing or "on_demand")
        if units is not None:
            index["ProvisionedThroughput"] = units.as_parameters()
    if spec.stream is not None and spec.stream != "off":
        request["StreamSpecification"] = stream_on(spec.stream)
    if spec.deletion_protection is not None:
        request["DeletionProtectionEnabled"] = spec.deletion_protection
    if spec.encryption is not None:
        request["SSESpecification"] = encryption(spec.encryption)
    if spec.table_class is not None:
        request["TableClass"] = TABLE_CLASSES[spec.table_class]
    if spec.tags:
        request["Tags"] = tag_list(spec.tags.items())
    if warm := warm_throughput(spec):
        request["WarmThroughput"] = warm
    # A table that is made has no maximum: there is none to take away.
    if limits := {name: units for name, units in max_throughput(spec).items() if units != -1}:
        request["OnDemandThroughput"] = limits


def stream_on(stream: Stream) -> dict[str, Any]:
    """`StreamSpecification` of a stream that is on."""
    return {"StreamEnabled": True, "StreamViewType": VIEW_TYPES[stream]}


def encryption(name: str) -> dict[str, Any]:
    """`SSESpecification`: `{"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": "arn:..."}`."""
    if name == AWS_OWNED:
        return {"Enabled": False}
    specification = {"Enabled": True, "SSEType": "KMS"}
    return specification if name == AWS_MANAGED else {**specification, "KMSMasterKeyId": name}


def tag_list(tags: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """`Tags`: `[{"Key": "team", "Value": "shop"}]`."""
    return [{"Key": key, "Value": value} for key, value in tags]


def warm_throughput(spec: SpecOptions) -> dict[str, int]:
    """`WarmThroughput`: what the spec says of it."""
    said = {
        "ReadUnitsPerSecond": spec.warm_read_units_per_s,
        "WriteUnitsPerSecond": spec.warm_write_units_per_s,
    }
    return {name: units for name, units in said.items() if units is not None}


def max_throughput(spec: SpecOptions) -> dict[str, int]:
    """`OnDemandThroughput`: what the spec says of it."""
    said = {
        "MaxReadRequestUnits": spec.max_read_units_per_s,
        "MaxWriteRequestUnits": spec.max_write_units_per_s,
    }
    return {name: units for name, units in said.items() if units is not None}
