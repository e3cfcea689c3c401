"""Properties of every statement."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings, strategies as st

from adorm.memory.engine import Engine
from adorm.memory.errors import EngineError
from adorm.memory.values.canonical import canonical_item, canonical_value
from tests.memory.partiql.generated import (
    ITEMS,
    NAMES,
    VALUES,
    Condition,
    conditions,
    literal,
)
from tests.memory.partiql.shop import Item, Shop, Value, open_shop, text

OVERLAP = "Overlapping conditions with range keys are not supported in where clause"


def _items_shop(items: list[Item]) -> Shop:
    shop = Shop(Engine())
    shop.call(
        "CreateTable",
        TableName="items",
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "N"},
        ],
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "turned",
                "KeySchema": [
                    {"AttributeName": "sk", "KeyType": "HASH"},
                    {"AttributeName": "pk", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    for item in items:
        shop.call("PutItem", TableName="items", Item=item)
    return shop


def _in_order(items: list[Item]) -> list[Item]:
    return sorted(items, key=lambda item: (item["pk"]["S"], float(item["sk"]["N"])))


@settings(max_examples=300, deadline=None)
@given(
    items=ITEMS,
    condition=conditions(),
    source=st.sampled_from(["items", "items.turned"]),
    limit=st.integers(1, 5) | st.none(),
)
def test_a_select_finds_the_items_that_plain_python_finds(
    items: list[Item], condition: Condition, source: str, limit: int | None
) -> None:
    shop = _items_shop(items)
    request: dict[str, Any] = {} if limit is None else {"Limit": limit}
    found: list[Item] = []
    try:
        for _ in range(100):
            answer = shop.run(f"SELECT * FROM {source} WHERE {condition.text}", **request)
            found += answer["Items"]
            if "NextToken" not in answer:
                break
            request["NextToken"] = answer["NextToken"]
    except EngineError as error:
        assert error.message == OVERLAP
        return
    assert _in_order(found) == _in_order([item for item in items if condition.holds(item)])


@settings(deadline=None)
@given(items=ITEMS, condition=conditions(), descending=st.booleans())
def test_results_are_in_the_order_of_order_by(
    items: list[Item], condition: Condition, descending: bool
) -> None:
    shop = _items_shop(items)
    statement = f"SELECT * FROM items WHERE pk = 'a' AND ({condition.text}) ORDER BY sk"
    try:
        found = shop.items(f"{statement} DESC" if descending else statement)
    except EngineError as error:
        assert error.code == "ValidationException"
        return
    wanted = [item for item in items if item["pk"] == text("a") and condition.holds(item)]
    ordered = _in_order(wanted)
    assert found == (ordered[::-1] if descending else ordered)


@settings(deadline=None)
@given(items=ITEMS, condition=conditions())
def test_a_delete_and_an_update_hold_the_condition_against_their_item(
    items: list[Item], condition: Condition
) -> None:
    shop = _items_shop(items)
    for item in items:
        key = f"pk = '{item['pk']['S']}' AND sk = {item['sk']['N']}"
        where = f"WHERE {key} AND ({condition.text})"
        for statement in (f"UPDATE items SET z = 1 {where}", f"DELETE FROM items {where}"):
            try:
                shop.run(statement)
                done = True
            except EngineError as error:
                if error.code == "ValidationException":
                    assert error.message.startswith("Multiple conditions on same key")
                    continue
                assert error.code == "ConditionalCheckFailedException"
                done = False
            assert done is condition.holds(item)


def _as_stored(item: Item) -> Item:
    return {name: _sorted(value) for name, value in canonical_item(item).items()}


def _sorted(value: Value) -> Value:
    ((tag, content),) = value.items()
    match tag:
        case "SS" | "NS":
            return {tag: sorted(content)}
        case "L":
            return {tag: [_sorted(each) for each in content]}
        case "M":
            return {tag: {name: _sorted(each) for name, each in content.items()}}
        case _:
            return value


@settings(deadline=None)
@given(attributes=st.dictionaries(NAMES, VALUES, max_size=4), key=st.text(min_size=1, max_size=9))
def test_inserted_literals_are_read_back(attributes: dict[str, Value], key: str) -> None:
    shop = open_shop()
    item = {**attributes, "pk": text(key)}
    whole = literal({"M": item})
    if key == "one":
        return
    shop.run(f"INSERT INTO Things VALUE {whole}")
    stored = _as_stored(item)
    where = f"WHERE pk = {literal(text(key))}"
    (found,) = shop.items(f"SELECT * FROM Things {where}")
    assert {name: _sorted(value) for name, value in found.items()} == stored
    for name, value in attributes.items():
        quoted = '"' + name.replace('"', '""') + '"'
        equal = f"SELECT {quoted} FROM Things {where} AND {quoted} = {literal(value)}"
        (column,) = shop.items(equal)
        assert {each: _sorted(other) for each, other in column.items()} == {name: stored[name]}
    (old,) = shop.items(f"DELETE FROM Things {where} RETURNING ALL OLD *")
    assert {name: _sorted(value) for name, value in old.items()} == stored


@settings(deadline=None)
@given(value=VALUES)
def test_a_literal_and_a_parameter_are_the_same_value(value: Value) -> None:
    shop = open_shop()
    shop.run(f"UPDATE Things SET a = {literal(value)}, b = ? WHERE pk = 'one'", value)
    stored = shop.thing()
    assert stored is not None
    assert _sorted(stored["a"]) == _sorted(stored["b"]) == _sorted(canonical_value(value))
