"""How expressions become text: operands are collected, and a shape is written with placeholders.

A condition or clause does its work in two steps. `encode_into` encodes the values, checks them, and
gives a *shape*: a tuple of a function that writes text, a number, and the function's arguments.
A shape holds no value and is hashable, so the text of a shape that was written before is known
(`adorm.expressions.request`). Both steps raise `UsageError` for what DynamoDB would refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeAlias

from adorm.dynamodb.limits import MAX_EXPRESSION_BYTES, MAX_EXPRESSION_OPERATORS
from adorm.dynamodb.values import AttributeValue
from adorm.errors import UsageError
from adorm.expressions.document_path import DocumentPath, Step, stored_steps
from adorm.schema.fields import Field
from adorm.schema.structures import structure_of
from adorm.schema.types import Annotation

Shape: TypeAlias = tuple[Any, ...]
"""`(write, number, *arguments)`: `write(placeholders, *arguments)` gives the text. The number is
the binding strength of a condition, or the section of a clause."""

OperandShape: TypeAlias = DocumentPath | str | Shape
"""A path, `VALUE`, or the shape of a size or sum."""

VALUE = "value"
"""The shape of an operand that is a value: the next one of those collected."""


FieldsEncoder: TypeAlias = Callable[[Sequence[Any]], tuple[dict[str, AttributeValue | None], bool]]
"""From the values of fields to the attribute values by attribute name, None for absence. And
whether all of them are there, and no two are written alike; False where that is not known."""


class Encoder(Protocol):
    """What expressions need of a codec."""

    @property
    def memo(self) -> dict[Any, Any]:
        """Keeps what others derive from the coders; emptied when hooks change."""
        ...

    def encode_value(
        self,
        annotation: Annotation,
        value: object,
        *,
        subject: str = ...,
        within: Field | None = ...,
    ) -> AttributeValue: ...

    def encode_field(self, field: Field, value: object) -> AttributeValue | None: ...

    def fields_encoder(self, fields: Sequence[Field]) -> FieldsEncoder:
        """What `encode_field` does, in one function for several fields. It raises anything where a
        value does not fit."""
        ...

    def tags_of(self, annotation: Annotation, field: Field | None) -> frozenset[str] | None:
        """The DynamoDB types that values of a field, or of a type, may be stored as; None where
        that is not known."""
        ...


class Operands:
    """What the expressions of one request work on, in the order in which the texts name it.

    `RequestExpressions` makes it.
    """

    __slots__ = (
        "encoder", "if_absent", "is_idempotent", "is_repeatable", "values", "written",
    )  # fmt: skip

    encoder: Encoder
    values: list[AttributeValue]
    """The attribute values, equal ones included."""
    is_repeatable: bool
    """Whether a later request can have the same shape: every path is one that is kept."""
    is_idempotent: bool
    """Whether applying the caller's clauses twice is the same as once. adorm's own version counter
    does not matter: versions may skip a number."""
    written: dict[str, AttributeValue | None]
    """The attributes that an update gives a value as a whole, None for those it removes."""
    if_absent: dict[str, AttributeValue]
    """The attributes that an update gives a value where the item does not have them."""

    def path(self, path: DocumentPath) -> DocumentPath:
        """The shape of a path: itself."""
        if not path.is_kept:
            self.is_repeatable = False
            stored_steps(path.steps, self.encoder)  # an error here comes before one of a value
        return path


class Placeholders:
    """Writes shapes as text. Numbers each attribute name once; the values are numbered before.

    Args:
        model: the model of the request, to refuse paths of other models; None for any.
        value_names: the placeholder of each value, in the order in which they were collected.
    """

    __slots__ = ("_model", "_operators", "_value_names", "encoder", "names")

    def __init__(self, encoder: Encoder, model: Any, value_names: Iterable[str]) -> None:
        self.encoder = encoder
        self.names: dict[str, str] = {}
        """Placeholders by attribute name: `{"status": "#n0"}`."""
        self._model = model
        self._value_names = iter(value_names)
        self._operators = 0

    def write(self, shape: Shape) -> str:
        """The text of a condition, size or sum."""
        text: str = shape[0](self, *shape[2:])
        return text

    def operand(self, operand: OperandShape) -> str:
        """The text of an operand: `#n0.#n1[2]`, `:v0` or `size(#n0)`."""
        if operand is VALUE:
            return self.value()
        if isinstance(operand, DocumentPath):
            return self.path(operand)
        return self.write(operand) if isinstance(operand, tuple) else operand

    def path(self, path: DocumentPath) -> str:
        """`#n0.#n1[2]`."""
        if path.root is not self._model:
            check_owner(path, self._model)
        return self.name(path.attribute_name) if path.is_top_level else self.steps(path.steps)

    def steps(self, steps: tuple[Step, ...]) -> str:
        """The same for a path of which only the steps are known."""
        parts: list[str] = []
        for step in stored_steps(steps, self.encoder):
            if isinstance(step, int):
                parts.append(f"[{step}]")
            else:
                parts.append(f".{self.name(step)}" if parts else self.name(step))
        return "".join(parts)

    def name(self, attribute_name: str) -> str:
        """`#n0`."""
        return self.names.setdefault(attribute_name, f"#n{len(self.names)}")

    def value(self) -> str:
        """The placeholder of the next value, `:v0`."""
        return next(self._value_names)

    def count_operator(self) -> None:
        """Count one operator or function."""
        self._operators += 1
        if self._operators > MAX_EXPRESSION_OPERATORS:
            raise UsageError(
                f"more than {MAX_EXPRESSION_OPERATORS} operators and functions in one expression; "
                "DynamoDB refuses them: split the request"
            )

    def checked(self, kind: str, text: str) -> str:
        """The finished text of an expression."""
        if len(text) > MAX_EXPRESSION_BYTES:
            raise UsageError(
                f"the {kind} is {len(text)} bytes long; DynamoDB takes {MAX_EXPRESSION_BYTES}: "
                "split the request"
            )
        return text


def check_owner(path: DocumentPath, model: Any) -> None:
    """Refuse a path of another model than the request's.

    A path of a base class names the base's attribute, which a subclass may store under another
    name: that is refused, too.
    """
    root = path.root
    if root is None or model is None or model is root:
        return
    if not issubclass(model, root):
        raise UsageError(
            f"{path} is a path of {root.__name__}, but this is a request for {model.__name__}"
        )
    for field in structure_of(root).fields:
        if field.attribute_name == path.attribute_name:
            own = structure_of(model).by_name[field.name].attribute_name
            if own != field.attribute_name:
                raise UsageError(
                    f"{path} is stored as {field.attribute_name!r} in {root.__name__}, but as "
                    f"{own!r} in {model.__name__}: write {model.__name__}.{field.name}"
                )
            return
