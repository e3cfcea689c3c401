"""`RequestExpressions`: the expressions of one request, with their names and values.

Requests repeat: the same conditions and clauses with other values. The text of each shape is
written once for a model, and kept as a `Plan`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from adorm.dynamodb.values import AttributeValue
from adorm.expressions.conditions import Condition
from adorm.expressions.document_path import DocumentPath, MapKey, Step
from adorm.expressions.field_sets import FieldSets
from adorm.expressions.placeholders import (
    Encoder,
    Operands,
    Placeholders,
    Shape,
    check_owner,
)
from adorm.expressions.updates import ADD, SET, Clause, set_shape, write_update

MAX_PLANS = 256
"""The plans that are kept for a model of a codec. When there are more, all are made anew."""


_KINDS = {
    "ConditionExpression": "condition",
    "KeyConditionExpression": "key condition",
    "FilterExpression": "filter",
    "ProjectionExpression": "projection",
}
"""What messages call the expression in a parameter of the request."""


class Plan:
    """The text of the expressions of one shape, and what the placeholders stand for."""

    __slots__ = ("names", "texts", "value_names")

    def __init__(
        self, texts: dict[str, str], names: dict[str, str], value_names: tuple[str, ...]
    ) -> None:
        self.texts = texts
        """By the request's parameter: `{"UpdateExpression": "SET #n0 = :v0"}`."""
        self.names = names
        """`ExpressionAttributeNames`."""
        self.value_names = value_names
        """The placeholder of each value collected; equal values share one."""


class Kept:
    """What is kept for a model of a codec, until another hook is registered."""

    __slots__ = ("field_sets", "plans")

    def __init__(self) -> None:
        self.plans: dict[Shape, Plan] = {}
        """By the shape of the whole request."""
        self.field_sets: dict[tuple[DocumentPath, ...], FieldSets] = {}


class RequestExpressions(Operands):
    """The expressions of one request. They share names, and values that are equal.

    `update` comes first, if there is one; each other expression may come once, in any order. A
    value is numbered where it comes first.

    Args:
        encoder: the codec of the database.
        model: the model of the request, to refuse paths of other models.
    """

    __slots__ = ("_clauses", "_distinct", "_kept", "_key_names", "_model", "_parts")

    def __init__(self, encoder: Encoder, model: Any) -> None:
        memo, name = encoder.memo, (Kept, model)
        kept: Kept | None = memo.get(name)
        if kept is None:
            kept = memo[name] = Kept()
        self.encoder = encoder
        self.values = []
        self.is_repeatable = self.is_idempotent = True
        self.written = {}
        self.if_absent = {}
        self._model = model
        self._kept = kept
        self._clauses: tuple[Shape | FieldSets, ...] = ()
        self._distinct = 0
        """Of so many values, the first ones, it is known that no two are equal."""
        self._key_names: frozenset[str] = frozenset()
        self._parts: tuple[tuple[str, Shape], ...] = ()
        """The shapes of the other expressions, by parameter."""

    def update(
        self,
        clauses: Sequence[Clause[Any]],
        *,
        paths: tuple[DocumentPath, ...] = (),
        values: tuple[Any, ...] = (),
        key_names: frozenset[str],
    ) -> None:
        """Add to the UpdateExpression: fields that are set, each to a plain value, and clauses.

        Args:
            clauses: none of them sets a field to a plain value.
            paths: of the fields, with as many `values`.
        """
        self._key_names = key_names
        if paths:
            self._set_fields(paths, values)
        if clauses:
            self._clauses += tuple([clause.encode_into(self) for clause in clauses])

    def _set_fields(self, paths: tuple[DocumentPath, ...], values: tuple[Any, ...]) -> None:
        known = self._kept.field_sets
        field_sets = known.get(paths)
        if field_sets is None:
            if len(known) >= MAX_PLANS:
                known.clear()
            field_sets = known[paths] = FieldSets(paths, self.encoder)
        encoded, is_distinct = field_sets.encode(values)
        self.written = {**self.written, **encoded} if self.written else encoded
        if is_distinct and not self.values:
            self._distinct = len(paths)
        if is_distinct or None not in encoded.values():
            present: Any = encoded.values()
            self.values += present
            self._clauses += (field_sets,)
        else:
            shapes = [set_shape(path, encoded[path.attribute_name], self) for path in paths]
            self._clauses += tuple(shapes)

    def _shapes(self) -> list[Shape]:
        """The shape of each clause."""
        shapes: list[Shape] = []
        for each in self._clauses:
            shapes += each.shapes if isinstance(each, FieldSets) else (each,)
        return shapes

    @property
    def only_removes(self) -> bool:
        """Whether the update makes no item where there is none."""
        return not any(shape[1] in (SET, ADD) for shape in self._shapes())

    def condition(self, condition: Condition) -> None:
        """The ConditionExpression of a write."""
        self._parts += (("ConditionExpression", condition.encode_into(self)),)

    def key_condition(self, condition: Condition) -> None:
        """The KeyConditionExpression of a query."""
        self._parts += (("KeyConditionExpression", condition.encode_into(self)),)

    def filter(self, condition: Condition) -> None:
        """The FilterExpression of a query or scan."""
        self._parts += (("FilterExpression", condition.encode_into(self)),)

    def projection(
        self, paths: Iterable[tuple[Step, ...]], *, selected: Iterable[DocumentPath] = ()
    ) -> None:
        """The ProjectionExpression of a read.

        Args:
            paths: the steps of each path to read.
            selected: the paths that the caller named, to refuse those of another model.
        """
        for path in selected:
            check_owner(path, self._model)
        steps = tuple(paths)
        if any(MapKey in map(type, each) for each in steps):
            self.is_repeatable = False
        self._parts += (("ProjectionExpression", (write_projection, 0, steps)),)

    def into(self, request: dict[str, Any]) -> None:
        """Put the expressions into a request, with `ExpressionAttributeNames` and
        `ExpressionAttributeValues` where there are any.

        Raises:
            UsageError: DynamoDB refuses the expressions, whatever the values are: two clauses
                overlap, a path is of another model, there are too many operators.
        """
        values = self.values
        numbers = count if (count := len(values)) == self._distinct else _numbers(values)
        if self.is_repeatable:
            plans = self._kept.plans
            shape = (self._clauses, self._parts, numbers)  # its key names are the model's
            plan = plans.get(shape)
            if plan is None:
                if len(plans) >= MAX_PLANS:
                    plans.clear()
                plan = plans[shape] = self._plan(numbers)
        else:
            plan = self._plan(numbers)
        request.update(plan.texts)
        if plan.names:
            request["ExpressionAttributeNames"] = plan.names.copy()
        if values:
            # as many, by construction
            request["ExpressionAttributeValues"] = dict(zip(plan.value_names, values))  # noqa: B905

    def _plan(self, numbers: int | tuple[int, ...]) -> Plan:
        each = range(numbers) if isinstance(numbers, int) else numbers
        value_names = tuple([f":v{number}" for number in each])
        placeholders = Placeholders(self.encoder, self._model, value_names)
        texts: dict[str, str] = {}
        if self._clauses:
            update = write_update(placeholders, self._shapes(), self._key_names)
            texts["UpdateExpression"] = placeholders.checked("update", update)
        for parameter, shape in self._parts:
            texts[parameter] = placeholders.checked(_KINDS[parameter], placeholders.write(shape))
        names = {placeholder: name for name, placeholder in placeholders.names.items()}
        return Plan(texts, names, value_names)


def _numbers(values: list[AttributeValue]) -> int | tuple[int, ...]:
    """The number of each value, equal ones having the same; how many there are, where no two are
    equal."""
    count = len(values)
    if count < 2:
        return count
    seen = set[object]()
    for value in values:
        for item in value.items():  # of one tag
            # lists, maps and sets are compared only where there are two of one type
            seen.add(item if item[1].__class__ in _PLAIN else item[0])
    if len(seen) == count:
        return count
    identities = [_identity(value) for value in values]
    first = dict.fromkeys(identities)
    if len(first) == count:
        return count
    numbers = {identity: number for number, identity in enumerate(first)}
    return tuple([numbers[identity] for identity in identities])


_PLAIN = frozenset({str, bytes, bool})
"""Classes of contents that are equal only where they are written alike."""


def _identity(attribute_value: AttributeValue) -> object:
    """Something hashable that is equal for attribute values that are written alike, and for no
    others."""
    if len(attribute_value) == 1:
        for tag, content in attribute_value.items():
            if content.__class__ in _PLAIN:
                return tag, content
    try:
        return orjson.dumps(attribute_value, None, orjson.OPT_PASSTHROUGH_SUBCLASS)
    except TypeError:  # it holds bytes; repr takes three times as long
        return repr(attribute_value)


def write_projection(placeholders: Placeholders, paths: tuple[tuple[Step, ...], ...]) -> str:
    """`#n0, #n1.#n2`: each path once, and none that lies in another: DynamoDB refuses that."""
    unique = sorted(set(paths), key=lambda steps: (len(steps), [str(step) for step in steps]))
    kept: list[tuple[Step, ...]] = []
    for steps in unique:
        if not any(steps[: len(outer)] == outer for outer in kept):
            kept.append(steps)
    return ", ".join([placeholders.steps(steps) for steps in kept])
