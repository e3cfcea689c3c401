"""`save`: the declared attributes are written, all or some; others of the item stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, TypeVar

import attrs

from adorm.dynamodb.values import AttributeMap
from adorm.errors import ItemDecodeError, UsageError
from adorm.expressions.conditions import Condition
from adorm.expressions.document_path import DocumentPath
from adorm.expressions.operands import Value
from adorm.expressions.paths import document_path_of
from adorm.expressions.request import RequestExpressions
from adorm.expressions.updates import Clause, Remove, SetIfAbsent, SetValue
from adorm.items.instances import copy_with, is_never_stored, read_version, store_values, validate
from adorm.items.removals import prepare_creation, stand_in_of_save
from adorm.items.single_write import Write, encode_item
from adorm.items.write import PreparedWrite, item_exists
from adorm.items.write_facts import Change, WriteFacts
from adorm.schema.fields import Field, Role

ModelT = TypeVar("ModelT")
ResultT = TypeVar("ResultT")


@attrs.define(eq=False, repr=False)
class Save(Write[ModelT, ResultT]):
    """`save`: an UpdateItem of the declared attributes, or with `only` of some of them.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
    """

    _only: tuple[DocumentPath, ...] | None = attrs.field(default=None, alias="only")

    change: ClassVar[Change | None] = "save"

    def facts(self) -> WriteFacts:
        return WriteFacts(verb="save", instance=self._instance, only=self._only)

    def prepare(self, *, in_transaction: bool = False) -> PreparedWrite:
        binding, instance = self._binding, self._instance
        info = binding.info
        validate(info, instance)
        if info.deleted_at is not None:
            from adorm.items.soft_delete import check_saved

            check_saved(info, info.deleted_at, instance)
        prepared = PreparedWrite("UpdateItem", binding, self._key, {})
        own: list[Condition] = []
        if self._only is not None:
            prepared.must_exist = True
            own.append(item_exists(binding))
        new_values: dict[str, Any] = {}
        if info.version is not None:
            version = read_version(info, instance)
            new_values[info.version.name] = version + 1
            if not self._unchecked:
                own.append(self._version_is(version, info.version))
                prepared.expected_version = version
        now = None if self._keeps_timestamps else binding.connection.clock.now()
        if now is not None:
            if info.updated_at is not None:
                new_values[info.updated_at.name] = now
                prepared.provable = True
            created_at = info.created_at if self._only is None else None
            if created_at is not None and is_never_stored(info, instance):
                new_values[created_at.name] = now
        stored = copy_with(info, instance, new_values) if new_values else instance
        item = encode_item(binding, self._key, stored)
        prepared.request = {
            "TableName": binding.table_name,
            "Key": {name: item[name] for name in sorted(info.key_names)},
        }
        if info.created_at is not None and self._only is None and not in_transaction:
            prepared.request["ReturnValues"] = "UPDATED_NEW"  # only the answer knows it
        expressions = RequestExpressions(binding.codec, info.model)
        clauses = self._clauses(item, stored, now)
        if info.guarded_names or info.type_field is not None:
            from adorm.items.save_rules import add_kept

            written = self._fields()
            is_partial = self._only is not None
            add_kept(self._key, binding.codec, item, written, clauses, own, is_partial=is_partial)
            prepared.immutable = info.immutable
        if clauses:
            own += self._render(prepared, clauses, stored, expressions, in_transaction)
        elif in_transaction:
            raise UsageError(
                f"{self._key} is nothing but its key, and DynamoDB takes no save of that in a "
                "transaction: use create() or put()"
            )
        self._complete(prepared, own, new_values, expressions)
        return prepared

    def _render(
        self,
        prepared: PreparedWrite,
        clauses: list[Clause[Any]],
        stored: Any,
        expressions: RequestExpressions,
        in_transaction: bool,
    ) -> list[Condition]:
        """Put the UpdateExpression into the request; gives the condition that it needs, if any."""
        binding, needed = self._binding, list[Condition]()
        if self._only is None and all(isinstance(clause, Remove) for clause in clauses):
            stand_in = stand_in_of_save(binding, self._fields(), stored) if in_transaction else None
            if stand_in is None:
                prepare_creation(prepared, self._conditions, in_transaction=in_transaction)
                needed.append(item_exists(binding))
            else:
                others = [each for each in clauses if each.path is not stand_in.path]
                clauses = [*others, stand_in]
        expressions.update(clauses, key_names=binding.info.key_names)
        prepared.written = expressions.written
        return needed

    def _finish(self, new_values: dict[str, Any], attributes: AttributeMap | None) -> Any:
        problem = self._read_created_at(new_values, attributes)
        if problem is not None:
            store_values(self._binding.info, self._instance, new_values)
            raise problem
        return super()._finish(new_values, attributes)

    def _read_created_at(
        self, new_values: dict[str, Any], attributes: AttributeMap | None
    ) -> Exception | None:
        """Add the stored `created_at` to the new values; gives the error where it can't be read.

        A save leaves a stored `created_at` as it is, so only DynamoDB's answer knows it.
        """
        field = self._binding.info.created_at
        if field is None or not attributes:
            return None
        try:
            stored = attributes.get(field.attribute_name)
            if stored is not None:
                new_values[field.name] = self._binding.decode_part(
                    field, (field.attribute_name,), stored
                )
        # an answer of a wrong shape: the instance must get its version all the same
        except Exception as problem:  # noqa: BLE001
            if isinstance(problem, ItemDecodeError):
                problem.add_note(
                    f"{self._key} was saved: the value that can't be read was stored before, "
                    "and save() leaves it as it is"
                )
            return problem
        return None

    def _fields(self) -> Sequence[Field]:
        """The fields that are written."""
        info = self._binding.info
        if self._only is None:
            kept = info.key_names
            if info.deleted_at is not None:
                kept |= {info.deleted_at.attribute_name}
            return [field for field in info.structure.fields if field.attribute_name not in kept]
        names = {path.attribute_name for path in self._only}
        own = (info.version, info.updated_at)
        names.update(field.attribute_name for field in own if field is not None)
        return [field for field in info.structure.fields if field.attribute_name in names]

    def _clauses(self, item: AttributeMap, stored: Any, now: datetime | None) -> list[Clause[Any]]:
        """A clause for each field: it sets the field, or removes what is stored as absence."""
        info, clauses = self._binding.info, list[Clause[Any]]()
        for field in self._fields():
            path, value = info.path_of(field), item.get(field.attribute_name)
            if (
                field.role is Role.CREATED_AT
                and now is not None
                # a key is made of the instance's value, so that this is the one to store
                and not any(field in key.fields for key in info.index_keys)
            ):
                if value is not None:  # None was read: the time of the first write is not known
                    first = Value(self._first_written(field, stored, now), path)
                    clauses.append(SetIfAbsent(path, first))
            else:
                clauses.append(Remove(path) if value is None else SetValue(path, value))
        return clauses

    def _first_written(self, created_at: Field, stored: Any, now: datetime) -> Any:
        """The value of `created_at` where the item has none: the instance's own where it was stored
        before, else the time of this save."""
        version = self._binding.info.version
        was_stored = self._only is not None or (
            version is not None and getattr(stored, version.name) > 1
        )
        return getattr(stored, created_at.name) if was_stored else now


def only_paths(model: Any, fields: Sequence[object]) -> tuple[DocumentPath, ...]:
    """The fields of `save(only=[...])`."""
    paths = tuple(document_path_of(field, model) for field in fields)
    if not paths:
        raise UsageError(
            f"save({model.__name__}, only=[]) writes nothing: name fields, or leave `only` out"
        )
    for path in paths:
        if not path.is_top_level or path.field is None:
            raise UsageError(
                f"save(only=[...]) takes fields of the item itself, not {path}; "
                "for a part of one use update()"
            )
        if path.field.role in (Role.PARTITION_KEY, Role.SORT_KEY):
            raise UsageError(f"{path} is part of the key, which DynamoDB never changes")
        if path.field.role is Role.DELETED_AT:
            raise UsageError(f"{path} is set by delete() and removed by restore(), not by a save")
    return paths
