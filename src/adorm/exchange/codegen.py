"""`models_from_table`: the source text of models for a living table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs

from adorm.checks import count
from adorm.codec.coders.times import MAX_EPOCH_SECONDS
from adorm.dynamodb.table_names import plain_name
from adorm.dynamodb.values import AttributeMap
from adorm.errors import UsageError
from adorm.exchange.inference import ModuleNames, Values, field_source, values_by_attribute
from adorm.exchange.names import NO_FIELD_NAMES, Names, field_name
from adorm.exchange.proving import changed_attributes
from adorm.exchange.python_text import text
from adorm.exchange.sampling import TableSample, sample_table
from adorm.exchange.source import ClassSource, FieldSource, IndexSource, module_source
from adorm.items.binding import Connection
from adorm.tables.descriptions import IndexDescription

MAX_ENTITIES = 100
"""An attribute with more values than that tells no entities apart."""

_KEY_ANNOTATIONS = {"S": {"str"}, "N": {"int", "Decimal"}, "B": {"bytes"}}
"""What a key attribute of each type is annotated as."""


async def models_from_table(
    db: Connection, table: str, /, *, sample: int = 1000, entity_attribute: str | None = None
) -> str:
    """The source text of a model for a living table, to be reviewed and kept.

    It is formatted, and clean under `mypy --strict`. The table is described, its time to live too,
    and items are read from eight parts of it, one page after another, which consumes read capacity.
    The models are proved with them: every item that was read comes back exactly as it is stored, or
    a comment says which attribute does not.

    Args:
        db: a database, as `adorm.connect` makes it.
        table: the table's name, exactly, or its ARN.
        sample: how many items to read at most.
        entity_attribute: the attribute that tells entities apart, in a table with several; each
            becomes a model.

    Raises:
        UsageError: the table's name or an argument is wrong, or the attribute tells no entities
            apart.
        ResourceNotFound: there is no such table.
        ServiceError: DynamoDB refused a request. It needs the permissions DescribeTable,
            DescribeTimeToLive and Scan.
    """
    count("models_from_table(..., sample=...)", sample, least=0)
    found = await sample_table(db, table, sample)
    return table_source(found, entity_attribute)


@attrs.frozen
class _Group:
    """The items of one model."""

    class_name: str
    entity: str | None
    """The text of the entity attribute."""
    items: Sequence[AttributeMap]


def table_source(sample: TableSample, entity_attribute: str | None) -> str:
    """The source text of the models of a table.

    It is made again, with `Any` for each attribute that does not come back as it is stored. Where
    that does not help either, the attribute keeps its type, and a comment says so.

    Raises:
        UsageError: the attribute tells no entities apart.
    """
    widened: set[tuple[str, str]] = set()
    lossy: set[tuple[str, str]] = set()
    changed: Mapping[tuple[str, str], int] = {}
    while True:
        module = ModuleNames()
        groups = list(_groups(sample, entity_attribute, module))
        classes: list[ClassSource] = []
        for group in groups:
            any_attributes = {name for owner, name in widened if owner == group.class_name}
            model = _ModelSource(sample, group, entity_attribute, any_attributes, module).make()
            classes += [*module.take_nested(), model]
        source = module_source(classes, head=_head(sample, groups, changed))
        found = changed_attributes(source, {group.class_name: group.items for group in groups})
        if found.keys() <= lossy and found == changed:
            return source
        lossy |= found.keys() & widened
        widened = (widened | found.keys()) - lossy
        changed = found


def _groups(
    sample: TableSample, entity_attribute: str | None, module: ModuleNames
) -> Iterator[_Group]:
    table = plain_name(sample.description.name)
    if entity_attribute is None:
        yield _Group(module.take(table), None, sample.items)
        return
    if entity_attribute in {attribute.name for attribute in sample.description.key}:
        raise UsageError(
            f"entity_attribute={entity_attribute!r} is part of the key of {table}: the attribute "
            "that tells entities apart is one of its own"
        )
    by_entity: dict[str | None, list[AttributeMap]] = {}
    for item in sample.items:
        by_entity.setdefault(item.get(entity_attribute, {}).get("S"), []).append(item)
    entities = sorted(entity for entity in by_entity if entity is not None)
    if not entities:
        raise UsageError(
            f"entity_attribute={entity_attribute!r}: none of the {len(sample.items)} items read of "
            f"{table} has a text there"
        )
    if len(entities) > MAX_ENTITIES:
        raise UsageError(
            f"entity_attribute={entity_attribute!r} has {len(entities)} different values in "
            f"{len(sample.items)} items of {table}, so it tells no entities apart"
        )
    for entity in entities:
        yield _Group(module.take(entity, module.take(table)), entity, by_entity[entity])
    if None in by_entity:
        yield _Group(module.take(f"other-{table}"), None, by_entity[None])


def _head(
    sample: TableSample, groups: Sequence[_Group], changed: Mapping[tuple[str, str], int]
) -> list[str]:
    description, seen = sample.description, len(sample.items)
    amount = f"all {seen:,}" if sample.is_whole else f"{seen:,}"
    about = "" if sample.is_whole else f" of about {description.item_count:,}"
    head = [
        f"Made by adorm of the table {text(description.name)}: {amount} items{about} were read"
        + (f", of {len(groups)} entities." if len(groups) > 1 else "."),
    ]
    if not changed:
        head.append(
            "Each of them comes back from its model exactly as it is stored. Of attributes and "
            "types that they do not have, the models know nothing."
        )
    head += [
        f"{owner}: {text(attribute)} of {items} items does not come back as it is stored."
        for (owner, attribute), items in changed.items()
    ]
    head.append(
        "A nested model loses the attributes that it does not declare when its item is saved."
    )
    return head


class _ModelSource:
    """Makes the source of one model."""

    def __init__(
        self,
        sample: TableSample,
        group: _Group,
        entity_attribute: str | None,
        any_attributes: set[str],
        module: ModuleNames,
    ) -> None:
        self._sample = sample
        self._group = group
        self._entity_attribute = None if group.entity is None else entity_attribute
        self._is_rest = entity_attribute is not None and group.entity is None
        self._any_attributes = any_attributes
        self._module = module
        self._key = {each.name: each for each in sample.description.key}
        self._indexes = sample.description.indexes.values()
        self._index_tags = {each.name: each.type for index in self._indexes for each in index.key}
        self._names = Names(NO_FIELD_NAMES)
        self._fields: dict[str, FieldSource] = {}
        """By attribute name."""

    def make(self) -> ClassSource:
        """The class, after its nested models were given to the module."""
        values = values_by_attribute(self._group.items)
        for attribute in self._key:
            self._fields[attribute] = self._key_field(attribute, values.get(attribute, Values(())))
        for attribute in self._attributes(values):
            found = values.get(attribute, Values((), self._declared(attribute)))
            self._fields[attribute] = self._field(attribute, found)
        comments: list[str] = []
        if self._is_rest:
            comments.append(
                "Items that have no text in the attribute that tells entities apart. A query of "
                "another model reads such an item as its own."
            )
        indexes: list[IndexSource] = []
        for index in self._indexes:
            unfit = self._unfit(index)
            if unfit is None:
                indexes.append(self._index(index))
            else:
                comments.append(
                    f"Index {index.name} is left out: {text(unfit)} holds other types than that "
                    "of its key, and such items are not in the index."
                )
        return ClassSource(
            name=self._group.class_name,
            fields=list(self._fields.values()),
            table=self._sample.description.name,
            indexes=indexes,
            comments=comments,
        )

    def _attributes(self, values: Mapping[str, Values]) -> list[str]:
        """All but the key's: those seen, those of keys of indexes, those that an index holds."""
        projected = [
            name
            for index in self._indexes
            if not isinstance(index.projection, str)
            for name in index.projection
        ]
        ttl = [] if self._sample.ttl is None else [self._sample.ttl]
        return sorted({*values, *self._index_tags, *projected, *ttl} - self._key.keys())

    def _declared(self, attribute: str) -> tuple[str, ...]:
        if attribute == self._sample.ttl:
            return ("N",)
        tag = self._index_tags.get(attribute)
        return () if tag is None else (tag,)

    def _key_field(self, attribute: str, values: Values) -> FieldSource:
        key = self._key[attribute]
        numbers = Values(({"N": each} for each in values.contents.get("N", ())), (key.type,))
        return FieldSource(
            name=self._names.take(field_name(attribute)),
            attribute_name=attribute,
            annotation=numbers.annotation("", attribute, self._module, is_plain=True),
            marker="partition_key" if key.key_type == "HASH" else "sort_key",
        )

    def _field(self, attribute: str, values: Values) -> FieldSource:
        name = self._names.take(field_name(attribute))
        if attribute == self._entity_attribute:
            return FieldSource(
                name=name,
                attribute_name=attribute,
                annotation="str",
                marker="discriminator",
                arguments=[("", text(str(self._group.entity)))],
            )
        is_any = attribute in self._any_attributes
        if attribute == self._sample.ttl and not is_any and _are_epoch_seconds(values):
            in_index = attribute in self._index_tags
            return FieldSource(
                name=name,
                attribute_name=attribute,
                annotation="int | None" if in_index else "datetime | None",
                marker="ttl",
            )
        return field_source(
            attribute,
            values,
            len(self._group.items),
            name,
            self._group.class_name,
            self._module,
            is_plain=attribute in self._index_tags,
            is_any=is_any,
        )

    def _unfit(self, index: IndexDescription) -> str | None:
        """An attribute of its key that the model can't have as one; None where there is none."""
        for key in index.key:
            members = set(self._fields[key.name].annotation.split(" | ")) - {"None"}
            if not members <= _KEY_ANNOTATIONS[key.type]:
                is_ttl = self._fields[key.name].marker == "ttl"
                if not is_ttl:
                    return key.name
        return None

    def _index(self, index: IndexDescription) -> IndexSource:
        def names(key_type: str) -> list[str]:
            return [self._fields[each.name].name for each in index.key if each.key_type == key_type]

        projection = index.projection
        return IndexSource(
            name=index.name,
            partition=names("HASH") if index.is_global else [],
            sort=names("RANGE"),
            projection=projection
            if isinstance(projection, str)
            else [self._fields[attribute].name for attribute in projection],
        )


def _are_epoch_seconds(values: Values) -> bool:
    """Whether all are whole seconds from 1970 to the year 9999."""
    numbers = values.contents.get("N", ())
    is_number = set(values.contents) <= {"N"} and not values.nulls
    return is_number and all(each.isdigit() and int(each) <= MAX_EPOCH_SECONDS for each in numbers)
