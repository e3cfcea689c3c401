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
    from adorm.schema.single_table import SingleTable

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


@overload
def from_attribute_map(
    model: type[T], attribute_map: Mapping[str, Any], /, **hooks: Unpack[HooksOf]
) -> T: ...
@overload
def from_attribute_map(
    table: SingleTable, attribute_map: Mapping[str, Any], /, **hooks: Unpack[HooksOf]
) -> object: ...
def from_attribute_map(
    model: type[Any] | SingleTable, attribute_map: Mapping[str, Any], /, **hooks: Unpack[HooksOf]
) -> Any:
    """The instance of an attribute map, such as a stream's `NewImage`.

    Binary values are base64 text or bytes.

    Args:
        model: the class, or a `SingleTable`: then the item is of the model that its type says, or
            without a type its key.
        db: the database whose hooks and `datetime_format` to use; by default no hooks.
        converter: the same database by its converter, `db.converter`.

    Raises:
        ItemDecodeError: it does not fit the model.
        UsageError: it is an item of no model of the table, or without a type it can be one of
            several.
    """
    cls = model if isinstance(model, type) else model_in_table(model, attribute_map)
    codec = chosen_codec(cls, **hooks)
    try:
        made: Any = codec.decode(cls, attribute_map)
    except DecodeFailure as failure:
        raise item_decode_error(failure, model=cls, attribute_map=attribute_map) from failure
    return made


def model_in_table(table: Any, attribute_map: Mapping[str, Any]) -> type[Any]:
    """The class of an item of a `SingleTable`; anything else is given back as it is.

    Raises:
        UsageError: it is of none of the table's models, or without a type it can be of several.
    """
    if not hasattr(table, "type_attribute"):
        return cast("type[Any]", table)  # a type with parameters, which is no class
    from adorm.items.kinds import models_in

    single_table: SingleTable = table
    models, name = models_in(single_table), single_table.type_attribute
    found = models.find_all(attribute_map)
    if len(found) == 1:
        return cast("type[Any]", found[0].model)
    stored = None if name is None else attribute_map.get(name)
    if stored is not None:
        known = ", ".join(models.entities) or "none"
        raise UsageError(
            f"an item of {table!r} has the type {stored.get('S')!r}, which is none of its "
            f"models: their entities are {known}"
        )
    keys = ", ".join(
        f"{each}={attribute_map.get(each)!r}"
        for each in (single_table.partition, single_table.sort)
        if each is not None
    )
    if not found:
        raise UsageError(
            f"an item of {table!r} has no type, and its key {keys} is made by none of its models"
        )
    raise UsageError(
        f"an item of {table!r} has no type, and its key {keys} can be one of "
        f"{' and '.join(each.name for each in found)}: give the class"
    )


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
