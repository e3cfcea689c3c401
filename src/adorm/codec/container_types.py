"""`container_coder`: the coders of lists, tuples, sets and maps."""

from __future__ import annotations

from collections import abc, deque
from collections.abc import Callable
from inspect import isabstract
from typing import Any, get_args

from adorm.codec.coders.choices import EnumCoder, LiteralCoder
from adorm.codec.coders.coder import Coder
from adorm.codec.coders.containers import ListCoder, MapCoder, TupleCoder
from adorm.codec.coders.hooks import HookCoder
from adorm.codec.coders.scalar import ScalarCoder
from adorm.codec.coders.sets import SetCoder
from adorm.codec.coders.untyped import AnyCoder
from adorm.errors import ModelError
from adorm.schema.types import Annotation, origin_of, type_name, unwrap

CoderOf = Callable[[Annotation, str], Coder]
"""Gives the coder of a type, and takes the class and the field, `Order.total`, for messages."""

_LISTS: dict[Any, tuple[tuple[type, ...], Any]] = {
    list: ((list,), None),
    abc.MutableSequence: ((list,), None),
    abc.Sequence: ((list, tuple), None),
    abc.Collection: ((list, tuple), None),
    abc.Iterable: ((list, tuple), None),
    deque: ((deque,), deque),
}
"""Types stored as L, with the classes they take and what to make of a list that was read."""

_SETS: dict[Any, Any] = {set: set, frozenset: frozenset, abc.Set: set, abc.MutableSet: set}
"""Types stored as sets, and what to make of one that was read."""

_MAPS = (dict, abc.Mapping, abc.MutableMapping)


def container_coder(
    annotation: Annotation, cls: Any, where: str, coder_of: CoderOf, *, json: bool, lenient: bool
) -> Coder | None:
    """The coder of a list, tuple, set or map; None for any other type.

    Args:
        cls: the type without its arguments.
        where: the class and the field, for messages: `Order.total`.
        json, lenient: see `BuildOptions`.
    """
    name, arguments = type_name(annotation), get_args(annotation)
    first = arguments[0] if arguments else Any
    if cls in _LISTS:
        return ListCoder(name, coder_of(first, where), *_LISTS[cls])
    if cls is tuple:
        if annotation is tuple or (len(arguments) == 2 and arguments[1] is Ellipsis):
            element = coder_of(first, where)
            return ListCoder(name, element, (tuple,), tuple, article="a tuple")
        return TupleCoder(name, [coder_of(argument, where) for argument in arguments])
    if cls in _SETS:
        if arguments:
            _check_hashable(first, f"{where}: the elements of {name}", "use a list")
        element = coder_of(first, where)
        return SetCoder(name, element, (set, frozenset), _SETS[cls], untyped=not arguments)
    if cls in _MAPS:
        key = _map_key(annotation, first, where, coder_of, lenient=lenient) if arguments else None
        value = coder_of(arguments[1] if arguments else Any, where)
        return MapCoder(name, key, value, json=json)
    return None


def _map_key(
    annotation: Annotation, key: Annotation, where: str, coder_of: CoderOf, *, lenient: bool
) -> Coder | None:
    _check_hashable(key, f"{where}: the keys of {type_name(annotation)}", "use a list of pairs")
    try:
        coder = coder_of(key, where)
    except ModelError as error:
        raise ModelError(
            f"{where}: the keys of {type_name(annotation)} have to be text: {error}"
        ) from error
    is_str = isinstance(coder, ScalarCoder) and coder.classes == (str,)
    if is_str or isinstance(coder, AnyCoder):
        return None
    is_text = isinstance(coder, (ScalarCoder, EnumCoder, LiteralCoder)) and coder.tags == frozenset(
        "S"
    )
    if is_text or isinstance(coder, HookCoder):
        return coder
    if lenient and isinstance(unwrap(key), type):
        return None  # a database may have hooks for it
    raise ModelError(
        f"{where}: the keys of {type_name(annotation)} have to be text, as those of "
        "DynamoDB's maps are: "
        f"use str or a type that is stored as text (S), or register hooks for {type_name(key)}"
    )


def _check_hashable(annotation: Annotation, what: str, remedy: str) -> None:
    """Refuse what no set can hold and no dict can have as a key: no hook could read one either."""
    bare = unwrap(annotation)
    cls = origin_of(bare) or bare
    if isinstance(cls, type) and cls.__hash__ is None and not isabstract(cls):
        raise ModelError(
            f"{what} need a hash, and {type_name(annotation)} has none: make it a frozen class, "
            f"or {remedy}"
        )
