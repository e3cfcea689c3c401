"""The planner of collections: which table or index holds items of several models together.

It is one in which each model has a key whose partition key has the same shape as the one that the
conditions give in full, by the parts of one of the models.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from adorm.codec.codec import Codec
from adorm.errors import UsageError
from adorm.expressions.comparisons import Comparison
from adorm.expressions.conditions import Condition
from adorm.expressions.operands import Value
from adorm.models import ModelInfo, model_info
from adorm.query.access import Access, Target, target_of
from adorm.query.fits import NoFit, NoPartition, check_filter
from adorm.query.given_parts import GivenParts
from adorm.query.index_membership import check_holds_all
from adorm.query.key_conditions import is_equality
from adorm.query.model_filters import ModelFilter, models_of, on_the_server
from adorm.query.part_fits import on_path
from adorm.query.partition_texts import PartitionTexts, partition_texts
from adorm.query.read_request import told_by_key
from adorm.single_tables.collection_keys import UsedKey, keys_on
from adorm.single_tables.collection_ranges import SortUse, TogetherKeys, own_range, sort_use


@attrs.frozen(eq=False, kw_only=True)
class WantedCollection:
    """What a query of several models asks for."""

    models: tuple[ModelInfo, ...]
    """None of them is abstract."""
    conditions: Sequence[Condition]
    filters: Sequence[Condition]
    index_name: str | None
    hydrates: bool
    consistent: bool
    reads_fields: bool
    """Whether whole instances are made of what is read."""
    codec: Codec


@attrs.frozen(eq=False)
class CollectionAccess:
    """How several models are read."""

    access: Access
    filters: tuple[ModelFilter, ...]
    """Those about some of the models only."""


@attrs.frozen(eq=False)
class _Fit:
    access: CollectionAccess
    sort_parts_used: int
    covers: bool


def choose_collection(wanted: WantedCollection) -> CollectionAccess:
    """The best way to read what the query asks for: as for one model, see `planner.choose`.

    Raises:
        UsageError: no table or index holds all models under the conditions; the message says why.
    """
    first = wanted.models[0]
    named = wanted.index_name
    fits: list[_Fit] = []
    refusals: list[str] = []
    is_partition_given = False
    for name in (None, *first.indexes) if named is None else (named,):
        target = target_of(first, name)
        try:
            fits.append(_fit(target, wanted))
        except NoFit as refusal:
            refusals.append(f"{target}: {refusal}")
            is_partition_given |= not isinstance(refusal, NoPartition)
    names = " and ".join(info.name for info in wanted.models)
    if not fits:
        give = "" if is_partition_given else " Give all parts of a partition key of one model by =="
        raise UsageError(f"no key holds {names} together: {'; '.join(refusals)}.{give}")
    best = min(
        fits,
        key=lambda fit: (
            not fit.covers, -fit.sort_parts_used, fit.access.access.target.index is not None
        ),
    )  # fmt: skip
    if not best.covers:
        target = best.access.access.target
        missing = target.missing(_attribute_names(wanted))
        raise UsageError(
            f"{target} does not hold {missing} of {names}: hydrate() reads the whole items from "
            "the table"
        )
    others = [f"{fit.access.access.target}: serves too" for fit in fits if fit is not best]
    reason = "; ".join([best.access.access.reason, *others, *refusals])
    return attrs.evolve(best.access, access=attrs.evolve(best.access.access, reason=reason))


def attributes_of(models: Sequence[ModelInfo]) -> frozenset[str]:
    """What has to be read of each item to make instances."""
    names = [
        {field.attribute_name for field in info.structure.fields} - told_by_key(info)
        for info in models
    ]
    return frozenset[str]().union(*names)


def _attribute_names(wanted: WantedCollection) -> frozenset[str]:
    is_needed = wanted.reads_fields and not wanted.hydrates
    return attributes_of(wanted.models) if is_needed else frozenset()


def _fit(target: Target, wanted: WantedCollection) -> _Fit:
    """How the target serves the query, by the first model whose parts give the partition key.

    Raises:
        NoFit: it does not.
    """
    if wanted.index_name is None and wanted.consistent and target.is_global:
        raise NoFit("DynamoDB has no consistent reads on a global index")
    about = {
        id(each): models_of(each, wanted.models) for each in (*wanted.conditions, *wanted.filters)
    }
    own = {
        info: [each for each in wanted.conditions if info in about[id(each)]]
        for info in wanted.models
    }
    name = None if target.index is None else target.index.name
    keys = {info: keys_on(info, name) for info in wanted.models}
    lacking = [info.name for info in wanted.models if not keys[info]]
    if lacking:
        raise NoFit(f"{' and '.join(lacking)} has no key in it")
    problems: dict[str, None] = {}
    is_given = False
    for info in wanted.models:
        for key in keys[info]:
            giver = UsedKey(info, key)
            given = GivenParts(info, wanted.codec, own[info])
            partition = _partition(giver, given)
            if isinstance(partition, str):
                problems[partition] = None
                continue
            is_given = True
            shape = key.partition.template.shape
            used = [
                UsedKey(model, each)
                for model in wanted.models
                for each in keys[model]
                if partition.is_raw or each.partition.template.shape == shape
            ]
            together = {each.info for each in used}
            apart = [model.name for model in wanted.models if model not in together]
            if not apart:
                return _fit_together(target, wanted, about, giver, partition, used)
            problems[
                f"{' and '.join(apart)} has no key in it whose partition key is like "
                f"{key.partition.template.text!r} of {giver}"
            ] = None
    raise (NoFit if is_given else NoPartition)("; ".join(problems))


@attrs.frozen(eq=False)
class _Partition:
    """The condition on the partition key."""

    condition: Condition
    is_raw: bool
    """Whether it was given as it is stored, and not by parts."""


def _partition(giver: UsedKey, given: GivenParts) -> _Partition | str:
    """The partition that the conditions on one key give; or why they give none."""
    side = giver.key.partition
    path = giver.info.path_of(side.field)
    raw = given.of(side.field).all if side.is_computed else []
    if raw:
        if len(raw) == 1 and is_equality(raw[0]):
            return _Partition(raw[0], True)
        return f"{side.attribute_name} is not given by one =="
    alone = side.template.alone
    if alone is not None:
        equal = given.of(alone).equal
        if equal is None:
            return f"{giver.info.name}.{alone.name} is not given by =="
        return _Partition(on_path(equal, path), False)
    found = partition_texts(side, given, str(giver))
    if not isinstance(found, PartitionTexts):
        return f"{giver.info.name}: {found.problem}"
    texts = [text for group in found.groups for text in group.texts]
    if len(texts) > 1:
        return f"{giver} would read {len(texts)} partitions, which a query of one model can"
    return _Partition(Comparison(path, "=", Value(texts[0], path)), False)


def _fit_together(
    target: Target,
    wanted: WantedCollection,
    about: dict[int, tuple[ModelInfo, ...]],
    giver: UsedKey,
    partition: _Partition,
    used: Sequence[UsedKey],
) -> _Fit:
    keys = TogetherKeys(giver, used, wanted.conditions, about, wanted.codec)
    if wanted.index_name is None and target.index is not None:
        _check_holds_all(keys)
    sort = sort_use(keys)
    key = (partition.condition, *(() if sort.condition is None else (sort.condition,)))
    rest = _filters(wanted, about, keys, sort, {id(each) for each in key})
    check_filter(target, wanted.filters, [each.condition for each in rest])
    reason = f"{target}: the partition key is given by parts of {giver}"
    if partition.is_raw:
        reason = f"{target}: the partition key is given"
    between = _in_between(keys, sort)
    if between:
        reason += f"; {' and '.join(between)} may be in between, and is left out"
    access = Access(target, key, on_the_server(rest, wanted.models, target), reason)
    some = tuple(each for each in rest if len(each.models) < len(wanted.models))
    covers = not target.missing(_attribute_names(wanted))
    return _Fit(CollectionAccess(access, some), sort.parts_used, covers)


def _check_holds_all(keys: TogetherKeys) -> None:
    """Refuse an index that could lack items of a model.

    Raises:
        NoFit: it could.
    """
    for each in keys.used:
        siblings = each.info.readable_keys.get(each.key.index or "", ())
        others = [key for key in siblings if key is each.key or not keys.uses(each.info, key)]
        check_holds_all(each.key, others, keys.given(each))


def _filters(
    wanted: WantedCollection,
    about: dict[int, tuple[ModelInfo, ...]],
    keys: TogetherKeys,
    sort: SortUse,
    in_key: set[int],
) -> list[ModelFilter]:
    """The conditions that stay in the filter, each with the models that it is about."""
    found: list[ModelFilter] = []
    for condition in wanted.conditions:
        if id(condition) in in_key or keys.is_raw(condition):
            continue
        models = tuple(
            info
            for info in about[id(condition)]
            if not all(
                keys.consumes(each, condition) or sort.consumes(each, condition)
                for each in keys.used
                if each.info is info
            )
        )
        if models:
            found.append(ModelFilter(models, condition))
    found += sort.carried_filters
    found += [ModelFilter(about[id(each)], each) for each in wanted.filters]
    return found


def _in_between(keys: TogetherKeys, sort: SortUse) -> list[str]:
    """The names of other models whose items may be in the range that is read."""
    table = keys.giver.info.single_table
    if table is None:
        return []
    asked = {each.info for each in keys.used}
    shape, name = keys.giver.key.partition.template.shape, keys.giver.key.index
    found: list[str] = []
    for info in _infos(table.models):
        for key in keys_on(info, name):
            if info in asked or key.partition.template.shape != shape:
                continue
            if sort.overlaps(own_range(keys, UsedKey(info, key))):
                found.append(info.name)
                break
    return found


def _infos(models: Iterable[type[object]]) -> list[ModelInfo]:
    return [model_info(model) for model in models]
