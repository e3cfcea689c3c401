"""What identifies a call of an idempotent function: its key and its payload, from its arguments."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping
from decimal import Decimal
from operator import itemgetter
from typing import Any, TypeAlias, cast
from uuid import UUID

import orjson

from adorm.database import Database
from adorm.errors import BadValue, UsageError

KeyPart: TypeAlias = str | int | float | Decimal | UUID
CallKey: TypeAlias = KeyPart | tuple[KeyPart, ...]
KeyOption: TypeAlias = (
    str
    | Callable[[Any], CallKey]
    | Callable[[Any, Any], CallKey]
    | Callable[[Any, Any, Any], CallKey]
)
"""The name of an argument, or a function of one to three arguments. Its parameters have the names
of the arguments that it gets."""
PayloadOption: TypeAlias = (
    str | Callable[[Any], object] | Callable[[Any, Any], object] | Callable[[Any, Any, Any], object]
)
DatabaseOption: TypeAlias = Database | Callable[[], Database] | Callable[[Any], Database]


Pick: TypeAlias = Callable[[Mapping[str, Any]], Any]
"""Computes a value from the arguments of a call, given by name."""


def picker(option: str, source: object, signature: inspect.Signature, function: str) -> Pick:
    """What an option of `@adorm.idempotent` computes from the arguments.

    Args:
        option: its name, for messages: "key".
        source: its value.
        function: the name of the idempotent function, for messages.

    Raises:
        UsageError: the source is neither a name nor a function, or uses arguments that do not
            exist.
    """
    known = signature.parameters
    if isinstance(source, str):
        names = [source]
    elif callable(source):
        names = [
            each.name
            for each in inspect.signature(source).parameters.values()
            if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
            and (each.name in known or each.default is each.empty)
        ]
    else:
        raise UsageError(
            f"{option}={source!r}: expected the name of an argument of {function}, or a function "
            "of arguments"
        )
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(
            f"{option}= asks for {', '.join(unknown)}, and the arguments of {function} are "
            f"{', '.join(known) or 'none'}"
        )
    if not callable(source):
        return itemgetter(names[0])
    return lambda arguments: source(**{name: arguments[name] for name in names})


class CallArguments:
    """What the options of `@adorm.idempotent` read from the arguments of each call."""

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        name: str,
        key: KeyOption,
        payload: PayloadOption | None,
        db: DatabaseOption | None,
    ) -> None:
        self._name = name
        signature = self._signature = inspect.signature(function)
        self._key = picker("key", key, signature, name)
        self._payload = None if payload is None else picker("payload", payload, signature, name)
        self._db: Database | Pick | None = (
            db if db is None or isinstance(db, Database) else picker("db", db, signature, name)
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
        """The `id` of this call's record: see the function `record_id`."""
        return record_id(self._name, self._key(arguments))

    def payload_hash(self, arguments: Mapping[str, Any]) -> str | None:
        """The hexadecimal SHA-256 of the payload; None if payloads are not compared.

        Raises:
            UsageError: the payload is not plain data.
        """
        if self._payload is None:
            return None
        payload = self._payload(arguments)
        try:
            text = orjson.dumps(payload, default=_decimal_text, option=orjson.OPT_SORT_KEYS)
        except orjson.JSONEncodeError as error:
            raise UsageError(
                f"payload= of {self._name} gave what has no JSON ({error}): give plain data"
            ) from error
        return hashlib.sha256(text).hexdigest()

    def database(self, arguments: Mapping[str, Any]) -> Database:
        """The database of the option `db`; without that option, the one among the arguments.

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
    """The `id` of the record for a function's name and a key: `NAME#SHA256`.

    The name is in clear. The key may be personal data, so only its SHA-256 is stored.

    Raises:
        UsageError: the key is empty, or has a part that is no text, number or UUID.
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
    """The type of a part, S or N, and its text, which is the same for equal numbers of any type."""
    if isinstance(part, str) and part:
        return ["S", str.__str__(part)]
    if isinstance(part, UUID):
        return ["S", str(part)]
    if isinstance(part, int | float | Decimal) and not isinstance(part, bool):
        number = Decimal(repr(float(part))) if isinstance(part, float) else Decimal(part)
        if number.is_finite():
            return ["N", _number_text(number)]
    what = "None" if part is None else type(part).__name__
    if isinstance(part, str):
        what = "an empty text"
    kind = BadValue if isinstance(part, str | float | Decimal) else UsageError
    raise kind(
        f"the key of {name} has to be text, a finite number, a UUID, or a tuple of them, and "
        f"{what} is or is in it"
    )


def _number_text(number: Decimal) -> str:
    """The same text for equal numbers, however many digits they are written with."""
    sign, digits, exponent = number.as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    short = text.rstrip("0")
    if not short:
        return "0"
    return f"{'-' if sign else ''}{short}E{int(exponent) + len(text) - len(short)}"


def _decimal_text(value: object) -> str:
    if isinstance(value, Decimal) and value.is_finite():
        return _number_text(value)
    raise TypeError(type(value).__name__)
