"""How a key that is made of parts serves a query. The planner asks for it.

All parts of the partition key have to be given by `==`. Two kinds need less: of a piece of a time,
`{created_at:%Y-%m-%d}`, a range with two ends will do, and a shard needs nothing; then several
partitions are read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from adorm.expressions.comparisons import Between, Comparison
from adorm.expressions.conditions import Condition
from adorm.expressions.document_path import DocumentPath
from adorm.expressions.functions import BeginsWith
from adorm.expressions.operands import Value
from adorm.models import ModelInfo
from adorm.query.access import Partition, Target, target_of
from adorm.query.fits import Fit, NoFit, NoPartition, Wanted, advice_on_filter, check_filter
from adorm.query.given_parts import GivenParts
from adorm.query.index_membership import (
    can_not_apply,
    check_holds_all,
    implied_conditions,
    may_be_confused,
)
from adorm.query.key_conditions import is_equality, one_condition
from adorm.query.named_keys import several_keys
from adorm.query.part_ranges import NoTextRange, text_range
from adorm.query.partition_texts import Group, PartitionTexts, partition_texts
from adorm.schema.fields import Field
from adorm.schema.item_keys import ItemKey, KeySide
from adorm.support.records import Record


def part_targets(
    info: ModelInfo, index_names: Iterable[str | None], key: ItemKey | None
) -> list[Target]:
    """The tables and indexes of these names; an index with several keys once for each.

    Args:
        key: the only key to be considered, where the caller named one.
    """
    targets: list[Target] = []
    for name in index_names:
        keys = _table_key(info) if name is None else info.readable_keys.get(name, ())
        if not keys:
            targets.append(target_of(info, name))
            continue
        index = None if name is None else info.indexes[name]
        targets += [
            Target(
                index,
                (each.partition.field,),
                () if each.sort is None else (each.sort.field,),
                each,
            )
            for each in keys
            if key is None or each is key
        ]
    return targets


def _table_key(info: ModelInfo) -> tuple[ItemKey, ...]:
    return () if info.key is None else (info.key,)


def fit_of_named_index(
    info: ModelInfo, index_name: str, fits: Iterable[Fit], wanted: Wanted
) -> Fit:
    """The fit by the one key of an index that every wanted item has.

    Args:
        index_name: the index, which the caller named without one of its several keys.

    Raises:
        UsageError: the conditions do not say by which of the keys the wanted items are in it.
    """
    keys = info.readable_keys[index_name]
    given = GivenParts(info, wanted.codec, wanted.conditions)
    for fit in fits:
        if fit.target.key is not None:
            try:
                check_holds_all(fit.target.key, keys, given)
            except NoFit:
                continue
            return fit
    raise several_keys(info, index_name)


class _SortUse(Record):
    """What is asked of the sort key."""

    condition: Condition | None
    consumed: tuple[Condition, ...]
    used: int
    names: tuple[str, ...]


def part_fit(info: ModelInfo, target: Target, key: ItemKey, wanted: Wanted) -> Fit:
    """How the target serves the query by a key of parts.

    Raises:
        NoFit: it does not.
        UsageError: a value can't be in the key, or a range is empty.
    """
    given = GivenParts(info, wanted.codec, wanted.conditions)
    is_named = wanted.index_name is not None
    if not is_named:
        if wanted.in_table_partition and not _has_partition_of_table(info, key):
            raise NoFit("query(...) was given a partition of the table")
        if wanted.consistent and target.is_global:
            raise NoFit("DynamoDB has no consistent reads on a global index")
    where = f"{info.name}.{key.name}"
    texts = _partitions(info, key, given, wanted, where)
    sort = _sort_use(info, key.sort, given, where)
    siblings = () if key.index is None else info.readable_keys.get(key.index, ())
    if is_named and wanted.index_key is None and len(siblings) > 1 and can_not_apply(key, given):
        raise NoFit("no item that the conditions ask for has this key")
    if not is_named:
        if target.index is not None:
            check_holds_all(key, siblings, given)
        if not sort.used and target.index is not None and not target.is_global:
            raise NoFit("it narrows no further than the table, and has another order")
    consumed = _raw_conditions(key, given)
    implied = implied_conditions(key, given)
    if may_be_confused(key, siblings):
        groups = tuple(Group(group.texts, frozenset()) for group in texts.groups)
        texts = PartitionTexts(groups, (), texts.names, texts.condition, texts.time_range)
    else:
        consumed += [*texts.consumed, *sort.consumed, *implied]
    used = dict.fromkeys((*texts.names, *sort.names))
    return _fit(info, target, wanted, key, texts, sort, {id(each) for each in consumed}, used)


def _fit(
    info: ModelInfo,
    target: Target,
    wanted: Wanted,
    key: ItemKey,
    texts: PartitionTexts,
    sort: _SortUse,
    consumed: set[int],
    used: Collection[str],
) -> Fit:
    path = info.path_of(key.partition.field)
    only = [field.name for field in key.only]
    sort_condition = () if sort.condition is None else (sort.condition,)
    rest = [each for each in wanted.conditions if id(each) not in consumed]
    check_filter(target, wanted.filters, (*rest, *wanted.filters))
    groups = [
        [
            Partition(
                group.texts[shard],
                (Comparison(path, "=", Value(group.texts[shard], path)), *sort_condition),
                (*(each for each in rest if id(each) not in group.inside), *wanted.filters),
            )
            for shard in range(len(group.texts))
        ]
        for group in texts.groups
    ]
    if texts.condition is not None:
        first = Partition("", (texts.condition, *sort_condition), (*rest, *wanted.filters))
    else:
        first = groups[0][0]
    is_several = len(groups) > 1 or any(len(group) > 1 for group in groups)
    return Fit(
        target,
        first.key,
        first.filter,
        len({*used, *only}),
        wanted.hydrates or not target.missing(wanted.attribute_names),
        ", ".join(used) or "its text, which has no parts",
        tuple(map(tuple, groups)) if is_several else (),
        texts.time_range,
        ", ".join(only),
    )


def _has_partition_of_table(info: ModelInfo, key: ItemKey) -> bool:
    """Whether the key's partition is given by what gives the table's."""
    if key is info.key:
        return True
    table = [info.partition] if info.key is None else _exact_fields(info.key.partition)
    return set(_exact_fields(key.partition)) == set(table)


def _exact_fields(side: KeySide) -> list[Field]:
    return [part.field for part in side.template.parts]


def _partitions(
    info: ModelInfo, key: ItemKey, given: GivenParts, wanted: Wanted, where: str
) -> PartitionTexts:
    """The partitions to read.

    Raises:
        NoFit: the conditions do not give them.
    """
    side = key.partition
    template, name = side.template, side.attribute_name
    asked = given.of(side.field).all if side.is_computed else []
    if asked:
        if len(asked) > 1 or not is_equality(asked[0]):
            raise NoPartition(f"{name} is not given by one ==")
        return PartitionTexts((), (), (name,), asked[0])
    if template.alone is not None:
        equal = given.of(template.alone).equal
        if equal is None:
            advice = advice_on_filter(wanted.filters, [template.alone.attribute_name])
            raise NoPartition(f"{template.alone.name} is not given by ==", advice)
        condition = on_path(equal, info.path_of(side.field))
        return PartitionTexts((), (equal,), (template.alone.name,), condition)
    found = partition_texts(side, given, where)
    if isinstance(found, PartitionTexts):
        return found
    missing = [part.field.attribute_name for part in found.missing]
    raise NoPartition(found.problem, advice_on_filter(wanted.filters, missing))


def _sort_use(info: ModelInfo, side: KeySide | None, given: GivenParts, where: str) -> _SortUse:
    """The condition on the sort key.

    Raises:
        NoFit: DynamoDB can't be asked for what is asked of it.
    """
    if side is None:
        return _SortUse(None, (), 0, ())
    path = info.path_of(side.field)
    raw = given.of(side.field).all if side.is_computed else []
    alone = side.template.alone
    if raw:
        return _SortUse(_one_condition(side.field, raw), (), 1, (side.attribute_name,))
    if alone is not None:
        asked = given.of(alone).all
        if not asked:
            return _SortUse(None, (), 0, ())
        condition = on_path(_one_condition(alone, asked), path)
        return _SortUse(condition, tuple(asked), 1, (alone.name,))
    try:
        found = text_range(side, given, where)
    except NoTextRange as problem:
        raise NoFit(str(problem)) from problem
    names = dict.fromkeys(part.field.name for part in side.template.parts[: found.parts_used])
    return _SortUse(found.condition(path), found.consumed, found.parts_used, tuple(names))


def _one_condition(field: Field, asked: Sequence[Condition]) -> Condition:
    condition = one_condition(field, asked)
    if condition is None:
        raise NoFit(
            f"a key condition can't say all that is asked of {field.name}: "
            "one ==, <, <=, >, >=, between or begins_with"
        )
    return condition


def _raw_conditions(key: ItemKey, given: GivenParts) -> list[Condition]:
    """The conditions on the key attributes themselves, of which `_partitions` and `_sort_use` have
    made key conditions."""
    return [
        condition
        for side in key.sides
        if side.is_computed
        for condition in given.of(side.field).all
    ]


def on_path(condition: Condition, path: DocumentPath) -> Condition:
    """The same condition on another attribute, whose values are stored in the same way."""
    if isinstance(condition, Comparison):
        return Comparison(path, condition.comparator, condition.operand)
    if isinstance(condition, Between):
        return Between(path, condition.low, condition.high)
    return BeginsWith(path, condition.prefix) if isinstance(condition, BeginsWith) else condition
