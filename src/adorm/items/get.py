"""Reading one item by its key."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, TypeVarTuple, cast, overload

from adorm.dynamodb.values import AttributeMap
from adorm.errors import ItemNotFound, UsageError
from adorm.items.binding import Binding
from adorm.items.keys import Key
from adorm.items.operation import Operation

if TYPE_CHECKING:
    from adorm.expressions.document_path import DocumentPath
    from adorm.items.plan import Plan
    from adorm.retry import RetryPolicy

ResultT = TypeVar("ResultT")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Get(Operation[ResultT]):
    """`await orders.get("c1", "o1")`.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html
    """

    only_reads = True

    # a plain class: attrs would take a millisecond of a cold start
    __slots__ = ("_binding", "_consistent", "_finish", "_key", "_keys_only", "_retry", "_selected")

    def __init__(
        self,
        binding: Binding,
        key: Key[Any],
        finish: Callable[[Binding, Key[Any], AttributeMap | None], ResultT],
        *,
        keys_only: bool = False,
        consistent: bool = False,
        selected: tuple[DocumentPath, ...] | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        """`finish` makes the result of the item, or of None where there is none: one of the three
        below."""
        self._binding = binding
        self._key = key
        self._finish = finish
        self._keys_only = keys_only
        self._consistent = consistent
        self._selected = selected
        self._retry = retry

    def _with(self, **changed: Any) -> Any:
        same: dict[str, Any] = {
            "binding": self._binding,
            "keys_only": self._keys_only,
            "consistent": self._consistent,
            "selected": self._selected,
            "retry": self._retry,
        }
        return type(self)(key=self._key, finish=self._finish, **(same | changed))

    def retry(self, policy: RetryPolicy, /) -> Self:
        """Retry by this policy instead of the database's."""
        return cast("Self", self._with(retry=policy))

    @property
    def model_name(self) -> str:
        return self._key.info.name

    def consistent(self) -> Self:
        """Read what was written last, at twice the read units.

        By default a read may miss the writes of the last second. A consistent read may fail during
        an outage in which an eventually consistent one succeeds.

        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.ReadConsistency.html
        """
        return cast("Self", self._with(consistent=True))

    def with_deleted(self) -> Self:
        """Read the item also if it was deleted softly, see `adorm.deleted_at`.

        Raises:
            UsageError: the model has no such field.
        """
        return cast("Self", self._with(binding=self._binding.with_deleted()))

    @overload
    def select(self, only: T, /) -> Get[tuple[T]]: ...
    @overload
    def select(self, first: T, /, *more: *Ts) -> Get[tuple[T, *Ts]]: ...
    def select(self, *paths: *Ts) -> Get[tuple[*Ts]]:
        """Read only these attributes, as a tuple. One that the item does not have is the field's
        default, or None where it has no field.

        It saves bytes on the wire, not read units.

        Raises:
            UsageError: no path is given, something is no path, or this is `exists()`, which reads
                no attributes.
        """
        if self._keys_only:
            raise UsageError("exists() reads no attributes: get_or_none(...).select(...) does")
        from adorm.expressions.paths import selected_paths

        selected = selected_paths(paths, self._binding.info.model)
        return cast("Get[tuple[*Ts]]", self._with(selected=selected))

    def request(self) -> dict[str, Any]:
        binding = self._binding
        key = binding.encode_key(self._key)
        request: dict[str, Any] = {"TableName": binding.table_name, "Key": key}
        if self._consistent:
            request["ConsistentRead"] = True
        if self._selected is not None:
            self._project(request, self._selected)
        elif self._keys_only:
            from adorm.expressions.request import RequestExpressions

            expressions = RequestExpressions(binding.codec, binding.info.model)
            info = binding.info
            keys = (info.partition,) if info.single_table is None else info.key_fields
            fields = (*keys, info.discriminator, info.deleted_at)
            expressions.projection((each.attribute_name,) for each in fields if each is not None)
            expressions.into(request)
        return request

    def _project(self, request: dict[str, Any], selected: tuple[DocumentPath, ...]) -> None:
        """Ask for the selected attributes, the key, which errors name, and the discriminator."""
        from adorm.expressions.request import RequestExpressions
        from adorm.items.select import projections

        binding = self._binding
        expressions = RequestExpressions(binding.codec, binding.info.model)
        wanted = projections(binding.info, selected, binding.info.key_order)
        expressions.projection(wanted, selected=selected)
        expressions.into(request)

    def explain(self) -> Plan:
        from adorm.items.plan import plan_of, read_cost

        cost = read_cost(consistent=self._consistent)
        return plan_of("GetItem", self.request(), cost, reason="the whole key is given")

    async def _run(self) -> ResultT:
        binding = self._binding
        answer = await binding.connection.call(
            "GetItem", self.request(), subject=self._key, retry=self._retry
        )
        item = answer.get("Item")
        if self._selected is not None and item is not None and not binding.is_left_out(item):
            from adorm.items.select import select_values

            return cast("ResultT", select_values(binding, self._selected, item))
        return self._finish(binding, self._key, item)


class GetOrNone(Get[ResultT | None], Generic[ResultT]):
    """`await orders.get_or_none("c1", "o1")`."""

    __slots__ = ()

    if TYPE_CHECKING:  # the same methods, with None in their results

        @overload  # type: ignore[override]
        def select(self, only: T, /) -> GetOrNone[tuple[T]]: ...
        @overload
        def select(self, first: T, /, *more: *Ts) -> GetOrNone[tuple[T, *Ts]]: ...
        def select(  # pyright: ignore[reportIncompatibleMethodOverride]
            self, *paths: *Ts
        ) -> GetOrNone[tuple[*Ts]]: ...


def finish_get(binding: Binding, key: Key[Any], attribute_map: AttributeMap | None) -> Any:
    """The instance for `get()`."""
    if attribute_map is None:
        raise ItemNotFound(
            f"{key}: no such item in table {binding.table_name}; get_or_none() gives None instead"
        )
    if binding.is_other_kind(attribute_map):
        from adorm.items.kinds import describe_kind

        raise ItemNotFound(
            f"{key}: under this key is an item of another kind in table {binding.table_name}: "
            f"{describe_kind(binding.info, attribute_map)}"
        )
    if binding.is_left_out(attribute_map):
        from adorm.items.soft_delete import describe_deletion

        deleted = describe_deletion(binding.info, binding.codec, attribute_map)
        raise ItemNotFound(
            f"{key}: {deleted}; with_deleted() reads it, and restore() brings it back"
        )
    return binding.decode(attribute_map)


def finish_get_or_none(binding: Binding, _key: Key[Any], attribute_map: AttributeMap | None) -> Any:
    """The instance for `get_or_none()`; None where there is no item, or it is left out."""
    if attribute_map is None or binding.is_left_out(attribute_map):
        return None
    return binding.decode(attribute_map)


def finish_exists(binding: Binding, _key: Key[Any], attribute_map: AttributeMap | None) -> bool:
    """The result of `exists()`: whether there is an item, and it is not left out."""
    return attribute_map is not None and not binding.is_left_out(attribute_map)
