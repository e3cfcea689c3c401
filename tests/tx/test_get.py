"""Reading several items at one moment."""

from __future__ import annotations

from typing import Any

import pytest

import adorm
from tests.support.accounts import Account, Entry, canceled, scripted

pytestmark = pytest.mark.anyio


async def test_each_key_is_asked_for_once_and_answered_in_place() -> None:
    answer: dict[str, Any] = {
        "Responses": [
            {"Item": {"name": {"S": "a"}, "balance": {"N": "5"}, "version": {"N": "1"}}},
            {"Item": {"account": {"S": "a"}, "number": {"N": "1"}}},
            {},
        ]
    }
    db, transport = scripted(answer)
    accounts, entries = db.table(Account), db.table(Entry)
    got = await db.transact_get(
        accounts.key("a"), entries.key("a", 1), accounts.key("none"), accounts.key("a")
    )
    account = Account(name="a", balance=5, version=1)
    assert got == (account, Entry(account="a", number=1), None, account)
    assert got[0] is not got[3]
    assert transport.sent == [
        (
            "TransactGetItems",
            {
                "TransactItems": [
                    {"Get": {"TableName": "accounts", "Key": {"name": {"S": "a"}}}},
                    {
                        "Get": {
                            "TableName": "ledger",
                            "Key": {"account": {"S": "a"}, "number": {"N": "1"}},
                        }
                    },
                    {"Get": {"TableName": "accounts", "Key": {"name": {"S": "none"}}}},
                ]
            },
        )
    ]


async def test_a_key_leads_to_its_table_by_the_names_of_this_database() -> None:
    db, _ = scripted(table_prefix="dev-")
    other, _ = scripted(table_prefix="prod-")
    keys = [
        db.table(Account).key("a"),
        db.table(Account, name="old").key("a"),
        other.table(Account).key("b"),
    ]
    request = db.transact_get_all(keys).request()
    assert [get["Get"]["TableName"] for get in request["TransactItems"]] == [
        "dev-accounts",
        "old",
        "dev-accounts",
    ]


async def test_nothing_to_read_sends_nothing() -> None:
    db, transport = scripted()
    assert await db.transact_get_all([]) == []
    assert transport.sent == []


async def test_mistakes_are_named_by_place_and_nothing_is_sent() -> None:
    db, transport = scripted()
    accounts = db.table(Account)
    wrong: Any = "a"
    with pytest.raises(adorm.UsageError, match=r"key 2 of transact_get\(\) is 'a': .* orders\.key"):
        db.transact_get(accounts.key("a"), wrong)
    with pytest.raises(adorm.UsageError, match="101 keys are given, and DynamoDB reads 100"):
        await db.transact_get_all([accounts.key(str(number)) for number in range(101)])
    with pytest.raises(adorm.UsageError, match=r"Account\.name is part of a key") as caught:
        await db.transact_get_all([accounts.key("a"), accounts.key("")])
    assert caught.value.__notes__ == ["this is key 2 of 2, Account "]
    assert transport.sent == []


async def test_conflicts_are_retried_and_then_told_by_item() -> None:
    conflict = canceled([None, "TransactionConflict"], operation="TransactGetItems")
    db, transport = scripted(conflict, conflict, {"Responses": [{}, {}]})
    accounts = db.table(Account)
    both = db.transact_get(accounts.key("a"), accounts.key("b"))
    assert await both == (None, None)
    assert len(transport.sent) == 3
    transport.outcomes.append(conflict)
    with pytest.raises(adorm.TransactionCanceled) as caught:
        await both.retry(adorm.RetryPolicy(max_attempts=1))
    assert [(reason.operation, reason.code) for reason in caught.value.reasons] == [
        ("get Account a", None),
        ("get Account b", "TransactionConflict"),
    ]
    assert "TransactGetItems on Account a and 1 more" in str(caught.value)


async def test_a_lost_answer_to_a_read_leaves_nothing_open() -> None:
    db, _ = scripted(*[adorm.ConnectionFailed("gone", maybe_applied=True)] * 5)
    with pytest.raises(adorm.ConnectionFailed) as caught:
        await db.transact_get(db.table(Account).key("a"))
    assert not caught.value.maybe_applied


async def test_an_item_that_does_not_fit_says_which() -> None:
    db, _ = scripted({"Responses": [{"Item": {"name": {"S": "a"}, "balance": {"S": "much"}}}]})
    with pytest.raises(adorm.ItemDecodeError, match=r"Account a \$.balance"):
        await db.transact_get(db.table(Account).key("a"))


async def test_the_plan_names_the_tables_and_the_cost() -> None:
    db, _ = scripted()
    plan = db.transact_get(db.table(Account).key("a"), db.table(Entry).key("a", 1)).explain()
    assert (plan.operation, plan.table, plan.cost.least_units) == (
        "TransactGetItems",
        "accounts, ledger",
        4.0,
    )
