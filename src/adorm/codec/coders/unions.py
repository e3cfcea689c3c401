"""The coders of unions.

Members are recognized by DynamoDB's type; several structured classes by a discriminator.
"""

from __future__ import annotations

import types
from collections.abc import Sequence
from typing import Any, Literal, Union, get_args

from adorm.codec.absence import empty_set, is_null
from adorm.codec.coders.choices import EnumCoder, LiteralCoder
from adorm.codec.coders.coder import Coder, Decode, Encode, made_once
from adorm.codec.coders.containers import map_content
from adorm.codec.coders.numbers import decimal_text, untyped_number
from adorm.codec.coders.scalar import Scalar, ScalarCoder
from adorm.codec.coders.sets import SetCoder
from adorm.codec.compiled.items import StructCoder
from adorm.codec.failures import DecodeFailure, shown, unexpected, wrong
from adorm.dynamodb.values import NULL, canonical
from adorm.errors import ModelError
from adorm.schema.fields import MISSING, Field, Role
from adorm.schema.types import Annotation, origin_of, split_optional, unwrap


class OptionalCoder(Coder):
    """`T | None` inside a container or a union: None is `{"NULL": true}`."""

    def __init__(self, inner: Coder) -> None:
        tags = None if inner.tags is None else inner.tags | {"NULL"}
        super().__init__(
            f"{inner.name} | None", tags, (*inner.classes, type(None)), open_ended=inner.open_ended
        )
        self.inner = inner

    def accepts(self, value: object) -> bool:
        return value is None or self.inner.accepts(value)

    @made_once
    def encode(self) -> Encode:
        encode = self.inner.encode

        def encode_optional(value: Any) -> Any:
            if value is None:
                return dict(NULL)
            encoded = encode(value)
            if not value and encoded == NULL:
                raise empty_set()
            return encoded

        return encode_optional

    @made_once
    def decode(self) -> Decode:
        decode = self.inner.decode

        def decode_optional(attribute_value: Any) -> Any:
            return None if is_null(attribute_value) else decode(attribute_value)

        return decode_optional


class UnionCoder(Coder):
    """A union whose members are stored under different tags."""

    def __init__(self, name: str, members: Sequence[Coder]) -> None:
        tags = frozenset(tag for member in members for tag in member.tags or ())
        open_ended = any(member.open_ended for member in members)
        super().__init__(name, tags, _classes(members), open_ended=open_ended)
        self.members = members

    def accepts(self, value: object) -> bool:
        return any(member.accepts(value) for member in self.members)

    @made_once
    def encode(self) -> Encode:
        exact = {cls: member.encode for member in reversed(self.members) for cls in member.classes}
        members = self.members
        name = self.name

        def encode_union(value: Any) -> Any:
            encode = exact.get(value.__class__)
            if encode is None:
                encode = next((member.encode for member in members if member.accepts(value)), None)
                if encode is None:
                    raise wrong(name, value)
            return encode(value)

        return encode_union

    @made_once
    def decode(self) -> Decode:
        by_tag: dict[str, Decode] = {}
        for member in self.members:
            for tag in member.tags or ():
                by_tag.setdefault(tag, member.decode)
            if isinstance(member, SetCoder):  # in plain JSON a set is a list
                by_tag.setdefault("L", member.decode)
        name = self.name

        def decode_union(attribute_value: Any) -> Any:
            try:
                decode = next((by_tag[tag] for tag in attribute_value if tag in by_tag), None)
            except TypeError as error:
                raise unexpected(name, attribute_value) from error
            if decode is None:
                raise unexpected(name, attribute_value)
            return decode(attribute_value)

        return decode_union


class StructUnionCoder(Coder):
    """A union of structured classes.

    The value of one attribute, the discriminator, says which of them an item is.
    """

    def __init__(
        self, name: str, where: str, members: Sequence[StructCoder], untyped: Coder
    ) -> None:
        open_ended = any(member.open_ended for member in members)
        super().__init__(name, frozenset({"M"}), _classes(members), open_ended=open_ended)
        self.members = members
        self._names = " | ".join(member.structure.name for member in members)
        self.attribute_name, self._by_value = _discriminator(where, self._names, members, untyped)

    def accepts(self, value: object) -> bool:
        return any(member.accepts(value) for member in self.members)

    @made_once
    def encode(self) -> Encode:
        members, names = self.members, self._names
        classes = [member for member in members if member.structure.kind != "typeddict"]
        exact = {member.structure.cls: member.encode for member in classes}

        def encode_union(value: Any) -> Any:
            encode = exact.get(value.__class__)
            if encode is None:
                for member in members:
                    if member.accepts(value) and self._is_named_by(member, value):
                        return member.encode(value)
                raise wrong(f"one of {names}", value)
            return encode(value)

        return encode_union

    def _is_named_by(self, member: StructCoder, value: Any) -> bool:
        """Whether the discriminator of a dict has this member's value; True for any other value."""
        if member.structure.kind != "typeddict":
            return True
        return any(
            value.get(field.name) in _values(field)
            for field in member.structure.fields
            if field.attribute_name == self.attribute_name
        )

    @made_once
    def decode(self) -> Decode:
        by_value = {key: member.decode for key, member in self._by_value.items()}
        attribute_name, names = self.attribute_name, self._names

        def decode_union(attribute_value: Any) -> Any:
            content = map_content(attribute_value)
            kind = content.get(attribute_name)
            if kind is None:
                raise DecodeFailure(f"no {attribute_name!r} tells which of {names} it is")
            try:
                decode = by_value[canonical(kind)]
            except (KeyError, TypeError, ValueError, AttributeError, StopIteration) as error:
                raise DecodeFailure(f"expected what tells {names} apart, got {shown(kind)}").under(
                    attribute_name
                ) from error
            return decode(attribute_value)

        return decode_union


def _classes(members: Sequence[Coder]) -> tuple[type, ...]:
    return tuple(cls for member in members for cls in member.classes)


def check_distinct(where: str, name: str, members: Sequence[Coder]) -> None:
    """Refuse a union whose members can't be told apart."""
    for position, member in enumerate(members):
        for other in members[:position]:
            if member.tags is None or other.tags is None:
                hooked = member if member.tags is None else other
                raise ModelError(
                    f"{where}: the members of {name} can't be told apart, as only a hook "
                    f"decides how {hooked.name} is stored: register hooks for {name}"
                )
            shared = member.tags & other.tags
            if isinstance(member, SetCoder) or isinstance(other, SetCoder):
                shared -= {"NULL"}
            if shared:
                raise ModelError(
                    f"{where}: {other.name} and {member.name} are both stored as "
                    f"{', '.join(sorted(shared))}, "
                    f"so {name} can't be told apart: use one type, or classes with a discriminator"
                )
            if set(member.classes) & set(other.classes):
                raise ModelError(
                    f"{where}: {other.name} and {member.name} are the same class to Python, so "
                    f"{name} can't be told apart: use one type"
                )


def members_of(annotation: Annotation) -> tuple[list[Annotation], bool]:
    """The members of a union without None, and whether None was one of them.

    The members of unions inside it are among them.
    """
    rest: list[Annotation] = []
    optional = False
    is_union = origin_of(annotation) in (Union, types.UnionType)
    for member in get_args(annotation) if is_union else (annotation,):
        bare = unwrap(member)
        if bare is None or bare is type(None):
            optional = True
        elif origin_of(bare) in (Union, types.UnionType):
            inner, inner_optional = members_of(bare)
            rest.extend(inner)
            optional = optional or inner_optional
        else:
            rest.append(member)
    return rest, optional


def merged(coders: list[Coder], members: list[Annotation], untyped: Coder) -> list[Coder]:
    """The coders of a union's members, with one coder for members that are stored alike.

    These are several literals, `int` and `Decimal`, or one type twice.
    """
    pairs = zip(members, coders, strict=True)
    literals = [member for member, coder in pairs if isinstance(coder, LiteralCoder)]
    kept: list[Coder] = []
    for coder in coders:
        if coder not in kept and not (len(literals) > 1 and isinstance(coder, LiteralCoder)):
            kept.append(coder)
    if len(literals) > 1:
        values = tuple(value for member in literals for value in get_args(unwrap(member)))
        kept.append(LiteralCoder(values, untyped))
    scalars = [coder for coder in kept if isinstance(coder, ScalarCoder)]
    numbers = [coder for coder in scalars if coder.name in ("int", "Decimal")]
    if len(numbers) == 2:
        classes = numbers[0].classes + numbers[1].classes
        both = Scalar("N", "a number", decimal_text, untyped_number, classes)
        kept = [coder for coder in kept if coder not in numbers]
        kept.append(ScalarCoder("int | Decimal", both))
    return kept


def check_none(coders: Sequence[Coder], where: str) -> None:
    """Refuse None beside an enum that has a member whose value is None."""
    for coder in coders:
        if isinstance(coder, EnumCoder) and "NULL" in (coder.tags or ()):
            raise ModelError(
                f"{where}: a member of {coder.name} has the value None, so it can't be told from "
                "None: give it another value"
            )


def _discriminator(
    where: str, names: str, members: Sequence[StructCoder], untyped: Coder
) -> tuple[str, dict[Any, StructCoder]]:
    candidates: dict[str, list[tuple[bool, StructCoder, Field]]] = {}
    for member in members:
        for field in member.structure.fields:
            marked = field.role is Role.DISCRIMINATOR
            if marked or origin_of(unwrap(field.type)) is Literal:
                named = candidates.setdefault(field.attribute_name, [])
                named.append((marked, member, field))
    complete = {name: fields for name, fields in candidates.items() if len(fields) == len(members)}
    for name, fields in sorted(
        complete.items(), key=lambda entry: not all(marked for marked, _, _ in entry[1])
    ):
        by_value: dict[Any, StructCoder] = {}
        distinct = True
        for _, member, field in fields:
            for value in _values(field):
                key = canonical(untyped.encode(value))
                distinct = by_value.setdefault(key, member) is member and distinct
        if distinct and by_value:
            return name, by_value
    raise ModelError(
        f"{where}: nothing tells {names} apart: give each a field of one name with a value of its "
        "own, "
        'as `kind: str = adorm.discriminator("circle")` or `kind: Literal["circle"] = "circle"`'
    )


def _values(field: Field) -> tuple[Any, ...]:
    annotation, _ = split_optional(field.type)
    annotation = unwrap(annotation)
    if field.role is Role.DISCRIMINATOR and origin_of(annotation) is not Literal:
        return () if field.default is MISSING else (field.default,)
    return get_args(annotation)
