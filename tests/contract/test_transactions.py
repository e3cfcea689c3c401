"""Transactions, on every engine."""

from __future__ import annotations

from copy import copy
from datetime import datetime
from decimal import Decimal

import anyio
import attrs
import pytest

import adorm
from adorm import attr
from adorm.locks import Lock, LockRecord
from adorm.testing import Faults, Recorder
from adorm.transport.base import Transport
from tests.support.engines import Engine
from tests.support.shop import Bare, Counter, Order, Receipt

pytestmark = pytest.mark.anyio


@adorm.model(table="accounts")
class Account:
    name: str = adorm.partition_key()
    balance: int = 0
    log: list[str] = adorm.attribute(factory=list)
    created_at: datetime = adorm.created_at()
    updated_at: datetime = adorm.updated_at()
    version: int = adorm.version()


@attrs.define(slots=False)
class Elsewhere:
    """A class of someone else's."""

    id: str
    amount: int = 0


Mapped = adorm.map_class(Elsewhere, table="elsewhere", partition_key="id")


async def test_writes_of_every_kind_are_applied_together(db: adorm.Database) -> None:
    for model in (Order, Account, Counter):
        await db.create_table(model)
    orders, accounts, counters = db.table(Order), db.table(Account), db.table(Counter)
    saved, replaced, gone = Account(name="saved"), Account(name="replaced"), Account(name="gone")
    for account in (
        saved,
        replaced,
        gone,
        Account(name="updated", balance=10),
        Account(name="checked", balance=1),
    ):
        await accounts.create(account)
    await counters.put(Counter(name="deleted"))
    order = Order(customer_id="c1", order_id="o1", total=Decimal(5))
    saved.balance, replaced.balance = 7, 8
    async with db.transaction() as tx:
        tx.create(order)
        tx.save(saved)
        tx.put(replaced)
        tx.update(Account, "updated").add(Account.balance, -5).append(Account.log, ["-5"]).when(
            Account.balance >= 5
        )
        tx.delete(gone)
        tx.delete(Counter, "deleted")
        tx.check(Account, "checked").when(Account.balance > 0)
        assert await orders.get_or_none("c1", "o1") is None
    assert (order.version, saved.version, replaced.version, gone.version) == (1, 2, 2, 1)
    assert await orders.get("c1", "o1") == order
    assert await accounts.get("saved") == saved
    assert await accounts.get("replaced") == replaced
    updated = await accounts.get("updated")
    assert (updated.balance, updated.log, updated.version) == (5, ["-5"], 2)
    assert updated.updated_at > updated.created_at
    assert not await accounts.exists("gone")
    assert not await counters.exists("deleted")
    assert (await accounts.get("checked")).version == 1


async def test_versions_and_timestamps_are_those_of_single_writes(db: adorm.Database) -> None:
    await db.create_table(Account)
    accounts = db.table(Account)
    account = Account(name="a")
    made_at = account.created_at
    async with db.transaction() as tx:
        tx.create(account)
    assert account.version == 1
    assert account.created_at == account.updated_at >= made_at
    first = account.created_at
    async with db.transaction() as tx:
        tx.save(account)
    assert account.version == 2
    assert account.created_at == first < account.updated_at
    assert await accounts.get("a") == account
    async with db.transaction() as tx:
        tx.update(Account, "new").set(Account.balance, 3).upsert()
    new = await accounts.get("new")
    assert (new.balance, new.version) == (3, 1)
    assert new.created_at == new.updated_at


async def test_a_frozen_model_s_new_instance_is_on_the_handle(db: adorm.Database) -> None:
    await db.create_table(Receipt)
    receipt = Receipt(receipt_id="r", amount=5)
    async with db.transaction() as tx:
        created = tx.create(receipt)
        with pytest.raises(adorm.UsageError, match="create Receipt r: nothing was stored by it"):
            created.stored
    assert created.stored == Receipt(receipt_id="r", amount=5, version=1)
    assert receipt.version == 0
    assert await db.table(Receipt).get("r") == created.stored


async def test_each_reason_is_typed_by_its_operation_and_nothing_is_applied(
    db: adorm.Database,
) -> None:
    for model in (Account, Counter):
        await db.create_table(model)
    accounts = db.table(Account)
    for name in ("taken", "stale", "poor", "fine"):
        await accounts.create(Account(name=name, balance=1))
    stale = await accounts.get("stale")
    await accounts.update("stale").set(Account.balance, 2)
    fresh, taken, gone = (
        Account(name="fresh"),
        Account(name="taken"),
        Account(name="gone", version=4),
    )
    before = [copy(each) for each in (stale, fresh, taken, gone)]
    tx = db.transaction()
    tx.create(fresh)
    tx.create(taken)
    tx.save(stale)
    tx.update(Account, "poor").add(Account.balance, -5).when(Account.balance >= 5)
    tx.update(Account, "missing").add(Account.balance, 5)
    tx.delete(Counter, "missing").when(Counter.value == 0)
    tx.check(Account, "nobody")
    tx.check(Account, "fine").when(Account.balance == 2)
    tx.delete(gone)
    tx.check(Account, "unknown").when(Account.balance > 0)
    with pytest.raises(adorm.TransactionCanceled) as caught:
        await tx.commit()
    reasons = caught.value.reasons
    assert [reason.operation for reason in reasons] == [
        "create Account fresh",
        "create Account taken",
        "save Account stale",
        "update Account poor",
        "update Account missing",
        "delete Counter missing",
        "check Account nobody",
        "check Account fine",
        "delete Account gone",
        "check Account unknown",
    ]
    kinds = [type(reason.error) for reason in reasons]
    assert kinds == [
        type(None),
        adorm.ItemExists,
        adorm.VersionConflict,
        adorm.ConditionalCheckFailed,
        adorm.ItemNotFound,
        adorm.ItemNotFound,
        adorm.ItemNotFound,
        adorm.ConditionalCheckFailed,
        adorm.VersionConflict,
        adorm.ConditionalCheckFailed,
    ]
    assert [reason.code for reason in reasons] == [None, *["ConditionalCheckFailed"] * 9]
    assert reasons[1].item == await accounts.get("taken")
    conflict = reasons[2].error
    assert isinstance(conflict, adorm.VersionConflict)
    assert (conflict.expected, conflict.actual, conflict.item.balance) == (1, 2, 2)
    assert conflict.subject == "Account stale"
    assert reasons[3].item == await accounts.get("poor")
    assert reasons[9].item is None
    assert [copy(each) for each in (stale, fresh, taken, gone)] == before
    assert not await accounts.exists("fresh")
    told = str(caught.value)
    assert "9 of 10 operations failed" in told
    assert "create Account taken: ItemExists: the key is taken; .item is what is there" in told
    assert (
        "save Account stale: VersionConflict: expected version 1, version 2 is stored: read it "
        "again and repeat the change" in told
    )
    assert "delete Account gone: VersionConflict: expected version 4, the item is gone" in told
    assert (
        "update Account missing: ItemNotFound: Account missing: no such item in table "
        f"{accounts.name}" in told
    )


async def test_except_star_catches_the_reasons_by_type(db: adorm.Database) -> None:
    await db.create_table(Account)
    await db.table(Account).create(Account(name="a", balance=3))
    found: list[adorm.ItemExists] = []
    try:
        async with db.transaction() as tx:
            tx.create(Account(name="a"))
            tx.create(Account(name="b"))
    except* adorm.ItemExists as group:
        found.extend(error for error in group.exceptions if isinstance(error, adorm.ItemExists))
    assert [error.item.balance for error in found] == [3]


async def test_a_body_that_raises_sends_nothing(db: adorm.Database) -> None:
    await db.create_table(Account)
    account = Account(name="a")

    async def body() -> None:
        async with db.transaction() as tx:
            tx.create(account)
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await body()
    assert account.version == 0
    assert not await db.table(Account).exists("a")


async def test_a_write_built_from_a_table_can_be_handed_in(db: adorm.Database) -> None:
    accounts, mapped = db.table(Account), db.table(Mapped)
    others = db.table(Account, name=f"{accounts.name}-2")
    await db.create_table(Account)
    await db.create_table(Account, name=others.name)
    await db.create_table(Mapped)
    await accounts.create(Account(name="a", balance=10))
    built = accounts.update("a").add(Account.balance, -5)
    async with db.transaction() as tx:
        tx.include(built).when(Account.balance >= 5).append(Account.log, ["x"])
        tx.include(others.create(Account(name="a", balance=5)))
        tx.include(mapped.create(Elsewhere(id="e", amount=1))).when(
            attr(Mapped.amount).not_exists()
        )
        tx.update(Mapped, "f").set(Mapped.amount, 2).upsert()
    assert (await accounts.get("a")).balance == 5
    assert (await accounts.get("a")).log == ["x"]
    assert (await others.get("a")).balance == 5
    assert await mapped.get("e") == Elsewhere(id="e", amount=1)
    assert await mapped.get("f") == Elsewhere(id="f", amount=2)
    assert "log" not in built.request()["UpdateExpression"]


async def test_a_key_leads_to_the_table_that_it_came_from(db: adorm.Database) -> None:
    await db.create_table(Account)
    accounts = db.table(Account)
    others = db.table(Account, name=f"{accounts.name}-2")
    await db.create_table(Account, name=others.name)
    async with db.transaction() as tx:
        tx.update(Account, others.key("a")).set(Account.balance, 2).upsert()
        tx.update(Account, accounts.key("a")).set(Account.balance, 1).upsert()
    one, two = await db.transact_get(accounts.key("a"), others.key("a"))
    assert one is not None
    assert two is not None
    assert (one.balance, two.balance) == (1, 2)


async def test_items_are_read_at_one_moment_in_the_order_of_their_keys(db: adorm.Database) -> None:
    for model in (Account, Counter, Bare):
        await db.create_table(model)
    accounts, counters, bare = db.table(Account), db.table(Counter), db.table(Bare)
    account = await accounts.create(Account(name="a"))
    await counters.put(Counter(name="c", value=3))
    await bare.put(Bare(name="b"))
    got = await db.transact_get(
        counters.key("c"), accounts.key("a"), accounts.key("none"), bare.key("b")
    )
    assert got == (Counter(name="c", value=3), account, None, Bare(name="b"))
    assert await db.transact_get_all(
        [accounts.key("a"), accounts.key("none"), accounts.key("a")]
    ) == [account, None, account]
    assert await db.transact_get_all([]) == []


async def test_a_hundred_items_are_read_at_one_moment(db: adorm.Database, engine: Engine) -> None:
    if engine.is_moto:
        pytest.skip("moto: reads at most 25 items in a transaction")
    await db.create_table(Counter)
    counters = db.table(Counter)
    await counters.put(Counter(name="50", value=50))
    got = await db.transact_get_all([counters.key(str(number)) for number in range(100)])
    assert len(got) == 100
    assert [item for item in got if item is not None] == [Counter(name="50", value=50)]


async def test_a_hundred_operations_fit(db: adorm.Database) -> None:
    await db.create_table(Counter)
    async with db.transaction() as tx:
        for number in range(100):
            tx.create(Counter(name=str(number), value=number))
    assert len(await db.table(Counter).scan()) == 100


async def test_a_transaction_with_the_same_token_is_applied_once(db: adorm.Database) -> None:
    await db.create_table(Counter)
    await db.table(Counter).put(Counter(name="c"))
    for _ in range(3):
        async with db.transaction(token="order-17") as tx:
            tx.update(Counter, "c").add(Counter.value, 5)
    assert (await db.table(Counter).get("c")).value == 5
    with pytest.raises(adorm.ValidationFailed) as caught:
        async with db.transaction(token="order-17") as tx:
            tx.update(Counter, "c").add(Counter.value, 6)
    assert caught.value.code == "IdempotentParameterMismatchException"
    assert "another transaction was sent with the token order-17" in caught.value.__notes__[0]


async def test_a_lost_answer_does_not_apply_it_twice(engine: Engine) -> None:
    faults, recorder = Faults(), Recorder()
    faults.on("TransactWriteItems", call=1).drop(applied=True)
    faults.on("TransactWriteItems", call=2).server_error(applied=True)

    def wrap(inner: Transport) -> Transport:
        return recorder(faults(inner))

    async with engine.connect(wrap=wrap, random=lambda: 0.0) as db:
        await db.create_table(Account)
        accounts = db.table(Account)
        await accounts.create(Account(name="a", balance=10))
        new = Account(name="b")
        async with db.transaction() as tx:
            tx.create(new)
            tx.update(Account, "a").add(Account.balance, -5).when(Account.balance >= 5)
        assert new.version == 1
        assert await accounts.get("b") == new
        assert ((await accounts.get("a")).balance, (await accounts.get("a")).version) == (5, 2)
        sent = recorder.of("TransactWriteItems")
        assert len(sent) == 3
        assert sent[0].request == sent[1].request == sent[2].request
    faults.assert_all_used()


async def test_a_lock_has_one_holder_at_a_time_and_growing_tokens(engine: Engine) -> None:
    async with engine.connect(retry=adorm.RetryPolicy(base_delay_s=0.001, max_delay_s=0.01)) as db:
        await db.create_table(LockRecord)
        inside: list[int] = []
        tokens: list[int] = []

        async def work() -> None:
            async with Lock(db, "l") as lease:
                inside.append(lease.token)
                assert inside == [lease.token]
                await lease.renew()
                tokens.append(inside.pop())

        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(work)
        assert tokens == [1, 2, 3, 4, 5]


async def test_a_cancelled_transaction_leaves_its_token_free(db: adorm.Database) -> None:
    await db.create_table(Counter)
    counters = db.table(Counter)

    async def transfer() -> None:
        async with db.transaction(token="order-18") as tx:
            tx.update(Counter, "c").add(Counter.value, 5)

    with pytest.raises(adorm.TransactionCanceled):
        await transfer()
    await counters.put(Counter(name="c"))
    await transfer()
    assert (await counters.get("c")).value == 5


async def test_fifty_increments_at_once_end_at_fifty(db: adorm.Database) -> None:
    await db.create_table(Account)
    accounts = db.table(Account)
    await accounts.create(Account(name="a"))

    def increment(account: Account) -> None:
        account.balance += 1

    async def one() -> None:
        await accounts.read_modify_write("a", increment)

    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(one)
    account = await accounts.get("a")
    assert (account.balance, account.version) == (50, 51)


async def test_a_change_that_raises_leaves_everything_as_it_was(db: adorm.Database) -> None:
    await db.create_table(Account)
    accounts = db.table(Account)
    stored = await accounts.create(Account(name="a"))

    async def refuse(account: Account) -> None:
        account.balance = 99
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await accounts.read_modify_write("a", refuse)
    assert await accounts.get("a") == stored
    with pytest.raises(adorm.ItemNotFound):
        await accounts.read_modify_write("b", refuse)


async def test_a_change_may_return_another_item(db: adorm.Database) -> None:
    await db.create_table(Receipt)
    receipts = db.table(Receipt)
    await receipts.create(Receipt(receipt_id="r", amount=1))

    async def double(receipt: Receipt) -> Receipt:
        await anyio.lowlevel.checkpoint()
        return Receipt(receipt_id="r", amount=receipt.amount * 2)

    changed = await receipts.read_modify_write(receipts.key("r"), double)
    assert changed == Receipt(receipt_id="r", amount=2, version=2)
    assert await receipts.get("r") == changed
