"""Items whose keys are made of parts are the same by the bytes of a page, by its JSON and alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

import orjson
import pytest

import adorm
from adorm.codec.pages import MapPage
from adorm.dynamodb.values import AttributeMap
from adorm.errors import ItemDecodeError

table = adorm.SingleTable(
    "events", indexes=[adorm.GlobalIndex("GSI1", partition="GSI1PK", sort="GSI1SK")]
)


class Kind(StrEnum):
    LOGIN = "login"
    ORDER = "order"


@adorm.model(table=table, entity=("event", "Event"))
class Event:
    """A part of each format that keys of tables have as a rule."""

    name: str
    number: int
    rank: int
    kind: Kind
    day: date
    at: datetime
    count: int = 0

    @adorm.key
    def key(
        self, name: str, number: int, rank: int, kind: Kind, day: date, at: datetime, count: int
    ) -> adorm.KeyText:
        return f"{name:lower}#{number:04d}{rank:~04d}#{kind}", f"{day}{at}{count:d}"

    by_kind = adorm.key("{kind}", "{day}", index="GSI1")


@adorm.model(table=table)
class Month:
    """A part whose text the generated code can't make of a value."""

    at: datetime
    key = adorm.key("MONTH#{at:%Y-%m}", "MONTH")


EVENT = Event(
    name="Ada",
    number=7,
    rank=3,
    kind=Kind.ORDER,
    day=date(2026, 5, 1),
    at=datetime(2026, 5, 1, 12, tzinfo=UTC),
    count=12,
)
STORED = adorm.to_attribute_map(EVENT)


def read_in_every_way(model: type[Any], item: Mapping[str, Any]) -> list[object]:
    """What is read of a page of two such items, by its bytes and by its JSON, and of one alone."""
    reader = adorm.connect("memory").binding(model)
    body = orjson.dumps({"Items": [item, item], "Count": 2})
    parser = reader.page_parser()
    assert parser is not None
    answer = parser.parse(body)
    maps: list[AttributeMap] = orjson.loads(body)["Items"]
    pages = [MapPage([*maps]), MapPage(maps) if answer is None else answer["Items"]]
    found: list[object] = []
    for page in pages:
        try:
            first, second = page.decode_all(reader)
        except ItemDecodeError as error:
            found.append(str(error))
        else:
            assert first == second
            found.append(first)
    try:
        found.append(reader.decode(dict(item)))
    except ItemDecodeError as error:
        found.append(str(error))
    return found


@pytest.fixture(autouse=True)
def _worthwhile_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adorm.codec.compiled.pages.WORTHWHILE_BYTES", 0)


def test_an_item_has_the_texts_of_its_parts() -> None:
    assert STORED["PK"] == {"S": "ada#00079996#order"}
    assert STORED["SK"] == {"S": "2026-05-012026-05-01T12:00:00.000000Z12"}


@pytest.mark.parametrize(
    "item",
    [
        STORED,
        {**STORED, "_type": {"S": "Event"}},
        {name: value for name, value in STORED.items() if name != "_type"},
        {**STORED, "other": {"M": {}}},
        {**STORED, "GSI1PK": {"NULL": True}},
        {name: value for name, value in STORED.items() if name not in {"number", "kind", "at"}},
    ],
    ids=[
        "as written",
        "an older type",
        "no type",
        "more attributes",
        "a null key",
        "parts in keys",
    ],
)
def test_an_item_reads_the_same_in_every_way(item: Mapping[str, Any]) -> None:
    assert read_in_every_way(Event, item) == [EVENT] * 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"_type": {"S": "Other"}}, 'is "Other", that of Event is "event" or "Event"'),
        ({"_type": {"N": "1"}}, "that of Event is"),
        ({"PK": {"S": "bob#00079996#order"}}, 'written as {"S": "ada#00079996#order"}'),
        ({"SK": {"S": "2026-05-01"}}, "which is another item"),
        ({"number": {"N": "8"}}, 'written as {"S": "ada#00089996#order"}'),
        ({"rank": {"N": "-1"}, "PK": {"S": "ada#000710000#order"}}, "negative"),
        ({"number": {"N": "-7"}, "PK": {"S": "ada#-0079996#order"}}, "negative"),
        ({"number": {"N": "12345"}, "PK": {"S": "ada#123459996#order"}}, "more than 4 digits"),
        ({"kind": {"S": "login"}}, 'written as {"S": "ada#00079996#login"}'),
        ({"at": {"S": "2026-05-01T13:00:00.000000Z"}}, "which is another item"),
        ({"count": {"N": "13"}}, "which is another item"),
    ],
)
def test_an_item_of_another_key_is_refused_in_every_way(
    changes: dict[str, Any], message: str
) -> None:
    found = read_in_every_way(Event, {**STORED, **changes})
    assert len(set(map(str, found))) == 1
    assert message in str(found[0])


def test_parts_that_are_not_common_are_compared_too() -> None:
    month = Month(at=datetime(2026, 5, 17, tzinfo=UTC))
    stored = adorm.to_attribute_map(month)
    assert read_in_every_way(Month, stored) == [month] * 3
    found = read_in_every_way(Month, {**stored, "PK": {"S": "MONTH#2026-06"}})
    assert all('written as {"S": "MONTH#2026-05"}' in str(each) for each in found)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"number": -1}, "negative"),
        ({"number": 10_000}, "more than 4 digits"),
        ({"rank": 10_000}, "more than 4 digits"),
        ({"name": ""}, "empty"),
        ({"name": "a#b"}, "contains '#'"),
    ],
)
def test_a_key_that_can_not_be_is_refused_for_an_instance_and_for_parts(
    changes: dict[str, Any], problem: str
) -> None:
    values: dict[str, Any] = {
        name: getattr(EVENT, name)
        for name in ("name", "number", "rank", "kind", "day", "at", "count")
    } | changes
    events = adorm.connect("memory").table(Event)
    with pytest.raises(adorm.BadValue, match=problem):
        events.put(Event(**values)).request()
    with pytest.raises(adorm.BadValue, match=problem):
        events.get(**values).request()


def test_a_key_of_every_format_is_the_same_by_parts_and_of_an_instance() -> None:
    events = adorm.connect("memory").table(Event)
    parts = events.key(EVENT).parts
    key = events.get(**parts).request()["Key"]
    assert key == {name: STORED[name] for name in ("PK", "SK")}
