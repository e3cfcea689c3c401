"""Items outside of a database: in streams, exports and tests.

Both pairs use attribute names, adorm's own types and no hooks of any database.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, is_typeddict

from adorm.codec.codec import default_codec
from adorm.codec.failures import DecodeFailure, item_decode_error, key_attributes
from adorm.codec.jsontext import attribute_map_of, plain_of
from adorm.errors import AttributeMap, UsageError
from adorm.fields import structure_of

T = TypeVar("T")


def to_attribute_map(obj: object, /, *, model: type[Any] | None = None) -> AttributeMap:
    """An instance as DynamoDB's JSON carries it: `{"pk": {"S": "x"}, "n": {"N": "1"}}`; binary values are `bytes`.

    `model` is what `map_class` gave, for an instance of a class mapped by it: such a class knows no attribute names of its own.

    Raises:
        UsageError: something in it can't be stored; the message names class, field and path. Or it is no instance of `model`.
    """
    if model is not None:
        expected = structure_of(model).cls
        if type(obj) is not (dict if is_typeddict(expected) else expected):
            raise UsageError(f"an instance of {model.__name__} is expected, not {type(obj).__name__}")
    return default_codec().encode(obj, model)


def from_attribute_map(model: type[T], attribute_map: Mapping[str, Any], /) -> T:
    """The instance of an attribute map, as in a stream's `NewImage`; binary values are base64 text or bytes.

    Raises:
        ItemDecodeError: it does not fit the model.
    """
    try:
        made: T = default_codec().decode(model, attribute_map)
    except DecodeFailure as failure:
        raise item_decode_error(failure, model=model, attribute_map=attribute_map) from failure
    return made


def to_plain(obj: object, /, *, model: type[Any] | None = None) -> dict[str, Any]:
    """An instance as plain JSON: dicts, lists, text, ints, floats, bools and None, under attribute names.

    Bytes are base64 text, sets lists, times ISO 8601; a number that neither a 64-bit int nor a float holds exactly is
    text. What is absent in DynamoDB is absent here. `model` as for `to_attribute_map`.

    Raises:
        UsageError: something in it can't be stored.
    """
    return {name: plain_of(value) for name, value in to_attribute_map(obj, model=model).items()}


def from_plain(model: type[T], data: Mapping[str, Any], /) -> T:
    """The instance of what `to_plain` gave. Where a field is untyped or a union, only what JSON tells apart can come back.

    Raises:
        ItemDecodeError: it does not fit the model.
    """
    attribute_map: dict[str, Any] = {}
    try:
        attribute_map = attribute_map_of(data, number_texts=True)
        made: T = default_codec().decode(model, attribute_map)
    except DecodeFailure as failure:
        keys = {name: dict([next(iter(value.items()))]) for name, value in key_attributes(model, attribute_map).items()}
        raise item_decode_error(failure, model=model, key=keys, attribute_map=data) from failure
    return made
