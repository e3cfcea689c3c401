"""Internal: the structures of UpdateTable for replicas of a table in other regions.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ReplicationGroupUpdate.html
"""

from __future__ import annotations

from collections.abc import Mapping

from adorm.memory.shapes.indexes import TABLE_CLASS
from adorm.memory.shapes.model import INDEX_NAME, ListOf, Shape, Structure, Text, Whole

_REGION: Mapping[str, Shape] = {"RegionName": Text()}

_OVERRIDES: Mapping[str, Shape] = {
    "ProvisionedThroughputOverride": Structure(
        "ProvisionedThroughputOverride", {"ReadCapacityUnits": Whole("Long", least=1)}
    ),
    "OnDemandThroughputOverride": Structure(
        "OnDemandThroughputOverride", {"MaxReadRequestUnits": Whole("Long")}
    ),
}

_MEMBER: Mapping[str, Shape] = {
    **_REGION,
    "KMSMasterKeyId": Text(),
    **_OVERRIDES,
    "GlobalSecondaryIndexes": ListOf(
        Structure(
            "ReplicaGlobalSecondaryIndex",
            {"IndexName": INDEX_NAME, **_OVERRIDES},
            required=("IndexName",),
        ),
        shortest=1,
    ),
    "TableClassOverride": TABLE_CLASS,
}


def _action(name: str, members: Mapping[str, Shape], *required: str) -> Structure:
    return Structure(name, members, required=("RegionName", *required))


REPLICA_UPDATES = ListOf(
    Structure(
        "ReplicationGroupUpdate",
        {
            "Create": _action("CreateReplicationGroupMemberAction", _MEMBER),
            "Update": _action("UpdateReplicationGroupMemberAction", _MEMBER),
            "Delete": _action("DeleteReplicationGroupMemberAction", _REGION),
            "Disassociate": _action(
                "DisassociateReplicationGroupMemberAction",
                {**_REGION, "DisassociationMode": Text(("WAIT_FOR_REPLICATION",))},
                "DisassociationMode",
            ),
        },
    ),
    shortest=1,
)

WITNESS_UPDATES = ListOf(
    Structure(
        "GlobalTableWitnessGroupUpdate",
        {
            "Create": _action("CreateGlobalTableWitnessGroupMemberAction", _REGION),
            "Delete": _action("DeleteGlobalTableWitnessGroupMemberAction", _REGION),
        },
    ),
    shortest=1,
    longest=1,
)
