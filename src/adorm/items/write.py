"""Writing one item: create, put, save and delete.

A request is built once for an operation, timestamps included, and repeated as it is. The instance
changes only after DynamoDB said yes.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, Literal, Self, TypeVar, cast, overload

import attrs

from adorm.errors import (
    AdormError,
    AttributeMap,
    ConditionalCheckFailed,
    ItemDecodeError,
    UsageError,
)
from adorm.expressions.conditions import (
    Comparison,
    Condition,
    Exists,
    TypeIs,
    Value,
    and_,
    conditions,
    or_,
)
from adorm.expressions.document_path import DocumentPath
from adorm.expressions.paths import location_of
from adorm.expressions.placeholders import Placeholders
from adorm.expressions.updates import Clause, Remove, SetIfAbsent, SetValue, render_update
from adorm.items.applied import after_applied
from adorm.items.binding import Binding
from adorm.items.failures import condition_failure, is_own_write
from adorm.items.instances import is_never_stored, read_version, settle, validate, with_changes
from adorm.items.keys import Key, check_index_keys, check_item_keys, key_of
from adorm.items.kinds import own_kind
from adorm.items.lone_removals import nothing_to_create, stand_in_of_save, write_or_create
from adorm.items.operation import Retriable
from adorm.items.plan import Plan, plan_of, write_cost
from adorm.retry import Repeat, RetryPolicy
from adorm.schema.fields import Field, Role
from adorm.transport.base import Answer

ModelT = TypeVar("ModelT")
ResultT = TypeVar("ResultT")

ReturnValue = Literal["item", "none", "old"]
WritingOperation = Literal["PutItem", "UpdateItem", "DeleteItem", "ConditionCheck"]
"""The last one exists in transactions only."""


class PreparedWrite:
    """A write, built: what is sent, and what it makes of the instance."""

    __slots__ = (
        "changes",
        "creating",
        "expected_version",
        "if_missing",
        "lacks_what_creates",
        "must_exist",
        "operation",
        "provable",
        "request",
        "written",
    )

    def __init__(
        self,
        operation: WritingOperation,
        request: dict[str, Any],
        *,
        creating: bool = False,
        must_exist: bool = False,
    ) -> None:
        self.operation: WritingOperation = operation
        self.request = request
        self.changes: dict[str, Any] = {}
        """What the instance takes over once the write is done, by field name."""
        self.written: dict[str, AttributeMap | None] = {}
        """The attributes that the request sets, None for those that it removes."""
        self.provable = False
        """Whether one of them is a value that nobody else can have written."""
        self.expected_version: int | None = None
        self.creating = creating
        self.must_exist = must_exist
        self.if_missing: dict[str, Any] | None = None
        """The request that follows where this one only removes and there is no item: it creates
        one."""
        self.lacks_what_creates = False
        """A part of a transaction that only removes: where there is no item it fails."""


@attrs.define(eq=False, repr=False)
class Write(Retriable[ResultT], Generic[ModelT, ResultT]):
    """A write that can be awaited, or handed to a transaction."""

    _binding: Binding
    _key: Key[Any]
    _instance: Any = None
    _conditions: tuple[Condition, ...] = ()
    _returning: ReturnValue = attrs.field(default="none", alias="returning")
    _unchecked: bool = attrs.field(default=False, alias="unchecked")
    _keeps_timestamps: bool = attrs.field(default=False, alias="keeps_timestamps")

    @property
    def _subject(self) -> str:
        return self._key.info.name

    def when(self, *conditions_: bool | Condition) -> Self:
        """Write only if all conditions hold; else `ConditionalCheckFailed`, with the item as it
        stands."""
        return attrs.evolve(self, conditions=self._conditions + conditions(conditions_))

    def unchecked(self) -> Self:
        """Do not check the version that was read: the last writer wins."""
        return attrs.evolve(self, unchecked=True)

    def keep_timestamps(self) -> Self:
        """Store `created_at` and `updated_at` as the instance has them, as an import does; by
        default they are the times of writes."""
        return attrs.evolve(self, keeps_timestamps=True)

    @overload
    def returning(self, what: Literal["none"], /) -> Write[ModelT, None]: ...
    @overload
    def returning(self, what: Literal["old"], /) -> Write[ModelT, ModelT | None]: ...
    def returning(self, what: Literal["none", "old"], /) -> Write[ModelT, Any]:
        """Give nothing, or the item as it was before (None where there was none).

        With "old" an ambiguous failure is not repeated: the second answer would show the first
        one's work as the old item.

        Raises:
            UsageError: a put or delete gives nothing else.
        """
        if what not in ("none", "old"):  # unchecked callers
            raise UsageError(f'{self._key}: returning() takes "none" or "old" here, not {what!r}')
        return cast("Write[ModelT, Any]", attrs.evolve(self, returning=what))

    def prepare(self, *, in_transaction: bool = False) -> PreparedWrite:
        """Build the write, alone or as a part of a transaction.

        Raises:
            UsageError: what would be refused before sending.
        """
        raise TypeError(f"{type(self).__name__} can't be prepared")

    def request(self) -> dict[str, Any]:
        return self.prepare().request

    def explain(self) -> Plan:
        prepared = self.prepare()
        return plan_of(
            prepared.operation, prepared.request, write_cost(), reason="the whole key is given"
        )

    @property
    def verb(self) -> str:
        """What it is called in messages, `"create"`."""
        return type(self).__name__.lower()

    @property
    def binding(self) -> Binding:
        """The table that is written."""
        return self._binding

    @property
    def key(self) -> Key[Any]:
        """The item that is written."""
        return self._key

    def failure(self, prepared: PreparedWrite, error: ConditionalCheckFailed) -> AdormError:
        """What it means that the condition did not hold; `error` itself where there is nothing more
        to say."""
        if prepared.lacks_what_creates and error.attribute_map is None and not error.maybe_applied:
            return nothing_to_create(self._key, self._binding.table_name)
        return condition_failure(
            self._binding,
            self._key,
            error,
            creating=prepared.creating,
            must_exist=prepared.must_exist,
            expected_version=prepared.expected_version,
        )

    def check_includable(self) -> None:
        """Refuse what has no meaning inside a transaction.

        Raises:
            UsageError: it asks for the old item, or brings a retry policy of its own.
        """
        if self._returning == "old":
            raise UsageError(
                f"{self._key}: a transaction returns nothing: take returning() away and read the item after"
            )
        refuse_own_retry(self._key, self._retry)

    def settle(self, prepared: PreparedWrite) -> Any:
        """Take the write over into the instance, after it was applied."""
        return (
            None
            if self._instance is None
            else settle(self._binding.info, self._instance, prepared.changes)
        )

    async def _run(self) -> ResultT:
        binding, prepared = self._binding, self.prepare()
        repeat: Repeat = "never" if self._returning == "old" else "safe"

        def send(request: dict[str, Any]) -> Coroutine[Any, Any, Answer]:
            return binding.connection.call(
                prepared.operation, request, subject=self._key, repeat=repeat, retry=self._retry
            )

        try:
            answer = await (
                send(prepared.request)
                if prepared.if_missing is None
                else write_or_create(send, prepared.request, prepared.if_missing)
            )
        except ConditionalCheckFailed as error:
            own = (
                error.maybe_applied
                and self._returning != "old"
                and prepared.provable
                and is_own_write(
                    error.attribute_map, prepared.written, whole=prepared.operation == "PutItem"
                )
            )
            if not own:
                failure = self.failure(prepared, error)
                if failure is error:
                    raise
                raise failure from error
            answer = {"Attributes": error.attribute_map}
        try:
            return self._result(prepared, answer)
        except Exception as error:
            failure = after_applied(error, binding, self._key)
            if failure is error:
                raise
            raise failure from error

    def _result(self, prepared: PreparedWrite, answer: Answer) -> ResultT:
        """What a write that was applied gives; whatever can't be read of the answer, the instance
        has what was stored."""
        problem: Exception | None = None
        try:
            problem = self._take_created_at(prepared, answer)
        except Exception as error:  # noqa: BLE001  # an answer of a wrong shape: the instance comes first
            problem = error
        stored = self.settle(prepared)
        if problem is not None:
            raise problem
        if self._returning == "old":
            old: AttributeMap | None = answer.get("Attributes")
            return cast("ResultT", None if old is None else self._binding.decode(old))
        return cast("ResultT", stored if self._returning == "item" else None)

    def _take_created_at(
        self, prepared: PreparedWrite, answer: Mapping[str, Any]
    ) -> ItemDecodeError | None:
        """`save` leaves a stored `created_at` alone, so only the answer knows it; what is wrong
        with it, if anything is."""
        field = self._binding.info.created_at
        if prepared.operation != "UpdateItem" or field is None:
            return None
        stored = answer.get("Attributes", {}).get(field.attribute_name)
        if stored is not None:
            try:
                prepared.changes[field.name] = self._binding.decode_part(
                    field, (field.attribute_name,), stored
                )
            except ItemDecodeError as problem:
                problem.add_note(
                    f"{self._key} was saved: what can't be read was stored before, and save leaves it as it is"
                )
                return problem
        return None

    def _condition(
        self,
        request: dict[str, Any],
        own: Sequence[Condition],
        placeholders: Placeholders | None = None,
    ) -> None:
        """Add adorm's own and the caller's conditions, if there are any, and the names and values
        of the whole request."""
        info = self._binding.info
        if info.discriminator is not None and self._may_meet_an_item:
            own = (*own, own_kind(info, info.discriminator))
        if own or self._conditions:
            if placeholders is None:
                placeholders = Placeholders(self._binding.codec, self._binding.info.model)
            request["ConditionExpression"] = placeholders.checked(
                "condition", and_(*own, *self._conditions).render(placeholders)
            )
            request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        asked = self._return_values()
        if asked is not None:
            request["ReturnValues"] = asked
        if placeholders is not None:
            placeholders.into(request)

    @property
    def _may_meet_an_item(self) -> bool:
        """Whether it can succeed where there is an item."""
        return True

    def _return_values(self) -> str | None:
        """What DynamoDB is to answer; None for nothing."""
        return "ALL_OLD" if self._returning == "old" else None

    def _version_check(self, version: int) -> Condition:
        """The version that was read is stored. 0 is also what a missing or NULL version reads
        as."""
        location = self._binding.info.location(cast("Field", self._binding.info.version))
        stored = Comparison(location, "=", Value(version, location))
        return (
            stored
            if version
            else or_(Exists(location, wanted=False), stored, TypeIs(location, "NULL"))
        )

    def _key_exists(self, *, wanted: bool) -> Condition:
        return Exists(self._binding.info.location(self._binding.info.partition), wanted=wanted)


def _encode_item(binding: Binding, key: Key[Any], stored: Any) -> AttributeMap:
    """The whole item, its keys and its size checked."""
    info = binding.info
    item = binding.codec.encode(stored, info.model)
    check_item_keys(info, item)
    if info.indexes:
        check_index_keys(info, item)
    binding.check_size(key, item)
    return item


@attrs.define(eq=False, repr=False)
class Put(Write[ModelT, ResultT]):
    """`create` and `put`.
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html"""

    _creating: bool = attrs.field(default=False, alias="creating")

    @property
    def verb(self) -> str:
        return "create" if self._creating else "put"

    @property
    def _may_meet_an_item(self) -> bool:
        return not self._creating

    def prepare(self, *, in_transaction: bool = False) -> PreparedWrite:
        binding, instance = self._binding, self._instance
        info = binding.info
        validate(info, instance)
        prepared = PreparedWrite("PutItem", {}, creating=self._creating)
        own: list[Condition] = []
        read = 0 if info.version is None or self._creating else read_version(info, instance)
        if info.version is not None:
            prepared.changes[info.version.name] = 1 if self._creating else read + 1
        if self._creating:
            own.append(self._key_exists(wanted=False))
        elif info.version is not None and not self._unchecked:
            own.append(self._version_check(read))
            prepared.expected_version = read
        created_at = info.created_at if self._is_first_write(read) else None
        updated_at = info.updated_at if not self._keeps_timestamps else None
        stamped = updated_at is not None or created_at is not None
        if stamped:
            now = binding.connection.clock.now()
            for field in (updated_at, created_at):
                if field is not None:
                    prepared.changes[field.name] = now
        stored = with_changes(info, instance, prepared.changes) if prepared.changes else instance
        item = _encode_item(binding, self._key, stored)
        prepared.provable = stamped or (
            self._creating and any(field.factory is not None for field in info.key_fields)
        )
        prepared.written = dict(item)
        prepared.request = {"TableName": binding.table_name, "Item": item}
        self._condition(prepared.request, own)
        return prepared

    def _is_first_write(self, version: int) -> bool:
        """Whether `created_at` is the time of this put.

        A put of an item that may have been stored before keeps the time that it was read with.
        """
        if self._keeps_timestamps:
            return False
        info = self._binding.info
        return self._creating or (
            version == 0 if info.version is not None else is_never_stored(info, self._instance)
        )


@attrs.define(eq=False, repr=False)
class Save(Write[ModelT, ResultT]):
    """`save`: an UpdateItem of the declared attributes, so that attributes that no field declares
    stay as they are.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
    """

    _only: tuple[DocumentPath, ...] | None = attrs.field(default=None, alias="only")

    def prepare(self, *, in_transaction: bool = False) -> PreparedWrite:
        binding, instance = self._binding, self._instance
        info = binding.info
        validate(info, instance)
        prepared = PreparedWrite("UpdateItem", {}, must_exist=self._only is not None)
        own: list[Condition] = [] if self._only is None else [self._key_exists(wanted=True)]
        if info.version is not None:
            read = read_version(info, instance)
            prepared.changes[info.version.name] = read + 1
            if not self._unchecked:
                own.append(self._version_check(read))
                prepared.expected_version = read
        now = None if self._keeps_timestamps else binding.connection.clock.now()
        if now is not None and info.updated_at is not None:
            prepared.changes[info.updated_at.name] = now
        if (
            now is not None
            and info.created_at is not None
            and self._only is None
            and is_never_stored(info, instance)
        ):
            prepared.changes[info.created_at.name] = now
        stored = with_changes(info, instance, prepared.changes) if prepared.changes else instance
        item = _encode_item(binding, self._key, stored)
        placeholders = Placeholders(binding.codec, info.model)
        prepared.request = {
            "TableName": binding.table_name,
            "Key": {name: item[name] for name in sorted(info.key_names)},
        }
        clauses = [
            clause
            for field in self._fields()
            if (clause := self._clause(field, item, stored, now)) is not None
        ]
        if clauses:
            update = render_update(clauses, placeholders, key_names=info.key_names)
            if update.only_removes and self._only is None:
                if (
                    in_transaction
                    and (stand_in := stand_in_of_save(binding, self._fields(), stored)) is not None
                ):
                    clauses = [
                        clause for clause in clauses if clause.location is not stand_in.location
                    ]
                    update = render_update(
                        (*clauses, stand_in), placeholders, key_names=info.key_names
                    )
                else:
                    own.append(self._key_exists(wanted=True))
                    prepared.lacks_what_creates = in_transaction
                    prepared.if_missing = (
                        None if in_transaction else self._creation(prepared.request)
                    )
            prepared.request["UpdateExpression"] = update.finished()
            prepared.written = update.written
        self._condition(prepared.request, own, placeholders)
        prepared.provable = info.updated_at is not None and not self._keeps_timestamps
        return prepared

    def _creation(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Creates an item with nothing but the key."""
        creation = dict(request)
        self._condition(creation, [self._key_exists(wanted=False)])
        return creation

    def _return_values(self) -> str | None:
        if (
            self._returning != "old"
            and self._binding.info.created_at is not None
            and self._only is None
        ):
            return "UPDATED_NEW"
        return super()._return_values()

    def _fields(self) -> Sequence[Field]:
        info = self._binding.info
        if self._only is None:
            return [
                field
                for field in info.structure.fields
                if field.attribute_name not in info.key_names
            ]
        chosen = {location.attribute_name for location in self._only}
        chosen.update(
            field.attribute_name for field in (info.version, info.updated_at) if field is not None
        )
        return [field for field in info.structure.fields if field.attribute_name in chosen]

    def _clause(
        self, field: Field, item: AttributeMap, stored: Any, now: datetime | None
    ) -> Clause[Any] | None:
        info = self._binding.info
        location, value = info.location(field), item.get(field.attribute_name)
        if field.role is not Role.CREATED_AT or now is None:
            return Remove(location) if value is None else SetValue(location, value)
        if value is None:
            return None  # it was read without: nobody knows when it was first written
        own = self._only is not None or (
            info.version is not None and getattr(stored, info.version.name) > 1
        )
        return SetIfAbsent(location, Value(getattr(stored, field.name) if own else now, location))


def only_locations(info_name: str, paths: Sequence[object]) -> tuple[DocumentPath, ...]:
    """The fields of `save(only=[...])`.

    Raises:
        UsageError: none, or a path that is no field of the item itself.
    """
    locations = tuple(location_of(path) for path in paths)
    if not locations:
        raise UsageError(
            f"save({info_name}, only=[]) writes nothing: name fields, or leave `only` out"
        )
    for location in locations:
        if not location.is_top_level or location.field is None:
            raise UsageError(
                f"save(only=[...]) takes fields of the item itself, not {location}; for a part of one use update()"
            )
        if location.field.role in (Role.PARTITION_KEY, Role.SORT_KEY):
            raise UsageError(f"{location} is part of the key, which DynamoDB never changes")
    return locations


@attrs.define(eq=False, repr=False)
class Delete(Write[ModelT, ResultT]):
    """`delete`.
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteItem.html"""

    @property
    def verb(self) -> str:
        return "delete"

    def prepare(self, *, in_transaction: bool = False) -> PreparedWrite:
        binding = self._binding
        info = binding.info
        prepared = PreparedWrite(
            "DeleteItem", {"TableName": binding.table_name, "Key": binding.encode_key(self._key)}
        )
        own: list[Condition] = []
        if self._conditions:
            own.append(self._key_exists(wanted=True))
            prepared.must_exist = True
        if self._instance is not None and info.version is not None and not self._unchecked:
            prepared.expected_version = read_version(info, self._instance)
            own.append(self._version_check(prepared.expected_version))
        self._condition(prepared.request, own)
        return prepared


def refuse_own_retry(key: Key[Any], retry: RetryPolicy | None) -> None:
    """What is part of a transaction is retried with it.

    Raises:
        UsageError: there is a policy.
    """
    if retry is not None:
        raise UsageError(
            f"{key}: a transaction is retried as a whole: take retry() away, and give db.transaction(retry=...)"
        )


def key_of_instance(binding: Binding, instance: object) -> Key[Any]:
    """The key of an instance of just this model.

    Raises:
        UsageError: it is an instance of something else.
    """
    binding.info.check_instance(instance)
    return key_of(binding.info, instance)
