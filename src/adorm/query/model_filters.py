"""Filters of a read of several models, each about the items of some of them.

DynamoDB is asked for `type <> "order" OR status = "open"`. It can't be asked so about an item that
has no type: such items are looked at once they are read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from adorm.codec.codec import Codec
from adorm.errors import UsageError
from adorm.expressions.comparisons import In
from adorm.expressions.conditions import And, Condition, Not, Or, and_
from adorm.expressions.functions import Exists
from adorm.expressions.operands import Value
from adorm.expressions.placeholders import check_owner
from adorm.expressions.request import RequestExpressions
from adorm.items.kinds import own_key
from adorm.models import ModelInfo
from adorm.query.access import Target
from adorm.query.read_request import KindFilter
from adorm.support.records import Record

Matches = Callable[[Mapping[str, Any]], bool]
"""Whether an item, as an attribute map, meets a condition."""


class ModelFilter(Record):
    """A condition that only items of some models have to meet."""

    models: tuple[ModelInfo, ...]
    condition: Condition


def models_of(condition: Condition, models: Sequence[ModelInfo]) -> tuple[ModelInfo, ...]:
    """The models that a condition is about: those that its paths start from, or subclasses of them.

    It is about all models where its paths are untyped.

    Raises:
        UsageError: it is about none of them.
    """
    paths = condition.paths()
    roots = {path.root: path for path in paths if path.root is not None}
    found = [info for info in models if all(issubclass(info.model, root) for root in roots)]
    if not found:
        path = next(iter(roots.values()))
        names = " and ".join(info.name for info in models)
        what = f"{path} is a path of {path.root.__name__}"
        if len(roots) > 1:
            what = f"{' and '.join(map(str, roots.values()))} are paths of several models"
        raise UsageError(f"{what}, and each condition here is about one of {names}")
    for info in found:
        for path in paths:
            check_owner(path, info.model)
    return tuple(found)


def kinds_of(models: Sequence[ModelInfo], target: Target, *, is_scan: bool) -> KindFilter:
    """What leaves out items of other models than these, as far as DynamoDB can."""
    keys = frozenset[str]() if is_scan else target.key_names
    by_key = [own_key(info, except_for=keys) for info in models]
    one_of_keys: tuple[Condition, ...] = ()
    if all(by_key):
        one_of_keys = (_any([and_(*each) for each in by_key]),)
    if not holds_type(models, target):
        return KindFilter(filter=one_of_keys)
    absent = Exists(_type_path(models), wanted=False)
    untyped = And((absent, *_flat(one_of_keys))) if one_of_keys else absent
    return KindFilter(filter=(Or((_type_is_one_of(models, models), untyped)),))


def holds_type(models: Sequence[ModelInfo], target: Target) -> bool:
    """Whether the items have a type, and the table or index that is read holds it."""
    field = models[0].discriminator
    return field is not None and not target.missing([field.attribute_name])


def on_the_server(
    filters: Sequence[ModelFilter], models: Sequence[ModelInfo], target: Target
) -> tuple[Condition, ...]:
    """The conditions that DynamoDB is sent for filters about some of the models.

    Args:
        models: all that are read.
    """
    sent: list[Condition] = []
    for each in filters:
        if len(each.models) == len(models):
            sent.append(each.condition)
        elif holds_type(models, target):
            others = Not(_type_is_one_of(each.models, models))
            sent.append(Or((others, *_alternatives(each.condition))))
    return tuple(sent)


def _any(conditions: Sequence[Condition]) -> Condition:
    if len(conditions) == 1:
        return conditions[0]
    return Or(tuple(part for each in conditions for part in _alternatives(each)))


def _alternatives(condition: Condition) -> tuple[Condition, ...]:
    return condition.parts if isinstance(condition, Or) else (condition,)


def _flat(conditions: Sequence[Condition]) -> tuple[Condition, ...]:
    """The conditions, with the parts of each `And` in its place."""
    found: list[Condition] = []
    for each in conditions:
        found += each.parts if isinstance(each, And) else (each,)
    return tuple(found)


def _type_path(models: Sequence[ModelInfo]) -> Any:
    info = models[0]
    if info.discriminator is None:
        raise UsageError(f"items of {info.name} have no type")
    return info.path_of(info.discriminator)


def _type_is_one_of(some: Sequence[ModelInfo], models: Sequence[ModelInfo]) -> Condition:
    path = _type_path(models)
    return In(path, tuple(Value(entity, path) for info in some for entity in info.entities))


class ItemFilters:
    """Filters about some of the models, for the items that DynamoDB could not filter."""

    def __init__(self, filters: Sequence[ModelFilter], codec: Codec, *, has_types: bool) -> None:
        self.is_needed = bool(filters)
        self._has_types = has_types
        self._filters = filters
        self._codec = codec
        self._by_model: dict[ModelInfo, list[Matches]] = {}

    def leaves_out(self, info: ModelInfo, attribute_map: Mapping[str, Any]) -> bool:
        """Whether an item of the model is not wanted, and DynamoDB could not tell."""
        if self._has_types and info.discriminator is not None:
            stored = attribute_map.get(info.discriminator.attribute_name)
            if stored is not None:
                return False
        tests = self._by_model.get(info)
        if tests is None:
            own = [each.condition for each in self._filters if info in each.models]
            tests = self._by_model[info] = [compiled(each, self._codec) for each in own]
        return not all(test(attribute_map) for test in tests)


def compiled(condition: Condition, codec: Codec) -> Matches:
    """The condition as a function, evaluated as the DynamoDB in memory does."""
    # here, as few programs have items without a type
    from adorm.memory.expressions.bindings import Bindings
    from adorm.memory.expressions.condition_parser import parse_condition
    from adorm.memory.expressions.conditions import Condition as Compiled, compile_condition
    from adorm.memory.values.canonical import canonical_item

    request: dict[str, Any] = {}
    expressions = RequestExpressions(codec, None)
    expressions.filter(condition)
    expressions.into(request)
    values = canonical_item(request.get("ExpressionAttributeValues", {}))
    names: Mapping[str, str] = request.get("ExpressionAttributeNames", {})
    node = parse_condition(request["FilterExpression"])
    compiled = Compiled(compile_condition(node, Bindings(names, values)), values)
    return lambda attribute_map: compiled.matches(canonical_item(attribute_map))
