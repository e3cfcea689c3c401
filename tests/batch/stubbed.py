"""A stub table behind faults and a recorder, and what a batch test needs of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import attrs

import adorm
from adorm.testing import FakeClock, Faults, Recorder
from tests.support.as_json import AsJson
from tests.support.stub_table import Number, StubTable, value_of


@attrs.frozen
class Stubbed:
    """A database over a stub."""

    db: adorm.Database
    numbers: adorm.Table[Number]
    stub: StubTable
    faults: Faults
    recorder: Recorder
    clock: FakeClock

    def stored(self, number: int) -> int | None:
        """The value that the stub holds under a number."""
        item = self.stub.item({"number_id": {"S": ids(number)}})
        return None if item is None else int(item["value"]["N"])


@asynccontextmanager
async def stubbed(items: int = 0, **options: Any) -> AsyncGenerator[Stubbed, None]:
    """`items` numbered items, answered as bytes; what adorm sends is recorded before faults, and
    waits take no time."""
    stub, faults, recorder, clock = StubTable(items), Faults(), Recorder(), FakeClock()
    async with adorm.connect(
        "memory", wrap=lambda _: recorder(faults(AsJson(stub))), clock=clock, **options
    ) as db:
        yield Stubbed(db, db.table(Number), stub, faults, recorder, clock)


def ids(number: int) -> str:
    return Number.id_of(number)


def made(number: int, value: int | None = None) -> Number:
    return Number(number_id=ids(number), value=value_of(number) if value is None else value)


async def stream(items: Iterable[Any]) -> AsyncIterator[Any]:
    for item in items:
        yield item


__all__ = ["Number", "Stubbed", "ids", "made", "stream", "stubbed", "value_of"]
