"""A hundred transfers at the same time between ten accounts.

    python examples/fund_transfer.py                              # a DynamoDB inside the process
    python examples/fund_transfer.py --endpoint-url http://127.0.0.1:8000 --region eu-central-1
    python examples/fund_transfer.py --region eu-central-1        # DynamoDB itself

No transfer is lost or made twice, no account is overdrawn, and the sum stays the same. A transfer
is one transaction of three operations: take the money if there is enough, give it to an account
that exists, and book the transfer under its number. DynamoDB refuses an order that comes twice, an
account that is too poor and an account that does not exist; the reasons of the cancelled
transaction say which it was. While the transfers run, an auditor reads all accounts at one moment,
again and again: the sum is right every time.

Needs `pip install adorm`. Outside of memory it uses tables with names of their own and deletes them
at the end.
"""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from random import Random
from uuid import uuid4

import attrs

import adorm

ACCOUNTS = ("ada", "bob", "cleo", "dan", "eve", "finn", "gus", "hana", "ida", "jo")
OPENING_BALANCE = 100
TRANSFERS = 100

CONTENTION = adorm.RetryPolicy(max_attempts=12, base_delay_s=0.05, max_delay_s=1.0)
"""Conflicts are the rule here, not the exception: try longer than usual."""


@adorm.model(table="accounts")
class Account:
    name: str = adorm.partition_key()
    balance: int = 0
    version: int = adorm.version()


@adorm.model(table="transfers")
class Transfer:
    number: str = adorm.partition_key()
    source: str
    target: str
    amount: int
    created_at: datetime = adorm.created_at()


@attrs.frozen
class Outcome:
    """What became of an order."""

    order: Transfer
    kind: str
    """"done", "booked before", "too poor", "no such account" or "conflict"."""
    explanation: str


@attrs.frozen
class Report:
    outcomes: list[Outcome]
    audits: list[int]
    """The sum of all accounts, each time it was read."""
    balances: dict[str, int]
    booked: list[Transfer]


async def transfer(db: adorm.Database, order: Transfer) -> None:
    """Move the money, or raise and leave everything as it was."""
    async with db.transaction(retry=CONTENTION) as tx:
        tx.update(Account, order.source).add(Account.balance, -order.amount).when(
            Account.balance >= order.amount
        )
        tx.update(Account, order.target).add(Account.balance, order.amount)
        tx.create(order)


def explain(order: Transfer, error: adorm.TransactionCanceled) -> Outcome:
    """What stood against a transfer, from the reasons of its transaction: one for each operation,
    None where that part was fine."""
    taken, given, booked = (reason.error for reason in error.reasons)
    if isinstance(booked, adorm.ItemExists):
        first: Transfer = booked.item
        return Outcome(
            order, "booked before", f"it was booked at {first.created_at:%H:%M:%S.%f} already"
        )
    for failure, name in ((taken, order.source), (given, order.target)):
        if isinstance(failure, adorm.ItemNotFound):
            return Outcome(order, "no such account", f"there is no account {name}")
    if isinstance(taken, adorm.ConditionalCheckFailed):
        account: Account = taken.item
        return Outcome(order, "too poor", f"{account.name} had {account.balance}")
    return Outcome(
        order, "conflict", f"others were at the accounts on each of {error.attempts} attempts"
    )


async def carry_out(db: adorm.Database, order: Transfer) -> Outcome:
    """Try a transfer and tell what became of it. What is no answer to the order, such as a lost
    connection, is raised."""
    try:
        await transfer(db, order)
    except adorm.TransactionCanceled as error:
        return explain(order, error)
    return Outcome(order, "done", "")


async def audit(db: adorm.Database, found: list[int], over: asyncio.Event) -> None:
    """Read all accounts at one moment, again and again, and write down their sum."""
    accounts = db.table(Account)
    look = db.transact_get_all([accounts.key(name) for name in ACCOUNTS]).retry(CONTENTION)
    while True:
        last = over.is_set()
        try:
            everyone = await look
        except adorm.TransactionCanceled:
            continue  # transfers were in the way on every attempt: look again
        found.append(sum(account.balance for account in everyone if account is not None))
        if last:
            return
        await asyncio.sleep(0.01)


async def run(db: adorm.Database, orders: Sequence[Transfer]) -> Report:
    """Open the accounts and carry out all orders at the same time."""
    accounts = db.table(Account)
    async with db.transaction() as tx:
        for name in ACCOUNTS:
            tx.create(Account(name=name, balance=OPENING_BALANCE))

    audits: list[int] = []
    over = asyncio.Event()
    async with asyncio.TaskGroup() as outer:
        outer.create_task(audit(db, audits, over))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(carry_out(db, order)) for order in orders]
        over.set()

    everyone = await accounts.scan()
    return Report(
        outcomes=[task.result() for task in tasks],
        audits=audits,
        balances={account.name: account.balance for account in everyone},
        booked=await db.table(Transfer).scan(),
    )


def make_orders(seed: int) -> list[Transfer]:
    """A hundred orders: some too large, two to an account that does not exist, and five that come
    twice."""
    random = Random(seed)  # noqa: S311  # repeatable, not secret
    orders: list[Transfer] = []
    for number in range(TRANSFERS - 5):
        source, target = random.sample(ACCOUNTS, 2)
        if number in (30, 60):
            target = "nobody"
        orders.append(
            Transfer(
                number=f"t{number:03}", source=source, target=target, amount=random.randint(1, 80)
            )
        )
    orders += [
        Transfer(number=order.number, source=order.source, target=order.target, amount=order.amount)
        for order in random.sample(orders[:30], 5)
    ]
    random.shuffle(orders)
    return orders


def print_report(report: Report) -> None:
    kinds = Counter(outcome.kind for outcome in report.outcomes)
    print(
        f"{len(report.outcomes)} transfers at the same time: "
        f"{', '.join(f'{count} {kind}' for kind, count in kinds.most_common())}\n"
    )
    for outcome in sorted(
        report.outcomes, key=lambda outcome: (outcome.kind, outcome.order.number)
    ):
        order = outcome.order
        if outcome.kind != "done":
            print(
                f"  {order.number}  {order.source:>4} -> {order.target:<6} {order.amount:3}   "
                f"{outcome.kind}: {outcome.explanation}"
            )
    print()
    for name in ACCOUNTS:
        print(f"  {name:>4} {report.balances[name]:4}")
    total = sum(report.balances.values())
    print(
        f"   sum {total}, as at the opening; {len(report.audits)} audits on the way found "
        f"{', '.join(map(str, sorted(set(report.audits))))}"
    )


def wrong(report: Report) -> list[str]:
    """What must never be: empty if all is well."""
    total = OPENING_BALANCE * len(ACCOUNTS)
    expected: dict[str, int] = dict.fromkeys(ACCOUNTS, OPENING_BALANCE)
    for order in report.booked:
        expected[order.source] -= order.amount
        expected[order.target] += order.amount
    done = [outcome.order.number for outcome in report.outcomes if outcome.kind == "done"]
    checks = {
        "the sum has changed": sum(report.balances.values()) == total,
        "an audit found another sum": set(report.audits) == {total},
        "an account is overdrawn": min(report.balances.values()) >= 0,
        "the balances are not what the booked transfers make": report.balances == expected,
        "what was booked is not what was reported as done": sorted(done)
        == sorted(order.number for order in report.booked),
    }
    return [problem for problem, holds in checks.items() if not holds]


async def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description="A hundred transfers at once between ten accounts."
    )
    parser.add_argument(
        "--endpoint-url",
        help="where to, such as http://127.0.0.1:8000; default is a DynamoDB inside the process",
    )
    parser.add_argument(
        "--region", help="the AWS region; without an endpoint it means DynamoDB itself"
    )
    parser.add_argument(
        "--seed", type=int, default=7, help="of the orders; another one, other orders"
    )
    options = parser.parse_args(argv)
    if options.endpoint_url is None and options.region is None:
        db = adorm.connect("memory")
    else:
        db = adorm.connect(
            endpoint_url=options.endpoint_url,
            region=options.region,
            table_prefix=f"adorm-{uuid4().hex[:8]}-",
        )
    async with db:
        tables = (Account, Transfer)
        try:
            for model in tables:
                await db.create_table(model)
            report = await run(db, make_orders(options.seed))
        finally:
            for model in tables:
                await db.delete_table(model, missing_ok=True)
    print_report(report)
    problems = wrong(report)
    for problem in problems:
        print(f"\nThis must not be: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    try:
        raise SystemExit(asyncio.run(main()))
    except adorm.AdormError as error:
        raise SystemExit(f"fund_transfer: {type(error).__name__}: {error}") from error
    except ExceptionGroup as group:  # of asyncio's: several tasks failed
        raise SystemExit(f"fund_transfer: {'; '.join(map(str, group.exceptions))}") from group
    except KeyboardInterrupt:
        raise SystemExit(130) from None
