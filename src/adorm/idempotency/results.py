"""How the result of an idempotent function is stored, so that it reads back equal."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from typing import Any, Union, cast, get_args, get_origin, get_type_hints, is_typeddict

import orjson

from adorm.codec.codec import Codec
from adorm.codec.failures import DecodeFailure, item_decode_error
from adorm.dynamodb.values import json_default
from adorm.errors import ModelError, UsageError
from adorm.schema.types import type_name

_SCALARS = frozenset({type(None), bool, int, float, str})
_PLAIN = (*_SCALARS, list, dict, Any, object)


class ResultFormat:
    """Writes and reads the results of one function.

    Plain data is stored as JSON, a value of another type as the codec stores it, with the hooks of
    the database.

    Args:
        name: the function's name, for messages.
        type_: the type of the results; None: the function's return annotation.
    """

    def __init__(self, function: Callable[..., Any], name: str, type_: object) -> None:
        self._function = function
        self._name = name
        self._type: Any = type_
        self._is_resolved = False

    def check(self, codec: Codec) -> None:
        """Refuse, before the function runs, a type that could not be stored afterwards.

        Raises:
            UsageError: the type is not known, or can't be stored.
        """
        annotation = self._annotation()
        if annotation is None:
            return
        try:
            codec.prepare(annotation)
        except ModelError as error:
            raise UsageError(
                f"the result of {self._name} can't be stored, so the function was not run: {error}"
            ) from error

    def write(self, codec: Codec, value: object) -> str:
        """The JSON text of a result.

        Raises:
            UsageError: it would not read back equal.
        """
        annotation = self._annotation()
        if annotation is None:
            check_plain(value, "$")
            try:
                return orjson.dumps(value).decode()
            except orjson.JSONEncodeError as error:
                raise UsageError(f"it has no JSON: {error}") from error
        text = orjson.dumps(
            codec.encode_value(annotation, value, subject="result"), default=json_default
        ).decode()
        if codec.decode_value(annotation, orjson.loads(text)) != value:
            raise UsageError(f"a {type_name(annotation)} reads back as another value than it was")
        return text

    def read(self, codec: Codec, text: str) -> Any:
        """The result in a JSON text.

        Raises:
            ItemDecodeError: it was stored as another type than the function returns now.
        """
        annotation = self._annotation()
        stored = orjson.loads(text)
        if annotation is None:
            return stored
        try:
            return codec.decode_value(annotation, stored)
        except DecodeFailure as failure:
            raise item_decode_error(failure, model=annotation, key={}) from failure
        except (AttributeError, TypeError, KeyError) as error:  # it was stored as plain data
            raise item_decode_error(
                DecodeFailure("stored as plain data"), model=annotation, key={}
            ) from error

    def _annotation(self) -> Any:
        """The type for the codec; None for plain data."""
        if not self._is_resolved:
            if self._type is None:
                try:
                    self._type = _return_type(self._function)
                except Exception as error:
                    raise UsageError(
                        f"the return annotation of {self._name} can't be resolved ({error}): name "
                        "the type by @adorm.idempotent(result=...)"
                    ) from error
            if is_plain(self._type):
                self._type = None
            self._is_resolved = True
        return self._type


def _return_type(function: Callable[..., Any]) -> Any:
    """The return annotation; Any without one. Those of arguments are not resolved: their types may
    have been imported for type checkers only."""
    function = inspect.unwrap(function)
    annotation = getattr(function, "__annotations__", {}).get("return", Any)
    holder = types.SimpleNamespace(__annotations__={"return": annotation})
    return get_type_hints(holder, globalns=getattr(function, "__globals__", {})).get("return", Any)


def is_plain(annotation: Any) -> bool:
    """Whether values are plain JSON (None, bool, int, float, str, lists, dicts), or anything."""
    if any(annotation is each for each in _PLAIN) or is_typeddict(annotation):
        return True
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType, list):
        return all(map(is_plain, parts))
    return origin is dict and parts[0] in (str, Any) and is_plain(parts[1])


def check_plain(value: object, path: str) -> None:
    """Refuse a value that JSON would give back as another type, such as a tuple or an enum.

    Raises:
        UsageError: there is one; the message has its path.
    """
    if type(value) in _SCALARS:
        if isinstance(value, float) and value - value != 0:
            raise UsageError(f"{path} is {value}, which JSON does not have")
    elif type(value) is list:
        for number, item in enumerate(cast("list[object]", value)):
            check_plain(item, f"{path}[{number}]")
    elif type(value) is dict:
        for name, item in cast("dict[object, object]", value).items():
            if type(name) is not str:
                raise UsageError(
                    f"{path} has a key of type {type(name).__name__}, and JSON knows only text"
                )
            check_plain(item, f"{path}.{name}")
    else:
        raise UsageError(
            f"{path} is of type {type(value).__name__}, which JSON does not have: return plain "
            "data, or name the type by the function's "
            "return annotation or by @adorm.idempotent(result=...)"
        )
