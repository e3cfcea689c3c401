"""`update`: parts of one item are changed without reading it."""

from __future__ import annotations

from typing import Any, Generic, Literal, Self, TypeVar, cast, overload

import attrs

from adorm.codec.sizes import check_item_size
from adorm.dynamodb.values import AttributeMap
from adorm.errors import UsageError
from adorm.expressions.conditions import Condition
from adorm.expressions.document_path import DocumentPath
from adorm.expressions.operands import Value
from adorm.expressions.request import RequestExpressions
from adorm.expressions.updates import Clause, CountUp, Remove, SetIfAbsent, set_clauses
from adorm.items.key_encoding import check_index_keys
from adorm.items.kinds import check_clauses, write_conditions
from adorm.items.plan import Plan, plan_of, write_cost
from adorm.items.removals import check_readable, prepare_creation, stand_in_of_update
from adorm.items.send import as_transaction, send
from adorm.items.single_write import SingleWrite
from adorm.items.update_clauses import UpdateClauses
from adorm.items.write import PreparedWrite, add_condition, item_exists
from adorm.items.write_facts import WriteFacts

ModelT = TypeVar("ModelT")
ResultT = TypeVar("ResultT")

UpdateReturning = Literal["none", "new", "old", "updated_old", "updated_new"]

RETURN_VALUES = {
    "new": "ALL_NEW",
    "old": "ALL_OLD",
    "updated_new": "UPDATED_NEW",
    "updated_old": "UPDATED_OLD",
}


@attrs.define(eq=False, repr=False)
class Update(UpdateClauses, SingleWrite[ResultT], Generic[ModelT, ResultT]):
    """`await orders.update("c1", "o1").set(Order.status, "paid")`.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
    """

    _paths: tuple[DocumentPath, ...] = ()
    """The fields that are set, each to a plain value, and in `_values` the values."""
    _values: tuple[Any, ...] = ()
    _clauses: tuple[Clause[Any], ...] = ()
    """All other clauses."""
    _creates: bool = False
    _returning: UpdateReturning = "none"
    _exactly_once: bool = False
    _reads: bool = False
    """Whether parts of index keys are read that it does not know."""

    @property
    def _model(self) -> Any:
        return self._binding.info.model

    def _with_changes(
        self,
        paths: tuple[DocumentPath, ...],
        values: tuple[Any, ...],
        clauses: tuple[Clause[Any], ...] = (),
    ) -> Self:
        # a twentieth of the time of attrs.evolve, for what each clause of an update calls
        made = object.__new__(self.__class__)
        made._binding, made._key = self._binding, self._key
        made._conditions, made._retry = self._conditions, self._retry
        made._paths, made._values = self._paths + paths, self._values + values
        made._clauses, made._creates = self._clauses + clauses, self._creates
        made._returning, made._exactly_once = self._returning, self._exactly_once
        made._reads = self._reads
        return made

    def facts(self) -> WriteFacts:
        return WriteFacts(
            verb="update",
            changes=(*set_clauses(self._paths, self._values), *self._clauses),
            upserts=self._creates,
            is_exactly_once=self._exactly_once,
        )

    def _changed(self) -> set[str]:
        """The names of the attributes that the user's clauses change, or a part of them."""
        paths = (*self._paths, *[clause.path for clause in self._clauses])
        return {path.attribute_name for path in paths}

    def _with_conditions(self, added: tuple[Condition, ...]) -> Self:
        return attrs.evolve(self, conditions=self._conditions + added)

    def _with_upsert(self) -> Self:
        if self._reads:
            raise self._reading_upsert()
        if self._binding.info.is_abstract:
            raise UsageError(
                f"{self._key}: {self.model_name} is abstract, so that upsert() does not know what "
                "to create: update by the key of a subclass"
            )
        return attrs.evolve(self, creates=True)

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
    def returning(self, what: UpdateReturning, /) -> Update[ModelT, Any]:
        """Give nothing, the item as it is now or was before, or a dict by field name of what
        changed.

        Of an attribute that was changed inside (`Order.lines[0].sku`) that dict holds the plain
        parts that changed.

        With "old" and "updated_old" the request is not sent again after an attempt that may have
        been applied: the second answer would show what the first attempt wrote.

        Raises:
            UsageError: it is none of these five.
        """
        if what not in ("none", "new", "old", "updated_new", "updated_old"):  # unchecked callers
            raise UsageError(
                f'{self._key}: returning() takes "none", "new", "old", "updated_new" or '
                f'"updated_old", not {what!r}'
            )
        return cast("Update[ModelT, Any]", attrs.evolve(self, returning=what))

    def exactly_once(self) -> Self:
        """Send it as a transaction of one action, with an idempotency token: it is applied once
        even if an answer is lost.

        Costs twice the write units and returns nothing. DynamoDB keeps the token for ten minutes:
        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
        """
        return attrs.evolve(self, exactly_once=True)

    def reading(self) -> Self:
        """Read the parts of index keys that the update does not know, and write if they still
        stand.

        Costs a consistent read. Where a part has changed meanwhile, the update is sent again with
        what is stored then, at most 30 times, with waits between and under the deadline. An update
        that knows all parts reads nothing.

        Raises (when awaited):
            ItemNotFound: there is no such item.
            ConditionalCheckFailed: a condition of `.when(...)` did not hold, or others changed the
                parts 30 times.
        """
        if self._creates:
            raise self._reading_upsert()
        return attrs.evolve(self, reads=True)

    def _reading_upsert(self) -> UsageError:
        return UsageError(
            f"{self._key}: upsert() is for an item that need not be there, and reading() for one "
            "that is: use update_or_create()"
        )

    def request(self) -> dict[str, Any]:
        if self._reads:
            from adorm.items.reading import read_request

            read = read_request(self)
            if read is not None:
                return read
        if self._binding.info.unique:
            return super().request()
        request = self.prepare().request
        return as_transaction(request) if self._exactly_once else request

    def explain(self) -> Plan:
        if self._reads:
            from adorm.items.reading import plan_of_reading

            plan = plan_of_reading(self)
            if plan is not None:
                return plan
        if self._binding.info.unique:
            return super().explain()
        return plan_of(
            "TransactWriteItems" if self._exactly_once else "UpdateItem",
            self.prepare().request,
            write_cost(transactional=self._exactly_once),
            reason="the whole key is given",
        )

    def check_includable(self) -> None:
        super().check_includable()
        if self._exactly_once:
            raise UsageError(
                f"{self._key}: a transaction is applied once as a whole: take exactly_once() away"
            )

        if self._reads:
            raise UsageError(
                f"{self._key}: a transaction can't read before it writes: take reading() away, and "
                "give what is stored by .given(...)"
            )

    def returns_attributes(self) -> bool:
        return self._returning != "none"

    async def _run(self) -> ResultT:
        if self._reads:
            from adorm.items.reading import send_reading

            read: ResultT = await send_reading(self, self._retry)
            return read
        result: ResultT = await self.send()
        return result

    async def send(self, prepared: PreparedWrite | None = None) -> Any:
        """Send it, as it was prepared before.

        Values that are unique make it a transaction, or several requests.
        """
        if self._binding.info.unique:
            from adorm.items.unique_writes import write_unique

            return await write_unique(self)
        prepared = self.prepare() if prepared is None else prepared
        return await send(prepared, self._retry, exactly_once=self._exactly_once)

    def prepare(self, *, in_transaction: bool = False) -> PreparedWrite:
        binding, clauses = self._binding, self._clauses
        info = binding.info
        if not clauses and not self._paths:
            raise UsageError(
                f"{self._key}: an update without clauses changes nothing: "
                "add .set(...), .add(...), .remove(...) or another clause"
            )
        if self._exactly_once:
            in_transaction = True
            if self._returning != "none":
                raise UsageError(
                    f"{self._key}: exactly_once() is a transaction, which returns nothing: "
                    "take returning() away and read the item after"
                )
        discriminator = info.discriminator
        may_be_guarded = info.guarded_names or info.is_abstract
        changed = self._changed() if may_be_guarded or discriminator is not None else set[str]()
        guarded = bool(may_be_guarded) and self._changes_guarded(changed)
        if guarded:
            from adorm.items.update_rules import check_update

            check_update(self._key, self._paths, clauses)
        if self._creates or (clauses and Remove in map(type, clauses)):
            check_readable(binding, self._key, self._paths, clauses, creates=self._creates)
        if discriminator is not None and discriminator.attribute_name in changed:
            each = (*set_clauses(self._paths, self._values), *clauses)
            check_clauses(info, discriminator, binding.codec, each)
        key = binding.encode_key(self._key)
        request: dict[str, Any] = {"TableName": binding.table_name, "Key": key}
        prepared = PreparedWrite("UpdateItem", binding, self._key, request)
        prepared.clauses, prepared.conditions = clauses, self._conditions
        prepared.must_exist = not self._creates
        if self._returning != "none":
            request["ReturnValues"] = RETURN_VALUES[self._returning]
            prepared.on_applied = self._result
        if self._returning in ("old", "updated_old"):
            prepared.repeat = "never"
        self._render(prepared, guarded=guarded, in_transaction=in_transaction)
        return prepared

    def _changes_guarded(self, changed: set[str]) -> bool:
        """Whether the update changes, or may create, what needs a closer look: parts of keys and
        immutable fields."""
        info = self._binding.info
        names, own = info.guarded_names, info.updated_at
        return (
            self._creates
            or info.is_abstract
            or not names.isdisjoint(changed)
            or (own is not None and own.attribute_name in names)
        )

    def _render(self, prepared: PreparedWrite, *, guarded: bool, in_transaction: bool) -> None:
        """Put the expressions into the request."""
        binding, creates = self._binding, self._creates
        info = binding.info
        expressions = RequestExpressions(binding.codec, info.model)
        paths, values, clauses = self._own_changes()
        expressions.update(
            self._clauses + clauses,
            paths=self._paths + paths,
            values=self._values + values,
            key_names=info.key_names,
        )
        if guarded:
            from adorm.items.update_rules import index_key_clauses

            changed = {*self._changed(), *[path.attribute_name for path in paths]}
            kept = index_key_clauses(
                self._key,
                binding.codec,
                changed,
                expressions.written,
                self._conditions,
                creates=creates,
                in_transaction=in_transaction,
            )
            expressions.update(kept, key_names=info.key_names)
        if creates and expressions.only_removes:
            stand_in = self._stand_in() if in_transaction else None
            if stand_in is None:
                creates = False
                prepare_creation(prepared, self._conditions, in_transaction=in_transaction)
            else:
                expressions.update((stand_in,), key_names=info.key_names)
        if not expressions.is_idempotent:
            prepared.repeat = "never"
        prepared.written = expressions.written
        is_stamped = info.updated_at is not None and info.path_of(info.updated_at) in paths
        prepared.provable = is_stamped and self._returning in ("none", "new")
        conditions = self._conditions
        if not creates:
            conditions = (item_exists(binding), *conditions)
        if info.discriminator is not None:
            conditions = (*write_conditions(info, info.discriminator), *conditions)
        if info.deleted_at is not None:
            from adorm.items.soft_delete import is_live

            conditions = (is_live(info, info.deleted_at), *conditions)
        add_condition(prepared.request, conditions, expressions)
        check_item_size(self._key, prepared.request.get("ExpressionAttributeValues", {}))
        if info.indexes:
            check_index_keys(info, {**expressions.written, **expressions.if_absent})

    def _stand_in(self) -> Clause[Any] | None:
        """What a transaction sets where the update only removes."""
        return stand_in_of_update(self._binding, self._changed())

    def _own_changes(
        self,
    ) -> tuple[tuple[DocumentPath, ...], tuple[Any, ...], tuple[Clause[Any], ...]]:
        """What an update does with version, timestamps and discriminator: fields that are set,
        their values, and other clauses."""
        info = self._binding.info
        version, updated_at = info.version, info.updated_at
        created_at = info.created_at if self._creates else None
        kind = info.discriminator if self._creates else None
        if version is None and updated_at is None and created_at is None and kind is None:
            return (), (), ()
        changed = self._changed()
        now = self._binding.connection.clock.now()
        fields, clauses = dict[DocumentPath, Any](), list[Clause[Any]]()
        if version is not None and version.attribute_name not in changed:
            clauses.append(CountUp(info.path_of(version)))
        if updated_at is not None and updated_at.attribute_name not in changed:
            fields[info.path_of(updated_at)] = now
        if created_at is not None and created_at.attribute_name not in changed:
            path = info.path_of(created_at)
            clauses.append(SetIfAbsent(path, Value(now, path)))
        if kind is not None and kind.attribute_name not in changed:
            fields[info.path_of(kind)] = kind.default
        return tuple(fields), tuple(fields.values()), tuple(clauses)

    def _result(self, attributes: AttributeMap | None) -> Any:
        """What `returning(...)` asks for, of the attributes in the answer."""
        binding = self._binding
        if self._returning in ("new", "old"):
            return None if attributes is None else binding.decode(attributes)
        by_name = {field.attribute_name: field for field in binding.info.structure.fields}
        # Of an attribute that was changed inside, DynamoDB sends those parts only, which need not
        # make a whole value.
        paths = [clause.path for clause in self._clauses]
        partly = {path.attribute_name for path in paths if not path.is_top_level}
        changed: dict[str, Any] = {}
        for name, value in (attributes or {}).items():
            field = by_name.get(name)
            changed[name if field is None else field.name] = binding.decode_part(
                None if name in partly else field, (name,), value
            )
        return changed
