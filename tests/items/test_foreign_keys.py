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
from typing import Any
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
