"""The example of transfers: whatever the order of events, no money comes or goes, and every refusal
is explained."""

from __future__ import annotations

from uuid import uuid4

import pytest

import adorm
from adorm.testing import LocalDynamoDB
from examples import fund_transfer
from examples.fund_transfer import Account, Transfer
from tests.support.engines import INSIDE, Engine, wire

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["memory", "wire"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Engine:
    if request.param == "memory":
        return Engine("memory", INSIDE["memory"])
    local: LocalDynamoDB = request.getfixturevalue("local_dynamodb")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", uuid4().hex[:20].upper())
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    return Engine("wire", wire(local.endpoint_url))


@pytest.mark.parametrize("seed", [7, 8])
async def test_the_sum_is_unchanged_and_every_failure_is_explained(
    engine: Engine, seed: int
) -> None:
    orders = fund_transfer.make_orders(seed)
    assert len(orders) == 100
    async with engine.connect() as db:
        await db.create_table(Account)
        await db.create_table(Transfer)
        report = await fund_transfer.run(db, orders)
    assert fund_transfer.wrong(report) == []
    assert sum(report.balances.values()) == 1000
    assert set(report.audits) == {1000}
    kinds = {outcome.kind for outcome in report.outcomes}
    assert (
        {"done", "booked before", "too poor", "no such account"}
        <= kinds
        <= {"done", "booked before", "too poor", "no such account", "conflict"}
    )
    assert len(report.outcomes) == 100
    for outcome in report.outcomes:
        assert bool(outcome.explanation) == (outcome.kind != "done")
    booked = {transfer.number for transfer in report.booked}
    for outcome in report.outcomes:
        if outcome.kind == "booked before":
            assert outcome.order.number in booked
        if outcome.kind == "no such account":
            assert outcome.order.target == "nobody"
            assert outcome.order.number not in booked


async def test_a_wrong_end_would_be_told() -> None:
    async with adorm.connect("memory") as db:
        await db.create_table(Account)
        await db.create_table(Transfer)
        report = await fund_transfer.run(db, fund_transfer.make_orders(7)[:10])
    assert fund_transfer.wrong(report) == []
    report.balances["ada"] += 1
    assert fund_transfer.wrong(report) == [
        "the sum has changed",
        "the balances are not what the booked transfers make",
    ]


async def test_the_program_prints_what_became_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert await fund_transfer.main([]) == 0
    printed = capsys.readouterr().out
    assert "100 transfers at the same time: " in printed
    assert "too poor: " in printed
    assert "sum 1000, as at the opening" in printed
