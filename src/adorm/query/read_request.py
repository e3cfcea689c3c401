"""What a query or scan sends: its parameters, and all that reading its answers takes.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar

import attrs

from adorm.codec.codec import Codec
from adorm.errors import UsageError
from adorm.expressions.comparisons import Comparison
from adorm.expressions.conditions import Condition, Or, and_
from adorm.expressions.document_path import root_path
from adorm.expressions.functions import Exists
from adorm.expressions.operands import Value
from adorm.expressions.request import RequestExpressions
from adorm.items.binding import Binding
from adorm.items.kinds import kind_is, own_items, own_key, own_kind
from adorm.items.select import projections
from adorm.models import ModelInfo
from adorm.query.access import Access, Partition, Target
from adorm.query.cursors import encode_cursor, query_digest
from adorm.query.decoder import ItemDecoder
from adorm.query.key_conditions import check_key_values, is_equality
from adorm.schema.fields import Field
from adorm.schema.types import split_optional, unwrap

if TYPE_CHECKING:
    from adorm.query.partition_reads import PartitionReads

ItemT = TypeVar("ItemT")


@attrs.frozen(eq=False)
class KindFilter:
    """What leaves out items of other kinds: a key condition, a filter, or a look at each item that
    was read. All are empty where the model has no discriminator."""

    key: tuple[Condition, ...] = ()
    filter: tuple[Condition, ...] = ()
    after_reading: bool = False


def kind_filter(
    info: ModelInfo, codec: Codec, target: Target, key: Sequence[Condition], *, is_scan: bool
) -> KindFilter:
    """What leaves out items of other kinds in a query with this key condition, or in a scan.

    Raises:
        UsageError: the key condition asks for items of another kind.
    """
    discriminator = info.discriminator
    if info.single_table is not None:
        return _table_filter(info, target, is_scan=is_scan)
    if discriminator is None:
        return KindFilter(filter=_no_guards(info, target)) if info.unique else KindFilter()
    name = discriminator.attribute_name
    if target.missing([name]):
        return KindFilter(after_reading=True)
    if is_scan or name not in target.key_names:
        return KindFilter(filter=(own_kind(info, discriminator),))
    on_kind = [
        condition
        for condition in key
        if any(path.attribute_name == name for path in condition.paths())
    ]
    for condition in on_kind:
        _check_kind_condition(info, discriminator, codec, condition)
    if on_kind:
        return KindFilter()
    # DynamoDB takes no filter on a key: the kind has to be the next part of the key condition.
    used = len(key) - len(target.partition)
    is_next = used < len(target.sort) and target.sort[used].attribute_name == name
    if is_next and all(is_equality(condition) for condition in key):
        return KindFilter(key=(kind_is(info, discriminator),))
    return KindFilter(after_reading=True)


def _table_filter(info: ModelInfo, target: Target, *, is_scan: bool) -> KindFilter:
    """The same for a model of a `SingleTable`.

    What the filter lets through, and what an index without the type attribute holds, is told apart
    by its key once it is read.
    """
    keys = frozenset[str]() if is_scan else target.key_names
    discriminator = info.discriminator
    if discriminator is None:
        own = own_key(info, except_for=keys)
        # a guard may have any key, also one that an item of this model could have
        is_told = info.key is not None and len(own_key(info)) == len(info.key.sides)
        return KindFilter(filter=own if is_told else (*own, *_no_guards(info, target)))
    if target.missing([discriminator.attribute_name]):
        return KindFilter(filter=own_key(info, except_for=keys))
    return KindFilter(filter=own_items(info, except_for=keys))


def _no_guards(info: ModelInfo, target: Target) -> tuple[Condition, ...]:
    """The filter that leaves out guards of unique values. An index holds them only where it is made
    of the table's key attributes."""
    from adorm.items.guards import no_guard

    return no_guard(info) if target.key_names <= info.key_names else ()


def _check_kind_condition(
    info: ModelInfo, discriminator: Field, codec: Codec, condition: Condition
) -> None:
    """Refuse a key condition that asks for anything but the model's own kind.

    Raises:
        UsageError: it does.
    """
    if isinstance(condition, Comparison) and condition.comparator == "=":
        own = codec.encode_field(discriminator, discriminator.default)
        operand = condition.operand
        if isinstance(operand, Value) and operand.encode(codec) == own:
            return
    raise UsageError(
        f'{info.name}.{discriminator.name} is "{discriminator.default}" in each {info.name}: '
        "ask for just that by ==, "
        "and for items of another kind by the table of their own model"
    )


ReadOperation: TypeAlias = Literal["Query", "Scan"]


@attrs.frozen(eq=False, kw_only=True)
class ReadRequest(Generic[ItemT]):
    """A query or scan, ready to be sent page by page."""

    operation: ReadOperation
    parameters: dict[str, Any]
    """Of each request; a page's own start key and limit come on top."""
    page_size: int | None
    """How many items DynamoDB reads for one page, before the filter; None for up to 1 MB."""
    key_names: frozenset[str]
    """The key attributes of the table and of the index that is read: those of a start key."""
    digest: bytes
    """Of what is read and in which order; cursors are bound to it."""
    reason: str
    """Why this table or index, for `explain()`."""
    decoder: ItemDecoder[ItemT]
    drops_other_kinds: bool
    """No condition leaves out items of other models: they are read, and then left out."""
    filters_kinds_only: bool
    """The filter leaves out items of other models, and deleted ones, and nothing else."""
    partitions: PartitionReads[ReadRequest[ItemT]] | None = None
    """The partitions, where several are read. `parameters` are those of the first one then."""

    @property
    def binding(self) -> Binding:
        return self.decoder.binding

    def cursor(self, after: object) -> str:
        """The cursor of `Page` that goes on after the item with this key; of a query over shards,
        after one key for each."""
        if self.partitions is not None:
            secret = self.binding.connection.cursor_secret
            return self.partitions.cursor(after, self.digest, secret)
        return encode_cursor(after, self.digest, self.binding.connection.cursor_secret)


def attributes_to_read(decoder: ItemDecoder[Any], *, counting: bool) -> frozenset[str]:
    """The names of the attributes that the table or index must hold, beside those of the filter."""
    info = decoder.binding.info
    if decoder.selected is not None:
        names = frozenset(path.attribute_name for path in decoder.selected) - told_by_key(info)
    elif counting or decoder.hydrates:
        names = info.key_names
    else:
        models = info.item_models.models if info.is_abstract else (info,)
        fields = [field for each in models for field in each.structure.fields]
        names = frozenset(field.attribute_name for field in fields) - told_by_key(info)
    if info.discriminator is not None and info.single_table is None:
        names |= {info.discriminator.attribute_name}
    return names


def told_by_key(info: ModelInfo) -> frozenset[str]:
    """Attributes that the text of the table's key tells, which every index holds."""
    if info.key is None:
        return frozenset()
    parts = [part for side in info.key.sides for part in side.template.parts]
    return frozenset(part.field.attribute_name for part in parts if not part.loses)


def read_request(
    operation: ReadOperation,
    access: Access,
    decoder: ItemDecoder[ItemT],
    *,
    page_size: int | None,
    descending: bool,
    counting: bool,
    kinds: KindFilter | None = None,
) -> ReadRequest[ItemT]:
    """The request for what `access` says.

    Args:
        kinds: what leaves out items of other models; by default as the model says. Then deleted
            items are left out too; else `access` says so.

    Raises:
        UsageError: DynamoDB refuses it: a consistent read of a global index, a value that no key
            can have, an expression above 4 KB, or a path of another model; or it can't count the
            items of one kind here.
    """
    if access.partitions:
        return _partitioned(
            operation,
            access,
            decoder,
            page_size=page_size,
            descending=descending,
            counting=counting,
        )
    binding, info = decoder.binding, decoder.binding.info
    target = access.target
    deletions: tuple[Condition, ...] = ()
    if kinds is None:
        deletions = _deletions(decoder, target, counting=counting)
        kinds = kind_filter(info, binding.codec, target, access.key, is_scan=operation == "Scan")
    if counting and kinds.after_reading:  # DynamoDB sends no items that adorm could look at
        raise UsageError(
            f"{target} of {info.name} can't count items of one kind: DynamoDB filters neither by a "
            "key nor by what an index does not hold; count in the table, or let the index hold the "
            "discriminator beside its keys"
        )
    key = (*access.key, *kinds.key)
    filter_ = (*access.filter, *kinds.filter, *deletions)
    if decoder.consistent and target.is_global:
        raise UsageError(
            f"{target} of {info.name} is global, and DynamoDB reads those eventually consistent "
            "only: take consistent() away"
        )
    parameters: dict[str, Any] = {"TableName": binding.table_name}
    if target.index is not None:
        parameters["IndexName"] = target.index.name
    if descending:
        parameters["ScanIndexForward"] = False
    if decoder.consistent:
        parameters["ConsistentRead"] = True
    expressions = RequestExpressions(binding.codec, binding.request_model)
    if key:
        expressions.key_condition(and_(*key))
        check_key_values(info, key, expressions.values)
    key_values = expressions.values.copy()
    if filter_:
        expressions.filter(and_(*filter_))
    key_names = info.key_names | target.key_names
    if counting:
        parameters["Select"] = "COUNT"
    elif decoder.selected is not None:
        # The key is read too, for cursors.
        steps = projections(info, decoder.selected, sorted(key_names))
        steps = [each for each in steps if not target.missing([str(each[0])])]
        expressions.projection(steps, selected=decoder.selected)
    elif decoder.hydrates:
        expressions.projection([(name,) for name in sorted(key_names)])
    expressions.into(parameters)
    key_paths = [path.attribute_name for condition in key for path in condition.paths()]
    leaves_out = info.meets_others or binding.hides_deleted
    if leaves_out and (kinds.after_reading or decoder.hydrates):
        decoder = attrs.evolve(decoder, drops_other_kinds=True)
    return ReadRequest(
        operation=operation,
        parameters=parameters,
        page_size=page_size,
        key_names=key_names,
        digest=query_digest(operation, parameters, key_paths, key_values),
        reason=access.reason,
        decoder=decoder,
        drops_other_kinds=kinds.after_reading,
        filters_kinds_only=bool(filter_) and not access.filter,
    )


def _deletions(
    decoder: ItemDecoder[Any], target: Target, *, counting: bool
) -> tuple[Condition, ...]:
    """The filter that leaves out deleted items."""
    binding = decoder.binding
    deleted_at = binding.info.deleted_at
    if deleted_at is None:
        return ()
    from adorm.query.deleted import deletion_filter

    return deletion_filter(
        binding.info,
        deleted_at,
        target,
        shows_deleted=binding.shows_deleted,
        hydrates=decoder.hydrates,
        counting=counting,
    )


def _partitioned(
    operation: ReadOperation,
    access: Access,
    decoder: ItemDecoder[ItemT],
    *,
    page_size: int | None,
    descending: bool,
    counting: bool,
) -> ReadRequest[ItemT]:
    """The same for a query of several partitions."""
    from adorm.query.partition_reads import PartitionReads

    def make(partition: Partition) -> ReadRequest[ItemT]:
        of_one = Access(access.target, partition.key, partition.filter, access.reason)
        return read_request(
            operation,
            of_one,
            decoder,
            page_size=page_size,
            descending=descending,
            counting=counting,
        )

    partitions = PartitionReads[ReadRequest[ItemT]](access, make, descending=descending)
    first = partitions.slots[0][0].read
    return attrs.evolve(first, digest=partitions.digest(first.digest), partitions=partitions)


def not_expired(info: ModelInfo, now: datetime) -> Condition:
    """The filter of `hide_expired()`: the item has no ttl, or one that is in the future.

    Raises:
        UsageError: the model has no ttl field.
    """
    field = info.ttl
    if field is None:
        raise UsageError(
            f"{info.name} has no ttl field, so nothing of it expires: add one with adorm.ttl()"
        )
    path = root_path(info.model, field)
    is_number = unwrap(split_optional(field.type)[0]) is int
    threshold = Value(int(now.timestamp()) if is_number else now, path)
    return Or((Exists(path, wanted=False), Comparison(path, ">", threshold)))
