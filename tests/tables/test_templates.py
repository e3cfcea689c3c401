"""The table of a spec for CloudFormation, SAM, CDK, Terraform and the AWS CLI."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import Any, cast

import pytest

import adorm
from adorm.errors import UsageError
from tests.support.scripted_tables import Match
from tests.tables.spec_setup import FULL, Bare, Order

KEY = "arn:aws:kms:us-east-1:123456789012:key/4f2f9b1e-0000-4000-8000-000000000001"
ON_DEMAND = adorm.TableSpec(
    Order,
    name="dev-orders",
    stream="off",
    encryption=KEY,
    max_read_units_per_s=500,
    point_in_time_recovery=True,
    deletion_protection=False,
)


@adorm.model
class Nameless:
    id: str = adorm.partition_key()


def properties(spec: adorm.TableSpec) -> dict[str, Any]:
    (resource,) = spec.cloudformation()["Resources"].values()
    found: dict[str, Any] = resource["Properties"]
    return found


def containers(value: object) -> Iterator[object]:
    """All dicts and lists in a value, and the value itself."""
    parts: list[object] = []
    if isinstance(value, dict):
        parts = list(cast("dict[str, object]", value).values())
    elif isinstance(value, list):
        parts = cast("list[object]", value)
    else:
        return
    yield value
    for part in parts:
        yield from containers(part)


def test_a_template_holds_the_table_and_what_the_spec_says() -> None:
    template = FULL.cloudformation()
    assert template["AWSTemplateFormatVersion"] == "2010-09-09"
    assert list(template["Resources"]) == ["OrdersTable"]
    resource = template["Resources"]["OrdersTable"]
    assert resource["Type"] == "AWS::DynamoDB::Table"
    assert resource.keys() == {"Type", "Properties"}
    made = resource["Properties"]
    assert {name: made[name] for name in made.keys() - FULL.create_request().keys()} == {
        "TimeToLiveSpecification": {"AttributeName": "exp", "Enabled": True},
        "PointInTimeRecoverySpecification": {
            "PointInTimeRecoveryEnabled": True,
            "RecoveryPeriodInDays": 7,
        },
    }
    assert made["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert made["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS"}
    assert properties(ON_DEMAND)["SSESpecification"]["KMSMasterKeyId"] == KEY
    assert properties(ON_DEMAND)["OnDemandThroughput"] == {"MaxReadRequestUnits": 500}
    assert "StreamSpecification" not in properties(ON_DEMAND)
    owned = adorm.TableSpec(Order, encryption="aws-owned")
    assert properties(owned)["SSESpecification"] == {"SSEEnabled": False}


def test_what_the_spec_does_not_say_is_not_in_the_template() -> None:
    assert properties(adorm.TableSpec(Bare)).keys() == {
        "TableName",
        "AttributeDefinitions",
        "KeySchema",
        "BillingMode",
    }


def test_retained_tables_outlive_their_stack() -> None:
    template = FULL.cloudformation(logical_id="Orders", retain=True)
    assert template["Resources"]["Orders"]["DeletionPolicy"] == "Retain"
    assert template["Resources"]["Orders"]["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize("logical_id", ["", "my-orders", "Örders", "x" * 256])
def test_a_logical_id_has_letters_and_digits(logical_id: str) -> None:
    with pytest.raises(UsageError, match="up to 255 letters and digits"):
        FULL.cloudformation(logical_id=logical_id)


def test_cloudformation_names_a_table_without_a_name_and_others_need_one() -> None:
    spec = adorm.TableSpec(Nameless)
    template = spec.cloudformation()
    assert "TableName" not in template["Resources"]["NamelessTable"]["Properties"]
    for write in (spec.terraform, spec.cli, spec.create_request):
        with pytest.raises(UsageError, match=r"Nameless names no table: write TableSpec\(Nameless"):
            write()


def test_sam_is_the_same_with_its_transform() -> None:
    assert FULL.sam() == {**FULL.cloudformation(), "Transform": "AWS::Serverless-2016-10-31"}


@pytest.mark.parametrize("spec", [FULL, ON_DEMAND, adorm.TableSpec(Match)])
def test_no_part_of_a_template_occurs_twice_so_that_yaml_needs_no_aliases(
    spec: adorm.TableSpec,
) -> None:
    template = spec.cloudformation()
    parts = list(containers(template))
    assert len({id(part) for part in parts}) == len(parts)
    for made in (spec.cdk(), spec.terraform(), spec.create_request()):
        assert json.loads(json.dumps(made)) == made


def test_cdk_has_the_same_properties_by_its_names_in_python() -> None:
    made = FULL.cdk()
    assert made["table_name"] == "orders"
    assert made["sse_specification"] == {"sse_enabled": True, "sse_type": "KMS"}
    assert made["time_to_live_specification"] == {"attribute_name": "exp", "enabled": True}
    assert made["key_schema"][0] == {"attribute_name": "customer_id", "key_type": "HASH"}
    assert made["warm_throughput"] == {
        "read_units_per_second": 13_000,
        "write_units_per_second": 5_000,
    }
    assert made["tags"] == [{"key": "team", "value": "shop"}, {"key": "stage", "value": "test"}]
    assert ON_DEMAND.cdk()["sse_specification"]["kms_master_key_id"] == KEY


def test_terraform_has_a_resource_of_the_table() -> None:
    assert FULL.terraform() == {
        "resource": {
            "aws_dynamodb_table": {
                "orders": {
                    "name": "orders",
                    "billing_mode": "PROVISIONED",
                    "read_capacity": 5,
                    "write_capacity": 4,
                    "hash_key": "customer_id",
                    "range_key": "order_id",
                    "attribute": [
                        {"name": "customer_id", "type": "S"},
                        {"name": "order_id", "type": "S"},
                        {"name": "status", "type": "S"},
                        {"name": "created_at", "type": "S"},
                        {"name": "total", "type": "N"},
                    ],
                    "global_secondary_index": [
                        {
                            "name": "by-status",
                            "hash_key": "status",
                            "range_key": "created_at",
                            "projection_type": "ALL",
                            "read_capacity": 5,
                            "write_capacity": 4,
                        },
                        {
                            "name": "by-total",
                            "hash_key": "total",
                            "projection_type": "INCLUDE",
                            "non_key_attributes": ["note", "status"],
                            "read_capacity": 2,
                            "write_capacity": 1,
                        },
                    ],
                    "local_secondary_index": [
                        {
                            "name": "by-age",
                            "range_key": "created_at",
                            "projection_type": "KEYS_ONLY",
                        }
                    ],
                    "stream_enabled": True,
                    "stream_view_type": "NEW_AND_OLD_IMAGES",
                    "ttl": {"attribute_name": "exp", "enabled": True},
                    "point_in_time_recovery": {"enabled": True, "recovery_period_in_days": 7},
                    "server_side_encryption": {"enabled": True},
                    "table_class": "STANDARD_INFREQUENT_ACCESS",
                    "deletion_protection_enabled": True,
                    "tags": {"team": "shop", "stage": "test"},
                    "warm_throughput": {
                        "read_units_per_second": 13_000,
                        "write_units_per_second": 5_000,
                    },
                }
            }
        }
    }


def test_terraform_of_a_table_on_demand() -> None:
    (made,) = ON_DEMAND.terraform(resource="main")["resource"]["aws_dynamodb_table"].values()
    assert made["on_demand_throughput"] == {"max_read_request_units": 500}
    assert made["server_side_encryption"] == {"enabled": True, "kms_key_arn": KEY}
    assert made["stream_enabled"] is False
    assert not {"read_capacity", "table_class", "tags"} & made.keys()
    bare = adorm.TableSpec(Bare, name="1.orders").terraform()
    (resource,) = bare["resource"]["aws_dynamodb_table"].items()
    assert resource[0] == "_1_orders"
    assert resource[1].keys() == {"name", "billing_mode", "hash_key", "range_key", "attribute"}
    with pytest.raises(UsageError, match="no digit at the beginning"):
        FULL.terraform(resource="1st")


def test_an_index_with_several_attributes_a_side_is_a_block_for_each_in_terraform() -> None:
    made = adorm.TableSpec(Match).terraform()["resource"]["aws_dynamodb_table"]["matches"]
    by_round, by_player = made["global_secondary_index"]
    assert by_round["key_schema"] == [
        {"attribute_name": "tournament", "key_type": "HASH"},
        {"attribute_name": "region", "key_type": "HASH"},
        {"attribute_name": "round", "key_type": "RANGE"},
        {"attribute_name": "bracket", "key_type": "RANGE"},
        {"attribute_name": "id", "key_type": "RANGE"},
    ]
    assert "hash_key" not in by_round
    assert (by_player["hash_key"], by_player["range_key"]) == ("player", "id")


def test_commands_of_the_cli_say_the_same_as_the_requests() -> None:
    lines = [shlex.split(line) for line in FULL.cli().splitlines()]
    assert [line[2] for line in lines] == [
        "create-table",
        "wait",
        "update-time-to-live",
        "update-continuous-backups",
    ]
    assert json.loads(lines[0][-1]) == FULL.create_request()
    assert lines[1] == ["aws", "dynamodb", "wait", "table-exists", "--table-name", "orders"]
    assert json.loads(lines[2][-1]) == {
        "TableName": "orders",
        "TimeToLiveSpecification": {"AttributeName": "exp", "Enabled": True},
    }
    assert len(adorm.TableSpec(Bare).cli().splitlines()) == 2
