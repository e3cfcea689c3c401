"""Models of living tables: what was read comes back from them exactly as it is stored."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

import adorm
from adorm.dynamodb.values import AttributeMap, canonical
from adorm.exchange.codegen import table_source
from adorm.exchange.sampling import TableSample
from adorm.models import model_info
from adorm.tables.descriptions import differences, read_description
from adorm.tables.requests import create_table_request
from adorm.testing import Recorder
from tests.exchange.tables import ODD_OPTIONS, key_schema, make_table, odd_item
from tests.support.generated import models_in, run

pytestmark = pytest.mark.anyio


@pytest.fixture
async def db() -> AsyncIterator[adorm.Database]:
    async with adorm.connect("memory") as database:
        yield database


async def items_of(db: adorm.Database, name: str) -> list[AttributeMap]:
    answer: Any = await db.call("Scan", {"TableName": name})
    return list(answer["Items"])


def assert_exact(model: type[Any], items: list[AttributeMap]) -> None:
    for item in items:
        written = adorm.to_attribute_map(adorm.from_attribute_map(model, item))
        assert canonical({"M": written}) == canonical({"M": item})


async def test_odd_items_come_back_and_the_table_is_the_same(db: adorm.Database) -> None:
    await make_table(db, "odd", {"class": "B"}, [odd_item(n) for n in range(30)], **ODD_OPTIONS)
    source = await adorm.models_from_table(db, "odd")
    (model,) = models_in(source)
    assert "all 30 items were read." in source
    assert "Each of them comes back from its model exactly as it is stored." in source
    assert_exact(model, await items_of(db, "odd"))
    found = await db.describe_table("odd")
    assert differences(create_table_request(model_info(model), "odd"), found) == []
    assert model_info(model).ttl is not None
    await db.ensure_table(model)


async def test_types_follow_what_was_read(db: adorm.Database) -> None:
    await make_table(db, "odd", {"class": "B"}, [odd_item(n) for n in range(30)], **ODD_OPTIONS)
    source = await adorm.models_from_table(db, "odd")
    lines = {line.strip() for line in source.splitlines()}
    assert lines >= {
        'class_: bytes = adorm.partition_key(name="class")',
        'mro_: bool = adorm.attribute(name="mro")',
        'self_: str = adorm.attribute(name="self")',
        'n_2nd: int = adorm.attribute(name="2nd")',
        'decimal: Decimal = adorm.attribute(name="Decimal")',
        'datetime_: str = adorm.attribute(name="datetime")',
        'größe_2: int = adorm.attribute(name="größe")',
        "huge: Decimal",
        "ours: datetime",
        "theirs: str",
        "# Times in another form than adorm writes, so they stay text.",
        'pynamodbs: datetime = adorm.attribute(datetime_format="+0000")',
        "no_day: str",
        "status: str",
        '# Seen: "open", "paid".',
        "tags: set[str]",
        "counts: set[int]",
        "prices: set[Decimal]",
        "blobs: set[bytes]",
        "scalars: str | int | bool",
        "text_or_time: str | int",
        "text_or_list: Any",
        "null_or_number: Decimal | None",
        "always_null: Any",
        'list_: list[str | int | None] = adorm.attribute(name="list")',
        "empty_list: list[Any]",
        "empty_map: dict[str, Any]",
        "address: Address",
        "geo: Geo",
        'by_day: dict[str, int] = adorm.attribute(name="by-day")',
        "lines: list[Lines]",
        "note: Any = None"
        if "note: Any = None" in lines
        else 'note: Any = adorm.attribute(default="", omit_empty=True)',
        "expires_at: datetime | None = adorm.ttl()",
        "group: str | None = None",
        "rank: Decimal | None = None",
        "nowhere: Any = None",
        "rare: list[bool] | None = None",
        'some_text: str | None = adorm.attribute(default="", omit_empty=True)',
        'some_number: int | str | None = adorm.attribute(default="", omit_empty=True)',
        'some_moment: str | None = adorm.attribute(default="", omit_empty=True)',
        'some_names: set[str] | str | None = adorm.attribute(default="", omit_empty=True)',
        'some_map: SomeMap | str | None = adorm.attribute(default="", omit_empty=True)',
    }


async def test_entities_become_models_of_one_table(db: adorm.Database) -> None:
    items: list[AttributeMap] = [
        {"PK": {"S": "u1"}, "SK": {"S": "u"}, "type": {"S": "user"}, "name": {"S": "Ada"}},
        {"PK": {"S": "u1"}, "SK": {"S": "o1"}, "type": {"S": "order"}, "total": {"N": "5"}},
        {"PK": {"S": "u1"}, "SK": {"S": "o2"}, "type": {"S": "order"}, "total": {"N": "7.5"}},
        {"PK": {"S": "u1"}, "SK": {"S": "x"}, "left": {"S": "over"}},
    ]
    index = {
        "IndexName": "by-name",
        "KeySchema": key_schema("name"),
        "Projection": {"ProjectionType": "ALL"},
    }
    await make_table(
        db, "shop", {"PK": "S", "SK": "S"}, items,
        more_types={"name": "S"}, GlobalSecondaryIndexes=[index],
    )  # fmt: skip
    source = await adorm.models_from_table(db, "shop", entity_attribute="type")
    models = run(source)
    assert "all 4 items were read, of 3 entities." in source
    assert_exact(models["User"], items[:1])
    assert_exact(models["Order"], items[1:3])
    assert_exact(models["OtherShop"], items[3:])
    found = await db.describe_table("shop")
    for name in ("User", "Order", "OtherShop"):
        info = model_info(models[name])
        assert differences(create_table_request(info, "shop"), found) == []
    order = models["Order"]
    orders = await db.table(order).query("u1").where(adorm.attr(order.sk).begins_with("o"))
    assert [each.total for each in orders] == [Decimal(5), Decimal("7.5")]
    user = await db.table(models["User"]).get("u1", "u")
    assert user.name == "Ada"


async def test_an_attribute_that_tells_no_entities_apart_is_refused(db: adorm.Database) -> None:
    items: list[AttributeMap] = [
        {"id": {"S": str(number)}, "name": {"S": f"n{number}"}} for number in range(101)
    ]
    await make_table(db, "users", {"id": "S"}, items)
    for attribute, words in {
        "id": "is part of the key",
        "name": "has 101 different values",
        "type": "none of the 101 items",
    }.items():
        with pytest.raises(adorm.UsageError, match=words):
            await adorm.models_from_table(db, "users", entity_attribute=attribute)


async def test_what_no_type_gives_back_is_told(db: adorm.Database) -> None:
    values: list[AttributeMap] = [{"x": {"S": ""}}, {"x": {"NULL": True}}, {"x": {"S": "a"}}, {}]
    items = [{"id": {"N": str(number)}, **value} for number, value in enumerate(values)]
    await make_table(db, "lossy", {"id": "N"}, items)
    source = await adorm.models_from_table(db, "lossy")
    assert '# Lossy: "x" of 1 items does not come back as it is stored.' in source
    assert "NULL in others: a save stores both as absence." in source
    assert "x: str | None = None" in source


async def test_a_sample_is_taken_from_all_over_the_table() -> None:
    recorder = Recorder()
    async with adorm.connect("memory", wrap=recorder) as db:
        items = [{"id": {"S": str(number)}, "n": {"N": str(number)}} for number in range(300)]
        await make_table(db, "many", {"id": "S"}, items)
        recorder.clear()
        source = await adorm.models_from_table(db, "many", sample=80)
        assert "80 items of about 300 were read." in source
        assert set(recorder.operations) == {"DescribeTable", "DescribeTimeToLive", "Scan"}
        scans = [sent.request for sent in recorder.sent if sent.operation == "Scan"]
        assert {scan["Segment"] for scan in scans} == set(range(8))
        assert sum(scan["Limit"] for scan in scans) <= 100
        assert "all 300 items were read" in await adorm.models_from_table(db, "many")


async def test_an_empty_table_and_a_sample_of_none(db: adorm.Database) -> None:
    await make_table(db, "empty", {"id": "S", "at": "N"}, [])
    source = await adorm.models_from_table(db, "empty")
    model: Any = models_in(source)[0]
    assert "at: Decimal = adorm.sort_key()" in source
    assert await db.table(model).get_or_none("x", Decimal(1)) is None
    models_in(await adorm.models_from_table(db, "empty", sample=0))
    with pytest.raises(adorm.UsageError, match="sample"):
        await adorm.models_from_table(db, "empty", sample=-1)
    with pytest.raises(adorm.ResourceNotFound):
        await adorm.models_from_table(db, "nowhere")


async def test_times_to_live_that_are_no_epoch_seconds_are_plain_numbers(
    db: adorm.Database,
) -> None:
    items = [{"id": {"S": "a"}, "exp": {"N": "1700000000000"}}, {"id": {"S": "b"}}]
    await make_table(db, "millis", {"id": "S"}, items, ttl="exp")
    source = await adorm.models_from_table(db, "millis")
    assert "exp: int | None = None" in source
    assert_exact(models_in(source)[0], items)


async def test_an_index_is_left_out_where_items_hold_another_type(db: adorm.Database) -> None:
    index = {
        "IndexName": "by-code",
        "KeySchema": key_schema("code"),
        "Projection": {"ProjectionType": "ALL"},
    }
    items = [{"id": {"S": "a"}, "code": {"S": "x"}}, {"id": {"S": "b"}, "code": {"N": "5"}}]
    await make_table(db, "codes", {"id": "S"}, items)
    await db.call(
        "UpdateTable",
        {
            "TableName": "codes",
            "AttributeDefinitions": [{"AttributeName": "code", "AttributeType": "S"}],
            "GlobalSecondaryIndexUpdates": [{"Create": index}],
        },
    )
    source = await adorm.models_from_table(db, "codes")
    assert '# Index by-code is left out: "code" holds other types' in source
    (model,) = models_in(source)
    assert model_info(model).indexes == {}
    assert_exact(model, items)


async def test_a_key_of_an_index_that_is_the_ttl_stays_a_number(db: adorm.Database) -> None:
    index = {
        "IndexName": "by-end",
        "KeySchema": key_schema("id", "exp"),
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }
    items = [{"id": {"S": "a"}, "sk": {"S": "a"}, "exp": {"N": "1700000000"}}]
    await make_table(
        db, "ends", {"id": "S", "sk": "S"}, items,
        ttl="exp", more_types={"exp": "N"}, LocalSecondaryIndexes=[index],
    )  # fmt: skip
    source = await adorm.models_from_table(db, "ends")
    assert "exp: int | None = adorm.ttl()" in source
    assert 'adorm.LocalIndex("by-end", sort="exp", projection="KEYS_ONLY")' in source
    (model,) = models_in(source)
    found = await db.describe_table("ends")
    assert differences(create_table_request(model_info(model), "ends"), found) == []


async def test_films_with_gaps_in_a_map_come_back(db: adorm.Database) -> None:
    films: list[dict[str, Any]] = [
        {"rank": 1, "genres": ["Drama"], "rating": Decimal("8.3"), "actors": ["A", "B"]},
        {"rank": 2, "genres": [], "release_date": "2013-09-02T00:00:00Z"},
        {"rank": 3, "running_time_secs": 7380, "plot": "A re-creation", "directors": ["C"]},
    ]
    items = [
        {
            "year": {"N": "2013"},
            "title": {"S": f"Film {number}"},
            "info": {"M": adorm.to_attribute_map(info)},
        }
        for number, info in enumerate(films)
    ]
    await make_table(db, "movies", {"year": "N", "title": "S"}, items)
    source = await adorm.models_from_table(db, "movies")
    (model,) = models_in(source)
    assert "info: Info" in source
    assert "rating: Decimal | None = None" in source
    assert_exact(model, items)


texts = st.text(max_size=3) | st.sampled_from(
    ["2026-01-01T00:00:00.000000Z", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.123456+00:00"]
)
numbers = st.integers(-9, 9).map(str) | st.sampled_from(["1.5", "1E+30", "1E-130", "9" * 38])
names = st.text(min_size=1, max_size=3) | st.sampled_from(
    ["a", "A", "class", "str", "list", "datetime", "adorm", "mro", "__init__", "Many", "1", "x-y"]
)
scalars = st.one_of(
    texts.map(lambda text: {"S": text}),
    numbers.map(lambda number: {"N": number}),
    st.binary(max_size=3).map(lambda content: {"B": content}),
    st.booleans().map(lambda flag: {"BOOL": flag}),
    st.just({"NULL": True}),
    st.sets(texts, min_size=1, max_size=3).map(lambda members: {"SS": list(members)}),
    st.sets(numbers, min_size=1, max_size=3).map(lambda members: {"NS": list(members)}),
    st.sets(st.binary(max_size=2), min_size=1).map(lambda members: {"BS": list(members)}),
)
values: st.SearchStrategy[AttributeMap] = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda content: {"L": content})
        | st.dictionaries(names, inner, max_size=3).map(lambda content: {"M": content})
    ),
    max_leaves=6,
)
MANY = read_description(
    {
        "TableName": "many",
        "KeySchema": key_schema("id"),
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    }
)


@settings(max_examples=30)
@given(st.lists(st.dictionaries(names, values, max_size=4), max_size=5))
def test_any_items_come_back_or_the_source_says_which_do_not(drawn: list[AttributeMap]) -> None:
    items = [{**item, "id": {"S": str(number)}} for number, item in enumerate(drawn)]
    source = table_source(TableSample(MANY, None, items, True), None)
    (model,) = models_in(source)
    if "does not come back" not in source:
        assert_exact(model, items)
    else:
        assert "NULL in others: a save stores both as absence." in source
