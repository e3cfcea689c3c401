"""Keys in the forms of other writers: read only where adorm would write them just so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntFlag
from ipaddress import IPv4Network, IPv6Address
from pathlib import PurePosixPath
from typing import Any, Literal, NewType, Self
from uuid import UUID

import attrs
import orjson
import pytest

import adorm
from adorm.codec.codec import Codec
from adorm.codec.compiled.keys import plans_to_compare
from adorm.codec.compiled.pages import WORTHWHILE_BYTES
from adorm.codec.failures import DecodeFailure

NOON = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
WireTime = NewType("WireTime", datetime)


class Color(Enum):
    RED = "red"

    @classmethod
    def _missing_(cls, value: object) -> Color | None:
        return cls.RED if isinstance(value, str) and value.lower() == "red" else None


class Plain(Enum):
    RED = "red"


class Bits(IntFlag):
    ONE = 1
    TWO = 2


class Lower(str):
    def __new__(cls, text: str) -> Self:
        return super().__new__(cls, text.lower())

    __slots__ = ()


def model_of(annotation: Any) -> Any:
    """A model whose sort key is of this type."""
    body = {
        "__annotations__": {"group": str, "key": annotation, "count": int},
        "__module__": __name__,
        "group": adorm.partition_key(),
        "key": adorm.sort_key(),
        "count": 0,
    }
    return adorm.model(table="things")(type("Thing", (), body))


def of(key: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"group": {"S": "g"}, "key": key, **more}


READ: list[tuple[Any, dict[str, Any], Any]] = [
    (str, {"S": "A"}, "A"),
    (int, {"N": "5.0"}, 5),
    (Decimal, {"N": "1.50"}, Decimal("1.5")),
    (float, {"N": "3"}, 3.0),
    (float, {"N": "1E+2"}, 100.0),
    (bytes, {"B": "AAE="}, b"\0\1"),
    (datetime, {"S": "2026-11-21T08:30:00.000000Z"}, NOON),
    (date, {"S": "2026-11-21"}, NOON.date()),
    (time, {"S": "08:30:00.000000"}, time(8, 30)),
    (timedelta, {"N": "90.0"}, timedelta(seconds=90)),
    (UUID, {"S": "00000000-0000-0000-0000-00000000000a"}, UUID(int=10)),
    (PurePosixPath, {"S": "a/b"}, PurePosixPath("a/b")),
    (IPv6Address, {"S": "::a"}, IPv6Address("::a")),
    (Color, {"S": "red"}, Color.RED),
    (Plain, {"S": "red"}, Plain.RED),
    (Bits, {"N": "3"}, Bits.ONE | Bits.TWO),
    (Literal["a", "b"], {"S": "b"}, "b"),
    (Lower, {"S": "a"}, "a"),
]

REFUSED: list[tuple[Any, dict[str, Any], str]] = [
    (datetime, {"S": "2025-12-17T21:47:08+00:00"}, "str"),
    (datetime, {"S": "2026-11-21T08:30:00Z"}, "str"),
    (datetime, {"S": "2026-11-21T08:30:00.000Z"}, "str"),
    (datetime, {"S": "2026-11-21 08:30:00.000000Z"}, "str"),
    (datetime, {"S": "2026-W47-6T08:30:00.000000Z"}, "str"),
    (datetime, {"S": "2026-11-21T09:30:00.000000+01:00"}, "str"),
    (datetime, {"S": "2026-11-21T08:30:00.000000+0000"}, "str"),
    (date, {"S": "20261121"}, "str"),
    (date, {"S": "2026-W47-6"}, "str"),
    (time, {"S": "08:30"}, "str"),
    (UUID, {"S": "00000000-0000-0000-0000-00000000000A"}, "str"),
    (UUID, {"S": "0000000000000000000000000000000a"}, "str"),
    (UUID, {"S": "{00000000-0000-0000-0000-00000000000a}"}, "str"),
    (PurePosixPath, {"S": "a//b"}, "str"),
    (PurePosixPath, {"S": "a/./b/"}, "str"),
    (IPv6Address, {"S": "0:0:0:0:0:0:0:A"}, "str"),
    (IPv4Network, {"S": "10.0.0.0/255.0.0.0"}, "str"),
    (float, {"N": "0.1000000000000000000000001"}, "Decimal"),
    (float, {"N": "12345678901234567.89"}, "Decimal"),
    (Color, {"S": "RED"}, "str"),
    (Lower, {"S": "A"}, "str"),
]


@pytest.mark.parametrize(("annotation", "stored", "value"), READ)
def test_a_key_that_is_stored_as_adorm_writes_it_is_read(
    annotation: Any,
    stored: dict[str, Any],
    value: Any,
) -> None:
    assert adorm.from_attribute_map(model_of(annotation), of(stored)).key == value


@pytest.mark.parametrize(("annotation", "stored", "remedy"), REFUSED)
def test_a_key_in_another_form_is_refused_with_the_remedy(
    annotation: Any,
    stored: dict[str, Any],
    remedy: str,
) -> None:
    with pytest.raises(adorm.ItemDecodeError) as caught:
        adorm.from_attribute_map(model_of(annotation), of(stored))
    assert caught.value.path == "$.key"
    assert caught.value.key == {"group": {"S": "g"}, "key": stored}
    assert "which is another key" in str(caught.value)
    assert f"declare the field `{remedy}`, or register hooks" in str(caught.value)


@pytest.mark.parametrize(("annotation", "stored", "remedy"), REFUSED)
def test_the_partition_key_is_held_to_the_same(
    annotation: Any,
    stored: dict[str, Any],
    remedy: str,
) -> None:
    body = {
        "__annotations__": {"key": annotation},
        "__module__": __name__,
        "key": adorm.partition_key(),
    }
    model: Any = adorm.model(table="things")(type("Thing", (), body))
    with pytest.raises(adorm.ItemDecodeError, match=remedy):
        adorm.from_attribute_map(model, {"key": stored})


@pytest.fixture
def parsed_at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("adorm.codec.compiled.pages.WORTHWHILE_BYTES", 0)
    yield
    assert WORTHWHILE_BYTES


@pytest.mark.usefixtures("parsed_at_once")
@pytest.mark.parametrize(
    ("annotation", "stored", "fits"),
    [
        *((annotation, stored, True) for annotation, stored, _ in READ),
        *((*case[:2], False) for case in REFUSED),
    ],
)
def test_pages_that_are_read_from_the_bytes_are_held_to_the_same(
    annotation: Any,
    stored: dict[str, Any],
    fits: bool,
) -> None:
    model, codec = model_of(annotation), Codec()
    parser = codec.page_parser(model)
    assert parser is not None
    page = parser.parse(orjson.dumps({"Items": [of(stored)], "Count": 1}))
    assert page is not None
    (struct,) = page["Items"].structs
    try:
        made = parser.make(struct)
    except (ValueError, KeyError, TypeError):  # what is rare is read over dicts
        made = codec.decode(model, of(stored)) if fits else None
    except DecodeFailure as failure:
        assert "another key" in failure.problem
        made = None
    assert made == (codec.decode(model, of(stored)) if fits else None)


@adorm.model(
    table="things",
    indexes=[
        adorm.GlobalIndex("by-owner", partition="owner", sort="placed_at"),
        adorm.GlobalIndex("by-created", partition="state", sort="created_at"),
    ],
)
class Indexed:
    id: str = adorm.partition_key()
    owner: UUID | None = None
    placed_at: datetime | None = None
    state: str = "open"
    created_at: datetime = adorm.created_at()
    free: datetime | None = None


def indexed(**attributes: str) -> dict[str, Any]:
    texts = {"id": "i", "created_at": "2026-11-21T08:30:00.000000Z", **attributes}
    return {name: {"S": text} for name, text in texts.items()}


@pytest.mark.usefixtures("parsed_at_once")
@pytest.mark.parametrize("way", ["map", "bytes"])
def test_the_key_of_an_index_is_held_to_it_where_it_is_there(way: str) -> None:
    codec = Codec()
    parser = codec.page_parser(Indexed)
    assert parser is not None

    def read(item: dict[str, Any]) -> Any:
        if way == "map":
            return codec.decode(Indexed, item)
        page = parser.parse(orjson.dumps({"Items": [item]}))
        assert page is not None
        return parser.make(page["Items"].structs[0])

    whole = read(
        indexed(
            owner=str(UUID(int=10)),
            placed_at="2026-11-21T08:30:00.000000Z",
            free="2026-11-21T08:30:00Z",
        )
    )
    assert (whole.owner, whole.placed_at, whole.free) == (UUID(int=10), NOON, NOON)
    assert read(indexed()).owner is None
    assert read({**indexed(), "owner": {"NULL": True}}).owner is None
    for wrong in ({"owner": str(UUID(int=10)).upper()}, {"placed_at": "2026-11-21T08:30:00Z"}):
        with pytest.raises(DecodeFailure, match=r"another key: declare the field `str`"):
            read(indexed(**wrong))
    with pytest.raises(DecodeFailure, match=r"another key: register hooks for its type"):
        read(indexed(created_at="2026-11-21T08:30:00Z"))


@adorm.model(table="things")
class Hooked:
    at: WireTime = adorm.partition_key()


def test_a_hook_that_writes_the_stored_form_reads_and_writes_it() -> None:
    codec = Codec()
    form = "%Y-%m-%dT%H:%M:%S.%f+0000"
    codec.converter.register_unstructure_hook(WireTime, lambda at: {"S": at.strftime(form)})
    stored = {"at": {"S": "2026-11-21T08:30:00.000000+0000"}}
    read = codec.decode(Hooked, stored)
    assert read.at == NOON
    assert codec.encode(read) == stored
    with pytest.raises(DecodeFailure, match="another key"):
        codec.decode(Hooked, {"at": {"S": "2026-11-21T08:30:00.000000Z"}})


def test_a_hook_that_reads_more_than_it_writes_is_held_to_what_it_writes() -> None:
    codec = Codec()
    read = datetime.fromisoformat
    codec.converter.register_structure_hook(WireTime, lambda value, _: read(value["S"].strip()))
    with pytest.raises(DecodeFailure, match="another key"):
        codec.decode(Hooked, {"at": {"S": " 2026-11-21T08:30:00.000000Z"}})
    codec.converter.register_unstructure_hook(WireTime, lambda _: 1 / 0)
    with pytest.raises(DecodeFailure, match=r"can't be written as a key .*ZeroDivisionError"):
        codec.decode(Hooked, {"at": {"S": "2026-11-21T08:30:00.000000Z"}})


def lower(text: str) -> str:
    return text.lower()


@attrs.define
class Converted:
    id: str = attrs.field(converter=lower)
    note: str = ""


@attrs.define
class Computed:
    id: str
    note: str = ""

    def __attrs_post_init__(self) -> None:
        self.id = self.id.strip()


@attrs.define(init=False)
class OwnInit:
    id: str
    note: str = ""

    def __init__(self, id: str, note: str = "") -> None:  # noqa: A002
        made: Any = self
        made.__attrs_init__(id.strip(), note)


@pytest.mark.parametrize(
    ("cls", "good", "bad"),
    [
        (Converted, "a", "A"),
        (Computed, "a", " a"),
        (OwnInit, "a", " a"),
    ],
)
def test_a_constructor_that_changes_the_key_is_held_to_what_is_stored(
    cls: Any,
    good: str,
    bad: str,
) -> None:
    model: Any = adorm.map_class(cls, table="things", partition_key="id")
    assert adorm.from_attribute_map(model, {"id": {"S": good}, "note": {"S": "X"}}).id == good
    with pytest.raises(adorm.ItemDecodeError, match="another key"):
        adorm.from_attribute_map(model, {"id": {"S": bad}})


@adorm.model(table="things", frozen=True)
class Frozen:
    id: str = adorm.partition_key()
    count: int = adorm.attribute(default=0, validator=attrs.validators.ge(0))


@pytest.mark.parametrize(
    "model",
    [model_of(str), model_of(int), model_of(Decimal), model_of(bytes), model_of(Plain), Frozen],
)
def test_keys_of_one_form_cost_nothing(model: Any) -> None:
    coder: Any = Codec()._coder(model)
    assert plans_to_compare(coder) == []


@adorm.model(table="snapshots")
class Snapshot:
    id: str = adorm.partition_key()
    item: Indexed | None = None
    items: list[Indexed] = adorm.attribute(factory=list)


def test_what_was_a_key_elsewhere_is_none_inside_another_item() -> None:
    copy = {"M": indexed(owner=str(UUID(int=10)).upper())}
    stored = {"id": {"S": "s"}, "item": copy, "items": {"L": [copy]}}
    read = adorm.from_attribute_map(Snapshot, stored)
    assert read.item is not None
    assert read.item.owner == read.items[0].owner == UUID(int=10)


@adorm.model(table="things")
class Dated:
    at: datetime = adorm.partition_key()


def test_plain_json_of_a_client_may_spell_a_key_as_it_likes() -> None:
    assert adorm.from_plain(Dated, {"at": "2026-11-21T09:30:00+01:00"}).at == NOON


STREAMED: Any = model_of(datetime)
READERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "new image": lambda key: adorm.from_stream_record(record(key, NewImage=of(key)), STREAMED),
    "old image": lambda key: adorm.from_stream_record(record(key, OldImage=of(key)), STREAMED),
    "key alone": lambda key: adorm.from_stream_record(record(key), STREAMED),
}


def record(key: dict[str, Any], **images: Any) -> dict[str, Any]:
    body = {"Keys": of(key), "SequenceNumber": "1" * 21, **images}
    return {"eventName": "MODIFY", "eventSource": "aws:dynamodb", "dynamodb": body}


@pytest.mark.parametrize("reader", READERS)
def test_the_key_of_a_stream_record_leads_to_its_item_or_is_refused(reader: str) -> None:
    READERS[reader]({"S": "2026-11-21T08:30:00.000000Z"})
    with pytest.raises(adorm.ItemDecodeError, match="another key") as caught:
        READERS[reader]({"S": "2026-11-21T08:30:00+00:00"})
    assert caught.value.path == "$.key"
