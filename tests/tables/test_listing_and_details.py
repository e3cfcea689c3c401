"""The names of tables, whether there is one, and what DescribeTable does not tell."""

from __future__ import annotations

from typing import Any

import pytest

import adorm
from adorm.errors import ResourceNotFound, UsageError
from tests.tables.spec_setup import FULL, Bench, Narrow, Order

pytestmark = pytest.mark.anyio


async def test_tables_are_listed_over_all_pages() -> None:
    bench = Bench()
    async with bench.connect() as db:
        names = [f"table-{number:03}" for number in range(230)]
        for name in names:
            await db.create_table(Narrow, name=name)
        await db.create_table(Narrow, name="other")
        bench.recorder.clear()
        assert await db.list_tables() == ["other", *names]
        assert len(bench.recorder.sent) == 3
        assert await db.list_tables(prefix="oth") == ["other"]
        first = await db.list_tables(prefix="table-", limit=120)
        rest = await db.list_tables(prefix="table-", after=first[-1])
        assert first + rest == names
        for wrong in ({"limit": 0}, {"after": ""}, {"prefix": None}):
            options: dict[str, Any] = wrong
            with pytest.raises(UsageError, match="list_tables"):
                await db.list_tables(**options)


async def test_a_table_exists_in_any_state() -> None:
    bench = Bench(delay_s=5.0)
    async with bench.connect() as db:
        assert not await db.table_exists(Order)
        await db.create_table(Order, wait=False)
        assert await db.table_exists("orders")
        with pytest.raises(UsageError, match="table's name"):
            await db.table_exists("a b")


async def test_details_are_asked_for_on_demand() -> None:
    bench = Bench()
    async with bench.connect() as db:
        await db.create_table(FULL)
        plain = await db.describe_table(Order)
        assert (plain.stream, plain.table_class, plain.deletion_protection) == (
            "both",
            "infrequent_access",
            True,
        )
        assert plain.encryption.startswith("arn:aws:kms:")
        found = await db.describe_table(Order, details=True)
        assert (found.name, found.key, found.raw) == (plain.name, plain.key, plain.raw)
        assert found.time_to_live == adorm.TimeToLive("ENABLED", "exp")
        assert found.time_to_live.is_on
        assert (found.point_in_time_recovery.is_on, found.point_in_time_recovery.days) == (True, 7)
        assert found.point_in_time_recovery.latest is not None
        assert found.tags == {"team": "shop", "stage": "test"}


async def test_a_table_without_settings_says_so() -> None:
    async with Bench().connect() as db:
        await db.create_table(Narrow)
        found = await db.describe_table("wide", details=True)
        assert (found.stream, found.encryption, found.table_class) == (
            "off",
            "aws-owned",
            "standard",
        )
        assert found.time_to_live == adorm.TimeToLive("DISABLED", None)
        assert found.point_in_time_recovery == adorm.Recovery(False, None, None, None)
        assert found.tags == {}
        with pytest.raises(ResourceNotFound):
            await db.describe_table("none", details=True)


async def test_tags_come_in_pages() -> None:
    tags = {f"key-{number}": str(number) for number in range(25)}
    pytest.importorskip("moto")
    async with adorm.connect("moto") as db:
        await db.create_table(adorm.TableSpec(Narrow, tags=tags))
        assert (await db.describe_table(Narrow, details=True)).tags == tags
