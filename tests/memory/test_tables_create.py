"""CreateTable: its refusals in the service's order and words, and the table that it makes."""

from __future__ import annotations

import re
from typing import Any

import pytest

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

WRONG = "One or more parameter values were invalid: "
INDEXED = {"AttributeDefinitions": defined(pk="S", status="S")}


def refused(**changes: Any) -> str:
    """The text of the ValidationException."""
    code, text = Tables().refusal("CreateTable", **create_request(**changes))
    assert code == "ValidationException"
    return text


# ------------------------------------------------------------------------- keys


def test_a_defined_attribute_that_no_key_uses_is_refused() -> None:
    assert refused(AttributeDefinitions=defined(pk="S", other="S")) == (
        f"{WRONG}Number of attributes in KeySchema does not exactly match number of attributes"
        " defined in AttributeDefinitions"
    )
    assert refused(
        AttributeDefinitions=defined(pk="S", status="S", other="S"),
        GlobalSecondaryIndexes=[index()],
    ) == (
        f"{WRONG}Some AttributeDefinitions are not used. AttributeDefinitions:"
        " [other, pk, status], keys used: [pk, status]"
    )


def test_a_key_attribute_that_is_not_defined_is_refused() -> None:
    assert refused(KeySchema=key("pk", "sk")) == (
        "Invalid KeySchema: Some index key attribute have no definition"
    )
    assert refused(AttributeDefinitions=defined(other="S")) == (
        f"{WRONG}Some index key attributes are not defined in AttributeDefinitions. Keys: [pk],"
        " AttributeDefinitions: [other]"
    )


def test_an_attribute_that_is_defined_twice_is_refused() -> None:
    twice = [*defined(pk="S"), *defined(pk="N")]
    assert refused(AttributeDefinitions=twice) == "Attribute Name is duplicated: pk"


@pytest.mark.parametrize(
    ("elements", "text"),
    [
        (
            [{"AttributeName": "pk", "KeyType": "RANGE"}],
            "Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
        ),
        (
            [
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "HASH"},
            ],
            "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type",
        ),
        (
            key("pk", "pk"),
            "Both the Hash Key and the Range Key element in the KeySchema have the same name",
        ),
    ],
)
def test_a_key_schema_is_hash_alone_or_hash_and_range(
    elements: list[dict[str, str]], text: str
) -> None:
    assert refused(KeySchema=elements, AttributeDefinitions=defined(pk="S", sk="S")) == text


# ---------------------------------------------------------------------- indexes


def test_local_indexes_need_a_table_with_a_sort_key_and_its_partition_key() -> None:
    assert "Table KeySchema does not have a range key" in refused(
        **INDEXED, LocalSecondaryIndexes=[index("local", "pk", "status")]
    )
    composite = {
        "KeySchema": key("pk", "sk"),
        "AttributeDefinitions": defined(pk="S", sk="S", status="S"),
    }
    assert refused(**composite, LocalSecondaryIndexes=[index("local", "status", "sk")]) == (
        f"{WRONG}Index KeySchema does not have the same leading hash key as table KeySchema for"
        " index: local. index hash key: status, table hash key: pk"
    )
    assert (
        refused(
            KeySchema=key("pk", "sk"),
            AttributeDefinitions=defined(pk="S", sk="S"),
            LocalSecondaryIndexes=[index("local", "pk")],
        )
        == f"{WRONG}Index KeySchema does not have a range key for index: local"
    )


def test_the_number_of_indexes_is_limited() -> None:
    composite = {
        "KeySchema": key("pk", "sk"),
        "AttributeDefinitions": defined(pk="S", sk="S"),
    }
    local = [index(f"local{n}", "pk", "sk") for n in range(6)]
    assert refused(**composite, LocalSecondaryIndexes=local) == (
        f"{WRONG}Number of LocalSecondaryIndexes exceeds per-table limit of 5"
    )
    many = [index(f"global{n}") for n in range(21)]
    assert refused(**INDEXED, GlobalSecondaryIndexes=many) == (
        f"{WRONG}GlobalSecondaryIndex count exceeds the per-table limit of 20"
    )
    Tables().create(**composite, LocalSecondaryIndexes=local[:5])
    Tables().create(**INDEXED, GlobalSecondaryIndexes=many[:20])


def test_no_two_indexes_have_one_name() -> None:
    assert refused(
        KeySchema=key("pk", "sk"),
        AttributeDefinitions=defined(pk="S", sk="S", status="S"),
        LocalSecondaryIndexes=[index("same", "pk", "status")],
        GlobalSecondaryIndexes=[index("same")],
    ) == (f"{WRONG}Duplicate index name: same")


@pytest.mark.parametrize("member", ["LocalSecondaryIndexes", "GlobalSecondaryIndexes"])
def test_an_empty_list_of_indexes_is_refused(member: str) -> None:
    assert refused(**{member: []}) == f"{WRONG}List of {member} is empty"


@pytest.mark.parametrize(
    ("projection", "text"),
    [
        ({}, "Unknown ProjectionType: null"),
        (
            {"ProjectionType": "ALL", "NonKeyAttributes": ["a"]},
            "ProjectionType is ALL, but NonKeyAttributes is specified",
        ),
        (
            {"ProjectionType": "INCLUDE"},
            "ProjectionType is INCLUDE, but NonKeyAttributes is not specified",
        ),
        (
            {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["a", "a"]},
            "Duplicate element in NonKeyAttributes: a",
        ),
    ],
)
def test_a_projection_has_a_type_and_attributes_only_with_include(
    projection: dict[str, Any], text: str
) -> None:
    given = [index(Projection=projection)]
    assert refused(**INDEXED, GlobalSecondaryIndexes=given) == WRONG + text


def test_all_indexes_together_project_at_most_100_attributes() -> None:
    def projecting(name: str, count: int) -> dict[str, Any]:
        attributes = [f"{name}{n}" for n in range(count)]
        return index(name, Projection={"ProjectionType": "INCLUDE", "NonKeyAttributes": attributes})

    sizes = [20, 20, 20, 20, 20]
    within = [projecting(f"index{n}", size) for n, size in enumerate(sizes)]
    Tables().create(**INDEXED, GlobalSecondaryIndexes=within)
    assert refused(**INDEXED, GlobalSecondaryIndexes=[*within, projecting("more", 1)]) == (
        f"{WRONG}Number of projected attributes in all indexes exceeds limit of 100"
    )


def elements(kinds: str) -> list[dict[str, str]]:
    """A key schema of attributes a, b, c, ...: "HHR" has two HASH and one RANGE."""
    names = {"H": "HASH", "R": "RANGE"}
    return [
        {"AttributeName": name, "KeyType": names[kind]}
        for name, kind in zip("abcdefghi"[: len(kinds)], kinds, strict=True)
    ]


def multi_attribute_request(kinds: str) -> dict[str, Any]:
    types = {"pk": "S"} | dict.fromkeys("abcdefghi"[: len(kinds)], "S")
    return {
        "AttributeDefinitions": defined(**types),
        "GlobalSecondaryIndexes": [index(KeySchema=elements(kinds))],
    }


def test_a_global_index_takes_four_attributes_on_each_side_of_its_key() -> None:
    tables = Tables()
    tables.create(**multi_attribute_request("HHHHRRRR"))
    item = {name: {"S": name} for name in ("pk", *"abcdefgh")}
    tables.put(**item)
    tables.put(pk={"S": "partial"}, a={"S": "a"})
    assert tables.index()["ItemCount"] == 1
    too_many = f"{WRONG}The KeySchema exceeds the maximum allowed number of %s key attributes"
    assert refused(**multi_attribute_request("HHHHH")) == too_many % "HASH"
    assert refused(**multi_attribute_request("HRRRRR")) == too_many % "RANGE"
    assert refused(**multi_attribute_request("HRH")) == (
        f"{WRONG}All HASH key attributes must precede RANGE key attributes in the KeySchema"
    )
    twice = multi_attribute_request("HHR")
    twice["GlobalSecondaryIndexes"][0]["KeySchema"][1]["AttributeName"] = "a"
    twice["AttributeDefinitions"] = defined(pk="S", a="S", c="S")
    assert refused(**twice) == "The KeySchema contains multiple key attributes with the same name"


# ------------------------------------------------------------------- throughput


def test_the_billing_mode_says_whether_there_are_units() -> None:
    assert refused(ProvisionedThroughput=UNITS) == (
        f"{WRONG}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when"
        " BillingMode is PAY_PER_REQUEST"
    )
    assert refused(BillingMode=None) == (
        f"{WRONG}ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode"
        " is PROVISIONED"
    )
    assert refused(**INDEXED, **provisioned(), GlobalSecondaryIndexes=[index()]) == (
        f"{WRONG}ProvisionedThroughput is not specified for index: by_status"
    )
    given = [index(ProvisionedThroughput=UNITS)]
    assert refused(**INDEXED, GlobalSecondaryIndexes=given) == (
        f"{WRONG}ProvisionedThroughput should not be specified for index: by_status when"
        " BillingMode is PAY_PER_REQUEST"
    )


def test_units_have_a_quota_of_their_own_error() -> None:
    units = {"ReadCapacityUnits": 40_001, "WriteCapacityUnits": 1}
    code, text = Tables().refusal(
        "CreateTable", **create_request(**provisioned(ProvisionedThroughput=units))
    )
    assert code == "LimitExceededException"
    assert text.startswith(
        "The requested ReadCapacityUnits, 40001, is above the per table maximum for the account"
        " in us-east-1. Per table maximum: 40000."
    )
    beyond_sense = {**units, "WriteCapacityUnits": 1_000_000_000_001}
    assert refused(**provisioned(ProvisionedThroughput=beyond_sense)) == (
        "Given value 1000000000001 for WriteCapacityUnits is out of bounds"
    )


def test_limits_on_demand_are_for_tables_that_are_billed_by_requests() -> None:
    limits = {"MaxReadRequestUnits": 10}
    assert refused(**provisioned(OnDemandThroughput=limits)) == (
        f"{WRONG}MaxReadRequestUnits for OnDemandThroughput cannot be specified when table"
        " BillingMode is PROVISIONED."
    )
    assert refused(OnDemandThroughput={"MaxReadRequestUnits": 0}) == (
        f"{WRONG}Requested MaxReadRequestUnits for OnDemandThroughput for table is outside of"
        " valid range"
    )
    tables = Tables()
    tables.create(OnDemandThroughput=limits)
    assert tables.describe()["OnDemandThroughput"] == limits


def test_warm_throughput_is_not_less_than_what_a_table_always_has() -> None:
    assert (
        refused(WarmThroughput={"ReadUnitsPerSecond": 11_999})
        .removeprefix(WRONG)
        .startswith(
            "Requested ReadUnitsPerSecond for WarmThroughput for table is lower than initial"
            " throughput for OnDemand. See: https://"
        )
    )
    assert refused(**provisioned(WarmThroughput={"WriteUnitsPerSecond": 4})) == (
        f"{WRONG}Requested WriteUnitsPerSecond for WarmThroughput for table is lower than"
        " WriteCapacityUnits of ProvisionedThroughput"
    )
    tables = Tables()
    tables.create(WarmThroughput={"ReadUnitsPerSecond": 15_000})
    assert tables.describe()["WarmThroughput"] == {
        "ReadUnitsPerSecond": 15_000,
        "WriteUnitsPerSecond": 4_000,
        "Status": "ACTIVE",
    }


# --------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"StreamSpecification": {"StreamEnabled": True}},
            f"{WRONG}Table is being created with a stream enabled, UpdateViewType is required",
        ),
        (
            {"StreamSpecification": {"StreamEnabled": False, "StreamViewType": "KEYS_ONLY"}},
            (
                f"{WRONG}Table is being created with a stream disabled, UpdateViewType should not"
                " be specified"
            ),
        ),
        (
            {"SSESpecification": {"Enabled": True, "SSEType": "AES256"}},
            f"{WRONG}SSEType AES256 is not supported",
        ),
        (
            {"SSESpecification": {"Enabled": True, "KMSMasterKeyId": "alias/mine"}},
            f"{WRONG}SSEType KMS is required if KMSMasterKeyId is specified",
        ),
        (
            {"SSESpecification": {"Enabled": False, "SSEType": "KMS"}},
            f"{WRONG}SSEType can not be specified if Enabled is false",
        ),
        (
            {"Tags": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]},
            "Duplicate Tag Keys provided as input: Duplicate Tag Key found a",
        ),
        (
            {"Tags": [{"Key": "aws:a", "Value": "1"}]},
            "Tag Key cannot be prefixed with aws:, Key: aws:a",
        ),
        (
            {"Tags": [{"Key": f"key{n}", "Value": ""} for n in range(51)]},
            "Number of Tags exceed the current limit for the provided ResourceArn",
        ),
        (
            {"Tags": [{"Key": "a", "Value": "no!"}]},
            "The Tag Value provided is invalid, Value: no!",
        ),
    ],
)
def test_settings_that_contradict_themselves_are_refused(
    changes: dict[str, Any], text: str
) -> None:
    assert refused(**changes) == text


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"VectorIndexes": []}, "vector indexes"),
        ({"GlobalTableSourceArn": ARN}, "global tables of several accounts"),
    ],
)
def test_members_that_the_engine_does_not_support_are_refused(
    changes: dict[str, Any], what: str
) -> None:
    assert refused(**changes) == f"The engine does not support {what}"


# ----------------------------------------------------------------- descriptions


def test_a_table_that_is_made_at_once_is_active_in_the_answer() -> None:
    assert Tables().create()["TableStatus"] == "ACTIVE"


def test_the_answer_says_creating_and_a_later_look_active() -> None:
    tables = Tables(delay_s=1)
    created = tables.create()
    assert created.pop("TableId") == tables.describe()["TableId"]
    assert created == {
        "TableName": "orders",
        "TableArn": ARN,
        "TableStatus": "CREATING",
        "CreationDateTime": START,
        "ItemCount": 0,
        "TableSizeBytes": 0,
        "AttributeDefinitions": defined(pk="S"),
        "KeySchema": key("pk"),
        "ProvisionedThroughput": {
            "ReadCapacityUnits": 0,
            "WriteCapacityUnits": 0,
            "NumberOfDecreasesToday": 0,
        },
        "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
        "TableThroughputModeSummary": {"TableThroughputMode": "PAY_PER_REQUEST"},
        "DeletionProtectionEnabled": False,
    }
    tables.wait(1)
    described = tables.describe()
    assert described["TableStatus"] == "ACTIVE"
    assert described["BillingModeSummary"] == {
        "BillingMode": "PAY_PER_REQUEST",
        "LastUpdateToPayPerRequestDateTime": START,
    }
    assert described["WarmThroughput"] == {
        "ReadUnitsPerSecond": 12_000,
        "WriteUnitsPerSecond": 4_000,
        "Status": "ACTIVE",
    }


def test_a_table_with_every_setting_is_described_with_all_of_them() -> None:
    tables = Tables()
    tables.create(
        **provisioned(
            KeySchema=key("pk", "sk"),
            AttributeDefinitions=defined(sk="N", pk="S", status="S"),
            LocalSecondaryIndexes=[
                index("local", "pk", "status", Projection={"ProjectionType": "KEYS_ONLY"})
            ],
            GlobalSecondaryIndexes=[
                index(
                    ProvisionedThroughput=UNITS,
                    Projection={"ProjectionType": "INCLUDE", "NonKeyAttributes": ["z", "a"]},
                )
            ],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
            SSESpecification={"Enabled": True},
            TableClass="STANDARD_INFREQUENT_ACCESS",
            DeletionProtectionEnabled=True,
        )
    )
    tables.put(pk={"S": "a"}, sk={"N": "1"}, status={"S": "new"}, other={"S": "x"})
    described = tables.describe()
    assert described["AttributeDefinitions"] == defined(pk="S", sk="N", status="S")
    assert described["LocalSecondaryIndexes"] == [
        {
            "IndexName": "local",
            "KeySchema": key("pk", "status"),
            "Projection": {"ProjectionType": "KEYS_ONLY"},
            "IndexSizeBytes": 16,
            "ItemCount": 1,
            "IndexArn": f"{ARN}/index/local",
        }
    ]
    assert described["GlobalSecondaryIndexes"] == [
        {
            "IndexName": "by_status",
            "KeySchema": key("status"),
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["a", "z"]},
            "IndexStatus": "ACTIVE",
            "IndexSizeBytes": 16,
            "ItemCount": 1,
            "IndexArn": f"{ARN}/index/by_status",
            "ProvisionedThroughput": {**UNITS, "NumberOfDecreasesToday": 0},
            "WarmThroughput": {
                "ReadUnitsPerSecond": 5,
                "WriteUnitsPerSecond": 5,
                "Status": "ACTIVE",
            },
        }
    ]
    assert described["TableSizeBytes"] == 22
    assert described["StreamSpecification"] == {
        "StreamEnabled": True,
        "StreamViewType": "NEW_IMAGE",
    }
    label = described["LatestStreamLabel"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}", label)
    assert described["LatestStreamArn"] == f"{ARN}/stream/{label}"
    assert described["SSEDescription"]["Status"] == "ENABLED"
    assert described["SSEDescription"]["KMSMasterKeyArn"].startswith(
        "arn:aws:kms:us-east-1:123456789012:key/"
    )
    assert described["TableClassSummary"] == {"TableClass": "STANDARD_INFREQUENT_ACCESS"}
    assert described["DeletionProtectionEnabled"] is True
    assert "BillingModeSummary" not in described


def test_an_answer_is_a_copy_of_what_the_engine_keeps() -> None:
    tables = Tables()
    request = create_request()
    tables.call("CreateTable", **request)
    request["KeySchema"][0]["AttributeName"] = "changed"
    tables.describe()["KeySchema"][0]["AttributeName"] = "changed"
    assert tables.describe()["KeySchema"] == key("pk")


def test_a_name_can_be_used_once() -> None:
    tables = Tables(delay_s=5)
    tables.create()
    assert tables.refusal("CreateTable", **create_request()) == (
        "ResourceInUseException",
        "Attempt to change a resource which is still in use: Table is being created: orders",
    )
    tables.wait(5)
    assert tables.refusal("CreateTable", **create_request()) == (
        "ResourceInUseException",
        "Table already exists: orders",
    )


def test_a_table_can_be_named_by_its_arn() -> None:
    tables = Tables()
    tables.call("CreateTable", **create_request(TableName=ARN))
    assert tables.describe(ARN)["TableName"] == "orders"
    assert tables.call("DeleteTable", TableName=ARN)["TableDescription"]["TableName"] == "orders"
