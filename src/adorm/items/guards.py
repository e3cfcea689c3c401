"""Guards: the items that hold unique values.

For each unique value of an item there is a guard in the same table. Its key is the text of the
value, and its attribute `_owner` holds the key of the item:

    {"PK": {"S": "UNIQUE#Member#email#ada@x.org"}, "SK": the same text,
     "_type": {"S": "_unique"}, "_owner": {"M": {"PK": {"S": "MEMBER#ada"}, "SK": ...}}}

Two guards can't have one key, so two items can't have one value. A sort key that is a number is 0,
one that is bytes is a zero byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any, TypeAlias

from adorm.codec.absence import is_null
from adorm.codec.codec import Codec
from adorm.codec.compiled.key_texts import Parser, Renderer, make_parser, make_renderer
from adorm.codec.failures import DecodeFailure
from adorm.dynamodb.values import AttributeMap, AttributeValue, canonical
from adorm.errors import BadValue
from adorm.expressions.conditions import Condition
from adorm.expressions.document_path import DocumentPath
from adorm.expressions.functions import Exists
from adorm.items.binding import Binding
from adorm.items.kinds import guard_type_attribute
from adorm.models import ModelInfo
from adorm.schema.fields import Field
from adorm.schema.indexes import key_tag
from adorm.schema.single_table import GUARD_OWNER, GUARD_TYPE, HASHED_PREFIX
from adorm.schema.unique import UniqueConstraint

MAX_TEXT_BYTES = 1_900
"""A guard's longer text is replaced by its hash. A partition key has at most 2,048 bytes."""
MAX_SORT_TEXT_BYTES = 1_000
"""The same where the text is also the sort key, which has at most 1,024 bytes."""
Values: TypeAlias = AttributeMap
"""The unique values of an item: attribute values by attribute name, without those that are absent
or null."""


class UniqueValues:
    """The unique values of a model's items, and the texts of their guards.

    `unique_values` makes it, once for a model and a codec's hooks.
    """

    def __init__(self, info: ModelInfo, codec: Codec) -> None:
        self.info = info
        self._codec = codec
        self.fields = tuple(dict.fromkeys(f for each in info.unique for f in each.fields))
        """All fields that a constraint is made of."""
        self._render: dict[str, Renderer] = {}
        self._parse: dict[str, Parser] = {}
        for constraint in info.unique:
            if constraint.template is not None:
                where = f"{info.name}, unique {constraint.name!r}"
                self._render[constraint.name] = make_renderer(constraint.template, where)
                self._parse[constraint.name] = make_parser(constraint.template, where)
        sort = info.sort
        self._sort_tag = None if sort is None else key_tag(info.name, sort, optional=False)
        self._most_bytes = MAX_SORT_TEXT_BYTES if self._sort_tag == "S" else MAX_TEXT_BYTES

    # ---- values

    def of_instance(self, instance: object, fields: Iterable[Field] | None = None) -> Values:
        """The values of an instance.

        Args:
            fields: those that are wanted; default all.
        """
        return present(
            {
                field.attribute_name: self._codec.encode_field(field, getattr(instance, field.name))
                for field in (self.fields if fields is None else fields)
            }
        )

    def of_item(self, attribute_map: Mapping[str, AttributeValue]) -> Values:
        """The values in an item. Parts of its key need no attributes of their own."""
        found: AttributeMap = {}
        if self.info.key is not None:
            from adorm.codec.compiled.computed import key_texts

            found = key_texts(self.info.name, self.info.key).parse(attribute_map)
        found.update(attribute_map)
        return present(
            {field.attribute_name: found.get(field.attribute_name) for field in self.fields}
        )

    # ---- texts

    def texts(
        self, values: Values, constraints: Iterable[UniqueConstraint] | None = None
    ) -> dict[str, UniqueConstraint]:
        """The texts of the guards of an item with these values, each with its constraint. A
        constraint of which a value is absent has none.

        Raises:
            BadValue: a value has no text: it is empty, or contains what ends it in its text.
            UsageError: a function gave no text.
        """
        found: dict[str, UniqueConstraint] = {}
        for constraint in self.info.unique if constraints is None else constraints:
            text = self._text(constraint, values)
            if text is not None:
                found.setdefault(self._shortened(text), constraint)
        return found

    def _text(self, constraint: UniqueConstraint, values: Values) -> str | None:
        if constraint.normalise is None:
            rendered = self._render[constraint.name](values)
            return None if rendered is None else str(rendered["S"])
        (field,) = constraint.fields
        stored = values.get(field.attribute_name)
        if stored is None:
            return None
        value: Any = constraint.normalise(self._codec.decode_field(field, stored))
        if not isinstance(value, str) or not value:
            where = f"{self.info.name}.{field.name}"
            raise BadValue(
                f"{where}: the function that it is unique by gives a text that is not empty, "
                f"not {value!r}"
            )
        return f"{constraint.prefix}{value}"

    def _shortened(self, text: str) -> str:
        encoded = text.encode("utf-8", "surrogatepass")
        if len(encoded) <= self._most_bytes:
            return text
        return f"{HASHED_PREFIX}{sha256(encoded).hexdigest()}"

    def texts_of_item(self, attribute_map: Mapping[str, AttributeValue]) -> set[str]:
        """The texts of the guards of a stored item, as far as its values have any."""
        values, found = self.of_item(attribute_map), set[str]()
        for constraint in self.info.unique:
            try:
                found.update(self.texts(values, (constraint,)))
            except (BadValue, DecodeFailure):
                continue  # written by others: no item of the model can have this value
        return found

    def described(self, constraint: UniqueConstraint, values: Values) -> Any:
        """The value of a constraint for an error: that of its field, or a dict of several."""
        found = {
            field.name: self._codec.decode_field(field, values[field.attribute_name])
            for field in constraint.fields
            if field.attribute_name in values
        }
        return next(iter(found.values()), None) if len(constraint.fields) == 1 else found

    def wanted_values(self, constraint: UniqueConstraint, text: str) -> Values | None:
        """The values with which an item has the guard with this text by the constraint.

        None where many have; it is empty where none has.
        """
        if constraint.template is None:
            return None if text.startswith((constraint.prefix, HASHED_PREFIX)) else {}
        if text.startswith(HASHED_PREFIX):
            return None
        found = self._parse[constraint.name](text)
        if found is None:
            return {}
        return found if constraint.is_exact else None

    # ---- keys

    def guard_key(self, text: str) -> AttributeMap:
        """The key of the guard with this text."""
        partition, *sort = self.info.key_order
        key: AttributeMap = {partition: {"S": text}}
        for name in sort:
            key[name] = {"S": text}
            if self._sort_tag == "N":
                key[name] = {"N": "0"}
            elif self._sort_tag == "B":
                key[name] = {"B": b"\0"}
        return key


def unique_values(info: ModelInfo, codec: Codec) -> UniqueValues:
    """What is known of a model's unique values."""
    memo, name = codec.memo, (UniqueValues, info)
    known: UniqueValues | None = memo.get(name)
    if known is None:
        known = memo[name] = UniqueValues(info, codec)
    return known


def present(values: Mapping[str, AttributeValue | None]) -> Values:
    """The values that are neither absent nor null."""
    return {
        name: value for name, value in values.items() if value is not None and not is_null(value)
    }


def same(one: AttributeMap | None, other: AttributeMap | None) -> bool:
    """Whether two attribute maps hold equal values, however these are written."""
    if one is None or other is None:
        return one is other
    return canonical({"M": one}) == canonical({"M": other})


_OWNER_PATH = DocumentPath(None, (GUARD_OWNER,), Any, spelled=GUARD_OWNER, is_kept=True)


def no_guard(info: ModelInfo) -> tuple[Condition, ...]:
    """The condition that an item is no guard, or that there is no item.

    It is empty where the model has a discriminator, for another condition is about that.
    """
    return () if info.discriminator is not None else (Exists(_OWNER_PATH, wanted=False),)


# ---- actions of transactions


def put_guard(
    binding: Binding,
    text: str,
    owner: AttributeMap,
    *,
    seen: Sequence[AttributeMap] = (),
    may_be_absent: bool = False,
) -> dict[str, Any]:
    """The action that puts a guard: `{"Put": {...}}`.

    Args:
        owner: the key of its item.
        seen: the owners that it may have now; without any it must not be there.
        may_be_absent: whether it may also not be there.
    """
    info = binding.info
    item: AttributeMap = unique_values(info, binding.codec).guard_key(text)
    item[guard_type_attribute(info)] = {"S": GUARD_TYPE}
    item[GUARD_OWNER] = {"M": owner}
    request: dict[str, Any] = {"TableName": binding.table_name, "Item": item}
    if seen:
        request.update(_owner_is(seen))
        if may_be_absent:
            _or_absent(info, request)
    else:
        request.update(
            ConditionExpression="attribute_not_exists(#k)",
            ExpressionAttributeNames={"#k": info.key_order[0]},
        )
    request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    return {"Put": request}


def delete_guard(binding: Binding, text: str, owners: Sequence[AttributeMap]) -> dict[str, Any]:
    """The action that deletes a guard, if it is there and belongs to one of the owners."""
    info = binding.info
    request = _owner_is(owners)
    _or_absent(info, request)
    key = unique_values(info, binding.codec).guard_key(text)
    return {
        "Delete": {
            "TableName": binding.table_name,
            "Key": key,
            **request,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def _owner_is(owners: Sequence[AttributeMap]) -> dict[str, Any]:
    names = [f":o{number}" for number in range(len(owners))]
    return {
        "ConditionExpression": " OR ".join(f"#o = {name}" for name in names),
        "ExpressionAttributeNames": {"#o": GUARD_OWNER},
        "ExpressionAttributeValues": {
            name: {"M": owner} for name, owner in zip(names, owners, strict=True)
        },
    }


def _or_absent(info: ModelInfo, request: dict[str, Any]) -> None:
    condition = request["ConditionExpression"]
    request["ConditionExpression"] = f"attribute_not_exists(#k) OR {condition}"
    request["ExpressionAttributeNames"]["#k"] = info.key_order[0]


def owner_of(guard: AttributeMap | None) -> AttributeMap | None:
    """The key of the item that a guard belongs to; None where it is no guard."""
    owner: AttributeMap | None = (guard or {}).get(GUARD_OWNER, {}).get("M")
    return owner
