"""Models of accounts and their ledger, and databases whose transports answer from a script."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import attrs

import adorm
from adorm.clock import use_clock
from adorm.errors import ServiceError
from adorm.testing import FakeClock, Faults, Recorder
from adorm.transport.base import Transport
from adorm.transport.errors import service_error
from tests.support.scripted import Outcome, ScriptedTransport


@adorm.model(table="accounts")
class Account:
    name: str = adorm.partition_key()
    balance: int = 0
    data: str = ""
    version: int = adorm.version()


@adorm.model(table="ledger")
class Entry:
    account: str = adorm.partition_key()
    number: int = adorm.sort_key()
    amount: int = 0


@adorm.model(table="tags")
class Tag:
    """Nothing but its key."""

    name: str = adorm.partition_key()


@adorm.model(table="frozen", frozen=True)
class Frozen:
    name: str = adorm.partition_key()
    amount: int = 0
    version: int = adorm.version()


def scripted(*outcomes: Outcome, **options: Any) -> tuple[adorm.Database, ScriptedTransport]:
    """A database that plays the outcomes, one for each request; time stands still, and half of
    every wait is drawn."""
    transport = ScriptedTransport(outcomes)
    settings: Any = {"clock": FakeClock(), "random": lambda: 0.5} | options
    return adorm.Database(lambda: transport, settings), transport


def canceled(codes: Iterable[str | None], *, operation: str = "TransactWriteItems") -> ServiceError:
    """DynamoDB's answer to a transaction that it cancelled; None where an operation was fine."""
    reasons = [
        {"Code": "None"} if code is None else {"Code": code, "Message": f"because of {code}"}
        for code in codes
    ]
    return service_error(
        {
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": "Transaction cancelled, please refer cancellation reasons for "
            "specific reasons",
            "CancellationReasons": reasons,
        },
        operation=operation,
        status=400,
        request_id="r1",
    )


@attrs.frozen
class World:
    """A database in memory, with faults and a recorder before it; time stands still, and half of
    every wait is drawn."""

    db: adorm.Database
    faults: Faults
    recorder: Recorder
    clock: FakeClock

    @property
    def tokens(self) -> list[str]:
        """Of the transactions that were sent."""
        return [
            sent.request["ClientRequestToken"] for sent in self.recorder.of("TransactWriteItems")
        ]


@asynccontextmanager
async def world(*models: type[Any], **options: Any) -> AsyncGenerator[World, None]:
    """A world with the models' tables in it."""
    faults, recorder, clock = Faults(), Recorder(), FakeClock()

    def wrap(engine: Transport) -> Transport:
        return recorder(faults(engine))

    settings: dict[str, Any] = {"random": lambda: 0.5, "wrap": wrap, "clock": clock}
    with use_clock(clock):
        async with adorm.connect("memory", **(settings | options)) as db:
            for model in models:
                await db.create_table(model)
            recorder.clear()
            clock.sleeps.clear()
            yield World(db, faults, recorder, clock)
