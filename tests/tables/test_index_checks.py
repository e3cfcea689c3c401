"""Which items an index leaves out, and why."""

from __future__ import annotations

from typing import Any

import pytest

import adorm
from adorm.errors import UsageError
from tests.tables.spec_setup import Bench, Narrow, Order, Wide

pytestmark = pytest.mark.anyio


@adorm.model(
    table="things",
    indexes=[
        adorm.GlobalIndex("by-kind", partition="kind", sort="rank"),
        adorm.GlobalIndex("by-blob", partition="blob"),
    ],
)
class Thing:
    id: str = adorm.partition_key()
    kind: str | None = None
    rank: int | None = None
    blob: bytes | None = None


async def put(db: adorm.Database, id: str, **item: Any) -> None:  # noqa: A002  # the field's name
    await db.call("PutItem", {"TableName": "things", "Item": {"id": {"S": id}, **item}})


@adorm.model(table="things")
class Plain:
    id: str = adorm.partition_key()


async def test_items_are_counted_by_their_first_problem() -> None:
    bench = Bench()
    async with bench.connect() as db:
        await db.create_table(Plain)
        one: Any = {"N": "1"}
        await put(db, "1", kind={"S": "a"}, rank=one)
        await put(db, "2", rank=one)
        await put(db, "3")
        await put(db, "4", kind={"NULL": True}, rank=one)
        await put(db, "5", kind={"S": "a"}, rank={"S": "1"})
        await put(db, "6", kind={"S": ""}, rank={"S": "1"})
        await put(db, "7", kind={"S": ""}, rank=one)
        await put(db, "8", kind={"S": "ä" * 1025}, rank=one)
        await put(db, "9", kind={"S": "ä" * 1024}, rank=one)
        found = await db.check_index(Thing, "by-kind", samples=100)
        assert (found.checked, found.left_out) == (9, 7)
        assert (found.absent, found.another_type, found.empty, found.too_long) == (2, 3, 1, 1)
        problems = {each["key"]["id"]["S"]: dict(each) for each in found.samples}
        assert sorted(problems) == ["2", "3", "4", "5", "6", "7", "8"]
        assert problems["6"] == {
            "key": {"id": {"S": "6"}},
            "attribute": "rank",
            "problem": "another_type",
        }
        plan = await db.diff(Thing)
        await plan.apply()
        held = await db.call("Scan", {"TableName": "things", "IndexName": "by-kind"})
        assert held["Count"] == found.checked - found.left_out, "as DynamoDB fills it"


async def test_bytes_are_measured_as_bytes_and_samples_are_limited() -> None:
    bench = Bench()
    async with bench.connect() as db:
        await db.create_table(Plain)
        for number, blob in enumerate([b"", b"x" * 2048, b"x" * 2049, b"x" * 3000]):
            await put(db, str(number), blob={"B": blob})
        found = await db.check_index(Thing, "by-blob", samples=1)
        assert (found.checked, found.empty, found.too_long, len(found.samples)) == (4, 1, 2, 1)
        assert (await db.check_index(Thing, "by-blob", samples=0)).samples == []


async def test_every_page_is_read() -> None:
    bench = Bench()
    async with bench.connect() as db:
        await db.create_table(Plain)
        for number in range(8):
            await put(db, str(number), filler={"S": "x" * 300_000})
        bench.recorder.clear()
        found = await db.check_index(Thing, "by-kind")
        assert found.checked == found.absent == 8
        assert len(bench.recorder.of("Scan")) > 1


async def test_items_of_other_models_in_the_table_are_not_counted() -> None:
    shop = adorm.SingleTable(
        "shop", indexes=[adorm.GlobalIndex("GSI1", partition="GSI1PK", sort="GSI1SK")]
    )

    @adorm.model(table=shop)
    class Customer:
        name: str
        key = adorm.key("CUSTOMER#{name}", "CUSTOMER#{name}")

    @adorm.model(table=shop)
    class Invoice:
        number: str
        paid_on: str | None = None
        key = adorm.key("INVOICE#{number}", "INVOICE#{number}")
        by_day = adorm.key("PAID", "{paid_on}", index="GSI1")

    async with Bench().connect() as db:
        await db.create_table(shop)
        await db.table(Customer).put(Customer(name="ada"))
        await db.table(Invoice).put(Invoice(number="1", paid_on="2026-01-01"))
        await db.table(Invoice).put(Invoice(number="2"))
        found = await db.check_index(Invoice, "GSI1")
        assert (found.checked, found.absent) == (2, 1)


async def test_an_index_that_the_model_does_not_have_is_refused() -> None:
    async with Bench().connect() as db:
        with pytest.raises(UsageError, match="Order has no index 'by-x'; it has by-status, by-tot"):
            await db.check_index(Order, "by-x")
        with pytest.raises(UsageError, match="Narrow has no index 'by-a'; it has none"):
            await db.check_index(Narrow, "by-a")
        with pytest.raises(UsageError, match=r"check_index\(samples=-1\)"):
            await db.check_index(Wide, "by-a", samples=-1)
