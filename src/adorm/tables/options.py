"""The options of tables: types of key attributes, billing, streams, encryption, classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import attrs

from adorm.checks import count, field
from adorm.errors import UsageError

KeyType = Literal["S", "N", "B"]
"""The type of a key attribute."""

KeyTypes: TypeAlias = Mapping[str, KeyType]
"""Key types by field name, for fields that a hook of the user stores."""

Stream: TypeAlias = Literal["new", "old", "both", "keys", "off"]
"""What records of a stream hold of a changed item: the new image, the old one, both, its key."""
TableClass: TypeAlias = Literal["standard", "infrequent_access"]

VIEW_TYPES: Mapping[Stream, str] = {
    "new": "NEW_IMAGE",
    "old": "OLD_IMAGE",
    "both": "NEW_AND_OLD_IMAGES",
    "keys": "KEYS_ONLY",
}
"""DynamoDB's names of what a stream holds."""
TABLE_CLASSES: Mapping[str, str] = {
    "standard": "STANDARD",
    "infrequent_access": "STANDARD_INFREQUENT_ACCESS",
}
"""DynamoDB's names of the table classes."""
AWS_OWNED, AWS_MANAGED = "aws-owned", "aws-managed"
"""The key of DynamoDB itself, and the one in the account that AWS manages: alias/aws/dynamodb."""


@attrs.frozen(kw_only=True)
class Provisioned:
    """Provisioned capacity: paid for whether it is used or not.

    The table has it, and each of its global indexes has as much again. A read unit is one strongly
    consistent read of up to 4 KB a second, a write unit one write of up to 1 KB a second.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/provisioned-capacity-mode.html

    Raises:
        UsageError: a number is no whole number, or less than 1.
    """

    read_units: int = attrs.field(validator=field(count))
    write_units: int = attrs.field(validator=field(count))

    def as_parameters(self) -> dict[str, int]:
        """`{"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}`."""
        return {"ReadCapacityUnits": self.read_units, "WriteCapacityUnits": self.write_units}


Billing: TypeAlias = Literal["on_demand"] | Provisioned
"""On demand, where each request is paid for, or provisioned capacity."""


def check_billing(billing: object) -> None:
    """Refuse what is no billing.

    Raises:
        UsageError: it is none.
    """
    if billing != "on_demand" and not isinstance(billing, Provisioned):
        raise UsageError(
            'billing is "on_demand" or adorm.Provisioned(read_units=..., write_units=...), '
            f"not {billing!r}"
        )
