"""A table that was just made of any spec has no difference from it, however it was made."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import anyio
import attrs
import pytest
from hypothesis import given, settings, strategies as st

import adorm
from adorm.tables.templates.cloudformation import properties
from tests.tables.spec_setup import Aged, Narrow, Order, Wide

UNITS = st.builds(adorm.Provisioned, read_units=st.integers(1, 50), write_units=st.integers(1, 50))
TAG = st.text("abcXYZ 0-_.:/", min_size=1, max_size=12)
KEY = "arn:aws:kms:us-east-1:123456789012:key/4f2f9b1e-0000-4000-8000-000000000001"


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


@st.composite
def specs(draw: st.DrawFn, *, moto: bool = False) -> adorm.TableSpec:
    """Any spec; with `moto` without the options that moto does not keep."""
    model = draw(st.sampled_from([Order, Aged, Wide, Narrow]))
    billing = draw(st.none() | st.just("on_demand") | UNITS)
    options: dict[str, Any] = {
        "billing": billing,
        "stream": draw(maybe(st.sampled_from(["new", "old", "both", "keys", "off"]))),
        "deletion_protection": draw(maybe(st.booleans())),
        "encryption": draw(maybe(st.sampled_from(["aws-owned", "aws-managed", KEY]))),
        "tags": draw(maybe(st.dictionaries(TAG, TAG, max_size=12))),
        "warm_read_units_per_s": draw(maybe(st.integers(12_000, 15_000))),
        "warm_write_units_per_s": draw(maybe(st.integers(4_000, 5_000))),
        "time_to_live": draw(maybe(st.just(value=False))),
        "point_in_time_recovery": draw(maybe(st.booleans() | st.integers(1, 35))),
    }
    if isinstance(billing, adorm.Provisioned):
        request = adorm.TableSpec(model).create_request()
        names = [each["IndexName"] for each in request.get("GlobalSecondaryIndexes", ())]
        chosen = draw(st.sets(st.sampled_from(names))) if names else set[str]()
        options["index_billing"] = {name: draw(UNITS) for name in sorted(chosen)}
    elif not moto:
        options["max_read_units_per_s"] = draw(maybe(st.integers(1, 900)))
        options["max_write_units_per_s"] = draw(maybe(st.integers(1, 900)))
    if not moto:
        options["table_class"] = draw(maybe(st.sampled_from(["standard", "infrequent_access"])))
    return adorm.TableSpec(model, **options)


async def make_and_compare(engine: Any, spec: adorm.TableSpec) -> None:
    async with adorm.connect(engine) as db:
        await db.create_table(spec)
        assert (await db.diff(spec)).steps == ()
        await db.ensure_table(spec)


@settings(max_examples=40, deadline=None)
@given(spec=specs())
def test_a_table_in_memory_is_as_its_spec_says(spec: adorm.TableSpec) -> None:
    anyio.run(make_and_compare, "memory", spec)


@settings(max_examples=15, deadline=None)
@given(spec=specs(moto=True))
def test_a_table_of_moto_is_as_its_spec_says(spec: adorm.TableSpec) -> None:
    pytest.importorskip("moto")
    anyio.run(make_and_compare, "moto", spec)


@settings(max_examples=40, deadline=None)
@given(before=specs(), after=specs())
def test_any_table_becomes_as_any_spec_of_its_key_says(
    before: adorm.TableSpec, after: adorm.TableSpec
) -> None:
    async def run() -> None:
        async with adorm.connect("memory") as db:
            await db.create_table(before)
            plan = await db.diff(after)
            if any(step.kind == "impossible" for step in plan.steps):
                return
            await plan.apply(allow=[step.text for step in plan.steps if step.kind != "change"])
            assert (await db.diff(after)).steps == ()

    if before.create_request()["TableName"] == after.create_request()["TableName"]:
        anyio.run(run)


async def make_as_cloudformation_does(db: adorm.Database, made: Mapping[str, Any]) -> None:
    """Make the table of an `AWS::DynamoDB::Table`: what CreateTable takes, then the rest."""
    request = dict(made)
    ttl = request.pop("TimeToLiveSpecification", None)
    recovery = request.pop("PointInTimeRecoverySpecification", None)
    if "StreamSpecification" in request:
        request["StreamSpecification"] = {"StreamEnabled": True, **request["StreamSpecification"]}
    if "SSESpecification" in request:
        encryption = dict(request["SSESpecification"])
        request["SSESpecification"] = {"Enabled": encryption.pop("SSEEnabled"), **encryption}
    name = request["TableName"]
    await db.call("CreateTable", request)
    if ttl is not None:
        await db.call("UpdateTimeToLive", {"TableName": name, "TimeToLiveSpecification": ttl})
    if recovery is not None:
        parameters = {"TableName": name, "PointInTimeRecoverySpecification": recovery}
        await db.call("UpdateContinuousBackups", parameters)


@settings(max_examples=40, deadline=None)
@given(spec=specs())
def test_a_table_of_the_cloudformation_template_is_as_its_spec_says(spec: adorm.TableSpec) -> None:
    async def run() -> None:
        async with adorm.connect("memory") as db:
            await make_as_cloudformation_does(db, properties(spec))
            assert (await db.diff(spec)).steps == ()

    anyio.run(run)


def _given(backend: object, *_: object) -> object:
    return backend


@settings(max_examples=15, deadline=None)
@given(spec=specs(moto=True))
def test_moto_reads_the_template_as_the_spec_says_it(spec: adorm.TableSpec) -> None:
    """moto's own reader of `AWS::DynamoDB::Table`, which knows neither time to live nor recovery;
    all of moto's CloudFormation needs more packages than moto itself."""
    pytest.importorskip("moto")
    from moto.dynamodb import models
    from moto.dynamodb.models.table import Table

    made = spec.cloudformation()["Resources"].popitem()[1]
    backend = models.DynamoDBBackend("us-east-1", "123456789012")
    # moto reads neither time to live nor point-in-time recovery, and encryption by another name.
    compared = attrs.evolve(spec, time_to_live=False, point_in_time_recovery=None, encryption=None)

    async def run() -> None:
        async with adorm.connect("moto") as db:
            assert await db.list_tables() == [made["Properties"]["TableName"]]
            assert (await db.diff(compared)).steps == ()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "dynamodb_backends", {"123456789012": {"us-east-1": backend}})
        Table.create_from_cloudformation_json(
            made["Properties"]["TableName"], made, "123456789012", "us-east-1"
        )
        patch.setattr(models, "DynamoDBBackend", partial(_given, backend))
        anyio.run(run)
