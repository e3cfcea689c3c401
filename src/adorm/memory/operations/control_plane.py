"""Internal: the handlers of the operations on tables and their settings, by name."""

from __future__ import annotations

from collections.abc import Mapping

from adorm.memory.database import Handler
from adorm.memory.operations.backups import (
    create_backup,
    delete_backup,
    describe_backup,
    list_backups,
    restore_table_from_backup,
)
from adorm.memory.operations.continuous_backups import (
    describe_continuous_backups,
    restore_table_to_point_in_time,
    update_continuous_backups,
)
from adorm.memory.operations.contributor_insights import (
    describe_contributor_insights,
    list_contributor_insights,
    update_contributor_insights,
)
from adorm.memory.operations.create_table import create_table
from adorm.memory.operations.delete_table import delete_table
from adorm.memory.operations.describe_limits import describe_endpoints, describe_limits
from adorm.memory.operations.describe_table import describe_table
from adorm.memory.operations.kinesis_destinations import (
    describe_kinesis_streaming_destination,
    disable_kinesis_streaming_destination,
    enable_kinesis_streaming_destination,
    update_kinesis_streaming_destination,
)
from adorm.memory.operations.list_tables import list_tables
from adorm.memory.operations.resource_policies import (
    delete_resource_policy,
    get_resource_policy,
    put_resource_policy,
)
from adorm.memory.operations.tags import list_tags_of_resource, tag_resource, untag_resource
from adorm.memory.operations.time_to_live import describe_time_to_live, update_time_to_live
from adorm.memory.operations.update_table import update_table

CONTROL_PLANE: Mapping[str, Handler] = {
    "CreateBackup": create_backup,
    "CreateTable": create_table,
    "DeleteBackup": delete_backup,
    "DeleteResourcePolicy": delete_resource_policy,
    "DeleteTable": delete_table,
    "DescribeBackup": describe_backup,
    "DescribeContinuousBackups": describe_continuous_backups,
    "DescribeContributorInsights": describe_contributor_insights,
    "DescribeEndpoints": describe_endpoints,
    "DescribeKinesisStreamingDestination": describe_kinesis_streaming_destination,
    "DescribeLimits": describe_limits,
    "DescribeTable": describe_table,
    "DescribeTimeToLive": describe_time_to_live,
    "DisableKinesisStreamingDestination": disable_kinesis_streaming_destination,
    "EnableKinesisStreamingDestination": enable_kinesis_streaming_destination,
    "GetResourcePolicy": get_resource_policy,
    "ListBackups": list_backups,
    "ListContributorInsights": list_contributor_insights,
    "ListTables": list_tables,
    "ListTagsOfResource": list_tags_of_resource,
    "PutResourcePolicy": put_resource_policy,
    "RestoreTableFromBackup": restore_table_from_backup,
    "RestoreTableToPointInTime": restore_table_to_point_in_time,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "UpdateContinuousBackups": update_continuous_backups,
    "UpdateContributorInsights": update_contributor_insights,
    "UpdateKinesisStreamingDestination": update_kinesis_streaming_destination,
    "UpdateTable": update_table,
    "UpdateTimeToLive": update_time_to_live,
}
