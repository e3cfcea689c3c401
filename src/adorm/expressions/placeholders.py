"""The names and values of one request, as placeholders."""

from __future__ import annotations

from typing import Any, Protocol

import orjson

from adorm.dynamodb.limits import MAX_EXPRESSION_BYTES, MAX_EXPRESSION_OPERATORS
from adorm.dynamodb.values import AttributeValue
from adorm.errors import UsageError
from adorm.expressions.document_path import DocumentPath, Step, stored_steps
from adorm.schema.fields import Field, structure_of
from adorm.schema.types import Annotation


class Encoder(Protocol):
    """What expressions need of a codec."""

    def encode_value(
        self,
        annotation: Annotation,
        value: object,
        *,
        subject: str = ...,
        within: Field | None = ...,
    ) -> AttributeValue: ...

    def encode_field(self, field: Field, value: object) -> AttributeValue | None: ...

    def tags_of(self, annotation: Annotation, field: Field | None) -> frozenset[str] | None:
        """The types of DynamoDB's that values of a field, or of a type, may be stored as; None
        where that is not known."""
        ...


class Placeholders:
    """Numbers the names and values of one request once; identical ones are shared among its
    expressions."""

    __slots__ = ("_model", "_names", "_operators", "_values", "encoder")

    def __init__(self, encoder: Encoder, model: Any = None) -> None:
        self.encoder = encoder
        self._model = model
        self._names: dict[str, str] = {}
        self._values: dict[object, tuple[str, AttributeValue]] = {}
        self._operators = 0

    def location(self, location: DocumentPath) -> str:
        """`#n0.#n1[2]`.

        Raises:
            UsageError: the path belongs to another model than this request's.
        """
        if location.root is not self._model:
            self.check_owner(location)
        return (
            self.name(location.attribute_name)
            if location.is_top_level
            else self.steps(location.steps)
        )

    def check_owner(self, location: DocumentPath) -> None:
        """Refuse a path of another model than this request's.

        Raises:
            UsageError: it is one.
        """
        root = location.root
        if root is not None and self._model is not None and not issubclass(self._model, root):
            raise UsageError(
                f"{location} is a path of {root.__name__}, but this is a request for {self._model.__name__}"
            )
        if root is not None and self._model is not None and self._model is not root:
            self._check_inherited(location)

    def _check_inherited(self, location: DocumentPath) -> None:
        """A path of a base class names the base's attribute, which a subclass may store under
        another name."""
        name = location.attribute_name
        field = next(
            (field for field in structure_of(location.root).fields if field.attribute_name == name),
            None,
        )
        own = (
            None if field is None else structure_of(self._model).by_name[field.name].attribute_name
        )
        if field is not None and own != name:
            raise UsageError(
                f"{location} is stored as {name!r} in {location.root.__name__}, but as {own!r} in {self._model.__name__}: "
                f"write {self._model.__name__}.{field.name}"
            )

    def steps(self, steps: tuple[Step, ...]) -> str:
        parts: list[str] = []
        for step in stored_steps(steps, self.encoder):
            if isinstance(step, int):
                parts.append(f"[{step}]")
            else:
                parts.append(f".{self.name(step)}" if parts else self.name(step))
        return "".join(parts)

    def name(self, attribute_name: str) -> str:
        """`#n0`."""
        placeholder = self._names.get(attribute_name)
        if placeholder is None:
            placeholder = self._names[attribute_name] = f"#n{len(self._names)}"
        return placeholder

    def value(self, attribute_value: AttributeValue) -> str:
        """`:v0`."""
        key = _identity(attribute_value)
        known = self._values.get(key)
        if known is None:
            known = self._values[key] = (f":v{len(self._values)}", attribute_value)
        return known[0]

    def count_operator(self) -> None:
        """Keep DynamoDB's limit of operators in the expressions of one request.

        Raises:
            UsageError: there are more than 300.
        """
        self._operators += 1
        if self._operators > MAX_EXPRESSION_OPERATORS:
            raise UsageError(
                f"more than {MAX_EXPRESSION_OPERATORS} operators and functions in one expression; DynamoDB refuses them: split the request"
            )

    def checked(self, kind: str, text: str) -> str:
        """The finished text of an expression.

        Raises:
            UsageError: it is longer than 4 KB.
        """
        if len(text) > MAX_EXPRESSION_BYTES:
            raise UsageError(
                f"the {kind} is {len(text)} bytes long; DynamoDB takes {MAX_EXPRESSION_BYTES}: split the request"
            )
        return text

    def into(self, request: dict[str, Any]) -> None:
        """Add `ExpressionAttributeNames` and `ExpressionAttributeValues` where there are any."""
        if self._names:
            request["ExpressionAttributeNames"] = dict(
                zip(self._names.values(), self._names, strict=True)
            )
        if self._values:
            request["ExpressionAttributeValues"] = dict(self._values.values())


def _identity(attribute_value: AttributeValue) -> object:
    """What is equal for attribute values that are written alike, and for no others."""
    if len(attribute_value) == 1:
        ((tag, content),) = attribute_value.items()
        if content.__class__ in _PLAIN:
            return tag, content
        try:
            return orjson.dumps(
                attribute_value, None, orjson.OPT_PASSTHROUGH_SUBCLASS
            )  # a third of what repr takes
        except TypeError:  # it holds bytes
            pass
    return repr(attribute_value)


_PLAIN = frozenset({str, bytes, bool})
"""Classes of contents that are equal only where they are the same."""
