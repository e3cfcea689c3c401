"""DMS documents of models, and models of DMS documents."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

import pytest

import adorm
from adorm.exchange.dms_documents import read_document
from tests.support import keyed_models
from tests.support.generated import models_in, table_of


class Status(StrEnum):
    OPEN = "open"
    PAID = "paid"


@adorm.model
class Line:
    sku: str
    quantity: int = 1


@adorm.model(
    table="orders",
    indexes=[
        adorm.GlobalIndex("by-status", partition="status", sort="placed_at"),
        adorm.GlobalIndex("by-code", partition="code", projection="KEYS_ONLY"),
        adorm.LocalIndex("by-total", sort="total", projection=["status", "lines"]),
    ],
)
class Order:
    customer_id: UUID = adorm.partition_key()
    order_id: int = adorm.sort_key(name="orderID")
    status: Status = Status.OPEN
    placed_at: datetime | None = None
    total: Decimal = Decimal(0)
    code: bytes | None = None
    day: date | None = None
    took: timedelta | None = None
    weight: float = 0.0
    is_gift: bool = False
    kind: Literal["a", "b"] = "a"
    lines: list[Line] = adorm.attribute(factory=list)
    first: Line | None = None
    by_day: dict[str, int] = adorm.attribute(factory=dict, omit_empty=True)
    tags: set[str] = adorm.attribute(factory=set)
    counts: list[int] = adorm.attribute(factory=list, as_set=True)
    prices: set[Decimal] | None = None
    note: str = adorm.attribute(default="", omit_empty=True)
    extra: dict[str, Any] = adorm.attribute(factory=dict, as_json=True)
    required_json: list[int] = adorm.attribute(as_json=True)
    nothing: None = None
    mixed: int | Decimal = 0
    title: str
    created: datetime = adorm.created_at()
    changed: datetime | None = adorm.updated_at()
    version: int = adorm.version()
    expires_at: datetime | None = adorm.ttl(name="ttl")


@adorm.model(table="users", naming="camelCase")
class User:
    user_id: str = adorm.partition_key()
    itemID: str = ""  # noqa: N815  # as others name it
    full_name: str | None = None


MODELS: list[type[Any]] = [Order, User, keyed_models.Order, keyed_models.Message, keyed_models.Repo]


def document_of(*attributes: dict[str, Any], **model: Any) -> dict[str, Any]:
    """A document of one model with the key PK."""
    key = {"attribute": "PK", "type": "S", "required": True, "roles": ["pk"]}
    content = {
        "name": "Item",
        "table": {"name": "items"},
        "keys": {"partition": {"attribute": "PK", "type": "S"}},
        "attributes": [key, *attributes],
    }
    return {"dms_version": "0.1", "namespace": "shop", "models": [{**content, **model}]}


USER_TEXT = """
dms_version: "0.1"
namespace: "shop.users"
models:
  - name: "User"
    table: { name: "users" }
    naming: { convention: "camelCase" }
    keys:
      partition: { attribute: "PK", type: "S" }
      sort: { attribute: "SK", type: "S" }
    attributes:
      - { attribute: "PK", type: "S", required: true, roles: ["pk"] }
      - { attribute: "SK", type: "S", required: true, roles: ["sk"] }
      - { attribute: "emailHash", type: "S", optional: true }
      - { attribute: "nickname", type: "S", optional: true, omit_empty: true }
      - { attribute: "tags", type: "SS", optional: true, omit_empty: true }
      - { attribute: "createdAt", type: "S", format: "rfc3339nano", roles: ["created_at"] }
      - { attribute: "updatedAt", type: "S", format: "rfc3339nano", roles: ["updated_at"] }
      - { attribute: "version", type: "N", format: "int", roles: ["version"] }
      - attribute: "ttl"
        type: "N"
        format: "unix_seconds"
        roles: ["ttl"]
        optional: true
        omit_empty: true
    indexes:
      - name: "gsi-email"
        type: "GSI"
        partition: { attribute: "emailHash", type: "S" }
        projection: { type: "ALL" }
"""
"""The facts of the model User in TableTheory's contract tests."""


@pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{model.__module__}.{model.__name__}")
def test_a_document_of_a_model_that_was_made_of_a_document_is_the_same(model: type[Any]) -> None:
    document = adorm.to_dms(model, namespace="shop")
    source = adorm.models_from_dms(json.dumps(document))
    (again,) = models_in(source)
    assert adorm.to_dms(again, namespace="shop") == document
    assert adorm.models_from_dms(adorm.to_dms(again, namespace="shop")) == source


@pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{model.__module__}.{model.__name__}")
def test_a_model_made_of_a_document_has_the_same_table(model: type[Any]) -> None:
    (again,) = models_in(adorm.models_from_dms(adorm.to_dms(model)))
    assert table_of(again) == table_of(model)


def test_the_contracts_user_comes_back_from_its_model() -> None:
    source = adorm.models_from_dms(USER_TEXT)
    assert adorm.same_dms(adorm.to_dms(*models_in(source)), read_document(USER_TEXT))
    assert 'nickname: str = adorm.attribute(default="", omit_empty=True)' in source
    assert "created_at: datetime = adorm.created_at(truncate=True)" in source


def test_types_roles_and_flags_are_those_of_the_codec() -> None:
    (model,) = adorm.to_dms(Order)["models"]
    attributes = {each.pop("attribute"): each for each in model["attributes"]}
    assert attributes["customer_id"] == {"type": "S", "required": True, "roles": ["pk"]}
    assert attributes["orderID"] == {
        "type": "N", "format": "int", "required": True, "roles": ["sk"],
    }  # fmt: skip
    assert attributes["title"] == {"type": "S", "required": True}
    assert attributes["placed_at"] == {"type": "S", "format": "rfc3339nano", "optional": True}
    assert attributes["tags"] == {"type": "SS", "optional": True, "omit_empty": True}
    assert attributes["counts"] == {
        "type": "NS", "format": "int", "optional": True, "omit_empty": True,
    }  # fmt: skip
    assert attributes["prices"] == {"type": "NS", "optional": True, "omit_empty": True}
    assert attributes["extra"] == {"type": "S", "optional": True, "json": True}
    assert attributes["created"] == {
        "type": "S", "format": "rfc3339nano", "roles": ["created_at"],
    }  # fmt: skip
    assert attributes["changed"]["optional"] is True
    assert attributes["version"] == {"type": "N", "format": "int", "roles": ["version"]}
    assert attributes["nothing"] == {"type": "NULL", "optional": True}
    assert attributes["mixed"] == {"type": "N", "optional": True}
    assert [index["type"] for index in model["indexes"]] == ["GSI", "GSI", "LSI"]
    assert model["indexes"][2]["projection"] == {"type": "INCLUDE", "fields": ["lines", "status"]}


def test_a_convention_is_named_where_it_gives_every_name() -> None:
    conventions = [model.get("naming") for model in adorm.to_dms(Order, User)["models"]]
    assert conventions == [None, {"convention": "camelCase"}]


def test_a_key_of_parts_is_written_by_its_attributes() -> None:
    (model,) = adorm.to_dms(keyed_models.Order)["models"]
    assert model["keys"] == {
        "partition": {"attribute": "PK", "type": "S"},
        "sort": {"attribute": "SK", "type": "S"},
    }
    attributes = {each["attribute"]: each for each in model["attributes"]}
    assert attributes["PK"]["required"]
    assert attributes["GSI1PK"]["optional"]


def test_what_the_format_can_not_say_is_refused() -> None:
    @adorm.model(table="items")
    class Mixed:
        pk: str = adorm.partition_key()
        value: int | str = 0

    @adorm.model(table="items")
    class Untyped:
        pk: str = adorm.partition_key()
        value: Any = None

    @adorm.model(table="items", indexes=[adorm.GlobalIndex("wide", partition=["city", "street"])])
    class Wide:
        pk: str = adorm.partition_key()
        city: str
        street: str

    @adorm.model
    class Homeless:
        pk: str = adorm.partition_key()

    refused = {
        Mixed: r"Mixed\.value is stored as N or S",
        Untyped: r"Untyped\.value: Any may be stored as anything",
        Wide: r"index 'wide' has 2 partition",
        Homeless: "names no table",
    }
    for model, words in refused.items():
        with pytest.raises(adorm.UsageError, match=words):
            adorm.to_dms(model)
    with pytest.raises(adorm.UsageError, match="at least one model"):
        adorm.to_dms()
    with pytest.raises(adorm.UsageError, match="two models are named Order"):
        adorm.to_dms(Order, keyed_models.Order)


def test_what_adorm_has_no_word_for_stands_in_comments() -> None:
    secret = {"attribute": "secret", "type": "S", "optional": True, "encryption": {"v": 1}}
    amount = {"attribute": "amount", "type": "N", "optional": True, "omit_empty": True, "tags": [1]}
    document = document_of(secret, amount, owner="team-a")
    source = adorm.models_from_dms({**document, "license": "none\n\nx = 1"})
    assert '# DMS: {"license": "none\\n\\nx = 1"}' in source
    assert '# DMS: {"owner": "team-a"}' in source
    assert '# DMS: {"encryption": {"v": 1}}' in source
    assert '# DMS: {"omit_empty": true, "tags": [1]}' in source
    assert "secret: dict[str, Any] | None = None" in source
    assert "amount: Decimal | None = None" in source
    models_in(source)


def test_a_number_is_a_decimal_without_the_format_int() -> None:
    source = adorm.models_from_dms(
        document_of(
            {"attribute": "a", "type": "N"},
            {"attribute": "b", "type": "N", "format": "int", "required": True},
            {"attribute": "c", "type": "NS", "format": "int"},
        )
    )
    assert "a: Decimal | None = None" in source
    assert "b: int\n" in source
    assert "c: set[int] = adorm.attribute(factory=set)" in source


def _without(document: dict[str, Any], *path: Any) -> dict[str, Any]:
    *steps, last = path
    inner: Any = document
    for step in steps:
        inner = inner[step]
    del inner[last]
    return document


GOOD = adorm.to_dms(Order)
MISTAKES: dict[str, Callable[[dict[str, Any]], object]] = {
    r"adorm reads '0\.1'": lambda d: d.update(dms_version="0.2"),
    "no models": lambda d: d.update(models=[]),
    "models is a list of maps": lambda d: d.update(models="x"),
    "a DMS model has no name": lambda d: _without(d, "models", 0, "name"),
    "is there twice": lambda d: d["models"].append(d["models"][0]),
    r"table has no name": lambda d: _without(d, "models", 0, "table"),
    r"no keys\.partition": lambda d: _without(d, "models", 0, "keys"),
    "no attributes": lambda d: d["models"][0].update(attributes=[]),
    "attribute status is there twice": lambda d: d["models"][0]["attributes"].append(
        {"attribute": "status", "type": "S"}
    ),
    "both required and optional": lambda d: d["models"][0]["attributes"][2].update(required=True),
    "json goes with type S": lambda d: d["models"][0]["attributes"][4].update(json=True),
    "both json and binary": lambda d: d["models"][0]["attributes"][2].update(
        json=True, binary=True
    ),
    "none of DynamoDB's": lambda d: d["models"][0]["attributes"][2].update(type="X"),
    "customer_id, which is none": lambda d: _without(d, "models", 0, "attributes", 0),
    "has type N, as an attribute S": lambda d: d["models"][0]["keys"]["partition"].update(type="N"),
    "index by-code is there twice": lambda d: d["models"][0]["indexes"].append(
        d["models"][0]["indexes"][1]
    ),
    "'GSI' or 'LSI'": lambda d: d["models"][0]["indexes"][0].update(type="XSI"),
    "has no partition": lambda d: _without(d, "models", 0, "indexes", 0, "partition"),
    "the partition key of its table": lambda d: d["models"][0]["indexes"][0].update(type="LSI"),
    r"projection\.type": lambda d: d["models"][0]["indexes"][0]["projection"].update(type="X"),
    "projection has 'x'": lambda d: d["models"][0]["indexes"][2]["projection"].update(fields=["x"]),
    "no number of JSON": lambda d: d.update(extra=float("nan")),
    "is no text": lambda d: d.update(extra={1: 2}),
    "nothing that JSON has": lambda d: d.update(extra=datetime(2026, 1, 1, tzinfo=UTC)),
}


@pytest.mark.parametrize("words", MISTAKES)
def test_a_document_with_a_mistake_is_refused(words: str) -> None:
    document = copy.deepcopy(GOOD)
    MISTAKES[words](document)
    with pytest.raises(adorm.ModelError, match=words):
        adorm.models_from_dms(document)


def test_a_text_that_is_no_document_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for text, words in {"a: [": "neither JSON nor YAML", "[]": "is a map"}.items():
        with pytest.raises(adorm.ModelError, match=words):
            adorm.models_from_dms(text)
    with pytest.raises(adorm.UsageError, match="its text or a dict"):
        adorm.models_from_dms(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # on purpose

    def without_yaml(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr("adorm.exchange.dms_documents.import_module", without_yaml)
    with pytest.raises(adorm.UsageError, match="install PyYAML"):
        adorm.models_from_dms(USER_TEXT)


def test_same_dms_ignores_order_formats_and_names_of_tables_if_asked() -> None:
    other = copy.deepcopy(GOOD)
    (model,) = other["models"]
    model["attributes"].reverse()
    model["indexes"].reverse()
    for attribute in model["attributes"]:
        attribute.pop("format", None)
    other["namespace"] = "elsewhere"
    assert adorm.same_dms(GOOD, other)
    model["table"]["name"] = "orders-dev"
    assert not adorm.same_dms(GOOD, other)
    assert adorm.same_dms(GOOD, other, table_names=False)
    model["attributes"][3]["omit_empty"] = not model["attributes"][3].get("omit_empty")
    assert not adorm.same_dms(GOOD, other, table_names=False)
