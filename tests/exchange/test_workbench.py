"""Files of NoSQL Workbench of models, and models of files."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

import adorm
from adorm.clock import use_clock
from adorm.dynamodb.values import canonical
from adorm.exchange.json_trees import as_list, as_map
from adorm.models import model_info
from adorm.testing import FakeClock
from tests.exchange.workbench_files import BARE, CHAT, FACETS, FILES, INCLUDED, NESTED, PROVISIONED
from tests.support import keyed_models
from tests.support.generated import models_in, run, table_of


@adorm.model(
    table="orders",
    indexes=[adorm.GlobalIndex("by-status", partition="status", projection=["total", "customer"])],
)
class Order:
    customer: str = adorm.partition_key()
    number: int = adorm.sort_key()
    status: str = "open"
    total: Decimal = Decimal(0)
    raw: bytes = b""


def in_one_order(tree: Any) -> Any:
    """A tree in which the order of lists and of members of sets does not count."""
    content, listed = as_map(tree), as_list(tree)
    if content is not None:
        return {name: in_one_order(part) for name, part in sorted(content.items())}
    if listed is not None:
        return sorted(map(in_one_order, listed), key=repr)
    return tree


def samples_of(document: dict[str, Any], models: list[type[Any]]) -> dict[type[Any], list[Any]]:
    by_table = {model_info(model).table: model for model in models}
    return {
        by_table[table["TableName"]]: [
            adorm.from_attribute_map(by_table[table["TableName"]], item)
            for item in table["TableData"]
        ]
        for table in document["DataModel"]
    }


@pytest.mark.parametrize("name", FILES)
def test_a_file_comes_back_with_every_key(name: str) -> None:
    document = copy.deepcopy(FILES[name])
    models = models_in(adorm.models_from_workbench(json.dumps(document)))
    again = adorm.to_workbench(*models, samples=samples_of(document, models))
    again["ModelMetadata"].pop("DateLastModified")
    document["ModelMetadata"].pop("DateLastModified")
    assert in_one_order(again) == in_one_order(document)


@pytest.mark.parametrize("name", FILES)
def test_the_samples_come_back_as_they_are(name: str) -> None:
    document = FILES[name]
    for model, instances in samples_of(
        document, models_in(adorm.models_from_workbench(document))
    ).items():
        table = next(t for t in document["DataModel"] if t["TableName"] == model_info(model).table)
        for instance, item in zip(instances, table["TableData"], strict=True):
            assert canonical({"M": adorm.to_attribute_map(instance)}) == canonical({"M": item})


def test_samples_make_types_more_exact() -> None:
    source = adorm.models_from_workbench(NESTED)
    assert "at: int = adorm.sort_key()" in source
    assert "position: Position | None = None" in source
    assert "trips: list[Trips] | None = None" in source
    assert 'class_: str | None = adorm.attribute(default=None, name="class")' in source
    bare = copy.deepcopy(NESTED)
    bare["DataModel"][0]["TableData"] = []
    source = adorm.models_from_workbench(bare)
    assert "at: Decimal = adorm.sort_key()" in source
    assert "position: dict[str, Any] | None = None" in source
    assert "trips: list[Any] | None = None" in source


def test_a_sample_of_another_type_than_declared_is_told() -> None:
    odd = copy.deepcopy(CHAT)
    odd["DataModel"][0]["TableData"][0]["Comment"] = {"N": "5"}
    assert "# Declared as S; the samples have N." in adorm.models_from_workbench(odd)


def test_facets_are_hints() -> None:
    source = adorm.models_from_workbench(FACETS)
    assert '# Facets of players: "Friends", ' in source
    assert run(source)["Players"].__workbench__.startswith("\n{")


def test_a_plain_file_leaves_only_its_name_behind() -> None:
    plain = {"DataModel": [{**BARE["DataModel"][0]}]}
    plain["DataModel"][0].pop("DataAccess")
    source = adorm.models_from_workbench(plain)
    assert "WORKBENCH" not in source
    assert "class AnOnlineShop:" in source


def test_a_file_of_models_has_what_workbench_expects() -> None:
    with use_clock(FakeClock(datetime(2026, 4, 1, 15, 5, tzinfo=UTC))):
        document = adorm.to_workbench(Order, samples={Order: [Order(customer="a", number=1)]})
    assert document == {
        "ModelName": "orders",
        "ModelMetadata": {
            "Author": "",
            "DateCreated": "Apr 01, 2026, 03:05 PM",
            "DateLastModified": "Apr 01, 2026, 03:05 PM",
            "Description": "",
            "AWSService": "Amazon DynamoDB",
            "Version": "3.0",
        },
        "DataModel": [
            {
                "TableName": "orders",
                "KeyAttributes": {
                    "PartitionKey": {"AttributeName": "customer", "AttributeType": "S"},
                    "SortKey": {"AttributeName": "number", "AttributeType": "N"},
                },
                "NonKeyAttributes": [
                    {"AttributeName": "status", "AttributeType": "S"},
                    {"AttributeName": "total", "AttributeType": "N"},
                    {"AttributeName": "raw", "AttributeType": "B"},
                ],
                "GlobalSecondaryIndexes": [
                    {
                        "IndexName": "by-status",
                        "KeyAttributes": {
                            "PartitionKey": {"AttributeName": "status", "AttributeType": "S"}
                        },
                        "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["total"]},
                    }
                ],
                "TableData": [
                    {
                        "customer": {"S": "a"},
                        "number": {"N": "1"},
                        "status": {"S": "open"},
                        "total": {"N": "0"},
                        "raw": {"B": ""},
                    }
                ],
                "DataAccess": {"MySql": {}},
                "BillingMode": "PAY_PER_REQUEST",
            }
        ],
    }
    (again,) = models_in(adorm.models_from_workbench(document))
    assert table_of(again) == table_of(Order)


def test_models_of_one_table_become_one_entry_with_keys_of_parts() -> None:
    order = keyed_models.Order(user_name="ada", order_id="o1")
    document = adorm.to_workbench(
        keyed_models.Order, keyed_models.Message, samples={keyed_models.Order: [order]}
    )
    (table,) = document["DataModel"]
    assert table["KeyAttributes"]["SortKey"] == {"AttributeName": "SK", "AttributeType": "S"}
    names = [each["AttributeName"] for each in table["NonKeyAttributes"]]
    assert {"GSI1PK", "_type", "status", "message_id"} <= set(names)
    assert len(set(names)) == len(names)
    assert table["TableData"][0]["PK"] == {"S": "CUSTOMER#ada"}
    (again,) = models_in(adorm.models_from_workbench(document))
    assert {"GSI1"} <= set(model_info(again).indexes)


def test_what_the_format_can_not_say_is_refused() -> None:
    @adorm.model(table="orders")
    class Mixed:
        pk: str = adorm.partition_key()
        value: int | str = 0

    @adorm.model(table="orders")
    class OtherType:
        customer: str = adorm.partition_key()
        number: int = adorm.sort_key()
        total: str = ""

    @adorm.model(table="orders", indexes=[adorm.LocalIndex("by-day", sort="day")])
    class Local:
        pk: str = adorm.partition_key()
        sk: str = adorm.sort_key()
        day: str = ""

    @adorm.model(table="orders", indexes=[adorm.GlobalIndex("by-status", partition="status")])
    class OtherIndex:
        customer: str = adorm.partition_key()
        number: int = adorm.sort_key()
        status: str = ""

    refused: list[tuple[list[type[Any]], str]] = [
        ([], "at least one model"),
        ([Mixed], "stored as N or S"),
        ([Order, Mixed], "their keys differ"),
        ([Order, OtherType], "total is stored as S, in another model of table orders as N"),
        ([Local], "index 'by-day' is local"),
        ([Order, OtherIndex], "is another one in another model"),
    ]
    for models, words in refused:
        with pytest.raises(adorm.UsageError, match=words):
            adorm.to_workbench(*models)
    with pytest.raises(adorm.UsageError, match="none of the models given"):
        adorm.to_workbench(Order, samples={OtherIndex: []})
    with pytest.raises(adorm.UsageError, match="an instance of Order is expected"):
        adorm.to_workbench(Order, samples={Order: [5]})


def test_a_changed_constant_is_refused() -> None:
    (model,) = models_in(adorm.models_from_workbench(CHAT))
    model.__workbench__ = "{"
    with pytest.raises(adorm.UsageError, match="not what models_from_workbench"):
        adorm.to_workbench(model)


MISTAKES: dict[str, Callable[[dict[str, Any]], object]] = {
    "has no tables": lambda d: d.update(DataModel=[]),
    "a table of .* has no TableName": lambda d: d["DataModel"][0].pop("TableName"),
    "is there twice": lambda d: d["DataModel"].append(d["DataModel"][0]),
    "no KeyAttributes": lambda d: d["DataModel"][0].pop("KeyAttributes"),
    "none of DynamoDB's": lambda d: d["DataModel"][0]["NonKeyAttributes"][0].update(
        AttributeType="X"
    ),
    "has two types": lambda d: d["DataModel"][0]["NonKeyAttributes"].append(
        {"AttributeName": "Due", "AttributeType": "N"}
    ),
    "has Due as N": lambda d: d["DataModel"][0]["GlobalSecondaryIndexes"][0]["KeyAttributes"][
        "PartitionKey"
    ].update(AttributeType="N"),
    "a key is S, N or B": lambda d: d["DataModel"][0]["KeyAttributes"]["SortKey"].update(
        AttributeType="BOOL"
    ),
    "no IndexName": lambda d: d["DataModel"][0]["GlobalSecondaryIndexes"][0].pop("IndexName"),
    "projects 'x'": lambda d: d["DataModel"][0]["GlobalSecondaryIndexes"][0]["Projection"].update(
        NonKeyAttributes=["x"]
    ),
    "no ProjectionType": lambda d: d["DataModel"][0]["GlobalSecondaryIndexes"][0]["Projection"].pop(
        "ProjectionType"
    ),
}


@pytest.mark.parametrize("words", MISTAKES)
def test_a_file_with_a_mistake_is_refused(words: str) -> None:
    document = copy.deepcopy(INCLUDED)
    MISTAKES[words](document)
    with pytest.raises(adorm.ModelError, match=words):
        adorm.models_from_workbench(document)


def test_a_text_that_is_no_file_is_refused() -> None:
    with pytest.raises(adorm.UsageError, match="is JSON, and this text is none"):
        adorm.models_from_workbench("{")
    with pytest.raises(adorm.ModelError, match="an object with DataModel"):
        adorm.models_from_workbench("[]")


def test_two_files_keep_their_tables_apart() -> None:
    models = models_in(adorm.models_from_workbench(PROVISIONED))
    document = adorm.to_workbench(models[1])
    assert [table["TableName"] for table in document["DataModel"]] == ["operators"]
    assert document["ModelMetadata"]["UnknownOfMetadata"] == [1, 2]
