"""Times: what Python can't hold is refused, and a ttl is a time in seconds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any

import orjson
import pytest
from hypothesis import given, settings, strategies as st

import adorm
from adorm import attr
from adorm.codec.codec import Codec
from adorm.codec.coders.times import MAX_EPOCH_SECONDS
from adorm.codec.failures import DecodeFailure

pytestmark = pytest.mark.anyio

JAVA = "2025-12-17T21:47:08.494658123Z"
CUT = datetime(2025, 12, 17, 21, 47, 8, 494658, tzinfo=UTC)


class Moment(datetime):
    """A user's own kind of datetime."""


@adorm.model
class Step:
    at: datetime


@adorm.model(table="runs")
class Run:
    run_id: str = adorm.partition_key()
    at: datetime | None = None
    clock: time | None = None
    own: Moment | None = None
    noted: Annotated[datetime, "as text"] | None = None
    all_at: list[datetime] = adorm.attribute(factory=list)
    set_at: set[datetime] = adorm.attribute(factory=set)
    by_name: dict[str, datetime] = adorm.attribute(factory=dict)
    pair: tuple[datetime, str] | None = None
    either: datetime | int | None = None
    step: Step | None = None
    steps: list[Step] = adorm.attribute(factory=list)
    json: list[datetime] = adorm.attribute(factory=list, as_json=True)
    created_at: datetime = adorm.created_at()
    updated_at: datetime = adorm.updated_at()


@adorm.model(table="runs")
class Loose:
    run_id: str = adorm.partition_key()
    at: datetime | None = adorm.attribute(default=None, truncate=True)
    clock: time | None = adorm.attribute(default=None, truncate=True)
    own: Moment | None = adorm.attribute(default=None, truncate=True)
    noted: Annotated[datetime, "as text"] | None = adorm.attribute(default=None, truncate=True)
    all_at: list[datetime] = adorm.attribute(factory=list, truncate=True)
    set_at: set[datetime] = adorm.attribute(factory=set, truncate=True)
    by_name: dict[str, datetime] = adorm.attribute(factory=dict, truncate=True)
    pair: tuple[datetime, str] | None = adorm.attribute(default=None, truncate=True)
    either: datetime | int | None = adorm.attribute(default=None, truncate=True)
    step: Step | None = adorm.attribute(default=None, truncate=True)
    steps: list[Step] = adorm.attribute(factory=list, truncate=True)
    json: list[datetime] = adorm.attribute(factory=list, as_json=True, truncate=True)
    created_at: datetime = adorm.created_at(truncate=True)
    updated_at: datetime = adorm.updated_at(truncate=True)


TEXT: dict[str, Any] = {"S": JAVA}
STORED: dict[str, tuple[dict[str, Any], Any]] = {
    "at": (TEXT, CUT),
    "clock": ({"S": "21:47:08.494658123"}, CUT.time()),
    "own": (TEXT, CUT),
    "noted": (TEXT, CUT),
    "all_at": ({"L": [TEXT]}, [CUT]),
    "set_at": ({"SS": [JAVA]}, {CUT}),
    "by_name": ({"M": {"a": TEXT}}, {"a": CUT}),
    "pair": ({"L": [TEXT, {"S": "x"}]}, (CUT, "x")),
    "either": (TEXT, CUT),
    "step": ({"M": {"at": TEXT}}, Step(at=CUT)),
    "steps": ({"L": [{"M": {"at": TEXT}}]}, [Step(at=CUT)]),
    "json": ({"S": f'["{JAVA}"]'}, [CUT]),
    "created_at": (TEXT, CUT),
    "updated_at": (TEXT, CUT),
}
STAMPS = {name: {"S": "2026-11-21T08:30:00.000000Z"} for name in ("created_at", "updated_at")}


def stored(name: str) -> dict[str, Any]:
    return {"run_id": {"S": "r"}, **STAMPS, name: STORED[name][0]}


@pytest.fixture(params=["map", "bytes"])
def read(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[Any, dict[str, Any]], Any]:
    """Reads an item over dicts, or a page straight from its bytes."""
    monkeypatch.setattr("adorm.codec.compiled.pages.WORTHWHILE_BYTES", 0)
    codec = Codec()

    def from_bytes(model: Any, item: dict[str, Any]) -> Any:
        parser = codec.page_parser(model)
        page = None if parser is None else parser.parse(orjson.dumps({"Items": [item]}))
        if parser is None or page is None:
            return codec.decode(model, item)
        try:
            return parser.make(page["Items"].structs[0])
        except Exception:  # noqa: BLE001  # as Binding does, which reads it over dicts then
            return codec.decode(model, item)

    return codec.decode if request.param == "map" else from_bytes


@pytest.mark.parametrize("name", STORED)
def test_a_time_finer_than_a_microsecond_is_refused_wherever_it_stands(
    name: str,
    read: Any,
) -> None:
    with pytest.raises(
        DecodeFailure,
        match=r"494658123.* is finer than a microsecond, which a (date)?time can't hold: declare",
    ):
        read(Run, stored(name))


@pytest.mark.parametrize("name", STORED)
def test_a_field_that_truncates_reads_it_without_the_rest(name: str, read: Any) -> None:
    assert getattr(read(Loose, stored(name)), name) == STORED[name][1]


@pytest.mark.parametrize(
    "text",
    [
        "2025-12-17T21:47:08.494658000Z",
        "2025-12-17T21:47:08.494658000000000+00:00",
        "2025-12-17T21:47:08,494658Z",
        "20251217T214708.494658Z",
        "2025-12-17T22:47:08.494658+01:00",
    ],
)
def test_digits_that_say_nothing_are_no_loss(text: str, read: Any) -> None:
    assert read(Run, {"run_id": {"S": "r"}, **STAMPS, "at": {"S": text}}).at == CUT


@pytest.mark.parametrize(
    "text",
    [
        "20251217T214708.4946581234Z",
        "2025-W51-3T214708.49465812Z",
        "2025-12-17T21:47:08,4946581Z",
        "2025-12-17T21:47:08.4946581+00",
    ],
)
def test_no_spelling_of_the_same_length_hides_a_finer_time(text: str, read: Any) -> None:
    with pytest.raises(DecodeFailure, match="finer than a microsecond"):
        read(Run, {"run_id": {"S": "r"}, **STAMPS, "at": {"S": text}})


@given(
    nanoseconds=st.integers(0, 999_999_999),
    digits=st.integers(0, 9),
    offset=st.sampled_from(["Z", "+00:00", "+01:00", "-0530"]),
)
@settings(max_examples=200, deadline=None)
def test_a_time_that_is_read_is_the_time_that_was_stored(
    nanoseconds: int,
    digits: int,
    offset: str,
) -> None:
    fraction = f".{nanoseconds:09}"[: digits + 1] if digits else ""
    kept = int(f"{fraction[1:]:0<9}" if digits else "0")
    text = f"2025-12-17T21:47:08{fraction}{offset}"
    try:
        at = adorm.from_attribute_map(Run, {"run_id": {"S": "r"}, **STAMPS, "at": {"S": text}}).at
    except adorm.ItemDecodeError:
        assert kept % 1000
    else:
        assert at is not None
        assert at.microsecond * 1000 == kept


async def test_what_can_not_be_held_stays_as_it_is_in_the_table() -> None:
    async with adorm.connect("memory") as db:
        await db.create_table(Run)
        item = stored("at")
        await db.call("PutItem", {"TableName": "runs", "Item": item})
        runs = db.table(Run)
        for reading in (
            runs.get("r"),
            runs.scan(),
            runs.scan().select(Run.at),
            runs.batch_get(["r"]),
        ):
            with pytest.raises((adorm.ItemDecodeError, adorm.BatchFailed)):
                await reading
        await runs.update("r").set(Run.clock, time(8))
        answer = await db.call("GetItem", {"TableName": "runs", "Key": {"run_id": {"S": "r"}}})
        assert answer["Item"]["at"] == TEXT


# ---- ttl


@adorm.model(table="sessions")
class Session:
    session_id: str = adorm.partition_key()
    expires_at: int | None = adorm.ttl()


@adorm.model(table="sessions")
class Dated:
    session_id: str = adorm.partition_key()
    expires_at: datetime | None = adorm.ttl()


MILLISECONDS = 1_893_456_000_000
BEFORE_1970 = "lies before 1970, and a ttl is in seconds since then"
AFTER_9999 = "lies after the year 9999, and a ttl is in seconds: were these milliseconds?"


def session(at: int) -> Session:
    return Session(session_id="s", expires_at=at)


TTL_WRITES: dict[str, Callable[[adorm.Database, Any], Any]] = {
    "create": lambda db, at: db.table(Session).create(session(at)),
    "put": lambda db, at: db.table(Session).put(session(at)),
    "save": lambda db, at: db.table(Session).save(session(at)),
    "batch": lambda db, at: db.table(Session).batch_write(puts=[session(at)]),
    "create_many": lambda db, at: db.table(Session).create_many([session(at)]),
    "update": lambda db, at: db.table(Session).update("s").set(Session.expires_at, at).upsert(),
    "set_if_absent": lambda db, at: (
        db.table(Session)
        .update("s")
        .apply(
            attr(Session.expires_at).set_if_absent(at),
        )
        .upsert()
    ),
    "update_many": lambda db, at: db.table(Session).update_many(["s"]).set(Session.expires_at, at),
    "filter": lambda db, at: db.table(Session).scan().filter(attr(Session.expires_at) < at),
}


@pytest.mark.parametrize("write", TTL_WRITES)
@pytest.mark.parametrize(
    ("at", "why"),
    [(MILLISECONDS, AFTER_9999), (MAX_EPOCH_SECONDS + 1, AFTER_9999), (-1, BEFORE_1970)],
)
async def test_a_ttl_that_is_no_time_in_seconds_is_refused_by_name(
    write: str,
    at: int,
    why: str,
) -> None:
    async with adorm.connect("memory") as db:
        await db.create_table(Session)
        with pytest.raises(adorm.UsageError, match=r"Session\.expires_at: ") as caught:
            await TTL_WRITES[write](db, at)
        assert why in str(caught.value)
        assert await db.table(Session).scan() == []


def test_a_datetime_before_1970_is_refused_as_a_ttl_too() -> None:
    with pytest.raises(adorm.UsageError, match="before 1970"):
        adorm.to_attribute_map(Dated(session_id="s", expires_at=datetime(1969, 12, 31, tzinfo=UTC)))


@pytest.mark.parametrize("seconds", [0, 1, 1_893_456_000, MAX_EPOCH_SECONDS])
def test_every_second_from_1970_to_9999_is_a_ttl(seconds: int) -> None:
    item = adorm.to_attribute_map(Session(session_id="s", expires_at=seconds))
    assert item["expires_at"] == {"N": str(seconds)}
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    assert adorm.to_attribute_map(Dated(session_id="s", expires_at=at)) == item
    assert adorm.from_attribute_map(Dated, item).expires_at == at


async def test_a_ttl_is_moved_by_seconds_either_way() -> None:
    async with adorm.connect("memory") as db:
        await db.create_table(Session)
        sessions = db.table(Session)
        await sessions.create(Session(session_id="s", expires_at=1_000))
        expires_at = attr(Session.expires_at)
        earlier = await sessions.update("s").add(Session.expires_at, -60).returning("new")
        assert earlier.expires_at == 940
        clause = expires_at.set(expires_at + -40)
        earlier = await sessions.update("s").apply(clause).returning("new")
        assert earlier.expires_at == 900
        with pytest.raises(adorm.UsageError, match=r"Session\.expires_at: .*milliseconds"):
            await sessions.update("s").add(Session.expires_at, MILLISECONDS)


def test_milliseconds_that_others_stored_are_read_by_an_int_and_named_by_a_datetime() -> None:
    item = {"session_id": {"S": "s"}, "expires_at": {"N": str(MILLISECONDS)}}
    session = adorm.from_attribute_map(Session, item)
    assert session.expires_at == MILLISECONDS
    with pytest.raises(adorm.UsageError, match="milliseconds"):
        adorm.to_attribute_map(session)
    with pytest.raises(
        adorm.ItemDecodeError,
        match=r"\$\.expires_at: .*after the year 9999: where these are milliseconds",
    ):
        adorm.from_attribute_map(Dated, item)
