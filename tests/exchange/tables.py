"""Living tables with odd data, on a database in memory, and code that was generated of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import adorm
from adorm.dynamodb.values import AttributeMap


def key_schema(*names: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": name, "KeyType": kind}
        for name, kind in zip(names, ("HASH", "RANGE"), strict=False)
    ]


async def make_table(
    db: adorm.Database,
    name: str,
    key: Mapping[str, str],
    items: Sequence[AttributeMap],
    ttl: str | None = None,
    more_types: Mapping[str, str] | None = None,
    **options: Any,
) -> None:
    """A table with items.

    Args:
        key: the type of each key attribute by its name.
        more_types: those of the key attributes of indexes.
        options: more parameters of CreateTable.
    """
    await db.call(
        "CreateTable",
        {
            "TableName": name,
            "KeySchema": key_schema(*key),
            "AttributeDefinitions": [
                {"AttributeName": attribute, "AttributeType": tag}
                for attribute, tag in {**key, **(more_types or {})}.items()
            ],
            "BillingMode": "PAY_PER_REQUEST",
            **options,
        },
    )
    if ttl is not None:
        switch = {"AttributeName": ttl, "Enabled": True}
        await db.call("UpdateTimeToLive", {"TableName": name, "TimeToLiveSpecification": switch})
    for item in items:
        await db.call("PutItem", {"TableName": name, "Item": item})


def odd_item(number: int) -> AttributeMap:
    """An item of a table in which attributes have several types, odd names, and odd forms."""
    item: AttributeMap = {
        "class": {"B": b"k%d" % number},
        "mro": {"BOOL": True},
        "self": {"S": "me"},
        "2nd": {"N": "1E+30"},
        "Decimal": {"N": "0.1"},
        "datetime": {"S": "no time"},
        'we"ird\'\n """ name\\': {"S": "x"},
        "größe": {"N": "5"},
        "Größe": {"N": "6"},
        "ࠚ": {"M": {"1": {"N": "1"}}},
        "huge": {"N": "1E+120"},
        "ours": {"S": f"2026-01-01T00:00:{number:02d}.000000Z"},
        "theirs": {"S": f"2026-01-01T00:00:{number:02d}Z"},
        "pynamodbs": {"S": f"2026-01-01T00:00:{number:02d}.000000+0000"},
        "no_day": {"S": f"2026-02-30T00:00:{number:02d}.000000Z"},
        "status": {"S": ("open", "paid")[number % 2]},
        "tags": {"SS": ["a", "b"]},
        "counts": {"NS": ["1", "25"]},
        "prices": {"NS": ["1", "2.5"]},
        "blobs": {"BS": [b"a"]},
        "scalars": ({"S": "a"}, {"N": "1"}, {"BOOL": False})[number % 3],
        "text_or_time": ({"S": "2026-01-01T00:00:00.000000Z"}, {"N": "1"})[number % 2],
        "text_or_list": ({"S": "a"}, {"L": []})[number % 2],
        "null_or_number": ({"NULL": True}, {"N": "1.50"})[number % 2],
        "always_null": {"NULL": True},
        "list": {"L": [{"N": "1"}, {"S": "x"}, {"NULL": True}]},
        "empty_list": {"L": []},
        "empty_map": {"M": {}},
        "address": {
            "M": {
                "street": {"S": f"Street {number}"},
                "class": {"N": "5"},
                "geo": {"M": {"lat": {"N": "1.5"}, "address": {"M": {"x": {"N": "1"}}}}},
            }
        },
        "by-day": {"M": {f"2026-01-{number:02d}": {"N": "1"}}},
        "lines": {
            "L": [
                {"M": {"sku": {"S": "x"}, "quantity": {"N": str(number)}}},
                {"M": {"sku": {"S": "y"}, "note": {"NULL": True}}},
            ]
        },
        "expires_at": {"N": "1700000000"},
    }
    if number % 3:
        item["group"] = {"S": "g"}
    seen: dict[str, Any] = {
        "text": {"S": "x"},
        "number": {"N": "7"},
        "moment": {"S": "2026-01-01T00:00:00.000000Z"},
        "names": {"SS": ["x"]},
        "map": {"M": {"a": {"N": "1"}}},
    }
    if number % 3 == 0:
        item |= {f"some_{name}": value for name, value in seen.items()}
        item["rare"] = {"L": [{"BOOL": True}]}
    if number % 3 == 1:
        item |= {f"some_{name}": {"NULL": True} for name in seen}
    return item


ODD_INDEX = {
    "IndexName": "by-group",
    "KeySchema": key_schema("group", "rank"),
    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["nowhere", "status"]},
}
ODD_OPTIONS: dict[str, Any] = {
    "ttl": "expires_at",
    "more_types": {"group": "S", "rank": "N"},
    "GlobalSecondaryIndexes": [ODD_INDEX],
}
