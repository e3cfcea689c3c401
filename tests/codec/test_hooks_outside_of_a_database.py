"""Hooks and options of a database where items are read and written without it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import cattrs
import pytest

import adorm
from adorm.testing import stream_event, stream_record

pytestmark = pytest.mark.anyio


class Money:
    def __init__(self, cents: int) -> None:
        self.cents = cents

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Money) and other.cents == self.cents

    def __hash__(self) -> int:
        return self.cents


@adorm.model(table="accounts")
class Account:
    account_id: str = adorm.partition_key()
    balance: Money
    parts: list[Money] = adorm.attribute(factory=list)


@pytest.fixture
def db() -> adorm.Database:
    made = adorm.connect("memory")
    made.converter.register_unstructure_hook(Money, lambda money: {"N": str(money.cents)})
    made.converter.register_structure_hook(Money, lambda stored, _: Money(int(stored["N"])))
    return made


ACCOUNT = Account(account_id="a", balance=Money(500), parts=[Money(1)])
ITEM = {"account_id": {"S": "a"}, "balance": {"N": "500"}, "parts": {"L": [{"N": "1"}]}}
PLAIN = {"account_id": "a", "balance": 500, "parts": [1]}


@pytest.mark.parametrize("by", ["db", "converter"])
def test_hooks_reach_everything_that_reads_and_writes_without_a_database(
    db: adorm.Database, by: str
) -> None:
    whose: dict[str, Any] = {"db": db} if by == "db" else {"converter": db.converter}
    assert adorm.to_attribute_map(ACCOUNT, **whose) == ITEM
    assert adorm.from_attribute_map(Account, ITEM, **whose) == ACCOUNT
    assert adorm.to_plain(ACCOUNT, **whose) == PLAIN
    assert adorm.from_plain(Account, PLAIN, **whose) == ACCOUNT
    record = stream_record(new=ACCOUNT, **whose)
    assert record["dynamodb"]["NewImage"] == ITEM
    assert adorm.from_stream_record(record, Account, **whose).new == ACCOUNT


def test_without_a_database_there_are_no_hooks(db: adorm.Database) -> None:
    with pytest.raises(adorm.ModelError, match="can't be stored"):
        adorm.to_plain(ACCOUNT)
    with pytest.raises(adorm.ModelError, match="can't be stored"):
        adorm.to_plain(ACCOUNT, db=adorm.connect("memory"))


async def test_hooks_reach_handlers_of_streams(db: adorm.Database) -> None:
    seen: list[Account] = []
    changes = adorm.StreamHandler()

    @changes.insert(Account)
    async def created(account: Account) -> None:
        seen.append(account)

    assert await changes(stream_event(stream_record(new=ACCOUNT, db=db)), None, db) == {
        "batchItemFailures": []
    }
    assert seen == [ACCOUNT]


def test_what_is_no_database_and_no_converter_of_one_is_refused(db: adorm.Database) -> None:
    nothing: Any = object()
    with pytest.raises(adorm.UsageError, match="give one of them"):
        adorm.to_plain(ACCOUNT, db=db, converter=db.converter)
    with pytest.raises(adorm.UsageError, match=r"db= takes a database"):
        adorm.to_plain(ACCOUNT, db=nothing)
    for converter in (cattrs.Converter(), nothing):
        with pytest.raises(
            adorm.UsageError, match=r"converter= takes a database's own, db\.converter"
        ):
            adorm.to_plain(ACCOUNT, converter=converter)


async def test_rows_of_select_become_plain_lists(db: adorm.Database) -> None:
    @adorm.model
    class Line:
        sku: str

    @adorm.model(table="orders")
    class Order:
        order_id: str = adorm.partition_key()
        total: Decimal = Decimal(0)
        at: datetime | None = None
        tags: set[str] = adorm.attribute(factory=set)
        lines: list[Line] = adorm.attribute(factory=list)
        price: Money | None = None

    await db.ensure_table(Order)
    orders = db.table(Order)
    at = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
    await orders.put(
        Order(
            order_id="a",
            total=Decimal("1.5"),
            at=at,
            tags={"x"},
            lines=[Line(sku="s")],
            price=Money(5),
        )
    )
    await orders.put(Order(order_id="b"))
    rows = await orders.scan().select(
        Order.order_id, Order.total, Order.at, Order.tags, Order.lines
    )
    plain = sorted(adorm.to_plain(row) for row in rows)
    assert plain == [
        ["a", 1.5, "2026-11-21T08:30:00.000000Z", ["x"], [{"sku": "s"}]],
        ["b", 0, None, [], []],
    ]
    assert sorted(adorm.to_plain(rows)) == plain
    row = await orders.get("a").select(Order.price)
    assert adorm.to_plain(row, db=db) == [5]
    assert adorm.to_plain([Line(sku="s")]) == [{"sku": "s"}]
