"""Items outside of a database: in streams, exports and tests.

`to_attribute_map` and `from_attribute_map` use DynamoDB's JSON, `to_plain` and `from_plain` plain
JSON. Both use attribute names; hooks and options of a database are used where it is given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, cast, is_typeddict, overload

from adorm.codec.chosen_codec import chosen_codec
from adorm.codec.failures import DecodeFailure, item_decode_error, key_attributes
from adorm.codec.plain import attribute_map_of, plain_of
from adorm.dynamodb.values import AttributeMap
from adorm.errors import UsageError
from adorm.schema.structures import structure_of

if TYPE_CHECKING:
    from adorm.codec.chosen_codec import HooksOf

T = TypeVar("T")


def to_attribute_map(
    obj: object, /, *, model: type[Any] | None = None, **hooks: Unpack[HooksOf]
) -> AttributeMap:
    """An instance as an attribute map, `{"pk": {"S": "x"}, "n": {"N": "1"}}`.

    Binary values are `bytes`.

    Args:
        model: what `map_class` gave, for an instance of a mapped class: the class itself has no
            attribute names.
        db: the database whose hooks and `datetime_format` to use; by default no hooks.
        converter: the same database by its converter, `db.converter`.

    Raises:
        UsageError: something in it can't be stored; the message names class, field and path. Or it
            is no instance of `model`.
        ModelError: its class, or one inside it, can't be stored.
    """
    codec = chosen_codec(type(obj) if model is None else model, **hooks)
    _check_model(obj, model)
    return codec.encode(obj, model)


def _check_model(obj: object, model: type[Any] | None) -> None:
    if model is not None:
        expected = structure_of(model).cls
        if type(obj) is not (dict if is_typeddict(expected) else expected):
            raise UsageError(
                f"an instance of {model.__name__} is expected, not {type(obj).__name__}"
            )


def from_attribute_map(
    model: type[T], attribute_map: Mapping[str, Any], /, **hooks: Unpack[HooksOf]
) -> T:
    """The instance of an attribute map, such as a stream's `NewImage`.

    Binary values are base64 text or bytes.

    `db` and `converter` as for `to_attribute_map`.

    Raises:
        ItemDecodeError: it does not fit the model.
    """
    codec = chosen_codec(model, **hooks)
    try:
        made: T = codec.decode(model, attribute_map)
    except DecodeFailure as failure:
        raise item_decode_error(failure, model=model, attribute_map=attribute_map) from failure
    return made


# To type checkers a NamedTuple is a tuple; only at run time it is seen to have field names.
@overload
def to_plain(
    obj: tuple[object, ...] | list[Any],
    /,
    *,
    model: type[Any] | None = ...,
    **hooks: Unpack[HooksOf],
) -> Any: ...
@overload
def to_plain(
    obj: object, /, *, model: type[Any] | None = ..., **hooks: Unpack[HooksOf]
) -> dict[str, Any]: ...
def to_plain(obj: object, /, *, model: type[Any] | None = None, **hooks: Unpack[HooksOf]) -> Any:
    """An instance as plain JSON: dicts, lists, text, ints, floats, bools and None.

    The names are attribute names.

    Bytes are base64 text, sets are lists, times are ISO 8601. A number is text where neither a
    64-bit int nor a float holds it exactly. An attribute that would be absent in DynamoDB is absent
    here. `model`, `db` and `converter` are as for `to_attribute_map`.

    A row of `select(...)`, which is a tuple, becomes a list of its values, and a list of rows or
    instances a list of lists or objects.

    Raises:
        UsageError: something in it can't be stored.
        ModelError: its class, or one inside it, can't be stored.
    """
    if model is None and type(obj) in (tuple, list):
        return [_plain_part(part, hooks) for part in cast("Sequence[object]", obj)]
    codec = chosen_codec(type(obj) if model is None else model, **hooks)
    _check_model(obj, model)
    return {
        name: plain_of(value) for name, value in codec.encode(obj, model, as_item=False).items()
    }


def _plain_part(value: object, hooks: HooksOf) -> Any:
    """A value of a row as plain JSON. It may be whatever a field may hold, an empty set too."""
    if value is None:
        return None
    if type(value) in (tuple, list):
        return [_plain_part(part, hooks) for part in cast("Sequence[object]", value)]
    if type(value) in (set, frozenset) and not value:
        return []
    codec = chosen_codec(type(value), **hooks)
    return plain_of(codec.encode_value(type(value), value, subject="a value of the row"))


def from_plain(model: type[T], data: Mapping[str, Any], /, **hooks: Unpack[HooksOf]) -> T:
    """The instance of what `to_plain` gave.

    A field that is untyped or a union gets a value of another type back where JSON has only one:
    bytes become text, a set a list. `db` and `converter` are as for `to_attribute_map`.

    Raises:
        ItemDecodeError: it does not fit the model.
    """
    codec = chosen_codec(model, **hooks)
    attribute_map: dict[str, Any] = {}
    try:
        attribute_map = attribute_map_of(data, number_texts=True)
        made: T = codec.decode(model, attribute_map, stored=False)
    except DecodeFailure as failure:
        key = key_attributes(model, attribute_map)
        keys = {name: dict([next(iter(value.items()))]) for name, value in key.items()}
        raise item_decode_error(failure, model=model, key=keys, attribute_map=data) from failure
    return made
