"""Writes of one item as the user sees them: immutable, to be awaited or given to a transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Generic,
    Literal,
    Self,
    TypeVar,
    cast,
    overload,
)

import attrs

from adorm.codec.sizes import check_item_size
from adorm.dynamodb.values import AttributeMap
from adorm.errors import UsageError
from adorm.expressions.comparisons import Comparison
from adorm.expressions.conditions import Condition, conditions, or_
from adorm.expressions.functions import Exists, TypeIs
from adorm.expressions.operands import Value
from adorm.expressions.request import RequestExpressions
from adorm.items.binding import Binding
from adorm.items.given import given_conditions
from adorm.items.instances import store_values
from adorm.items.key_encoding import check_index_keys, check_item_keys
from adorm.items.keys import Key, key_of
from adorm.items.kinds import write_conditions
from adorm.items.plan import Plan, plan_of, write_cost
from adorm.items.retriable import Retriable
from adorm.items.send import send
from adorm.items.write import PreparedWrite, add_condition
from adorm.items.write_facts import Change, WriteFacts
from adorm.schema.fields import Field
from adorm.schema.model_options import HOOKS

if TYPE_CHECKING:
    from adorm.retry import RetryPolicy

ModelT = TypeVar("ModelT")
ResultT = TypeVar("ResultT")


@attrs.define(eq=False, repr=False)
class SingleWrite(Retriable[ResultT]):
    """What put, save, delete, update and the check of a transaction have in common."""

    _binding: Binding
    _key: Key[Any]
    _conditions: tuple[Condition, ...] = attrs.field(default=(), kw_only=True, alias="conditions")

    @property
    def verb(self) -> str:
        """What it is called in messages: `"create"`."""
        return type(self).__name__.lower()

    @property
    def binding(self) -> Binding:
        """The table that is written."""
        return self._binding

    @property
    def key(self) -> Key[Any]:
        """The key of the item that is written."""
        return self._key

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The caller's conditions."""
        return self._conditions

    @property
    def policy(self) -> RetryPolicy | None:
        """The caller's retry policy."""
        return self._retry

    def with_conditions(self, added: tuple[Condition, ...], /) -> Self:
        """The same write with more conditions."""
        return attrs.evolve(self, conditions=self._conditions + added)

    def facts(self) -> WriteFacts:
        """What it does, for models with unique values."""
        return WriteFacts(verb="check")

    @property
    def model_name(self) -> str:
        return self._key.info.name

    def prepare(self, *, in_transaction: bool = False) -> PreparedWrite:
        """Build the write, to be sent alone or as an action of a transaction.

        Raises:
            UsageError: the write can't be sent, for instance because the item is too large.
        """
        raise TypeError(f"{type(self).__name__} can't be prepared")

    def request(self) -> dict[str, Any]:
        if self._binding.info.unique:
            from adorm.items.unique_plans import first_request

            return first_request(self)[1]
        return self.prepare().request

    def explain(self) -> Plan:
        if self._binding.info.unique:
            from adorm.items.unique_plans import explain_unique

            return explain_unique(self)
        prepared, reason = self.prepare(), "the whole key is given"
        return plan_of(prepared.operation, prepared.request, write_cost(), reason=reason)

    def check_includable(self) -> None:
        """Refuse what has no meaning inside a transaction."""
        if self.returns_attributes():
            raise UsageError(
                f"{self._key}: a transaction returns nothing: "
                "take returning() away and read the item after"
            )
        if self._retry is not None:
            raise UsageError(
                f"{self._key}: a transaction is retried as a whole: "
                "take retry() away, and give db.transaction(retry=...)"
            )

    def returns_attributes(self) -> bool:
        """Whether the caller asked for attributes in DynamoDB's answer."""
        return False


@attrs.define(eq=False, repr=False)
class Write(SingleWrite[ResultT], Generic[ModelT, ResultT]):
    """A put, create, save or delete that can be awaited, or given to a transaction."""

    _instance: Any = None
    _returning: Literal["item", "none", "old"] = attrs.field(default="none", alias="returning")
    _unchecked: bool = attrs.field(default=False, alias="unchecked")
    _keeps_timestamps: bool = attrs.field(default=False, alias="keeps_timestamps")
    _on_stored: Callable[[Any], object] | None = attrs.field(default=None, alias="on_stored")
    """Gets the instance as it is stored, where the hooks were called already."""

    change: ClassVar[Change | None] = None
    """What it does with an instance, for the hooks of its model."""

    @property
    def hooks(self) -> Change | None:
        """Which hooks it calls; None where it calls none."""
        if self._on_stored is not None or HOOKS not in type(self._instance).__dict__:
            return None
        is_purge = self._binding.shows_deleted
        return None if is_purge else self.change

    @property
    def instance(self) -> Any:
        """The instance that is written or deleted; None where only the key was given."""
        return self._instance

    def after_hooks(self, instance: Any, on_stored: Callable[[Any], object], /) -> Self:
        """The same write of what the hooks before it have left. It calls no hooks."""
        is_save = self.change == "save"
        key = key_of_instance(self._binding, instance) if is_save else self._key
        return attrs.evolve(self, key=key, instance=instance, on_stored=on_stored)

    def when(self, *conditions_: bool | Condition) -> Self:
        """Write only if all conditions hold.

        Raises (when awaited):
            ConditionalCheckFailed: one did not hold; `.item` is the item that is stored.
        """
        return attrs.evolve(
            self, conditions=self._conditions + conditions(conditions_, self._binding.info.model)
        )

    def given(self, *conditions_: bool | Condition) -> Self:
        """What the item holds: `.given(Member.email == old)`. It is also a condition of the write.

        A write in a transaction needs it of unique values, which it can't read.

        Raises:
            UsageError: one of them is no comparison of an attribute with a value by `==`.
        """
        return attrs.evolve(self, conditions=self._conditions + given_conditions(conditions_))

    def unchecked(self) -> Self:
        """Do not check the version that was read: the last writer wins."""
        return attrs.evolve(self, unchecked=True)

    def keep_timestamps(self) -> Self:
        """Store `created_at` and `updated_at` as the instance has them, as an import does.

        By default they are set to the time of the write.
        """
        return attrs.evolve(self, keeps_timestamps=True)

    @overload
    def returning(self, what: Literal["none"], /) -> Write[ModelT, None]: ...
    @overload
    def returning(self, what: Literal["old"], /) -> Write[ModelT, ModelT | None]: ...
    def returning(self, what: Literal["none", "old"], /) -> Write[ModelT, Any]:
        """Give nothing, or the item as it was before (None where there was none).

        With "old" the request is not sent again after an attempt that may have been applied: the
        second answer would show what the first attempt wrote.

        Raises:
            UsageError: a put or delete gives nothing else.
        """
        if what not in ("none", "old"):  # unchecked callers
            raise UsageError(f'{self._key}: returning() takes "none" or "old" here, not {what!r}')
        return cast("Write[ModelT, Any]", attrs.evolve(self, returning=what))

    def returns_attributes(self) -> bool:
        return self._returning == "old"

    async def _run(self) -> ResultT:
        if HOOKS in type(self._instance).__dict__ and self.hooks is not None:
            from adorm.items.hooks import HookedOnce

            hooked: ResultT = await HookedOnce(self).run()
            return hooked
        if self._binding.info.unique:
            from adorm.items.unique_writes import write_unique

            result: ResultT = await write_unique(self)
        else:
            result = await send(self.prepare(), self._retry)
        return cast("ResultT", None) if self._returning == "none" else result

    def _complete(
        self,
        prepared: PreparedWrite,
        own: Sequence[Condition],
        new_values: dict[str, Any],
        expressions: RequestExpressions | None = None,
    ) -> None:
        """Put the conditions into the request, and say what happens once it is applied.

        Args:
            own: adorm's own conditions; the caller's are added.
            new_values: what the instance gets then, by field name.
            expressions: the expressions that the request has already.
        """
        binding, info = self._binding, self._binding.info
        if info.discriminator is not None and not prepared.creating:
            own = (*own, *write_conditions(info, info.discriminator))
        if info.deleted_at is not None and binding.hides_deleted and not prepared.creating:
            from adorm.items.soft_delete import is_live

            own = (*own, is_live(info, info.deleted_at))
        if self._conditions:
            prepared.asked = self._conditions
        conditions_ = (*own, *self._conditions)
        if expressions is None and conditions_:
            expressions = RequestExpressions(self._binding.codec, info.model)
        if expressions is not None:
            add_condition(prepared.request, conditions_, expressions)
        if self._returning == "old":
            prepared.request["ReturnValues"] = "ALL_OLD"
            prepared.repeat, prepared.provable = "never", False
        prepared.on_applied = partial(self._finish, new_values)

    def _finish(self, new_values: dict[str, Any], attributes: AttributeMap | None) -> Any:
        """Change the instance after the write is applied; gives it as it is stored, or the old
        item."""
        stored = store_values(self._binding.info, self._instance, new_values)
        if self._on_stored is not None:
            self._on_stored(stored)
        if self._returning == "old":
            return None if attributes is None else self._binding.decode(attributes)
        return stored

    def _version_is(self, version: int, field: Field) -> Condition:
        """The stored version is the one that was read. 0 was perhaps read from an absent or NULL
        version."""
        path = self._binding.info.path_of(field)
        stored = Comparison(path, "=", Value(version, path))
        if version:
            return stored
        return or_(Exists(path, wanted=False), stored, TypeIs(path, "NULL"))


def encode_item(binding: Binding, key: Key[Any], instance: Any) -> AttributeMap:
    """The attribute map of an instance."""
    info = binding.info
    item = binding.codec.encode(instance, info.model)
    if info.deleted_at is not None and info.deleted_at.attribute_name in item:
        from adorm.items.soft_delete import without_index_keys

        item = without_index_keys(info, item)
    check_item_keys(info, item)
    if info.indexes:
        check_index_keys(info, item)
    check_item_size(key, item)
    return item


def key_of_instance(binding: Binding, instance: object) -> Key[Any]:
    """The key of an instance of exactly this model."""
    binding.info.check_instance(instance)
    return key_of(binding.info, instance)
