"""Files of NoSQL Workbench, written in the shapes that public examples of it have."""

from __future__ import annotations

from typing import Any


def attribute(name: str, tag: str = "S") -> dict[str, str]:
    return {"AttributeName": name, "AttributeType": tag}


def key(partition: str, sort: str | None = None, tag: str = "S") -> dict[str, Any]:
    sides = {"PartitionKey": attribute(partition)}
    return sides if sort is None else {**sides, "SortKey": attribute(sort, tag)}


def index(name: str, partition: str, sort: str | None = None, **projection: Any) -> dict[str, Any]:
    return {
        "IndexName": name,
        "KeyAttributes": key(partition, sort),
        "Projection": projection or {"ProjectionType": "ALL"},
    }


def document(*tables: dict[str, Any], name: str = "Example", **metadata: Any) -> dict[str, Any]:
    return {
        "ModelName": name,
        "ModelMetadata": {
            "Author": "somebody",
            "DateCreated": "Oct 05, 2025, 06:02 PM",
            "DateLastModified": "Apr 14, 2026, 02:17 AM",
            "Description": "what it is for",
            "AWSService": "Amazon DynamoDB",
            "Version": "3.0",
            **metadata,
        },
        "DataModel": list(tables),
    }


MYSQL: dict[str, Any] = {"DataAccess": {"MySql": {}}}
SCALING = {
    "ScalableTargetRequest": {
        "MinCapacity": 1,
        "MaxCapacity": 10,
        "ServiceRole": "AWSServiceRoleForApplicationAutoScaling_DynamoDBTable",
    },
    "ScalingPolicyConfiguration": {"TargetValue": 70},
}

CHAT = document(
    {
        "TableName": "Chat",
        "KeyAttributes": key("PK", "SK"),
        "NonKeyAttributes": [attribute("RoomID"), attribute("Comment"), attribute("CreatedAt")],
        "GlobalSecondaryIndexes": [index("RoomID_IDX", "RoomID", "CreatedAt")],
        "TableData": [
            {"PK": {"S": "User:A"}, "SK": {"S": "1"}, "RoomID": {"S": "Music"}},
            {"PK": {"S": "Room:Music"}, "SK": {"S": "meta"}, "CreatedAt": {"S": "2026-04-01"}},
        ],
        **MYSQL,
    },
    name="Chat",
)
INVERTED = document(
    {
        "TableName": "session_store",
        "KeyAttributes": key("PK", "SK"),
        "NonKeyAttributes": [attribute("session_state")],
        "GlobalSecondaryIndexes": [index("GSI1_inverse", "SK", "PK")],
        "TableData": [{"PK": {"S": "s#1"}, "SK": {"S": "c#A"}, "session_state": {"S": "open"}}],
        **MYSQL,
    }
)
INCLUDED = document(
    {
        "TableName": "payments",
        "KeyAttributes": key("PK", "SK"),
        "NonKeyAttributes": [attribute("Due"), attribute("Amount", "N"), attribute("Tags", "SS")],
        "GlobalSecondaryIndexes": [
            index("GSI-1", "Due", ProjectionType="INCLUDE", NonKeyAttributes=["PK", "SK", "Amount"])
        ],
        "TableData": [
            {
                "PK": {"S": "a"},
                "SK": {"S": "b"},
                "Amount": {"N": "12.50"},
                "Tags": {"SS": ["x", "y"]},
            }
        ],
        **MYSQL,
    }
)
NESTED = document(
    {
        "TableName": "vehicles",
        "KeyAttributes": key("vin", "at", "N"),
        "NonKeyAttributes": [
            attribute("position", "M"),
            attribute("trips", "L"),
            attribute("blob", "B"),
            attribute("is_on", "BOOL"),
            attribute("class"),
        ],
        "TableData": [
            {
                "vin": {"S": "v1"},
                "at": {"N": "5"},
                "position": {"M": {"lat": {"N": "1.5"}, "lon": {"N": "2"}}},
                "trips": {"L": [{"M": {"km": {"N": "7"}}}, {"M": {"km": {"N": "9"}}}]},
                "blob": {"B": "YWJj"},
                "is_on": {"BOOL": True},
                "class": {"S": "suv"},
            }
        ],
        "BillingMode": "PAY_PER_REQUEST",
        **MYSQL,
    }
)
FACETS = document(
    {
        "TableName": "players",
        "KeyAttributes": key("PK", "SK"),
        "NonKeyAttributes": [attribute("Type"), attribute("Level", "N")],
        "TableFacets": [
            {
                "FacetName": name,
                "KeyAttributeAlias": {"PartitionKeyAlias": "playerID", "SortKeyAlias": f"{name}#"},
                "TableData": [{"PK": {"S": "p1"}, "SK": {"S": f"{name}#1"}}],
                "NonKeyAttributes": ["Type", "Level"],
                **MYSQL,
            }
            for name in ("Friends", 'Items \\ "quoted"')
        ],
        "TableData": [],
        **MYSQL,
    }
)
PROVISIONED = document(
    {
        "TableName": "states",
        "KeyAttributes": key("DeviceID", "State#Date"),
        "NonKeyAttributes": [attribute("Operator")],
        "GlobalSecondaryIndexes": [
            index("by-operator", "Operator", ProjectionType="KEYS_ONLY") | {"Unknown": {"x": 1}}
        ],
        "TableData": [],
        "BillingMode": "PROVISIONED",
        "ProvisionedCapacitySettings": {
            "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
            "AutoScalingRead": SCALING,
            "AutoScalingWrite": SCALING,
        },
        **MYSQL,
    },
    {
        "TableName": "operators",
        "KeyAttributes": {"PartitionKey": {**attribute("Operator"), "Format": "name"}},
        "NonKeyAttributes": [{**attribute("Area"), "Sample": "de"}],
        "TableData": [],
        **MYSQL,
    },
    UnknownOfMetadata=[1, 2],
)
BARE = document(
    {
        "TableName": "AnOnlineShop",
        "KeyAttributes": key("PK"),
        "NonKeyAttributes": [],
        "TableData": [],
        **MYSQL,
    }
)

FILES = {
    "chat": CHAT,
    "inverted": INVERTED,
    "included": INCLUDED,
    "nested": NESTED,
    "facets": FACETS,
    "provisioned": PROVISIONED,
    "bare": BARE,
}
