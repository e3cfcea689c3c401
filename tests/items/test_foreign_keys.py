"""Tables that another writer filled, with keys spelled in any way: nothing is lost by a save.

Each item is either read, and then found, changed and deleted under the key that is stored, or it
is an `ItemDecodeError` and stays as it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from itertools import product
from pathlib import PurePosixPath
from typing import Any, NewType
from uuid import UUID

import attrs
import pytest
from hypothesis import given, settings, strategies as st

import adorm
from adorm.memory.engine import Engine

pytestmark = pytest.mark.anyio


class Suit(StrEnum):
    HEARTS = "hearts"
    SPADES = "spades"

    @classmethod
    def _missing_(cls, value: object) -> Suit | None:
        return next(
            (member for member in cls if isinstance(value, str) and value.lower() == member.value),
            None,
        )


class Level(Enum):
    LOW = 1
    HIGH = 2


@attrs.frozen
class Kind:
    """A type of keys, and how writers spell its values."""

    annotation: Any
    spelled: st.SearchStrategy[dict[str, str]]


def texts(
    values: st.SearchStrategy[Any],
    *spellings: Callable[[Any], str],
) -> st.SearchStrategy[dict[str, str]]:
    return st.tuples(values, st.sampled_from(spellings)).map(lambda two: {"S": two[1](two[0])})


def numbers(
    values: st.SearchStrategy[Any],
    *spellings: Callable[[Any], str],
) -> st.SearchStrategy[dict[str, str]]:
    return st.tuples(values, st.sampled_from(spellings)).map(lambda two: {"N": two[1](two[0])})


def own(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


FIRST = datetime(2025, 12, 17, 21, 47, 8, tzinfo=UTC)
MOMENTS = st.integers(0, 3).map(lambda n: FIRST + n * timedelta(milliseconds=250))
UUIDS = st.integers(10, 13).map(lambda n: UUID(int=n))
PARIS = timezone(timedelta(hours=1))

KINDS: dict[str, Kind] = {
    "datetime": Kind(
        datetime,
        texts(
            MOMENTS,
            own,
            own,
            datetime.isoformat,
            lambda at: at.isoformat().replace("+00:00", "Z"),
            lambda at: at.isoformat(" ", "microseconds"),
            lambda at: at.isoformat(timespec="milliseconds"),
            lambda at: at.astimezone(PARIS).isoformat(timespec="microseconds"),
            lambda at: at.strftime("%Y-%m-%dT%H:%M:%S.%f+0000"),
            lambda at: own(at)[:-1] + "000Z",
            lambda at: own(at)[:-1] + "123Z",
            lambda at: at.strftime("%Y%m%dT%H%M%S.%fZ"),
        ),
    ),
    "date": Kind(
        date,
        texts(
            st.integers(1, 4).map(lambda day: date(2026, 1, day)),
            date.isoformat,
            lambda day: day.strftime("%Y%m%d"),
            lambda day: "{}-W{:02}-{}".format(*day.isocalendar()),
        ),
    ),
    "time": Kind(
        time,
        texts(
            st.integers(0, 2).map(lambda n: time(8, 30, 0, n * 400_000)),
            time.isoformat,
            lambda at: at.isoformat("microseconds"),
            lambda at: at.isoformat("milliseconds"),
            lambda at: at.isoformat("microseconds") + "000",
            lambda at: at.isoformat("microseconds") + "001",
            lambda at: at.strftime("%H%M%S"),
        ),
    ),
    "UUID": Kind(
        UUID,
        texts(
            UUIDS,
            str,
            lambda u: str(u).upper(),
            lambda u: u.hex,
            lambda u: u.urn,
            lambda u: f"{{{u}}}",
        ),
    ),
    "IPv4Address": Kind(IPv4Address, texts(st.integers(1, 3).map(IPv4Address), str)),
    "IPv6Address": Kind(
        IPv6Address,
        texts(
            st.integers(10, 12).map(IPv6Address),
            str,
            lambda ip: ip.exploded,
            lambda ip: str(ip).upper(),
            lambda ip: f"0:{ip}",
        ),
    ),
    "IPv4Network": Kind(
        IPv4Network,
        texts(
            st.integers(1, 3).map(lambda n: IPv4Network((n << 24, 8))),
            str,
            lambda network: str(network.with_netmask),
        ),
    ),
    "Path": Kind(
        PurePosixPath,
        texts(
            st.sampled_from([PurePosixPath("a/b"), PurePosixPath("/a")]),
            str,
            lambda path: f"{path}/",
            lambda path: str(path).replace("a", "./a//"),
        ),
    ),
    "float": Kind(
        float,
        numbers(
            st.sampled_from([0.1, 1.5, 300.0, 1e20]),
            repr,
            lambda x: format(Decimal(repr(x)), "f"),
            lambda x: f"{Decimal(repr(x)):E}",
            lambda x: str(Decimal(repr(x)) + Decimal("1E-15")),
        ),
    ),
    "Decimal": Kind(
        Decimal,
        numbers(
            st.sampled_from([Decimal("0.5"), Decimal(7), Decimal(30)]),
            str,
            lambda x: f"{x}.0" if x == 7 else str(x),
            lambda x: f"{x:E}",
        ),
    ),
    "int": Kind(int, numbers(st.integers(1, 4), str, lambda n: f"{n}.0", lambda n: f"{n}E+0")),
    "timedelta": Kind(
        timedelta,
        numbers(st.integers(1, 4), str, lambda n: f"{n}.0", lambda n: f"{n}.0000005"),
    ),
    "StrEnum": Kind(
        Suit,
        texts(
            st.sampled_from(list(Suit)),
            lambda suit: suit.value,
            lambda suit: suit.name,
            lambda suit: suit.name.title(),
        ),
    ),
    "Enum of numbers": Kind(
        Level,
        numbers(
            st.sampled_from(list(Level)),
            lambda level: str(level.value),
            lambda level: f"{level.value}.0",
        ),
    ),
    "str": Kind(str, texts(st.sampled_from(["a", "A", "é", "e\u0301", " a"]), str)),
    "bytes": Kind(bytes, st.sampled_from(["AA==", "AAE=", "/w=="]).map(lambda text: {"B": text})),
}


def model_of(annotation: Any, *, sort: bool) -> Any:
    """A model with a key of this type, on the sort side or as the only key."""
    body: dict[str, Any] = {
        "__annotations__": {"key": annotation, "note": str, "version": int},
        "__module__": __name__,
        "key": adorm.partition_key(),
        "note": "",
        "version": adorm.version(),
    }
    if sort:
        body["__annotations__"] = {"group": str, **body["__annotations__"]}
        body |= {"group": adorm.partition_key(), "key": adorm.sort_key()}
    return adorm.model(table="things")(type("Thing", (), body))


SIDES = (True, False)
MODELS = {two: model_of(KINDS[two[0]].annotation, sort=two[1]) for two in product(KINDS, SIDES)}


def noted(item: Any) -> Any:
    return item.__class__.note


Change = Callable[[adorm.Database, Any, Any], Awaitable[Any]]


def key_of(item: Any) -> Any:
    return (item.group, item.key) if hasattr(item, "group") else item.key


async def _in_transaction(db: adorm.Database, _things: Any, item: Any) -> None:
    async with db.transaction() as tx:
        tx.save(item)


async def _delete_in_transaction(db: adorm.Database, _things: Any, item: Any) -> None:
    async with db.transaction() as tx:
        tx.delete(item)


async def _put_in_block(_db: adorm.Database, things: Any, item: Any) -> None:
    async with things.batch() as batch:
        await batch.put(item)


async def _delete_in_block(_db: adorm.Database, things: Any, item: Any) -> None:
    async with things.batch() as batch:
        await batch.delete(item)


async def _update_many(_db: adorm.Database, things: Any, item: Any) -> None:
    await things.update_many([key_of(item)]).set(noted(item), "changed")


def _renamed(item: Any) -> None:
    item.note = "changed"


CHANGES: dict[str, Change] = {
    "save": lambda _, things, item: things.save(item),
    "save only": lambda _, things, item: things.save(item, only=[noted(item)]),
    "put": lambda _, things, item: things.put(item),
    "update": lambda _, things, item: things.update(key_of(item)).set(noted(item), "changed"),
    "update_many": _update_many,
    "batch put": lambda _, things, item: things.batch_write(puts=[item]),
    "block put": _put_in_block,
    "transaction": _in_transaction,
    "read_modify_write": lambda _, things, item: things.read_modify_write(key_of(item), _renamed),
}
DELETES: dict[str, Change] = {
    "delete": lambda _, things, item: things.delete(item),
    "delete by key": lambda _, things, item: things.delete(key_of(item)),
    "batch delete": lambda _, things, item: things.batch_write(deletes=[key_of(item)]),
    "block delete": _delete_in_block,
    "transaction": _delete_in_transaction,
}


def keyed(model: Any, key: dict[str, str]) -> dict[str, Any]:
    return {"group": {"S": "g"}, "key": key} if "group" in model.__annotations__ else {"key": key}


async def stored(db: adorm.Database, names: list[str]) -> dict[tuple[str, str], dict[str, Any]]:
    """The items by their keys as they are stored."""
    answer = await db.call("Scan", {"TableName": "things"})
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for item in answer["Items"]:
        (tag,) = item["key"]
        found[tag, str(item["key"][tag])] = item
    assert all(set(names) <= item.keys() for item in found.values())
    return found


@pytest.mark.parametrize("name", KINDS)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_items_of_another_writer_are_left_as_a_careful_hand_would_leave_them(
    name: str,
    data: st.DataObject,
) -> None:
    model = MODELS[name, data.draw(st.booleans(), label="a sort key")]
    keys = data.draw(st.lists(KINDS[name].spelled, min_size=1, max_size=6), label="keys")
    change = data.draw(st.sampled_from(sorted(CHANGES)), label="change")
    delete = data.draw(st.sampled_from(sorted(DELETES)), label="delete")

    async def run() -> None:
        engine = Engine()
        async with adorm.connect(engine) as db, adorm.connect(engine) as other:
            await db.create_table(model)
            things = db.table(model)
            for key in keys:
                item = {**keyed(model, key), "note": {"S": "theirs"}, "version": {"N": "0"}}
                await other.call("PutItem", {"TableName": "things", "Item": item})
            before = await stored(other, ["note"])
            result = await things.scan().collect_errors()
            assert len(result.items) + len(result.errors) == len(before)
            refused: set[tuple[str, str]] = set()
            for error in result.errors:
                assert isinstance(error, adorm.ItemDecodeError)
                ((tag, text),) = error.key["key"].items()
                refused.add((tag, str(text)))

            changed: list[Any] = []
            for item in result.items:
                assert (await things.get(key_of(item))).note == "theirs"
                assert (await things.batch_get([key_of(item)])).items == [item]
                async with things.loader() as loader:
                    assert await loader.load(key_of(item)) == item
                assert await things.exists(key_of(item))
                if hasattr(item, "group"):
                    assert await things.query("g").where(model.key == item.key) == [item]
                else:
                    assert await things.query(item.key) == [item]
                item.note = "changed"
                await CHANGES[change](db, things, item)
                changed.append(await things.get(key_of(item)))
            after = await stored(other, ["note"])
            assert after.keys() == before.keys()
            for place, each in after.items():
                assert each["note"]["S"] == ("theirs" if place in refused else "changed")
                if place in refused:
                    assert each == before[place]
                else:
                    assert each["version"] == {"N": "1"}
                assert each["key"] == before[place]["key"]

            for item in changed:
                await DELETES[delete](db, things, item)
            assert (await stored(other, ["note"])).keys() == refused

    asyncio.run(run())


@adorm.model(table="events")
class Event:
    room: str = adorm.partition_key()
    at: datetime = adorm.sort_key()
    note: str = ""


THEIRS = {"room": {"S": "a"}, "at": {"S": "2025-12-17T21:47:08+00:00"}, "note": {"S": "theirs"}}
OURS = Event(room="a", at=datetime(2025, 12, 18, tzinfo=UTC), note="ours")


async def _filled(db: adorm.Database) -> adorm.Table[Event]:
    await db.create_table(Event)
    events = db.table(Event)
    await db.call("PutItem", {"TableName": events.name, "Item": THEIRS})
    await events.create(OURS)
    return events


async def _for_each(events: adorm.Table[Event]) -> Any:
    return await events.scan().for_each(events.delete)


async def _page(events: adorm.Table[Event]) -> Any:
    page = await events.query("a").page()
    raise page.errors[0]


READS: dict[str, Callable[[adorm.Table[Event]], Awaitable[Any]]] = {
    "query": lambda events: events.query("a"),
    "page": _page,
    "first": lambda events: events.query("a").first(),
    "scan": lambda events: events.scan(),
    "select of the key": lambda events: events.query("a").select(Event.at),
    "min of the key": lambda events: events.query("a").min(Event.at),
    "count by the key": lambda events: events.scan().count_by(Event.at),
    "for_each": _for_each,
}


@pytest.mark.parametrize("read", READS)
async def test_whatever_reads_the_key_refuses_it(read: str) -> None:
    async with adorm.connect("memory") as db:
        events = await _filled(db)
        with pytest.raises((adorm.ItemDecodeError, adorm.ScanFailed)) as caught:
            await READS[read](events)
        failure = caught.value
        errors = failure.exceptions if isinstance(failure, adorm.ScanFailed) else [failure]
        assert any(isinstance(each, adorm.ItemDecodeError) for each in errors)
        assert any("another key" in str(each) for each in errors)
        assert await events.scan().select(Event.note).collect_errors() is not None
        answer = await db.call(
            "GetItem",
            {"TableName": events.name, "Key": {name: THEIRS[name] for name in ("room", "at")}},
        )
        assert answer["Item"] == THEIRS


async def test_what_reads_no_key_reads_the_item_all_the_same() -> None:
    async with adorm.connect("memory") as db:
        events = await _filled(db)
        assert await events.query("a").select(Event.note) == [("theirs",), ("ours",)]
        assert await events.query("a").count() == 2


async def test_with_collected_errors_the_items_that_were_read_are_deleted_alone() -> None:
    async with adorm.connect("memory") as db:
        events = await _filled(db)
        result = await events.scan().collect_errors()
        assert result.items == [OURS]
        for event in result.items:
            await events.delete(event)
        assert (await db.call("Scan", {"TableName": events.name}))["Items"] == [THEIRS]


@adorm.model(
    table="indexed",
    indexes=[adorm.GlobalIndex("by-owner", partition="owner", projection="KEYS_ONLY")],
)
class Indexed:
    id: str = adorm.partition_key()
    owner: UUID | None = None
    note: str = ""


async def test_the_old_item_that_a_delete_gives_back_is_refused_too() -> None:
    async with adorm.connect("memory") as db:
        await db.create_table(Indexed)
        table = db.table(Indexed)
        item = {"id": {"S": "i"}, "owner": {"S": str(UUID(int=10)).upper()}}
        await db.call("PutItem", {"TableName": table.name, "Item": item})
        with pytest.raises(adorm.ItemDecodeError, match="another key"):
            await table.get("i")
        with pytest.raises(adorm.ItemDecodeError, match="another key"):
            await table.delete("i").returning("old")


@adorm.model(table="events")
class EventAsText:
    room: str = adorm.partition_key()
    at: str = adorm.sort_key()
    note: str = ""


async def test_declared_as_text_the_same_items_are_read_saved_and_deleted() -> None:
    async with adorm.connect("memory") as db:
        await _filled(db)
        texts = db.table(EventAsText)
        theirs, _ = await texts.query("a")
        theirs.note = "changed"
        await texts.save(theirs)
        await texts.delete(theirs)
        assert len(await texts.query("a")) == 1


PynamoTime = NewType("PynamoTime", datetime)


@adorm.model(table="events")
class PynamoEvent:
    room: str = adorm.partition_key()
    at: PynamoTime = adorm.sort_key()
    note: str = ""


async def test_with_a_hook_that_writes_the_form_of_the_other_writer_they_are_too() -> None:
    async with adorm.connect("memory") as db:
        db.converter.register_unstructure_hook(PynamoTime, lambda at: {"S": at.isoformat()})
        await db.create_table(PynamoEvent)
        await db.call("PutItem", {"TableName": "events", "Item": THEIRS})
        events = db.table(PynamoEvent)
        (theirs,) = await events.query("a")
        assert await events.query("a").where(PynamoEvent.at == theirs.at) == [theirs]
        theirs.note = "changed"
        await events.save(theirs)
        answer = await db.call("Scan", {"TableName": "events"})
        assert answer["Items"] == [{**THEIRS, "note": {"S": "changed"}}]
        await events.delete(theirs)
        assert await events.scan() == []
