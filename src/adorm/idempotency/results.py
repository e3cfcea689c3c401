"""How an idempotent function's result is stored, so that it reads back as it was."""

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
    """Of one function. Plain data is stored as JSON; a result of another type as the codec stores
    it, hooks of the database included.

    The type is what `@adorm.idempotent(result=...)` says, else the function's return annotation.
    """

    def __init__(self, function: Callable[..., Any], name: str, told: object) -> None:
        self._function = function
        self._name = name
        self._told = told
        self._known = False
        self._type: Any = None

    def check(self, codec: Codec) -> None:
        """Find before the function runs what could not be stored after it.

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
        """The text that is stored.

        Raises:
            UsageError: it would not read back as it was.
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
        """The result of a text.

        Raises:
            ItemDecodeError: it is of another type than the function gives now.
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
        if not self._known:
            told = self._told
            if told is None:
                try:
                    told = _return_type(self._function)
                except Exception as error:
                    raise UsageError(
                        f"the return annotation of {self._name} can't be resolved ({error}): name "
                        "the type by @adorm.idempotent(result=...)"
                    ) from error
            self._type = None if is_plain(told) else told
            self._known = True
        return self._type


def _return_type(function: Callable[..., Any]) -> Any:
    """The return annotation alone: those of arguments may be there for type checkers only."""
    function = inspect.unwrap(function)
    holder = types.SimpleNamespace(
        __annotations__={"return": getattr(function, "__annotations__", {}).get("return", Any)}
    )
    return get_type_hints(holder, globalns=getattr(function, "__globals__", {})).get("return", Any)


def is_plain(annotation: Any) -> bool:
    """Whether it is a type of plain JSON: None, bool, int, float, str, lists and dicts of them, or
    unknown."""
    if any(annotation is each for each in _PLAIN) or is_typeddict(annotation):
        return True
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType, list):
        return all(map(is_plain, parts))
    return origin is dict and parts[0] in (str, Any) and is_plain(parts[1])


def check_plain(value: object, path: str) -> None:
    """Refuse what JSON would give back as something else, by its exact type.

    Raises:
        UsageError: it names the place.
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
