"""`EnumCoder` and `LiteralCoder`: types that have a few values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

from adorm.codec.coders.coder import Coder, Decode, DecodeSource, Encode, EncodeSource, made_once
from adorm.codec.failures import DecodeFailure, ValueFailure, article, brief, unexpected, wrong
from adorm.dynamodb.values import AttributeValue, canonical

_NAMED_CHOICES = 8


class EnumCoder(Coder):
    """An enum; a member is stored as its value is."""

    def __init__(self, cls: type[Enum], untyped: Coder) -> None:
        self.stored = {member: untyped.encode(member.value) for member in cls}
        tags: frozenset[str] = frozenset(tag for value in self.stored.values() for tag in value)
        super().__init__(cls.__name__, tags, (cls,))
        self.cls = cls
        self._untyped = untyped
        self.choices = _texts_of(self.stored.values())
        self._only_text = tags == frozenset({"S"})

    @made_once
    def encode(self) -> Encode:
        cls, encode_untyped = self.cls, self._untyped.encode

        def encode_enum(value: Any) -> Any:
            if not isinstance(value, cls):
                raise wrong(article(cls.__name__), value)
            return encode_untyped(value.value)

        return encode_enum

    @made_once
    def decode(self) -> Decode:
        cls, decode_untyped = self.cls, self._untyped.decode
        members = {canonical(value): member for member, value in self.stored.items()}
        expected = f"{self.choices} ({cls.__name__})"

        def decode_enum(attribute_value: Any) -> Any:
            try:
                return members[canonical(attribute_value)]
            except KeyError:
                pass
            except (TypeError, ValueError, AttributeError, StopIteration) as error:
                raise unexpected(expected, attribute_value) from error
            try:
                # combined flags, and enums that have a _missing_
                return cls(decode_untyped(attribute_value))
            except (DecodeFailure, RecursionError):
                raise
            except Exception as error:  # _missing_ is the user's
                raise unexpected(expected, attribute_value) from error

        return decode_enum

    def encode_source(self) -> EncodeSource | None:
        if not self._only_text:
            return None
        return EncodeSource("{v}.__class__ is {cls}", "{v}._value_", {"cls": self.cls})

    def decode_source(self) -> DecodeSource | None:
        if not self._only_text:
            return None
        members = {value["S"]: member for member, value in self.stored.items()}
        return DecodeSource("{members}[{p}]", {"members": members})


class LiteralCoder(Coder):
    """One of the values of a `Literal`; a member of an enum is stored as its value is."""

    def __init__(self, values: tuple[Any, ...], untyped: Coder) -> None:
        self.stored: dict[tuple[type[Any], Any], AttributeValue] = {
            (type(value), value): untyped.encode(value) for value in values
        }
        super().__init__(
            f"Literal[{', '.join(map(repr, values))}]",
            frozenset(tag for value in self.stored.values() for tag in value),
        )
        self.choices = _texts_of(self.stored.values())
        all_texts = all(type(value) is str for value in values)
        self._texts = {value: value for value in values} if all_texts else None

    def accepts(self, value: object) -> bool:
        try:
            return self._find(value) is not None
        except TypeError:
            return False

    @made_once
    def encode(self) -> Encode:
        def encode_literal(value: Any) -> dict[str, Any]:
            try:
                found = self._find(value)
            except TypeError as error:  # unhashable
                raise wrong(f"one of {self.choices}", value) from error
            if found is None and any(cls is value.__class__ for cls, _ in self.stored):
                raise ValueFailure(f"expected one of {self.choices}, got {brief(value)}")
            if found is None:
                raise wrong(f"one of {self.choices}", value)
            return dict(found)

        return encode_literal

    def _find(self, value: Any) -> Mapping[str, Any] | None:
        found = self.stored.get((value.__class__, value))
        if found is None and isinstance(value, str) and not isinstance(value, Enum):
            found = self.stored.get((str, str.__str__(value)))
        return found

    @made_once
    def decode(self) -> Decode:
        values = {canonical(stored): value for (_, value), stored in self.stored.items()}
        expected = f"one of {self.choices}"

        def decode_literal(attribute_value: Any) -> Any:
            try:
                return values[canonical(attribute_value)]
            except (KeyError, TypeError, ValueError, AttributeError, StopIteration) as error:
                raise unexpected(expected, attribute_value) from error

        return decode_literal

    def encode_source(self) -> EncodeSource | None:
        if self._texts is None:
            return None
        return EncodeSource(
            "{v}.__class__ is str and {v} in {texts}", "{v}", {"texts": self._texts}
        )

    def decode_source(self) -> DecodeSource | None:
        return None if self._texts is None else DecodeSource("{texts}[{p}]", {"texts": self._texts})


def _texts_of(stored: Iterable[Mapping[str, Any]]) -> str:
    payloads = [next(iter(value.items())) for value in stored]
    import json

    texts = [
        json.dumps(payload) if tag in ("S", "BOOL") else "null" if tag == "NULL" else str(payload)
        for tag, payload in payloads
    ]
    if len(texts) > _NAMED_CHOICES:
        texts = [*texts[:_NAMED_CHOICES], "…"]
    return ", ".join(texts)
