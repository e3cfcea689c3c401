"""Internal: the members of operations on Contributor Insights, Kinesis and resource policies.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateContributorInsights.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_EnableKinesisStreamingDestination.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutResourcePolicy.html
"""

from __future__ import annotations

from collections.abc import Mapping

from adorm.memory.shapes.model import (
    INDEX_NAME,
    Flag,
    Operation,
    Shape,
    Structure,
    TableName,
    Text,
    Whole,
)
from adorm.memory.shapes.wording import explain_members

_STREAM_ARN = Text(shortest=37, longest=1024)
_RESOURCE_ARN = Text(shortest=1, longest=1283)
_REVISION_ID = Text(shortest=1, longest=255)
_PRECISION: Mapping[str, Shape] = {
    "ApproximateCreationDateTimePrecision": Text(("MILLISECOND", "MICROSECOND"))
}


def _operation(name: str, members: Mapping[str, Shape], *required: str) -> Operation:
    shape = Structure(name, members, required=required)
    return Operation(shape, explain=explain_members, explain_old=explain_members)


_STREAMING = _operation(
    "KinesisStreamingDestinationInput",
    {
        "TableName": TableName(),
        "StreamArn": _STREAM_ARN,
        "EnableKinesisStreamingConfiguration": Structure(
            "EnableKinesisStreamingConfiguration", _PRECISION
        ),
    },
    "TableName",
    "StreamArn",
)

OPERATIONS: Mapping[str, Operation] = {
    "DescribeContributorInsights": _operation(
        "DescribeContributorInsightsInput",
        {"TableName": TableName(), "IndexName": INDEX_NAME},
        "TableName",
    ),
    "UpdateContributorInsights": _operation(
        "UpdateContributorInsightsInput",
        {
            "TableName": TableName(),
            "IndexName": INDEX_NAME,
            "ContributorInsightsAction": Text(("ENABLE", "DISABLE")),
            "ContributorInsightsMode": Text(("ACCESSED_AND_THROTTLED_KEYS", "THROTTLED_KEYS")),
        },
        "TableName",
        "ContributorInsightsAction",
    ),
    "ListContributorInsights": _operation(
        "ListContributorInsightsInput",
        {"TableName": TableName(), "NextToken": Text(), "MaxResults": Whole(greatest=100)},
    ),
    "DescribeKinesisStreamingDestination": _operation(
        "DescribeKinesisStreamingDestinationInput", {"TableName": TableName()}, "TableName"
    ),
    "EnableKinesisStreamingDestination": _STREAMING,
    "DisableKinesisStreamingDestination": _STREAMING,
    "UpdateKinesisStreamingDestination": _operation(
        "UpdateKinesisStreamingDestinationInput",
        {
            "TableName": TableName(),
            "StreamArn": _STREAM_ARN,
            "UpdateKinesisStreamingConfiguration": Structure(
                "UpdateKinesisStreamingConfiguration", _PRECISION
            ),
        },
        "TableName",
        "StreamArn",
    ),
    "PutResourcePolicy": _operation(
        "PutResourcePolicyInput",
        {
            "ResourceArn": _RESOURCE_ARN,
            "Policy": Text(),
            "ExpectedRevisionId": _REVISION_ID,
            "ConfirmRemoveSelfResourceAccess": Flag(),
        },
        "ResourceArn",
        "Policy",
    ),
    "GetResourcePolicy": _operation(
        "GetResourcePolicyInput", {"ResourceArn": _RESOURCE_ARN}, "ResourceArn"
    ),
    "DeleteResourcePolicy": _operation(
        "DeleteResourcePolicyInput",
        {"ResourceArn": _RESOURCE_ARN, "ExpectedRevisionId": _REVISION_ID},
        "ResourceArn",
    ),
    "DescribeLimits": _operation("DescribeLimitsInput", {}),
    "DescribeEndpoints": _operation("DescribeEndpointsRequest", {}),
}
