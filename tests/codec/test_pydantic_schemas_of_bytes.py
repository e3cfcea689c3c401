"""Bytes are base64 in JSON wherever they stand, as pydantic and FastAPI write and read it."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, NamedTuple, NewType, NotRequired, TypedDict

import attrs
import pytest
from annotated_types import Len
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

import adorm

RAW = b"\xff\xfe"
TEXT = "//4="


@attrs.define
class Plain:
    raw: bytes = RAW
    kind: Literal["plain"] = "plain"


@attrs.define
class Other:
    raw: bytes = RAW
    kind: Literal["other"] = "other"


@dataclass
class Data:
    raw: bytes = RAW
    below: Data | None = None


@dataclass
class Untouched:
    size: int = 1


class Named(NamedTuple):
    size: int
    raw: bytes = RAW


class Typed(TypedDict):
    raw: bytes
    more: NotRequired[list[bytes]]


class Code(Enum):
    RAW = RAW
    WORD = "word"


Blob = NewType("Blob", bytes)


@adorm.model(table="blobs")
class Blobs:
    key: str = adorm.partition_key()
    anything: Any = None
    thing: object = None
    bare_list: list = adorm.attribute(factory=list)  # type: ignore[type-arg]  # bare, on purpose  # pyright: ignore[reportMissingTypeArgument]  # the same
    bare_dict: dict = adorm.attribute(factory=dict)  # type: ignore[type-arg]  # the same  # pyright: ignore[reportMissingTypeArgument]  # the same
    any_in_list: dict[str, list[Any]] = adorm.attribute(factory=dict)
    data: Data | None = None
    datas: list[Data] = adorm.attribute(factory=list)
    untouched: Untouched = adorm.attribute(factory=Untouched)
    named: Named | None = None
    typed: Typed | None = None
    plain: Plain | None = None
    either: Plain | Other | None = None
    code: Code = Code.WORD
    literal: Literal[b"\xff\xfe", "z"] = "z"
    blob: Blob = Blob(b"")
    array: bytearray = adorm.attribute(factory=bytearray)
    many: list[bytes] = adorm.attribute(factory=list)
    by_name: dict[str, bytes] = adorm.attribute(factory=dict)
    pair: tuple[int, bytes] | None = None
    some: tuple[bytes, ...] = ()
    queue: deque[bytes] = adorm.attribute(factory=deque)
    bytes_or_text: bytes | str = ""
    text_or_bytes: str | bytes = ""
    bytes_or_int: bytes | int | None = None
    short: Annotated[bytes, Field(max_length=3)] = b""
    few: Annotated[list[bytes], Len(0, 2)] = adorm.attribute(factory=list)


ADAPTER = TypeAdapter(Blobs)


def json_of(value: Blobs) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(ADAPTER.dump_json(value))

    class Around(BaseModel):
        one: Blobs
        many: list[Blobs]

    around = json.loads(Around(one=value, many=[value]).model_dump_json())
    assert around == {"one": content, "many": [content]}  # also where another model's settings hold
    return content


CASES: list[tuple[str, Any, Any]] = [
    ("anything", RAW, TEXT),
    ("anything", [RAW, (RAW,), {"x": bytearray(RAW)}], [TEXT, [TEXT], {"x": TEXT}]),
    (
        "anything",
        {"plain": Plain(), "data": Data(), "code": Code.RAW},
        {
            "plain": {"raw": TEXT, "kind": "plain"},
            "data": {"raw": TEXT, "below": None},
            "code": TEXT,
        },
    ),
    ("thing", {RAW}, [TEXT]),
    ("bare_list", [RAW], [TEXT]),
    ("bare_dict", {"x": RAW}, {"x": TEXT}),
    ("any_in_list", {"x": [RAW, [RAW]]}, {"x": [TEXT, [TEXT]]}),
    ("data", Data(below=Data()), {"raw": TEXT, "below": {"raw": TEXT, "below": None}}),
    ("datas", [Data()], [{"raw": TEXT, "below": None}]),
    ("untouched", Untouched(2), {"size": 2}),
    ("named", Named(1), [1, TEXT]),
    ("typed", {"raw": RAW}, {"raw": TEXT}),
    ("typed", {"raw": RAW, "more": [RAW]}, {"raw": TEXT, "more": [TEXT]}),
    ("plain", Plain(), {"raw": TEXT, "kind": "plain"}),
    ("either", Other(), {"raw": TEXT, "kind": "other"}),
    ("code", Code.RAW, TEXT),
    ("code", Code.WORD, "word"),
    ("literal", RAW, TEXT),
    ("blob", RAW, TEXT),
    ("array", bytearray(RAW), TEXT),
    ("many", [RAW], [TEXT]),
    ("by_name", {"x": RAW}, {"x": TEXT}),
    ("pair", (1, RAW), [1, TEXT]),
    ("some", (RAW, RAW), [TEXT, TEXT]),
    ("queue", deque([RAW]), [TEXT]),
    ("bytes_or_text", RAW, TEXT),
    ("bytes_or_text", "word", "word"),
    ("bytes_or_text", b"ab", "YWI="),
    ("text_or_bytes", RAW, TEXT),
    ("text_or_bytes", b"ab", "YWI="),
    ("bytes_or_int", RAW, TEXT),
    ("bytes_or_int", 5, 5),
    ("short", RAW, TEXT),
    ("few", [RAW], [TEXT]),
]


@pytest.mark.parametrize(
    ("field", "value", "written"),
    CASES,
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_bytes_go_out_as_base64_wherever_they_stand(field: str, value: Any, written: Any) -> None:
    values: dict[str, Any] = {"key": "k", field: value}
    blobs = Blobs(**values)
    assert json_of(blobs)[field] == written
    if field not in {"anything", "thing"}:  # pydantic takes classes apart there
        assert (
            getattr(ADAPTER.validate_python(ADAPTER.dump_python(blobs)), field) == value
        )  # bytes in Python


OPEN = {
    "anything",
    "thing",
    "bare_list",
    "bare_dict",
    "any_in_list",
    "bytes_or_text",
    "text_or_bytes",
}
TELL_THEIR_TYPE = [case for case in CASES if case[0] not in OPEN]


@pytest.mark.parametrize(
    ("field", "value", "written"),
    TELL_THEIR_TYPE,
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_base64_comes_back_as_bytes_where_the_type_says_so(
    field: str, value: Any, written: Any
) -> None:
    read = getattr(ADAPTER.validate_python({"key": "k", field: written}), field)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize("field", ["bytes_or_text", "text_or_bytes"])
@pytest.mark.parametrize("text", ["word", TEXT, "no base64"])
def test_text_is_text_where_the_type_has_both_whatever_it_looks_like(field: str, text: str) -> None:
    assert getattr(ADAPTER.validate_python({"key": "k", field: text}), field) == text
    values: dict[str, Any] = {"key": "k", field: text}
    assert json_of(Blobs(**values))[field] == text


@pytest.mark.parametrize(
    "wrong",
    [
        {"many": ["%%"]},
        {"data": {"raw": "é"}},
        {"named": [1, "%"]},
        {"typed": {}},
        {"short": "//79/A=="},
        {"few": [TEXT] * 3},
        {"code": "x"},
        {"literal": "x"},
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused_by_pydantic(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ADAPTER.validate_python({"key": "k", **wrong})


def test_a_decimal_in_untyped_json_goes_out_as_the_number_that_came_in() -> None:
    sent = {"price": 1.5, "count": 3, "deep": [0.1]}
    stored = adorm.to_attribute_map(
        ADAPTER.validate_python(
            {"key": "k", "anything": json.loads(json.dumps(sent), parse_float=Decimal)}
        )
    )
    read = adorm.from_attribute_map(Blobs, stored)
    assert read.anything["price"] == Decimal("1.5")
    assert json_of(read)["anything"] == sent
    long = Blobs(key="k", anything=Decimal("0.1234567890123456789"))
    assert json_of(long)["anything"] == "0.1234567890123456789"  # no float has these digits


@pytest.mark.parametrize("mode", ["validation", "serialization"])
def test_the_json_schema_can_be_made(mode: Literal["validation", "serialization"]) -> None:
    schema = ADAPTER.json_schema(mode=mode)
    fields = (schema.get("$defs", {}).get("Blobs") or schema)["properties"]
    assert (
        fields["blob"] == {"type": "string", "title": fields["blob"].get("title")}
        or fields["blob"]["type"] == "string"
    )
    assert fields["code"]["enum"] == [TEXT, "word"]
