"""SELECTs from indexes."""

from __future__ import annotations

import pytest

from tests.memory.partiql.shop import Shop, order


@pytest.mark.parametrize(
    ("index", "condition", "notes"),
    [
        ("by-status", "status = 'open'", "a3 b3 a1 b1"),
        ("by-status", "status = 'open' AND total = 97", "a3 b3"),
        ("by-status", "status = 'open' AND total > 97 ORDER BY total DESC", "a1 b1"),
        ("by-status", "status = 'open' AND note = 'a1'", "a1"),
        ("by-status", "status = 'open' AND pk = 'b'", "b3 b1"),
        ("by-status", "total = 98", "a2 b2"),
        ("by-status", "status = 'lost'", ""),
    ],
)
def test_a_global_index_is_read_by_its_own_key(
    shop: Shop, index: str, condition: str, notes: str
) -> None:
    found = shop.notes(f'SELECT * FROM "Orders"."{index}" WHERE {condition}')
    assert sorted(found) == sorted(notes.split())


def test_an_index_answers_what_it_holds(shop: Shop) -> None:
    (found,) = shop.items(
        "SELECT * FROM Orders.\"keys-only\" WHERE status = 'open' AND sk = 1 AND pk = 'a'"
    )
    whole = order("a", 1)
    assert found == {name: whole[name] for name in ("pk", "sk", "status")}


def test_a_local_index_fetches_what_it_does_not_hold(shop: Shop) -> None:
    statement = "SELECT {} FROM Orders.\"by-total\" WHERE pk = 'a' AND total >= 98 ORDER BY total"
    assert shop.notes(statement.format("note")) == ["a2", "a1"]
    keys = [{name: order("a", at)[name] for name in ("pk", "sk", "total")} for at in (2, 1)]
    assert shop.items(statement.format("*")) == keys
    held = shop.run(statement.format("total"), ReturnConsumedCapacity="INDEXES")
    fetched = shop.run(statement.format("note"), ReturnConsumedCapacity="INDEXES")
    assert held["ConsumedCapacity"] == {
        "TableName": "Orders",
        "CapacityUnits": 0.5,
        "Table": {"CapacityUnits": 0.0},
        "LocalSecondaryIndexes": {"by-total": {"CapacityUnits": 0.5}},
    }
    assert fetched["ConsumedCapacity"] == {
        "TableName": "Orders",
        "CapacityUnits": 1.5,
        "Table": {"CapacityUnits": 1.0},
        "LocalSecondaryIndexes": {"by-total": {"CapacityUnits": 0.5}},
    }


@pytest.mark.parametrize(
    ("statement", "request_", "message"),
    [
        (
            'SELECT * FROM "Orders"."nope"',
            {},
            "The table does not have the specified index",
        ),
        (
            'SELECT * FROM "Orders"."by-status"',
            {"ConsistentRead": True},
            "Strongly consistent read is not supported on Global Secondary Indexes",
        ),
        (
            "SELECT sk, l, note FROM Orders.\"keys-only\" WHERE status = 'open'",
            {},
            (
                "One or more parameter values were invalid: Global secondary index keys-only"
                " does not"
                " project [l, note]"
            ),
        ),
        (
            "SELECT sk FROM Orders.\"keys-only\" WHERE status = 'open' AND note = 'a1'",
            {},
            (
                "One or more parameter values were invalid: Secondary index keys-only does not"
                " project"
                " one or more filter attributes: [note]"
            ),
        ),
        (
            "SELECT sk FROM Orders.\"by-total\" WHERE pk = 'a' AND note = 'a1'",
            {},
            (
                "One or more parameter values were invalid: Secondary index by-total does not"
                " project"
                " one or more filter attributes: [note]"
            ),
        ),
        (
            "SELECT * FROM Orders.\"by-status\" WHERE status = 'open' ORDER BY sk",
            {},
            "Attribute sk in ORDER BY clause must be part of the primary key",
        ),
        (
            'SELECT * FROM Orders."by-status" WHERE status = 5',
            {},
            "Key attribute's data type should match its data type in table's schema: Key status",
        ),
    ],
)
def test_refusals_of_an_index(
    shop: Shop, statement: str, request_: dict[str, bool], message: str
) -> None:
    assert shop.refusal(statement, **request_) == message


def test_a_local_index_can_be_read_consistently(shop: Shop) -> None:
    statement = "SELECT * FROM Orders.\"by-total\" WHERE pk = 'a' AND total = 99"
    assert len(shop.items(statement, ConsistentRead=True)) == 1


def test_a_scan_of_an_index_may_filter_by_attributes_that_it_does_not_hold(shop: Shop) -> None:
    assert shop.items("SELECT * FROM Orders.\"keys-only\" WHERE note = 'a1'") == []


def test_an_index_of_several_attributes_cannot_be_read(shop: Shop) -> None:
    shop.call(
        "CreateTable",
        TableName="Wide",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in "pab"],
        KeySchema=[{"AttributeName": "p", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "wide",
                "KeySchema": [
                    {"AttributeName": "a", "KeyType": "HASH"},
                    {"AttributeName": "b", "KeyType": "HASH"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    assert shop.refusal("SELECT * FROM Wide.wide WHERE a = 'x' AND b = 'y'") == (
        "PartiQL statements cannot be executed on tables with multi-attribute HASH keys or"
        " multi-attribute RANGE keys."
    )
    assert shop.items("SELECT * FROM Wide") == []
