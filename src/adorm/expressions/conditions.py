"""Conditions: key conditions, filters and conditions of writes, before they are text.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NoReturn

import attrs

from adorm.dynamodb.values import NULL, AttributeValue, Tag
from adorm.errors import MisusedExpression, UsageError
from adorm.expressions.document_path import DocumentPath
from adorm.expressions.operators import PathOperators, SumOperators
from adorm.expressions.placeholders import Encoder, Placeholders
from adorm.schema.types import Annotation

Comparator = Literal["=", "<>", "<", "<=", ">", ">="]

# How tightly a condition binds, to put parentheses only where they are needed: DynamoDB refuses
# redundant ones.
_OR, _AND, _NOT, _ATOM = range(4)


class Condition:
    """Something that is true or false of an item. Combines with `&`, `|`, `~`, or by `and_`, `or_`,
    `not_`."""

    __slots__ = ()
    _binds = _ATOM

    def render(self, placeholders: Placeholders) -> str:
        """The condition as text."""
        raise UsageError(f"{type(self).__name__} is no condition by itself")

    def locations(self) -> Iterator[DocumentPath]:
        """Every path that the condition reads."""
        return iter(())

    def __and__(self, other: bool | Condition) -> Condition:
        return and_(self, other)

    def __rand__(self, other: bool | Condition) -> Condition:
        return and_(other, self)

    def __or__(self, other: bool | Condition) -> Condition:
        return or_(self, other)

    def __ror__(self, other: bool | Condition) -> Condition:
        return or_(other, self)

    def __invert__(self) -> Condition:
        return not_(self)

    def __bool__(self) -> NoReturn:
        raise MisusedExpression(
            "a condition is not a bool: combine conditions by & | ~ or and_(), or_(), not_(), not by `and`, `or`, `not`, `in`, `if` "
            "or a chain such as 1 < x < 5; write attr(x).between(...) or attr(x).is_in(...) instead"
        )


@attrs.frozen(eq=False)
class Size:
    """`size(path)`: characters, bytes or elements."""

    location: DocumentPath

    def __str__(self) -> str:
        return f"size of {self.location}"


Measured = DocumentPath | Size
"""What a comparison looks at."""


@attrs.define(
    eq=False, repr=False
)  # not frozen, though nobody changes it: an update makes one for each clause, and that is four times as dear
class Value:
    """A Python value, stored as the thing that it is compared with or put into would be."""

    value: Any
    like: Measured
    as_element: bool = False
    """As one of the elements of the list, or members of the set, at `like`."""

    def __repr__(self) -> str:
        return repr(self.value)

    def encode(self, encoder: Encoder) -> AttributeValue | None:
        """The attribute value; None where the value is stored as absence."""
        like = self.like
        if isinstance(like, Size):
            return encoder.encode_value(int, self.value, subject=str(like))
        if like.field is not None and not self.as_element:
            return encoder.encode_field(like.field, self.value)
        annotation: Annotation = like.element if self.as_element else like.annotation
        return encoder.encode_value(
            annotation, self.value, subject=str(like), within=like.field or like.within
        )

    def present(self, encoder: Encoder) -> AttributeValue:
        """The attribute value of something that is there.

        Raises:
            UsageError: the value is stored as absence.
        """
        encoded = self.encode(encoder)
        if encoded is None or encoded == NULL:
            raise UsageError(
                f"{self.like} is compared with {self.value!r}, which is stored as absence: use == or !=, or exists() and not_exists()"
            )
        return encoded


Operand = DocumentPath | Size | Value


def _render(operand: Operand, placeholders: Placeholders) -> str:
    if isinstance(operand, Value):
        return placeholders.value(operand.present(placeholders.encoder))
    if isinstance(operand, Size):
        placeholders.count_operator()
        check_stored_as(operand.location, SIZED, "size() measures", placeholders)
        return f"size({placeholders.location(operand.location)})"
    return placeholders.location(operand)


_TEXT = frozenset({"S"})
_SETS = ("SS", "NS", "BS")
ORDERED = frozenset({"S", "N", "B"})
CONTAINING = frozenset({"S", "B", "L", *_SETS})
SIZED = frozenset({"S", "B", "L", "M", *_SETS})
"""The types whose values DynamoDB compares by order, looks into, and measures.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
"""

_KINDS = {
    "S": "text",
    "N": "a number",
    "B": "bytes",
    "BOOL": "a bool",
    "L": "a list",
    "M": "a map",
    **dict.fromkeys(_SETS, "a set"),
}


def tags_of(location: DocumentPath, placeholders: Placeholders) -> frozenset[str] | None:
    """What is stored at a location, NULL aside; None where that is not known."""
    if location.root is None:
        return None
    tags = placeholders.encoder.tags_of(location.annotation, location.field)
    return None if tags is None else tags - {"NULL"} or None


def check_stored_as(
    operand: Operand, wanted: frozenset[str], doing: str, placeholders: Placeholders
) -> None:
    """Refuse what DynamoDB takes, and finds nothing by.

    Raises:
        UsageError: no value of the operand's type is stored as one of the types wanted.
    """
    if not isinstance(operand, DocumentPath):
        return
    tags = tags_of(operand, placeholders)
    if tags is not None and not tags & wanted:
        kinds, others = (
            " or ".join(dict.fromkeys(_KINDS.get(tag, tag) for tag in sorted(each)))
            for each in (tags, wanted)
        )
        raise UsageError(
            f"{operand} is stored as {kinds}, and {doing} {others} only: DynamoDB would find nothing"
        )


def _location(operand: Operand) -> Iterator[DocumentPath]:
    if isinstance(operand, Size):
        yield operand.location
    elif isinstance(operand, DocumentPath):
        yield operand


@attrs.frozen(eq=False)
class Comparison(Condition):
    """`a = b` and its kin."""

    subject: Measured
    comparator: Comparator
    operand: Operand

    def render(self, placeholders: Placeholders) -> str:
        placeholders.count_operator()
        if self.comparator not in ("=", "<>"):
            check_stored_as(self.subject, ORDERED, f"{self.comparator} compares", placeholders)
            check_stored_as(self.operand, ORDERED, f"{self.comparator} compares", placeholders)
        elif isinstance(self.operand, Value) and isinstance(self.subject, DocumentPath):
            encoded = self.operand.encode(placeholders.encoder)
            if encoded is None or encoded == NULL:
                return self._render_absence(self.subject, self.operand, placeholders)
        return f"{_render(self.subject, placeholders)} {self.comparator} {_render(self.operand, placeholders)}"

    def _render_absence(
        self, subject: DocumentPath, operand: Value, placeholders: Placeholders
    ) -> str:
        # What reads back as this value: no attribute, or the value's form where absence is not to
        # be had.
        stored = NULL
        if operand.value is not None and not isinstance(operand.value, (set, frozenset)):
            stored = placeholders.encoder.encode_value(subject.annotation, operand.value)
        name, value = placeholders.location(subject), placeholders.value(stored)
        placeholders.count_operator()
        if self.comparator == "=":
            return f"(attribute_not_exists({name}) OR {name} = {value})"
        return f"(attribute_exists({name}) AND {name} <> {value})"

    def locations(self) -> Iterator[DocumentPath]:
        yield from _location(self.subject)
        yield from _location(self.operand)


@attrs.frozen(eq=False)
class Between(Condition):
    """`a BETWEEN low AND high`, both ends included."""

    subject: Measured
    low: Operand
    high: Operand

    def render(self, placeholders: Placeholders) -> str:
        placeholders.count_operator()
        check_stored_as(self.subject, ORDERED, "between() compares", placeholders)
        return f"{_render(self.subject, placeholders)} BETWEEN {_render(self.low, placeholders)} AND {_render(self.high, placeholders)}"

    def locations(self) -> Iterator[DocumentPath]:
        for operand in (self.subject, self.low, self.high):
            yield from _location(operand)


@attrs.frozen(eq=False)
class In(Condition):
    """`a IN (b, c)`."""

    subject: Measured
    operands: tuple[Operand, ...]

    def render(self, placeholders: Placeholders) -> str:
        placeholders.count_operator()
        return f"{_render(self.subject, placeholders)} IN ({', '.join(_render(operand, placeholders) for operand in self.operands)})"

    def locations(self) -> Iterator[DocumentPath]:
        for operand in (self.subject, *self.operands):
            yield from _location(operand)


@attrs.frozen(eq=False)
class BeginsWith(Condition):
    """`begins_with(a, prefix)`, of text and bytes."""

    location: DocumentPath
    prefix: Any

    def render(self, placeholders: Placeholders) -> str:
        placeholders.count_operator()
        prefix = prefix_value(self.location, self.prefix)
        check_stored_as(self.location, frozenset(prefix), "begins_with() looks into", placeholders)
        return f"begins_with({placeholders.location(self.location)}, {placeholders.value(prefix)})"

    def locations(self) -> Iterator[DocumentPath]:
        yield self.location


def prefix_value(location: DocumentPath, prefix: object) -> AttributeValue:
    """A prefix is a part of what is stored, so it is sent as it is.

    Raises:
        UsageError: it is neither text nor bytes.
    """
    if isinstance(prefix, str):
        return {"S": str(prefix)}
    if isinstance(prefix, (bytes, bytearray)):
        return {"B": bytes(prefix)}
    raise UsageError(
        f"{location}: begins_with takes text (or bytes for a binary attribute), not {prefix!r}"
    )


@attrs.frozen(eq=False)
class Contains(Condition):
    """`contains(a, b)`: part of a text, element of a list, member of a set."""

    location: DocumentPath
    operand: Operand

    def render(self, placeholders: Placeholders) -> str:
        placeholders.count_operator()
        check_stored_as(self.location, CONTAINING, "contains() looks into", placeholders)
        if isinstance(self.operand, Value) and tags_of(self.location, placeholders) == _TEXT:
            part = self.operand.present(placeholders.encoder)
            if "S" not in part:
                raise UsageError(
                    f"{self.location} is stored as text, so contains() takes a part of it, not {self.operand.value!r}"
                )
        return f"contains({placeholders.location(self.location)}, {_render(self.operand, placeholders)})"

    def locations(self) -> Iterator[DocumentPath]:
        yield self.location
        yield from _location(self.operand)


@attrs.frozen(eq=False)
class Exists(Condition):
    """`attribute_exists(a)` or `attribute_not_exists(a)`."""

    location: DocumentPath
    wanted: bool

    def render(self, placeholders: Placeholders) -> str:
        placeholders.count_operator()
        return f"attribute_{'' if self.wanted else 'not_'}exists({placeholders.location(self.location)})"

    def locations(self) -> Iterator[DocumentPath]:
        yield self.location


@attrs.frozen(eq=False)
class TypeIs(Condition):
    """`attribute_type(a, "S")`."""

    location: DocumentPath
    tag: Tag

    def render(self, placeholders: Placeholders) -> str:
        placeholders.count_operator()
        return f"attribute_type({placeholders.location(self.location)}, {placeholders.value({'S': self.tag})})"

    def locations(self) -> Iterator[DocumentPath]:
        yield self.location


@attrs.frozen(eq=False)
class And(Condition):
    """All of the parts hold; two parts or more, none of them an `And`."""

    parts: tuple[Condition, ...]
    _binds = _AND

    def render(self, placeholders: Placeholders) -> str:
        return _join(" AND ", self.parts, _AND, placeholders)

    def locations(self) -> Iterator[DocumentPath]:
        for part in self.parts:
            yield from part.locations()


@attrs.frozen(eq=False)
class Or(Condition):
    """One of the parts holds, or more; two parts or more, none of them a `Or`."""

    parts: tuple[Condition, ...]
    _binds = _OR

    def render(self, placeholders: Placeholders) -> str:
        return _join(" OR ", self.parts, _OR, placeholders)

    def locations(self) -> Iterator[DocumentPath]:
        for part in self.parts:
            yield from part.locations()


def _join(word: str, parts: Iterable[Condition], binds: int, placeholders: Placeholders) -> str:
    texts: list[str] = []
    for part in parts:
        text = part.render(placeholders)
        weaker = part._binds <= binds  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # the family's own
        texts.append(f"({text})" if weaker else text)
        if len(texts) > 1:
            placeholders.count_operator()
    return word.join(texts)


@attrs.frozen(eq=False)
class Not(Condition):
    """The part does not hold."""

    part: Condition
    _binds = _NOT

    def render(self, placeholders: Placeholders) -> str:
        placeholders.count_operator()
        text = self.part.render(placeholders)
        # Brackets around any comparison: `NOT a = b` reads like a puzzle. An absence test brings
        # its own.
        return (
            f"NOT {text}" if _FUNCTION.fullmatch(text) or _is_bracketed(text) else f"NOT ({text})"
        )

    def locations(self) -> Iterator[DocumentPath]:
        return self.part.locations()


_FUNCTION = re.compile(r"[a-z_]+\([^()]*\)")


def _is_bracketed(text: str) -> bool:
    if not text.startswith("("):
        return False
    depth = 0
    for position, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return position == len(text) - 1
    return False


@attrs.frozen(eq=False)
class Raw(Condition):
    """A condition in DynamoDB's own words, with placeholders of its own that are renamed to fit the
    request."""

    text: str
    names: Mapping[str, str]
    values: Mapping[str, Any]
    _binds = _OR

    def render(self, placeholders: Placeholders) -> str:
        def rename(token: re.Match[str]) -> str:
            text = token[0]
            if text.startswith("#"):
                return placeholders.name(self.names[text])
            return placeholders.value(placeholders.encoder.encode_value(Any, self.values[text]))

        placeholders.count_operator()
        text = _TOKEN.sub(rename, self.text)
        return text[1:-1] if _is_bracketed(text) else text


_TOKEN = re.compile(r"[#:][A-Za-z0-9_]+")


def raw(
    text: str, *, names: Mapping[str, str] | None = None, values: Mapping[str, Any] | None = None
) -> Condition:
    """A condition in DynamoDB's own words: `raw("#a = :x", names={"#a": "age"}, values={":x": 5})`.

    Attribute names and values stand in it as placeholders only; they are renumbered, so that it
    combines with other conditions.

    Raises:
        UsageError: the text is empty, a placeholder has no name or value, or one given is not used.
    """
    names, values = dict(names or {}), dict(values or {})
    used = set(_TOKEN.findall(text))
    given = {*names, *values}
    if not text.strip():
        raise UsageError("raw() takes the text of a condition, such as '#a = :x'")
    if used - given:
        raise UsageError(
            f"raw({text!r}): no name or value is given for {', '.join(sorted(used - given))}"
        )
    if given - used:
        raise UsageError(f"raw({text!r}): {', '.join(sorted(given - used))} is given but not used")
    wrong = [name for name in names if not name.startswith("#")] + [
        value for value in values if not value.startswith(":")
    ]
    if wrong:
        raise UsageError(
            f"raw({text!r}): placeholders of names begin with '#', of values with ':', not {', '.join(wrong)}"
        )
    return Raw(text.strip(), names, values)


def condition(candidate: object) -> Condition:
    """The condition itself, after a look whether it is one.

    Raises:
        UsageError: it is a bool (a comparison of plain values), a bare path or another value.
    """
    if isinstance(candidate, Condition):
        return candidate
    if isinstance(candidate, bool):
        raise UsageError(
            f"a condition is expected, not {candidate}: were two plain values compared, instead of a path such as Order.total?"
        )
    if isinstance(candidate, PathOperators):
        raise UsageError(
            f"a condition is expected, not {candidate!r}; for a bool attribute write `{candidate!r} == True`"
        )
    if isinstance(candidate, (int, float)):
        raise UsageError(
            f"a condition is expected, not {candidate!r}: & and | bind more tightly than comparisons, so put parentheses around each "
            "comparison, as in (Order.total > 1) & (Order.status == 'open')"
        )
    shown = f"({candidate})" if isinstance(candidate, SumOperators) else repr(candidate)
    raise UsageError(
        f"{shown} is no condition: compare a path with a value, as in Order.total > 5, or use adorm.raw(...)"
    )


def conditions(candidates: Iterable[object]) -> tuple[Condition, ...]:
    """Each checked, those joined by AND taken apart."""
    found: list[Condition] = []
    for candidate in candidates:
        part = condition(candidate)
        found.extend(part.parts if isinstance(part, And) else (part,))
    return tuple(found)


def and_(*parts: bool | Condition) -> Condition:
    """All of the conditions hold. Of one condition it is that condition.

    Raises:
        UsageError: none is given, or one is no condition.
    """
    flat = conditions(parts)
    if not flat:
        raise UsageError("and_() takes at least one condition")
    return flat[0] if len(flat) == 1 else And(flat)


def or_(*parts: bool | Condition) -> Condition:
    """At least one of the conditions holds. Of one condition it is that condition.

    Raises:
        UsageError: none is given, or one is no condition.
    """
    flat: list[Condition] = []
    for candidate in parts:
        part = condition(candidate)
        flat.extend(part.parts if isinstance(part, Or) else (part,))
    if not flat:
        raise UsageError("or_() takes at least one condition")
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def or_absent(part: bool | Condition, /) -> Condition:
    """The condition holds, or the attribute that it is about is absent: `or_absent(Order.status ==
    "open")`.

    DynamoDB knows no defaults: an item without `status` reads as "open" where that is the field's
    default, and `Order.status == "open"` does not find it. This does.

    Raises:
        UsageError: it is no condition, or one about several attributes.
    """
    inner = condition(part)
    paths = {location.steps: location for location in inner.locations()}
    if len(paths) != 1:
        raise UsageError(
            f"or_absent() takes a condition about one path, not about {len(paths)}: give it each comparison by itself"
        )
    (location,) = paths.values()
    return or_(inner, Exists(location, wanted=False))


def not_(part: bool | Condition, /) -> Condition:
    """The condition does not hold; to a checker `~(Order.total > 10)` is an int, so this is the way
    to say it.

    Raises:
        UsageError: it is no condition.
    """
    inner = condition(part)
    return inner.part if isinstance(inner, Not) else Not(inner)
