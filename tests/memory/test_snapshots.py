"""Snapshots: every setting of a table is restored, and other values are refused."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from adorm.memory.engine import Engine
from tests.memory.table_setup import (
    ARN,
    START,
    UNITS,
    Tables,
    create_request,
    defined,
    index,
    key,
    provisioned,
)

NAMED = {"TableName": "orders"}


def through_json(tables: Tables) -> Tables:
    """Another engine with the snapshot of the first one, and the same time."""
    restored = Tables()
    restored.now = tables.now
    restored.engine.restore(json.loads(json.dumps(tables.engine.snapshot())))
    return restored


def everything(tables: Tables) -> dict[str, Any]:
    """What an engine says of all its tables, without the streams' labels, which are new."""
    said: dict[str, Any] = {}
    for name in tables.call("ListTables")["TableNames"]:
        described = tables.describe(name)
        for member in ("LatestStreamLabel", "LatestStreamArn"):
            described.pop(member, None)
        named = {"TableName": name}
        said[name] = {
            "table": described,
            "tags": tables.call("ListTagsOfResource", ResourceArn=described["TableArn"]),
            "time to live": tables.call("DescribeTimeToLive", **named),
            "insights": tables.call("DescribeContributorInsights", **named),
            "destinations": tables.call("DescribeKinesisStreamingDestination", **named),
            "items": tables.call("Scan", **named)["Items"],
            "indexes": [
                tables.call("Scan", **named, IndexName=each["IndexName"])["Items"]
                for member in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes")
                for each in described.get(member, ())
            ],
        }
    return said


def test_an_empty_engine_has_an_empty_snapshot() -> None:
    content = Engine().snapshot()
    assert content == {"format": "adorm.memory snapshot", "version": 1, "databases": []}
    Engine().restore(content)


def test_a_table_with_every_setting_is_restored() -> None:
    tables = Tables()
    tables.create(
        **provisioned(
            KeySchema=key("pk", "sk"),
            AttributeDefinitions=defined(pk="S", sk="N", status="S", blob="B"),
            LocalSecondaryIndexes=[index("local", "pk", "status")],
            GlobalSecondaryIndexes=[
                index(
                    ProvisionedThroughput=UNITS,
                    Projection={"ProjectionType": "INCLUDE", "NonKeyAttributes": ["a"]},
                ),
                index("by_blob", "blob", ProvisionedThroughput=UNITS),
            ],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
            SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": "alias/mine"},
            TableClass="STANDARD_INFREQUENT_ACCESS",
            DeletionProtectionEnabled=True,
            Tags=[{"Key": "team", "Value": "a"}],
            ResourcePolicy="{}",
        )
    )
    tables.wait(1)
    tables.update(ProvisionedThroughput={"ReadCapacityUnits": 9, "WriteCapacityUnits": 1})
    tables.describe()
    tables.call(
        "UpdateTimeToLive",
        **NAMED,
        TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"},
    )
    tables.call("UpdateContributorInsights", **NAMED, ContributorInsightsAction="ENABLE")
    tables.call(
        "EnableKinesisStreamingDestination",
        **NAMED,
        StreamArn="arn:aws:kinesis:us-east-1:123456789012:stream/changes",
    )
    tables.call(
        "UpdateContinuousBackups",
        **NAMED,
        PointInTimeRecoverySpecification={
            "PointInTimeRecoveryEnabled": True,
            "RecoveryPeriodInDays": 7,
        },
    )
    tables.put(pk={"S": "a"}, sk={"N": "1"}, status={"S": "new"}, a={"SS": ["x", "y"]})
    tables.put(pk={"S": "a"}, sk={"N": "1e-130"}, blob={"B": "AAE="}, empty={"M": {}})

    restored = through_json(tables)
    assert everything(restored) == everything(tables)
    policy = restored.call("GetResourcePolicy", ResourceArn=ARN)
    assert policy == tables.call("GetResourcePolicy", ResourceArn=ARN)
    recovery = restored.call("DescribeContinuousBackups", **NAMED)["ContinuousBackupsDescription"][
        "PointInTimeRecoveryDescription"
    ]
    assert recovery["RecoveryPeriodInDays"] == 7
    assert recovery["EarliestRestorableDateTime"] == tables.now


def test_a_stream_that_is_on_begins_anew() -> None:
    tables = Tables()
    tables.create(StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    tables.put(pk={"S": "a"})
    tables.wait(1)
    restored = through_json(tables)
    arn = restored.describe()["LatestStreamArn"]
    assert arn != tables.describe()["LatestStreamArn"]
    description = restored.call("DescribeStream", StreamArn=arn)["StreamDescription"]
    assert description["StreamStatus"] == "ENABLED"
    iterator = restored.call(
        "GetShardIterator",
        StreamArn=arn,
        ShardId=description["Shards"][0]["ShardId"],
        ShardIteratorType="TRIM_HORIZON",
    )["ShardIterator"]
    assert restored.call("GetRecords", ShardIterator=iterator)["Records"] == []
    restored.put(pk={"S": "b"})
    records = restored.call("GetRecords", ShardIterator=iterator)["Records"]
    assert [each["dynamodb"]["Keys"] for each in records] == [{"pk": {"S": "b"}}]


def test_accounts_and_regions_stay_apart() -> None:
    places = [
        {"account": account, "region": region}
        for account in ("123456789012", "210987654321")
        for region in ("us-east-1", "eu-west-1")
    ]
    engine = Engine()
    for n, place in enumerate(places):
        engine.call("CreateTable", create_request(TableName=f"table-{n}"), **place)
    restored = Engine()
    restored.restore(engine.snapshot())
    for n, place in enumerate(places):
        assert restored.call("ListTables", {}, **place) == {"TableNames": [f"table-{n}"]}


def test_changes_that_are_under_way_count_as_done() -> None:
    tables = Tables(delay_s=10)
    for name in ("creating", "deleting", "updating"):
        tables.create(TableName=name)
        tables.wait(10)
    tables.create(TableName="creating-still")
    tables.call("DeleteTable", TableName="deleting")
    tables.call(
        "UpdateTable", TableName="updating", BillingMode="PROVISIONED", ProvisionedThroughput=UNITS
    )
    restored = through_json(tables)
    names = restored.call("ListTables")["TableNames"]
    assert names == ["creating", "creating-still", "updating"]
    assert {restored.describe(name)["TableStatus"] for name in names} == {"ACTIVE"}
    assert restored.describe("updating")["ProvisionedThroughput"]["ReadCapacityUnits"] == 5


def test_an_index_that_left_items_out_leaves_them_out_again() -> None:
    tables = Tables()
    tables.create()
    tables.put(pk={"S": "a"}, status={"N": "1"})
    tables.put(pk={"S": "b"}, status={"S": "new"})
    tables.update(
        AttributeDefinitions=defined(status="S"),
        GlobalSecondaryIndexUpdates=[{"Create": index()}],
    )
    restored = through_json(tables)
    assert everything(restored) == everything(tables)
    assert restored.index()["ItemCount"] == 1


def test_a_snapshot_is_apart_from_its_engine() -> None:
    tables = Tables()
    tables.create()
    content = tables.engine.snapshot()
    before = copy.deepcopy(content)
    tables.put(pk={"S": "a"})
    tables.update(StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    assert content == before
    restored = Engine()
    restored.restore(content)
    restored.call("PutItem", {**NAMED, "Item": {"pk": {"S": "b"}}})
    assert content == before


def test_a_snapshot_can_be_written_by_hand() -> None:
    tables = Tables()
    request = create_request()
    place = {"account": "123456789012", "region": "us-east-1"}
    items = [{"pk": {"S": "b"}}, {"pk": {"S": "a"}, "n": {"N": "01.0"}}]
    tables.engine.restore(
        {
            "format": "adorm.memory snapshot",
            "version": 1,
            "databases": [{**place, "tables": [{"table": request, "items": items}]}],
        }
    )
    assert tables.describe()["ItemCount"] == 2
    item = tables.call("GetItem", **NAMED, Key={"pk": {"S": "a"}})["Item"]
    assert item == {"pk": {"S": "a"}, "n": {"N": "1"}}


# -------------------------------------------------------------------- refusals


def change(*path: str | int, to: Any) -> Callable[[dict[str, Any]], None]:
    """A change of one place of a snapshot."""

    def carry_out(content: dict[str, Any]) -> None:
        place: Any = content
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = to

    return carry_out


FIRST = ("databases", 0, "tables", 0)
STATE = (*FIRST, "state")


@pytest.mark.parametrize(
    ("break_it", "text"),
    [
        (change("format", to="zip"), 'not a snapshot: there is no "format"'),
        (change("version", to=2), "snapshot of version 2; this engine reads version 1"),
        (change("databases", to={}), "databases: not a JSON array"),
        (change("databases", 0, to=[]), "databases[0]: not a JSON object"),
        (change("databases", 0, "account", to=1), "databases[0].account: not text"),
        (change("databases", 0, "region", to=None), "databases[0].region: not text"),
        (change(*FIRST, to="orders"), "databases[0].tables[0]: not a JSON object"),
        (
            change(*FIRST, "table", "KeySchema", to=[]),
            "databases[0].tables[0].table: 1 validation error detected",
        ),
        (
            change(*FIRST, "table", "AttributeDefinitions", 0, "AttributeName", to="other"),
            "databases[0].tables[0].table: One or more parameter values were invalid",
        ),
        (change(*FIRST, "items", to=None), "databases[0].tables[0].items: not a JSON array"),
        (
            change(*FIRST, "items", 0, to={"pk": {"N": "1"}}),
            (
                "databases[0].tables[0].items[0]: One or more parameter values were invalid: Type"
                " mismatch for key pk expected: S actual: N"
            ),
        ),
        (
            change(*FIRST, "items", 0, to={"pk": "a"}),
            "databases[0].tables[0].items[0]: ",
        ),
        (
            change(*FIRST, "items", to=[{"pk": {"S": "a"}}, {"pk": {"S": "a"}}]),
            "databases[0].tables[0].items[1]: its key occurs twice",
        ),
        (
            change(*FIRST, "items", 0, to={"pk": {"S": "a"}, "b": {"S": "x" * 409_600}}),
            "databases[0].tables[0].items[0]: larger than 400 KB",
        ),
        (change(*STATE, to=[]), "databases[0].tables[0].state: not a JSON object"),
        (change(*STATE, "Color", to=1), "databases[0].tables[0].state: unknown member Color"),
        (
            change(*STATE, "CreationDateTime", to="now"),
            "databases[0].tables[0].state.CreationDateTime: not a number",
        ),
        (
            change(*STATE, "Settings", to={"Replicas": {}}),
            "databases[0].tables[0].state.Settings.Replicas: not a JSON array",
        ),
        (
            change(*STATE, "Settings", to={"Replicas": [{"RegionName": 1}]}),
            "databases[0].tables[0].state.Settings.Replicas[0].RegionName: not text",
        ),
        (
            change(*STATE, "Settings", to={"PointInTimeRecovery": {}}),
            (
                "databases[0].tables[0].state.Settings.PointInTimeRecovery.RecoveryPeriodInDays:"
                " not of type int"
            ),
        ),
        (
            change(*STATE, "Settings", to={"ContributorInsights": {"": {"Enabled": 1}}}),
            "databases[0].tables[0].state.Settings.ContributorInsights..Enabled: not of type bool",
        ),
        (
            change(*STATE, "Settings", to={"Color": {}}),
            "databases[0].tables[0].state.Settings: unknown member Color",
        ),
        (
            change(*STATE, "CapacityHistory", to={"absent": {}}),
            "databases[0].tables[0].state.CapacityHistory: there is no global index absent",
        ),
        (
            change(*STATE, "CapacityHistory", to={"": {"color": 1}}),
            "databases[0].tables[0].state.CapacityHistory.: unknown member color",
        ),
    ],
)
def test_a_fault_in_a_snapshot_is_reported_with_its_path(
    break_it: Callable[[dict[str, Any]], None], text: str
) -> None:
    tables = Tables()
    tables.create()
    tables.put(pk={"S": "a"})
    content = tables.engine.snapshot()
    break_it(content)
    with pytest.raises(ValueError, match=f"^{re.escape(text)}"):
        tables.engine.restore(content)
    assert tables.describe()["ItemCount"] == 1


@pytest.mark.parametrize("content", [None, [], "text", {}, {"databases": []}])
def test_values_that_are_not_snapshots_are_refused(content: Any) -> None:
    with pytest.raises(ValueError, match="not a snapshot"):
        Engine().restore(content)


def test_a_repeated_table_or_region_is_refused() -> None:
    tables = Tables()
    tables.create()
    content = tables.engine.snapshot()
    (database,) = content["databases"]
    with pytest.raises(ValueError, match="account 123456789012 and region us-east-1 occur twice"):
        Engine().restore({**content, "databases": [database, database]})
    database["tables"] *= 2
    with pytest.raises(ValueError, match=r"tables\[1\]\.table: orders occurs twice"):
        Engine().restore(content)


# ------------------------------------------------------------------ round trip

KINDS = st.sampled_from("SNB")
TEXTS = st.text(st.characters(codec="utf-8"), max_size=4)
NUMBERS = st.decimals(-1000, 1000, places=3).map(str)
BINARIES = st.binary(min_size=1, max_size=4)


def content_of(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """A key attribute's value."""
    if kind == "S":
        return TEXTS.filter(bool).map(lambda text: {"S": text})
    if kind == "N":
        return NUMBERS.map(lambda number: {"N": number})
    return BINARIES.map(lambda binary: {"B": binary})


SCALARS = st.one_of(
    TEXTS.map(lambda text: {"S": text}),
    NUMBERS.map(lambda number: {"N": number}),
    BINARIES.map(lambda binary: {"B": binary}),
    st.booleans().map(lambda value: {"BOOL": value}),
    st.just({"NULL": True}),
    st.sets(TEXTS, min_size=1, max_size=3).map(lambda texts: {"SS": sorted(texts)}),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda values: {"L": values}),
        st.dictionaries(TEXTS.filter(bool), inner, max_size=3).map(lambda values: {"M": values}),
    ),
    max_leaves=4,
)


@st.composite
def filled_tables(draw: st.DrawFn) -> Tables:
    """An engine with tables of any keys, indexes and settings, and items in them."""
    tables = Tables()
    for n in range(draw(st.integers(0, 2))):
        _add_table(draw, tables, f"table-{n}")
        tables.wait(draw(st.integers(0, 100_000)) / 1000)
    return tables


def _add_table(draw: st.DrawFn, tables: Tables, name: str) -> None:
    types = {"pk": draw(KINDS)}
    names = ["pk"]
    changes: dict[str, Any] = {"TableName": name}
    if draw(st.booleans()):
        types["sk"] = draw(KINDS)
        names.append("sk")
        if draw(st.booleans()):
            types["other"] = draw(KINDS)
            changes["LocalSecondaryIndexes"] = [index("local", "pk", "other")]
    if draw(st.booleans()):
        changes |= provisioned()
    units: dict[str, Any] = {}
    if "ProvisionedThroughput" in changes:
        units = {"ProvisionedThroughput": UNITS}
    if draw(st.booleans()):
        types["status"] = draw(KINDS)
        changes["GlobalSecondaryIndexes"] = [index("by_status", "status", **units)]
    if draw(st.booleans()):
        changes["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    tagged = draw(st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.just("x")))
    changes["Tags"] = [{"Key": tag, "Value": value} for tag, value in tagged.items()]
    changes["DeletionProtectionEnabled"] = draw(st.booleans())
    tables.create(AttributeDefinitions=defined(**types), KeySchema=key(*names), **changes)
    if draw(st.booleans()) and units:
        tables.wait(1)
        more = {"ReadCapacityUnits": draw(st.integers(6, 9)), "WriteCapacityUnits": 1}
        tables.call("UpdateTable", TableName=name, ProvisionedThroughput=more)
    if draw(st.booleans()):
        specification = {"Enabled": True, "AttributeName": "expires_at"}
        tables.call("UpdateTimeToLive", TableName=name, TimeToLiveSpecification=specification)
    for _ in range(draw(st.integers(0, 4))):
        item = {each: draw(content_of(types[each])) for each in names}
        for each in types.keys() - item.keys():
            if draw(st.booleans()):
                item[each] = draw(content_of(types[each]))
        item["payload"] = draw(VALUES)
        tables.call("PutItem", TableName=name, Item=item)


@given(tables=filled_tables())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_engine_is_restored_from_its_snapshot(tables: Tables) -> None:
    restored = through_json(tables)
    assert everything(restored) == everything(tables)
    assert [_without_streams(each) for each in restored.engine.snapshot()["databases"]] == [
        _without_streams(each) for each in tables.engine.snapshot()["databases"]
    ]


def _without_streams(database: dict[str, Any]) -> dict[str, Any]:
    """A database of a snapshot without the labels of its streams."""
    for table in database["tables"]:
        kept = table["state"].get("Settings", {})
        for member in ("LatestStreamLabel", "LatestStreamArn"):
            kept.pop(member, None)
    return database


def test_moments_keep_their_precision() -> None:
    tables = Tables()
    tables.create()
    (database,) = through_json(tables).engine.snapshot()["databases"]
    assert database["tables"][0]["state"]["CreationDateTime"] == START
