"""Keys: the values that name one item.

A key is an object, `Key[Order]`, made in one place from what the caller gives: positions, a tuple,
a bare value or another key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Generic, TypeVar

from adorm.codec.codec import Codec
from adorm.codec.compiled.writer import FunctionWriter
from adorm.dynamodb.limits import MAX_PARTITION_KEY_BYTES, MAX_SORT_KEY_BYTES
from adorm.dynamodb.values import KEY_TAGS, AttributeMap
from adorm.errors import BadValue, ModelError, UsageError
from adorm.models import ModelInfo
from adorm.schema.fields import Field
from adorm.support.records import Record
from adorm.support.shown import shown

ModelT = TypeVar("ModelT")


MOST_BYTES_OF_A_CHARACTER = 4
"""In UTF-8: text is looked at closer only where that could be too much."""


class _NotGiven:
    def __repr__(self) -> str:
        return "NOT_GIVEN"


NOT_GIVEN: Any = _NotGiven()
"""The default of a sort key's parameter: None is a mistake to be named, not absence."""


class Key(Record, Generic[ModelT]):
    """The key of an item of a model; hashable, equal by model and values."""

    __slots__ = ("info", "values", "table_name")  # noqa: RUF023  # the constructor's order

    info: ModelInfo
    values: tuple[Any, ...]
    """Partition key, and sort key where the table has one."""
    table_name: str | None
    """The table it came from, where that is not the model's own."""

    def __init__(
        self, info: ModelInfo, values: tuple[Any, ...], table_name: str | None = None
    ) -> None:
        hold = object.__setattr__
        hold(self, "info", info)
        hold(self, "values", values)
        hold(self, "table_name", table_name)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Key):
            return NotImplemented
        return self.info is other.info and self.values == other.values

    def __hash__(self) -> int:
        return hash((self.info, self.values))

    def __repr__(self) -> str:
        return f"Key({self.info.name}, {self.values!r})"

    @property
    def model(self) -> type[ModelT]:
        """The model."""
        model: type[ModelT] = self.info.model
        return model

    def __str__(self) -> str:
        return describe_key(self.info, self.values)


def describe_key(info: ModelInfo, values: tuple[Any, ...]) -> str:
    """`Order c1/o1`."""
    return f"{info.name} {'/'.join(shown(str(value.value if isinstance(value, Enum) else value)) for value in values)}"


def make_key(info: ModelInfo, partition: object, sort: object = NOT_GIVEN) -> Key[Any]:
    """The key from what a caller gave: `("c1", "o1")` by position or as a tuple, a `Key`, or the
    bare value.

    Raises:
        UsageError: a part is missing or too many, or the key is another model's.
    """
    if isinstance(partition, Key):
        key: Key[Any] = partition  # pyright: ignore[reportUnknownVariableType]  # a Key of anything
        if sort is not NOT_GIVEN:
            raise UsageError(f"{key} is a whole key: nothing goes beside it")
        if key.info is not info:
            raise UsageError(f"{key} is a key of {key.info.name}, not of {info.name}")
        return key
    given: tuple[Any, ...]
    if isinstance(partition, tuple):
        if sort is not NOT_GIVEN:
            raise UsageError(f"a key of {info.name} is a tuple or its parts by position, not both")
        given = partition  # pyright: ignore[reportUnknownVariableType]  # a tuple of anything
    else:
        given = (partition,) if sort is NOT_GIVEN else (partition, sort)
    wanted = info.key_fields
    if len(given) != len(wanted):
        names = " and ".join(field.name for field in wanted)
        raise UsageError(
            f"a key of {info.name} is {names}; {len(given)} value{'s were' if len(given) != 1 else ' was'} given"
        )
    return Key(info, given)


def key_of(info: ModelInfo, instance: object) -> Key[Any]:
    """The key of an instance."""
    return Key(info, tuple(getattr(instance, field.name) for field in info.key_fields))


def encode_key(key: Key[Any], codec: Codec) -> AttributeMap:
    """`{"pk": {"S": "c1"}, "sk": {"S": "o1"}}`.

    Raises:
        UsageError: a part is empty, of the wrong type or too long.
    """
    return key_encoder(key.info, codec)(key.values) or encode_any_key(key, codec)


def encode_any_key(key: Key[Any], codec: Codec) -> AttributeMap:
    """The same of keys of any kind, good and bad, six times as slowly.

    Raises:
        UsageError: a part is empty, of the wrong type or too long.
    """
    return {
        field.attribute_name: encode_key_value(key.info, field, value, codec)
        for field, value in zip(key.info.key_fields, key.values, strict=True)
    }


def key_encoder(info: ModelInfo, codec: Codec) -> Callable[[tuple[Any, ...]], AttributeMap | None]:
    """A function from a key's values to its map, for keys that are surely good; None where
    `encode_any_key` has to look closer.

    Made once for a model and a codec's hooks: it costs 0.3 us a key, which every get pays, and a
    batch for each item.
    """
    memo = codec.memo
    encoder: Callable[[tuple[Any, ...]], AttributeMap | None] | None = memo.get(info)
    if encoder is None:
        encoder = memo[info] = _make_key_encoder(info, codec)
    return encoder


def _make_key_encoder(
    info: ModelInfo, codec: Codec
) -> Callable[[tuple[Any, ...]], AttributeMap | None]:
    """As this one, of text and a whole number:

    def encode_key(values):
        try:
            v0, v1 = values
            if v0.__class__ is str and v0 and len(v0) <= 512 and v1.__class__ is int and -10**18 <
                v1 < 10**18 and (p1 := str(v1)): return {"pk": {"S": v0}, "sk": {"N": p1}}
        except Exception:
            return None
    """
    source = FunctionWriter("encode_key", "values")
    source.line("try:", 1)
    common = write_common_key(source, info, codec, 2)
    if common is None:
        return _look_closer
    source.line(f"return {common[0]}", 3)
    source.line("except Exception:", 1)
    source.line("return None", 2)
    return source.function(f"encode key of {info.name}")


def write_common_key(
    source: FunctionWriter, info: ModelInfo, codec: Codec, indent: int
) -> tuple[str, list[tuple[str, str]]] | None:
    """Write lines that look at `values`, the last of them an `if` for keys that are surely good;
    None where that is not to be said.

    Gives the expression of the key's map, and the tag and payload of each part.
    """
    tests: list[str] = []
    parts: list[tuple[str, str]] = []
    variables = [f"v{index}" for index in range(len(info.key_fields))]
    for field, variable in zip(info.key_fields, variables, strict=True):
        coder = codec.field_plan(field).coder
        common = coder.encode_source()
        if common is None or coder.tag not in KEY_TAGS:
            return None
        payload = variable
        tests.append(source.expand(common.test, common.names, v=variable))
        if common.payload == "{v}":
            tests.append(variable)
        else:
            payload = f"p{variable[1:]}"
            tests.append(
                f"({payload} := {source.expand(common.payload, common.names, v=variable)})"
            )
        if coder.tag != "N":
            tests.append(
                f"len({payload}) <= {_most_bytes(sort=field is info.sort) // MOST_BYTES_OF_A_CHARACTER}"
            )
        parts.append((coder.tag, payload))
    source.line(f"{', '.join(variables)}, = values", indent)
    source.line(f"if {' and '.join(tests)}:", indent)
    named = zip(info.key_fields, parts, strict=True)
    content = ", ".join(
        f"{field.attribute_name!r}: {{{tag!r}: {payload}}}" for field, (tag, payload) in named
    )
    return f"{{{content}}}", parts


def _look_closer(_values: tuple[Any, ...]) -> None:
    """Keys of this model are of no common type."""


def _most_bytes(*, sort: bool) -> int:
    return MAX_SORT_KEY_BYTES if sort else MAX_PARTITION_KEY_BYTES


def encode_key_value(
    info: ModelInfo, field: Field, value: object, codec: Codec, *, sort: bool | None = None
) -> dict[str, Any]:
    """One part of a key, `{"S": "c1"}`; also of an index's key, where `sort` says which side it is
    on.

    Raises:
        UsageError: it is empty, of the wrong type or too long.
    """
    where = f"{info.name}.{field.name}"
    if value is None:
        raise UsageError(f"{where} is part of a key, so it can't be None")
    encoded = codec.encode_field(field, value)
    check_key_value(where, encoded, sort=field is info.sort if sort is None else sort)
    return encoded or {}


def check_index_keys(info: ModelInfo, written: Mapping[str, Mapping[str, Any] | None]) -> None:
    """Check what is written, by attribute name, as keys of the model's indexes; what is absent is
    in no index.

    Raises:
        UsageError: DynamoDB takes no such key.
    """
    for index in info.indexes.values():
        for field in index.key_fields:
            if (value := written.get(field.attribute_name)) is not None:
                check_key_value(
                    f"{info.name}.{field.name} (key of index {index.name})",
                    value,
                    sort=field in index.sort,
                )


def check_item_keys(info: ModelInfo, item: Mapping[str, Mapping[str, Any]]) -> None:
    """Check an item's key attributes.

    Raises:
        UsageError: DynamoDB takes no such key.
    """
    for field in info.key_fields:
        encoded = item.get(field.attribute_name)
        text = None if encoded is None else encoded.get("S")
        if not text or text.__class__ is not str or len(text) > _SURELY_SHORT_CHARACTERS:
            check_key_value(f"{info.name}.{field.name}", encoded, sort=field is info.sort)


_SURELY_SHORT_CHARACTERS = (
    min(MAX_PARTITION_KEY_BYTES, MAX_SORT_KEY_BYTES) // MOST_BYTES_OF_A_CHARACTER
)


def check_key_value(where: str, encoded: Mapping[str, Any] | None, *, sort: bool) -> None:
    """What DynamoDB asks of a key attribute.

    Raises:
        BadValue: it is empty or too long.
        UsageError: it is no S, N or B.
    """
    tag, content = next(iter(encoded.items())) if encoded else ("", "")
    if content in ("", b""):
        raise BadValue(f"{where} is part of a key, and DynamoDB takes no empty key")
    if tag == "M":
        raise ModelError(
            f"{where} is part of a key, and its class is stored as a map: a key is text, a number or bytes; register hooks that store it "
            "as text, db.converter.register_unstructure_hook(...) and register_structure_hook, or change its type"
        )
    if tag not in KEY_TAGS:
        raise UsageError(f"{where} is part of a key, so it is text, a number or bytes, not {tag}")
    most = _most_bytes(sort=sort)
    if tag != "N" and len(content) * MOST_BYTES_OF_A_CHARACTER > most:
        size = len(content.encode() if isinstance(content, str) else content)
        if size > most:
            raise BadValue(
                f"{where} has {size} bytes; DynamoDB takes at most {most} in a {'sort' if sort else 'partition'} key"
            )
