"""The settings of a table: time to live, tags, policies, destinations; and lists of tables."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.memory.table_setup import ARN, START, Tables, create_request, defined, index, key

NAMED = {"TableName": "orders"}
OTHER_ACCOUNT = "arn:aws:dynamodb:us-east-1:210987654321:table/orders"
OTHER_REGION = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders"


def table(**changes: Any) -> Tables:
    tables = Tables()
    tables.create(**changes)
    return tables


def refused(tables: Tables, operation: str, **request: Any) -> str:
    code, text = tables.refusal(operation, **request)
    assert code == "ValidationException"
    return text


# ----------------------------------------------------------------------- lists


def test_tables_are_listed_by_name_in_pages() -> None:
    tables = Tables()
    for name in ("b-2", "B-1", "a-1", "c-1"):
        tables.create(TableName=name)
    assert tables.call("ListTables") == {"TableNames": ["B-1", "a-1", "b-2", "c-1"]}
    assert tables.call("ListTables", Limit=2) == {
        "TableNames": ["B-1", "a-1"],
        "LastEvaluatedTableName": "a-1",
    }
    assert tables.call("ListTables", Limit=2, ExclusiveStartTableName="a-1") == {
        "TableNames": ["b-2", "c-1"]
    }
    assert tables.call("ListTables", ExclusiveStartTableName="bbb") == {"TableNames": ["c-1"]}


def test_a_page_of_tables_has_at_most_100() -> None:
    tables = Tables()
    for n in range(101):
        tables.create(TableName=f"table-{n:03}")
    page = tables.call("ListTables")
    assert len(page["TableNames"]) == 100
    assert page["LastEvaluatedTableName"] == "table-099"


def test_an_account_sees_its_own_tables_of_one_region() -> None:
    tables = table()
    engine = tables.engine
    for account, region in (("210987654321", "us-east-1"), ("123456789012", "eu-west-1")):
        listed = engine.call("ListTables", {}, account=account, region=region)
        assert listed == {"TableNames": []}
        created = engine.call("CreateTable", create_request(), account=account, region=region)
        arn = created["TableDescription"]["TableArn"]
        assert arn == f"arn:aws:dynamodb:{region}:{account}:table/orders"
        assert tables.refusal("DescribeTable", TableName=arn)[0] == "ResourceNotFoundException"


# ---------------------------------------------------------------- time to live


def set_ttl(attribute: str, *, enabled: bool) -> dict[str, Any]:
    specification = {"AttributeName": attribute, "Enabled": enabled}
    return {**NAMED, "TimeToLiveSpecification": specification}


def test_time_to_live_is_on_for_one_attribute_at_a_time() -> None:
    tables = table()
    assert refused(tables, "UpdateTimeToLive", **set_ttl("a", enabled=False)) == (
        "TimeToLive is already disabled"
    )
    answer = tables.call("UpdateTimeToLive", **set_ttl("a", enabled=True))
    assert answer == {"TimeToLiveSpecification": {"AttributeName": "a", "Enabled": True}}
    assert tables.call("DescribeTimeToLive", **NAMED) == {
        "TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "a"}
    }
    assert refused(tables, "UpdateTimeToLive", **set_ttl("a", enabled=True)) == (
        "TimeToLive is already enabled"
    )
    assert refused(tables, "UpdateTimeToLive", **set_ttl("b", enabled=True)) == (
        "TimeToLive is active on a different AttributeName: current AttributeName is a"
    )
    tables.call("UpdateTimeToLive", **set_ttl("a", enabled=False))
    assert tables.call("DescribeTimeToLive", **NAMED) == {
        "TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}
    }


def test_expired_items_are_removed_when_the_engine_is_asked_to() -> None:
    tables = table()
    tables.call("UpdateTimeToLive", **set_ttl("expires_at", enabled=True))
    for pk, passed_s in (("past", 1), ("future", -60)):
        tables.put(pk={"S": pk}, expires_at={"N": str(int(START) - passed_s)})
    assert tables.engine.remove_expired() == 1
    assert [item["pk"]["S"] for item in tables.call("Scan", **NAMED)["Items"]] == ["future"]


# ------------------------------------------------------------------------ tags


def tags(**values: str) -> list[dict[str, str]]:
    return [{"Key": name, "Value": value} for name, value in values.items()]


def test_tags_are_added_replaced_and_removed() -> None:
    tables = table(Tags=tags(team="a"))
    tables.call("TagResource", ResourceArn=ARN, Tags=tags(team="b", stage="test"))
    tables.call("UntagResource", ResourceArn=ARN, TagKeys=["team", "absent"])
    assert tables.call("ListTagsOfResource", ResourceArn=ARN) == {"Tags": tags(stage="test")}


def test_a_table_has_at_most_50_tags() -> None:
    tables = table(Tags=tags(**{f"key{n}": "" for n in range(50)}))
    tables.call("TagResource", ResourceArn=ARN, Tags=tags(key0="again"))
    assert refused(tables, "TagResource", ResourceArn=ARN, Tags=tags(more="")) == (
        "Number of Tags exceed the current limit for the provided ResourceArn"
    )


def test_tagging_needs_tags() -> None:
    tables = table()
    assert refused(tables, "TagResource", ResourceArn=ARN, Tags=[]) == (
        "Atleast one Tag needs to be provided as Input."
    )
    assert refused(tables, "UntagResource", ResourceArn=ARN, TagKeys=[]) == (
        "Atleast one Tag Key needs to be provided as Input."
    )


@pytest.mark.parametrize(
    ("arn", "code", "text"),
    [
        (
            "orders",
            "ValidationException",
            "One or more parameter values were invalid: ARNs must start with 'arn:': orders",
        ),
        (
            "arn:aws:s3:::bucket",
            "ValidationException",
            (
                "One or more parameter values were invalid: Provided Arn is not a DynamoDB resource"
                " arn: arn:aws:s3:::bucket"
            ),
        ),
        (
            f"{ARN}/index/by_status",
            "ValidationException",
            (
                "One or more parameter values were invalid: Invalid resource arn provided, only"
                f" table or stream is accepted. Provided resource arn: {ARN}/index/by_status"
            ),
        ),
        (
            OTHER_REGION,
            "ValidationException",
            f"Invalid TableArn: Invalid ResourceArn provided as input {OTHER_REGION}",
        ),
        (
            OTHER_ACCOUNT,
            "AccessDeniedException",
            (
                "User: arn:aws:iam::123456789012:root is not authorized to perform:"
                f" dynamodb:ListTagsOfResource on resource: {OTHER_ACCOUNT}"
            ),
        ),
        (
            f"{ARN}s",
            "ResourceNotFoundException",
            f"Requested resource not found: ResourceArn: {ARN}s not found",
        ),
    ],
)
def test_tags_are_those_of_a_table_of_the_account(arn: str, code: str, text: str) -> None:
    assert table().refusal("ListTagsOfResource", ResourceArn=arn) == (code, text)


# -------------------------------------------------------------------- policies

POLICY = json.dumps({"Version": "2012-10-17", "Statement": []})


def test_a_policy_is_kept_as_it_was_given() -> None:
    tables = table()
    missing = tables.refusal("GetResourcePolicy", ResourceArn=ARN)
    assert missing == (
        "PolicyNotFoundException",
        f"Resource-based policy not found for the provided ResourceArn: {ARN}",
    )
    assert tables.call("DeleteResourcePolicy", ResourceArn=ARN) == {}
    revision = tables.call("PutResourcePolicy", ResourceArn=ARN, Policy=POLICY)["RevisionId"]
    kept = {"Policy": POLICY, "RevisionId": revision}
    assert tables.call("GetResourcePolicy", ResourceArn=ARN) == kept
    again = tables.call("PutResourcePolicy", ResourceArn=ARN, Policy=POLICY)
    assert again == {"RevisionId": revision}
    deleted = tables.call("DeleteResourcePolicy", ResourceArn=ARN)
    assert deleted == {"RevisionId": revision}
    assert tables.refusal("GetResourcePolicy", ResourceArn=ARN) == missing


def test_a_policy_changes_only_from_the_revision_that_was_expected() -> None:
    tables = table(ResourcePolicy=POLICY)
    revision = tables.call("GetResourcePolicy", ResourceArn=ARN)["RevisionId"]
    put = {"ResourceArn": ARN, "Policy": POLICY.replace(" ", "")}
    for expected in ("NO_POLICY", "1"):
        code, _ = tables.refusal("PutResourcePolicy", **put, ExpectedRevisionId=expected)
        assert code == "PolicyNotFoundException"
    answer = tables.call("PutResourcePolicy", **put, ExpectedRevisionId=revision)
    assert int(answer["RevisionId"]) > int(revision)


def test_a_stream_has_a_policy_of_its_own() -> None:
    stream = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    tables = table(StreamSpecification=stream)
    arn = tables.describe()["LatestStreamArn"]
    tables.call("PutResourcePolicy", ResourceArn=arn, Policy=POLICY)
    assert tables.refusal("GetResourcePolicy", ResourceArn=ARN)[0] == "PolicyNotFoundException"
    assert tables.call("GetResourcePolicy", ResourceArn=arn)["Policy"] == POLICY
    assert tables.refusal("GetResourcePolicy", ResourceArn=f"{ARN}/stream/older") == (
        "ResourceNotFoundException",
        "Requested resource not found: Stream: older not found for Table: orders",
    )


@pytest.mark.parametrize(
    ("arn", "text"),
    [
        (
            OTHER_ACCOUNT,
            (
                "This action is only supported by accounts that match the resource owner\u2019s"
                " account."
            ),
        ),
        (
            OTHER_REGION,
            f"One or more parameter values were invalid: Invalid resource Arn: {OTHER_REGION}",
        ),
    ],
)
def test_policies_are_those_of_the_account(arn: str, text: str) -> None:
    assert refused(table(), "GetResourcePolicy", ResourceArn=arn) == text


def test_a_policy_has_at_most_20_kb() -> None:
    text = refused(table(), "PutResourcePolicy", ResourceArn=ARN, Policy=" " * 20_481)
    assert "20480" in text


# -------------------------------------------------------------------- insights


def test_insights_are_kept_for_a_table_and_its_indexes() -> None:
    tables = table(
        AttributeDefinitions=defined(pk="S", sk="S", status="S"),
        KeySchema=key("pk", "sk"),
        GlobalSecondaryIndexes=[index()],
    )
    by_status = {**NAMED, "IndexName": "by_status"}
    assert tables.call("DescribeContributorInsights", **by_status) == {
        **by_status,
        "ContributorInsightsStatus": "DISABLED",
    }
    mode = {"ContributorInsightsMode": "THROTTLED_KEYS"}
    for named in (NAMED, by_status):
        answer = tables.call(
            "UpdateContributorInsights", **named, **mode, ContributorInsightsAction="ENABLE"
        )
        assert answer == {**named, **mode, "ContributorInsightsStatus": "ENABLING"}
    moment = int(START * 1000)
    assert tables.call("DescribeContributorInsights", **NAMED) == {
        **NAMED,
        **mode,
        "ContributorInsightsStatus": "ENABLED",
        "ContributorInsightsRuleList": [
            f"DynamoDBContributorInsights-PKT-orders-{moment}",
            f"DynamoDBContributorInsights-SKT-orders-{moment}",
        ],
        "LastUpdateDateTime": START,
    }
    first = tables.call("ListContributorInsights", MaxResults=1)
    rest = tables.call("ListContributorInsights", NextToken=first["NextToken"])
    listed = first["ContributorInsightsSummaries"] + rest["ContributorInsightsSummaries"]
    assert [each.get("IndexName") for each in listed] == [None, "by_status"]
    tables.call("UpdateContributorInsights", **NAMED, ContributorInsightsAction="DISABLE")
    listed = tables.call("ListContributorInsights", **NAMED)["ContributorInsightsSummaries"]
    assert [each.get("IndexName") for each in listed] == ["by_status"]
    off = {"ContributorInsightsAction": "DISABLE"}
    assert table().call("UpdateContributorInsights", **NAMED, **off) == {
        **NAMED,
        "ContributorInsightsStatus": "DISABLED",
    }
    assert tables.refusal("DescribeContributorInsights", **NAMED, IndexName="absent") == (
        "ResourceNotFoundException",
        "Requested resource not found: Index: absent not found for table: orders",
    )


# --------------------------------------------------------------------- Kinesis

KINESIS = "arn:aws:kinesis:us-east-1:123456789012:stream/changes"
TO_KINESIS = {**NAMED, "StreamArn": KINESIS}


def test_a_kinesis_stream_is_kept_as_a_destination() -> None:
    tables = table()
    assert tables.call("EnableKinesisStreamingDestination", **TO_KINESIS) == {
        **TO_KINESIS,
        "DestinationStatus": "ENABLING",
    }
    assert "must be DISABLED or ENABLE_FAILED" in refused(
        tables, "EnableKinesisStreamingDestination", **TO_KINESIS
    )
    assert "cannot be null" in refused(tables, "UpdateKinesisStreamingDestination", **TO_KINESIS)
    precision = {"ApproximateCreationDateTimePrecision": "MICROSECOND"}
    update = {**TO_KINESIS, "UpdateKinesisStreamingConfiguration": precision}
    assert tables.call("UpdateKinesisStreamingDestination", **update) == {
        **update,
        "DestinationStatus": "UPDATING",
    }
    assert "Precision is already set" in refused(
        tables, "UpdateKinesisStreamingDestination", **update
    )
    assert tables.call("DescribeKinesisStreamingDestination", **NAMED) == {
        **NAMED,
        "KinesisDataStreamDestinations": [
            {"StreamArn": KINESIS, "DestinationStatus": "ACTIVE", **precision}
        ],
    }
    tables.call("DisableKinesisStreamingDestination", **TO_KINESIS)
    assert "must be ACTIVE to perform DISABLE" in refused(
        tables, "DisableKinesisStreamingDestination", **TO_KINESIS
    )


# ---------------------------------------------------------------------- limits


def test_the_quotas_and_the_endpoint_are_described() -> None:
    tables = Tables()
    assert tables.call("DescribeLimits") == {
        "AccountMaxReadCapacityUnits": 80_000,
        "AccountMaxWriteCapacityUnits": 80_000,
        "TableMaxReadCapacityUnits": 40_000,
        "TableMaxWriteCapacityUnits": 40_000,
    }
    assert tables.call("DescribeEndpoints") == {
        "Endpoints": [{"Address": "dynamodb.us-east-1.amazonaws.com", "CachePeriodInMinutes": 1440}]
    }
