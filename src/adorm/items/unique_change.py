"""What one write does with the unique values of its item: which guards it puts and deletes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs

from adorm.codec.absence import is_null
from adorm.dynamodb.values import AttributeMap, AttributeValue
from adorm.errors import UsageError
from adorm.expressions.comparisons import Comparison
from adorm.expressions.conditions import Condition
from adorm.expressions.document_path import DocumentPath
from adorm.expressions.operands import Value
from adorm.expressions.placeholders import Encoder
from adorm.expressions.updates import Remove, Set
from adorm.items.binding import Binding
from adorm.items.consistent_reads import consistent_request
from adorm.items.given import stored_as
from adorm.items.guard_change import GuardChange
from adorm.items.guards import Values, no_guard, present, same, unique_values
from adorm.items.keys import Key
from adorm.items.write import PreparedWrite, item_exists
from adorm.items.write_facts import UniqueSubject, WriteFacts
from adorm.schema.fields import Field
from adorm.schema.unique import UniqueConstraint


@attrs.frozen(eq=False)
class Before:
    """The unique values of an item before a write, as far as they are known."""

    values: Values | None
    """None where there is no item."""
    known: frozenset[str]
    """The names of the attributes that are known, those that are absent included."""


class UniqueChange:
    """What one write does with unique values.

    Raises:
        UsageError: the update changes a unique value in a way that needs the value before, or asks
            for attributes that a transaction does not give.
    """

    def __init__(self, write: UniqueSubject) -> None:
        self.write = write
        self.facts = write.facts()
        self.binding = binding = write.binding
        info = binding.info
        self.uniques = unique_values(info, binding.codec)
        losing = {
            part.field
            for side in (() if info.key is None else info.key.sides)
            for part in side.template.parts
            if part.loses
        }
        self._key_parts = {part.attribute_name for part in info.parts if part not in losing}
        self._written = _written(write.key, self.facts, self.uniques.fields)
        """The names of the unique attributes that the write may change; None for all."""
        self.touched = tuple(each for each in info.unique if self._touches(each))
        """The constraints that the write may concern."""
        self.fields = tuple(dict.fromkeys(f for each in self.touched for f in each.fields))
        self.names = frozenset(field.attribute_name for field in self.fields)
        self.given = present_or_absent(write.conditions, self.fields, binding.codec)
        """The values that the caller's conditions ask for, None for absent ones."""
        if self.touched and write.returns_attributes():
            raise UsageError(
                f"{write.key}: {info.name} has unique values, and a write that changes one is a "
                "transaction, which returns nothing: take returning() away and read the item after"
            )

    def _touches(self, constraint: UniqueConstraint) -> bool:
        names = {field.attribute_name for field in constraint.fields}
        if self._written is None or names & self._written:
            return True
        # an upsert may create an item whose unique values are all in its key
        return self.facts.upserts and names <= self._key_parts

    # ---- before and after

    def before(self) -> Before:
        """What is known of the item without reading it."""
        facts, known = self.facts, self._values_of_key()
        if facts.verb == "create":
            return Before(None, self.names)
        if facts.instance is not None:
            written = self._written
            fields = [f for f in self.fields if written is None or f.attribute_name in written]
            found = self.uniques.of_instance(facts.instance, fields)
            known.update({f.attribute_name: found.get(f.attribute_name) for f in fields})
        known.update(self.given)
        return Before(present(known), frozenset(known))

    def read(self, item: AttributeMap | None) -> Before:
        """What is known of the item after it was read."""
        if item is None:
            return Before(None, self.names)
        values = self.uniques.of_item(item)
        return Before({n: v for n, v in values.items() if n in self.names}, self.names)

    def _values_of_key(self) -> dict[str, AttributeValue | None]:
        codec, key = self.binding.codec, self.write.key
        return {
            part.attribute_name: codec.encode_field(part, value)
            for part, value in zip(self.binding.info.parts, key.values, strict=True)
            if part.attribute_name in self.names & self._key_parts
        }

    def missing(self, before: Before) -> list[Field]:
        """The fields that have to be known, and are not."""
        if not self._changes(before):
            return []
        return [field for field in self.fields if field.attribute_name not in before.known]

    def _changes(self, before: Before) -> bool:
        """Whether a unique value is changed, as far as that is known."""
        after = self._after(before.values)
        if before.values is None or after is None:
            return True
        names = self.names if self._written is None else self.names & self._written
        if not names <= before.known:
            return True
        return not same(_only(before.values, names), _only(after, names))

    def _after(self, before: Values | None) -> Values | None:
        """The values after the write; None where it deletes the item. An item that is written as
        deleted has none."""
        facts, codec = self.facts, self.binding.codec
        deleted_at = self.binding.info.deleted_at
        if facts.verb == "delete":
            return None
        if deleted_at is not None and getattr(facts.instance, deleted_at.name, None) is not None:
            return {}
        if facts.instance is not None:
            new = self.uniques.of_instance(facts.instance, self.fields)
            names = self.names if self._written is None else self.names & self._written
            return {**_only(before or {}, self.names - names), **_only(new, names)}
        values: dict[str, AttributeValue | None] = {**(before or {}), **self._values_of_key()}
        for clause in facts.changes:
            name, field = clause.path.attribute_name, clause.path.field
            if name in self.names:
                values[name] = None
                if isinstance(clause, Set) and field is not None:
                    values[name] = codec.encode_field(field, clause.value)
        return present(values)

    # ---- the plan

    def prepare(
        self, before: Before, *, in_transaction: bool = False, left_out: Iterable[str] = ()
    ) -> PreparedWrite:
        """The write with the conditions that make it safe, and in `guards` what changes beside it.

        Args:
            in_transaction: whether it is part of a transaction in any case.
            left_out: texts of guards that are not deleted, for they belong to other items.
        """
        change = self._guards(before, frozenset(left_out))
        conditions: list[Condition] = []
        if self.facts.verb != "create":
            conditions += no_guard(self.binding.info)
            if before.values is None:
                conditions.append(item_exists(self.binding, wanted=False))
        if before.values is not None:
            for field in self.fields:
                name = field.attribute_name
                if name in before.known and name not in (self._key_parts | self.given.keys()):
                    stored = before.values.get(name)
                    conditions.append(stored_as(self.binding.info, field, stored))
        write = self.write.with_conditions(tuple(conditions)) if conditions else self.write
        prepared = write.prepare(in_transaction=in_transaction or bool(change))
        if prepared.operation == "DeleteItem":
            prepared.must_exist = bool(self.write.conditions)
        prepared.guards = change
        return prepared

    def _guards(self, before: Before, left_out: frozenset[str]) -> GuardChange:
        after = self._after(before.values)
        old: dict[str, UniqueConstraint] = {}
        new: dict[str, UniqueConstraint] = {}
        if self._changes(before):
            old = self._texts(before.values)
            new = self._texts(after)
        return GuardChange(
            {text: constraint for text, constraint in new.items() if text not in old},
            frozenset(old.keys() - new.keys() - left_out),
            self.binding.encode_key(self.write.key),
            after or {},
        )

    def _texts(self, values: Values | None) -> dict[str, UniqueConstraint]:
        return {} if values is None else self.uniques.texts(values, self.touched)


def values_are(binding: Binding, item: AttributeMap) -> tuple[Condition, ...]:
    """The conditions that the unique values of an item are still those that were read."""
    uniques = unique_values(binding.info, binding.codec)
    values = uniques.of_item(item)
    return tuple(
        stored_as(binding.info, field, values.get(field.attribute_name))
        for field in uniques.fields
        if field.attribute_name not in binding.info.key_names
    )


def has_other_values(
    binding: Binding, item: AttributeMap, *, read: AttributeMap | None, instance: object
) -> bool:
    """Whether the unique values of an item differ from those that were known of it.

    Args:
        read: the item as it was read; None for the values of the instance.
    """
    uniques = unique_values(binding.info, binding.codec)
    known = uniques.of_instance(instance) if read is None else uniques.of_item(read)
    return not same(uniques.of_item(item), known)


def read_request(change: UniqueChange) -> dict[str, Any]:
    """The GetItem of an item's unique values."""
    binding = change.binding
    kind = binding.info.discriminator
    names = {*change.names, *binding.info.key_order}
    for field in (kind, binding.info.deleted_at):
        if field is not None:
            names.add(field.attribute_name)
    placeholders = {f"#n{number}": name for number, name in enumerate(sorted(names))}
    return {
        **consistent_request(binding, binding.encode_key(change.write.key)),
        "ProjectionExpression": ", ".join(placeholders),
        "ExpressionAttributeNames": placeholders,
    }


def prepare_with_guards(write: UniqueSubject) -> PreparedWrite:
    """A write of a model with unique values, as an action.

    Raises:
        UsageError: the values that the item has now have to be known, and are not given.
    """
    if write.facts().verb == "check":
        return write.prepare(in_transaction=True)
    change = UniqueChange(write)
    before = change.before()
    missing = change.missing(before)
    if missing:
        name = write.binding.info.name
        given = ", ".join(f"{name}.{field.name} == ..." for field in missing)
        raise UsageError(
            f"{write.key}: a transaction can't read before it writes, and the unique values that "
            f"the item has now decide about its guards: add .given({given})"
        )
    return change.prepare(before, in_transaction=True)


def _only(values: Values, names: Iterable[str]) -> Values:
    return {name: values[name] for name in names if name in values}


def _written(key: Key[Any], facts: WriteFacts, fields: Iterable[Field]) -> frozenset[str] | None:
    """The names of the unique attributes that a write may change; None for all."""
    names = {field.attribute_name for field in fields}
    if facts.only is not None:
        return frozenset(names & {path.attribute_name for path in facts.only})
    if facts.verb != "update":
        return None
    changed = [clause for clause in facts.changes if clause.path.attribute_name in names]
    for clause in changed:
        is_whole = clause.path.is_top_level and isinstance(clause, Set | Remove)
        if not is_whole:
            raise UsageError(
                f"{key}: {clause.path} is unique, so its new value must be known: "
                "change it by .set(...) to a whole value, or by .remove(...)"
            )
    return frozenset(clause.path.attribute_name for clause in changed)


def present_or_absent(
    conditions: Iterable[Condition], fields: Iterable[Field], encoder: Encoder
) -> dict[str, AttributeValue | None]:
    """The values of fields that conditions ask for by `==`; None for one stored as absence."""
    wanted, found = set(fields), dict[str, AttributeValue | None]()
    for condition in conditions:
        if not isinstance(condition, Comparison) or condition.comparator != "=":
            continue
        path, operand = condition.measured, condition.operand
        if not isinstance(path, DocumentPath) or not isinstance(operand, Value):
            continue
        if path.field in wanted and path.is_top_level:
            encoded = operand.encode(encoder)
            found[path.attribute_name] = None if encoded is None or is_null(encoded) else encoded
    return found
