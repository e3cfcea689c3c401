"""Attribute maps compared, digested, and written into the expressions of a request."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any, cast

import attrs
import orjson

from adorm.codec.absence import is_null
from adorm.dynamodb.values import AttributeMap, AttributeValue, base64_text, canonical
from adorm.errors import UsageError

MAX_COMPARED_ATTRIBUTES = 149
"""A condition has at most 300 operators: a comparison and an AND for each attribute, and that there
is an item.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html"""


def is_same_value(one: AttributeValue | None, other: AttributeValue | None) -> bool:
    """Whether two attribute values are equal, however they are spelled; None is an absent one."""
    if one is None or other is None:
        return one is other
    return canonical(one) == canonical(other)


def is_same_item(one: AttributeMap, other: AttributeMap) -> bool:
    """Whether two attribute maps are equal, however their values are spelled."""
    return one.keys() == other.keys() and all(
        is_same_value(value, other[name]) for name, value in one.items()
    )


def item_digest(item: AttributeMap, *, without: Collection[str] = ()) -> str:
    """32 hexadecimal digits that are equal for equal items, however their values are spelled."""
    form = {name: _form(value) for name, value in item.items() if name not in without}
    text = orjson.dumps(form, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def _form(value: AttributeValue) -> Any:
    tag, content = next(iter(value.items()))
    match tag:
        case "N":
            return [tag, _number(content)]
        case "B":
            return [tag, base64_text(content)]
        case "NS":
            return [tag, sorted(map(_number, content))]
        case "BS":
            return [tag, sorted(map(base64_text, content))]
        case "SS":
            return [tag, sorted(content)]
        case "L":
            return [tag, [_form(each) for each in content]]
        case "M":
            parts = cast("Mapping[str, AttributeValue]", content)
            return [tag, {name: _form(each) for name, each in parts.items()}]
        case _:
            return [tag, content]


def _number(text: str) -> str:
    number = Decimal(text)
    return "0" if not number else str(number.normalize())


@attrs.frozen
class Difference:
    """What has to be written so that a stored item becomes the wanted one."""

    sets: Mapping[str, AttributeValue]
    removes: Collection[str]

    def __bool__(self) -> bool:
        return bool(self.sets or self.removes)


def difference(
    stored: AttributeMap,
    wanted: AttributeMap,
    *,
    covered: Collection[str] | None,
    left_alone: Collection[str],
) -> Difference:
    """The difference of two items.

    Args:
        covered: the attributes that `wanted` speaks of, others stay; None for all.
        left_alone: attributes that are not compared.
    """
    sets: dict[str, AttributeValue] = {}
    removes: list[str] = []
    for name in {**stored, **wanted}:
        if name in left_alone or (covered is not None and name not in covered):
            continue
        value, before = wanted.get(name), stored.get(name)
        if value is None:
            # to a model NULL is the same as absence
            if covered is None or before is None or not is_null(before):
                removes.append(name)
        elif not is_same_value(value, before):
            sets[name] = value
    return Difference(sets, removes)


class Expressions:
    """The names and values of one request's expressions."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, AttributeValue] = {}

    def name(self, attribute_name: str) -> str:
        """The placeholder of an attribute's name: `#n0`."""
        return self._names.setdefault(attribute_name, f"#n{len(self._names)}")

    def value(self, value: AttributeValue) -> str:
        """The placeholder of a value: `:v0`."""
        placeholder = f":v{len(self._values)}"
        self._values[placeholder] = value
        return placeholder

    def update(self, changes: Difference) -> str:
        """The UpdateExpression."""
        parts: list[str] = []
        if changes.sets:
            sets = [f"{self.name(n)} = {self.value(v)}" for n, v in changes.sets.items()]
            parts.append("SET " + ", ".join(sets))
        if changes.removes:
            parts.append("REMOVE " + ", ".join(map(self.name, changes.removes)))
        return " ".join(parts)

    def as_read(
        self, stored: AttributeMap, absent: Iterable[str], key_names: Collection[str]
    ) -> str:
        """The condition that the item is as it was read.

        Args:
            absent: attributes that are not there.

        Raises:
            UsageError: the item has too many attributes to compare them all.
        """
        equal = [name for name in stored if name not in key_names]
        missing = list(absent)
        if len(equal) + len(missing) > MAX_COMPARED_ATTRIBUTES:
            raise UsageError(
                f"the item has {len(equal)} attributes beside its key, and a condition can compare "
                f"at most {MAX_COMPARED_ATTRIBUTES}: give its model a version field"
            )
        key = next(iter(sorted(key_names)))
        parts = [f"attribute_exists({self.name(key)})"]
        parts += [f"{self.name(name)} = {self.value(stored[name])}" for name in equal]
        parts += [f"attribute_not_exists({self.name(name)})" for name in missing]
        return " AND ".join(parts)

    def into(self, request: dict[str, Any]) -> dict[str, Any]:
        """Put the names and values into a request, which is returned."""
        if self._names:
            request["ExpressionAttributeNames"] = {
                placeholder: name for name, placeholder in self._names.items()
            }
        if self._values:
            request["ExpressionAttributeValues"] = self._values
        return request
