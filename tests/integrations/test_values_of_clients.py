"""Values that a client made up: a service has no check of its own, and answers 422."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, Protocol, cast

import pytest
from fastapi import Body, Depends, FastAPI
from starlette.testclient import TestClient

import adorm
from adorm import attr
from adorm.integrations.fastapi import AdormMiddleware, lifespan, table


def check_age(_instance: object, _field: object, value: int) -> None:
    if value < 0:
        raise ValueError("an age is 0 or more")


@adorm.model(
    table="visits", indexes=[adorm.GlobalIndex("by-place", partition="place", sort="seconds")]
)
class Visit:
    guest: str = adorm.partition_key()
    at: str = adorm.sort_key()
    place: str = "here"
    seconds: int = 0
    paid: Decimal = Decimal(0)
    score: float = 0.0
    since: datetime | None = None
    kind: Literal["day", "night"] = "day"
    words: list[str] = adorm.attribute(factory=list, as_set=True)
    labels: dict[str, int] = adorm.attribute(factory=dict)
    more: Any = None
    tags: set[str] | None = None
    age: int = adorm.attribute(default=1, validator=check_age)
    version: int = adorm.version()


Visits = Annotated[adorm.Table[Visit], Depends(table(Visit))]

app = FastAPI(
    lifespan=lifespan(lambda: adorm.connect("memory"), models=[Visit], ensure_tables=True)
)
app.add_middleware(AdormMiddleware)


@app.put("/visits")
async def put(visit: Annotated[Visit, Body()], visits: Visits) -> Visit:
    return await visits.put(visit)


@app.get("/visits/{guest}/{at}")
async def get(guest: str, at: str, visits: Visits) -> Visit:
    return await visits.get(guest, at)


@app.get("/visits")
async def between(guest: str, first: str, last: str, visits: Visits) -> list[Visit]:
    return await visits.query(guest).where(attr(Visit.at).between(first, last))


@app.post("/visits/{guest}/{at}/seconds")
async def add(guest: str, at: str, seconds: int, visits: Visits) -> None:
    await visits.update(guest, at).add(Visit.seconds, seconds)


class Client(Protocol):
    """As much of Starlette's test client as is used here."""

    def get(self, url: str, **options: Any) -> Any: ...
    def put(self, url: str, **options: Any) -> Any: ...
    def post(self, url: str, **options: Any) -> Any: ...


@pytest.fixture
def client() -> Iterator[Client]:
    with TestClient(app) as client:
        yield client


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "wrong",
    [
        {"guest": ""},
        {"guest": "x" * 2049},
        {"at": ""},
        {"at": "ä" * 513},
        {"place": ""},
        {"place": "x" * 2049},
        {"seconds": 10**38 + 1},
        {"seconds": -(10**126)},
        {"paid": "1." + 38 * "1"},
        {"paid": "1E-131"},
        {"score": 1e300},
        {"since": "2026-01-01T00:00:00"},
        {"since": "0001-01-01T00:00:00+05:00"},
        {"words": ["a", "a"]},
        {"labels": {"": 1}},
        {"labels": {"a": 10**40 + 1}},
        {"more": nested(40)},
        {"more": {"": 1}},
        {"more": "x" * 410_000},
        {"tags": []},
    ],
    ids=lambda wrong: str(wrong)[:40],
)
def test_a_value_that_cannot_be_stored_is_422(client: Client, wrong: dict[str, Any]) -> None:
    answer = client.put("/visits", json={"guest": "g", "at": "a", **wrong})
    assert (answer.status_code, answer.json().get("code", answer.text)) == (422, "bad-value")


@pytest.mark.parametrize("url", ["/visits/" + 2049 * "x" + "/a", "/visits/g/" + 1025 * "x"])
def test_a_key_in_a_path_that_no_item_can_have_is_422(client: Client, url: str) -> None:
    assert client.get(url).json()["code"] == "bad-value"


@pytest.mark.parametrize(
    "query",
    [
        {"guest": "", "first": "a", "last": "b"},
        {"guest": "g", "first": "b", "last": "a"},
        {"guest": "g", "first": "a", "last": "b" * 1025},
        {"guest": "g", "first": "", "last": "b"},
    ],
    ids=str,
)
def test_a_range_that_nothing_lies_in_is_422(client: Client, query: dict[str, str]) -> None:
    assert client.get("/visits", params=query).json()["code"] == "bad-value"


def test_a_sum_that_grows_out_of_range_is_422(client: Client) -> None:
    assert (
        client.put("/visits", json={"guest": "g", "at": "a", "seconds": 9 * 10**125}).status_code
        == 200
    )
    answer = client.post("/visits/g/a/seconds", params={"seconds": str(9 * 10**125)})
    assert (answer.status_code, answer.json().get("code", answer.text)) == (422, "bad-value")


WRONG_TYPES: list[dict[str, Any]] = [
    {"seconds": "5"},
    {"paid": 1.5},
    {"since": "2026"},
    {"words": "abc"},
    {"labels": {1: 1}},
    {"kind": 5},
]


@pytest.mark.anyio
@pytest.mark.parametrize("wrong", WRONG_TYPES, ids=str)
async def test_a_value_of_a_wrong_type_stays_the_services_own_mistake(
    adorm_db: adorm.Database, wrong: dict[str, Any]
) -> None:
    await adorm_db.create_table(Visit)
    with pytest.raises(adorm.UsageError) as caught:
        await adorm_db.table(Visit).put(Visit(guest="g", at="a", **wrong))
    assert type(caught.value) is adorm.UsageError


@pytest.mark.anyio
async def test_values_are_told_by_their_error_wherever_they_are_given(
    adorm_db: adorm.Database,
) -> None:
    await adorm_db.create_table(Visit)
    visits = adorm_db.table(Visit)
    visit = await visits.put(Visit(guest="g", at="a"))
    later = datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(adorm.BadValue, match="one of"):
        await visits.query("g").filter(
            adorm.path("kind") == "day", cast("Any", Visit).kind == "noon"
        )
    with pytest.raises(adorm.BadValue, match="1 to 100 values"):
        attr(Visit.place).is_in()
    with pytest.raises(adorm.BadValue, match="is empty"):
        attr(Visit.since).between(later, later - timedelta(days=1))
    with pytest.raises(adorm.BadValue, match=r"key 2 of 2: .*empty"):
        await visits.batch_get([("g", "a"), ("g", "")])
    with pytest.raises(adorm.BadValue, match="1 to 36 characters"):
        adorm_db.transaction(token="x" * 37)
    with pytest.raises(adorm.BadValue, match="no empty keys"):
        Visit.labels[""]
    visit.version = -1
    with pytest.raises(adorm.BadValue, match="from 0 on"):
        await visits.save(visit)
    object.__setattr__(visit, "age", -1)
    with pytest.raises(adorm.BadValue, match="0 or more"):
        await visits.save(visit)
