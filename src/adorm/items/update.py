"""Changing parts of one item: the clauses, and `update`."""

from __future__ import annotations

from builtins import set as Set  # noqa: N812  # a method named `set` hides the type in the body of Changes
from collections.abc import Coroutine, Mapping
from decimal import Decimal
from typing import Any, Generic, Literal, Self, TypeVar, cast, overload
from uuid import uuid4

import attrs

from adorm.errors import (
    AdormError,
    AttributeMap,
    ConditionalCheckFailed,
    TransactionCanceled,
    UsageError,
    ValidationFailed,
)
from adorm.expressions.conditions import Condition, Exists, Value, and_, conditions
from adorm.expressions.paths import location_of, set_clause
from adorm.expressions.placeholders import Placeholders
from adorm.expressions.updates import (
    Add,
    Append,
    Clause,
    CountUp,
    Remove,
    Set as SetClause,
    SetIfAbsent,
    render_update,
)
from adorm.items.applied import after_applied
from adorm.items.binding import Binding
from adorm.items.failures import asked_version, condition_failure, is_own_write
from adorm.items.keys import Key, check_index_keys
from adorm.items.kinds import check_clauses, kind_clause, own_kind
from adorm.items.lone_removals import nothing_to_create, stand_in_of_update, write_or_create
from adorm.items.operation import Retriable
from adorm.items.plan import Plan, plan_of, write_cost
from adorm.items.values import EnumT, NestedT, ScalarT, TypedDictT
from adorm.items.write import refuse_own_retry
from adorm.retry import Repeat
from adorm.schema.fields import Role
from adorm.transport.base import Answer

T = TypeVar("T")
ModelT = TypeVar("ModelT")
ResultT = TypeVar("ResultT")

ReturnedItem = Literal["none", "new", "old", "updated_new", "updated_old"]


class Changes:
    """The clauses of an update, alone or in a transaction.

    A value stored as absence becomes REMOVE. `Order.total + 1`, `Order.total - 1` and other paths
    may stand on the value side of `set`.
    """

    __slots__ = ()

    def _with_clauses(self, clauses: tuple[Clause[Any], ...]) -> Self:
        raise TypeError(f"{type(self).__name__} takes no clauses")

    def _with_conditions(self, added: tuple[Condition, ...]) -> Self:
        raise TypeError(f"{type(self).__name__} takes no conditions")

    def _with_upsert(self) -> Self:
        raise TypeError(f"{type(self).__name__} can't create")

    @overload
    def set(self, path: Decimal | None, value: Decimal | int | None, /) -> Self: ...
    @overload
    def set(self, path: ScalarT | None, value: ScalarT | None, /) -> Self: ...
    @overload
    def set(self, path: list[T] | None, value: list[T] | None, /) -> Self: ...
    @overload
    def set(self, path: tuple[T, ...] | None, value: tuple[T, ...] | None, /) -> Self: ...
    @overload
    def set(self, path: Set[T] | None, value: Set[T] | None, /) -> Self: ...
    @overload
    def set(self, path: frozenset[T] | None, value: frozenset[T] | None, /) -> Self: ...
    @overload
    def set(self, path: dict[str, T] | None, value: dict[str, T] | None, /) -> Self: ...
    @overload
    def set(self, path: EnumT | None, value: EnumT | None, /) -> Self: ...
    @overload
    def set(self, path: NestedT | None, value: NestedT | None, /) -> Self: ...
    @overload
    def set(self, path: TypedDictT | None, value: TypedDictT | None, /) -> Self: ...
    def set(self, path: object, value: object, /) -> Self:
        """Store a value: `.set(Order.status, "paid")`, `.set(Order.total, Order.total - 5)`."""
        return self._with_clauses((set_clause(path, value),))

    @overload
    def add(self, path: Decimal | None, value: Decimal | int, /) -> Self: ...
    @overload
    def add(self, path: int | None, value: int, /) -> Self: ...
    @overload
    def add(self, path: float | None, value: float, /) -> Self: ...
    @overload
    def add(self, path: Set[T] | None, value: Set[T], /) -> Self: ...
    @overload
    def add(self, path: frozenset[T] | None, value: frozenset[T], /) -> Self: ...
    def add(self, path: object, value: object, /) -> Self:
        """Add to a number (absent counts as 0), or members to a set (absent counts as empty)."""
        return self._with_clauses((Add(location_of(path), value),))

    def append(self, path: list[T] | None, values: list[T], /) -> Self:
        """Put elements at the end of a list; absent counts as empty."""
        return self._with_clauses((Append(location_of(path), values, at_front=False),))

    def prepend(self, path: list[T] | None, values: list[T], /) -> Self:
        """Put elements at the front of a list; absent counts as empty."""
        return self._with_clauses((Append(location_of(path), values, at_front=True),))

    def remove(self, *paths: object) -> Self:
        """Take attributes, list elements or map keys away."""
        return self._with_clauses(tuple(Remove(location_of(path)) for path in paths))

    def apply(self, *clauses: Clause[Any]) -> Self:
        """Clauses made by `attr(path)`: `.apply(attr(Order.tags).delete({"new"}))`."""
        for clause in clauses:
            if not isinstance(clause, Clause):  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
                raise UsageError(
                    f"apply() takes clauses such as attr(Order.note).set('x'), not {clause!r}"
                )
        return self._with_clauses(clauses)

    def upsert(self) -> Self:
        """Create the item where there is none."""
        return self._with_upsert()

    def when(self, *conditions_: bool | Condition) -> Self:
        """Change it only if all conditions hold; else `ConditionalCheckFailed`, with the item as it
        stands."""
        return self._with_conditions(conditions(conditions_))


class PreparedUpdate:
    """An update, built."""

    __slots__ = ("clauses", "if_missing", "lacks_what_creates", "provable", "request", "written")

    def __init__(
        self,
        request: dict[str, Any],
        clauses: tuple[Clause[Any], ...],
        written: dict[str, AttributeMap | None],
        provable: bool,
    ) -> None:
        self.if_missing: dict[str, Any] | None = None
        """The request that follows where this one only removes and there is no item: it creates
        one."""
        self.lacks_what_creates = False
        """A part of a transaction that only removes: where there is no item it fails."""
        self.request = request
        self.clauses = clauses
        self.written = written
        """The attributes that it sets as a whole, None for those that it removes."""
        self.provable = provable
        """Whether one of them is a value that nobody else can have written: the time of this
        update."""

    @property
    def idempotent(self) -> bool:
        """Whether it can be sent twice. adorm's own version may skip a number."""
        for clause in self.clauses:  # noqa: SIM110  # a generator takes twice the time, of every update
            if not clause.idempotent:
                return False
        return True


class UpdateDraft:
    """What an update says, without the way to send it. It does not change: what adds to it makes
    another."""

    __slots__ = ("binding", "clauses", "conditions", "creates", "key")

    def __init__(
        self,
        binding: Binding,
        key: Key[Any],
        clauses: tuple[Clause[Any], ...] = (),
        conditions: tuple[Condition, ...] = (),
        creates: bool = False,
    ) -> None:
        self.binding = binding
        self.key = key
        self.clauses = clauses
        self.conditions = conditions
        self.creates = creates

    def with_clauses(self, added: tuple[Clause[Any], ...]) -> UpdateDraft:
        return UpdateDraft(
            self.binding, self.key, self.clauses + added, self.conditions, self.creates
        )

    def with_conditions(self, added: tuple[Condition, ...]) -> UpdateDraft:
        return UpdateDraft(
            self.binding, self.key, self.clauses, self.conditions + added, self.creates
        )

    def with_upsert(self) -> UpdateDraft:
        return UpdateDraft(self.binding, self.key, self.clauses, self.conditions, True)

    def prepare(self, *, in_transaction: bool = False) -> PreparedUpdate:
        """Build it: the clauses, version and timestamps, and that the item exists unless it may be
        created.

        Raises:
            UsageError: what would be refused before sending.
        """
        binding = self.binding
        info = binding.info
        if not self.clauses:
            raise UsageError(
                f"{self.key}: an update without clauses changes nothing: add .set(...), .add(...), .remove(...) or another clause"
            )
        if self.creates or Remove in map(type, self.clauses):
            self._check_readable()
        discriminator = info.discriminator
        if discriminator is not None:
            check_clauses(info, discriminator, binding.codec, self.clauses)
        placeholders = Placeholders(binding.codec, info.model)
        request: dict[str, Any] = {
            "TableName": binding.table_name,
            "Key": binding.encode_key(self.key),
        }
        own, provable = self._own_clauses()
        update = render_update((*self.clauses, *own), placeholders, key_names=info.key_names)
        creates = self.creates
        only_removes = creates and update.only_removes
        if only_removes:
            stand_in = (
                stand_in_of_update(
                    binding, (clause.location.attribute_name for clause in self.clauses)
                )
                if in_transaction
                else None
            )
            if stand_in is None:
                creates = False
            else:
                stand_in.render(update)
        request["UpdateExpression"] = update.finished()
        parts = (
            self.conditions
            if creates
            else (Exists(info.location(info.partition), wanted=True), *self.conditions)
        )
        if discriminator is not None:
            parts = (own_kind(info, discriminator), *parts)
        if parts:
            condition = parts[0] if len(parts) == 1 else and_(*parts)
            request["ConditionExpression"] = placeholders.checked(
                "condition", condition.render(placeholders)
            )
            request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        placeholders.into(request)
        binding.check_size(self.key, request.get("ExpressionAttributeValues", {}))
        if info.indexes:
            check_index_keys(info, {**update.written, **update.if_absent})
        prepared = PreparedUpdate(request, self.clauses, update.written, provable)
        if only_removes and not creates:
            prepared.lacks_what_creates = in_transaction
            if not in_transaction:
                prepared.if_missing = self._creation(request)
        return prepared

    def _creation(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Creates an item with nothing but the key."""
        info = self.binding.info
        creation = {"TableName": request["TableName"], "Key": request["Key"]}
        placeholders = Placeholders(self.binding.codec, info.model)
        condition = and_(Exists(info.location(info.partition), wanted=False), *self.conditions)
        creation["ConditionExpression"] = placeholders.checked(
            "condition", condition.render(placeholders)
        )
        creation["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        placeholders.into(creation)
        return creation

    def _check_readable(self) -> None:
        """Refuse what would leave an item that can't be read back: one without a field that has no
        default."""
        info = self.binding.info
        removed = {
            clause.location.attribute_name
            for clause in self.clauses
            if clause.location.is_top_level and isinstance(clause, Remove)
        }
        given = {
            clause.location.attribute_name
            for clause in self.clauses
            if clause.location.is_top_level
        } - removed
        for field in info.structure.fields:
            name = field.attribute_name
            is_time = field.role in (Role.CREATED_AT, Role.UPDATED_AT)
            if (
                not (field.required or is_time)
                or name in info.key_names
                or not self.binding.must_be_there(field)
            ):
                continue
            if name in removed:
                raise UsageError(
                    f"{self.key}: {info.name}.{field.name} has no default, so an item without it can't be read: set it instead"
                )
            if self.creates and name not in given and not is_time:
                raise UsageError(
                    f"{self.key}: upsert() may create an item without {info.name}.{field.name}, which has no default, so it can't be read: "
                    f"set it, for instance by .apply(attr({info.name}.{field.name}).set_if_absent(...)), or give the field a default"
                )

    def failure(
        self, error: ConditionalCheckFailed, prepared: PreparedUpdate | None = None
    ) -> AdormError:
        """What it means that the condition did not hold; `error` itself where there is nothing more
        to say."""
        if (
            prepared is not None
            and prepared.lacks_what_creates
            and error.attribute_map is None
            and not error.maybe_applied
        ):
            return nothing_to_create(self.key, self.binding.table_name)
        expected = (
            None if error.attribute_map is None else asked_version(self.binding, self.conditions)
        )
        return condition_failure(
            self.binding, self.key, error, must_exist=not self.creates, expected_version=expected
        )

    def explain(self, error: ValidationFailed) -> None:
        """Add to a refusal which clause it may be about, and what to do."""
        from adorm.items.refusals import explain_refusal

        explain_refusal(error, self.clauses)

    def _own_clauses(self) -> tuple[list[Clause[Any]], bool]:
        """Version and timestamps; and whether the time of this update is among them."""
        info = self.binding.info
        version, updated_at, created_at = (
            info.version,
            info.updated_at,
            info.created_at if self.creates else None,
        )
        own: list[Clause[Any]] = []
        kind = info.discriminator if self.creates else None
        if version is None and updated_at is None and created_at is None and kind is None:
            return own, False
        changed = {clause.location.attribute_name for clause in self.clauses}
        stamped = updated_at is not None and updated_at.attribute_name not in changed
        now = self.binding.connection.clock.now()
        if version is not None and version.attribute_name not in changed:
            own.append(CountUp(info.location(version)))
        if updated_at is not None and stamped:
            location = info.location(updated_at)
            own.append(SetClause(location, Value(now, location)))
        if created_at is not None and created_at.attribute_name not in changed:
            location = info.location(created_at)
            own.append(SetIfAbsent(location, Value(now, location)))
        if kind is not None and kind.attribute_name not in changed:
            own.append(kind_clause(info, kind))
        return own, stamped


@attrs.define(eq=False, repr=False)
class Update(Changes, Retriable[ResultT], Generic[ModelT, ResultT]):
    """`await orders.update("c1", "o1").set(Order.status, "paid")`.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
    """

    _draft: UpdateDraft
    _returning: ReturnedItem = "none"
    _exactly_once: bool = False

    @property
    def _subject(self) -> str:
        return self._draft.key.info.name

    def _with_clauses(self, clauses: tuple[Clause[Any], ...]) -> Self:
        return self._with_draft(self._draft.with_clauses(clauses))

    def _with_conditions(self, added: tuple[Condition, ...]) -> Self:
        return self._with_draft(self._draft.with_conditions(added))

    def _with_upsert(self) -> Self:
        return self._with_draft(self._draft.with_upsert())

    def _with_draft(self, draft: UpdateDraft) -> Self:
        # a twelfth of the time of attrs.evolve, and every clause comes by
        return type(self)(draft, self._returning, self._exactly_once, retry=self._retry)

    @overload
    def returning(self, what: Literal["none"], /) -> Update[ModelT, None]: ...
    @overload
    def returning(self, what: Literal["new"], /) -> Update[ModelT, ModelT]: ...
    @overload
    def returning(self, what: Literal["old"], /) -> Update[ModelT, ModelT | None]: ...
    @overload
    def returning(
        self, what: Literal["updated_old", "updated_new"], /
    ) -> Update[ModelT, dict[str, Any]]: ...
    def returning(self, what: ReturnedItem, /) -> Update[ModelT, Any]:
        """Give nothing, the model as it is now or was before, or a dict by field name of what
        changed.

        An attribute that was changed inside (`Order.lines[0].sku`) stands in that dict as the plain
        parts that changed.

        With "old" and "updated_old" an ambiguous failure is not repeated: the second answer would
        show the first one's work.

        Raises:
            UsageError: no such choice.
        """
        if what not in ("none", "new", "old", "updated_new", "updated_old"):  # unchecked callers
            raise UsageError(
                f'{self._draft.key}: returning() takes "none", "new", "old", "updated_new" or "updated_old", not {what!r}'
            )
        return cast("Update[ModelT, Any]", attrs.evolve(self, returning=what))

    def exactly_once(self) -> Self:
        """Send it as a transaction of one operation with an idempotency token: it is applied once
        even if an answer is lost.

        Costs twice the write units and returns nothing. The token holds for ten minutes:
        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
        """
        return attrs.evolve(self, exactly_once=True)

    @property
    def draft(self) -> UpdateDraft:
        """What the update says."""
        return self._draft

    def check_includable(self) -> None:
        """Refuse what has no meaning inside a transaction.

        Raises:
            UsageError: it returns something, is a transaction of its own, or brings a retry policy
                of its own.
        """
        if self._returning != "none":
            raise UsageError(
                f"{self._draft.key}: a transaction returns nothing: take returning() away and read the item after"
            )
        if self._exactly_once:
            raise UsageError(
                f"{self._draft.key}: a transaction is applied once as a whole: take exactly_once() away"
            )
        refuse_own_retry(self._draft.key, self._retry)

    def request(self) -> dict[str, Any]:
        prepared = self._draft.prepare(in_transaction=self._exactly_once)
        if self._exactly_once:
            return self._as_transaction(prepared.request)
        if self._returning != "none":
            prepared.request["ReturnValues"] = {"new": "ALL_NEW", "old": "ALL_OLD"}.get(
                self._returning, self._returning.upper()
            )
        return prepared.request

    def explain(self) -> Plan:
        cost = write_cost(transactional=self._exactly_once)
        request = self._draft.prepare(in_transaction=self._exactly_once).request
        return plan_of(
            "TransactWriteItems" if self._exactly_once else "UpdateItem",
            request,
            cost,
            reason="the whole key is given",
        )

    def _as_transaction(self, request: dict[str, Any]) -> dict[str, Any]:
        if self._returning != "none":
            raise UsageError(
                f"{self._draft.key}: exactly_once() is a transaction, which returns nothing: take returning() away and read the item after"
            )
        return {"TransactItems": [{"Update": request}], "ClientRequestToken": str(uuid4())}

    async def _run(self) -> ResultT:
        draft = self._draft
        prepared = draft.prepare(in_transaction=self._exactly_once)
        try:
            answer = await self._send(prepared)
        except ValidationFailed as error:
            draft.explain(error)
            raise
        except ConditionalCheckFailed as error:
            own = (
                error.maybe_applied
                and prepared.provable
                and self._returning in ("none", "new")
                and is_own_write(error.attribute_map, prepared.written)
            )
            if not own:
                failure = draft.failure(error, prepared)
                if failure is error:
                    raise
                raise failure from error
            answer = {"Attributes": error.attribute_map}
        try:
            return cast("ResultT", self._result(answer.get("Attributes")))
        except Exception as error:
            late = after_applied(error, draft.binding, draft.key)
            if late is error:
                raise
            raise late from error

    async def _send(self, prepared: PreparedUpdate) -> dict[str, Any]:
        connection, key = self._draft.binding.connection, self._draft.key
        if self._exactly_once:
            try:
                return await connection.call(
                    "TransactWriteItems",
                    self._as_transaction(prepared.request),
                    subject=key,
                    retry=self._retry,
                )
            except TransactionCanceled as error:
                only = error.reasons[0].error if error.reasons else None
                if isinstance(only, ConditionalCheckFailed):
                    only.subject, only.attempts, only.request_id = (
                        error.subject,
                        error.attempts,
                        error.request_id,
                    )
                    raise only from error
                if isinstance(only, ValidationFailed):
                    self._draft.explain(only)
                raise
        if self._returning != "none":
            for request in (prepared.request, prepared.if_missing):
                if request is not None:
                    request["ReturnValues"] = {"new": "ALL_NEW", "old": "ALL_OLD"}.get(
                        self._returning, self._returning.upper()
                    )
        safe = prepared.idempotent and self._returning not in ("old", "updated_old")
        repeat: Repeat = "safe" if safe else "never"
        if prepared.if_missing is None:
            return await connection.call(
                "UpdateItem", prepared.request, subject=key, repeat=repeat, retry=self._retry
            )

        def send(request: dict[str, Any]) -> Coroutine[Any, Any, Answer]:
            return connection.call(
                "UpdateItem", request, subject=key, repeat=repeat, retry=self._retry
            )

        return dict(await write_or_create(send, prepared.request, prepared.if_missing))

    def _result(self, attributes: AttributeMap | None) -> Any:
        binding = self._draft.binding
        if self._returning == "none":
            return None
        if self._returning in ("new", "old"):
            return None if attributes is None else binding.decode(attributes)
        by_name = {field.attribute_name: field for field in binding.info.structure.fields}
        # Of an attribute that was changed inside, DynamoDB sends those parts only, which need not
        # make a whole value.
        partly = {
            clause.location.attribute_name
            for clause in self._draft.clauses
            if not clause.location.is_top_level
        }
        changed: dict[str, Any] = {}
        for name, value in (attributes or {}).items():
            field = by_name.get(name)
            changed[name if field is None else field.name] = binding.decode_part(
                None if name in partly else field, (name,), value
            )
        return changed
