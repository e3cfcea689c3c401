"""Maps whose keys are no text in Python."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import Enum, StrEnum
from ipaddress import IPv4Address, IPv6Network
from pathlib import Path
from typing import Any, NewType
from uuid import UUID

import pytest

import adorm
from adorm import attr
from adorm.codec.codec import Codec


class Plain(Enum):
    A = "a"
    B = "b"


class Mixed(str, Enum):  # noqa: UP042  # as people still write it
    A = "a"


class Text(StrEnum):
    A = "a"


Id = NewType("Id", UUID)

BERLIN = timezone(timedelta(hours=2))
UID = UUID("63efc1ac-978c-4795-8cc2-97c4f898c73a")
DAY = date(2026, 1, 2)

KEYS: list[tuple[Any, Any, str]] = [
    (UUID, UID, "63efc1ac-978c-4795-8cc2-97c4f898c73a"),
    (Id, UID, "63efc1ac-978c-4795-8cc2-97c4f898c73a"),
    (date, DAY, "2026-01-02"),
    (datetime, datetime(2026, 1, 2, 3, 4, 5, tzinfo=BERLIN), "2026-01-02T01:04:05.000000Z"),
    (time, time(8, 30), "08:30:00.000000"),
    (Path, Path("/a/b"), "/a/b"),
    (IPv4Address, IPv4Address("1.2.3.4"), "1.2.3.4"),
    (IPv6Network, IPv6Network("2001:db8::/32"), "2001:db8::/32"),
    (Plain, Plain.A, "a"),
    (Mixed, Mixed.A, "a"),
    (Text, Text.A, "a"),
]


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize(("kind", "key", "text"), KEYS, ids=str)
def test_keys_of_every_type_that_is_stored_as_text_come_back(
    kind: Any, key: Any, text: str, as_json: bool
) -> None:
    made: Any = adorm.model(
        type(
            "Holder",
            (),
            {"__annotations__": {"by": dict[kind, int]}, "by": adorm.attribute(as_json=as_json)},
        )
    )
    holder = made(by={key: 5})
    stored = adorm.to_attribute_map(holder)
    assert stored == {"by": {"S": f'{{"{text}":5}}'} if as_json else {"M": {text: {"N": "5"}}}}
    back = adorm.from_attribute_map(made, stored)
    assert back == holder
    assert type(next(iter(back.by))) is type(key)
    assert adorm.from_plain(made, adorm.to_plain(holder)) == holder


@adorm.model(table="maps")
class Maps:
    id: str = adorm.partition_key()
    by_id: dict[UUID, int] = adorm.attribute(factory=dict)
    by_day: dict[date, dict[UUID, int]] = adorm.attribute(factory=dict)
    by_time: dict[datetime, int] = adorm.attribute(factory=dict)
    by_path: dict[Path, int] = adorm.attribute(factory=dict)
    by_kind: dict[Plain, int] = adorm.attribute(factory=dict)
    by_mixed: dict[Mixed, int] = adorm.attribute(factory=dict)


@pytest.mark.anyio
async def test_paths_take_such_keys(adorm_db: adorm.Database) -> None:
    await adorm_db.create_table(Maps)
    maps = adorm_db.table(Maps)
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=BERLIN)
    days, kinds, mixed = {DAY: {UID: 2}}, {Plain.A: 4}, {Mixed.A: 5}
    await maps.create(
        Maps(
            id="a", by_id={UID: 1}, by_day=days, by_time={moment: 3}, by_kind=kinds, by_mixed=mixed
        )
    )
    changed = (
        await maps.update("a")
        .set(Maps.by_id[UID], 10)
        .add(Maps.by_day[DAY][UID], 10)
        .set(Maps.by_time[moment.astimezone(UTC)], 10)
        .set(Maps.by_path[Path("/x")], 10)
        .set(Maps.by_mixed[Mixed.A], 10)
        .when(Maps.by_kind[Plain.A] == 4, attr(Maps.by_kind[Plain.B]).not_exists())
        .returning("new")
    )
    assert changed == await maps.get("a")
    assert (changed.by_id, changed.by_day, changed.by_time) == (
        {UID: 10},
        {DAY: {UID: 12}},
        {moment: 10},
    )
    assert (changed.by_path, changed.by_mixed) == ({Path("/x"): 10}, {Mixed.A: 10})
    paths = (
        Maps.by_day[DAY][UID],
        Maps.by_time[moment],
        Maps.by_kind[Plain.A],
        Maps.by_kind[Plain.B],
    )
    selected: list[Any] = list(await maps.query("a").select(*paths))
    assert selected == [(12, 10, 4, None)]


@pytest.mark.anyio
async def test_a_key_of_another_type_is_refused_in_a_path_and_in_a_value(
    adorm_db: adorm.Database,
) -> None:
    maps = adorm_db.table(Maps)
    wrong_keys: list[Any] = [
        Maps.by_day[datetime(2026, 1, 2, tzinfo=UTC)],  # to a checker a datetime is a date
        Maps.by_id[DAY],  # type: ignore[index]  # the same  # pyright: ignore[reportArgumentType]  # the same
        Maps.by_kind[None],  # type: ignore[index]  # the same  # pyright: ignore[reportArgumentType]  # the same
    ]
    for wrong in wrong_keys:
        with pytest.raises(adorm.UsageError, match=r"the map key .*: expected"):
            maps.update("a").set(wrong, 1).request()
    values: dict[str, Any] = {"by_id": {DAY: 1}}
    with pytest.raises(adorm.UsageError, match=r"^Maps\.by_id: expected a UUID"):
        adorm.to_attribute_map(Maps(id="a", **values))


@pytest.mark.anyio
async def test_a_databases_hooks_for_the_keys_hold_in_paths_too(adorm_db: adorm.Database) -> None:
    adorm_db.converter.register_unstructure_hook(UUID, lambda uid: {"S": uid.hex})
    adorm_db.converter.register_structure_hook(UUID, lambda stored, _: UUID(hex=stored["S"]))
    await adorm_db.create_table(Maps)
    maps = adorm_db.table(Maps)
    await maps.create(Maps(id="a", by_id={UID: 1}))
    await maps.update("a").set(Maps.by_id[UID], 2)
    assert (await maps.get("a")).by_id == {UID: 2}
    assert await maps.query("a").select(Maps.by_id[UID]) == [(2,)]


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("by_id", str(UID).upper()),
        ("by_id", UID.hex),
        ("by_time", "2026-01-02T01:04:05+00:00"),
        ("by_time", "2026-01-02T01:04:05Z"),
        ("by_path", "/a//b"),
    ],
)
def test_a_key_in_another_spelling_is_told_when_it_is_read(field: str, text: str) -> None:
    with pytest.raises(
        adorm.ItemDecodeError,
        match=r"expected a map key as .* is stored, .*: declare the keys `str`, or register hooks",
    ):
        adorm.from_attribute_map(Maps, {"id": {"S": "a"}, field: {"M": {text: {"N": "1"}}}})


def test_two_keys_that_a_hook_reads_as_one_lose_nothing_in_silence() -> None:
    codec = Codec()
    codec.converter.register_structure_hook(UUID, lambda stored, _: UUID(stored["S"]))
    stored = {"M": {str(UID): {"N": "1"}, str(UID).upper(): {"N": "2"}}}
    with pytest.raises(Exception, match="two keys of the map read as the same"):
        codec.decode_value(dict[UUID, int], stored)
