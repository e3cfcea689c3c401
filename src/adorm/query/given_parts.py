"""`GivenParts`: the conditions of a query, by the fields that they are on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from adorm.codec.codec import Codec
from adorm.codec.failures import EncodeFailure, ValueFailure
from adorm.codec.key_parts import part_text
from adorm.codec.key_refusals import checked_text
from adorm.dynamodb.values import NULL
from adorm.errors import BadValue, UsageError
from adorm.expressions.comparisons import Between, Comparison
from adorm.expressions.conditions import Condition
from adorm.expressions.functions import BeginsWith
from adorm.expressions.operands import Value
from adorm.models import ModelInfo
from adorm.query.key_conditions import key_path
from adorm.schema.fields import Field
from adorm.schema.item_keys import KeySide
from adorm.schema.key_texts import Part
from adorm.support.records import Record


class Bound(Record):
    """One end of a range."""

    condition: Condition
    """The condition that says it."""
    value: Any
    is_strict: bool
    """Whether the value itself is not in the range."""


class FieldConditions:
    """What is asked of one field. Of several conditions of one kind it has the first."""

    def __init__(self) -> None:
        self.all: list[Condition] = []
        self.equal: Comparison | None = None
        self.lower: Bound | None = None
        self.upper: Bound | None = None
        self.prefix: BeginsWith | None = None

    @property
    def has_range(self) -> bool:
        """Whether there is another condition than ==."""
        return self.lower is not None or self.upper is not None or self.prefix is not None

    def add(self, condition: Condition) -> None:
        """Take a condition for which `key_path` gives the field."""
        self.all.append(condition)
        if isinstance(condition, BeginsWith):
            self.prefix = condition if self.prefix is None else self.prefix
        elif isinstance(condition, Between):
            low, high = condition.low, condition.high
            if isinstance(low, Value) and isinstance(high, Value):
                self._bound(Bound(condition, low.value, False), is_lower=True)
                self._bound(Bound(condition, high.value, False), is_lower=False)
        elif isinstance(condition, Comparison) and isinstance(condition.operand, Value):
            comparator = condition.comparator
            if comparator == "=":
                self.equal = condition if self.equal is None else self.equal
            else:
                bound = Bound(condition, condition.operand.value, len(comparator) == 1)
                self._bound(bound, is_lower=comparator[0] == ">")

    def _bound(self, bound: Bound, *, is_lower: bool) -> None:
        if is_lower:
            self.lower = self.lower or bound
        else:
            self.upper = self.upper or bound


class GivenParts:
    """The conditions of a query, by the fields that they are on.

    Args:
        conditions: those that may become key conditions.
        owner: the model's name, for messages.
    """

    def __init__(self, info: ModelInfo, codec: Codec, conditions: Sequence[Condition]) -> None:
        self.info = info
        self._codec = codec
        self.conditions = conditions
        self._by_attribute: dict[str, FieldConditions] = {}
        for condition in conditions:
            path = key_path(condition)
            if path is not None:
                name = path.attribute_name
                self._by_attribute.setdefault(name, FieldConditions()).add(condition)

    def of(self, field: Field) -> FieldConditions:
        """What is asked of a field, or of a key attribute."""
        return self._by_attribute.get(field.attribute_name) or _NOTHING

    def content(self, part: Part, value: Any) -> Any:
        """What a value is stored as under the part's tag: `"5"` for 5.

        Raises:
            UsageError: the value is not of the field's type, or is stored as absence.
        """
        stored = self._stored(part, value)
        if part.tag not in stored:
            raise UsageError(
                f"{self.info.name}.{part.field.name} is compared with {value!r}, which is not "
                "stored as the part of a key"
            )
        return stored[part.tag]

    def _stored(self, part: Part, value: Any) -> dict[str, Any]:
        path = self.info.path_of(part.field)
        stored = Value(value, path).encode(self._codec)
        if stored is None or stored == NULL:
            raise UsageError(
                f"{path} is compared with {value!r}, which is stored as absence, "
                "and no part of a key is absent"
            )
        return stored

    def text(self, part: Part, side: KeySide, where: str) -> str | None:
        """The text of a part that is given by ==; None where it is not.

        Raises:
            BadValue: no item can have this value in its key.
            UsageError: it is of another type.
        """
        equal = self.of(part.field).equal
        if equal is None or not isinstance(equal.operand, Value):
            return None
        stored = self._stored(part, equal.operand.value)
        return checked_text(part, stored, side.template, where)

    def text_of(self, part: Part) -> Callable[[Any], str]:
        """The function from what a part stores to its text; it refuses what has none.

        Its texts may be empty, or hold the text that ends the part.
        """
        write = part_text(part)

        def text(content: Any) -> str:
            try:
                return write(content)
            except EncodeFailure as failure:
                kind = BadValue if isinstance(failure, ValueFailure) else UsageError
                name = f"{self.info.name}.{part.field.name}"
                raise kind(f"{name}: {failure.problem}") from failure

        return text


_NOTHING = FieldConditions()
