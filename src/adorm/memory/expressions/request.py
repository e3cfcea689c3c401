"""Internal: all expressions of one request, or its legacy parameters.

Everything that does not depend on values is compiled once (`_Compiled`) and cached by the
operation, the texts and the placeholders. Each request then only checks its values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import attrs

from adorm.memory.errors import EngineError, invalid_in_envelope
from adorm.memory.expressions import legacy
from adorm.memory.expressions.bindings import Bindings
from adorm.memory.expressions.condition_checks import BadBounds, ValueCheck, Values
from adorm.memory.expressions.condition_parser import parse_condition
from adorm.memory.expressions.conditions import CompiledCondition, Condition, compile_condition
from adorm.memory.expressions.empty_names import refuse_empty_names
from adorm.memory.expressions.errors import ExpressionFault
from adorm.memory.expressions.key_conditions import (
    BoundKeyCondition,
    CompiledKeyCondition,
    KeyCondition,
    bind_key_condition,
    compile_key_condition,
)
from adorm.memory.expressions.lru_cache import LruCache
from adorm.memory.expressions.parameters import PARAMETERS, Parameters
from adorm.memory.expressions.parser import ExpressionTooLong
from adorm.memory.expressions.placeholders import (
    canonical_values,
    check_names,
    check_value_names,
    refuse_unused,
)
from adorm.memory.expressions.projection_parser import parse_projection
from adorm.memory.expressions.projections import Projection, compile_projection
from adorm.memory.expressions.update_parser import parse_update
from adorm.memory.expressions.updates import CompiledUpdate, Update, compile_update
from adorm.memory.values.canonical import Item
from adorm.memory.values.name_sizes import check_request_names

T = TypeVar("T")

MAX_COMPILED = 2048
"""The number of requests whose compiled expressions are cached."""


@attrs.define
class RequestExpressions:
    """The compiled expressions, or legacy parameters, of a request; None for a missing one."""

    condition: Condition | None = None
    filter: Condition | None = None
    projection: Projection | None = None
    key_condition: KeyCondition | None = None
    update: Update | None = None


@attrs.frozen
class _Compiled:
    """The compiled expressions of a request, without its values."""

    condition: CompiledCondition | None
    filter: CompiledCondition | None
    projection: Projection | None
    key_condition: CompiledKeyCondition | None
    update: CompiledUpdate | None
    checks: tuple[tuple[str, ValueCheck], ...]
    """The checks of values, each with the parameter of its expression."""

    def with_values(self, values: Values) -> RequestExpressions:
        return RequestExpressions(
            None if self.condition is None else Condition(self.condition, values),
            None if self.filter is None else Condition(self.filter, values),
            self.projection,
            None if self.key_condition is None else self.key_condition.with_values(values),
            None if self.update is None else Update(self.update, values),
        )


_NOTHING = RequestExpressions()
_recently_compiled: LruCache[tuple[Any, ...], _Compiled] = LruCache(MAX_COMPILED)


def read_expressions(operation: str, request: Mapping[str, Any]) -> RequestExpressions:
    """Read and check all expressions of a request, in the service's order.

    Args:
        operation: an operation such as "UpdateItem"; "Put", "Update", "Delete", "ConditionCheck" or
            "Get" for an action of a transaction; "Keys" for one table of BatchGetItem.
        request: the request, the action or the table. Its shape is already checked.

    Raises:
        EngineError: a `ValidationException`.
    """
    parameters = PARAMETERS[operation]
    if parameters.all.isdisjoint(request):
        return _NOTHING
    if not parameters.legacy.isdisjoint(request):
        _check_names(parameters, request)
        parameters.refuse_mixture(request)
        if parameters.expressions.isdisjoint(request):
            parameters.refuse_placeholders_alone(request)
            return _read_legacy(operation, request)
        # KeyConditions may stand beside FilterExpression and ProjectionExpression
        expressions = _read_texts(parameters, request)
        expressions.key_condition = legacy.key_condition(request["KeyConditions"])
        return expressions
    return _read_texts(parameters, request)


def _check_names(parameters: Parameters, request: Mapping[str, Any]) -> None:
    known = parameters.known(request)
    refuse_empty_names(known, in_transaction=parameters.in_transaction)
    check_request_names(known)


def refuse_mixture(operation: str, request: Mapping[str, Any]) -> None:
    """Refuse legacy parameters beside the expressions that replaced them.

    Raises:
        EngineError: the request has both.
    """
    PARAMETERS[operation].refuse_mixture(request)


def _read_legacy(operation: str, request: Mapping[str, Any]) -> RequestExpressions:
    expressions = RequestExpressions()
    if operation in ("PutItem", "UpdateItem", "DeleteItem"):
        legacy.check_conditional_operator(request, "Expected")
        expressions.update = legacy.attribute_updates(request)
        expressions.condition = legacy.expected(request)
        return expressions
    if operation == "Query":
        legacy.check_conditional_operator(request, "QueryFilter")
        expressions.filter = legacy.filter_condition(request, "QueryFilter")
    expressions.projection = legacy.attributes_to_get(request)
    if operation == "Scan":
        legacy.check_conditional_operator(request, "ScanFilter")
        expressions.filter = legacy.filter_condition(request, "ScanFilter")
    if "KeyConditions" in request:
        expressions.key_condition = legacy.key_condition(request["KeyConditions"])
    return expressions


def _read_texts(parameters: Parameters, request: Mapping[str, Any]) -> RequestExpressions:
    names: Mapping[str, str] | None = request.get("ExpressionAttributeNames")
    values: Mapping[str, Any] | None = (
        request.get("ExpressionAttributeValues") if parameters.takes_values else None
    )
    texts = [request.get(each) for each in parameters.ordered]
    key = (
        parameters.operation,
        *texts,
        None if names is None else tuple(names.items()),
        None if values is None else tuple(values),
    )
    compiled = _recently_compiled.get(key)
    if compiled is None:
        _check_names(parameters, request)
        parameters.refuse_placeholders_alone(request)
        is_used = not parameters.expressions.isdisjoint(request)
        if names is not None and is_used:
            check_names(names)
        if values is not None and is_used:
            check_value_names(values)
        canonical = _canonical(parameters, values)
        compiled = _compile(parameters, request, Bindings(names or {}, canonical))
        _recently_compiled.put(key, compiled, _characters(texts, names or {}, values or {}))
    else:
        if values is not None and not _holds_no_names(values):
            _check_names(parameters, request)
        canonical = _canonical(parameters, values)
        for parameter, check in compiled.checks:
            try:
                check(canonical)
            except ExpressionFault as fault:
                raise _refusal(parameter, fault, parameters, request) from fault
    return compiled.with_values(canonical)


def _characters(
    texts: Iterable[str | None], names: Mapping[str, str], values: Iterable[str]
) -> int:
    """The number of characters from which compiled expressions are made."""
    return sum(len(each) for each in (*texts, *names, *names.values(), *values) if each is not None)


def _holds_no_names(values: Mapping[str, Any]) -> bool:
    """Whether no value can contain an attribute name, which is the usual case."""
    return not any("M" in each or "L" in each for each in values.values())


def _compile(parameters: Parameters, request: Mapping[str, Any], bindings: Bindings) -> _Compiled:
    checks: list[tuple[str, ValueCheck]] = []

    def read(parameter: str, compiled: Callable[[str], T]) -> T | None:
        text = request.get(parameter)
        if text is None or parameter not in parameters.expressions:
            return None
        try:
            made = compiled(text)
        except ExpressionFault as fault:
            raise _refusal(parameter, fault, parameters, request) from fault
        checks.extend((parameter, each) for each in getattr(made, "checks", ()))
        return made

    def condition(text: str) -> CompiledCondition:
        return compile_condition(parse_condition(text), bindings)

    def key_condition(text: str) -> BoundKeyCondition:
        return bind_key_condition(parse_condition(text), bindings)

    def projection(text: str) -> Projection:
        return compile_projection(parse_projection(text), bindings)

    def update(text: str) -> CompiledUpdate:
        return compile_update(parse_update(text), bindings)

    try:
        compiled_update = read("UpdateExpression", update)
    except EngineError as error:
        if request.get("ConditionExpression") == "":  # the new wording reports it first
            error.message = "Invalid ConditionExpression: The expression can not be empty;"
        raise
    compiled_condition = read("ConditionExpression", condition)
    bound_key_condition = read("KeyConditionExpression", key_condition)
    compiled_filter = read("FilterExpression", condition)
    compiled_projection = read("ProjectionExpression", projection)
    if parameters.expressions.isdisjoint(request):
        return _Compiled(None, None, None, None, None, ())
    refuse_unused(bindings)
    return _Compiled(
        compiled_condition,
        compiled_filter,
        compiled_projection,
        None if bound_key_condition is None else compile_key_condition(bound_key_condition),
        compiled_update,
        tuple(checks),
    )


def _canonical(parameters: Parameters, values: Mapping[str, Any] | None) -> Item:
    if values is None:
        return {}
    return canonical_values(values, in_transaction=parameters.in_transaction)


def _refusal(
    parameter: str, fault: ExpressionFault, parameters: Parameters, request: Mapping[str, Any]
) -> EngineError:
    if isinstance(fault, BadBounds):
        fault = fault.as_sent(request["ExpressionAttributeValues"])
    if not isinstance(fault, ExpressionTooLong):
        return invalid_in_envelope(f"Invalid {parameter}: {fault}")
    with_size = f"Invalid {parameter}: {fault.with_size}"
    if parameter in parameters.shows_size_of:
        return invalid_in_envelope(with_size)
    message = f"Invalid {parameter}: {fault}"
    return EngineError("ValidationException", message, old=with_size, enveloped=True)
