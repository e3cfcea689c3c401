"""`TableSpec`: what the table of a model has to be like."""

from __future__ import annotations

from typing import Any

import attrs

from adorm.tables.spec_options import SpecOptions
from adorm.tables.wanted import create_request, offline_name


@attrs.frozen
class TableSpec(SpecOptions):
    """What the table of a model has to be like: `db.diff` compares it, `db.create_table` makes it,
    and its methods write it down for other tools.

    ::

        spec = adorm.TableSpec(Order, stream="both", point_in_time_recovery=35)
        plan = await db.diff(spec)

    Keys and indexes come from the model. An option that is None is not compared. A new table gets
    DynamoDB's default for it, and is on demand.

    Args:
        model: the model, or the `SingleTable`. The table of a model in a `SingleTable` is the whole
            of it, with all models that are imported when the spec is used.
        name: the table's name, in place of the model's.
        billing: "on_demand", or `Provisioned(read_units=, write_units=)` for the table.
        stream: "new", "old", "both", "keys" or "off".
        time_to_live: False means off. Else items expire by the model's ttl field; True asks for a
            model that has one.
        point_in_time_recovery: True, False, or the number of days that it reaches back, 1 to 35.
        deletion_protection: whether DynamoDB refuses to delete the table.
        encryption: "aws-owned" (DynamoDB's default), "aws-managed" (the key alias/aws/dynamodb), or
            the ARN or the id of a key in KMS. DynamoDB tells only which key it is, and not who
            manages it: "aws-managed" and an alias fit every table that is encrypted by KMS.
        table_class: "standard" or "infrequent_access".
        tags: values by key; the table may have other tags.
        warm_read_units_per_s, warm_write_units_per_s: the least warm throughput of the table.
        max_read_units_per_s, max_write_units_per_s: the most that the table on demand takes; -1 for
            no limit.
        index_billing: the capacity of global indexes by name. An index that it does not name gets
            the table's when it is made, and is not compared.
        key_types: S, N or B by field name, for keys of a class that only a hook of yours can store.

    Raises:
        UsageError: an option can't be. What contradicts the model is refused when the spec is used.
    """

    def create_request(self) -> dict[str, Any]:
        """The parameters of CreateTable, as boto3 takes them.

        Time to live and point-in-time recovery are no part of CreateTable; `db.create_table`
        switches them on afterwards.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html

        Raises:
            UsageError: no name is known for the table, or a key's type is not known.
        """
        return create_request(self, offline_name(self))

    def cloudformation(
        self, *, logical_id: str | None = None, retain: bool = False
    ) -> dict[str, Any]:
        """A CloudFormation template with the table, for `json.dumps` or `yaml.safe_dump`.

        It holds what the spec says and no other option. Without a name, neither here nor in the
        model, CloudFormation makes one.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-dynamodb-table.html

        Args:
            logical_id: letters and digits; default one made of the table's name: `OrdersTable`.
            retain: True keeps the table when the stack is deleted, or when CloudFormation replaces
                the table.

        Raises:
            UsageError: CloudFormation does not take the logical id.
        """
        from adorm.tables.templates.cloudformation import template

        return template(self, logical_id, retain=retain)

    def sam(self, *, logical_id: str | None = None, retain: bool = False) -> dict[str, Any]:
        """The same template with SAM's transform, for functions beside the table.

        https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy.html
        """
        from adorm.tables.templates.cloudformation import template

        return template(self, logical_id, retain=retain, transform="AWS::Serverless-2016-10-31")

    def cdk(self) -> dict[str, Any]:
        """The properties of CDK's `CfnTable`, by their names in Python:
        `aws_dynamodb.CfnTable(self, "Orders", **spec.cdk())`.

        https://docs.aws.amazon.com/cdk/api/v2/python/aws_cdk.aws_dynamodb/CfnTable.html
        """
        from adorm.tables.templates.cloudformation import cdk_properties

        return cdk_properties(self)

    def terraform(self, *, resource: str | None = None) -> dict[str, Any]:
        """A configuration of Terraform, for `json.dumps` into a file `orders.tf.json`.

        https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/dynamodb_table

        Args:
            resource: the resource's name in Terraform; default one made of the table's name:
                `orders`.

        Raises:
            UsageError: no name is known for the table, or Terraform does not take the resource's
                name.
        """
        from adorm.tables.templates.terraform import configuration

        return configuration(self, resource)

    def cli(self) -> str:
        """Commands of the AWS CLI that make the table, a line each, for a POSIX shell.

        https://docs.aws.amazon.com/cli/latest/reference/dynamodb/create-table.html

        Raises:
            UsageError: no name is known for the table.
        """
        from adorm.tables.templates.cli import commands

        return commands(self)
