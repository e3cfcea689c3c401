"""Internal: the structures for definitions of tables and indexes, which several operations share.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GlobalSecondaryIndex.html
"""

from __future__ import annotations

from collections.abc import Mapping

from adorm.memory.limits import MAX_TAG_KEY_CHARACTERS, MAX_TAG_VALUE_CHARACTERS
from adorm.memory.shapes.model import (
    INDEX_NAME,
    Flag,
    ListOf,
    Shape,
    Structure,
    Text,
    Whole,
)

_UNITS = Whole("Long", least=1)
_ANY_UNITS = Whole("Long")
_ATTRIBUTE_NAME = Text(shortest=1, longest=255)

BILLING_MODE = Text(("PROVISIONED", "PAY_PER_REQUEST"))
TABLE_CLASS = Text(("STANDARD", "STANDARD_INFREQUENT_ACCESS"))
REPLICATION_MODE = Text(("ENABLED", "DISABLED", "ENABLED_WITH_OVERRIDES"))

ATTRIBUTE_DEFINITIONS = ListOf(
    Structure(
        "AttributeDefinition",
        {"AttributeName": _ATTRIBUTE_NAME, "AttributeType": Text(("B", "N", "S"))},
        required=("AttributeName", "AttributeType"),
    )
)

_KEY_SCHEMA_ELEMENT = Structure(
    "KeySchemaElement",
    {"AttributeName": _ATTRIBUTE_NAME, "KeyType": Text(("HASH", "RANGE"))},
    required=("AttributeName", "KeyType"),
)

KEY_SCHEMA = ListOf(_KEY_SCHEMA_ELEMENT, shortest=1, longest=2, fault_path="keySchema")
GLOBAL_KEY_SCHEMA = ListOf(_KEY_SCHEMA_ELEMENT, shortest=1, longest=8, fault_path="keySchema")
"""The key of a global index: up to four attributes on each side.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.DesignPattern.MultiAttributeKeys.html
"""

_PROJECTION = Structure(
    "Projection",
    {
        "ProjectionType": Text(("ALL", "INCLUDE", "KEYS_ONLY")),
        "NonKeyAttributes": ListOf(_ATTRIBUTE_NAME, shortest=1),
    },
)

PROVISIONED_THROUGHPUT = Structure(
    "ProvisionedThroughput",
    {"ReadCapacityUnits": _UNITS, "WriteCapacityUnits": _UNITS},
    required=("ReadCapacityUnits", "WriteCapacityUnits"),
)
ON_DEMAND_THROUGHPUT = Structure(
    "OnDemandThroughput",
    {"MaxReadRequestUnits": _ANY_UNITS, "MaxWriteRequestUnits": _ANY_UNITS},
)
WARM_THROUGHPUT = Structure(
    "WarmThroughput",
    {"ReadUnitsPerSecond": _ANY_UNITS, "WriteUnitsPerSecond": _ANY_UNITS},
)
_THROUGHPUTS: Mapping[str, Shape] = {
    "ProvisionedThroughput": PROVISIONED_THROUGHPUT,
    "OnDemandThroughput": ON_DEMAND_THROUGHPUT,
    "WarmThroughput": WARM_THROUGHPUT,
}

STREAM_SPECIFICATION = Structure(
    "StreamSpecification",
    {
        "StreamEnabled": Flag(),
        "StreamViewType": Text(("NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES", "KEYS_ONLY")),
    },
    required=("StreamEnabled",),
)
SSE_SPECIFICATION = Structure(
    "SSESpecification",
    {"Enabled": Flag(), "SSEType": Text(("AES256", "KMS")), "KMSMasterKeyId": Text()},
)
TAGS = ListOf(
    Structure(
        "Tag",
        {
            "Key": Text(shortest=1, longest=MAX_TAG_KEY_CHARACTERS),
            "Value": Text(shortest=0, longest=MAX_TAG_VALUE_CHARACTERS),
        },
        required=("Key", "Value"),
    )
)

_GLOBAL_INDEX: Mapping[str, Shape] = {
    "IndexName": INDEX_NAME,
    "KeySchema": GLOBAL_KEY_SCHEMA,
    "Projection": _PROJECTION,
    **_THROUGHPUTS,
}
_INDEX_REQUIRED = ("IndexName", "KeySchema", "Projection")

LOCAL_INDEXES = ListOf(
    Structure(
        "LocalSecondaryIndex",
        {"IndexName": INDEX_NAME, "KeySchema": KEY_SCHEMA, "Projection": _PROJECTION},
        required=_INDEX_REQUIRED,
    )
)
GLOBAL_INDEXES = ListOf(Structure("GlobalSecondaryIndex", _GLOBAL_INDEX, required=_INDEX_REQUIRED))
GLOBAL_INDEX_UPDATES = ListOf(
    Structure(
        "GlobalSecondaryIndexUpdate",
        {
            "Update": Structure(
                "UpdateGlobalSecondaryIndexAction",
                {"IndexName": INDEX_NAME, **_THROUGHPUTS},
                required=("IndexName",),
                required_unless={"ProvisionedThroughput": ("OnDemandThroughput", "WarmThroughput")},
            ),
            "Create": Structure(
                "CreateGlobalSecondaryIndexAction", _GLOBAL_INDEX, required=_INDEX_REQUIRED
            ),
            "Delete": Structure(
                "DeleteGlobalSecondaryIndexAction",
                {"IndexName": INDEX_NAME},
                required=("IndexName",),
            ),
        },
    )
)

_VECTOR_INDEX: Mapping[str, Shape] = {
    "IndexName": INDEX_NAME,
    "VectorAttribute": Structure(
        "VectorAttributeDefinition",
        {"AttributeName": _ATTRIBUTE_NAME},
        required=("AttributeName",),
    ),
    "SearchSchema": ListOf(
        Structure(
            "SearchSchemaElement",
            {
                "AttributeName": Text(),
                "SearchSchemaElementType": Text(("HASH", "INLINE_FILTER")),
            },
            required=("AttributeName", "SearchSchemaElementType"),
        ),
        shortest=1,
    ),
    "Projection": _PROJECTION,
    "Dimensions": _UNITS,
    "DistanceFunction": Text(("COSINE", "DOT_PRODUCT", "EUCLIDEAN")),
}
_VECTOR_REQUIRED = tuple(name for name in _VECTOR_INDEX if name != "SearchSchema")

VECTOR_INDEXES = ListOf(Structure("VectorIndex", _VECTOR_INDEX, required=_VECTOR_REQUIRED))
VECTOR_INDEX_UPDATES = ListOf(
    Structure(
        "VectorIndexUpdate",
        {
            "Create": Structure(
                "CreateVectorIndexAction", _VECTOR_INDEX, required=_VECTOR_REQUIRED
            ),
            "Delete": Structure(
                "DeleteVectorIndexAction", {"IndexName": INDEX_NAME}, required=("IndexName",)
            ),
        },
    )
)
