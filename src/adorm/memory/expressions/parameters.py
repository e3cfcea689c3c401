"""Internal: the expression parameters and the legacy parameters of each operation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from adorm.memory.errors import EngineError, invalid, invalid_in_envelope


@attrs.frozen
class Parameters:
    """The parameters of one operation, in the order in which the service's messages list them.

    Args:
        operation: the name of the operation, or of a part of one; see `request.read_expressions`.
        ordered: the expression parameters.
        ordered_legacy: the legacy parameters, which expressions replaced.
        takes_values: whether the operation has ExpressionAttributeValues.
    """

    operation: str
    ordered: tuple[str, ...]
    ordered_legacy: tuple[str, ...] = ()
    takes_values: bool = True

    expressions: frozenset[str] = attrs.field(init=False)
    legacy: frozenset[str] = attrs.field(init=False)
    all: frozenset[str] = attrs.field(init=False)
    """All parameters, and the two maps of placeholders."""

    in_transaction: bool = attrs.field(init=False)

    shows_size_of: frozenset[str] = attrs.field(init=False)
    """The parameters whose size the refusal of a too long expression shows. The service shows it in
    a Scan and in a transaction."""

    def __attrs_post_init__(self) -> None:
        set_once = object.__setattr__
        set_once(self, "expressions", frozenset(self.ordered))
        set_once(self, "legacy", frozenset(self.ordered_legacy))
        maps = ["ExpressionAttributeNames"]
        if self.takes_values:
            maps.append("ExpressionAttributeValues")
        set_once(self, "all", self.expressions | self.legacy | frozenset(maps))
        set_once(self, "in_transaction", not self.ordered_legacy)
        parameter = "ConditionExpression" if self.in_transaction else "FilterExpression"
        shows_size = self.in_transaction or self.operation == "Scan"
        set_once(self, "shows_size_of", frozenset([parameter] if shows_size else []))

    def known(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """The members of a request that are parameters of the operation, in the request's order."""
        return {name: content for name, content in request.items() if name in self.all}

    def refuse_mixture(self, request: Mapping[str, Any]) -> None:
        """Refuse legacy parameters beside expressions.

        A query may combine KeyConditions with its other expressions.

        Raises:
            EngineError: the request has both.
        """
        expressions = [each for each in self.ordered if each in request]
        legacy = [each for each in self.ordered_legacy if each in request]
        if "KeyConditions" in legacy and "KeyConditionExpression" not in expressions:
            legacy.remove("KeyConditions")
        if expressions and legacy:
            raise invalid_in_envelope(
                "Can not use both expression and non-expression parameters in the same request: "
                f"Non-expression parameters: {{{', '.join(legacy)}}} "
                f"Expression parameters: {{{', '.join(expressions)}}}"
            )

    def refuse_placeholders_alone(self, request: Mapping[str, Any]) -> None:
        """Refuse names without any expression, and values without an expression that can use them.

        An action of a transaction may have both without an expression.

        Raises:
            EngineError: the request has such names or values.
        """
        if self.in_transaction:
            return
        if "ExpressionAttributeNames" in request and self.expressions.isdisjoint(request):
            raise invalid_in_envelope(
                "ExpressionAttributeNames can only be specified when using expressions"
            )
        users = [each for each in self.ordered if each != "ProjectionExpression"]
        if (
            self.takes_values
            and "ExpressionAttributeValues" in request
            and request.keys().isdisjoint(users)
        ):
            raise self._values_alone(users)

    def _values_alone(self, users: list[str]) -> EngineError:
        message = "ExpressionAttributeValues can only be specified when using expressions"
        old = f"{message}: {' and '.join(users)} {'is' if len(users) == 1 else 'are'} null"
        if self.operation in ("Query", "Scan"):
            return invalid(old)
        return EngineError("ValidationException", message, old=old, enveloped=True)


_WRITE = ("ConditionExpression",), ("Expected", "ConditionalOperator")
_READ = ("ProjectionExpression",), ("AttributesToGet",)

PARAMETERS: Mapping[str, Parameters] = {
    each.operation: each
    for each in (
        Parameters("PutItem", *_WRITE),
        Parameters("DeleteItem", *_WRITE),
        Parameters(
            "UpdateItem",
            ("UpdateExpression", "ConditionExpression"),
            ("AttributeUpdates", "Expected", "ConditionalOperator"),
        ),
        Parameters("GetItem", *_READ, takes_values=False),
        Parameters("Keys", *_READ, takes_values=False),
        Parameters(
            "Query",
            ("ProjectionExpression", "FilterExpression", "KeyConditionExpression"),
            ("AttributesToGet", "QueryFilter", "ConditionalOperator", "KeyConditions"),
        ),
        Parameters(
            "Scan",
            ("ProjectionExpression", "FilterExpression"),
            ("AttributesToGet", "ScanFilter", "ConditionalOperator"),
        ),
        Parameters("Put", ("ConditionExpression",)),
        Parameters("Update", ("UpdateExpression", "ConditionExpression")),
        Parameters("Delete", ("ConditionExpression",)),
        Parameters("ConditionCheck", ("ConditionExpression",)),
        Parameters("Get", ("ProjectionExpression",), takes_values=False),
    )
}
