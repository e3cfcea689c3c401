"""What is left out, what is NULL, and what comes back."""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# (`factory=list` and `set()` are of Unknown to it)

from __future__ import annotations

from datetime import time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict

import attrs
import pytest

from adorm.codec.build import check_type
from adorm.codec.codec import Codec
from adorm.codec.compiled.pages import WORTHWHILE_BYTES
from adorm.codec.failures import DecodeFailure
from adorm.errors import ItemDecodeError, ModelError, UsageError
from adorm.items.maps import from_attribute_map, to_attribute_map
from adorm.schema.fields import Field
from adorm.schema.structures import structure_of
from tests.codec.samples import Circle, Level, Line, Square, marked

CODEC = Codec()
NULL = {"NULL": True}


@attrs.define(kw_only=True)
class Absences:
    none: int | None = None
    five: int | None = 5
    made_none: list[int] | None = attrs.field(factory=lambda: None)
    made: list[int] | None = attrs.field(factory=list)
    tags: set[str] = attrs.field(factory=set)
    full: set[str] = attrs.field(factory=lambda: {"a"})
    maybe: set[str] | None = None
    maybe_empty: set[str] | None = attrs.field(factory=set)
    flags: set[bool] = attrs.field(factory=lambda: {True})
    maybe_flags: set[bool] | None = None
    listed: list[set[str]] = attrs.field(factory=list)
    listed_none: list[int | None] = attrs.field(factory=list)
    as_set: list[str] = attrs.field(factory=list, metadata=marked(as_set=True))
    anything: Any = None
    anything_five: Any = 5
    later: int | None = attrs.field(default=attrs.Factory(lambda self: self.five, takes_self=True))
    note: str = attrs.field(default="", metadata=marked(omit_empty=True))
    listing: list[int] = attrs.field(factory=list, metadata=marked(omit_empty=True))


@attrs.define
class Needed:
    maybe: int | None
    tags: set[str]


CASES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    (
        {
            "none": None,
            "made_none": None,
            "tags": set(),
            "maybe": None,
            "as_set": [],
            "anything": None,
        },
        {},
    ),
    ({"five": None}, {"five": NULL}),
    ({"five": 5}, {"five": {"N": "5"}}),
    ({"made": None}, {"made": NULL}),
    ({"made": []}, {"made": {"L": []}}),
    ({"full": set()}, {"full": NULL}),
    ({"full": {"b"}}, {"full": {"SS": ["b"]}}),
    ({"maybe_empty": set()}, {}),
    ({"maybe_empty": None}, {"maybe_empty": NULL}),
    ({"flags": set()}, {"flags": {"L": []}}),
    ({"maybe_flags": set()}, {"maybe_flags": {"L": []}}),
    ({"listed": [set(), {"a"}]}, {"listed": {"L": [NULL, {"SS": ["a"]}]}}),
    ({"listed_none": [None, 1]}, {"listed_none": {"L": [NULL, {"N": "1"}]}}),
    ({"anything_five": None}, {"anything_five": NULL}),
    ({"later": None}, {"later": NULL}),
    ({"later": 7}, {"later": {"N": "7"}}),
    ({"note": "", "listing": []}, {}),
    ({"note": "x", "listing": [0]}, {"note": {"S": "x"}, "listing": {"L": [{"N": "0"}]}}),
]


@pytest.mark.parametrize(("values", "stored"), CASES, ids=str)
def test_absence_is_stored_only_where_it_reads_back_the_same(
    values: dict[str, Any], stored: dict[str, Any]
) -> None:
    instance = Absences(**values)
    encoded = to_attribute_map(instance)
    always: dict[str, Any] = {
        "full": {"SS": ["a"]},
        "flags": {"L": [{"BOOL": True}]},
        "five": {"N": "5"},
        "anything_five": {"N": "5"},
        "later": {"N": "5"},
    }
    always |= {"listed": {"L": []}, "listed_none": {"L": []}}
    if "later" not in stored and values.get("five", 5) is None:
        always["later"] = NULL
    expected = {**always, **stored}
    if "made" not in values:
        expected["made"] = {"L": []}
    assert encoded == expected
    assert from_attribute_map(Absences, encoded) == instance


def test_an_empty_set_that_would_read_as_none_is_refused() -> None:
    with pytest.raises(
        UsageError, match=r"^Absences\.maybe: an empty set, which DynamoDB can't tell from None"
    ):
        to_attribute_map(Absences(maybe=set()))
    with pytest.raises(UsageError, match="an empty set"):
        CODEC.encode_value(list[set[str] | None], [set()])


def test_a_required_optional_field_is_null_and_a_required_set_absent() -> None:
    assert to_attribute_map(Needed(None, set())) == {"maybe": NULL}
    assert from_attribute_map(Needed, {"maybe": NULL}) == Needed(None, set())
    with pytest.raises(ItemDecodeError, match=r"missing, and Needed\.maybe has no default"):
        from_attribute_map(Needed, {})


def test_null_is_none_or_the_empty_set_and_else_refused() -> None:
    assert from_attribute_map(
        Absences, {"none": NULL, "five": NULL, "full": NULL, "anything_five": NULL}
    ) == Absences(five=None, full=set(), anything_five=None, later=None)
    with pytest.raises(ItemDecodeError, match=r"\$\.note: expected text, got \{\"NULL\": true\}"):
        from_attribute_map(Absences, {"note": NULL})


class Keys(TypedDict):
    name: str
    year: NotRequired[int | None]
    tags: NotRequired[set[str]]


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (Keys(name="a"), {"name": {"S": "a"}}),
        (Keys(name="a", year=None, tags=set()), {"name": {"S": "a"}, "year": NULL, "tags": NULL}),
        (
            Keys(name="a", year=1, tags={"x"}),
            {"name": {"S": "a"}, "year": {"N": "1"}, "tags": {"SS": ["x"]}},
        ),
    ],
)
def test_a_key_that_may_be_left_out_stays_out_and_its_null_stays(
    value: Keys, stored: dict[str, Any]
) -> None:
    assert CODEC.encode(value, Keys) == stored
    assert CODEC.decode(Keys, stored) == value


def field_of(annotation: Any, **options: Any) -> Field:
    default = options.pop("default", attrs.NOTHING)
    cls: Any = attrs.make_class(
        "Made", {"value": attrs.field(default=default, type=annotation, metadata=marked(**options))}
    )
    return structure_of(cls).fields[0]


def test_a_single_field_is_treated_as_in_its_item() -> None:
    codec = Codec()
    fields = structure_of(Absences).by_name
    assert codec.encode_field(fields["none"], None) is None
    assert codec.encode_field(fields["five"], None) == NULL
    assert codec.encode_field(fields["tags"], set()) is None
    assert codec.encode_field(fields["full"], set()) == NULL
    assert codec.encode_field(fields["note"], "") is None
    assert codec.decode_field(fields["five"], NULL) is None
    assert codec.decode_field(fields["tags"], {"SS": ["a"]}) == {"a"}
    assert codec.absent(fields["five"]) == 5
    assert codec.absent(fields["tags"]) == set()
    with pytest.raises(UsageError, match=r"^Absences\.note: expected text, got 5$"):
        codec.encode_field(fields["note"], 5)
    with pytest.raises(DecodeFailure, match=r"missing, and Needed\.maybe has no default"):
        codec.absent(structure_of(Needed).by_name["maybe"])
    assert codec.absent(structure_of(Needed).by_name["tags"]) == set()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"default": None},
        {"default": "x"},
        {"default": attrs.Factory(lambda _: "", takes_self=True)},
    ],
)
def test_omit_empty_needs_an_empty_default(options: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match=r"^Made\.value: omit_empty needs an empty default"):
        check_type(field_of(str | None, omit_empty=True, **options), "Made")


def test_omit_empty_of_a_number_is_refused() -> None:
    with pytest.raises(ModelError, match="omit_empty needs an empty default"):
        check_type(field_of(int, omit_empty=True, default=0), "Made")


def test_a_default_that_cannot_be_made_is_told() -> None:
    def broken() -> int:
        raise RuntimeError("no")

    cls: Any = attrs.make_class("Made", {"value": attrs.field(factory=broken, type=int)})
    with pytest.raises(
        ItemDecodeError,
        match=r"^Made \$\.value: missing, and its default can't be made: RuntimeError: no$",
    ):
        from_attribute_map(cls, {})
    assert from_attribute_map(cls, {"value": {"N": "1"}}).value == 1


OF_EVERY_KIND: list[Any] = [
    str,
    bytes,
    bytearray,
    time,
    timedelta,
    Decimal,
    Path,
    Level,
    Literal[1, "x"],
    list[int],
    list[Any],
    tuple[int, str],
    tuple[int, ...],
    set[str],
    set[tuple[int, ...]],
    set[str] | int,
    dict[str, int],
    dict[str, Any],
    Circle | Square,
    int | str,
    Line,
    Any,
]


@pytest.mark.parametrize("annotation", OF_EVERY_KIND, ids=str)
@pytest.mark.parametrize("default", [None, "not None"])
def test_a_null_of_another_program_is_none_in_a_field_of_every_kind(
    annotation: Any, default: object
) -> None:
    kind: Any = annotation if annotation is Any else annotation | None
    holder: Any = attrs.make_class("Holder", {"value": attrs.field(default=default, type=kind)})
    codec = Codec()
    assert codec.decode(holder, {"value": NULL}).value is None
    assert codec.decode_field(structure_of(holder).by_name["value"], NULL) is None
    parser = codec.page_parser(holder)
    assert parser is not None
    parser._seen_bytes = WORTHWHILE_BYTES
    answer = parser.parse(b'{"Items": [{"value": {"NULL": true}}]}')
    assert answer is not None
    assert parser.make(answer["Items"].structs[0]).value is None


def test_null_in_an_optional_field_is_none_without_asking_a_hook() -> None:
    codec = Codec()
    codec.converter.register_unstructure_hook(Line, lambda line: {"S": line.sku})
    codec.converter.register_structure_hook(
        Line, lambda value, _: Line(value.get("S", "made of NULL"))
    )
    kind: Any = Line | None
    holder: Any = attrs.make_class("Holder", {"line": attrs.field(default=None, type=kind)})
    assert codec.decode(holder, {"line": NULL}).line is None
    assert codec.decode(holder, {"line": {"S": "x"}}).line == Line("x")
