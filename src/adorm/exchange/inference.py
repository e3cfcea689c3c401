"""Types and fields for the attribute values that were seen at one place of items.

The rule: what was seen comes back exactly as it is stored. So a text is a datetime only in the form
that adorm writes, and a number an int only if all are whole. A map is a nested model where its keys
recur, else a dict.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from adorm.codec.coders.times import datetime_text, read_datetime
from adorm.codec.failures import DecodeFailure
from adorm.dynamodb.limits import MAX_NUMBER_DIGITS
from adorm.dynamodb.values import AttributeMap, AttributeValue
from adorm.exchange.names import NO_CLASS_NAMES, NO_FIELD_NAMES, Names, class_name, field_name
from adorm.exchange.python_text import text
from adorm.exchange.source import ClassSource, FieldSource
from adorm.schema.fields import DATETIME_FORMATS

MAX_NESTED_KEYS = 40
"""A map with more different keys than that is a dict."""
MIN_FILLED = 0.3
"""How much of all keys the maps of a nested model have, on average."""

_MAX_LISTED_TEXTS = 8
_MAX_LISTED_CHARS = 40
_SEEN_PER_TEXT = 3
"""Texts are listed where there are so many values for each of them."""

_SCALARS = {"S": "str", "N": "Decimal", "B": "bytes", "BOOL": "bool"}
_SETS = {"SS": "set[str]", "NS": "set[Decimal]", "BS": "set[bytes]"}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|\+00:?00)")
_LIKE_A_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?")

NULL_AND_ABSENT = "Absent in some items, NULL in others:"


class ModuleNames:
    """The names of the classes of one module, and its nested models."""

    def __init__(self) -> None:
        self._names = Names(NO_CLASS_NAMES)
        self._nested: list[ClassSource] = []

    def take(self, name: str, owner: str = "") -> str:
        """A name for a class, made of `name`; with the owner's in front where it is taken."""
        made = class_name(name)
        return self._names.take(made, f"{owner}{made}")

    def add(self, nested: ClassSource) -> None:
        """Take a nested model."""
        self._nested.append(nested)

    def take_nested(self) -> list[ClassSource]:
        """The nested models since the last call, each after those that it names."""
        taken, self._nested = self._nested, []
        return taken


class Values:
    """The attribute values that were seen at one place.

    Args:
        declared: tags that the place has in any case.
    """

    def __init__(self, values: Iterable[AttributeValue], declared: Iterable[str] = ()) -> None:
        self.count = 0
        """How many there are, NULL included."""
        self.contents: dict[str, list[Any]] = {tag: [] for tag in declared}
        """What each tag holds, without NULL."""
        for value in values:
            self.count += 1
            tag, content = next(iter(value.items()))
            self.contents.setdefault(tag, []).append(content)
        self.nulls = len(self.contents.pop("NULL", ()))

    @property
    def has_empty(self) -> bool:
        """Whether one of them is an empty text, binary, list or map."""
        return any(not content for tag in "SBLM" for content in self.contents.get(tag, ()))

    @property
    def moment_format(self) -> str | None:
        """How its datetimes end, where all are texts in a form that adorm writes."""
        texts = self.contents.get("S")
        if not texts or len(self.contents) > 1:
            return None
        endings = {match[1] if (match := _MOMENT.fullmatch(each)) else "" for each in texts}
        ending = endings.pop() if len(endings) == 1 else ""
        return ending if ending in DATETIME_FORMATS and all(map(_is_moment, texts)) else None

    def annotation(
        self,
        owner: str,
        name: str,
        module: ModuleNames,
        *,
        is_plain: bool = False,
        formats: Sequence[str] = ("Z",),
    ) -> str:
        """The type, without its None.

        Args:
            owner: the name of the class that it is in.
            name: what a nested model here is named after.
            is_plain: whether texts stay texts, as in keys.
            formats: the forms of datetimes that are read as such.
        """
        tags = sorted(self.contents)
        if tags == ["S"] and not is_plain and self.moment_format in formats:
            return "datetime"
        if set(tags) <= set(_SCALARS) and tags:
            return " | ".join(self._scalar(tag) for tag in _SCALARS if tag in tags)
        if len(tags) != 1:
            return "Any"
        (tag,) = tags
        if tag == "NS" and self.contents[tag] and all(map(_is_whole, _flat(self.contents[tag]))):
            return "set[int]"
        if tag in _SETS:
            return _SETS[tag]
        if tag == "L":
            inner = Values(_flat(self.contents[tag]))
            return f"list[{inner.optional_annotation(owner, name, module)}]"
        return self._map(owner, name, module)

    def _scalar(self, tag: str) -> str:
        numbers = self.contents.get("N")
        return "int" if tag == "N" and numbers and all(map(_is_whole, numbers)) else _SCALARS[tag]

    def optional_annotation(self, owner: str, name: str, module: ModuleNames) -> str:
        """The type, with None where NULL was seen."""
        annotation = self.annotation(owner, name, module)
        return f"{annotation} | None" if self.nulls and annotation != "Any" else annotation

    def _map(self, owner: str, name: str, module: ModuleNames) -> str:
        maps: list[AttributeMap] = self.contents["M"]
        if not _keys_recur(maps):
            inner = Values(value for each in maps for value in each.values())
            return f"dict[str, {inner.optional_annotation(owner, name, module)}]"
        made = module.take(name, owner)
        module.add(ClassSource(name=made, fields=nested_fields(maps, made, module)))
        return made

    def comments(self) -> list[str]:
        """Sentences about the texts among them."""
        texts: list[str] = self.contents.get("S", [])
        different = sorted(set(texts))
        if different and all(map(_LIKE_A_MOMENT.fullmatch, different)):
            if self.moment_format is None:
                return ["Times in another form than adorm writes, so they stay text."]
            return []
        few = 2 <= len(different) <= _MAX_LISTED_TEXTS
        few = few and len(texts) >= _SEEN_PER_TEXT * len(different)
        if few and all(len(each) <= _MAX_LISTED_CHARS for each in different):
            return [f"Seen: {', '.join(map(text, different))}."]
        return []


def nested_fields(
    maps: Sequence[AttributeMap], owner: str, module: ModuleNames
) -> list[FieldSource]:
    """The fields of a nested model, by attribute name."""
    names = Names(NO_FIELD_NAMES)
    return [
        field_source(attribute, values, len(maps), names.take(field_name(attribute)), owner, module)
        for attribute, values in values_by_attribute(maps).items()
    ]


def values_by_attribute(maps: Sequence[AttributeMap]) -> dict[str, Values]:
    """The values of each attribute, sorted by its name."""
    found: dict[str, list[AttributeValue]] = {}
    for each in maps:
        for attribute, value in each.items():
            found.setdefault(attribute, []).append(value)
    return {attribute: Values(found[attribute]) for attribute in sorted(found)}


def field_source(
    attribute: str,
    values: Values,
    total: int,
    name: str,
    owner: str,
    module: ModuleNames,
    *,
    is_plain: bool = False,
    is_any: bool = False,
) -> FieldSource:
    """The field of an attribute that was seen.

    None stands for absence, or for NULL. Where both were seen, an empty text stands for absence.

    Args:
        total: in how many maps it could have been.
        is_plain: whether texts stay texts.
        is_any: whether it has to take any value.
    """
    may_be_absent = values.count < total
    is_both = may_be_absent and values.nulls > 0
    formats = () if is_both else DATETIME_FORMATS
    annotation = "Any"
    if not is_any:
        annotation = values.annotation(owner, attribute, module, is_plain=is_plain, formats=formats)
    comments, arguments, default = values.comments(), list[tuple[str, str]](), None
    if annotation == "datetime" and values.moment_format not in (None, "Z"):
        arguments.append(("datetime_format", text(str(values.moment_format))))
    if is_both and not values.has_empty and not is_plain:
        comments.append(f'{NULL_AND_ABSENT} "" is absence, None is NULL.')
        members = annotation.split(" | ")
        if "str" not in members and annotation != "Any":
            annotation = f"{annotation} | str"
        arguments.append(("omit_empty", "True"))
        default = '""'
    elif may_be_absent:
        if is_both:
            comments.append(f"{NULL_AND_ABSENT} a save stores both as absence.")
        default = "None"
    if (may_be_absent or values.nulls) and annotation != "Any":
        annotation = f"{annotation} | None"
    return FieldSource(
        name=name,
        attribute_name=attribute,
        annotation=annotation,
        default=default,
        arguments=arguments,
        comments=comments,
    )


def _keys_recur(maps: Sequence[Mapping[str, Any]]) -> bool:
    keys = Counter(key for each in maps for key in each)
    if not 0 < len(keys) <= MAX_NESTED_KEYS or "" in keys:
        return False
    return keys.total() >= MIN_FILLED * len(maps) * len(keys)


def _flat(contents: Iterable[Iterable[Any]]) -> Iterable[Any]:
    return [each for content in contents for each in content]


def _is_whole(number: str) -> bool:
    exact = Decimal(number)
    return exact == exact.to_integral_value() and exact.adjusted() < MAX_NUMBER_DIGITS


def _is_moment(value: str) -> bool:
    try:
        return datetime_text(read_datetime(value))[:-1] == value[:26]
    except (ValueError, DecodeFailure):
        return False
