"""The transaction block and what it sends."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import anyio
import attrs
import pytest

import adorm
from adorm import attr
from adorm.transport.base import Request
from tests.support.accounts import Account, Entry, Tag, scripted

pytestmark = pytest.mark.anyio


def actions(request: Request) -> list[str]:
    return [next(iter(action)) for action in request["TransactItems"]]


async def test_the_request_is_exactly_this() -> None:
    db, transport = scripted()
    async with db.transaction(token="t-1") as tx:
        tx.create(Entry(account="a", number=1, amount=5))
        tx.update(Account, "a").add(Account.balance, -5).when(Account.balance >= 5)
        tx.delete(Entry, "a", 2)
        tx.check(Account, "b")
    assert transport.sent == [
        (
            "TransactWriteItems",
            {
                "TransactItems": [
                    {
                        "Put": {
                            "TableName": "ledger",
                            "Item": {
                                "account": {"S": "a"},
                                "number": {"N": "1"},
                                "amount": {"N": "5"},
                            },
                            "ConditionExpression": "attribute_not_exists(#n0)",
                            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                            "ExpressionAttributeNames": {"#n0": "account"},
                        }
                    },
                    {
                        "Update": {
                            "TableName": "accounts",
                            "Key": {"name": {"S": "a"}},
                            "UpdateExpression": (
                                "SET #n1 = if_not_exists(#n1, :v1) + :v2 ADD #n0 :v0"
                            ),
                            "ConditionExpression": "attribute_exists(#n2) AND #n0 >= :v3",
                            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                            "ExpressionAttributeNames": {
                                "#n0": "balance",
                                "#n1": "version",
                                "#n2": "name",
                            },
                            "ExpressionAttributeValues": {
                                ":v0": {"N": "-5"},
                                ":v1": {"N": "0"},
                                ":v2": {"N": "1"},
                                ":v3": {"N": "5"},
                            },
                        }
                    },
                    {
                        "Delete": {
                            "TableName": "ledger",
                            "Key": {"account": {"S": "a"}, "number": {"N": "2"}},
                        }
                    },
                    {
                        "ConditionCheck": {
                            "TableName": "accounts",
                            "Key": {"name": {"S": "b"}},
                            "ConditionExpression": "attribute_exists(#n0)",
                            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                            "ExpressionAttributeNames": {"#n0": "name"},
                        }
                    },
                ],
                "ClientRequestToken": "t-1",
                "ReturnConsumedCapacity": "INDEXES",
            },
        )
    ]


async def test_nothing_to_do_sends_nothing() -> None:
    db, transport = scripted()
    async with db.transaction():
        pass
    await db.transaction().commit()
    assert transport.sent == []


async def test_a_body_that_is_cancelled_sends_nothing() -> None:
    db, transport = scripted()
    account = Account(name="a")
    with anyio.move_on_after(0) as scope:
        async with db.transaction() as tx:
            tx.create(account)
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert transport.sent == []
    assert account.version == 0


async def test_without_a_block_commit_sends_it() -> None:
    db, transport = scripted()
    account = Account(name="a")
    tx = db.transaction()
    tx.create(account)
    tx.update(Account, "b").set(Account.balance, 1)
    assert actions(tx.request()) == ["Put", "Update"]
    assert transport.sent == []
    await tx.commit()
    assert [operation for operation, _ in transport.sent] == ["TransactWriteItems"]
    assert account.version == 1


async def test_what_an_instance_holds_at_the_end_is_written() -> None:
    db, transport = scripted()
    account = Account(name="a")
    async with db.transaction() as tx:
        tx.create(account)
        account.balance = 7
    assert transport.sent[0][1]["TransactItems"][0]["Put"]["Item"]["balance"] == {"N": "7"}


async def test_clauses_add_to_an_operation_in_place() -> None:
    db, transport = scripted()
    async with db.transaction() as tx:
        update = tx.update(Account, "a")
        assert update.set(Account.balance, 1) is update
        update.remove(Account.data).upsert()
        update.when(attr(Account.data).exists())
        write = tx.put(Account(name="b", version=3))
        assert write.when(Account.balance == 0) is write
        assert write.unchecked() is write
    update_request, put_request = (
        next(iter(action.values())) for action in transport.sent[0][1]["TransactItems"]
    )
    assert "REMOVE #n1" in update_request["UpdateExpression"]
    assert update_request["ConditionExpression"] == "attribute_exists(#n1)"
    assert put_request["ConditionExpression"] == "#n0 = :v0"


async def test_table_names_are_resolved_as_by_db_table() -> None:
    db, transport = scripted(table_names={"accounts": "accounts-7"}, table_prefix="dev-")
    async with db.transaction() as tx:
        tx.create(Account(name="a"))
        tx.create(Tag(name="t"))
        tx.update(Entry, "a", 1).set(Entry.amount, 1)
        tx.update(Account, db.table(Account, name="old-accounts").key("a")).set(Account.balance, 1)
        tx.delete(Account, db.table(Account).key("b"))
    tables = [
        next(iter(action.values()))["TableName"] for action in transport.sent[0][1]["TransactItems"]
    ]
    assert tables == ["accounts-7", "dev-tags", "dev-ledger", "old-accounts", "accounts-7"]


async def test_a_save_in_a_transaction_returns_nothing_and_may_be_partial() -> None:
    db, transport = scripted()
    async with db.transaction() as tx:
        tx.save(Account(name="a", balance=9, version=2), only=[Account.balance])
    request = transport.sent[0][1]["TransactItems"][0]["Update"]
    assert "ReturnValues" not in request
    assert request["UpdateExpression"] == "SET #n0 = :v0, #n1 = :v1"
    assert request["ConditionExpression"] == "attribute_exists(#n2) AND #n1 = :v2"


@attrs.define
class Stray:
    name: str


MappedStray = adorm.map_class(Stray, table="strays", partition_key="name")


@adorm.model
class Homeless:
    name: str = adorm.partition_key()


Writer = Callable[[adorm.Transaction], object]


async def usage_error(db: adorm.Database, write: Callable[[adorm.Transaction], object]) -> str:
    async def block() -> None:
        async with db.transaction() as tx:
            write(tx)

    with pytest.raises(adorm.UsageError) as caught:
        await block()
    return "\n".join([str(caught.value), *getattr(caught.value, "__notes__", ())])


def include(write: Any, tx: adorm.Transaction) -> None:
    tx.include(write)


def unchecked(value: object) -> Any:
    """What no checker would let through."""
    return value


MISTAKES: list[tuple[Writer, str]] = [
    (
        lambda tx: tx.create(unchecked(Account)),
        "an instance is expected here, not the class Account",
    ),
    (lambda tx: tx.create(Stray("a")), r"Stray is no model.*tx.include\(table.create\(item\)\)"),
    (
        lambda tx: tx.create(Homeless(name="a")),
        r"Homeless names no table.*tx.include\(db.table\(Homeless, name=...\)",
    ),
    (lambda tx: tx.delete(unchecked(Account)), "which Account[?] Give its key after the model"),
    (lambda tx: tx.update(Entry, "a"), "a key of Entry is account and number; 1 value was given"),
    (
        lambda tx: tx.delete(unchecked(Account(name="a")), "a"),
        "delete.. takes a model and a key, a Key alone, or an instance alone",
    ),
    (
        lambda tx: tx.update(Account, "a"),
        "(?s)an update without clauses.*operation 1 of the transaction, update Account a",
    ),
    (
        lambda tx: tx.create(Account(name="")),
        "(?s)Account.name is part of a key.*operation 1 of the transaction, create Account ",
    ),
    (
        lambda tx: tx.update(Account, "a").set(Account.name, "b"),
        "part of the key, which DynamoDB never changes",
    ),
    (lambda tx: tx.save(Tag(name="t")), "Tag t is nothing but its key.*use create.. or put.."),
    (
        lambda tx: tx.create(Account(name="a", data="x" * 410_000)),
        "Account a has 41.* bytes, and DynamoDB takes items of at most",
    ),
    (partial(include, "x"), "include.. takes a write that a table has built"),
]


@pytest.mark.parametrize(("write", "message"), MISTAKES)
async def test_a_mistake_is_named_and_nothing_is_sent(write: Writer, message: str) -> None:
    db, transport = scripted()
    assert re.search(message, await usage_error(db, write))
    assert transport.sent == []


async def test_what_a_transaction_cannot_give_is_not_handed_in() -> None:
    db, transport = scripted()
    other, _ = scripted()
    accounts = db.table(Account)
    for write, message in [
        (accounts.update("a").set(Account.balance, 1).returning("new"), "take returning() away"),
        (accounts.update("a").set(Account.balance, 1).exactly_once(), "take exactly_once() away"),
        (accounts.put(Account(name="a")).returning("old"), "take returning() away"),
        (accounts.delete("a").retry(adorm.RetryPolicy()), "give db.transaction(retry=...)"),
        (
            accounts.update("a").set(Account.balance, 1).retry(adorm.RetryPolicy()),
            "give db.transaction(retry=...)",
        ),
        (other.table(Account).delete("a"), "by another database can't be part of this transaction"),
        (
            other.table(Account).update("a").set(Account.balance, 1),
            "by another database can't be part of this transaction",
        ),
    ]:
        assert message in await usage_error(db, partial(include, write))
    assert transport.sent == []


async def test_two_operations_on_one_item_are_refused_by_name() -> None:
    db, transport = scripted()

    def twice(tx: adorm.Transaction) -> None:
        tx.create(Entry(account="a", number=1))
        tx.create(Account(name="a"))
        tx.check(Entry, "a", 1)

    assert (await usage_error(db, twice)).startswith(
        "operations 1 (create Entry a/1) and 3 (check Entry a/1) are on one item"
    )

    def in_two_tables(tx: adorm.Transaction) -> None:
        tx.create(Account(name="a"))
        tx.include(db.table(Account, name="others").create(Account(name="a")))

    async with db.transaction() as tx:
        in_two_tables(tx)
    assert len(transport.sent) == 1


async def test_a_hundred_and_one_operations_are_refused_by_name() -> None:
    db, transport = scripted()
    instances = [Account(name=str(number)) for number in range(101)]

    def many(tx: adorm.Transaction) -> None:
        for instance in instances:
            tx.create(instance)

    assert (
        "101 operations and DynamoDB takes 100; create Account 100 is the first too many"
        in await usage_error(db, many)
    )
    assert transport.sent == []
    assert {instance.version for instance in instances} == {0}


async def test_more_than_4_mb_together_are_refused_by_name() -> None:
    db, transport = scripted()

    def large(tx: adorm.Transaction) -> None:
        for number in range(11):
            tx.create(Account(name=str(number), data="x" * 400_000))

    assert (
        "with operation 11 (create Account 10) the transaction has more than the 4194304 bytes"
        in await usage_error(db, large)
    )
    assert transport.sent == []


async def test_what_is_larger_than_4_mb_only_as_json_is_sent() -> None:
    db, transport = scripted()
    async with db.transaction() as tx:
        for number in range(11):
            tx.create(
                Account(name=str(number), data="\n" * 200_000)
            )  # two bytes each in JSON, one to DynamoDB
    assert len(transport.sent) == 1
