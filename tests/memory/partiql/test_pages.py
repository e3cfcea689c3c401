"""Limit, NextToken, pages of 1 MB, and ConsumedCapacity."""

from __future__ import annotations

from typing import Any

import pytest

from tests.memory.partiql.shop import Shop, Value, number, text


def _pages(shop: Shop, statement: str, *parameters: Value, **request: Any) -> list[list[str]]:
    """The notes on each page."""
    pages: list[list[str]] = []
    while len(pages) < 30:
        answer = shop.run(statement, *parameters, **request)
        pages.append([each["note"]["S"] for each in answer["Items"]])
        if "NextToken" not in answer:
            return pages
        request["NextToken"] = answer["NextToken"]
    raise AssertionError(pages)


@pytest.mark.parametrize(
    ("statement", "limit", "pages"),
    [
        ("SELECT * FROM Orders WHERE pk = 'a'", 3, ["a1 a2 a3", "a4"]),
        ("SELECT * FROM Orders WHERE pk = 'a'", 4, ["a1 a2 a3 a4", ""]),
        ("SELECT * FROM Orders WHERE pk = 'a'", 5, ["a1 a2 a3 a4"]),
        ("SELECT * FROM Orders WHERE pk = 'a' ORDER BY sk DESC", 3, ["a4 a3 a2", "a1"]),
        ("SELECT * FROM Orders WHERE pk = 'a' AND note <> 'a2'", 2, ["a1", "a3 a4", ""]),
        ("SELECT * FROM Orders WHERE pk = 'a' AND sk = 2", 1, ["a2", ""]),
        ("SELECT * FROM Orders WHERE pk IN ['a', 'b'] ORDER BY pk", 3, None),
        ('SELECT note FROM "Orders"."by-status" WHERE status = \'open\'', 3, None),
    ],
)
def test_limit_ends_a_page_and_its_token_begins_the_next_one(
    shop: Shop, statement: str, limit: int, pages: list[str] | None
) -> None:
    found = _pages(shop, statement, Limit=limit)
    if pages is not None:
        assert found == [each.split() for each in pages]
    together = [each for page in found for each in page]
    assert sorted(together) == sorted(_pages(shop, statement)[0])
    assert len(together) == len(set(together))


@pytest.mark.parametrize("source", ["Orders", '"Orders"."by-status"', '"Orders"."keys-only"'])
@pytest.mark.parametrize("limit", [1, 3, 7])
def test_a_scan_is_read_page_by_page(shop: Shop, source: str, limit: int) -> None:
    found: list[str] = []
    request: dict[str, Any] = {"Limit": limit}
    for _ in range(20):
        answer = shop.run(f"SELECT pk, sk FROM {source}", **request)
        assert len(answer["Items"]) <= limit
        found += [each["pk"]["S"] + each["sk"]["N"] for each in answer["Items"]]
        if "NextToken" not in answer:
            break
        request["NextToken"] = answer["NextToken"]
    assert sorted(found) == [f"{partition}{at}" for partition in "ab" for at in range(1, 5)]


def test_a_page_ends_at_one_megabyte(shop: Shop) -> None:
    for at in range(5, 9):
        shop.run(
            "INSERT INTO Orders VALUE {'pk': 'c', 'sk': ?, 'note': ?}",
            number(at),
            text("x" * 350_000),
        )
    assert [len(page) for page in _pages(shop, "SELECT * FROM Orders WHERE pk = 'c'")] == [2, 2]


def test_a_token_belongs_to_its_statement_and_parameters(shop: Shop) -> None:
    statement = "SELECT * FROM Orders WHERE pk = ?"
    token = shop.run(statement, text("a"), Limit=1)["NextToken"]
    assert shop.notes(statement, text("a"), Limit=1, NextToken=token) == ["a2"]
    assert shop.notes(statement, text("a"), NextToken=token, ConsistentRead=True) == [
        "a2",
        "a3",
        "a4",
    ]
    other = "NextToken does not match request"
    assert shop.refusal(statement, text("b"), NextToken=token) == other
    assert shop.refusal(f"{statement} ", text("a"), NextToken=token) == other
    assert shop.refusal(statement, text("a"), text("b"), NextToken=token) == other
    assert shop.refusal("SELECT * FROM Orders", NextToken=token) == other


@pytest.mark.parametrize("token", ["x", "====", "bm90IGpzb24=", "W10=", "caf\u00e9"])
def test_text_that_is_not_a_token_is_refused(shop: Shop, token: str) -> None:
    assert shop.refusal("SELECT * FROM Orders", NextToken=token) == "Invalid NextToken"


def test_a_number_parameter_is_the_same_only_with_as_many_decimal_places(shop: Shop) -> None:
    statement = "SELECT * FROM Orders WHERE total > ?"
    token = shop.run(statement, number("1.0"), Limit=1)["NextToken"]
    shop.run(statement, number("10e-1"), NextToken=token)
    assert shop.refusal(statement, number("1"), NextToken=token) == (
        "NextToken does not match request"
    )


@pytest.mark.parametrize("parameter", [{"L": []}, {"M": {}}])
def test_a_statement_with_a_document_as_a_parameter_accepts_no_token(
    shop: Shop, parameter: Value
) -> None:
    statement = "SELECT * FROM Orders WHERE note <> ?"
    token = shop.run(statement, parameter, Limit=1)["NextToken"]
    assert shop.refusal(statement, parameter, NextToken=token) == "NextToken does not match request"


def test_a_page_continues_after_an_item_that_was_removed(shop: Shop) -> None:
    statement = "SELECT * FROM Orders WHERE pk = 'a'"
    token = shop.run(statement, Limit=2)["NextToken"]
    shop.run("DELETE FROM Orders WHERE pk = 'a' AND sk = 2")
    assert shop.notes(statement, NextToken=token) == ["a3", "a4"]


# ------------------------------------------------------------------- capacity


@pytest.mark.parametrize(
    ("statement", "consistent", "units"),
    [
        ("SELECT * FROM Orders WHERE pk = 'a'", False, 0.5),
        ("SELECT * FROM Orders WHERE pk = 'a'", True, 1.0),
        ("SELECT * FROM Orders WHERE pk = 'nobody'", False, 0.5),
        ("SELECT * FROM Orders", True, 1.0),
        ("SELECT * FROM Orders WHERE pk = 'a' AND sk = 1", True, 1.0),
    ],
)
def test_reads_are_charged_by_what_they_read(
    shop: Shop, statement: str, consistent: bool, units: float
) -> None:
    request: dict[str, Any] = {"ConsistentRead": True} if consistent else {}
    answer = shop.run(statement, ReturnConsumedCapacity="TOTAL", **request)
    assert answer["ConsumedCapacity"] == {"TableName": "Orders", "CapacityUnits": units}
    answer = shop.run(statement, ReturnConsumedCapacity="INDEXES", **request)
    assert answer["ConsumedCapacity"]["Table"] == {"CapacityUnits": units}
    assert "ConsumedCapacity" not in shop.run(statement, **request)
    assert "ConsumedCapacity" not in shop.run(statement, ReturnConsumedCapacity="NONE", **request)


def test_writes_are_charged_with_their_indexes(shop: Shop) -> None:
    statement = "INSERT INTO Orders VALUE {'pk': 'c', 'sk': 1, 'status': 'open', 'total': 1}"
    answer = shop.run(statement, ReturnConsumedCapacity="INDEXES")
    assert answer["ConsumedCapacity"] == {
        "TableName": "Orders",
        "CapacityUnits": 4.0,
        "Table": {"CapacityUnits": 1.0},
        "LocalSecondaryIndexes": {"by-total": {"CapacityUnits": 1.0}},
        "GlobalSecondaryIndexes": {
            "by-status": {"CapacityUnits": 1.0},
            "keys-only": {"CapacityUnits": 1.0},
        },
    }
    update = "UPDATE Orders SET note = ? WHERE pk = 'a' AND sk = 1"
    answer = shop.run(update, text("x" * 3000), ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"] == {"TableName": "Orders", "CapacityUnits": 6.0}
    answer = shop.run(
        "DELETE FROM Orders WHERE pk = 'z' AND sk = 1", ReturnConsumedCapacity="TOTAL"
    )
    assert answer["ConsumedCapacity"] == {"TableName": "Orders", "CapacityUnits": 1.0}
