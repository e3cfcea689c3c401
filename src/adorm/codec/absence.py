"""`FieldPlan`: how one field is stored.

It holds the field's coder, what None and empty values become, and what an absent attribute reads
as.
"""

from __future__ import annotations

from collections.abc import Callable, Sized
from functools import partial
from typing import Any, Literal

from adorm.codec.coders.coder import Coder
from adorm.codec.coders.containers import ListCoder, MapCoder
from adorm.codec.coders.sets import SetCoder
from adorm.codec.failures import DecodeFailure, ValueFailure
from adorm.dynamodb.values import NULL
from adorm.errors import AdormError, ModelError
from adorm.schema.fields import MISSING, NOT_REQUIRED, Field, Role

SpecialValue = Literal["absent", "null", "refuse", "encode"]
"""What None or an empty value becomes: no attribute, `{"NULL": true}`, an error, or what the coder
makes of it."""


class FieldPlan:
    """One field of a class, as it is stored.

    Args:
        optional: whether None is a value of the field. Its coder does not handle None then.

    Raises:
        ModelError: `omit_empty` without an empty default. Its methods raise `EncodeFailure` and
            `DecodeFailure`.
    """

    def __init__(self, field: Field, owner: str, coder: Coder, *, optional: bool) -> None:
        self.field = field
        self.where = f"{owner}.{field.name}"
        self.coder = coder
        self.optional = optional
        self.set_coder = coder if isinstance(coder, SetCoder) and not coder.has_empty else None
        """The coder, if the field holds sets and an empty one would be stored as NULL."""
        self.of_set = isinstance(coder, SetCoder)
        self.omit_empty = field.marker.omit_empty
        self.on_none: SpecialValue = self._on_none()
        self.on_empty_set: SpecialValue = self._on_empty_set()
        self.has_absence = (
            self.omit_empty or self.on_none != "encode" or self.on_empty_set != "encode"
        )
        """Whether some values are not encoded by the coder."""
        self.created_at: FieldPlan | None = None
        """For `updated_at`: the plan of `created_at`. Where the item has no time of the last write,
        it reads as that of the first one."""
        self.empty = self._empty()
        """For a list or map with a default that is never None: makes the empty value, which a
        stored NULL reads as. None for other fields."""
        if self.omit_empty:
            self._check_omit_empty()

    def encode(self, value: Any) -> Any:
        """The attribute value of a value; None for absence."""
        if value is None and self.on_none != "encode":
            return dict(NULL) if self.on_none == "null" else None
        if self.of_set and self.is_empty_set(value):
            if self.on_empty_set == "refuse":
                raise empty_set()
            if self.on_empty_set != "encode":
                return dict(NULL) if self.on_empty_set == "null" else None
        if self.omit_empty and is_empty(value):
            return None
        return self.coder.encode(value)

    def decode(self, attribute_value: Any) -> Any:
        """The value of an attribute that is present."""
        if self.optional and is_null(attribute_value):
            return None
        if self.field.role is Role.VERSION and is_null(attribute_value):
            return 0  # as a missing version
        if self.empty is not None and is_null(attribute_value):
            return self.empty()
        return self.coder.decode(attribute_value)

    @property
    def null_first(self) -> bool:
        """Whether a decoder looks for `{"NULL": true}` first.

        A coder with a `decode_source` fails at NULL, so that NULL can be looked for after the
        failure, and other values cost nothing more. A coder without one may read NULL as a value of
        its own (an empty set, what a hook makes of it).
        """
        return self.optional and (self.on_none == "null" or self.coder.decode_source() is None)

    def absent(self) -> Any:
        """What an absent attribute reads as."""
        field = self.field
        if field.role in (Role.CREATED_AT, Role.UPDATED_AT):
            if self.optional:
                return None
            raise DecodeFailure(
                f"missing, and the time is not known: annotate {self.where} as `datetime | None`, "
                "then it reads as None"
            )
        if field.factory is not None:
            try:
                return field.factory()
            except Exception as error:  # a user's factory raises what it likes
                raise DecodeFailure(
                    f"missing, and its default can't be made: {type(error).__name__}: {error}"
                ) from error
        if field.default is not MISSING and field.default is not NOT_REQUIRED:
            return field.default
        if (
            isinstance(self.coder, SetCoder)
            and not self.optional
            and field.default is MISSING
            and not field.default_takes_self
        ):
            return self.coder.make([])
        if field.default_takes_self:
            raise DecodeFailure(
                f"missing, and the default of {self.where} is made of the whole item: read that"
            )
        raise DecodeFailure(f"missing, and {self.where} has no default")

    def _empty(self) -> Callable[[], Any] | None:
        if self.optional or self.field.required:
            return None
        coder = self.coder
        if self.field.marker.as_json:
            return next((cls for cls in (list, dict) if cls in coder.classes), None)
        if isinstance(coder, ListCoder):
            return list if coder.make is None else partial(coder.make, [])
        return dict if isinstance(coder, MapCoder) else None

    def is_empty_set(self, value: Any) -> bool:
        return isinstance(self.coder, SetCoder) and self.coder.is_empty(value)

    def _on_none(self) -> SpecialValue:
        if not self.optional:
            return "encode"
        return "absent" if self._reads_as(lambda value: value is None) else "null"

    def _on_empty_set(self) -> SpecialValue:
        if not self.of_set:
            return "encode"
        if self._reads_as(self.is_empty_set):
            return "absent"
        if self.set_coder is None:
            return "encode"
        return "refuse" if self.optional else "null"

    def _reads_as(self, test: Callable[[Any], bool]) -> bool:
        if self.field.init or self.field.default is not MISSING or self.field.factory is not None:
            try:
                return test(self.absent())
            except DecodeFailure:
                return False
        return False

    def _check_omit_empty(self) -> None:
        if not self._reads_as(is_empty):
            raise ModelError(
                f'{self.where}: omit_empty needs an empty default, such as default="" or '
                "factory=list"
            )


def empty_set() -> ValueFailure:
    return ValueFailure(
        "an empty set, which DynamoDB can't tell from None: give None, or annotate the field as a "
        "set that is never None"
    )


def is_empty(value: Any) -> bool:
    """Whether this is text, bytes or a container without anything in it."""
    return isinstance(value, Sized) and len(value) == 0


def is_null(attribute_value: Any) -> bool:
    try:
        return "NULL" in attribute_value and not isinstance(attribute_value, str)
    except TypeError:
        return False


def recover(plan: FieldPlan, content: Any, error: Exception) -> Any:
    """The value of a field, after the generated code has failed at it.

    Args:
        content: the map that holds the field's attribute.
        error: what the generated code raised.
    """
    stored = content.get(plan.field.attribute_name)
    if plan.empty is not None and is_null(stored):
        return plan.empty()
    if (
        plan.created_at is not None
        and stored is None
        and (first := content.get(plan.created_at.field.attribute_name)) is not None
    ):
        return plan.decode(first)
    if isinstance(error, DecodeFailure):
        raise error.under(plan.field.attribute_name) from error.__cause__
    if isinstance(error, (AdormError, RecursionError)):
        raise error
    try:
        return plan.absent() if stored is None else plan.decode(stored)
    except DecodeFailure as failure:
        raise failure.under(plan.field.attribute_name) from failure.__cause__
