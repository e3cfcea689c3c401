"""A write that is built: what is sent, and all that is needed to understand DynamoDB's answer.

Put, save, update, delete and condition check each become a `PreparedWrite`. The same object is sent
alone (`items/send.py`), as an action of a transaction (`tx/`), or as a put of a batch (`batch/`).
Nothing here awaits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from adorm.dynamodb.operations import Repeat
from adorm.dynamodb.values import AttributeMap
from adorm.expressions.conditions import Condition, and_
from adorm.expressions.functions import Exists
from adorm.expressions.request import RequestExpressions
from adorm.expressions.updates import Clause
from adorm.items.binding import Binding
from adorm.items.keys import Key
from adorm.schema.fields import Field

if TYPE_CHECKING:
    from adorm.items.guard_change import GuardChange

WriteOperation = Literal["PutItem", "UpdateItem", "DeleteItem", "ConditionCheck"]
"""`ConditionCheck` exists in transactions only."""

OnApplied: TypeAlias = Callable[[AttributeMap | None], Any]
"""Called once the write is applied, with the `Attributes` of the answer (None where there are
none). It changes the instance, and gives the result of the operation."""


def _nothing(_attributes: AttributeMap | None) -> None:
    """The default of `on_applied`: the write has no instance and no result."""


class PreparedWrite:
    """One write of one item, built. Defaults stand on the class; `prepare()` sets what differs."""

    repeat: Repeat = "safe"
    """Whether the request may be sent again after an attempt that may have been applied."""
    written: Mapping[str, AttributeMap | None] = {}
    """The attributes that the request sets, None for those that it removes."""
    provable: bool = False
    """Whether one of `written` is a value that no other writer can have stored: the time of this
    write, or a generated key. Then an item that holds all of them proves that this write was
    applied, and that item can serve as its answer."""
    creating: bool = False
    """The condition asks that there is no item: an item that is there means `ItemExists`."""
    must_exist: bool = False
    """The condition asks that there is an item: its absence means `ItemNotFound`."""
    advice_if_absent: str = "upsert() or create() makes one"
    """What that `ItemNotFound` advises."""
    passes_absent: bool = False
    """Where there is no item, or a deleted one, nothing is to do: it counts as applied."""
    expected_version: int | None = None
    """The version that the condition asks for; another one, or no item, means `VersionConflict`."""
    conditions: Sequence[Condition] = ()
    """The caller's conditions, where one of them may ask for a version (`Order.version == 3`):
    another version in the item that is there means `VersionConflict`, too."""
    asked: Sequence[Condition] = ()
    """The caller's conditions of a write that has no `conditions`: the error names what differs of
    those of `given(...)`."""
    clauses: Sequence[Clause[Any]] = ()
    """The caller's clauses: they explain a refusal that names no path."""
    immutable: Sequence[Field] = ()
    """The fields of which the condition asks that the item holds what is written. The error names
    those that differ."""
    creation: dict[str, Any] | None = None
    """The request that creates an item of nothing but the key. It follows where `request` only
    removes attributes and there is no item."""
    cannot_create: bool = False
    """An action of a transaction that only removes attributes, although it should create the item:
    the absence of the item means `ItemNotFound`, with advice."""
    guards: GuardChange | None = None
    """The guards that are written beside it, where values of its item are unique."""
    on_applied: OnApplied = staticmethod(_nothing)

    def __init__(
        self, operation: WriteOperation, binding: Binding, key: Key[Any], request: dict[str, Any]
    ) -> None:
        self.operation: WriteOperation = operation
        self.binding = binding
        self.key = key
        self.request = request
        """As boto3's client takes it: `{"TableName": ..., "Key": {"pk": {"S": "c1"}}, ...}`."""


def item_exists(binding: Binding, *, wanted: bool = True) -> Condition:
    """There is an item with the key of the request; or there is none."""
    known = binding.existence.get(wanted)
    if known is None:
        path = binding.info.path_of(binding.info.partition)
        known = binding.existence[wanted] = Exists(path, wanted=wanted)
    return known


def add_condition(
    request: dict[str, Any], conditions: Sequence[Condition], expressions: RequestExpressions
) -> None:
    """Put conditions, joined by AND, into a request, and the names and values of all its
    expressions.

    A failed condition answers with the item as it is.
    """
    if conditions:
        expressions.condition(conditions[0] if len(conditions) == 1 else and_(*conditions))
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    expressions.into(request)
