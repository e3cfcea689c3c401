"""Models made in functions come and go: nothing that outlives them keeps them."""

from __future__ import annotations

import gc
import linecache
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypedDict, TypeVar
from weakref import ref

import anyio
import attrs
import pytest
from pydantic import TypeAdapter

import adorm
from adorm import attr

T = TypeVar("T")
MADE = 20


def made() -> Any:
    @adorm.model(table="notes")
    class Note:
        note_id: str = adorm.partition_key()
        size: int = 0
        tags: set[str] = adorm.attribute(factory=set)
        word: str | None = None
        version: int = adorm.version()

    return Note


def written_and_read() -> Any:
    note = made()
    stored = adorm.to_attribute_map(note(note_id="a", tags={"x"}))
    assert adorm.from_plain(note, adorm.to_plain(adorm.from_attribute_map(note, stored)))
    with pytest.raises(adorm.ItemDecodeError):
        adorm.from_attribute_map(note, {})
    return note


def asked_for_paths() -> Any:
    note = made()
    assert repr((note.size > 5) & attr(note.note_id).begins_with("x"))
    return note


def with_all_kinds_inside() -> Any:
    @adorm.model
    class Node:
        size: int = 1
        below: list[Node] = adorm.attribute(factory=list)

    @dataclass
    class Data:
        size: int = 1

    class Typed(TypedDict):
        size: int

    class Named(NamedTuple):
        size: int

    @attrs.define
    class Plain:
        size: int = 1

    @adorm.model
    class Holder:
        node: Node | None = None
        nodes: list[Node] = adorm.attribute(factory=list)
        data: dict[str, Data] = adorm.attribute(factory=dict)
        typed: Typed | None = None
        named: Named | None = None
        either: str | int | Plain | None = None
        anything: Any = None

    holder = Holder(
        node=Node(),
        nodes=[Node(below=[Node()])],
        data={"x": Data()},
        typed={"size": 1},
        named=Named(1),
        either=Plain(),
    )
    assert adorm.from_attribute_map(Holder, adorm.to_attribute_map(holder)) == holder
    return Holder


def mapped() -> Any:
    @dataclass
    class Reading:
        sensor: str
        celsius: float = 0.0

    model = adorm.map_class(Reading, table="readings", partition_key="sensor")
    adorm.to_attribute_map(Reading("a"), model=model)
    return model


def generic() -> Any:
    @adorm.model
    class Box(Generic[T]):
        content: T

    @adorm.model
    class Holder:
        box: Box[int]

    adorm.to_attribute_map(Holder(box=Box(content=1)))
    return Holder


def waiting_for_a_name() -> Any:
    @adorm.model
    class Waiting:
        later: NeverDefined | None = None  # type: ignore[name-defined]  # noqa: F821  # on purpose  # pyright: ignore[reportUndefinedVariable]  # the same

    return Waiting


def seen_by_pydantic() -> Any:
    note = made()
    TypeAdapter(note).dump_json(note(note_id="a"))
    return note


def used_in_a_database() -> Any:
    note = made()

    async def use() -> None:
        async with adorm.connect("memory") as db:
            await db.create_table(note)
            notes = db.table(note)
            await notes.create(note(note_id="a"))
            await notes.save(await notes.get("a"))
            await notes.update("a").set(note.size, 5).when(note.size == 0)
            assert await notes.query("a").filter(note.size > 1).select(note.size) == [(5,)]
            assert await notes.scan().count() == 1
            async with db.transaction() as tx:
                tx.put(note(note_id="b"))

    anyio.run(use)
    return note


WAYS: list[Callable[[], Any]] = [
    made,
    written_and_read,
    asked_for_paths,
    with_all_kinds_inside,
    mapped,
    generic,
    waiting_for_a_name,
    seen_by_pydantic,
    used_in_a_database,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_models_made_in_functions_are_collected(way: Callable[[], Any]) -> None:
    way()
    gc.collect()
    lines_before = len(linecache.cache)
    models = [ref(way()) for _ in range(MADE)]
    if sys.getprofile() or sys.gettrace():
        pytest.skip("a tracer holds frames")
    gc.collect()
    assert sum(model() is not None for model in models) == 0
    assert len(linecache.cache) <= lines_before + 1
