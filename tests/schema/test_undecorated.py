"""A subclass of a model without a decorator of its own: told by name wherever it comes."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

import adorm

pytestmark = pytest.mark.anyio


@adorm.model(table="orders", naming="camelCase")
class Order:
    order_id: str = adorm.partition_key()
    version: int = adorm.version()


class Special(Order):
    def label(self) -> str:
        return f"special {self.order_id}"


class WithMore(Order):
    more: int = 3


@adorm.model(table="others")
class Other:
    other_id: str = adorm.partition_key()


@attrs.define
class Address:
    city: str


class Home(Address):
    pass


@pytest.mark.parametrize("made", [Special, WithMore])
@pytest.mark.parametrize("convert", [adorm.to_plain, adorm.to_attribute_map])
def test_it_is_not_written_outside_of_a_database(made: Any, convert: Any) -> None:
    with pytest.raises(
        adorm.ModelError,
        match=f"{made.__name__} is no model, but a subclass of Order without a decorator of its "
        "own: write @adorm.model",
    ):
        convert(made(order_id="a"))


def test_it_is_not_read_either() -> None:
    for read in (adorm.from_plain, adorm.from_attribute_map):
        with pytest.raises(adorm.ModelError, match="without a decorator"):
            read(Special, {})
    with pytest.raises(
        adorm.ModelError,
        match=r"Home is no attrs class, but a subclass of Address without a decorator of its own: "
        r"write @attrs.define",
    ):
        adorm.to_plain(Home("Rome"))


def test_as_a_model_it_is_told_what_is_missing() -> None:
    db = adorm.connect("memory")
    with pytest.raises(adorm.UsageError, match="without a decorator"):
        db.table(Special)
    with pytest.raises(AttributeError, match="without a decorator"):
        Special.order_id


@pytest.mark.parametrize("write", ["create", "put", "save", "delete"])
async def test_every_write_of_an_instance_says_so(write: str, adorm_db: adorm.Database) -> None:
    await adorm_db.ensure_table(Order)
    orders: Any = adorm_db.table(Order)
    with pytest.raises(
        adorm.UsageError,
        match="an instance of Order is expected, not Special: Special is no model, but a subclass "
        "of Order without",
    ):
        await getattr(orders, write)(Special(order_id="a"))
    with pytest.raises(
        adorm.UsageError,
        match="an instance of Order is expected, not Other: use the table of its own model",
    ):
        await getattr(orders, write)(Other(other_id="a"))


async def test_batches_say_so_too(adorm_db: adorm.Database) -> None:
    await adorm_db.ensure_table(Order)
    orders: Any = adorm_db.table(Order)
    for changes in (
        {"puts": [Special(order_id="a")]},
        {"deletes": [Special(order_id="a")]},
        {"deletes": [Other(other_id="a")]},
    ):
        with pytest.raises(adorm.UsageError, match="an instance of Order is expected, not"):
            await orders.batch_write(**changes)
    async with orders.batch() as batch:
        with pytest.raises(adorm.UsageError, match="an instance of Order is expected, not Special"):
            await batch.delete(Special(order_id="a"))


async def test_an_instance_of_a_mapped_class_is_deleted_as_ever(adorm_db: adorm.Database) -> None:
    @attrs.define
    class Theirs:
        key: str

    class TheirSub(Theirs):
        pass

    mapped = adorm.map_class(Theirs, table="theirs", partition_key="key")
    await adorm_db.ensure_table(mapped)
    table = adorm_db.table(mapped)
    await table.put(Theirs("a"))
    await table.delete(Theirs("a"))
    assert await table.get_or_none("a") is None
    with pytest.raises(adorm.UsageError, match="an instance of Theirs is expected, not TheirSub"):
        await table.delete(TheirSub("a"))
