"""What is written into generated encoders gives what the coders' own functions give."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum

import pytest
from hypothesis import given, strategies as st

import adorm
from adorm.codec.codec import Codec
from adorm.errors import UsageError
from adorm.models import model_info


class Tag(StrEnum):
    GIFT = "gift"


@adorm.model(table="things")
class Thing:
    pk: str = adorm.partition_key()
    total: Decimal = Decimal(0)
    at: datetime = datetime(2026, 11, 21, tzinfo=UTC)
    lines: list[str] = adorm.attribute(factory=list)
    totals: list[Decimal] = adorm.attribute(factory=list)
    ends: tuple[datetime, ...] = ()
    tags: set[str] = adorm.attribute(factory=set)
    numbers: frozenset[int] = frozenset()
    blobs: set[bytes] = adorm.attribute(factory=set)
    grid: list[list[int]] = adorm.attribute(factory=list)


TEXT = st.text(max_size=5)
DECIMALS = st.tuples(st.integers(-(10**30), 10**30), st.integers(-60, 60)).map(
    lambda parts: Decimal(f"{parts[0]}E{parts[1]}")
)
MOMENTS = st.datetimes(
    min_value=datetime(2, 1, 1),  # hypothesis takes naive bounds
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5))]),
)
THINGS = st.builds(
    Thing,
    pk=st.just("p"),
    total=DECIMALS,
    at=MOMENTS,
    lines=st.lists(TEXT | st.just(Tag.GIFT), max_size=3),
    totals=st.lists(DECIMALS | st.integers(-5, 5), max_size=3),
    ends=st.lists(MOMENTS, max_size=3).map(tuple),
    tags=st.sets(TEXT | st.just(Tag.GIFT), max_size=3) | st.frozensets(TEXT, max_size=3),
    numbers=st.frozensets(st.integers(-(10**30), 10**30), max_size=3),
    blobs=st.sets(st.binary(max_size=3), max_size=3),
    grid=st.lists(st.lists(st.integers(-(10**30), 10**30), max_size=2), max_size=3),
)


@given(THINGS)
def test_an_item_is_encoded_as_its_fields_are_one_by_one(thing: Thing) -> None:
    codec = Codec()
    expected = {
        field.attribute_name: encoded
        for field in model_info(Thing).structure.fields
        if (encoded := codec.encode_field(field, getattr(thing, field.name))) is not None
    }
    found = codec.encode(thing)
    assert repr(found) == repr(expected)  # classes and order included
    assert list(found) == list(expected)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"total": Decimal("NaN")}, "Thing.total: NaN is no number that DynamoDB can hold"),
        (
            {"total": Decimal("1E-131")},
            (
                "Thing.total: Decimal('1E-131') is closer to zero than 1E-130, which DynamoDB "
                "can't "
                "hold"
            ),
        ),
        (
            {"total": Decimal("1." + "1" * 38)},
            "Thing.total: 39 digits, and DynamoDB keeps 38: round it first",
        ),
        (
            {"at": datetime(2026, 1, 1)},
            "Thing.at: a naive datetime: say which time zone it is in",
        ),  # naive on purpose
        ({"lines": ["a", 1]}, "Thing.lines[1]: expected text, got 1"),
        ({"totals": [Decimal(1), Decimal("Infinity")]}, "Thing.totals[1]: Infinity is no number"),
        ({"tags": {"a", 1}}, "Thing.tags: expected text, got 1"),
        ({"grid": [[1], [2, "x"]]}, "Thing.grid[1][1]: expected a whole number, got 'x'"),
    ],
)
def test_the_careful_encoder_tells_what_the_written_out_one_does_not_take(
    changed: dict[str, object], message: str
) -> None:
    thing = Thing(pk="p")
    for name, value in changed.items():
        setattr(thing, name, value)
    with pytest.raises(UsageError) as caught:
        Codec().encode(thing)
    assert str(caught.value).startswith(message)
