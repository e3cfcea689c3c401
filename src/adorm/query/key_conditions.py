"""Key conditions: what DynamoDB can be asked of the key of a table or index.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import attrs

from adorm.dynamodb.values import AttributeValue
from adorm.errors import BadValue, UsageError
from adorm.expressions.comparisons import Between, Comparison
from adorm.expressions.conditions import Condition
from adorm.expressions.document_path import DocumentPath
from adorm.expressions.functions import BeginsWith
from adorm.expressions.operands import Measured, Operand, Value
from adorm.expressions.paths import refuse_empty_range
from adorm.items.key_encoding import check_key_value
from adorm.models import ModelInfo
from adorm.query.access import Target
from adorm.schema.fields import Field
from adorm.schema.types import split_optional, unwrap


def key_field(condition: Condition, target: Target) -> Field | None:
    """The key field that the condition is about; None if a key condition can't express it."""
    path = key_path(condition)
    if path is None:
        return None
    for field in (*target.partition, *target.sort):
        if field.attribute_name == path.attribute_name:
            return field
    return None


def key_path(condition: Condition) -> DocumentPath | None:
    """The attribute that the condition is about; None if no key condition can express it."""
    if isinstance(condition, BeginsWith):
        path: Measured = condition.path
    elif isinstance(condition, Comparison | Between):
        values = [each for each in _operands(condition) if isinstance(each, Value)]
        if len(values) < len(_operands(condition)):
            return None
        if isinstance(condition, Comparison) and (
            condition.comparator == "<>" or values[0].value is None
        ):
            return None
        path = condition.measured
    else:
        return None
    return path if isinstance(path, DocumentPath) and path.is_top_level else None


def is_equality(condition: Condition) -> bool:
    """Whether the condition is `path == value`."""
    return isinstance(condition, Comparison) and condition.comparator == "="


def _operands(condition: Comparison | Between) -> tuple[Operand, ...]:
    if isinstance(condition, Comparison):
        return (condition.operand,)
    return condition.low, condition.high


def check_key_values(
    info: ModelInfo, key: Sequence[Condition], values: Sequence[AttributeValue]
) -> None:
    """Refuse values that DynamoDB refuses in a key condition: empty ones, those above the size of a
    key, and an empty prefix.

    Args:
        key: the parts of the key condition.
        values: the attribute values of all their operands, in order.

    Raises:
        UsageError: there is such a value.
    """
    following = iter(values)
    for condition in key:
        if isinstance(condition, BeginsWith):
            if not condition.prefix:
                raise UsageError(
                    f"{condition.path} begins with nothing: DynamoDB takes no empty prefix of a "
                    "key; leave the condition out"
                )
            next(following)
        elif isinstance(condition, Comparison | Between):
            field = getattr(condition.measured, "field", None)
            for _ in _operands(condition):
                value = next(following)
                if field is not None:
                    where = f"{info.name}.{field.name}"
                    check_key_value(where, value, sort=field is info.sort)


def one_condition(field: Field, conditions: Sequence[Condition]) -> Condition | None:
    """The conditions on one sort field as one condition; None where there is no such condition.

    DynamoDB takes a single condition on a sort key. A lower and an upper bound become BETWEEN.

    Raises:
        UsageError: the range between the bounds is empty.
    """
    if len(conditions) == 1:
        return conditions[0]
    bounds = [condition for condition in conditions if isinstance(condition, Comparison)]
    lower = [bound for bound in bounds if bound.comparator in (">", ">=")]
    upper = [bound for bound in bounds if bound.comparator in ("<", "<=")]
    if len(conditions) != 2 or len(lower) != 1 or len(upper) != 1:
        return None
    low, high = _inclusive(field, lower[0], 1), _inclusive(field, upper[0], -1)
    if low is None or high is None:
        return None
    refuse_empty_range(lower[0].measured, low.value, high.value)
    return Between(lower[0].measured, low, high)


def _inclusive(field: Field, bound: Comparison, direction: int) -> Value | None:
    """The bound's value as an end of BETWEEN, which includes both ends.

    `>` and `<` take the next value of a type that has one (int, date, datetime), in this direction
    (1 or -1); None for other types.
    """
    operand = bound.operand
    if not isinstance(operand, Value):
        return None
    if bound.comparator in (">=", "<="):
        return operand
    value: Any = operand.value
    kind = unwrap(split_optional(field.type)[0])
    if kind is int and type(value) is int:
        return attrs.evolve(operand, value=value + direction)
    if not isinstance(kind, type):
        return None
    try:
        # Subclasses too: pendulum has some, and freezegun replaces each of these types by one.
        if issubclass(kind, datetime) and isinstance(value, datetime):
            return attrs.evolve(operand, value=value + timedelta(microseconds=direction))
        if issubclass(kind, date) and isinstance(value, date) and not isinstance(value, datetime):
            return attrs.evolve(operand, value=value + timedelta(days=direction))
    except OverflowError as error:
        raise BadValue(
            f"{bound.measured} {bound.comparator} {value}: there is no time beyond that, "
            "so the range is empty"
        ) from error
    return None
