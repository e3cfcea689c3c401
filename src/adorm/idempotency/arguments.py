"""What a call of an idempotent function is known by: its key, its payload, and the database among
its arguments."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeAlias, cast
from uuid import UUID

import orjson

from adorm.database import Database
from adorm.errors import BadValue, UsageError

KeyPart: TypeAlias = str | int | float | Decimal | UUID
CallKey: TypeAlias = KeyPart | tuple[KeyPart, ...]
KeyGiver: TypeAlias = (
    str
    | Callable[[Any], CallKey]
    | Callable[[Any, Any], CallKey]
    | Callable[[Any, Any, Any], CallKey]
)
"""An argument's name, or a function of one to three arguments: of those that its own parameters
name."""
PayloadGiver: TypeAlias = (
    str | Callable[[Any], object] | Callable[[Any, Any], object] | Callable[[Any, Any, Any], object]
)
DatabaseGiver: TypeAlias = Database | Callable[[], Database] | Callable[[Any], Database]


class Picker:
    """Takes what is asked for out of a call's arguments."""

    def __init__(
        self,
        option: str,
        giver: str | Callable[..., Any],
        signature: inspect.Signature,
        function: str,
    ) -> None:
        self._giver = giver
        names: tuple[str, ...]
        if isinstance(giver, str):
            names = (giver,)
        elif callable(giver):
            asked = inspect.signature(giver).parameters.values()
            names = tuple(
                each.name
                for each in asked
                if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
                and (each.name in signature.parameters or each.default is each.empty)
            )
        else:
            raise UsageError(
                f"{option}={giver!r}: expected the name of an argument of {function}, or a "
                "function of arguments"
            )
        unknown = [name for name in names if name not in signature.parameters]
        if unknown:
            known = ", ".join(signature.parameters)
            raise UsageError(
                f"{option}= asks for {', '.join(unknown)}, and the arguments of {function} are "
                f"{known or 'none'}"
            )
        self._names = names

    def __call__(self, arguments: Mapping[str, Any]) -> Any:
        if isinstance(self._giver, str):
            return arguments[self._giver]
        return self._giver(**{name: arguments[name] for name in self._names})


class Arguments:
    """Of one idempotent function: what each call is known by."""

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        name: str,
        key: KeyGiver,
        payload: PayloadGiver | None,
        db: DatabaseGiver | None,
    ) -> None:
        self._name = name
        self._signature = inspect.signature(function)
        self._key = Picker("key", key, self._signature, name)
        self._payload = (
            None if payload is None else Picker("payload", payload, self._signature, name)
        )
        self._db = (
            db
            if db is None or isinstance(db, Database)
            else Picker("db", db, self._signature, name)
        )

    def bound(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
        """The arguments by name, defaults included.

        Raises:
            TypeError: they do not fit the function.
        """
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return bound.arguments

    def record_id(self, arguments: Mapping[str, Any]) -> str:
        """Where this call's record is.

        Raises:
            UsageError: the key is nothing that tells one call from another.
        """
        return record_id(self._name, self._key(arguments))

    def payload_hash(self, arguments: Mapping[str, Any]) -> str | None:
        """The payload's hash, None where none is compared.

        Raises:
            UsageError: the payload is no plain data.
        """
        if self._payload is None:
            return None
        payload = self._payload(arguments)
        try:
            text = orjson.dumps(payload, default=_decimal_text, option=orjson.OPT_SORT_KEYS)
        except orjson.JSONEncodeError as error:
            raise UsageError(
                f"payload= of {self._name} gave what has no JSON ({error}): give the plain data "
                "that matters"
            ) from error
        return hashlib.sha256(text).hexdigest()

    def database(self, arguments: Mapping[str, Any]) -> Database:
        """The database given, else the one among the arguments.

        Raises:
            UsageError: there is none, or more than one.
        """
        if self._db is not None:
            db: object = self._db if isinstance(self._db, Database) else self._db(arguments)
            if not isinstance(db, Database):
                raise UsageError(
                    f"db= of {self._name} gave {'None' if db is None else type(db).__name__}: a "
                    "Database, from adorm.connect()"
                )
            return db
        found = {id(each): each for each in arguments.values() if isinstance(each, Database)}
        if len(found) != 1:
            what = "several databases are" if found else "no database is"
            raise UsageError(
                f"{what} among the arguments of {self._name}: say which by "
                "@adorm.idempotent(db=...)"
            )
        return next(iter(found.values()))


def record_id(name: str, key: CallKey, /) -> str:
    """The `id` of the record of a function's name and a key: the name in clear, and a SHA-256 of
    the key, which may be personal data.

    Raises:
        UsageError: the key is neither text nor a number nor a UUID nor a tuple of them, or is
            empty.
    """
    parts = cast("tuple[Any, ...]", key) if isinstance(key, tuple) else (key,)
    if not parts:
        raise UsageError(f"the key of {name} is an empty tuple: every call would be the same")
    try:
        text = orjson.dumps([_canonical(name, part) for part in parts])
    except orjson.JSONEncodeError as error:
        raise BadValue(f"the key of {name} has text that is not valid Unicode: {error}") from error
    return f"{name}#{hashlib.sha256(text).hexdigest()}"


def _canonical(name: str, part: Any) -> list[str]:
    """A part's kind and its text; equal numbers are the same, whatever their type."""
    if isinstance(part, str) and part:
        return ["S", str.__str__(part)]
    if isinstance(part, UUID):
        return ["S", str(part)]
    if isinstance(part, int | float | Decimal) and not isinstance(part, bool):
        number = (
            part
            if isinstance(part, Decimal)
            else Decimal(repr(float(part)) if isinstance(part, float) else int(part))
        )
        if number.is_finite():
            return ["N", _number_text(number)]
    what = (
        "an empty text"
        if isinstance(part, str)
        else "None"
        if part is None
        else type(part).__name__
    )
    kind = UsageError if part is None or not isinstance(part, str | float | Decimal) else BadValue
    raise kind(
        f"the key of {name} has to be text, a finite number, a UUID, or a tuple of them, and "
        f"{what} is or is in it"
    )


def _number_text(number: Decimal) -> str:
    """The same for equal numbers, of whatever length."""
    sign, digits, exponent = number.as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    short = text.rstrip("0")
    return (
        f"{'-' if sign else ''}{short}E{int(exponent) + len(text) - len(short)}" if short else "0"
    )


def _decimal_text(value: object) -> str:
    if isinstance(value, Decimal) and value.is_finite():
        return _number_text(value)
    raise TypeError(type(value).__name__)
