"""Tables named by their ARNs, as those of other accounts are."""

from __future__ import annotations

import pytest

import adorm
from adorm import StreamHandler
from adorm.dynamodb.table_names import check_table_name, plain_name
from adorm.testing import stream_event, stream_record

pytestmark = pytest.mark.anyio


@adorm.model(table="orders", indexes=[adorm.GlobalIndex("by-status", partition="status")])
class Order:
    order_id: str = adorm.partition_key()
    status: str = "open"


ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/orders"


async def test_all_operations_take_a_table_by_its_arn(adorm_db: adorm.Database) -> None:
    description = await adorm_db.ensure_table(Order)
    assert description.arn is not None
    orders = adorm_db.table(Order, name=description.arn)
    assert orders.name == description.arn
    await orders.create(Order(order_id="a"))
    await orders.batch_write(puts=[Order(order_id="b"), Order(order_id="c")])
    await orders.update("a").set(Order.status, "paid")
    assert (await orders.get("a")).status == "paid"
    got = await orders.batch_get(["a", "b", "x"])
    assert (len(got.items), [key.values for key in got.missing]) == (2, [("x",)])
    assert await orders.query().where(Order.status == "open").count() == 2
    assert len(await orders.scan().segments(2)) == 3
    async with adorm_db.transaction() as tx:
        tx.include(orders.delete("c"))
    page = await orders.scan().limit(1).page()
    assert page.cursor is not None
    assert len((await orders.scan().limit(1).page(page.cursor)).items) == 1
    assert (await adorm_db.describe_table(description.arn)).name == "orders"
    async with orders.loader() as loader:
        assert await loader.load("a") is not None


async def test_names_by_stage_may_be_arns_and_a_prefix_leaves_them_alone() -> None:
    async with adorm.connect("memory", table_names={"orders": ARN}) as db:
        assert db.table(Order).name == ARN
    async with adorm.connect("memory", table_prefix="dev-") as db:

        @adorm.model(table=ARN)
        class Shared:
            order_id: str = adorm.partition_key()

        assert db.table(Shared).name == ARN
        assert db.table(Order).name == "dev-orders"


async def test_a_table_is_made_and_deleted_by_its_arn() -> None:
    async with adorm.connect("memory") as db:
        await db.create_table(Order, name=ARN)
        await db.ensure_table(Order, name=ARN)
        await db.delete_table(ARN)
        with pytest.raises(adorm.ResourceNotFound):
            await db.describe_table(ARN)


async def test_streams_know_a_table_that_is_named_by_its_arn() -> None:
    seen: list[str] = []
    changes = StreamHandler()

    @changes.insert(Order)
    async def created(order: Order) -> None:
        seen.append(order.order_id)

    async with adorm.connect("memory", table_names={"orders": ARN}) as db:
        record = stream_record(new=Order(order_id="a"), table_name=ARN)
        assert ":table/orders/stream/" in record["eventSourceARN"]
        assert await changes(stream_event(record), None, db) == {"batchItemFailures": []}
    assert seen == ["a"]


@pytest.mark.parametrize(
    "name",
    [
        "arn:aws:dynamodb:us-east-1:123456789012:table/orders/index/by-status",
        "arn:aws:dynamodb:us-east-1:123456789012:table/o",
        "arn:aws:dynamodb:us-east-1:123456789012:table/",
        "arn:aws:s3:::orders",
        "arn:aws:dynamodb:us-east-1:me:table/orders",
        "arn:orders",
    ],
)
def test_an_arn_of_anything_else_is_refused(name: str) -> None:
    with pytest.raises(adorm.UsageError):
        check_table_name(name)


def test_the_name_in_an_arn() -> None:
    assert plain_name(ARN) == plain_name("orders") == "orders"
    assert check_table_name(ARN) == ARN
    assert check_table_name(ARN.replace("arn:aws:", "arn:aws-cn:")) == ARN.replace(
        "arn:aws:", "arn:aws-cn:"
    )


async def test_a_missing_table_that_is_to_be_deleted_is_not_to_be_created(
    adorm_db: adorm.Database,
) -> None:
    with pytest.raises(adorm.ResourceNotFound) as caught:
        await adorm_db.delete_table(Order)
    assert "ensure_table" not in str(caught.value)
    assert "missing_ok=True" in str(caught.value)
    with pytest.raises(adorm.ResourceNotFound, match="create it by ensure_table"):
        await adorm_db.table(Order).get("a")
