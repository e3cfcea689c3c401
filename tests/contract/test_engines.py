"""Each engine gives a database of its own, with the same answers to the plainest questions."""

from __future__ import annotations

import pytest

import adorm
from tests.support.engines import Engine

pytestmark = pytest.mark.anyio


@adorm.model(table="engine-notes")
class Note:
    id: str = adorm.partition_key()
    text: str = ""


async def test_what_is_created_is_read_back(db: adorm.Database) -> None:
    await db.create_table(Note)
    notes = db.table(Note)
    await notes.create(Note(id="n1", text="hello"))
    assert await notes.get("n1") == Note(id="n1", text="hello")


async def test_what_exists_is_not_created_again(db: adorm.Database) -> None:
    await db.create_table(Note)
    notes = db.table(Note)
    await notes.create(Note(id="n1", text="first"))
    with pytest.raises(adorm.ItemExists) as caught:
        await notes.create(Note(id="n1", text="second"))
    assert caught.value.item == Note(id="n1", text="first")


async def test_a_test_starts_with_no_tables(engine: Engine) -> None:
    async with engine.connect() as db:
        with pytest.raises(adorm.ResourceNotFound):
            await db.table(Note).get("n1")


async def test_two_connections_see_one_database_but_inside_the_process(engine: Engine) -> None:
    async with engine.connect() as one, engine.connect() as other:
        await one.create_table(Note)
        await one.table(Note).create(Note(id="n1", text="hello"))
        if engine.is_shared:
            assert await other.table(Note).get("n1") == Note(id="n1", text="hello")
        else:
            with pytest.raises(adorm.ResourceNotFound):
                await other.table(Note).get("n1")
